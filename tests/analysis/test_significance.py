"""Each statistic is wrong as rarely as it says, at the numbers of problems that suites have.

Monte Carlo tolerances are three standard deviations of the share of `REPEATS` simulations.
"""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from koopmark.analysis.significance import (
    CLAIM,
    CONFIDENCE,
    DRAWS,
    FEWEST,
    FEWEST_COMPARED,
    fewest_compared,
    mean_intervals,
    signed_ranks,
)

REPEATS = 600
ALIKE = 0.5
SEEDS = 3
WITHIN = 0.76
"""Correlation of the seeds of a problem: that of the ranks of methods, in the suite standard."""


def tolerance(share, repeats=REPEATS):
    return 3 * np.sqrt(share * (1 - share) / repeats)


def seeded(rng, shape, correlation):
    """Normal digits of problems: each the median of seeds that are correlated within it."""
    common, own = rng.standard_normal((*shape, 1)), rng.standard_normal((*shape, SEEDS))
    seeds = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    return np.clip(np.median(4.5 + 3 * seeds, axis=-1), 0, 9)


POPULATIONS = {
    "seeds alike": lambda rng, shape: seeded(rng, shape, WITHIN),
    "seeds apart": lambda rng, shape: seeded(rng, shape, 0.0),
    "half lost": lambda rng, shape: 9.0 * (rng.random(shape) < 0.5),
    "one in five lost": lambda rng, shape: 9.0 * (rng.random(shape) < 0.8),
    "one in twenty lost": lambda rng, shape: 9.0 * (rng.random(shape) < 0.95),
    "heavy ties": lambda rng, shape: rng.choice([0.0, 3.0, 4.5, 9.0], shape),
    # Of the suite standard: EDMD with monomials of degree 3, and least squares in the state.
    "degree 3": lambda rng, shape: rng.choice([2.1, 2.4, 9, 0.2, 9, 9, 9], shape),
    "degree 1": lambda rng, shape: rng.choice([3, 2.8, 0.1, 0.1, 9, 4.5, 4.5, 3.1], shape),
}


@cache
def mean_of(population):
    return POPULATIONS[population](np.random.default_rng(0), (200_000,)).mean()


def covered(population, problems):
    rng, true = np.random.default_rng(problems), mean_of(population)
    intervals = mean_intervals(POPULATIONS[population](rng, (REPEATS, problems)), 0.0, 9.0)
    return np.mean((intervals[:, 0] <= true) & (true <= intervals[:, 1]))


@pytest.mark.spread(11)
@pytest.mark.parametrize("problems", [5, 6, 8, 12])
@pytest.mark.parametrize("population", POPULATIONS)
def test_an_interval_holds_the_mean_of_all_problems_at_least_as_often_as_it_says(
    population, problems
):
    assert covered(population, problems) >= CONFIDENCE - tolerance(CONFIDENCE)


@pytest.mark.parametrize("problems", [6, 12])
@pytest.mark.parametrize("found", [0, 1, 3, 6])
def test_of_scores_of_two_values_the_interval_is_that_of_clopper_and_pearson(problems, found):
    scores = np.repeat([0.0, 9.0], [problems - found, found])
    (low, high) = mean_intervals(scores[None], 0.0, 9.0)[0] / 9.0
    expected = stats.binomtest(found, problems).proportion_ci(CONFIDENCE, "exact")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.02)


def test_an_interval_does_not_hang_on_the_order_of_the_problems():
    scores = np.random.default_rng(0).uniform(0, 9, (3, 8))
    np.testing.assert_array_equal(
        mean_intervals(scores, 0, 9), mean_intervals(scores[:, ::-1], 0, 9)
    )


def test_five_problems_of_all_digits_do_not_say_that_none_is_ever_lost():
    low, high = mean_intervals(np.full((1, 5), 9.0), 0.0, 9.0)[0]
    assert low == pytest.approx(9 * 0.05**0.2, abs=0.1)
    assert high == pytest.approx(9.0)


@pytest.mark.parametrize("problems", [1, 4])
def test_few_problems_have_no_interval(problems):
    assert problems < FEWEST
    assert np.isnan(mean_intervals(np.full((2, problems), 4.5), 0.0, 9.0)).all()


@pytest.mark.parametrize("problems", [FEWEST_COMPARED, 16])
def test_where_all_problems_agree_the_probability_is_that_of_the_unseen_ones_weight(problems):
    """(1 - w₀)² > 1/2 with w₀ ~ Beta(1, n): 1 - 2^(-n/2)."""
    expected = 1 - 0.5 ** (problems / 2)
    for index, difference in enumerate([2.0, 0.1, -2.0]):
        chances = signed_ranks(np.full((1, problems), difference), ALIKE)[0]
        assert chances[index] == pytest.approx(expected, abs=tolerance(expected, DRAWS))
        assert chances.sum() == chances[index]


def test_of_wins_and_losses_of_one_size_the_probability_is_that_of_a_beta_distribution():
    """Pairs of a win and a loss are alike: W² > 1/2 with W ~ Beta(wins, losses + 1)."""
    chances = signed_ranks(np.repeat([[3.0, -3.0]], [10, 2], axis=1), ALIKE)[0]
    expected = stats.beta(10, 3).sf(np.sqrt(0.5))
    assert chances[0] == pytest.approx(expected, abs=tolerance(expected, DRAWS))


@pytest.mark.parametrize("problems", [1, 4, 5, 6, 8, 9])
def test_few_problems_are_not_compared(problems):
    assert problems < FEWEST_COMPARED
    assert np.isnan(signed_ranks(np.full((2, problems), 5.0), ALIKE)).all()


TYPICAL = np.sqrt(0.5)
"""Share of problems on which a method has to be better to be so in half of all pairs of them."""

NULLS = {
    "noise alone": (0, lambda rng, shape: rng.normal(0.0, 3.0, shape)),
    "at the margin": (0, lambda rng, shape: rng.normal(ALIKE, 3.0, shape)),
    "within the margin": (0, lambda rng, shape: rng.uniform(0.1, ALIKE, shape)),
    "better but often lost": (
        0,
        lambda rng, shape: np.where(rng.random(shape) < TYPICAL, 2.0, -9.0),
    ),
    "as good but often better": (
        1,
        lambda rng, shape: np.where(rng.random(shape) < TYPICAL, 0.0, 9.0),
    ),
    "as good but apart": (1, lambda rng, shape: rng.choice([-1.0, 1.0], shape)),
}


@pytest.mark.spread(7)
@pytest.mark.parametrize("problems", [FEWEST_COMPARED, 16])
@pytest.mark.parametrize("null", NULLS)
def test_a_claim_that_is_not_true_is_made_at_most_as_often_as_it_says(null, problems):
    index, draw = NULLS[null]
    rng = np.random.default_rng(problems)
    claims = signed_ranks(draw(rng, (REPEATS, problems)), ALIKE)[:, index] >= CLAIM
    assert claims.mean() <= 1 - CLAIM + tolerance(1 - CLAIM)


@pytest.mark.spread(7)
@pytest.mark.parametrize("problems", [FEWEST_COMPARED, 16])
@pytest.mark.parametrize("methods", [2, 10, 64])
@pytest.mark.parametrize("population", ["seeds alike", "one in five lost", "heavy ties"])
def test_the_best_of_many_equals_is_called_better_than_none(population, methods, problems):
    """As a board does: the first, and the best of each other of up to six libraries."""
    rng = np.random.default_rng(methods)
    digits = POPULATIONS[population](rng, (REPEATS // 4, methods, problems))
    libraries = np.arange(methods) % 6
    means = digits.mean(axis=-1)
    best = np.stack(
        [np.where(libraries == one, means, -1).argmax(axis=1) for one in set(libraries)], axis=1
    )
    champions = np.take_along_axis(digits, best[..., None], axis=1)
    first = np.take_along_axis(digits, means.argmax(axis=1)[:, None, None], axis=1)
    differences = (first - champions).reshape(-1, problems)
    claims = signed_ranks(differences, ALIKE)[:, 0].reshape(best.shape) >= CLAIM
    wrong = claims.any(axis=1).mean()
    assert wrong <= 1 - CLAIM + tolerance(1 - CLAIM, REPEATS // 4)


@pytest.mark.parametrize("methods", [2, 16, 24, 25, 39, 64])
def test_the_luckiest_of_many_erratic_methods_is_not_called_better_than_a_steady_one(methods):
    """Each loses two problems in five, so that it is worse on a typical problem."""
    rng = np.random.default_rng(0)
    digits = 5.0 * (rng.random((REPEATS, methods, fewest_compared(methods))) < 0.6)
    luckiest = digits[np.arange(REPEATS), digits.mean(axis=-1).argmax(axis=1)]
    claims = signed_ranks(luckiest - 3.0, ALIKE)[:, 0] >= CLAIM
    assert claims.mean() <= 1 - CLAIM + tolerance(1 - CLAIM)


def test_what_is_true_is_claimed():
    rng = np.random.default_rng(0)
    better = signed_ranks(rng.normal(2.5, 1.0, (REPEATS, 12)), ALIKE)[:, 0]
    alike = signed_ranks(rng.normal(0.0, 0.2, (REPEATS, 12)), ALIKE)[:, 1]
    worse = signed_ranks(rng.normal(-2.5, 1.0, (REPEATS, 12)), ALIKE)[:, 2]
    assert min((chance >= CLAIM).mean() for chance in (better, alike, worse)) > 0.9
