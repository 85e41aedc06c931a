"""A run folder as its tables have it, and a name that was typed among the names of the run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from koopmark._errors import ConfigError, suggest
from koopmark.analysis.leaderboard import Leaderboard, asked_by, questions
from koopmark.analysis.measure import judge
from koopmark.analysis.numbers import listed
from koopmark.analysis.summary import summarise
from koopmark.analysis.sweeps import sweeps
from koopmark.analysis.tables import read_provenance, read_scores, unfinished
from koopmark.store import FILE

RUNS = Path("reports")
"""Where `koopmark run` puts run folders by default."""


@dataclass(frozen=True, eq=False)
class Run:
    """The tables of a run folder and what the analysis makes of them, computed once."""

    folder: Path
    fits: pd.DataFrame
    targets: pd.DataFrame
    provenance: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Run":
        """Raises ConfigError if a table or provenance.json cannot be read."""
        return cls(folder, *read_scores(folder), read_provenance(folder))

    @cached_property
    def judged(self) -> pd.DataFrame:
        """A row per fit and target (`koopmark.analysis.measure.judge`)."""
        return judge(self.fits, self.targets)

    @cached_property
    def asked(self) -> dict[str, pd.DataFrame]:
        """The judged rows behind each board."""
        return asked_by(self.judged, self.targets, sweeps(self.fits))

    @cached_property
    def boards(self) -> dict[str, Leaderboard]:
        """The leaderboards by question."""
        return questions(self.judged, self.fits, self.targets, sweeps(self.fits))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row per dataset and method."""
        return summarise(self.fits, self.judged)

    @property
    def title(self) -> str:
        """What the run is called, and where it is."""
        about = self.provenance
        return f"{about.get('title') or about.get('suite') or 'Run'}, {self.folder}"

    @property
    def unfinished(self) -> str:
        """How many fits have a result and how to do the rest; empty if all have."""
        return unfinished(self.folder, len(self.fits), self.provenance)


def newest() -> Path:
    """The folder of the run under `RUNS` that was written last.

    Raises
    ------
    ConfigError
        If there is none.
    """
    stores = sorted(RUNS.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime)
    if not stores:
        raise ConfigError(
            f"there is no run folder in {RUNS}: make one with `koopmark run smoke`, or name one"
        )
    return stores[-1].parent


def known(typed: str, names: Iterable[str], what: str) -> str:
    """The name that was typed, or the only one that has what was typed in it.

    Raises
    ------
    ConfigError
        If there is no such name, or several.
    """
    names = list(names)
    if typed in names:
        return typed
    fitting = [name for name in names if typed and typed.casefold() in name.casefold()]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ConfigError(
            f"{typed!r} is in the names of {len(fitting)}: type more of {listed(fitting, most=8)}"
        )
    raise ConfigError(
        f"unknown {what}: {typed!r}: {suggest(typed, names)}there are {listed(names, most=20)}"
    )
