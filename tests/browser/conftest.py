"""A small real run, and a browser that looks at its page."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import launched
from recipes import small_recipe

from koopmark import pages
from koopmark.plan import load_suite
from koopmark.run import run as run_suite

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

RECIPE = small_recipe(trajectories=20, horizon=2.0, top="max_degree = 2")
SUITE = """
title = "A small <run>"
question = "Does the page work?"
datasets = ["small.toml"]
seeds = 2
[[sweeps]]
dataset = "small.toml"
vary = "sampling.noise"
values = [0.001, 0.1]
title = "Noise"
name = "noisy"
[[methods]]
use = "koopmark.qr_edmd"
options = { dictionary = { kind = "monomials", degree = 1 } }
[[methods]]
use = "koopmark.qr_edmd"
options = { dictionary = { kind = "monomials", degree = 2 } }
[[methods]]
use = "pydmd.dmd"
[[methods]]
use = "pydmd.dmd_default"
[[methods]]
use = "broken.py:Broken"
"""
BROKEN = '''
from dataclasses import dataclass
from koopmark.methods import Method


@dataclass(frozen=True)
class Broken(Method):
    """Never fits."""

    def _fit(self, trajectories):
        print("<b>about to fail</b>")
        raise ValueError("this <method> is broken")
'''


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of three datasets, two of them a sweep, with a method that fails."""
    home = tmp_path_factory.mktemp("in a browser")
    for name, text in (("small.toml", RECIPE), ("try.toml", SUITE), ("broken.py", BROKEN)):
        (home / name).write_text(text)
    run_suite(load_suite(home / "try.toml"), home / "run", 1, cache_dir=home / "cache")
    pages.write(home / "run")
    return home / "run"


@pytest.fixture(scope="session")
def browser() -> Iterator["sync_api.Browser"]:
    """Chromium, without a window."""
    with launched() as chromium:
        yield chromium


class Tab:
    """A page in a tab of its own; what it complains of and asks for is kept."""

    def __init__(self, browser, path, width=1400, height=1000, **context):
        self.context = browser.new_context(viewport={"width": width, "height": height}, **context)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.address = path.as_uri()

    def open(self, fragment=""):
        self.page.goto(f"{self.address}{fragment}")
        return self.page

    def drawn(self, section):
        """Wait until the figure of a section is there; its traces and layout as Plotly has them."""
        canvas = self.page.locator(f"#{section} .canvas").first
        canvas.evaluate("c => c.closest('.folded') && koopmark.unfold(c)")
        canvas.scroll_into_view_if_needed()
        canvas.locator(".main-svg").first.wait_for()
        return json.loads(
            canvas.evaluate("c => JSON.stringify({data: c.data, layout: c.layout}, null, 0)")
        )

    def blameless(self):
        """Nothing on the page complained, or asked anybody for anything."""
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(("file:", "blob:"))] == []


@pytest.fixture(scope="module")
def kept(browser, run):
    """Tabs by what they opened and their settings."""
    tabs: dict[tuple, Tab] = {}
    yield tabs
    for one in tabs.values():
        one.context.close()


@pytest.fixture
def shared(browser, run, kept):
    """Tabs that tests share: each is opened once, and whoever changes what others see of it puts
    that back. None may have complained or asked anybody for anything after any test."""

    def find(fragment="", path=run / "index.html", **settings) -> Tab:
        which = (fragment, path, *sorted(settings.items()))
        if which not in kept:
            kept[which] = Tab(browser, path, **settings)
            kept[which].open(fragment)
        return kept[which]

    yield find
    for one in kept.values():
        one.blameless()


@pytest.fixture
def tab(browser, run):
    """Opens tabs; none of them may have complained or asked anybody for anything in the end."""
    opened: list[Tab] = []

    def make(path=run / "index.html", **settings) -> Tab:
        opened.append(Tab(browser, path, **settings))
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()
        one.blameless()
