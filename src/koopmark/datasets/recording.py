"""Recordings: files of measured trajectories without an answer key."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from koopmark._config import Section
from koopmark._errors import ConfigError, one_line
from koopmark._keys import generator
from koopmark.datasets.answer_key import AnswerKey
from koopmark.datasets.recipe import names
from koopmark.simulation import Trajectories

BLOCKS = 20
"""Of time, that a single trajectory is cut into to be drawn again."""

Text = Annotated[str, Field(min_length=1, max_length=1000)]


class RecordingSection(Section):
    """A `[[recordings]]` entry of a suite: a file and options of `Trajectories.from_file`."""

    file: Text
    """Path of the file; relative paths start at the suite's folder."""
    name: Text | None = None
    """Name in the tables; `file` by default."""
    held_out: float = Field(default=0.3, gt=0, lt=1)
    """Share of held-out trajectories, or of held-out times of a single one."""
    resampled: bool = False
    """Whether seeds beyond 0 resample the training trajectories of seed 0 with replacement (for a
    single one, blocks of time) and keep the held-out ones. Otherwise each seed is another split."""
    states: Text | tuple[Text, ...] | None = None
    time: Text | None = None
    trajectory: Text | None = None
    channels: tuple[Text, ...] | None = None
    inputs: Text | tuple[Text, ...] | None = None
    dt: float | None = Field(default=None, gt=0)
    transpose: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The options of `Trajectories.from_file` that are given."""
        own = {"file", "name", "held_out", "resampled"}
        return self.model_dump(mode="json", exclude=own, exclude_defaults=True)


def is_recording(name: str) -> bool:
    """Whether this name in a suite means a file of trajectories rather than a recipe."""
    return Path(name).suffix.lower() not in ("", ".toml") and name not in names()


@dataclass(frozen=True, eq=False)
class Recorded:
    """A recording split into training trials and held-out trials.

    Its `key` has no targets, so that models are assessed without scores.
    """

    train: Trajectories
    test: Trajectories
    key: AnswerKey
    resampled: bool = False
    """Whether `train` was resampled with replacement, so that its fits only show the scatter."""


@dataclass(frozen=True)
class Recording:
    """A file of trajectories, used by a suite like a recipe."""

    asked: RecordingSection
    path: Path
    digest: str
    """Digest of the file's bytes, on which results depend, rather than on its path."""

    @classmethod
    def of(cls, asked: RecordingSection, folder: Path) -> "Recording":
        """The recording of a section; relative file names start from `folder`.

        Raises
        ------
        ConfigError
            If there is no such file, or its trajectories cannot be split.
        """
        path = (folder / asked.file).absolute()
        try:
            found = cls(asked, path, _digest(path))
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
        found.parts(0)
        return found

    @property
    def name(self) -> str:
        return self.asked.name or self.asked.file

    @cached_property
    def size(self) -> int:
        """Number N of channels."""
        return int(self.read().shape[2])

    def read(self) -> Trajectories:
        """Read the trajectories from the file.

        Raises
        ------
        ConfigError
            If the file has no trajectories, or has changed since the run was planned.
        """
        return _read(self)

    def parts(self, seed: int) -> Recorded:
        """Training and held-out trajectories, split at random by `seed`."""
        data, drawn = self.read(), self.asked.resampled and seed > 0
        try:
            train, test = data.split(self.asked.held_out, 0 if self.asked.resampled else seed)
        except ValueError as error:
            raise ConfigError(f"{self.path}: it cannot be split: {one_line(error)}") from None
        if drawn:
            train = resample(train, seed)
        return Recorded(train, test, AnswerKey((), self.size), drawn)

    def depends_on(self) -> dict[str, Any]:
        """Everything that numbers depend on: the file's bytes, and how it is read and split."""
        read = {"held_out": self.asked.held_out, "options": self.asked.options}
        if self.asked.resampled:
            read["resampled"] = True
        return {"recording": {"sha256": self.digest, **read}}

    def facts(self, seed: int) -> dict[str, float | int | None]:
        """Columns that describe the dataset in tables; rank and noise are unknown."""
        train = self.parts(seed).train
        recorded = train.snapshots()
        lasts = [float(one.times.max() - one.times.min()) for one in train.records()]
        return {
            "n": int(recorded.shape[-1]),
            "rank": None,
            "channels": int(recorded.shape[-1]),
            "inputs": 0 if train.inputs is None else int(train.inputs.shape[-1]),
            "discrete": 0,
            "alpha": None,
            "noise": None,
            "dt": train.dt,
            "train_trajectories": len(train),
            "horizon": max(lasts, default=0.0),
        }

    @property
    def inputs_recorded(self) -> bool:
        """Whether methods are given inputs: always, if the file has any."""
        return True

    def sections(self) -> list["Recording"]:
        """The recording itself, in place of the sections of a recipe."""
        return [self]

    def code(self) -> list[type]:
        return [type(self)]

    def reads(self) -> list[Path]:
        """Empty, since `depends_on` has the only file."""
        return []


def resample(data: Trajectories, seed: int) -> Trajectories:
    """Resample as many trajectories with replacement; of a single one, blocks of time.

    A trajectory is divided into BLOCKS blocks; neighbouring blocks share no pair.
    """
    rng = generator({"seed": seed, "of": len(data)}, "trajectories drawn again")
    if len(data) > 1:
        return data[np.sort(rng.integers(len(data), size=len(data)))]
    length = len(data.times)
    edges = np.unique(np.linspace(0, length, min(BLOCKS, length // 2) + 1).astype(int))
    parts = [data[:, start:stop] for start, stop in pairwise(edges)]
    chosen = np.sort(rng.integers(len(parts), size=len(parts)))
    return Trajectories.from_arrays(
        [parts[place].states[0] for place in chosen],
        times=[np.ravel(parts[place].times) for place in chosen],
        inputs=None
        if data.inputs is None
        else [np.asarray(parts[place].inputs)[0] for place in chosen],
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=2)
def _read(recording: Recording) -> Trajectories:
    if _digest(recording.path) != recording.digest:
        raise ConfigError(f"{recording.path}: it was changed since the run was planned")
    options: Mapping[str, Any] = recording.asked.options
    return Trajectories.from_file(recording.path, **options)
