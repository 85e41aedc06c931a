"""What is found, attainable and missed of planted runs, and how it is averaged."""

from itertools import product

import numpy as np
import pytest
from planted import Planted, planted, run_of

from koopmark.analysis.leaderboard import COST, PRINCIPAL
from koopmark.analysis.measure import (
    MEANINGS,
    THRESHOLDS,
    Outcome,
    classes,
    judge,
    profile,
    standings,
)
from koopmark.analysis.tables import read_scores

ERRORS = (0.0, 1e-12, 9e-4, 1.1e-3, 0.029, 0.5, 40.0, np.inf, np.nan)


def one(error=0.5, noise=0.0, floor=0.0, statistical_floor=np.nan, status="ok", **more):
    """The judgement of one method at one target of one fit."""
    method = Planted(error, status={("a", 0): status}, floor=floor, more=lambda *_: more)
    anchor = Planted(0.0, role="anchor")
    tables = planted({"m": method, "exact": anchor}, "a", 1, (1,), noise, statistical_floor)
    return judge(*tables).set_index("method").loc["m"]


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ({"error": 1e-4}, Outcome.FOUND),
        ({"error": 1e-3}, Outcome.FOUND),
        ({"error": 0.02, "noise": 0.01, "statistical_floor": 0.01}, Outcome.WITHIN),
        ({"error": 1e-4, "noise": 0.01, "statistical_floor": 0.01}, Outcome.FOUND),
        ({"status": "unavailable"}, Outcome.NOT_RUN),
        ({"status": "skipped"}, Outcome.NOT_RUN),
        ({"status": "failed"}, Outcome.FAILED),
        ({"status": "timeout"}, Outcome.FAILED),
        ({"status": "out_of_memory"}, Outcome.FAILED),
        ({"status": "crashed"}, Outcome.FAILED),
        ({"status": "diverged"}, Outcome.FAILED),
        ({"floor": 0.1, "functions_found": 1, "eigenvalues_found": 0}, Outcome.NOT_EXPRESSIBLE),
        ({"floor": np.nan, "functions_found": 1, "eigenvalues_found": 0}, Outcome.WRONG_EIGENVALUE),
        ({"functions_found": 1, "eigenvalues_found": 0}, Outcome.WRONG_EIGENVALUE),
        (
            {"target_dimension": 8, "functions_found": 7, "eigenvalues_found": 7},
            Outcome.MULTIPLICITY,
        ),
        (
            {"target_dimension": 8, "functions_found": 7, "eigenvalues_found": 8},
            Outcome.MULTIPLICITY,
        ),
        (
            {"target_dimension": 8, "functions_found": 0, "eigenvalues_found": 3},
            Outcome.MULTIPLICITY,
        ),
        ({"functions_found": 0, "eigenvalues_found": 1}, Outcome.WRONG_FUNCTION),
        (
            {"target_dimension": 8, "functions_found": 0, "eigenvalues_found": 8},
            Outcome.WRONG_FUNCTION,
        ),
        ({"noise": 0.01}, Outcome.NOISE),
        ({"noise": 0.01, "statistical_floor": 0.01, "error": 0.031}, Outcome.NOISE),
        ({}, Outcome.NEITHER),
    ],
)
def test_every_way_to_miss_a_target_has_its_class(given, outcome):
    assert one(**given)["outcome"] == outcome


def test_every_class_has_a_meaning():
    assert set(MEANINGS) == set(Outcome)


def test_classes_are_exhaustive_and_agree_with_what_was_found():
    """Every combination of errors, floors, ends and counts, each as the target of a method."""
    counts = [(d, f, e) for d in (1, 2, 3) for f in range(d + 1) for e in range(d + 1)]
    cases = list(
        product(
            ERRORS,
            (0.0, 1e-3, 0.2, np.nan),
            (np.nan, 1e-6, 1e-2),
            ("ok", "failed", "skipped"),
            (0.0, 0.01),
            counts,
        )
    )
    fits, targets = planted({"m": Planted(0.0)}, ["a"], 1, (1,) * len(cases))
    error, floor, noise_floor, status, noise, counted = map(list, zip(*cases, strict=True))
    targets["seed"] = fits_of = np.arange(len(cases), dtype=float)
    targets = targets.assign(status=status, target_index=0.0, oracle_floor=floor)
    targets[["target_dimension", "functions_found", "eigenvalues_found"]] = np.array(counted, float)
    for name in ("eigenvalue_error_relative", "eigenfunction_error"):
        targets[name] = error
    for name in ("statistical_floor_eigenvalue", "statistical_floor"):
        targets[name] = noise_floor
    fits = fits.loc[[0] * len(cases)].assign(seed=fits_of, status=status, noise=noise)
    judged = judge(fits.reset_index(drop=True), targets)
    # An error that is missing in the only fit is missing in all.
    assert len(judged) == sum(not np.isnan(e) or s != "ok" for e, _, _, s, _, _ in cases)
    assert set(judged["outcome"]) == set(Outcome)
    success = judged["outcome"].isin([Outcome.FOUND, Outcome.WITHIN])
    assert (judged["found"] == success).all()
    assert judged["digits"].between(0.0, 9.0).all()
    assert not (judged["found"] & (judged["attainable"] == 0.0)).any()
    lost = judged["status"] != "ok"
    assert (judged.loc[lost, "digits"] == 0.0).all()
    assert not judged.loc[lost, "found"].any()


def test_the_possible_digits_are_those_of_the_larger_statistical_floor():
    row = one(0.1, 0.01, statistical_floor_eigenvalue=1e-4, statistical_floor=1e-2)
    assert row["possible"] == pytest.approx(2.0)
    assert np.isnan(one(0.1)["possible"])
    assert np.isnan(one(0.1, noise=0.01)["possible"])


def test_each_error_is_held_against_its_own_statistical_floor():
    floors = {"statistical_floor_eigenvalue": 1e-4, "statistical_floor": 1e-2}
    right = {"eigenvalue_error_relative": 9e-4, "eigenfunction_error": 0.029}
    assert one(noise=0.01, **floors, **right)["found"]
    assert not one(noise=0.01, **floors, **right | {"eigenvalue_error_relative": 2e-3})["found"]


def test_a_target_that_no_fit_can_be_scored_at_is_not_asked_for():
    lost = Planted(lambda dataset, seed, index: np.nan if index else 1e-6)
    tables = planted({"m": lost, "n": lost}, degrees=(1, 1))
    assert set(judge(*tables)["target_index"]) == {0}
    # If one method has a score there, the other has none of its own making.
    tables = planted({"m": lost, "n": Planted(0.5)}, degrees=(1, 1))
    judged = judge(*tables)
    assert set(judged["target_index"]) == {0, 1}
    assert (
        judged.loc[(judged["method"] == "m") & (judged["target_index"] == 1), "digits"] == 0
    ).all()


def test_what_failed_everywhere_is_asked_for_all_the_same():
    failed = Planted(1e-6, status={(d, s): "failed" for d in "ab" for s in range(3)})
    standing = standings(judge(*planted({"m": failed, "n": failed}))).loc["m"]
    assert (standing["asked"], standing["digits"], standing["found"]) == (2, 0.0, 0.0)


def test_problems_count_alike_however_many_datasets_and_targets_they_have():
    errors = {"p/noise=0": 1e-9, "p/noise=1": 1.0, "q": 1.0}
    tables = planted({"m": Planted(lambda dataset, *_: errors[dataset])}, errors)
    standing = standings(judge(*tables)).loc["m"]
    assert standing["digits"] == pytest.approx((9.0 / 2 + 0.0) / 2)
    assert standing["found"] == pytest.approx(0.25)


def test_of_the_seeds_the_median_counts_and_a_failed_one_has_no_digits():
    status = {("a", 0): "timeout"}
    errors = (1e-9, 1e-4, 1e-6)
    method = Planted(lambda dataset, seed, index: errors[seed], status=status)
    standing = standings(judge(*planted({"m": method}, "a"))).loc["m"]
    assert standing["digits"] == pytest.approx(4.0)
    assert standing["found"] == pytest.approx(2 / 3)


def test_reach_is_what_the_dictionary_holds_and_yield_what_is_found_of_it():
    holds = Planted(
        lambda dataset, seed, index: 1e-6 if index == 0 else 0.5,
        floor=lambda dataset, seed, index: 0.3 if index == 2 else 1e-12,
    )
    unlisted = Planted(1e-6, floor=np.nan)
    tables = planted({"m": holds, "n": unlisted}, degrees=(1, 1, 1))
    standing = standings(judge(*tables))
    assert standing.loc["m", "reach"] == pytest.approx(2 / 3)
    assert standing.loc["m", "yield"] == pytest.approx(1 / 2)
    assert standing.loc["n", ["reach", "yield"]].isna().all()
    assert standing.loc["n", "found"] == 1.0


def test_a_fit_that_failed_found_nothing_of_what_its_dictionary_holds():
    method = Planted(1e-6, status={("a", 0): "failed"})
    standing = standings(judge(*planted({"m": method}, "a"))).loc["m"]
    assert standing["reach"] == 1.0
    assert standing["yield"] == pytest.approx(2 / 3)


def test_a_problem_whose_only_fit_failed_counts_against_what_was_found():
    method = Planted(1e-6, status={("b", 0): "failed"})
    fits, targets = planted({"m": method, "n": Planted(1e-6)}, seeds=1)
    judged = judge(fits, targets)
    standing = standings(judged)
    assert standing.loc["m", ["reach", "yield", "found"]].tolist() == [1.0, 0.5, 0.5]
    # So it did not find all that its dictionary holds, and its cost is that of less.
    assert COST not in run_of(fits, targets).boards


def test_what_noise_allows_does_not_depend_on_whose_fit_failed():
    methods = {"m": Planted(0.1, status={("b", 0): "failed"}), "n": Planted(0.1)}
    judged = judge(*planted(methods, seeds=1, noise=0.01, statistical_floor={"a": 1e-2, "b": 1e-4}))
    assert standings(judged)["possible"].tolist() == pytest.approx([3.0, 3.0])


def test_the_area_of_a_profile_is_the_digits():
    rng = np.random.default_rng(0)
    methods = {}
    for number in range(50):
        errors = 10.0 ** -rng.uniform(-1, 11, (2, 3, 2))
        errors[rng.random(errors.shape) < 0.1] = np.inf
        failed = {(d, s): "failed" for d in "ab" for s in range(3) if rng.random() < 0.2}
        methods[f"m{number}"] = Planted(
            lambda dataset, seed, index, errors=errors: errors["ab".index(dataset), seed, index],
            status=failed,
        )
    judged = judge(*planted(methods, degrees=(1, 2)))
    shares = profile(judged)
    assert (shares.diff().iloc[1:] >= 0).all(axis=None)
    assert list(shares.index) == list(THRESHOLDS)
    # A target of d digits is found for each τ >= 10^-d; τ goes by tenths of a digit.
    area = 0.1 * shares.iloc[:-1].sum()
    digits = standings(judged)["digits"]
    assert (digits - area[digits.index]).between(0.0, 0.1).all()
    assert digits.max() - digits.min() > 2


def test_counts_of_classes_add_up_to_the_targets_that_were_asked_for():
    methods = {"m": Planted(0.5), "n": Planted(1e-5), "o": Planted(0.5, floor=0.4)}
    counts = classes(judge(*planted(methods, degrees=(1, 2))), ["method"])
    assert (counts.sum(axis=1) == 2 * 3 * 2).all()
    assert counts.loc["o", Outcome.NOT_EXPRESSIBLE] == 12
    assert list(counts.columns) == list(Outcome)


def test_a_target_keeps_its_name_from_seed_to_seed_wherever_it_stands():
    """Its median is that over seeds of one eigenvalue, not of one place in the lists."""
    fits, targets = planted(
        {"m": Planted(lambda d, s, index: 10.0 ** -(3 + index))}, "a", 3, (1, 1)
    )
    swapped = targets["seed"] == 1
    index = targets.loc[swapped, "target_index"]
    targets.loc[swapped, "target_index"] = 1 - index
    standing = standings(judge(fits, targets)).loc["m"]
    assert standing["digits"] == pytest.approx(3.5)


def test_a_method_that_loses_products_alone_leads_the_board_of_principal_targets():
    """The case that sank every linear method: -1 to twelve digits, and no product."""
    linear = Planted(
        lambda dataset, seed, index: 1e-12 if index == 0 else 0.7,
        floor=lambda dataset, seed, index: 0.0 if index == 0 else 0.8,
    )
    blurred = Planted(0.02)
    fits, targets = planted({"linear": linear, "blurred": blurred}, degrees=(1, 2))
    boards = run_of(fits, targets).boards
    assert list(boards[PRINCIPAL].rows["method"]) == ["linear", "blurred"]
    row = boards[PRINCIPAL].rows.iloc[0]
    assert (row["mean"], row["found"], row["reach"], row["yield"]) == (9.0, 1.0, 1.0, 1.0)


def test_a_real_run_is_judged_as_its_methods_deserve(finished_run):
    judged = judge(*read_scores(finished_run))
    clean = judged[judged["noise"] == 0]
    counts = classes(clean, ["method"])
    assert counts.loc["linear", Outcome.NOT_EXPRESSIBLE] == 2
    assert counts.loc["linear", Outcome.FOUND] == 2
    assert counts.loc["quadratic[degree=2]", Outcome.FOUND] == 4
    assert counts.loc["broken", Outcome.FAILED] == 4
    for table in (standings(judged), profile(judged)):
        assert not np.isinf(table.to_numpy(dtype=float)).any()
