"""Styles and scripts of the pages: what is there is used, and what is used is there."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[3] / "src" / "koopmark" / "pages"
FILES = {suffix: sorted(PAGES.rglob(f"*.{suffix}")) for suffix in ("css", "js", "j2", "py")}
TEXTS = {path: path.read_text(encoding="utf-8") for paths in FILES.values() for path in paths}
TEMPLATES = "\n".join(TEXTS[path] for path in FILES["j2"])
SCRIPTS = "\n".join(TEXTS[path] for path in FILES["js"])
PYTHON = "\n".join(TEXTS[path] for path in FILES["py"])
NAME = r"[a-zA-Z][\w-]*"


def styled():
    """Classes that a rule is about."""
    sheets = [re.sub(r"/\*.*?\*/", "", TEXTS[path], flags=re.DOTALL) for path in FILES["css"]]
    selectors = re.findall(r"([^{};]+)\{", "\n".join(sheets))
    return set(re.findall(rf"\.({NAME})", re.sub(r'"[^"]*"', "", " ".join(selectors))))


def given():
    """Classes that a template gives to an element; those that it composes are left out."""
    inner = r"\{\{.*?\}\}|\{%.*?%\}"
    for attribute in re.findall(rf'class="((?:[^"{{]|{inner})*)"', TEMPLATES):
        # A name that touches an expression is a part of one.
        yield from re.sub(rf"[\w-]*(?:{inner})[\w-]*", " ", attribute).split()


def mentioned(name):
    """Whether templates, scripts or Python name a class, or compose it of a letter and a number."""
    text = TEMPLATES + SCRIPTS + PYTHON
    numbered = re.fullmatch(r"([a-z])\d+", name)
    composed = bool(numbered and re.search(rf"\b{numbered[1]}\$?\{{", text))
    return composed or bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))


def test_every_styled_class_is_used():
    assert [name for name in sorted(styled()) if not mentioned(name)] == []


def test_every_class_of_a_template_is_styled_or_looked_for():
    sought = set(re.findall(rf"\.({NAME})", SCRIPTS))
    assert set(given()) - styled() - sought == set()


@pytest.mark.parametrize("path", FILES["js"] + FILES["css"], ids=lambda path: path.name)
def test_every_script_and_style_is_on_a_page(path):
    assert re.search(rf'["/]{path.stem}(?:\.{path.suffix[1:]})?"', TEMPLATES)


@pytest.mark.parametrize("path", FILES["j2"], ids=lambda path: path.name)
def test_every_template_is_a_page_or_a_part_of_one(path):
    name = path.relative_to(PAGES).as_posix()
    stem = path.name.removesuffix(".html.j2")
    assert name in PYTHON + TEMPLATES or f'"{stem}"' in TEMPLATES
