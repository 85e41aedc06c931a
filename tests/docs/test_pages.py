"""Pages and the built site: links, alternative texts, lengths, examples in docstrings."""

import doctest
import importlib
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SITE = Path(os.environ.get("SITE") or ROOT / "build" / "docs")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
NOTEBOOKS = sorted((DOCS / "tutorials").glob("*.ipynb"))
LONGEST = 200
GENERATED = (DOCS / "reference" / "api", DOCS / "reference" / "cards")
"""Of the pages there only the index is written by hand."""

built = pytest.mark.skipif(not SITE.is_dir(), reason="`make docs` has not built the site")


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def prose(path):
    """The Markdown of a page without its code."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(it["source"]) for it in cells if it["cell_type"] == "markdown")
    else:
        text = path.read_text(encoding="utf-8")
    return re.sub(r"^(```+|:::+).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path):
    """Of headings, as GitHub and MyST make them, and those that are written."""
    text = prose(path)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    found = {_slug(heading) for heading in headings}
    found.update(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))
    found.update(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))
    return found


def _slug(heading):
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=name_of)
def test_links_lead_to_files_and_headings(path):
    text = re.sub(r"`[^`\n]*`", "", prose(path))
    lost = []
    for link in re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", text):
        parts = urlsplit(link)
        if parts.scheme or link.startswith("/"):
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.suffix == ".rst" and target.parent in GENERATED:
            continue
        if not target.exists() or (
            parts.fragment and target.suffix == ".md" and parts.fragment not in anchors(target)
        ):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=name_of)
def test_images_have_alternative_texts(path):
    text = prose(path)
    assert re.findall(r"!\[\s*\]\([^)]*\)", text) == []
    tags = re.findall(r"<img\b[^>]*>", text)
    assert [tag for tag in tags if not re.search(r"alt=\"[^\"]+\"", tag)] == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_is_short(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines < LONGEST


def test_pages_that_sources_name_are_there():
    lost = set()
    for folder in ("src", "tests", "bench", "docs"):
        for path in (ROOT / folder).rglob("*.py"):
            for named in re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8")):
                if not (ROOT / named).is_file():
                    lost.add(f"{path.relative_to(ROOT)}: {named}")
    assert sorted(lost) == []


def with_examples():
    texts = ((path, path.read_text(encoding="utf-8")) for path in (ROOT / "src").rglob("*.py"))
    return sorted(path for path, text in texts if re.search(r"^\s*>>> ", text, re.MULTILINE))


@pytest.mark.parametrize("path", with_examples(), ids=name_of)
def test_examples_in_docstrings_print_what_they_say(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    module = importlib.import_module(module.removesuffix(".__init__"))
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(module, optionflags=flags).failed == 0


def test_every_key_of_a_file_has_a_meaning():
    import schemas

    from koopmark.datasets.recipe import Contents
    from koopmark.plan import Suite

    texts = [schemas.with_inner(Contents), schemas.with_inner(Suite.__mro__[1])]
    rows = "\n".join([*texts, schemas.systems(), schemas.of_dictionaries()]).splitlines()
    assert [row for row in rows if row.endswith("|  |")] == []


class Page(HTMLParser):
    """Links, targets and images of a page of the site."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.sources, self.images = [], set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.update(filter(None, [given.get("id"), given.get("name")]))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "img":
            self.images.append((given.get("src", ""), given.get("alt")))
        # A stylesheet or script, and not the canonical address of a page.
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.sources.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon"):
            self.sources.append(given.get("href", ""))


@pytest.fixture(scope="module")
def site():
    """The pages by their places, but those that koopmark draws."""
    drawn = {SITE / "catalogue", SITE / "history"}
    return {
        path: Page(path.read_text(encoding="utf-8"))
        for path in SITE.rglob("*.html")
        if path.parent not in drawn and "_static" not in path.parts
    }


@built
def test_links_of_the_site_lead_to_pages_and_targets(site):
    lost = set()
    for path, page in site.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            known = site[target].ids if target in site else None
            fragment = unquote(parts.fragment)
            if not target.exists() or (fragment and known is not None and fragment not in known):
                lost.add(f"{path.relative_to(SITE)}: {link}")
    assert sorted(lost) == []


@built
def test_pages_of_the_site_load_nothing_from_elsewhere(site):
    found = {source for page in site.values() for source in page.sources}
    assert sorted(source for source in found if "//" in source and source[:5] != "data:") == []


@built
def test_images_of_the_site_have_alternative_texts(site):
    without = {
        f"{path.relative_to(SITE)}: {source}"
        for path, page in site.items()
        for source, alt in page.images
        if not alt or "_images/" in alt or alt.endswith((".png", ".svg"))
    }
    assert sorted(without) == []


@built
def test_every_page_of_the_site_is_reachable_from_the_front_page(site):
    front = SITE / "index.html"
    seen, left = {front}, [front]
    while left:
        page = left.pop()
        for link in site[page].links:
            parts = urlsplit(link)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not parts.scheme and target in site and target not in seen:
                seen.add(target)
                left.append(target)
    special = {SITE / name for name in ("search.html", "genindex.html", "py-modindex.html")}
    assert sorted(str(path.relative_to(SITE)) for path in set(site) - seen - special) == []


@built
def test_what_koopmark_draws_is_part_of_the_site():
    assert all((SITE / name / "index.html").is_file() for name in ("catalogue", "history"))
