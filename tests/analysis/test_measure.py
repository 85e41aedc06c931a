"""What is found, attainable and missed of planted runs, and how it is averaged."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import Planted, planted

from koopmark.analysis.leaderboard import PRINCIPAL, questions
from koopmark.analysis.measure import (
    MEANINGS,
    THRESHOLDS,
    Outcome,
    classes,
    judge,
    profile,
    standings,
)

ERRORS = st.sampled_from([0.0, 1e-12, 1e-9, 1e-6, 9e-4, 1.1e-3, 0.03, 0.5, 1.0, 40.0, np.inf, np.nan])


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
        ({"target_dimension": 8, "functions_found": 0, "eigenvalues_found": 8}, Outcome.WRONG_FUNCTION),
        ({"noise": 0.01}, Outcome.NOISE),
        ({"noise": 0.01, "statistical_floor": 0.01, "error": 0.031}, Outcome.NOISE),
        ({}, Outcome.NEITHER),
    ],
)
def test_every_way_to_miss_a_target_has_its_class(given, outcome):
    assert one(**given)["outcome"] == outcome


def test_every_class_has_a_meaning():
    assert set(MEANINGS) == set(Outcome)


@given(
    error=ERRORS,
    noise=st.sampled_from([0.0, 0.01]),
    floor=st.sampled_from([0.0, 1e-3, 0.2, np.nan]),
    statistical_floor=st.sampled_from([np.nan, 1e-6, 1e-2]),
    status=st.sampled_from(["ok", "failed", "skipped"]),
    dimension=st.integers(1, 3),
    functions=st.integers(0, 3),
    eigenvalues=st.integers(0, 3),
)
def test_classes_are_exhaustive_and_agree_with_what_was_found(
    error, noise, floor, statistical_floor, status, dimension, functions, eigenvalues
):
    row = one(
        error,
        noise,
        floor,
        statistical_floor,
        status,
        target_dimension=dimension,
        functions_found=min(functions, dimension),
        eigenvalues_found=min(eigenvalues, dimension),
    )
    assert row["outcome"] in set(Outcome)
    success = row["outcome"] in (Outcome.FOUND, Outcome.WITHIN)
    assert row["found"] == success
    assert 0.0 <= row["digits"] <= 9.0
    assert not (row["found"] and row["attainable"] == 0.0)
    if status != "ok" or np.isnan(error):
        assert (row["digits"], row["found"]) == (0.0, False)


def test_the_possible_digits_are_those_of_the_larger_statistical_floor():
    row = one(
        0.1, 0.01, statistical_floor_eigenvalue=1e-4, statistical_floor=1e-2
    )
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
    assert (judged.loc[(judged["method"] == "m") & (judged["target_index"] == 1), "digits"] == 0).all()


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


@given(
    errors=st.lists(ERRORS, min_size=12, max_size=12),
    failed=st.sets(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2))),
)
def test_the_area_of_a_profile_is_the_digits(errors, failed):
    method = Planted(
        lambda dataset, seed, index: errors["ab".index(dataset) * 6 + 2 * seed + index],
        status=dict.fromkeys(failed, "failed"),
    )
    tables = planted({"m": method, "exact": Planted(0.0, role="anchor")}, degrees=(1, 2))
    judged = judge(*tables)
    shares = profile(judged)["m"]
    assert shares.is_monotonic_increasing
    assert list(shares.index) == list(THRESHOLDS)
    # A target of d digits is found for each τ >= 10^-d: the steps of the grid are a tenth.
    area = 0.1 * shares.iloc[:-1].sum()
    assert area == pytest.approx(standings(judged).loc["m", "digits"], abs=0.1)


def test_counts_of_classes_add_up_to_the_targets_that_were_asked_for():
    methods = {"m": Planted(0.5), "n": Planted(1e-5), "o": Planted(0.5, floor=0.4)}
    counts = classes(judge(*planted(methods, degrees=(1, 2))), ["method"])
    assert (counts.sum(axis=1) == 2 * 3 * 2).all()
    assert counts.loc["o", Outcome.NOT_EXPRESSIBLE] == 12
    assert list(counts.columns) == list(Outcome)


def test_a_target_keeps_its_name_from_seed_to_seed_wherever_it_stands():
    """Its median is that over seeds of one eigenvalue, not of one place in the lists."""
    fits, targets = planted({"m": Planted(lambda d, s, index: 10.0 ** -(3 + index))}, "a", 3, (1, 1))
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
    boards = questions(judge(fits, targets), fits, targets, [])
    assert list(boards[PRINCIPAL].rows["method"]) == ["linear", "blurred"]
    row = boards[PRINCIPAL].rows.iloc[0]
    assert (row["mean"], row["found"], row["reach"], row["yield"]) == (9.0, 1.0, 1.0, 1.0)


def test_no_column_is_infinite(finished_tables):
    judged = judge(*finished_tables)
    for table in (standings(judged), profile(judged)):
        assert not np.isinf(table.to_numpy(dtype=float)).any()


@pytest.fixture(scope="module")
def finished_tables(finished_run):
    from koopmark.analysis.tables import read

    tables = read(finished_run)
    return tables.fits, tables.targets


def test_a_real_run_is_judged_as_its_methods_deserve(finished_tables):
    judged = judge(*finished_tables)
    clean = judged[judged["noise"] == 0]
    counts = classes(clean, ["method"])
    assert counts.loc["linear", Outcome.NOT_EXPRESSIBLE] == 2
    assert counts.loc["linear", Outcome.FOUND] == 2
    assert counts.loc["quadratic[degree=2]", Outcome.FOUND] == 4
    assert counts.loc["broken", Outcome.FAILED] == 4
    assert isinstance(judged, pd.DataFrame)
