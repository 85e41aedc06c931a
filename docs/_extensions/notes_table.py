"""Read the library notes and write the table on their index page.

`python docs/_extensions/notes_table.py` rewrites the table in place;
tests/methods/adapters/test_library_notes.py compares it with the pages.
"""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "reference/library-notes"
INDEX = FOLDER / "index.md"
LIBRARIES = ("pydmd", "pykoopman", "deeptime", "kooplearn", "pykoop")
BEGIN, END = "<!-- The table: notes_table.py writes it. -->\n", "<!-- End of the table. -->\n"

NOTE = re.compile(r"^## (?P<title>[^\n]+)$(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ITEM = re.compile(r"^- \*\*(?P<name>[\w ]+):\*\* (?P<value>.+(?:\n  .+)*)$", re.MULTILINE)
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Note:
    """One note of a page.

    Attributes
    ----------
    page : str
        Path of the page, relative to the folder of the notes.
    effects : tuple of str
        What the defect does to a user's result, in the words of the index page.
    known_since, checked_with : str
        Library and version: the oldest in which the example holds, of those that were tried, and
        the one in which the tests run it.
    concerns : tuple of str
        Names of registered methods, or patterns for `fnmatch`.
    code : str
        The example.
    text : str
        Everything below the title.
    """

    title: str
    page: str
    effects: tuple[str, ...]
    known_since: str
    checked_with: str
    concerns: tuple[str, ...]
    code: str
    text: str

    @property
    def library(self) -> str:
        """The library's name, as its authors write it."""
        return self.checked_with.rsplit(" ", 1)[0]

    @property
    def anchor(self) -> str:
        """The title's anchor, which GitHub and MyST form alike."""
        return re.sub(r"[^\w\- ]", "", self.title.lower().replace(" ", "-"))


def notes() -> list[Note]:
    """Return all notes: by library, by page, in the order in which they are printed."""
    return [
        _read(found["title"], found["text"], path.relative_to(FOLDER).as_posix())
        for library in LIBRARIES
        for path in sorted((FOLDER / library).glob("*.md"))
        for found in NOTE.finditer(path.read_text(encoding="utf-8"))
    ]


def _read(title: str, text: str, page: str) -> Note:
    items = {it["name"]: " ".join(it["value"].split()) for it in ITEM.finditer(text)}
    (code,) = CODE.findall(text)
    return Note(
        title,
        page,
        tuple(items["Effect"].split(", ")),
        items["Known since"],
        items["Checked with"],
        tuple(re.findall("`([^`]+)`", items["Concerns"])),
        code,
        text,
    )


def table() -> str:
    """Return the summary table in Markdown, one row for each note."""
    rows = [
        "| library | defect | effect | known since | checked with |",
        "|---|---|---|---|---|",
    ]
    for note in notes():
        since, checked = (it.split(" ")[-1] for it in (note.known_since, note.checked_with))
        link = f"[{note.title}]({note.page}#{note.anchor})"
        effects = ", ".join(note.effects)
        rows.append(f"| {note.library} | {link} | {effects} | {since} | {checked} |")
    return "\n".join(rows) + "\n"


def updated() -> str:
    """Return the index page with the table made anew."""
    before, rest = INDEX.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    INDEX.write_text(updated(), encoding="utf-8")
