"""Every defect that docs/reference/library-notes describes is still there: its code runs and holds.

A test that fails here means that a library has changed: correct the page, and see whether the
adapter still needs what it says there. `python docs/_extensions/notes_table.py` makes the table.
"""

import re
import runpy
import warnings
from fnmatch import filter as matching
from pathlib import Path

import pytest

from koopmark import methods

ROOT = Path(__file__).parents[3]
TABLE = runpy.run_path(str(ROOT / "docs/_extensions/notes_table.py"))
NOTES = TABLE["notes"]()
INDEX = TABLE["INDEX"].read_text("utf-8")
PINNED = dict(
    line.split("==")
    for name in ("requirements.txt", "requirements-nodeps.txt")
    for line in (ROOT / name).read_text("utf-8").split()
    if "==" in line
)

every_note = pytest.mark.parametrize("note", NOTES, ids=[note.title for note in NOTES])


@every_note
def test_the_library_behaves_as_the_note_says(note):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(note.code, note.title, "exec"), {"__name__": "note"})


@every_note
def test_the_note_asserts_something_and_says_what_the_adapters_do(note):
    assert re.search(r"^ *(assert|raise AssertionError)\b", note.code, re.M)
    assert "\nIn koopmark: " in note.text


@every_note
def test_the_note_is_checked_with_the_release_that_is_pinned(note):
    assert note.checked_with == f"{note.library} {PINNED[note.library.lower()]}"
    assert note.page.startswith(f"{note.library.lower()}/")


@every_note
def test_the_note_concerns_methods_that_are_registered(note):
    assert note.concerns or "**Concerns:** no registered method" in note.text
    for pattern in note.concerns:
        assert matching(methods.names(), pattern)


@every_note
def test_the_index_explains_each_effect(note):
    for effect in note.effects:
        assert f"\n| {effect} | " in INDEX


def test_the_table_of_the_index_has_a_row_for_each_note():
    assert TABLE["updated"]() == INDEX
    assert len({(note.page, note.anchor) for note in NOTES}) == len(NOTES)
    assert f"lists {len(NOTES)} defects" in INDEX
