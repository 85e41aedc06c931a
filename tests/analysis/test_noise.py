"""Errors in units of what noise allows: what counts, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from koopmark.analysis.targets import times_floor
from koopmark.pages.run._views import Known, target_columns, target_rows


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
