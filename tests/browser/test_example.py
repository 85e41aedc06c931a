"""The page of the three-population example in a browser."""

import json

import numpy as np
import pandas as pd
import pytest
from accessibility import serious

from koopmark.pages.example import write_example

pytestmark = pytest.mark.slow

EDMD = "EDMD, monomials to degree 3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("example")
    write_example(out)
    return out


@pytest.fixture(scope="module")
def opened(browser, folder):
    """The page in a tab, and what went wrong there."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.goto((folder / "index.html").as_uri())
    yield page, errors
    context.close()


@pytest.fixture
def page(opened):
    """The page, which all tests share; its scripts may not have failed after any of them."""
    page, errors = opened
    page.set_viewport_size({"width": 1400, "height": 1000})
    yield page
    assert errors == []


def drawn(page, canvas):
    """The traces of a figure, once it is there."""
    place = page.locator(canvas).first
    place.scroll_into_view_if_needed()
    place.locator(".main-svg").first.wait_for()
    return json.loads(place.evaluate("c => JSON.stringify(c.data)"))


def until(page, condition):
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(condition)


def saved(page, section):
    with page.expect_download() as download:
        page.locator(f"#{section} .downloads button").click()
    return pd.read_csv(download.value.path())


def test_every_figure_is_drawn(page):
    page.locator("#errors").scroll_into_view_if_needed()
    until(
        page, "[...document.querySelectorAll('.canvas')].every(c => c.querySelector('.main-svg'))"
    )


def test_the_slider_moves_the_dots_along_their_trajectories(page, folder):
    drawn(page, "#space [data-coordinates=y]")
    slider = "#space input"
    page.locator(slider).evaluate("s => { s.value = 2; s.dispatchEvent(new Event('input')); }")
    until(page, "document.querySelector('#space output').textContent === 't = 2.0'")
    table = pd.read_csv(folder / "trajectories.csv")
    expected = table.loc[np.isclose(table["time"], 2.0), "y3"].to_numpy()
    until(
        page,
        "Math.abs(document.querySelector('#space [data-coordinates=y]').data[3].z[0]"
        f" - {expected[0]}) < 1e-12",
    )
    assert drawn(page, "#space [data-coordinates=y]")[3]["z"] == pytest.approx(expected)


def test_the_decay_that_is_drawn_is_the_one_that_is_saved(page):
    line, dots = drawn(page, "#decay .canvas")
    table = saved(page, "decay")
    shown = [value for value in dots["y"] if value is not None]
    assert shown == pytest.approx(table["y3_integrated"].abs().to_numpy())
    assert [y for y in line["y"] if y is not None] == pytest.approx(shown, rel=1e-8)


def test_another_fit_shows_its_own_eigenvalues(page, folder):
    pairs = pd.read_csv(folder / "eigenpairs.csv").groupby("method")
    for name in (EDMD, "DMD"):
        page.select_option("#spectrum select", name)
        count = len(pairs.get_group(name))
        drawn(page, "#spectrum .canvas")
        until(page, f"document.querySelector('#spectrum .canvas').data[0].x.length === {count}")
        table = saved(page, "spectrum")
        assert table["residual"].to_numpy() == pytest.approx(pairs.get_group(name)["residual"])


def test_what_edmd_recovers_lies_on_the_diagonal_and_what_dmd_does_not(page):
    for name, found in ((EDMD, [True, True, True]), ("DMD", [True, False, False])):
        page.select_option("#functions select[name=fit]", name)
        table = saved(page, "functions")
        distances = [
            np.linalg.norm(table[f"recovered_{k}"] - table[f"exact_{k}"])
            / np.linalg.norm(table[f"exact_{k}"])
            for k in (1, 2, 3)
        ]
        assert [distance < 1e-8 for distance in distances] == found


def test_a_view_has_an_address(page, folder):
    page.goto(f"{(folder / 'index.html').as_uri()}#functions&fit=DMD&view=decay")
    page.reload()
    assert page.locator("#functions select[name=view]").input_value() == "decay"
    assert drawn(page, "#functions [data-degree='1']")[1]["marker"]["size"] == 4


def test_the_table_is_saved_as_the_file_beside_the_page_has_it(page, folder):
    kept = pd.read_csv(folder / "recovered.csv")
    # JavaScript writes 1.0 as 1.
    pd.testing.assert_frame_equal(saved(page, "errors"), kept, check_dtype=False)


def test_the_scale_of_colours_is_drawn_once_after_the_window_changed(page):
    drawn(page, "#spectrum .canvas")
    for width, orientation in ((600, "h"), (1400, "v")):
        page.set_viewport_size({"width": width, "height": 1000})
        until(
            page,
            "(c => c.data && c.data[0].marker.colorbar.orientation === "
            f"'{orientation}' && c.querySelectorAll('.colorbar').length === 1)"
            "(document.querySelector('#spectrum .canvas'))",
        )
        titles = page.locator("#spectrum .canvas .colorbar .cbtitle text")
        until(page, "document.querySelectorAll('#spectrum .cbtitle text').length === 1")
        assert titles.text_content() == "residual"


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_is_no_wider_than_the_window(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_ticks_of_logarithmic_axes_are_powers_of_ten(page):
    drawn(page, "#decay .canvas")
    texts = page.locator("#decay .ytick text").all_text_contents()
    assert len(texts) > 2
    assert all(text == "1" or text.startswith("10") for text in texts)


def test_tick_texts_become_powers_of_ten_only_where_all_of_them_are(page):
    powers = "texts => koopmark.powers(texts)"
    assert page.evaluate(powers, ["0", "0.001", "0.1", "1"]) == [
        "0",
        "10<sup>-3</sup>",
        "10<sup>-1</sup>",
        "1",
    ]
    for plain in (["8", "64", "512"], ["0.001", "0.003"], ["1", "10", "100"]):
        assert page.evaluate(powers, plain) == plain


def test_nothing_serious_bars_anyone(page):
    assert serious(page) == []


def test_a_table_that_is_cut_has_a_sign_of_it_until_its_end(page):
    def signs(which):
        until(page, f"document.querySelector('#errors .scroll').matches('{which}')")

    page.set_viewport_size({"width": 390, "height": 844})
    box = page.locator("#errors .scroll")
    box.scroll_into_view_if_needed()
    signs("[data-right]:not([data-left])")
    box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    signs("[data-left]:not([data-right])")
    page.set_viewport_size({"width": 1400, "height": 1000})
    signs(":not([data-left], [data-right])")
