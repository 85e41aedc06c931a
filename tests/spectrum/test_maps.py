"""Fixed points, lattices and regimes of maps, in multipliers of one step."""

import sys
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark.spectrum import (
    KnownSpectrum,
    NoSpectrum,
    attractor,
    exponents_at_rest,
    fixed_points,
    largest_exponents,
    lattice,
    regime,
)
from koopmark.systems import SINH, System, random_relaxation, random_rnn

RNG = np.random.default_rng


def derivative(system, state, step=1e-5):
    """(N, N) of the map, by differences."""
    moves = step * np.eye(len(state))
    return (system.rhs(state + moves) - system.rhs(state - moves)).T / (2 * step)


@settings(max_examples=8)
@given(st.floats(0.05, 1.9), st.integers(0, 20), st.booleans())
def test_a_map_rests_where_its_flow_does_at_the_multipliers_of_its_derivative(alpha, seed, shift):
    flow = (
        random_rnn(6, 2, 0.8, seed, theta_scale=0.3)
        if shift
        else random_relaxation(6, 2, SINH, 0.8)
    )
    (point,), (of_flow,) = (found.points for found in map(fixed_points, (flow.as_map(alpha), flow)))
    np.testing.assert_allclose(point.state, of_flow.state, atol=1e-12)
    np.testing.assert_allclose(flow.as_map(alpha).rhs(point.state), point.state, atol=1e-12)
    found = np.sort_complex(np.linalg.eigvals(derivative(flow.as_map(alpha), point.state)))
    np.testing.assert_allclose(np.sort_complex(point.eigenvalues), found, atol=1e-6)
    assert point.stable == (np.abs(found).max() < 1)


def test_the_lattice_of_a_map_has_every_product_of_multipliers_up_to_the_bound():
    system = random_rnn(5, 3, seed=3, theta_scale=0.3).as_map(0.4)
    point, bound = attractor(system, RNG(0).normal(size=(9, 5))), 0.2
    others = point.reduced_eigenvalues
    assert np.abs(others.imag).max() > 0.01
    counts: dict[complex, int] = {}
    for powers in product(range(15), repeat=4):
        value = np.prod(others ** np.array(powers[:3])) * 0.6 ** powers[3]
        if any(powers) and abs(value) >= bound:
            # A null space of dimension 2 has k + 1 products of degree k.
            at = complex(value.round(10))
            counts[at] = counts.get(at, 0) + powers[3] + 1
    found = {complex(np.round(p.eigenvalue, 10)): p.multiplicity for p in lattice(point, bound)}
    assert found == counts
    assert KnownSpectrum(lattice(point, bound), bound, True).holds(np.array(list(found))).all()


def test_eigenvalues_of_a_map_are_within_a_bound_from_below():
    known = KnownSpectrum((), 0.25, discrete=True)
    assert known.holds(np.array([-0.5, 0.25j, 0.2, 0.0])).tolist() == [True, True, False, False]


def test_a_map_whose_functions_are_gone_after_a_step_has_its_other_eigenvalues():
    system = random_rnn(5, 2, seed=0, gain=0.8, theta_scale=0.3).as_map(1.0)
    point = attractor(system, RNG(0).normal(size=(9, 5)))
    assert point.null_eigenvalue == 0.0
    values = [one.eigenvalue for one in lattice(point, 1e-3)]
    assert all(abs(value) >= 1e-3 for value in values)
    assert set(np.round(point.reduced_eigenvalues, 12)) <= set(np.round(values, 12))


@pytest.mark.parametrize("bound", [0.0, 1.5])
def test_the_bound_of_a_map_is_a_multiplier(bound):
    system = random_rnn(5, 2, theta_scale=0.3).as_map(0.5)
    with pytest.raises(ValueError, match=r"of \|μ\| it must be above 0 and at most 1"):
        lattice(attractor(system, np.zeros((1, 5))), bound)


def test_an_unstable_map_says_by_which_multiplier():
    point = fixed_points(random_rnn(6, 2, gain=0.5).as_map(2.5)).points[0]
    with pytest.raises(NoSpectrum, match=r"a \|μ\| of 1\.\d+ is among"):
        lattice(point, 0.5)


def test_of_a_system_under_inputs_no_fixed_point_is_looked_for():
    driven = random_rnn(5, 2, inputs=1)
    for ask in (
        fixed_points,
        lambda s: attractor(s, np.zeros((1, 5))),
        lambda s: regime(s, np.zeros((1, 5)), RNG(0)),
    ):
        with pytest.raises(NoSpectrum, match=r"inputs move the system.*with_inputs\(None\)"):
            ask(driven)
        ask(driven.with_inputs(None))


@dataclass(frozen=True, eq=False)
class Logistic(System):
    """x⁺ = r x (1 - x)."""

    rate: float = 4.0

    discrete = True
    size = 1

    def rhs(self, states):
        return self.rate * states * (1.0 - states)


STARTS = RNG(1).uniform(0.1, 0.9, size=(30, 1))


def test_a_chaotic_map_has_its_exponent_per_step(monkeypatch):
    """ln 2, at r = 4."""
    found = largest_exponents(Logistic(), STARTS, 1000, RNG(0))
    assert abs(found.mean() - np.log(2)) < 0.01
    for name, time in {
        "SETTLED": 20.0,
        "LASTING": 100.0,
        "WATCHED": 20.0,
        "FOLLOWED": 20.0,
    }.items():
        monkeypatch.setattr(sys.modules["koopmark.spectrum._attractors"], name, time)
    assert regime(Logistic(3.99), STARTS[:3], RNG(0)).kind == "chaotic"


@pytest.mark.parametrize(
    ("rate", "kind", "exponent"),
    [(2.8, "fixed point", np.log(0.8)), (3.2, "periodic orbit", -0.92)],
)
def test_a_map_at_rest_and_one_of_period_two_are_told_apart(rate, kind, exponent):
    """The exponent of the cycle of two is half of ln |4 + 2r - r²|."""
    found = regime(Logistic(rate), STARTS[:5], RNG(0))
    assert (found.kind, found.attractors) == (kind, 1)
    assert abs(found.lyapunov - exponent) < 0.01
    rest = np.array([[1.0 - 1.0 / rate]])
    assert abs(exponents_at_rest(Logistic(rate), rest)[0] - np.log(abs(2.0 - rate))) < 1e-12


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_exponents_of_a_network_in_steps_follow_the_derivative_of_its_map(activation):
    """Products of Jacobians by differences, over a few steps."""
    system = random_rnn(4, 2, gain=2.0, activation=activation, theta_scale=0.5).as_map(0.7)
    x, v = RNG(2).normal(size=4), RNG(0).standard_normal((1, 4))[0]
    sizes = []
    start = x
    for _ in range(40):
        v = derivative(system, x) @ v
        x = system.rhs(x)
        sizes.append(np.linalg.norm(v))
    found = largest_exponents(system, start[None], 40, RNG(0))[0]
    assert abs(found - np.log(sizes[39] / sizes[3]) / 36) < 1e-6
