"""Text laid out in lines for a terminal of any width: paragraphs, and tables that break no word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from koopmark._errors import one_line
from koopmark._streams import READABLE
from koopmark.store import sanitise

GAP = 2
"""Cells between the columns of a table, and in front of the second line of a paragraph."""

NARROWEST = 8
"""Cells that a column of names keeps in the narrowest terminal."""

NAMES = 0.4
"""Share of the terminal that names have beside columns that follow below otherwise."""

UNLIMITED = 10**9
"""Width if there is no terminal: nothing is broken, so that lines can be searched."""

PIECE = re.compile(r"\[?(?:\d+[.,]\d+|[^._/:,\[\]])*[._/:,\]]*")


def pieces(word: str) -> list[str]:
    """A name in the parts between which a line may end: after any of `._/:,]` and before `[`.

    Numbers such as `0.01` stay whole.
    """
    return [piece for piece in PIECE.findall(word) if piece]


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines of at most `width` cells, broken at spaces; long names are broken at `pieces`.

    Only a piece that is longer than a line is cut elsewhere.
    """
    if cell_len(text) <= width:
        return [text]
    lines = [""]
    for word in re.split(" (?!%)", text):
        parts = [word] if cell_len(word) <= width else pieces(word)
        for index, part in enumerate(parts):
            joined = lines[-1] + (" " if lines[-1] and index == 0 else "") + part
            if cell_len(joined) <= width:
                lines[-1] = joined
            else:
                cut = chop_cells(part, width)
                lines[len(lines) if lines[-1] else -1 :] = cut
    return lines


@dataclass(frozen=True)
class Paragraph:
    """A sentence or several, perhaps after a lead in bold."""

    text: str
    lead: str = ""

    def lines(self, width: int, encoding: str) -> Iterator[Text]:
        """Its lines, of which all but the first are indented."""
        lead, text = (legible(one_line(said), encoding) for said in (self.lead, self.text))
        bold = len(lead)
        for number, line in enumerate(wrapped(f"{lead} {text}".strip(), width - GAP)):
            indent = " " * GAP if number else ""
            shown = Text(indent + line)
            shown.stylize("bold", len(indent), len(indent) + max(0, bold))
            bold -= len(line) + 1
            yield shown


@dataclass(frozen=True)
class Column:
    """A column of a table; what is in it is broken (`wrapped`) unless it stands on the right."""

    title: str
    right: bool = True
    spare: bool = False
    """Whether it is left out where the terminal is too narrow, the last such column first."""


@dataclass(frozen=True)
class Table:
    """Rows of texts below the titles of their columns; `\\n` begins a new line of a cell."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    indent: int = 0

    def least(self, encoding: str) -> int:
        """Cells of the narrowest terminal in which no word is broken."""
        cells = self._cells(encoding)
        return self.indent + _taken([self._least(cells, i) for i in range(len(self.columns))])

    def _cells(self, encoding: str) -> list[list[list[str]]]:
        """Titles and rows, of each cell its lines."""
        return [
            [[legible(line, encoding) for line in cell.split("\n")] for cell in row]
            for row in [[column.title for column in self.columns], *self.rows]
        ]

    def lines(self, width: int, encoding: str) -> Iterator[Text]:
        """The titles, in bold, and the rows, each in as many lines as its longest cell."""
        cells = self._cells(encoding)
        kept, room = list(range(len(self.columns))), width - self.indent
        while _taken(least := [self._least(cells, index) for index in kept]) > room:
            spare = [index for index in kept if self.columns[index].spare]
            if not spare:
                break
            kept.remove(spare[-1])
        longest = [max(cell_len(part) for row in cells for part in row[index]) for index in kept]
        names = [index for index in kept if not self.columns[index].right]
        # Titles of numbers are broken before names are.
        order = [[kept.index(index) for index in names], range(len(kept))]
        sizes = dict(zip(kept, _shared(least, longest, room, order), strict=True))
        if names and (excess := _taken([*sizes.values()]) - room) > 0:
            # There is no room for the longest word of a name.
            widest = max(names, key=lambda index: sizes[index])
            sizes[widest] = max(NARROWEST, sizes[widest] - excess)
        for number, row in enumerate(cells):
            blocks = {
                index: [line for part in row[index] for line in wrapped(part, size)]
                for index, size in sizes.items()
            }
            height = max(map(len, blocks.values()))
            if number == 0:
                # Titles stand directly above what they are about.
                blocks = {i: [""] * (height - len(some)) + some for i, some in blocks.items()}
            for line in zip_longest(*blocks.values(), fillvalue=""):
                texts = map(self._padded, sizes, sizes.values(), line)
                shown = " " * self.indent + (" " * GAP).join(texts)
                yield Text(shown.rstrip(), "bold" if number == 0 else "")

    def _padded(self, index: int, size: int, text: str) -> str:
        space = " " * (size - cell_len(text))
        return space + text if self.columns[index].right else text + space

    def _least(self, cells: Sequence[Sequence[Sequence[str]]], index: int) -> int:
        """The narrowest that a column can be without breaking a word or a number."""
        parts = [cells[0][index], *(row[index] for row in cells[1:])]
        whole = [part for lines in parts[1:] for part in lines] if self.columns[index].right else []
        broken = parts[:1] if whole else parts
        words = [word for lines in broken for part in lines for word in part.split(" ")]
        return max(map(cell_len, [*whole, *(piece for word in words for piece in pieces(word))]))


def _taken(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _shared(
    least: Sequence[int], longest: Sequence[int], room: int, order: Sequence[Sequence[int]]
) -> list[int]:
    """Widths from the least up to the longest that fill `room`.

    What is left goes to the columns of each group in `order`, in equal shares.
    """
    widths = list(least)
    for group in order:
        while (left := room - _taken(widths)) > 0:
            lacking = [index for index in group if widths[index] < longest[index]]
            if not lacking:
                break
            for index in lacking[:left]:
                widths[index] = min(longest[index], widths[index] + max(1, left // len(lacking)))
    return widths


@dataclass(frozen=True)
class Wide:
    """A table whose columns follow below, beside the first one again, if they do not fit."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]

    def lines(self, width: int, encoding: str) -> Iterator[Text]:
        """The lines of each part, with an empty line between them."""
        names = self._part([])
        longest = max((cell_len(row[0]) for row in self.rows), default=0)
        wanted = max(0, min(longest, int(NAMES * width)) - names.least(encoding))
        parts: list[list[int]] = [[]]
        for index in range(1, len(self.columns)):
            if parts[-1] and self._part([*parts[-1], index]).least(encoding) + wanted > width:
                parts.append([])
            parts[-1].append(index)
        for number, part in enumerate(parts):
            if number:
                yield Text()
            yield from self._part(part).lines(width, encoding)

    def _part(self, kept: Sequence[int]) -> Table:
        at = [0, *kept]
        return Table([self.columns[i] for i in at], [[row[i] for i in at] for row in self.rows])


Block = Paragraph | Table | Wide


@dataclass(frozen=True)
class Sheet:
    """What a command shows; blocks follow each other in the order given, None is an empty line."""

    blocks: Sequence[Block | None]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lines that fit the terminal; if there is none, lines that nothing breaks."""
        width = options.max_width if options.is_terminal else UNLIMITED
        yield from self.lines(width, options.encoding)

    def lines(self, width: int, encoding: str = "utf-8") -> Iterator[Text]:
        """All lines."""
        for block in self.blocks:
            yield from block.lines(width, encoding) if block else [Text()]


def legible(text: str, encoding: str) -> str:
    """A text in one line and in characters that the terminal has, so that its width is known."""
    line = "".join(" " if one.isspace() else one for one in sanitise(text))
    return line.encode(encoding, READABLE).decode(encoding)
