"""PyDMD: exact DMD on snapshot pairs, at full rank, at its own defaults, and two variants."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.adapters.pydmd.modes import PairDefaults, from_pairs
from koopmark.methods.dictionaries import AnyDictionary
from koopmark.methods.subsample import some_pairs
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class _Modes(PyDMDMethod):
    """A PyDMD class that is fitted to all pairs at a rank."""

    dictionary: AnyDictionary = STATE
    svd_rank: int = -1

    @abstractmethod
    def _estimator(self) -> Any:
        """The PyDMD object, not fitted."""

    def _fit(self, trajectories: Trajectories) -> Model:
        pairs = trajectories.pairs()
        return from_pairs(self._estimator(), *pairs, trajectories.dt, self.dictionary)


@dataclass(frozen=True)
class DMD(_Modes):
    """Least-squares DMD (Tu et al. 2014) as PyDMD computes it.

    Parameters
    ----------
    dictionary : AnyDictionary
        The state alone; dynamics with an offset θ ≠ 0 need `Identity()`, which holds the constant.
    svd_rank : int
        Directions kept: -1 for all. PyDMD's own default, 0, cuts at a threshold made for noise;
        that is the method `pydmd.dmd_default`.
    """

    loses: ClassVar[Mapping[str, str]] = {
        "low rank": "at full rank it divides by the rounding of directions without data",
    }

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.DMD(svd_rank=self.svd_rank)


@dataclass(frozen=True)
class DefaultDMD(PairDefaults):
    """`pydmd.DMD()` as a user calls it who sets nothing: the rank is chosen by a threshold."""

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.DMD()


@dataclass(frozen=True)
class FbDMD(_Modes):
    """Forward-backward DMD (Dawson et al. 2016) as PyDMD computes it; parameters as for `DMD`.

    PyDMD multiplies its forward and its backward operator in two different bases, so this is not
    exact even on noise-free linear data (docs/library-notes.md).
    """

    # Exact in PyDMD where the singular vectors of X and Y agree.
    recovers: ClassVar[str] = "axes"

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.FbDMD(svd_rank=self.svd_rank)


@dataclass(frozen=True)
class DefaultFbDMD(PairDefaults):
    """`pydmd.FbDMD()` as a user calls it who sets nothing."""

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.FbDMD()


@dataclass(frozen=True)
class TotalDMD(PyDMDMethod):
    """Total-least-squares DMD (Hemati et al. 2017), the option `tlsq_rank` of PyDMD's `DMD`.

    Parameters
    ----------
    dictionary : AnyDictionary
        As for `DMD`.
    svd_rank : int
        As for `DMD`.
    tlsq_rank : int, optional
        Directions of the pairs [X; Y] kept: by default as many as the dictionary has functions,
        which is what noise-free linear dynamics fill.
    max_pairs : int
        Snapshot pairs used, at random; all where there are fewer. PyDMD forms a matrix of pairs by
        pairs: 32 MB at 2000.
    seed : int
        Which pairs.
    """

    dictionary: AnyDictionary = STATE
    svd_rank: int = -1
    tlsq_rank: int | None = None
    max_pairs: int = 2000
    seed: int = 0

    loses: ClassVar[Mapping[str, str]] = {
        "low rank": "at full rank it divides by the rounding of directions without data",
    }

    def __post_init__(self) -> None:
        if self.max_pairs < 1:
            raise ValueError(f"max_pairs must be at least 1, got {self.max_pairs}")
        if self.tlsq_rank is not None and self.tlsq_rank < 1:
            raise ValueError(f"tlsq_rank must be at least 1, got {self.tlsq_rank}")

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = some_pairs(trajectories, self.max_pairs, self.seed)
        kept = self.dictionary.fitted(x).size if self.tlsq_rank is None else self.tlsq_rank
        dmd = pydmd.DMD(svd_rank=self.svd_rank, tlsq_rank=kept)
        return from_pairs(dmd, x, y, trajectories.dt, self.dictionary)
