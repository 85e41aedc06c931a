"""What the page's scripts draw from: the tables of the run as they are, and how methods look."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis import columns
from koopmark.analysis.noise import worst_floors
from koopmark.analysis.summary import roles_of
from koopmark.analysis.sweeps import Sweep, shared_targets, sweep_table
from koopmark.analysis.tables import Tables
from koopmark.pages.web.styles import method_styles

AXES = {
    "noise": "noise (standard deviation, relative to the signal)",
    "dt": "sampling interval Δt (units of the decay time)",
    "horizon": "length of each trajectory (units of the decay time)",
    "trajectories": "training trajectories",
    "n": "units N",
    "rank": "rank of the weights",
    "n, rank": "units N, rank of the weights",
    "gain": "gain (spectral norm of the weights)",
}
"""Titles of the axes of sweeps whose key does not say enough."""

MOST_PAIRS = 250_000
"""Recovered eigenvalues in a page, for its size: beyond, those with the smallest residuals."""

PAIRS = ["eigenvalue_re", "eigenvalue_im", "residual", "training_residual"]
KEYS_OF_FIT = ["suite", "dataset", "seed", "method"]


def page_data(
    tables: Tables, summary: pd.DataFrame, swept: list[tuple[Sweep, pd.DataFrame]]
) -> dict[str, Any]:
    """The data of a run's page, by the names its scripts ask for them."""
    fits = tables.fits
    sized = fits.drop_duplicates("dataset").set_index("dataset")["n"]
    return {
        "methods": methods_data(fits),
        "fits": fits,
        "targets": tables.targets.drop(columns=KEYS_OF_FIT),
        "eigenpairs": pairs_data(fits, tables.eigenpairs),
        "summary": summary.assign(n=summary["dataset"].map(sized)),
        "sweeps": sweeps_data(swept, tables.targets),
        "columns": {
            column.key: {"title": column.title, "meaning": column.meaning, "shaded": column.shaded}
            for column in [
                *columns.SUMMARY,
                *columns.TARGETS,
                *columns.UNDER_NOISE,
            ]
        },
        "run": run_data(tables.provenance),
    }


def run_data(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What it takes to do one fit again: the suite, and what it is that a name in it stands for."""
    listed = provenance.get("methods")
    entries = (
        [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    )
    return {
        "suite": str(provenance.get("suite_argument", provenance.get("suite", ""))),
        "uses": {str(entry.get("name", "")): str(entry.get("use", "")) for entry in entries},
    }


def methods_data(fits: pd.DataFrame) -> dict[str, Any]:
    """How each method looks, its library and its role; in the order of the legends."""
    libraries = dict(zip(fits["method"], fits["library"], strict=True))
    roles = roles_of(fits)
    return {
        name: {**asdict(style), "library": libraries[name], "role": roles[name]}
        for name, style in method_styles(roles).items()
    }


def pairs_data(fits: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """The recovered eigenpairs fit by fit: columns, and where in them each row of fits has its own.

    `left_out` counts those that are not in the page.
    """
    place = pd.Series(np.arange(len(fits)), index=fits["fit_id"].to_numpy())
    place = place[~place.index.duplicated()]
    at = pairs["fit_id"].map(place)
    kept = pairs.assign(fit=at)[at.notna()]
    if len(kept) > MOST_PAIRS:
        kept = kept.sort_values("residual", kind="stable").head(MOST_PAIRS)
    kept = kept.sort_values(["fit", "index"], kind="stable")
    counts = np.bincount(kept["fit"].to_numpy(dtype=int), minlength=len(fits))
    return {
        "start": np.concatenate([[0], np.cumsum(counts)]),
        "left_out": len(pairs) - len(kept),
        **{name: kept[name].to_numpy(dtype=float) for name in PAIRS},
    }


def sweeps_data(swept: list[tuple[Sweep, pd.DataFrame]], targets: pd.DataFrame) -> dict[str, Any]:
    """sweeps.csv, and how each sweep's axis is drawn."""
    if not swept:
        return {"axes": {}, "rows": {}}
    axes = {
        sweep.name: {
            "title": AXES.get(sweep.axis, sweep.axis),
            "log": sweep.scale == "log",
            "positions": sweep.positions,
            "texts": sweep.texts,
            "datasets": sweep.datasets,
            **_own_residuals(sweep, targets),
            **_statistical_floors(sweep, targets),
        }
        for sweep, _ in swept
    }
    return {"axes": axes, "rows": sweep_table(swept)}


def _own_residuals(sweep: Sweep, targets: pd.DataFrame) -> dict[str, list[float | None]]:
    """Residual of the targets themselves at each level, and its bound; none where all are exact."""
    levels = targets.groupby("dataset")[["target_residual", "residual_bound"]].median()
    levels = levels.reindex(list(sweep.datasets))
    if not (levels["residual_bound"] > 0).any():
        return {}
    return _lines(levels)


def _statistical_floors(sweep: Sweep, targets: pd.DataFrame) -> dict[str, list[float | None]]:
    """What noise allows at the worst target of each level; none where nothing is known of it."""
    levels = worst_floors(shared_targets(sweep, targets)).reindex(list(sweep.datasets))
    return _lines(levels) if levels.notna().to_numpy().any() else {}


def _lines(levels: pd.DataFrame) -> dict[str, list[float | None]]:
    """Each column as numbers for a logarithmic axis, None where there is none."""
    drawn = levels.where(np.isfinite(levels) & (levels > 0)).astype(object)
    return {
        str(key): [None if pd.isna(value) else float(value) for value in drawn[key]]
        for key in drawn
    }
