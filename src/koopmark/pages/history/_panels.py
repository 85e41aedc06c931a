"""Small multiples of the trends: a panel per target, leaderboard or kernel, a line per value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis.curves import alike
from koopmark.regression.history import PromotedRun
from koopmark.regression.trends import SCORES, SPEED, Series, news

BOARDS = "Leaderboards"
"""What stands for the dataset of boards."""

COMMIT = 7
"""Characters of a commit on an axis."""


@dataclass(frozen=True)
class Line:
    """What some methods have in common: the same value at every run."""

    methods: tuple[str, ...]
    values: tuple[float, ...]
    """Per run; NaN where there is none."""
    changes: tuple[int, ...]
    """The runs with which a new level begins."""

    @property
    def last(self) -> float:
        """The latest value; `-inf` if there is none."""
        known = [value for value in self.values if not np.isnan(value)]
        return known[-1] if known else -np.inf


Panels = dict[str, list[Line]]
"""By title."""


def panels(series: Iterable[Series], order: Sequence[str]) -> dict[tuple[str, str], Panels]:
    """By score and place (a dataset, the boards, the core's speed) the panels and their lines.

    Series that do not differ are one line, of methods in the given order. Lines are in the order in
    which they are labelled: those whose level shifted first, then the higher ones.
    """
    rank = {name: place for place, name in enumerate(order)}
    found: dict[tuple[str, str], dict[str, list[Series]]] = {}
    for one in sorted(series, key=lambda one: rank.get(one.method, len(rank))):
        place, title = _where(one)
        found.setdefault((one.score, place), {}).setdefault(title, []).append(one)
    return {
        (score, place): {title: _lines(some) for title, some in titles.items()}
        for (score, place), titles in sorted(
            found.items(), key=lambda view: SCORES.index(view[0][0])
        )
    }


def _where(one: Series) -> tuple[str, str]:
    """The place and the title of the panel of a series."""
    if one.score == SPEED:
        return SPEED, one.method
    return (one.dataset, one.target) if one.target else (BOARDS, one.dataset)


def _lines(series: Sequence[Series]) -> list[Line]:
    of = {one.method: one for one in series}
    values = pd.DataFrame([one.values for one in series], index=list(of))
    lines = [
        Line(
            tuple(group),
            of[group[0]].values,
            tuple(change.index for change in of[group[0]].changes),
        )
        # What differs at all may have changed with another run.
        for group in alike(values, within=0.0)
    ]
    return sorted(lines, key=lambda line: (not line.changes, -line.last))


def runs_of(lines: Sequence[PromotedRun], current: bool) -> list[dict[str, Any]]:
    """What the axis says of each run: its date and commit, and which versions it changed."""
    return [
        {
            "date": line.started[:10],
            "started": line.started,
            "koopmark": line.koopmark,
            "commit": line.commit,
            "short": "this run" if current and at == len(lines) - 1 else line.commit[:COMMIT],
            "news": list(news(lines[at - 1], line)) if at else [],
        }
        for at, line in enumerate(lines)
    ]


def data_of(views: Mapping[tuple[str, str], Panels]) -> list[dict[str, Any]]:
    """The panels as the page's script reads them."""
    return [
        {
            "score": score,
            "place": place,
            "panels": [
                {
                    "title": title,
                    "lines": [
                        {
                            "methods": list(line.methods),
                            "values": list(line.values),
                            "changes": list(line.changes),
                        }
                        for line in lines
                    ],
                }
                for title, lines in some.items()
            ],
        }
        for (score, place), some in views.items()
    ]
