import numpy as np
import pandas as pd
import pytest

from koopmark.analysis.leaderboard import DATA, DIMENSION, leaderboard_table, questions
from koopmark.analysis.sweeps import sweeps
from koopmark.analysis.tables import read
from koopmark.scoring import digits


@pytest.fixture(scope="module")
def tables(finished_run):
    return read(finished_run)


@pytest.fixture(scope="module")
def asked(tables):
    return questions(tables.fits, tables.targets, sweeps(tables.fits))


def test_datasets_are_told_apart_by_noise_and_the_cost_is_that_of_all(asked):
    about = {name: board.datasets for name, board in asked.items()}
    assert about == {
        "Noise-free accuracy": ("three_populations",),
        "Accuracy under noise": ("three_populations_noise_0.01",),
        "Cost": ("three_populations", "three_populations_noise_0.01"),
    }


@pytest.mark.parametrize(
    ("axis", "name"), [("trajectories", DATA), ("n", DIMENSION), ("rank", DIMENSION)]
)
def test_a_sweep_of_data_or_dimension_is_a_question_of_its_own(tables, axis, name):
    fits = tables.fits.assign(axis=axis)
    boards = questions(fits, tables.targets, sweeps(fits))
    assert list(boards) == [name, "Cost"]
    assert len(boards[name].datasets) == 2


def test_anchors_take_no_part_and_failures_do(asked):
    for board in asked.values():
        methods = set(board.rows["method"])
        assert not any(name.startswith("anchor.") for name in methods)
        assert "broken" in methods


def test_what_always_fails_is_last(asked):
    for board in asked.values():
        last = board.rows.iloc[-1]
        assert last["method"] == "broken"
        assert last["mean"] == board.measure.lost
        assert last["failed"] == last["fits"]


def test_digits_are_those_of_the_larger_error_of_each_target(tables, asked):
    noisy = asked["Accuracy under noise"]
    targets = tables.targets[tables.targets["dataset"] == "three_populations_noise_0.01"]
    for method in ("linear", "quadratic[degree=2]"):
        mine = targets[targets["method"] == method]
        both = mine[["eigenvalue_error_relative", "eigenfunction_error"]].max(axis=1)
        per_target = pd.Series(digits(both), mine.index).groupby(mine["target_index"]).median()
        row = noisy.rows.set_index("method").loc[method]
        assert row["mean"] == pytest.approx(per_target.mean(), rel=1e-14)


def test_no_unit_of_time_changes_a_board(tables):
    """In units ten times longer all rates and their errors are ten times larger."""
    rates = ["target_eigenvalue_re", "target_eigenvalue_im", "eigenvalue_error"]
    slower = tables.targets.assign(**{name: 10.0 * tables.targets[name] for name in rates})
    boards = [
        questions(tables.fits, targets, sweeps(tables.fits)) for targets in (tables.targets, slower)
    ]
    pd.testing.assert_frame_equal(*map(leaderboard_table, boards))


def test_levels_and_sweeps_of_one_recipe_are_one_problem(tables):
    new = {"three_populations_noise_0.01": "three_populations/dt=0.2"}
    fits, targets = (
        table.assign(dataset=table["dataset"].replace(new))
        for table in (tables.fits, tables.targets)
    )
    cost = questions(fits, targets, sweeps(fits))["Cost"]
    assert cost.problems == ("three_populations",)
    assert len(cost.datasets) == 2


def test_one_method_is_no_competition(tables):
    chosen = [table[table["method"] == "linear"] for table in (tables.fits, tables.targets)]
    assert questions(*chosen, sweeps(chosen[0])) == {}


def test_where_nothing_ended_ok_there_is_nothing_to_rank(tables):
    fits = tables.fits.assign(status="failed", fit_seconds=np.nan)
    assert questions(fits, tables.targets, sweeps(fits)) == {}


def test_the_table_has_every_row_with_its_question_and_score(asked):
    table = leaderboard_table(asked)
    assert len(table) == sum(len(board.rows) for board in asked.values())
    assert list(table["question"].unique()) == list(asked)
    for name in ("value", "low", "high", "better", "alike", "worse"):
        assert pd.api.types.is_numeric_dtype(table[name])


def test_the_table_of_cost_has_the_geometric_mean_of_seconds(tables, asked):
    table = leaderboard_table(asked)
    cost = table[(table["question"] == "Cost") & (table["method"] == "linear")].iloc[0]
    mine = tables.fits[tables.fits["method"] == "linear"]
    medians = np.log(mine["fit_seconds"]).groupby(mine["dataset"]).median()
    assert cost["value"] == pytest.approx(np.exp(medians.mean()), rel=1e-12)
