"""The page of a run in a browser: it loads, its tables sort and filter, its views can be linked."""

import csv
import io
import re
import shlex

import pandas as pd
import pytest
from accessibility import serious

from koopmark import plot
from koopmark.analysis.targets import FLOORS

pytestmark = pytest.mark.slow

PHONE = {"width": 390, "height": 800}


def until(page, condition):
    """Wait for an expression; Playwright's own way of it is against the page's security policy."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(condition)


def saved(page, button):
    """The text of the file that a button saves."""
    with page.expect_download() as download:
        # Not by the mouse: a figure that is drawn above meanwhile would move the button away.
        button.evaluate("button => button.click()")
    return download.value.path().read_text(encoding="utf-8")


def table_of(page, label):
    return page.get_by_role("region", name=label, exact=True).locator("table")


def column(table, place):
    """The cells of a column of the visible rows, exact values where there are."""
    return table.evaluate(
        "(table, place) => [...table.tBodies].flatMap((b) => [...b.rows]).filter((r) => !r.hidden)"
        ".map((r) => r.cells[place].dataset.value ?? r.cells[place].textContent.trim())",
        place,
    )


def methods(table):
    """The methods of the visible rows, in their order."""
    return table.evaluate(
        "t => [...t.tBodies].flatMap((b) => [...b.rows]).filter((r) => !r.hidden)"
        ".map((r) => r.dataset.method)"
    )


def floats(texts):
    return [float(text.split("/")[0]) for text in texts]


def test_the_page_opens_with_every_figure_and_no_complaint(shared):
    opened = shared()
    page = opened.page
    for section in ("sweeps", "datasets", "cost"):
        assert opened.drawn(section)["data"]
    assert page.title() == "A small <run>"
    assert page.locator("dl.card dt").count() == 5


def test_nothing_is_drawn_before_it_is_needed_and_the_rest_in_spare_time(tab):
    page = tab().open()
    assert page.evaluate("document.querySelectorAll('.main-svg').length") == 0
    until(
        page,
        "[...document.querySelectorAll('.canvas:not(.map)')]"
        ".every((c) => c.querySelector('.main-svg'))",
    )


def test_a_header_sorts_in_both_directions(shared):
    page = shared().page
    table = table_of(page, "All scores on small")
    header = table.get_by_role("columnheader", name="fit time")
    place = header.evaluate("cell => cell.cellIndex")
    header.get_by_role("button").click()
    up = floats(value for value in column(table, place) if value != "–")
    assert up == sorted(up)
    assert len(set(up)) > 2
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").click()
    assert floats(v for v in column(table, place) if v != "–") == up[::-1]
    assert header.get_attribute("aria-sort") == "descending"


def test_missing_values_stay_last_in_either_direction(shared):
    page = shared().page
    table = table_of(page, "All scores on small")
    button = table.get_by_role("columnheader", name="residual").get_by_role("button")
    for _ in range(2):
        button.click()
        assert methods(table)[-1] == "broken.py:Broken"


def test_the_keyboard_sorts_too(shared):
    page = shared().page
    table = table_of(page, "All scores on small")
    table.get_by_role("columnheader", name="method").get_by_role("button").focus()
    page.keyboard.press("Enter")
    names = table.evaluate("t => [...t.tBodies[0].rows].map((r) => r.dataset.method)")
    assert names == sorted(names, key=str.lower)


def test_words_library_and_status_filter(shared):
    page = shared().page
    region = page.get_by_role("region", name="All scores on small", exact=True)
    table, tools = region.locator("table"), region.locator("xpath=preceding-sibling::div[1]")
    tools.get_by_role("searchbox").fill("dmd default")
    assert methods(table) == ["pydmd.dmd_default"]
    assert tools.get_by_role("status").text_content() == "1 of 7 rows"
    tools.get_by_role("searchbox").fill("")
    tools.get_by_label("Library").select_option("pydmd")
    assert sorted(methods(table)) == ["pydmd.dmd", "pydmd.dmd_default"]
    tools.get_by_label("Library").select_option("")
    tools.get_by_label("Status").select_option("failed")
    assert methods(table) == ["broken.py:Broken"]
    tools.get_by_label("Status").select_option("")
    assert len(methods(table)) == 7


def test_a_choice_is_in_the_address_and_the_address_is_the_choice(tab):
    first = tab()
    page = first.open()
    page.locator("#datasets select[name=dataset]").select_option("noisy/noise=0.1")
    page.locator("#datasets").get_by_label("Colour").select_option("method")
    fragment = page.evaluate("location.hash")
    assert fragment == "#datasets&dataset=noisy%2Fnoise%3D0.1&colour=method"
    again = tab()
    page = again.open(fragment)
    shown = page.locator("#datasets select[name=dataset]")
    assert shown.input_value() == "noisy/noise=0.1"
    # The table is made when its section is first near.
    table_of(page, "All scores on noisy/noise=0.1").wait_for()
    assert not page.locator('[aria-label="All scores on small"]').is_visible()
    figure = again.drawn("datasets")
    assert {type(t["marker"].get("color")) for t in figure["data"]} == {str}


def test_an_address_with_what_is_not_there_leaves_the_first_choice(tab):
    page = tab().open("#datasets&dataset=nowhere&what=ever")
    shown = page.locator("#datasets select[name=dataset]")
    assert shown.input_value() == "small"


def test_the_spectrum_marks_exact_eigenvalues_with_their_multiplicity(shared, run):
    opened = shared()
    exact = opened.drawn("datasets")["data"][-1]
    targets = pd.read_csv(run / "targets.csv")
    mine = targets[targets["dataset"] == "small"].drop_duplicates("target")
    assert sorted(exact["text"]) == sorted(mine["target"].astype(str))
    assert sorted(exact["x"]) == sorted(mine["target_eigenvalue_re"])


def test_the_spectrum_draws_the_pairs_of_the_chosen_method_and_seed(tab, run):
    opened = tab()
    page = opened.open("#datasets&methods=%3Dpydmd.dmd&seed=1")
    figure = opened.drawn("datasets")
    traces = [t for t in figure["data"] if t["name"] == "pydmd.dmd"]
    pairs = pd.read_csv(run / "eigenpairs.csv")
    mine = pairs[
        (pairs["dataset"] == "small") & (pairs["method"] == "pydmd.dmd") & (pairs["seed"] == 1)
    ]
    low, high = figure["layout"]["xaxis"]["range"]
    inside = mine[mine["eigenvalue_re"].between(low, high)]
    assert sorted(x for t in traces for x in t["x"]) == sorted(inside["eigenvalue_re"])
    text = saved(page, page.locator("#datasets .downloads button"))
    file = pd.read_csv(io.StringIO(text))
    for name in ("eigenvalue_re", "eigenvalue_im", "residual"):
        assert sorted(file[name]) == sorted(mine[name])


@pytest.mark.parametrize(
    "label", ["All scores on small", "Leaderboard: Principal eigenfunctions", "Cost by method"]
)
def test_a_saved_table_is_the_table(shared, label):
    page = shared().page
    region = page.get_by_role("region", name=label, exact=True)
    tools = region.locator("xpath=preceding-sibling::div[1]")
    rows = list(csv.reader(io.StringIO(saved(page, tools.get_by_text("Download CSV")))))
    table = region.locator("table")
    assert len(rows) - 1 == len(column(table, 0))
    for place, title in enumerate(rows[0]):
        if place:
            shown = ["" if value == "–" else value for value in column(table, place)]
            assert [row[place] for row in rows[1:]] == shown, title


def test_a_fit_opens_by_its_address(tab, run):
    fits = pd.read_csv(run / "fits.csv")
    fit = fits[(fits["method"] == "pydmd.dmd") & (fits["dataset"] == "small")].iloc[1]
    page = tab().open(f"#fit={fit['fit_id'][:8]}")
    panel = page.get_by_role("dialog")
    panel.wait_for()
    assert panel.get_by_role("heading", level=2).text_content() == "pydmd.dmd"
    assert panel.get_by_label("Seed").input_value() == "1"
    shown = {
        name: value
        for name, value in panel.locator("[data-column]").evaluate_all(
            "all => all.map((one) => [one.dataset.column, one.dataset.value])"
        )
        if name in fits.columns
    }
    assert len(shown) > 10
    for name, value in shown.items():
        assert float(value) == fit[name], name
    command = panel.locator(".command code").text_content()
    suite = shlex.quote(str(run.parent / "try.toml"))
    assert command == f"koopmark run {suite} --only pydmd.dmd --dataset small --seed 1"


def test_under_noise_a_fit_says_by_how_many_times_it_errs_more_than_noise_allows(tab, run):
    targets = pd.read_csv(run / "targets.csv")
    mine = targets[(targets["method"] == "pydmd.dmd") & (targets["seed"] == 0)]
    noisy = mine[mine["dataset"] == "noisy/noise=0.001"]
    page = tab().open(f"#fit={noisy['fit_id'].iloc[0]}")
    page.get_by_role("dialog").wait_for()
    rows = page.locator("#fit tr", has_text="λ = ").all_text_contents()
    assert len(rows) == len(noisy) == 2
    for row, (_, target) in zip(rows, noisy.iterrows(), strict=True):
        said = [float(number) for number in re.findall(r"error (\S+) times that", row)]
        times = [float(f"{target[error] / target[floor]:.3g}") for error, floor in FLOORS.items()]
        assert said == pytest.approx(times, rel=1e-9)
    quiet = mine[mine["dataset"] == "small"].iloc[0]
    page = tab().open(f"#fit={quiet['fit_id']}")
    page.get_by_role("dialog").wait_for()
    assert "statistical floor" not in page.locator("#fit").text_content()


def test_a_failed_fit_says_why_and_what_it_printed(shared):
    page = shared().page
    page.locator("#failures a[href^='#fit=']").first.click()
    panel = page.get_by_role("dialog")
    panel.wait_for()
    assert "this <method> is broken" in panel.text_content()
    assert "<b>about to fail</b>" in panel.locator("pre").text_content()
    assert "--method broken.py:Broken --only broken.py:Broken" in panel.text_content()
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")


def test_the_panel_works_by_keyboard_and_gives_the_address_back(tab):
    page = tab().open("#datasets&colour=method")
    table_of(page, "All scores on small").locator(
        "tr[data-method='pydmd.dmd'] a[href^='#fit=']"
    ).focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    panel.wait_for()
    panel.get_by_label("Seed").select_option("1")
    until(page, "document.querySelector('#fit .command').textContent.includes('seed 1')")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert page.evaluate("location.hash") == "#datasets&colour=method"


def test_a_number_in_a_grid_leads_to_its_fits(shared):
    page = shared().page
    page.locator("#sweeps tr[data-method='pydmd.dmd'] td.grid:visible").nth(1).click()
    panel = page.get_by_role("dialog")
    panel.wait_for()
    assert panel.get_by_label("Dataset").input_value() == "noisy/noise=0.1"
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")


def test_an_unknown_fit_is_said_to_be_unknown(tab):
    page = tab().open("#fit=ffffffffffff")
    panel = page.get_by_role("dialog")
    panel.wait_for()
    assert "No fit of this run" in panel.text_content()


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="light desk"),
        pytest.param({**PHONE, "color_scheme": "dark"}, id="dark phone"),
        pytest.param({"color_scheme": "dark"}, id="dark desk", marks=pytest.mark.nightly),
        pytest.param(PHONE, id="light phone", marks=pytest.mark.nightly),
    ],
)
def test_nothing_serious_bars_anyone(shared, settings):
    opened = shared(**settings)
    page = opened.page
    for section in ("sweeps", "datasets", "cost"):
        opened.drawn(section)
    page.evaluate("document.querySelectorAll('.folded').forEach((one) => koopmark.unfold(one))")
    for fragment in ("", "panel"):
        if fragment:
            page.locator("#failures a[href^='#fit=']").first.click()
            page.get_by_role("dialog").wait_for()
        assert serious(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")


def cells(page):
    """The focusable part of the map."""
    return page.get_by_role("application")


def test_the_map_says_what_a_cell_holds_under_the_pointer_and_by_keyboard(shared, run):
    page = shared().page
    outcomes = pd.read_csv(run / "outcomes.csv", dtype={"target": str}).set_index(
        ["method", "dataset", "target"]
    )
    said = page.locator("#map .said")
    cells(page).focus()
    page.keyboard.press("Home")
    first = said.text_content()
    method, dataset, target = re.match(
        r"(\S+?)(?: and \d+ more)?, (\S+), λ = (.*?): ", first
    ).groups()
    row = outcomes.loc[(method, dataset, target)]
    assert f"found to 1e-{int(row['digits'] + 1e-9)} ({row['digits']:.1f} digits" in first
    page.keyboard.press("ArrowRight")
    assert said.text_content() != first
    page.locator("#map .cell.found").first.hover(force=True, position={"x": 2, "y": 2})
    assert "found" in said.text_content()


def test_a_cell_of_the_map_opens_its_fit(shared):
    page = shared().page
    cells(page).focus()
    page.keyboard.press("Home")
    method = page.locator("#map .said strong").text_content().split(" and ")[0].split(",")[0]
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    panel.wait_for()
    assert panel.locator("select[name=method]").input_value() == method
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")


def test_left_of_the_cells_are_the_methods_and_above_them_the_datasets(shared):
    page = shared().page
    address = "document.activeElement.getAttribute('href')"
    cells(page).focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(address).startswith("#method=")
    page.keyboard.press("ArrowRight")
    for _ in range(20):
        page.keyboard.press("ArrowUp")
    assert page.evaluate(address) == "#dataset=small"
    page.keyboard.press("ArrowDown")


def test_the_map_draws_a_shape_for_every_class_and_no_more_elements_for_more_cells(shared):
    page = shared().page
    drawn = page.locator("#map .canvas path.cell").evaluate_all(
        "all => all.map((p) => p.className.baseVal)"
    )
    assert len(drawn) == len(set(drawn))
    assert any("failed" in name for name in drawn)
    assert any("missed" in name or "cannot" in name for name in drawn)


def test_a_profile_is_the_csv_with_its_band_and_its_reach(shared, run):
    figure = shared().drawn("profiles")
    table = pd.read_csv(run / "profiles.csv")
    mine = table[table["question"] == "Principal eigenfunctions"]
    boards = pd.read_csv(run / "leaderboard.csv").set_index(["question", "method"])
    data = figure["data"]
    curves = [one for one in data if one["mode"] == "lines" and "customdata" in one]
    bands = [one for one in data if one["name"] == "quartiles"]
    assert len(curves) == len(bands) > 1
    for curve, band in zip(curves, bands, strict=True):
        method = curve["customdata"][0][0]
        assert curve["y"] == list(mine[method])
        assert band["y"][: len(mine)] == list(mine[f"{method}_q25"])
    for ceiling in (one for one in data if one["name"] == "reach"):
        for method in ceiling["customdata"][0]:
            reach = boards.loc[("Principal eigenfunctions", method), "reach"]
            assert ceiling["y"] == [reach, reach]


def test_page_and_paper_show_the_same_profiles(shared, run):
    from matplotlib.figure import Figure

    data = shared().drawn("profiles")["data"]
    shown = [one["y"] for one in data if one["mode"] == "lines" and "customdata" in one]
    axes = plot.profile(run, ax=Figure().subplots())
    drawn = [list(line.get_ydata()) for line in axes.lines if len(line.get_ydata()) == 91]
    assert shown == drawn


def test_a_phone_has_the_answers_and_the_map_on_its_first_two_screens(tab):
    page = tab(**PHONE).open()
    page.locator("#map svg .cell").first.wait_for()
    box = page.locator("#map .canvas").bounding_box()
    assert box["y"] + box["height"] <= 2 * PHONE["height"]
    assert page.evaluate("document.documentElement.scrollHeight") < 6 * PHONE["height"]


def test_an_address_unfolds_its_section_on_a_phone(tab):
    page = tab(**PHONE).open("#cost")
    page.locator("#cost .canvas").wait_for()
    assert page.locator("#sweeps.folded").count() == 1
    page.locator("#sweeps h2 button").click()
    page.locator("#sweeps .canvas").wait_for()


def test_a_phone_scrolls_in_one_direction_only(shared):
    opened = shared(**PHONE)
    page = opened.page
    for section in ("sweeps", "datasets", "cost"):
        opened.drawn(section)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_prints_with_its_figures_on_few_pages(shared, tmp_path):
    opened = shared(color_scheme="dark")
    page = opened.page
    for section in ("profiles", "sweeps", "datasets", "cost"):
        opened.drawn(section)
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    written = (tmp_path / "page.pdf").read_bytes()
    assert written.startswith(b"%PDF")
    assert 2 < len(re.findall(rb"/Type\s*/Page\b", written)) <= 10
    page.emulate_media(media="print", color_scheme="light")
    assert not page.locator(".pickers").first.is_visible()
    assert page.locator("#sweeps .main-svg").first.is_visible()
    assert page.locator("#map svg .cell").first.is_visible()
    page.emulate_media(media="screen", color_scheme="dark")


def test_a_dark_page_has_a_dark_figure(shared):
    light, dark = (
        opened.drawn("sweeps")["layout"]["font"]["color"]
        for opened in (shared(), shared(color_scheme="dark"))
    )
    assert light != dark


def test_an_old_browser_is_told_so(tab):
    opened = tab()
    opened.page.add_init_script("delete window.DecompressionStream")
    page = opened.open()
    canvas = page.locator("#sweeps .canvas")
    canvas.scroll_into_view_if_needed()
    until(page, "document.querySelector('#sweeps .canvas').textContent.includes('too old')")


def test_without_javascript_the_answers_and_the_leaderboards_are_there(tab):
    page = tab(java_script_enabled=False).open()
    assert page.locator("dl.card dd").count() == 5
    assert page.locator('[aria-label="Leaderboard: Principal eigenfunctions"]').is_visible()
    assert page.locator('[aria-label="Leaderboard: Under noise"]').is_visible()
    assert not page.locator("#sweeps .canvas").is_visible()
