"""Linear dynamics behind coupling layers: closed flow, whole spectrum."""

from dataclasses import dataclass
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from koopmark import simulate
from koopmark.systems import (
    Conjugate,
    CouplingLayer,
    HiddenLayer,
    InnerMonomials,
    block_diagonal,
    random_coupling,
)

MATRIX = block_diagonal([-0.5], [(-0.2, 1.5), (-0.4, 0.7)])
KINDS = {
    "additive": {"features": "tanh"},
    "affine": {"features": "tanh", "stretch": 0.6, "layers": 4},
    "fourier": {"features": "fourier", "stretch": 0.3, "layers": 3},
    "polynomial": {"features": "polynomial", "strength": 0.3},
}
TIMES = np.linspace(0.0, 5.0, 26)


def made(kind, seed=0):
    return random_coupling(5, MATRIX, seed=seed, **KINDS[kind])


def states(count=50, seed=0):
    return np.random.default_rng(seed).standard_normal((count, 5))


@dataclass(frozen=True, eq=False)
class Integrated(Conjugate):
    """The same system without its closed form."""

    def flow(self, states, elapsed):
        return None


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 500))
def test_the_layers_are_undone_in_closed_form(kind, seed):
    system = made(kind, seed)
    x = states(seed=seed)
    np.testing.assert_allclose(system.inverse(system.straightened(x)), x, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_straightened_states_obey_the_linear_equation(kind):
    system = made(kind)
    x = states()
    velocity = np.imag(system.straightened(x + 1e-30j * system.rhs(x))) / 1e-30
    wanted = system.straightened(x) @ MATRIX.T
    np.testing.assert_allclose(velocity, wanted, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_integration_agrees_with_the_closed_flow(kind):
    system = made(kind)
    closed = simulate(system, states(20), TIMES)
    integrated = simulate(Integrated(system.layers, system.matrix), states(20), TIMES, rtol=1e-13)
    size = np.linalg.norm(closed.states, axis=-1)
    error = np.linalg.norm(closed.states - integrated.states, axis=-1) / size
    assert error.max() < 1e-10


@pytest.mark.parametrize("kind", KINDS)
def test_another_integrator_agrees_with_the_closed_flow(kind):
    system = made(kind)
    start = states(3)
    closed = simulate(system, start, TIMES).states
    # All trajectories as one state: a call for each would cost three times as much.
    solved = solve_ivp(
        lambda _, x: system.rhs(x.reshape(3, 5)).ravel(),
        (0, 5),
        start.ravel(),
        "DOP853",
        TIMES,
        rtol=1e-12,
        atol=1e-13,
    )
    paths = solved.y.T.reshape(-1, 3, 5).transpose(1, 0, 2)
    np.testing.assert_allclose(closed, paths, rtol=1e-9, atol=1e-10)


def test_the_closed_flow_has_every_spacing_and_a_clock_that_starts_at_the_first_time():
    system = made("affine")
    grid = np.array([2.0, 2.5, 7.0])
    late = simulate(system, states(4), grid)
    early = simulate(system, states(4), grid - 2.0)
    np.testing.assert_allclose(late.states, early.states, atol=1e-13)
    np.testing.assert_array_equal(late.states[:, 0], states(4))
    assert not late.diverged.any()


def test_trajectories_of_a_growing_system_that_overflow_are_said_to_diverge():
    system = random_coupling(2, np.diag([50.0, 40.0]))
    late = simulate(system, np.ones((1, 2)), np.array([0.0, 1.0, 20.0]))
    assert late.diverged.all()


def test_all_products_up_to_a_degree_are_known():
    spaces = made("affine").eigenspaces(3)
    degrees = [np.sum(row >= 0) for space in spaces for row in space.factors]
    assert sum(degree <= 3 for degree in degrees) == comb(5 + 3, 3) - 1


def test_the_slow_manifold_is_the_one_of_the_textbooks():
    """ẋ₀ = μx₀, ẋ₁ = λ(x₁ + b x₀²) - 2μb x₀² has the functions x₀ and x₁ + b x₀²."""
    layer = CouplingLayer([0], [1], InnerMonomials(np.eye(1), 2), np.array([[0.7]]))
    system = Conjugate([layer], np.diag([-0.3, -1.0]))
    x = np.random.default_rng(0).standard_normal((20, 2))
    first, second = x.T
    expected = [-0.3 * first, -(second + 0.7 * first**2) + 2 * 0.3 * 0.7 * first**2]
    np.testing.assert_allclose(system.rhs(x).T, expected, rtol=1e-12, atol=1e-13)


def test_vector_field_writes_into_out_and_takes_any_leading_shape():
    system = made("affine")
    x = states(20).reshape(4, 5, 5)
    out = np.empty_like(x)
    assert system.rhs(x, out=out) is out
    np.testing.assert_array_equal(out, system.rhs(x))
    np.testing.assert_allclose(system.rhs(x[1, 2]), out[1, 2], rtol=1e-12)


LAYER = HiddenLayer(np.ones((3, 1)), np.zeros(3))
GOOD = CouplingLayer([0], [1], LAYER, np.ones((1, 3)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CouplingLayer([0], [0], LAYER, np.ones((1, 3))), "every coordinate once"),
        (lambda: CouplingLayer([0, 2], [1], LAYER, np.ones((1, 3))), "features are of 1 coord"),
        (lambda: CouplingLayer([0], [1], LAYER, np.ones((2, 3))), r"shift must have shape \(1, 3"),
        (
            lambda: CouplingLayer([0], [1], LAYER, np.ones((1, 3)), np.ones(3)),
            "scale must have shape",
        ),
        (lambda: Conjugate([], np.eye(2)), "at least one layer"),
        (lambda: Conjugate([GOOD], np.eye(3)), r"matrix must have shape \(2, 2\)"),
        (lambda: Conjugate([GOOD], [[1.0, 1.0], [0.0, 1.0]]), "defective"),
        (lambda: random_coupling(3, -np.eye(2)), "has 2 rows: a conjugacy of 3"),
        (lambda: random_coupling(2, -np.eye(2), "polynomial", stretch=0.1), "additive"),
        (lambda: random_coupling(2, -np.eye(2), strength=0.0), "strength 0.0: it must be positive"),
    ],
)
def test_impossible_conjugacies_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
