"""What the templates print: text beside the exact value it stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis import columns, numbers
from koopmark.analysis.columns import Column
from koopmark.analysis.noise import FLOORS, times_floor
from koopmark.analysis.numbers import listed, plain, plural
from koopmark.analysis.tables import ROLES
from koopmark.analysis.targets import target_names
from koopmark.pages.web.shades import shade


@dataclass(frozen=True)
class Cell:
    """A number in a table; `value` has every digit, `css` colours it, `note` explains it."""

    text: str
    value: str = ""
    css: str = ""
    note: str = ""


@dataclass(frozen=True)
class MethodRow:
    """A row of a table of methods; `fit` is the one that its name leads to, if any."""

    method: str
    role: str
    cells: tuple[Cell, ...]
    library: str = ""
    fit: str = ""
    place: str = ""
    status: str = ""
    failed: bool = False
    recovered: str = ""


@dataclass(frozen=True)
class FailureRow:
    """Fits that ended in the same way for the same reason, and the first of them."""

    method: str
    library: str
    fit: str
    status: str
    count: str
    where: str
    reason: str
    output: str


@dataclass(frozen=True)
class NoteRow:
    """Why a score of fits that ended ok is missing, and the first of them."""

    method: str
    library: str
    fit: str
    where: str
    note: str


@dataclass(frozen=True)
class Known:
    """What a row of a method needs beside its numbers."""

    libraries: Mapping[str, str]
    """The library of each method."""
    roles: Mapping[str, str]
    """Its role."""
    fits: Mapping[tuple[str, str], str]
    """The `fit_id` of each dataset and method: the first that did not end ok, or else the first."""

    @classmethod
    def of(cls, fits: pd.DataFrame) -> "Known":
        """From fits.csv."""
        told = fits.sort_values("status", key=lambda status: status == "ok", kind="stable")
        first = told.drop_duplicates(["dataset", "method"])
        return cls(
            dict(zip(fits["method"], fits["library"], strict=True)),
            dict(zip(fits["method"], fits["role"], strict=True)),
            dict(
                zip(
                    zip(first["dataset"], first["method"], strict=True),
                    first["fit_id"],
                    strict=True,
                )
            ),
        )


def score_cell(column: Column, value: float) -> Cell:
    """The cell of a score that was, or was not, computed."""
    if np.isnan(value):
        return Cell(numbers.MISSING, css="missing", note="not scored")
    css = shade(value) if column.shaded else ""
    return Cell(column.write(value), numbers.exact(value), css)


def glance_rows(
    summary: pd.DataFrame, datasets: list[str], column: Column, known: Known
) -> list[MethodRow]:
    """One row per method, one cell per dataset, best overall first; what does not compete on top.

    Overall: the share of targets recovered, then the mean digits.
    """
    by_method = summary.groupby("method", sort=False)
    order = pd.DataFrame(
        {
            "role": by_method["role"].first().map(ROLES.index),
            "never_ok": by_method["ok"].sum() == 0,
            "share": -by_method["targets_recovered"].sum() / by_method["targets"].sum(),
            "digits": -by_method["digits"].mean(),
        }
    ).sort_values(["role", "never_ok", "share", "digits"], kind="stable")
    return [_glance_row(str(name), summary, datasets, column, known) for name in order.index]


def _glance_row(
    method: str, summary: pd.DataFrame, datasets: list[str], column: Column, known: Known
) -> MethodRow:
    rows = summary[summary["method"] == method]
    by_dataset = {row["dataset"]: _glance_cell(column, row) for _, row in rows.iterrows()}
    recovered, wanted = rows["targets_recovered"].sum(), rows["targets"].sum()
    return MethodRow(
        method,
        known.roles[method],
        tuple(by_dataset.get(name, Cell("not run", css="missing")) for name in datasets),
        known.libraries[method],
        failed=bool(rows["ok"].sum() == 0),
        recovered=f"{plain(recovered)}/{plain(wanted)}",
    )


def _glance_cell(column: Column, row: "pd.Series[Any]") -> Cell:
    if row["ok"] == 0:
        return Cell(row["status"].replace("_", " "), css="bad", note="no fit ended ok")
    cell = score_cell(column, float(row[column.key]))
    if row["failed"]:
        return Cell(cell.text, cell.value, f"{cell.css} partly", row["status"])
    return cell


def ranking_rows(summary: pd.DataFrame, known: Known) -> list[MethodRow]:
    """All scores of one dataset's rows of the summary, in their order."""
    return [
        MethodRow(
            row["method"],
            known.roles[row["method"]],
            tuple(score_cell(column, float(row[column.key])) for column in columns.SUMMARY),
            known.libraries[row["method"]],
            known.fits[row["dataset"], row["method"]],
            place="" if pd.isna(row["place"]) else str(row["place"]),
            status=row["status"].replace("_", " "),
            failed=bool(row["ok"] == 0),
            recovered=f"{plain(row['targets_recovered'])}/{plain(row['targets'])}",
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
            MethodRow(
                row["method"],
                known.roles[row["method"]],
                tuple(
                    score_cell(column, float(scores.loc[row["method"], column.key]))
                    for column in shown
                ),
                known.libraries[row["method"]],
            )
            for _, row in summary.iterrows()
            if row["method"] in scores.index
        ]
        tables.append((str(name), rows))
    return tables


def cost_rows(fits: pd.DataFrame, methods: list[str], known: Known) -> list[MethodRow]:
    """Per method over all fits that ended ok: how many, median and longest time, most memory."""
    ok = dict(iter(fits[fits["status"] == "ok"].groupby("method")))
    return [
        MethodRow(
            method,
            known.roles[method],
            (
                Cell(f"{len(ok[method]):,}"),
                score_cell(columns.SECONDS, float(ok[method]["fit_seconds"].median())),
                score_cell(columns.SECONDS, float(ok[method]["fit_seconds"].max())),
                score_cell(columns.MEMORY, float(ok[method]["peak_memory_mb"].max())),
            ),
            known.libraries[method],
        )
        for method in methods
        if method in ok
    ]


def dataset_facts(fits: pd.DataFrame, targets: pd.DataFrame) -> str:
    """The size, noise, sampling and exact eigenvalues of one dataset, in a line."""
    first = fits.iloc[0]
    if pd.isna(first["n"]):
        return "The system could not be made"
    facts = [
        f"{plain(first['n'])} units",
        *([] if pd.isna(first["rank"]) else [f"rank {plain(first['rank'])}"]),
        f"noise {plain(first['noise'])}",
        f"Δt = {plain(first['dt'])}",
        f"{plain(first['train_trajectories'])} training trajectories",
        f"horizon {plain(first['horizon'])}",
        plural(fits["seed"].nunique(), "seed"),
        *_targets(list(targets["target"].unique())),
    ]
    return ", ".join(facts)


def _targets(labels: list[str]) -> list[str]:
    """The targets in words: those marked with ≈ are nowhere called exact."""
    nearly = [label for label in labels if label.startswith("≈")]
    exact = [label for label in labels if label not in nearly]
    named = {"exact eigenvalues": exact, "eigenfunctions only nearly, at": nearly}
    return [f"{name} {listed(some, most=6)}" for name, some in named.items() if some]


def failure_rows(fits: pd.DataFrame) -> list[FailureRow]:
    """Fits that did not end ok, those with one method, status and reason together."""
    bad = fits[fits["status"] != "ok"]
    return [
        FailureRow(
            str(method),
            str(rows["library"].iloc[0]),
            str(rows["fit_id"].iloc[0]),
            str(status).replace("_", " "),
            plural(len(rows), "fit"),
            _where(rows),
            str(reason),
            next((text for text in rows["output"] if text), ""),
        )
        for (method, status, reason), rows in bad.groupby(
            ["method", "status", "reason"], sort=False
        )
    ]


def note_rows(fits: pd.DataFrame, targets: pd.DataFrame) -> list[NoteRow]:
    """Why scores of fits that ended ok are missing, as the scorer said it."""
    libraries = dict(zip(fits["method"], fits["library"], strict=True))
    noted = pd.concat([table[table["status"] == "ok"] for table in (fits, targets)])
    noted = noted[noted["notes"] != ""]
    return [
        NoteRow(
            str(method),
            libraries.get(method, ""),
            str(rows["fit_id"].iloc[0]),
            _where(rows),
            str(note),
        )
        for (method, note), rows in noted.groupby(["method", "notes"], sort=False)
    ]


def _where(rows: pd.DataFrame) -> str:
    """The datasets rows come from, each with its seeds where these are not the same for all."""
    seeds = {
        str(name): ", ".join(str(int(seed)) for seed in some)
        for name, some in rows.groupby("dataset", sort=False)["seed"].unique().items()
    }
    if len(set(seeds.values())) == 1:
        same = next(iter(seeds.values()))
        return f"{listed(list(seeds), most=5)}; {_seeds(same)}"
    return listed([f"{name} ({_seeds(some)})" for name, some in seeds.items()], most=5)


def _seeds(some: str) -> str:
    return f"seeds {some}" if "," in some else f"seed {some}"
