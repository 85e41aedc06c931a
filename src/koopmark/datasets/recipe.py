"""Recipes: TOML files with everything that a dataset depends on."""

import re
from collections.abc import Mapping
from math import pi
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from koopmark._config import Section, load, loads, parse, read, shortened
from koopmark._errors import ConfigError, suggest
from koopmark._plugins import foreign, short
from koopmark._resources import shipped
from koopmark._source import file_digest
from koopmark.datasets.conditions import check_conditions
from koopmark.datasets.inputs_section import InputsSection
from koopmark.datasets.observation_section import ObservationSection
from koopmark.datasets.sampling_section import InitialStatesSection, SamplingSection
from koopmark.datasets.trials_section import TrialsSection
from koopmark.systems import Sensors, System
from koopmark.systems.own_sections import AnySystem, is_own
from koopmark.systems.plugins import SYSTEM

MAX_VALUES = 10**10
"""Numbers that a recipe may ask for: more would take a machine down."""
ROUNDING = 1e-9
"""Relative, of a frequency times dt that is just π."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NUMBERS = (
    "system",
    "initial_states",
    "sampling",
    "map",
    "inputs",
    "observation",
    "trials",
    "truth",
    "max_degree",
)
"""The parts of a recipe that its numbers depend on."""

Text = Annotated[str, Field(min_length=1)]


class Reference(Section):
    """An entry of `[[references]]`: a source of the recipe's system."""

    authors: tuple[Text, ...] = Field(min_length=1)
    """`Family, Given`, or the family name only."""
    title: str = ""
    journal: str = ""
    """The journal or the proceedings."""
    volume: str = ""
    pages: str = ""
    publisher: str = ""
    year: int | None = None
    doi: str = ""
    url: str = ""
    note: str = ""
    """Kind of an unpublished source, such as `poster`."""
    use: str = ""
    """What is taken from it, if not the whole system."""

    @property
    def text(self) -> str:
        """The reference in one line: `Rajan and Abbott, Phys. Rev. Lett. 97, 188104 (2006)`."""
        *others, last = (author.partition(",")[0] for author in self.authors)
        names = f"{', '.join(others)} and {last}" if others else last
        place = f"{self.journal} {self.volume}".strip()
        said = ", ".join(filter(None, [names, self.title, place, self.pages, self.publisher]))
        end = self.note or (str(self.year) if self.year is not None else "")
        said += f" ({end})" if end else ""
        return f"{self.use}: {said}" if self.use else said


RegimeKind = Literal[
    "fixed point",
    "multistable",
    "limit cycle",
    "limit cycles",
    "periodic orbit",
    "periodic orbits",
    "mixed",
    "chaotic",
    "transient chaos",
    "continuum",
    "unbounded",
    "stochastic",
    "driven",
]


class RegimeSection(Section):
    """The `[regime]` section: the regime for each seed (`koopmark.spectrum.Regime`).

    `lyapunov_error` is left out if no system is chaotic, since only exponents of chaos are
    averages. For stochastic systems and systems with inputs, attractors and exponents are not
    computed and set to 0. Exponents of maps are per step.
    """

    kind: tuple[RegimeKind, ...]
    attractors: tuple[NonNegativeInt, ...]
    lyapunov: tuple[Annotated[float, Field(ge=-1e6, le=1e6)], ...]
    lyapunov_error: tuple[Annotated[float, Field(ge=0, le=1e6)], ...] | None = None

    @model_validator(mode="after")
    def _one_entry_a_seed(self) -> "RegimeSection":
        given = self.model_dump(exclude_none=True)
        if len({len(entries) for entries in given.values()}) > 1:
            raise ValueError(f"{', '.join(given)} need one entry for each seed")
        return self


class MapSection(Section):
    """The `[map]` section: turns a relaxation network into a map; by default a flow."""

    alpha: float | None = Field(default=None, gt=0, le=10)
    """α, the step over the time constant: x⁺ = (1-α) x + α (W σ(x) + θ + B v). Maps of any α have
    the same weights and initial states."""


class TruthSection(Section):
    """The `[truth]` section: which eigenspaces are targets."""

    principal: bool = False
    """Whether all lattice eigenspaces down to -max_degree are targets, not only those in closed
    form."""


class Contents(Section):
    """Contents of a recipe file."""

    title: str
    description: str
    references: tuple[Reference, ...] = ()
    seeds: PositiveInt = 3
    max_degree: int = Field(default=1, ge=1, le=20)
    system: AnySystem
    initial_states: InitialStatesSection
    sampling: SamplingSection
    map: MapSection = MapSection()
    inputs: InputsSection = InputsSection()
    observation: ObservationSection = ObservationSection()
    trials: TrialsSection = TrialsSection()
    regime: RegimeSection | None = None
    truth: TruthSection = TruthSection()

    @model_validator(mode="after")
    def _can_be_made(self) -> "Contents":
        n = self.system.size
        if self.initial_states.kind == "polar" and n % 2:
            raise ValueError(f"initial_states: polar needs an even number of variables, not {n}")
        many = self.sampling.trajectories + self.sampling.test_trajectories
        values = many * (self.sampling.steps + 1) * (n + self.inputs.channels)
        if values > MAX_VALUES:
            raise ValueError(
                f"sampling: all trajectories together are {values:.2g} numbers, of which there "
                f"may be {MAX_VALUES:.0e}"
            )
        fastest = self.max_degree * self.system.highest_frequency
        # Whether it has a map at all is asked with the other conditions.
        if self.map.alpha is None and fastest * self.sampling.dt > pi * (1.0 + ROUNDING):
            raise ValueError(
                f"sampling: with dt {self.sampling.dt:g} the eigenvalues up to max_degree "
                f"{self.max_degree}, with |Im λ| up to {fastest:.4g}, cannot be told from slower "
                f"ones: dt must be at most π / {fastest:.4g} = {pi / fastest:.4g}"
            )
        self.system.check_targets(self.max_degree)
        check_conditions(self)
        self._as_recorded()
        return self

    def _as_recorded(self) -> None:
        """Refuse trials that are given for other trajectories, channels or inputs."""
        p, given = self.observation.channels(self.system.size), self.trials.given()
        levels = self.sampling.noise
        if isinstance(levels, tuple) and len(levels) != p:
            raise ValueError(
                f"sampling: noise has {len(levels)} numbers: it needs one, or {p}, one for each "
                "channel"
            )
        driven = self.inputs.kind == "given"
        if given is None:
            if driven:
                raise ValueError('inputs: kind = "given" needs a pattern of trials that has them')
            return
        count, length = given.shape
        if count != self.sampling.trajectories:
            raise ValueError(
                f"trials: the pattern is that of {count} trajectories: sampling.trajectories must "
                f"be {count}, and is {self.sampling.trajectories}"
            )
        if given.recorded.shape[2:] not in ((), (p,)):
            raise ValueError(
                f"trials: the pattern is that of {given.recorded.shape[2]} channels, and {p} are "
                "seen"
            )
        had = 0 if given.inputs is None else given.inputs.shape[2]
        if driven and had != self.inputs.channels:
            raise ValueError(
                f"inputs: the pattern has {had} channels of inputs: channels must be {had}"
            )
        if count * length * (self.system.size + self.inputs.channels) > MAX_VALUES:
            raise ValueError(f"trials: {count} trajectories of {length} times are too many")


class Recipe(Contents):
    """A recipe with its file name; equal recipes and seeds give equal trajectories."""

    name: str

    @property
    def size(self) -> int:
        """Number of observed channels."""
        return self.observation.channels(self.system.size)

    @property
    def inputs_recorded(self) -> bool:
        """Whether methods are given the inputs."""
        return self.inputs.recorded

    def build(self, seed: int) -> System:
        """Make the system of this seed, with its inputs."""
        driven = self.inputs.drive(self.system.build(seed), seed)
        return driven if self.map.alpha is None else driven.as_map(self.map.alpha)

    def sensors(self, seed: int) -> Sensors | None:
        """The sensors; None if the full state is observed."""
        return self.observation.sees(self.system.size, seed)

    @property
    def citation(self) -> str:
        """The references as text."""
        text = "; ".join(reference.text for reference in self.references)
        return text[:1].upper() + text[1:] or "No source is given"

    @property
    def in_the_long_run(self) -> str:
        """The regimes of its systems in words: `multistable`, `fixed point or multistable`."""
        kinds = self.regime.kind if self.regime else ("regime not computed",)
        return " or ".join(dict.fromkeys(kinds))

    def depends_on(self) -> dict[str, Any]:
        """Everything that numbers depend on: not the name, the texts or the number of seeds.

        Sections at their defaults and keys without a value are left out, so that new sections and
        optional keys do not change the numbers of existing recipes.
        """
        unsaid = {"name", "title", "description", "references", "seeds", "regime"}
        for name, field in type(self).model_fields.items():
            if isinstance(field.default, Section) and getattr(self, name) == field.default:
                unsaid.add(name)
        said = self.model_dump(mode="json", exclude=unsaid, exclude_none=True)
        # A system's file lies elsewhere on another machine.
        said["system"]["kind"] = short(said["system"]["kind"])
        if self.trials.pattern is not None:
            # So does a pattern, and what counts is what it says.
            said["trials"]["pattern"] = file_digest(Path(self.trials.pattern))
        return said

    def facts(self, seed: int) -> dict[str, float | int | None]:
        """Columns that describe the dataset in tables.

        A column is None if the system lacks the property, such as the rank of weights or, for maps,
        α = 1 - μ.
        """
        system = self.build(seed)
        return {
            "n": system.size,
            "rank": system.rank,
            "channels": self.size,
            "inputs": system.inputs,
            "discrete": int(system.discrete),
            "alpha": _alpha(system),
            "noise": self.sampling.noise_level,
            "dt": self.sampling.dt,
            "train_trajectories": self.sampling.trajectories,
            "horizon": self.sampling.horizon,
        }


def _alpha(system: System) -> float | None:
    """α of x⁺ = (1 - α) x + …; None for a flow."""
    flow = system.null_flow
    if flow is None or flow.law.multiplier is None:
        return None
    return 1.0 - flow.law.multiplier


def names() -> list[str]:
    """Names of the shipped recipes."""
    return sorted(path.stem for path in shipped("datasets").glob("*.toml"))


def load_recipe(name_or_path: str | Path, folder: Path | None = None) -> Recipe:
    """Load a shipped recipe by name, or a recipe file.

    Parameters
    ----------
    name_or_path : str or Path
        A name from `names()`, or the path of a `.toml` file.
    folder : Path, optional
        Folder from which relative paths start; by default the current folder.

    Raises
    ------
    ConfigError
        If there is no such recipe, or it has mistakes, each of which the message describes.
    """
    path = _place(str(name_or_path), folder)
    if not NAME.fullmatch(path.stem):
        raise ConfigError(
            f"{shortened(str(path), 200)!r}: a recipe's name has letters, digits, dots, dashes "
            f"and underscores only"
        )
    contents = load(path, Contents)
    return Recipe.model_construct(name=path.stem, **dict(contents))


def foreign_code(name_or_path: str, folder: Path) -> list[str]:
    """The code outside koopmark that makes the recipe's systems: at most one line.

    The code is not imported. Parameters and errors are those of `load_recipe`.
    """
    path = _place(name_or_path, folder)
    system = loads(read(path)[1], str(path)).get("system")
    kind = system.get("kind") if isinstance(system, dict) else None
    return [foreign(kind, SYSTEM.group, path.parent)] if is_own(kind) else []


def _place(given: str, folder: Path | None) -> Path:
    """The file of a recipe."""
    if given.endswith(".toml"):
        path = (folder or Path()) / given
    elif given in names():
        path = shipped("datasets") / f"{given}.toml"
    else:
        raise ConfigError(
            f"unknown dataset {shortened(given)!r}: {suggest(given, names())}"
            f"`koopmark list datasets` shows them all, and a recipe's file ends in .toml"
        )
    return path


def varied(recipe: Recipe, changes: Mapping[str, Any], name: str, source: str) -> Recipe:
    """A recipe called `name` with other values at dotted keys, as in sweeps.

    Parameters
    ----------
    recipe : Recipe
    changes : mapping
        New values by dotted key, such as `{"sampling.noise": 0.1}`, validated like those of a file.
        Keys that a changed kind of inputs or sensors does not have are dropped.
    name, source : str
        Name of the new recipe, and origin of the changes for errors.

    Raises
    ------
    ConfigError
        If a key does not exist or has no effect on numbers, or a value is not allowed.
    """
    # Another system may have another regime.
    contents = recipe.model_dump(mode="json", exclude={"name", "regime"}, exclude_unset=True)
    for key, value in changes.items():
        *path, last = key.split(".")
        first = key.partition(".")[0]
        if key == "system.kind" and is_own(value):
            raise ConfigError(f"{source}: {key} = {value!r} names code: only a recipe's file may")
        if first not in NUMBERS:
            raise ConfigError(
                f"{source}: the key {key!r} is not one that numbers depend on: "
                f"{suggest(first, NUMBERS)}those are in {', '.join(NUMBERS[:-1])}, "
                f"and {NUMBERS[-1]}"
            )
        section = contents
        for depth, part in enumerate(path, 1):
            section = section.setdefault(part, {})
            if not isinstance(section, dict):
                at = ".".join(path[:depth])
                raise ConfigError(f"{source}: unknown key {key!r}: {at} holds a value and no keys")
        if isinstance(section.get(last), dict):
            inner = ", ".join(f"{key}.{name}" for name in section[last])
            raise ConfigError(f"{source}: {key!r} is a section: name a key in it, such as {inner}")
        section[last] = value
    for held, kind in (("inputs", InputsSection), ("observation", ObservationSection)):
        changed = {key.partition(".")[2] for key in changes if key.startswith(f"{held}.")}
        if held in contents:
            contents[held] = kind.varied(contents[held], changed)
    return Recipe.model_construct(name=name, **dict(parse(contents, Contents, source, Path())))


def key_of(recipe: Recipe, name: str) -> str:
    """The dotted key that a short name means, such as `sampling.noise` for `noise`.

    A dotted key is returned unchanged.

    Raises
    ------
    ConfigError
        If no section has such a key, or several have.
    """
    if "." in name:
        return name
    known: dict[str, list[str]] = {}
    for part in NUMBERS:
        section = getattr(recipe, part)
        if not isinstance(section, Section):
            known.setdefault(part, []).append(part)
            continue
        for field in type(section).model_fields:
            known.setdefault(field, []).append(f"{part}.{field}")
    found = known.get(name, [])
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"{recipe.name}: {name!r} is a key of several sections: say which, as "
            + " or ".join(f'**{{"{dotted}": ...}}' for dotted in found)
        )
    raise ConfigError(
        f"{recipe.name}: unknown key {shortened(name)!r}: {suggest(name, known)}"
        f"those that its numbers depend on are {', '.join(sorted(known))}"
    )
