"""Methods that fit nothing and note what their worker does, each time in a file of its own."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from koopmark.datasets import dataset
from koopmark.methods.method import Method, Skip
from koopmark.methods.model import Model
from koopmark.simulation import Trajectories

COUNTS = "KOOPMARK_TEST_COUNTS"


def note(what: str) -> None:
    if folder := os.environ.get(COUNTS):
        (Path(folder) / f"{what}-{uuid4().hex}").touch()


def _noting(*arguments, **options):
    note("simulated")
    return _simulate(*arguments, **options)


_simulate = dataset._simulate
dataset._simulate = _noting


@dataclass(frozen=True)
class Quick(Method):
    number: int = 0

    def _fit(self, trajectories: Trajectories) -> Model:
        note("fitted")
        raise Skip("nothing is fitted")


@dataclass(frozen=True)
class Warm(Quick):
    """Needs a module that notes its import."""

    requires: ClassVar[tuple[str, ...]] = ("counting_library",)
