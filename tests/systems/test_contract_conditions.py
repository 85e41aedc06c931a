"""Maps and inputs of one's own are held to what they claim, and wrong claims are found."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from koopmark.simulation import simulate
from koopmark.systems import (
    SINH,
    Relaxation,
    System,
    random_adapting,
    random_relaxation,
    random_rnn,
)
from koopmark.systems.contract import Trial, verify
from koopmark.truth import LinearLaw


@dataclass(frozen=True, eq=False)
class Steps(System):
    """x⁺ = μx, y⁺ = νy + x² + v: φ = x at μ, and y + x² / (ν - μ²) at ν, which v moves."""

    first: float = 0.5
    claimed: float = 0.5
    moved: tuple[float, float] = (0.0, 1.0)

    size, discrete, inputs, second = 2, True, 1, -0.3

    def rhs(self, states):
        x, y = states[..., 0], states[..., 1]
        return np.stack([self.first * x, self.second * y + x**2], axis=-1)

    def driven(self, states, inputs):
        return self.rhs(states) + inputs * np.array([0.0, 1.0])

    @property
    def eigenvalues(self):
        return np.array([self.claimed, self.second])

    @property
    def response(self):
        return np.array(self.moved)[:, None]

    def eigenfunctions(self, states):
        x, y = states[..., 0], states[..., 1]
        return np.stack([x, y + x**2 / (self.second - self.first**2)], axis=-1)


class Flow(Steps):
    discrete = False


def broken(system):
    return {one.check: one.reason for one in verify(Trial.of(system)) if one.status == "broken"}


def test_a_map_of_ones_own_with_inputs_keeps_to_the_contract():
    assert broken(Steps()) == {}


def test_multipliers_of_a_map_of_ones_own_multiply():
    spaces = Steps().eigenspaces(2)
    assert [(space.eigenvalue, space.driven) for space in spaces] == [
        (0.5, False),
        (-0.3, True),
        (0.25, False),
        (-0.15, True),
        (0.09, True),
    ]
    assert all(space.discrete for space in spaces)


def test_products_advance_along_the_simulation():
    v = np.random.default_rng(0).normal(size=(4, 6, 1))
    made = simulate(Steps(), np.random.default_rng(1).normal(size=(4, 2)), np.arange(6.0), inputs=v)
    for space in Steps().eigenspaces(3):
        ahead = space.advanced(made.states[:, :-1], v[:, :-1], 1.0)
        np.testing.assert_allclose(ahead, space.evaluate(made.states[:, 1:]), atol=1e-13)


def test_a_wrong_multiplier_is_found_with_the_right_one():
    found = broken(Steps(claimed=0.45))
    assert "it is multiplied by 0.5" in found["obeys its eigenvalues along trajectories"]


@pytest.mark.parametrize("moved", [(0.0, 0.9), (0.0, 0.0), (1.0, 1.0)])
def test_a_wrong_response_to_inputs_is_found(moved):
    """A wrong gain, a driven function claimed out of reach, and one out of reach claimed driven."""
    assert set(broken(Steps(moved=moved))) == {"responds to inputs as it says"}


def test_a_map_that_says_it_is_a_flow_is_found():
    assert "obeys its eigenvalues along trajectories" in broken(Flow())


@dataclass(frozen=True, eq=False)
class WrongLaw(Relaxation):
    """Its null functions decay at 1, and it says 0.9: eigenvalues, gains and sensors with it."""

    @property
    def law(self):
        return LinearLaw(decay=0.9)


def test_networks_with_a_wrong_law_are_found_by_inputs_and_by_sensors():
    right = random_rnn(6, 2, theta_scale=0.3, inputs=1)
    wrong = WrongLaw(right.weights, right.zeta, right.coupling, input_weights=right.input_weights)
    assert {"responds to inputs as it says", "keeps its functions of sensors"} <= set(broken(wrong))


B = np.random.default_rng(0).normal(size=(6, 1))


@pytest.mark.parametrize(
    "system",
    [
        random_rnn(6, 2, theta_scale=0.2).with_inputs(B),
        random_rnn(6, 2, theta_scale=0.2).as_map(1.0),
        random_relaxation(6, 2, SINH).as_map(1.6).with_inputs(B),
        random_adapting(3, 1).with_inputs(B),
    ],
    ids=repr,
)
def test_networks_keep_to_the_contract_under_conditions(system):
    assert broken(system) == {}


@pytest.mark.parametrize("multiplier", [0.0, 1.0, -1.0, 0.999, -0.7])
def test_a_map_lists_each_eigenvalue_once_and_what_is_conserved_apart(multiplier):
    system = replace(random_rnn(6, 2).as_map(0.5), multiplier=multiplier)
    values = [space.eigenvalue for space in system.eigenspaces(4)]
    assert (
        values
        == {
            0.0: [0.0],
            1.0: [],
            -1.0: [-1.0],
            0.999: [0.999**k for k in range(1, 5)],
            -0.7: [(-0.7) ** k for k in range(1, 5)],
        }[multiplier]
    )
    whole = multiplier not in (0.0, -1.0)
    assert all(space.whole == whole for space in system.eigenspaces(4))
    x = np.random.default_rng(2).normal(size=(5, 6))
    for space in system.conserved():
        assert space.eigenvalue == 1.0
        np.testing.assert_allclose(space.evaluate(system.rhs(x)), space.evaluate(x), rtol=1e-9)
    assert bool(system.conserved()) == (multiplier != 0.0)


@pytest.mark.parametrize("alpha", [0.7, 0.9, 1.3, 0.999])
def test_ratios_of_functions_that_have_decayed_to_rounding_are_not_called_broken(alpha):
    assert broken(random_rnn(8, 2, theta_scale=0.3).as_map(alpha)) == {}


def test_a_ratio_that_is_not_conserved_is_found_in_a_map_that_decays_fast():
    class Wrong(type(random_rnn(6, 2).as_map(0.9))):
        def conserved(self):
            (ratios,) = super().conserved()
            return (replace(ratios, zeta=SINH),)

    system = random_rnn(6, 2).as_map(0.9)
    wrong = Wrong(system.weights, system.zeta, system.coupling, multiplier=system.multiplier)
    (said,) = broken(wrong).values()
    assert "at μ = 1 is off by" in said
    assert "multiplied by 1" not in said


def test_a_map_says_that_its_weights_are_those_of_the_flow_scaled():
    system = random_rnn(6, 2, inputs=1).as_map(0.3)
    assert "x⁺ = 0.7 x + W tanh(x) + Bv (W and B of the flow times 0.3)" in repr(system)
    assert "of the flow" not in repr(random_rnn(6, 2).as_map(1.0))
