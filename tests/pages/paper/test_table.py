"""Leaderboards as tables for a paper: the numbers of the run, and what LaTeX can read."""

import io
import re

import pandas as pd
import pytest
from planted import Planted, planted, run_of

from koopmark._errors import ConfigError
from koopmark.analysis.leaderboard import leaderboard_table
from koopmark.pages.paper import board_table

ODD = r"odd.a_b{c}\d&50%$x$#~^<é>"
DATASETS = tuple("abcdefgh")


@pytest.fixture(scope="module")
def run():
    methods = {
        "lib.good": Planted(1e-6, library="lib"),
        ODD: Planted(1e-2, library="odd", status={("a", 0): "failed"}),
        "third.lost": Planted(0.5, library="third", floor=0.5),
    }
    return run_of(*planted(methods, DATASETS), {"title": "R & D_1"})


def rows_of(latex):
    """Cells of each line between the rules, by the rules of TeX: `\\&` ends no cell."""
    body = re.search(r"\\midrule\n(.*)\\bottomrule", latex, re.DOTALL)[1]
    lines = [line.strip().removesuffix(r"\\") for line in body.splitlines()]
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", line)] for line in lines]


def read_back(cell):
    """The text that TeX sets."""
    text = re.sub(r"\\texttt\{(.*)\}", r"\1", cell)
    for command, sign in {
        r"\textbackslash{}": "\0",
        r"\textasciitilde{}": "~",
        r"\textasciicircum{}": "^",
        r"\textless{}": "<",
        r"\textgreater{}": ">",
    }.items():
        text = text.replace(command, sign)
    return re.sub(r"\\([{}&%$#_])", r"\1", text).replace("\0", "\\")


def test_a_latex_table_has_the_rules_of_booktabs_and_as_many_cells_as_columns(run):
    latex = board_table(run, "latex")
    rules = re.findall(r"\\(toprule|midrule|bottomrule)", latex)
    assert rules == ["toprule", "midrule", "bottomrule"]
    columns = re.search(r"\\begin\{tabular\}\{(\w+)\}", latex)[1]
    assert {len(row) for row in rows_of(latex)} == {len(columns)}
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")


def test_a_method_with_any_name_is_set_as_it_is_called(run):
    names = [read_back(row[1]) for row in rows_of(board_table(run, "latex"))]
    assert names == list(run.boards["Principal eigenfunctions"].rows["method"])
    assert ODD in names


def test_a_comment_of_latex_ends_with_its_line(run):
    assert board_table(run, "latex").splitlines()[0].startswith("% R & D_1: principal")


def test_a_table_has_digits_interval_and_shares_of_the_leaderboard(run):
    row = run.boards["Principal eigenfunctions"].rows.iloc[0]
    place, _, digits, interval, *shares, failed = rows_of(board_table(run, "latex"))[0]
    assert (place, digits) == ("1", f"{row['mean']:.2f}")
    assert interval == f"{row['low']:.1f}--{row['high']:.1f}"
    assert shares == ["100", "100", "100"]
    assert failed == "0 of 24"


def test_csv_has_the_rows_of_the_leaderboard_to_the_last_bit(run):
    read = pd.read_csv(io.StringIO(board_table(run, "csv", top=2)))
    table = leaderboard_table({"Principal eigenfunctions": run.boards["Principal eigenfunctions"]})
    assert list(read["value"]) == list(table["value"][:2])
    assert list(read["method"]) == list(table["method"][:2])


def test_markdown_has_a_row_per_method(run):
    lines = board_table(run, "markdown", methods=("third.lost",)).splitlines()
    assert [line.split(" | ")[1] for line in lines[4:]] == ["`third.lost`"]


def test_the_board_of_cost_has_times():
    quick = {name: Planted(1e-6, library=name, seconds=2e-3) for name in ("a", "b")}
    first, _ = rows_of(board_table(run_of(*planted(quick)), "latex", board="cost"))
    assert first[2] == "2 ms"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"file_format": "latx"}, "--format is 'latx': did you mean 'latex'"),
        ({"board": "speed"}, "unknown board"),
        ({"methods": ("lib.god",)}, "unknown method of this board: .*did you mean 'lib.good'"),
    ],
)
def test_what_there_is_not_is_a_sentence(run, options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        board_table(run, **options)


def test_a_run_of_one_method_has_no_table_and_says_so():
    alone = run_of(*planted({"lib.only": Planted(1e-6)}))
    with pytest.raises(ConfigError, match="it takes two methods"):
        board_table(alone)
