"""Functions shared by adapters: subsets of snapshot pairs, and the effect of inputs."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.methods._method import Method
from koopmark.methods._options import Count
from koopmark.methods.remarks import fitted_to
from koopmark.models import LinearModel
from koopmark.simulation import Trajectories

EMPTY = "at full rank it divides by the rounding of directions without data"

NEARLY_EMPTY = f"{EMPTY}, on some processors"
"""The same, if that rounding is 0 on some processors."""
"""Why data of low rank are among what a method loses (`Tags.loses`)."""


RANK_TOLERANCE = 1e-10
"""Delay coordinates depend on each other: singular values below this, relative, are rounding."""


def data_rank(values: NDArray) -> int:
    """Number of singular values above rounding, at least 1."""
    spectrum = np.linalg.svd(values, compute_uv=False)
    return max(1, int(np.sum(spectrum > RANK_TOLERANCE * spectrum[0])))


def output_rank(now: NDArray, ahead: NDArray) -> int:
    """Number of leading directions of the next values (P, D) that DMD with control projects on.

    As many as there are, but all D if values (P, D) have directions beside these: what is gone
    after a step, whose functions a projection would lose, and with them those of the others.
    """
    rank = data_rank(ahead)
    return rank if data_rank(np.vstack([now, ahead])) == rank else ahead.shape[1]


VANISHING = 1e-8
"""Exact modes (Tu et al. 2014) belong to A x, not to x: those of discrete eigenvalues below this,
relative to the largest, are lost to rounding, and with them the functions of all others, which a
pseudo-inverse of the modes gives. Modes in a basis of x, which libraries call projected, keep them.
"""


def vanish(discrete: NDArray) -> bool:
    """Whether exact modes at these eigenvalues are `VANISHING`."""
    sizes = abs(np.asarray(discrete))
    return bool((sizes < VANISHING * sizes.max(initial=0.0)).any())


@dataclass(frozen=True)
class Subsampled(Method):
    """Base class of methods whose library cannot handle all pairs of large data.

    Parameters
    ----------
    max_pairs : int
        Snapshot pairs used, at random; all if there are fewer. Memory grows with the square of this
        number, and time with its cube.
    seed : int
        Which pairs.
    """

    max_pairs: Count = 1000
    seed: int = 0

    def pairs(self, trajectories: Trajectories) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Snapshot pairs (X, Y) as rows, a random subset if there are too many.

        Rows are drawn without replacement and kept in order; the model's note says how many.
        """
        x, y = trajectories.pairs()
        if len(x) <= self.max_pairs:
            return x, y
        depends_on = {"seed": self.seed, "count": self.max_pairs, "of": len(x)}
        rng = generator(depends_on, "snapshot pairs")
        fitted_to(self.max_pairs, f"{self.max_pairs} of {len(x)} snapshot pairs, drawn at random")
        chosen = np.sort(rng.choice(len(x), size=self.max_pairs, replace=False))
        return x[chosen], y[chosen]


def under_inputs(model: LinearModel, response: NDArray) -> LinearModel:
    """The model of ψ(x⁺) = ψ(x) K + v B, from that of ψ(x⁺) = ψ(x) K and B (q, D).

    φ = ψ C has φ(x⁺) = μ φ(x) + v B C; of data without inputs it has no gains.
    """
    if not len(response):
        return model
    return replace(model, input_gains=(response @ model.coefficients).T)
