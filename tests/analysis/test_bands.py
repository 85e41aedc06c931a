"""Curves with their spread, of planted runs whose spread is known."""

import numpy as np
import pandas as pd
import pytest
from planted import Planted, planted

from koopmark.analysis.curves import digits_along, profile_bands
from koopmark.analysis.measure import judge, profile, standings

DATASETS = tuple("abcdefgh")


def erring(digits):
    """A method with these digits, by dataset and seed."""
    return Planted(lambda dataset, seed, index: 10.0 ** -digits(dataset, seed))


def of(digits, datasets=DATASETS, seeds=1):
    return judge(*planted({"m": erring(digits)}, datasets, seeds))


def test_the_curve_of_a_band_is_the_profile():
    judged = of(lambda dataset, seed: DATASETS.index(dataset), seeds=3)
    share = profile_bands(judged)["share"].unstack("method")
    pd.testing.assert_frame_equal(share, profile(judged), check_names=False)


def test_problems_that_agree_leave_no_band():
    bands = profile_bands(of(lambda dataset, seed: 4.5))
    assert bands["low"].to_numpy() == pytest.approx(bands["share"])
    assert bands["high"].to_numpy() == pytest.approx(bands["share"])


def test_a_band_narrows_as_problems_are_added():
    def width(count):
        names = tuple(f"p{k}" for k in range(count))
        bands = profile_bands(of(lambda dataset, seed: 6 * (int(dataset[1:]) % 2), names))
        return (bands["high"] - bands["low"]).max()

    assert width(64) < 0.4 * width(4)


def test_half_of_the_means_of_fresh_problems_lie_in_a_band():
    # Of problems of which half are found, the band has to be as wide as means are apart.
    names = tuple(f"p{k}" for k in range(100))
    bands = profile_bands(of(lambda dataset, seed: 6 * (int(dataset[1:]) % 2), names))
    low, high = bands.xs(1e-3, level="tau")[["low", "high"]].iloc[0]
    rng = np.random.default_rng(1)
    means = rng.integers(0, 2, (20_000, 100)).mean(axis=1)
    assert np.mean((means > low) & (means < high)) == pytest.approx(0.5, abs=0.1)


def test_the_band_of_one_problem_has_the_quartiles_of_its_seeds():
    judged = of(lambda dataset, seed: 1.0 + seed, ("a/n=1", "a/n=2"), seeds=5)
    bands = digits_along(judged, {"a/n=1": 1, "a/n=2": 2})
    assert bands[["low", "digits", "high"]].to_numpy() == pytest.approx(
        np.array([[2.0, 3.0, 4.0], [2.0, 3.0, 4.0]])
    )


def test_one_problem_with_one_seed_has_a_curve_and_no_band():
    bands = digits_along(of(lambda dataset, seed: 3.0, ("a",)), {"a": 0.1})
    assert bands["digits"].tolist() == [3.0]
    assert bands[["low", "high"]].isna().to_numpy().all()


def test_digits_along_levels_are_those_of_the_standings():
    judged = of(lambda dataset, seed: DATASETS.index(dataset) + 0.1 * seed, seeds=3)
    bands = digits_along(judged, dict.fromkeys(DATASETS, "all"))
    assert bands["digits"].tolist() == standings(judged)["digits"].tolist()


def test_levels_come_in_their_order_and_a_level_without_a_result_says_so():
    method = Planted(1e-3, status={("b", seed): "failed" for seed in range(3)})
    judged = judge(*planted({"m": method}, ("a", "b"), 3))
    bands = digits_along(judged, {"b": 5.0, "a": 10.0})
    assert bands.index.tolist() == [("m", 10.0), ("m", 5.0)]
    assert bands["ok"].tolist() == [1.0, 0.0]
