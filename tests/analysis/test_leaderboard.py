"""Order, numbers and sentences of boards that are made up: what they say is true of them."""

import numpy as np
import pandas as pd
import pytest

from planted import Planted, planted

from koopmark.analysis.leaderboard import DIGITS, SPEED, leaderboard
from koopmark.analysis.measure import judge
from koopmark.analysis.sentences._verdicts import left_out, verdict
from koopmark.analysis.significance import FEWEST, FEWEST_COMPARED

LIBRARIES = {"good": "ours", "good too": "theirs", "fair": "theirs", "bad": "others"}


def board(digits, datasets=("a", "b"), problems=None, status=None, seeds=3, parts=1, measure=DIGITS):
    """The board of methods whose digits are given by a function of dataset, seed and target."""
    return ranked(*results(digits, datasets, problems, status, seeds, parts), measure)


def results(digits, datasets=("a", "b"), problems=None, status=None, seeds=3, parts=1):
    """fits.csv, and what it says judged."""
    names = {dataset: dataset for dataset in datasets} | {
        dataset: f"{problem}/level={dataset}" for dataset, problem in (problems or {}).items()
    }
    methods = {
        method: Planted(
            lambda dataset, seed, part, value=value: (
                10.0 ** -value(dataset.split("=")[-1], seed, part)
            ),
            library=LIBRARIES.get(method, "ours"),
            status={
                (names[dataset], seed): ended
                for (name, dataset, seed), ended in (status or {}).items()
                if name == method and dataset in names
            },
        )
        for method, value in digits.items()
    }
    fits, targets = planted(methods, names.values(), seeds, (1,) * parts)
    return fits, judge(fits, targets)


def ranked(fits, judged, measure=DIGITS):
    return leaderboard(judged, fits, measure)


def constant(value):
    return lambda dataset, seed, part: value


def many(count):
    return tuple(f"d{index}" for index in range(count))


THREE = {"good": constant(6.0), "fair": constant(4.0), "bad": constant(1.0)}


def test_a_number_is_the_mean_over_problems_of_that_over_targets_of_the_median_over_seeds():
    def value(dataset, seed, part):
        return {"a": 0.0, "b": 3.0}[dataset] + [0.0, 1.0, 5.0][seed] + part

    rows = leaderboard(results(THREE | {"m": value}, parts=2), DIGITS).rows.set_index("method")
    assert rows.at["m", "mean"] == (0.0 + 3.0) / 2 + 1.0 + 0.5
    assert rows["place"].to_dict() == {"good": 1, "fair": 2, "m": 3, "bad": 4}


def test_seeds_and_levels_are_no_problems():
    names = many(12)
    board = leaderboard(results(THREE, names, dict.fromkeys(names, "sweep"), seeds=10), DIGITS)
    assert board.problems == ("sweep",)
    assert board.rows["low"].isna().all()
    assert board.compared.empty


def test_a_problem_of_many_levels_counts_no_more_than_one_of_few():
    scores = {"m": lambda dataset, seed, part: 9.0 if dataset == "d0" else 1.0, "n": constant(2.0)}
    levels = dict.fromkeys(many(4)[1:], "sweep")
    rows = leaderboard(results(scores, many(4), levels), DIGITS).rows.set_index("method")
    assert rows.at["m", "mean"] == 5.0


def test_methods_that_agree_to_what_is_shown_share_a_place():
    scores = {"one": constant(5.701), "other": constant(5.7), "third": constant(5.6)}
    rows = leaderboard(results(scores), DIGITS).rows
    assert list(rows["place"]) == [1, 1, 3]
    assert list(rows["method"]) == ["one", "other", "third"]


def test_the_best_mean_heads_a_place_whatever_its_name():
    shared = {"a": constant(5.96), "b": constant(6.04), "c": constant(6.0), "d": constant(4.0)}
    rows = leaderboard(results(shared), DIGITS).rows
    assert list(rows["method"]) == ["b", "c", "a", "d"]
    assert list(rows["place"]) == [1, 1, 1, 4]


def test_what_failed_or_was_skipped_has_no_digits_and_stays_in_its_row():
    status = {("good", "a", seed): how for seed, how in enumerate(["failed", "timeout", "ok"])}
    status |= {("fair", dataset, seed): "skipped" for dataset in "ab" for seed in range(3)}
    rows = leaderboard(results(THREE, status=status), DIGITS).rows.set_index("method")
    assert rows["mean"].to_dict() == {"good": 3.0, "bad": 1.0, "fair": 0.0}
    assert rows["failed"].to_dict() == {"good": 2, "bad": 0, "fair": 6}
    assert (rows["fits"] == 6).all()


def test_a_missing_score_counts_as_no_digits_and_not_as_a_failed_fit():
    table = results(THREE, parts=2)
    table.loc[(table["method"] == "good") & (table["part"] == 1), "value"] = np.nan
    row = leaderboard(table, DIGITS).rows.set_index("method").loc["good"]
    assert (row["mean"], row["failed"]) == (3.0, 0)


def test_where_no_method_has_a_score_none_is_counted_against_any():
    table = results(THREE)
    table.loc[table["dataset"] == "b", "value"] = np.nan
    board = leaderboard(table, DIGITS)
    assert board.datasets == ("a",)
    assert list(board.rows["mean"]) == [6.0, 4.0, 1.0]
    assert (board.rows["failed"] == 0).all()


def test_what_did_not_run_everywhere_is_left_out_and_named():
    more = {f"more{index}": constant(1.0) for index in range(9)}
    status = {("absent", dataset, seed): "unavailable" for dataset in "ab" for seed in range(3)}
    table = results(THREE | more | {"absent": constant(np.nan)}, status=status)
    board = leaderboard(table[(table["method"] != "fair") | (table["dataset"] == "a")], DIGITS)
    assert not {"fair", "absent"} & set(board.rows["method"])
    assert left_out(board) == (
        "Not ranked: methods that were run on a part of the datasets: fair; methods that could "
        "not be run here: absent."
    )


def test_a_dataset_that_few_methods_share_is_left_out_and_named():
    table = results(THREE)
    board = leaderboard(table[(table["method"] == "good") | (table["dataset"] == "a")], DIGITS)
    assert board.datasets == ("a",)
    assert len(board.rows) == 3
    assert left_out(board) == "Not ranked: datasets that too few methods were run on: b."


def test_variants_that_are_listed_where_they_are_good_do_not_choose_the_problems():
    names = many(10)
    table = results(THREE | {"good too": constant(5.0)}, names)
    variants = {f"fair {index}": constant(9.0) for index in range(20)}
    listed = results(variants, names[:6]).assign(library="theirs")
    alone = leaderboard(table, DIGITS)
    beside = leaderboard(pd.concat([table, listed]), DIGITS)
    assert beside.problems == alone.problems == names
    assert beside.partly_run == tuple(variants)
    pd.testing.assert_frame_equal(beside.rows, alone.rows)


def test_variants_do_not_add_a_problem_of_their_own():
    table = results(THREE)
    variants = {f"fair {index}": constant(9.0) for index in range(40)}
    listed = results(variants, ("a", "b", "own")).assign(library="theirs")
    board = leaderboard(pd.concat([table, listed]), DIGITS)
    assert board.problems == ("a", "b")
    assert board.missed == ("own",)


def test_datasets_that_no_two_libraries_share_leave_that_of_most_methods():
    ours = results({"good": constant(6.0), "other": constant(5.0)}, ("a",))
    table = pd.concat([ours, results({"bad": constant(1.0)}, ("b",))])
    board = leaderboard(table, DIGITS)
    assert (board.problems, board.missed) == (("a",), ("b",))


def test_fewer_than_two_methods_or_no_result_are_no_board():
    assert leaderboard(results({"good": constant(6.0)}), DIGITS) is None
    status = {
        (name, dataset, seed): "failed" for name in THREE for dataset in "ab" for seed in range(3)
    }
    assert leaderboard(results(THREE, status=status), DIGITS) is None
    # Of these two one could not be run, and the other was not asked for everything.
    away = {("good", dataset, seed): "unavailable" for dataset in "ab" for seed in range(3)}
    assert (
        leaderboard(results({"good": constant(6.0), "fair": constant(4.0)}, status=away), DIGITS)
        is None
    )


def test_less_time_is_better_and_its_mean_is_geometric():
    seconds = {"quick": {"a": 1e-3, "b": 1e-1}, "slow": {"a": 1e-1, "b": 1.0}}
    table = results(
        {
            name: lambda dataset, seed, part, at=at: -np.log10(at[dataset])
            for name, at in seconds.items()
        }
    )
    board = leaderboard(table, SPEED)
    assert list(board.rows["method"]) == ["quick", "slow"]
    assert 10.0 ** -board.rows["mean"].iloc[0] == pytest.approx(1e-2)
    assert verdict(board).startswith(
        "quick is the fastest with 10 ms a fit in the geometric mean over 2 problems."
    )


def test_of_methods_that_share_a_place_the_fastest_stands_first_and_gives_the_time():
    seconds = {"a": 3.06e-3, "b": 2.91e-3, "slow": 1.0}
    scores = {name: constant(-np.log10(time)) for name, time in seconds.items()}
    board = leaderboard(results(scores), SPEED)
    assert list(board.rows["place"]) == [1, 1, 3]
    assert list(board.rows["method"]) == ["b", "a", "slow"]
    assert verdict(board) == (
        "b and a are the fastest with about 2.91 ms a fit in the geometric mean over 2 problems. "
        "Too few problems to say which method is faster in general (at least 12 are needed)."
    )


def test_a_method_without_a_time_on_some_problem_is_the_slowest():
    status = {("good", "a", seed): "failed" for seed in range(3)}
    rows = leaderboard(results(THREE, status=status), SPEED).rows.set_index("method")
    assert rows.at["good", "place"] == 3
    assert rows.at["good", "mean"] == -np.inf


@pytest.mark.parametrize("count", [1, 4, FEWEST, 6, 8, FEWEST_COMPARED, 16])
def test_the_number_of_problems_decides_what_is_said_about_others(count):
    board = leaderboard(results(THREE, many(count)), DIGITS)
    assert board.rows["low"].notna().all() == (count >= FEWEST)
    assert (not board.compared.empty) == (count >= FEWEST_COMPARED)
    assert ("Too few problems to say" in verdict(board)) == (count < FEWEST_COMPARED)


def test_a_known_winner_is_said_to_win():
    assert verdict(leaderboard(results(THREE, many(12)), DIGITS)) == (
        "good is first with 6.0 digits in the mean over 12 problems. Compared with the best "
        "method of each other library on a typical problem, ignoring differences up to 0.5 digits, "
        "good is better than fair and bad."
    )


def test_a_quicker_method_is_said_to_be_faster():
    board = leaderboard(results({"good": constant(3.0), "fair": constant(2.0)}, many(12)), SPEED)
    assert verdict(board) == (
        "good is the fastest with 1 ms a fit in the geometric mean over 12 problems. Compared with "
        "the best method of each other library on a typical problem, ignoring differences up to a "
        "factor of 1.26, good is faster than fair."
    )


def test_equals_are_said_to_be_as_good():
    scores = THREE | {"good too": constant(6.0)}
    assert verdict(leaderboard(results(scores, many(12)), DIGITS)) == (
        "good and good too share the first place with 6.0 digits in the mean over 12 problems. "
        "Compared with the best method of each other library on a typical problem, ignoring "
        "differences up to 0.5 digits, good is better than bad and is as good as good too."
    )


def test_what_problems_disagree_on_is_said_to_be_unknown():
    def erratic(dataset, seed, part):
        return 9.0 if int(dataset[1:]) % 2 else 2.0

    scores = {"good": constant(6.0), "fair": erratic}
    board = leaderboard(results(scores, many(12)), DIGITS)
    assert verdict(board).endswith("good cannot be distinguished from fair.")


def test_the_first_in_the_mean_may_be_worse_on_a_typical_problem():
    def rarely(dataset, seed, part):
        return 9.0 if dataset in ("d0", "d1") else 1.0

    scores = {"good": rarely, "fair": constant(1.9)}
    chances = leaderboard(results(scores, many(16)), DIGITS).compared.iloc[0]
    assert chances["worse"] > 0.5 > chances["better"]


def test_that_nothing_was_found_is_said():
    nothing = dict.fromkeys(THREE, constant(0.02))
    assert verdict(leaderboard(results(nothing), DIGITS)) == (
        "No method has a correct digit in the mean over 2 problems."
    )


def test_that_everything_failed_somewhere_is_said():
    status = {
        (method, dataset, seed): "failed"
        for method, dataset in (("good", "a"), ("fair", "b"), ("bad", "b"))
        for seed in range(3)
    }
    board = leaderboard(results(THREE, status=status), SPEED)
    assert verdict(board) == "No method has a result on each of 2 problems."


def test_only_the_best_of_each_other_library_is_compared():
    scores = {"good": constant(6.0), "second": constant(5.9), "fair": constant(4.0)}
    scores |= {"good too": constant(5.0), "bad": constant(1.0)}
    board = leaderboard(results(scores, many(12)), DIGITS)
    assert list(board.compared["method"]) == ["good too", "bad"]


def test_a_board_does_not_hang_on_the_order_of_its_rows():
    rng = np.random.default_rng(0)
    digits = rng.uniform(0, 9, (3, 12))
    scores = {
        name: lambda dataset, seed, part, mine=mine: mine[int(dataset[1:])]
        for name, mine in zip(THREE, digits, strict=True)
    }
    rows = results(scores, many(12))
    first = leaderboard(rows, DIGITS).rows
    for number in range(5):
        mixed = leaderboard(rows.sample(frac=1, random_state=number), DIGITS).rows
        pd.testing.assert_frame_equal(mixed, first)
