"""The `[observation]` section of a recipe: what sensors see of the state."""

import numpy as np
from pydantic import NonNegativeInt, model_validator

from koopmark._config import Section
from koopmark._keys import generator
from koopmark.systems import Sensors


class ObservationSection(Section):
    """`sensors` random units, the named `units`, or `mixtures` of all; by default the whole state.

    Units are drawn for each seed, those of fewer sensors among those of more. A mixture has
    independent normal weights of norm 1 on average.
    """

    sensors: NonNegativeInt | None = None
    units: tuple[NonNegativeInt, ...] | None = None
    mixtures: NonNegativeInt | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "ObservationSection":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)}: give one of sensors, units and mixtures")
        for name in given:
            if not getattr(self, name):
                raise ValueError(f"{name}: there must be at least one sensor")
        return self

    def sees(self, n: int, key: dict) -> Sensors | None:
        """The sensors of a system of n units; None for the whole state.

        Raises
        ------
        ValueError
            If one does not exist.
        """
        if self.units is not None:
            return Sensors.of_units(np.array(self.units), n)
        count = self.sensors or self.mixtures
        if count is None:
            return None
        if count > n:
            raise ValueError(f"{count} sensors of {n} units: there can be at most {n}")
        if self.sensors:
            order = generator(key, "sensors").permutation(n)
            return Sensors.of_units(np.sort(order[:count]), n)
        weights = generator(key, "mixtures").standard_normal((n, n))[:count]
        return Sensors(weights / np.sqrt(n))

    def channels(self, n: int) -> int:
        """p, how many numbers are seen of n."""
        return len(self.units) if self.units else self.sensors or self.mixtures or n
