"""The section on eigenfunctions in a browser: what it draws, says and saves is what was stored."""

import io
import math
from urllib.parse import quote, urlencode

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

PERFECT = "koopmark.qr_edmd[degree=2]"
POOR = "pydmd.dmd_default"


def view(dataset, target, method, seed=0):
    chosen = {"dataset": dataset, "target": target, "method": method, "seed": seed}
    return "#eigenfunctions&" + urlencode(chosen, quote_via=quote)


def figure(page, name):
    """Traces of a figure, as Plotly has them."""
    canvas = page.locator(f"#eigenfunctions .canvas.{name}")
    canvas.locator(".main-svg").first.wait_for()
    return canvas.evaluate("c => c.data.map((t) => ({name: t.name, x: [...t.x], y: [...t.y]}))")


def said(page, words):
    """The sentence, once it speaks of what was chosen."""
    sentence = page.locator("#eigenfunctions .said", has_text=words)
    sentence.wait_for()
    return sentence.inner_text()


def saved(page):
    with page.expect_download() as download:
        page.locator("#eigenfunctions").get_by_role("button", name="Download CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    return pd.read_csv(io.StringIO(text))


def stored(run, dataset, target, method, seed=0):
    points = pd.read_csv(run / "eigenfunctions.csv")
    mine = points.query("dataset == @dataset and target == @target and seed == @seed")
    mine = mine[mine["component"] == "re"].reset_index(drop=True)
    return mine.rename(columns={f"difference: {method}": "difference"})


def test_a_perfect_method_lies_on_the_exact_lines_and_a_poor_one_does_not(tab, shared):
    off = {}
    for method in (PERFECT, POOR):
        at = view("small", "-1", method)
        page = shared(at).page if method == POOR else tab().open(at)
        assert "eigenfunction error" in said(page, f"{method} on small")
        *recovered, _, _, _ = traces = figure(page, "decay")
        exact = [trace for trace in traces if trace["name"] == "exact"]
        assert len(recovered) == len(exact) == 3
        off[method] = max(
            abs(a / b - 1)
            for one, line in zip(recovered, exact, strict=True)
            for a, b in zip(one["y"], line["y"], strict=True)
        )
    assert off[PERFECT] < 1e-9
    assert off[POOR] > 0.1


def test_the_saved_file_has_the_numbers_of_the_run(tab, run):
    opened = tab()
    page = opened.open(view("noisy/noise=0.1", "-2", POOR, seed=1))
    said(page, f"{POOR} on noisy/noise=0.1, λ = -2, seed 1")
    file, points = saved(page), stored(run, "noisy/noise=0.1", -2, POOR, seed=1)
    assert len(file) == len(points) > 300
    assert set(file["method"]) == {POOR}
    for mine, theirs in (("exact_re", "exact"), ("difference_re", "difference")):
        assert file[mine].tolist() == points[theirs].tolist()
    assert (file["exact_re"] + file["difference_re"]).tolist() == file["recovered_re"].tolist()
    for place in ("part", "trajectory", "time", "i", "j", "x_i", "x_j"):
        assert file[place].equals(points[place])


def test_the_table_has_the_numbers_of_the_figures(shared, run):
    page = shared(view("small", "-1", POOR)).page
    said(page, f"{POOR} on small")
    figure(page, "scatter")
    cells = page.locator("#eigenfunctions table.points").evaluate(
        "t => [...t.tBodies[0].rows].map((r) => [...r.cells].map((c) => c.dataset.value))"
    )
    points = stored(run, "small", -1, POOR)
    points = points[points["part"].isin(["trajectory", "state"])]
    assert [float(row[2]) for row in cells] == points["exact"].tolist()
    assert [float(row[4]) for row in cells] == points["difference"].tolist()


def test_the_errors_in_the_sentence_are_those_of_the_targets_table(shared, run):
    targets = pd.read_csv(run / "targets.csv")
    (row,) = targets[
        (targets["dataset"] == "small")
        & (targets["seed"] == 0)
        & (targets["method"] == POOR)
        & (targets["target"] == -1)
    ].to_dict("records")
    sentence = said(shared(view("small", "-1", POOR)).page, f"{POOR} on small")
    for key, title in (("eigenvalue_error", "eigenvalue"), ("eigenfunction_error", "function")):
        shown = float(sentence.split(f"{title} error ")[1].split(",")[0].rstrip("."))
        assert math.isclose(shown, row[key], rel_tol=0.051)


def test_the_maps_are_contours_at_levels_of_the_exact_function(shared, run):
    page = shared(view("small", "-1", POOR)).page
    said(page, f"{POOR} on small")
    canvas = page.locator("#eigenfunctions .canvas.maps")
    canvas.locator(".main-svg").first.wait_for()
    traces = canvas.evaluate(
        "c => c.data.map((t) => [t.type, t.contours.start, t.contours.end, t.contours.size, t.z])"
    )
    assert [trace[0] for trace in traces] == ["contour"] * 4
    assert len({tuple(trace[1:4]) for trace in traces}) == 1
    _, low, high, step, exact = traces[0]
    points = stored(run, "small", -1, POOR).query("part == 'map'")
    assert [value for row in exact for value in row] == points["exact"].tolist()
    # Twelve levels or so, of which none is wasted beyond the range.
    most = points["exact"].abs().max()
    assert low == -high
    assert high - step < most <= high * (1 + 1e-9)
    assert 8 <= (high - low) / step <= 16
    # The lines over the recovered function are the exact one's.
    assert traces[2][4] == exact != traces[1][4]


def test_a_phone_shows_it_without_scrolling_sideways_and_maps_fill_a_wider_window(tab):
    page = tab(width=390, height=800).open(view("small", "-1", POOR))
    said(page, f"{POOR} on small")
    figure(page, "decay")
    figure(page, "maps")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1400, "height": 1000})
    canvas = page.locator("#eigenfunctions .canvas.maps").element_handle()
    page.wait_for_function(
        "c => ['xaxis', 'xaxis2', 'xaxis3'].every((x) => c._fullLayout[x]._length > 300)",
        arg=canvas,
    )
