"""The `[system]` section of a recipe: a kind of system, and the parameters of its factory.

The keys, types, bounds and defaults of a section come from the signature of its factory. This
module adds what a signature cannot say: allowed names and lists, and how large recipes may be.
"""

from collections.abc import Iterable
from functools import cached_property, reduce
from inspect import Parameter, signature
from math import comb
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

import numpy as np
from annotated_types import Interval, Le, Len
from pydantic import Field, PositiveFloat, create_model, field_validator, model_validator

from koopmark import systems
from koopmark._config import Section, shortened
from koopmark._errors import suggest
from koopmark.systems.registry import FACTORIES, Factory, Positive
from koopmark.truth import too_close

LIMIT = 1e6
"""Magnitude up to which numbers are taken: those of larger ones overflow."""
MAX_WEIGHTS, MAX_TARGETS, MAX_PRODUCTS, MAX_NUMBERS, MAX_MONOMIALS = 10**8, 1000, 10**5, 10**6, 2000
"""What a section may ask for: more would take a machine down, or minutes instead of seconds."""

Number = Annotated[float, Interval(ge=-LIMIT, le=LIMIT)]
Vector = tuple[Number, ...]
Matrix = tuple[Vector, ...]


class SystemSection(Section):
    """The `[system]` section: makes a system for each seed by the factory of its kind.

    Reading the section makes one system, so that errors of the factory appear at once. N and the
    closed-form eigenvalues are the same for every seed.
    """

    derived: ClassVar[tuple[str, ...]] = ()
    """Parameters of the factory that are no keys: `arguments` makes them from others."""

    kind: str

    @model_validator(mode="after")
    def _can_be_made(self) -> "SystemSection":
        self.check()
        return self

    def check(self) -> None:
        """Raise ValueError for parameters from which the factory cannot make a system.

        Raises
        ------
        ValueError
            If the factory would raise it.
        """
        _ = self._size_and_generators

    @property
    def factory(self) -> Factory:
        """The factory of this kind of system."""
        return FACTORIES[self.kind]

    def code(self) -> list[type | tuple[str, str]]:
        # The class itself is made from the signature at run time; its base has a text.
        make = self.factory.make
        return [type(self).__bases__[0], (make.__module__, make.__qualname__)]

    @property
    def drawn_per_seed(self) -> bool:
        """Whether systems depend on the seed."""
        return self.factory.seeded

    def arguments(self) -> dict[str, Any]:
        """Arguments of the factory without the seed."""
        return self.model_dump(exclude={"kind"})

    def build(self, seed: int) -> systems.System:
        """Make the system of this seed."""
        seeded = {"seed": seed} if self.factory.seeded else {}
        system: systems.System = self.factory.make(**self.arguments(), **seeded)
        return system

    @cached_property
    def _size_and_generators(self) -> tuple[int, tuple[complex, ...]]:
        # Sections are compared by what they hold, and arrays have no one answer.
        system = self.build(0)
        return system.size, tuple(system.generators.tolist())

    @property
    def size(self) -> int:
        """N, the dimension of the state."""
        return self._size_and_generators[0]

    @property
    def highest_frequency(self) -> float:
        """Largest |Im λ| of the principal eigenfunctions; products of k have up to k times that."""
        return max((abs(value.imag) for value in self._size_and_generators[1]), default=0.0)

    def check_targets(self, max_degree: int) -> None:
        """Raise ValueError for too many targets, or targets too close to be told apart by data.

        Products with exactly equal eigenvalues share an eigenspace. If two eigenvalues differ by
        more than rounding but less than data can resolve, no fit can separate their eigenspaces.

        Raises
        ------
        ValueError
            If there are such targets.
        """
        self.check_count(max_degree)
        case = too_close(np.array(self._size_and_generators[1]), max_degree)
        if case is not None:
            target, factors = case
            named = ", ".join(f"{_plain(value):.9g}" for value in factors)
            what = "product of eigenfunctions at" if len(factors) > 1 else "eigenfunction at"
            if len(factors) > 1:
                named += f", which is at {_plain(sum(factors)):.9g},"
            raise ValueError(
                f"the target at {_plain(target):.9g} and the {what} {named} are too close to be "
                "told apart: make the two eigenvalues equal, or change a rate so that they differ "
                "by 0.05 or more"
            )

    def check_count(self, max_degree: int) -> None:
        """Raise ValueError for a degree at which there are too many products of eigenfunctions.

        Raises
        ------
        ValueError
            If there are too many.
        """
        functions = len(self._size_and_generators[1])
        if comb(functions + max_degree, max_degree) > MAX_PRODUCTS:
            raise ValueError(
                f"max_degree = {max_degree} of {functions} eigenfunctions makes more than "
                f"{MAX_PRODUCTS:.0e} products"
            )


def _plain(value: complex) -> complex | float:
    return value if value.imag else value.real


class _Network(SystemSection):
    """Networks of n units with real eigenvalues at whole numbers: checked without making one."""

    def check(self) -> None:
        check, given = self.factory.check, self.arguments()
        if check is not None:
            check(**{name: given[name] for name in signature(check).parameters})
        weights = self.size * given.get("rank", 1)
        if weights > MAX_WEIGHTS:
            raise ValueError(
                f"n times rank is {weights:.2g}, which may be at most {MAX_WEIGHTS:.0e}"
            )

    @property
    def size(self) -> int:
        return int(self.arguments()["n"])

    @property
    def highest_frequency(self) -> float:
        return 0.0

    def check_targets(self, max_degree: int) -> None:
        chosen = self.arguments().get("chosen", 1)
        if chosen > self.size or comb(chosen + max_degree, max_degree) > MAX_TARGETS:
            raise ValueError(
                f"system.chosen = {chosen} and max_degree = {max_degree} make more than "
                f"{MAX_TARGETS} targets, or more than there are units"
            )


class _RealNetwork(_Network):
    """Seeds draw its offsets and nothing else."""

    network: str

    @field_validator("network")
    @classmethod
    def _is_shipped(cls, name: str) -> str:
        # A path among the names is no name.
        known = systems.graph_names()
        if name not in known:
            hint = suggest(name, known)
            raise ValueError(f"{shortened(name)!r}: {hint}it must be one of {', '.join(known)}")
        return name

    def reads(self) -> list[Path]:
        return [systems.graph_file(self.network)]

    @property
    def size(self) -> int:
        return len(systems.graph(self.network).nodes)

    @property
    def drawn_per_seed(self) -> bool:
        return bool(self.arguments()["theta_scale"] > 0)


class _Spectrum(SystemSection):
    """Λ by its real eigenvalues and its pairs a ± bi, given as [a, b]."""

    derived = ("matrix",)
    n: int
    real: Vector = ()
    oscillations: tuple[tuple[Number, Annotated[Positive, Le(LIMIT)]], ...] = ()

    def arguments(self) -> dict[str, Any]:
        given = super().arguments()
        real, oscillations = given.pop("real"), given.pop("oscillations")
        functions, n = len(real) + 2 * len(oscillations), self.n
        if not 1 <= functions <= n:
            raise ValueError(
                f"real and oscillations make {functions} eigenvalues with n {n}: there must be "
                "between 1 and n"
            )
        degree, count, layers = (given.get(name, 1) for name in ("degree", "count", "layers"))
        monomials = comb(n + degree, degree)
        if given.get("features") == systems.POLYNOMIAL and monomials > MAX_MONOMIALS:
            raise ValueError(
                f"polynomials of degree {degree} in {n} units have {monomials} monomials, of which "
                f"there may be {MAX_MONOMIALS}"
            )
        if n * count * layers > MAX_NUMBERS:
            raise ValueError(
                f"n times count times layers is {n * count * layers:.2g}, which may be at most "
                f"{MAX_NUMBERS:.0e}"
            )
        return {**given, "matrix": systems.block_diagonal(real, oscillations)}


class _Linear(SystemSection):
    """Its rates are not the recipe's, and of many some products are always close: not `whole`."""

    def check_targets(self, max_degree: int) -> None:
        self.check_count(max_degree)


class _OrnsteinUhlenbeck(SystemSection):
    """One coordinate has one axis, whatever the seed."""

    @property
    def drawn_per_seed(self) -> bool:
        return self.size > 1


BASES: dict[str, type[SystemSection]] = {
    "real_network": _RealNetwork,
    "random_prescribed": _Spectrum,
    "random_coupling": _Spectrum,
    "linear": _Linear,
    "linear_spectrum": _Spectrum,
    "ornstein_uhlenbeck": _OrnsteinUhlenbeck,
}
"""Of the other kinds: `_Network` if the factory has a check, else `SystemSection`."""

NAMES: dict[str, Iterable[str]] = {
    "activation": systems.ACTIVATIONS,
    "zeta": systems.MAPS,
    "layer": systems.LAYERS,
    "features": [*systems.LAYERS, systems.POLYNOMIAL],
    "target": systems.TARGETS,
}
"""What parameters may be that are names, in any kind."""

LISTS: dict[str, dict[str, Any]] = {
    "random_rnn": {"singular_values": tuple[PositiveFloat, ...] | None},
    "ornstein_uhlenbeck": {"rates": Annotated[tuple[PositiveFloat, ...], Len(1, 4)]},
    "prescribed": {
        **dict.fromkeys(("matrix", "linear", "weights", "directions"), Matrix),
        **dict.fromkeys(("offsets", "offset"), Vector),
    },
}
"""What parameters may be that are lists, by kind."""

LARGEST: dict[str, dict[str, int]] = {
    "random_prescribed": {"n": 1000, "count": 10_000, "degree": 6},
    "random_coupling": {"n": 1000, "count": 10_000, "degree": 6, "layers": 100},
    "random_prescribed_target": {"n": 20, "count": 1000},
    "random_inertial": {"units": 2000},
    "random_adapting": {"units": 2000},
    "linear": {"n": 300},
    "linear_spectrum": {"n": 300},
    "kuramoto": {"oscillators": 500},
}
"""How large parameters may be in recipes, by kind, where making the system takes long."""


def _section(kind: str, factory: Factory) -> type[SystemSection]:
    base = BASES.get(kind, _Network if factory.check else SystemSection)
    fields: dict[str, Any] = {"kind": (Literal[kind], ...)}
    for name, parameter in factory.parameters.items():
        if name in base.derived or name == "inputs":
            # Those of a recipe stand in its section of their own, for any network.
            continue
        annotation = LISTS.get(kind, {}).get(name, parameter.annotation)
        if name in NAMES:
            annotation = Literal[tuple(NAMES[name])]
        number, *bounds = get_args(annotation) or (annotation,)
        if number is float:
            # Of two bounds on one side the last one holds.
            annotation = Annotated[float, Interval(ge=-LIMIT, le=LIMIT), *bounds]
        if name in LARGEST.get(kind, {}):
            annotation = Annotated[annotation, Le(LARGEST[kind][name])]
        required = parameter.default is Parameter.empty
        fields[name] = (annotation, ... if required else parameter.default)
    title = "".join(map(str.capitalize, kind.split("_")))
    return create_model(title, __base__=base, __module__=__name__, **fields)


SECTIONS = {kind: _section(kind, factory) for kind, factory in FACTORIES.items()}
"""The sections by kind."""

# Pickle looks classes up by their names.
globals().update({section.__name__: section for section in SECTIONS.values()})

if TYPE_CHECKING:
    ShippedSystem = SystemSection
else:
    ShippedSystem = Annotated[reduce(or_, SECTIONS.values()), Field(discriminator="kind")]
