"""Sweeps and cost of a run's page in a browser: what they draw and save is in the tables."""

import io
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from koopmark.analysis.curves import alike

pytestmark = pytest.mark.slow

DESK, PHONE = {"width": 1400, "height": 1000}, {"width": 390, "height": 800}


def saved(page, section):
    """The table that the button below a section's figure saves."""
    with page.expect_download() as download:
        page.locator(f"#{section} .downloads button").evaluate("button => button.click()")
    return pd.read_csv(io.StringIO(download.value.path().read_text(encoding="utf-8")))


@pytest.fixture
def figure(shared):
    """Draws a section of one tab with some choices; what Plotly then has. No choice outlives it."""
    opened = shared()
    changed = set()

    def draw(section, **choices):
        opened.drawn(section)
        changed.add(section)
        opened.page.evaluate(
            "([id, choices]) => koopmark.choose(document.getElementById(id), choices)",
            [section, choices],
        )
        return opened.drawn(section)

    yield draw
    for section in changed:
        draw(section)


def named(figure):
    """Traces by their names, without those at the edge."""
    shown = (one for one in figure["data"] if one.get("showlegend", True) and one.get("name"))
    return {trace["name"].replace("<br>", " "): trace for trace in shown}


def at_the_edge(figure, name):
    (trace,) = (
        one for one in figure["data"] if one["name"] == name and one.get("showlegend") is False
    )
    return trace


@pytest.fixture(scope="module")
def swept(run):
    """sweeps.csv."""
    return pd.read_csv(run / "sweeps.csv").sort_values("level")


def of(swept, method, score):
    return swept.loc[swept["method"] == method, score].tolist()


def test_lines_have_the_medians_and_bands_the_quartiles_of_the_csv(figure, swept):
    drawn = figure("sweeps", methods="all")
    assert named(drawn)["pydmd.dmd_default"]["y"] == of(swept, "pydmd.dmd_default", "digits")
    bands = [trace["y"] for trace in drawn["data"] if trace.get("fill") == "toself"]
    low, high = (of(swept, "pydmd.dmd_default", f"digits_{end}") for end in ("q25", "q75"))
    assert [*low, *high[::-1], None] in bands


def test_a_sweep_saves_the_csv(shared, figure, swept):
    figure("sweeps")
    file = saved(shared().page, "sweeps").sort_values(["method", "level"])
    expected = swept.sort_values(["method", "level"])
    for name in ("digits", "digits_q25", "digits_q75"):
        assert file[name].tolist() == expected[name].tolist()


def test_methods_that_look_the_same_are_one_line_that_names_them(figure, swept):
    drawn = figure("sweeps", methods="all")
    ours = swept[(swept["role"] == "method") & (swept["ok"] > 0)]
    groups = alike(ours.pivot(index="method", columns="dataset", values="digits"))
    lines = {
        name: trace
        for name, trace in named(drawn).items()
        if trace["mode"] == "lines+markers" and name != "broken.py:Broken"
    }
    assert len(lines) == len(groups) < ours["method"].nunique()
    hovered = [set(trace["text"][0].split("<br>")[1:]) for trace in lines.values()]
    assert sorted(map(sorted, hovered)) == sorted(map(sorted, groups))
    assert any(name.endswith(" more") for name in lines)


def test_the_best_method_of_each_library_is_shown_first(figure, run):
    shown = {
        method
        for trace in named(figure("sweeps")).values()
        if trace["mode"] == "lines+markers"
        for method in trace["text"][0].split("<br>")[1:]
    }
    board = pd.read_csv(run / "leaderboard.csv")
    first = board.drop_duplicates("library").groupby("library")["method"].first()
    assert {first["koopmark"], first["pydmd"]} <= shown
    assert "broken.py:Broken" not in shown


def test_the_axis_fits_the_methods_and_the_anchors_are_marks_at_its_edge(figure, swept):
    drawn = figure("sweeps", methods="=pydmd")
    low, high = drawn["layout"]["yaxis"]["range"]
    mine = swept[swept["library"] == "pydmd"]
    assert low <= mine["digits"].min() <= mine["digits"].max() <= high < 9
    edge = at_the_edge(drawn, "anchor.exact")
    assert edge["y"] == [high, high]
    assert edge["marker"]["symbol"] == ["arrow-up-open"] * 2
    assert "anchor.exact" in [one["text"] for one in drawn["layout"]["annotations"]]


def test_a_method_that_failed_everywhere_is_crosses_in_a_strip(figure):
    drawn = figure("sweeps", methods="all", score="forecast_error")
    assert drawn["layout"]["yaxis"]["type"] == "log"
    crosses = at_the_edge(drawn, "broken.py:Broken")
    strip = drawn["layout"]["yaxis"]
    failed = strip["tickvals"][strip["ticktext"].index("failed")]
    assert crosses["y"] == [failed, failed]
    assert crosses["marker"]["symbol"] == ["x", "x"]
    assert all(failed > y for y in named(drawn)["pydmd.dmd_default"]["y"])


def test_a_sweep_over_noise_has_the_digits_that_the_noise_allows_as_a_line(figure, swept):
    possible = swept.groupby("level")["possible"].max()
    assert possible.notna().all()
    line = named(figure("sweeps"))["digits that the noise allows"]
    assert line["y"] == possible.tolist()
    assert "digits that the noise allows" not in named(figure("sweeps", score="found"))


def test_labels_at_the_ends_of_lines_do_not_overlap_and_a_phone_has_a_legend(shared, figure):
    drawn = figure("sweeps", methods="all")
    page = shared().page
    boxes = page.locator("#sweeps .annotation-text").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map((b) => [b.top, b.bottom])"
    )
    assert len(boxes) == len(drawn["layout"]["annotations"]) > 4
    boxes.sort()
    # The boxes of text are some pixels higher than its letters.
    assert all(below[0] > above[1] - 4 for above, below in pairwise(boxes))
    page.set_viewport_size(PHONE)
    narrow = figure("sweeps", methods="all")["layout"]
    page.set_viewport_size(DESK)
    assert narrow["showlegend"]
    assert not narrow.get("annotations")


def test_the_pareto_front_is_what_nothing_beats_of_what_found_something(shared, figure, run):
    drawn = figure("cost")
    page = shared().page
    file = saved(page, "cost")
    summary = pd.read_csv(run / "summary.csv")
    small = summary[(summary["dataset"] == "small") & (summary["ok"] > 0)]
    small = small.assign(tenths=np.floor(10 * small["digits"] + 0.5))
    found = small[small["tenths"] > 0]
    mine = found[(found["role"] == "method") & (found["failed"] == 0)]
    front = {
        row["method"]
        for _, row in mine.iterrows()
        if not (
            (mine["fit_seconds"] <= row["fit_seconds"])
            & (mine["tenths"] >= row["tenths"])
            & ((mine["fit_seconds"] < row["fit_seconds"]) | (mine["tenths"] > row["tenths"]))
        ).any()
    }
    assert set(file[file["pareto"] == "yes"]["method"]) == front
    rows = page.locator("#cost .front tbody th")
    assert {
        text.removesuffix("by the authors of koopmark") for text in rows.all_text_contents()
    } == front
    labels = [one["text"] for one in drawn["layout"]["annotations"]]
    for method in front:
        digits = mine.set_index("method").loc[method, "digits"]
        (label,) = (one for one in labels if one.split("<br>")[0].removesuffix(" †") == method)
        assert f"{digits:.1f} digits" in label
        assert ("†" in label) == method.startswith("koopmark.")


def test_what_found_nothing_is_in_a_strip_of_the_figure_of_cost(figure, run):
    drawn = figure("cost", dataset="noisy/noise=0.1", error="found")
    summary = pd.read_csv(run / "summary.csv")
    rows = summary[(summary["dataset"] == "noisy/noise=0.1") & (summary["ok"] > 0)]
    lost = rows[(rows["role"] != "anchor") & (rows["found"] == 0)]
    assert len(lost) > 0
    (strip,) = (trace for trace in drawn["data"] if trace["name"] == "found nothing")
    assert set(strip["customdata"]) == set(lost["method"])
    assert f"found nothing: {len(lost)}" in drawn["layout"]["yaxis"]["ticktext"]


def test_cost_by_size_is_the_summary(shared, figure, run):
    drawn = figure("cost", figure="size", cost="peak_memory_mb", methods="all")
    summary = pd.read_csv(run / "summary.csv")
    points = next(
        one for one in drawn["data"] if one["name"] == "pydmd.dmd" and one["mode"] == "markers"
    )
    mine = summary[summary["method"] == "pydmd.dmd"]
    assert points["x"] == [3, 3, 3]
    assert sorted(points["y"]) == sorted(mine["peak_memory_mb"])
    page = shared().page
    row = page.locator("#cost .front tbody tr").filter(
        has=page.get_by_text("pydmd.dmd", exact=True)
    )
    shown = row.locator("td").evaluate_all("cells => cells.map((c) => Number(c.dataset.value))")
    assert sorted(shown) == sorted(mine["peak_memory_mb"])
    assert not page.locator("#cost select[name=error]").is_visible()


def test_labels_are_pushed_apart_as_little_as_they_must(shared):
    page = shared().page
    spread = "([wanted, heights, low, high]) => koopmark.spread(wanted, heights, low, high)"
    assert page.evaluate(spread, [[50, 10], [10, 10], 0, 100]) == [50, 10]
    # Neighbours that collide share what they have to give way.
    assert page.evaluate(spread, [[50, 50, 90], [10, 10, 10], 0, 100]) == [45, 55, 90]
    assert page.evaluate(spread, [[0, 0, 0], [10, 10, 10], 0, 100]) == [5, 15, 25]
    assert page.evaluate(spread, [[0, 0, 0], [10, 10, 10], 0, 29]) is None


def test_an_axis_fits_its_values_within_its_bounds(shared):
    page = shared().page
    fitted = "([values, how]) => koopmark.curves.fitted(values.map(Number), how)"
    low, high = page.evaluate(fitted, [[2.0, 5.0, "Infinity", "NaN"], {"least": 1}])
    assert (low, high) == (pytest.approx(1.85), pytest.approx(5.15))
    bound = {"least": 1, "within": [-0.15, 9.15]}
    assert page.evaluate(fitted, [[9.0, 9.0], bound]) == pytest.approx([8.15, 9.15])
    assert page.evaluate(fitted, [[], {"log": True}]) == [-1, 0]


def test_ticks_have_one_notation(shared):
    page = shared().page
    written = page.evaluate("[1e-6, 0.1, 0.02, 1, 100, 1e4, 0].map(koopmark.curves.tick)")
    assert written == [
        "10<sup>−6</sup>",
        "10<sup>−1</sup>",
        "0.02",
        "1",
        "10<sup>2</sup>",
        "10<sup>4</sup>",
        "0",
    ]
