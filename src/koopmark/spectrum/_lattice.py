"""The lattice of Koopman eigenvalues on the basin of a stable fixed point.

Products of eigenfunctions are eigenfunctions and eigenvalues add: from the principal eigenvalues
λᵢ, those of the Jacobian, come all Σ nᵢλᵢ, and on the basin of the point no other eigenvalue has a
smooth eigenfunction (Mezić 2020, where the λᵢ are not resonant). Of a relaxation network -1 is
principal d = N - r times over, so that a factor of degree k at -k comes in C(d + k - 1, k) ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from koopmark.spectrum._fixed_points import FixedPoint
from koopmark.spectrum._nonlinearity import NoSpectrum
from koopmark.truth import SAME_EIGENVALUE

MOST_TERMS = 20_000


@dataclass(frozen=True)
class Term:
    """Products Πᵢ φᵢ^{nᵢ} times `degree` functions of the null space."""

    exponents: tuple[int, ...]
    """nᵢ, one for each of the point's `reduced_eigenvalues`."""
    degree: int
    count: int
    """How many independent products that is: C(d + degree - 1, degree)."""
    in_closed_form: bool = False
    """Whether the φᵢ are."""

    @property
    def exact(self) -> bool:
        """Whether its functions have a closed form."""
        return self.in_closed_form or not any(self.exponents)


@dataclass(frozen=True)
class LatticePoint:
    """A Koopman eigenvalue and what makes it up."""

    eigenvalue: complex
    terms: tuple[Term, ...]

    @property
    def multiplicity(self) -> int:
        """Number of independent smooth eigenfunctions."""
        return sum(term.count for term in self.terms)

    @property
    def exact(self) -> bool:
        """Whether some of them have a closed form."""
        return any(term.exact for term in self.terms)


def lattice(point: FixedPoint, bound: float) -> tuple[LatticePoint, ...]:
    """All Koopman eigenvalues with |Re λ| <= `bound` on the basin of a fixed point, slowest first.

    The constant (λ = 0) is left out.

    Raises
    ------
    NoSpectrum
        If the point is not stable, there are more than 20,000 terms, or -1 has several Jordan
        blocks, or one larger than 2, and `bound` reaches to the products of two of its functions.
    ValueError
        Where `bound` is negative or not finite.
    """
    if not 0.0 <= bound < np.inf:
        raise ValueError(f"bound {bound:g}: it must be finite and not negative")
    if not point.stable:
        raise NoSpectrum(
            f"the fixed point is not stable: the real part {point.growth:.3g} is among its "
            "eigenvalues"
        )
    if point.defect > 1 and bound >= 2.0:
        raise NoSpectrum(
            f"-1 has Jordan blocks at the fixed point, which lack {point.defect} eigenvectors: how "
            "many products of generalised functions are eigenfunctions is not computed"
        )
    terms: list[tuple[complex, Term]] = []
    for eigenvalue, term in _terms(point, bound * (1.0 + SAME_EIGENVALUE)):
        terms.append((eigenvalue, term))
        if len(terms) > MOST_TERMS:
            raise NoSpectrum(
                f"more than {MOST_TERMS} products have an eigenvalue with |Re λ| <= {bound:g}: "
                f"the slowest rate is {point.growth:.3g}"
            )
    return _merged(terms)


def _terms(point: FixedPoint, bound: float) -> Iterator[tuple[complex, Term]]:
    others, d = point.reduced_eigenvalues, point.null_dimension
    limits = np.full(len(others), np.inf)
    limits[np.flatnonzero(others == -1.0)[: point.defect]] = 0
    for exponents in _exponents(-others.real, bound, limits):
        start = complex(np.dot(exponents, others))
        most = int(bound + start.real) if d else 0
        for degree in range(most + 1):
            if degree or any(exponents):
                count = comb(d + degree - 1, degree) if degree else 1
                yield start - degree, Term(exponents, degree, count, point.in_closed_form)


def _exponents(
    rates: NDArray[np.float64], bound: float, limits: NDArray[np.float64]
) -> Iterator[tuple[int, ...]]:
    """All n >= 0 with n·rates <= bound, n <= limits."""
    if len(rates) == 0:
        yield ()
        return
    for first in range(int(min(bound / rates[0], limits[0])) + 1):
        for rest in _exponents(rates[1:], bound - first * rates[0], limits[1:]):
            yield (first, *rest)


def _merged(terms: list[tuple[complex, Term]]) -> tuple[LatticePoint, ...]:
    """Terms of equal eigenvalue, up to rounding, as one point."""
    groups: list[tuple[complex, list[Term]]] = []
    for eigenvalue, term in sorted(terms, key=lambda pair: (-pair[0].real, pair[0].imag)):
        near = SAME_EIGENVALUE * max(1.0, abs(eigenvalue))
        for value, group in reversed(groups):
            if value.real - eigenvalue.real > near:
                groups.append((eigenvalue, [term]))
                break
            if abs(value - eigenvalue) <= near:
                group.append(term)
                break
        else:
            groups.append((eigenvalue, [term]))
    return tuple(LatticePoint(_real(value), tuple(group)) for value, group in groups)


def _real(value: complex) -> complex:
    """Without an imaginary part that is rounding: conjugate pairs cancel."""
    return complex(value.real, value.imag if abs(value.imag) > SAME_EIGENVALUE else 0.0)
