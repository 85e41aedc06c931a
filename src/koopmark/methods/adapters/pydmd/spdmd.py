"""PyDMD: sparsity-promoting DMD, which keeps the pairs that a trajectory needs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.adapters.pydmd.modes import Sequence
from koopmark.methods.dictionaries import AnyDictionary
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class SpDMD(PyDMDMethod):
    """Sparsity-promoting DMD (Jovanović et al. 2014) as PyDMD computes it, longest trajectory.

    The eigenpairs of DMD whose amplitude is not set to zero. PyDMD's thresholding is not that of
    the paper, and a larger `gamma` does not mean fewer pairs (docs/library-notes.md).

    Parameters
    ----------
    dictionary : AnyDictionary
        As for `DMD`.
    svd_rank : int, optional
        Directions kept: by default the numerical rank of the data.
    gamma : float
        Weight of the amplitudes' 1-norm. PyDMD's own is 10, which is large or small with the data.
    """

    dictionary: AnyDictionary = STATE
    svd_rank: int | None = None
    gamma: float = 0.01

    recovers: ClassVar[str] = "trajectory"
    loses: ClassVar[Mapping[str, str]] = {
        "units": "the weight of the amplitudes is in the units of the data",
    }

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        sequence = Sequence.of(trajectories, self.dictionary)
        rank = sequence.rank(self.svd_rank)
        return _kept(pydmd.SpDMD(svd_rank=rank, gamma=self.gamma, verbose=False), sequence)


@dataclass(frozen=True)
class DefaultSpDMD(PyDMDMethod):
    """`pydmd.SpDMD()` as a user calls it who sets nothing but silence, longest trajectory.

    The rank is chosen by a threshold; the one pair that is left may lose its amplitude too.
    """

    recovers: ClassVar[str] = (
        "the scale of the data decides whether its weight of 10 leaves any pair at all"
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        return _kept(pydmd.SpDMD(verbose=False), Sequence.of(trajectories))


def _kept(dmd: Any, sequence: Sequence) -> Model:
    """The pairs that an object, not yet fitted, leaves an amplitude."""
    fitted = dmd.fit(sequence.values)
    every, kept = sequence.model(fitted.eigs, fitted.modes), fitted.amplitudes != 0
    return replace(
        every,
        coefficients=every.coefficients[:, kept],
        rates=every.rates[kept],
        modes=None if every.modes is None else every.modes[kept],
    )
