"""What a run shows while it runs: a bar on a terminal, a line now and then elsewhere."""

import time
from collections import Counter
from types import TracebackType
from typing import Protocol, Self

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


class Display(Protocol):
    """Told of each fit that ended."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def advance(self, rows: Rows) -> None: ...


def display(console: Console, total: int) -> Display:
    """The display that suits `console`, for a run of `total` fits."""
    return Bar(console, total) if console.is_terminal else Lines(console, total)


class Bar:
    """A progress bar with counts and the time left."""

    def __init__(self, console: Console, total: int) -> None:
        self._counts: Counter[str] = Counter()
        self._progress = Progress(
            SpinnerColumn("line" if console.options.ascii_only else "dots"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def advance(self, rows: Rows) -> None:
        self._counts[rows.status] += 1
        if rows.status in FAILURES:
            self._progress.console.print(failure(rows), markup=False, highlight=False)
        self._progress.update(self._task, advance=1, description=in_words(self._counts))


class Lines:
    """A plain line for each failure, and now and then for all the rest."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._counts: Counter[str] = Counter()
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def advance(self, rows: Rows) -> None:
        self._counts[rows.status] += 1
        if rows.status in FAILURES:
            self._print(failure(rows))
        done = self._counts.total()
        quiet = time.monotonic() - self._last
        tenth = done * 10 // self._total > (done - 1) * 10 // self._total
        if quiet > EVERY_SECONDS or (tenth and quiet > 1.0) or done == self._total:
            self._last = time.monotonic()
            self._print(f"{done} of {self._total} fits: {in_words(self._counts)}")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def in_words(counts: Counter[str]) -> str:
    """Such as `12 ok, 1 timeout`."""
    first = ["ok"] if counts["ok"] else []
    others = sorted(status for status in counts if status != "ok")
    return ", ".join(f"{counts[status]} {status.replace('_', ' ')}" for status in first + others)


def failure(rows: Rows) -> str:
    """A fit that failed, in a line."""
    fit = rows.fit
    name = f"{fit['method']} on {fit['dataset']}, seed {fit['seed']}"
    return f"{rows.status.replace('_', ' ')}: {name}: {fit['reason']}"
