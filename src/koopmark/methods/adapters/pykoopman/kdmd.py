"""PyKoopman: kernel DMD."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from numpy.typing import NDArray

from koopmark.methods.adapters.pykoopman.library import PyKoopmanMethod, UnlistedModel, fitted
from koopmark.methods.kernels import AnyKernel, KernelColumns, Polynomial, numerical_rank
from koopmark.methods.subsample import SomePairs
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class KDMD(SomePairs, PyKoopmanMethod):
    """Kernel DMD (Williams, Rowley and Kevrekidis 2015) as PyKoopman computes it.

    Parameters
    ----------
    kernel : AnyKernel
        PyKoopman's own default is a Gaussian of length 1 at full rank, whose spectrum is noise
        (docs/library-notes.md).
    svd_rank : int, optional
        Directions of the feature space kept: -1 for as many as pairs, 0 for PyDMD's threshold. By
        default those that stand out of the rounding of the kernel matrix.
    max_pairs : int
        Snapshot pairs used, at random; all where there are fewer. It holds n x n matrices: memory
        grows with the square of this number, and time with its cube.
    seed : int
        Which pairs.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    svd_rank: int | None = None

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        x, y = self.pairs(trajectories)
        rank = numerical_rank(self.kernel, x) if self.svd_rank is None else self.svd_rank
        regressor = pykoopman.regression.KDMD(svd_rank=rank, kernel=self._spelled(x))
        lift = KernelColumns(self.kernel, x)
        return fitted(pykoopman.Koopman(regressor=regressor), x, y, trajectories.dt, lift)

    def _spelled(self, states: NDArray) -> Any:
        """The kernel as an object of `sklearn.gaussian_process.kernels`."""
        from sklearn.gaussian_process import kernels

        if isinstance(self.kernel, Polynomial):
            # (x·x' + ℓ² offset)^degree is ours times ℓ^2degree.
            length, degree = self.kernel.length(states), self.kernel.degree
            product = kernels.DotProduct(length * self.kernel.offset**0.5)
            return kernels.ConstantKernel(length ** (-2 * degree)) * product**degree
        return kernels.RBF(self.kernel.length(states))


@dataclass(frozen=True)
class DefaultKDMD(SomePairs, PyKoopmanMethod):
    """`pykoopman.regression.KDMD()` as a user calls it who sets nothing.

    A Gaussian kernel of length 1, whatever the data, at full rank.

    Parameters
    ----------
    max_pairs : int
        See `KDMD`.
    seed : int
        Which pairs.
    """

    recovers: ClassVar[str] = "a Gaussian kernel at full rank recovers noise"

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        x, y = self.pairs(trajectories)
        koopman = pykoopman.Koopman(regressor=pykoopman.regression.KDMD())
        koopman.fit(x, y=y, dt=trajectories.dt)
        return UnlistedModel(koopman, trajectories.dt, koopman.observables.transform)
