"""PyDMD: variants of DMD that take one sequence of snapshots, and no pairs."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.adapters.pydmd.modes import Sequence, SequenceDefaults
from koopmark.methods.dictionaries import AnyDictionary
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class CDMD(PyDMDMethod):
    """Compressed DMD (Erichson et al. 2019) as PyDMD computes it, on the longest trajectory.

    Parameters
    ----------
    dictionary : AnyDictionary
        As for `DMD`.
    svd_rank : int, optional
        Directions kept: by default the numerical rank of the data. PyDMD compresses to as many
        rows as there are snapshots; with -1 it keeps all of these, whatever the data fill.
    compression : str
        Distribution of the random matrix that compresses: `uniform`, `normal` or `sparse`.
    seed : int
        Which matrix.
    """

    dictionary: AnyDictionary = STATE
    svd_rank: int | None = None
    compression: Literal["uniform", "normal", "sparse"] = "uniform"
    seed: int = 0

    recovers: ClassVar[str] = "trajectory"

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        sequence = Sequence.of(trajectories, self.dictionary)
        rank = sequence.rank(self.svd_rank)
        dmd = pydmd.CDMD(svd_rank=rank, compression_matrix=self.compression)
        fitted = dmd.fit(sequence.values)
        return sequence.model(fitted.eigs, fitted.modes)


@dataclass(frozen=True)
class DefaultCDMD(SequenceDefaults):
    """`pydmd.CDMD()` as a user calls it who sets nothing, on the longest trajectory.

    Compressed data have more rows than directions. Most singular values are rounding then, and the
    threshold that ruins the other defaults lies at rounding too.
    """

    seed: int = 0

    recovers: ClassVar[str] = "trajectory"

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.CDMD()


@dataclass(frozen=True)
class RDMD(PyDMDMethod):
    """Randomised DMD (Erichson et al. 2019) as PyDMD computes it, on the longest trajectory.

    Parameters
    ----------
    dictionary : AnyDictionary
        As for `DMD`.
    svd_rank : int, optional
        Directions kept: by default the numerical rank of the data.
    oversampling, power_iters : int
        Random directions beyond the rank, and iterations that turn them to the leading ones.
    seed : int
        Which directions.
    """

    dictionary: AnyDictionary = STATE
    svd_rank: int | None = None
    oversampling: int = 10
    power_iters: int = 2
    seed: int = 0

    recovers: ClassVar[str] = "trajectory"

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        sequence = Sequence.of(trajectories, self.dictionary)
        dmd = pydmd.RDMD(
            svd_rank=sequence.rank(self.svd_rank),
            oversampling=self.oversampling,
            power_iters=self.power_iters,
            seed=self.seed,
        )
        fitted = dmd.fit(sequence.values)
        return sequence.model(fitted.eigs, fitted.modes)


@dataclass(frozen=True)
class DefaultRDMD(SequenceDefaults):
    """`pydmd.RDMD()` as a user calls it who sets nothing, on the longest trajectory.

    But for the seed: PyDMD draws from the operating system without one.
    """

    seed: int = 0

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.RDMD(seed=self.seed)


@dataclass(frozen=True)
class SubspaceDMD(PyDMDMethod):
    """Subspace DMD (Takeishi et al. 2017) as PyDMD computes it, on the longest trajectory.

    Parameters
    ----------
    dictionary : AnyDictionary
        As for `DMD`.
    svd_rank : int, optional
        Directions kept: by default the numerical rank of the data. -1, PyDMD's own, keeps more.
    """

    dictionary: AnyDictionary = STATE
    svd_rank: int | None = None

    recovers: ClassVar[str] = "trajectory"

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        sequence = Sequence.of(trajectories, self.dictionary)
        return _subspace(pydmd.SubspaceDMD(svd_rank=sequence.rank(self.svd_rank)), sequence)


@dataclass(frozen=True)
class DefaultSubspaceDMD(PyDMDMethod):
    """`pydmd.SubspaceDMD()` as a user calls it who sets nothing, on the longest trajectory.

    It finds the rank itself, and counts some rounding where the data leave dimensions empty.
    """

    recovers: ClassVar[str] = "trajectory"

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        return _subspace(pydmd.SubspaceDMD(), Sequence.of(trajectories))


def _subspace(dmd: Any, sequence: Sequence) -> Model:
    """The model of an object, not yet fitted, that compares two states with the next two."""
    if len(sequence.times) < 4:
        raise ValueError(f"SubspaceDMD needs 4 states in a row, got {len(sequence.times)}")
    fitted = dmd.fit(sequence.values)
    return sequence.model(fitted.eigs, fitted.modes)
