"""Methods that behave badly in every way a third-party library can, and one that behaves."""

import ctypes
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from koopmark.methods.method import Method, Skip
from koopmark.methods.model import LinearModel, Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class Good(Method):
    """Least squares in the state: recovers -1 of the three populations exactly."""

    def _fit(self, trajectories: Trajectories) -> Model:
        X, Y = trajectories.pairs()
        operator = np.linalg.lstsq(X, Y, rcond=None)[0]
        return LinearModel.from_operator(operator, trajectories.dt, lambda x: x)


@dataclass(frozen=True)
class Random(Good):
    """Draws from the seed it was given."""

    seed: int = 0

    def _fit(self, trajectories: Trajectories) -> Model:
        noise = np.random.default_rng(self.seed).standard_normal((3, 3))
        return LinearModel.from_operator(noise, trajectories.dt, lambda x: x)


@dataclass(frozen=True)
class Raises(Method):
    def _fit(self, trajectories: Trajectories) -> Model:
        raise ValueError("the matrix is\n  not to my taste")


@dataclass(frozen=True)
class Quits(Method):
    """Calls sys.exit, as some command-line code does."""

    def _fit(self, trajectories: Trajectories) -> Model:
        sys.exit("enough")


@dataclass(frozen=True)
class Declines(Method):
    def _fit(self, trajectories: Trajectories) -> Model:
        raise Skip("unitary operators only")


@dataclass(frozen=True)
class Sleeps(Method):
    """Never returns; leaves a process of its own behind, and its number in `note`."""

    note: str = ""

    def _fit(self, trajectories: Trajectories) -> Model:
        print("going to sleep")
        if self.note:
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path(self.note).write_text(str(child.pid))
        while True:
            time.sleep(0.05)


@dataclass(frozen=True)
class HangsInC(Method):
    """Never returns from a C function that holds the interpreter lock."""

    def _fit(self, trajectories: Trajectories) -> Model:
        ctypes.PyDLL(None).sleep(600)
        raise AssertionError


@dataclass(frozen=True)
class Exits(Method):
    """Ends the process without a word to anyone."""

    code: int = 3

    def _fit(self, trajectories: Trajectories) -> Model:
        print("about to leave")
        os._exit(self.code)


@dataclass(frozen=True)
class Segfaults(Method):
    def _fit(self, trajectories: Trajectories) -> Model:
        ctypes.string_at(0)
        raise AssertionError


@dataclass(frozen=True)
class Eats(Method):
    """Allocates without end."""

    def _fit(self, trajectories: Trajectories) -> Model:
        eaten = []
        while True:
            eaten.append(np.ones(2_000_000))


@dataclass(frozen=True)
class Chatters(Good):
    """Prints `lines` lines from Python, and one from C, then fits."""

    lines: int = 100_000

    def _fit(self, trajectories: Trajectories) -> Model:
        for number in range(self.lines):
            print(f"line {number}")
        ctypes.CDLL(None).puts(b"a word from C")
        return super()._fit(trajectories)


class Broken(Model):
    """Its eigenfunctions cannot be evaluated."""

    @property
    def eigenvalues(self) -> np.ndarray:
        return np.array([-1.0 + 0j])

    def eigenfunctions(self, windows: np.ndarray) -> np.ndarray:
        raise RuntimeError("no such function")


@dataclass(frozen=True)
class GivesBrokenModel(Method):
    def _fit(self, trajectories: Trajectories) -> Model:
        return Broken()


@dataclass(frozen=True)
class CountsThreads(Good):
    """Prints how many threads its BLAS would use."""

    def _fit(self, trajectories: Trajectories) -> Model:
        print(max(info["num_threads"] for info in threadpool_info()))
        return super()._fit(trajectories)
