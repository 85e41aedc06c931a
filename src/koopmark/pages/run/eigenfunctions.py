"""What the page draws of eigenfunctions: exact values once, each method by what it is off by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.store import POINTS, PREFIX

MOST_NUMBERS = 600_000
"""Numbers in a page, for its size: about four bytes each."""

PLACES = ("part", "trajectory", "time", "i", "j", "x_i", "x_j")
"""Where a point is."""

KEYS = list(POINTS)[: list(POINTS).index("part")]


@dataclass(frozen=True)
class Choices:
    """What there is to choose from in the page, and how much more the file has."""

    datasets: list[str]
    targets: list[str]
    methods: list[str]
    seeds: list[str]
    drawn: int
    in_all: int


def eigenfunctions_data(points: pd.DataFrame, most: int = MOST_NUMBERS) -> list[dict[str, Any]]:
    """The exact functions of a run, each with its methods, as many as a page may hold.

    Whole seeds as long as they fit, the first seed first, and of a seed the first targets of all
    datasets before the second ones.
    """
    frames = list(_frames(points))
    seeds = sorted({frame["seed"] for frame in frames})
    rank: dict[tuple[str, float], dict[float, int]] = {}
    for frame in frames:
        of_dataset = rank.setdefault((frame["dataset"], frame["seed"]), {})
        of_dataset.setdefault(frame["target_index"], len(of_dataset))

    def level(frame: dict[str, Any]) -> tuple[int, int]:
        mine = rank[frame["dataset"], frame["seed"]]
        return seeds.index(frame["seed"]), mine[frame["target_index"]]

    kept: list[dict[str, Any]] = []
    for step in sorted({level(frame) for frame in frames}):
        wanted = [frame for frame in frames if level(frame) == step]
        cost = sum(map(_numbers, wanted))
        if cost > most:
            # Not even the first targets of all datasets: as many datasets as there is room for.
            kept += _leading(wanted, most) if not kept else []
            break
        kept += wanted
        most -= cost
    return kept


def choices(points: pd.DataFrame, drawn: Sequence[dict[str, Any]], order: list[str]) -> Choices:
    """The options of the pickers; methods in the given order, others after them."""
    found = dict.fromkeys(name for frame in drawn for name in frame["methods"])
    angles = points.loc[points["part"] == "angle", _columns(points)]
    return Choices(
        list(dict.fromkeys(frame["dataset"] for frame in drawn)),
        list(dict.fromkeys(frame["target"] for frame in drawn)),
        [name for name in dict.fromkeys([*order, *found]) if name in found],
        [f"{seed:g}" for seed in sorted({frame["seed"] for frame in drawn})],
        sum(len(frame["methods"]) for frame in drawn),
        int(angles.notna().to_numpy().sum()),
    )


def _leading(frames: list[dict[str, Any]], most: int) -> Iterator[dict[str, Any]]:
    for frame in frames:
        most -= _numbers(frame)
        if most < 0:
            return
        yield frame


def _numbers(frame: dict[str, Any]) -> int:
    values = [frame, *frame["methods"].values()]
    return len(frame["re"]) * sum(1 + ("im" in value) for value in values)


def _columns(points: pd.DataFrame) -> list[str]:
    return [str(name) for name in points.columns if str(name).startswith(PREFIX)]


def _frames(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One after another: each ends with the row of its angles."""
    columns = _columns(points)
    values = points[["exact", *columns]].to_numpy(dtype=float)
    places = {name: points[name].to_numpy() for name in (*KEYS, *PLACES)}
    component = points["component"].to_numpy()
    start = 0
    for end in np.flatnonzero(places["part"] == "angle"):
        rows = np.arange(start, end)
        real, imaginary = (rows[component[rows] == name] for name in ("re", "im"))
        if len(real):
            there = np.flatnonzero(~np.isnan(values[end, 1:])) + 1
            yield {
                **{name: places[name][real[0]] for name in KEYS},
                **{name: places[name][real] for name in PLACES},
                **_parts(values[:, 0], real, imaginary),
                "methods": {
                    columns[k - 1].removeprefix(PREFIX): {
                        "angle": values[end, k],
                        **_parts(values[:, k], real, imaginary),
                    }
                    for k in there
                },
            }
        start = int(end) + 1


def _parts(column: NDArray, real: NDArray, imaginary: NDArray) -> dict[str, NDArray]:
    """Real and, unless it is 0, imaginary part of a column."""
    im = column[imaginary]
    return {"re": column[real], **({"im": im} if np.nan_to_num(im).any() else {})}
