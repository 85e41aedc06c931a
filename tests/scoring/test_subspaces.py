"""Principal-angle sines: known angles, and what must not change them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark._tsqr import triangle_of
from koopmark.scoring._subspaces import (
    independent,
    orthonormal_basis,
    outside,
    real_where_possible,
)
from koopmark.scoring._subspaces import sines as sines_of

SEEDS = st.integers(0, 1000)


def sines(target, values):
    return sines_of(target, triangle_of(target), values)


def columns(rng, points, count):
    return rng.standard_normal((points, count)) + 1j * rng.standard_normal((points, count))


@pytest.mark.parametrize("angle", [1e-12, 1e-6, 0.3, np.pi / 2])
def test_sine_of_a_known_angle_keeps_its_digits(angle):
    target = np.array([[np.cos(angle)], [np.sin(angle)], [0.0]])
    recovered = np.array([[1.0], [0.0], [0.0]])
    largest, rms = sines(target, recovered)
    assert largest == pytest.approx(np.sin(angle), rel=1e-9)
    assert rms == pytest.approx(np.sin(angle), rel=1e-9)


def test_rms_averages_over_the_directions_of_the_target():
    identity = np.eye(5)
    largest, rms = sines(identity[:, :4], identity[:, :3])
    assert largest == 1.0
    assert rms == pytest.approx(np.sqrt(1 / 4))


def test_extra_recovered_directions_cost_nothing():
    identity = np.eye(6)
    assert sines(identity[:, :2], identity[:, :5]) == (0.0, 0.0)


@given(SEEDS, st.integers(1, 5), st.integers(1, 8))
def test_scaling_phase_order_and_mixing_of_columns_change_no_span(seed, m, k):
    rng = np.random.default_rng(seed)
    target, recovered = orthonormal_basis(columns(rng, 40, m)), columns(rng, 40, k)
    before = sines(target, orthonormal_basis(recovered))
    factors = rng.uniform(1e-6, 1e6, k) * np.exp(2j * np.pi * rng.random(k))
    scaled = (recovered * factors)[:, rng.permutation(k)]
    rotated = recovered @ np.linalg.qr(columns(rng, k, k))[0]
    for changed in (scaled, rotated):
        np.testing.assert_allclose(sines(target, orthonormal_basis(changed)), before, atol=1e-10)


@given(SEEDS)
def test_basis_is_orthonormal_and_drops_dependent_and_zero_columns(seed):
    rng = np.random.default_rng(seed)
    values = columns(rng, 30, 4)
    padded = np.hstack([values, values[:, :2] * 1e-9, np.zeros((30, 1))])
    basis = orthonormal_basis(padded)
    assert basis.shape == (30, 4)
    np.testing.assert_allclose(basis.conj().T @ basis, np.eye(4), atol=1e-12)


def test_nothing_recovered_counts_one():
    target = np.eye(4)[:, :2]
    assert sines(target, orthonormal_basis(np.zeros((4, 3)))) == (1.0, 1.0)
    assert sines(target, orthonormal_basis(np.zeros((4, 0)))) == (1.0, 1.0)


@given(SEEDS, st.integers(1, 6), st.booleans(), st.booleans())
def test_what_lies_outside_the_first_columns_is_that_of_its_definition(seed, k, dependent, real):
    rng = np.random.default_rng(seed)
    values, target = columns(rng, 40, 6) * rng.uniform(1e-3, 1e3, 6), columns(rng, 40, 3)
    if real:
        values, target = values.real, target.real
    if dependent:
        values[:, 1] = -2.0 * values[:, 0]
    parts = outside([target[:, :1], target[:, 1:]], values, [k, 6])
    for part, count in zip(parts, [k, 6], strict=True):
        basis = orthonormal_basis(values[:, :count])
        expected = target - basis @ (basis.conj().T @ target)
        gram = part.conj().T @ part
        np.testing.assert_allclose(gram, expected.conj().T @ expected, atol=1e-10)


def conjugate_pairs(rng):
    pairs = columns(rng, 40, 2)
    return np.stack([pairs[:, 0], pairs[:, 0].conj(), pairs[:, 1], pairs[:, 1].conj()], axis=1)


def test_conjugate_pairs_are_scored_in_real_arithmetic():
    rng = np.random.default_rng(0)
    values = np.hstack([columns(rng, 40, 1).real, conjugate_pairs(rng)])
    real = real_where_possible(values, [1, 3])
    assert not np.iscomplexobj(real)
    for k in (1, 3, 5):
        assert sines(orthonormal_basis(values[:, :k]), real[:, :k])[0] < 1e-14


@pytest.mark.parametrize(("count", "factor"), [(3, 1.0), (2, 1.0 + 1e-6)])
def test_halves_of_pairs_and_pairs_that_are_none_stay_complex(count, factor):
    values = conjugate_pairs(np.random.default_rng(0))
    values[:, 3] *= factor
    assert real_where_possible(values, [count]) is values


def test_directions_at_the_edge_of_the_truncation_are_judged_by_their_singular_value():
    rng = np.random.default_rng(0)
    u, v = (
        np.linalg.qr(rng.standard_normal((40, 6)))[0],
        np.linalg.qr(rng.standard_normal((6, 6)))[0],
    )
    for smallest, rank in ((1e-9, 6), (1e-12, 5)):
        values = u * [1.0, 1.0, 1.0, 1.0, 1.0, smallest] @ v
        assert orthonormal_basis(values).shape[1] == rank


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e170, 1e300])
def test_a_span_has_the_same_basis_and_sines_at_any_scale(scale):
    rng = np.random.default_rng(0)
    values, target = rng.standard_normal((50, 3)), rng.standard_normal((50, 2))
    scales = np.array([scale, 1.0, -scale])
    basis = orthonormal_basis(values * scales)
    assert basis.shape == (50, 3)
    exact = orthonormal_basis(target)
    np.testing.assert_allclose(sines(exact, values * scales), sines(exact, values), rtol=1e-12)
    assert sines(basis, values)[0] < 1e-12


def test_two_tiny_functions_are_no_conjugate_pair():
    # Were they one, their span would be that of the first one's real and imaginary part.
    rng = np.random.default_rng(0)
    values = rng.standard_normal((50, 2)) + 1j * rng.standard_normal((50, 2))
    exact = orthonormal_basis(values[:, 1:])
    assert sines(exact, values * 1e-200)[0] < 1e-12


@given(SEEDS, st.integers(1, 150), st.integers(0, 3), st.booleans(), st.booleans())
@settings(max_examples=30)
def test_columns_are_taken_that_add_more_than_their_tolerance(seed, count, before, real, limited):
    rng = np.random.default_rng(seed)
    independent_ones, given_ones = columns(rng, 200, 20), columns(rng, 200, before)
    chosen = independent_ones[:, rng.integers(0, 20, count)]
    values = chosen + 10.0 ** rng.uniform(-12, -2, count) * columns(rng, 200, count)
    values += given_ones @ columns(rng, before, count)
    values, given_ones = (values.real, given_ones.real) if real else (values, given_ones)
    tolerances = 10.0 ** rng.uniform(-6, -3, count)
    most = 5 if limited else None
    taken, sizes = independent(
        values * 10.0 ** rng.uniform(-200, 200, count), tolerances, most, given_ones
    )
    expected, span = [], orthonormal_basis(given_ones)
    for place, column in enumerate((values / np.linalg.norm(values, axis=0)).T):
        if len(expected) == most:
            break
        for _ in range(2):
            column = column - span @ (span.conj().T @ column)
        size = np.linalg.norm(column)
        assert sizes[place] == pytest.approx(size, rel=1e-3, abs=1e-9)
        if size > tolerances[place]:
            expected.append(place)
            span = np.column_stack([span, column / size])
    assert taken.tolist() == expected


def test_without_columns_none_is_taken():
    assert len(independent(np.zeros((5, 0)), np.zeros(0))[0]) == 0
    assert len(independent(np.zeros((5, 2)), np.full(2, 1e-6))[0]) == 0
