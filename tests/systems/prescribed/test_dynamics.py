"""Dynamics made for given eigenfunctions: exact, free elsewhere, bounded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import simulate
from koopmark.systems import (
    HiddenLayer,
    Prescribed,
    PrescribedFunctions,
    block_diagonal,
    random_prescribed,
)

KINDS = {
    "weak": {"features": "tanh", "strength": 0.2},
    "strong": {"features": "erf", "strength": 0.95, "steepness": 2.0},
    "graph": {"features": "fourier", "strength": 4.0, "graph": True},
    "polynomial": {"features": "polynomial", "strength": 1.0, "degree": 3},
}
MATRIX = block_diagonal([-0.7], [(-0.2, 1.5)])


def made(kind, n=5, seed=0, matrix=MATRIX):
    return random_prescribed(n, matrix, seed=seed, **KINDS[kind])


def states(system, scale=1.0, count=100, seed=0):
    return np.random.default_rng(seed).normal(scale=scale, size=(count, system.size))


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_the_functions_obey_their_equation_at_every_state(kind, seed):
    system = made(kind, seed=seed)
    x = states(system, seed=seed)
    velocity = np.imag(system.functions(x + 1e-30j * system.rhs(x))) / 1e-30
    wanted = system.functions(x) @ MATRIX.T
    assert np.abs(velocity - wanted).max() < 1e-12 * (1 + np.abs(wanted).max())


@pytest.mark.parametrize("kind", KINDS)
def test_the_field_has_the_form_with_the_pseudo_inverse(kind):
    """F = Jφ⁺ Λ φ + (I - Jφ⁺ Jφ) g with g = F: every field with these eigenfunctions has."""
    system = made(kind)
    for x in states(system, count=20):
        jacobian = system.functions.tangent(x, np.eye(system.size)).T
        inverse, field = np.linalg.pinv(jacobian), system.rhs(x)
        rest = field - inverse @ (jacobian @ field)
        expected = inverse @ (MATRIX @ system.functions(x)) + rest
        np.testing.assert_allclose(field, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_the_free_coordinates_move_by_the_drive_alone(kind):
    system = made(kind)
    x = states(system)
    moved = system.rhs(x) @ system.functions.complement.T
    np.testing.assert_allclose(moved, system.drive(x), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", ["weak", "strong", "graph"])
def test_trajectories_stay_within_the_proven_bounds(kind):
    system = made(kind)
    functions, drive = system.functions, system.drive
    start = np.vstack([states(system, scale, count=4) for scale in (1.0, 30.0, 300.0)])
    along = simulate(system, start, np.linspace(0.0, 20.0, 41), rtol=1e-6)
    assert not along.diverged.any()
    free = np.linalg.norm(along.states @ functions.complement.T, axis=-1)
    leak = np.linalg.norm(drive.leak, 2)
    limit = np.linalg.norm(drive.weights, 2) * np.sqrt(drive.weights.shape[1]) / leak
    assert (free <= np.maximum(free[:, :1], limit) * (1 + 1e-4)).all()
    # Λ is normal, so |φ| never grows; |Bx - φ| is at most |c| + ‖C‖√m.
    flat = np.linalg.norm(functions.offset) + np.linalg.norm(functions.weights, 2) * np.sqrt(
        functions.features.count
    )
    size = np.linalg.norm(functions(start), axis=-1)[:, None]
    assert (
        np.linalg.norm(along.states @ functions.linear.T, axis=-1) <= (size + flat) * (1 + 1e-4)
    ).all()


def test_polynomial_graphs_stay_bounded_over_a_long_time():
    system = made("polynomial")
    start = states(system, 5.0, 8)
    along = simulate(system, start, np.linspace(0.0, 100.0, 101), rtol=1e-7)
    assert not along.diverged.any()
    late = along.states[:, 51:]
    assert np.linalg.norm(late @ system.functions.complement.T, axis=-1).max() < 6.0
    assert np.abs(system.functions(late)).max() < 1e-4 * np.abs(system.functions(start)).max()


def test_without_a_drive_the_free_coordinates_stand_still():
    system = made("weak")
    still = Prescribed(system.functions, system.matrix)
    x = states(still)
    moved = still.rhs(x) @ still.functions.complement.T
    np.testing.assert_allclose(moved, 0.0, atol=1e-12)


def test_as_many_functions_as_units_leave_nothing_free():
    system = random_prescribed(3, MATRIX, "tanh", 0.8)
    assert system.drive is None
    start = states(system, count=5)
    end = simulate(system, start, np.array([0.0, 2.0]), rtol=1e-11).states[:, -1]
    for space in system.eigenspaces(2):
        expected = np.exp(2.0 * space.eigenvalue) * space.evaluate(start)
        np.testing.assert_allclose(space.evaluate(end), expected, rtol=1e-9, atol=1e-10)


def test_undamped_oscillations_conserve_their_energy():
    system = made("strong", matrix=block_diagonal([], [(0.0, 2.0)]))
    (energy,) = system.conserved()
    along = simulate(system, states(system, count=3), np.linspace(0.0, 20.0, 21), rtol=1e-12)
    values = energy.evaluate(along.states)
    assert np.abs(values - values[:, :1]).max() < 1e-9 * np.abs(values).max()


def test_vector_field_writes_into_out_and_takes_any_leading_shape():
    for kind in KINDS:
        system = made(kind)
        x = states(system).reshape(4, 25, 5)
        before, out = x.copy(), np.empty_like(x)
        assert system.rhs(x, out=out) is out
        np.testing.assert_array_equal(out, system.rhs(x))
        np.testing.assert_array_equal(x, before)
        np.testing.assert_allclose(system.rhs(x[1, 2]), out[1, 2], rtol=1e-11, atol=1e-12)


def test_same_seed_same_system_other_seed_another():
    first, second, other = (made("weak", seed=seed) for seed in (1, 1, 2))
    x = states(first)
    np.testing.assert_array_equal(first.rhs(x), second.rhs(x))
    assert np.abs(first.rhs(x) - other.rhs(x)).max() > 1e-3


FLAT = PrescribedFunctions(
    np.eye(4)[:2], np.full((2, 3), 1e-3), HiddenLayer(np.ones((3, 4)), np.ones(3))
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Prescribed(FLAT, -np.eye(3)), r"matrix must have shape \(2, 2\)"),
        (lambda: Prescribed(FLAT, [[-1.0, 1.0], [0.0, -1.0]]), "defective"),
        (lambda: Prescribed(FLAT, [[np.inf, 0.0], [0.0, 1.0]]), "not finite"),
        (lambda: random_prescribed(3, -np.eye(4)), "1 to 3 rows"),
        (lambda: random_prescribed(3, [[-1.0]], strength=1.5), "between 0 and 1"),
        (lambda: random_prescribed(3, [[-1.0]], "fourier", -1.0, graph=True), "must be positive"),
        (lambda: random_prescribed(2, -np.eye(2), "polynomial"), "leave nothing to look across"),
        (lambda: random_prescribed(3, [[-1.0]], "relu"), "unknown layer 'relu'"),
    ],
)
def test_impossible_prescriptions_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
