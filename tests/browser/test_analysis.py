"""The page of an analysis, in a browser."""

import re

import pytest
from accessibility import serious

from koopmark import pages

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(analysis):
    return pages.write(analysis.folder)


def test_pairs_are_drawn_where_they_are_and_switched_by_verdict(shared, home, analysis):
    opened = shared("#plane&axes=linear", home, width=1280)
    page = opened.page
    figure = opened.drawn("plane")
    drawn = {trace["name"].split(" (")[0]: trace for trace in figure["data"] if "name" in trace}
    pairs = analysis.pairs[analysis.pairs["cluster"] != "constant"]
    supported = pairs[pairs["verdict"] == "supported"]
    assert sorted(drawn["supported"]["x"]) == sorted(supported["eigenvalue_re"])
    assert sorted(drawn["supported"]["y"]) == sorted(supported["eigenvalue_im"])
    shapes = [drawn[name]["marker"]["symbol"] for name in drawn]
    assert len(set(shapes)) == len(shapes) == 4
    hovers = drawn["supported"]["text"]
    assert all("residual" in text and "<b>supported</b>" in text for text in hovers)
    entry = page.locator("#plane .legend .traces").filter(has_text=re.compile("^supported"))
    box = entry.locator(".legendtoggle").bounding_box()
    page.mouse.click(box["x"] + 10, box["y"] + box["height"] / 2)
    sync_api.expect(entry).to_have_css("opacity", "0.5")
    hidden = page.evaluate(
        "document.querySelector('#plane .canvas').data.filter(t => t.visible === 'legendonly')"
        ".map(t => t.legendgroup)"
    )
    assert set(hidden) == {"supported"}


def test_slow_and_fast_pairs_are_apart_on_stretched_axes(shared, home):
    opened = shared(path=home, width=1280, color_scheme="light")
    figure = opened.drawn("plane")
    low, high = figure["layout"]["yaxis"]["range"]
    ticks = figure["layout"]["yaxis"]["ticktext"]
    assert {"0", "1", "-1"} <= set(ticks)
    for trace in figure["data"]:
        assert all(low <= y <= high for y in trace["y"])


def test_constants_are_listed_on_demand_and_filters_know_verdicts(shared, home, analysis):
    page = shared(path=home, width=1280, color_scheme="light").page
    rows = page.locator("#pairs tbody tr:visible")
    constants = int((analysis.pairs["cluster"] == "constant").sum())
    before = rows.count()
    assert before == len(analysis.pairs) - constants
    page.locator('#pairs input[name="constant"]').check()
    assert rows.count() == before + constants
    page.locator('#pairs input[type="search"]').fill("optimised")
    assert {text.strip() for text in page.locator("#pairs tbody th:visible").all_inner_texts()} == {
        "koopmark.optimised_dmd"
    }
    page.locator('#pairs input[type="search"]').fill("")
    page.locator('#pairs input[name="constant"]').uncheck()
    assert rows.count() == before


def test_functions_and_forecasts_are_drawn_with_their_lines(shared, home):
    opened = shared(path=home, width=1280, color_scheme="light")
    functions = opened.drawn("functions")["data"]
    lines = [trace for trace in functions if trace["mode"] == "lines"]
    marks = [trace for trace in functions if trace["mode"] == "markers"]
    assert len(lines) == len(marks) > 0
    for line, measured in zip(lines, marks, strict=True):
        assert line["y"][0] == pytest.approx(measured["y"][0])
    names = [trace["name"] for trace in opened.drawn("forecasts")["data"]]
    assert names[:3] == ["persistence", "mean", "linear"]


@pytest.mark.parametrize(
    ("scheme", "width"),
    [("dark", 1280), ("light", 400), pytest.param("light", 1280, marks=pytest.mark.nightly)],
)
def test_nobody_is_barred_and_nothing_is_wider_than_the_window(shared, home, scheme, width):
    opened = shared(path=home, width=width, color_scheme=scheme)
    page = opened.page
    opened.drawn("plane")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
