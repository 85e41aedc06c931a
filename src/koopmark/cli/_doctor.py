"""The command that looks at the installation: doctor."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import typer

import koopmark
from koopmark._errors import named
from koopmark.cli._app import INSTALLATION, command, say

CORE = ("numpy", "scipy", "pandas", "scikit-learn", "pydantic", "threadpoolctl", "typer")
"""What koopmark cannot do without."""

EXTRAS = {
    "matplotlib": ("koopmark figure and koopmark.plot", 'pip install "matplotlib>=3.8"'),
    "h5py": ("HDF5 and MATLAB 7.3 files", 'pip install "h5py>=3.10"'),
    "xarray": ("xarray and .nc files", 'pip install "xarray>=2024.7" "h5netcdf>=1.3"'),
    "pyarrow": (".parquet files", 'pip install "pyarrow>=17"'),
    "ruptures": ("change points in koopmark history", 'pip install "ruptures>=1.1.9"'),
    "distributed": ("koopmark run --scheduler", 'pip install "distributed>=2025.1"'),
}
"""Packages that single features need: what for, and how to install them."""

TOLERANCE = 1e-9
"""Largest error of an eigenvalue in the self-check, which rounding stays far below."""

COPIES = 8
"""Multiplicity of λ = -1 of a network of 10 units and rank 2."""


@command(INSTALLATION, "doctor")
def doctor() -> None:
    """Check this installation and say what is missing.

    It lists versions, libraries, BLAS, cores, memory and the cache, and fits a small network whose
    eigenvalue is known. The exit code is 1 if koopmark itself does not work; a missing library is
    not an error.
    """
    import platform

    say(f"koopmark {koopmark.__version__} in {Path(koopmark.__file__).parent}")
    say(f"Python {platform.python_version()} at {sys.executable} on {platform.platform()}")
    missing = _core()
    said = _part("Libraries", _libraries) if not missing else []
    said += _part("Optional packages", _extras)
    _part("Machine", _machine)
    if missing:
        say(f"\nNot checked: install {', '.join(missing)} first", err=True)
        raise typer.Exit(1)
    if not _works():
        raise typer.Exit(1)
    if not any(" missing" in line or "not installed" in line for line in said):
        say("\nNothing is missing.")


def _version(distribution: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _line(name: str, said: str) -> str:
    return f"  {name:<14}{said}"


def _part(title: str, lines: Callable[[], list[str]]) -> list[str]:
    """Says a heading and what is below it, or the fault of the part; returns these lines."""
    say(f"\n{title}")
    try:
        found = lines()
    except Exception as error:  # noqa: BLE001 a doctor reports what fails, whatever it is
        # What cannot be checked may be missing.
        found = [f"  cannot be checked, may be missing: {named(error)}"]
    for line in found:
        say(line)
    return found


def _core() -> list[str]:
    """Says the versions of what koopmark needs; returns what is not there."""
    versions = {name: _version(name) for name in CORE}
    say("\nCore packages")
    for name, version in versions.items():
        say(_line(name, version or f'missing: pip install "{name}"'))
    return [name for name, version in versions.items() if not version]


def _libraries() -> list[str]:
    """A line for each library whose methods are compared."""
    from koopmark import methods

    lines = {}
    for name in methods.names():
        method = methods.get(name)
        library = method.tags.library
        if library == "koopmark":
            continue
        missing, version = methods.availability(method), methods.library_version(method)
        said = missing.partition(": ")[2] if missing else ""
        found = f"missing: {said}" if missing else version
        # What a single method needs may be missing although the library is there.
        if version and missing:
            found = f"{version}, but {missing}"
        if library not in lines or missing:
            lines[library] = found
    return [_line(name, found) for name, found in lines.items()]


def _extras() -> list[str]:
    lines = []
    for name, (purpose, install) in EXTRAS.items():
        version = _version(name)
        lines.append(_line(name, version or f"missing, for {purpose}: {install}"))
    return lines


def _machine() -> list[str]:
    import psutil
    import scipy.linalg  # noqa: F401  loads the BLAS that is asked about
    from threadpoolctl import threadpool_info

    from koopmark.datasets.cache import default_folder
    from koopmark.plan.provenance import cpu
    from koopmark.workers import cores

    memory = psutil.virtual_memory()
    lines = [
        _line("processor", cpu()),
        _line("cores", f"{cores()} for koopmark, {os.cpu_count()} in all"),
        _line("memory", f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"),
    ]
    files = {Path(one["filepath"]).resolve(): one for one in threadpool_info()}
    for one in files.values():
        if one["user_api"] == "blas":
            version = f"{one['internal_api']} {one['version']}"
            kernel = one.get("architecture") or "unknown"
            threads = f"{one['num_threads']} thread{'s' * (one['num_threads'] != 1)}"
            where = Path(one["filepath"]).parent.name
            said = f"{version}, kernel {kernel}, {threads} (fits use 1), in {where}"
            lines.append(_line("BLAS", said))
    folder = default_folder()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return [*lines, _line("cache", f"{folder}, {size / 1e6:.0f} MB")]


def _works() -> bool:
    """Simulate a small network, fit it, and compare with the eigenvalue that is known exactly."""
    say("\nSelf-check")
    begun = time.perf_counter()
    try:
        import numpy as np

        from koopmark import fit, simulate, systems

        system = systems.random_rnn(10, 2, 0.9)
        states = np.random.default_rng(0).normal(size=(20, 10))
        train = simulate(system, states, np.linspace(0.0, 2.0, 21))
        found = fit("koopmark.qr_edmd", train, degree=1).eigenvalues
        off = float(np.sort(np.abs(found + 1.0))[COPIES - 1])
    except Exception as error:  # noqa: BLE001 whatever fails, the installation is not in order
        say(f"  failed: {named(error)}")
        return False
    took = time.perf_counter() - begun
    good = off < TOLERANCE
    say(
        f"  {'passed' if good else 'failed'}: λ = -1 (x{COPIES}) of a network of 10 units was "
        f"recovered with an error of {off:.1e}, in {took:.1f} s"
    )
    return good
