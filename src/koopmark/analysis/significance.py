"""What a few problems say about problems in general: the mean score, and which method is better.

A problem is a recipe with a system of its own. Its seeds and levels are nested in it and
correlated, so a method has one score per problem, and only problems are counted. Both statistics
here give the problems random weights (w₀, w₁ … wₙ), uniform on the simplex: the posterior of a
Dirichlet process of which one more problem, w₀, was not seen. What is claimed has to hold even if
that problem is the least favourable one. So a few problems allow few claims, and claims about
methods that were chosen beforehand are wrong as rarely as they say, whether scores are spread, tied
or of two values; of methods that are equally good the best of many is not called better either. All
of this the tests simulate.
"""

from functools import cache
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

DRAWS = 4000
"""Random weights, from a seeded generator: the same scores have the same interval."""

CONFIDENCE = 0.9
"""Of an interval: it holds the mean at least so often."""

CLAIM = 0.95
"""Probability from which one method is called better than another, or as good."""

FEWEST = 5
"""With fewer problems there is no interval: it would hold nearly everything."""

FEWEST_COMPARED, FEW_METHODS = 12, 24
"""With fewer problems methods are not compared: the first of many is too often so by luck.

Below 9 nothing could be claimed though all agreed. With 9, the first of 16 methods, each of which
loses two problems in five, would be called better than a steady one in 15 % of cases; with 12 the
first of 24 in 5 %.
"""


def fewest_compared(methods: int) -> int:
    """Problems from which on so many methods are compared.

    That the first of many erratic methods is so by luck is likely in proportion to their number,
    and 0.6 times as likely with each further problem.
    """
    return FEWEST_COMPARED + max(0, ceil(log(methods / FEW_METHODS) / log(1 / 0.6)))


def mean_intervals(scores: NDArray[np.float64], least: float, most: float) -> NDArray[np.float64]:
    """Intervals of the mean score over all problems of which these are a random sample.

    Gaffke's bounds (Gaffke 2005; Learned-Miller and Thomas 2019): quantiles of w₀x₀ + Σ wᵢxᵢ with
    the unseen x₀ = `least` for the lower end and `most` for the upper. For scores of two values
    they are those of Clopper and Pearson. No distribution on the range is known for which they hold
    too rarely. For a t interval many are: that of five scores of 9 has no width, though of such
    problems every third may be lost.

    Parameters
    ----------
    scores : (methods, problems) array
        Between `least` and `most`.

    Returns
    -------
    (methods, 2) array
        The ends; missing for fewer than FEWEST problems.
    """
    count = scores.shape[-1]
    if count < FEWEST:
        return np.full((len(scores), 2), np.nan)
    unseen, *_ = weights = _weights(count).T
    # Sorted, so that the order of the problems has no say.
    seen = np.sort(scores) @ weights[1:]
    tail = (1 - CONFIDENCE) / 2
    low = np.quantile(seen + least * unseen, tail, axis=-1)
    high = np.quantile(seen + most * unseen, 1 - tail, axis=-1)
    return np.stack([low, high], axis=-1)


def signed_ranks(
    differences: NDArray[np.float64], alike: float, fewest: int = FEWEST_COMPARED
) -> NDArray[np.float64]:
    """Least probabilities that one method is better than another, as good, or worse.

    A Bayesian signed-rank test (Benavoli et al. 2014, 2017) with the prior where it is least
    favourable to each claim. The typical difference is the mean of those at two problems drawn at
    random; the claims are that it is above `alike`, within, or below minus `alike`, with a
    probability above one half. What the three leave to 1 is not known.

    Parameters
    ----------
    differences : (pairs, problems) array
        Of scores of which more is better; NaN where neither method has one.
    alike : float
        Differences up to this are of no practical interest.
    fewest : int
        Of problems, by `fewest_compared`.

    Returns
    -------
    (pairs, 3) array
        Missing for fewer problems than `fewest`.
    """
    pairs, count = differences.shape
    if count < fewest:
        return np.full((pairs, 3), np.nan)
    ordered = np.sort(differences)
    one, other = np.triu_indices(count)
    with np.errstate(invalid="ignore"):
        typical = (ordered[:, one] + ordered[:, other]) / 2
    weights = _weights(count)[:, 1:]
    # Two problems that differ may be drawn in either order.
    products = weights[:, one] * weights[:, other] * np.where(one == other, 1.0, 2.0)
    shares = [
        products @ which.T.astype(float)
        for which in (typical > alike, np.abs(typical) <= alike, typical < -alike)
    ]
    return np.stack([(share > 0.5).mean(axis=0) for share in shares], axis=-1)


@cache
def _weights(count: int) -> NDArray[np.float64]:
    """Weights (draws, 1 + count): of the unseen problem, and of those that were seen."""
    return np.random.default_rng(0).dirichlet(np.ones(count + 1), DRAWS)
