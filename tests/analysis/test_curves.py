"""Quartiles of scores, and the methods that a figure shows and draws as one."""

import numpy as np
import pandas as pd

from koopmark.analysis.curves import alike, best_of_each, quartiles


def test_quartiles_are_those_of_numpy_group_by_group():
    values = pd.Series([3.0, 1.0, 4.0, np.nan, 1.0, 5.0])
    groups = pd.Series(["a", "a", "a", "a", "b", "b"])
    found = quartiles(values, [groups])
    assert list(found.loc["a"]) == list(np.quantile([3.0, 1.0, 4.0], [0.25, 0.75]))
    assert list(found.loc["b"]) == [2.0, 4.0]


def test_a_quartile_among_infinite_values_is_infinite():
    found = quartiles(pd.Series([1.0, np.inf, np.inf]), [pd.Series(["a"] * 3)])
    assert list(found.loc["a"]) == [np.inf, np.inf]


def test_what_has_no_value_has_no_quartiles():
    assert quartiles(pd.Series([np.nan, np.nan]), [pd.Series(["a", "a"])]).isna().all(axis=None)


def test_the_best_default_of_each_library_comes_as_well():
    libraries = {"c": "x", "b": "y", "a": "x", "d": "z", "e": "x"}
    found = best_of_each(["c", "b", "a", "d", "e"], libraries, defaults={"a", "b", "e"})
    assert found == ["c", "b", "a", "d"]


def test_the_best_of_each_library_comes_in_the_one_order():
    libraries = {"a": "x", "b": "y", "c": "x", "d": "z"}
    assert best_of_each(["c", "b", "a", "d"], libraries) == ["c", "b", "d"]


def curves(**levels):
    return pd.DataFrame(levels).T


def test_curves_that_look_the_same_are_together():
    found = alike(curves(a=[3.0, 2.0], b=[3.04, 1.96], c=[3.0, 2.1], d=[3.0, 2.0]))
    assert found == [["a", "b", "d"], ["c"]]


def test_small_differences_do_not_add_up():
    assert alike(curves(a=[1.0], b=[1.04], c=[1.08])) == [["a", "b"], ["c"]]


def test_missing_and_infinite_values_equal_their_like_alone():
    found = alike(
        curves(
            a=[np.nan, np.inf],
            b=[np.nan, np.inf],
            c=[0.0, np.inf],
            d=[np.nan, -np.inf],
        )
    )
    assert found == [["a", "b"], ["c"], ["d"]]
