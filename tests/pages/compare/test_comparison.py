"""The page that compares runs, and the same comparison in the terminal."""

import re

import pytest
from planted import Planted, planted, write_run

from koopmark._errors import ConfigError
from koopmark.analysis.results import Results
from koopmark.pages import terminal, write_comparison
from koopmark.regression import COLUMNS, check, compare

HOSTILE = "</script><img src=x onerror=alert(1)>"
BEFORE = {
    **{f"pydmd.method_{at}": Planted(1e-8, library="pydmd") for at in range(6)},
    HOSTILE: Planted(1e-3, library="deeptime"),
}
AFTER = {
    **{
        f"pydmd.method_{at}": Planted(10.0 ** (at - 7) if at else 1e-8, library="pydmd")
        for at in range(6)
    },
    HOSTILE: Planted(1e-6, library="deeptime"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    made = [
        write_run(folder / name, *planted(methods), title="Planted")
        for name, methods in (("before run", BEFORE), ("after", AFTER))
    ]
    (made[0] / "index.html").write_text("")
    return made


@pytest.fixture(scope="module")
def found(runs):
    return compare(runs)


@pytest.fixture(scope="module")
def page(found, runs):
    return write_comparison(found, runs[0].parent / "made" / "compare").read_text()


def test_the_page_has_every_change_and_needs_no_network(found, page):
    (held,) = found.pairs
    assert held.counts() in page
    assert page.count('<td class="status bad">') == len(held.worse)
    assert page.count('<td class="status">') == len(held.better)
    assert HOSTILE not in page
    assert not re.search(r'(src|href)="http', page)


def test_a_change_leads_to_the_card_of_the_fit_in_the_page_of_its_run(found, page):
    (held,) = found.pairs
    links = re.findall(r'href="([^"#]+)#fit=(\w+)"', page)
    assert {address for address, _ in links} == {"../../before%20run/index.html"}
    assert {fit for _, fit in links} == {one.fits.baseline for one in (*held.worse, *held.better)}


def test_every_number_side_by_side_is_that_of_the_run_to_the_last_bit(found, page, runs):
    of_page = set(re.findall(r'data-value="([^"]+)"', page))
    for run in runs:
        results = Results.read(run)
        for name in found.boards:
            for score in ("digits", "found"):
                assert {repr(float(v)) for v in results.boards[name].rows[score]} <= of_page


def test_the_figure_has_the_methods_that_moved_the_largest_loss_first(page):
    rows = re.findall(r'<div class="row" title="([^"]+)">', page)
    assert [row.partition(":")[0] for row in rows[:5]] == [
        f"pydmd.method_{at}" for at in (5, 4, 3, 2, 1)
    ]
    assert rows[0] == "pydmd.method_5: A 8.0, B 2.0"
    assert len(rows) == 6
    places = re.findall(r'class="dot" style="left:([\d.]+)%">(\w)<', page)
    assert {run: float(place) for place, run in places[:2]} == pytest.approx(
        {"A": 800 / 9, "B": 200 / 9}
    )


def test_a_comparison_of_a_run_with_itself_says_that_nothing_changed(runs, tmp_path):
    text = write_comparison(compare([runs[0], runs[0]]), tmp_path).read_text()
    assert "No score changed." in text
    assert "<p>None.</p>" in text


def test_no_page_of_a_run_is_replaced_by_a_comparison(found, runs):
    with pytest.raises(
        ConfigError, match="after is a run folder: a comparison in it would overwrite"
    ):
        write_comparison(found, runs[1])
    assert not (runs[1] / "index.html").exists()


def lines(sheet, width=10**9):
    return [line.plain.rstrip() for line in sheet.lines(width)]


def test_the_terminal_shows_the_worst_and_says_how_many_more_there_are(found):
    shown = lines(terminal.comparison(found, 4))
    assert "Worse: 4 of 30 rows; see all with --all." in shown
    at = shown.index("Worse: 4 of 30 rows; see all with --all.")
    assert shown[at + 1].split() == " ".join(COLUMNS).split()
    assert shown[at + 2].startswith("pydmd.method_5")
    assert len(lines(terminal.comparison(found))) > len(shown)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(found, width):
    assert max(map(len, lines(terminal.comparison(found, 8), width))) <= width


def test_a_check_and_a_comparison_show_a_change_in_the_same_line(found, runs):
    checked, compared = terminal.check(check(runs[1], runs[0])), terminal.comparison(found)
    changes = [line for line in lines(checked) if line.endswith(" digits")]
    assert len(changes) == len(found.pairs[0].worse) + len(found.pairs[0].better)
    assert set(changes) <= set(lines(compared))


def test_a_check_shows_fifty_rows_and_the_command_that_shows_all(tmp_path):
    good, bad = (
        write_run(tmp_path / name, *planted({"m": Planted(error)}, seeds=60, datasets="a"))
        for name, error in (("good", 1e-6), ("bad", 1e-2))
    )
    shown = lines(terminal.check(check(bad, good)))
    assert f"Worse: 50 of 60 rows; see all with koopmark compare {good} {bad} --all" in shown
    assert sum("target lost" in line for line in shown) == 51


def test_of_many_notes_the_terminal_shows_two_and_their_number(tmp_path):
    names = "abcd"
    one, other = (
        write_run(
            tmp_path / kind,
            *planted({"m": Planted(1e-6)}, datasets=names),
            recipes={name: {"system": {"kind": kind}} for name in names},
        )
        for kind in ("one", "other")
    )
    found = compare([one, other])
    shown = lines(terminal.comparison(found, 8))
    assert sum("is not compared" in line for line in shown) == 2
    assert "2 more such notes: see all with --all." in shown
    everything = lines(terminal.comparison(found))
    assert sum("is not compared" in line for line in everything) == 4
    for text in (" ".join(shown), write_comparison(found, tmp_path / "page").read_text()):
        assert "No fit could be compared." in text
        assert "No score changed." not in text


def test_three_runs_that_share_fits_only_in_pairs_have_nothing_side_by_side(tmp_path):
    runs = [
        write_run(tmp_path / datasets, *planted({"m": Planted(1e-6)}, datasets=datasets))
        for datasets in ("ab", "a", "b")
    ]
    found = compare(runs)
    assert [held.compared for held in found.pairs] == [3, 3]
    assert "side by side" not in " ".join(lines(terminal.comparison(found, 8))).lower()
    assert "No fit is in all runs." in found.markdown()
    assert "No fit is in all runs." in write_comparison(found, tmp_path / "page").read_text()
