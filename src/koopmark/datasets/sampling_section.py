"""The `[initial_states]` and `[sampling]` sections of a recipe."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PlainValidator, PositiveFloat, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from koopmark._config import Section

MAX_STEPS = 10**7


class _Range(Section):
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> "_Range":
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} must be below high {self.high:g}")
        return self


class Uniform(_Range):
    """Every coordinate is uniform in [low, high]."""

    kind: Literal["uniform"]

    def draw(self, count: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.uniform(self.low, self.high, size=(count, n))


class LogUniform(_Range):
    """Every coordinate is positive, with a logarithm uniform between those of low and high."""

    kind: Literal["log_uniform"]
    low: PositiveFloat

    def draw(self, count: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return np.exp(rng.uniform(np.log(self.low), np.log(self.high), size=(count, n)))


class Normal(Section):
    """Every coordinate is Gaussian with this mean and standard deviation."""

    kind: Literal["normal"]
    mean: float = 0.0
    scale: PositiveFloat

    def draw(self, count: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.normal(self.mean, self.scale, size=(count, n))


class Polar(Section):
    """Planes (xᵢ, x_{i + N/2}) have a radius uniform in [low, high] and a uniform phase."""

    kind: Literal["polar"]
    low: PositiveFloat = 1.0
    high: PositiveFloat = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> "Polar":
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} may not be above high {self.high:g}")
        return self

    def draw(self, count: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        if n % 2:
            raise ValueError(f"polar initial states need an even number of variables, not {n}")
        radius = rng.uniform(self.low, self.high, size=(count, n // 2))
        phase = rng.uniform(0.0, 2.0 * np.pi, size=(count, n // 2))
        return np.hstack([radius * np.cos(phase), radius * np.sin(phase)])


class Gaussian(Section):
    """Gaussian states with mean (N,) and covariance R Rᵀ, where `root` has the rows of R (N, N)."""

    kind: Literal["gaussian"]
    mean: tuple[float, ...]
    root: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _square(self) -> "Gaussian":
        n = len(self.mean)
        if len(self.root) != n or any(len(row) != n for row in self.root):
            raise ValueError(f"root must have {n} rows of {n} numbers, as many as the mean has")
        return self

    def draw(self, count: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        if n != len(self.mean):
            raise ValueError(f"mean has {len(self.mean)} numbers: the system has {n} variables")
        made: NDArray[np.float64] = rng.normal(size=(count, n)) @ np.array(self.root).T
        return made + np.array(self.mean)


InitialStatesSection = Annotated[
    Uniform | Normal | LogUniform | Polar | Gaussian, Field(discriminator="kind")
]


def _levels(given: Any) -> float | tuple[float, ...]:
    """One number, or a number for each channel, none of them negative."""
    several = isinstance(given, tuple) and len(given) > 0
    for value in given if several else (given,):
        if type(value) not in (int, float):
            raise PydanticCustomError(
                "levels", "Input should be a valid number, or a list of numbers"
            )
        if not 0.0 <= value < np.inf:
            raise PydanticCustomError(
                "levels", "Input should be greater than or equal to 0, and finite"
            )
    return tuple(float(value) for value in given) if several else float(given)


if TYPE_CHECKING:
    Levels = float | tuple[float, ...]
else:
    Levels = Annotated[Any, PlainValidator(_levels)]
"""One for all channels, or one for each."""


class SamplingSection(Section):
    """The `[sampling]` section: number, length, interval and noise of trajectories."""

    trajectories: PositiveInt
    test_trajectories: PositiveInt
    dt: PositiveFloat
    horizon: PositiveFloat
    noise: Levels = 0.0
    """Standard deviation of the Gaussian noise added to each training state, as a fraction of the
    standard deviation of the clean training states. A list has one fraction for each channel,
    relative to that channel where it was recorded."""

    @model_validator(mode="after")
    def _whole_number_of_steps(self) -> "SamplingSection":
        steps = self.horizon / self.dt
        if steps > MAX_STEPS:
            raise ValueError(
                f"horizon {self.horizon:g} with dt {self.dt:g}: {steps:.2g} steps are more than "
                f"{MAX_STEPS:.0e}"
            )
        if round(steps) < 1 or abs(steps - round(steps)) > 1e-6 * steps:
            raise ValueError(
                f"horizon {self.horizon:g} with dt {self.dt:g}: it must be a whole multiple of dt"
            )
        return self

    @property
    def noise_level(self) -> float:
        """Root mean square of the noise over channels, as one number for tables."""
        given = self.noise
        return float(np.sqrt(np.mean(np.square(given)))) if isinstance(given, tuple) else given

    @property
    def noise_in_words(self) -> str:
        """The noise as text, such as `0.1`, or `0.02 to 0.1, by channel`."""
        given = self.noise
        if not isinstance(given, tuple):
            return f"{given:g}"
        return f"{min(given):g} to {max(given):g}, by channel"

    @property
    def steps(self) -> int:
        return round(self.horizon / self.dt)

    @property
    def times(self) -> NDArray[np.float64]:
        """Sampling times (T,) from 0 to the horizon."""
        return np.linspace(0.0, self.horizon, self.steps + 1)
