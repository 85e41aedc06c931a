"""Methods of PyKoopman, evaluated through its own interface."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from koopmark.methods import papers
from koopmark.methods._method import Method, Tags
from koopmark.methods._options import Bound, Count, CountOrAll, Positive
from koopmark.methods._sampling import spread
from koopmark.methods.adapters._pairs import (
    EMPTY,
    NEARLY_EMPTY,
    RANK_TOLERANCE,
    Subsampled,
    data_rank,
    output_rank,
)
from koopmark.methods.adapters._pykoopman import NNDMD, PYKOOPMAN, PyKoopmanModel
from koopmark.methods.dictionaries import Dictionary
from koopmark.methods.kernels import (
    AnyKernel,
    Gaussian,
    Kernel,
    KernelColumns,
    Polynomial,
    numerical_rank,
)
from koopmark.models import Lift, Model
from koopmark.simulation import Trajectories

Function = Literal["square", "cube", "product", "sin", "cos", "tanh", "exp"]

# PyKoopman counts the arguments: one for each variable, two for each pair of variables.
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "square": lambda x: x**2,
    "cube": lambda x: x**3,
    "product": lambda x, y: x * y,
    "sin": lambda x: np.sin(x),
    "cos": lambda x: np.cos(x),
    "tanh": lambda x: np.tanh(x),
    "exp": lambda x: np.exp(x),
}


def _fitted(
    koopman: Any,
    x: NDArray,
    y: NDArray,
    dt: float,
    lift: Lift | None = None,
    held: NDArray | None = None,
) -> Model:
    """The model of a `pykoopman.Koopman` fitted to pairs (P, N) as rows, and inputs (P, q).

    `lift` gives the functions that it combines, if these are not its observables.
    """
    koopman.fit(x, y=y, u=held, dt=dt)
    return PyKoopmanModel(koopman, dt, koopman.observables.transform if lift is None else lift)


@dataclass(frozen=True)
class Koopman(Method):
    """`pykoopman.Koopman()` with all defaults: DMD of rank 2 in the state.

    Two directions are kept, however many the data have.
    """

    # It keeps two directions of the linear data.
    tags = replace(PYKOOPMAN, recovers="plane", papers=(papers.TU_2014,))

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        return _fitted(self._koopman(pykoopman), *trajectories.pairs(), trajectories.dt)

    def _koopman(self, pykoopman: Any) -> Any:
        return pykoopman.Koopman()


@dataclass(frozen=True)
class KoopmanContinuous(Koopman):
    """`pykoopman.KoopmanContinuous()` with all defaults.

    It never differentiates: what it fits is what `Koopman` fits, in discrete time
    (docs/reference/library-notes).
    """

    def _koopman(self, pykoopman: Any) -> Any:
        return pykoopman.KoopmanContinuous()


@dataclass(frozen=True)
class _EDMD(Method):
    """`pykoopman.regression.EDMD` with observables of PyKoopman, none of which is a constant."""

    @abstractmethod
    def _observables(self, pykoopman: Any, states: NDArray) -> Any:
        """The PyKoopman object for data like `states` (..., N), not fitted."""

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        koopman = pykoopman.Koopman(
            observables=self._observables(pykoopman, trajectories.snapshots()),
            regressor=self._regressor(pykoopman),
        )
        held = trajectories.held() if self.tags.inputs else None
        return _fitted(koopman, *trajectories.pairs(), trajectories.dt, held=held)

    def _regressor(self, pykoopman: Any) -> Any:
        """The PyKoopman regressor, not fitted."""
        return pykoopman.regression.EDMD()


@dataclass(frozen=True)
class IdentityEDMD(_EDMD):
    """EDMD in the state itself.

    Least squares from each snapshot to the next, at full rank and without a constant.
    """

    tags = replace(PYKOOPMAN, loses={"low rank": EMPTY}, papers=(papers.WILLIAMS_2015,))

    def _observables(self, pykoopman: Any, states: NDArray) -> Any:  # noqa: ARG002
        return None


@dataclass(frozen=True)
class PolynomialEDMD(_EDMD):
    """EDMD with `Polynomial` observables.

    Least squares (Williams, Kevrekidis and Rowley 2015) in all monomials up to a degree.

    Parameters
    ----------
    degree : int
        Monomials up to this degree, the constant included.
    """

    degree: Count = 2

    tags = replace(
        PYKOOPMAN,
        loses={"low rank": EMPTY, "constant": EMPTY, "units": EMPTY},
        papers=(papers.WILLIAMS_2015,),
    )

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        return dictionary.as_degree()

    def _observables(self, pykoopman: Any, states: NDArray) -> Any:  # noqa: ARG002
        class Polynomial(pykoopman.observables.Polynomial):  # type: ignore[misc]
            # PyKoopman 1.2.1 reads the name that scikit-learn gave this before version 1.2.
            n_input_features_ = property(lambda self: self.n_features_in_)

        return Polynomial(degree=self.degree)


@dataclass(frozen=True)
class IdentityEDMDc(IdentityEDMD):
    """`pykoopman.regression.EDMDc` (Korda and Mezić 2018) in the state itself.

    Least squares from each snapshot and the input held after it to the next snapshot.
    """

    tags = replace(PYKOOPMAN, inputs=True, papers=(papers.KORDA_2018,))

    def _regressor(self, pykoopman: Any) -> Any:
        return pykoopman.regression.EDMDc()


@dataclass(frozen=True)
class PolynomialEDMDc(PolynomialEDMD):
    """`pykoopman.regression.EDMDc` (Korda and Mezić 2018) with `Polynomial` observables.

    Least squares in all monomials of the state up to a degree, and in the inputs themselves, which
    are multiplied with nothing.

    Parameters
    ----------
    degree : int
        Monomials up to this degree, the constant included.
    """

    tags = replace(
        PolynomialEDMD.tags,
        inputs=True,
        loses={"constant": NEARLY_EMPTY, "units": EMPTY},
        papers=(papers.KORDA_2018,),
    )

    def _regressor(self, pykoopman: Any) -> Any:
        return pykoopman.regression.EDMDc()


@dataclass(frozen=True)
class DMDc(Method):
    """`pykoopman.regression.DMDc`: DMD with control (Proctor, Brunton and Kutz 2016).

    Least squares from each snapshot and the input held after it to the next snapshot, in the
    leading directions of both sides.

    PyKoopman's `A` and `B` belong to coordinates of its own, the projections `ur` of the state on
    leading directions of the next snapshots; eigenfunctions and gains here are those of the state.

    Parameters
    ----------
    svd_rank : int, optional
        Directions of snapshots beside inputs kept: -1, PyKoopman's own, for all. By default those
        that stand out of rounding: inputs need not fill theirs.
    svd_output_rank : int, optional
        Directions of the next snapshots kept, likewise; at most `svd_rank`.
    """

    svd_rank: CountOrAll | None = None
    svd_output_rank: CountOrAll | None = None

    tags = replace(
        PYKOOPMAN,
        inputs=True,
        by_default={"svd_rank": -1, "svd_output_rank": -1},
        papers=(papers.PROCTOR_2016,),
    )

    def promises(self) -> Tags:
        if self.svd_rank != -1:
            return self.tags
        return replace(self.tags, loses={"low rank": EMPTY})

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        (x, y), held = trajectories.pairs(), trajectories.held()
        beside = np.hstack([x, held])
        rank = data_rank(beside) if self.svd_rank is None else self.svd_rank
        ahead = output_rank(x, y) if self.svd_output_rank is None else self.svd_output_rank
        rank = beside.shape[1] if rank == -1 else rank
        ahead = min(y.shape[1] if ahead == -1 else ahead, rank)
        regressor = pykoopman.regression.DMDc(svd_rank=rank, svd_output_rank=ahead)
        koopman = pykoopman.Koopman(regressor=regressor)
        return _fitted(koopman, x, y, trajectories.dt, held=held)


@dataclass(frozen=True)
class RadialEDMD(_EDMD):
    """EDMD with `RadialBasisFunction` observables, the state included.

    Least squares (Williams, Kevrekidis and Rowley 2015) in Gaussians of the distance to centres.

    Parameters
    ----------
    count : int
        Gaussians, at centres drawn uniformly from the box that the data span. PyKoopman stretches
        them to its sides, and divides 0 by 0 if there is only one.
    bandwidth : float, optional
        Length of the Gaussians, in units of the spread of the data; None for PyKoopman's own,
        exp(-r²) whatever the data.
    seed : int
        The centres, which PyKoopman draws from NumPy's global generator.
    """

    count: Annotated[int, Bound("must be at least 2", lambda value: value >= 2)] = 50
    bandwidth: Positive | None = 1.0
    seed: int = 0

    tags = replace(
        PYKOOPMAN.none("Gaussians of the state are not closed under a linear map"),
        by_default={"count": 10, "bandwidth": None},
        papers=(papers.WILLIAMS_2015,),
    )

    def _observables(self, pykoopman: Any, states: NDArray) -> Any:
        # PyKoopman's Gaussian is exp(-w² r²).
        width = 1.0
        if self.bandwidth is not None:
            width = float(np.sqrt(0.5)) / (self.bandwidth * spread(states))
        return pykoopman.observables.RadialBasisFunction(
            rbf_type="gauss", n_centers=self.count, kernel_width=width
        )


@dataclass(frozen=True)
class FourierEDMD(_EDMD):
    """EDMD with `RandomFourierFeatures` as observables.

    Least squares (Williams, Kevrekidis and Rowley 2015) in cosines and sines of random frequencies.

    Parameters
    ----------
    count : int
        Frequencies: each gives a cosine and a sine.
    bandwidth : float, optional
        Length of the Gaussian kernel they approximate, in units of the spread of the data; None for
        PyKoopman's own kernel, exp(-r²) whatever the data.
    state : bool
        Whether the state is included.
    seed : int
        The frequencies.
    """

    count: Count = 50
    bandwidth: Positive | None = 0.5
    state: bool = True
    seed: int = 0

    tags = replace(
        PYKOOPMAN.none("waves in the state are not closed under a linear map"),
        by_default={"count": 100, "bandwidth": None},
        papers=(papers.WILLIAMS_2015,),
    )

    def _observables(self, pykoopman: Any, states: NDArray) -> Any:
        wide = self.bandwidth
        return pykoopman.observables.RandomFourierFeatures(
            include_state=self.state,
            gamma=1.0 if wide is None else 0.5 / (wide * spread(states)) ** 2,
            D=self.count,
            random_state=self.seed % 2**32,
        )


@dataclass(frozen=True)
class CustomEDMD(_EDMD):
    """EDMD with `CustomObservables`: the state and functions of it.

    Least squares (Williams, Kevrekidis and Rowley 2015) in functions of each variable and of pairs.

    Parameters
    ----------
    functions : tuple of str
        Each of "square", "cube", "sin", "cos", "tanh" and "exp" of every variable, "product" of
        every two.
    """

    functions: tuple[Function, ...] = ("square", "product")

    # PyKoopman has no default functions.
    tags = replace(
        PYKOOPMAN,
        loses={"low rank": EMPTY, "constant": EMPTY},
        by_default=None,
        papers=(papers.WILLIAMS_2015,),
    )

    def _observables(self, pykoopman: Any, states: NDArray) -> Any:  # noqa: ARG002
        functions = [FUNCTIONS[name] for name in self.functions]
        return pykoopman.observables.CustomObservables(functions)


@dataclass(frozen=True)
class KDMD(Subsampled):
    """Kernel DMD (Williams, Rowley and Kevrekidis 2015) as PyKoopman computes it.

    EDMD in the functions that a kernel implies, computed from the kernel matrices of the snapshots.

    Parameters
    ----------
    kernel : AnyKernel, optional
        None for PyKoopman's own, a Gaussian of length 1 whatever the data, at full rank: its
        spectrum is noise (docs/reference/library-notes).
    svd_rank : int, optional
        Directions of the feature space kept: -1 for as many as pairs, 0 for PyDMD's threshold. By
        default those that stand out of the rounding of the kernel matrix.
    """

    kernel: AnyKernel | None = field(default_factory=Polynomial)
    svd_rank: int | None = None

    tags = replace(
        PYKOOPMAN,
        trial={"max_pairs": 100},
        by_default={"kernel": None},
        papers=(papers.WILLIAMS_2015_KERNEL,),
    )

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        return dictionary.as_kernel()

    def promises(self) -> Tags:
        if self.kernel is None:
            return self.tags.none("a Gaussian kernel at full rank recovers noise")
        return self.tags

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        x, y = self.pairs(trajectories)
        if self.kernel is None:
            koopman = pykoopman.Koopman(regressor=pykoopman.regression.KDMD())
            koopman.fit(x, y=y, dt=trajectories.dt)
            return PyKoopmanModel(koopman, trajectories.dt)
        rank = numerical_rank(self.kernel, x) if self.svd_rank is None else self.svd_rank
        kernel = _in_pykoopman(self.kernel, x)
        koopman = pykoopman.Koopman(
            regressor=pykoopman.regression.KDMD(svd_rank=rank, kernel=kernel)
        )
        return _fitted(koopman, x, y, trajectories.dt, KernelColumns(self.kernel, x))


def _in_pykoopman(kernel: Kernel, states: NDArray) -> Any:
    """The kernel as an object of `sklearn.gaussian_process.kernels`."""
    from sklearn.gaussian_process import kernels

    length = kernel.length(states)
    match kernel:
        case Polynomial(degree, offset):
            # (x·x' + ℓ² offset)^degree is ours times ℓ^2degree.
            product = kernels.DotProduct(length * offset**0.5)
            return kernels.ConstantKernel(length ** (-2 * degree)) * product**degree
        case Gaussian():
            return kernels.RBF(length)
    return kernels.DotProduct(0.0)


@dataclass(frozen=True, eq=False)
class DelayModel(PyKoopmanModel):
    """A fitted `pykoopman.Koopman` whose observables are `TimeDelay`.

    Of full rank its eigenfunctions leave the span of the observables, by rounding: they are not
    `listed` then.
    """

    window: int = 1
    listed: bool = True

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        # Windows one after the other: of the delay coordinates of that, those are asked for that
        # lie within one window.
        joined = windows.reshape(-1, windows.shape[2])
        return np.asarray(self.koopman.psi(joined.T), dtype=complex).T[:: self.window]

    def dictionary(self, windows: NDArray) -> NDArray | None:
        if not self.listed:
            return None
        joined = windows.reshape(-1, windows.shape[2])
        return np.asarray(self.koopman.observables.transform(joined))[:: self.window]


class HavokModel(DelayModel):
    """HAVOK's eigenfunctions φ = Z⁻¹ U_r⁺ ψ; PyKoopman multiplies where it should divide.

    It knows λ alone, from derivatives, and PyKoopman makes exponentials of it.
    """

    @property
    def multipliers(self) -> None:
        return None

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        regressor = self.koopman._regressor()
        joined = windows.reshape(-1, windows.shape[2])
        observed = self.koopman.observables.transform(joined)
        coordinates = np.linalg.pinv(regressor.ur) @ observed.T
        values = np.linalg.solve(regressor.eigenvectors_, coordinates.astype(complex))
        return values.T[:: self.window]


@dataclass(frozen=True)
class DelayEDMD(Method):
    """`pykoopman.regression.EDMD` with `TimeDelay`: Hankel DMD (Arbabi and Mezić 2017).

    PyKoopman makes delay coordinates of one trajectory.

    Parameters
    ----------
    n_delays : int
        Earlier states beside the present one.
    delay : int
        Sampling intervals from one to the next.
    svd_rank : int, optional
        Directions kept: -1 for all. By default those that stand out of rounding: if -1 is an
        eigenvalue, delayed states depend on each other, and full rank divides by rounding.
    """

    n_delays: Count = 2
    delay: Count = 1
    svd_rank: int | None = None

    tags = replace(
        PYKOOPMAN,
        one_trajectory=True,
        recovers="trajectory",
        by_default={"svd_rank": -1},
        papers=(papers.ARBABI_2017,),
    )

    _model = DelayModel

    def promises(self) -> Tags:
        tags = replace(self.tags, min_states=self._window)
        if self.svd_rank == -1:
            return tags.none("at full rank it divides by the rounding of dependent delays")
        return tags

    @property
    def _window(self) -> int:
        return self.n_delays * self.delay + 1

    def _regressor(self, pykoopman: Any, delayed: NDArray) -> Any:
        """The PyKoopman regressor, not fitted, for delay coordinates (T, D)."""
        rank = self.svd_rank
        if rank is None:
            singular = np.linalg.svd(delayed, compute_uv=False)
            rank = int(np.sum(singular > RANK_TOLERANCE * singular[0]))
        return pykoopman.regression.EDMD(svd_rank=rank)

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        delayed = trajectories.rolling(self._window)[0, :, :: self.delay]
        koopman = pykoopman.Koopman(
            observables=pykoopman.observables.TimeDelay(delay=self.delay, n_delays=self.n_delays),
            regressor=self._regressor(pykoopman, delayed.reshape(len(delayed), -1)),
        )
        koopman.fit(trajectories.states[0], dt=trajectories.dt)
        listed = self.svd_rank != -1
        return self._model(koopman, trajectories.dt, window=self._window, listed=listed)


@dataclass(frozen=True)
class HAVOK(DelayEDMD):
    """`pykoopman.regression.HAVOK` (Brunton et al. 2017): delay coordinates, driven by the last.

    A linear system for all principal delay coordinates but the last, which forces it; derivatives
    are central differences, exact to the second order of the sampling interval. Its eigenvalues
    are those of the system without the forcing.

    Parameters
    ----------
    svd_rank : int, optional
        Principal delay coordinates, the forcing included. By default PyKoopman's: a threshold for
        noise.
    """

    n_delays: Count = 10

    tags = replace(
        DelayEDMD.tags.none("a system with forcing has no eigenfunctions in the state alone"),
        # Of the windows of PyKoopman's default `TimeDelay` the threshold keeps the forcing alone.
        by_default=None,
        papers=(papers.BRUNTON_2017,),
    )

    _model = HavokModel

    def promises(self) -> Tags:
        # Of fewer windows the threshold keeps the forcing alone.
        return replace(self.tags, min_states=self._window + 4)

    def _regressor(self, pykoopman: Any, delayed: NDArray) -> Any:  # noqa: ARG002
        return pykoopman.regression.HAVOK(svd_rank=self.svd_rank)


METHODS: dict[str, Method] = {
    "pykoopman.edmd_identity": IdentityEDMD(),
    "pykoopman.edmd_polynomial": PolynomialEDMD(),
    "pykoopman.edmd_rbf": RadialEDMD(),
    "pykoopman.edmd_rff": FourierEDMD(),
    "pykoopman.edmd_custom": CustomEDMD(),
    "pykoopman.edmd_time_delay": DelayEDMD(),
    "pykoopman.dmdc": DMDc(),
    "pykoopman.edmdc_identity": IdentityEDMDc(),
    "pykoopman.edmdc_polynomial": PolynomialEDMDc(),
    "pykoopman.kdmd": KDMD(),
    "pykoopman.nndmd": NNDMD(),
    "pykoopman.havok": HAVOK(),
    "pykoopman.continuous": KoopmanContinuous(),
    "pykoopman.default": Koopman(),
}
