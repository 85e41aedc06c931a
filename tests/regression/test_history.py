"""Lines of a history, from run folders and from nobody's hand."""

import json
from dataclasses import replace

import pytest
from planted import Planted, planted, run_of

from koopmark._errors import ConfigError
from koopmark.analysis.measure import by_target, judge
from koopmark.analysis.tables import read_fits, read_provenance, read_targets
from koopmark.regression import promote
from koopmark.regression.history import PromotedRun, append, parse, promoted_run, read_history

FINISHED = {
    "suite": "small",
    "fits": 24,
    "started": "2026-01-01T00:00:00+00:00",
    "ended": "2026-01-01T00:01:00+00:00",
    "koopmark": "0.1.0",
    "git": {"commit": "0" * 40, "dirty": False},
    "cpu": {"model": "a processor", "cores": 2},
    "libraries": {"numpy": "2.4.6", "pydmd": None},
}
NOISY = "three_populations_noise_0.01"


@pytest.fixture
def finished(run_dir):
    path = run_dir / "provenance.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | FINISHED))
    return run_dir


def line_of(run, targets=None):
    fits, targets = read_fits(run), read_targets(run) if targets is None else targets
    return promoted_run(run_of(fits, targets, read_provenance(run)))


@pytest.fixture
def line(finished):
    return line_of(finished)


def test_a_line_says_where_a_run_is_from(line):
    assert (line.suite, line.koopmark, line.commit) == ("small", "0.1.0", "0" * 40)
    assert line.libraries == {"numpy": "2.4.6"}
    assert line.methods["linear"].startswith("pydmd")
    assert line.cpu == "a processor"


def test_of_a_target_the_median_of_the_digits_and_the_share_of_seeds_are_kept(line, finished):
    measured = by_target(judge(read_fits(finished), read_targets(finished)))
    (mine,) = measured.query("dataset == @NOISY and method == 'linear' and target == '-1'").to_dict(
        "records"
    )
    for score in ("digits", "found"):
        assert line.targets[NOISY]["-1"][score]["linear"] == mine[score]
    exact = line.targets["three_populations"]["-1"]
    assert (exact["digits"]["anchor.exact"], exact["found"]["anchor.exact"]) == (9.0, 1.0)


def test_a_method_whose_fits_failed_has_no_digits_and_found_nothing(line):
    for scores in line.targets["three_populations"].values():
        assert (scores["digits"]["broken"], scores["found"]["broken"]) == (0.0, 0.0)


def test_of_each_board_by_digits_the_means_are_kept():
    fits, targets = planted({"good": Planted(1e-6), "bad": Planted(1e-2)})
    line = promoted_run(run_of(fits, targets, FINISHED))
    assert line.boards == {
        "Principal eigenfunctions": {
            "digits": {"good": pytest.approx(6.0), "bad": pytest.approx(2.0)},
            "found": {"good": 1.0, "bad": 0.0},
            "reach": {"good": 1.0, "bad": 1.0},
        }
    }
    assert parse(line.text()).boards == line.boards


def test_what_was_in_no_commit_is_marked(finished):
    path = finished / "provenance.json"
    dirty = {"git": {"commit": "0" * 40, "dirty": True}}
    path.write_text(json.dumps(json.loads(path.read_text()) | dirty))
    assert line_of(finished).commit == "0" * 40 + "-dirty"


def test_a_line_comes_back_as_it_was_to_two_decimals(line):
    again = parse(line.text())
    assert again.run == line.run
    assert again.methods == line.methods
    assert again.targets.keys() == line.targets.keys()
    for score, before in line.targets[NOISY]["-1"].items():
        assert again.targets[NOISY]["-1"][score] == pytest.approx(before, abs=0.0051)
    assert parse(again.text()) == again
    assert "\n" not in line.text()


def test_a_value_of_a_target_takes_few_bytes(line):
    values = sum(
        len(by_method)
        for targets in line.targets.values()
        for scores in targets.values()
        for by_method in scores.values()
    )
    assert values == 2 * 2 * 2 * 6
    kept = json.dumps(json.loads(line.text())["targets"], separators=(",", ":"))
    assert len(kept) < 8 * values


def test_a_method_that_was_not_asked_for_a_target_has_no_value_of_it():
    targets = {"d": {"-1": {"digits": {"b": 3.25}}}}
    line = PromotedRun("s", "2026", "", "", methods={"a": "x", "b": "y"}, targets=targets)
    assert json.loads(line.text())["targets"] == {"d": {"-1": {"digits": [None, 3.25]}}}
    assert parse(line.text()) == line


def test_promoting_adds_a_line_once(finished, tmp_path):
    baseline = tmp_path / "baseline"
    assert promote(finished, baseline)
    assert not promote(finished, baseline)
    before = (baseline / "history.jsonl").read_text()
    path = finished / "provenance.json"
    later = json.loads(path.read_text()) | {"started": "2026-02-01T00:00:00+00:00"}
    path.write_text(json.dumps(later))
    assert promote(finished, baseline)
    after = (baseline / "history.jsonl").read_text()
    assert after.startswith(before)
    assert [one.started[:10] for one in read_history(baseline / "history.jsonl")] == [
        "2026-01-01",
        "2026-02-01",
    ]


def test_the_same_run_gives_the_same_line(finished, tmp_path):
    for name in ("one", "two"):
        promote(finished, tmp_path / name)
    assert len({(tmp_path / name / "history.jsonl").read_text() for name in ("one", "two")}) == 1


def test_the_speed_of_the_core_goes_with_it(finished, tmp_path):
    core = tmp_path / "core.json"
    core.write_text(json.dumps({"kernels": {"simulation": {"head_ratio": 1.25, "low": 1.0}}}))
    promote(finished, tmp_path / "baseline", speed=core)
    (line,) = read_history(tmp_path / "baseline" / "history.jsonl")
    assert line.speed == {"simulation": 1.25}


@pytest.mark.parametrize("text", ["", "[]", '{"kernels": 3}', '{"kernels": {"a": {}}}'])
def test_a_file_that_is_no_record_of_speed_is_refused_before_anything_is_written(
    finished, tmp_path, text
):
    (tmp_path / "core.json").write_text(text)
    with pytest.raises(ConfigError, match=r"core\.json is not what"):
        promote(finished, tmp_path / "baseline", speed=tmp_path / "core.json")
    assert not (tmp_path / "baseline").exists()


def test_fields_of_later_versions_are_kept_and_passed_over(tmp_path):
    path = tmp_path / "history.jsonl"
    later = '{"suite": "s", "started": "2026", "invented": {"later": [1]}, "targets": {}}'
    path.write_text(later)
    assert append(path, PromotedRun("s", "2027", "", "0.9"))
    assert path.read_text().splitlines()[0] == later
    assert [one.started for one in read_history(path)] == ["2026", "2027"]


def test_lines_are_read_in_the_order_of_the_runs(tmp_path):
    path = tmp_path / "history.jsonl"
    for started in ("2027", "2026", "2028"):
        append(path, PromotedRun("s", started, "", ""))
    assert [one.started for one in read_history(path)] == ["2026", "2027", "2028"]


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[1]",
        "{}",
        '{"suite": "s"}',
        '{"suite": "s", "started": "2", "targets": 3}',
        '{"suite": "s", "started": "2", "methods": {"a": ""}, "boards": {"q": {"digits": ["x"]}}}',
        '{"suite": "s", "started": "2", "methods": {"a": ""}, "boards": {"q": {"digits": [1, 2]}}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_line_is_a_sentence_that_names_it(tmp_path, text):
    path = tmp_path / "history.jsonl"
    path.write_text(PromotedRun("s", "2026", "", "").text() + "\n" + text + "\n")
    with pytest.raises(ConfigError, match=r"history\.jsonl: line 2 is not one that"):
        read_history(path)


def test_a_history_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="does not exist: `koopmark baseline DIR` writes"):
        read_history(tmp_path / "history.jsonl")


def test_lines_hold_only_what_is_known(line):
    assert "speed" not in json.loads(line.text())
    assert json.loads(replace(line, speed={"a": 1.23456}).text())["speed"] == {"a": 1.235}


def test_a_run_without_targets_has_a_line(finished):
    line = line_of(finished, read_targets(finished).iloc[:0])
    assert (line.targets, line.boards) == ({}, {})
    assert parse(line.text()) == line
