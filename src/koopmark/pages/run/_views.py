"""What the templates print: text beside the exact value it stands for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis import columns, numbers
from koopmark.analysis.columns import Column
from koopmark.analysis.leaderboard import ALL, Leaderboard
from koopmark.analysis.measure import Outcome, classes, problems
from koopmark.analysis.numbers import listed, percent, plain, plural
from koopmark.analysis.sentences import AUTHORS, OURS, left_out, verdict, versus, written
from koopmark.analysis.tables import ROLES
from koopmark.analysis.targets import FLOORS, target_names, times_floor
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
    summary: pd.DataFrame, datasets: list[str], scores: list[Column], known: Known
) -> dict[str, list[MethodRow]]:
    """By score one row per method, one cell per dataset; most digits over all problems first.

    What does not compete is on top.
    """
    summary = summary[summary["dataset"].isin(datasets)]
    by_method = summary.groupby("method", sort=False)
    over_datasets = summary.groupby([summary["method"], problems(summary["dataset"])])["digits"]
    order = pd.DataFrame(
        {
            "role": by_method["role"].first().map(ROLES.index),
            "never_ok": by_method["ok"].sum() == 0,
            "digits": -over_datasets.mean().groupby(level="method").mean(),
        }
    ).sort_values(["role", "never_ok", "digits"], kind="stable")
    found: dict[str, list[MethodRow]] = {column.key: [] for column in scores}
    for method in order.index:
        rows = by_method.get_group(method)
        by_dataset = {row["dataset"]: row for _, row in rows.iterrows()}
        for column in scores:
            cells = [_grid_cell(column, by_dataset.get(name)) for name in datasets]
            failed = bool(rows["ok"].sum() == 0)
            found[column.key].append(known.row(str(method), cells, failed=failed))
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


def ranking_rows(summary: pd.DataFrame, known: Known) -> list[MethodRow]:
    """All scores of one dataset's rows of the summary, in their order."""
    return [
        known.row(
            row["method"],
            [score_cell(column, float(row[column.key])) for column in columns.SUMMARY],
            fit=known.fits[row["dataset"], row["method"]],
            place="" if pd.isna(row["place"]) else str(row["place"]),
            status=row["status"].replace("_", " "),
            failed=bool(row["ok"] == 0),
        )
        for _, row in summary.iterrows()
    ]


def target_columns(targets: pd.DataFrame) -> list[Column]:
    """The columns of `target_rows`: with the statistical floors where there are any."""
    known = targets[list(FLOORS.values())].notna().to_numpy().any()
    return [*columns.TARGETS, *(columns.UNDER_NOISE if known else [])]


def target_rows(
    targets: pd.DataFrame, summary: pd.DataFrame, known: Known
) -> list[tuple[str, list[MethodRow]]]:
    """Per target of one dataset: medians over seeds by method, in the summary's order."""
    shown = target_columns(targets)
    keys = [column.key for column in columns.TARGETS] + list(FLOORS.values())
    named = targets.assign(name=target_names(targets)).sort_values("target_index", kind="stable")
    ok = named[named["status"] == "ok"]
    tables = []
    for name in named["name"].drop_duplicates():
        mine = ok[ok["name"] == name]
        scores = mine.groupby("method")[keys].median()
        for error in FLOORS:
            times = times_floor(mine, error).set_index("method")["times"]
            scores[f"{error}_times"] = times.reindex(scores.index)
        rows = [
            known.row(
                method,
                [score_cell(column, float(scores.loc[method, column.key])) for column in shown],
            )
            for method in summary["method"]
            if method in scores.index
        ]
        tables.append((str(name), rows))
    return tables


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
        return "The system could not be made"
    labels = list(targets["target"].unique())
    # Those marked with ≈ are nowhere called exact.
    nearly = [label for label in labels if label.startswith("≈")]
    exact = [label for label in labels if label not in nearly]
    named = {"exact eigenvalues": exact, "eigenfunctions only nearly, at": nearly}
    facts = [
        f"{plain(first['n'])} units",
        *([] if pd.isna(first["rank"]) else [f"rank {plain(first['rank'])}"]),
        f"noise {plain(first['noise'])}",
        f"Δt = {plain(first['dt'])}",
        f"{plain(first['train_trajectories'])} training trajectories",
        f"horizon {plain(first['horizon'])}",
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
    """Why scores of fits that succeeded are missing, as the scorer said it."""
    libraries = dict(zip(fits["method"], fits["library"], strict=True))
    noted = pd.concat([table[table["status"] == "ok"] for table in (fits, targets)])
    noted = noted[noted["notes"] != ""]
    return [
        {
            "method": str(method),
            "library": libraries.get(method, ""),
            "fit": str(rows["fit_id"].iloc[0]),
            "where": _where(rows),
            "note": str(note),
        }
        for (method, note), rows in noted.groupby(["method", "notes"], sort=False)
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
            else TableCell(numbers.MISSING, css="missing", note="no result on some problem")
            for end in ("mean", *(("low", "high") if interval else ()))
        ]
        failed = int(row["failed"])
        lost = TableCell(f"{failed}/{row['fits']}", numbers.exact(failed), "bad" if failed else "")
        beside = [_beside_the_best(row)] if compared else []
        shares = [score_cell(column, float(row[column.key])) for column in standing]
        cells = [*means, *shares, lost, *beside]
        marks = ("default",) * bool(row["default"]) + _part_of_the_data(row["pairs"])
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
    """What the method is beside the first one of its board, and how likely that is."""
    word, chance = versus(row)
    if not word:
        return TableCell(numbers.MISSING, css="missing", note="not compared")
    text = f"{word} ({columns.VERSUS_BEST.write(chance)})"
    return TableCell(text, numbers.exact(chance))


def _part_of_the_data(share: float) -> tuple[str, ...]:
    """The mark of a method whose fits used less than all snapshot pairs."""
    return (f"uses {percent(share)} of the data",) if share < ALL else ()


def miss_rows(judged: pd.DataFrame, known: Known) -> list[MethodRow]:
    """Per method how many targets and seeds ended in which way (`Outcome`)."""
    counts = classes(judged, ["method"])
    order = sorted(counts.index, key=lambda name: ROLES.index(known.roles[name]))
    return [
        known.row(
            name,
            [
                TableCell(f"{count:,}", numbers.exact(count)) if count else TableCell("", "0.0")
                for count in counts.loc[name, [str(outcome) for outcome in Outcome]].tolist()
            ],
        )
        for name in order
    ]
