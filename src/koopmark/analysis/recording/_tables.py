"""The tables of an analysis, from those of its fits."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis.numbers import listed
from koopmark.analysis.recording._clusters import cluster
from koopmark.analysis.recording._intervals import FEWEST_DRAWS, Intervals
from koopmark.datasets.measured import Measured
from koopmark.datasets.recording import BLOCKS
from koopmark.datasets.statements import statements

PAIRS = [
    *("method", "library", "index", "eigenvalue_re", "eigenvalue_im", "verdict", "reason"),
    *("residual", "floor", "floor_low", "floor_high", "noise_share"),
    *("eigenvalue_bound", "function_bound", "low_re", "high_re", "low_im", "high_im"),
    *("draws_found", "cluster"),
]
METHODS = [
    *("method", "library", "status", "reason", "pairs", "supported", "pairs_used", "of", "note"),
    *("fit_seconds", "forecast_error"),
]
MOST_LOST = 0.5
"""Share of the draws that a method must be fitted to, and more, for it to have intervals."""
LEFT_OUT = "left out"
"""Status of a method that was not fitted since the data are too many or too few for it."""


def fits_of(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Fits of methods to the training trials: neither to draws of them, nor of anchors."""
    fits = tables["fits"]
    return fits[(fits["seed"] == 0) & (fits["role"] != "anchor")].reset_index(drop=True)


def pairs_and_clusters(tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row for each pair that a method recovered from the trials, and one for each cluster."""
    fits = fits_of(tables)
    done = fits[fits["status"] == "ok"]
    verdicts = tables["verdicts"]
    own = verdicts[(verdicts["seed"] == 0) & verdicts["method"].isin(done["method"])]
    pairs = own.merge(fits[["method", "library"]], on="method", how="left")
    pairs = pairs.reset_index(drop=True)
    horizon = float(done["horizon"].max()) if len(done) else 0.0
    for name in ("low_re", "high_re", "low_im", "high_im", "draws_found"):
        pairs[name] = np.nan
    drawn = tables["eigenpairs"]
    drawn = drawn[drawn["seed"] > 0]
    draws = {
        method: [_eigenvalues(one) for _, one in of.groupby("seed")]
        for method, of in drawn.groupby("method")
    }
    for fit in done.to_dict("records"):
        rows = np.flatnonzero(pairs["method"] == fit["method"])
        found = Intervals.of(
            _eigenvalues(pairs.iloc[rows]),
            draws.get(fit["method"], []),
            _drawn_anew(fit),
            float(fit["horizon"]),
        )
        pairs.loc[rows, "low_re"], pairs.loc[rows, "high_re"] = found.low.real, found.high.real
        pairs.loc[rows, "low_im"], pairs.loc[rows, "high_im"] = found.low.imag, found.high.imag
        pairs.loc[rows, "draws_found"] = found.found
    clusters, names = cluster(pairs, horizon, len(done))
    pairs["cluster"] = names
    return pairs[PAIRS], clusters


def _eigenvalues(rows: pd.DataFrame) -> np.ndarray:
    return (rows["eigenvalue_re"] + 1j * rows["eigenvalue_im"]).to_numpy(complex)


def _drawn_anew(fit: Mapping[Hashable, Any]) -> int:
    """Of how many things draws consist: trials, or blocks of time of a single one."""
    if (trials := int(fit["train_trajectories"])) > 1:
        return trials
    return min(BLOCKS, round(fit["horizon"] / fit["dt"] + 1) // 2)


def methods_of(
    tables: dict[str, pd.DataFrame], left_out: pd.DataFrame | None = None
) -> pd.DataFrame:
    """A row for each method: how its fit ended, what of the data it used, what it found.

    Then those that were `left_out`: a `method` and a `reason` each.
    """
    fits = fits_of(tables)
    table = fits.rename(
        columns={"recovered": "pairs", "verified": "supported", "pairs": "of", "notes": "note"}
    )
    table = table[METHODS]
    if left_out is None or left_out.empty:
        return table
    libraries = left_out["method"].str.partition(".")[0]
    rows = left_out.assign(library=libraries, status=LEFT_OUT, note="")
    return pd.concat([table, rows.reindex(columns=METHODS)], ignore_index=True)


def data_of(measured: Measured, draws: int, usual: int) -> pd.DataFrame:
    """What was measured of the data, and what it means for what follows.

    With a row for the number of draws, if there are fewer than usual.
    """
    table = pd.DataFrame(statements(measured), columns=["what", "value", "meaning"])
    if draws < usual:
        table.loc[len(table)] = ["draws", str(draws), _of_draws(draws, usual)]
    return table


def _of_draws(draws: int, usual: int) -> str:
    if draws < FEWEST_DRAWS:
        return f"There are no intervals: they need {FEWEST_DRAWS} draws of the trials."
    return (
        f"Methods were fitted to {draws} draws of the trials instead of {usual}: intervals are "
        "wider, and contain the eigenvalue as often."
    )


def without_intervals(tables: dict[str, pd.DataFrame]) -> str:
    """Which methods have no intervals since they could not be fitted to most draws, and why.

    Empty if there are none.
    """
    fits, own = tables["fits"], fits_of(tables)
    done = own.loc[own["status"] == "ok", "method"]
    drawn = fits[(fits["seed"] > 0) & fits["method"].isin(done)]
    ok = (drawn["status"] == "ok").groupby(drawn["method"]).mean()
    lost = [name for name in done if ok.get(name, 1.0) <= MOST_LOST]
    if not lost:
        return ""
    bad = drawn[drawn["method"].isin(lost) & (drawn["status"] != "ok")]
    reason = str(bad["reason"].mode().iloc[0]).rstrip(".")
    single = (
        " A draw of a single trial consists of blocks of time, which are short: a method that "
        "takes a window of many states may not fit into them."
        if int(own["train_trajectories"].max()) == 1
        else ""
    )
    return (
        f"There are no intervals for {listed(lost, 3)}, because most fits to draws gave no result. "
        f"Most frequent reason: “{reason}”.{single}"
    )
