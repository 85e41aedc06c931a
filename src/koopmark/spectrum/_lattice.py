"""The lattice of Koopman eigenvalues in the basin of a stable fixed point, and its eigenspaces.

Products of eigenfunctions are eigenfunctions and eigenvalues add: from the principal eigenvalues
λᵢ, those of the Jacobian, come all Σ nᵢλᵢ, and on the basin of the point no other eigenvalue has a
smooth eigenfunction (Mezić 2020, where the λᵢ are not resonant). Of a relaxation network -1 is
principal d = N - r times over, so that a factor of degree k at -k comes in C(d + k - 1, k) ways.
Of a map the μᵢ multiply, and all that holds of the Πμᵢ^{nᵢ} ≠ 0 (docs/explanation/theory/maps.md).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.spectrum._fixed_points import FixedPoint
from koopmark.spectrum._linearisation import Linearisation
from koopmark.spectrum._nonlinearity import NoSpectrum
from koopmark.spectrum._path_integral import LONGEST, OutsideBasin, path_integral
from koopmark.truth import INSEPARABLE, SAME_EIGENVALUE, Eigenspace, ProductEigenspace

MOST_TERMS = 20_000
ROUNDING, NEVER = 1e-12, 1e300
"""Distance of multipliers that are one; a rate of no product that is listed."""
REMEMBERED = 16
"""Sets of states whose values are kept: every target of a dataset asks for the same."""

INEXACT = 1e-8
"""Estimated error, relative to the largest value, beyond which a function is no answer."""
SLOW = 40.0
"""If the integrand falls by less than e to this before the cut, the error estimate is checked."""
PROBES = 8
CLOSER = (1.0, 0.1, 0.01)
"""Distances of the probes from the point, until some lie in its basin."""


@dataclass(frozen=True)
class Term:
    """Products Πᵢ φᵢ^{nᵢ} of principal functions, times `degree` functions of the null space."""

    exponents: tuple[int, ...]
    """nᵢ, one for each of the point's `reduced_eigenvalues`."""
    degree: int
    count: int
    """How many independent products that is: C(d + degree - 1, degree)."""
    in_closed_form: bool = False
    """Whether the φᵢ are."""

    @property
    def exact(self) -> bool:
        """Whether its functions are known in closed form."""
        return self.in_closed_form or not any(self.exponents)


@dataclass(frozen=True)
class LatticePoint:
    """A Koopman eigenvalue with the products of eigenfunctions that belong to it."""

    eigenvalue: complex
    terms: tuple[Term, ...]

    @property
    def multiplicity(self) -> int:
        """Number of independent smooth eigenfunctions."""
        return sum(term.count for term in self.terms)

    @property
    def exact(self) -> bool:
        """Whether some of its eigenfunctions are known in closed form."""
        return any(term.exact for term in self.terms)


@dataclass(frozen=True)
class KnownSpectrum:
    """All Koopman eigenvalues with |Re λ| <= `bound` in the basin of the trajectories.

    For a map (`discrete`), all with |μ| >= `bound`.
    """

    points: tuple[LatticePoint, ...]
    bound: float
    discrete: bool = False

    @property
    def within(self) -> str:
        """The bound as an inequality in symbols."""
        return f"|μ| >= {self.bound:.4g}" if self.discrete else f"|Re λ| <= {self.bound:g}"

    def holds(self, eigenvalues: NDArray[np.complex128]) -> NDArray[np.bool_]:
        """Which recovered eigenvalues are within the bound, so that true ones would be listed."""
        if self.discrete:
            return np.asarray(np.abs(eigenvalues) >= self.bound)
        return np.asarray(np.abs(eigenvalues.real) <= self.bound)

    @property
    def count(self) -> int:
        """Number of eigenvalues, counted with multiplicity."""
        return sum(point.multiplicity for point in self.points)


def lattice(point: FixedPoint, bound: float) -> tuple[LatticePoint, ...]:
    """All Koopman eigenvalues with |Re λ| <= `bound` in the basin of a fixed point, slowest first.

    The constant (λ = 0) is left out. For a map the list has all |μ| >= `bound`, largest first,
    without the constant (μ = 1).

    Raises
    ------
    NoSpectrum
        If the point is not stable, or there are more than 20,000 terms. Also if -1 has several
        Jordan blocks or one larger than 2, and products of two of its functions are within `bound`.
    ValueError
        If `bound` is negative or not finite or, for a map, not between 0 and 1.
    """
    if point.discrete:
        if not 0.0 < bound <= 1.0:
            raise ValueError(f"bound {bound:g}: of |μ| it must be above 0 and at most 1")
        slowest, reached = "the largest |μ|", -float(np.log(bound))
    else:
        if not 0.0 <= bound < np.inf:
            raise ValueError(f"bound {bound:g}: it must be finite and not negative")
        slowest, reached = "the slowest rate", bound
    if not point.stable:
        raise NoSpectrum(f"the fixed point is not stable: {point.fastest_growing}")
    if point.defect > 1 and reached >= 2.0 * point.null_rate:
        raise NoSpectrum(
            f"{point.null_eigenvalue:g} has Jordan blocks at the fixed point, which lack "
            f"{point.defect} eigenvectors: how many products of "
            "generalised functions are eigenfunctions is not computed"
        )
    terms: list[tuple[complex, Term]] = []
    for eigenvalue, term in _terms(point, reached * (1.0 + SAME_EIGENVALUE)):
        terms.append((eigenvalue, term))
        if len(terms) > MOST_TERMS:
            within = f"|μ| >= {bound:g}" if point.discrete else f"|Re λ| <= {bound:g}"
            size = np.exp(point.growth) if point.discrete else point.growth
            raise NoSpectrum(
                f"more than {MOST_TERMS} products have an eigenvalue with {within}: "
                f"{slowest} is {size:.3g}"
            )
    merged = _merged(terms)
    if point.discrete:
        return tuple(sorted(merged, key=lambda one: -abs(one.eigenvalue)))
    return merged


def _terms(point: FixedPoint, reached: float) -> Iterator[tuple[complex, Term]]:
    """Those whose rates, -Re λ or -ln |μ|, are at most `reached`."""
    others, d, null = point.reduced_eigenvalues, point.null_dimension, point.null_eigenvalue
    limits = np.full(len(others), np.inf)
    defective = np.abs(others - null) <= ROUNDING if point.discrete else others == null
    limits[np.flatnonzero(defective)[: point.defect]] = 0
    # No factor with μ = 0 is in a product of another eigenvalue.
    rates = np.minimum(-point.growth_of(others), NEVER)
    for exponents in _exponents(rates, reached, limits):
        most = 0
        if d:
            most = int((reached - float(np.dot(exponents, rates))) / min(point.null_rate, NEVER))
        for degree in range(most + 1):
            if degree or any(exponents):
                count = comb(d + degree - 1, degree) if degree else 1
                if point.discrete:
                    value = complex(np.prod(others ** np.array(exponents))) * null**degree
                else:
                    value = complex(np.dot(exponents, others)) - degree
                yield value, Term(exponents, degree, count, point.in_closed_form)


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
    # An imaginary part that is rounding is none: conjugate pairs cancel.
    values = [value if abs(value.imag) > SAME_EIGENVALUE else value.real for value, _ in groups]
    return tuple(
        LatticePoint(complex(value), tuple(group))
        for value, (_, group) in zip(values, groups, strict=True)
    )


@dataclass(frozen=True, eq=False)
class BasinFunctions:
    """The principal eigenfunctions of a fixed point, computed by path integrals."""

    about: Linearisation
    rtol: float = 1e-11
    _values: dict[bytes, NDArray] = field(default_factory=dict, repr=False)

    def converges(self, index: int) -> bool:
        """Whether the path integral of eigenvalue `index` converges to a relative error of 1e-8."""
        return self.about.converges(index) and index not in inexact(self.about)

    def values(self, states: NDArray) -> NDArray[np.complex128]:
        """Values (..., r) of all eigenfunctions at states (..., N); NaN if not convergent.

        Raises
        ------
        OutsideBasin
            If a state's trajectory does not end at the fixed point.
        NoSpectrum
            If a function is not known to 1e-8 of its largest value at these states.
        """
        rows = np.ascontiguousarray(states.reshape(-1, states.shape[-1]), dtype=float)
        key = hashlib.sha256(rows.tobytes()).digest()
        if key not in self._values:
            if len(self._values) == REMEMBERED:
                self._values.pop(next(iter(self._values)), None)
            self._values[key] = self._integrals(rows)
        return self._values[key].reshape(*states.shape[:-1], -1)

    def _integrals(self, rows: NDArray[np.float64]) -> NDArray[np.complex128]:
        eigenvalues = self.about.eigenvalues
        # Conjugate pairs stand side by side, the one above the real axis first.
        which = [i for i, at in enumerate(eigenvalues) if at.imag >= 0 and self.converges(i)]
        found = path_integral(self.about, rows, which, rtol=self.rtol, estimate=False)
        if found.outside.any():
            where = np.flatnonzero(found.outside)
            first = ", ".join(str(index) for index in where[:5])
            more = ", ..." if len(where) > 5 else ""
            raise OutsideBasin(
                f"{len(where)} of {len(rows)} states are outside the basin of the fixed point: "
                f"their trajectories do not end there (states {first}{more})"
            )
        largest = np.abs(found.values).max(axis=0, initial=0.0)
        missed = found.error.max(axis=0, initial=0.0)
        for i, error, size in zip(which, missed, largest, strict=True):
            if not error <= INEXACT * size:
                raise NoSpectrum(
                    f"the eigenfunction of {eigenvalues[i]:.4g} is known to {error:.1e} only, "
                    f"with values up to {size:.1e}: its path integral converges too slowly"
                )
        values = np.full((len(rows), len(eigenvalues)), np.nan, dtype=complex)
        values[:, which] = found.values
        for i in which:
            if eigenvalues[i].imag > 0:
                values[:, i + 1] = found.values[:, which.index(i)].conj()
        return values


@dataclass(frozen=True, eq=False)
class BasinEigenspace(Eigenspace):
    """All products with one eigenvalue of the lattice, Πᵢ φᵢ^{nᵢ} times null-space products.

    `terms` are pairs of exponents n and a space of null-space products, or None for no such factor.
    """

    value: complex
    functions: BasinFunctions
    terms: tuple[tuple[tuple[int, ...], Eigenspace | None], ...]
    whole: bool = True

    @property
    def eigenvalue(self) -> complex:
        return self.value

    @property
    def dimension(self) -> int:
        return sum(self._sizes)

    @property
    def degree(self) -> int:
        return max(
            sum(exponents) + (0 if factor is None else factor.degree)
            for exponents, factor in self.terms
        )

    @property
    def _sizes(self) -> list[int]:
        return [1 if factor is None else factor.dimension for _, factor in self.terms]

    def evaluate(self, states: NDArray) -> NDArray:
        """Values (..., dimension), complex if an eigenvalue of a factor is.

        Raises
        ------
        OutsideBasin
            If a state's trajectory does not end at the fixed point.
        """
        phi = self.functions.values(states)
        columns = []
        for exponents, factor in self.terms:
            used = np.flatnonzero(exponents)
            product = np.prod(phi[..., used] ** np.array(exponents)[used], axis=-1)[..., None]
            columns.append(product if factor is None else product * factor.evaluate(states))
        values = np.concatenate(columns, axis=-1)
        return values if values.imag.any() else values.real

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        if count >= self.dimension:
            return self
        counts = rng.multivariate_hypergeometric(self._sizes, count)
        kept = [
            (exponents, None if factor is None else factor.sample(int(some), rng))
            for (exponents, factor), some in zip(self.terms, counts, strict=True)
            if some
        ]
        return replace(self, terms=tuple(kept), whole=False)


def basin_eigenspaces(about: Linearisation, bound: float) -> tuple[Eigenspace, ...]:
    """Eigenspaces of all Koopman eigenvalues with |Re λ| <= `bound`, slowest first.

    The eigenfunctions are defined in the basin of the fixed point. Eigenvalues of `lattice` are
    left out if they need a principal eigenfunction whose path integral diverges, or converges too
    slowly for an error of 1e-8 (see `inexact`). Spaces whose eigenvalue data cannot tell from
    another one are not `whole`.

    Raises
    ------
    NoSpectrum
        As `lattice`, or if the Jacobian has no basis of eigenvectors.
    """
    functions = BasinFunctions(about)
    usable = np.array([functions.converges(i) for i in range(len(about.eigenvalues))], dtype=bool)
    about.covectors  # noqa: B018  whatever is wrong with them is said here, not at evaluation
    points = lattice(about.point, bound)
    values = np.array([point.eigenvalue for point in points])
    spaces = []
    for point in points:
        used = np.any([term.exponents for term in point.terms], axis=0)
        if not (used & ~usable).any():
            space = _eigenspace(functions, point)
            near = np.abs(values - point.eigenvalue) <= INSEPARABLE * max(1.0, bound)
            spaces.append(space if near.sum() == 1 else space.as_part())
    return tuple(spaces)


@lru_cache(maxsize=REMEMBERED)
def inexact(about: Linearisation) -> tuple[int, ...]:
    """Indices of eigenvalues whose path integrals converge too slowly for an error of 1e-8.

    The error is estimated at random states around the fixed point.
    """
    slow = [
        i
        for i, eigenvalue in enumerate(about.eigenvalues)
        if about.converges(i)
        and np.isfinite(about.order)
        and eigenvalue.real - about.order * about.growth < SLOW / LONGEST * abs(about.growth)
    ]
    if not slow or about.affine:
        return ()
    rng = generator("fixed points", "probes")
    away = rng.standard_normal((PROBES, about.network.size))
    for size in CLOSER:
        states = about.network.zeta.inverse(about.centre + size * away)
        found = path_integral(about, states, slow)
        inside = ~found.outside
        if inside.any():
            largest = np.abs(found.values[inside]).max(axis=0)
            missed = found.error[inside].max(axis=0)
            bad = ~(missed <= INEXACT * largest)
            return tuple(i for i, so in zip(slow, bad, strict=True) if so)
    return tuple(slow)


def _eigenspace(functions: BasinFunctions, point: LatticePoint) -> Eigenspace:
    null, zeta = functions.about.network.weights.null_space, functions.about.network.zeta
    terms = tuple(
        (term.exponents, ProductEigenspace(null, zeta, term.degree) if term.degree else None)
        for term in point.terms
    )
    (exponents, factor), *more = terms
    if factor is not None and not any(exponents) and not more:
        return factor
    return BasinEigenspace(point.eigenvalue, functions, terms)
