import io

import pytest
from hostile_methods import Good, Random
from rich.console import Console

from koopmark.analysis.summary import summarise
from koopmark.pages.terminal import _lines, overview
from koopmark.run import grid
from koopmark.store import Outcome, Store, make_rows, read
from koopmark.workers._cell import run_cell


@pytest.fixture
def line(tmp_path, cache_dir, make_cell):
    """The line of a method, given how each of its seeds ended."""

    def line(method, outcomes):
        cells = [make_cell(method, "some[method]", seed=seed) for seed in range(len(outcomes))]
        with Store(tmp_path) as store:
            store.follow(cells)
            for cell, outcome in zip(cells, outcomes, strict=True):
                good = outcome == "ok"
                rows = run_cell(cell, tmp_path, cache_dir) if good else None
                store.record(rows or make_rows(cell, Outcome(outcome)), cell)
        text = io.StringIO()
        Console(file=text, width=100).print(overview(tmp_path, 100))
        table = text.getvalue().partition("some[method]")[2]
        return " ".join(table.split())

    return line


def test_an_eigenspace_that_was_found_counts(line):
    assert line(Good(), ["ok", "ok"]).endswith("(1/1)")


def test_an_eigenspace_that_was_not_found_counts_too(line):
    assert line(Random(), ["ok"]).endswith("(0/1)")


def test_fits_that_failed_are_told_beside_those_that_did_not(line):
    assert line(Good(), ["ok", "ok", "out_of_memory"]).endswith("(0.667/1), 1 out of memory")


def test_found_means_the_same_as_in_the_report(tmp_path, cache_dir, make_cell):
    """Functions without their eigenvalue are none."""
    cells = [make_cell(Good(), seed=seed) for seed in range(3)]
    with Store(tmp_path) as store:
        store.follow(cells)
        for cell, error in zip(cells, (0.0, 0.5, float("inf")), strict=True):
            rows = run_cell(cell, tmp_path, cache_dir)
            rows.targets[0]["eigenvalue_error_relative"] = error
            store.record(rows, cell)
    tables = read(tmp_path, ("fits", "targets"))
    (row,) = summarise(tables["fits"], tables["targets"]).to_dict("records")
    assert row["targets_recovered"] == pytest.approx(1 / 3)
    assert "(0.333/1)" in grid(tmp_path).iloc[0, 0]


def test_a_method_that_never_ended_well_has_words_for_a_number(line):
    assert line(Good(), ["timeout", "timeout"]) == "timeout"


def test_datasets_that_do_not_fit_side_by_side_follow_below(tmp_path, make_cell, tiny):
    recipes = [tiny.model_copy(update={"name": f"data_{number}"}) for number in range(4)]
    cells = [make_cell(Good(), recipe=recipe) for recipe in recipes]
    with Store(tmp_path) as store:
        store.follow(cells)
        for cell in cells:
            store.record(make_rows(cell, Outcome("failed")), cell)
    text = io.StringIO()
    Console(file=text, width=40).print(overview(tmp_path, 40))
    headers = [line.split()[1:] for line in text.getvalue().splitlines() if "method " in line]
    assert headers == [["data_0", "data_1"], ["data_2", "data_3"]]


def test_long_names_of_datasets_break_after_underscores_and_slashes():
    assert _lines("three_populations_noise_0.01", 12) == ["three_", "populations_", "noise_0.01"]
    assert _lines("rnn_10_2", 12) == ["rnn_10_2"]
    assert _lines("rnn_10_2/n=10,rank=2", 12) == ["rnn_10_2/", "n=10,rank=2"]
