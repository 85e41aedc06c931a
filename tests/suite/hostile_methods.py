"""Methods that behave badly in every way a third-party library can, and one that behaves."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
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
class Naps(Good):
    """Takes its time, and adds the number of its process to `note`."""

    note: str = ""

    def _fit(self, trajectories: Trajectories) -> Model:
        with Path(self.note).open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.5)
        return super()._fit(trajectories)


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


@dataclass(frozen=True)
class LeavesThreads(Good):
    """Threads of its own go on after it."""

    def _fit(self, trajectories: Trajectories) -> Model:
        for _ in range(2):
            threading.Thread(target=_spin, daemon=True).start()
        return super()._fit(trajectories)


def _spin() -> None:
    while True:
        time.sleep(0.01)


@dataclass(frozen=True)
class LeavesProcesses(Good):
    """Leaves one process behind, and one that has left its session and its parent."""

    note: str = ""

    def _fit(self, trajectories: Trajectories) -> Model:
        print("leaving")
        script = "import os, time; os.setsid(); os.fork() and os._exit(0); time.sleep(600)"
        subprocess.run([sys.executable, "-c", script], check=False)
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        return super()._fit(trajectories)


@dataclass(frozen=True)
class HidesProcesses(Method):
    """Leaves a process that has left its session and its parent, and dies."""

    note: str = ""

    def _fit(self, trajectories: Trajectories) -> Model:
        script = "import os, time; os.setsid(); os.fork() and os._exit(0); time.sleep(600)"
        subprocess.run([sys.executable, "-c", script, self.note], check=False)
        os._exit(4)


@dataclass(frozen=True)
class Forks(Good):
    """Forks, and both processes return from the fit."""

    def _fit(self, trajectories: Trajectories) -> Model:
        os.fork()
        return super()._fit(trajectories)


@dataclass(frozen=True)
class Interrupts(Method):
    """Raises what Ctrl-C raises."""

    def _fit(self, trajectories: Trajectories) -> Model:
        raise KeyboardInterrupt("mine")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@dataclass(frozen=True)
class RaisesUnspeakably(Method):
    def _fit(self, trajectories: Trajectories) -> Model:
        raise Unspeakable


@dataclass(frozen=True)
class KillsItself(Method):
    def _fit(self, trajectories: Trajectories) -> Model:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


@dataclass(frozen=True)
class IsDeaf(Method):
    """Hangs, and ignores every signal that can be ignored."""

    def _fit(self, trajectories: Trajectories) -> Model:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(600)
        raise AssertionError


@dataclass(frozen=True)
class Floods(Good):
    """Prints a gigabyte while it holds the interpreter lock, so that no thread can cut it."""

    def _fit(self, trajectories: Trajectories) -> Model:
        ctypes.PyDLL(None).system(b"head -c 1000000000 /dev/zero | tr '\\0' x; echo; echo the end")
        time.sleep(0.5)
        return super()._fit(trajectories)


@dataclass(frozen=True)
class ClosesFiles(Good):
    """Closes every file of the process, those it does not own too."""

    def _fit(self, trajectories: Trajectories) -> Model:
        os.closerange(3, 200)
        return super()._fit(trajectories)


@dataclass(frozen=True)
class Wanders(Good):
    """Changes the working folder and the data it was given."""

    def _fit(self, trajectories: Trajectories) -> Model:
        os.chdir("/")
        model = super()._fit(trajectories)
        trajectories.states[:] = 1.0
        return model


@dataclass(frozen=True)
class FindsTheDiskFull(Method):
    def _fit(self, trajectories: Trajectories) -> Model:
        raise OSError(28, os.strerror(28), "checkpoint.pt")


@dataclass(frozen=True)
class SetsTheClock(Method):
    """Hangs while the clock steps."""

    step: float = 0.0

    def _fit(self, trajectories: Trajectories) -> Model:
        real = time.time
        time.time = lambda: real() + self.step
        time.sleep(600)
        raise AssertionError


@dataclass(frozen=True)
class Stops(Method):
    """Stands still, and its own alarms with it."""

    def _fit(self, trajectories: Trajectories) -> Model:
        os.kill(os.getpid(), signal.SIGSTOP)
        raise AssertionError


@dataclass(frozen=True)
class OpensFiles(Good):
    """Never closes them."""

    count: int = 300

    def _fit(self, trajectories: Trajectories) -> Model:
        for _ in range(self.count):
            os.dup(0 if os.isatty(0) else os.open(os.devnull, os.O_RDONLY))
        return super()._fit(trajectories)


@dataclass(frozen=True)
class ClearsTheFolder(Good):
    """Takes away the folder in which workers keep their notes."""

    folder: str = ""

    def _fit(self, trajectories: Trajectories) -> Model:
        shutil.rmtree(self.folder)
        return super()._fit(trajectories)
