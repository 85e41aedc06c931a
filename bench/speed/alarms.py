"""How often the alarms of `make regress` ring for nothing, and what they notice.

Compares unchanged source with itself, source with injected slowdowns, and checks the accuracy of
source with injected errors; takes an hour or two with the default numbers.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from injections import LOSSES, Injection, slowdowns
from regress import compare
from slowdown import Slowdown
from sources import ROOT, committed

NEIGHBOUR = """
import random, time
import numpy as np
x = np.random.default_rng().random((2000, 2000))
while True:
    end = time.time() + random.uniform(0, 2)
    while time.time() < end:
        x[:300] @ x, x.copy()
    time.sleep(random.uniform(0, 1))
"""
"""Works and rests by chance, with large products and copies that clear everyone's caches."""


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Other work on this machine."""
    command = [sys.executable, "-c", NEIGHBOUR]
    started = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


@contextmanager
def copies(commit: str, injections: Sequence[Injection] = ()) -> Iterator[tuple[Path, Path]]:
    """Two copies of `src`, the first with something injected."""
    with tempfile.TemporaryDirectory() as folder:
        head, base = (committed(commit, Path(folder) / name) for name in ("head", "base"))
        for injection in injections:
            injection.into(head)
        yield head, base


@dataclass
class Tally:
    """What has been seen so far."""

    same: int = 0
    suspected: int = 0
    alarms: int = 0
    slow: Counter[str] = field(default_factory=Counter)
    noticed: Counter[str] = field(default_factory=Counter)

    def unchanged(self, commit: str) -> None:
        """One comparison of a source with itself."""
        with copies(commit) as (head, base):
            slower, found, report = compare(head, base)
        self.same += 1
        self.suspected += slower or "slower at first" in report
        self.alarms += slower
        self._say("unchanged", slower, found)

    def slowed(self, commit: str, injections: Sequence[Injection]) -> None:
        """One comparison of a source with one that has injections."""
        with copies(commit, injections) as (head, base):
            slower, found, _ = compare(head, base)
        kernels = {it.kernel: it for it in found}
        for injection in injections:
            self.slow[injection.name] += 1
            self.noticed[injection.name] += slower and kernels[injection.name].suspect
        self._say(f"slowed: {', '.join(it.name for it in injections)}", slower, found)

    def _say(self, what: str, slower: bool, found: list[Slowdown]) -> None:
        factors = ", ".join(f"{it.kernel} {it.middle:.3f} (least {it.low:.3f})" for it in found)
        print(f"{what}: {'ALARM' if slower else 'quiet'}; {factors}", flush=True)

    def __str__(self) -> str:
        lines = [
            f"unchanged: {self.alarms} alarms in {self.same} runs, {self.suspected} measured twice"
        ]
        lines += [
            f"{name} slowed: {self.noticed[name]} of {runs}" for name, runs in self.slow.items()
        ]
        return "\n".join(lines)


def speed(commit: str, factor: float, same: int, slow: int) -> Tally:
    """Both kinds of comparison in turns, so that what slows the machine hits them alike."""
    first, *others = slowdowns(factor)
    tally = Tally()
    for run in range(max(same, 2 * slow)):
        if run < same:
            tally.unchanged(commit)
        if run < 2 * slow:
            # Those that do not hit each other's kernels go together.
            tally.slowed(commit, [first] if run % 2 else others)
        print(tally, flush=True)
    return tally


def worse(commit: str) -> None:
    """Exit codes of `koopmark check` for a smoke run of source with injected errors."""
    for injection in [None, *LOSSES]:
        with (
            copies(commit, [injection] if injection else []) as (head, _),
            tempfile.TemporaryDirectory() as cache,
        ):
            run = Path(cache) / "run"
            for folder in ("bench/suites", "datasets"):
                to = head.parent / folder
                to.parent.mkdir(exist_ok=True)
                to.symlink_to(ROOT / folder)
            koopmark = [sys.executable, "-m", "koopmark"]
            settings = {**os.environ, "PYTHONPATH": str(head)}
            quiet = {"env": settings, "capture_output": True, "text": True}
            subprocess.run([*koopmark, "run", "smoke", "--out", str(run)], check=True, **quiet)
            check = ["check", str(run), "--against", str(ROOT / "reports" / "baseline")]
            done = subprocess.run([*koopmark, *check], **quiet)
        counts = next(line for line in done.stdout.splitlines() if "compared" in line)
        name = injection.name if injection else "nothing injected"
        print(f"{name}: exit code {done.returncode}: {counts}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commit", default="HEAD", help="the source to use")
    parser.add_argument("--same", type=int, default=20, help="runs of unchanged source")
    parser.add_argument("--slow", type=int, default=10, help="runs of each slowed kernel")
    parser.add_argument("--factor", type=float, default=1.3, help="how much slower")
    parser.add_argument("--neighbours", type=int, default=2, help="busy processes meanwhile")
    parser.add_argument("--no-accuracy", action="store_true", help="speed alone")
    asked = parser.parse_args()
    if not asked.no_accuracy:
        worse(asked.commit)
    with neighbours(asked.neighbours):
        speed(asked.commit, asked.factor, asked.same, asked.slow)


if __name__ == "__main__":
    main()
