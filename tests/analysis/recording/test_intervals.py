"""Intervals from draws of the trials."""

import numpy as np

from koopmark.analysis.recording._intervals import Intervals, match


def test_each_pair_is_matched_with_one_of_a_draw_and_those_nowhere_near_take_no_place():
    own = np.array([-1.0, -1.1, 30 + 5j])
    drawn = np.array([-40.0 + 0j, -1.09, -1.02, np.nan])
    np.testing.assert_allclose(match(own, drawn, np.abs(own)), [-1.02, -1.09, -40.0])


def test_pairs_without_a_match_in_most_draws_have_no_interval():
    own = np.array([-1.0 + 0j, -2.0])
    draws = [np.array([-1.0 + 0.01j * k]) for k in range(10)]
    found = Intervals.of(own, draws, trials=12, horizon=1.0)
    np.testing.assert_array_equal(np.isnan(found.low), [False, True])
    np.testing.assert_array_equal(found.found, [1.0, 0.0])


def test_without_draws_there_are_no_intervals():
    found = Intervals.of(np.array([-1.0 + 0j]), [], trials=12, horizon=1.0)
    assert np.isnan([found.low[0], found.high[0], found.found[0]]).all()
