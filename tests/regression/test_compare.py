"""Runs side by side, on runs whose differences are planted."""

import numpy as np
import pytest
from planted import Planted, planted, write_run

from koopmark._errors import ConfigError
from koopmark.analysis.results import Results
from koopmark.regression import COLUMNS, check, compare
from koopmark.regression._compare import MOST_RUNS


def steady(error=1e-6, **more):
    return Planted(error, library="pydmd", **more)


def lost_on_b(dataset, seed, index):
    return 1e-2 if dataset == "b" else 1e-6


METHODS = {
    "steady": steady(),
    "worse": steady(),
    "better": steady(1e-2),
    "edge": steady(0.999e-3),
    "fails": Planted(1e-5, library="deeptime"),
}
LATER = METHODS | {
    "worse": steady(lost_on_b),
    "better": steady(1e-6),
    "edge": steady(1.001e-3),
    "fails": Planted(1e-5, library="deeptime", status={("a", 1): "timeout"}),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The run folders `before` and `after`, and `same`, a copy of the first."""
    folder = tmp_path_factory.mktemp("runs")
    git = {"commit": "a" * 40}
    made = {
        "before": (METHODS, {"libraries": {"pydmd": "2025.8", "numpy": "2.4"}}),
        "after": (LATER, {"libraries": {"pydmd": "2025.9", "numpy": "2.4"}, "git": git}),
        "same": (METHODS, {"libraries": {"pydmd": "2025.8", "numpy": "2.4"}}),
    }
    return {
        name: write_run(folder / name, *planted(methods), **provenance)
        for name, (methods, provenance) in made.items()
    }


@pytest.fixture(scope="module")
def found(runs):
    return compare([runs["before"], runs["after"]])


def changes(some):
    return {(one.method, one.dataset, one.seed, one.change) for one in some}


def test_a_known_loss_is_worse_and_a_known_gain_is_better(found):
    (held,) = found.pairs
    seeds = range(3)
    assert changes(held.worse) == {
        ("fails", "a", 1, "fit fails"),
        *(("worse", "b", seed, "target lost") for seed in seeds),
    }
    assert changes(held.better) == {
        ("better", dataset, seed, "target found") for dataset in "ab" for seed in seeds
    }


def test_rounding_at_the_edge_of_found_is_no_change(found):
    (held,) = found.pairs
    assert "edge" not in {one.method for one in (*held.worse, *held.better)}


def test_the_plainest_change_comes_first(found):
    assert [one.change for one in found.pairs[0].worse] == ["fit fails"] + ["target lost"] * 3


def test_a_change_names_what_it_was_and_what_it_is(found):
    _, lost, *_ = found.pairs[0].worse
    row = dict(zip(COLUMNS, lost.texts, strict=True))
    assert row["target or score"] == "-1"
    assert (row["baseline"], row["run"]) == ("found, 6.0 digits", "both wrong, 2.0 digits")


def test_compare_shows_the_changes_that_a_check_of_the_same_runs_shows(found, runs):
    checked = check(runs["after"], runs["before"])
    assert checked.pair.worse == found.pairs[0].worse
    assert checked.pair.better == found.pairs[0].better
    rows = [f"| {' | '.join(one.texts)} |" for one in checked.pair.worse]
    assert all(row in text for row in rows for text in (checked.markdown(), found.markdown()))


def test_the_heading_has_the_versions_that_differ_and_no_others(found):
    facts = {name: texts for name, *texts in found.facts}
    assert facts["pydmd"] == ["2025.8", "2025.9"]
    assert facts["commit"] == ["–", "a" * 12]
    assert facts["koopmark"] == ["0.1.0", "0.1.0"]
    assert "numpy" not in facts


def test_side_by_side_each_run_has_the_numbers_of_its_own_leaderboard(found, runs):
    for at, name in enumerate(("before", "after")):
        for title, board in Results.read(runs[name]).boards.items():
            if title not in found.boards:
                continue
            mine = {
                line.names[0]: (line.digits[at], line.found[at]) for line in found.boards[title]
            }
            rows = board.rows
            theirs = dict(
                zip(rows["method"], zip(rows["digits"], rows["found"], strict=True), strict=True)
            )
            assert mine == theirs
    assert found.boards


def test_a_library_is_the_mean_of_its_methods(found):
    libraries = {line.names[0]: line for line in found.libraries}
    digits = [6.0, 6.0, 2.0, -np.log10(0.999e-3)]
    assert libraries["pydmd"].digits[0] == pytest.approx(np.mean(digits))
    assert libraries["pydmd"].found == pytest.approx((3 / 4, 2.5 / 4))


def test_targets_side_by_side_are_those_that_differ_the_worst_first(found):
    first, *_, last = found.targets
    assert first.names == ("worse", "b", "-1")
    assert first.loss == pytest.approx(4.0)
    assert last.names[0] == "better"
    assert "steady" not in {line.names[0] for line in found.targets}


def test_a_run_compared_with_itself_has_not_changed(runs):
    found = compare([runs["before"], runs["before"]])
    assert found.pairs[0].counts().endswith("No score changed.")
    assert not found.targets


def test_of_three_runs_each_is_held_against_the_first_or_the_one_that_is_named(runs):
    folders = [runs[name] for name in ("before", "after", "same")]
    found = compare(folders)
    assert [bool(held.worse) for held in found.pairs] == [True, False]
    assert [found.label(held) for held in found.pairs] == ["B against A", "C against A"]
    turned = compare(folders, against=runs["after"])
    assert [run.folder.name for run in turned.runs] == ["after", "before", "same"]
    assert [len(held.better) for held in turned.pairs] == [len(found.pairs[0].worse)] * 2


def test_runs_of_different_suites_are_compared_on_what_they_share(runs, tmp_path):
    methods = {"steady": steady(1e-3), "own": steady(1e-9)}
    tables = planted(methods, datasets="bc")
    other = write_run(tmp_path / "other", *tables, suite="other", configuration={"seeds": 5})
    found = compare([runs["before"], other])
    (held,) = found.pairs
    assert held.compared == 3
    assert changes(held.worse) == {("steady", "b", seed, "fewer digits") for seed in range(3)}
    assert "Only in the baseline: 27 fits. Only in the run: 9 fits." in held.counts()
    assert any("are runs of different suites" in note for note in found.notes(held))
    ((_, lines),) = found.boards.items()
    assert [(line.names, *map(round, line.digits)) for line in lines] == [(("steady",), 6, 3)]


def test_what_one_run_has_alone_moves_no_number_side_by_side(runs, tmp_path):
    more = write_run(tmp_path / "more", *planted(METHODS, datasets="abc"))
    found = compare([runs["before"], more])
    assert not any(line.moved for lines in found.boards.values() for line in lines)


def test_an_unfinished_run_is_compared_with_a_note(runs, tmp_path):
    fits, targets = planted(METHODS, seeds=1)
    part = write_run(tmp_path / "part", fits, targets, fits=30, configuration={"seeds": 3})
    found = compare([runs["before"], part])
    (note,) = found.notes(found.pairs[0])
    assert "is not finished, 10 of 30 fits are done" in note
    assert found.pairs[0].compared == 10


def test_a_dataset_whose_recipe_differs_is_not_compared(runs, tmp_path):
    recipes = {"a": {"system": {"kind": "another"}}, "b": {"system": {"kind": "planted"}}}
    other = write_run(tmp_path / "other", *planted(LATER), recipes=recipes)
    found = compare([runs["before"], other])
    (note,) = found.notes(found.pairs[0])
    assert note.startswith("a is not compared, because it is a different recipe in each run")
    assert {one.dataset for one in found.pairs[0].better} == {"b"}
    assert {line.names[1] for line in found.targets} == {"b"}


def test_a_run_whose_fits_all_failed_lost_everything(runs, tmp_path):
    every = {(dataset, seed): "failed" for dataset in "ab" for seed in range(3)}
    methods = {name: Planted(1e-6, status=every) for name in METHODS}
    failed = write_run(tmp_path / "failed", *planted(methods))
    found = compare([runs["before"], failed])
    assert {one.change for one in found.pairs[0].worse} == {"fit fails"}
    assert len(found.pairs[0].worse) == 30
    assert found.pairs[0].found.run == 0
    assert all(line.digits[1] == 0.0 for lines in found.boards.values() for line in lines)


def test_runs_of_one_method_stand_side_by_side_without_a_board(tmp_path):
    folders = [
        write_run(tmp_path / name, *planted({"one": steady(error)}))
        for name, error in (("good", 1e-6), ("bad", 1e-2))
    ]
    ((title, (line,)),) = compare(folders).boards.items()
    assert title == "All targets"
    assert line.digits == pytest.approx((6.0, 2.0))


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (["before"], "a comparison takes at least two run folders: .*before is one"),
        (["before"] * (MOST_RUNS + 1), "at most 6 run folders, not 7"),
        (["before", "nowhere"], "nowhere is not a run folder: it does not exist"),
        (["before", "empty"], "empty is not a run folder: it has no fits.csv"),
        (["before", "alien"], "alien and .*before have no fit in common"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(runs, tmp_path, chosen, said):
    (tmp_path / "empty").mkdir()
    write_run(tmp_path / "alien", *planted({"own": steady()}, datasets="x"))
    folders = [runs.get(name, tmp_path / name) for name in chosen]
    with pytest.raises(ConfigError, match=said):
        compare(folders)
