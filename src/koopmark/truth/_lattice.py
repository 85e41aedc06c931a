"""Eigenspaces made of products of given eigenfunctions, gathered by eigenvalue.

The generator is a derivation, so a product of eigenfunctions is one and the eigenvalues add: those
of all products form a lattice. Products whose eigenvalues agree share a space (docs/families.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, combinations_with_replacement, product
from math import comb, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, numeric, of_width
from koopmark._repr import ReprMixin
from koopmark.truth._eigenspace import ONE, AffineProducts, Eigenspace, offset_of
from koopmark.truth._law import INSEPARABLE, SAME_EIGENVALUE

DEFECTIVE = 1e8
"""Condition number of the eigenvectors beyond which a matrix counts as defective."""

MOST_PRODUCTS, MOST_FACTORS = 10**6, 10**7
"""Of one eigenvalue, and in all products that are compared: more would fill the memory."""


@dataclass(frozen=True, eq=False)
class PrincipalFunctions(ReprMixin):
    """Eigenfunctions vᵀz(x), the linear ones in coordinates z that obey ż = Λz.

    Parameters
    ----------
    coordinates : callable
        z, (..., N) to (..., p), with functionally independent entries.
    vectors : (p, q) array
        Left eigenvectors v of Λ as columns: vᵀΛ = λvᵀ.
    eigenvalues : (q,) array
    complete : bool
        Whether all smooth eigenfunctions of z are combinations of their products: not where Λ has
        other eigenvectors, or Jordan blocks larger than one of size 2 (docs/theory.md).
    """

    coordinates: Callable[[NDArray], NDArray]
    vectors: NDArray
    eigenvalues: NDArray[np.complex128]
    complete: bool = True

    @classmethod
    def of_linear(
        cls, coordinates: Callable[[NDArray], NDArray], matrix: ArrayLike
    ) -> "PrincipalFunctions":
        """Those of ż = Λz, from a real Λ (p, p): all p of them.

        Raises
        ------
        ValueError
            Where Λ is not a finite square matrix, or is defective: products of the generalised
            eigenfunctions hold further eigenfunctions then, and no list here would be whole.
        """
        square = finite(matrix, "matrix")
        if square.ndim != 2 or square.shape[0] != square.shape[1] or len(square) == 0:
            raise ValueError(f"matrix must be square, got shape {square.shape}")
        eigenvalues, vectors = np.linalg.eig(square.T)
        condition = np.linalg.cond(vectors)
        if condition > DEFECTIVE:
            raise ValueError(
                f"matrix is defective (condition of its eigenvectors: {condition:.0e}): a Jordan "
                "block has too few eigenfunctions, so move its eigenvalues apart"
            )
        return cls(coordinates, vectors, eigenvalues.astype(complex))

    def _facts(self) -> list[str]:
        return [f"{len(self.eigenvalues)} eigenfunctions"]

    def __call__(self, states: NDArray) -> NDArray:
        """Values (..., q) at states (..., N)."""
        z = self.coordinates(numeric(states, "states"))
        return of_width(z, len(self.vectors), "the coordinates of the states") @ self.vectors

    def columns(self, chosen: NDArray[np.intp]) -> "PrincipalFunctions":
        """Some of them, real where all of those are."""
        vectors = self.vectors[:, chosen]
        if np.iscomplexobj(vectors) and not vectors.imag.any():
            vectors = vectors.real
        return replace(self, vectors=vectors, eigenvalues=self.eigenvalues[chosen])

    def eigenspaces(self, max_degree: int) -> tuple["LatticeEigenspace", ...]:
        """The eigenspaces of all products of 1 .. `max_degree` of them (`products_of`)."""
        return tuple(
            LatticeEigenspace(self, found.factors, found.eigenvalue, found.whole and self.complete)
            for found in products_of(self.eigenvalues, max_degree)
        )

    def targets(self, max_degree: int) -> tuple["LatticeEigenspace", ...]:
        """Those of the `eigenspaces` that are no constants of motion.

        If there are such constants no space is whole: an eigenfunction times a function of them is
        another at its eigenvalue.
        """
        return tuple(space for space in self.eigenspaces(max_degree) if space.eigenvalue != 0)

    def conserved(self) -> tuple["LatticeEigenspace", ...]:
        """The constants of motion among them and their products of two: none or one space.

        It is not whole: every function of them is conserved.
        """
        spaces = (space for space in self.eigenspaces(2) if space.eigenvalue == 0)
        return tuple(replace(space, whole=False) for space in spaces)


@dataclass(frozen=True, eq=False)
class LatticeEigenspace(Eigenspace):
    """Products of principal functions with one sum of eigenvalues.

    `factors` (dimension, degree) names the principal functions in each product; ONE fills up
    products of fewer.
    """

    principal: PrincipalFunctions
    factors: NDArray[np.intp]
    sum_of_eigenvalues: complex
    whole: bool = True

    @property
    def eigenvalue(self) -> complex:
        return self.sum_of_eigenvalues

    @property
    def dimension(self) -> int:
        return len(self.factors)

    @property
    def degree(self) -> int:
        return int((self.factors != ONE).sum(axis=1).max())

    def _functions(self) -> str:
        if self.degree == 1:
            return "principal"
        return f"products of at most {self.degree} principal functions"

    @cached_property
    def _used(self) -> tuple[PrincipalFunctions, NDArray[np.intp]]:
        """The principal functions in use, and the factors as places among [them, 1]."""
        used = np.unique(self.factors[self.factors != ONE])
        places = np.where(self.factors == ONE, len(used), np.searchsorted(used, self.factors))
        return self.principal.columns(used), places

    def evaluate(self, states: NDArray) -> NDArray:
        functions, places = self._used
        values = functions(states)
        ones = np.ones((*values.shape[:-1], 1))
        return np.prod(np.concatenate([values, ones], axis=-1)[..., places], axis=-1)

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        if count >= self.dimension:
            return self
        rows = np.sort(rng.choice(self.dimension, size=count, replace=False))
        return replace(self, factors=self.factors[rows], whole=False)

    def affine_products(self, most: int) -> AffineProducts | None:
        principal = self.principal
        offset = offset_of(principal.coordinates)
        if offset is None:
            return None
        return AffineProducts(principal.vectors, offset, principal.eigenvalues, self.factors[:most])


@dataclass(frozen=True, eq=False)
class Products:
    """Products of given functions whose eigenvalues have one sum.

    Parameters
    ----------
    eigenvalue : complex
        The sum.
    factors : (dimension, degree) array
        Which functions each product is made of; ONE fills up products of fewer.
    whole : bool
        Whether these are all products with this sum.
    """

    eigenvalue: complex
    factors: NDArray[np.intp]
    whole: bool


def products_of(eigenvalues: ArrayLike, max_degree: int) -> tuple[Products, ...]:
    """For every sum of 1 .. `max_degree` of the eigenvalues, all products with this sum.

    Products of any degree: with eigenvalues -1 and -2 the square of the first function is at -2
    and belongs there whatever `max_degree`. They are finitely many if all real parts have one sign.
    If not, a product that is conserved, or as good as that, makes infinitely many, and those of up
    to `max_degree` are returned; so they are if too many products would have to be compared, of
    10⁷ factors in all. These are not `whole`, nor are those with another product at nearly, not
    quite, their eigenvalue (`too_close`).

    Ordered by the least degree in them. Sums that agree to a relative 1e-9 are one.
    """
    every = np.asarray(eigenvalues, dtype=complex)
    if len(every) == 0:
        return ()
    compared = _Compared.of(every, max_degree)
    place, crowded = compared.place, compared.crowded
    order = np.argsort(place, kind="stable")
    wanted = np.unique(place[compared.degrees <= max_degree])
    starts, stops = np.searchsorted(place[order], [wanted, wanted + 1])
    found = []
    for start, stop in zip(starts, stops, strict=True):
        here = order[start:stop]
        rows, feasible = _expanded(compared.products[here], compared.members, max_degree)
        total = complex(every[list(rows[0])].sum())
        # A part that is rounding is none.
        real, imaginary = (
            part if abs(part) > compared.same else 0.0 for part in (total.real, total.imag)
        )
        longest = max(map(len, rows))
        factors = np.array([[*row, *[ONE] * (longest - len(row))] for row in rows], dtype=int)
        whole = bool(compared.whole and feasible and not crowded[here[0]])
        found.append((rows, Products(complex(real, imaginary), factors, whole)))
    found.sort(key=lambda pair: (len(pair[0][0]), pair[0][0]))
    return tuple(one for _, one in found)


def too_close(
    eigenvalues: ArrayLike, max_degree: int
) -> tuple[complex, tuple[complex, ...]] | None:
    """A sum of 1 .. `max_degree` eigenvalues, and a product at nearly but not quite this sum.

    Up to a relative 1e-6, where no data tell the two apart. The product is given by the eigenvalues
    of its factors. None if there is no such case.
    """
    every = np.asarray(eigenvalues, dtype=complex)
    if len(every) == 0:
        return None
    compared = _Compared.of(every, max_degree)
    cases = np.flatnonzero(compared.crowded & (compared.degrees <= max_degree))
    if not cases.size:
        return None
    target = cases[0]
    others = compared.near == compared.near[target]
    others &= compared.place != compared.place[target]
    row = compared.products[np.flatnonzero(others)[0]]
    return complex(compared.sums[target]), tuple(compared.values[row[row != ONE]].tolist())


@dataclass(frozen=True, eq=False)
class _Compared:
    """Products of the eigenvalues that differ, `members` being those given that are each of these.

    Of up to `max_degree`, and if that is finite and feasible (`whole`) all that are no faster than
    the fastest of these.
    """

    values: NDArray[np.complex128]
    members: list[NDArray[np.intp]]
    products: NDArray[np.intp]
    whole: bool
    same: float

    @classmethod
    def of(cls, every: NDArray[np.complex128], max_degree: int) -> "_Compared":
        same = SAME_EIGENVALUE * max(1e-300, float(np.abs(every).max()))
        kind = _grouped(every, same)
        members = [np.flatnonzero(kind == one) for one in range(kind.max() + 1)]
        members.sort(key=lambda equal: abs(every[equal[0]].real))
        values = every[[equal[0] for equal in members]]
        rates = np.abs(values.real)
        one_sign = abs(np.sign(values.real).sum()) == len(values)
        bound = max_degree * (rates.max() + same * INSEPARABLE / SAME_EIGENVALUE)
        products = _no_faster(rates, bound) if one_sign else None
        whole = products is not None
        if products is None:
            kinds = range(len(values))
            degrees = range(1, max_degree + 1)
            rows = [list(combinations_with_replacement(kinds, degree)) for degree in degrees]
            products = _stacked([np.array(level, dtype=int) for level in rows])
        return cls(values, members, products, whole, same)

    @property
    def degrees(self) -> NDArray[np.intp]:
        return np.asarray((self.products != ONE).sum(axis=1))

    @cached_property
    def sums(self) -> NDArray[np.complex128]:
        return np.asarray(np.append(self.values, 0.0)[self.products].sum(axis=1))

    @cached_property
    def place(self) -> NDArray[np.intp]:
        """Which sums are one eigenvalue."""
        return _grouped(self.sums, self.same)

    @cached_property
    def near(self) -> NDArray[np.intp]:
        """Which are nearly."""
        return _grouped(self.sums, self.same * INSEPARABLE / SAME_EIGENVALUE)

    @cached_property
    def crowded(self) -> NDArray[np.bool_]:
        """Which have others beside them that are no part of their eigenspace."""
        eigenvalues = np.unique(self.place, return_index=True)[1]
        return np.asarray((np.bincount(self.near[eigenvalues]) > 1)[self.near])


def _grouped(values: NDArray[np.complex128], apart: float) -> NDArray[np.intp]:
    """(n,) numbers of groups: values further `apart` than that from all others are in another."""
    numbers = np.zeros(len(values), dtype=int)
    for part in (values.real, values.imag):
        order = np.lexsort((part, numbers))
        new = np.diff(part[order], prepend=part[order[0]]) > apart
        new |= np.diff(numbers[order], prepend=0) != 0
        numbers[order] = np.cumsum(new)
    return numbers


def _no_faster(rates: NDArray[np.float64], bound: float) -> NDArray[np.intp] | None:
    """(P, degree) all products with rates that sum to at most `bound`; None if too many.

    `rates` are positive and do not fall; nor do the indices in a row, which ONE fills up.
    """
    rows, reached = np.empty((1, 0), dtype=int), np.zeros(1)
    last, entries = np.zeros(1, dtype=int), 0
    levels: list[NDArray[np.intp]] = []
    while True:
        many = np.maximum(np.searchsorted(rates, bound - reached, side="right") - last, 0)
        count = int(many.sum())
        entries += count * (len(levels) + 1)
        if entries > MOST_FACTORS:
            return None
        if count == 0:
            break
        parent = np.repeat(np.arange(len(rows)), many)
        last = last[parent] + np.arange(count) - np.repeat(np.cumsum(many) - many, many)
        rows, reached = np.column_stack([rows[parent], last]), reached[parent] + rates[last]
        levels.append(rows)
    return _stacked(levels)


def _expanded(
    products: NDArray[np.intp], members: Sequence[NDArray[np.intp]], max_degree: int
) -> tuple[list[tuple[int, ...]], bool]:
    """The products of kinds as products of their members, lowest degree first; False if too many.

    Then those of up to `max_degree` only.
    """
    kinds = [np.unique(row[row != ONE], return_counts=True) for row in products]
    sizes = [
        prod(comb(len(members[k]) + n - 1, int(n)) for k, n in zip(*pair, strict=True))
        for pair in kinds
    ]
    feasible = sum(sizes) <= MOST_PRODUCTS
    rows = []
    for which, counts in kinds:
        if feasible or counts.sum() <= max_degree:
            powers = (
                combinations_with_replacement(members[k].tolist(), int(n))
                for k, n in zip(which, counts, strict=True)
            )
            rows += [tuple(sorted(chain(*chosen))) for chosen in product(*powers)]
    return sorted(rows, key=lambda row: (len(row), row)), feasible


def _stacked(levels: Sequence[NDArray[np.intp]]) -> NDArray[np.intp]:
    """Arrays (P_k, k) as one, filled up."""
    wide = max((level.shape[1] for level in levels), default=0)
    filled = [
        np.pad(level, ((0, 0), (0, wide - level.shape[1])), constant_values=ONE) for level in levels
    ]
    return np.concatenate(filled)
