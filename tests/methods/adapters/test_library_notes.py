"""Every defect that docs/reference/library-notes describes is still there: its code runs and holds.

A test that fails here means that a library has changed: correct the page, and see whether the
adapter still needs what it says there.
"""

import re
import warnings
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[3] / "docs/reference/library-notes").rglob("*.md"))
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)
NOTES = re.findall(r"^### (.+?)$(.*?)(?=^##|\Z)", TEXT, re.M | re.S)


def code(text: str) -> str:
    (block,) = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    return block


@pytest.mark.parametrize(("title", "text"), NOTES, ids=[title for title, _ in NOTES])
def test_the_library_behaves_as_the_note_says(title, text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(code(text), title, "exec"), {"__name__": "note"})


@pytest.mark.parametrize(("title", "text"), NOTES, ids=[title for title, _ in NOTES])
def test_the_note_asserts_something_and_says_what_the_adapters_do(title, text):
    assert re.search(r"^ *(assert|raise AssertionError)\b", code(text), re.M)
    assert "\nHere: " in text
