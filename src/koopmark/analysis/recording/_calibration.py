"""How often verdicts are true on a twin, and what that says of the pairs of a recording.

The chance that a pair is true (`scoring.truth`) is a logistic function of the logarithms of its two
bounds, with terms for its verdict and its method that are shrunk towards none: fitted to the pairs
of the twin, whose truth is known. It is at most what was seen of pairs with such chances when each
family of the twin was judged by the others, so that no set promises more than the twin has shown.
Of pairs that are complex conjugates one counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import expit
from scipy.stats import beta, t

from koopmark.scoring import EIGENVALUE_WITHIN, FUNCTION_WITHIN, NOT_SUPPORTED, SUPPORTED

NOMINAL = 0.9
"""Share of the trusted pairs that is to be true."""
FEWEST, FEWEST_SYSTEMS = 10, 3
"""Independent pairs of a twin, and their systems, from which shares are told."""
FEWEST_ALIKE = 2
"""Independent pairs like one, and their systems, from which its share is told."""
ALIKE = 1.0
"""Difference of the logarithms of both bounds up to which pairs are alike."""
INTERVAL = 0.9
"""Share of the intervals that are to hold the truth."""
FURTHEST = 3.0
"""Logarithm of a bound over what it may be, beyond which it does not matter how far it is."""
SHRUNK_BOUNDS, SHRUNK_VERDICTS, SHRUNK_METHODS, SHRUNK_BASE = 1.0, 1.0, 10.0, 0.01
"""Precisions of the normal priors on the slopes, on what is added for a verdict and for a method,
and on the rest."""
FEWEST_SEEN = 20
"""Pairs of a twin over which the share that was seen is at least taken."""
SEEN_ONCE, SEEN_WITHIN = 4.0, 0.75
"""Pairs of a twin that count as one in what was seen, since methods find the same; and the
probability with which what was seen bounds the share."""
NEIGHBOURS = 30
"""Pairs of the twin of which the median error is taken: those of the most similar chances."""
NOMINALS = (0.7, 0.8, 0.9, 0.95)
BY_METHOD = [
    *("method", "pairs", "supported", "true"),
    *("share", "share_low", "share_high", "error"),
]
SYSTEM, FAMILY = ["dataset", "seed"], "dataset"
STEPS, MOST_STEP, SMALLEST_STEP = 100, 3.0, 1e-8


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the pairs of a twin, `pairs`, say of pairs like them.

    Parameters
    ----------
    pairs : DataFrame
        Of the twin, those whose truth is known: columns of `verdicts`, and `error`.
    methods : tuple of str
    weights : (5 + m,) array
        Of 1, the two bounds, two verdicts and each method, in the logit of the chance.
    covariance : (5 + m, 5 + m) array
        Of `weights`, from how systems differ: pairs of one system are no independent evidence.
    seen : two (2, k) arrays
        Of supported pairs and of others chances, and the share of pairs with such chances that was
        true where families of the twin were judged by the others; both increase. Empty if there is
        one system only, or no such pair.
    """

    pairs: pd.DataFrame
    methods: tuple[str, ...]
    weights: NDArray[np.float64]
    covariance: NDArray[np.float64]
    seen: tuple[NDArray[np.float64], NDArray[np.float64]]

    @classmethod
    def of(cls, verdicts: pd.DataFrame) -> "Calibration":
        """From the table `verdicts` of a twin that was run.

        Raises
        ------
        ValueError
            If the truth of no pair in it is known.
        """
        known = verdicts[verdicts["true"].notna() & (verdicts["eigenvalue_im"] >= 0.0)]
        if known.empty:
            raise ValueError(
                "the twin has no pair of which it is known whether it is true: run its suite to "
                "the end; its recipes need [trials] held_out"
            )
        errors = known[["eigenvalue_defect", "exact_error"]].max(axis=1)
        known = known.assign(error=errors).reset_index(drop=True)
        methods = tuple(sorted(known["method"].unique()))
        bounded = known[_told(known)]
        x, y = _regressors(bounded, methods), bounded["true"].to_numpy(float)
        systems = np.asarray(bounded.groupby(SYSTEM).ngroup(), dtype=np.intp)
        families = np.asarray(bounded.groupby(FAMILY).ngroup(), dtype=np.intp)
        apart = families if families.max(initial=0) > 0 else systems
        return cls(known, methods, *_fitted(x, y, systems), _seen(x, y, systems, apart))

    @cached_property
    def independent(self) -> int:
        """Pairs of the twin with bounds, each eigenvalue of a system counted once."""
        return len(np.unique(self._bounded[1]))

    @cached_property
    def _bounded(self) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
        """Of the pairs with bounds the logarithms of these, the eigenvalue and the system."""
        known = self.pairs[_told(self.pairs)]
        systems = np.asarray(known.groupby(SYSTEM).ngroup(), dtype=np.intp)
        return _far(known), _distinct(known), systems

    def chances(self, pairs: pd.DataFrame) -> NDArray[np.float64]:
        """(P, 3) that pairs with these bounds are true: likeliest, lowest, highest."""
        x = _regressors(pairs, self.methods)
        logit = x @ self.weights
        most = np.ones(len(pairs))
        supported = (pairs["verdict"] == SUPPORTED).to_numpy()
        for seen, these in zip(self.seen, (supported, ~supported), strict=True):
            if seen.size:
                most[these] = np.interp(expit(logit[these]), *seen)
        systems = len(self.pairs.groupby(SYSTEM))
        within = t.ppf((1.0 + INTERVAL) / 2.0, max(systems - 1, 1))
        apart = within * np.sqrt(np.einsum("pi,ij,pj->p", x, self.covariance, x))
        chances = expit(np.stack([logit, logit - apart, logit + apart], axis=1))
        # Of a law that is not logistic the lower end is no higher than what was seen.
        chances[:, :2] = np.minimum(chances[:, :2], most[:, None])
        return chances

    def note(self, pairs: pd.DataFrame) -> NDArray[np.str_]:
        """(P,) why nothing is said of a pair, "" of those of which something is.

        Something is said of a pair with finite bounds, if the twin has FEWEST independent pairs of
        FEWEST_SYSTEMS systems, and FEWEST_ALIKE of as many whose bounds are like those of the pair.
        """
        found = np.full(len(pairs), "", dtype=object)
        found[~_told(pairs)] = "held-out data give no finite bounds on the errors of the pair"
        own, numbers, systems = self._bounded
        if self.independent < FEWEST or len(np.unique(systems)) < FEWEST_SYSTEMS:
            found[_told(pairs)] = (
                f"the twin has {self.independent} independent pairs with bounds, and {FEWEST} from "
                f"{FEWEST_SYSTEMS} systems are needed"
            )
            return found
        asked = _far(pairs)
        for row in np.flatnonzero(_told(pairs)):
            near = (np.abs(own - asked[row]) <= ALIKE).all(axis=1)
            count, among = len(np.unique(numbers[near])), len(np.unique(systems[near]))
            if min(count, among) < FEWEST_ALIKE:
                found[row] = (
                    f"the twin has {count} independent pairs with such bounds, and {FEWEST_ALIKE} "
                    "from different systems are needed"
                )
        return found

    def errors(self, pairs: pd.DataFrame) -> NDArray[np.float64]:
        """(P,) median relative error of λ over the pairs of the twin that are most like each.

        Those of its method with the nearest chances; if it has fewer than NEIGHBOURS, of all.
        """
        known = self.pairs[_told(self.pairs)]
        own, asked = self.chances(known)[:, 0], self.chances(pairs)[:, 0]
        error, found = known["error"].to_numpy(float), np.full(len(pairs), np.nan)
        if known.empty:
            return found
        places = known.groupby("method").indices
        for row, (method, chance) in enumerate(zip(pairs["method"], asked, strict=True)):
            among = places.get(method, np.empty(0, int))
            if len(among) < NEIGHBOURS:
                among = np.arange(len(own))
            near = np.argsort(np.abs(own[among] - chance), kind="stable")[:NEIGHBOURS]
            found[row] = np.median(error[among[near]])
        return found

    def trusted(self, pairs: pd.DataFrame, nominal: float = NOMINAL) -> NDArray[np.bool_]:
        """(P,) the largest set of likeliest pairs of which this share is true, as expected."""
        chance, told = self.chances(pairs)[:, 0], self.note(pairs) == ""
        return _largest(chance, told, (pairs["eigenvalue_im"] >= 0.0).to_numpy(), nominal)

    def by_method(self) -> pd.DataFrame:
        """A row for each method, and one for all: how often what it calls supported is true.

        Columns: `method`, `pairs`, `supported`, `true` (of these), `share`, `share_low` and
        `share_high`, `error` (their median). The interval counts eigenvalues of a system once, by
        however many methods they were found.
        """
        supported = self.pairs[self.pairs["verdict"] == SUPPORTED]
        distinct = _distinct(supported)
        rows = [("all methods", np.ones(len(self.pairs), bool))]
        rows += [(name, (self.pairs["method"] == name).to_numpy()) for name in self.methods]
        made = []
        for name, chosen in rows:
            among = supported[chosen[supported.index]]
            count, true = len(among), int(among["true"].sum())
            share = true / count if count else np.nan
            independent = distinct[supported.index.get_indexer(among.index)]
            low, high = _interval(share, len(np.unique(independent)))
            error = float(among["error"].median()) if count else np.nan
            made.append((name, int(chosen.sum()), count, true, share, low, high, error))
        return pd.DataFrame(made, columns=BY_METHOD)

    def achieved(self) -> pd.DataFrame:
        """Nominal and achieved shares, each family of the twin judged by the others.

        Columns: `nominal`, `trusted`, `true`, `share`; empty if there is one family only.
        """
        families = self.pairs[FAMILY].unique()
        if len(families) < 2:
            return pd.DataFrame(columns=["nominal", "trusted", "true", "share"])
        counts = np.zeros((len(NOMINALS), 2))
        for family in families:
            left_out = self.pairs[FAMILY] == family
            others = Calibration.of(self.pairs[~left_out])
            # As a recording is judged: each system by itself.
            for _, system in self.pairs[left_out].groupby(SYSTEM):
                true, upper = system["true"].to_numpy(float), np.ones(len(system), bool)
                chance, told = others.chances(system)[:, 0], others.note(system) == ""
                for row, nominal in enumerate(NOMINALS):
                    kept = _largest(chance, told, upper, nominal)
                    counts[row] += kept.sum(), true[kept].sum()
        chosen, right = counts.T.astype(int)
        return pd.DataFrame(
            {
                "nominal": NOMINALS,
                "trusted": chosen,
                "true": right,
                "share": np.where(chosen > 0, right / np.maximum(chosen, 1), np.nan),
            }
        )


def calibrated(pairs: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """`pairs` of an analysis with what a twin says of pairs like them.

    Parameters
    ----------
    pairs : DataFrame
        Columns `method`, `eigenvalue_bound`, `function_bound` and `eigenvalue_im` at least.
    tables : mapping from str to DataFrame
        Of the results of the twin's suite; `verdicts` is used.

    Returns
    -------
    DataFrame
        With `share_true`, `share_low` and `share_high`: the share of pairs of this method and
        verdict with bounds like these that is true on the twin, and its interval; `twin_error`: the
        median relative error of their eigenvalues; `trusted`: whether the pair is in the largest
        set of which 90 % is expected to be true; `twin_note`: why a pair has none of these
        (`Calibration.note`), "" if it has. Such pairs are not trusted.

    Raises
    ------
    ValueError
        If the truth of no pair of the twin is known.
    """
    learnt = Calibration.of(tables["verdicts"])
    note = learnt.note(pairs)
    told = note == ""
    chances = np.where(told[:, None], learnt.chances(pairs), np.nan)
    return pairs.assign(
        share_true=chances[:, 0],
        share_low=chances[:, 1],
        share_high=chances[:, 2],
        twin_error=np.where(told, learnt.errors(pairs), np.nan),
        trusted=learnt.trusted(pairs),
        twin_note=note,
    )


def _largest(
    chance: NDArray[np.float64], told: NDArray[np.bool_], upper: NDArray[np.bool_], nominal: float
) -> NDArray[np.bool_]:
    """(P,) the likeliest of the pairs that are told, whose mean chance is the nominal one."""
    counted = np.sort(chance[upper & told])[::-1]
    expected = np.cumsum(counted) / np.arange(1, len(counted) + 1)
    # Equal chances come in together: the last of them decides.
    last = np.append(np.diff(counted) < 0.0, True)[: len(counted)]
    enough = np.flatnonzero((expected >= nominal) & last)
    if not len(enough):
        return np.zeros(len(chance), bool)
    return (chance >= counted[enough[-1]]) & told


def _told(pairs: pd.DataFrame) -> NDArray[np.bool_]:
    """Which have finite bounds: those of constants are NaN, of aliases and the like infinite."""
    bounds = pairs[["eigenvalue_bound", "function_bound"]].to_numpy(float)
    return np.isfinite(bounds).all(axis=1)


def _far(pairs: pd.DataFrame) -> NDArray[np.float64]:
    """(P, 2) logarithms of both bounds over what they may be."""
    within = {"eigenvalue_bound": EIGENVALUE_WITHIN, "function_bound": FUNCTION_WITHIN}
    with np.errstate(divide="ignore", over="ignore"):
        bounds = [pairs[name].to_numpy(float) / allowed for name, allowed in within.items()]
        far = [np.log(np.nan_to_num(one, nan=np.inf)).clip(-FURTHEST, FURTHEST) for one in bounds]
    return np.column_stack(far)


def _regressors(pairs: pd.DataFrame, methods: tuple[str, ...]) -> NDArray[np.float64]:
    """(P, 5 + m): 1, the bounds over what they may be, the verdict and the method."""
    names = ["verdict", "method"]
    of_verdict, of_method = (
        pairs[name].to_numpy()[:, None] == np.array(values, dtype=object)
        for name, values in zip(names, ((SUPPORTED, NOT_SUPPORTED), methods), strict=True)
    )
    known = [_far(pairs), of_verdict.astype(float), of_method.astype(float)]
    return np.column_stack([np.ones(len(pairs)), *known])


def _seen(
    x: NDArray[np.float64], y: NDArray[np.float64], systems: NDArray[np.intp], apart: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of supported pairs and of others (2, k) chances, and the share of those that is true.

    Chances are those of pairs of `apart`, a number for each pair, learnt from all other numbers.
    """
    if apart.max(initial=0) == 0:
        return np.empty((2, 0)), np.empty((2, 0))
    chance = np.empty(len(y))
    for left_out in range(int(apart.max()) + 1):
        these = apart == left_out
        _, others = np.unique(systems[~these], return_inverse=True)
        weights, _ = _fitted(x[~these], y[~these], others)
        chance[these] = expit(x[these] @ weights)
    supported = x[:, 3] > 0.0
    return _steps(chance[supported], y[supported]), _steps(chance[~supported], y[~supported])


def _steps(chance: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, k) chances, and what the share of those around them that is true is at most.

    Both increase. It is the upper end of what the pairs there allow, by Jeffreys' prior: otherwise
    chance alone would keep shares below those that a twin with few pairs has.
    """
    if not len(y):
        return np.empty((2, 0))
    order = np.argsort(chance, kind="stable")
    # Over so many pairs at least, or a few that are true by chance make the share 1.
    cuts = np.array_split(order, max(len(order) // FEWEST_SEEN, 1))
    counts = np.array([len(one) for one in cuts], float)
    share = isotonic_regression([y[one].mean() for one in cuts], weights=counts).x
    right, wrong = share * counts / SEEN_ONCE, (1.0 - share) * counts / SEEN_ONCE
    most = np.where(share < 1.0, beta.ppf(SEEN_WITHIN, right + 0.5, wrong + 0.5), 1.0)
    return np.stack([[chance[one].mean() for one in cuts], np.maximum.accumulate(most)])


def _fitted(
    x: NDArray[np.float64], y: NDArray[np.float64], clusters: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Likeliest weights of a logistic model, and their covariance over clusters (Huber 1967)."""
    count = x.shape[1] - 5
    shrunk = [SHRUNK_BASE, *[SHRUNK_BOUNDS] * 2, *[SHRUNK_VERDICTS] * 2, *[SHRUNK_METHODS] * count]
    prior = np.array(shrunk)
    weights = np.zeros(x.shape[1])
    for _ in range(STEPS):
        chance = expit(x @ weights)
        curvature = (x * (chance * (1.0 - chance))[:, None]).T @ x + np.diag(prior)
        step = np.linalg.solve(curvature, x.T @ (y - chance) - prior * weights)
        weights = weights + step.clip(-MOST_STEP, MOST_STEP)
        if np.abs(step).max() < SMALLEST_STEP:
            break
    groups = clusters.max(initial=-1) + 1
    scores = np.zeros((groups, x.shape[1]))
    np.add.at(scores, clusters, x * (y - expit(x @ weights))[:, None])
    inverse = np.linalg.inv(curvature)
    between = scores.T @ scores * groups / max(groups - 1, 1)
    # The prior is as uncertain as it says, also where systems happen to agree.
    return weights, inverse @ (between + np.diag(prior)) @ inverse


def _distinct(pairs: pd.DataFrame) -> NDArray[np.intp]:
    """(P,) a number for each system and eigenvalue: those within EIGENVALUE_WITHIN are one."""
    numbers, last = np.zeros(len(pairs), dtype=np.intp), 0
    values = pairs["eigenvalue_re"].to_numpy() + 1j * pairs["eigenvalue_im"].to_numpy()
    for rows in pairs.groupby(SYSTEM).indices.values():
        left = np.asarray(rows)
        while len(left):
            value = values[left[0]]
            # A value that is not finite is near none, itself neither.
            same = np.abs(values[left] - value) <= EIGENVALUE_WITHIN * np.abs(value)
            same[0] = True
            numbers[left[same]] = last
            left, last = left[~same], last + 1
    return numbers


def _interval(share: float, count: int) -> tuple[float, float]:
    """That of Jeffreys for a share of so many independent pairs."""
    if not count:
        return np.nan, np.nan
    true, tail = share * count, (1.0 - INTERVAL) / 2.0
    low, high = beta.ppf([tail, 1.0 - tail], true + 0.5, count - true + 0.5)
    return (0.0 if share == 0.0 else float(low)), (1.0 if share == 1.0 else float(high))
