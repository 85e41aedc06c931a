"""Changes of level, and what is said about them."""

import math
from dataclasses import replace

import pytest

from koopmark.regression import trends
from koopmark.regression.history import PromotedRun
from koopmark.regression.trends import changes_of


def run(day, digits=6.0, *, method="pydmd.dmd", version="pydmd 2025.8", boards=None, **fields):
    started = f"2026-01-{day:02d}T00:00:00+00:00"
    known = {
        "koopmark": "0.1.0",
        "commit": "a" * 40,
        "cpu": "one",
        "libraries": {"numpy": "2.4"},
        "targets": {"rnn_10_2": {"-1": {"digits": {method: digits}, "found": {method: 1.0}}}},
        "boards": {"Under noise": {"digits": {method: boards}}} if boards else {},
    }
    methods = {method: version}
    return PromotedRun("smoke", started, started, methods=methods, **{**known, **fields})


def test_a_change_names_the_version_with_which_it_came():
    lines = [run(day) for day in (1, 2, 3)]
    lines += [run(day, 3.5, version="pydmd 2025.9") for day in (4, 5)]
    (change,) = changes_of(trends.trends(lines))
    assert change.sentence() == "pydmd.dmd on rnn_10_2, -1: digits 6.0 → 3.5 since pydmd 2025.9"
    assert (change.index, change.worse) == (3, True)


@pytest.mark.parametrize(
    ("new", "since"),
    [
        ({"koopmark": "0.2.0"}, "koopmark 0.2.0"),
        ({"libraries": {"numpy": "2.5"}}, "numpy 2.5"),
        ({"commit": "b" * 40}, "commit bbbbbbbbbbbb"),
        ({}, "2026-01-04"),
    ],
)
def test_where_the_library_stayed_something_else_is_named(new, since):
    lines = [run(day) for day in (1, 2, 3)] + [run(day, 3.5, **new) for day in (4, 5)]
    (change,) = changes_of(trends.trends(lines))
    assert change.since == since


def test_more_digits_are_better_and_boards_come_before_targets():
    lines = [run(day, boards=5.0) for day in (1, 2, 3)]
    lines += [run(day, 3.0, boards=4.0) for day in (4, 5, 6)]
    lines += [run(day, 6.0, boards=4.0) for day in (7, 8, 9)]
    changes = changes_of(trends.trends(lines))
    assert [(it.index, it.target, it.worse) for it in changes] == [
        (6, "-1", False),
        (3, "", True),
        (3, "-1", True),
    ]
    assert changes[1].sentence().startswith("pydmd.dmd on Under noise: digits 5.0 → 4.0 since")
    assert (
        trends.in_short(lines, changes)
        == "9 runs since 2026-01-01: 3 level shifts (2 regressions)."
    )


def test_rounding_of_exact_recoveries_is_no_change():
    lines = [run(day, digits) for day, digits in enumerate([9.0, 7.0, 8.9, 7.1, 9.0], 1)]
    assert not changes_of(trends.trends(lines))


def test_what_was_found_is_drawn_and_marked_by_its_digits_alone():
    found = {"rnn_10_2": {"-1": {"found": {"pydmd.dmd": 0.0}}}}
    lines = [run(day) for day in (1, 2, 3)] + [run(day, targets=found) for day in (4, 5, 6)]
    series = {one.score: one for one in trends.trends(lines)}
    assert series["found"].values == (1.0, 1.0, 1.0, 0.0, 0.0, 0.0)
    assert not changes_of(series.values())


def test_runs_without_a_score_are_gaps():
    lines = [run(day) for day in (1, 2, 3)] + [run(4, method="other")] + [run(5, 3.0)]
    (change,) = changes_of(trends.trends(lines))
    assert change.index == 4
    digits = {it.method: it for it in trends.trends(lines) if it.score == "digits"}
    assert math.isnan(digits["pydmd.dmd"].values[3])
    assert not digits["other"].changes


def test_the_speed_of_another_processor_is_not_compared():
    lines = [run(day, speed={"simulation": 5.0}, cpu="two") for day in (1, 2, 3)]
    lines += [run(day, speed={"simulation": 1.0}) for day in (4, 5, 6, 7)]
    assert not changes_of(trends.trends(lines))
    lines += [run(8, speed={"simulation": 1.2})]
    (change,) = changes_of(trends.trends(lines))
    assert change.sentence().startswith("simulation: time / reference 1 → 1.2 since")


def test_new_versions_are_named_those_of_methods_first():
    before = PromotedRun(
        "s",
        "1",
        "",
        "0.1.0",
        libraries={"numpy": "2.4", "pydmd": "1", "scipy": "1"},
        methods={"m": "pydmd 1"},
    )
    now = replace(
        before,
        koopmark="0.2.0",
        libraries={"numpy": "2.5", "pydmd": "2", "kooplearn": "2", "scipy": "1"},
    )
    assert trends.news(before, now) == (
        "pydmd 1 → 2",
        "koopmark 0.1.0 → 0.2.0",
        "kooplearn none → 2",
        "numpy 2.4 → 2.5",
    )
    assert trends.news(now, now) == ()
