"""Linear systems ẋ = Ax: normal, non-normal and defective."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Literal, get_args

import numpy as np
from annotated_types import Ge, Interval
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import block_diag, expm

from koopmark._arrays import finite, numeric, real
from koopmark._keys import generator
from koopmark.systems._base import LinearCoordinates, System
from koopmark.systems._elementwise import Shift
from koopmark.systems._sensors import NoKey, Sensors
from koopmark.systems.low_rank.weights import check_independent
from koopmark.systems.registry import Positive, factory, named
from koopmark.truth import Eigenspace, PrincipalFunctions

Kind = Literal["normal", "non_normal", "defective"]

DEFECT = 1e-8
"""Relative distance within which an eigenvalue without an eigenvector of its own is another."""

UNSEEN = 1e-6
"""Least singular value of the pencil [A/‖A‖ - λ; C] below which a mode counts as not seen."""

RESIDUAL = 1e-10
"""Relative residual up to which a given vector counts as a left eigenvector."""


@dataclass(frozen=True, eq=False)
class LinearSystem(System):
    """Linear system ẋ = Ax, with the eigenfunction wᵀx for every left eigenvector w of A.

    Parameters
    ----------
    matrix : (N, N) array
        A.
    left : (N, q) array
        Independent left eigenvectors w as columns; q < N if A is defective. They are parameters
        because computed eigenvectors of a defective matrix are correct to half the digits only.
        If A has Jordan blocks beyond one of size 2, some eigenfunctions are no products of wᵀx.
    eigenvalues : (q,) array
    plane : (N, n) array, optional
        Orthonormal columns that span an invariant subspace with all states that occur, if this is
        not all of R^N.

    Raises
    ------
    ValueError
        If shapes disagree, a value is not finite, the matrix is complex, the columns of `left` are
        zero or dependent, a w is not a left eigenvector at its eigenvalue, or `plane` is not
        invariant or its columns not orthonormal.
    """

    matrix: NDArray[np.float64]
    left: NDArray = field(repr=False)
    eigenvalues: NDArray[np.complex128] = field(repr=False)
    plane: NDArray[np.float64] | None = field(default=None, repr=False)

    equation = "ẋ = Ax"

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", real(self.matrix, "matrix"))
        for name in ("left", "eigenvalues"):
            object.__setattr__(self, name, numeric(getattr(self, name), name))
        super().__post_init__()
        a, w, values = self.matrix, self.left, self.eigenvalues
        if a.ndim != 2 or a.shape[0] != a.shape[1]:
            raise ValueError(f"matrix must be square, got shape {a.shape}")
        if w.ndim != 2 or len(w) != len(a) or values.shape != w.shape[1:]:
            raise ValueError(
                f"left must have shape ({len(a)}, q) and eigenvalues (q,), got {w.shape} and "
                f"{values.shape}"
            )
        check_independent("left", w)
        missed = np.linalg.norm(a.T @ w - w * values, axis=0)
        wrong = missed > RESIDUAL * np.linalg.norm(a, 2) * np.linalg.norm(w, axis=0)
        if wrong.any():
            column = int(np.argmax(wrong))
            raise ValueError(
                f"left: column {column} is no left eigenvector at the eigenvalue {values[column]:g}"
            )
        if self.plane is not None:
            self._check_plane(real(self.plane, "plane"))

    def _check_plane(self, plane: NDArray[np.float64]) -> None:
        a, n = self.matrix, plane.shape[-1]
        if plane.shape != (len(a), n) or not np.allclose(plane.T @ plane, np.eye(n), atol=1e-12):
            raise ValueError(f"plane must have orthonormal columns of length {len(a)}")
        image = a @ plane
        outside = np.linalg.norm(image - plane @ (plane.T @ image), 2)
        if outside > RESIDUAL * np.linalg.norm(a, 2):
            raise ValueError("plane is not invariant: A leads out of it")
        object.__setattr__(self, "plane", plane)

    @property
    def size(self) -> int:
        return len(self.matrix)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        return np.matmul(states, self.matrix.T, out=out)

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        """States (M, T, N) in closed form, x(t) = e^{At} x(0)."""
        steps = np.stack([expm(self.matrix * t) for t in elapsed])
        return np.einsum("tij,mj->mti", steps, states)

    def reachable(self, states: NDArray) -> NDArray:
        return states if self.plane is None else states @ self.plane @ self.plane.T

    def observed(self, sensors: Sensors | None, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        if sensors is None or sensors.injective:
            return super().observed(sensors, max_degree)
        return ()

    def hidden(self, sensors: Sensors, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """All `targets`, which fewer sensors than variables can show over time.

        Raises
        ------
        NoKey
            If the sensors do not show the state over time, as when no sensor sees a mode.
        """
        if not self.shown_in_time(sensors):
            raise NoKey(
                f"{sensors.channels} sensors never show all of this {type(self).__name__}: there "
                "is a mode that none of them sees, or two at one eigenvalue; take other sensors, "
                "or more"
            )
        return self.targets(max_degree)

    def shown_in_time(self, sensors: Sensors) -> bool:
        """Whether (C, A) is observable: C v ≠ 0 for the right eigenvectors v that occur.

        By the test of Popov, Belevitch and Hautus, [A - λ; C] must have full column rank at every
        eigenvalue λ.
        """
        basis = np.eye(self.size) if self.plane is None else self.plane
        a, c = basis.T @ self.matrix @ basis, sensors.in_units @ basis
        size = max(float(np.linalg.norm(a, 2)), float(np.finfo(float).tiny))
        values = np.asarray(self.eigenvalues, dtype=complex) / size
        pencils = [np.vstack([a / size - one * np.eye(len(a)), c]) for one in values]
        least = min(np.linalg.svd(one, compute_uv=False)[-1] for one in pencils)
        return bool(least > UNSEEN)

    @property
    def principal(self) -> PrincipalFunctions:
        """The eigenfunctions wᵀx."""
        return PrincipalFunctions(Shift(), self.left, self.eigenvalues, self._complete)

    @property
    def linear_coordinates(self) -> LinearCoordinates:
        return LinearCoordinates(np.zeros(self.size), self.principal)

    @cached_property
    def _complete(self) -> bool:
        """Whether there are N functions wᵀx, or all but one beside one Jordan block of size 2."""
        a = self.matrix if self.plane is None else self.plane.T @ self.matrix @ self.plane
        lacking = len(a) - self.left.shape[1]
        if lacking != 1:
            return lacking == 0
        double = np.trace(a) - self.eigenvalues.sum()
        size = np.linalg.norm(a, 2)
        known = int(np.sum(np.abs(self.eigenvalues - double) <= DEFECT * size))
        s = np.linalg.svd(a - double * np.eye(len(a)), compute_uv=False)
        return known > 0 and int(np.sum(s <= DEFECT * size)) == known


@factory("linear")
def random_linear(
    n: Annotated[int, Ge(2)],
    matrix: Kind = "normal",
    seed: int = 0,
    *,
    pairs: Annotated[int, Ge(0)] = 0,
    condition: Annotated[float, Interval(ge=1.0, lt=1e6)] = 100.0,
    frequency: Positive = 1.0,
    channels: int | None = None,
) -> LinearSystem:
    """Linear system with A = T D T⁻¹, prescribed eigenvalues and random T.

    Real eigenvalues go from -0.36 to -1.36, complex pairs have real parts -0.15, -0.26, ... and
    frequencies 1, 2.3, ... times `frequency`. The uneven spacing keeps products of up to four
    eigenfunctions from sharing an eigenvalue with products of fewer.
    `defective` makes the last two real eigenvalues one Jordan block of size 2 at their mean.

    Parameters
    ----------
    n : int
        At least 2.
    matrix : str
        `normal`: T is orthogonal, so that A commutes with its transpose. `non_normal` and
        `defective`: T = U diag(1 .. condition) Vᵀ with random orthogonal U and V.
    seed : int
        Seed of T.
    pairs : int
        Number of complex pairs, 0 to n / 2; `defective` needs two real eigenvalues besides.
    condition : float
        Condition number of T, at least 1.
    frequency : float
        Frequency of the first pair, positive.
    channels : int, optional
        If given, the state has this many linear combinations of the n variables. States that occur
        span n dimensions, and components outside of these decay twice as fast as the fastest mode.
    """
    named("matrix", matrix, dict.fromkeys(get_args(Kind)))
    real, least = n - 2 * pairs, 2 if matrix == "defective" else 0
    if real < least:
        raise ValueError(
            f"n {n} with pairs {pairs}: a {matrix} system needs at least {least} real eigenvalues "
            "besides the pairs"
        )
    if channels is not None and channels < n:
        raise ValueError(f"channels {channels}: there must be at least as many as variables, {n}")
    rng = generator({"ensemble": "linear", "n": n, "kind": matrix, "seed": seed}, "matrix")
    u, v = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    stretch = np.ones(n) if matrix == "normal" else np.geomspace(1.0, condition, n)
    basis, inverse = (u * stretch) @ v.T, (v / stretch) @ u.T
    decays = -0.36 - np.linspace(0.0, 1.0, real) ** 0.8
    turning = [(-0.15 - 0.11 * k, frequency * (1.0 + 1.3 * k)) for k in range(pairs)]
    jordan = block_diag(*([[a, b], [-b, a]] for a, b in turning), np.diag(decays))
    values = [a + sign * 1j * b for a, b in turning for sign in (1, -1)]
    # Left eigenvectors of the block-diagonal D: (1, ∓i) for each pair, then unit vectors.
    left = np.eye(n, dtype=complex)
    for start in range(0, 2 * pairs, 2):
        left[start : start + 2, start : start + 2] = [[1.0, 1.0], [-1j, 1j]]
    if matrix == "defective":
        jordan[-2:, -2:] = np.array([[1.0, 0.0], [0.0, 1.0]]) * decays[-2:].mean()
        jordan[-2, -1] = 1.0
        decays = np.append(decays[:-2], decays[-2:].mean())
        # e_{n-2} is a generalised eigenvector only.
        left = np.delete(left, n - 2, axis=1)
    # With D real where there are no pairs, so are the eigenvectors.
    vectors = inverse.T @ (left if pairs else left.real)
    eigenvalues = np.array([*values, *decays], dtype=complex)
    a = basis @ jordan @ inverse
    if channels is None:
        return LinearSystem(a, vectors, eigenvalues)
    plane = np.linalg.qr(rng.standard_normal((channels, n)))[0]
    outside = np.eye(channels) - plane @ plane.T
    a = plane @ a @ plane.T + 2.0 * eigenvalues.real.min() * outside
    return LinearSystem(a, plane @ vectors, eigenvalues, plane)


@factory("linear_spectrum")
def linear_of_spectrum(
    n: Annotated[int, Ge(1)],
    matrix: ArrayLike,
    seed: int = 0,
    *,
    condition: Annotated[float, Interval(ge=1.0, lt=1e6)] = 3.0,
) -> LinearSystem:
    """Linear system ẋ = TΛT⁻¹x with a given Λ and a random T of this condition number.

    Parameters
    ----------
    n : int
        N.
    matrix : (N, N) array
        Λ, without Jordan blocks.
    seed : int
        Draws T.
    condition : float
        Condition number of T, at least 1.

    Raises
    ------
    ValueError
        If the matrix does not fit, or is defective.
    """
    square = finite(matrix, "matrix")
    if square.shape != (n, n):
        raise ValueError(f"matrix must have shape ({n}, {n}), got {square.shape}")
    rng = generator({"ensemble": "linear_spectrum", "n": n, "seed": seed}, "matrix")
    u, v = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    stretch = np.geomspace(1.0, condition, n)
    basis, inverse = (u * stretch) @ v.T, (v / stretch) @ u.T
    own = PrincipalFunctions.of_linear(Shift(), square)
    vectors = own.vectors if own.eigenvalues.imag.any() else own.vectors.real
    return LinearSystem(basis @ square @ inverse, inverse.T @ vectors, own.eigenvalues)
