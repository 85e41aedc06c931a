"""What counts as a change of a target, on errors that are made up."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from koopmark.analysis.measure import Outcome
from koopmark.regression import changes
from koopmark.regression._changes import DIGITS, TARGET_METRICS
from koopmark.regression._comparable import RunFolder
from koopmark.scoring import FLOORS, FOUND

EIGENVALUE, EIGENFUNCTION, GAIN = (metric.name for metric in TARGET_METRICS)
LOST = 10 ** (DIGITS.decades + 0.01)


def judged(eigenvalue, eigenfunction, *, rounding=1e-9, floor=np.nan, status="ok", found=0):
    """A run of one method per pair of errors, each asked for one target."""
    eigenvalue, eigenfunction = np.broadcast_arrays(
        *map(np.atleast_1d, (eigenvalue, eigenfunction))
    )
    count = len(eigenvalue)
    key = {
        "fit_id": "",
        "dataset": "d",
        "seed": 0,
        "method": [f"m{place}" for place in range(count)],
        "role": "method",
        "status": status,
    }
    fits = pd.DataFrame({**key, "library": "l", "noise": 0.0, "default": 0})
    targets = pd.DataFrame(
        {
            **key,
            "target_index": 0,
            "target": "-1 (x2)",
            "target_eigenvalue_re": -1.0,
            "target_eigenvalue_im": 0.0,
            "target_dimension": 2,
            "target_degree": 1,
            EIGENVALUE: eigenvalue,
            EIGENFUNCTION: eigenfunction,
            "functions_found": found,
            "eigenvalues_found": found,
            "oracle_floor": 0.0,
            "statistical_floor_eigenvalue": floor,
            "statistical_floor": floor,
            "rounding": rounding,
        }
    )
    return RunFolder(Path(), fits, targets, {}).verdicts


@pytest.fixture(scope="module")
def simulated():
    """Errors of all sizes, among them many at each edge: what is found, and what is rounding."""
    rng = np.random.default_rng(0)
    count = 4000
    rounding = 10 ** rng.uniform(-9, -6, count)
    anywhere = 10 ** rng.uniform(-16, 1, (2, count))
    edges = [FOUND, DIGITS.floor, rounding, 1.0, TARGET_METRICS[0].floor]
    edge = np.choose(rng.integers(len(edges), size=(2, count)), np.broadcast_arrays(*edges))
    at_edge = edge * (1 + 1e-9 * rng.standard_normal((2, count)))
    return rng, np.where(rng.random((2, count)) < 0.5, anywhere, at_edge), rounding


def test_what_rounding_moves_is_never_a_change(simulated):
    rng, errors, rounding = simulated
    moves = [np.maximum(metric.floor, rounding) for metric in TARGET_METRICS[: len(errors)]]
    moved = np.abs(errors + moves * rng.uniform(-1, 1, errors.shape))
    found = changes(judged(*moved, rounding=rounding), judged(*errors, rounding=rounding))
    assert (found["found"] != found["found_baseline"]).sum() > 100
    assert ((found["digits"] - found["digits_baseline"]).abs() > DIGITS.decades).sum() > 100
    assert set(found["worse"]) == set(found["better"]) == {""}


def test_a_loss_above_the_tolerance_is_always_a_change_and_a_gain_is_as_well(simulated):
    _, errors, rounding = simulated
    before = np.maximum(errors, np.maximum(DIGITS.floor, rounding))
    good, bad = (judged(*(factor * before), rounding=rounding) for factor in (1, LOST))
    lost, gained = changes(bad, good), changes(good, bad)
    assert (lost["worse"] != "").all()
    assert (lost["better"] == "").all()
    for one, other in (("worse", "better"), ("worse_by", "better_by"), ("better", "worse")):
        assert lost[one].tolist() == gained[other].tolist()


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        # Whatever the powers of ten.
        ((1e-5, 0.99e-3), (1e-5, 1.01e-3), "found"),
        ((1e-9, 1e-9), (1.0, 1.0), "found"),
        ((1e-9, 1e-9), (np.inf, np.nan), "found"),
        # Both errors moved, and the digits say so once.
        ((1e-6, 1e-6), (1e-5, 1e-5), "digits"),
        ((1e-2, 1e-2), (1e-2, 1e-1), "digits"),
        # The larger error stays, and so do the digits.
        ((1e-8, 1e-4), (1e-5, 1e-4), EIGENVALUE),
        ((1e-4, 1e-7), (1e-4, 1e-5), EIGENFUNCTION),
        # None is left to lose.
        ((2.0, 1.0), (2e3, 1.0), EIGENVALUE),
        ((0.5, 0.9), (0.5, np.nan), EIGENFUNCTION),
        # Rounding at the edge.
        ((1e-5, 0.999e-3), (1e-5, 1.001e-3), ""),
        # Nine digits or seven are rounding, of the eigenvalue eight.
        ((1e-16, 1e-16), (0.9e-8, 0.9e-7), ""),
        ((1e-16, 1e-16), (0.9e-7, 0.9e-7), EIGENVALUE),
        ((10**-8.9, 10**-8.9), (1e-9, 1e-9), ""),
        ((np.nan, 1.0), (np.nan, 1.0), ""),
        ((np.inf, 1.0), (np.inf, 1.0), ""),
    ],
)
def test_of_each_target_the_plainest_change_is_told(before, now, what):
    (row,) = changes(judged(*now), judged(*before)).itertuples()
    assert (row.worse, row.better) == (what, "")
    (back,) = changes(judged(*before), judged(*now)).itertuples()
    assert (back.worse, back.better) == ("", what)


def test_one_error_may_get_better_while_the_other_gets_worse():
    (row,) = changes(judged(1e-4, 1e-5), judged(1e-8, 1e-2)).itertuples()
    assert (row.worse, row.better) == (EIGENVALUE, "found")


def test_under_noise_a_target_is_lost_beyond_three_statistical_floors():
    floor = 0.01
    within, beyond = (judged(1e-4, factor * FLOORS * floor, floor=floor) for factor in (0.9, 1.1))
    exact = judged(1e-4, 0.9e-3, floor=floor)
    assert changes(beyond, within)["worse"].tolist() == ["found"]
    assert changes(within, exact)["worse"].tolist() == ["digits"]


def test_a_change_has_the_outcomes_and_digits_of_both_runs():
    (row,) = changes(judged(0.5, 0.7, found=1), judged(1e-9, 1e-9, found=2)).itertuples()
    assert (row.outcome_baseline, row.outcome) == (Outcome.FOUND, Outcome.MULTIPLICITY)
    assert (row.digits_baseline, row.digits) == (9.0, pytest.approx(-np.log10(0.7)))


def test_targets_of_a_fit_that_failed_changed_with_it_and_are_not_told_again():
    failed = judged(np.nan, np.nan, status="failed")
    (row,) = changes(failed, judged(1e-9, 1e-9)).itertuples()
    assert (row.outcome, row.worse) == (Outcome.FAILED, "")


def test_gains_lost_at_a_target_that_stays_found_are_a_change():
    before, now = judged(1e-9, 1e-9), judged(1e-9, 1e-9)
    (row,) = changes(now.assign(gain_error=1.0), before.assign(gain_error=1e-9)).itertuples()
    assert (row.worse, row.better, row.worse_by) == (GAIN, "", 7.0)
    # What no input reaches, or a baseline of before there were inputs, has none.
    (row,) = changes(now, before).itertuples()
    assert (row.worse, row.better) == ("", "")
