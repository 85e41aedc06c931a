"""How much slower one source is than another, and whether that is more than noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

LIMIT = 1.10
"""A slowdown counts where even the lower end of its interval is above this."""


@dataclass(frozen=True)
class Slowdown:
    """Of one kernel: head's time over base's, each over its reference's, over pairs of processes.

    `low` and `high` are the least and the greatest of the pairs: of five, they hold the median
    slowdown between them in 15 of 16 cases, and `low` lies above it in one of 32.
    """

    kernel: str
    low: float
    middle: float
    high: float
    raw: float
    """The same without the references."""
    head_ms: float
    head_ratio: float
    """Head's time over its reference's: what a history keeps."""

    @property
    def suspect(self) -> bool:
        return self.low > LIMIT


def slowdown(kernel: str, seconds: ArrayLike) -> Slowdown:
    """Of one kernel, from seconds (pairs, rounds, 2 sides, 2): head, base; work, reference.

    Of a pair's rounds the median counts: rounds of one pair share what their processes got of the
    machine, such as where their memory lies; so it is pairs that an interval is made of.
    """
    times = np.asarray(seconds, dtype=float)
    ratio = times[..., 0] / times[..., 1]
    of_pairs = np.median(ratio[:, :, 0] / ratio[:, :, 1], axis=1)
    raw = np.median(times[:, :, 0, 0] / times[:, :, 1, 0], axis=1)
    return Slowdown(
        kernel,
        low=float(of_pairs.min()),
        middle=float(np.median(of_pairs)),
        high=float(of_pairs.max()),
        raw=float(np.median(raw)),
        head_ms=1e3 * float(np.median(times[:, :, 0, 0])),
        head_ratio=float(np.median(ratio[:, :, 0])),
    )


def confirmed(first: list[Slowdown], second: list[Slowdown]) -> list[Slowdown]:
    """What two independent measurements call slower; the second's figures, worst first."""
    before = {found.kernel for found in first if found.suspect}
    again = [found for found in second if found.suspect and found.kernel in before]
    return sorted(again, key=lambda found: -found.middle)


def markdown(found: list[Slowdown]) -> str:
    """A row for each kernel."""
    lines = [
        "| kernel | head, ms | slower than base by a factor of | lowest and highest pair |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {it.kernel} | {it.head_ms:.3g} | {it.middle:.3f} | {it.low:.3f} to {it.high:.3f} |"
        for it in found
    ]
    return "\n".join(lines)
