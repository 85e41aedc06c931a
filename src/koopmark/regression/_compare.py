"""Runs side by side: what made each, digits and found on what they share, what changed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis import columns
from koopmark.analysis.leaderboard import DIGITS
from koopmark.analysis.measure import competing, standings_of
from koopmark.analysis.numbers import MISSING, listed
from koopmark.analysis.recording import Analysis
from koopmark.analysis.tables import KEYS, read_scores
from koopmark.regression._comparable import RunFolder, description, versions
from koopmark.regression._markdown import document, section
from koopmark.regression._pair import Pair, pair
from koopmark.scoring import FOUND

MOST_RUNS = 6
"""More do not fit side by side."""

LETTERS = "ABCDEF"
"""What the runs are called in tables, the baseline first."""

ALL = "All targets"
"""What stands for a board if no run has one."""

SCORES = (columns.DIGITS, columns.FOUND)
"""What is shown side by side."""

ALWAYS = ("suite", "koopmark", "commit", "Python", "processor")
"""What the heading says of every run; libraries and kernels only if they differ."""


@dataclass(frozen=True)
class Line:
    """Digits and found of something in each run; NaN where a run does not have it."""

    names: tuple[str, ...]
    """A method; a library; or a method, a dataset and a target."""
    digits: tuple[float, ...]
    found: tuple[float, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The names, then both scores of each run."""
        return (*self.names, *(text for scores in self.scores for text in scores))

    @property
    def scores(self) -> list[tuple[str, str]]:
        """Both scores of each run as people read them."""
        both = zip(self.digits, self.found, strict=True)
        return [
            (
                MISSING if np.isnan(digits) else columns.DIGITS.write(digits),
                columns.FOUND.write(found),
            )
            for digits, found in both
        ]

    @property
    def moved(self) -> bool:
        """Whether a run differs from the first one as far as is written."""
        return len(set(self.scores)) > 1

    @property
    def loss(self) -> float:
        """Digits that the worst run lost against the first one; negative if all gained."""
        return float(np.nan_to_num(self.digits[0] - np.fmin.reduce(self.digits[1:])))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two to six runs; the first is the baseline."""

    runs: tuple[RunFolder, ...]
    pairs: tuple[Pair, ...]
    """Each other run against the baseline."""

    @property
    def letters(self) -> tuple[str, ...]:
        """What the runs are called in tables."""
        return tuple(LETTERS[: len(self.runs)])

    @property
    def title(self) -> str:
        """Which runs, by suite."""
        names = listed(list(dict.fromkeys(run.name for run in self.runs)), most=MOST_RUNS)
        return f"{names}: {len(self.runs)} runs compared"

    def label(self, held: Pair) -> str:
        """`B against A`."""
        return f"{self.letters[self.pairs.index(held) + 1]} against {self.letters[0]}"

    def notes(self, held: Pair) -> list[str]:
        """What was not compared, or cannot be known, in sentences."""
        return [*(f"{why}." for why in held.apart), *held.excluded, *held.undescribed]

    @cached_property
    def facts(self) -> list[tuple[str, ...]]:
        """What made each run: the name of a fact, then a text per run."""
        rows = [
            ("folder", *(str(run.folder) for run in self.runs)),
            ("fits", *(f"{len(run.fits):,}" for run in self.runs)),
            ("started", *(_time(run) for run in self.runs)),
        ]
        known = [dict(versions(run.provenance)) for run in self.runs]
        for name in dict.fromkeys(key for one in known for key in one):
            texts = [str(one.get(name) or MISSING) for one in known]
            title = "Python" if name == "python" else name
            if title in ALWAYS or len(set(texts)) > 1:
                rows.append((title, *texts))
        return rows

    @cached_property
    def shared(self) -> tuple[RunFolder, ...]:
        """The runs with only those fits that all have, of datasets and methods that are the same
        in all; what a run is asked for alone moves no number beside those of others."""
        keys = self.runs[0].fits[KEYS]
        for run in self.runs[1:]:
            keys = keys.merge(run.fits[KEYS], on=KEYS)
        names = frozenset[str]().union(*(one.names for one in self.pairs))
        keys = keys[~(keys["dataset"].isin(names) | keys["method"].isin(names))]
        return tuple(
            run
            if len(keys) == len(run.fits)
            else RunFolder(
                run.folder,
                run.fits.merge(keys, on=KEYS),
                run.targets.merge(keys, on=KEYS),
                run.provenance,
            )
            for run in self.runs
        )

    @property
    def basis(self) -> str:
        """What the numbers side by side are over, in a sentence."""
        if self.shared[0].fits.empty:
            return "No fit is in all runs."
        return (
            "All numbers are over the fits that all runs have. Digits are the correct digits of "
            "a target, −log10 of the larger of its two errors. Found is the share of the "
            f"targets with both errors at most {FOUND:g}, or explained by the noise."
        )

    @cached_property
    def boards(self) -> dict[str, list[Line]]:
        """Each board that ranks by digits, its methods in the order of the baseline's."""
        names = [
            name
            for name in dict.fromkeys(name for run in self.shared for name in run.boards)
            if all(
                name not in run.boards or run.boards[name].measure is DIGITS for run in self.shared
            )
        ]
        if not names:
            return {ALL: self._lines(lambda run: standings_of(run.by_target))}
        return {name: self._lines(partial(_of_board, name)) for name in names}

    @cached_property
    def libraries(self) -> list[Line]:
        """Each library: means over its methods that compete of what each came to on all targets."""
        return self._lines(_by_library)

    @cached_property
    def targets(self) -> list[Line]:
        """Each method on each target, seeds together: the lines that differ, worst first."""
        lines = self._lines(
            lambda run: run.by_target.reset_index("problem", drop=True)[["digits", "found"]]
        )
        return sorted((line for line in lines if line.moved), key=lambda line: -line.loss)

    def _lines(self, of: Callable[[RunFolder], pd.DataFrame]) -> list[Line]:
        """Lines from a table of each run, with a row per name and the columns digits and found."""
        known = [of(run)[["digits", "found"]].astype(float) for run in self.shared]
        scores = [dict(zip(table.index, table.to_numpy(), strict=True)) for table in known]
        lines = []
        for name in dict.fromkeys(name for one in scores for name in one):
            digits, found = np.transpose([one.get(name, (np.nan, np.nan)) for one in scores])
            names = name if isinstance(name, tuple) else (name,)
            lines.append(Line(tuple(map(str, names)), tuple(digits), tuple(found)))
        return lines

    def head(self, *names: str) -> tuple[str, ...]:
        """The titles above lines."""
        return (
            *names,
            *(f"{letter} {score.title}" for letter in self.letters for score in SCORES),
        )

    def markdown(self) -> str:
        """The comparison as Markdown."""
        parts = [f"# {self.title}"]
        _, *facts = section("", ("", *self.letters), self.facts)
        parts += facts
        for held in self.pairs:
            notes = "\n".join(f"* {note}" for note in self.notes(held))
            parts += [
                f"## {self.label(held)}",
                held.counts(),
                *([notes] if notes else []),
                *held.sections((*held.gone_fits, *held.gone_targets), level=3),
            ]
        parts += ["## Side by side", self.basis]
        for title, lines, names in self.tables():
            parts += section(title, self.head(*names), (line.texts for line in lines), level=3)
        return document(parts)

    def tables(self) -> Iterator[tuple[str, Sequence[Line], tuple[str, ...]]]:
        """What stands side by side: titles, lines, and what their names are."""
        for name, lines in self.boards.items():
            yield name, lines, ("method",)
        yield "Libraries (mean over their methods)", self.libraries, ("library",)
        yield "Targets whose scores differ", self.targets, ("method", "dataset", "target")


def _time(run: RunFolder) -> str:
    return str(run.provenance.get("started") or MISSING)[:16].replace("T", " ")


def _of_board(name: str, run: RunFolder) -> pd.DataFrame:
    board = run.boards.get(name)
    empty = pd.DataFrame(columns=["method", "digits", "found"], dtype=float)
    return (empty if board is None else board.rows).set_index("method")


def _by_library(run: RunFolder) -> pd.DataFrame:
    methods = competing(run.fits).drop_duplicates("method").set_index("method")["library"]
    standing = standings_of(run.by_target)
    standing = standing[standing.index.isin(methods.index)]
    return standing[["digits", "found"]].groupby(methods, sort=False).mean()


def compare(folders: Sequence[str | Path], against: str | Path | None = None) -> Comparison:
    """Hold runs against one of them.

    Parameters
    ----------
    folders : sequence of str or Path
        Two to six run folders or baselines.
    against : str or Path, optional
        The one that the others are held against, one of `folders` or another; by default the first.

    Raises
    ------
    ConfigError
        If there are fewer than two or more than six, one is no run folder or cannot be read, or
        one shares no fit with the one that it is held against.
    """
    paths = [Path(folder) for folder in folders]
    if against is not None:
        first = Path(against)
        others = [path for path in paths if path.resolve() != first.resolve()]
        paths = [first, *(others or paths)]
    if len(paths) < 2:
        alone = f": {paths[0]} is one" if paths else ""
        raise ConfigError(f"a comparison takes at least two run folders{alone}")
    if len(paths) > MOST_RUNS:
        raise ConfigError(
            f"a comparison takes at most {MOST_RUNS} run folders, not {len(paths)}: more do not "
            "fit side by side"
        )
    baseline, *runs = (_read(path) for path in paths)
    return Comparison((baseline, *runs), tuple(pair(run, baseline) for run in runs))


def _read(folder: Path) -> RunFolder:
    if Analysis.is_in(folder):
        raise ConfigError(
            f"{folder} is an analysis of recorded data, and only runs with an answer key can be "
            "compared. The files clusters.csv of two analyses show which eigenvalues moved"
        )
    if not (folder / "fits.csv").is_file():
        what = "has no fits.csv" if folder.is_dir() else "does not exist"
        raise ConfigError(
            f"{folder} is not a run folder: it {what}; `koopmark run` makes one, and `koopmark "
            "report` writes its tables"
        )
    return RunFolder(folder, *read_scores(folder), description(folder))
