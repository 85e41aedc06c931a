"""The sweeps of a run: one recipe at several levels, and each method's scores along them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from koopmark.analysis.columns import AGAINST_LEVELS
from koopmark.analysis.curves import QUARTILES, digits_along, quartiles
from koopmark.analysis.summary import summarise
from koopmark.analysis.tables import TARGET_KEYS
from koopmark.analysis.targets import same_eigenvalue

Scale = Literal["log", "linear", "category"]

SCORES = [column.key for column in AGAINST_LEVELS if column.table == "fits"]
"""Scores of fits that are drawn along sweeps."""

WIDE = 20.0
"""Levels whose largest exceeds the smallest above zero by this factor go on a logarithmic axis."""


@dataclass(frozen=True)
class Sweep:
    """Datasets of one family, in the order of their levels in the suite."""

    name: str
    axis: str
    datasets: tuple[str, ...]
    levels: tuple[float, ...]
    texts: tuple[str, ...]

    @property
    def scale(self) -> Scale:
        """Categories unless the levels are distinct numbers; logarithmic where they span much."""
        levels = np.array(self.levels)
        if np.isnan(levels).any() or len(set(self.levels)) < len(levels):
            return "category"
        positive = levels[levels > 0]
        wide = len(positive) > 1 and positive.max() >= WIDE * positive.min()
        return "log" if wide and (levels >= 0).all() else "linear"

    @property
    def positions(self) -> list[float]:
        """Each level's place on its axis; zero is a decade below the smallest positive level."""
        if self.scale == "category":
            return [float(place) for place in range(len(self.levels))]
        if self.scale == "linear":
            return list(self.levels)
        least = min(level for level in self.levels if level > 0)
        return [level if level > 0 else least / 10 for level in self.levels]


def sweeps(fits: pd.DataFrame) -> list[Sweep]:
    """The families of fits.csv that have at least two levels."""
    swept = fits[fits["family"] != ""].drop_duplicates("dataset")
    return [
        Sweep(
            str(name),
            str(rows["axis"].iloc[0]),
            tuple(rows["dataset"]),
            tuple(rows["level"].astype(float)),
            tuple(rows["level_text"]),
        )
        for name, rows in swept.groupby("family", sort=False)
        if len(rows) > 1
    ]


def sweep_summary(
    sweep: Sweep, fits: pd.DataFrame, targets: pd.DataFrame, judged: pd.DataFrame
) -> pd.DataFrame:
    """The summary of a sweep's fits (see `summarise`), by the targets all of its levels ask for.

    With the band of each score that is drawn: `digits_q25` and `digits_q75` as `digits_along` says,
    and the quartiles of the scores of fits over the seeds whose fit succeeded.
    """
    shared = shared_targets(sweep, targets)[TARGET_KEYS]
    mine = fits[fits["dataset"].isin(sweep.datasets)]
    asked = judged.merge(shared, on=TARGET_KEYS)
    summary = summarise(mine, asked)
    ok = mine[mine["status"] == "ok"]
    of_digits = digits_along(asked, {name: name for name in sweep.datasets})
    bands = {
        "digits": of_digits[["low", "high"]].set_axis(list(QUARTILES), axis=1),
        **{score: quartiles(ok[score], [ok["method"], ok["dataset"]]) for score in SCORES},
    }
    at = pd.MultiIndex.from_frame(summary[["method", "dataset"]])
    columns = {
        f"{score}_{name}": band[name].reindex(at).to_numpy()
        for score, band in bands.items()
        for name in QUARTILES
    }
    return summary.assign(**columns)


def shared_targets(sweep: Sweep, targets: pd.DataFrame) -> pd.DataFrame:
    """The rows of targets.csv of a sweep whose targets all of its levels ask for.

    The worst of three targets at one level says nothing beside the worst of one at another. Targets
    are told apart by their eigenvalue to rounding, whatever its multiplicity; where the levels
    share none, the rows of all are returned.
    """
    mine = targets[targets["dataset"].isin(sweep.datasets)]
    asked_by = mine.groupby(["seed", same_eigenvalue(mine)])["dataset"].transform("nunique")
    shared = mine[asked_by == len(sweep.datasets)]
    complete = shared["seed"].nunique() == mine["seed"].nunique()
    return shared if complete else mine


def sweep_table(drawn: list[tuple[Sweep, pd.DataFrame]]) -> pd.DataFrame:
    """The summaries of all sweeps below one another, with the level of each row in front."""
    parts = []
    for sweep, summary in drawn:
        place = {name: index for index, name in enumerate(sweep.datasets)}
        at = summary["dataset"].map(place)
        front = pd.DataFrame(
            {
                "family": sweep.name,
                "axis": sweep.axis,
                "level": [sweep.levels[index] for index in at],
                "level_text": [sweep.texts[index] for index in at],
            }
        )
        parts.append(pd.concat([front, summary], axis=1))
    return pd.concat(parts, ignore_index=True)
