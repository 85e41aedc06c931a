"""KRONIC: single eigenfunctions by sparse regression, kept where they predict held-out data."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, qr

from koopmark._tsqr import triangle_of
from koopmark.methods import papers
from koopmark.methods._method import Method, Tags
from koopmark.methods._options import Positive, Share, Tolerance
from koopmark.methods.dictionaries import AnyDictionary, Monomials, Observables
from koopmark.methods.own._factor import SnapshotFactor, factorise, readout
from koopmark.methods.own._linalg import real_product, whitening
from koopmark.methods.own._noise import EXPLAINED, noise_shares, noise_variances
from koopmark.methods.own.generator_edmd import derivative_factor, differences, remark_shifts
from koopmark.methods.own.qr_edmd import eigenpairs
from koopmark.methods.remarks import at_most
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories

ORDER = 6
"""Of the differences: their error is below that of the regression."""

THRESHOLDS = 10.0 ** -np.arange(1, 9)
"""Sizes below which coefficients are tried to be zero, relative to the largest."""

SLACK, ROUNDING = 2.0, 1e-10
"""A sparse vector may have this times the residual of the full one, plus rounding."""

RANK = 1e-12
"""Singular values of the functions of a support below this fraction of the largest are rounding."""

ITERATIONS = 10
"""Enough where the smallest singular value is a half of the next, and so it is where it matters."""

DECIDES = 0.7
"""Error that noise may explain beyond which a prediction decides nothing."""

SAME = 1e-6
"""Relative distance up to which eigenvalues are one, and their vectors a space."""


@dataclass(frozen=True)
class KRONIC(Method):
    """Koopman reduced-order nonlinear identification (Kaiser, Kutz and Brunton 2021).

    An eigenfunction φ = ψ ξ solves (λΨ - Ψ̇) ξ = 0, with ψ̇ along each trajectory by central
    differences of order 6. Candidates for λ are the eigenvalues of generator EDMD. For each one a
    sparse ξ is sought in the null space: small coefficients are set to zero and the rest solved
    for again, as often as coefficients fall below the threshold; of several thresholds the
    largest counts that leaves the residual what it was. λ is then refitted to snapshot pairs,
    since differences shift it, and functions stay that predict trajectories that were held out.

    Parameters
    ----------
    accuracy : float
        Largest ‖φ(x(t)) - e^{λt}φ(x(0))‖ / ‖φ(x(t))‖ over the held-out trajectories. Where no
        function keeps to it the best one is kept, and the model's note says so. Measurement noise,
        estimated from the data, allows each function as much more as it explains; a function in
        which it would explain any error cannot be judged and is left out.
    held_out : float
        Share of the trajectories; where there is but one, of its segments without a gap, or of the
        times of the only one.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)
    accuracy: Positive = 3e-2
    held_out: Share = 0.2
    tolerance: Tolerance = 1e-10

    tags = Tags(
        min_states=ORDER + 1,
        sampling="segments",
        papers=(papers.KAISER_2021,),
        loses={"map": "a map has no derivative in time"},
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        dt = trajectories.dt
        training, validation = split(trajectories, self.held_out)
        observables = self.dictionary.fitted(training.snapshots())
        seen, unseen = (
            [block.states for block in part.blocks()] for part in (training, validation)
        )
        rates = derivative_factor(observables.size, differences(observables, seen, dt, ORDER))
        pairs = factorise(observables, *seen)
        vectors = sparse_vectors(rates, self.tolerance)
        noise = noise_variances(trajectories)
        share = noise_shares(seen, observables, noise, vectors)
        found = refitted(pairs, vectors, dt, share if noise.settled else np.zeros_like(share))
        remark_shifts(found.rates, dt, ORDER)
        errors = prediction_errors(found, observables, unseen, dt)
        share = noise_shares(unseen, observables, noise, found.vectors)
        # What noise in φ(x(0)) has grown to in e^{λt}φ(x(0)), squared, mean over the times (s,).
        with np.errstate(over="ignore"):
            each = [
                np.exp(2.0 * found.rates.real * dt * np.arange(part.shape[1])[:, None]).mean(axis=0)
                for part in unseen
            ]
        states = [part.shape[0] * part.shape[1] for part in unseen]
        grown = each[0] if len(each) == 1 else np.average(each, axis=0, weights=states)
        explained = EXPLAINED * np.sqrt(share * (1.0 + grown))
        limit = np.hypot(self.accuracy, explained)
        kept, note = _chosen(pairs, found, errors, limit)
        vectors, residuals = found.vectors[:, kept], found.residuals[kept]
        modes = readout(pairs, vectors, observables.state)
        discrete = found.discrete[kept]
        return LinearModel(
            observables, vectors, found.rates[kept], dt, modes, residuals, 1, note, discrete
        )


class Functions(NamedTuple):
    """Functions ψ ξ, each with its own eigenvalue."""

    discrete: NDArray[np.complex128]
    """μ (s,)."""
    rates: NDArray[np.complex128]
    """λ (s,), continuous-time."""
    vectors: NDArray[np.complex128]
    """ξ (D, s)."""
    residuals: NDArray[np.float64]
    """(s,) ‖φ(x⁺) - e^{λΔt}φ(x)‖ / ‖φ(x)‖ over the training pairs."""


def split(trajectories: Trajectories, share: float) -> tuple[Trajectories, Trajectories]:
    """Training and held-out data: evenly spread trajectories, or the end of a single one.

    Of data with gaps or uneven times these are the segments without a gap, and those of one
    trajectory stay together if there are several.
    """
    if not trajectories.regular:
        return _split_segments(trajectories, share)
    count = len(trajectories)
    if count == 1:
        states = trajectories.states.shape[1]
        cut = states - max(2, round(share * states))
        return trajectories[:, : max(cut, 1)], trajectories[:, cut:]
    held = np.zeros(count, dtype=bool)
    held[np.linspace(0, count - 1, max(1, round(share * count))).astype(int)] = True
    return trajectories[~held], trajectories[held]


def _split_segments(trajectories: Trajectories, share: float) -> tuple[Trajectories, Trajectories]:
    recorded = trajectories.recorded
    lengths = np.diff(recorded.bounds)
    owners = recorded.trajectory[recorded.bounds[:-1][lengths > 1]]
    pieces = [segment.states[0] for segment in trajectories.segments(2)]
    whole = Trajectories.from_arrays(pieces, dt=trajectories.dt)
    if len(pieces) == 1:
        return split(whole, share)
    if (owners == owners[0]).all():
        owners = np.arange(len(pieces))
    # Differences need a long segment to train on.
    others = np.unique(owners[owners != owners[np.argmax(lengths[lengths > 1])]])
    count = max(1, round(share * (len(others) + 1)))
    chosen = others[np.linspace(0, len(others) - 1, count).astype(int)]
    held = np.isin(owners, chosen)
    return whole[~held], whole[held]


def sparse_vectors(factor: SnapshotFactor, tolerance: float) -> NDArray[np.complex128]:
    """Sparse vectors ξ (D, s), one for each null-space direction at each candidate λ.

    `factor` is that of [Ψ Ψ̇]. Of complex pairs of candidates only one is looked at, and its
    conjugate added.
    """
    candidates = eigenpairs(factor, tolerance)
    scale = np.linalg.norm(factor.xx, axis=0)
    scale[scale == 0.0] = 1.0
    scaled = SnapshotFactor(factor.triangle / np.tile(scale, 2), factor.pairs)
    left = list(np.flatnonzero(candidates.discrete.imag >= 0))
    found: list[NDArray] = []
    while left:
        leader = candidates.discrete[left[0]]
        distance = np.abs(candidates.discrete - leader)
        group = np.flatnonzero(distance <= SAME * (1.0 + abs(leader)))
        left = [index for index in left if index not in group]
        rate = candidates.discrete[group].mean()
        space = candidates.coefficients[:, group] * scale[:, None]
        if abs(leader.imag) <= SAME * (1.0 + abs(leader)):
            # The real space that rounding has turned into complex pairs.
            both = np.hstack([space.real, space.imag])
            rate, space = rate.real, np.linalg.svd(both)[0][:, : len(group)]
        for start in _echelon(space).T:
            limit = SLACK * _residual(scaled, rate, start) + ROUNDING
            tried = (_thresholded(scaled, rate, start, threshold) for threshold in THRESHOLDS)
            sparse = (vector for vector in tried if _residual(scaled, rate, vector) <= limit)
            vector = next(sparse, start) / scale
            found += [vector, vector.conj()] if np.iscomplexobj(vector) else [vector]
    return np.array(found, dtype=complex).T


def _echelon(space: NDArray) -> NDArray:
    """The basis of the same space (D, m) that is the identity in m well-chosen rows."""
    chosen = qr(space.conj().T, mode="r", pivoting=True)[1][: space.shape[1]]
    return np.linalg.solve(space[chosen].T, space.T).T


def _thresholded(
    factor: SnapshotFactor, rate: complex, vector: NDArray, threshold: float
) -> NDArray:
    """ξ without coefficients below the threshold, solved for until none is."""
    size = factor.size
    while True:
        support = np.flatnonzero(np.abs(vector) >= threshold * np.abs(vector).max())
        if len(support) == np.count_nonzero(vector):
            return vector
        values = factor.triangle[:, support]
        missed = factor.triangle[:, size + support] - rate * values
        w, _ = whitening(triangle_of(values), RANK)
        smallest = _smallest_direction(triangle_of(missed @ w))
        vector = np.zeros(size, dtype=smallest.dtype)
        vector[support] = w @ smallest


def _smallest_direction(triangle: NDArray) -> NDArray:
    """Right singular vector of the smallest singular value, by inverse iteration with RᴴR."""
    solve = lapack.get_lapack_funcs("trtrs", (triangle,))
    diagonal = np.einsum("ii->i", triangle)
    diagonal[diagonal == 0.0] = np.finfo(float).eps * max(1.0, np.abs(diagonal).max())
    vector = np.ones(len(triangle), dtype=triangle.dtype)
    for _ in range(ITERATIONS):
        vector = solve(triangle, solve(triangle, vector, trans=2)[0])[0]
        vector = vector / np.linalg.norm(vector)
    return vector


def _residual(factor: SnapshotFactor, rate: complex, vector: NDArray) -> float:
    """‖ψ̇ ξ - λ ψ ξ‖ / ‖ψ ξ‖."""
    values, velocity = (half @ vector for half in np.split(factor.triangle, 2, axis=1))
    return float(np.linalg.norm(velocity - rate * values) / np.linalg.norm(values))


def refitted(pairs: SnapshotFactor, vectors: NDArray, dt: float, noise: NDArray) -> Functions:
    """Functions of unit norm, with μ = ⟨φ(x), φ(x⁺)⟩ / ((1 - s) ⟨φ(x), φ(x)⟩) over the pairs.

    The share s (s,) of measurement noise in the mean square of a function would shrink μ.
    """
    values, ahead = (real_product(half, vectors) for half in np.split(pairs.triangle, 2, axis=1))
    sizes = np.linalg.norm(values, axis=0)
    signal = np.maximum(1.0 - noise, 0.5)
    discrete = np.sum(values.conj() * ahead, axis=0) / (signal * sizes**2)
    residuals = np.linalg.norm(ahead - discrete * values, axis=0) / sizes
    return Functions(discrete, continuous(discrete, dt), vectors / sizes, residuals)


def prediction_errors(
    found: Functions, observables: Observables, parts: list[NDArray], dt: float
) -> NDArray[np.float64]:
    """Errors ‖φ(x(t)) - e^{λt}φ(x(0))‖ / ‖φ(x(t))‖ over parts (M, T, N); inf for NaN."""
    missed, sizes = [], []
    for states in parts:
        flat = np.ascontiguousarray(states, dtype=float).reshape(-1, states.shape[2])
        values = real_product(observables(flat), found.vectors).reshape(*states.shape[:2], -1)
        with np.errstate(over="ignore", invalid="ignore"):
            grown = np.exp(found.rates * dt * np.arange(states.shape[1])[:, None])
            missed.append(np.linalg.norm(values - values[:, :1] * grown, axis=(0, 1)))
        sizes.append(np.linalg.norm(values, axis=(0, 1)))
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.hypot.reduce(missed) / np.hypot.reduce(sizes)
    return np.where(np.isfinite(errors), errors, np.inf)


def _chosen(
    pairs: SnapshotFactor, found: Functions, errors: NDArray, limit: NDArray
) -> tuple[list[int], str]:
    """Which functions predict, best first and each but once, and a note that says how many."""
    values = real_product(pairs.xx, found.vectors)
    order = np.argsort(errors, kind="stable")
    kept: list[int] = []
    predicts = at_most(errors, limit, "which functions are kept") & (limit <= DECIDES)
    for index in order[predicts[order]]:
        apart = np.abs(found.rates[kept] - found.rates[index])
        same = [k for k, distance in zip(kept, apart, strict=True) if distance <= SAME]
        known = np.linalg.qr(values[:, same])[0]
        new = values[:, index] - known @ (known.conj().T @ values[:, index])
        if np.linalg.norm(new) > SAME:
            kept.append(int(index))
    note = f"{len(kept)} of {len(errors)} functions predict what was held out"
    unjudged = int(np.sum(limit > DECIDES))
    if unjudged:
        note += f", {unjudged} are left out unjudged, since noise explains any error there"
    if kept:
        return kept, note
    best = errors[order[0]]
    return np.flatnonzero(errors == best).tolist(), f"{note}: kept is the best, off by {best:.1e}"
