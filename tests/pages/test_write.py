import json
import os
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from koopmark._errors import ConfigError
from koopmark.analysis import columns
from koopmark.analysis.measure import judge
from koopmark.analysis.numbers import exact
from koopmark.analysis.results import Results
from koopmark.analysis.tables import read_scores
from koopmark.pages import write
from koopmark.pages.web._looks import method_styles
from koopmark.pages.web._render import whole_numbers
from koopmark.store import STATUSES

DATASETS = ["three_populations", "three_populations_noise_0.01"]
HOSTILE = '<script>alert("method")</script>'


class Page(HTMLParser):
    """Tags with their attributes, and the text of table cells and headers by row; the method that
    each row is of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[tuple[dict[str, str | None], str]]] = []
        self.methods: list[str | None] = []
        self.scripts: list[str] = []
        self.islands: list[str | None] = []
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
            self.methods.append(dict(attrs).get("data-method"))
        elif tag in ("td", "th"):
            self.rows[-1].append((dict(attrs), ""))
        elif tag == "script":
            self.scripts.append("")
            self.islands.append(dict(attrs).get("id"))
        if tag in ("td", "th", "script"):
            self._open = tag

    def handle_endtag(self, tag):
        if tag == self._open:
            self._open = ""

    def handle_data(self, data):
        if self._open == "script":
            self.scripts[-1] += data
        elif self._open:
            attrs, text = self.rows[-1][-1]
            self.rows[-1][-1] = (attrs, text + data)

    def values(self, method: str) -> set[str]:
        """Every exact value in a row of this method."""
        return {
            attrs["data-value"]
            for row in self.of(method)
            for attrs, _ in row
            if attrs.get("data-value")
        }

    def of(self, method: str) -> list[list[tuple[dict[str, str | None], str]]]:
        """The rows of a method."""
        return [row for row, name in zip(self.rows, self.methods, strict=True) if name == method]


@pytest.fixture(scope="module")
def written(written_run):
    return written_run / "index.html"


@pytest.fixture(scope="module")
def html(written):
    return written.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def read_leaderboard(folder):
    table = pd.read_csv(folder / "leaderboard.csv", dtype=str, keep_default_na=False)
    texts = {"question", "score", "method", "library", "default", "inputs"}
    return table.assign(
        **{
            name: [float(text) if text else np.nan for text in table[name]]
            for name in table.columns
            if name not in texts
        }
    )


def test_every_number_of_the_leaderboards_stands_on_the_page_to_the_last_digit(page, written):
    boards = read_leaderboard(written.parent)
    assert set(boards["question"]) == {
        "Principal eigenfunctions",
        "Products of eigenfunctions",
        "Under noise",
        "Cost",
    }
    shown = ["value", "low", "high", "found", "reach", "yield", "possible", "failed"]
    for method, rows in boards.groupby("method"):
        numbers = rows[[*shown, "better", "alike", "worse"]].to_numpy()
        expected = {exact(value) for value in numbers.ravel() if value == value}
        assert expected <= page.values(method)


def test_a_hostile_method_name_is_text(html, page):
    assert HOSTILE not in html
    assert any(row[0][1] == HOSTILE for row in page.of(HOSTILE))
    assert page.islands.count(None) == 1


def test_a_hostile_reason_is_text(page):
    assert not any(tag == "img" for tag, _ in page.tags)
    assert any(
        '<img src="http://example.org/x.png"' in text for row in page.rows for _, text in row
    )


def test_the_page_loads_nothing(page):
    for tag, attrs in page.tags:
        assert "src" not in attrs
        if "href" in attrs:
            assert tag == "a"
            assert re.match(r"#|\w+\.csv$", attrs["href"])
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv"))
    assert "default-src 'none'" in policy


def test_the_page_is_one_file_of_reasonable_size(written):
    assert written.stat().st_size < 3e6
    assert {path.suffix for path in written.parent.iterdir()} == {".csv", ".json", ".html"}


def test_plotly_is_inlined_once(html, island):
    assert html.count('id="data-plotly"') == 1
    assert "plotly.js (cartesian - minified) v" in island(html, "plotly")[:400]


def test_title_and_question_come_from_the_run(html):
    assert "<h1>A small run</h1>" in html
    assert "Does &lt;least squares&gt; recover -1 &amp; -2?" in html


def test_what_failed_is_listed_with_its_reason_and_output(html, page):
    failures = [row for row in page.of("broken") if row[0][1] == "broken" and len(row) == 5]
    assert len(failures) == 1
    assert failures[0][1][1] == "failed"
    assert failures[0][2][1] == "4 fits"


def test_every_score_that_a_page_may_show_is_explained(html):
    explained = html.partition('<section id="reading">')[2].partition("</section>")[0]
    for column in [*columns.SUMMARY, *columns.TARGETS, *columns.UNDER_NOISE]:
        assert f"<dt>{escape(column.title)}</dt><dd>{escape(column.meaning)}</dd>" in explained


def test_failed_fits_are_marked_in_the_overview(page):
    cells = [attrs for row in page.of("broken") for attrs, _ in row]
    assert sum("bad" in (attrs.get("class") or "") for attrs in cells) >= 2


@pytest.fixture(scope="module")
def swept(written):
    table = pd.read_csv(written.parent / "sweeps.csv", dtype=str, keep_default_na=False)
    texts = {"family", "axis", "level_text", "dataset", "method", "library", "status", "role"}
    texts |= {"default"}
    numbers = [name for name in table.columns if name not in texts]
    return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})


@pytest.mark.parametrize("column", columns.AGAINST_LEVELS, ids=lambda c: c.key)
def test_the_table_beside_a_sweeps_figure_is_the_csv(html, swept, column):
    shown = re.escape(escape(json.dumps({"sweep": "How noise hurts", "score": column.key})))
    part = re.search(rf'<div data-when="{shown}"[^>]*>(.*?)</table>', html, flags=re.DOTALL)
    assert part is not None
    table = Page(f"{part[1]}")
    rows = dict(zip(table.methods[1:], table.rows[1:], strict=True))
    assert set(rows) == set(swept["method"])
    for method, row in rows.items():
        mine = swept[swept["method"] == method].sort_values("level")
        shown = [attrs.get("data-value") for attrs, _ in row[1:]]
        assert shown == [exact(x) if x == x else None for x in mine[column.key]]


def test_errors_along_a_sweep_are_those_of_the_targets_all_levels_share(run_dir, island):
    """A dataset that asks for more targets must not look worse for it."""
    path = run_dir / "targets.csv"
    targets = pd.read_csv(path, keep_default_na=False, dtype=str)
    targets[(targets["target"] == "-1") | (targets["dataset"] == "three_populations")].to_csv(
        path, index=False
    )
    fits = pd.read_csv(run_dir / "fits.csv", keep_default_na=False, dtype=str)
    fewer = fits["dataset"] != "three_populations"
    fits.assign(targets=fits["targets"].mask(fewer, "1")).to_csv(run_dir / "fits.csv", index=False)
    rows = island(write(run_dir).read_text(encoding="utf-8"), "sweeps")["rows"]
    clean, noisy = (
        digits
        for method, digits in zip(rows["method"], rows["digits"], strict=True)
        if method == "linear"
    )
    # Of the products, which only the clean level asks for, it finds none.
    assert clean == 9.0 > noisy > 1.0


def without_sweeps(run_dir):
    path = run_dir / "fits.csv"
    fits = pd.read_csv(path, keep_default_na=False, dtype=str)
    fits.assign(family="", axis="", level="", level_text="").to_csv(path, index=False)
    return write(run_dir).read_text(encoding="utf-8")


def side_by_side(html):
    """The datasets of the table that has all of them beside one another."""
    places = [attrs for _, attrs in Page(html).tags if attrs.get("data-table") == "beside"]
    return [json.loads(attrs["data-datasets"]) for attrs in places]


def test_datasets_of_a_sweep_stand_in_its_table_and_not_side_by_side(html, run_dir):
    assert 'id="sweeps"' in html
    assert side_by_side(html) == []
    plain = without_sweeps(run_dir)
    assert 'id="sweeps"' not in plain
    assert side_by_side(plain) == [DATASETS]
    assert not (run_dir / "sweeps.csv").exists()


def test_numbers_in_sentences_are_not_broken_and_the_rest_is_text():
    assert whole_numbers("<b> 1.6e-02 & b-1") == (
        '&lt;b&gt; <span class="whole">1.6e-02</span> &amp; b-1'
    )


def test_the_card_stands_below_the_question_as_the_analysis_writes_it(html, written):
    card = Results.read(written.parent).card
    text = re.sub(r"<a class=\"to\".*?</a>|<[^>]*>", "", html.partition("<body>")[2])
    said = [f"{escape(one.question)}{escape(one.sentence)}" for one in card]
    parts = ["Does &lt;least squares&gt;", *said, "How noise hurts: ", "What each method finds"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_an_answer_leads_to_the_leaderboard_that_has_its_numbers(html):
    links = re.findall(r'<a class="to" href="([^"]*)"', html)
    boards = ["Principal%20eigenfunctions", "Under%20noise", "Cost", "Principal%20eigenfunctions"]
    assert links == [*(f"#leaderboard&amp;question={name}" for name in boards), "#failures"]


def test_sections_come_in_the_order_of_a_readers_questions(html):
    ids = re.findall(r'<section id="(\w+)"', html)
    mine = ["map", "leaderboard", "profiles", "sweeps", "datasets", "eigenfunctions", "cost"]
    mine += ["misses", "failures", "reading", "provenance"]
    assert [name for name in ids if name in mine] == mine


def test_methods_have_one_order_in_every_table_and_picker(html, written):
    order = Results.read(written.parent).order
    for table in re.findall(r"<table.*?</table>", html, flags=re.DOTALL):
        rows = [name for name in Page(table).methods if name]
        if rows and '<th scope="col">reason' not in table and "place</th>" not in table:
            assert rows == [name for name in order if name in rows]
    for picker in re.findall(r'<select name="methods?">.*?</select>', html, flags=re.DOTALL):
        names = [unescape(name) for name in re.findall(r'value="=?([^"]*)"', picker)]
        assert [name for name in names if name in order] == [
            name for name in order if name in names
        ]


def test_outcomes_are_those_of_the_seeds(written):
    outcomes = pd.read_csv(written.parent / "outcomes.csv", dtype={"target": str})
    judged = judge(*read_scores(written.parent))
    assert len(outcomes) == len(judged.drop_duplicates(["method", "dataset", "target"]))
    counts = outcomes.set_index(["method", "dataset", "target"]).filter(like="outcome: ")
    for key, rows in judged.groupby(["method", "dataset", "target"]):
        mine = counts.loc[key].rename(lambda name: name.removeprefix("outcome: "))
        assert dict(mine[mine > 0]) == dict(rows["outcome"].value_counts())


def test_ranked_methods_say_what_a_reader_has_to_know_of_them(run_dir):
    path = run_dir / "fits.csv"
    fits = pd.read_csv(path, keep_default_na=False)
    linear = fits["method"] == "linear"
    fits.assign(default=linear.astype(int), pairs=600, pairs_used=np.where(linear, 30, 600)).to_csv(
        path, index=False
    )
    html = write(run_dir).read_text(encoding="utf-8")
    board = html.partition('aria-label="Leaderboard: Principal')[2].partition("</table>")[0]
    marks = {
        re.search('data-method="([^"]*)"', row)[1]: re.findall('<span class="badge">([^<]*)<', row)
        for row in board.split("<tr")
        if "data-method" in row
    }
    assert marks["linear"] == ["default", "uses 5 % of the data"]
    assert marks["quadratic[degree=2]"] == ["by the authors of koopmark"]


def test_methods_keep_their_look_and_neighbours_differ():
    names = dict.fromkeys([f"method {i}" for i in range(40)], "method")
    names |= dict.fromkeys(["perfect", "worthless"], "anchor")
    styles = method_styles(names)
    looks = [(s.colour, s.symbol) for s in styles.values()]
    assert len(set(looks)) == len(names)
    assert method_styles(names) == styles


@pytest.mark.spread(3)
@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_every_way_to_fail_makes_a_page(run_dir, status):
    path = run_dir / "fits.csv"
    fits = pd.read_csv(path, keep_default_na=False)
    fits.loc[fits["method"] == "broken", "status"] = status
    fits.to_csv(path, index=False)
    assert status.replace("_", " ") in write(run_dir).read_text(encoding="utf-8")


def test_a_run_in_which_every_fit_failed_makes_a_page(run_dir):
    fits = pd.read_csv(run_dir / "fits.csv").assign(status="crashed")
    fits.to_csv(run_dir / "fits.csv", index=False)
    targets = pd.read_csv(run_dir / "targets.csv")
    targets.assign(status="crashed").to_csv(run_dir / "targets.csv", index=False)
    pairs = pd.read_csv(run_dir / "eigenpairs.csv")
    pairs.iloc[:0].to_csv(run_dir / "eigenpairs.csv", index=False)
    page = Page(write(run_dir).read_text(encoding="utf-8"))
    assert len([row for row in page.rows if row and len(row) == 5 and row[1][1] == "crashed"]) > 5


def test_a_dataset_whose_system_could_not_be_made_is_on_the_page(run_dir):
    path = run_dir / "fits.csv"
    fits = pd.read_csv(path, keep_default_na=False)
    lost = fits[fits["method"] == "broken"].assign(dataset="impossible", reason="no such rank")
    lost[["n", "rank", "noise", "dt", "train_trajectories", "horizon"]] = ""
    lost["targets"] = 0
    pd.concat([fits, lost.drop_duplicates("seed")]).to_csv(path, index=False)
    html = write(run_dir).read_text(encoding="utf-8")
    assert "impossible" in html
    assert "no such rank" in html


def test_writing_twice_gives_the_same_page(run_dir):
    first = write(run_dir).read_bytes()
    assert write(run_dir).read_bytes() == first


def test_a_page_that_cannot_be_made_leaves_the_old_one(run_dir):
    before = write(run_dir).read_bytes()
    (run_dir / "eigenpairs.csv").unlink()
    with pytest.raises(ConfigError):
        write(run_dir)
    assert (run_dir / "index.html").read_bytes() == before
    assert not [name for name in os.listdir(run_dir) if name.endswith(".part")]


def test_the_page_of_an_unfinished_run_says_how_to_resume(run_dir):
    path = run_dir / "provenance.json"
    about = json.loads(path.read_text()) | {"fits": 999, "ended": None, "command": "koopmark run a"}
    path.write_text(json.dumps(about))
    assert "of 999 fits are done: resume with koopmark run a</p>" in write(run_dir).read_text()
