"""Which datasets and targets are of which question."""

import numpy as np
import pandas as pd
import pytest
from planted import Planted, planted, run_of

from koopmark.analysis.leaderboard import DATA, DIMENSION, leaderboard_table
from koopmark.analysis.tables import read_scores


def asked(fits, targets):
    return run_of(fits, targets).boards


@pytest.fixture(scope="module")
def tables(finished_run):
    return read_scores(finished_run)


@pytest.fixture(scope="module")
def boards(tables):
    return asked(*tables)


def test_datasets_are_told_apart_by_noise_and_targets_by_their_degree(boards):
    about = {name: board.datasets for name, board in boards.items()}
    assert about == {
        "Principal eigenfunctions": ("three_populations",),
        "Products of eigenfunctions": ("three_populations",),
        "Under noise": ("three_populations_noise_0.01",),
        "Cost": ("three_populations",),
    }
    found = {name: board.rows.set_index("method")["found"] for name, board in boards.items()}
    assert found["Principal eigenfunctions"]["linear"] == 1.0
    assert found["Products of eigenfunctions"]["linear"] == 0.0


@pytest.mark.parametrize(
    ("axis", "name"), [("trajectories", DATA), ("n", DIMENSION), ("rank", DIMENSION)]
)
def test_a_sweep_of_data_or_dimension_is_a_question_of_its_own(tables, axis, name):
    fits, targets = tables
    found = asked(fits.assign(axis=axis), targets)
    assert list(found) == [name]
    assert len(found[name].datasets) == 2


def test_anchors_take_no_part_and_failures_do(boards):
    for name, board in boards.items():
        methods = set(board.rows["method"])
        assert not any(method.startswith("anchor.") for method in methods)
        assert ("broken" in methods) == (name != "Cost")


def test_what_always_fails_is_last(boards):
    for name, board in boards.items():
        if name != "Cost":
            last = board.rows.iloc[-1]
            assert (last["method"], last["mean"]) == ("broken", 0.0)
            assert last["failed"] == last["fits"]


def test_a_board_has_the_digits_of_its_targets_alone():
    """Of two targets of degree 1 and one of degree 2, at several problems and seeds."""
    rng = np.random.default_rng(1)
    errors = 10.0 ** -rng.uniform(0, 9, (2, 3, 3))
    methods = {
        name: Planted(lambda d, seed, index, k=k: errors["ab".index(d), seed, index] ** k)
        for name, k in (("m", 1.0), ("n", 0.5))
    }
    found = asked(*planted(methods, degrees=(1, 1, 2)))
    digits = -np.log10(errors)
    for name, some in (
        ("Principal eigenfunctions", slice(2)),
        ("Products of eigenfunctions", slice(2, 3)),
    ):
        row = found[name].rows.set_index("method").loc["m"]
        assert row["mean"] == pytest.approx(np.median(digits[:, :, some], axis=1).mean())


def test_the_board_under_noise_says_what_noise_allows():
    methods = {"m": Planted(1e-3), "n": Planted(0.2)}
    noise = {"a": 0.0, "b": 0.01, "c": 0.01}
    fits, targets = planted(methods, noise, noise=noise, statistical_floor=1e-3)
    rows = asked(fits, targets)["Under noise"].rows.set_index("method")
    assert rows.at["m", "possible"] == pytest.approx(3.0)
    assert rows.at["m", "mean"] == pytest.approx(3.0)
    assert rows["found"].to_dict() == {"m": 1.0, "n": 0.0}


def test_no_unit_of_time_changes_a_board(tables):
    """In units ten times longer all rates and their errors are ten times larger."""
    fits, targets = tables
    rates = ["target_eigenvalue_re", "target_eigenvalue_im", "eigenvalue_error"]
    slower = targets.assign(**{name: 10.0 * targets[name] for name in rates})
    pd.testing.assert_frame_equal(
        leaderboard_table(asked(fits, targets)), leaderboard_table(asked(fits, slower))
    )


def test_levels_and_sweeps_of_one_recipe_are_one_problem(tables):
    new = {"three_populations_noise_0.01": "three_populations/dt=0.2"}
    fits, targets = (table.assign(dataset=table["dataset"].replace(new)) for table in tables)
    board = asked(fits.assign(noise=0.0), targets)["Principal eigenfunctions"]
    assert board.problems == ("three_populations",)
    assert len(board.datasets) == 2


def test_one_method_is_no_competition(tables):
    assert asked(*(table[table["method"] == "linear"] for table in tables)) == {}


def test_the_table_has_every_row_with_its_question_and_score(boards):
    table = leaderboard_table(boards)
    assert len(table) == sum(len(board.rows) for board in boards.values())
    assert list(table["question"].unique()) == list(boards)
    for name in ("value", "low", "high", "better", "alike", "worse", "found", "reach", "yield"):
        assert pd.api.types.is_numeric_dtype(table[name])


def test_the_table_of_cost_has_the_geometric_mean_of_seconds():
    seconds = {"a": (1.0, 4.0, 2.0), "b": (8.0, 8.0, 8.0)}
    fits, targets = planted({"m": Planted(1e-6), "n": Planted(1e-6)})
    at = zip(fits["dataset"], fits["seed"].astype(int), strict=True)
    fits["fit_seconds"] = [seconds[dataset][seed] for dataset, seed in at]
    table = leaderboard_table(asked(fits, targets))
    cost = table[(table["question"] == "Cost") & (table["method"] == "m")].iloc[0]
    assert cost["value"] == pytest.approx(4.0)
