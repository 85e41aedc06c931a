"""Cards of methods and datasets in a browser: their addresses, what they say, their pictures."""

import json
from urllib.parse import quote

import pandas as pd
import pytest
from accessibility import serious

from koopmark.analysis.cards import Cards
from koopmark.analysis.results import Results

pytestmark = pytest.mark.slow

POOR, PERFECT, BROKEN = "pydmd.dmd_default", "koopmark.qr_edmd[degree=2]", "broken.py:Broken"


@pytest.fixture(scope="module")
def cards(run):
    return Cards(Results.read(run))


def visit(page, word, name):
    """The card, once it is open and about what was asked for."""
    page.evaluate("hash => { location.hash = hash; }", f"{word}={quote(name, safe='')}")
    card = page.get_by_role("dialog", name=name, exact=True)
    card.wait_for()
    return card


def leave(page):
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")


def cells(card, label):
    """The texts of a table's rows; of scores the exact values."""
    return card.get_by_role("region", name=label, exact=True).evaluate(
        "r => [...r.querySelector('tbody').rows].map((row) => "
        "[...row.cells].map((c) => c.dataset.value ?? c.textContent))"
    )


def drawn(card):
    """The kinds of the traces of each figure of a card."""
    canvases = card.locator(".canvas")
    for i in range(canvases.count()):
        canvases.nth(i).locator(".main-svg").first.wait_for()
    return canvases.evaluate_all("all => all.map((c) => c.data.map((t) => t.type))")


def test_the_card_of_a_method_has_what_the_terminals_card_has(shared, cards):
    page = shared().page
    known, card = cards.method(POOR), visit(page, "method", POOR)
    said = card.inner_text()
    for text in (known.summary.replace("`", ""), known.library, known.options, known.fits):
        assert text in said
    links = card.locator("dl a").evaluate_all("all => all.map((a) => a.href)")
    assert links == [paper.url for paper in known.papers]
    rows = cells(card, f"Outcomes of {POOR} by dataset")
    assert [row[0] for row in rows] == [one.dataset for one in known.datasets]
    assert [float(row[1]) for row in rows] == [one.digits for one in known.datasets]
    assert [row[3] for row in rows] == [f"{one.found} of {one.asked}" for one in known.datasets]
    for place in known.places:
        assert place.text in said
    leave(page)


def test_a_bar_has_a_share_for_each_outcome_told_apart_without_colour(shared, cards):
    page = shared().page
    known, card = cards.method(POOR), visit(page, "method", POOR)
    shares = (
        card.locator("td .shares")
        .first.locator(".share")
        .evaluate_all("all => all.map((s) => [s.title, s.style.flexGrow])")
    )
    first = known.datasets[0].outcomes
    assert shares == [[f"{name}: {count}", str(count)] for name, count in first.items()]
    looks = card.locator(".outcomes .share").evaluate_all(
        "all => Object.fromEntries(all.map((s) => "
        "[s.className, getComputedStyle(s).backgroundImage + getComputedStyle(s).borderStyle]))"
    )
    assert "gradient" in json.dumps(looks)
    leave(page)


def test_the_best_and_the_worst_case_are_drawn_and_lead_to_their_fits(shared, cards):
    page = shared().page
    known, card = cards.method(POOR), visit(page, "method", POOR)
    assert len(drawn(card)) == 2
    assert "contour" in drawn(card)[0]
    captions = card.locator("figcaption").all_text_contents()
    for caption, case in zip(captions, (known.best, known.worst), strict=True):
        assert case.sentence in caption
    card.get_by_role("link", name="Open this fit").last.click()
    fit = page.get_by_role("dialog", name=POOR, exact=True)
    page.locator("#fit[open]").wait_for()
    assert page.evaluate("location.hash") == f"#fit={known.worst.fit}"
    assert fit.get_by_label("Dataset").input_value() == known.worst.dataset
    leave(page)


def test_a_method_whose_every_fit_failed_says_so_and_why(shared):
    page = shared().page
    card = visit(page, "method", BROKEN)
    said = card.inner_text()
    assert "There is no description of this method" in said
    assert "this <method> is broken" in said
    assert "None of its fits has a result" in said
    assert card.locator(".canvas").count() == 0
    leave(page)


def test_the_card_of_a_dataset_has_its_spectrum_portrait_and_finders(shared, cards, run):
    page = shared().page
    known, card = cards.dataset("small"), visit(page, "dataset", "small")
    said = card.inner_text()
    for text in (known.system, known.data, *known.hard):
        assert text in said
    exact = card.locator(".canvas")
    exact.locator(".main-svg").first.wait_for()
    assert sorted(exact.evaluate("c => [...c.data.at(-1).x]")) == sorted(
        one.value.real for one in known.targets
    )
    phase = card.locator(".phase svg")
    assert phase.get_attribute("role") == "img"
    assert phase.locator(".paths path").count() == 10
    rows = cells(card, "Targets of small")
    assert [row[3] for row in rows] == [f"{one.found_by} of {one.of}" for one in known.targets]
    assert [float(row[5]) for row in rows] == [one.best_digits for one in known.targets]
    summary = pd.read_csv(run / "summary.csv").query("dataset == 'small' and role == 'method'")
    best = cells(card, "Best methods on small")
    assert [(row[0], float(row[2])) for row in best] == list(
        zip(summary["method"], summary["digits"], strict=True)
    )[:10]
    leave(page)


def test_the_way_back_closes_a_card_and_one_card_leads_to_another(tab):
    page = tab().open()
    card = visit(page, "dataset", "small")
    first = card.get_by_role("region", name="Best methods on small").get_by_role("link").first
    name = first.text_content()
    first.click()
    page.get_by_role("dialog", name=name, exact=True).wait_for()
    page.go_back()
    page.get_by_role("dialog", name="small", exact=True).wait_for()
    page.go_back()
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.evaluate("location.hash") == ""


def test_a_name_in_a_table_opens_its_card_by_keyboard_and_gets_the_focus_back(tab):
    page = tab().open("#datasets&colour=method")
    link = page.locator(f"#misses tr[data-method='{PERFECT}'] th a[href^='#method=']")
    link.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name=PERFECT, exact=True).wait_for()
    leave(page)
    assert page.evaluate("location.hash") == "#datasets&colour=method"
    assert link.evaluate("a => a === document.activeElement")


def test_an_address_of_what_the_run_does_not_have_says_so(shared):
    page = shared().page
    assert "This run has no method of this name" in visit(page, "method", "a & b=c").inner_text()
    leave(page)


@pytest.mark.parametrize(
    "settings",
    [{}, {"width": 390, "height": 800, "color_scheme": "dark"}],
    ids=["desk", "dark phone"],
)
def test_nothing_serious_bars_anyone_from_a_card(shared, settings):
    page = shared(**settings).page
    for word, name in (("method", POOR), ("dataset", "small")):
        drawn(visit(page, word, name))
        assert page.evaluate("document.documentElement.scrollWidth") <= settings.get("width", 1400)
        assert serious(page, "#card") == []
    leave(page)
