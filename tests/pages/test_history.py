"""The page of a history, and its section on the page of a run."""

import re
from dataclasses import replace

import pytest

from koopmark._errors import ConfigError
from koopmark.analysis.results import Results
from koopmark.pages import write, write_history
from koopmark.pages.history import trends_beside
from koopmark.pages.history._panels import panels
from koopmark.regression import trends
from koopmark.regression.history import PromotedRun, append
from koopmark.regression.trends import LevelChange, Series

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
    assert sentences[0] == "6 runs since 2026-01-01: 1 level shift (1 regression)."
    assert sentences[0] in text
    assert 'id="data-trends"' in text
    assert 'data-value="3.5">3.5</td>' in text
    for place in ("Leaderboards", "rnn_10_2"):
        assert f'<option value="digits/{place}">digits: {place}</option>' in text
    assert "reach/rnn_10_2" not in text
    assert '<option value="speed/speed">speed</option>' in text
    assert HOSTILE not in text
    assert not re.search(r'(src|href)="http', text)


def test_without_ruptures_there_are_trends_and_a_sentence(history, tmp_path, monkeypatch):
    monkeypatch.setattr(trends, "available", lambda: False)
    _, sentences = write_history(history, tmp_path)
    assert sentences == [
        "6 runs since 2026-01-01: no level shift.",
        "Level shifts were not looked for: this needs ruptures, which is not installed (pip "
        "install 'ruptures>=1.1.9').",
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
    views = {(one["score"], one["place"]): one["panels"] for one in data["views"]}
    (panel,) = views["digits", "rnn_10_2"]
    assert panel["title"] == "-1"
    assert panel["lines"] == [
        {"methods": [HOSTILE], "values": [6.0] * 3 + [3.5] * 3, "changes": [3]}
    ]
    (board,) = views["reach", "Leaderboards"]
    assert board["title"] == "Principal eigenfunctions"
    assert board["lines"][0]["values"] == [1.0] * 6
    assert data["done_by"][HOSTILE] == ["pydmd 2025.8"] * 6


def test_the_page_says_with_which_run_a_version_changed(tmp_path, island):
    path = tmp_path / "history.jsonl"
    for day, version in ((1, "2025.8"), (2, "2025.8"), (3, "2025.9")):
        append(path, replace(run(day), libraries={"pydmd": version}, commit=f"{day}" * 40))
    written, _ = write_history(path, tmp_path)
    text = written.read_text()
    runs = island(text, "trends")["runs"]
    assert [one["news"] for one in runs] == [[], [], ["pydmd 2025.8 → 2025.9"]]
    assert [one["short"] for one in runs] == ["1" * 7, "2" * 7, "3" * 7]
    assert ">2026-01-03</th><td>pydmd 2025.8 → 2025.9</td>" in text


def test_a_report_has_the_trends_of_the_baseline_beside_it_and_itself_as_the_last_point(run_dir):
    tables = replace(Results.read(run_dir), provenance={"suite": "smoke", "started": "2026-02-01"})
    assert trends_beside(tables) is None
    path = run_dir.parent / "baseline" / "history.jsonl"
    path.parent.mkdir()
    for day in (1, 2, 3):
        append(path, run(day))
    beside = trends_beside(tables)
    assert beside.sentence == "4 runs since 2026-01-01: no level shift."
    assert beside.current
    assert [one["short"] for one in beside.data["runs"]] == ["", "", "", "this run"]
    append(path, PromotedRun("smoke", "2026-02-01", "", ""))
    assert not trends_beside(tables).current


def test_a_report_is_written_beside_a_broken_history(run_dir):
    path = run_dir.parent / "baseline" / "history.jsonl"
    path.parent.mkdir()
    path.write_text("broken\n")
    text = write(run_dir).read_text()
    assert "Trends cannot be shown: " in text
    assert 'id="trends"' in text


def series(method, values, target="-1", score="digits", changes=()):
    shifts = tuple(
        LevelChange("rnn_10_2", method, target, score, at, 6.0, 3.0, "") for at in changes
    )
    return Series("rnn_10_2", method, target, score, tuple(values), shifts)


def test_methods_with_the_same_values_are_one_line_even_where_some_are_missing():
    gap = float("nan")
    alike = [series("b", [1.0, gap, 2.0]), series("a", [1.0, gap, 2.0])]
    found = panels([*alike, series("c", [1.0, gap, 2.5])], ["a", "b", "c"])
    lines = found["digits", "rnn_10_2"]["-1"]
    assert [line.methods for line in lines] == [("c",), ("a", "b")]


def test_lines_whose_level_shifted_are_labelled_first_then_the_higher_ones():
    some = [series("low", [1.0]), series("fell", [0.0], changes=[0]), series("high", [9.0])]
    (lines,) = panels(some, [])["digits", "rnn_10_2"].values()
    assert [line.methods[0] for line in lines] == ["fell", "high", "low"]


def test_there_is_a_panel_for_each_target_board_and_kernel():
    some = [
        series("a", [1.0], target="-1"),
        series("a", [1.0], target="-2"),
        replace(series("a", [1.0], target=""), dataset="Principal eigenfunctions"),
        replace(series("simulation", [1.0], target="", score="speed"), dataset="speed"),
    ]
    assert {place: list(found) for place, found in panels(some, []).items()} == {
        ("digits", "rnn_10_2"): ["-1", "-2"],
        ("digits", "Leaderboards"): ["Principal eigenfunctions"],
        ("speed", "speed"): ["simulation"],
    }


def test_an_anchor_gives_no_line_its_name_and_an_infinite_value_reaches_the_page(tmp_path, island):
    path = tmp_path / "history.jsonl"
    both = {"anchor.exact": 9.0, "pydmd.dmd": 9.0}
    line = replace(
        run(1),
        methods={"anchor.exact": "koopmark 0.1.0", "pydmd.dmd": "pydmd 2025.8"},
        roles={"anchor.exact": "anchor"},
        targets={"rnn_10_2": {"-1": {"digits": both}}},
        boards={},
    )
    append(path, line)
    path.write_text(path.read_text().replace('"simulation":1.0', '"simulation":Infinity'))
    written, _ = write_history(path, tmp_path)
    views = {
        one["score"]: one["panels"][0] for one in island(written.read_text(), "trends")["views"]
    }
    assert views["digits"]["lines"][0]["methods"] == ["pydmd.dmd", "anchor.exact"]
    assert views["speed"]["lines"][0]["values"] == ["Infinity"]
