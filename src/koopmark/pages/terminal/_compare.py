"""Runs against each other in the terminal: what `check` and `compare` show."""

import shlex
from collections.abc import Iterator, Sequence

from koopmark.analysis.numbers import MISSING
from koopmark.pages.terminal._layout import Block, Column, Paragraph, Table
from koopmark.regression import (
    ALONE,
    COLUMNS,
    Change,
    CheckResult,
    Comparison,
    Line,
    Pair,
    Row,
    alone,
)

MOST_NOTES = 3
"""Sentences on what was not compared that are shown unless all are asked for."""

ALL = "see all with --all."

MOST_ROWS = 50
"""Of a table that a check shows."""


def check(result: CheckResult) -> Iterator[Block | None]:
    """The verdict and all that it rests on."""
    yield Paragraph(result.pair.counts(), f"{result.heading}:")
    for problem in result.problems:
        yield Paragraph(problem)
    held = result.pair
    folders = [str(held.baseline.folder), str(held.run.folder)]
    rest = f"see all with {shlex.join(['koopmark', 'compare', *folders, '--all'])}"
    yield from _changes(held, result.missing, MOST_ROWS, MOST_ROWS, rest)
    versions = [(one.what, one.baseline or MISSING, one.now or MISSING) for one in held.versions]
    yield from _table("Versions that differ", ("what", "baseline", "run"), versions)


def comparison(found: Comparison, most: int | None) -> Iterator[Block | None]:
    """The runs, what changed, worst first, and digits and found side by side.

    With `most`, at most so many rows of what got worse and half as many of all else; side by side
    only the libraries that differ, and the methods that differ on the first board that has some.
    """
    yield Paragraph("", found.title)
    yield Table([Column(head, right=False) for head in ("", *found.letters)], found.facts)
    for held in found.pairs:
        yield None
        yield Paragraph(held.counts(), f"{found.label(held)}:")
        notes = found.notes(held)
        shown = notes if most is None or len(notes) <= MOST_NOTES else notes[: MOST_NOTES - 1]
        for note in shown:
            yield Paragraph(note)
        if len(shown) < len(notes):
            yield Paragraph(f"{len(notes) - len(shown):,} more such notes: {ALL}")
        gone = (*held.gone_fits, *held.gone_targets)
        yield from _changes(held, gone, most, _half(most), ALL)
    tables = [*found.tables()] if most is None else [*_moved(found)]
    if tables:
        yield None
        yield Paragraph(found.basis, "Side by side:")
    for title, lines, names in tables:
        rows = [line.texts for line in lines]
        yield from _table(title, found.head(*names), rows, _half(most), ALL, right=len(names))


def _moved(found: Comparison) -> Iterator[tuple[str, Sequence[Line], tuple[str, ...]]]:
    """The libraries that differ, and the first board on which methods differ, worst first."""
    kinds = set()
    for title, lines, names in found.tables():
        moved = sorted((line for line in lines if line.moved), key=lambda line: -line.loss)
        if moved and len(names) == 1 and names not in kinds:
            kinds.add(names)
            yield title, moved, names


def _half(most: int | None) -> int | None:
    return None if most is None else (most + 1) // 2


def _changes(
    held: Pair, gone: Sequence[Row], most: int | None, others: int | None, rest: str
) -> Iterator[Block | None]:
    """What got worse, at most `most` rows, and all else, at most `others` rows a table."""
    yield from _table("Worse", COLUMNS, _rows(held.worse), most, rest)
    yield from _table("Only in the baseline", ALONE, list(alone(gone)), others, rest)
    yield from _table("Better", COLUMNS, _rows(held.better), others, rest)
    yield from _table("Only in the run", ALONE, list(alone(held.new)), others, rest)


def _rows(changes: Sequence[Change]) -> list[tuple[str, ...]]:
    return [change.texts for change in changes]


def _table(
    title: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    most: int | None = None,
    rest: str = "",
    right: int | None = None,
) -> Iterator[Block | None]:
    """A title and a table, its columns from `right` on right-aligned; nothing without rows."""
    if not rows:
        return
    kept = rows if most is None else rows[:most]
    count = f"{len(kept):,} of {len(rows):,} rows; {rest}" if len(kept) < len(rows) else ""
    yield None
    yield Paragraph(count, f"{title}:" if count else title)
    first = len(head) if right is None else right
    yield Table([Column(one, right=at >= first) for at, one in enumerate(head)], kept)
