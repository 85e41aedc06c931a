"""What is said of a leaderboard, on planted runs."""

import numpy as np
import pytest
from planted import Planted, planted, run_of

from koopmark.analysis.leaderboard import COST, PRINCIPAL
from koopmark.analysis.sentences import AUTHORS, left_out, verdict, versus

MANY = tuple(f"p{k}" for k in range(14))


def board_of(methods, question=PRINCIPAL, **how):
    fits, targets = planted(methods, **how)
    return run_of(fits, targets).boards[question]


def theirs(error, library="pydmd", **more):
    return Planted(error, library=library, **more)


def test_few_problems_say_who_is_first_and_nothing_of_others():
    board = board_of({"ours": Planted(1e-7), "theirs": theirs(1e-2)})
    assert verdict(board) == (
        f"ours ({AUTHORS}) is first with 7.0 correct digits on average over 2 problems. 2 "
        "problems are too few to say which method is better in general: at least 12 are needed."
    )


def test_on_many_problems_the_first_is_compared_with_the_best_of_each_other_library():
    rng = np.random.default_rng(3)
    erratic = dict(zip(MANY, 10.0 ** -rng.uniform(3.0, 8.5, len(MANY)), strict=True))
    methods = {
        "first": theirs(1e-6),
        "same": theirs(1.1e-6, library="deeptime"),
        "worse": theirs(1e-3, library="pykoop"),
        "worst": theirs(1e-1, library="pykoop"),
        "erratic": theirs(lambda dataset, *_: erratic[dataset], library="kooplearn"),
    }
    board = board_of(methods, datasets=MANY, seeds=1)
    assert board.rows["mean"].iloc[0] == pytest.approx(6.0)
    assert verdict(board) == (
        "first and same share the first place with 6.0 correct digits on average over 14 "
        "problems. On a typical problem, and compared with the best method of each other "
        "library, first is better than worse and as good as same (within 0.5 digits). 14 "
        "problems are too few to separate it from erratic."
    )
    said = {row["method"]: versus(row) for _, row in board.rows.iterrows()}
    assert {name: word for name, (word, _) in said.items()} == {
        "first": "",
        "same": "as good",
        "worse": "worse",
        "worst": "",
        "erratic": "undecided",
    }
    rows = board.rows.set_index("method")
    assert said["worse"][1] == rows.loc["worse", "better"]
    assert said["same"][1] == rows.loc["same", "alike"]


def test_if_nothing_can_be_claimed_the_first_is_named_once():
    rng = np.random.default_rng(5)
    digits = {name: dict(zip(MANY, rng.uniform(1.0, 8.5, len(MANY)), strict=True)) for name in "ab"}
    methods = {
        name: theirs(lambda dataset, *_, name=name: 10.0 ** -digits[name][dataset], library=name)
        for name in "ab"
    }
    board = board_of(methods, datasets=MANY, seeds=1)
    first, other = board.rows["method"]
    assert verdict(board).endswith(
        f" 14 problems are too few to separate {first} from {other} (the best of each other "
        "library)."
    )


def test_of_cost_the_fastest_is_named_with_its_time():
    methods = {"slow": theirs(1e-7, seconds=0.4), "fast": theirs(1e-4, seconds=2e-3)}
    assert verdict(board_of(methods, COST)) == (
        "fast is the fastest with 2 ms per fit (geometric mean over 2 problems). 2 problems are "
        "too few to say which method is faster in general: at least 12 are needed."
    )


def test_that_no_method_has_a_digit_is_said():
    board = board_of({"one": theirs(1.0), "two": theirs(np.nan)})
    assert verdict(board) == "No method has a correct digit on average over 2 problems."


def test_what_is_not_ranked_is_named_with_its_reason():
    methods = {
        "one": theirs(1e-5),
        "two": theirs(1e-5),
        "three": theirs(1e-5, library="pykoop"),
        "half": theirs(1e-5, library="deeptime", datasets=("a",)),
        "gone": theirs(0.0, status={("a", 0): "unavailable"}),
    }
    said = left_out(board_of(methods))
    assert "methods that were run on only some of the datasets: half" in said
    assert said.endswith("methods whose libraries are not installed: gone.")
    assert left_out(board_of({"one": theirs(1e-5), "two": theirs(1e-5)})) == ""
