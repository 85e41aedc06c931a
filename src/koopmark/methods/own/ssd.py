"""Symmetric subspace decomposition: subspaces of the dictionary that the dynamics preserve."""

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koopmark.methods import papers
from koopmark.methods._method import Method, Tags
from koopmark.methods._options import Bound, Share
from koopmark.methods._sampling import together
from koopmark.methods._signal import signal_basis
from koopmark.methods.dictionaries import AnyDictionary, Monomials
from koopmark.methods.own._factor import SnapshotFactor, factor_of, readout
from koopmark.methods.own._inputs import InputKind, driven_model, terms_of
from koopmark.methods.own._linalg import real_product, whitening
from koopmark.methods.own._noise import NoiseVariances, bounded, noise_variances
from koopmark.methods.own.qr_edmd import Eigenpairs, eigenpairs
from koopmark.methods.remarks import CLOSE, at_most, numerical_rank, remark
from koopmark.models import Model, continuous
from koopmark.simulation import Trajectories

RANK = 1e-10
"""Singular values below this fraction of the largest are rounding."""

LEAST, TURNED = 0.1, 3.0
"""Sine that T-SSD allows without noise, and for each unit of relative noise."""

VANISHING = "what is gone after a step spans nothing at x⁺, and is in no subspace that is kept"
"""Why functions with μ = 0 are lost."""

Sine = Annotated[float, Bound("must be above 0 and at most 1", lambda value: 0 < value <= 1)]

ANY = 1.0 - 1e-9
"""Sine up to which T-SSD keeps everything but noise."""


class Spans(NamedTuple):
    """Functions ψ W C on the training pairs, in coordinates of the rows of the data's R."""

    now: NDArray[np.float64]
    """A (2D, k): their values at x, orthonormal."""
    ahead: NDArray[np.float64]
    """B (2D, k): their values at x⁺."""


@dataclass(frozen=True)
class _Decomposition(Method):
    dictionary: AnyDictionary = field(default_factory=Monomials)
    input_terms: InputKind = field(default="linear", kw_only=True)

    def _fit(self, trajectories: Trajectories) -> Model:
        observables = self.dictionary.fitted(trajectories.snapshots())
        terms = terms_of(self.input_terms, self.dictionary, observables, trajectories)
        factor, response = factor_of(observables, trajectories, terms).separated()
        whole, w = self.start(factor)
        kept, dt = w @ reduced(whole, self), trajectories.dt
        # EDMD with the functions ψ C, C (D, k) those kept.
        discrete, residuals = np.empty(0, complex), np.empty(0)
        coefficients = np.empty((len(kept), 0), complex)
        if kept.shape[1]:
            triangle = np.linalg.qr(np.hstack(spans(factor, kept)))[1]
            pairs = eigenpairs(SnapshotFactor(triangle, factor.pairs), RANK)
            discrete, residuals = pairs.discrete, pairs.residuals
            coefficients = real_product(kept, pairs.coefficients)
        modes = readout(factor, coefficients, observables.state)
        note = f"a subspace of dimension {kept.shape[1]} in a dictionary of {observables.size}"
        found = Eigenpairs(discrete, coefficients, residuals, modes)
        model = found.model(observables, continuous(discrete, dt), dt, note)
        return driven_model(model, terms, response)

    def start(self, factor: SnapshotFactor) -> tuple[Spans, NDArray[np.float64]]:
        """A and B of functions ψ W that are orthonormal at the training states, and W (D, k)."""
        w, u = whitening(factor.xx, RANK)
        now = np.eye(len(w)) if u is None else u
        return Spans(np.vstack([now, np.zeros_like(now)]), spans(factor, w).ahead), w

    @abstractmethod
    def step(self, here: Spans) -> NDArray[np.float64]:
        """Orthonormal columns (k, l): coefficients of the functions that stay; l = k ends it."""


@dataclass(frozen=True)
class SSD(_Decomposition):
    """Symmetric subspace decomposition (Haseli and Cortés 2022, algorithm 1).

    The largest subspace of the dictionary's span that the Koopman operator maps into itself, on the
    training pairs: the span R(A) at x is cut with the span R(B) at x⁺, A and B go to the functions
    that are left, and so on until nothing leaves. Every eigenfunction in the span is in it, and
    nothing that only resembles one, so that on noisy data it is empty but for the constant. What
    vanishes after a step (μ = 0) spans nothing at x⁺ and is lost.

    Parameters
    ----------
    tolerance : float
        Sine of the angle to R(B) up to which a function of R(A) counts as lying in it. Sines are
        those of orthonormal bases, not of Gram matrices, and exact to rounding.
    """

    tolerance: Share = 1e-7

    tags = Tags(
        sampling="segments", inputs=True, papers=(papers.HASELI_2022,), loses={"map": VANISHING}
    )

    def step(self, here: Spans) -> NDArray[np.float64]:
        sines, directions = angles(here.now, orthonormal(here.ahead)[0])
        return directions[at_most(sines, self.tolerance, "which functions stay", CLOSE)].T


@dataclass(frozen=True)
class TunableSSD(_Decomposition):
    """Tunable symmetric subspace decomposition, T-SSD (Haseli and Cortés 2023).

    A subspace of the dictionary's span that is invariant up to `epsilon`: the largest sine between
    R(A), its values at x, and R(B), at x⁺, is at most that. In each round the functions stay whose
    values at both lie in the span V of the principal vectors of R(A) and R(B) with sines up to
    `epsilon`, the eigenvectors of P_A - P_B with eigenvalues that small.

    Parameters
    ----------
    epsilon : float, optional
        From nearly 0, which is SSD, to 1, which is EDMD: accuracy for every function of the
        subspace against how many functions it has. By default 0.1, and as much more as measurement
        noise, estimated from the data, turns the functions.
    """

    epsilon: Sine | None = None

    tags = Tags(
        sampling="segments", inputs=True, papers=(papers.HASELI_2023,), loses={"map": VANISHING}
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        if self.epsilon is not None:
            return super()._fit(trajectories)
        parts = [block.states for block in trajectories.blocks()]
        noise = bounded(noise_variances(trajectories), parts)
        return replace(self, epsilon=_allowed(noise, parts))._fit(trajectories)

    def start(self, factor: SnapshotFactor) -> tuple[Spans, NDArray[np.float64]]:
        whole, w = super().start(factor)
        # With all angles allowed this is EDMD; otherwise functions of noise alone would turn V.
        basis = np.empty((0, w.shape[1]))
        if self.epsilon != 1.0:
            basis = signal_basis(*whole, factor.pairs, RANK)
        if basis.shape[1] == w.shape[1]:
            return whole, w
        signal = np.linalg.qr(basis)[0]
        return Spans(whole.now @ signal, whole.ahead @ signal), w @ signal

    def step(self, here: Spans) -> NDArray[np.float64]:
        if self.epsilon is None:
            raise ValueError("epsilon is settled by the data, in fit")
        basis, coordinates = orthonormal(here.ahead)
        sines, directions = angles(here.now, basis)
        leaving = directions[~at_most(sines, self.epsilon, "which functions stay")]
        sines, directions = angles(basis, here.now)
        # A c in V: c is orthogonal to what leaves of A; B c in V: likewise for B's coordinates.
        arriving = directions[sines > self.epsilon] @ coordinates
        conditions = np.vstack([leaving, arriving])
        if len(conditions) == 0:
            return np.eye(here.now.shape[1])
        _, sizes, rows = np.linalg.svd(conditions)
        return rows[int(np.sum(sizes > RANK * sizes[0])) :].T


def _allowed(noise: NoiseVariances, parts: list[NDArray]) -> float:
    """By default the largest sine of T-SSD, for noise of this size in states, parts (M, T, N)."""
    # Of the next states: functions that are gone after a step lie in noise there.
    ahead = together([part[:, 1:] for part in parts])
    mean, size = ahead.mean(axis=(0, 1), dtype=float), ahead.var(axis=(0, 1), dtype=float)
    # A channel that is constant, but for rounding, says nothing about the noise.
    varies = size > (RANK * mean) ** 2
    if not varies.any():
        return LEAST
    relative = np.minimum(noise.variances[varies] / size[varies], 1.0)
    # Nor does one of noise alone say how much it turns the others.
    drowned = relative >= 0.5
    if drowned.any():
        remark(
            f"noise outweighs the signal after one step in {drowned.sum()} of {len(size)} "
            f"channels: functions of them may be lost"
        )
    signal = relative if drowned.all() else relative[~drowned]
    epsilon = float(np.hypot(LEAST, TURNED * np.sqrt(signal.mean())))
    if epsilon >= ANY:
        remark("noise turns functions by any angle: all that are more than noise stay, as in EDMD")
    return min(ANY, epsilon)


def spans(factor: SnapshotFactor, coefficients: NDArray) -> Spans:
    """Matrices A and B of the functions ψ C at x and x⁺, for C (D, k)."""
    triangle, size = factor.triangle, factor.size
    return Spans(triangle[:, :size] @ coefficients, triangle[:, size:] @ coefficients)


def reduced(whole: Spans, method: _Decomposition) -> NDArray[np.float64]:
    """Orthonormal coefficients (k, l) of the largest subspace that the dynamics keep."""
    left = np.eye(whole.now.shape[1])
    while left.shape[1]:
        stay = method.step(Spans(whole.now @ left, whole.ahead @ left))
        if stay.shape[1] == left.shape[1]:
            break
        left = left @ stay
    return left


def orthonormal(values: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Q (·, r) and T (r, k) with values = Q T and Q orthonormal; r is the rank."""
    q, triangle = np.linalg.qr(values)
    u, s, vt = np.linalg.svd(triangle)
    rank = numerical_rank(s, RANK, "the functions that stay")
    return q @ u[:, :rank], s[:rank, None] * vt[:rank]


def angles(basis: NDArray, other: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sines (k,) of the angles from directions, the rows (k, k), of one basis to another's span."""
    outside = basis - other @ (other.T @ basis)
    _, sines, directions = np.linalg.svd(outside)
    return sines, directions
