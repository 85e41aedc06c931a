import numpy as np
import pandas as pd
import pytest

from koopmark.analysis.summary import summarise
from koopmark.analysis.tables import read
from koopmark.scoring import FOUND


@pytest.fixture(scope="module")
def tables(finished_run):
    return read(finished_run)


@pytest.fixture(scope="module")
def summary(tables):
    return summarise(tables.fits, tables.targets)


def test_every_dataset_and_method_has_one_row(tables, summary):
    pairs = tables.fits[["dataset", "method"]].drop_duplicates()
    assert len(summary) == len(pairs) == len(summary[["dataset", "method"]].drop_duplicates())


def test_what_never_ended_ok_ranks_last_on_every_dataset(summary):
    last = summary.groupby("dataset", sort=False).tail(1)
    assert (last["method"] == "broken").all()
    assert (last["status"] == "failed").all()
    assert (last["place"] == summary["place"].max()).all()


def test_a_method_that_failed_at_one_seed_ranks_below_all_that_never_failed(tables):
    fits = tables.fits.copy()
    best = (fits["method"] == "quadratic[degree=2]") & (fits["seed"] == 0)
    fits.loc[best, "status"] = "timeout"
    summary = summarise(fits, tables.targets)
    row = summary[summary["method"] == "quadratic[degree=2]"].iloc[0]
    never_failed = summary[(summary["role"] == "method") & (summary["failed"] == 0)]
    assert row["status"] == "1/2 ok, 1 timeout"
    assert row["place"] > never_failed["place"].max()


def test_a_seed_that_a_method_was_not_run_on_counts_as_one_that_failed(tables):
    best = (tables.fits["method"] == "quadratic[degree=2]") & (tables.fits["seed"] == 1)
    of_best = (tables.targets["method"] == "quadratic[degree=2]") & (tables.targets["seed"] == 1)
    summary = summarise(tables.fits[~best], tables.targets[~of_best])
    rows = summary[summary["method"] == "quadratic[degree=2]"]
    assert (rows["ok"] == 1).all()
    for _, row in rows.iterrows():
        complete = summary[(summary["dataset"] == row["dataset"]) & (summary["ok"] == 2)]
        assert row["place"] > complete["place"].max()


def test_without_noise_the_quadratic_dictionary_ranks_first(summary):
    clean = summary[summary["noise"] == 0].set_index("method")
    assert clean.at["quadratic[degree=2]", "place"] == 1
    assert clean.at["quadratic[degree=2]", "eigenfunction_error"] < 1e-9
    assert clean.at["quadratic[degree=2]", "targets_recovered"] == 2


def test_anchors_are_marked_and_not_ranked(summary):
    anchors = summary[summary["method"].str.startswith("anchor.")]
    assert (anchors["role"] == "anchor").all()
    assert anchors["place"].isna().all()
    assert (summary.loc[summary["place"].notna(), "role"] == "method").all()


def test_errors_are_medians_over_seeds_of_the_worst_target(tables, summary):
    targets = tables.targets
    for _, row in summary[summary["ok"] > 0].iterrows():
        mine = targets[
            (targets["dataset"] == row["dataset"]) & (targets["method"] == row["method"])
        ]
        worst = [rows["eigenfunction_error"].max() for _, rows in mine.groupby("seed")]
        assert row["eigenfunction_error"] == np.median(worst)


def test_a_missing_score_of_one_target_is_not_hidden_by_the_others(tables):
    targets = tables.targets.copy()
    of_linear = (targets["method"] == "linear") & (targets["target"] == "-2")
    assert of_linear.any()
    targets.loc[of_linear, "eigenfunction_error"] = np.nan
    summary = summarise(tables.fits, targets)
    linear = summary[summary["method"] == "linear"]
    assert linear["eigenfunction_error"].isna().all()
    assert linear["eigenvalue_error_relative"].notna().all()


def test_a_target_is_recovered_only_if_both_errors_are_small(tables):
    targets = tables.targets.copy()
    exact = targets["method"] == "anchor.exact"
    targets.loc[exact & (targets["target"] == "-1"), "eigenvalue_error_relative"] = 2 * FOUND
    summary = summarise(tables.fits, targets)
    assert (summary.loc[summary["method"] == "anchor.exact", "targets_recovered"] == 1).all()


def test_a_dataset_whose_system_could_not_be_made_still_has_its_rows(tables):
    """Such fits know neither the size of the system nor its targets."""
    broken = tables.fits[(tables.fits["method"] == "broken") & (tables.fits["noise"] == 0)]
    lost = broken.assign(dataset="impossible", n=np.nan, rank=np.nan, noise=np.nan)
    summary = summarise(pd.concat([tables.fits, lost]), tables.targets)
    row = summary[summary["dataset"] == "impossible"].iloc[0]
    assert (row["ok"], row["failed"], row["status"]) == (0, 2, "failed")


def test_methods_of_one_place_stand_in_the_order_of_their_names(tables):
    copies = [
        pd.concat([table, *(mine.assign(method=name) for name in ("z", "b", "y"))])
        for table in (tables.fits, tables.targets)
        for mine in [table[table["method"] == "linear"]]
    ]
    summary = summarise(*copies)
    for _, rows in summary.groupby("dataset"):
        mine = rows[rows["method"].isin(["linear", "z", "b", "y"])]
        assert list(mine["method"]) == ["b", "linear", "y", "z"]
        assert mine["place"].nunique() == 1
        # As many as are better, and one.
        after = rows[rows["place"] > mine["place"].iloc[0]]["place"]
        assert after.min() == mine["place"].iloc[0] + 4


def test_a_span_without_its_eigenvalue_has_no_digits_and_the_error_of_its_eigenvalue(tables):
    targets = tables.targets.copy()
    mine = (targets["method"] == "quadratic[degree=2]") & (targets["target"] == "-1")
    targets.loc[mine, "eigenvalue_error_relative"] = 19.0
    row = summarise(tables.fits, targets).set_index(["method", "noise"])
    clean = row.loc[("quadratic[degree=2]", 0.0)]
    assert clean["error"] == 19.0
    assert clean["digits"] == 4.5


def test_what_is_rounding_is_measured_target_by_target(tables):
    """The largest error is rounding, and a smaller one of another target is not."""
    mine = tables.targets["method"] == "quadratic[degree=2]"
    at = {"-1": (3e-9, 1e-9), "-2": (5e-9, 1e-8)}
    targets = tables.targets.copy()
    for name, (error, of_rounding) in at.items():
        rows = mine & (targets["target"] == name)
        targets.loc[rows, "eigenvalue_error_relative"] = error
        targets.loc[rows, "eigenfunction_error"] = 0.0
        targets.loc[rows, "rounding"] = of_rounding
    summary = summarise(tables.fits, targets).set_index(["method", "noise"])
    clean = summary.loc[("quadratic[degree=2]", 0.0)]
    assert clean["error"] == 5e-9
    assert clean["error_over_rounding"] == pytest.approx(3.0)


def test_errors_do_not_hang_on_the_unit_of_time(tables):
    """In a unit ten times longer rates are ten times larger, and their distances too."""
    rates = ["target_eigenvalue_re", "target_eigenvalue_im", "eigenvalue_error"]
    slower = tables.targets.assign(**{name: 10.0 * tables.targets[name] for name in rates})
    pd.testing.assert_frame_equal(
        summarise(tables.fits, slower), summarise(tables.fits, tables.targets)
    )


def test_digits_are_the_mean_over_targets_of_the_median_over_all_seeds(tables):
    fits, targets = tables.fits.copy(), tables.targets.copy()
    mine = (targets["method"] == "quadratic[degree=2]") & (targets["seed"] == 0)
    fits.loc[(fits["method"] == "quadratic[degree=2]") & (fits["seed"] == 0), "status"] = "timeout"
    targets.loc[mine, "status"] = "timeout"
    summary = summarise(fits, targets).set_index(["method", "noise"])
    # Exact at one seed, lost at the other: the median of 9 and 0 at either target.
    assert summary.at[("quadratic[degree=2]", 0.0), "digits"] == 4.5
    assert (summary.loc["broken", "digits"] == 0).all()
