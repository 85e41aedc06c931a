"""The `[inputs]` section of a recipe: inputs of a network, held between samples."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from koopmark._config import Section
from koopmark._errors import a
from koopmark._keys import generator
from koopmark.simulation import Feedback
from koopmark.systems import System

TONES = 8
"""Sines of a multisine in each channel, fewer if the horizon has too few frequencies."""
OWN_KEYS = {
    "hold": ("steps",),
    "feedback": ("feedback",),
    "dither": ("feedback",),
    "scale": ("given",),
}
"""Keys that only some kinds have."""

Array = NDArray[np.float64]


class InputsSection(Section):
    """Inputs v of `channels` channels, which enter as B v in ẏ, or α B v in a map; default none.

    B has independent standard normal entries in the rows of `units`; its first columns are the same
    for any number of channels. Training inputs are of this `kind`. The test set and fresh
    trajectories always have white inputs of the same amplitude, so that forecasts are scored for
    new inputs, held as in training.
    """

    channels: NonNegativeInt = 0
    kind: Literal["white", "steps", "multisine", "feedback", "constant", "given"] = "white"
    """`white`: independent normal values in each interval; `steps`: such values, each kept for
    `hold` intervals on average; `multisine`: sums of sines with random phases, at different
    frequencies for each channel; `feedback`: v = -K x + dither; `constant`: the same values in
    every interval of every trajectory, which excite nothing; `given`: inputs of the pattern of
    trials."""
    amplitude: PositiveFloat = 1.0
    """Root mean square of each channel; for feedback, of the dither if `dither` is 1. Other
    amplitudes give other random values, not the same ones scaled."""
    hold: float = Field(default=5.0, ge=1.0, le=1e9)
    """For steps: mean number of sampling intervals between two changes (geometrically distributed).
    If it exceeds the horizon, each trajectory has one value."""
    feedback: PositiveFloat = 0.5
    """For feedback: K = `feedback` B⁺, so that states in the range of B decay faster by this rate,
    in units of the leak. Methods that ignore inputs take this for the decay of the system."""
    dither: float = Field(default=1.0, ge=0.0)
    """For feedback: amplitude of added white inputs, as a share of `amplitude`. With 0, inputs are
    linear in the states, and no data tell the gains from the dynamics."""
    scale: tuple[PositiveFloat, ...] | None = None
    """For given inputs: unit of each channel. Columns of B are divided by it, and test inputs
    multiplied; 1 by default."""
    units: tuple[NonNegativeInt, ...] | None = None
    """Units that the inputs reach, numbered from 0; all by default."""

    recorded: bool = True
    """Whether the training data contain the inputs; if not, methods see the states only."""

    @classmethod
    def varied(cls, given: dict[str, Any], changed: set[str]) -> dict[str, Any]:
        """The keys of a changed section, without keys that its kind does not have."""
        kind = given.get("kind", "white")
        return {
            key: value
            for key, value in given.items()
            if key in changed or (kind in OWN_KEYS.get(key, (kind,)) and given.get("channels") != 0)
        }

    @model_validator(mode="after")
    def _keys_that_go_together(self) -> "InputsSection":
        given = self.model_fields_set - {"channels"}
        if not self.channels and given:
            raise ValueError(
                f"{', '.join(sorted(given))}: there are no inputs: channels, their number, must be "
                "1 or more"
            )
        for key, kinds in OWN_KEYS.items():
            if key in given and self.kind not in kinds:
                raise ValueError(
                    f"{key}: only kind = {' or '.join(map(repr, kinds))} has it, and the kind is "
                    f"{self.kind!r}: leave {key} out"
                )
        if self.scale is not None and len(self.scale) != self.channels:
            raise ValueError(
                f"scale has {len(self.scale)} numbers: it needs {self.channels}, one for each "
                "channel"
            )
        if self.units is not None and (not self.units or len(set(self.units)) < len(self.units)):
            what = "is empty" if not self.units else "has a unit twice"
            raise ValueError(f"units {what}: name the units that inputs reach, each once")
        return self

    def drive(self, system: System, seed: int) -> System:
        """The system with input weights.

        Raises
        ------
        ValueError
            If the system cannot have inputs, or a unit does not exist.
        """
        if not self.channels:
            return system
        if system.null_flow is None:
            raise ValueError(
                f"inputs: they are for networks with low-rank weights, and "
                f"{a(type(system).__name__)} takes none: leave the section out, or take a system "
                "such as random_rnn or random_lotka_volterra"
            )
        return system.with_inputs(self.weights(system.size, seed))

    def weights(self, n: int, seed: int) -> Array:
        """Input weights B (n, channels)."""
        rng = generator({"n": n, "seed": seed}, "input weights")
        drawn: Array = rng.standard_normal((self.channels, n)).T
        if self.scale is not None:
            drawn = drawn / np.array(self.scale)
        if self.units is None:
            return drawn
        if max(self.units) >= n:
            raise ValueError(
                f"inputs: unit {max(self.units)} does not exist: the system has {n} units, 0 to "
                f"{n - 1}"
            )
        reached = np.zeros((n, 1))
        reached[list(self.units)] = 1.0
        return drawn * reached

    def draw(
        self,
        system: System,
        count: int,
        length: int,
        depends_on: dict[str, Any],
        part: str,
        given: Array | None = None,
    ) -> Array | Feedback | None:
        """Inputs (count, length, channels) for `count` trajectories, or a feedback law.

        Inputs of the parts `train` and `preview` are of this kind, others white; the kind `given`
        takes the training inputs of a pattern. `depends_on` is what the clean trajectories depend
        on. Inputs of the first trajectories do not change with the number of trajectories.
        """
        if not self.channels:
            return None
        kind = self.kind if part in ("train", "preview") else "white"
        if kind == "given":
            if given is not None and part == "train":
                return given
            kind = "white"
        laws = self.model_dump(mode="json", exclude_none=True)
        own = {name: laws[name] for name, kinds in OWN_KEYS.items() if kind in kinds}
        drawn = {"channels": self.channels, "kind": kind, "amplitude": self.amplitude, **own}
        counts = {"trajectories", "test_trajectories"}
        sampling = {
            name: value for name, value in depends_on["sampling"].items() if name not in counts
        }
        key = {**depends_on, "sampling": sampling, "inputs": drawn}
        shape = (count, length, self.channels)
        rng = generator(key, f"inputs, {part}")
        if kind == "feedback":
            dither = self.dither * self.amplitude * rng.standard_normal(shape)
            return self._feedback(system.size, depends_on["seed"], dither)
        waves: dict[str, Callable[[np.random.Generator, tuple[int, int, int]], Array]] = {
            "white": _white,
            "steps": self._steps,
            "multisine": _multisine,
            "constant": _constant,
        }
        unit = 1.0 if self.scale is None else np.array(self.scale)
        return self.amplitude * waves[kind](rng, shape) * unit

    def _steps(self, rng: np.random.Generator, shape: tuple[int, int, int]) -> Array:
        values, times = rng.spawn(2)
        value, change = _white(values, shape), times.random(shape[:2]) < 1.0 / self.hold
        change[:, 0] = True
        last = np.maximum.accumulate(np.where(change, np.arange(shape[1]), 0), axis=1)
        return np.take_along_axis(value, last[..., None], axis=1)

    def _feedback(self, n: int, seed: int, dither: Array) -> Feedback:
        """v = -K x + dither, with B K the orthogonal projector onto the range of B, scaled."""
        gain = self.feedback * np.linalg.pinv(self.weights(n, seed))

        def law(step: int, states: Array) -> Array:
            return dither[:, step] - states @ gain.T

        return law


def _white(rng: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    return rng.standard_normal(shape)


def _constant(rng: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    return np.broadcast_to(rng.choice([-1.0, 1.0], shape[2]), shape).copy()


def _multisine(rng: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Harmonics of the horizon up to 0.9 of Nyquist, in turns among the channels.

    No two channels share one, so that they are uncorrelated over a trajectory.
    """
    count, length, q = shape
    highest = max(q, int(0.45 * (length - 1)))
    tones = min(TONES, highest // q)
    places = np.linspace(0, highest // q - 1, tones).round()
    harmonics = 1.0 + places[None, :] * q + np.arange(q)[:, None]
    phases = rng.uniform(0.0, 2.0 * np.pi, (count, 1, q, tones))
    turns = harmonics * (np.arange(length) / (length - 1))[:, None, None]
    waves: Array = np.sin(2.0 * np.pi * turns + phases).sum(axis=-1)
    return np.sqrt(2.0 / tones) * waves
