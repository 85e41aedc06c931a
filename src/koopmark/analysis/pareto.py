"""Which methods cost least for what they find: the Pareto front of a dataset or a board."""

from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis.columns import AGAINST_COST, COSTS

STEPS = {"digits": 10.0, "found": 100.0}
"""Steps in which tables show a score that is high if it is good: what they show alike is alike."""

NOTHING = 1.0
"""An error as large as what is sought."""


def front(costs: "pd.Series[float]", losses: "pd.Series[float]") -> list[Any]:
    """Those that no other beats: as cheap and with less loss, or cheaper with no more.

    Parameters
    ----------
    costs, losses : Series
        By name. Of equal ones the first is a member.

    Returns
    -------
    list
        Names, the cheapest first.
    """
    table = pd.DataFrame({"cost": costs, "loss": losses})
    ordered = table.sort_values(["cost", "loss"], kind="stable")
    before = ordered["loss"].cummin().shift(fill_value=np.inf)
    return list(ordered.index[ordered["loss"] < before])


def loss(score: str, values: "pd.Series[float]") -> "pd.Series[float]":
    """What is lost, as it is shown: less is better; no loss is known where nothing was found."""
    if score in STEPS:
        # Halves are rounded up, as pages write them.
        steps = (STEPS[score] * values + 0.5) // 1
        return -steps.where(steps > 0)
    shown = values.map(lambda value: float(f"{value:.2g}"))
    return shown.where(values < NOTHING)


def fronts(summary: pd.DataFrame) -> dict[str, dict[str, dict[str, list[str]]]]:
    """The methods of each front by dataset, cost and score, the cheapest first.

    A method of which a fit failed is no member, as its median is over the seeds that it survived,
    nor is one that is informed of the system, or found nothing.
    """
    ours = summary[(summary["role"] == "method") & (summary["ok"] > 0) & (summary["failed"] == 0)]
    lost = {column.key: loss(column.key, ours[column.key]) for column in AGAINST_COST}
    return {
        str(dataset): {
            cost.key: {
                score: _members(rows, cost.key, values.loc[rows.index])
                for score, values in lost.items()
            }
            for cost in COSTS
        }
        for dataset, rows in ours.groupby("dataset", sort=False)
    }


def _members(rows: pd.DataFrame, cost: str, lost: "pd.Series[float]") -> list[str]:
    there = (rows[cost] > 0) & lost.notna()
    return [str(rows.loc[at, "method"]) for at in front(rows.loc[there, cost], lost[there])]
