"""Profiles: by question the share of the targets that a method finds to within τ."""

import numpy as np
import pytest
from planted import Planted, planted, run_of

from koopmark.analysis.curves import profile_table
from koopmark.analysis.leaderboard import NOISY, PRINCIPAL, PRODUCTS
from koopmark.scoring import DIGITS


@pytest.fixture(scope="module")
def run():
    methods = {
        "good": Planted(1e-6),
        "twin": Planted(1e-6, library="pydmd"),
        "blind": Planted(lambda dataset, seed, index: 0.5 if index else 1e-4, floor=0.5),
        "half": Planted(lambda dataset, seed, index: 1e-8 if dataset == "a" else 1e-2),
        "anchor.exact": Planted(1e-12, role="anchor"),
    }
    return run_of(*planted(methods, ("a", "b", "c"), degrees=(1, 2), noise={"c": 0.1}))


def test_each_question_that_the_run_asks_has_its_profiles(run):
    assert list(run.profiles) == [PRINCIPAL, PRODUCTS, NOISY]


def test_equal_profiles_are_drawn_as_one_and_anchors_have_none(run):
    drawn = run.profiles[PRODUCTS]
    assert drawn.methods == ["good", "twin", "half", "blind"]
    assert drawn.alike(drawn.methods) == [["good", "twin"], ["half"], ["blind"]]


def test_profiles_are_one_to_half_a_tenth_of_a_digit_of_the_area_between_them():
    methods = {"first": 1e-3, "near": 10**-3.04, "far": 10**-3.16}
    run = run_of(*planted({name: Planted(error) for name, error in methods.items()}))
    names = ["first", "near", "far"]
    assert run.profiles[PRINCIPAL].alike(names) == [["first", "near"], ["far"]]


def test_the_area_of_a_curve_is_the_digits_of_its_board(run):
    for question, drawn in run.profiles.items():
        digits = run.boards[question].rows.set_index("method")["mean"]
        for method, shares in drawn.shares.iterrows():
            area = np.trapezoid(shares.to_numpy(), dx=DIGITS / (len(shares) - 1))
            assert area == pytest.approx(digits[method], abs=0.06)


def test_a_profile_has_the_reach_of_its_dictionary(run):
    reach = run.profiles[PRODUCTS].reach
    assert (reach["good"], reach["blind"]) == (1.0, 0.0)


def test_what_failed_or_has_no_digits_is_within_no_error():
    failed = {(dataset, seed): "failed" for dataset in "ab" for seed in range(3)}
    methods = {"bad": Planted(1e-6, status=failed), "off": Planted(7.0), "good": Planted(0.5)}
    run = run_of(*planted(methods))
    table = profile_table(run.profiles).set_index("tau")
    assert list(table.loc[1.0, ["bad", "off", "good"]]) == [0.0, 0.0, 1.0]


def test_the_table_has_every_method_of_every_question(run):
    table = profile_table(run.profiles)
    assert len(table) == 91 * 3
    mine = table[table["question"] == PRINCIPAL].set_index("tau")
    assert list(mine["good"]) == list(mine["twin"])
    assert np.allclose(mine.loc[mine.index > 2e-2, "half"], 1.0)
    # One of two problems is found to 1e-8.
    assert (mine["half_q25"] < mine["half"])[mine.index > 1e-9].any()
    assert (mine["half_q25"] <= mine["half_q75"]).all()


def test_a_run_of_one_method_has_a_profile_without_a_board():
    run = run_of(*planted({"only": Planted(1e-6)}))
    assert run.boards == {}
    assert run.profiles[PRINCIPAL].methods == ["only"]
