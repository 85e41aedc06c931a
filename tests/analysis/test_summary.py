import numpy as np
import pandas as pd
import pytest
from planted import Planted, planted

from koopmark.analysis.measure import judge
from koopmark.analysis.numbers import percent
from koopmark.analysis.summary import summarise
from koopmark.analysis.tables import read_scores


@pytest.fixture(scope="module")
def tables(finished_run):
    return read_scores(finished_run)


@pytest.fixture(scope="module")
def summary(tables):
    return summarise(tables[0], judge(*tables))


def summed(methods, *args, **options):
    """The summary of a planted run of one dataset, by method."""
    fits, targets = planted(methods, ["a"], *args, **options)
    return summarise(fits, judge(fits, targets)).set_index("method")


def test_every_dataset_and_method_has_one_row(tables, summary):
    pairs = tables[0][["dataset", "method"]].drop_duplicates()
    assert len(summary) == len(pairs) == len(summary[["dataset", "method"]].drop_duplicates())


def test_what_always_failed_is_last_on_every_dataset(summary):
    last = summary.groupby("dataset", sort=False).tail(1)
    assert (last["method"] == "broken").all()
    assert (last["status"] == "failed").all()
    assert (last["place"] == summary["place"].max()).all()


def test_without_noise_the_quadratic_dictionary_is_first(summary):
    clean = summary[summary["noise"] == 0].set_index("method")
    assert clean.at["quadratic[degree=2]", "place"] == 1
    assert clean.at["quadratic[degree=2]", "digits"] == 9.0
    assert clean.at["quadratic[degree=2]", "found"] == 1.0
    assert clean.at["linear", "reach"] == 0.5


def test_anchors_are_marked_and_not_ranked(summary):
    anchors = summary[summary["method"].str.startswith("anchor.")]
    assert (anchors["role"] == "anchor").all()
    assert anchors["place"].isna().all()
    assert (summary.loc[summary["place"].notna(), "role"] == "method").all()


def test_a_fit_that_failed_has_no_digits_and_its_scores_are_left_out():
    methods = {
        "m": Planted(1e-9, status={("a", 0): "timeout", ("a", 1): "timeout"}),
        "n": Planted(0.1),
    }
    fits, targets = planted(methods, ["a"])
    fits["residual_median"] = [9.0, 9.0, 0.25, 1.0, 2.0, 3.0]
    rows = summarise(fits, judge(fits, targets)).set_index("method")
    assert rows.loc["m", ["digits", "status", "ok", "failed"]].tolist() == [
        0.0,
        "1/3 ok, 2 timeout",
        1,
        2,
    ]
    assert rows["residual_median"].to_dict() == {"m": 0.25, "n": 2.0}
    assert rows["place"].to_dict() == {"n": 1, "m": 2}


def test_digits_are_the_mean_over_targets_of_the_median_over_all_seeds():
    errors = [(1e-2, 1e-6), (1e-4, 1.0), (1e-3, 1e-3)]
    row = summed({"m": Planted(lambda d, seed, index: errors[seed][index])}, degrees=(1, 2)).loc[
        "m"
    ]
    assert row["digits"] == pytest.approx((3.0 + 3.0) / 2)
    assert row["found"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert row["asked"] == 2


def test_a_span_without_its_eigenvalue_has_no_digits():
    wrong = {"eigenvalue_error_relative": 19.0}
    row = summed({"m": Planted(1e-12, more=lambda *_: wrong)}).loc["m"]
    assert (row["digits"], row["found"]) == (0.0, 0.0)


def test_what_is_rounding_is_measured_target_by_target():
    def more(dataset, seed, index):
        return {"rounding": 1e-8 if index else 1e-9}

    rows = summed({"m": Planted(5e-9, more=more)}, degrees=(1, 1))
    assert rows.at["m", "digits"] == pytest.approx((9.0 - np.log10(5e-9)) / 2)


def test_a_dataset_whose_system_could_not_be_made_still_has_its_rows(tables):
    """Such fits know neither the size of the system nor its targets."""
    fits, targets = tables
    broken = fits[(fits["method"] == "broken") & (fits["noise"] == 0)]
    lost = broken.assign(dataset="impossible", n=np.nan, rank=np.nan, noise=np.nan)
    summary = summarise(pd.concat([fits, lost]), judge(fits, targets))
    row = summary[summary["dataset"] == "impossible"].iloc[0]
    assert (row["ok"], row["failed"], row["status"]) == (0, 2, "failed")
    assert (row["asked"], row["found"], row["digits"]) == (0, 0, 0)


def test_methods_of_one_place_stand_in_the_order_of_their_names():
    rows = summed({name: Planted(1e-3) for name in "zbya"} | {"worse": Planted(0.1)})
    assert list(rows.index) == ["a", "b", "y", "z", "worse"]
    # As many as are better, and one.
    assert list(rows["place"]) == [1, 1, 1, 1, 5]


def test_rounding_makes_no_place():
    rows = summed({"m": Planted(1e-3), "n": Planted(1e-3 * (1 + 1e-13))})
    assert list(rows["place"]) == [1, 1]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1e-6, "<1 %"),
        (0.006, "1 %"),
        (11 / 14, "79 %"),
        (0.925, "93 %"),
        (0.9999, "99 %"),
        (1.0, "100 %"),
        (1 - 1e-12, "100 %"),
        (np.nan, "–"),
    ],
)
def test_a_share_is_rounded_but_never_to_none_or_all(share, text):
    assert percent(share) == text


def test_the_gain_error_is_the_median_over_targets_and_seeds_that_have_one():
    def gains(dataset, seed, index):
        return {"gain_error": (0.1, 0.3, 0.2)[seed] if index == 0 else np.nan}

    rows = summed({"m": Planted(1e-9, more=gains), "n": Planted(1e-9)}, degrees=(1, 2))
    assert rows.at["m", "gain_error"] == 0.2
    assert np.isnan(rows.at["n", "gain_error"])
