import numpy as np
import pandas as pd
import pytest

from koopmark.report.boards.leaderboard import interval, leaderboard
from koopmark.report.boards.verdicts import left_out, verdict


def results(scores, problems=None, status=None, seeds=5):
    """Fits of methods whose score on a dataset at a seed is given by a function of the two."""
    rows = [
        {
            "problem": (problems or {}).get(dataset, dataset),
            "dataset": dataset,
            "seed": seed,
            "method": method,
            "status": (status or {}).get((method, dataset, seed), "ok"),
            "score": score(dataset, seed),
        }
        for method, score in scores.items()
        for dataset in ("a", "b")
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows)


def constant(value):
    return lambda dataset, seed: value


def by_seed(factor):
    return lambda dataset, seed: factor * (1.0 + seed)


THREE = {"good": by_seed(1e-3), "fair": by_seed(1e-2), "bad": by_seed(0.1)}


def test_the_order_the_ranks_and_the_medians_are_those_one_counts_by_hand():
    rows = leaderboard(results(THREE)).rows.set_index("method")
    assert list(rows.index) == ["good", "fair", "bad"]
    assert list(rows["place"]) == [1, 2, 3]
    assert list(rows["mean_rank"]) == [1.0, 2.0, 3.0]
    assert list(rows["first"]) == [10, 0, 0]
    assert rows["median"].to_dict() == pytest.approx({"good": 3e-3, "fair": 3e-2, "bad": 0.3})
    assert list(rows["fits"]) == [10, 10, 10]
    assert list(rows["failed"]) == [0, 0, 0]


def test_ten_blocks_of_one_order_tell_the_first_from_the_last_and_not_from_the_second():
    board = leaderboard(results(THREE))
    assert board.test.blocks == 10
    # Nemenyi: 2.343 sqrt(3 * 4 / 60) = 1.048.
    assert board.test.critical_difference == pytest.approx(1.048, abs=1e-3)
    assert list(board.rows["like_the_best"]) == [True, True, False]
    assert verdict(board) == (
        "good is first on 2 datasets with 5 seeds, the best in 10 of 10 blocks; the methods differ "
        "(Friedman, p < 1e-06), and 1 of the 2 others is not told apart from it by so few blocks, "
        "with a mean rank within the critical difference 1.05 (Nemenyi, level 0.05): fair."
    )


def test_two_that_share_the_first_place_are_both_named():
    board = leaderboard(results(THREE | {"good too": by_seed(1e-3)}))
    assert list(board.rows["place"]) == [1, 1, 3, 4]
    assert verdict(board).startswith("good and good too are first on 2 datasets with 5 seeds")
    # Nemenyi: 2.569 sqrt(4 * 5 / 60) = 1.48, and the mean ranks are 1.5, 3 and 4.
    assert verdict(board).endswith("and every other is significantly worse.")


def test_of_those_that_share_the_first_place_each_has_its_own_number_of_wins():
    scores = {
        "even": constant(2.0),
        "up": lambda dataset, _: {"a": 1.0, "b": 3.0}[dataset],
        "down": lambda dataset, _: {"a": 3.0, "b": 1.0}[dataset],
    }
    assert verdict(leaderboard(results(scores, seeds=1))).startswith(
        "even, down and up are first on 2 datasets with 1 seed, the best in 0, 1 and 1 of 2 blocks"
    )


def test_levels_of_a_sweep_are_one_block_a_seed():
    board = leaderboard(results(THREE, problems={"a": "sweep", "b": "sweep"}))
    assert board.test.blocks == 5
    assert list(board.rows["fits"]) == [10, 10, 10]


def test_without_enough_blocks_it_says_so():
    board = leaderboard(results(THREE, problems={"a": "sweep", "b": "sweep"}, seeds=4))
    assert board.rows["like_the_best"].isna().all()
    assert verdict(board).endswith(
        "whether methods differ was not tested: 4 of the 5 blocks that a test of them needs."
    )


def test_methods_that_are_alike_share_a_place_and_do_not_differ():
    board = leaderboard(results(dict.fromkeys(THREE, constant(1e-3))))
    assert list(board.rows["place"]) == [1, 1, 1]
    assert board.rows["like_the_best"].all()
    assert "do not differ significantly (Friedman, p = 1)" in verdict(board)


def test_scores_that_differ_by_rounding_share_a_place():
    scores = {"one": by_seed(1e-3), "other": by_seed(1e-3 * (1 + 1e-13)), "third": by_seed(0.1)}
    assert list(leaderboard(results(scores)).rows["place"]) == [1, 1, 3]


def test_an_interval_does_not_hang_on_the_order_of_the_rows():
    noise = np.random.default_rng(0).lognormal(size=(2, 20))
    scores = {"m": lambda dataset, seed: noise["ab".index(dataset), seed], "n": constant(1.0)}
    rows = results(scores, seeds=20)
    first = leaderboard(rows).rows.set_index("method").loc["m", ["low", "high"]]
    for number in range(10):
        mixed = leaderboard(rows.sample(frac=1, random_state=number)).rows.set_index("method")
        assert mixed.loc["m", ["low", "high"]].equals(first)


def test_rounding_is_alike_and_so_is_what_is_lost():
    scores = {"exact": constant(1e-15), "rounding": constant(9e-10)}
    lost = {"lost": constant(0.6), "infinite": constant(np.inf)}
    rows = leaderboard(results(scores | lost), alike=(1e-9, 0.5)).rows.set_index("method")
    assert rows["mean_rank"].to_dict() == {
        "exact": 1.5,
        "rounding": 1.5,
        "lost": 3.5,
        "infinite": 3.5,
    }
    assert rows.loc["infinite", "median"] == np.inf


def test_a_failure_ranks_last_counts_as_infinite_and_is_shown():
    status = {("good", dataset, seed): "timeout" for dataset in "ab" for seed in range(3)}
    board = leaderboard(results(THREE, status=status), alike=(1e-9, 0.5))
    rows = board.rows.set_index("method")
    assert list(rows.index) == ["fair", "good", "bad"]
    assert rows.loc["good", "failed"] == 6
    assert rows.loc["good", "mean_rank"] == pytest.approx((6 * 3 + 4 * 1) / 10)
    assert rows.loc["good", "median"] == np.inf


def test_a_fit_without_a_score_is_lost_though_it_ended_ok():
    table = results(THREE)
    table.loc[(table["method"] == "good") & (table["seed"] == 0), "score"] = np.nan
    rows = leaderboard(table).rows.set_index("method")
    assert rows.loc["good", "failed"] == 2


def test_where_no_method_has_a_score_none_is_counted_against_any():
    table = results(THREE)
    table.loc[table["dataset"] == "b", "score"] = np.nan
    board = leaderboard(table)
    assert board.datasets == ("a",)
    assert list(board.rows["fits"]) == [5, 5, 5]
    assert (board.rows["failed"] == 0).all()


def test_what_did_not_run_everywhere_is_left_out_and_named():
    more = {f"more{index}": constant(1.0) for index in range(9)}
    status = {("absent", dataset, seed): "unavailable" for dataset in "ab" for seed in range(5)}
    table = results(THREE | more | {"absent": constant(np.nan)}, status=status)
    table = table[(table["method"] != "fair") | (table["dataset"] == "a")]
    board = leaderboard(table)
    assert not {"fair", "absent"} & set(board.rows["method"])
    assert left_out(board) == (
        "Not ranked: methods that were run on a part of the datasets: fair; methods that were "
        "skipped or unavailable everywhere: absent."
    )


def test_a_dataset_that_few_methods_share_is_left_out_and_named():
    table = results(THREE)
    board = leaderboard(table[(table["method"] == "good") | (table["dataset"] == "a")])
    assert board.datasets == ("a",)
    assert len(board.rows) == 3
    assert left_out(board) == "Not ranked: datasets that too few methods were run on: b."


def test_the_interval_holds_the_median_and_both_ends_are_medians_of_resamples():
    scores = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]])
    low, high = interval(scores)
    assert (low, high) == interval(scores)
    assert {low, high} <= set(scores.ravel())
    assert low <= 3.0 <= high
    assert low < high


def test_the_interval_of_seeds_that_agree_has_no_width():
    assert interval(np.full((3, 5), 0.25)) == (0.25, 0.25)


def test_the_interval_is_infinite_where_seeds_are_lost():
    low, high = interval(np.array([[1.0, 1.0, 1.0, np.inf, np.inf]]))
    assert (low, high) == (1.0, np.inf)


def test_two_seeds_have_no_interval():
    assert np.isnan(interval(np.ones((4, 2)))).all()


def test_where_all_are_alike_nobody_is_best_and_the_median_is_some_fits_error():
    results = pd.DataFrame(
        [
            {"dataset": data, "problem": data, "seed": 0, "method": name, "status": "ok"}
            for data in ("easy", "hard")
            for name in ("a", "b")
        ]
    ).assign(score=[1e-12, 1e-3, 1.0, 0.9])
    rows = leaderboard(results, alike=(1e-9, 0.5)).rows.set_index("method")
    assert rows["first"].to_dict() == {"a": 1, "b": 0}
    assert rows["median"].to_dict() == {"a": 1.0, "b": 0.9}
