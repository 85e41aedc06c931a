"""Changes of level, what is said about them, and the page."""

import json
import math
import re
from dataclasses import replace

import pytest

from koopmark._errors import ConfigError
from koopmark.pages import write, write_history
from koopmark.regression import trends
from koopmark.regression.history import PromotedRun, append
from koopmark.regression.trends import changes_of

HOSTILE = "</script><img src=x onerror=alert(1)>"


def run(day, error=1e-6, *, method="pydmd.dmd", version="pydmd 2025.8", recovered=1.0, **fields):
    scores = {
        "rnn_10_2": {
            method: {"-1": {"eigenfunction_error": error}, "": {"recovered": recovered, "ok": 1.0}}
        }
    }
    started = f"2026-01-{day:02d}T00:00:00+00:00"
    known = {"koopmark": "0.1.0", "commit": "a" * 40, "cpu": "one", "libraries": {"numpy": "2.4"}}
    return PromotedRun(
        "smoke", started, started, scores=scores, methods={method: version}, **{**known, **fields}
    )


def test_a_change_names_the_version_with_which_it_came():
    lines = [run(day) for day in (1, 2, 3)]
    lines += [run(day, 3e-4, version="pydmd 2025.9") for day in (4, 5)]
    (change,) = changes_of(trends.trends(lines))
    assert change.sentence() == (
        "pydmd.dmd on rnn_10_2: eigenfunction error at -1 1.0e-06 → 3.0e-04 since pydmd 2025.9"
    )
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
    lines = [run(day) for day in (1, 2, 3)] + [run(day, 3e-4, **new) for day in (4, 5)]
    (change,) = changes_of(trends.trends(lines))
    assert change.since == since


def test_a_smaller_error_is_better_and_a_smaller_share_is_worse():
    lines = [run(day) for day in (1, 2, 3)] + [run(day, 1e-9, recovered=0.0) for day in (4, 5)]
    changes = changes_of(trends.trends(lines))
    assert [(it.score, it.worse) for it in changes] == [
        ("recovered", True),
        ("eigenfunction_error", False),
    ]


def test_rounding_of_exact_recoveries_is_no_change():
    lines = [run(day, error) for day, error in enumerate([1e-15, 1e-9, 1e-14, 1e-8, 0.0], 1)]
    assert not changes_of(trends.trends(lines))


def test_an_error_that_became_infinite_is_a_change():
    lines = [run(day) for day in (1, 2, 3)] + [run(day, float("inf")) for day in (4, 5)]
    (change,) = changes_of(trends.trends(lines))
    assert change.now == float("inf")


def test_runs_without_a_score_are_gaps():
    lines = [run(day) for day in (1, 2, 3)] + [run(4, method="other")] + [run(5, 1e-3)]
    (change,) = changes_of(trends.trends(lines))
    assert change.index == 4
    errors = {it.method: it for it in trends.trends(lines) if it.score == "eigenfunction_error"}
    assert math.isnan(errors["pydmd.dmd"].values[3])
    assert not errors["other"].changes


def test_the_speed_of_another_processor_is_not_compared():
    lines = [run(day, speed={"simulation": 5.0}, cpu="two") for day in (1, 2, 3)]
    lines += [run(day, speed={"simulation": 1.0}) for day in (4, 5, 6, 7)]
    assert not changes_of(trends.trends(lines))
    lines += [run(8, speed={"simulation": 1.2})]
    (change,) = changes_of(trends.trends(lines))
    assert change.sentence().startswith("simulation: time over the reference's 1 → 1.2 since")


@pytest.fixture
def history(tmp_path):
    path = tmp_path / "history.jsonl"
    for day in range(1, 7):
        append(path, run(day, 1e-6 if day < 4 else 3e-4, method=HOSTILE))
    return path


def test_the_page_has_the_trends_and_their_changes(history, tmp_path):
    written, sentences = write_history(history, tmp_path / "made" / "page")
    text = written.read_text()
    assert sentences[0] == "6 runs since 2026-01-01: 1 change of level, 1 for the worse."
    assert sentences[0] in text
    assert 'id="data-trends"' in text
    assert 'data-value="0.0003">3.0e-04</td>' in text
    assert HOSTILE not in text
    assert not re.search(r'(src|href)="http', text)


def test_without_ruptures_there_are_trends_and_a_sentence(history, tmp_path, monkeypatch):
    monkeypatch.setattr(trends, "available", lambda: False)
    _, sentences = write_history(history, tmp_path)
    assert sentences == [
        "6 runs since 2026-01-01: no score has changed its level.",
        "No change is marked: change points need ruptures, which is not installed: "
        "pip install 'ruptures>=1.1.9'.",
    ]


def test_other_suites_are_left_out(history, tmp_path):
    append(history, replace(run(1), suite="standard"))
    _, sentences = write_history(history, tmp_path, "standard")
    assert sentences[0].startswith("1 run since")
    with pytest.raises(ConfigError, match="no run of 'another': it has s"):
        write_history(history, tmp_path, "another")


def test_an_empty_history_is_a_sentence(tmp_path):
    (tmp_path / "history.jsonl").write_text("")
    with pytest.raises(ConfigError, match="has no run in it yet"):
        write_history(tmp_path / "history.jsonl", tmp_path)


def test_a_report_has_the_trends_of_the_baseline_beside_it_and_itself_as_the_last_point(run_dir):
    provenance = {"suite": "smoke", "started": "2026-02-01", "ended": "2026-02-01"}
    (run_dir / "provenance.json").write_text(json.dumps(provenance))
    assert 'id="trends"' not in write(run_dir).read_text()
    path = run_dir.parent / "baseline" / "history.jsonl"
    path.parent.mkdir()
    for day in (1, 2, 3):
        append(path, run(day))
    text = write(run_dir).read_text()
    assert "4 runs since 2026-01-01: no score has changed its level." in text
    assert "then this run" in text
    append(path, PromotedRun("smoke", "2026-02-01", "2026-02-01", ""))
    assert "then this run" not in write(run_dir).read_text()


def test_a_broken_history_costs_no_report(run_dir):
    path = run_dir.parent / "baseline" / "history.jsonl"
    path.parent.mkdir()
    path.write_text("broken\n")
    assert "There are no trends: " in write(run_dir).read_text()
