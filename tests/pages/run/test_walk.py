"""A walk over everything that a page shows: each number is one of the tables, to the last bit."""

import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from koopmark.analysis import columns
from koopmark.analysis.results import Results
from koopmark.analysis.tables import read_table
from koopmark.pages import write
from koopmark.plan import load_suite
from koopmark.run import run
from koopmark.store._tables import EIGENPAIRS, FITS, TARGETS

TEXTS = {
    "problem",
    "principal",
    "target",
    "dataset",
    "method",
    "library",
    "status",
    "role",
    "family",
    "axis",
    "level_text",
    "default",
}


class Numbers(HTMLParser):
    """Every exact value in a table's cell, with its column's title and its row's method."""

    def __init__(self, html):
        super().__init__()
        self.found, self._titles, self._method, self._place, self._in_head = [], [], None, 0, False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "thead":
            self._in_head, self._titles = True, []
        elif tag == "tbody":
            self._in_head = False
        elif tag == "tr":
            self._place, self._method = -1, attrs.get("data-method")
        elif tag in ("th", "td"):
            self._place += 1
            if self._in_head:
                self._titles.append("")
            elif attrs.get("data-value"):
                self.found.append((self._method, self._titles[self._place], attrs["data-value"]))

    def handle_data(self, data):
        if self._in_head and self._titles:
            self._titles[-1] += data.strip()


def walk(folder, island):
    """Check a run folder's page against its tables; the numbers that were checked, by where."""
    html = write(folder).read_text(encoding="utf-8")
    checked = {}
    for name, kinds in (("fits", FITS), ("targets", TARGETS)):
        mine, table = island(html, name), read_table(folder / f"{name}.csv", kinds)
        checked[name] = sum(same(mine[column], table[column]) for column in mine)
    checked["eigenpairs"] = walk_pairs(folder, island(html, "eigenpairs"))
    summary, shown = numbers(folder / "summary.csv"), island(html, "summary")
    checked["summary"] = sum(same(shown[column], summary[column]) for column in summary)
    if (folder / "sweeps.csv").exists():
        swept, shown = numbers(folder / "sweeps.csv"), island(html, "sweeps")["rows"]
        checked["sweeps"] = sum(same(shown[column], swept[column]) for column in swept)
    checked["map"] = walk_map(folder, island(html, "map"))
    checked["profiles"] = walk_profiles(folder, island(html, "profiles"))
    checked["cells"] = walk_cells(folder, html, summary)
    return checked


def numbers(path):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.assign(
        **{
            name: [float(text) if text else np.nan for text in table[name]]
            for name in table.columns
            if name not in TEXTS
        }
    )


def same(shown, expected):
    """Equal in every value, missing ones too; how many of them are numbers."""
    assert len(shown) == len(expected)
    counted = 0
    for one, other in zip(shown, expected, strict=True):
        if isinstance(other, str):
            assert str(one) == other
        elif np.isnan(other):
            assert one is None
        else:
            assert float(one) == other
            counted += 1
    return counted


def walk_pairs(folder, island):
    fits = read_table(folder / "fits.csv", FITS)
    pairs = read_table(folder / "eigenpairs.csv", EIGENPAIRS)
    assert island["left_out"] == 0
    counted = 0
    by_fit = dict(iter(pairs.groupby("fit_id", sort=False)))
    for place, fit in enumerate(fits["fit_id"]):
        start, end = island["start"][place : place + 2]
        mine = by_fit.get(fit, pairs.iloc[:0])
        for column in ("eigenvalue_re", "eigenvalue_im", "residual", "training_residual"):
            counted += same(island[column][start:end], list(mine[column]))
    assert island["start"][-1] == len(pairs)
    return counted


def walk_map(folder, shown):
    """Every cell of the map is a row of outcomes.csv."""
    outcomes = numbers(folder / "outcomes.csv").set_index(["method", "dataset", "target"])
    methods, targets = shown["methods"]["method"], shown["targets"]
    columns = list(zip(targets["dataset"], targets["target"], strict=True))
    counted, cell = 0, 0
    for method in methods:
        for column in columns:
            row = outcomes.loc[(method, *column)]
            named = f"outcome: {shown['outcomes'][shown['outcome'][cell]]['name']}"
            assert row[named] > 0
            assert shown["found"][cell] == row["found"] * shown["seeds"][cell]
            assert shown["seeds"][cell] == sum(row[row.index.str.startswith("outcome: ")])
            counted += same([shown["digits"][cell]], [row["digits"]])
            cell += 1
    assert cell == len(shown["digits"]) == len(outcomes)
    return counted


def walk_profiles(folder, shown):
    """Of every method the curve and its band are in profiles.csv, its reach in leaderboard.csv."""
    table = pd.read_csv(folder / "profiles.csv")
    boards = pd.read_csv(folder / "leaderboard.csv").set_index(["question", "method"])
    counted = 0
    for question, drawn in shown.items():
        mine = table[table["question"] == question]
        counted += same(drawn["tau"], list(mine["tau"]))
        for curve in drawn["curves"]:
            for method in curve["methods"]:
                for name, suffix in (("shares", ""), ("low", "_q25"), ("high", "_q75")):
                    counted += same(curve[name], list(mine[f"{method}{suffix}"]))
                counted += same([curve["reach"]], [boards.loc[(question, method), "reach"]])
    return counted


def walk_cells(folder, html, summary):
    """Each cell of each table of methods is a number of its own method."""
    tables = Results.read(folder)
    known = {}
    medians = tables.targets.groupby(["dataset", "target", "method"])[
        [column.key for column in columns.TARGETS]
    ].median()
    sources = [summary, tables.fits, medians.reset_index()]
    for name in ("sweeps", "leaderboard"):
        if (path := folder / f"{name}.csv").exists():
            table = pd.read_csv(path)
            sources.append(table)
    sources.append(tables.fits.groupby("method")["fit_seconds"].median().reset_index())
    outcomes = pd.read_csv(folder / "outcomes.csv")
    counted = [name for name in outcomes.columns if name.startswith("outcome: ")]
    sources.append(outcomes.groupby("method")[counted].sum().reset_index())
    for table in sources:
        for method, rows in table.groupby("method"):
            values = rows.select_dtypes("number").to_numpy(dtype=float).ravel()
            known.setdefault(method, set()).update(values[~np.isnan(values)].tolist())
    found = Numbers(html).found
    for method, title, value in found:
        assert float(value) in known[method], (method, title, value)
    return len(found)


def test_every_number_of_a_page_is_one_of_the_tables(finished_run, tmp_path, island):
    checked = walk(shutil.copytree(finished_run, tmp_path / "run"), island)
    tables = {"fits", "targets", "eigenpairs", "summary", "sweeps", "cells", "map", "profiles"}
    assert set(checked) == tables
    assert min(checked.values()) >= 20


def test_the_walk_notices_a_number_that_is_off(finished_run, tmp_path, island, monkeypatch):
    from koopmark.pages.web import _looks as looks

    exact = looks.numbers.exact
    monkeypatch.setattr(looks.numbers, "exact", lambda value: exact(1.001 * float(value)))
    with pytest.raises(AssertionError):
        walk(shutil.copytree(finished_run, tmp_path / "run"), island)


def test_what_a_cell_says_is_its_value_rounded(written_run):
    html = (written_run / "index.html").read_text(encoding="utf-8")
    cells = re.findall(r'data-value="([^"]+)"[^>]*>([\d.e+-]+)<', html)
    assert len(cells) > 50
    for value, text in cells:
        # Digits have one decimal.
        assert float(text) == pytest.approx(float(value), rel=0.051, abs=0.05)


@pytest.mark.nightly
def test_every_number_of_a_real_runs_page_is_one_of_its_tables(tmp_path, island):
    run(load_suite("smoke"), tmp_path / "run", 1, cache_dir=tmp_path / "cache")
    checked = walk(tmp_path / "run", island)
    assert "sweeps" not in checked
    assert min(checked.values()) > 40
