import pandas as pd
import pytest
from rich.console import Console

from koopmark._errors import ConfigError
from koopmark.analysis import columns
from koopmark.analysis.summary import summarise
from koopmark.analysis.tables import read
from koopmark.pages.terminal import _in_order, leaderboards

CLEAN, NOISY = "three_populations", "three_populations_noise_0.01"


@pytest.fixture
def shown(finished_run):
    """What is printed, line by line."""

    def shown(*choice, width=200):
        console = Console(width=width)
        with console.capture() as said:
            console.print(leaderboards(finished_run, *choice))
        return said.get().splitlines()

    return shown


@pytest.fixture(scope="module")
def summary(finished_run):
    tables = read(finished_run)
    return summarise(tables.fits, tables.targets)


def cells(lines, method):
    (line,) = [line for line in lines if line.split()[1:2] == [method]]
    return line.split()


def test_every_dataset_has_a_board_in_the_order_of_the_summary(shown, summary):
    lines = [line.strip() for line in shown()]
    for dataset in (CLEAN, NOISY):
        below = range(lines.index(dataset), len(lines))
        start = next(index for index in below if lines[index].startswith("rank")) + 1
        board = [line.split() for line in lines[start : start + 6]]
        expected = summary[summary["dataset"] == dataset]["method"]
        assert [row[1] for row in board] == [name.split()[0] for name in expected]
        assert [row[0] for row in board] == ["–", "–", "1", "2", "3", "4"]


@pytest.mark.parametrize("column", columns.SUMMARY, ids=lambda c: c.key)
def test_the_numbers_are_those_of_the_summary(shown, summary, column):
    lines = shown(CLEAN, column.key)
    for _, row in summary[summary["dataset"] == CLEAN].iterrows():
        if not row["method"].startswith("<"):
            text = column.write(row[column.key])
            assert " ".join(cells(lines, row["method"])).endswith(f" {text}")


def test_a_score_ranks_and_what_has_none_is_last_without_a_rank(shown, summary):
    lines = shown(NOISY, "residual_median")
    rows = summary[(summary["dataset"] == NOISY) & (summary["role"] == "method")]
    best = rows.loc[rows["residual_median"].astype(float).idxmin(), "method"]
    assert cells(lines, best)[0] == "1"
    assert cells(lines, "broken")[0] == "–"
    assert " broken " in lines[-2]


def test_more_verified_pairs_are_better(shown, summary):
    lines = shown(CLEAN, "verified")
    rows = summary[(summary["dataset"] == CLEAN) & (summary["role"] == "method")]
    best = rows.loc[rows["verified"].astype(float).idxmax(), "method"]
    assert cells(lines, best)[0] == "1"


@pytest.mark.parametrize("score", ["precision", "recall"])
def test_more_of_the_spectrum_is_better(score):
    rows = pd.DataFrame({"method": ["few", "many", "anchor.exact"], score: [0.1, 0.9, 1.0]}).assign(
        role=["method", "method", "anchor"]
    )
    ranking = {column.key: column for column in columns.SUMMARY}[score]
    assert _in_order(rows, ranking)["method"].tolist() == ["anchor.exact", "many", "few"]


def test_a_narrow_terminal_keeps_the_numbers_whole(shown, summary):
    text = " ".join(shown(CLEAN, width=80))
    value = summary[(summary["dataset"] == CLEAN) & (summary["method"] == "linear")]
    for column in columns.IN_TERMINAL:
        assert column.write(float(value[column.key].iloc[0])) in text


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (("three_population", None), "did you mean 'three_populations'"),
        ((None, "eigenfuntion_error"), "did you mean 'eigenfunction_error'"),
    ],
)
def test_a_misspelt_name_is_a_sentence(finished_run, choice, sentence):
    with pytest.raises(ConfigError, match=sentence):
        leaderboards(finished_run, *choice)


def test_names_are_not_taken_for_markup(run_dir):
    for name in ("fits", "targets"):
        table = pd.read_csv(run_dir / f"{name}.csv", dtype=str, keep_default_na=False)
        table["method"] = table["method"].replace("linear", "[bold]x[/bold]")
        table.to_csv(run_dir / f"{name}.csv", index=False)
    console = Console(width=200)
    with console.capture() as said:
        console.print(leaderboards(run_dir))
    assert "[bold]x[/bold]" in said.get()
