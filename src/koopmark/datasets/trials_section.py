"""The `[trials]` section of a recipe: training trajectories with gaps, as in experiments."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator, model_validator

from koopmark._config import FOLDER, Section
from koopmark._errors import ConfigError
from koopmark._keys import generator
from koopmark.datasets.pattern import Pattern

SHIFTED = "times of trials"
"""What the generator of uneven times is for; the others are called after what they leave out."""


class TrialsSection(Section):
    """Trials of unequal length, with gaps and uneven times; by default none of these.

    It does not affect test trajectories, which have no gaps and even times. Gaps and lengths have
    their own random generators: they do not depend on the noise, and at the same seed more gaps
    include fewer. With a `pattern` nothing is random: trials have the times and gaps of a
    recording.
    """

    shortest: float = Field(default=1.0, gt=0, le=1)
    """Shortest length of trials as a share of the horizon; lengths are uniform from it to all of
    it."""
    gaps: float = Field(default=0.0, ge=0, le=0.9)
    """Share of the states missing in gaps, within the length of their trial."""
    gap: float = Field(default=5.0, ge=1, le=1e6)
    """Mean length of a gap, in steps."""
    missing: float = Field(default=0.0, ge=0, le=0.9)
    """Share of single missing values outside gaps."""
    jitter: float = Field(default=0.0, ge=0, lt=0.5)
    """Each time but the first is uniform within this share of dt around its grid point."""

    held_out: float | None = Field(default=None, gt=0, lt=1)
    """Share of held-out training trajectories, or of held-out times of a single one. Verdicts on
    them, as on a recording, are compared with the truth."""

    pattern: str | None = None
    """A file that says when and in which channels trajectories were recorded and with which inputs,
    as `koopmark twin` writes it; relative paths start at the recipe's folder. The horizon then
    applies to test trajectories only."""

    @field_validator("pattern")
    @classmethod
    def _a_file(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is None:
            return None
        folder: Path | None = (info.context or {FOLDER: Path()}).get(FOLDER)
        if folder is None:
            raise ConfigError(f"pattern = {name!r} names a file, which is not allowed here")
        path = (folder / name).absolute()
        Pattern.read(path)
        return str(path)

    @model_validator(mode="after")
    def _drawn_or_given(self) -> "TrialsSection":
        drawn = self.model_fields_set & {"shortest", "gaps", "gap", "missing", "jitter"}
        if self.pattern is not None and drawn:
            raise ValueError(
                f"{', '.join(sorted(drawn))} beside pattern, which says when trials were recorded: "
                "leave one of the two out"
            )
        return self

    def given(self) -> Pattern | None:
        """The sampling pattern that the trials copy; None if they are drawn at random."""
        return None if self.pattern is None else Pattern.read(Path(self.pattern))

    def reads(self) -> list[Path]:
        return [] if self.pattern is None else [Path(self.pattern)]

    @model_validator(mode="after")
    def _gaps_that_long(self) -> "TrialsSection":
        # States missing independently of one another are in gaps that long.
        least = 1.0 / (1.0 - self.gaps)
        if self.gap < least * (1.0 - 1e-9):
            raise ValueError(
                f"gap {self.gap:g} with gaps {self.gaps:g}: if that share of the states is missing "
                f"at random, gaps are {least:.3g} steps long on average: gap must be at least that"
            )
        return self

    @property
    def full(self) -> bool:
        """Whether every value is recorded."""
        given = self.given()
        if given is not None:
            return bool(given.recorded.all())
        return self.shortest == 1.0 and self.gaps == self.missing == 0.0

    @property
    def in_words(self) -> str:
        """The section as text, such as `20 % of the states missing in gaps of 5 steps`."""
        said = [f"as {Path(self.pattern).name} has them"] if self.pattern else []
        if self.shortest < 1.0:
            said.append(f"lengths from {100 * self.shortest:g} to 100 % of the horizon")
        if self.gaps:
            said.append(
                f"{100 * self.gaps:g} % of the states missing in gaps of {self.gap:g} steps"
            )
        if self.missing:
            said.append(f"{100 * self.missing:g} % of single values missing")
        if self.jitter:
            said.append(f"times uneven by up to {100 * self.jitter:g} % of Δt")
        return ", ".join(said)

    def times(self, grid: NDArray, count: int, key: dict) -> NDArray[np.float64]:
        """Times (T,), or (M, T) for `count` trials, from an even grid (T,) that starts at 0.

        Times increase from 0 and do not exceed the grid. Times of a pattern are scaled to the
        interval of the grid.
        """
        given = self.given()
        if given is not None:
            return float(grid[1] - grid[0]) * given.times
        if not self.jitter:
            return grid
        rng = generator(key, SHIFTED)
        dt = (grid[-1] - grid[0]) / (len(grid) - 1)
        shift = self.jitter * dt * rng.uniform(-1.0, 1.0, (count, len(grid)))
        shift[:, 0] = 0.0
        shift[:, -1] = -np.abs(shift[:, -1])
        return grid + shift

    def recorded(self, shape: tuple[int, int, int], key: dict) -> NDArray[np.bool_]:
        """Which values (M, T, N) are recorded; at one `key`, levels differ only in how many."""
        given = self.given()
        if given is not None:
            mask = given.recorded
            return np.broadcast_to(mask if mask.ndim == 3 else mask[..., None], shape)
        count, length, _ = shape
        within = np.ones((count, length), bool)
        if self.shortest < 1.0:
            # Of the steps, at least one.
            least = max(1, int(np.ceil(self.shortest * (length - 1) - 1e-9)))
            share = generator(key, "lengths of trials").random(count)
            last = least + np.floor(share * (length - least)).astype(int)
            within = np.arange(length) <= last[:, None]
        if self.gaps:
            when = _first_missing(within.shape, self.gap, generator(key, f"gaps of {self.gap!r}"))
            within &= ~_lowest(when, self.gaps, within)
        values = np.broadcast_to(within[..., None], shape).copy()
        if self.missing:
            order = generator(key, "missing values").random(shape)
            values &= ~_lowest(order, self.missing, values)
        return values


def _lowest(order: NDArray, share: float, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The elements of lowest `order` among some: this share of these, to one element."""
    inside = np.flatnonzero(among)
    count = round(share * len(inside))
    # Those of one gap are alike and go in order of time.
    chosen = inside[np.argsort(order.reshape(-1)[inside], kind="stable")[:count]]
    lowest = np.zeros(among.size, bool)
    lowest[chosen] = True
    return lowest.reshape(among.shape)


def _first_missing(
    shape: tuple[int, int], mean: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(M, T) the rate of gaps from which on each state is missing.

    A state is missing as a two-state Markov chain says, stationary from the first time: after a
    recorded state a gap begins with probability p, the rate, and continues with probability
    1 - 1/mean, so that lengths are geometric with this mean. Both are decided by one uniform
    number u a state: a gap begins for u < p and goes on for u < 1 - 1/mean. Hence what is missing
    at one rate is missing at every higher one up to 1 - 1/mean.
    """
    u = rng.random(shape)
    with np.errstate(divide="ignore"):
        # Missing at first with probability p mean / (1 + p mean), the share of time in gaps.
        u[:, 0] = u[:, 0] / ((1.0 - u[:, 0]) * mean)
    for t in range(1, shape[1]):
        goes_on = u[:, t] < 1.0 - 1.0 / mean
        u[goes_on, t] = np.minimum(u[goes_on, t], u[goes_on, t - 1])
    return u
