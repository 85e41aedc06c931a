"""Do the numbers hold on other processors? `make test-kernels`.

See docs/explanation/regressions.md.

OpenBLAS has kernels for each generation of x86 processors, NumPy has loops, and each rounds in its
own way. Under those of each generation that this machine can run beside its own: a numerical test
of each kind, then the smoke suite against the committed baseline. With TESTS=all in the environment
the tests are all fast ones of the folders that touch numbers. Exit code 1 if one fails.
"""

import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

# NumPy says nowhere else what the processor has and what NPY_DISABLE_CPU_FEATURES may name.
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from koopmark.plan import provenance

ROOT = Path(__file__).parents[2]
NO_NUMBERS = {
    "plan",
    "store",
    "workers",
    "cluster",
    "run",
    "analysis",
    "regression",
    "pages",
    "cli",
}
"""Packages that compute nothing that BLAS rounds."""
FOLDERS = sorted(
    path.parent.name
    for path in ROOT.glob("src/koopmark/*/__init__.py")
    if path.parent.name not in NO_NUMBERS
)
"""Of tests/: those that touch numbers, with whatever package is new."""
ONLY_WORDS = (
    "tests/export/test_citation.py",
    "tests/methods/adapters/test_coverage.py",
    "tests/methods/adapters/test_defaults.py",
    "tests/methods/test_papers.py",
    "tests/methods/test_plugins.py",
    "tests/methods/test_registry.py",
    "tests/systems/test_registry.py",
    "tests/truth/test_symbolic_proofs.py",
)
"""Of these folders: names, options, texts and symbols, which no kernel touches."""
SAMPLE = (
    "tests/datasets/test_answer_key.py",
    "tests/methods/own/test_factor.py",
    "tests/methods/test_contract.py",
    "tests/scoring/test_games.py",
    "tests/simulation/test_simulate.py",
    "tests/spectrum/test_fixed_points.py",
    "tests/systems/low_rank/test_network.py",
    "tests/truth/test_eigenspace.py",
)
"""One of each kind of numerical promise: answer keys, factors, what every method keeps, scores,
trajectories, fixed points, right-hand sides, exact eigenfunctions."""
LOOPS = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
"""Of NumPy, for processors that have more than the oldest, as far as this one does."""
AVX512 = [name for name in LOOPS if name == "X86_V4" or name.startswith("AVX512")]


class Kernels(NamedTuple):
    """A choice of kernels, the environment that makes it, and what the processor must have."""

    name: str
    environment: dict[str, str]
    needs: tuple[str, ...]


def of_generation(name: str, without: list[str], needs: tuple[str, ...]) -> Kernels:
    """What a generation of processors takes: OpenBLAS's kernels for it, and no loops above it."""
    environment = {"OPENBLAS_CORETYPE": name}
    if without:
        environment["NPY_DISABLE_CPU_FEATURES"] = " ".join(without)
    return Kernels(name, environment, needs)


CHOICES = (
    of_generation("SkylakeX", [], ("AVX512F", "AVX512VL", "AVX512DQ")),
    of_generation("Haswell", AVX512, ("AVX2", "FMA3")),
    of_generation("Nehalem", LOOPS, ("SSE42",)),
)


def why_not(kernels: Kernels) -> str:
    """Why these kernels cannot be tried here; empty where they can."""
    missing = [name for name in kernels.needs if not __cpu_features__.get(name)]
    if missing:
        return f"this processor ({platform.machine()}) has no {missing[0]}"
    code = "from koopmark.plan import provenance as p; print(p.in_words(p.kernels()))"
    taken = run(kernels, [sys.executable, "-c", code], stdout=subprocess.PIPE).stdout.strip()
    wanted = f"openblas {kernels.environment['OPENBLAS_CORETYPE']}, "
    if not taken.startswith(wanted):
        return f"the kernels here are {taken or 'not known'}"
    return "these are this machine's own, as in `make test`" if taken == own() else ""


def own() -> str:
    """The kernels of this machine, if nobody chooses others."""
    return provenance.in_words(provenance.kernels())


def run(kernels: Kernels, command: list[str], **options) -> subprocess.CompletedProcess:
    environment = os.environ | kernels.environment
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, check=False, **options)


def tests() -> list[str]:
    """What pytest is given."""
    if os.environ.get("TESTS") != "all":
        return ["-m", "not slow and not nightly", *SAMPLE]
    folders = [f"tests/{folder}" for folder in FOLDERS]
    return ["-m", "not slow", *folders, *(f"--ignore={file}" for file in ONLY_WORDS)]


def failures(kernels: Kernels) -> list[str]:
    """Try everything under these kernels; the commands that failed, as a shell takes them."""
    out = "reports/smoke-kernels"
    commands = (
        ["pytest", "-q", "-n", "auto", "--dist", "worksteal", *tests()],
        ["koopmark", "run", "smoke", "--fresh", "--out", out],
        ["koopmark", "check", out, "--against", "reports/baseline"],
    )
    settings = [f"{name}={value}" for name, value in kernels.environment.items()]
    return [
        shlex.join(["env", *settings, sys.executable, "-m", *command])
        for command in commands
        if run(kernels, [sys.executable, "-m", *command]).returncode != 0
    ]


def main() -> int:
    said, failed = [], []
    for kernels in CHOICES:
        reason = why_not(kernels)
        if reason:
            said.append(f"{kernels.name}: skipped, {reason}")
            continue
        print(f"\n== {kernels.name}", flush=True)
        begun = time.perf_counter()
        bad = failures(kernels)
        verdict = "FAILED" if bad else "passed"
        said.append(f"{kernels.name}: {verdict} in {time.perf_counter() - begun:.0f} s")
        failed += bad
    print("\n" + "\n".join(said))
    for command in failed:
        print(f"Again with: {command}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
