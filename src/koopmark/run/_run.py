"""Run a suite: plan, unfinished fits, store, tables and provenance."""

import json
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from koopmark import cluster
from koopmark._files import write_text
from koopmark._repr import ReprMixin
from koopmark.plan import (
    Selection,
    Suite,
    execution_order,
    foreign_code,
    plan,
    refuse_whole_run,
)
from koopmark.plan.provenance import now, provenance
from koopmark.run._clock import PLANNING, TABLES, Clock, took
from koopmark.run._progress import display
from koopmark.store import FAILURES, Rows, Store, write_tables
from koopmark.workers import execute


@dataclass(frozen=True)
class Finished(ReprMixin):
    """Result of a run."""

    folder: Path
    counts: Counter[str]
    clock: Clock = field(default_factory=Clock)
    jobs: int = 1
    budget: float | None = None
    """Seconds; None if the suite has no budget, or only part of it was run now."""

    def took(self) -> str:
        """Summary of the time of the run: how long, of which budget, and by phase.

        The seconds of each phase go into provenance.json, as `phases`.
        """
        self.clock.lap(TABLES)
        path = self.folder / "provenance.json"
        about = json.loads(path.read_text(encoding="utf-8"))
        _write(self.folder, about | {"phases": self.clock.phases})
        return took(self.clock.phases, self.budget, self.jobs)

    @property
    def failures(self) -> int:
        """Fits that ended in a way that `--strict` counts as failure."""
        return sum(self.counts[status] for status in FAILURES)

    def _facts(self) -> list[str]:
        ended = [f"{count:,} {status}" for status, count in self.counts.most_common() if count]
        return [str(self.folder), f"{self.counts.total():,} fits", *ended]


class Interrupted(Exception):
    """The run was stopped by the user or lost its cluster; finished fits are kept."""

    def __init__(self, done: int, total: int, why: str = "") -> None:
        kept = f"{done} of {total} fits are done and kept"
        super().__init__(f"{why}; {kept}" if why else kept)


def run(
    suite: Suite,
    folder: str | Path,
    jobs: int,
    fresh: bool = False,
    console: Console | None = None,
    cache_dir: str | Path | None = None,
    scheduler: str | None = None,
    part: Selection | None = None,
) -> Finished:
    """Run the fits of a suite that `folder` does not have yet, and write its tables.

    Parameters
    ----------
    suite : Suite
    folder : str or Path
        The run folder, which is created if needed.
    jobs : int
        Number of worker processes.
    fresh : bool
        Whether to repeat all fits and discard stored ones.
    console : rich Console, optional
        Console for the progress; by default none is shown.
    cache_dir : str or Path, optional
        Cache folder of the datasets, on the machines where the fits run.
    scheduler : str, optional
        Address of a Dask scheduler whose workers run the fits, in place of local processes.
    part : Selection, optional
        Run only these fits, in a folder without a whole run.

    Raises
    ------
    ConfigError
        If a dataset or method of the suite does not exist, the folder cannot be written to, or
        there is no such scheduler.
    Interrupted
        If the user presses Ctrl-C or the cluster is lost; the tables then have the finished fits.
    """
    clock = Clock()
    folder, cache_dir = Path(folder), None if cache_dir is None else Path(cache_dir)
    console = console or Console(quiet=True)
    part = part or Selection()
    for code in foreign_code(suite):
        _say(console, f"executes code from outside koopmark: {code}")
    cells = part.of(plan(suite))
    if part:
        refuse_whole_run(folder)
    by_id = {cell.fit_id: cell for cell in cells}
    with ExitStack() as stack:
        where: dict[str, Any] = {}
        fits: Callable[..., Generator[Rows, None, None]] = partial(execute, jobs=jobs)
        if scheduler is not None:
            workers = stack.enter_context(cluster.connect(scheduler, partial(_say, console)))
            jobs, where, fits = workers.threads, {"cluster": workers.provenance()}, workers.execute
        store = stack.enter_context(Store(folder, fresh))
        if store.note:
            _say(console, store.note)
        try:
            store.follow(cells)
            waiting = list(execution_order(store.unfinished(cells)))
            about = provenance(suite, cells, jobs) | part.provenance() | where
            about |= {"started": now(), "ended": None, "fits": len(cells), "computed": len(waiting)}
            _write(folder, about)
            known = len(cells) - len(waiting)
            before = f", {known} of them done before" if known else ""
            _say(console, f"{suite.name}: {len(cells)} fits{before}")
            clock.lap(PLANNING)
            with (
                display(console, len(waiting)) as shown,
                closing(fits(waiting, cache_dir=cache_dir)) as results,
            ):
                for rows in results:
                    store.record(rows, by_id[rows.fit_id])
                    clock.fit_ended(rows.fit, suite.limits.seconds)
                    shown.advance(rows)
            clock.fits_ended(jobs)
            write_tables(folder)
            clock.lap(TABLES)
            _write(folder, about | {"ended": now(), "phases": clock.phases})
            done = store.counts()
        except (KeyboardInterrupt, cluster.Stopped) as stop:
            stopped = Interrupted(store.counts().total(), len(cells), str(stop))
            # Stopped once more, the store still holds everything, and `koopmark report` exports it.
            with suppress(KeyboardInterrupt):
                write_tables(folder)
            raise stopped from None
    whole = not (part or known)
    return Finished(folder, done, clock, jobs, suite.budget if whole else None)


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _write(folder: Path, about: dict[str, Any]) -> None:
    write_text(folder / "provenance.json", json.dumps(about, indent=2) + "\n")
