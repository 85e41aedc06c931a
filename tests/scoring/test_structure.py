"""The null space as the eigenfunctions tell it, against its definition written out."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark import fit, infer_structure, simulate
from koopmark.datasets import build, load_recipe
from koopmark.methods import Identity
from koopmark.models import Model
from koopmark.scoring import evaluate
from koopmark.scoring._structure import (
    Structure,
    _null_space_error,
    _shared_affine_functions,
    structure_of,
)
from koopmark.simulation import Trajectories
from koopmark.systems import CUBIC, Relaxation, random_rnn


def trajectories_of(system, count=60, seed=0, low=-3.0, high=3.0):
    initial = np.random.default_rng(seed).uniform(low, high, (count, system.size))
    made = simulate(system, initial, np.linspace(0.0, 5.0, 51), rtol=1e-12)
    return replace(made, system=system)


@dataclass(frozen=True)
class Altered(Model):
    """Some combinations of another model's eigenfunctions, at windows of any length."""

    model: object
    mixture: np.ndarray
    eigenvalues: np.ndarray = None
    window: int = 1
    dt: float = 0.1

    def eigenfunctions(self, windows):
        return self.model.eigenfunctions(windows[:, -1:]) @ self.mixture


@given(st.integers(3, 9), st.integers(0, 100), st.floats(-6.0, 0.0), st.data())
def test_null_space_error_is_the_largest_sine_from_the_true_null_space(n, seed, size, data):
    system = random_rnn(n, data.draw(st.integers(1, n - 1)), seed=seed)
    null_space = system.weights.null_space
    found = data.draw(st.integers(null_space.dimension, n))
    rng = np.random.default_rng(seed + 1)
    parts = np.hstack([null_space.basis, rng.standard_normal((n, found - null_space.dimension))])
    parts = np.linalg.qr(parts + 10.0**size * rng.standard_normal(parts.shape))[0]
    outside = null_space.basis - parts @ (parts.T @ null_space.basis)
    expected = np.linalg.norm(outside, 2)
    complement = np.linalg.qr(parts, mode="complete")[0][:, found:]
    constraints = np.block(
        [[np.ones((1, 1)), rng.standard_normal((1, n))], [np.zeros((n - found, 1)), complement.T]]
    )
    mixed = np.linalg.qr(rng.standard_normal((len(constraints),) * 2))[0] @ constraints
    error = _null_space_error(null_space, Structure(mixed))
    np.testing.assert_allclose(error, expected, rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize("mixed", [False, True])
def test_affine_functions_in_a_span_are_counted_and_told_by_their_coefficients(mixed):
    rng = np.random.default_rng(0)
    affine = np.hstack([np.ones((200, 1)), rng.standard_normal((200, 5)) * [1, 10, 1, 0.1, 1]])
    coefficients = rng.standard_normal((6, 3))
    recovered = np.hstack([affine @ coefficients, rng.standard_normal((200, 4))])
    if mixed:
        recovered = recovered @ (rng.standard_normal((7, 7)) + 1j * rng.standard_normal((7, 7)))
    found, constraints = _shared_affine_functions(affine, recovered)
    assert found == 3
    assert constraints.shape == (3, 6)
    assert np.linalg.norm(constraints @ coefficients) < 1e-10 * np.linalg.norm(constraints)


def test_affine_functions_that_the_points_do_not_tell_apart_are_not_counted():
    rng = np.random.default_rng(0)
    affine = np.hstack([np.ones((200, 1)), rng.standard_normal((200, 3))])
    affine = np.hstack([affine, affine[:, 1:2] - affine[:, 2:3]])
    found, constraints = _shared_affine_functions(affine, affine[:, 1:3])
    assert found == 2
    assert constraints.shape == (3, 5)


@pytest.fixture(scope="module")
def with_offset():
    """Eight null vectors, θ ≠ 0."""
    return random_rnn(10, 2, seed=0, theta_scale=1.0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("anchor.exact", {}),
        ("koopmark.qr_edmd", {"dictionary": Identity()}),
        ("koopmark.qr_edmd", {"dictionary": {"kind": "monomials", "degree": 2}}),
    ],
)
def test_the_attracting_affine_subspace_is_found_without_the_system(with_offset, name, options):
    model = fit(name, trajectories_of(with_offset), **options)
    fresh = trajectories_of(with_offset, 20, seed=1)
    found = infer_structure(model, fresh)
    theta = -with_offset.zeta(np.zeros(10))
    assert abs(theta).min() > 1e-3
    assert found.rank == 2
    assert found.null_space.shape == (10, 8)
    np.testing.assert_allclose(found.null_space.T @ found.null_space, np.eye(8), atol=1e-12)
    reached = with_offset.weights.dense().T @ found.null_space
    assert abs(reached).max() < 1e-8
    np.testing.assert_allclose(found.offset, found.null_space.T @ theta, atol=1e-8)
    np.testing.assert_allclose(found.null_space.T @ found.point, found.offset, atol=1e-12)


def test_trajectories_approach_the_inferred_set_at_the_rate_one(with_offset):
    model = fit("koopmark.qr_edmd", trajectories_of(with_offset), dictionary=Identity())
    fresh = trajectories_of(with_offset, 20, seed=1)
    found = infer_structure(model, fresh)
    distance = np.linalg.norm(fresh.states @ found.null_space - found.offset, axis=2)
    expected = distance[:, :1] * np.exp(-fresh.times)
    np.testing.assert_allclose(distance, expected, rtol=1e-6)


def test_the_set_is_found_in_the_coordinates_of_another_family(with_offset):
    system = Relaxation(with_offset.weights, CUBIC, np.tanh)
    exact = fit("anchor.exact", trajectories_of(system, 12, low=-1.0, high=1.0))
    data = trajectories_of(system, 20, seed=1, low=-1.0, high=1.0)
    found = infer_structure(exact, data, CUBIC)
    assert found.rank == 2
    np.testing.assert_allclose(found.offset, 0.0, atol=1e-9)
    assert infer_structure(exact, data).rank > 2


def test_eigenfunctions_that_are_missing_raise_the_inferred_rank(with_offset):
    data = trajectories_of(with_offset, 20, seed=1)
    exact = fit("anchor.exact", data)
    rng = np.random.default_rng(0)
    some = Altered(exact, rng.standard_normal((8, 3)), np.full(3, -1.0 + 0j))
    found = infer_structure(some, data)
    assert found.rank == 7
    assert found.null_space.shape == (10, 3)
    assert abs(with_offset.weights.dense().T @ found.null_space).max() < 1e-9
    theta = -with_offset.zeta(np.zeros(10))
    np.testing.assert_allclose(found.offset, found.null_space.T @ theta, atol=1e-9)


def test_no_eigenvalue_near_minus_one_leaves_full_rank(with_offset):
    data = trajectories_of(with_offset, 20, seed=1)
    none = Altered(fit("anchor.exact", data), np.eye(8), np.full(8, -2.0 + 0j))
    found = infer_structure(none, data)
    assert found.rank == 10
    assert found.null_space.shape == (10, 0)
    assert found.offset.shape == (0,)


def test_complex_combinations_give_the_same_real_structure(with_offset):
    data = trajectories_of(with_offset, 20, seed=1)
    exact = fit("anchor.exact", data)
    rng = np.random.default_rng(0)
    mixture = rng.standard_normal((8, 8)) + 1j * rng.standard_normal((8, 8))
    real, mixed = (
        infer_structure(Altered(exact, matrix, np.full(8, -1.0 + 0j)), data)
        for matrix in (np.eye(8), mixture)
    )
    assert mixed.rank == real.rank == 2
    assert np.isrealobj(mixed.null_space)
    overlap = np.linalg.svd(real.null_space.T @ mixed.null_space, compute_uv=False)
    np.testing.assert_allclose(overlap, 1.0, atol=1e-9)
    np.testing.assert_allclose(mixed.point, real.point, atol=1e-8)


def test_real_and_imaginary_parts_of_constraints_both_count():
    rows = np.zeros((3, 5), dtype=complex)
    rows[0, 0], rows[1, 1], rows[2, 2] = 1.0, 1.0, 1.0j
    found = Structure(rows)
    assert found.rank == 2
    np.testing.assert_allclose(found.null_space @ found.null_space.T, np.diag([0, 0, 1.0, 1.0]))


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-8])
def test_what_is_labelled_minus_one_and_does_not_obey_it_says_nothing(with_offset, size):
    """All affine functions, as they are or as noise on a function that was recovered."""
    data = trajectories_of(with_offset, 20, seed=1)
    exact = fit("anchor.exact", data)

    class Everything(Altered):
        def eigenfunctions(self, windows):
            affine = np.hstack([windows[:, -1], np.ones((len(windows), 1))]).astype(complex)
            first = exact.eigenfunctions(windows)[:, :1]
            return first + size * affine

    found = infer_structure(Everything(None, None, np.full(11, -1.0 + 0j)), data)
    assert found.rank >= 9


def test_impostors_near_minus_one_are_left_out_of_what_was_recovered(with_offset):
    data = trajectories_of(with_offset, 20, seed=1)
    exact = fit("anchor.exact", data)

    class More(Altered):
        def eigenfunctions(self, windows):
            others = np.hstack([windows[:, -1, :2], np.ones((len(windows), 1))])
            return np.hstack([exact.eigenfunctions(windows), others])

    found = infer_structure(More(None, None, np.full(11, -1.0 + 0j)), data)
    assert found.rank == 2
    assert abs(with_offset.weights.dense().T @ found.null_space).max() < 1e-9
    theta = -with_offset.zeta(np.zeros(10))
    np.testing.assert_allclose(found.offset, found.null_space.T @ theta, atol=1e-8)


MERELY_NEAR = [
    *((n, rank, seed) for n, rank in [(10, 2), (10, 5), (20, 15)] for seed in range(6)),
    # The impostor decays at no rate: along the nonlinear dynamics it merely does so nearly.
    (8, 7, 75),
    (12, 11, 31),
    (17, 16, 2),
    (19, 17, 184),
]


@pytest.mark.parametrize(("n", "rank", "seed"), MERELY_NEAR)
def test_an_eigenvalue_that_is_merely_near_does_not_lower_the_rank(n, rank, seed):
    system = random_rnn(n, rank, seed=seed)
    model = fit("koopmark.qr_edmd", trajectories_of(system), dictionary=Identity())
    found = infer_structure(model, trajectories_of(system, 30, seed=1))
    assert found.rank == rank
    assert abs(system.weights.dense().T @ found.null_space).max() < 1e-8


@pytest.mark.parametrize("size", [1e-7, 1e-6, 1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("constants", [False, True])
@pytest.mark.parametrize(("n", "rank", "theta"), [(10, 2, 0.0), (10, 2, 1.0), (40, 5, 0.0)])
def test_null_functions_that_are_all_recovered_alike_are_all_kept(n, rank, theta, constants, size):
    """Some of their combinations are exact: the error has fewer directions than there are of them.

    As in every fit that is good and not exact.
    """
    system = random_rnn(n, rank, seed=0, theta_scale=theta)
    data = trajectories_of(system, n + 20, seed=1)
    exact = fit("anchor.exact", data)
    m = n - rank
    errors = size / np.sqrt(n) * np.random.default_rng(2).standard_normal((n + 1, m))

    class Near(Altered):
        def eigenfunctions(self, windows):
            affine = np.hstack([constants * np.ones((len(windows), 1)), windows[:, -1]])
            return exact.eigenfunctions(windows) + affine @ errors

    found = infer_structure(Near(None, None, np.full(m, -1.0 + 0j)), data)
    assert found.rank == rank
    assert abs(system.weights.dense().T @ found.null_space).max() < 50 * size


def test_impostors_are_told_from_null_functions_that_are_recovered_less_exactly():
    """Where as many functions are exact as must be, by the rate at which the others decay."""
    times, n, m = np.linspace(0.0, 5.0, 51), 10, 7
    rng = np.random.default_rng(0)
    starts = rng.standard_normal((40, n))
    rates = np.array([1.0] * m + [0.985, 1.015, 0.0])
    y = starts[:, None] * np.exp(-times[:, None] * rates)
    y[..., -1] = np.sin(times * rng.uniform(1, 9, (40, 1))) * starts[:, -1:]
    y = y.reshape(-1, n)
    coefficients = np.eye(n)[:, : m + 2]
    # Three null functions are less exact than the others by the last coordinate.
    coefficients[-1, :3] = [1e-5, 2e-5, 2.5e-4]
    for order in (np.arange(m + 2), np.arange(m + 2)[::-1], rng.permutation(m + 2)):
        found = structure_of(y, y @ coefficients[:, order], times)
        kept = found.null_space @ found.null_space.T
        assert found.rank == n - m
        np.testing.assert_allclose(np.diag(kept)[:m], 1.0, atol=1e-5)


@pytest.mark.parametrize("noise", [1e-6, 1e-4, 1e-3])
def test_a_fit_to_noisy_data_has_the_rank_of_the_weights(noise):
    data = build(load_recipe("rnn_10_2"), 0)
    spread = noise * data.train.states.std()
    states = data.train.states + spread * np.random.default_rng(0).standard_normal(
        data.train.states.shape
    )
    model = fit("koopmark.varpro_edmd", Trajectories(states, data.train.times))
    assert infer_structure(model, data.test).rank == 2
    scores = evaluate(model, data.key, data.test, portrayed=False)
    assert scores.fit.rank_error == 0
    assert scores.fit.null_space_error < noise


def test_a_single_time_shows_no_rate(with_offset):
    data = trajectories_of(with_offset, 60, seed=1)
    exact = fit("anchor.exact", data)
    start = replace(data, states=data.states[:, :1], times=data.times[:1])
    with pytest.raises(ValueError, match="a single time does not show at which rate"):
        infer_structure(exact, start)


def test_delay_methods_are_asked_with_windows(with_offset):
    data = trajectories_of(with_offset, 20, seed=1)
    model = Altered(fit("anchor.exact", data), np.eye(8), np.full(8, -1.0 + 0j), window=3)
    assert infer_structure(model, data).rank == 2


def test_too_few_states_are_refused(with_offset):
    data = trajectories_of(with_offset, 2)
    short = replace(data, states=data.states[:, :21], times=data.times[:21])
    with pytest.raises(ValueError, match="42 states for 11 functions: at least 44 are needed"):
        infer_structure(fit("anchor.exact", data), short)
