"""What the templates print: texts, each with its exact value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis import columns, numbers
from koopmark.analysis.columns import Column
from koopmark.analysis.conditions import Conditions
from koopmark.analysis.leaderboard import ALL, Leaderboard
from koopmark.analysis.measure import classes
from koopmark.analysis.numbers import listed, percent, plain, plural
from koopmark.analysis.sentences import AUTHORS, OURS, left_out, verdict, versus, written
from koopmark.pages.web import TableCell, score_cell

BOARD_SCORES = {column.key: column for column in (columns.DIGITS, columns.SECONDS)}


@dataclass(frozen=True)
class MethodRow:
    """A row of a table of methods; `fit` is the one that its name leads to, if any."""

    method: str
    role: str
    cells: tuple[TableCell, ...]
    library: str = ""
    fit: str = ""
    place: str = ""
    status: str = ""
    failed: bool = False
    marks: tuple[str, ...] = ()
    """What else a reader of a ranking has to know of the method."""


@dataclass(frozen=True)
class Known:
    """What a row of a method needs beside its numbers: its library, its role, a fit."""

    libraries: Mapping[str, str]
    roles: Mapping[str, str]
    fits: Mapping[tuple[str, str], str]
    """The `fit_id` of each dataset and method: the first that failed, or else the first."""

    @classmethod
    def of(cls, fits: pd.DataFrame) -> "Known":
        """From fits.csv."""
        failed_first = fits.sort_values("status", key=lambda ended: ended == "ok", kind="stable")
        first = failed_first.drop_duplicates(["dataset", "method"])
        keys = zip(first["dataset"], first["method"], strict=True)
        return cls(
            dict(zip(fits["method"], fits["library"], strict=True)),
            dict(zip(fits["method"], fits["role"], strict=True)),
            dict(zip(keys, first["fit_id"], strict=True)),
        )

    def row(
        self, method: str, cells: Iterable[TableCell], marks: tuple[str, ...] = (), **more: Any
    ) -> MethodRow:
        """The row of a method with these cells; one of ours is marked in every table."""
        role, library = self.roles[method], self.libraries[method]
        if library == OURS and role == "method":
            marks += (AUTHORS,)
        return MethodRow(method, role, tuple(cells), library, marks=marks, **more)


def grids(
    summary: pd.DataFrame,
    datasets: list[str],
    scores: list[Column],
    order: Iterable[str],
    known: Known,
) -> dict[str, list[MethodRow]]:
    """By score one row per method, in this order, and one cell per dataset."""
    summary = summary[summary["dataset"].isin(datasets)]
    by_method = dict(iter(summary.groupby("method", sort=False)))
    found: dict[str, list[MethodRow]] = {column.key: [] for column in scores}
    for method in order:
        if method not in by_method:
            continue
        rows = by_method[method]
        by_dataset = {row["dataset"]: row for _, row in rows.iterrows()}
        failed = bool(rows["ok"].sum() == 0)
        for column in scores:
            cells = [_grid_cell(column, by_dataset.get(name)) for name in datasets]
            found[column.key].append(known.row(method, cells, failed=failed))
    return found


def _grid_cell(column: Column, row: "pd.Series[Any] | None") -> TableCell:
    if row is None:
        return TableCell("not run", css="missing")
    cell = score_cell(column, float(row[column.key]))
    if row["ok"] == 0:
        status = row["status"].replace("_", " ")
        return TableCell(status, cell.value, css="bad", note="every fit failed")
    if row["failed"]:
        return TableCell(cell.text, cell.value, f"{cell.css} partly", row["status"])
    return cell


def cost_rows(fits: pd.DataFrame, methods: list[str], known: Known) -> list[MethodRow]:
    """Per method over all fits that succeeded: how many, median and longest time, most memory."""
    ok = dict(iter(fits[fits["status"] == "ok"].groupby("method")))
    return [
        known.row(
            method,
            [
                TableCell(f"{len(ok[method]):,}"),
                score_cell(columns.SECONDS, float(ok[method]["fit_seconds"].median())),
                score_cell(columns.SECONDS, float(ok[method]["fit_seconds"].max())),
                score_cell(columns.MEMORY, float(ok[method]["peak_memory_mb"].max())),
            ],
        )
        for method in methods
        if method in ok
    ]


def dataset_facts(fits: pd.DataFrame, targets: pd.DataFrame) -> str:
    """The size, noise, sampling and exact eigenvalues of one dataset, in a line."""
    first = fits.iloc[0]
    if pd.isna(first["n"]):
        return "The system could not be built"
    labels = list(targets["target"].unique())
    # Those marked with ≈ are nowhere called exact.
    nearly = [label for label in labels if label.startswith("≈")]
    exact = [label for label in labels if label not in nearly]
    named = {"exact eigenvalues": exact, "approximate eigenfunctions at": nearly}
    # Of a recording nobody knows the noise, or what is behind its channels.
    known, where = pd.notna(first["noise"]), Conditions.of(first)
    facts = [
        f"{plain(first['n'])} {'units' if known else 'channels'}",
        *where.facts,
        *([] if pd.isna(first["rank"]) else [f"rank {plain(first['rank'])}"]),
        f"noise {plain(first['noise'])}" if known else "noise unknown",
        where.interval(first["dt"]),
        f"{plain(first['train_trajectories'])} training trajectories",
        where.length("horizon", first["horizon"]),
        plural(fits["seed"].nunique(), "seed"),
        *(f"{name} {listed(some, most=6)}" for name, some in named.items() if some),
    ]
    return ", ".join(facts)


def failure_rows(fits: pd.DataFrame) -> list[dict[str, str]]:
    """Fits that failed or were not run, those with one method, status and reason together."""
    bad = fits[fits["status"] != "ok"]
    return [
        {
            "method": str(method),
            "library": str(rows["library"].iloc[0]),
            "fit": str(rows["fit_id"].iloc[0]),
            "status": str(status).replace("_", " "),
            "count": plural(len(rows), "fit"),
            "where": _where(rows),
            "reason": str(reason),
            "output": next((text for text in rows["output"] if text), ""),
        }
        for (method, status, reason), rows in bad.groupby(
            ["method", "status", "reason"], sort=False
        )
    ]


def note_rows(fits: pd.DataFrame, targets: pd.DataFrame) -> list[dict[str, str]]:
    """Why scores of fits that succeeded are missing, as the scorer said it; equal notes once."""
    noted = pd.concat([table[table["status"] == "ok"] for table in (fits, targets)])
    noted = noted[noted["notes"] != ""]
    return [
        {
            "note": str(note),
            "fit": str(rows["fit_id"].iloc[0]),
            "count": plural(rows["fit_id"].nunique(), "fit"),
            "methods": listed(list(rows["method"].unique()), most=3),
            "where": listed(list(rows["dataset"].unique()), most=3),
        }
        for note, rows in noted.groupby("notes", sort=False)
    ]


def _where(rows: pd.DataFrame) -> str:
    """The datasets rows come from, each with its seeds if these are not the same for all."""
    seeds = {}
    for name, some in rows.groupby("dataset", sort=False)["seed"].unique().items():
        these = ", ".join(str(int(seed)) for seed in some)
        seeds[str(name)] = f"seeds {these}" if "," in these else f"seed {these}"
    if len(set(seeds.values())) == 1:
        return f"{listed(list(seeds), most=5)}; {next(iter(seeds.values()))}"
    return listed([f"{name} ({some})" for name, some in seeds.items()], most=5)


def board_view(name: str, board: Leaderboard, known: Known) -> dict[str, Any]:
    """The leaderboard of a question: sentences, and a row per method.

    The interval, the digits that the noise allows and the comparison are there if they say
    anything.
    """
    interval, compared = bool(board.rows["low"].notna().any()), not board.compared.empty
    standing = [columns.FOUND, columns.REACH, columns.YIELD]
    if board.rows["possible"].notna().any():
        standing.insert(0, columns.POSSIBLE)
    rows = []
    for _, row in board.rows.iterrows():
        means = [
            TableCell(written(board, row[end]), numbers.exact(board.measure.in_units(row[end])))
            if np.isfinite(row[end])
            else TableCell(numbers.MISSING, css="missing", note="a problem without a result")
            for end in ("mean", *(("low", "high") if interval else ()))
        ]
        failed = int(row["failed"])
        lost = TableCell(f"{failed}/{row['fits']}", numbers.exact(failed), "bad" if failed else "")
        beside = [_beside_the_best(row)] if compared else []
        shares = [score_cell(column, float(row[column.key])) for column in standing]
        cells = [*means, *shares, lost, *beside]
        marks = ("default",) * bool(row["default"]) + _part_of_the_data(row["pairs"])
        marks += ("uses the inputs",) * bool(row["inputs"])
        rows.append(known.row(row["method"], cells, place=str(row["place"]), marks=marks))
    return {
        "name": name,
        "score": BOARD_SCORES[board.measure.score],
        "verdict": verdict(board),
        "left_out": left_out(board),
        "digits": board.measure.bounds is not None,
        "interval": interval,
        "standing": standing,
        "compared": compared,
        "rows": rows,
    }


def _beside_the_best(row: "pd.Series[Any]") -> TableCell:
    """How the method compares with the first one of its board, and how likely that is."""
    word, chance = versus(row)
    if not word:
        return TableCell(numbers.MISSING, css="missing", note="not compared")
    text = f"{word} ({columns.VERSUS_BEST.write(chance)})"
    return TableCell(text, numbers.exact(chance))


def _part_of_the_data(share: float) -> tuple[str, ...]:
    """The mark of a method whose fits used fewer snapshot pairs than most methods."""
    return (f"uses {percent(share)} of the data",) if share < ALL else ()


def miss_rows(judged: pd.DataFrame, order: Iterable[str], known: Known) -> list[MethodRow]:
    """Per method, in this order, how many targets and seeds ended in which way (`Outcome`)."""
    counts = classes(judged, ["method"])
    return [
        known.row(
            name,
            [
                TableCell(f"{count:,}", numbers.exact(count)) if count else TableCell("", "0.0")
                for count in list(counts.loc[name])
            ],
        )
        for name in order
        if name in counts.index
    ]
