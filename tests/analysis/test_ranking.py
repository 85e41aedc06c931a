"""Which method comes first, on summaries that are made up."""

import numpy as np
import pandas as pd

from koopmark.analysis.summary import ranked, rounded


def rows(*methods):
    columns = ["method", "error", "error_over_rounding", "failed"]
    return pd.DataFrame(list(methods), columns=columns)


def test_smaller_errors_come_first_and_ties_are_by_name():
    order = ranked(rows(("c", 1e-3, 9.0, 0), ("b", 1e-2, 9.0, 0), ("a", 1e-2, 9.0, 0)))
    assert order["method"].tolist() == ["c", "a", "b"]


def test_errors_that_agree_to_six_digits_are_ties():
    order = ranked(rows(("b", 1.0000001e-2, 9.0, 0), ("a", 1.0000002e-2, 9.0, 0)))
    assert order["method"].tolist() == ["a", "b"]
    order = ranked(rows(("b", 1.00001e-2, 9.0, 0), ("a", 1.00002e-2, 9.0, 0)))
    assert order["method"].tolist() == ["b", "a"]


def test_what_errs_by_rounding_alone_comes_before_smaller_errors():
    order = ranked(rows(("a", 1e-14, 1.5, 0), ("b", 1e-12, 1.0, 0)))
    assert order["method"].tolist() == ["b", "a"]


def test_a_failed_fit_or_an_error_that_is_not_finite_has_no_rank():
    failed, none, endless = ("a", 1e-9, 9.0, 1), ("b", np.nan, 9.0, 0), ("c", np.inf, 9.0, 0)
    order = ranked(rows(failed, none, endless, ("d", 0.5, 9.0, 0)))
    assert order["method"].tolist() == ["d"]


def test_the_columns_stay_as_they_were():
    given = rows(("a", 1e-2, 9.0, 0))
    assert ranked(given).columns.tolist() == given.columns.tolist()


def test_scores_are_rounded_to_six_significant_digits():
    scores = rounded(pd.Series([1.23456789e-7, 0.0, np.inf]))
    assert scores.tolist() == [1.23457e-7, 0.0, np.inf]
