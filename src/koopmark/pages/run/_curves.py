"""Which curves figures show first, and which methods' curves are drawn as one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis import columns
from koopmark.analysis.columns import Column
from koopmark.analysis.curves import SAME, alike, best_of_each
from koopmark.analysis.results import Results
from koopmark.analysis.sentences import OURS
from koopmark.analysis.sweeps import Sweep
from koopmark.analysis.tables import ROLES

SAME_SHARE = 0.005
"""Shares within which two curves are the same: tables show whole percents."""


def curves_data(run: Results) -> dict[str, Any]:
    """Of the run and of each of its sweeps the best method of each library, in the one order.

    Of each score along a sweep also the methods that are drawn as one curve.
    """
    return {
        "best": _best(run.order, run.fits),
        "sweeps": {
            sweep.name: {
                "best": _best(run.order, rows),
                "alike": {
                    column.key: _together(sweep, rows, run.order, column)
                    for column in columns.AGAINST_LEVELS
                },
            }
            for sweep, rows in run.swept
        },
    }


def _best(order: Sequence[str], rows: pd.DataFrame) -> list[str]:
    """The best method of each library among those that compete, with a result if any has one."""
    ours = rows[rows["role"] == "method"]
    ran = ours[ours["ok"] > 0 if "ok" in ours else ours["status"] == "ok"]
    there = ours if ran.empty else ran
    libraries = dict(zip(there["method"], there["library"], strict=True))
    return best_of_each([name for name in order if name in libraries], libraries)


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
