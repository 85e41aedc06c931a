"""Errors in units of what noise allows: what counts, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from koopmark.analysis.sentences import above_the_floor
from koopmark.analysis.sweeps import Sweep
from koopmark.analysis.targets import by_chance, times_floor, worst_floors
from koopmark.pages.run._views import Known, target_columns, target_rows

SWEEP = Sweep("Populations", "noise", ("low", "high"), (1e-3, 1e-2), ("0.001", "0.01"))


def table(errors, floors=(1e-3, 1e-2), datasets=("low", "high"), status="ok"):
    """targets.csv of methods whose errors are given, a row per seed of each dataset."""
    rows = [
        {
            "dataset": dataset,
            "method": method,
            "role": "anchor" if method.startswith("anchor") else "method",
            "seed": seed,
            "status": status,
            "target": "-1",
            "target_index": 0,
            "target_dimension": 1,
            "target_eigenvalue_re": -1.0,
            "target_eigenvalue_im": 0.0,
            "eigenvalue_error": 6.0 * factor * floor,
            "eigenvalue_error_relative": 2.0 * factor * floor,
            "eigenfunction_error": factor * floor,
            "eigenfunction_error_cluster": factor * floor,
            "oracle_floor": 0.0,
            "rounding": 1e-9,
            "statistical_floor_eigenvalue": floor,
            "statistical_floor": floor,
        }
        for dataset, floor in zip(datasets, floors, strict=True)
        for method, factors in errors.items()
        for seed, factor in enumerate(factors)
    ]
    return pd.DataFrame(rows)


def times(targets, error="eigenfunction_error"):
    found = times_floor(targets, error)
    return dict(zip(found["method"], found["times"], strict=True))


def test_errors_over_the_floor_are_root_mean_squares_over_seeds_and_targets():
    targets = table({"m": [1.0, 7.0]}, floors=[1e-3], datasets=["low"])
    assert times(targets) == {"m": pytest.approx(5.0)}
    assert times(targets, "eigenvalue_error_relative") == {"m": pytest.approx(10.0)}
    second = targets.assign(target_index=1, eigenfunction_error=3e-3)
    assert times(pd.concat([targets, second])) == {"m": pytest.approx(np.sqrt(17.0))}


@pytest.mark.parametrize("lost", [np.inf, np.nan])
def test_a_method_that_lost_a_draw_has_no_errors_over_the_floor(lost):
    targets = table({"m": [1.0, lost], "other": [1.0, 1.0]}, floors=[1e-3], datasets=["low"])
    assert list(times(targets)) == ["other"]
    failed = table({"m": [1.0]}, floors=[np.nan], datasets=["low"], status="timeout")
    whole = table({"m": [1.0, 1.0]}, floors=[1e-3], datasets=["low"])
    assert not times(pd.concat([whole, failed.assign(seed=2)]))


def test_the_worst_floor_is_that_of_the_worst_target_in_the_median_seed():
    targets = pd.concat(
        [table({"m": [1.0]}, (floor, floor)).assign(seed=seed, target_index=index)
         for seed, index, floor in [(0, 0, 1e-3), (0, 1, 3e-3), (1, 0, 5e-3), (1, 1, np.nan)]]
    )  # fmt: skip
    assert worst_floors(targets).loc["low", "statistical_floor"] == pytest.approx(4e-3)


def test_the_two_nearest_to_the_floor_are_named_at_the_levels_of_a_sweep():
    targets = table({"far": [9.0] * 3, "near": [1.1] * 3, "mid": [4.9] * 3, "anchor": [0.0] * 3})
    (sentence,) = above_the_floor(targets, [(SWEEP, pd.DataFrame())])
    assert sentence.startswith(
        "Populations: the smallest eigenfunction errors, in multiples of the statistical floor "
        "(the best possible under this noise), are at noise 0.001: 1.1"
    )
    assert "at noise 0.001: 1.1 (near) and 4.9 (mid); at noise 0.01: 1.1 (near) and" in sentence
    assert sentence.endswith(
        "They are root mean squares over 3 noise draws; an estimator at the floor would score "
        "between 0.34 and 1.61 at least nine times in ten."
    )


def test_nothing_is_said_without_noise():
    targets = table({"m": [1.0]}, floors=[np.nan, np.nan])
    assert above_the_floor(targets, []) == []
    assert above_the_floor(targets, [(SWEEP, pd.DataFrame())]) == []


def test_nine_of_ten_means_over_a_few_normal_errors_lie_in_the_interval_that_is_said():
    rng = np.random.default_rng(1)
    for draws in (1, 3, 10):
        means = np.sqrt(np.mean(rng.standard_normal((20_000, draws)) ** 2, axis=1))
        low, high = by_chance(draws)
        assert np.mean((means > low) & (means < high)) == pytest.approx(0.9, abs=0.01)


def test_the_table_of_targets_has_the_floors_where_there_is_noise():
    targets = table({"m": [1.0, 7.0]}, floors=[1e-3], datasets=["low"])
    summary = pd.DataFrame({"method": ["m"]})
    known = Known({"m": "koopmark"}, {"m": "method"}, {})
    ((name, (row,)),) = target_rows(targets, summary, known)
    shown = dict(zip([c.key for c in target_columns(targets)], row.cells, strict=True))
    assert name == "-1"
    assert shown["statistical_floor"].text == "1.0e-03"
    assert shown["eigenfunction_error_times"].text == "5"
    assert shown["eigenvalue_error_relative_times"].text == "10"
    quiet = targets.assign(statistical_floor=np.nan, statistical_floor_eigenvalue=np.nan)
    assert not any("statistical" in column.key for column in target_columns(quiet))
