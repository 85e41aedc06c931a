"""Progress of a run: a bar on terminals, occasional lines elsewhere."""

import time
from collections import Counter
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from koopmark.store import FAILURES, Rows

EVERY_SECONDS = 15.0
"""Longest silence where there is no terminal, as long as fits end."""


class Lines:
    """Progress in plain lines: one for each failure, and occasional summaries."""

    def __init__(self, console: Console, total: int) -> None:
        self._console, self._total = console, total
        self._counts: Counter[str] = Counter()
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def advance(self, rows: Rows) -> None:
        """Report the end of a fit."""
        self._counts[rows.status] += 1
        if rows.status in FAILURES:
            fit, ended = rows.fit, rows.status.replace("_", " ")
            name = f"{fit['method']} on {fit['dataset']}, seed {fit['seed']}"
            self._print(f"{ended}: {name}: {fit['reason']}")
        self._go_on()

    def _go_on(self) -> None:
        done = self._counts.total()
        quiet = time.monotonic() - self._last
        tenth = done * 10 // self._total > (done - 1) * 10 // self._total
        if quiet > EVERY_SECONDS or (tenth and quiet > 1.0) or done == self._total:
            self._last = time.monotonic()
            self._print(f"{done} of {self._total} fits: {in_words(self._counts)}")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def display(console: Console, total: int) -> Lines:
    """The progress display for `console`, for a run of `total` fits."""
    return Bar(console, total) if console.is_terminal else Lines(console, total)


class Bar(Lines):
    """A progress bar with counts and remaining time, and a line for each failure."""

    def __enter__(self) -> Self:
        self._progress = Progress(
            SpinnerColumn("line" if self._console.options.ascii_only else "dots"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._progress.add_task("", total=self._total)
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _go_on(self) -> None:
        self._progress.update(self._task, advance=1, description=in_words(self._counts))


def in_words(counts: Counter[str]) -> str:
    """Counts as text, such as `12 ok, 1 timeout`."""
    first = ["ok"] if counts["ok"] else []
    others = sorted(status for status in counts if status != "ok")
    return ", ".join(f"{counts[status]} {status.replace('_', ' ')}" for status in first + others)
