"""From a recording to a folder of results, and the tables that are read from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from koopmark._files import make_folder, write_text
from koopmark._repr import ReprMixin
from koopmark.analysis.recording._suite import chosen, suite_text
from koopmark.analysis.recording._tables import pairs_of
from koopmark.plan import load_suite
from koopmark.run import run
from koopmark.simulation import Trajectories
from koopmark.store import read
from koopmark.workers import cores

SUITE = "analysis.toml"
DRAWS = 20
"""Draws of the trials, from which intervals are made."""


@dataclass(frozen=True, eq=False)
class Analysis(ReprMixin):
    """The results of an analysis, in tables.

    Parameters
    ----------
    folder : Path
        Where its fits, tables and page are.
    """

    folder: Path

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Those of the store: a row per fit, and the rows of each."""
        return read(self.folder)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """A row for each recovered pair: verdict, residual, floor, interval."""
        return pairs_of(self.tables)

    def _facts(self) -> list[str]:
        return [str(self.folder), f"{len(self.pairs):,} pairs"]


def analyse(
    data: str | Path | Trajectories,
    *,
    methods: Sequence[str] = (),
    everything: bool = False,
    holdout: float = 0.3,
    draws: int = DRAWS,
    out: str | Path | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    console: Console | None = None,
    **options: Any,
) -> Analysis:
    """Fit methods to recorded trajectories, and say what held-out ones support.

    Parameters
    ----------
    data : str, Path or Trajectories
        A file of `Trajectories.from_file`, which is told `options`, or what it would give.
    methods : sequence of str
        Names of methods, or `file.py:Class`; by default a dozen that suit the data.
    everything : bool
        All methods of the registry that need no answer key.
    holdout : float
        Share of the trials, or of the times of a single one, that no method is fitted to.
    draws : int
        Draws of the trials with replacement, from which intervals are made; 0 for none.
    out : str or Path, optional
        Folder of the results, from which another call goes on.
    jobs : int, optional
        Worker processes; all cores by default.
    fresh : bool
        Do all fits again.
    console : rich Console, optional
        Where progress is shown; nowhere by default.
    """
    folder = make_folder(Path(out) if out is not None else Path("reports") / "analysis")
    if isinstance(data, Trajectories):
        file = folder / "data.npz"
        data.to_file(file)
        read_in = data
    else:
        file = Path(data)
        read_in = Trajectories.from_file(file, **options)
    entries = [{"use": name} for name in methods] or chosen(read_in, everything)
    path = folder / SUITE
    write_text(path, suite_text(file.absolute(), entries, holdout, draws, options))
    run(load_suite(path), folder, jobs or cores(), fresh, console)
    return Analysis(folder)
