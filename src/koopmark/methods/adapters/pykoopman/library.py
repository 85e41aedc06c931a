"""What the PyKoopman adapters share: its model, asked through its own interface."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.method import Method
from koopmark.models import Lift, Model, continuous, propagate


@dataclass(frozen=True, eq=False)
class PyKoopmanModel(Model):
    """A fitted `pykoopman.Koopman`.

    Parameters
    ----------
    koopman : pykoopman.Koopman
        Its `psi` takes states as columns and gives eigenfunctions as rows.
    dt : float
        Sampling interval of the data.
    lift : callable
        The functions that it combines.
    """

    koopman: Any
    dt: float
    lift: Lift

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        return continuous(self.koopman.lamda_array, self.dt)

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        # Torch, which some observables are written in, takes no negative strides.
        states = np.ascontiguousarray(windows[:, -1])
        return np.asarray(self.koopman.psi(states.T), dtype=complex).T

    def dictionary(self, windows: NDArray) -> NDArray | None:
        return np.asarray(self.lift(windows[:, -1]))

    def predict(self, windows: NDArray, times: NDArray) -> NDArray | None:
        values = self.eigenfunctions(windows)
        return propagate(values, self.eigenvalues, self.koopman.W.T, times)


class UnlistedModel(PyKoopmanModel):
    """Eigenfunctions that leave the span of what they combine, by rounding; it is not listed."""

    def dictionary(self, windows: NDArray) -> None:  # noqa: ARG002
        return None


@dataclass(frozen=True)
class PyKoopmanMethod(Method):
    """A method of PyKoopman."""

    library: ClassVar[str] = "pykoopman"
    # PyKoopman pins versions that cannot share an environment with the other libraries.
    install: ClassVar[str] = (
        'pip install "derivative>=0.6" "lightning>=2.0" "matplotlib>=3.6" "optht>=0.2" '
        '"prettytable>=3.0" "setuptools<81" "torch>=2.1" && pip install --no-deps pykoopman==1.2.1'
    )
    requires: ClassVar[tuple[str, ...]] = (
        "derivative",
        "lightning",
        "matplotlib",
        "optht",
        "pkg_resources",
        "prettytable",
        "pydmd",
        "torch",
        "pykoopman",
    )


def fitted(
    koopman: Any, x: NDArray, y: NDArray, dt: float, lift: Lift | None = None
) -> PyKoopmanModel:
    """The model of a `pykoopman.Koopman` fitted to pairs (P, N) as rows.

    `lift` gives the functions that it combines, where these are not its observables.
    """
    koopman.fit(x, y=y, dt=dt)
    return PyKoopmanModel(koopman, dt, koopman.observables.transform if lift is None else lift)
