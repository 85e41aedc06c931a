"""Provenance of a run: versions, machine, commit and configuration."""

import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from threadpoolctl import threadpool_info

from koopmark._keys import digest
from koopmark._plugins import short
from koopmark._resources import checkout
from koopmark._version import __version__
from koopmark.plan._cells import Cell, summary
from koopmark.plan._suite import Suite

ALWAYS = ("numpy", "scipy", "pandas", "scikit-learn", "threadpoolctl")
"""Libraries whose versions a run's numbers may depend on, beside the methods' own."""


def provenance(suite: Suite, cells: Sequence[Cell], jobs: int) -> dict[str, Any]:
    """Everything known before a run starts, as JSON-compatible values."""
    recipes = {cell.dataset: cell.recipe for cell in cells}
    used = {cell.method.tags.library for cell in cells} - {"koopmark"}
    # Read once for both, which takes a millisecond each.
    installed = [distribution.metadata for distribution in distributions()]
    program = Path(sys.argv[0]).stem.replace("__main__", "koopmark")
    configuration = suite.model_dump(mode="json", exclude={"path"})
    configuration_digest = digest(configuration)
    for method in configuration["methods"]:
        # Without this machine's folders.
        method["use"] = short(method["use"])
    return {
        "suite": suite.name,
        "suite_argument": suite.argument,
        "title": suite.title,
        "question": suite.question,
        "configuration_digest": configuration_digest,
        "configuration": configuration,
        "recipes": {name: recipe.depends_on() for name, recipe in recipes.items()},
        "datasets": list(recipes),
        "methods": summary(list(cells)),
        "seeds": sorted({cell.seed for cell in cells}),
        "limits": suite.limits.model_dump(),
        "command": shlex.join([program, *sys.argv[1:]]),
        "jobs": jobs,
        "threads_per_fit": 1,
        "koopmark": __version__,
        "git": _git(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in sorted({*ALWAYS, *used})},
        # Everything: a library's results depend on what it builds on. A broken one has no name.
        "packages": dict(sorted((one["Name"], one["Version"]) for one in installed if one["Name"])),
        "platform": platform.platform(),
        "cpu": {"model": cpu(), "cores": psutil.cpu_count()},
        "memory_mb": round(psutil.virtual_memory().total / 1e6),
        **kernels(),
    }


def now() -> str:
    """The time in UTC to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _git() -> dict[str, Any] | None:
    """Commit of the checkout, whether files differ from it, and a digest of how they do.

    None outside of a checkout.
    """
    root = checkout()
    if root is None:
        return None
    try:
        commit = _output(root, "rev-parse", "HEAD")
        changed = _output(root, "status", "--porcelain")
        changes = digest([changed, _output(root, "diff", "HEAD")]) if changed else None
        return {"commit": commit, "dirty": bool(changed), "changes_digest": changes}
    except (OSError, subprocess.SubprocessError):
        return None


def _output(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()


def cpu() -> str:
    """Model of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def kernels() -> dict[str, Any]:
    """What determines the rounding here; equal values mean equal numbers, bit for bit.

    `blas` lists the libraries that NumPy and SciPy loaded, without their paths, each with the
    `architecture` of its kernels. `simd` lists the instruction sets of NumPy's loops.
    """
    import scipy.linalg  # noqa: F401 loads the library that is asked about

    kept = ("internal_api", "version", "architecture", "threading_layer")
    loaded = (info for info in threadpool_info() if info["user_api"] == "blas")
    blas = [{key: info.get(key) for key in kept} for info in loaded]
    found = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return {"blas": blas, "simd": [*found.get("baseline", []), *found.get("found", [])]}


def in_words(kernels: Mapping[str, Any]) -> str:
    """The entries `blas` and `simd` of `kernels()` or a provenance as text; empty without them."""
    chosen = (f"{one['internal_api']} {one['architecture']}" for one in kernels.get("blas", []))
    loops = kernels.get("simd", [])
    return ", ".join([*dict.fromkeys(chosen), *(f"NumPy {one}" for one in loops[-1:])])
