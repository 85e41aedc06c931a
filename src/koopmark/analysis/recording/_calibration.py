"""How often verdicts are true on a twin, and what that says of the pairs of a recording.

The chance that a pair is true (`scoring.truth`) is a logistic function of the logarithms of its two
bounds, with a term for each method that is shrunk towards none: fitted to the pairs of the twin,
whose truth is known. Of pairs that are complex conjugates one counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import beta, t

from koopmark.scoring import EIGENVALUE_WITHIN, FUNCTION_WITHIN, SUPPORTED

NOMINAL = 0.9
"""Share of the trusted pairs that is to be true."""
FEWEST = 10
"""Independent supported pairs of a twin from which shares are told."""
INTERVAL = 0.9
"""Share of the intervals that are to hold the truth."""
FURTHEST = 3.0
"""Logarithm of a bound over what it may be, beyond which it does not matter how far it is."""
SHRUNK_BOUNDS, SHRUNK_METHODS, SHRUNK_BASE = 1.0, 10.0, 0.01
"""Precisions of the normal priors on the slopes, on what is added for a method, and on the rest."""
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
    weights : (3 + m,) array
        Of 1, the two bounds and each method, in the logit of the chance.
    covariance : (3 + m, 3 + m) array
        Of `weights`, from how systems differ: pairs of one system are no independent evidence.
    """

    pairs: pd.DataFrame
    methods: tuple[str, ...]
    weights: NDArray[np.float64]
    covariance: NDArray[np.float64]

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
                "the twin says of no pair whether it is true: run its suite, whose recipes need "
                "[trials] held_out, to the end"
            )
        errors = known[["eigenvalue_defect", "exact_error"]].max(axis=1)
        known = known.assign(error=errors).reset_index(drop=True)
        methods = tuple(sorted(known["method"].unique()))
        x, y = _regressors(known, methods), known["true"].to_numpy(float)
        systems = np.asarray(known.groupby(SYSTEM).ngroup(), dtype=np.intp)
        return cls(known, methods, *_fitted(x, y, systems))

    @property
    def independent(self) -> int:
        """Supported pairs of the twin, each eigenvalue of a system counted once."""
        supported = self.pairs[self.pairs["verdict"] == SUPPORTED]
        return len(np.unique(_distinct(supported)))

    def chances(self, pairs: pd.DataFrame) -> NDArray[np.float64]:
        """(P, 3) that pairs with these bounds are true: likeliest, lowest, highest."""
        x = _regressors(pairs, self.methods)
        logit = x @ self.weights
        systems = len(self.pairs.groupby(SYSTEM))
        within = t.ppf((1.0 + INTERVAL) / 2.0, max(systems - 1, 1))
        apart = within * np.sqrt(np.einsum("pi,ij,pj->p", x, self.covariance, x))
        return expit(np.stack([logit, logit - apart, logit + apart], axis=1))

    def errors(self, pairs: pd.DataFrame) -> NDArray[np.float64]:
        """(P,) median relative error of λ over the pairs of the twin that are most like each.

        Those of its method with the nearest chances; if it has fewer than NEIGHBOURS, of all.
        """
        own, asked = self.chances(self.pairs)[:, 0], self.chances(pairs)[:, 0]
        error, found = self.pairs["error"].to_numpy(float), np.empty(len(pairs))
        places = self.pairs.groupby("method").indices
        for row, (method, chance) in enumerate(zip(pairs["method"], asked, strict=True)):
            among = places.get(method, np.empty(0, int))
            if len(among) < NEIGHBOURS:
                among = np.arange(len(own))
            near = np.argsort(np.abs(own[among] - chance), kind="stable")[:NEIGHBOURS]
            found[row] = np.median(error[among[near]])
        return found

    def trusted(self, pairs: pd.DataFrame, nominal: float = NOMINAL) -> NDArray[np.bool_]:
        """(P,) the largest set of likeliest pairs of which this share is true, as expected."""
        chance = self.chances(pairs)[:, 0]
        counted = np.sort(chance[(pairs["eigenvalue_im"] >= 0.0).to_numpy() & _told(pairs)])[::-1]
        expected = np.cumsum(counted) / np.arange(1, len(counted) + 1)
        enough = np.flatnonzero(expected >= nominal)
        if not len(enough):
            return np.zeros(len(pairs), bool)
        return (chance >= counted[enough[-1]]) & _told(pairs)

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
                true = system["true"].to_numpy(float)
                for row, nominal in enumerate(NOMINALS):
                    kept = others.trusted(system, nominal)
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
        With `share_true`, `share_low` and `share_high`: the share of pairs of this method with
        bounds like these that is true on the twin, and its interval; `twin_error`: the median
        relative error of their eigenvalues; `trusted`: whether the pair is in the largest set of
        which 90 % is expected to be true. Constants, of which no twin is needed, have none; if the
        twin has fewer than `FEWEST` independent supported pairs, no pair has any, and none is
        trusted.

    Raises
    ------
    ValueError
        If the truth of no pair of the twin is known.
    """
    learnt = Calibration.of(tables["verdicts"])
    enough = learnt.independent >= FEWEST
    told = _told(pairs) & enough
    chances = np.where(told[:, None], learnt.chances(pairs), np.nan)
    return pairs.assign(
        share_true=chances[:, 0],
        share_low=chances[:, 1],
        share_high=chances[:, 2],
        twin_error=np.where(told, learnt.errors(pairs), np.nan),
        trusted=learnt.trusted(pairs) & enough,
    )


def _told(pairs: pd.DataFrame) -> NDArray[np.bool_]:
    """Which have bounds: constants and functions that are not finite have none."""
    bounds = pairs[["eigenvalue_bound", "function_bound"]]
    return bounds.notna().all(axis=1).to_numpy()


def _regressors(pairs: pd.DataFrame, methods: tuple[str, ...]) -> NDArray[np.float64]:
    """(P, 3 + m): 1, the bounds over what they may be, and the method."""
    within = {"eigenvalue_bound": EIGENVALUE_WITHIN, "function_bound": FUNCTION_WITHIN}
    with np.errstate(divide="ignore", over="ignore"):
        bounds = [pairs[name].to_numpy(float) / allowed for name, allowed in within.items()]
        far = [np.log(np.nan_to_num(one, nan=np.inf)).clip(-FURTHEST, FURTHEST) for one in bounds]
    of_method = pairs["method"].to_numpy()[:, None] == np.array(methods, dtype=object)
    return np.column_stack([np.ones(len(pairs)), *far, of_method.astype(float)])


def _fitted(
    x: NDArray[np.float64], y: NDArray[np.float64], clusters: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Likeliest weights of a logistic model, and their covariance over clusters (Huber 1967)."""
    count = x.shape[1] - 3
    prior = np.array([SHRUNK_BASE, SHRUNK_BOUNDS, SHRUNK_BOUNDS, *[SHRUNK_METHODS] * count])
    weights = np.zeros(x.shape[1])
    for _ in range(STEPS):
        chance = expit(x @ weights)
        curvature = (x * (chance * (1.0 - chance))[:, None]).T @ x + np.diag(prior)
        step = np.linalg.solve(curvature, x.T @ (y - chance) - prior * weights)
        weights = weights + step.clip(-MOST_STEP, MOST_STEP)
        if np.abs(step).max() < SMALLEST_STEP:
            break
    groups = clusters.max() + 1
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
        found = list[complex]()
        for row in rows:
            near = [
                place
                for place, value in enumerate(found)
                if abs(values[row] - value) <= EIGENVALUE_WITHIN * abs(value)
            ]
            if not near:
                found.append(complex(values[row]))
            numbers[row] = last + (near[0] if near else len(found) - 1)
        last += len(found)
    return numbers


def _interval(share: float, count: int) -> tuple[float, float]:
    """That of Jeffreys for a share of so many independent pairs."""
    if not count:
        return np.nan, np.nan
    true, tail = share * count, (1.0 - INTERVAL) / 2.0
    low, high = beta.ppf([tail, 1.0 - tail], true + 0.5, count - true + 0.5)
    return (0.0 if share == 0.0 else float(low)), (1.0 if share == 1.0 else float(high))
