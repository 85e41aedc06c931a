"""From a recording to a folder of results, and the tables that are read from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from koopmark._errors import ConfigError, one_line
from koopmark._files import make_folder, write_text
from koopmark._plugins import absolute
from koopmark._repr import ROWS, Details, ReprMixin, number
from koopmark.analysis.recording._calibration import Calibration, calibrated
from koopmark.analysis.recording._intervals import FEWEST_DRAWS
from koopmark.analysis.recording._sentences import sentences_of
from koopmark.analysis.recording._skill import skill_of
from koopmark.analysis.recording._structures import structure_of
from koopmark.analysis.recording._suite import (
    DRAWS,
    LIMIT,
    LIMIT_OF_ALL,
    chosen,
    draws_for,
    every_method,
    suite_text,
)
from koopmark.analysis.recording._tables import data_of, methods_of, pairs_and_clusters
from koopmark.analysis.recording._twin import twin_suite
from koopmark.analysis.tables import read_table
from koopmark.datasets import Recording
from koopmark.datasets.measured import Measured
from koopmark.methods import check_data, get
from koopmark.plan import load_suite
from koopmark.run import run
from koopmark.scoring import NOT_SUPPORTED, SUPPORTED
from koopmark.simulation import Trajectories
from koopmark.store import TABLES, read
from koopmark.workers import cores

SUITE = "analysis.toml"
FILES = {
    "pairs": "pairs.csv",
    "clusters": "clusters.csv",
    "forecasts": "skill.csv",
    "structure": "structure.csv",
    "methods": "methods.csv",
    "data": "measured.csv",
}
"""Of the tables of an `Analysis`; those of the store are called otherwise."""
VERDICTS_OF_TWIN = "twin.csv"
"""Pairs that methods found in the twin whose truth is known, as in its verdicts.csv."""
LEFT_OUT = "left_out.csv"
"""Methods that the data are too large or too few for, and why."""


@dataclass(frozen=True, eq=False)
class Analysis(ReprMixin):
    """The results of an analysis, in tables.

    Parameters
    ----------
    folder : Path
        The folder of its fits, tables and page.
    """

    folder: Path

    @staticmethod
    def is_in(folder: str | Path) -> bool:
        """Whether a folder is that of an analysis, and not of a run."""
        return (Path(folder) / SUITE).is_file()

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Those of the store: a row per fit, and the rows of each."""
        return read(self.folder)

    @cached_property
    def recording(self) -> Recording:
        """The recorded trajectories, in the parts that methods were fitted to and held to."""
        (asked,) = load_suite(self.folder / SUITE).recordings
        return Recording.of(asked, self.folder)

    @cached_property
    def twin(self) -> pd.DataFrame | None:
        """Pairs of a twin whose truth is known, once `calibrate` has run one."""
        path = self.folder / VERDICTS_OF_TWIN
        return read_table(path, TABLES["verdicts"]) if path.is_file() else None

    @cached_property
    def _found(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        pairs, clusters = pairs_and_clusters(self.tables)
        if self.twin is None or pairs.empty:
            return pairs, clusters
        pairs = calibrated(pairs, {"verdicts": self.twin})
        columns = ["share_true", "share_low", "share_high"]
        shares = pairs[pairs["verdict"] == SUPPORTED].groupby("cluster")[columns].median()
        return pairs, clusters.join(shares, on="name")

    @property
    def pairs(self) -> pd.DataFrame:
        """A row for each recovered pair: verdict, residual, floor, interval, cluster.

        Refused pairs have no bounds: theirs would count measurement noise only.
        """
        pairs = self._found[0]
        refused = pairs["verdict"] == NOT_SUPPORTED
        return pairs.assign(
            eigenvalue_bound=pairs["eigenvalue_bound"].mask(refused),
            function_bound=pairs["function_bound"].mask(refused),
        )

    @property
    def clusters(self) -> pd.DataFrame:
        """A row for each eigenvalue on which methods agree, or that held-out data support."""
        return self._found[1]

    @cached_property
    def forecasts(self) -> pd.DataFrame:
        """Errors and skill of methods and of persistence, the mean and a linear predictor."""
        parts, rows, fits = self.recording.parts(0), self.tables["forecasts"], self.tables["fits"]
        fits = fits[(fits["seed"] == 0) & (fits["status"] == "ok")]
        windows = dict(zip(fits["method"], fits["window"].astype(int), strict=True))
        known = self.measured.correlation_time
        lasts = float(np.max(known[np.isfinite(known)], initial=0.0))
        return skill_of(rows[rows["seed"] == 0], windows, parts.train, parts.test, lasts)

    @cached_property
    def structure(self) -> pd.DataFrame:
        """Rank and null space that functions at a common real rate imply, a row for each rate."""
        return structure_of(self.tables["structures"], self.pairs)

    @cached_property
    def methods(self) -> pd.DataFrame:
        """A row for each method: how its fit ended, what of the data it used, what it found.

        Those that were not fitted since the data are too many or too few for them are `left out`.
        """
        path = self.folder / LEFT_OUT
        return methods_of(self.tables, pd.read_csv(path) if path.is_file() else None)

    @cached_property
    def measured(self) -> Measured:
        """How the data were taken, their noise, rank and time scales."""
        return Measured.of(self.recording.read())

    @cached_property
    def data(self) -> pd.DataFrame:
        """What was measured of the data, and what it means for what follows."""
        return data_of(self.measured, load_suite(self.folder / SUITE).seeds - 1, DRAWS)

    @cached_property
    def sentences(self) -> list[str]:
        """Which eigenvalues to believe and how it is known, in a few sentences."""
        return sentences_of(
            self.pairs,
            self.clusters,
            self.forecasts,
            self.structure,
            self.methods,
            len(self.recording.parts(0).train),
            None if self.twin is None else Calibration.of(self.twin).independent,
        )

    def write(self) -> None:
        """Write the tables as CSV files, `FILES`, beside those of the store."""
        for name, file in FILES.items():
            write_text(self.folder / file, getattr(self, name).to_csv(index=False))

    def _facts(self) -> list[str]:
        supported = int((self.clusters["supported"] > 0).sum())
        return [str(self.folder), f"{supported} supported eigenvalues of {len(self.pairs):,} pairs"]

    def _details(self) -> Details:
        shown = ("name", "eigenvalue_re", "eigenvalue_im", "methods", "supported", "spread")
        rows = [
            [one if isinstance(one, str) else number(float(one)) for one in row]
            for row in self.clusters[list(shown)].head(ROWS).itertuples(index=False)
        ]
        columns = [name.replace("_", " ") for name in shown]
        return Details(columns, rows, len(self.clusters), " ".join(self.sentences))


def analyse(
    data: str | Path | Trajectories,
    *,
    methods: Sequence[str] = (),
    everything: bool = False,
    holdout: float = 0.3,
    draws: int | None = None,
    twin: bool | str | Path = False,
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
    draws : int, optional
        Draws of the trials with replacement, from which intervals are made: 2 or more, of few they
        are wide; 0 for none. By default 20, fewer for data whose fits take long, and 8 of
        `everything`.
    twin : bool, str or Path
        Whether a twin is run as well, which says how often such pairs are true, see `calibrate`;
        or its folder, `twin` in that of the results by default.
    out : str or Path, optional
        Folder of the results, from which another call goes on.
    jobs : int, optional
        Worker processes; all cores by default.
    fresh : bool
        Do all fits again.
    console : rich Console, optional
        Shows progress; by default, nothing does.

    Raises
    ------
    ConfigError
        If the file cannot be read, or holds no trajectories that methods could be fitted to, a
        method is unknown, or a number is out of its range; it is a ValueError. The folder is as it
        was then.
    """
    if not 0 < holdout < 1:
        raise ConfigError(f"the held-out share must lie between 0 and 1, got {holdout:g}")
    if draws is not None and (draws < 0 or 0 < draws < FEWEST_DRAWS):
        raise ConfigError(f"the draws must be 0 or at least {FEWEST_DRAWS}, got {draws}")
    uses = [absolute(name, Path.cwd()) for name in dict.fromkeys(methods)]
    for use in uses:
        if get(use).tags.role != "method":
            raise ConfigError(f"{use} needs the answer key, and a recording has none")
    folder = Path(out) if out is not None else Path("reports") / "analysis"
    if isinstance(data, Trajectories):
        file, read_in = folder / "data.npz", data
    else:
        file, read_in = Path(data), Trajectories.from_file(data, **options)
    _expect_usable(read_in, holdout, file)
    if not fresh:
        _expect_own(folder, file)
    make_folder(folder)
    if isinstance(data, Trajectories):
        data.to_file(file)
    named = uses or (every_method() if everything else [])
    entries, left_out = [{"use": use} for use in named], dict[str, str]()
    if not named:
        choice = chosen(read_in)
        entries, left_out = choice.entries, choice.left_out
    if draws is None:
        draws = draws_for(read_in, everything and not uses)
    limit = LIMIT_OF_ALL if everything and not uses else LIMIT
    path = folder / SUITE
    write_text(path, suite_text(file.absolute(), entries, holdout, draws, options, limit))
    told = pd.DataFrame(left_out.items(), columns=["method", "reason"])
    write_text(folder / LEFT_OUT, told.to_csv(index=False))
    run(load_suite(path), folder, jobs or cores(), fresh, console)
    # It was of the data that were here before, or of these and is made again.
    (folder / VERDICTS_OF_TWIN).unlink(missing_ok=True)
    analysis = Analysis(folder)
    analysis.write()
    if twin:
        return calibrate(analysis, None if twin is True else twin, jobs, fresh, console)
    return analysis


def calibrate(
    analysis: Analysis,
    twin: str | Path | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    console: Console | None = None,
) -> Analysis:
    """Run a twin of the data of an analysis: how often are pairs like those true?

    The `pairs` of the analysis that is returned have what `calibrated` says: `share_true` and its
    interval, `twin_error` and `trusted`.

    Parameters
    ----------
    analysis : Analysis
    twin : str or Path, optional
        Folder of the twin, which resumes what is there; `twin` in that of the analysis by
        default.
    jobs, fresh, console
        As of `analyse`.

    Raises
    ------
    ConfigError
        If there is no twin of such data, or no verdict on its pairs.
    """
    suite = load_suite(analysis.folder / SUITE)
    # Recipes name files beside them, and are read from elsewhere too.
    folder = (Path(twin) if twin is not None else analysis.folder / "twin").absolute()
    entries = [entry.model_dump(include={"use", "options"}) for entry in suite.methods]
    try:
        _, path = twin_suite(
            analysis.recording.read(),
            folder,
            methods=entries,
            measured=analysis.measured,
            holdout=suite.recordings[0].held_out,
        )
        results = folder / "results"
        run(load_suite(path), results, jobs or cores(), fresh, console)
        tables = read(results, ["fits", "verdicts"])
        verdicts, fits = tables["verdicts"], tables["fits"]
        # Anchors are told the key: what they have is true, and says nothing of methods.
        of_methods = verdicts["fit_id"].isin(fits.loc[fits["role"] == "method", "fit_id"])
        known = verdicts[of_methods & verdicts["true"].notna()]
        Calibration.of(known)
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"{analysis.folder}: {error}") from error
    write_text(analysis.folder / VERDICTS_OF_TWIN, known.to_csv(index=False))
    told = Analysis(analysis.folder)
    told.write()
    return told


def _expect_own(folder: Path, file: Path) -> None:
    """Refuse a folder that holds the analysis of another file, which this one would replace.

    Raises
    ------
    ConfigError
        If it does.
    """
    if not Analysis.is_in(folder):
        return
    held = Path(load_suite(folder / SUITE).recordings[0].file)
    if held != file.absolute():
        raise ConfigError(
            f"{folder}: it holds an analysis of {held}: choose another folder (--out), or replace "
            "it with --fresh"
        )


def _expect_usable(data: Trajectories, holdout: float, file: Path) -> None:
    """Refuse at once data of which every fit would say the same.

    Raises
    ------
    ConfigError
        If they cannot be split, or nothing can be learnt from a part.
    """
    try:
        fitted, held_out = data.split(holdout)
    except ValueError as error:
        raise _unusable(file, "", error) from None
    for part, where in ((data, ""), (fitted, "training part: "), (held_out, "held-out part: ")):
        try:
            check_data(part)
        except ValueError as error:
            raise _unusable(file, where, error) from None


def _unusable(file: Path, where: str, error: ValueError) -> ConfigError:
    return ConfigError(
        f"{file}: {where}{one_line(error)}; an analysis needs trials of several states each, and "
        "holds some of them out"
    )
