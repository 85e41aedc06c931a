"""Do methods differ, or only their luck? Rank tests over blocks of comparable results."""

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.05
"""Probability of calling methods different that are not."""

FEWEST_BLOCKS = 5
"""Of three methods or more: with fewer no test is made, as too much would hang on each block."""

FEWEST_FOR_TWO = 6
"""Of two methods, one must win as many blocks in a row before chance is out of the question."""


@dataclass(frozen=True)
class Test:
    """The verdict of a rank test; `reason` says why there is none where there is none."""

    name: str
    p: float
    critical_difference: float
    """Mean ranks closer than this are not told apart; missing for two methods."""
    blocks: int
    reason: str = ""

    @property
    def done(self) -> bool:
        """Whether there was enough to go by."""
        return not self.reason

    @property
    def differ(self) -> bool:
        """Whether the methods are not all alike."""
        return self.done and self.p < LEVEL


def compare(ranks: NDArray[np.float64]) -> Test:
    """Test whether methods differ.

    Three methods or more: Friedman's test in the form of Iman and Davenport (1980), then the
    critical difference of mean ranks of Nemenyi (1963), as in Demšar (2006), Journal of Machine
    Learning Research 7, 1-30; it holds for all pairs at once, so that the best may be picked
    after the fact. Two methods: the sign test.

    Parameters
    ----------
    ranks : (blocks, methods) array
        What ranks the methods in each block, least best; blocks are independent of each other.
    """
    blocks, methods = ranks.shape
    if methods < 2:
        return _untested(blocks, "one method is not a comparison")
    fewest = FEWEST_FOR_TWO if methods == 2 else FEWEST_BLOCKS
    if blocks < fewest:
        return _untested(blocks, f"{blocks} of the {fewest} blocks that a test of them needs")
    if methods == 2:
        return _sign_test(ranks[:, 0] - ranks[:, 1])
    return Test("Friedman", friedman(ranks), critical_difference(blocks, methods), blocks)


def friedman(ranks: NDArray[np.float64]) -> float:
    """Probability of ranks that differ so much by chance, by the F statistic of Iman, Davenport."""
    blocks, methods = ranks.shape
    if (ranks == ranks[:, :1]).all():
        return 1.0
    chi2 = float(stats.friedmanchisquare(*ranks.T).statistic)
    unexplained = blocks * (methods - 1) - chi2
    if unexplained <= 1e-9 * blocks * methods:
        # All blocks agree, where F has no value: as likely as all repeating the first's order.
        return float(factorial(methods)) ** (1 - blocks)
    f = (blocks - 1) * chi2 / unexplained
    return float(stats.f.sf(f, methods - 1, (methods - 1) * (blocks - 1)))


def critical_difference(blocks: int, methods: int) -> float:
    """Nemenyi's: q √(k (k + 1) / 6 n), with q of the studentised range over √2 (Demšar 2006)."""
    q = float(stats.studentized_range.ppf(1 - LEVEL, methods, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * blocks)))


def _sign_test(differences: NDArray[np.float64]) -> Test:
    """Blocks without a winner say nothing."""
    wins, losses = int((differences < 0).sum()), int((differences > 0).sum())
    p = float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    return Test("sign test", p, np.nan, len(differences))


def _untested(blocks: int, reason: str) -> Test:
    return Test("", np.nan, np.nan, blocks, reason)
