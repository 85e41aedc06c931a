"""A run: plan, fits that are not done yet, store, tables, provenance."""

import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from koopmark.suite.config import Suite
from koopmark.suite.executor import execute
from koopmark.suite.export import export, write_text
from koopmark.suite.plan import execution_order, plan
from koopmark.suite.progress import display
from koopmark.suite.provenance import now, provenance
from koopmark.suite.store import Store, counts
from koopmark.suite.tables import FAILURES


@dataclass(frozen=True)
class Finished:
    """What a run came to."""

    folder: Path
    counts: Counter[str]

    @property
    def failures(self) -> int:
        """Fits that ended in a way `--strict` does not forgive."""
        return sum(self.counts[status] for status in FAILURES)


class Interrupted(Exception):
    """The user stopped the run; what was done is kept."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__(f"{done} of {total} fits are done and kept")


def run(
    suite: Suite,
    folder: Path,
    jobs: int,
    fresh: bool = False,
    console: Console | None = None,
    cache_dir: Path | None = None,
) -> Finished:
    """Do the fits of a suite that `folder` does not hold yet, and write its tables.

    Parameters
    ----------
    suite : Suite
    folder : Path
        The run folder; made where it is not there.
    jobs : int
        Worker processes.
    fresh : bool
        Do all fits, whatever the folder holds.
    console : rich Console, optional
        Where progress is shown; nowhere by default.
    cache_dir : Path, optional
        Of the datasets; their default folder by default.

    Raises
    ------
    ConfigError
        Where the suite asks for what is not there, or the folder cannot be written to.
    Interrupted
        On Ctrl-C; the tables then hold what is done.
    """
    console = console or Console(quiet=True)
    cells = plan(suite)
    by_id = {cell.fit_id: cell for cell in cells}
    with Store(folder, fresh) as store:
        store.follow(cells)
        waiting = list(execution_order(store.unfinished(cells)))
        about = provenance(suite, cells, jobs)
        about |= {"started": now(), "ended": None, "fits": len(cells), "computed": len(waiting)}
        _write(folder, about)
        _announce(console, suite, len(cells), len(waiting))
        try:
            with (
                display(console, len(waiting)) as shown,
                closing(execute(waiting, jobs, cache_dir)) as results,
            ):
                for rows in results:
                    store.record(rows, by_id[rows.fit_id])
                    shown.advance(rows)
        except KeyboardInterrupt:
            export(folder)
            raise Interrupted(counts(folder).total(), len(cells)) from None
        export(folder)
        _write(folder, about | {"ended": now()})
    return Finished(folder, counts(folder))


def _announce(console: Console, suite: Suite, total: int, waiting: int) -> None:
    known = f", {total - waiting} of them done before" if waiting < total else ""
    line = f"{suite.name}: {total} fits{known}"
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _write(folder: Path, about: dict[str, Any]) -> None:
    write_text(folder / "provenance.json", json.dumps(about, indent=2) + "\n")
