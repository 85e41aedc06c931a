"""Planted runs, of which everything is known, as the terminal shows them."""

import re
from pathlib import Path

import pytest
from planted import Planted, planted
from rich.cells import cell_len

from koopmark._errors import ConfigError
from koopmark.analysis.measure import MEANINGS, Outcome
from koopmark.analysis.results import Results, known, newest
from koopmark.pages.terminal._cards import dataset, method
from koopmark.pages.terminal._overview import answers, board, grid, sheet

MANY = {
    f"pydmd.method_{number:02d}": Planted(10.0 ** (-number / 2), library="pydmd", seconds=1e-3)
    for number in range(1, 13)
}
OURS = Planted(1e-8, library="koopmark", default=True, seconds=2e-2)


def planted_run(methods, about=(), **how) -> Results:
    fits, targets = planted(methods, **how)
    provenance = {"title": "Planted", "fits": len(fits), "ended": "2026", **dict(about)}
    return Results(Path("reports/planted"), fits, targets, provenance)


def shown(view, methods, *choice, width=80, about=(), **how):
    """The lines of a view of a planted run; without a width as if there were no terminal."""
    run = planted_run(methods, about, **how)
    return [line.plain for line in sheet(run, view, *choice).lines(width or 10**9)]


def text(lines):
    """All of it as one line."""
    return " ".join(" ".join(lines).split())


def row(lines, name):
    """The cells of the line of a table that has the name first, or after a place."""
    return next(
        line.split() for line in lines if re.match(rf"( *([0-9]+=?|–) +)?{re.escape(name)}  ", line)
    )


def test_the_answers_and_the_best_ten_fit_on_one_screen():
    lines = shown(answers, MANY, True)
    # Below them is where the report lies.
    assert len(lines) < 24
    assert max(map(cell_len, lines)) <= 80
    assert sum(bool(re.match(" +[0-9]+ +pydmd", line)) for line in lines) == 10
    assert "Principal eigenfunctions: 10 of 12 methods, 2 problems, 3 seeds." in lines


def test_no_line_of_any_view_is_wider_than_the_terminal():
    run = planted_run({**MANY, "koopmark.qr_edmd[dictionary=monomials, degree=3]": OURS})
    for view, *choice in (
        (answers,),
        (board, "principal"),
        (grid,),
        (method, "qr_edmd"),
        (dataset, "a"),
    ):
        for width in (60, 80, 120):
            lines = sheet(run, view, *choice).lines(width)
            assert max(cell_len(line.plain) for line in lines) <= width


def test_methods_that_share_a_place_are_marked_and_those_not_shown_are_counted():
    alike = {f"m{number:02d}": Planted(1e-6) for number in range(14)}
    lines = shown(answers, {**alike, "worse": Planted(1e-1)})
    assert row(lines, "m03")[0] == "1="
    assert "10 of 15 methods, 2 problems, 3 seeds. 4 more methods share place 1." in text(lines)
    whole = shown(board, {**alike, "worse": Planted(1e-1)}, "principal")
    assert row(whole, "worse")[0] == "15"


def test_a_row_has_digits_found_reach_fit_time_and_marks():
    methods = {
        "koopmark.mine": Planted(1e-6, default=True, seconds=2e-3),
        "part": Planted(1e-2, library="x", pairs_used=5, floor=float("nan")),
        "plain": Planted(1e-5, library="x", floor=1e-1, seconds=2.0),
    }
    lines = shown(answers, methods)
    assert row(lines, "koopmark.mine")[2:] == ["6.0", "100", "%", "100", "%", "2", "ms", "d", "k"]
    assert row(lines, "plain")[2:] == ["5.0", "100", "%", "100", "%", "2", "s"]
    assert row(lines, "part")[2:] == ["2.0", "0", "%", "–", "1", "ms", "p", "u"]
    said = text(lines)
    for meaning in (
        "d has the library's default",
        "k is by the authors",
        "p was fitted to less",
        "u has an",
    ):
        assert meaning in said
    assert "p was fitted" not in text(shown(answers, {"a": OURS, "b": OURS}))


def test_a_run_under_noise_alone_shows_the_board_of_noise():
    lines = shown(answers, MANY, noise=0.01, statistical_floor=1e-4)
    assert any(line.startswith("Under noise: 10 of 12 methods") for line in lines)
    assert "possible" in text(lines)


LOST = {(dataset, seed): "timeout" for dataset in "ab" for seed in range(3)}


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ({"alone": Planted(1e-6)}, "the only method"),
        (
            {"anchor.exact": Planted(0.0, role="anchor")},
            "no method that is ranked: anchors and informed methods are not",
        ),
        ({name: Planted(1.0, status=LOST) for name in "xy"}, "All 12 fits failed"),
        (
            {"away": Planted(1.0, status={("a", 0): "unavailable"}), "there": OURS},
            "a library is not installed",
        ),
    ],
    ids=["one method", "anchors alone", "all failed", "a library is missing"],
)
def test_a_run_that_ranks_nothing_is_shown_all_the_same(methods, said):
    run = planted_run(methods)
    whole = {
        view: text(line.plain for line in sheet(run, view).lines(200)) for view in (answers, grid)
    }
    assert said in whole[answers]
    assert all(name in whole[grid] for name in methods)
    if not run.boards:
        with pytest.raises(ConfigError, match="reports/planted has no leaderboard"):
            sheet(run, board, "principal")


def test_a_run_without_a_result_says_how_to_go_on():
    fits, targets = planted({"a": OURS})
    about = {"fits": 6, "ended": None, "command": "koopmark run mine.toml"}
    run = Results(Path("reports/mine"), fits[:0], targets[:0], about)
    for view in (answers, grid):
        said = text(line.plain for line in sheet(run, view).lines(80))
        assert "No fit has a result yet" in said
        assert "0 of 6 fits" in said
        assert "koopmark run mine.toml" in said


def test_every_view_of_an_unfinished_run_says_how_many_fits_are_missing():
    about = {"fits": 40, "command": "koopmark run mine.toml"}
    for view, *choice in ((answers,), (grid,), (method, "mine")):
        said = text(shown(view, {"koopmark.mine": OURS, "x": OURS}, *choice, about=about))
        assert "12 of 40 fits" in said
        assert "koopmark run mine.toml" in said


def test_the_grid_has_methods_in_the_order_of_the_board_and_anchors_last():
    methods = {
        "anchor.exact": Planted(0.0, role="anchor"),
        "worse": Planted(1e-2),
        "told": Planted(0.0, role="informed"),
        "better": Planted(1e-5),
    }
    lines = shown(grid, methods)
    named = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in methods]
    assert named == ["better", "worse", "told", "anchor.exact"]


def test_a_cell_of_the_grid_has_digits_the_share_found_and_how_fits_ended():
    methods = {
        "half": Planted(
            lambda dataset, seed, index: (1e-6, 1e-1)[index], status={("b", 1): "timeout"}
        ),
        "lost": Planted(1e-6, status={("a", seed): "out_of_memory" for seed in range(3)}),
        "other": Planted(1e-6, datasets=("a",)),
    }
    lines = shown(grid, methods, width=None, degrees=(1, 1))
    assert row(lines, "half") == ["half", "3.5", "50", "%", "3.5", "33", "%"]
    below = next(at for at, line in enumerate(lines, 1) if line.startswith("half"))
    assert lines[below].split() == ["1", "timeout"]
    assert row(lines, "lost") == ["lost", "out", "of", "6.0", "100", "%"]
    assert row(lines, "other") == ["other", "6.0", "100", "%"]


def test_the_grid_of_a_score_shows_it_alone():
    lines = shown(grid, {"slow": Planted(1e-6, seconds=2.0), "x": OURS}, "fit_seconds")
    assert row(lines, "slow") == ["slow", "2", "s", "2", "s"]


def test_the_outcomes_of_a_method_are_counted_by_class_and_add_up():
    def how(dataset, seed, index):
        return {
            0: {},
            1: {"functions_found": 1, "eigenvalues_found": 0, "eigenfunction_error": 1e-9},
            2: {"functions_found": 0, "eigenvalues_found": 1, "eigenvalue_error_relative": 1e-9},
            3: {"functions_found": 0, "eigenvalues_found": 0},
        }[index]

    some = Planted(
        lambda dataset, seed, index: 1e-6 if index == 0 else 0.5,
        status={("b", 2): "failed"},
        floor=lambda dataset, seed, index: 0.0,
        more=how,
    )
    lines = shown(method, {"some": some}, "some", width=None, degrees=(1, 1, 1, 1))
    assert "Outcomes: 8 targets, 3 seeds: 24 results" in lines
    start = lines.index("Outcomes: 8 targets, 3 seeds: 24 results")
    counts = {
        outcome: int(line.split()[0])
        for line in lines[start:]
        for outcome in Outcome
        if f"  {outcome}  " in line and MEANINGS[outcome] in line
    }
    assert counts == {
        Outcome.FOUND: 5,
        Outcome.FAILED: 4,
        Outcome.WRONG_EIGENVALUE: 5,
        Outcome.WRONG_FUNCTION: 5,
        Outcome.NEITHER: 5,
    }
    (per_dataset,) = [line for line in lines if line.startswith("b ")]
    assert "2 of 12" in per_dataset
    assert "4 failed" in per_dataset
    assert any("“some was told to”" in line and line.startswith("1 ×") for line in lines)


def test_a_method_that_nobody_knows_gets_its_card_from_the_tables():
    methods = {"mine.py:Mine": Planted(1e-6, library="mine"), "pydmd.dmd": Planted(1e-2)}
    lines = shown(method, methods, "mine.py:Mine")
    assert lines[0] == "mine.py:Mine:"
    assert next(line for line in lines if line.startswith("Principal")).split()[2:5] == [
        "1",
        "of",
        "2",
    ]


def test_the_card_of_a_registered_method_says_what_it_is_and_by_whom():
    about = {"methods": [{"name": "koopmark.qr_edmd[degree=2]", "use": "koopmark.qr_edmd"}]}
    methods = {"koopmark.qr_edmd[degree=2]": OURS, "x": Planted(1e-2)}
    said = text(shown(method, methods, "qr_edmd", about=about))
    assert "EDMD" in said
    assert "Williams, Kevrekidis and Rowley 2015" in said
    assert "by the authors of koopmark" in said


def test_an_anchor_is_ranked_nowhere_and_said_to_be_one():
    lines = shown(method, {"anchor.exact": Planted(0.0, role="anchor")}, "exact")
    assert any(line.startswith("Not ranked: it is an anchor") for line in lines)


def test_a_dataset_has_its_targets_and_how_many_methods_find_each():
    methods = {
        "both": Planted(1e-6),
        "one": Planted(lambda dataset, seed, index: (1e-6, 0.5)[index]),
        "anchor.exact": Planted(0.0, role="anchor"),
    }
    lines = shown(dataset, methods, "a", degrees=(1, 2))
    assert row(lines, "-1") == ["-1", "-1", "1", "principal", "2", "of", "2", "6.0"]
    assert row(lines, "-2") == ["-2", "-2", "1", "product", "of", "2", "1", "of", "2", "6.0"]
    assert row(lines, "one")[:2] == ["2", "one"]
    assert "Outcomes: 2 methods, 2 targets, 3 seeds: 12 results" in lines


def test_a_shipped_dataset_says_what_it_is_and_where_it_comes_from():
    name = "three_populations"
    about = {"recipes": {name: {"system": {"kind": name}}}}
    lines = shown(dataset, {"x": OURS, "y": OURS}, name, datasets=(name,), about=about)
    assert lines[0].startswith("three_populations: Three neural populations.")
    assert any(line.startswith("System: Relaxation ẋ = ") for line in lines)
    assert any(line.startswith("Source: Claveau") for line in lines)
    other = {"recipes": {name: {"system": {"kind": "random_rnn"}}}}
    lines = shown(dataset, {"x": OURS, "y": OURS}, name, datasets=(name,), about=other)
    assert lines[0] == "three_populations:"


def test_all_methods_of_a_dataset_are_ranked_by_a_score():
    methods = {
        "slow": Planted(1e-6, seconds=2.0),
        "fast": Planted(1e-2, seconds=1.0),
        "anchor.exact": Planted(0.0, role="anchor"),
        "broken": Planted(1.0, status={("a", seed): "failed" for seed in range(3)}),
    }
    lines = shown(dataset, methods, "a", "fit_seconds")
    table = [line.split() for line in lines if line.split()[1:2] and line.split()[1] in methods]
    assert [cells[:2] for cells in table] == [
        ["–", "anchor.exact"],
        ["1", "fast"],
        ["2", "slow"],
        ["–", "broken"],
    ]


def test_more_of_a_score_that_should_be_large_is_better():
    lines = shown(dataset, {"less": Planted(1e-2), "more": OURS}, "a", "digits")
    assert row(lines, "more")[0] == "1"


@pytest.mark.parametrize(
    ("typed", "name"),
    [("pydmd.dmd", "pydmd.dmd"), ("FBDMD", "pydmd.fbdmd"), ("degree=3", "edmd[degree=3]")],
)
def test_a_part_of_a_name_is_enough_if_no_other_name_has_it(typed, name):
    names = ["pydmd.dmd", "pydmd.dmd_default", "pydmd.fbdmd", "edmd[degree=2]", "edmd[degree=3]"]
    assert known(typed, names, "method") == name


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("pydmd", "'pydmd' is in the names of 2: type more of pydmd.dmd and pydmd.dmd_default"),
        ("pydmd.dmdd", "unknown method: 'pydmd.dmdd': did you mean 'pydmd.dmd'?"),
        ("", "unknown method: ''"),
    ],
)
def test_a_name_that_is_none_or_several_is_a_sentence(typed, said):
    with pytest.raises(ConfigError) as error:
        known(typed, ["pydmd.dmd", "pydmd.dmd_default", "edmd"], "method")
    assert said in str(error.value)


def test_the_newest_run_is_the_one_whose_store_was_written_last(tmp_path, monkeypatch):
    import os

    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="koopmark run smoke"):
        newest()
    for age, name in enumerate(("new", "old", "older")):
        (tmp_path / "reports" / name).mkdir(parents=True)
        store = tmp_path / "reports" / name / "run.jsonl"
        store.touch()
        os.utime(store, (1e9 - age, 1e9 - age))
    (tmp_path / "reports" / "baseline").mkdir()
    assert newest() == Path("reports/new")
