"""Suite files: datasets, methods, seeds and limits."""

import os.path
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from koopmark import _resources, datasets, methods
from koopmark._config import Section, load, mistakes, parse, shortened, shown
from koopmark._errors import ConfigError, suggest
from koopmark._plugins import absolute, foreign, names_code, short
from koopmark.datasets import RecordingSection
from koopmark.datasets.recording import is_recording
from koopmark.methods.dictionaries import AnyDictionary
from koopmark.methods.plugins import METHOD


def _printable(name: str) -> str:
    """Names stand in tables, on terminals and in lines of text."""
    if not name.isprintable():
        raise ValueError(f"{shortened(repr(name))} has characters that cannot be printed")
    return name


Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_printable)]


class Limits(Section):
    """Limits on the time and memory of one fit."""

    seconds: float = Field(default=60.0, gt=0, le=1e6)
    """Wall-clock time of the fit only."""
    memory_mb: float = Field(default=4000.0, gt=0, le=1e9)
    """Memory of the fit beyond what its data and libraries already hold."""


class MethodEntry(Section):
    """A method of a suite; in the file, a name alone is short for `{ use = "..." }`."""

    use: Name
    """A name in `koopmark list methods`, or `path/to/file.py:Class`, `package.module:Class`."""
    name: Name | None = None
    """Name in the tables; by default made of `use` and the options."""
    options: dict[str, Any] = Field(default_factory=dict)
    datasets: tuple[Name, ...] | None = None
    """Datasets of the suite that it runs on, by default all; the dataset or title of a sweep
    selects all of its levels."""

    without: tuple[Name, ...] = ()
    """Datasets that it does not run on, named in the same way."""

    _key: str = PrivateAttr("")
    """The option of the command line that asks for it; nothing if the suite's file does."""

    @model_validator(mode="before")
    @classmethod
    def _a_name_alone(cls, entry: Any) -> Any:
        return {"use": entry} if isinstance(entry, str) else entry

    def runs_on(self, names: Collection[str]) -> bool:
        """Whether it runs on a dataset with these names."""
        wanted = self.datasets is None or not set(self.datasets).isdisjoint(names)
        return wanted and set(self.without).isdisjoint(names)

    @property
    def label(self) -> str:
        """Name in the tables, such as `koopmark.qr_edmd[degree=2]`."""
        if self.name is not None:
            return self.name
        name = short(self.use)
        return f"{name}[{', '.join(_words(self.options))}]" if self.options else name

    def with_dictionary(self, said: dict[str, Any], options: dict[str, Any]) -> "MethodEntry":
        """The entry with a dictionary of the suite, set by these options."""
        told = {} if self.name is not None else self.options
        words = ", ".join(_words({**told, "dictionary": said}))
        label = f"{self.name or short(self.use)}[{words}]"
        return self.model_copy(update={"name": label, "options": {**self.options, **options}})


class SweepEntry(Section):
    """A sweep: a recipe at several values of one key, or of several keys together."""

    dataset: Name
    """The recipe that is varied."""
    vary: tuple[Name, ...] = Field(min_length=1)
    """Dotted keys of the recipe, such as `sampling.noise`; one key may stand alone."""
    values: tuple[Any, ...] = Field(min_length=1)
    """The levels, in the order of the plots: a value, or with several keys a list with one for
    each."""
    title: Name | None = None
    """Name in the tables; by default made of the recipe and the keys."""
    name: Name | None = None
    """Start of the names of its datasets; by default the recipe's name."""
    set: dict[Name, Any] = Field(default_factory=dict)
    """Other keys of the recipe, with values for every level."""

    @field_validator("vary", mode="before")
    @classmethod
    def _one_key_alone(cls, keys: Any) -> Any:
        return (keys,) if isinstance(keys, str) else keys

    @model_validator(mode="after")
    def _a_value_for_every_key(self) -> "SweepEntry":
        for value in self.values:
            if len(self.vary) > 1 and not (
                isinstance(value, tuple) and len(value) == len(self.vary)
            ):
                raise ValueError(
                    f"values holds {shown(value)}: it must be a list of {len(self.vary)} values, "
                    f"one for each of {', '.join(self.vary)}"
                )
        if twice := [key for key in self.vary if key in self.set]:
            raise ValueError(f"{twice[0]} is both varied and set: choose one of the two")
        return self


class Given(Section):
    """A dictionary of a suite, with the options that a method would take."""

    dictionary: AnyDictionary


class SuiteFile(Section):
    """Contents of a suite file."""

    title: Text
    question: Text
    datasets: tuple[Name, ...] = ()
    """Recipes by name or path, and files of trajectories."""
    recordings: tuple[RecordingSection, ...] = ()
    """Files of trajectories with options."""
    sweeps: tuple[SweepEntry, ...] = ()
    max_degree: int | None = Field(default=None, ge=1, le=20)
    """Largest degree of the targets, which overrides the recipes unless a sweep varies or sets
    it."""
    seeds: int = Field(default=3, ge=1, le=100_000)
    limits: Limits = Limits()
    budget: float | None = Field(default=None, gt=0, le=1e7)
    """Seconds that a run should take on two cores, from the command to the page."""
    dictionaries: tuple[dict[str, Any], ...] = ()
    """Dictionaries for every method that takes one; each dictionary gives a row."""
    max_functions: int | None = Field(default=None, ge=1)
    """On each dataset, `dictionaries` with more functions than this are left out."""
    defaults: bool = False
    """Whether each method also runs with its library's default options."""
    unequal: Text | None = None
    """Why some methods have dictionaries that others could take but do not have."""
    methods: tuple[MethodEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _dictionaries_exist(self) -> "SuiteFile":
        for index, table in enumerate(self.dictionaries):
            try:
                Given(dictionary=table)  # type: ignore[arg-type]
            except ValidationError as error:
                raise ValueError(f"dictionaries.{index}: {mistakes(error, Given)}") from None
        return self

    @model_validator(mode="after")
    def _some_data(self) -> "SuiteFile":
        if not (self.datasets or self.recordings or self.sweeps):
            raise ValueError(
                "there are no data: datasets, recordings or sweeps must hold at least 1 item"
            )
        return self


class Suite(SuiteFile):
    """A suite: contents, name and path of its file."""

    name: Name
    path: Path

    @property
    def argument(self) -> str:
        """The argument that `koopmark run` takes for it: its name if shipped, else its path."""
        is_shipped = self.path.parent == _resources.shipped("suites")
        return self.name if is_shipped else str(self.path)


def names() -> list[str]:
    """Names of the shipped suites."""
    return sorted(path.stem for path in _resources.shipped("suites").glob("*.toml"))


def load_suite(name_or_path: str | Path) -> Suite:
    """Read a shipped suite by its name, or a suite file by its path (.toml).

    Raises
    ------
    ConfigError
        If the file has a mistake; the message names the file, the key and what is allowed.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" or len(path.parts) > 1:
        # Unlike its namesake of Path this takes names of any length.
        if not os.path.isfile(path):
            raise ConfigError(f"{shortened(str(path), 200)}: no such suite file")
    elif str(path) in names():
        path = _resources.shipped("suites") / f"{path}.toml"
    else:
        raise ConfigError(
            f"unknown suite {shortened(str(name_or_path))!r}: {suggest(name_or_path, names())}"
            f"the shipped suites are {', '.join(names())}, and the path of a suite file ends in "
            f".toml"
        )
    if not path.stem.strip(".") or not path.stem.isprintable():
        # The run folder is called after it.
        raise ConfigError(f"{str(path)!r}: a suite must have a name that can be printed")
    content = load(path, SuiteFile)
    return Suite(name=path.stem, path=path, **dict(content))


def with_methods(suite: Suite, uses: list[str]) -> Suite:
    """The suite with additional methods, which run on all of its datasets.

    Parameters
    ----------
    suite : Suite
    uses : list of str
        Methods as in `MethodEntry.use`; files are relative to the current folder. Methods that the
        suite already has with default options are not repeated.
    """
    there = {entry.use for entry in suite.methods if not entry.options}
    added = [
        parse({"use": absolute(use, Path())}, MethodEntry, "--method")
        for use in dict.fromkeys(uses)
        if use not in there
    ]
    for entry in added:
        entry._key = "--method"
    return suite.model_copy(update={"methods": (*suite.methods, *added)})


def foreign_code(suite: Suite) -> list[str]:
    """The code outside koopmark that the suite would run; nothing is imported.

    A line for each: `/path/to/file.py:Class`, `package.module:Class`, or the class behind the name
    of an entry point.
    """
    folder = suite.path.parent
    found = [
        foreign(entry.use, METHOD.group, folder)
        for entry in suite.methods
        if entry.use not in methods.names() and names_code(entry.use, METHOD.group)
    ]
    recipes = [name for name in suite.datasets if not is_recording(name)]
    named = dict.fromkeys([*recipes, *(sweep.dataset for sweep in suite.sweeps)])
    found += [code for name in named for code in datasets.foreign_code(name, folder)]
    return list(dict.fromkeys(found))


def _words(options: dict[str, Any]) -> list[str]:
    """Options as short words: a table's `kind` stands for the table, its keys follow.

    Monomials are said by their degree alone.
    """
    words: list[str] = []
    for key, value in options.items():
        if isinstance(value, dict):
            plain = value.get("kind") == "monomials" and "degree" in value
            words += [str(value["kind"])] if "kind" in value and not plain else []
            words += _words({k: v for k, v in value.items() if k != "kind"})
        else:
            words.append(f"{key}={value}")
    return words
