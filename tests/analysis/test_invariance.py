"""What rankings and gate say does not hang on how the tables are written: order, names, dtypes."""

import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planted import run_of

from koopmark._errors import ConfigError
from koopmark.analysis.leaderboard import leaderboard_table
from koopmark.analysis.measure import judge
from koopmark.analysis.summary import FIT_SCORES, summarise
from koopmark.analysis.tables import read_scores
from koopmark.pages import write
from koopmark.pages.terminal import answers
from koopmark.regression import check

ERRORS = st.sampled_from([0.0, 1e-13, 1e-4, 1e-4 * (1 + 1e-12), 0.3, 1.0, np.inf, np.nan])
ROLES = {"perfect": "anchor", "worthless": "anchor", "told": "informed"}
few = settings(
    max_examples=settings().max_examples // 6,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def runs(draw):
    """A run of some methods on two datasets with two targets each, at three seeds."""
    methods = [f"m{k}" for k in range(draw(st.integers(2, 4)))] + list(ROLES)
    fits, targets = [], []
    for dataset in ("a", "b"):
        for method in methods:
            for seed in range(3):
                key = {"dataset": dataset, "seed": seed, "method": method}
                key["role"] = ROLES.get(method, "method")
                status = draw(st.sampled_from([*["ok"] * 8, "failed", "failed", "skipped"]))
                scores = dict.fromkeys(FIT_SCORES, 0.5)
                fits.append(
                    {
                        **key,
                        "library": "one",
                        "default": 0,
                        "uses_inputs": 0,
                        "inputs": 0,
                        **scores,
                        "status": status,
                        "reason": "" if status == "ok" else draw(st.sampled_from("xyz")),
                        "noise": 0.0,
                        "family": "",
                        "targets": 2,
                        "fit_seconds": draw(st.sampled_from([1.0, 2.0, 3.0])),
                        "pairs_used": 1,
                        "pairs": 1,
                    }
                )
                for index in range(2):
                    one, other = draw(ERRORS), draw(ERRORS)
                    targets.append(
                        {
                            **key,
                            "status": status,
                            "target_index": index,
                            "target": f"{-1 - index}",
                            "target_dimension": 1,
                            "target_degree": 1,
                            "target_eigenvalue_re": -1.0 - index,
                            "target_eigenvalue_im": 0.0,
                            "functions_found": 0,
                            "eigenvalues_found": 0,
                            "statistical_floor": np.nan,
                            "statistical_floor_eigenvalue": np.nan,
                            "eigenvalue_error_relative": one,
                            "eigenfunction_error": other,
                            "oracle_floor": 0.1,
                            "oracle_floor_in_sample": 0.05,
                            "rounding": 1e-9,
                        }
                    )
    return pd.DataFrame(fits), pd.DataFrame(targets)


def rankings(fits, targets, names=lambda name: name):
    """Every ranking of a run, methods called as they were; what is of equal rank in any order."""
    judged = judge(fits, targets)
    summary = summarise(fits, judged)
    places = {
        (row["dataset"], names(row["method"])): (row["place"], row["found"])
        for row in summary.fillna({"place": -1}).to_dict("records")
    }
    boards = run_of(fits, targets).boards
    board = leaderboard_table(boards) if boards else pd.DataFrame(columns=["question", "method"])
    rows = {
        (row["question"], names(row.pop("method"))): {key: str(value) for key, value in row.items()}
        for row in board.to_dict("records")
    }
    return places, rows


def in_another_order(run, seed):
    return [table.sample(frac=1, random_state=seed).reset_index(drop=True) for table in run]


def of_other_types(run, kind):
    changed = [
        table.astype({name: kind for name in ("seed", "target_index") if name in table})
        for table in run
    ]
    return (
        [table.astype({"status": "category"}) for table in changed] if kind == "object" else changed
    )


@given(
    run=runs(),
    seed=st.integers(0, 10**6),
    order=st.permutations(range(4)),
    kind=st.sampled_from(["float64", "float32", "int32", "object"]),
)
@few
def test_order_names_types_and_copies_say_nothing(run, seed, order, kind):
    """Each drawn run is ranked once, and once more for each thing that may make no difference."""
    places, board = rankings(*run)
    assert rankings(*in_another_order(run, seed)) == (places, board)
    assert rankings(*of_other_types(run, kind)) == (places, board)

    new = {f"m{k}": f"{'zyxw'[order[k]]}" for k in range(4)}
    old = {name: known for known, name in new.items()}
    renamed = [table.replace({"method": new}) for table in run]
    assert rankings(*renamed, names=lambda name: old.get(name, name)) == (places, board)

    assert all(place == -1 for (_, name), (place, _) in places.items() if name in ROLES)

    copies = [
        pd.concat([table, table[table["method"] == "m0"].assign(method="copy")]) for table in run
    ]
    places, board = rankings(*copies)
    for (dataset, name), one in places.items():
        assert name != "copy" or places[dataset, "m0"] == one
    for (question, name), row in board.items():
        assert name != "copy" or board[question, "m0"] == row


@given(run=runs())
@few
def test_what_does_not_compete_changes_no_rank(run):
    places, board = rankings(*run)
    alone = rankings(*(table[table["role"] == "method"] for table in run))
    assert ({key: one for key, one in places.items() if key[1] not in ROLES}, board) == alone


@pytest.fixture
def rewritten(run_dir):
    """Change a table of the run, as text."""

    def rewrite(name, change):
        path = run_dir / f"{name}.csv"
        change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)

    return rewrite


@pytest.mark.spread(2)
@pytest.mark.parametrize("number", range(5))
def test_a_run_with_its_rows_shuffled_is_the_run(run_dir, finished_run, rewritten, number):
    for name in ("fits", "targets", "eigenpairs"):
        rewritten(name, lambda table: table.sample(frac=1, random_state=number))
    result = check(run_dir, finished_run)
    assert result.ok
    assert not any((result.pair.better, result.pair.new))
    assert result.pair.compared == 24


@pytest.mark.parametrize("column", ["seed", "target_index"])
def test_numbers_written_otherwise_are_the_same_numbers(run_dir, finished_run, rewritten, column):
    for name in ("fits", "targets"):
        rewritten(
            name,
            lambda table: (
                table.assign(**{column: table[column] + ".0"}) if column in table else table
            ),
        )
    assert check(run_dir, finished_run).ok
    pd.testing.assert_frame_equal(
        *(judge(*read_scores(folder)) for folder in (run_dir, finished_run))
    )


@pytest.mark.parametrize("name", ["fits", "targets"])
@given(number=st.integers(0, 10**6), how=st.sampled_from(["dropped", "doubled"]))
@settings(few, max_examples=settings().max_examples // 10)
def test_rows_dropped_or_doubled_are_neither_ranked_nor_passed(
    finished_run, tmp_path_factory, name, number, how
):
    folder = tmp_path_factory.mktemp("run") / "run"
    shutil.copytree(finished_run, folder)
    path = folder / f"{name}.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    place = number % len(table)
    parts = [table.iloc[:place], *[table.iloc[[place]]] * 2 * (how == "doubled")]
    pd.concat([*parts, table.iloc[place + 1 :]]).to_csv(path, index=False)
    if how == "dropped":
        assert not check(folder, finished_run).ok
    else:
        with pytest.raises(ConfigError, match="twice"):
            check(folder, finished_run)
    if name == "targets" or how == "doubled":
        for use in (write, answers):
            with pytest.raises(ConfigError, match=r"twice|of the 2 targets"):
                use(folder)
