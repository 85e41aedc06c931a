"""PyDMD's methods that take a single sequence of snapshots."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from koopmark.methods import papers
from koopmark.methods._method import Tags
from koopmark.methods._options import Bound, Count, Share
from koopmark.methods.adapters.pydmd.pairs import PYDMD, STATE, AtRank
from koopmark.methods.dictionaries import AnyDictionary, Observables
from koopmark.models import LinearModel, Model
from koopmark.simulation import Trajectories

RANK_TOLERANCE = 1e-12
"""Relative to the largest singular value: what lies below is rounding."""

SEQUENCE = replace(PYDMD, one_trajectory=True, recovers="trajectory")


def _rank(wanted: int | None, values: NDArray) -> int:
    """`wanted`, or how many singular values of `values` stand out of rounding; at least 1.

    Values along one trajectory often fill fewer dimensions than there are; at full rank PyDMD
    divides by what is left of the others, which is rounding.
    """
    if wanted is not None:
        return wanted
    spectrum = np.linalg.svd(values, compute_uv=False)
    return max(1, int(np.sum(spectrum > RANK_TOLERANCE * spectrum[0])))


@dataclass(frozen=True)
class _Sequence(AtRank):
    """A PyDMD class fitted to dictionary values along the longest trajectory.

    What derives from it says which parameters it adds.

    Parameters
    ----------
    svd_rank : int, optional
        Directions kept: by default the numerical rank of the values; see `AtRank`.
    dictionary : AnyDictionary
        As for `DMD`.
    """

    dictionary: AnyDictionary = STATE

    tags = SEQUENCE

    @abstractmethod
    def _estimator(self, pydmd: Any, rank: int) -> Any:
        """The PyDMD object, not fitted."""

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        states = trajectories.states[0]
        lift = self.dictionary.fitted(states)
        values = lift(states).T
        dmd = self._estimator(pydmd, _rank(self.svd_rank, values))
        return self._model(dmd, values, trajectories, lift)

    def _model(
        self, dmd: Any, values: NDArray, trajectories: Trajectories, lift: Observables
    ) -> LinearModel:
        """The model of an unfitted `dmd` for values (D, T)."""
        fitted = dmd.fit(values)
        return LinearModel.from_modes(fitted.eigs, fitted.modes, trajectories.dt, lift, lift.state)


@dataclass(frozen=True)
class CDMD(_Sequence):
    """Compressed DMD (Erichson et al. 2019) as PyDMD computes it.

    DMD of snapshots that a random matrix has made shorter.

    PyDMD compresses to as many rows as there are snapshots; with rank -1 it keeps all of these,
    whatever the data fill.

    Parameters
    ----------
    compression : str
        Distribution of the random matrix that compresses: `uniform`, `normal` or `sparse`.
    seed : int
        Which matrix.
    """

    compression: Literal["uniform", "normal", "sparse"] = "uniform"
    seed: int = 0

    tags = replace(SEQUENCE, papers=(papers.ERICHSON_2019_COMPRESSED,))

    def promises(self) -> Tags:
        if self.svd_rank == 0:
            # Compressed data have more rows than directions: most singular values are rounding.
            return self.tags.none("its threshold lies at rounding, of which it may keep some")
        return self.tags

    def _estimator(self, pydmd: Any, rank: int) -> Any:
        return pydmd.CDMD(svd_rank=rank, compression_matrix=self.compression)


@dataclass(frozen=True)
class RDMD(_Sequence):
    """Randomised DMD (Erichson et al. 2019) as PyDMD computes it.

    DMD in the leading directions of the snapshots, which are found by random projections.

    Parameters
    ----------
    oversampling, power_iters : int
        Random directions beyond the rank, and iterations that turn them to the leading ones.
    seed : int
        Which directions. Without one PyDMD draws from the operating system.
    """

    oversampling: int = 10
    power_iters: int = 2
    seed: int = 0

    tags = replace(SEQUENCE, papers=(papers.ERICHSON_2019_RANDOMISED,))

    def _estimator(self, pydmd: Any, rank: int) -> Any:
        return pydmd.RDMD(
            svd_rank=rank,
            oversampling=self.oversampling,
            power_iters=self.power_iters,
            seed=self.seed,
        )


@dataclass(frozen=True)
class SubspaceDMD(_Sequence):
    """Subspace DMD (Takeishi et al. 2017) as PyDMD computes it.

    The next snapshots are projected on past ones first, which takes out noise that has no memory.

    With rank -1, PyDMD's own, it finds the rank itself, and counts some rounding if the data leave
    dimensions empty.
    """

    # It compares two states with the next two.
    tags = replace(
        SEQUENCE, min_states=4, by_default={"svd_rank": -1}, papers=(papers.TAKEISHI_2017,)
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        if len(trajectories.times) < 4:
            raise ValueError(f"SubspaceDMD needs 4 states in a row, got {len(trajectories.times)}")
        return super()._fit(trajectories)

    def _estimator(self, pydmd: Any, rank: int) -> Any:
        return pydmd.SubspaceDMD(svd_rank=rank)


@dataclass(frozen=True)
class SpDMD(_Sequence):
    """Sparsity-promoting DMD (Jovanović et al. 2014) as PyDMD computes it.

    The eigenpairs of DMD whose amplitude is not set to zero. PyDMD's thresholding is not that of
    the paper, and a larger `gamma` does not mean fewer pairs (docs/reference/library-notes).

    Parameters
    ----------
    gamma : float
        Weight of the amplitudes' 1-norm. PyDMD's own is 10, which is large or small with the data.
    """

    gamma: float = 0.01

    tags = replace(
        SEQUENCE,
        loses={"units": "the weight of the amplitudes is in the units of the data"},
        by_default={"svd_rank": 0, "gamma": 10.0},
        papers=(papers.JOVANOVIC_2014,),
    )

    def promises(self) -> Tags:
        if self.svd_rank == 0:
            return self.tags.none(
                "the scale of the data decides whether its weight leaves the one pair that the "
                "threshold keeps"
            )
        return self.tags

    def _estimator(self, pydmd: Any, rank: int) -> Any:
        return pydmd.SpDMD(svd_rank=rank, gamma=self.gamma, verbose=False)

    def _model(
        self, dmd: Any, values: NDArray, trajectories: Trajectories, lift: Observables
    ) -> LinearModel:
        every = super()._model(dmd, values, trajectories, lift)
        kept = dmd.amplitudes != 0
        return replace(
            every,
            coefficients=every.coefficients[:, kept],
            rates=every.rates[kept],
            discrete=np.asarray(every.discrete)[kept],
            modes=None if every.modes is None else every.modes[kept],
        )


@dataclass(frozen=True)
class VarProDMD(_Sequence):
    """Variable projection (Askham and Kutz 2018) by SciPy's least squares.

    A whole trajectory is fitted, at the times at which it was recorded, with as many exponentials
    as there are directions, x(t) ≈ Σⱼ bⱼ modeⱼ e^{λⱼt}. If the dynamics are nonlinear no such fit
    exists, and unlike methods that look one step ahead it does not keep the directions that are
    linear apart from the rest. The rank is the number of exponentials.
    """

    tags = replace(
        SEQUENCE,
        sampling="any",
        loses={
            "low rank": "SciPy's least squares stops at seven digits",
            "constant": "it starts from reciprocals of the eigenvalues, of which one is 0",
            "units": "SciPy's least squares stops at a tolerance in the units of the data",
        },
        papers=(papers.ASKHAM_2018,),
    )

    def _estimator(self, pydmd: Any, rank: int) -> Any:
        return pydmd.VarProDMD(svd_rank=rank)

    def _model(
        self, dmd: Any, values: NDArray, trajectories: Trajectories, lift: Observables
    ) -> LinearModel:
        fitted = dmd.fit(values, trajectories.times - trajectories.times[0])
        rates = np.asarray(fitted.eigs, complex)
        found = LinearModel.from_modes(
            np.ones(len(rates)), fitted.modes, trajectories.dt, lift, lift.state
        )
        return replace(found, rates=rates, discrete=None)


@dataclass(frozen=True)
class BOPDMD(VarProDMD):
    """Optimised DMD (Askham and Kutz 2018) as PyDMD's `BOPDMD` computes it.

    The same problem as `VarProDMD` with another optimiser; with bagging (BOP-DMD: Sashidhar and
    Kutz 2022) the mean of many fits, each to a part of the trajectory.

    Parameters
    ----------
    tolerance : float
        Relative error of the trajectory at which the optimiser stops. PyDMD's own, 1e-6, costs
        eight digits on data that can be fitted exactly.
    num_trials : int
        Fits that are averaged; 0 for no bagging.
    trial_size : float
        Share of the states in each.
    eig_sort : str
        Order by which eigenvalues of one fit are matched with those of another: `real`, `imag`,
        `abs`, or `auto`, by what varies most. None of them holds real eigenvalues and conjugate
        pairs apart (docs/reference/library-notes).
    seed : int
        Which states.
    """

    tolerance: float = 1e-12
    num_trials: Annotated[int, Bound("must not be negative", lambda value: value >= 0)] = 0
    trial_size: Share = 0.6
    eig_sort: Literal["auto", "real", "imag", "abs"] = "auto"
    seed: int = 0

    tags = replace(
        SEQUENCE,
        sampling="any",
        by_default={"svd_rank": 0, "tolerance": 1e-6},
        papers=(
            papers.ASKHAM_2018,
            papers.SASHIDHAR_2022,
        ),
    )

    def promises(self) -> Tags:
        tags = super().promises()
        if self.num_trials:
            # It mixes up the two eigenvalues of a conjugate pair.
            tags = replace(tags, recovers="line", trial={"num_trials": 5})
        return replace(tags, exactness=max(tags.exactness, self.tolerance))

    def _estimator(self, pydmd: Any, rank: int) -> Any:
        return pydmd.BOPDMD(
            svd_rank=rank,
            varpro_opts_dict={"tol": self.tolerance},
            num_trials=self.num_trials,
            trial_size=self.trial_size,
            eig_sort=self.eig_sort,
        )


@dataclass(frozen=True)
class HankelDMD(AtRank):
    """DMD of windows of states (Arbabi and Mezić 2017) as PyDMD computes it.

    Several consecutive states side by side are the snapshot: past states stand for functions of the
    present one.

    Parameters
    ----------
    svd_rank : int, optional
        Directions kept: by default the numerical rank of the windows. What obeys a linear law
        within a window leaves some of their directions empty; -1 divides by the rounding there.
    delays : int
        States in a window.
    """

    delays: Count = 5

    tags = replace(SEQUENCE, by_default={"svd_rank": 0, "delays": 1}, papers=(papers.ARBABI_2017,))

    def promises(self) -> Tags:
        return replace(super().promises(), min_states=self.delays + 1)

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        states, dt = trajectories.states[0], trajectories.dt
        if len(states) <= self.delays:
            raise ValueError(
                f"windows of {self.delays} states need {self.delays + 1} states in a row, "
                f"got {len(states)}"
            )
        windows = trajectories.delayed(self.delays).states[0]
        dmd = self._estimator(pydmd, _rank(self.svd_rank, windows))
        # PyDMD's last digits depend on the layout, which without delays is that of a dictionary.
        fitted = dmd.fit(np.ascontiguousarray(states.T) if self.delays == 1 else states.T)
        last = slice(states.shape[1] * (self.delays - 1), None)
        modes, lift = self._modes(fitted), STATE.fitted(windows)
        return replace(
            LinearModel.from_modes(fitted.eigs, modes, dt, lift, last), window=self.delays
        )

    def _estimator(self, pydmd: Any, rank: int) -> Any:
        return pydmd.HankelDMD(d=self.delays, svd_rank=rank)

    def _modes(self, fitted: Any) -> NDArray:
        """(delays N, s), oldest state first."""
        return np.asarray(fitted.modes)


@dataclass(frozen=True)
class HODMD(HankelDMD):
    """Higher-order DMD (Le Clainche and Vega 2017) as PyDMD computes it.

    `HankelDMD` after a projection of the states. Without a truncation, which is what is sensible
    for states of few dimensions, the two differ by a rotation.

    Parameters
    ----------
    svd_rank_extra : int
        Directions of the states kept: -1 for all.
    """

    svd_rank_extra: int = -1

    tags = replace(
        SEQUENCE,
        by_default={"svd_rank": 0, "delays": 1, "svd_rank_extra": 0},
        papers=(papers.LE_CLAINCHE_2017,),
    )

    def _estimator(self, pydmd: Any, rank: int) -> Any:
        return pydmd.HODMD(d=self.delays, svd_rank=rank, svd_rank_extra=self.svd_rank_extra)

    def _modes(self, fitted: Any) -> NDArray:
        # HODMD's own modes are in a basis (N, r) of the states.
        basis = np.asarray(fitted._sub_dmd._pre_processing_output)
        return np.kron(np.eye(self.delays), basis) @ fitted.modes
