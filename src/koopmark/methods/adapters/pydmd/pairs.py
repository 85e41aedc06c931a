"""PyDMD's methods that take snapshot pairs."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from koopmark.methods import papers
from koopmark.methods._method import Method, Skip, Tags
from koopmark.methods._options import Count
from koopmark.methods.adapters._pairs import EMPTY, Subsampled, vanish
from koopmark.methods.dictionaries import AnyDictionary, Dictionary, Identity
from koopmark.methods.kernels import (
    AnyKernel,
    KernelColumns,
    Linear,
    Polynomial,
    gram,
    numerical_rank,
)
from koopmark.models import LinearModel, Model, continuous, steps_of
from koopmark.simulation import Trajectories

STATE = Identity(constant=False)
"""The state alone, which is what PyDMD's methods are fitted to unless told otherwise."""

PYDMD = Tags(
    library="pydmd",
    install='pip install "pydmd>=2025.8"',
    requires=("pydmd",),
    sampling="segments",
    by_default={"svd_rank": 0},
)

FULL_RANK = {"low rank": EMPTY}


@dataclass(frozen=True)
class AtRank(Method):
    """Base class of PyDMD methods with the rank as an option.

    Parameters
    ----------
    svd_rank : int, optional
        Directions kept: -1 for all. PyDMD's own default, 0, cuts at a threshold made for noise;
        that is the method of the same name with `_default` behind it.
    """

    svd_rank: int | None = None

    tags = PYDMD

    def promises(self) -> Tags:
        if self.svd_rank == 0:
            # The threshold keeps one direction of the linear data.
            return replace(self.tags, recovers="line", loses={})
        return self.tags


@dataclass(frozen=True)
class DMD(AtRank):
    """Least-squares DMD (Tu et al. 2014) as PyDMD computes it.

    The matrix that takes each snapshot to the next with the least squared error over all pairs.

    Parameters
    ----------
    dictionary : AnyDictionary
        The state alone; dynamics with an offset θ ≠ 0 need `Identity()`, which holds the constant.
    """

    svd_rank: int = -1
    dictionary: AnyDictionary = STATE

    tags = replace(PYDMD, loses=FULL_RANK, papers=(papers.TU_2014,))

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        dmd = pydmd.DMD(svd_rank=self.svd_rank)
        return _from_pairs(dmd, *trajectories.pairs(), trajectories.dt, self.dictionary)


@dataclass(frozen=True)
class FbDMD(DMD):
    """Forward-backward DMD (Dawson et al. 2016) as PyDMD computes it.

    Least squares forwards and backwards in time, combined so that their bias by noise cancels.

    PyDMD multiplies its forward and its backward operator in two different bases, so this is not
    exact even on noise-free linear data (docs/reference/library-notes).
    """

    # Exact in PyDMD if the singular vectors of X and Y agree.
    tags = replace(PYDMD, recovers="axes", papers=(papers.DAWSON_2016,))

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        dmd = pydmd.FbDMD(svd_rank=self.svd_rank)
        return _from_pairs(dmd, *trajectories.pairs(), trajectories.dt, self.dictionary)


@dataclass(frozen=True)
class OptDMD(DMD):
    """Optimal low-rank DMD (Héas and Herzet 2022).

    Among all operators of a given rank the one that predicts the next snapshots best.

    PyDMD computes A = P Qᴴ in ψ(x⁺) = A ψ(x). Its own eigenvectors lose every pair whose
    eigenvalue or normalisation has no positive real part (docs/reference/library-notes), so they
    are computed here: zᵀ Qᴴ P = μ zᵀ gives the left eigenvector zᵀ Qᴴ of A.

    Parameters
    ----------
    factorization : "svd" or "evd"
        "evd", PyDMD's own default, gives its eigenvalues and modes.
    """

    factorization: Literal["svd", "evd"] = "svd"

    tags = replace(
        PYDMD, by_default={"svd_rank": 0, "factorization": "evd"}, papers=(papers.HEAS_2022,)
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = trajectories.pairs()
        dmd = pydmd.OptDMD(factorization=self.factorization, svd_rank=self.svd_rank)
        if self.factorization == "evd":
            return _from_pairs(dmd, x, y, trajectories.dt, self.dictionary)
        lift = self.dictionary.fitted(x)
        fitted = dmd.fit(lift(x).T, lift(y).T)
        p, q = fitted._output_space, fitted._input_space
        discrete, z = np.linalg.eig((q.conj().T @ p).T)
        modes = None
        if lift.state is not None:
            # x ≈ φ(x) modes, from A ψ = P Z⁻ᵀ φ one step ahead: μ⁻¹ Z⁻¹ Pᵀ.
            ahead = np.linalg.lstsq(z, p[lift.state].T.astype(z.dtype), rcond=None)[0]
            modes = np.zeros_like(ahead)
            np.divide(ahead, discrete[:, None], out=modes, where=discrete[:, None] != 0)
        dt = trajectories.dt
        rates = continuous(discrete, dt)
        return LinearModel(lift, q.conj() @ z, rates, dt, modes, discrete=discrete)


@dataclass(frozen=True)
class TotalDMD(Subsampled):
    """Total-least-squares DMD (Hemati et al. 2017), the option `tlsq_rank` of PyDMD's `DMD`.

    Both snapshots of a pair may be noisy: pairs are projected on their leading directions first.

    Parameters
    ----------
    max_pairs : int
        PyDMD forms a matrix of pairs by pairs, 32 MB at 2000.
    dictionary : AnyDictionary
        The state alone; dynamics with an offset θ ≠ 0 need `Identity()`, which holds the constant.
    svd_rank : int
        Directions of the projected first states kept: -1 for all. PyDMD's own default is 0.
    tlsq_rank : int, optional
        Directions of the pairs [X; Y] kept: by default as many as the dictionary has functions,
        which is what noise-free linear dynamics fill.
    """

    max_pairs: Count = 2000
    dictionary: AnyDictionary = STATE
    svd_rank: int = -1
    tlsq_rank: Count | None = None

    # By default PyDMD's class does without: that is `DMD`.
    tags = replace(PYDMD, loses=FULL_RANK, by_default=None, papers=(papers.HEMATI_2017,))

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = self.pairs(trajectories)
        kept = self.dictionary.fitted(x).size if self.tlsq_rank is None else self.tlsq_rank
        dmd = pydmd.DMD(svd_rank=self.svd_rank, tlsq_rank=kept)
        return _from_pairs(dmd, x, y, trajectories.dt, self.dictionary)


@dataclass(frozen=True)
class PiDMD(Method):
    """Physics-informed DMD (Baddoo et al. 2023) as PyDMD computes it.

    Least-squares DMD among the matrices of a set that physics suggests.

    PyDMD has no default set of matrices. The weights of the systems here are full, so the sensible
    one is the banded matrices with a band that holds them: ordinary least squares, row by row. The
    other sets exclude the exact operator, and are there to see what a wrong constraint costs.

    Parameters
    ----------
    manifold : str
        `diagonal` (banded), `symmetric`, `uppertriangular`, `lowertriangular`, or `unitary`, for
        dynamics that conserve a norm.
    band : int, optional
        Diagonals kept on each side, the main one included: by default all.
    """

    dictionary: AnyDictionary = STATE
    manifold: Literal["diagonal", "symmetric", "uppertriangular", "lowertriangular", "unitary"] = (
        "diagonal"
    )
    band: Count | None = None

    tags = replace(PYDMD, by_default=None, papers=(papers.BADDOO_2023,))

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        if self.manifold == "unitary":
            raise Skip(
                "a unitary operator has eigenvalues of modulus one, and these dynamics are "
                "dissipative"
            )
        x, y = trajectories.pairs()
        band = self.dictionary.fitted(x).size if self.band is None else self.band
        # Without compute_A a sparse solver is asked for all eigenvalues, and refuses.
        dmd = pydmd.PiDMD(manifold=self.manifold, manifold_opt=band, compute_A=True)
        return _from_pairs(dmd, x, y, trajectories.dt, self.dictionary)


def _from_pairs(
    dmd: Any, x: NDArray, y: NDArray, dt: float, dictionary: AnyDictionary
) -> LinearModel:
    """The model of an unfitted `dmd` that takes pairs (X, Y), rows of (P, N) each."""
    lift = dictionary.fitted(x)
    fitted = dmd.fit(lift(x).T, lift(y).T)
    return LinearModel.from_modes(fitted.eigs, fitted.modes, dt, lift, lift.state)


@dataclass(frozen=True)
class KernelEDMD(Subsampled):
    """Kernel EDMD (Williams, Rowley and Kevrekidis 2015), which PyDMD calls `EDMD`.

    EDMD in the functions that a kernel implies, computed from the kernel matrices of the snapshots.

    Parameters
    ----------
    max_pairs : int
        Three n x n matrices and the eigenvectors of a nonsymmetric one take some seconds at 1000.
    kernel : AnyKernel
        PyDMD's own default is the linear one.
    svd_rank : int, optional
        Directions of the feature space kept: -1, PyDMD's own, for as many as pairs. By default
        those that stand out of the rounding of the kernel matrix.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    svd_rank: int | None = None

    tags = replace(
        PYDMD,
        trial={"max_pairs": 100},
        by_default={"kernel": Linear(), "svd_rank": -1},
        papers=(papers.WILLIAMS_2015_KERNEL,),
    )

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        return dictionary.as_kernel()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.svd_rank == 0:
            raise ValueError("svd_rank 0 (a threshold for noise) is none of PyDMD's kernel EDMD")

    def promises(self) -> Tags:
        if self.svd_rank == -1:
            return self.tags.none(
                "its true pairs are exact, and stand among as many of rounding as there are data"
            )
        return self.tags

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = self.pairs(trajectories)
        rank = numerical_rank(self.kernel, x) if self.svd_rank is None else self.svd_rank
        metric, parameters = self.kernel.in_sklearn(x)
        edmd = pydmd.EDMD(svd_rank=rank, kernel_metric=metric, kernel_params=parameters)
        edmd.fit(x.T, y.T)
        operator = edmd.operator
        # 1/σ, zero where PyDMD's pseudo-inverse of the diagonal matrix has zero.
        singular, vectors = operator.svd_vals, operator.eigenvectors
        inverse = np.zeros_like(singular)
        np.divide(1.0, singular, out=inverse, where=singular > 1e-15 * singular.max())
        features = edmd._svd_modes * inverse
        kept = np.arange(vectors.shape[1])
        dropped = len(kept) - len(operator.eigenvalues)
        if dropped:
            # PyDMD drops eigenvalues below 1e-16 in size and their modes, but not their
            # eigenvectors v: each one's value is found again from K̂ v, K̂ = Σ⁻¹ Qᵀ k(Y, X) Q Σ⁻¹.
            ahead = features.T @ gram(self.kernel, y, x) @ features @ vectors
            sizes = np.linalg.norm(ahead, axis=0) / np.linalg.norm(vectors, axis=0)
            kept = np.sort(np.argsort(sizes, kind="stable")[dropped:])
        lift: Any = KernelColumns(self.kernel, x)
        coefficients = (features @ vectors)[:, kept]
        if self.kernel == Linear():
            # k(x, X) C = x Xᵀ C: without the kernel columns their rounding does not grow with C.
            lift, coefficients = STATE.fitted(x), x.T @ coefficients
        discrete, dt = operator.eigenvalues, trajectories.dt
        rates, modes = continuous(discrete, dt), edmd.modes.T
        return LinearModel(lift, coefficients, rates, dt, modes, discrete=discrete)


@dataclass(frozen=True)
class LANDO(Subsampled):
    """Linear and nonlinear disambiguation optimisation (Baddoo et al. 2022) as PyDMD computes it.

    Kernel regression f of the next state, with f(x̄ + x') = c + A x' + … at a base state x̄. Its
    eigenpairs are those of the affine part, so only eigenfunctions that are affine in the state can
    be exact; the forecast is that of f.

    Parameters
    ----------
    max_pairs : int
        Snapshot pairs used. Each is a step of a loop in Python, which takes 0.3 ms with a small
        dictionary and 10 ms with one of a hundred states.
    seed : int
        Which pairs, and in which order they are visited.
    base : str
        The base state: `origin`, or the `mean` of the data.
    dict_tol : float
        Distance in feature space from which a state joins the dictionary of f.
    svd_rank : int
        Directions kept: -1 for all, 0, PyDMD's own, for a threshold made for noise.
    """

    max_pairs: Count = 2000
    kernel: AnyKernel = field(default_factory=lambda: Polynomial(degree=1, offset=0.0))
    base: Literal["origin", "mean"] = "origin"
    dict_tol: float = 1e-6
    svd_rank: int = -1

    tags = replace(
        PYDMD,
        trial={"max_pairs": 60},
        by_default={"kernel": Linear(), "svd_rank": 0},
        papers=(papers.BADDOO_2022,),
    )

    def promises(self) -> Tags:
        if self.svd_rank == 0:
            # The threshold keeps one direction of the linear data.
            return replace(self.tags, recovers="line")
        if self.kernel in (Linear(), Polynomial(degree=1, offset=0.0)):
            return self.tags
        return replace(
            self.tags,
            loses={
                "constant": "it is linearised at the origin, far from data with a constant channel",
                "low rank": "its kernel matrix is rounding in directions without data, on some "
                "processors",
            },
        )

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = self.pairs(trajectories)
        metric, parameters = self.kernel.in_sklearn(x)
        lando = pydmd.LANDO(
            svd_rank=self.svd_rank,
            kernel_metric=metric,
            kernel_params=parameters,
            dict_tol=self.dict_tol,
        ).fit(x.T, y.T)
        base = x.mean(axis=0) if self.base == "mean" else np.zeros(x.shape[1])
        # With x' = x - x̄ and f = x̄ + b + A x', zᵀA = μzᵀ gives the function zᵀx' + zᵀb/(μ - 1).
        lando.analyze_fixed_point(base)
        discrete, modes = lando.eigs, lando.modes
        if self.svd_rank == -1 and (len(discrete) < len(base) or vanish(discrete)):
            lando.analyze_fixed_point(base, compute_A=True)
            discrete, modes = np.linalg.eig(lando.operator.A)
        left = np.linalg.pinv(modes)
        drift = left @ (lando._bias[:, 0] - base)
        constant = np.zeros_like(drift)
        np.divide(drift, discrete - 1, out=constant, where=discrete != 1)
        return _Forecasting(
            lift=Identity().fitted(base[None]),
            coefficients=np.vstack([constant - left @ base, left.T]),
            rates=continuous(discrete, trajectories.dt),
            dt=trajectories.dt,
            discrete=discrete,
            lando=lando,
        )


@dataclass(frozen=True, eq=False)
class _Forecasting(LinearModel):
    """Affine eigenfunctions, and a forecast by the kernel model itself, which is a map."""

    lando: Any = None

    def predict(
        self,
        windows: NDArray,
        times: NDArray,
        inputs: NDArray | None = None,  # noqa: ARG002
    ) -> NDArray | None:
        steps = steps_of(times, self.dt)
        if steps is None:
            return None
        states = windows[:, -1]
        ahead = np.full((len(states), steps.max(initial=0), states.shape[1]), np.nan)
        alive = np.arange(len(states))
        for step in range(ahead.shape[1]):
            # Polynomials run away outside the data; scikit-learn refuses what is not finite.
            finite = np.isfinite(states).all(axis=1)
            alive, states = alive[finite], states[finite]
            if len(alive) == 0:
                break
            states = ahead[alive, step] = self.lando.f(states.T).T
        return ahead[:, steps - 1]
