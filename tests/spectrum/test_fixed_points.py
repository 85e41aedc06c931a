"""Fixed points: they are some, they have the right spectrum, and what is said of their number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import fsolve

from koopmark.spectrum import NoSpectrum, contracts, fixed_points
from koopmark.spectrum import _newton as newton
from koopmark.spectrum._equations import Reduced
from koopmark.spectrum._fixed_points import _search
from koopmark.systems import (
    CATALOGUE,
    CUBIC,
    SINH,
    LowRank,
    Relaxation,
    Shift,
    example,
    hopfield_rnn,
    random_relaxation,
    random_rnn,
    rnn,
    three_populations,
)

RELAXATIONS = [name for name in CATALOGUE if isinstance(example(name), Relaxation)]
BOUNDED = ("tanh", "logistic", "erf")


def dense_jacobian(system, x):
    """N x N, by central differences of sixth order."""
    h, columns = 1e-2, []
    for direction in np.eye(system.size):
        at = [
            system.rhs(x + k * h * direction) - system.rhs(x - k * h * direction) for k in (1, 2, 3)
        ]
        columns.append((45 * at[0] - 9 * at[1] + at[2]) / (60 * h))
    return np.array(columns).T


@pytest.mark.parametrize("name", RELAXATIONS)
def test_the_field_vanishes_and_the_spectrum_is_that_of_the_whole_jacobian(name):
    system = example(name)
    for point in fixed_points(system).points:
        scale = 1.0 + np.linalg.norm(point.state)
        assert np.linalg.norm(system.rhs(point.state)) < 1e-11 * scale
        dense = np.linalg.eigvals(dense_jacobian(system, point.state))
        assert len(point.eigenvalues) == system.size
        # Matched one to one: eigenvalues at -1 are many and scatter under differences.
        left = list(dense)
        for value in point.eigenvalues:
            nearest = int(np.argmin(np.abs(np.array(left) - value)))
            assert abs(left.pop(nearest) - value) < 1e-5
        assert point.stable == (dense.real.max() < 0)


@settings(max_examples=25)
@given(
    st.integers(2, 12),
    st.integers(1, 4),
    st.floats(0.2, 12.0),
    st.sampled_from(BOUNDED),
    st.sampled_from([0.0, 0.5]),
    st.integers(0, 10**6),
)
def test_indices_of_a_bounded_network_add_up_to_one(n, rank, gain, activation, theta, seed):
    system = random_rnn(n, min(rank, n - 1), gain, seed, activation=activation, theta_scale=theta)
    found = fixed_points(system)
    # None: a point that is not hyperbolic, which no random network has.
    assert found.index_sum == 1
    assert found.completeness in ("proved", "consistent")


@pytest.mark.parametrize("seed", range(6))
def test_every_sign_change_of_a_scalar_equation_is_a_fixed_point(seed):
    system = random_rnn(8, 1, 6.0, seed, theta_scale=1.0)
    equations = Reduced(system)
    a = np.linspace(-30, 30, 200_001)[:, None]
    signs = np.sign(equations.value(a)[:, 0])
    changes = int(np.sum(signs[1:] * signs[:-1] < 0)) + int(np.sum(signs == 0))
    assert len(fixed_points(system).points) == changes


@pytest.mark.parametrize("seed", range(4))
def test_hundreds_of_other_starts_find_no_other_fixed_point(seed):
    system = random_rnn(7, 2, 9.0, seed, theta_scale=0.4)
    equations = Reduced(system)
    known = np.array([point.state for point in fixed_points(system).points])
    rng = np.random.default_rng(seed)
    for start in rng.uniform(-12, 12, size=(300, 2)):
        a, _, ended, _ = fsolve(
            lambda a: equations.value(a[None])[0], start, full_output=True, xtol=1e-13
        )
        if ended == 1:
            x = equations.states(a[None])[0]
            assert np.linalg.norm(known - x, axis=1).min() < 1e-6 * (1 + np.linalg.norm(x))


def test_networks_with_many_attractors_are_searched_through():
    # Four decoupled bistable pairs: 3 fixed points each, 3^4 in all, 2^4 of them stable.
    left = np.kron(np.eye(4), [[2.0], [1.0]])
    right = np.kron(np.eye(4), [[1.0], [0.5]])
    found = fixed_points(rnn(LowRank(left, right)))
    assert len(found.points) == 81
    assert len(found.stable) == 16
    assert found.index_sum == 1


def test_a_sum_of_indices_that_proves_points_missing_sends_the_search_on(monkeypatch):
    # The first starts reach some of eleven.
    monkeypatch.setattr(newton, "MOST_ROUNDS", 0)
    system = random_rnn(6, 4, 30.0, 1095, activation="erf")
    once = _search(Reduced(system), system, None)
    assert once.index_sum != 1
    assert once.completeness == "incomplete"
    found = fixed_points(system)
    assert found.completeness == "consistent"
    assert len(found.points) > len(once.points)


def test_mirror_images_of_an_odd_network_are_both_there():
    points = [point.state for point in fixed_points(three_populations()).points]
    assert len(points) == 3
    for x in points:
        assert min(np.linalg.norm(x + other) for other in points) < 1e-10


def test_a_contraction_has_one_fixed_point_and_says_so():
    weak = random_rnn(10, 3, 0.9)
    assert contracts(weak)
    assert fixed_points(weak).completeness == "proved"
    assert not contracts(random_rnn(10, 3, 1.1))
    # Slopes of the logistic function are at most 1/4, those of 1/sinh' and 1/cubic' at most 1.
    assert contracts(random_rnn(10, 3, 3.9, activation="logistic"))
    assert contracts(random_relaxation(6, 2, SINH, gain=0.9))
    assert contracts(random_relaxation(6, 2, CUBIC, gain=0.9))


def test_starts_of_the_caller_are_used():
    system = random_rnn(6, 2, 2.0, theta_scale=0.3)
    point = fixed_points(system).points[0]
    again = fixed_points(system, starts=point.state[None] + 1e-3)
    assert min(np.linalg.norm(p.state - point.state) for p in again.points) < 1e-10


def test_a_large_network_costs_r_equations():
    system = random_rnn(20_000, 3, 0.5, theta_scale=0.5)
    (point,) = fixed_points(system).points
    assert point.reduced_eigenvalues.shape == (3,)
    assert point.null_dimension == 19_997
    assert np.linalg.norm(system.rhs(point.state)) < 1e-9


def test_systems_of_other_families_are_searched_in_their_states():
    system = example("prescribed_quadratic")
    found = fixed_points(system)
    assert found.index_sum is None
    for point in found.points:
        dense = np.linalg.eigvals(dense_jacobian(system, point.state))
        np.testing.assert_allclose(np.sort(point.eigenvalues), np.sort(dense), atol=1e-6)


def test_drift_networks_are_refused_with_the_reason():
    with pytest.raises(NoSpectrum, match="no isolated fixed point"):
        fixed_points(example("lotka_volterra"))


def rectified(x, out=None):
    return np.abs(x, out=out)


def test_a_coupling_without_a_complex_derivative_is_refused():
    weights = random_rnn(5, 2, 1.0).weights
    system = Relaxation(weights, Shift(np.full(5, 0.3)), rectified)
    with pytest.raises(NoSpectrum, match="not analytic"):
        fixed_points(system)


def test_a_step_far_away_where_digits_run_out_ends_no_search():
    found = fixed_points(example("coupling_10"))
    points = [point for point in found.points if point.stable]
    assert len(points) == 1
    assert np.abs(example("coupling_10").straightened(points[0].state)).max() < 1e-9
    # The eigenvalues of DΨ⁻¹ΛDΨ are those of Λ.
    exact = np.linalg.eigvals(example("coupling_10").matrix)
    distance = np.abs(points[0].eigenvalues[:, None] - exact)
    assert max(distance.min(axis=0).max(), distance.min(axis=1).max()) < 1e-8


def told_apart(system, points):
    """Smallest distance of two points, over what Newton's method may leave them off."""
    equations = Reduced(system)
    a = np.array([system.zeta(point.state) @ equations.basis for point in points])
    least = np.linalg.svd(equations.jacobian(a), compute_uv=False)[:, -1]
    residual = np.linalg.norm(equations.value(a), axis=1)
    scale = 1.0 + np.linalg.norm(a, axis=1)
    # Nearly a multiple zero: a root of the rounding, and not what a singular matrix says.
    off = np.minimum(np.maximum(residual, 1e-16 * scale) / least, 1e-5 * scale)
    apart = np.linalg.norm(a[:, None] - a, axis=2) / (off[:, None] + off)
    return apart[~np.eye(len(a), dtype=bool)].min(initial=np.inf)


def mirrored(points):
    states = np.array([point.state for point in points])
    near = [np.linalg.norm(states + state, axis=1).min() for state in states]
    return max(near) < 1e-4 * (1.0 + np.linalg.norm(states, axis=1).max())


def network(k):
    """Of 200 random networks, every other one of Hebbian weights."""
    rng = np.random.default_rng(k)
    n = int(rng.integers(4, 14))
    rank, gain = int(rng.integers(1, min(n, 5))), float(rng.choice([1.5, 3.0, 6.0, 10.0]))
    theta = float(rng.choice([0.0, 0.0, 0.3]))
    return (hopfield_rnn if k % 2 else random_rnn)(n, rank, gain, seed=k, theta_scale=theta)


@pytest.mark.parametrize(
    "some", [range(20), pytest.param(range(20, 200), marks=pytest.mark.slow)], ids=["20", "180"]
)
def test_no_fixed_point_is_found_twice_and_none_without_its_index_and_mirror_image(some):
    for k in some:
        system = network(k)
        found = fixed_points(system)
        assert found.index_sum in (1, None), k
        assert (found.index_sum is None) == (not all(p.hyperbolic for p in found.points)), k
        assert told_apart(system, found.points) > 10, k
        if not system.zeta.theta.any():
            assert mirrored(found.points), k


@pytest.mark.parametrize(("seed", "count"), [(12, 65), (14, 25)])
def test_nearly_coinciding_zeros_are_few_and_rare_ones_are_found(seed, count):
    # At seed 14 three zeros lie within 0.0024, with eigenvalues of 8e-8 and 4e-8: two of them
    # attract Newton's method from all around, and the third is between.
    system = hopfield_rnn(12, 4, 10.0, seed)
    found = fixed_points(system)
    assert len(found.points) == count
    assert found.index_sum == 1
    assert mirrored(found.points)
    assert told_apart(system, found.points) > 100


@pytest.mark.parametrize(
    ("n", "rank", "seed", "count"), [(5, 2, 37, 3), (9, 4, 97, 3), (9, 4, 197, 9)]
)
def test_a_multiple_zero_is_one_fixed_point(n, rank, seed, count):
    # An eigenvalue is 0 but for rounding, and Newton's method ends anywhere within 1e-5.
    found = fixed_points(hopfield_rnn(n, rank, 1.5, seed))
    assert len(found.points) == count
    assert found.completeness == "unknown"
