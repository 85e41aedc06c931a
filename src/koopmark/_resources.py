"""Locations of the shipped suites and recipes."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]
_IN_CHECKOUT = {"suites": _CHECKOUT / "bench" / "suites", "datasets": _CHECKOUT / "datasets"}


def shipped(kind: str) -> Path:
    """The folder of shipped `suites` or `datasets`, in the checkout or in the wheel."""
    in_wheel = _PACKAGE / "_data" / kind
    return in_wheel if in_wheel.is_dir() else _IN_CHECKOUT[kind]


def checkout() -> Path | None:
    """Root of the checkout that this package is imported from; None if it is installed."""
    in_wheel = (_PACKAGE / "_data").is_dir()
    return _CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() and not in_wheel else None
