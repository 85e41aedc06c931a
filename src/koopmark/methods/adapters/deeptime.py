"""Methods of deeptime (Hoffmann et al. 2021).

Data are handed over as a tuple (X, Y) of snapshot pairs: deeptime takes a list for separate
trajectories.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark.methods import papers
from koopmark.methods._method import Method, Skip, Tags
from koopmark.methods._options import Count, CountOrAll, NotNegative
from koopmark.methods.adapters._pairs import EMPTY, NEARLY_EMPTY, Subsampled, vanish
from koopmark.methods.dictionaries import AnyDictionary, Dictionary, Identity, Monomials
from koopmark.methods.kernels import (
    AnyKernel,
    Gaussian,
    Kernel,
    KernelColumns,
    Polynomial,
    gram,
    numerical_rank,
)
from koopmark.models import Lift, LinearModel, Model
from koopmark.simulation import Trajectories

DEEPTIME = Tags(
    library="deeptime",
    install='pip install "deeptime>=0.4.4"',
    requires=("deeptime",),
    sampling="segments",
)

STATE = Identity(constant=False)
"""The state alone, which is what deeptime's methods are fitted to unless told otherwise."""


@dataclass(frozen=True)
class DMD(Method):
    """`deeptime.decomposition.DMD` (Tu et al. 2014), at full rank by default.

    The matrix that takes each snapshot to the next with the least squared error over all pairs.

    Parameters
    ----------
    dictionary : AnyDictionary
        The state with a constant: deeptime adds none.
    rank : int, optional
        Singular directions kept; all by default, as in deeptime.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    rank: Count | None = None

    tags = replace(
        DEEPTIME,
        loses={"low rank": EMPTY, "constant": NEARLY_EMPTY},
        by_default={"dictionary": STATE},
        papers=(papers.TU_2014,),
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        from deeptime.decomposition import DMD as Estimator

        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        pairs = lift(x), lift(y)
        fitted = Estimator(rank=self.rank).fit(pairs).fetch_model()
        if vanish(fitted.eigenvalues):
            fitted = Estimator("standard", rank=self.rank).fit(pairs).fetch_model()
        # deeptime keeps its modes as rows.
        modes = fitted.modes.T
        return LinearModel.from_modes(fitted.eigenvalues, modes, trajectories.dt, lift, lift.state)


@dataclass(frozen=True)
class EDMD(Method):
    """`deeptime.decomposition.EDMD` (Williams, Kevrekidis and Rowley 2015).

    Least squares from each snapshot to the next in a dictionary of functions of the state.

    Parameters
    ----------
    dictionary : AnyDictionary
        deeptime has no default: its `basis` is this.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)

    tags = replace(
        DEEPTIME,
        loses={"units": "it cuts off in the units of the data"},
        by_default=None,
        papers=(papers.WILLIAMS_2015,),
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        from deeptime.decomposition import EDMD as Estimator

        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        fitted = Estimator(lift).fit((x, y)).fetch_model()
        # What deeptime calls modes are coefficients of eigenfunctions, as rows.
        return LinearModel.from_coefficients(
            fitted.eigenvalues, fitted.modes.T, trajectories.dt, lift, lift.state
        )


@dataclass(frozen=True)
class KernelEDMD(Subsampled):
    """`deeptime.decomposition.KernelEDMD` (Klus, Schuster and Muandet 2020), regularised.

    EDMD in the functions that a kernel implies, with a ridge on the kernel matrix of the snapshots.

    Parameters
    ----------
    kernel : AnyKernel
        A kernel of finite rank, such as a polynomial, is where it can be exact. deeptime has no
        default.
    epsilon : float
        Added to the diagonal of the kernel matrix, relative to its largest eigenvalue. Rounding
        makes spurious eigenvalues of size 1e-14 / `epsilon` or more: at 1e-12 they are the largest.
        At 0, deeptime's default, all is rounding, and no state is read out of it.
    n_eigs : int, optional
        Eigenpairs kept, largest modulus first, -1 for all. By default as many as the kernel matrix
        has eigenvalues that stand out of its rounding. deeptime's own option starts ARPACK at
        random.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    epsilon: NotNegative = 1e-9
    n_eigs: CountOrAll | None = None

    # ε moves the eigenvalues.
    tags = replace(
        DEEPTIME,
        exactness=1e-7,
        trial={"max_pairs": 200},
        by_default=None,
        papers=(papers.KLUS_2020_KERNEL,),
    )

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        return dictionary.as_kernel()

    def promises(self) -> Tags:
        if self.epsilon == 0:
            return self.tags.none("it inverts a singular matrix, and what comes out is rounding")
        return self.tags

    def _fit(self, trajectories: Trajectories) -> Model:
        from deeptime.decomposition import KernelEDMD as Estimator

        x, y = self.pairs(trajectories)
        count = numerical_rank(self.kernel, x) if self.n_eigs is None else self.n_eigs
        kernel, unit = _in_deeptime(self.kernel, x)
        largest = float(np.linalg.eigvalsh(gram(self.kernel, x, x))[-1]) if self.epsilon else 0.0
        fitted = Estimator(kernel, epsilon=self.epsilon * largest * unit).fit((x, y)).fetch_model()
        kept = slice(None if count == -1 else count)
        model = LinearModel.from_coefficients(
            fitted.eigenvalues[kept],
            fitted.eigenvectors[:, kept],
            trajectories.dt,
            KernelColumns(self.kernel, x),
        )
        if not self.epsilon:
            return model
        # deeptime predicts kernel values, not states: these are read out by least squares.
        modes = np.linalg.lstsq(model.eigenfunctions(x[:, None]), x.astype(complex), rcond=None)[0]
        return replace(model, modes=modes)


def _in_deeptime(kernel: Kernel, states: NDArray) -> tuple[Any, float]:
    """The kernel as an object of `deeptime.kernels`, and how many times ours its values are."""
    from deeptime import kernels

    length = kernel.length(states)
    match kernel:
        case Polynomial(degree, offset):
            # (x·x' + ℓ² offset)^degree is ours times ℓ^2degree.
            scale = length ** (2 * degree)
            return kernels.PolynomialKernel(degree, offset * length**2), scale
        case Gaussian():
            return kernels.GaussianKernel(length), 1.0
    return kernels.PolynomialKernel(1, 0.0), 1.0


@dataclass(frozen=True, eq=False)
class WithOne:
    """The functions [1, χ(x)], from states (P, N) to values (P, 1 + D)."""

    observables: Lift

    def __call__(self, states: NDArray) -> NDArray[np.float64]:
        return np.hstack([np.ones((len(states), 1)), self.observables(states)])


@dataclass(frozen=True)
class VAMP(Method):
    """`deeptime.decomposition.VAMP` (Wu and Noé 2020) as a model of the Koopman operator.

    The model that predicts the next values of a dictionary from its leading singular functions.

    VAMP gives singular functions f = Uᵀ(χ - μ₀), g = Vᵀ(χ - μ₁) and singular values S, and its
    singular values are not eigenvalues. They make a model, though: χ(x⁺) - μ₁ ≈ (χ(x) - μ₀) K with
    K = U S Vᵀ C₁₁, which is linear in [1, χ]; its eigenpairs are computed here.

    Parameters
    ----------
    dictionary : AnyDictionary
        χ, without a constant: covariances are taken about means, which stand for it.
    epsilon : float
        Eigenvalues of the covariances that are cut off, in absolute terms; deeptime's default.
    """

    dictionary: AnyDictionary = STATE
    epsilon: NotNegative = 1e-6

    tags = replace(
        DEEPTIME,
        loses={"units": "epsilon is a variance, in the units of the data"},
        papers=(papers.WU_2020,),
    )

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        options = asdict(dictionary)
        if not options.get("constant"):
            return None
        return {"dictionary": {**options, "constant": False}}

    def _fit(self, trajectories: Trajectories) -> Model:
        from deeptime.decomposition import VAMP as Estimator

        x, y = trajectories.pairs()
        chi = self.dictionary.fitted(x)
        estimator = Estimator(lagtime=1, epsilon=self.epsilon, observable_transform=chi)
        fitted = estimator.fit((x, y)).fetch_model()
        scaled = fitted.singular_vectors_left * fitted.singular_values
        inner = scaled @ fitted.singular_vectors_right.T @ fitted.cov_tt
        operator = np.zeros((len(inner) + 1, len(inner) + 1))
        operator[0, 0] = 1.0
        operator[0, 1:] = fitted.mean_t - fitted.mean_0 @ inner
        operator[1:, 1:] = inner
        state = None if chi.state is None else slice(chi.state.start + 1, chi.state.stop + 1)
        return LinearModel.from_operator(operator, trajectories.dt, WithOne(chi), state)


@dataclass(frozen=True)
class TICA(Method):
    """`deeptime.decomposition.TICA` (Pérez-Hernández et al. 2013), for reversible processes.

    These data are none, and every fit is skipped with this reason.
    """

    tags = replace(
        DEEPTIME.none("it applies to reversible processes only"), papers=(papers.PEREZ_2013,)
    )

    def _fit(self, trajectories: Trajectories) -> Model:  # noqa: ARG002
        raise Skip(
            "TICA assumes a reversible process in equilibrium and symmetrises the data in time; "
            "a trajectory that decays is neither"
        )


METHODS: dict[str, Method] = {
    "deeptime.dmd": DMD(),
    "deeptime.edmd": EDMD(),
    "deeptime.kernel_edmd": KernelEDMD(),
    "deeptime.kernel_edmd_unregularised": KernelEDMD(epsilon=0.0, n_eigs=-1),
    "deeptime.vamp": VAMP(),
    "deeptime.tica": TICA(),
}
