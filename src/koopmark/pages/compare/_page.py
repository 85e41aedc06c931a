"""Runs compared on a page: what made them, what changed, digits and found side by side."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from koopmark._errors import ConfigError
from koopmark._files import make_folder, write_text
from koopmark.analysis import columns
from koopmark.analysis.numbers import exact
from koopmark.pages.web import TableCell, render, score_cell
from koopmark.regression import ALONE, COLUMNS, Change, Comparison, Line, Row, Was, alone


@dataclass(frozen=True)
class ChangeRow:
    """A row of a table of changes."""

    change: Change
    library: str
    links: Was[str]
    """The card of the fit in the page of each run; empty if that run has no page."""


@dataclass(frozen=True)
class LineRow:
    """A row of a table of runs side by side."""

    names: tuple[str, ...]
    library: str
    cells: tuple[TableCell, ...]


def write_comparison(found: Comparison, out_dir: Path) -> Path:
    """Write the page of a comparison into `out_dir`, which is made if it is not there.

    Its links lead to the pages of the runs as they lie beside `out_dir` now.

    Raises
    ------
    ConfigError
        If `out_dir` is a run folder, whose own page would be replaced, or cannot be written.
    """
    if (out_dir / "fits.csv").exists():
        raise ConfigError(
            f"{out_dir} is a run folder: a comparison there would replace the page of the run"
        )
    folder = make_folder(out_dir)
    pages = [_page_of(run.folder, folder) for run in found.runs]
    libraries = {
        method: library
        for run in found.runs
        for method, library in zip(run.fits["method"], run.fits["library"], strict=True)
    }

    def rows(changes: Sequence[Change], at: int) -> list[ChangeRow]:
        held = Was(pages[0], pages[at])
        return [
            ChangeRow(
                one,
                libraries[one.method],
                Was(
                    *(
                        f"{page}#fit={fit}" if page else ""
                        for page, fit in zip(held, one.fits, strict=True)
                    )
                ),
            )
            for one in changes
        ]

    def some(lone: Sequence[Row]) -> list[tuple[str, ...]]:
        return [*alone(lone)]

    html = render(
        "compare/page.html.j2",
        {},
        figures=None,
        title=found.title,
        letters=found.letters,
        pages=pages,
        facts=found.facts,
        pairs=[
            {
                "label": found.label(held),
                "counts": held.counts(),
                "notes": found.notes(held),
                "changes": {
                    "Worse": rows(held.worse, at),
                    "Better": rows(held.better, at),
                },
                "alone": {
                    "Only in the baseline": some((*held.gone_fits, *held.gone_targets)),
                    "Only in the run": some(held.new),
                },
            }
            for at, held in enumerate(found.pairs, start=1)
        ],
        columns=COLUMNS,
        alone=ALONE,
        basis=found.basis,
        tables=[
            (title, names, [_line(line, libraries) for line in lines])
            for title, lines, names in found.tables()
        ],
        scores=[
            *(f"{letter} {score.title}" for letter in found.letters for score in SCORES),
            *(f"{letter} − {found.letters[0]}" for letter in found.letters[1:]),
        ],
    )
    page = folder / "index.html"
    write_text(page, html)
    return page


SCORES = (columns.DIGITS, columns.FOUND)


def _line(line: Line, libraries: dict[str, str]) -> LineRow:
    cells = []
    for both in zip(line.digits, line.found, strict=True):
        cells += [score_cell(column, value) for column, value in zip(SCORES, both, strict=True)]
    for digits in line.digits[1:]:
        by = digits - line.digits[0]
        text = "–" if np.isnan(by) else f"{by:+.1f}".replace("-", "−")
        cells.append(TableCell(text, "" if np.isnan(by) else exact(by)))
    return LineRow(line.names, libraries.get(line.names[0], ""), tuple(cells))


def _page_of(run: Path, beside: Path) -> str:
    """The address of a run's page, relative to a folder; empty if it has none."""
    page = run / "index.html"
    if not page.is_file():
        return ""
    try:
        path = os.path.relpath(page.resolve(), beside.resolve())
    except ValueError:
        # Another drive of Windows.
        return page.resolve().as_uri()
    return quote(Path(path).as_posix())
