"""The built site in a real browser, from files: `make docs-check`, or with PAGES=all every page."""

import os
from pathlib import Path

import pytest
from accessibility import every
from chromium import launched

SITE = Path(os.environ.get("SITE") or Path(__file__).parents[2] / "build" / "docs")
SAMPLE = [
    "index.html",
    "choosing.html",
    "glossary.html",
    "how-to/fit_a_method.html",
    "tutorials/three_populations.html",
    "explanation/theory/index.html",
    "reference/command_line.html",
    "reference/api/koopmark.simulation.Trajectories.html",
    "reference/cards/pydmd.dmd.html",
]
"""One page of each kind."""
IN_THE_DARK = ["index.html", "tutorials/three_populations.html", "reference/command_line.html"]
"""Of these, those that are looked at in dark colours too: pages of one kind are alike there."""
ALLOWED = {}
"""Rules of axe that pages may break, with the reason."""
DRAWN = ("catalogue", "history")
"""Pages that koopmark draws have tests of their own, in tests/browser."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SITE.is_dir(), reason="`make docs` has not built the site"),
]


def pages():
    if os.environ.get("PAGES") != "all":
        return SAMPLE
    found = (path.relative_to(SITE) for path in SITE.rglob("*.html"))
    return sorted(
        path.as_posix()
        for path in found
        if path.parts[0] not in DRAWN and path.name not in ("search.html", "webpack-macros.html")
    )


@pytest.fixture(scope="module")
def browser():
    with launched() as chromium:
        yield chromium


class Tab:
    """A page in a tab of its own; what it complains of and asks for is kept."""

    def __init__(self, browser, address, **settings):
        self.context = browser.new_context(viewport={"width": 1400, "height": 1000}, **settings)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", self.said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", lambda it: self.complaints.append(f"failed: {it.url}"))
        self.page.goto(f"{SITE.as_uri()}/{address}")
        # MathJax types its formulas when the page is there.
        self.page.evaluate("async () => window.MathJax && await MathJax.startup?.promise")

    def said(self, message):
        # The theme logs which of its colours it took.
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def blameless(self):
        """Nothing on the page complained, or asked anybody for anything."""
        assert self.complaints == []
        assert [
            url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))
        ] == []


@pytest.fixture
def tab(browser):
    opened = []

    def make(address, **settings):
        opened.append(Tab(browser, address, **settings))
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()


@pytest.mark.parametrize(
    ("address", "scheme"),
    [(address, "light") for address in pages()] + [(address, "dark") for address in IN_THE_DARK],
)
def test_a_page_is_quiet_alone_and_accessible(tab, address, scheme):
    opened = tab(address, color_scheme=scheme)
    opened.page.wait_for_selector("main")
    assert opened.page.locator("mjx-merror, [data-mjx-error]").count() == 0
    # Before axe, which asks for the style sheets again, as from files it may not.
    opened.blameless()
    assert every(opened.page, but=ALLOWED) == []


def test_formulas_are_typeset(tab):
    found = sorted((SITE / "explanation").rglob("*.html"))
    with_math = [path for path in found if 'class="math' in path.read_text(encoding="utf-8")]
    opened = tab(with_math[0].relative_to(SITE).as_posix())
    written = opened.page.locator(".math").count()
    assert opened.page.locator("mjx-container svg").count() >= written > 0


def test_the_search_finds_the_yield_without_a_network(tab):
    opened = tab("index.html")
    opened.page.locator("button[class*=search-button]:visible").first.click()
    opened.page.locator("input[type=search]:visible").first.fill("yield")
    opened.page.keyboard.press("Enter")
    opened.page.locator("ul.search li a").first.wait_for()
    found = opened.page.locator("ul.search li a").all_inner_texts()
    assert any("Glossary" in text for text in found)
    opened.blameless()


def test_the_search_finds_a_function_by_its_name(tab):
    opened = tab("search.html?q=infer_structure")
    opened.page.locator("ul.search li a").first.wait_for()
    assert "infer_structure" in " ".join(opened.page.locator("ul.search li a").all_inner_texts())
    opened.blameless()
