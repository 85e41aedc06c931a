"""Order and numbers of boards that are made up: what they say is true of them."""

import numpy as np
import pandas as pd
import pytest
from planted import Planted, planted, run_of

from koopmark.analysis.leaderboard import COST, DIGITS, PRINCIPAL, leaderboard, share_of_data
from koopmark.analysis.measure import judge
from koopmark.analysis.significance import FEWEST, FEWEST_COMPARED

LIBRARIES = {"good": "ours", "good too": "theirs", "fair": "theirs", "bad": "others"}


def tables(digits, datasets=("a", "b"), status=None, seeds=3, parts=1, library=None):
    """A run of methods with so many digits: a number, or a function of dataset, seed and target."""
    made = {}
    for name, value in digits.items():
        own = {key[1:]: ended for key, ended in (status or {}).items() if key[0] == name}
        made[name] = Planted(
            lambda *at, value=value: 10.0 ** -(value(*at) if callable(value) else value),
            library=library or LIBRARIES.get(name, "ours"),
            status=own,
        )
    return planted(made, datasets, seeds, (1,) * parts)


def board(*parts):
    """The board of these (fits, targets), below one another."""
    fits, targets = (pd.concat(some, ignore_index=True) for some in zip(*parts, strict=True))
    return leaderboard(judge(fits, targets), fits, DIGITS)


def rows(*parts):
    return board(*parts).rows.set_index("method")


def many(count):
    return tuple(f"d{index}" for index in range(count))


THREE = {"good": 6.0, "fair": 4.0, "bad": 1.0}


def only(pair, keep):
    return tuple(table[keep(table)] for table in pair)


def test_a_number_is_the_mean_over_problems_of_that_over_targets_of_the_median_over_seeds():
    def value(dataset, seed, part):
        return {"a": 0.0, "b": 3.0}[dataset] + [0.0, 1.0, 5.0][seed] + part

    found = rows(tables(THREE | {"m": value}, parts=2))
    assert found.at["m", "mean"] == pytest.approx((0.0 + 3.0) / 2 + 1.0 + 0.5)
    assert found["place"].to_dict() == {"good": 1, "fair": 2, "m": 3, "bad": 4}


def test_seeds_and_levels_are_no_problems():
    names = [f"sweep/level={index}" for index in range(12)]
    found = board(tables(THREE, names, seeds=10))
    assert found.problems == ("sweep",)
    assert found.rows["low"].isna().all()
    assert found.compared.empty


def test_a_problem_of_many_levels_counts_no_more_than_one_of_few():
    scores = {"m": lambda dataset, *_: 9.0 if dataset == "d0" else 1.0, "n": 2.0}
    found = rows(tables(scores, ["d0", "sweep/a", "sweep/b", "sweep/c"]))
    assert found.at["m", "mean"] == pytest.approx(5.0)


def test_methods_that_agree_to_what_is_shown_share_a_place():
    found = board(tables({"one": 5.701, "other": 5.7, "third": 5.6})).rows
    assert list(found["place"]) == [1, 1, 3]
    assert list(found["method"]) == ["one", "other", "third"]
    assert list(board(tables({"one": 5.701, "other": 5.7})).best["method"]) == ["one", "other"]


def test_rounding_breaks_no_tie():
    """Of equal methods the names decide, whatever the last digits of their errors."""
    found = board(tables({"b": 5.7, "a": 5.7 - 1e-12, "c": 5.7 + 1e-12})).rows
    assert list(found["method"]) == ["a", "b", "c"]


def test_the_best_mean_heads_a_place_whatever_its_name():
    found = board(tables({"a": 5.96, "b": 6.04, "c": 6.0, "d": 4.0})).rows
    assert list(found["method"]) == ["b", "c", "a", "d"]
    assert list(found["place"]) == [1, 1, 1, 4]


def test_what_failed_or_was_skipped_has_no_digits_and_stays_in_its_row():
    status = {("good", "a", seed): how for seed, how in enumerate(["failed", "timeout", "ok"])}
    status |= {("fair", dataset, seed): "skipped" for dataset in "ab" for seed in range(3)}
    found = rows(tables(THREE, status=status))
    assert found["mean"].to_dict() == pytest.approx({"good": 3.0, "bad": 1.0, "fair": 0.0})
    assert found["failed"].to_dict() == {"good": 2, "bad": 0, "fair": 6}
    assert (found["fits"] == 6).all()


def test_a_missing_score_counts_as_no_digits_and_not_as_a_failed_fit():
    good = {"good": lambda dataset, seed, part: np.nan if part else 6.0}
    row = rows(tables(THREE | good, parts=2)).loc["good"]
    assert (row["mean"], row["failed"]) == (pytest.approx(3.0), 0)


def test_where_no_method_has_a_score_none_is_counted_against_any():
    lost = {
        name: lambda dataset, *_, d=d: np.nan if dataset == "b" else d for name, d in THREE.items()
    }
    found = board(tables(lost))
    assert found.datasets == ("a",)
    assert list(found.rows["mean"]) == pytest.approx([6.0, 4.0, 1.0])
    assert (found.rows["failed"] == 0).all()


def test_what_did_not_run_everywhere_is_left_out_and_named():
    more = {f"more{index}": 1.0 for index in range(9)}
    status = {("absent", dataset, seed): "unavailable" for dataset in "ab" for seed in range(3)}
    pair = tables(THREE | more | {"absent": np.nan}, status=status)
    found = board(only(pair, lambda t: (t["method"] != "fair") | (t["dataset"] == "a")))
    assert not {"fair", "absent"} & set(found.rows["method"])
    assert (found.partly_run, found.unavailable) == (("fair",), ("absent",))


def test_a_dataset_that_few_methods_share_is_left_out_and_named():
    pair = tables(THREE)
    found = board(only(pair, lambda t: (t["method"] == "good") | (t["dataset"] == "a")))
    assert (found.datasets, found.missed) == (("a",), ("b",))
    assert len(found.rows) == 3


def test_variants_that_are_listed_where_they_are_good_do_not_choose_the_problems():
    names = many(10)
    pair = tables(THREE | {"good too": 5.0}, names)
    variants = {f"fair {index}": 9.0 for index in range(20)}
    alone = board(pair)
    beside = board(pair, tables(variants, names[:6], library="theirs"))
    assert beside.problems == alone.problems == names
    assert beside.partly_run == tuple(variants)
    pd.testing.assert_frame_equal(beside.rows, alone.rows)


def test_variants_do_not_add_a_problem_of_their_own():
    variants = {f"fair {index}": 9.0 for index in range(40)}
    found = board(tables(THREE), tables(variants, ("a", "b", "own"), library="theirs"))
    assert found.problems == ("a", "b")
    assert found.missed == ("own",)


def test_datasets_that_no_two_libraries_share_leave_that_of_most_methods():
    found = board(tables({"good": 6.0, "other": 5.0}, ("a",)), tables({"bad": 1.0}, ("b",)))
    assert (found.problems, found.missed) == (("a",), ("b",))


def test_fewer_than_two_methods_are_no_board():
    assert board(tables({"good": 6.0})) is None
    # Of these two one could not be run, and there is nobody to rank it beside.
    away = {("good", dataset, seed): "unavailable" for dataset in "ab" for seed in range(3)}
    assert board(tables({"good": 6.0, "fair": 4.0}, status=away)) is None


def test_where_all_failed_all_share_the_last_place():
    status = {(name, d, seed): "failed" for name in THREE for d in "ab" for seed in range(3)}
    found = board(tables(THREE, status=status)).rows
    assert (found["place"] == 1).all()
    assert (found[["mean", "found"]] == 0).all(axis=None)


@pytest.mark.parametrize("count", [1, 4, FEWEST, 6, 8, FEWEST_COMPARED, 16])
def test_the_number_of_problems_decides_what_is_said_about_others(count):
    found = board(tables(THREE, many(count)))
    assert found.rows["low"].notna().all() == (count >= FEWEST)
    assert (not found.compared.empty) == (count >= FEWEST_COMPARED)


def test_the_first_in_the_mean_may_be_worse_on_a_typical_problem():
    rarely = {"good": lambda dataset, *_: 9.0 if dataset in ("d0", "d1") else 1.0, "fair": 1.9}
    chances = board(tables(rarely, many(16))).compared.iloc[0]
    assert chances["worse"] > 0.5 > chances["better"]


def test_only_the_best_of_each_other_library_is_compared():
    scores = {"good": 6.0, "second": 5.9, "fair": 4.0, "good too": 5.0, "bad": 1.0}
    assert list(board(tables(scores, many(12))).compared["method"]) == ["good too", "bad"]


def test_a_board_does_not_hang_on_the_order_of_its_rows():
    digits = np.random.default_rng(0).uniform(0, 9, (3, 12))
    scores = {
        name: lambda dataset, *_, mine=mine: mine[int(dataset[1:])]
        for name, mine in zip(THREE, digits, strict=True)
    }
    pair = tables(scores, many(12))
    first = board(pair).rows
    for number in range(5):
        mixed = [table.sample(frac=1, random_state=number) for table in pair]
        pd.testing.assert_frame_equal(board(mixed).rows, first)


def test_the_share_of_the_data_that_a_method_used_stands_in_its_row():
    some = {"all": Planted(0.1), "few": Planted(0.1, pairs_used=5)}
    assert rows(planted(some))["pairs"].to_dict() == {"all": 1.0, "few": 0.05}


def cost(**made):
    fits, targets = planted({"useless": Planted(0.5, seconds=1e-6)} | made)
    return run_of(fits, targets).boards


def test_of_the_methods_that_find_what_they_can_the_fastest_is_first():
    boards = cost(quick=Planted(1e-6, seconds=1e-3), slow=Planted(1e-6, seconds=0.1))
    assert list(boards[COST].rows["method"]) == ["quick", "slow"]
    assert boards[COST].rows["mean"].iloc[1] == pytest.approx(1.0)
    assert "useless" in set(boards[PRINCIPAL].rows["method"])


def test_a_method_that_finds_all_that_its_dictionary_holds_is_among_them():
    half = Planted(
        lambda dataset, *_: 1e-6 if dataset == "a" else 0.5,
        floor=lambda dataset, *_: 0.0 if dataset == "a" else 0.4,
        seconds=1e-3,
    )
    lazy = Planted(lambda dataset, *_: 1e-6 if dataset == "a" else 0.5, seconds=1e-4)
    found = cost(half=half, lazy=lazy, whole=Planted(1e-6, seconds=1.0))[COST].rows
    assert list(found["method"]) == ["half", "whole"]
    assert list(found["reach"]) == [0.5, 1.0]


def test_times_within_a_quarter_share_a_place_and_the_fastest_stands_first():
    seconds = {"a": 3.06e-3, "b": 2.91e-3, "slow": 1.0}
    found = cost(**{name: Planted(1e-6, seconds=time) for name, time in seconds.items()})[COST]
    assert list(found.rows["place"]) == [1, 1, 3]
    assert list(found.rows["method"]) == ["b", "a", "slow"]
    assert found.measure.in_units(found.rows["mean"].iloc[0]) == pytest.approx(2.91e-3)


def test_what_most_methods_leave_out_of_data_with_gaps_is_held_against_none():
    some = {name: Planted(0.1, pairs_used=60) for name in ("one", "other", "third")}
    some |= {"any": Planted(0.1, pairs_used=100), "few": Planted(0.1, pairs_used=6)}
    fits, _ = planted(some)
    shares = share_of_data(fits)
    assert shares.to_dict() == {"one": 1.0, "other": 1.0, "third": 1.0, "any": 1.0, "few": 0.1}
