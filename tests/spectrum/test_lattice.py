"""The lattice of eigenvalues: complete, with its multiplicities, and functions that obey it."""

from collections import Counter
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import simulate
from koopmark.spectrum import (
    FixedPoint,
    Linearisation,
    NoSpectrum,
    OutsideBasin,
    basin_eigenspaces,
    fixed_points,
    lattice,
)
from koopmark.systems import LowRank, random_rnn, rnn, three_populations
from koopmark.truth import ProductEigenspace

BOUND = 2.5


def point_with(others, null):
    return FixedPoint(np.zeros(len(others) + null), np.array(others, dtype=complex), null, 1)


def brute_force(eigenvalues, bound):
    """Every n >= 0 over all N eigenvalues, one by one."""
    most = [int(bound / -value.real + 1e-9) for value in eigenvalues]
    sums = Counter()
    for n in product(*(range(m + 1) for m in most)):
        value = complex(np.dot(n, eigenvalues))
        if any(n) and -value.real <= bound * (1 + 1e-9):
            sums[complex(np.round(value, 6))] += 1
    return sums


@settings(max_examples=30)
@given(
    st.lists(st.floats(-2.0, -0.45), min_size=0, max_size=2),
    st.one_of(st.none(), st.tuples(st.floats(-1.5, -0.5), st.floats(0.1, 2.0))),
    st.integers(0, 3),
)
def test_counts_agree_with_brute_force(reals, pair, null):
    others = [complex(value) for value in reals]
    if pair:
        others += [complex(*pair), complex(pair[0], -pair[1])]
    if not others and not null:
        return
    if not others:
        others = [-1.3 + 0j]
    point = point_with(others, null)
    found = lattice(point, BOUND)
    expected = brute_force([*others, *[-1.0 + 0j] * null], BOUND)
    assert sum(p.multiplicity for p in found) == sum(expected.values())
    for p in found:
        near = sum(count for value, count in expected.items() if abs(value - p.eigenvalue) < 3e-6)
        assert near >= p.multiplicity
    assert all(-p.eigenvalue.real <= BOUND * (1 + 1e-6) for p in found)


def test_closed_form_points_are_told_from_the_others():
    found = {np.round(p.eigenvalue, 9): p for p in lattice(point_with([-0.4, -1.7], 3), 2.0)}
    assert [v.real for v in found] == [-0.4, -0.8, -1.0, -1.2, -1.4, -1.6, -1.7, -1.8, -2.0]
    assert {v.real for v, p in found.items() if p.exact} == {-1.0, -2.0}
    assert found[-1.0].multiplicity == 3
    assert found[-1.4].multiplicity == 3
    # Six quadratic products of the null space, and φ^5 of the slowest.
    assert found[-2.0].multiplicity == 7


def test_conjugate_pairs_give_real_and_paired_eigenvalues():
    values = [p.eigenvalue for p in lattice(point_with([-0.5 + 1j, -0.5 - 1j], 0), 1.0)]
    assert len(values) == 5
    assert set(values) == {value.conjugate() for value in values}
    assert -1.0 in values


def test_a_lattice_of_too_many_terms_is_refused():
    with pytest.raises(NoSpectrum, match="more than 20000 products"):
        lattice(point_with([-1e-3, -1.3e-3, -2e-3], 0), 1.0)


def nilpotent(n, *sizes):
    """A network whose weights act on their range as Jordan blocks of 0 of these sizes."""
    r = sum(sizes)
    shift = np.diag([1.0] * (r - 1), 1)
    for end in np.cumsum(sizes)[:-1]:
        shift[end - 1, end] = 0.0
    turn = np.linalg.qr(np.random.default_rng(r).standard_normal((n, n)))[0]
    left = turn[:, :r]
    # Rᵀ L is the shift, and what R has across L makes its rank r.
    return rnn(LowRank(0.5 * left, left @ shift.T + turn[:, -r:]))


@pytest.mark.parametrize("sizes", [(1,), (2,), (4,), (1, 2), (1, 1, 1)])
def test_generalised_eigenfunctions_at_minus_one_are_not_counted(sizes):
    """μ = 0 puts -1 into a Jordan block with a null vector, and rounding moves it by ε^(1/k)."""
    system = nilpotent(10, *sizes)
    (point,) = fixed_points(system).points
    assert point.defect == sum(sizes)
    null = 10 - sum(sizes)
    (one,) = lattice(point, 1.5)
    assert (one.eigenvalue, one.multiplicity) == (-1.0, null)
    if sum(sizes) > 1:
        with pytest.raises(NoSpectrum, match=f"lack {sum(sizes)} eigenvectors"):
            lattice(point, 2.0)
    else:
        assert [p.multiplicity for p in lattice(point, 2.0)] == [null, comb(null + 1, 2)]


def test_what_the_weights_do_not_reach_is_one_more_eigenfunction_at_minus_one():
    """Of silent rectified units all N coordinates decay at the rate 1 about their rest."""
    system = rnn(LowRank(np.eye(4)[:, :2], np.eye(4)[:, :2]), -np.ones(4), activation="relu")
    point = next(p for p in fixed_points(system).points if np.allclose(p.state, -1.0))
    assert point.defect == 0
    assert [p.multiplicity for p in lattice(point, 1.5)] == [4]


@pytest.mark.parametrize("bound", [-1.0, np.inf, np.nan])
def test_a_bound_that_is_none_is_refused(bound):
    with pytest.raises(ValueError, match="finite and not negative"):
        lattice(point_with([-1.0], 1), bound)


def test_the_lattice_of_an_unstable_point_is_refused():
    with pytest.raises(NoSpectrum, match="not stable"):
        lattice(point_with([0.3, -1.0], 2), 1.0)


def about(system):
    return Linearisation(system, fixed_points(system).stable[0])


@pytest.mark.parametrize(("off", "whole"), [(0.0, True), (1e-8, False), (1e-4, True)])
def test_eigenvalues_that_nearly_agree_make_spaces_that_are_not_whole(off, whole):
    """W = gmnᵀ with nᵀm = 1 has g - 1 at the origin; for g = 1/2 its function squared is at -1."""
    m = np.eye(4)[:, :1]
    system = rnn(LowRank((0.5 + off) * m, m + np.eye(4)[:, 1:2]))
    at_one = [s for s in basin_eigenspaces(about(system), 1.0) if s.eigenvalue.real < -0.9]
    assert [space.whole for space in at_one] == [whole] * (1 if off == 0.0 else 2)


def test_functions_of_the_lattice_obey_the_dynamics():
    system = random_rnn(5, 2, 0.5, seed=2, theta_scale=0.3)
    spaces = basin_eigenspaces(about(system), 2.2)
    points = lattice(about(system).point, 2.2)
    assert [s.dimension for s in spaces] == [p.multiplicity for p in points]
    x = np.random.default_rng(0).normal(size=(20, 5))
    later = simulate(system, x, [0.0, 0.6], rtol=1e-13).states[:, 1]
    for space in spaces:
        before, after = space.evaluate(x), space.evaluate(later)
        assert before.shape == (20, space.dimension)
        np.testing.assert_allclose(
            after, np.exp(0.6 * space.eigenvalue) * before, atol=1e-9 * np.abs(before).max()
        )


def test_functions_of_the_lattice_are_independent():
    system = random_rnn(5, 2, 0.5, seed=2, theta_scale=0.3)
    spaces = basin_eigenspaces(about(system), 2.2)
    x = np.random.default_rng(0).normal(size=(300, 5))
    values = np.hstack([space.evaluate(x) for space in spaces])
    scaled = values / np.linalg.norm(values, axis=0)
    assert np.linalg.matrix_rank(scaled, tol=1e-9) == sum(space.dimension for space in spaces)


def test_closed_form_eigenspaces_stay_as_they_are():
    spaces = basin_eigenspaces(about(random_rnn(5, 2, 0.5, theta_scale=0.3)), 2.0)
    closed = [space for space in spaces if isinstance(space, ProductEigenspace)]
    assert [space.eigenvalue for space in closed] == [-1.0, -2.0]


def test_sampled_directions_lie_in_the_eigenspace():
    system = random_rnn(6, 1, 0.5, seed=2, theta_scale=0.3)
    spaces = basin_eigenspaces(about(system), 3.0)
    space = max(spaces, key=lambda s: s.dimension if not isinstance(s, ProductEigenspace) else 0)
    assert space.dimension > 6
    x = np.random.default_rng(0).normal(size=(200, 6))
    some = space.sample(4, np.random.default_rng(1))
    assert some.dimension == 4
    assert space.sample(10**6, np.random.default_rng(1)) is space
    full = np.linalg.qr(space.evaluate(x))[0]
    values = some.evaluate(x)
    assert np.linalg.norm(values - full @ (full.conj().T @ values)) < 1e-9 * np.linalg.norm(values)


def test_states_outside_the_basin_are_listed():
    system = three_populations()
    here, there = (point.state for point in fixed_points(system).stable)
    space = basin_eigenspaces(about(system), 0.9)[0]
    states = np.array([here, there])
    with pytest.raises(OutsideBasin, match=r"1 of 2 states .* \(states [01]\)"):
        space.evaluate(states)
