"""A run folder: its tables as they were written, and what the analysis makes of them, once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from koopmark._errors import ConfigError, suggest
from koopmark.analysis import measure
from koopmark.analysis.curves import Profiles, best_of_each, profiles
from koopmark.analysis.leaderboard import PROFILED, Leaderboard, asked_by, questions
from koopmark.analysis.map import OutcomeMap, outcome_map
from koopmark.analysis.numbers import listed
from koopmark.analysis.sentences import Answer, answer_card, extent
from koopmark.analysis.summary import roles_of, summarise
from koopmark.analysis.sweeps import Sweep, sweep_summary, sweeps
from koopmark.analysis.tables import (
    read_portraits,
    read_provenance,
    read_scores,
    read_table,
    unfinished,
)
from koopmark.store import EIGENPAIRS, FILE

RUNS = Path("reports")
"""The folder in which `koopmark run` puts run folders by default."""


@dataclass(frozen=True, eq=False)
class Results:
    """The tables of a run, and what follows from them.

    Whatever shows a run, compares it or draws it reads one of these; nothing in it is worked out
    twice.
    """

    folder: Path
    fits: pd.DataFrame
    """fits.csv: a row per fit."""
    targets: pd.DataFrame
    """targets.csv: a row per fit and exact eigenspace."""
    provenance: Mapping[str, Any]

    @classmethod
    def read(cls, folder: str | Path) -> "Results":
        """From a run folder or a baseline.

        Raises
        ------
        ConfigError
            If a table or provenance.json is missing, cannot be read, lacks a column, or has rows
            too many or too few: what is ranked by a part of its targets is ranked wrongly.
        """
        folder = Path(folder)
        return cls(folder, *read_scores(folder), read_provenance(folder))

    @cached_property
    def eigenpairs(self) -> pd.DataFrame:
        """eigenpairs.csv, a row per recovered eigenpair; raises as `read` does."""
        return read_table(self.folder / "eigenpairs.csv", EIGENPAIRS)

    @cached_property
    def portraits(self) -> pd.DataFrame:
        """eigenfunctions.csv, values at points; no rows if it is not there; raises as `read`."""
        return read_portraits(self.folder)

    @cached_property
    def judged(self) -> pd.DataFrame:
        """A row per fit and target (`measure.judge`)."""
        return measure.judge(self.fits, self.targets)

    @cached_property
    def by_target(self) -> pd.DataFrame:
        """A row per method and target, seeds together (`measure.by_target`)."""
        return measure.by_target(self.judged)

    @cached_property
    def families(self) -> list[Sweep]:
        """The sweeps of the run."""
        return sweeps(self.fits)

    @cached_property
    def swept(self) -> list[tuple[Sweep, pd.DataFrame]]:
        """Each sweep with its summary."""
        return [
            (sweep, sweep_summary(sweep, self.fits, self.targets, self.judged))
            for sweep in self.families
        ]

    @cached_property
    def asked(self) -> dict[str, pd.DataFrame]:
        """The judged rows behind each board."""
        return asked_by(self.judged, self.targets, self.families)

    @cached_property
    def boards(self) -> dict[str, Leaderboard]:
        """The leaderboards by question."""
        return questions(self.asked, self.fits)

    @cached_property
    def card(self) -> list[Answer]:
        """What the run says to the questions that most users have."""
        return answer_card(self.fits, self.asked, self.boards)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row per dataset and method."""
        return summarise(self.fits, self.judged)

    @cached_property
    def roles(self) -> dict[str, str]:
        """The role of each method: anchors first, then informed ones, then all others."""
        return roles_of(self.fits)

    @cached_property
    def order(self) -> list[str]:
        """All methods in the order in which everything shows them: ranked ones by the first board
        that has them, then what is not ranked, anchors last."""
        ranked = [name for board in self.boards.values() for name in board.rows["method"]]
        return list(dict.fromkeys([*ranked, *reversed(self.roles)]))

    @cached_property
    def map(self) -> OutcomeMap:
        """What became of each target with each method."""
        return outcome_map(self.judged, self.order)

    @cached_property
    def profiles(self) -> dict[str, Profiles]:
        """By question how many targets its methods find to within τ."""
        return profiles({name: self.asked[name] for name in PROFILED}, self.boards, self.order)

    def best_first(self, question: str = "") -> list[str]:
        """All methods, those on the board of a question, if it has one, first and as they rank."""
        board = self.boards.get(question)
        return list(dict.fromkeys([*(board.rows["method"] if board else ()), *self.order]))

    def best_of_each(self, among: Iterable[str], question: str = "") -> list[str]:
        """Of these the best method of each library, and its best one that does what the library
        does by default, in the order of the run: what figures show if nothing is chosen.

        Best are those that rank first on the board of the question, such as "Under noise".
        """
        there = {name for name in among if self.roles[name] == "method"}
        facts = self.fits.drop_duplicates("method").set_index("method")
        best = best_of_each(
            [name for name in self.best_first(question) if name in there],
            facts["library"].to_dict(),
            set(facts.index[facts["default"].astype(bool)]),
        )
        return [name for name in self.order if name in best]

    @property
    def name(self) -> str:
        """What the run is called: the title of its suite, or the suite."""
        return str(self.provenance.get("title") or self.provenance.get("suite") or "Run")

    @property
    def title(self) -> str:
        """What the run is called, and where it is."""
        return f"{self.name}, {self.folder}"

    @property
    def extent(self) -> str:
        """How many fits of how many methods, datasets and seeds, and how many are planned."""
        planned = self.provenance.get("fits")
        return extent(self.fits, planned if isinstance(planned, int) else 0)

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


def results(folder: str | Path | None = None) -> Results:
    """The results of a run.

    Parameters
    ----------
    folder : str or Path, optional
        A run folder; by default the newest under `reports`.

    Raises
    ------
    ConfigError
        If there is none, or a table of it is missing or cannot be read.
    """
    return Results.read(newest() if folder is None else folder)


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
