"""deeptime: kernel EDMD, regularised and as it comes."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.deeptime.library import DeeptimeMethod
from koopmark.methods.kernels import AnyKernel, KernelColumns, Polynomial, gram, numerical_rank
from koopmark.methods.subsample import SomePairs
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class DefaultKernelEDMD(SomePairs, DeeptimeMethod):
    """`deeptime.decomposition.KernelEDMD` as a user calls it who chooses a kernel, nothing else.

    Nothing is added to the kernel matrix before it is inverted, and every eigenpair is kept.

    Parameters
    ----------
    kernel : AnyKernel
        deeptime has no default kernel.
    max_pairs : int
        Snapshot pairs used, at random; all where there are fewer. Memory grows with the square of
        this number, and time with its cube.
    seed : int
        Which pairs.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)

    recovers: ClassVar[str] = "it inverts a singular matrix, and what comes out is rounding"

    def _fit(self, trajectories: Trajectories) -> Model:
        x, y = self.pairs(trajectories)
        return self._model(x, y, 0.0, len(x), trajectories.dt)

    def _model(self, x: NDArray, y: NDArray, epsilon: float, count: int, dt: float) -> LinearModel:
        """Eigenpairs of (K(X, X) + ε)⁻¹ K(Y, X): the first `count`, largest first."""
        from deeptime.decomposition import KernelEDMD as Estimator

        unit = 1.0
        if isinstance(self.kernel, Polynomial):
            unit = self.kernel.length(x) ** (2 * self.kernel.degree)
        fitted = Estimator(self._spelled(x), epsilon=epsilon * unit).fit((x, y)).fetch_model()
        coefficients = fitted.eigenvectors[:, :count]
        rates = continuous(fitted.eigenvalues[:count], dt)
        return LinearModel(KernelColumns(self.kernel, x), coefficients, rates, dt)

    def _spelled(self, states: NDArray) -> Any:
        """The kernel as an object of `deeptime.kernels`."""
        from deeptime import kernels

        if isinstance(self.kernel, Polynomial):
            # (x·x' + ℓ² offset)^degree is ours times ℓ^2degree.
            offset = self.kernel.offset * self.kernel.length(states) ** 2
            return kernels.PolynomialKernel(self.kernel.degree, offset)
        return kernels.GaussianKernel(self.kernel.length(states))


@dataclass(frozen=True)
class KernelEDMD(DefaultKernelEDMD):
    """`deeptime.decomposition.KernelEDMD` (Klus, Schuster and Muandet 2020), regularised.

    Parameters
    ----------
    kernel : AnyKernel
        A kernel of finite rank, such as a polynomial, is where it can be exact.
    epsilon : float
        Added to the diagonal of the kernel matrix, relative to its largest eigenvalue. Rounding
        makes spurious eigenvalues of size 1e-14 / `epsilon` or more: at 1e-12 they are the largest.
    n_eigs : int, optional
        Eigenpairs kept, largest modulus first. By default as many as the kernel matrix has
        eigenvalues that stand out of its rounding. deeptime's own option starts ARPACK at random.
    max_pairs : int
        See `DefaultKernelEDMD`.
    seed : int
        See `DefaultKernelEDMD`.
    """

    epsilon: float = 1e-9
    n_eigs: int | None = None

    # ε moves the eigenvalues.
    exactness: ClassVar[float] = 1e-7
    recovers: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.epsilon >= 0:
            raise ValueError(f"epsilon must not be negative, got {self.epsilon}")
        if self.n_eigs is not None and self.n_eigs < 1:
            raise ValueError(f"n_eigs must be at least 1, got {self.n_eigs}")

    def _fit(self, trajectories: Trajectories) -> Model:
        x, y = self.pairs(trajectories)
        count = numerical_rank(self.kernel, x) if self.n_eigs is None else self.n_eigs
        largest = float(np.linalg.eigvalsh(gram(self.kernel, x, x))[-1])
        model = self._model(x, y, self.epsilon * largest, count, trajectories.dt)
        # deeptime predicts kernel values, not states: these are read out by least squares.
        modes = np.linalg.lstsq(model.eigenfunctions(x[:, None]), x.astype(complex), rcond=None)[0]
        return replace(model, modes=modes)
