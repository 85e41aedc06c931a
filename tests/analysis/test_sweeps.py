"""Sweeps as the report finds them in fits.csv, and the axes they are drawn on."""

import numpy as np
import pandas as pd
import pytest
from planted import Planted, planted

from koopmark.analysis.measure import judge
from koopmark.analysis.results import Results
from koopmark.analysis.sweeps import Sweep, shared_targets, sweep_summary, sweep_table, sweeps


def sweep(levels, axis="noise", texts=None):
    names = tuple(f"d{i}" for i in range(len(levels)))
    return Sweep("s", axis, names, tuple(levels), tuple(texts or map(str, levels)))


@pytest.fixture(scope="module")
def tables(finished_run):
    return Results.read(finished_run)


def test_a_family_of_two_levels_is_a_sweep(tables):
    (found,) = sweeps(tables.fits)
    assert (found.name, found.axis, found.levels) == ("How noise hurts", "noise", (0.0, 0.01))
    assert found.datasets == ("three_populations", "three_populations_noise_0.01")


def test_one_level_alone_is_no_sweep(tables):
    assert sweeps(tables.fits[tables.fits["level"] == 0.0]) == []


@pytest.mark.parametrize(
    ("levels", "scale", "positions"),
    [
        ([1e-3, 1e-2, 1.0], "log", [1e-3, 1e-2, 1.0]),
        ([0.0, 1e-2, 1.0], "log", [1e-3, 1e-2, 1.0]),
        ([1.0, 2.0, 5.0], "linear", [1.0, 2.0, 5.0]),
        ([-1.0, 100.0], "linear", [-1.0, 100.0]),
        ([np.nan, np.nan], "category", [0.0, 1.0]),
        ([10.0, 10.0, 3.0], "category", [0.0, 1.0, 2.0]),
    ],
)
def test_the_values_choose_the_axis(levels, scale, positions):
    assert sweep(levels).scale == scale
    assert sweep(levels).positions == pytest.approx(positions)


def summed(found, fits, targets):
    return sweep_summary(found, fits, targets, judge(fits, targets))


def test_where_levels_share_no_target_all_count(tables):
    targets = tables.targets.copy()
    noisy = targets["dataset"].str.contains("noise")
    targets.loc[noisy, "target_eigenvalue_re"] -= 0.5
    (found,) = sweeps(tables.fits)
    summary = summed(found, tables.fits, targets)
    assert (summary.loc[summary["method"] == "linear", "asked"] == 2).all()


def test_targets_are_shared_by_eigenvalue_whatever_their_multiplicity(tables):
    targets = tables.targets.copy()
    noisy = targets["dataset"].str.contains("noise")
    targets.loc[noisy, "target"] += " (x7)"
    (found,) = sweeps(tables.fits)
    once = summed(found, tables.fits, tables.targets)
    pd.testing.assert_frame_equal(summed(found, tables.fits, targets), once)


def test_eigenvalues_that_differ_by_rounding_are_shared(tables):
    targets = tables.targets.copy()
    noisy = targets["dataset"].str.contains("noise")
    targets.loc[noisy, "target_eigenvalue_re"] *= 1 + 2e-16
    (found,) = sweeps(tables.fits)
    assert len(shared_targets(found, targets)) == len(targets)
    # Of these the second is shared alone: all others are asked for at one level.
    targets.loc[noisy & (targets["target_index"] == 0), "target_eigenvalue_re"] -= 1e-3
    shared = shared_targets(found, targets)
    assert set(shared["target_index"]) == {1}


def test_the_table_of_sweeps_has_the_level_of_each_row(tables):
    (found,) = sweeps(tables.fits)
    table = sweep_table([(found, summed(found, tables.fits, tables.targets))])
    assert (table["level"] == table["noise"]).all()
    assert set(table["family"]) == {"How noise hurts"}


def planted_sweep(methods, **how):
    fits, targets = planted(methods, **how)
    fits = fits.assign(family="S", axis="n", level=fits["dataset"].map({"a": 1.0, "b": 2.0}))
    (found,) = sweeps(fits)
    return summed(found, fits, targets).set_index(["dataset", "method"])


def test_the_quartiles_of_digits_are_those_over_the_seeds():
    digits = (2.0, 3.0, 7.0)
    rows = planted_sweep({"m": Planted(lambda dataset, seed, index: 10.0 ** -digits[seed])})
    found = rows.loc[("a", "m"), ["digits_q25", "digits", "digits_q75"]]
    assert list(found) == pytest.approx(list(np.quantile(digits, [0.25, 0.5, 0.75])))


def test_of_a_fit_that_failed_the_quartiles_of_digits_count_and_those_of_scores_do_not():
    status = {("b", 0): "failed", ("b", 1): "failed"}
    rows = planted_sweep({"m": Planted(1e-6, status=status, seconds=0.25)})
    found = rows.loc[("b", "m")]
    assert (found["digits_q25"], found["digits_q75"]) == (0.0, 3.0)
    assert (found["fit_seconds_q25"], found["fit_seconds_q75"]) == (0.25, 0.25)
    gone = planted_sweep({"m": Planted(1e-6, status={("b", k): "failed" for k in range(3)})})
    assert np.isnan(gone.loc[("b", "m"), "fit_seconds_q75"])
