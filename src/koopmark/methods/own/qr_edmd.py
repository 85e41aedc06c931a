"""EDMD by the triangular factor, with residuals for every eigenpair, kernel EDMD and ResDMD."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, lstsq, lu_solve

from koopmark.methods import papers
from koopmark.methods._method import Method, Tags
from koopmark.methods._options import Count, Positive, Tolerance
from koopmark.methods._sampling import together
from koopmark.methods.dictionaries import (
    AnyDictionary,
    Dictionary,
    Monomials,
    Nystroem,
    Observables,
)
from koopmark.methods.kernels import AnyKernel, Polynomial
from koopmark.methods.own._factor import SnapshotFactor, factor_of, readout
from koopmark.methods.own._inputs import InputKind, InputTerms, driven_model, terms_of
from koopmark.methods.own._linalg import eigenbasis, real_product, whitening
from koopmark.methods.own._near import eigenpairs_near
from koopmark.methods.own._noise import EXPLAINED, noise_shares, noise_variances
from koopmark.methods.remarks import at_most, fitted_to, remark
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories

DEPENDENT = 1e-12
"""Reciprocal condition below which eigenvectors count as dependent."""

LEAST = 1e-2
"""Residual that ResDMD allows without noise."""

DECIDES = 0.7
"""Allowance beyond which a residual decides nothing: the half of the function's mean square."""


@dataclass(frozen=True)
class QREDMD(Method):
    """EDMD (Williams, Kevrekidis and Rowley 2015) from the triangular factor of the data.

    Least squares from each snapshot to the next in a dictionary of functions of the state, with
    the digits of a QR factorisation; normal equations would square the condition number and cost
    half of them.

    Parameters
    ----------
    tolerance : float
        Directions of the dictionary whose singular value on the data, relative to the largest and
        with columns scaled to unit norm, lies below it are dropped.
    near : tuple of float
        Continuous-time eigenvalues near which pairs are wanted; empty for all pairs. Where the
        dictionary is large and few pairs are wanted, finding those alone is several times faster.
    count : int
        How many pairs near each, at least the multiplicity looked for.
    input_terms : "linear", "bilinear" or "products"
        How inputs v enter: as v alone (EDMDc: Korda and Mezić 2018, after Proctor, Brunton and
        Kutz 2016), with all products of an input and a function of the dictionary (Bruder, Fu and
        Vasudevan 2021), or with all products of inputs and states up to the degree of a dictionary
        of monomials, by which products of driven eigenfunctions are closed
        (docs/explanation/theory/inputs.md).

    delays : int
        ψ is of windows of so many states in a row; 1 is the state alone. What sensors show of a
        network leaves such windows of lower rank than they have functions
        (docs/explanation/theory/sensors.md): what is left out by `tolerance` is no function of the
        data, and the note says the rank.

    The model's `residuals` are those of ResDMD (Colbrook and Townsend 2024), in the form that is
    not squared; its eigenpairs come in the order of their residuals, smallest first.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)
    tolerance: Tolerance = 1e-10
    near: tuple[float, ...] = ()
    count: Count = 20
    input_terms: InputKind = "linear"
    delays: Count = 1

    tags = Tags(
        sampling="segments",
        inputs=True,
        papers=(
            papers.WILLIAMS_2015,
            papers.COLBROOK_2024,
            papers.PROCTOR_2016,
            papers.KORDA_2018,
            papers.BRUDER_2021,
        ),
    )

    def promises(self) -> Tags:
        return replace(self.tags, min_states=self.delays + 1)

    def _fit(self, trajectories: Trajectories) -> Model:
        data = trajectories if self.delays == 1 else windowed(trajectories, self.delays)
        observables = self.dictionary.fitted(data.snapshots())
        terms = terms_of(self.input_terms, self.dictionary, observables, data)
        factor, dt = factor_of(observables, data, terms), trajectories.dt
        model = linear_model(factor, observables, dt, self.tolerance, self.near, self.count, terms)
        if self.delays == 1:
            return model
        rank, modes = len(model.rates), model.modes
        if not self.near and rank < observables.size:
            remark(
                f"rank {rank} of {observables.size} functions of windows of {self.delays} states"
            )
        # Of a window the last state is the present one.
        present = None if modes is None else modes[:, -trajectories.states.shape[2] :]
        return replace(model, window=self.delays, modes=present)


def windowed(trajectories: Trajectories, length: int) -> Trajectories:
    """Windows of `window` states as states, from all segments without a gap."""
    blocks = [block.delayed(length) for block in trajectories.blocks(length + 1)]
    used = sum(len(block) * (block.states.shape[1] - 1) for block in blocks)
    fitted_to(used, f"{used} pairs of windows of {length} states")
    if len(blocks) == 1:
        return blocks[0]
    parts = [part for block in blocks for part in block]
    inputs = [part.inputs[0] for part in parts if part.inputs is not None]
    return Trajectories.from_arrays(
        [part.states[0] for part in parts], dt=trajectories.dt, inputs=inputs or None
    )


class Eigenpairs(NamedTuple):
    """The s eigenpairs of the compressed Koopman operator."""

    discrete: NDArray[np.complex128]
    """μ (s,)."""
    coefficients: NDArray[np.complex128]
    """C (D, s): φ = ψ C, of unit norm on the training states."""
    residuals: NDArray[np.float64]
    """(s,) ‖φ(Y) - μ φ(X)‖ / ‖φ(X)‖ over the training pairs."""
    modes: NDArray[np.complex128] | None
    """(s, n) least-squares readout ψ ≈ φ modes of the n functions asked for, if any were."""

    def model(
        self,
        lift: Observables,
        rates: NDArray,
        dt: float,
        note: str = "",
        of_steps: bool = True,
    ) -> LinearModel:
        """The model with these eigenpairs and the continuous-time eigenvalues `rates` (s,).

        `of_steps` says whether `discrete` are μ of a sampling interval, and not λ themselves.
        """
        return LinearModel(
            lift,
            self.coefficients,
            rates,
            dt,
            self.modes,
            self.residuals,
            note=note,
            discrete=self.discrete if of_steps else None,
        )


def eigenpairs(
    factor: SnapshotFactor,
    tolerance: float,
    readout: slice | None = None,
    near: NDArray | None = None,
    count: int = 20,
) -> Eigenpairs:
    """Eigenpairs of K = R₁₁⁺ R₁₂ and their residuals, from the factor alone.

    With W such that the functions ψ W are orthonormal on the training states (see `whitening`) and
    U = R₁₁ W, K reads K̃ = Uᵀ R₁₂ W. An eigenvector c gives v = W c, and its residual is
    √(‖(R₁₂ - μR₁₁)v‖² + ‖R₂₂ v‖²) / ‖R₁₁ v‖.

    `readout` names the columns of ψ, the state say, that the modes are to give back. With `near`
    only the `count` pairs nearest to each of these discrete eigenvalues are computed.
    """
    w, u = whitening(factor.xx, tolerance)
    ahead = factor.xy @ w
    compressed = ahead if u is None else u.T @ ahead
    if near is None:
        discrete, vectors = eigenbasis(compressed)
    else:
        discrete, vectors = eigenpairs_near(compressed, near, count)
    now = vectors if u is None else real_product(u, vectors)
    inside = real_product(ahead, vectors) - now * discrete
    outside = real_product(factor.yy @ w, vectors)
    residuals = np.hypot(np.linalg.norm(inside, axis=0), np.linalg.norm(outside, axis=0))
    residuals /= np.linalg.norm(vectors, axis=0)
    modes = None
    if readout is not None:
        wanted = factor.xx[:, readout]
        wanted = wanted if u is None else u.T @ wanted
        modes = _combination(vectors, wanted)
    order = np.argsort(residuals, kind="stable")
    return Eigenpairs(
        np.asarray(discrete, dtype=complex)[order],
        real_product(w, vectors[:, order]),
        residuals[order],
        None if modes is None else modes[order],
    )


def _combination(vectors: NDArray, wanted: NDArray) -> NDArray:
    """M with vectors M ≈ wanted in least squares; vectors may be few, or depend on each other."""
    if vectors.shape[0] == vectors.shape[1]:
        basis, first, second = _real_basis(vectors)
        getrf, gecon = lapack.get_lapack_funcs(("getrf", "gecon"), (basis,))
        lu, pivots, _ = getrf(basis)
        if gecon(lu, np.linalg.norm(basis, 1))[0] > DEPENDENT:
            found = lu_solve((lu, pivots), wanted, check_finite=False)
            if not len(first):
                return found
            # a Re v + b Im v = m v + conj(m v), with m = (a - ib) / 2.
            modes = found.astype(complex)
            modes[first] = 0.5 * (found[first] - 1j * found[second])
            modes[second] = modes[first].conj()
            return modes
    return lstsq(vectors, wanted, lapack_driver="gelsy", check_finite=False)[0]


def _real_basis(vectors: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """The vectors with real and imaginary part in place of each conjugate pair, and the pairs.

    A product or solution then costs a quarter. If not all are pairs of neighbours, as LAPACK gives
    them, the vectors as they are and no pairs.
    """
    turning = np.flatnonzero(vectors.imag.any(axis=0))
    first, second = turning[::2], turning[1::2]
    if len(first) != len(second) or (vectors[:, first] != vectors[:, second].conj()).any():
        return vectors, turning[:0], turning[:0]
    basis = vectors.real.copy()
    basis[:, second] = vectors[:, first].imag
    return basis, first, second


def linear_model(
    factor: SnapshotFactor,
    observables: Observables,
    dt: float,
    tolerance: float = 1e-10,
    near: tuple[float, ...] = (),
    count: int = 20,
    terms: InputTerms | None = None,
) -> LinearModel:
    """The model from a factor, which may have been computed in parts and merged; see `QREDMD`.

    `terms` are those of inputs that the factor was made with, if they do not enter linearly.
    """
    discrete_near = np.exp(dt * np.array(near)) if near else None
    free, response = factor.separated(tolerance)
    pairs = eigenpairs(free, tolerance, observables.state, discrete_near, count)
    model = pairs.model(observables, continuous(pairs.discrete, dt), dt)
    return driven_model(model, terms or InputTerms(factor.terms), response)


@dataclass(frozen=True)
class KernelEDMD(Method):
    """Kernel EDMD (Williams, Rowley and Kevrekidis 2015) with the residuals of kernelised ResDMD.

    The functions k(x, z) of the landmarks z, made orthonormal in the kernel's inner product and
    cut where rounding begins, are the dictionary, and all pairs are fitted through one triangular
    factor (Colbrook and Townsend 2024, section 6). With every state x of a pair as a landmark
    this is kernel EDMD to the letter; with fewer it is its Nyström approximation (Williams and
    Seeger 2001), whose memory grows with the square of their number and not with that of the pairs.

    Parameters
    ----------
    kernel : AnyKernel
        The bandwidth of a Gaussian one is in units of the spread of the landmarks.
    landmarks : int
        How many, drawn from the data; every state of a pair where there are fewer. A polynomial
        kernel loses nothing where they are more than its monomials.
    seed : int
        Which landmarks.

    The model's residuals tell eigenfunctions from the rest where the pairs far outnumber the
    functions. Where they do not any function is fitted well, and the model's note says so.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    landmarks: Count = 500
    tolerance: Tolerance = 1e-10
    seed: int = 0

    tags = Tags(
        sampling="segments",
        inputs=True,
        trial={"landmarks": 100},
        papers=(
            papers.WILLIAMS_2015_KERNEL,
            papers.COLBROOK_2024,
            papers.WILLIAMS_2001,
        ),
    )

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        return dictionary.as_kernel()

    def _fit(self, trajectories: Trajectories) -> Model:
        parts = [block.states for block in trajectories.blocks()]
        features = Nystroem(self.kernel, self.landmarks, self.seed, constant=False)
        lift = features.fitted(together([part[:, :-1] for part in parts]))
        n, size = lift.inputs, lift.size
        whole = factor_of(replace(lift, with_state=True), trajectories)
        now, gamma, ahead = whole.columns
        # The state is there for the readout alone.
        triangle = np.linalg.qr(np.hstack([now[:, n:], gamma, ahead[:, n:]]))[1]
        inner = SnapshotFactor(triangle, whole.pairs, whole.terms)
        factor, response = inner.separated(self.tolerance)
        pairs = eigenpairs(factor, self.tolerance)
        values = real_product(now[:, n:], pairs.coefficients)
        used = min(self.landmarks, factor.pairs)
        note = f"{size} directions of {used} landmarks, {factor.pairs} pairs"
        if 2 * size > factor.pairs:
            note += ": residuals are those of an interpolation"
        modes = lstsq(values, now[:, :n], lapack_driver="gelsy", check_finite=False)[0]
        dt = trajectories.dt
        model = pairs._replace(modes=modes).model(lift, continuous(pairs.discrete, dt), dt, note)
        return driven_model(model, InputTerms(whole.terms), response)


@dataclass(frozen=True)
class ResDMD(Method):
    """Residual DMD (Colbrook and Townsend 2024, algorithm 2), from the factor of the data.

    EDMD, of which only the pairs are kept whose residual ‖φ(x⁺) - μφ(x)‖ / ‖φ(x)‖ over the training
    pairs is at most `epsilon`. The residual is not computed from Gram matrices, where rounding
    hides what is below 1e-8.

    Parameters
    ----------
    epsilon : float, optional
        Largest residual kept. By default 0.01, and for each pair as much more as measurement noise
        explains, which is estimated from the data; a pair in which noise would explain any
        residual cannot be judged and is left out. It compares with Δt as well: a function that
        hardly changes in a step has a small residual with μ = 1. If no pair is below it the one
        with the smallest residual is kept. The model's note says which of these was the case.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)
    epsilon: Positive | None = None
    tolerance: Tolerance = 1e-10
    input_terms: InputKind = "linear"

    tags = Tags(sampling="segments", inputs=True, papers=(papers.COLBROOK_2024,))

    def _fit(self, trajectories: Trajectories) -> Model:
        observables = self.dictionary.fitted(trajectories.snapshots())
        terms = terms_of(self.input_terms, self.dictionary, observables, trajectories)
        factor, response = factor_of(observables, trajectories, terms).separated(self.tolerance)
        pairs = eigenpairs(factor, self.tolerance)
        dt = trajectories.dt
        kept, note = self._chosen(trajectories, observables, pairs)
        if not kept.any():
            kept = pairs.residuals == pairs.residuals[0]
            note += f": kept is the smallest, {pairs.residuals[0]:.1e}"
        discrete, vectors = pairs.discrete[kept], pairs.coefficients[:, kept]
        modes = readout(factor, vectors, observables.state)
        chosen = Eigenpairs(discrete, vectors, pairs.residuals[kept], modes)
        model = chosen.model(observables, continuous(discrete, dt), dt, note)
        return driven_model(model, terms, response)

    def _chosen(
        self, trajectories: Trajectories, observables: Observables, pairs: Eigenpairs
    ) -> tuple[NDArray[np.bool_], str]:
        """Which pairs stay (s,), and a note that says by what."""
        what, count = "which pairs are kept", len(pairs.residuals)
        if self.epsilon is not None:
            kept = at_most(pairs.residuals, self.epsilon, what)
            note = f"{kept.sum()} of {count} pairs have a residual of at most {self.epsilon:g}"
            return kept, note
        noise = noise_variances(trajectories)
        parts = [block.states for block in trajectories.blocks()]
        share = noise_shares(parts, observables, noise, pairs.coefficients)
        explained = EXPLAINED * np.sqrt(share * (1.0 + abs(pairs.discrete) ** 2))
        judged = explained <= DECIDES
        kept = at_most(pairs.residuals, np.hypot(LEAST, explained), what) & judged
        note = f"{kept.sum()} of {count} pairs have a residual of at most {LEAST:g} beyond noise"
        if not noise.settled:
            note += ", which is not told from dynamics that fast and may be less"
        if not judged.all():
            note += (
                f"; {np.sum(~judged)} are left out unjudged, since noise alone explains a residual "
                f"above {DECIDES:g} there"
            )
        return kept, note
