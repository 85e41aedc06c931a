"""Functions φ(x) = Bx + c + C f(x) that can be made eigenfunctions, with a certificate.

φ can be prescribed if its Jacobian has full row rank everywhere. Let Z (N, p) have BZ = I, and let
f' be the derivative of f by its linear forms Dx. Then Jφ Z = I + C f'(x) D Z, which is invertible
at every x if the second term is below 1 in norm. For f = σ(Dx + b) that holds if

    strength = sup|σ'| ‖C‖ ‖DZ‖ < 1,

and for any f of linear forms Dx, however steep, if DZ = 0, when φ is a graph over Dx. The Z with
the least ‖DZ‖ is used. Proofs: docs/explanation/families/prescribed_functions.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import isinf

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import finite, numeric, of_width
from koopmark._repr import ReprMixin
from koopmark.systems._base import NamedArray
from koopmark.systems.prescribed.features import Features

Array = NDArray[np.float64]

ROUNDING = 1e-12
INDEPENDENT = 1e-8
"""Smallest over largest singular value of B from which its rows count as independent."""


@dataclass(frozen=True, eq=False)
class PrescribedFunctions(ReprMixin):
    """φ(x) = Bx + c + C f(x), R^N → R^p, with a Jacobian of full row rank everywhere.

    Parameters
    ----------
    linear : (p, N) array
        B, of rank p.
    weights : (p, m) array
        C.
    features : Features
        f.
    offset : (p,) array, optional
        c, zero by default.

    Raises
    ------
    ValueError
        If shapes disagree, a value is not finite, the rows of B are dependent, or the
        nonlinear part is so strong that the rank of the Jacobian cannot be certified.
    """

    linear: Array
    weights: Array
    features: Features
    offset: Array = field(default_factory=lambda: np.zeros(1))

    def __post_init__(self) -> None:
        for name in ("linear", "weights", "offset"):
            object.__setattr__(self, name, finite(getattr(self, name), name))
        if self.linear.ndim != 2 or not 1 <= self.linear.shape[0] <= self.linear.shape[1]:
            raise ValueError(
                f"linear must have shape (p, N) with p between 1 and N, got {self.linear.shape}"
            )
        p, n = self.linear.shape
        if self.features.directions.shape[1] != n:
            raise ValueError(
                f"features are of {self.features.directions.shape[1]} units, linear is of {n}"
            )
        if self.weights.shape != (p, self.features.count):
            raise ValueError(
                f"weights must have shape ({p}, {self.features.count}), got {self.weights.shape}"
            )
        if self.offset.shape not in ((1,), (p,)):
            raise ValueError(f"offset must have shape ({p},), got {self.offset.shape}")
        s = np.linalg.svd(self.linear, compute_uv=False)
        if s[-1] <= INDEPENDENT * s[0]:
            raise ValueError(
                f"linear: its {len(s)} rows are dependent (smallest over largest singular value: "
                f"{s[-1] / max(s[0], 1e-300):.1e}), so that φ has no independent linear parts"
            )
        if isinf(self.strength):
            raise ValueError(
                "features: polynomials are steep somewhere, so they must not look along linear: "
                "their directions need a right inverse Z of linear with directions Z = 0"
            )
        if not self.strength < 1.0:
            raise ValueError(
                f"weights: strength {self.strength:.3g} must be below 1, or φ may have a critical "
                f"point where no dynamics exist: divide them by more than {self.strength:.3g}, or "
                "let the features look across linear only"
            )

    @property
    def size(self) -> int:
        """Dimension N of the state."""
        return self.linear.shape[1]

    @property
    def count(self) -> int:
        """Number p of functions."""
        return self.linear.shape[0]

    @property
    def formula(self) -> str:
        """Formula of φ in one line, without c if it is zero."""
        inner = self.features.formula
        offset = " + c" if self.offset.any() else ""
        if inner.startswith("monomials"):
            return f"φ = Bx{offset} + C f(x), f {inner}"
        return f"φ = Bx{offset} + C {inner}"

    def in_words(self) -> tuple[str, list[NamedArray]]:
        """Formula of φ in words for other languages, with the arrays that it refers to."""
        inner, arrays = self.features.in_words("phi")
        offset = np.broadcast_to(self.offset, self.count).copy()
        text = (
            f"Bx + c + C f(x), with B = `phi_linear`, c = `phi_offset`, C = `phi_weights`; {inner}"
        )
        return text, [
            NamedArray("phi_linear", self.linear, "B, shape (p, N)"),
            NamedArray("phi_offset", offset, "c, shape (p,)"),
            NamedArray("phi_weights", self.weights, "C, shape (p, m)"),
            *arrays,
        ]

    def _facts(self) -> list[str]:
        return [self.formula, f"φ: R^{self.size} → R^{self.count}", f"strength {self.strength:.3g}"]

    def __call__(self, states: NDArray) -> NDArray:
        """φ at states (..., N): (..., p)."""
        states = of_width(numeric(states, "states"), self.size, "states")
        return states @ self.linear.T + self.offset + self.features(states) @ self.weights.T

    def tangent(self, states: NDArray, vectors: NDArray) -> NDArray:
        """Directional derivative Jφ(x) v (..., p) at states x along vectors v, (..., N) each."""
        return vectors @ self.linear.T + self.features.tangent(states, vectors) @ self.weights.T

    @cached_property
    def section(self) -> Array:
        """Matrix Z (N, p) with BZ = I and the least ‖DZ‖; moving x along it changes φ."""
        inverse = np.linalg.pinv(self.linear)
        kernel = np.linalg.svd(self.linear)[2][self.count :].T
        directions = self.features.directions
        across = np.linalg.lstsq(directions @ kernel, directions @ inverse, rcond=ROUNDING)[0]
        return inverse - kernel @ across

    @cached_property
    def complement(self) -> Array:
        """Orthonormal rows Q (N - p, N) with QZ = 0; w = Qx are the free coordinates."""
        return np.linalg.svd(self.section)[0][:, self.count :].T

    @cached_property
    def fibre(self) -> Array:
        """Matrix K (N, N - p) with BK = 0 and QK = I."""
        return np.linalg.inv(np.vstack([self.linear, self.complement]))[:, self.count :]

    @cached_property
    def _along_section(self) -> Array:
        """(m, p): DZ, without rounding where it vanishes."""
        directions, section = self.features.directions, self.section
        product = directions @ section
        sizes = np.linalg.norm(directions, axis=1) * np.linalg.norm(section, 2)
        vanishes = np.linalg.norm(product, axis=1) <= ROUNDING * sizes
        return np.where(vanishes[:, None], 0.0, product)

    @property
    def is_graph(self) -> bool:
        """Whether DZ = 0, so that Jφ Z = I whatever the weights C are."""
        return not self._along_section.any()

    @cached_property
    def strength(self) -> float:
        """Upper bound on ‖C f'(x) D Z‖ over all x, for features balanced to make it small."""
        if self.is_graph:
            return 0.0
        if isinf(self.features.steepness):
            return np.inf
        outer = np.linalg.norm(self.weights, axis=0)
        inner = np.linalg.norm(self._along_section, axis=1)
        seen = (outer > 0) & (inner > 0)
        if not seen.any():
            return 0.0
        balance = np.sqrt(outer[seen] / inner[seen])
        left = np.linalg.norm(self.weights[:, seen] / balance, 2)
        right = np.linalg.norm(self._along_section[seen] * balance[:, None], 2)
        return float(self.features.steepness * left * right)

    @property
    def least_singular_value(self) -> float:
        """Lower bound on the smallest singular value of Jφ(x) over all x."""
        return (1.0 - self.strength) / float(np.linalg.norm(self.section, 2))


@dataclass(frozen=True, eq=False)
class FunctionFit:
    """A fit φ = Bx + c + C f(x) to given functions.

    `error` (p,) is the root-mean-square error of the fit over its states, relative to the standard
    deviation of each function over them.
    """

    functions: PrescribedFunctions
    error: NDArray[np.float64]


def fit_functions(
    target: Callable[[NDArray], NDArray], states: NDArray, features: Features, ridge: float = 1e-10
) -> FunctionFit:
    """Fit φ = Bx + c + C f(x) to given functions; the fitted φ can then be exact eigenfunctions.

    Not every function can be an eigenfunction: at a critical point where φ ≠ 0, no field F gives
    F·∇φ = λφ, so a bump cannot be one (docs/explanation/families/index.md). A graph can be one,
    such as s(x) - bump(w(x)) with s linear and `features` that do not depend on s.

    Parameters
    ----------
    target : callable
        The functions, from states (P, N) to values (P, p).
    states : (P, N) array
        States of the fit.
    features : Features
        f.
    ridge : float
        Weight on |C|², relative to the mean square of the features; a larger one makes C smaller.

    Raises
    ------
    ValueError
        If shapes disagree, there are fewer states than coefficients, a value is not finite, or
        the fit cannot be an eigenfunction (see `PrescribedFunctions`).
    """
    x = finite(states, "states")
    if x.ndim != 2:
        raise ValueError(f"states must have shape (P, N), got {x.shape}")
    of_width(x, features.directions.shape[1], "states")
    values = finite(target(x), "values of the target")
    if values.ndim != 2 or len(values) != len(x):
        raise ValueError(f"target must give an array ({len(x)}, p), it gave {values.shape}")
    if not ridge >= 0:
        raise ValueError(f"ridge {ridge}: it must not be negative")
    n, m = x.shape[1], features.count
    if len(x) < n + m + 1:
        raise ValueError(f"{len(x)} states for {n + m + 1} coefficients: at least as many")
    if not (spread := values.std(axis=0)).all():
        raise ValueError("a function of the target is constant at all states: no eigenfunction is")
    table = np.hstack([x, np.ones((len(x), 1)), features(x)])
    scale = np.linalg.norm(table[:, n + 1 :]) / np.sqrt(m)
    penalty = np.hstack([np.zeros((m, n + 1)), np.sqrt(ridge) * scale * np.eye(m)])
    wanted = np.vstack([values, np.zeros((m, values.shape[1]))])
    found = np.linalg.lstsq(np.vstack([table, penalty]), wanted, rcond=None)[0]
    functions = PrescribedFunctions(found[:n].T, found[n + 1 :].T, features, found[n])
    error = np.sqrt(np.mean((table @ found - values) ** 2, axis=0)) / spread
    return FunctionFit(functions, error)
