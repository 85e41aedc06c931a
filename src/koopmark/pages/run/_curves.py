"""Which curves figures show first, and which methods' curves are drawn as one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis import columns, palette
from koopmark.analysis.columns import Column
from koopmark.analysis.curves import SAME, alike
from koopmark.analysis.results import Results
from koopmark.analysis.sentences import OURS
from koopmark.analysis.sweeps import Sweep
from koopmark.analysis.tables import ROLES
from koopmark.pages.web import dash

SAME_SHARE = 0.005
"""Shares within which two curves are the same: tables show whole percents."""


def curves_data(run: Results) -> dict[str, Any]:
    """How many curves show first and how they look; of the run and of each of its sweeps the best
    method and the best default of each library, in the one order.

    Of each score along a sweep also the methods that are drawn as one curve.
    """
    return {
        "few": palette.FEW,
        "looks": {
            "colour": palette.COLOURS,
            "symbol": palette.MARKERS,
            "dash": [dash(one) for one in palette.DASHES],
        },
        "best": _best(run, run.fits),
        "sweeps": {
            sweep.name: {
                "best": _best(run, rows),
                "alike": {
                    column.key: _together(sweep, rows, run.order, column)
                    for column in columns.AGAINST_LEVELS
                },
            }
            for sweep, rows in run.swept
        },
    }


def _best(run: Results, rows: pd.DataFrame) -> list[str]:
    """Of the methods that compete those that show first, with a result if any has one."""
    ours = rows[rows["role"] == "method"]
    ran = ours[ours["ok"] > 0 if "ok" in ours else ours["status"] == "ok"]
    return run.best_of_each((ours if ran.empty else ran)["method"])


def _together(
    sweep: Sweep, rows: pd.DataFrame, order: Sequence[str], column: Column
) -> list[list[str]]:
    """Methods of one role whose curves look the same; a library's before one of our own.

    A level at which every fit failed is not the same as one without a correct digit.
    """
    by_level = rows.set_index(["method", "dataset"])
    values, ok = (
        by_level[key].unstack().reindex(columns=sweep.datasets) for key in (column.key, "ok")
    )
    within = SAME_SHARE if column is columns.FOUND else SAME
    if column.best == "low":
        with np.errstate(divide="ignore"):
            values = values.apply(np.log10)
    ended = (ok > 0).astype(float).where(ok.notna()).add_prefix("ended ")
    curves = values.join(ended)
    facts = rows.drop_duplicates("method").set_index("method")
    groups = []
    for role in reversed(ROLES):
        mine = [name for name in order if name in facts.index and facts.loc[name, "role"] == role]
        groups += alike(curves.loc[mine], within)
    return [sorted(group, key=lambda name: facts.loc[name, "library"] == OURS) for group in groups]
