"""A suite file: which datasets, which methods, how many seeds, and what one fit may cost."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from koopmark import _resources
from koopmark._config import Section, load
from koopmark._errors import ConfigError

Name = Annotated[str, Field(min_length=1)]


class Limits(Section):
    """What one fit may cost before it is ended; how it ended is its result."""

    seconds: float = Field(default=60.0, gt=0)
    """Wall-clock time of the fit alone."""
    memory_mb: float = Field(default=4000.0, gt=0)
    """Memory of the fit beyond what its data and libraries already hold."""


class MethodEntry(Section):
    """One method of a suite."""

    use: Name
    """Its name in `koopmark list methods`."""
    name: Name | None = None
    """What the tables call it; made of `use` and the options where not given."""
    options: dict[str, Any] = Field(default_factory=dict)
    datasets: tuple[Name, ...] | None = None
    """The datasets it runs on, a part of the suite's; all of them where not given."""

    @property
    def label(self) -> str:
        """Such as `reference.qr_edmd[monomials, degree=2]`."""
        if self.name is not None:
            return self.name
        return f"{self.use}[{', '.join(_words(self.options))}]" if self.options else self.use


class SuiteFile(Section):
    """The content of a suite file."""

    title: Name
    question: Name
    datasets: tuple[Name, ...] = Field(min_length=1)
    seeds: int = Field(default=3, ge=1)
    limits: Limits = Limits()
    methods: tuple[MethodEntry, ...] = Field(min_length=1)


class Suite(SuiteFile):
    """A suite: the content of its file, its name and where it was read from."""

    name: Name
    path: Path


def names() -> list[str]:
    """Names of the suites that ship with koopmark."""
    return sorted(path.stem for path in _resources.shipped("suites").glob("*.toml"))


def load_suite(name_or_path: str | Path) -> Suite:
    """Read a suite by its shipped name, or from a path ending in .toml.

    Raises
    ------
    ConfigError
        Naming the file, the key and what is allowed.
    """
    path = _find(str(name_or_path))
    content = load(path, SuiteFile)
    return Suite(name=path.stem, path=path, **dict(content))


def _find(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".toml" or len(path.parts) > 1:
        if not path.is_file():
            raise ConfigError(f"{path}: no such suite file")
        return path
    known = names()
    if name_or_path not in known:
        close = get_close_matches(name_or_path, known, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ConfigError(
            f"unknown suite {name_or_path!r}: {hint}the shipped suites are {', '.join(known)}, "
            f"and the path of a suite file ends in .toml"
        )
    return _resources.shipped("suites") / f"{name_or_path}.toml"


def _words(options: dict[str, Any]) -> list[str]:
    """Options as short words: a table's `kind` stands for the table, its keys follow."""
    words: list[str] = []
    for key, value in options.items():
        if isinstance(value, dict):
            words += [str(value["kind"])] if "kind" in value else []
            words += _words({k: v for k, v in value.items() if k != "kind"})
        else:
            words.append(f"{key}={value}")
    return words
