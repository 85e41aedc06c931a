"""The page of a history, and its section on the page of a run."""

import re
from dataclasses import replace

import pytest

from koopmark._errors import ConfigError
from koopmark.analysis.results import Results
from koopmark.pages import write, write_history
from koopmark.pages.history import trends_beside
from koopmark.regression import trends
from koopmark.regression.history import PromotedRun, append

HOSTILE = "</script><img src=x onerror=alert(1)>"


def run(day, digits=6.0):
    started = f"2026-01-{day:02d}T00:00:00+00:00"
    return PromotedRun(
        "smoke",
        started,
        started,
        "0.1.0",
        methods={HOSTILE: "pydmd 2025.8"},
        targets={"rnn_10_2": {"-1": {"digits": {HOSTILE: digits}, "found": {HOSTILE: 1.0}}}},
        boards={"Principal eigenfunctions": {"digits": {HOSTILE: 6.0}, "reach": {HOSTILE: 1.0}}},
        speed={"simulation": 1.0},
    )


@pytest.fixture
def history(tmp_path):
    path = tmp_path / "history.jsonl"
    for day in range(1, 7):
        append(path, run(day, 6.0 if day < 4 else 3.5))
    return path


def test_the_page_has_the_trends_and_their_changes(history, tmp_path):
    written, sentences = write_history(history, tmp_path / "made" / "page")
    text = written.read_text()
    assert sentences[0] == "6 runs since 2026-01-01: 1 got worse, 0 got better."
    assert sentences[0] in text
    assert 'id="data-trends"' in text
    assert 'data-value="3.5">3.5</td>' in text
    for place in ("Principal eigenfunctions", "rnn_10_2"):
        assert f'<option value="digits/{place}">digits: {place}</option>' in text
    assert "reach/rnn_10_2" not in text
    assert '<option value="speed/speed">speed</option>' in text
    assert HOSTILE not in text
    assert not re.search(r'(src|href)="http', text)


def test_without_ruptures_there_are_trends_and_a_sentence(history, tmp_path, monkeypatch):
    monkeypatch.setattr(trends, "available", lambda: False)
    _, sentences = write_history(history, tmp_path)
    assert sentences == [
        "6 runs since 2026-01-01: nothing got better or worse.",
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


def test_the_page_holds_the_values_of_the_history(history, tmp_path, island):
    written, _ = write_history(history, tmp_path)
    data = island(written.read_text(), "trends")
    series = {(one["score"], one["dataset"]): one for one in data["series"]}
    assert series["digits", "rnn_10_2"]["values"] == [6.0] * 3 + [3.5] * 3
    assert series["digits", "rnn_10_2"]["changes"] == [3]
    assert series["reach", "Principal eigenfunctions"]["values"] == [1.0] * 6
    assert data["done_by"][HOSTILE] == ["pydmd 2025.8"] * 6


def test_a_report_has_the_trends_of_the_baseline_beside_it_and_itself_as_the_last_point(run_dir):
    tables = replace(Results.read(run_dir), provenance={"suite": "smoke", "started": "2026-02-01"})
    assert trends_beside(tables) is None
    path = run_dir.parent / "baseline" / "history.jsonl"
    path.parent.mkdir()
    for day in (1, 2, 3):
        append(path, run(day))
    beside = trends_beside(tables)
    assert beside.sentence == "4 runs since 2026-01-01: nothing got better or worse."
    assert beside.current
    append(path, PromotedRun("smoke", "2026-02-01", "", ""))
    assert not trends_beside(tables).current


def test_a_broken_history_costs_no_report(run_dir):
    path = run_dir.parent / "baseline" / "history.jsonl"
    path.parent.mkdir()
    path.write_text("broken\n")
    text = write(run_dir).read_text()
    assert "There are no trends: " in text
    assert 'id="trends"' in text
