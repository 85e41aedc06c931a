"""The `[inputs]` section of a recipe: what drives a network, held from one sample to the next."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from koopmark._config import Section
from koopmark._keys import generator
from koopmark.simulation import Feedback
from koopmark.systems import System

TONES = 8
"""Of a multisine, for each channel."""


class InputsSection(Section):
    """Inputs v of `channels` channels, B v in ẏ (or the next y of a map); by default none.

    B has independent standard normal entries. Training inputs are of this kind; the test set is
    driven by white inputs of the same amplitude, whatever the training: so forecasts are made under
    inputs of another law, held as in training.
    """

    channels: NonNegativeInt = 0
    kind: Literal["white", "steps", "multisine", "feedback", "constant"] = "white"
    """`white`: independent normal values in each interval; `steps`: kept for `hold` intervals on
    average; `multisine`: sums of sines with random phases; `feedback`: v = -K x and white dither;
    `constant`: one value for each trajectory, which excites nothing."""
    amplitude: PositiveFloat = 1.0
    """Standard deviation of each channel; of feedback, that of the dither if `dither` is 1."""
    hold: float = Field(default=5.0, ge=1.0)
    """Of steps: the mean number of sampling intervals between two."""
    feedback: PositiveFloat = 0.5
    """Of feedback: norm of K B, per unit of time."""
    dither: float = Field(default=1.0, ge=0.0)
    """Of feedback: white inputs that are added, as a share of the amplitude."""

    recorded: bool = True
    """Whether the training data hold them; if not, methods are given the states alone."""

    @model_validator(mode="after")
    def _nothing_without_channels(self) -> "InputsSection":
        if not self.channels and self.model_fields_set:
            named = ", ".join(sorted(self.model_fields_set - {"channels"})) or "channels = 0"
            raise ValueError(f"{named}: inputs need channels, how many there are, 1 or more")
        return self

    def drive(self, system: System, key: dict) -> System:
        """The system with input weights.

        Raises
        ------
        ValueError
            If it can have none.
        """
        if not self.channels:
            return system
        weights = generator(key, "input weights").standard_normal((system.size, self.channels))
        return system.with_inputs(weights)

    def draw(
        self, system: System, count: int, times: NDArray, key: dict, part: str
    ) -> NDArray[np.float64] | Feedback | None:
        """Inputs (count, T, channels) of so many trajectories, or the law that makes them."""
        if not self.channels:
            return None
        rng = generator(key, f"inputs, {part}")
        shape = (count, times.shape[-1], self.channels)
        kind = self.kind if part == "train" else "white"
        if kind == "constant":
            one = rng.standard_normal((count, 1, self.channels))
            return self.amplitude * np.broadcast_to(one, shape)
        white = self.amplitude * rng.standard_normal(shape)
        if kind == "steps":
            new = rng.random(shape[:2]) < 1.0 / self.hold
            new[:, 0] = True
            last = np.maximum.accumulate(np.where(new, np.arange(shape[1]), 0), axis=1)
            return np.take_along_axis(white, last[..., None], axis=1)
        if kind == "multisine":
            tones = rng.uniform(0.05, 0.45, (count, 1, self.channels, TONES))
            phases = rng.uniform(0.0, 2.0 * np.pi, tones.shape)
            at = np.arange(shape[1])[None, :, None, None]
            waves = np.sin(2.0 * np.pi * tones * at + phases).sum(axis=-1)
            return self.amplitude * np.sqrt(2.0 / TONES) * waves
        if kind == "feedback":
            gain = self.feedback * np.linalg.pinv(
                system.driven(np.zeros(system.size), np.eye(self.channels)).T
            )

            def law(step: int, states: NDArray) -> NDArray:
                return -states @ gain.T + self.dither * white[:, step]

            return law
        return white
