"""What the page draws of eigenfunctions: exact values once, each method by what it is off by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from koopmark.suite.portraits import POINTS, PREFIX

MOST_NUMBERS = 600_000
"""Numbers in a page, for its size: about four bytes each."""

KEYS = ["dataset", "seed", "target", "target_eigenvalue_re", "target_eigenvalue_im"]


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
    rank: dict[tuple[str, float], dict[str, int]] = {}
    for frame in frames:
        of_dataset = rank.setdefault((frame["dataset"], frame["seed"]), {})
        of_dataset.setdefault(frame["target"], len(of_dataset))

    def level(frame: dict[str, Any]) -> tuple[int, int]:
        mine = rank[frame["dataset"], frame["seed"]]
        return seeds.index(frame["seed"]), mine[frame["target"]]

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
    return Choices(
        list(dict.fromkeys(frame["dataset"] for frame in drawn)),
        list(dict.fromkeys(frame["target"] for frame in drawn)),
        [name for name in dict.fromkeys([*order, *found]) if name in found],
        [f"{seed:g}" for seed in sorted({frame["seed"] for frame in drawn})],
        sum(len(frame["methods"]) for frame in drawn),
        sum(len(frame["methods"]) for frame in _frames(points)),
    )


def _leading(frames: list[dict[str, Any]], most: int) -> Iterator[dict[str, Any]]:
    for frame in frames:
        most -= _numbers(frame)
        if most < 0:
            return
        yield frame


def _numbers(frame: dict[str, Any]) -> int:
    return len(frame["re"]) * (1 + len(frame["methods"])) * (1 + ("im" in frame))


def _frames(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One after another: each ends with the row of its angles."""
    ends = (points["part"] == "angle").to_numpy().nonzero()[0]
    start = 0
    for end in ends:
        rows = points.iloc[start:end]
        if len(rows):
            yield _frame(rows, points.iloc[end])
        start = int(end) + 1


def _frame(rows: pd.DataFrame, angles: "pd.Series[Any]") -> dict[str, Any]:
    real, imaginary = (rows[rows["component"] == name] for name in ("re", "im"))
    first = real.iloc[0]
    columns = [str(name) for name in rows.columns if str(name).startswith(PREFIX)]
    methods = [name.removeprefix(PREFIX) for name in columns if not pd.isna(angles[name])]
    frame: dict[str, Any] = {
        **{name: first[name] for name in KEYS},
        **{name: real[name].to_numpy() for name in POINTS if name in PLACES},
        "re": real["exact"].to_numpy(),
    }
    if len(imaginary):
        frame["im"] = imaginary["exact"].to_numpy()
    frame["methods"] = {
        name: {
            "angle": float(angles[PREFIX + name]),
            "re": real[PREFIX + name].to_numpy(),
            **({"im": imaginary[PREFIX + name].to_numpy()} if len(imaginary) else {}),
        }
        for name in methods
    }
    return frame


PLACES = ("part", "trajectory", "time", "i", "j", "x_i", "x_j")
"""Where a point is."""
