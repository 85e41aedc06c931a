"""The row of one target, from functions that are made up."""

import numpy as np
import pytest

from koopmark.scoring._cluster import choose
from koopmark.scoring._residuals import Along
from koopmark.scoring._subspaces import largest_and_rms
from koopmark.scoring._targets import (
    DIGITS,
    FOUND,
    Floor,
    Functions,
    ScoredSpace,
    digits,
    found,
    larger_error,
    rounding,
    score_target,
)
from koopmark.systems import SINH
from koopmark.truth import ExponentialEigenspace, PrincipalFunctions

DT = 0.1
TURNING = PrincipalFunctions.of_linear(lambda x: x, np.array([[-0.5, 2.0], [-2.0, -0.5]]))


def row(space, labels, functions, highest=np.inf, horizon=1.0):
    """Score functions (P, s) with labels (s,) on 40 trajectories of one time."""
    states = np.random.default_rng(0).standard_normal((40, 2))
    target = ScoredSpace.of(space, states, 40, np.random.default_rng(1), 3, "the target")
    values = functions(states)
    labels = np.asarray(labels, dtype=complex)
    choice = choose(space, space.eigenvalue, labels, values, Along(values[:, None], DT))
    floor = Floor(0.25, 0.125, "a floor that is rough")
    given = (target, choice, labels, Functions(values), floor, None, (1e-3, 1e-2))
    return score_target(*given, horizon, highest)


def test_what_is_known_of_a_target_is_in_its_row():
    (space,) = (it for it in TURNING.targets(1) if it.eigenvalue.imag > 0)
    scores = row(space, [-0.5 + 2.1j], space.evaluate)
    assert (scores.target_index, scores.target) == (3, "the target")
    assert scores.target_eigenvalue_re == pytest.approx(-0.5)
    assert scores.target_eigenvalue_im == pytest.approx(2.0)
    assert (scores.target_dimension, scores.scored_dimension, scores.cluster_excess) == (1, 1, 0)
    assert (scores.oracle_floor, scores.oracle_floor_in_sample) == (0.25, 0.125)
    assert (scores.target_residual, scores.residual_bound) == (1e-3, 1e-2)
    assert scores.eigenvalue_error == pytest.approx(0.1)
    assert scores.eigenvalue_error_relative == pytest.approx(0.1 / abs(-0.5 + 2.0j))
    assert scores.eigenfunction_error < 1e-14
    assert scores.notes == "a floor that is rough"


def test_of_several_copies_the_worst_and_the_mean_count():
    space = ExponentialEigenspace(np.eye(2), SINH, 1.0, whole=True)
    scores = row(space, [-1.0, -1.2], space.evaluate)
    assert scores.eigenvalue_error == pytest.approx(0.2)
    assert scores.eigenvalue_error_mean == pytest.approx(0.1)


def test_a_copy_that_is_missing_is_infinitely_far():
    space = ExponentialEigenspace(np.eye(2), SINH, 1.0, whole=True)
    scores = row(space, [-1.0], lambda x: space.evaluate(x)[:, :1])
    assert scores.eigenvalue_error == scores.eigenvalue_error_mean == np.inf
    assert scores.eigenfunction_error == pytest.approx(1.0)
    assert scores.eigenfunction_error_rms == pytest.approx(np.sqrt(0.5))
    assert scores.cluster_excess == -1


def test_beyond_the_highest_frequency_nothing_is_scored_and_the_note_says_what_it_is_taken_for():
    (space,) = (it for it in TURNING.targets(1) if it.eigenvalue.imag > 0)
    scores = row(space, [-0.5 - 1.0j], space.evaluate, highest=1.5)
    assert np.isnan([scores.eigenvalue_error, scores.eigenvalue_error_mean]).all()
    note = "|Im λ| is above π/Δt = 1.5: sampled every 2.094 this eigenvalue cannot be told from "
    assert f"{note}-0.5-1i, to which the recovered ones come as close as 3.0e+00" in scores.notes


def test_errors_are_relative_to_the_rate_or_to_what_the_horizon_shows():
    def unit(rate, horizon):
        functions = PrincipalFunctions.of_linear(lambda x: x, np.diag([rate, rate]))
        (space,) = functions.targets(1)
        scores = row(space, [rate + 0.5] * 2, space.evaluate, horizon=horizon)
        return scores.eigenvalue_error / scores.eigenvalue_error_relative

    assert unit(-2.0, 10.0) == pytest.approx(2.0)
    assert unit(-0.01, 10.0) == pytest.approx(0.1)
    assert unit(-0.01, 0.0) == pytest.approx(0.01)


def test_a_target_is_found_up_to_the_limit_and_not_where_a_score_is_missing():
    good, bad = FOUND, FOUND * (1 + 1e-12)
    pairs = [(good, good), (bad, 0), (0, bad), (np.nan, 0), (0, np.nan)]
    assert found(*zip(*pairs, strict=True)).tolist() == [True, False, False, False, False]
    larger = larger_error([1, 3, np.nan, 0], [2, 1, 0, np.nan])
    assert larger.tolist() == [2.0, 3.0, np.inf, np.inf]


def test_digits_are_counted_between_none_and_nine_and_rounding_has_all():
    assert digits([1e-3, 10.0, 0.0, np.nan, np.inf]).tolist() == [3.0, 0.0, DIGITS, 0.0, 0.0]
    assert digits([1e-4], of_rounding=[1e-4]).tolist() == [DIGITS]
    assert digits([1.1e-4], of_rounding=[1e-4])[0] < 4.0


def test_rounding_grows_with_the_root_of_the_dimension_and_with_a_large_condition():
    np.testing.assert_allclose(rounding([1, 4, 1], [1.0, 1.0, 1e3]), [1e-9, 2e-9, 1e-8])


def test_sines_are_at_most_one():
    assert largest_and_rms(np.diag([1.0 + 1e-12, 1.0 + 1e-12])) == (1.0, 1.0)
    assert largest_and_rms(np.diag([1.0, 0.0])) == pytest.approx((1.0, np.sqrt(0.5)))
