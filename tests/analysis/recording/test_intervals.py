"""Intervals from draws of the trials."""

import numpy as np
import pytest
from scipy.linalg import expm

from koopmark.analysis.recording._intervals import Intervals, match


def test_each_pair_is_matched_with_one_of_a_draw_and_those_nowhere_near_take_no_place():
    own = np.array([-1.0, -1.1, 30 + 5j])
    drawn = np.array([-40.0 + 0j, -1.09, -1.02, np.nan])
    np.testing.assert_allclose(match(own, drawn, np.abs(own)), [-1.02, -1.09, -40.0])


def test_pairs_without_a_match_in_most_draws_have_no_interval():
    own = np.array([-1.0 + 0j, -2.0])
    draws = [np.array([-1.0 + 0.01j * k]) for k in range(10)]
    found = Intervals.of(own, draws, trials=12, horizon=1.0)
    np.testing.assert_array_equal(np.isnan(found.low), [False, True])
    np.testing.assert_array_equal(found.found, [1.0, 0.0])


def test_conjugates_have_conjugate_intervals_whatever_the_draws_hold():
    rng = np.random.default_rng(0)
    upper = np.array([-0.1 + 1j, -0.12 + 1.1j])
    draws = []
    for _ in range(20):
        value = upper + 0.2 * (rng.normal(size=2) + 1j * rng.normal(size=2))
        draws.append(rng.permutation(np.concatenate([value, value.conj(), [-0.1]])))
    found = Intervals.of(np.concatenate([upper, upper.conj()]), draws, trials=12, horizon=1.0)
    low, high = found.low, found.high
    np.testing.assert_array_equal(low[2:], low[:2].real - 1j * high[:2].imag)
    np.testing.assert_array_equal(high[2:], high[:2].real - 1j * low[:2].imag)


def test_an_eigenvalue_without_its_conjugate_is_matched_too():
    own = np.array([-1.0 - 2j, -3.0])
    np.testing.assert_array_equal(match(own, own[::-1].copy(), np.abs(own)), own)


def test_without_draws_there_are_no_intervals():
    found = Intervals.of(np.array([-1.0 + 0j]), [], trials=12, horizon=1.0)
    assert np.isnan([found.low[0], found.high[0], found.found[0]]).all()


DT = 0.1
DECAYING = np.array([[-0.3, 1.2, 0.0], [-1.2, -0.3, 0.0], [0.0, 0.0, -0.8]])
OSCILLATING = np.array([[-0.02, 1.3], [-1.3, -0.02]])


def sums_of_products(rng, trials, noise=0.05):
    """(n, 10, 10) over the snapshot pairs of each ragged trial, or of 20 blocks of a single one.

    Of a linear system in five noisy channels: all that fits by (total) least squares take of them.
    """
    law = OSCILLATING if trials == 1 else DECAYING
    sensors, step = np.random.default_rng(5).normal(size=(5, len(law))), expm(law * DT)
    sums = []
    for _ in range(trials):
        states = [np.ones(len(law)) if trials == 1 else rng.normal(size=len(law))]
        for _ in range(399 if trials == 1 else rng.integers(14, 49)):
            states.append(step @ states[-1])
        seen = np.array(states) @ sensors.T
        seen += noise * rng.normal(size=seen.shape)
        for part in np.array_split(seen, 20) if trials == 1 else [seen]:
            pairs = np.hstack([part[:-1], part[1:]])
            sums.append(pairs.T @ pairs)
    return law, np.array(sums)


def total_least_squares(sums, rank):
    """Eigenvalues (..., rank), which white noise does not bias."""
    basis = np.linalg.eigh(sums)[1][..., -rank:]
    return eigenvalues_of(np.linalg.pinv(basis[..., :5, :]) @ basis[..., 5:, :])


def least_squares(sums, rank):
    """Eigenvalues (..., rank), which white noise biases towards faster decay."""
    basis = np.linalg.eigh(sums[..., :5, :5])[1][..., -rank:]
    turned = np.swapaxes(basis, -1, -2)
    left, right = turned @ sums[..., :5, :5] @ basis, turned @ sums[..., :5, 5:] @ basis
    return eigenvalues_of(np.linalg.solve(left, right))


def eigenvalues_of(steps):
    return np.log(np.linalg.eigvals(steps).astype(complex)) / DT


def simulated(fit, trials, simulations, draws=20):
    """Of the oscillating pair: own estimates, lower and upper ends, and the true eigenvalue."""
    own, low, high = [], [], []
    for seed in range(simulations):
        rng = np.random.default_rng(seed)
        law, sums = sums_of_products(rng, trials)
        n, rank = len(sums), len(law)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=draws)
        values = fit(sums.sum(axis=0), rank)
        drawn = fit(np.einsum("bn,nij->bij", weights, sums), rank)
        found = Intervals.of(values, list(drawn), n, horizon=4.0)
        true = law[0, 0] + 1j * law[0, 1]
        place = int(np.abs(values - true).argmin())
        own.append(values[place])
        low.append(found.low[place])
        high.append(found.high[place])
    return *map(np.array, (own, low, high)), true


def share_within(low, high, value):
    parts = [(one.real, one.imag) for one in (low, high)]
    return [
        float(np.mean((below <= part) & (part <= above)))
        for below, above, part in zip(*parts, (value.real, value.imag), strict=True)
    ]


@pytest.mark.parametrize(("trials", "draws"), [(1, 20), (7, 20), (28, 20), (28, 2)])
def test_intervals_of_unbiased_fits_hold_the_true_eigenvalue_as_often_as_they_say(trials, draws):
    # Measured over 600 simulations (docs/explanation/statistics_of_analyses.md): 0.88 to 0.93.
    _, low, high, true = simulated(total_least_squares, trials, 80, draws)
    for share in share_within(low, high, true):
        # 0.85 to 0.95, and two standard errors of a share of 80.
        assert 0.79 <= share <= 0.985


def test_intervals_of_biased_fits_hold_what_the_method_gives_on_average_and_not_the_truth():
    own, low, high, true = simulated(least_squares, 28, 80)
    assert 0.80 <= share_within(low, high, own.mean())[0] <= 0.985
    assert share_within(low, high, true)[0] < 0.3


def test_intervals_widen_as_fewer_trials_are_drawn_from():
    # What scatters is as wide for both: the factor of Student's t is not.
    draws = [np.array([-1.0 + 0.01 * x]) for x in np.random.default_rng(0).normal(size=20)]
    few, many = (Intervals.of(np.array([-1.0 + 0j]), draws, n, 1.0) for n in (3, 100))
    assert (few.high - few.low).real > 1.4 * (many.high - many.low).real
