"""The `[observation]` section of a recipe: sensors that show part of the state."""

from typing import Any, TypeVar

import numpy as np
from pydantic import NonNegativeInt, PositiveFloat, field_validator, model_validator

from koopmark._config import Section, shown
from koopmark._keys import generator
from koopmark.systems import Sensors

Some = TypeVar("Some")
OF_UNITS = ("sensors", "units", "mixtures", "matrix", "matrices")
"""Keys that define the sensors, of which one may be given; the other keys set their units."""


class ObservationSection(Section):
    """Sensors of the N units for training and test data; by default the full state.

    The section has one of these keys: `sensors`, a number of random units; `units`, a list of units
    numbered from 0; `mixtures`, a number of random mixtures of all units with independent normal
    weights of norm 1 on average; `matrix` (p, N), whose rows are mixtures; or `matrices`, one for
    each seed. Random sensors are drawn for each seed, such that more sensors include fewer. At
    least as many mixtures as units show the full state.
    """

    sensors: int | None = None
    units: tuple[NonNegativeInt, ...] | None = None
    mixtures: int | None = None
    matrix: tuple[tuple[float, ...], ...] | None = None

    matrices: tuple[tuple[tuple[float, ...], ...], ...] | None = None

    scale: tuple[PositiveFloat, ...] | None = None
    """Scale of each channel: sensor values are multiplied by it."""
    offset: tuple[float, ...] | None = None
    """Offset added to each scaled channel, or with `offsets` one for each seed."""
    offsets: tuple[tuple[float, ...], ...] | None = None

    @classmethod
    def varied(cls, given: dict[str, Any], changed: set[str]) -> dict[str, Any]:
        """The keys of a changed section, in which a new choice replaces the old one."""
        chosen = not changed.isdisjoint(OF_UNITS)
        return {
            key: value
            for key, value in given.items()
            if key in changed or not chosen or key not in OF_UNITS
        }

    @field_validator("matrix", mode="before")
    @classmethod
    def _rows_of_numbers(cls, given: Any) -> Any:
        if not isinstance(given, tuple) or not all(
            isinstance(row, tuple) and all(type(weight) in (int, float) for weight in row)
            for row in given
        ):
            raise ValueError(
                f"{shown(given)}: it must be rows of numbers, a row for each sensor and a number "
                "for each unit, such as [[0.5, 0.5], [1.0, 0.0]]"
            )
        return given

    @model_validator(mode="after")
    def _one_of_them(self) -> "ObservationSection":
        names = list(OF_UNITS)
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"{' and '.join(given)}: each says what is seen: give one of "
                f"{', '.join(names[:-1])} and {names[-1]}"
            )
        for name in given:
            value = getattr(self, name)
            if (value if isinstance(value, int) else len(value)) < 1:
                raise ValueError(
                    f"{name} = {shown(value)}: there must be at least one sensor; leave the "
                    "section out to see all units"
                )
        for matrix in self._given_matrices:
            if len({len(row) for row in matrix}) > 1:
                raise ValueError("matrix: its rows, one for each sensor, must be equally long")
        if len({len(matrix) for matrix in self._given_matrices}) > 1:
            raise ValueError("matrices: each must have as many rows as the others")
        if self.offset is not None and self.offsets is not None:
            raise ValueError("offset and offsets: give one of them")
        return self

    @property
    def _given_matrices(self) -> tuple[tuple[tuple[float, ...], ...], ...]:
        return self.matrices or (() if self.matrix is None else (self.matrix,))

    def sees(self, n: int, seed: int) -> Sensors | None:
        """The sensors for a system of n units; None for the full state.

        Raises
        ------
        ValueError
            If a sensor does not exist or is a combination of others, or the number of scales is not
            that of the channels.
        """
        chosen = self._chosen(n, seed)
        offset = self.offset if self.offsets is None else _of_seed(self.offsets, seed, "offsets")
        if self.scale is None and offset is None:
            return chosen
        p = n if chosen is None else chosen.channels
        for name, given in (("scale", self.scale), ("offset", offset)):
            if given is not None and len(given) != p:
                raise ValueError(
                    f"{name} has {len(given)} numbers: it needs {p}, one for each channel"
                )
        matrix = np.eye(n) if chosen is None else chosen.matrix
        if self.scale is not None:
            matrix = matrix * np.array(self.scale)[:, None]
        return Sensors(matrix, offset=None if offset is None else np.array(offset))

    def _chosen(self, n: int, seed: int) -> Sensors | None:
        """Which units or mixtures are seen, in the units of the state."""
        key = {"n": n, "seed": seed}
        if self.units is not None:
            return Sensors.of_units(np.array(self.units), n)
        if self._given_matrices:
            rows = self.matrix or _of_seed(self._given_matrices, seed, "matrices")
            width = len(rows[0])
            if width != n:
                raise ValueError(
                    f"matrix: its rows have {width} weights, and need {n}, one for each unit of "
                    "the system"
                )
            return Sensors(np.array(rows))
        if self.sensors is not None:
            if self.sensors > n:
                raise ValueError(f"{self.sensors} sensors of {n} units: there can be at most {n}")
            order = generator(key, "sensors").permutation(n)
            return Sensors.of_units(np.sort(order[: self.sensors]), n)
        if self.mixtures is None:
            return None
        weights = generator(key, "mixtures").standard_normal((self.mixtures, n))
        return Sensors(weights / np.sqrt(n))

    def channels(self, n: int) -> int:
        """Number p of channels for a system of n units."""
        listed = self.units or next(iter(self._given_matrices), None)
        return len(listed) if listed else self.sensors or self.mixtures or n


def _of_seed(given: tuple[Some, ...], seed: int, name: str) -> Some:
    if seed >= len(given):
        raise ValueError(f"{name}: there are {len(given)}, but none for seed {seed}")
    return given[seed]
