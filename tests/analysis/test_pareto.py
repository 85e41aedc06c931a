"""The Pareto front of cost and accuracy."""

import numpy as np
import pandas as pd

from koopmark.analysis.pareto import front, loss


def fronted(costs, digits):
    names = list("abcd")[: len(costs)]
    return front(pd.Series(costs, names), loss("digits", pd.Series(digits, names)))


def test_the_front_is_what_nothing_beats_the_cheapest_first():
    assert fronted([3.0, 1.0, 2.0, 4.0], [6.0, 2.0, 1.0, 5.0]) == ["b", "a"]


def test_what_tables_show_alike_is_no_better():
    assert fronted([1.0, 2.0], [3.0, 3.04]) == ["a"]
    assert fronted([1.0, 2.0], [3.0, 3.06]) == ["a", "b"]


def test_of_equal_ones_the_first_is_a_member():
    assert fronted([1.0, 1.0], [3.0, 3.0]) == ["a"]


def test_what_found_nothing_has_no_loss():
    assert loss("digits", pd.Series([0.04, 0.06])).isna().tolist() == [True, False]
    assert loss("forecast_error", pd.Series([1.0, 0.994, np.inf])).isna().tolist() == [
        True,
        False,
        True,
    ]
