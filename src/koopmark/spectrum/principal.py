"""Eigenspaces of the whole lattice: products of principal and null-space eigenfunctions."""

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from koopmark.spectrum.fixed_points import NoSpectrum
from koopmark.spectrum.lattice import LatticePoint, Term, lattice
from koopmark.spectrum.linearisation import Linearisation
from koopmark.spectrum.path_integral import OutsideBasin, check_rate, path_integral
from koopmark.truth import Eigenspace, ProductEigenspace

REMEMBERED = 16
"""Sets of states whose values are kept: every target of a dataset asks for the same."""


@dataclass(frozen=True, eq=False)
class PrincipalFunctions:
    """The principal eigenfunctions of a fixed point whose path integrals converge.

    Parameters
    ----------
    about : Linearisation
    rtol : float
        See `path_integral`.
    """

    about: Linearisation
    rtol: float = 1e-11
    _values: dict[bytes, NDArray] = field(default_factory=dict, repr=False)

    def converges(self, index: int) -> bool:
        """Whether the path integral of eigenvalue `index` does."""
        try:
            check_rate(self.about, self.about.eigenvalues[index])
        except NoSpectrum:
            return False
        return True

    def values(self, states: NDArray) -> NDArray[np.complex128]:
        """(..., r) all eigenfunctions at states (..., N); NaN for those that do not converge.

        Raises
        ------
        OutsideBasin
            Where a state's trajectory does not end at the fixed point.
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
        which = [i for i in range(len(eigenvalues)) if eigenvalues[i].imag >= 0]
        which = [i for i in which if self.converges(i)]
        found = path_integral(self.about, rows, which, rtol=self.rtol, estimate=False)
        if found.outside.any():
            where = np.flatnonzero(found.outside)
            first = ", ".join(str(index) for index in where[:5])
            more = ", ..." if len(where) > 5 else ""
            raise OutsideBasin(
                f"{len(where)} of {len(rows)} states are outside the basin of the fixed point: "
                f"their trajectories do not end there (states {first}{more})"
            )
        values = np.full((len(rows), len(eigenvalues)), np.nan, dtype=complex)
        values[:, which] = found.values
        for i in which:
            if eigenvalues[i].imag > 0:
                values[:, i + 1] = found.values[:, which.index(i)].conj()
        return values


@dataclass(frozen=True, eq=False)
class LatticeEigenspace(Eigenspace):
    """All products with one eigenvalue of the lattice: Πᵢ φᵢ^{nᵢ} times null-space products.

    `terms` are the exponents n and the space of null-space products, None for none.
    """

    value: complex
    functions: PrincipalFunctions
    terms: tuple[tuple[tuple[int, ...], Eigenspace | None], ...]

    @property
    def eigenvalue(self) -> complex:
        return self.value

    @property
    def dimension(self) -> int:
        return sum(_size(factor) for _, factor in self.terms)

    def evaluate(self, states: NDArray) -> NDArray:
        """Values (..., dimension), complex where an eigenvalue among the factors is.

        Raises
        ------
        OutsideBasin
            Where a state's trajectory does not end at the fixed point.
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
        sizes = [_size(factor) for _, factor in self.terms]
        counts = rng.multivariate_hypergeometric(sizes, count)
        kept = [
            (exponents, None if factor is None else factor.sample(int(some), rng))
            for (exponents, factor), some in zip(self.terms, counts, strict=True)
            if some
        ]
        return replace(self, terms=tuple(kept))


def lattice_eigenspaces(about: Linearisation, bound: float) -> tuple[Eigenspace, ...]:
    """The eigenspaces of all Koopman eigenvalues with |Re λ| <= `bound`, slowest first.

    On the basin of the fixed point. Left out are those that need a principal eigenfunction whose
    path integral diverges: compare `lattice`.

    Raises
    ------
    NoSpectrum
        As `lattice`, and where the Jacobian has no basis of eigenvectors.
    """
    functions = PrincipalFunctions(about)
    usable = [functions.converges(index) for index in range(len(about.eigenvalues))]
    about.covectors  # noqa: B018  whatever is wrong with them is said here, not at evaluation
    # The point's own eigenvalues may stand in another order where they are equal up to rounding.
    start = replace(about.point, reduced_eigenvalues=about.eigenvalues)
    return tuple(
        _eigenspace(functions, point)
        for point in lattice(start, bound)
        if all(_available(term, usable) for term in point.terms)
    )


def _available(term: Term, usable: list[bool]) -> bool:
    return all(fine or n == 0 for n, fine in zip(term.exponents, usable, strict=True))


def _eigenspace(functions: PrincipalFunctions, point: LatticePoint) -> Eigenspace:
    network = functions.about.network

    def product(degree: int) -> Eigenspace | None:
        if degree == 0:
            return None
        return ProductEigenspace(network.weights.null_space, network.zeta, degree)

    terms = tuple((term.exponents, product(term.degree)) for term in point.terms)
    (exponents, factor), *more = terms
    if factor is not None and not any(exponents) and not more:
        return factor
    return LatticeEigenspace(point.eigenvalue, functions, terms)


def _size(factor: Eigenspace | None) -> int:
    return 1 if factor is None else factor.dimension
