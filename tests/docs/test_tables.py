"""docs/reference/tables says of every column of a run's tables what it is, in their order."""

import re
from pathlib import Path

import pandas as pd
import pytest

from koopmark.pages.run import write_run
from koopmark.store import TABLES

FOLDER = Path(__file__).parents[2] / "docs/reference/tables"
SHARED = ["fit_id", "suite", "dataset", "seed", "method"]
"""What index.md says of all tables of the store."""
HELD_OUT = ("verdicts", "forecasts", "structures", "courses")


def columns(name, section=""):
    """The names in the first cells of a page's tables that have a header `column`."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    if section:
        text = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    found = []
    for table in re.findall(r"^\| column \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)", text, re.MULTILINE):
        for cell in re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE):
            if "summary.csv" in cell:
                found += columns("summary")
            found += re.findall(r"`([^`]+)`", cell)
    return found


@pytest.mark.parametrize("table", ["fits", "targets", "eigenpairs", *HELD_OUT])
def test_every_column_of_the_store_is_explained_in_its_order(table):
    said = columns("held_out", f"{table}.csv") if table in HELD_OUT else columns(table)
    shared = [*SHARED, *(["role", "status"] if table == "targets" else [])]
    assert [*shared, *said] == list(TABLES[table])


@pytest.fixture(scope="module")
def reported(finished_run, tmp_path_factory):
    """A run folder with its report: a function from the name of a table to its columns."""
    folder = tmp_path_factory.mktemp("reported")
    for path in finished_run.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    write_run(folder)
    methods = pd.read_csv(folder / "fits.csv")["method"].unique()

    def read(name):
        header = list(pd.read_csv(folder / f"{name}.csv", nrows=0).columns)
        return header, list(methods)

    return read


@pytest.mark.parametrize("table", ["summary", "leaderboard"])
def test_every_column_of_the_report_is_explained_in_its_order(table, reported):
    header, _ = reported(table)
    assert columns(table) == header


def test_every_column_of_a_sweep_is_explained(reported):
    header, _ = reported("sweeps")
    *said, forecast, seconds, memory = columns("sweeps")
    ends = [f"{score}_{end}" for score in (forecast, seconds, memory) for end in ("q25", "q75")]
    assert [*said, *ends] == header


@pytest.mark.parametrize(
    ("table", "marked"),
    [
        ("eigenfunctions", ["difference: {}"]),
        ("profiles", ["{}", "{}_q25", "{}_q75"]),
    ],
)
def test_every_column_but_those_of_methods_is_explained(table, marked, reported):
    header, methods = reported(table)
    of_methods = {each.format(method) for method in methods for each in marked}
    assert columns(table) == [
        *(name for name in header if name not in of_methods),
        *(each.format("METHOD") for each in marked),
    ]


def test_every_column_of_the_outcomes_is_explained(reported):
    header, _ = reported("outcomes")
    plain = [name for name in header if not name.startswith("outcome: ")]
    assert columns("outcomes") == [*plain, "outcome: …"]
    text = (FOLDER / "outcomes.md").read_text(encoding="utf-8")
    for name in header[len(plain) :]:
        assert f"`{name.removeprefix('outcome: ')}`" in text
