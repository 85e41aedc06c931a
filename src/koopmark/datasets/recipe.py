"""A dataset's recipe: everything its trajectories depend on, in one TOML file."""

import re
from math import comb, pi
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt, model_validator

from koopmark._config import Section, load, shortened
from koopmark._errors import ConfigError, suggest
from koopmark._resources import shipped
from koopmark.datasets.regime import RegimeSection, in_words
from koopmark.datasets.sampling_section import InitialStatesSection, SamplingSection
from koopmark.datasets.system_section import SystemSection

MAX_VALUES, MAX_WEIGHTS, MAX_TARGETS, MAX_PRODUCTS = 10**10, 10**8, 1000, 10**5
"""What a recipe may ask for: more would not end in a result, but in what takes a machine down."""

ROUNDING = 1e-9
"""Relative, of a frequency times dt that is just π."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class TruthSection(Section):
    """The `[truth]` section: which eigenspaces are targets."""

    principal: bool = False
    """Whether all of the lattice down to -max_degree is, beyond the eigenspaces in closed form."""


class Contents(Section):
    """What a recipe file holds."""

    title: str
    description: str
    citation: str
    seeds: PositiveInt = 3
    max_degree: int = Field(default=1, ge=1, le=20)
    system: SystemSection
    initial_states: InitialStatesSection
    sampling: SamplingSection
    regime: RegimeSection | None = None
    truth: TruthSection = TruthSection()

    @model_validator(mode="after")
    def _can_be_made(self) -> "Contents":
        n, rank = getattr(self.system, "n", 3), getattr(self.system, "rank", 1)
        chosen = getattr(self.system, "chosen", 1)
        if self.initial_states.kind == "polar" and n % 2:
            raise ValueError(f"initial_states: polar needs an even number of variables, not {n}")
        many = self.sampling.trajectories + self.sampling.test_trajectories
        values = many * (self.sampling.steps + 1) * n
        if values > MAX_VALUES:
            raise ValueError(
                f"sampling: all trajectories together are {values:.2g} numbers, of which there "
                f"may be {MAX_VALUES:.0e}"
            )
        if n * rank > MAX_WEIGHTS:
            raise ValueError(
                f"system: n times rank is {n * rank:.2g}, which may be at most {MAX_WEIGHTS:.0e}"
            )
        if chosen > n or comb(chosen + self.max_degree, self.max_degree) > MAX_TARGETS:
            raise ValueError(
                f"system.chosen = {chosen} and max_degree = {self.max_degree} make more than "
                f"{MAX_TARGETS} targets, or more than there are units"
            )
        fastest = self.max_degree * self.system.highest_frequency
        if fastest * self.sampling.dt > pi * (1.0 + ROUNDING):
            raise ValueError(
                f"sampling: with dt {self.sampling.dt:g} the eigenvalues up to max_degree "
                f"{self.max_degree}, with |Im λ| up to {fastest:.4g}, cannot be told from slower "
                f"ones: dt must be at most π / {fastest:.4g} = {pi / fastest:.4g}"
            )
        functions = getattr(self.system, "functions", 1)
        if comb(functions + self.max_degree, self.max_degree) > MAX_PRODUCTS:
            raise ValueError(
                f"max_degree = {self.max_degree} of {functions} eigenfunctions makes more than "
                f"{MAX_PRODUCTS:.0e} products"
            )
        self.system.check_targets(self.max_degree)
        return self


class Recipe(Contents):
    """A recipe with the name of its file. Equal recipes and seeds give equal trajectories."""

    name: str

    @property
    def in_the_long_run(self) -> str:
        """The regimes of its systems, in words."""
        return in_words(self.regime)

    def depends_on(self) -> dict[str, Any]:
        """What the numbers depend on: not the name, the texts or the number of seeds.

        What is absent is left out: a section at its defaults, and a key without a value. A new
        section or an optional key then moves no number of the recipes that do without it.
        """
        unsaid = {"name", "title", "description", "citation", "seeds", "regime"}
        for name, field in type(self).model_fields.items():
            if isinstance(field.default, Section) and getattr(self, name) == field.default:
                unsaid.add(name)
        return self.model_dump(mode="json", exclude=unsaid, exclude_none=True)

    def facts(self, seed: int) -> dict[str, float | int | None]:
        """The columns that describe this dataset in the tables; no rank where nothing has one."""
        system = self.system.build(seed)
        return {
            "n": system.size,
            "rank": system.rank,
            "noise": self.sampling.noise,
            "dt": self.sampling.dt,
            "train_trajectories": self.sampling.trajectories,
            "horizon": self.sampling.horizon,
        }


def names() -> list[str]:
    """Names of the recipes that ship with koopmark."""
    return sorted(path.stem for path in shipped("datasets").glob("*.toml"))


def load_recipe(name_or_path: str | Path, folder: Path | None = None) -> Recipe:
    """The shipped recipe of this name, or the one in this file.

    Parameters
    ----------
    name_or_path : str or Path
        A name from `names()`, or the path of a `.toml` file, taken from `folder` if relative.
    folder : Path, optional
        Where relative paths start; the current folder by default.

    Raises
    ------
    ConfigError
        Where there is no such recipe, or with a sentence for each mistake in it.
    """
    path = _find(str(name_or_path), folder or Path())
    if not NAME.fullmatch(path.stem):
        raise ConfigError(
            f"{shortened(str(path), 200)!r}: a recipe's name has letters, digits, dots, dashes "
            f"and underscores only"
        )
    contents = load(path, Contents)
    return Recipe.model_construct(name=path.stem, **dict(contents))


def _find(name: str, folder: Path) -> Path:
    if name.endswith(".toml"):
        return folder / name
    path = shipped("datasets") / f"{name}.toml"
    if name not in names():
        raise ConfigError(
            f"unknown dataset {shortened(name)!r}: {suggest(name, names())}"
            f"`koopmark list datasets` shows them all, and a recipe's file ends in .toml"
        )
    return path
