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
from koopmark.analysis.numbers import MISSING, exact
from koopmark.pages.web import TableCell, render, score_cell
from koopmark.regression import ALONE, COLUMNS, Change, Comparison, Line, Row, Was, alone
from koopmark.scoring import DIGITS


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


def write_comparison(found: Comparison, out_dir: str | Path) -> Path:
    """Write the page of a comparison into `out_dir`, which is made if it is not there.

    Its links lead to the pages of the runs as they lie beside `out_dir` now.

    Raises
    ------
    ConfigError
        If `out_dir` is a run folder, whose own page would be replaced, or cannot be written.
    """
    out_dir = Path(out_dir)
    if (out_dir / "fits.csv").exists():
        raise ConfigError(
            f"{out_dir} is a run folder: a comparison in it would overwrite the page of the run"
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

    board, moves = _moves(found)
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
        board=board,
        moves=moves,
        most=DIGITS,
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

MOST_MOVES = 16
"""Methods in the figure, those that moved most."""


@dataclass(frozen=True)
class Move:
    """A method whose digits on a board are not the same in all runs."""

    method: str
    dots: tuple[tuple[str, float], ...]
    """The letters of runs with the same digits, and these as a share of the axis."""
    text: str

    @property
    def span(self) -> tuple[float, float]:
        """The place of the first dot, and the share of the axis that the dots cover."""
        places = [place for _, place in self.dots]
        return min(places), max(places) - min(places)


def _moves(found: Comparison) -> tuple[str, list[Move]]:
    """The first board on which methods moved, and these, the largest loss first."""
    for board, lines in found.boards.items():
        moved = [line for line in lines if line.moved and np.ptp(_known(line)) > 0]
        if moved:
            most = sorted(moved, key=lambda line: -np.ptp(_known(line)))[:MOST_MOVES]
            ordered = sorted(most, key=lambda line: -line.loss)
            return board, [_move(line, found.letters) for line in ordered]
    return "", []


def _known(line: Line) -> list[float]:
    return [digits for digits in line.digits if not np.isnan(digits)] or [0.0]


def _move(line: Line, letters: Sequence[str]) -> Move:
    runs = zip(letters, line.digits, strict=True)
    known = [(letter, digits) for letter, digits in runs if not np.isnan(digits)]
    # Runs whose digits read alike share a dot.
    dots: dict[str, tuple[str, float]] = {}
    for letter, digits in known:
        text = columns.DIGITS.write(digits)
        before, place = dots.get(text, ("", digits / DIGITS))
        dots[text] = (before + letter, place)
    return Move(
        line.names[0],
        tuple(dots.values()),
        ", ".join(f"{letter} {columns.DIGITS.write(digits)}" for letter, digits in known),
    )


def _line(line: Line, libraries: dict[str, str]) -> LineRow:
    cells = []
    for both in zip(line.digits, line.found, strict=True):
        cells += [score_cell(column, value) for column, value in zip(SCORES, both, strict=True)]
    for digits in line.digits[1:]:
        by = digits - line.digits[0]
        text = MISSING if np.isnan(by) else f"{by:+.1f}".replace("-", "−")
        text = "0.0" if text in ("+0.0", "−0.0") else text
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
