"""Eigenspaces spanned by products of given eigenfunctions, grouped by eigenvalue.

The generator is a derivation, so a product of eigenfunctions is an eigenfunction at the sum of
their eigenvalues, and these sums form a lattice. Products with equal eigenvalues share a space
(docs/explanation/theory/whole_eigenspaces.md). For a map, eigenvalues multiply.
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

NEVER = 1e300
"""-ln |μ| of μ = 0."""

MOST_PRODUCTS, MOST_FACTORS = 10**6, 10**7
"""Of one eigenvalue, and in all products that are compared: more would fill the memory."""


@dataclass(frozen=True, eq=False)
class PrincipalFunctions(ReprMixin):
    """Eigenfunctions vᵀz(x), linear in coordinates z that obey ż = Λz or z⁺ = Λz.

    Parameters
    ----------
    coordinates : callable
        z, (..., N) to (..., p), with functionally independent entries.
    vectors : (p, q) array
        Left eigenvectors v of Λ as columns: vᵀΛ = λvᵀ.
    eigenvalues : (q,) array
    complete : bool
        Whether all smooth eigenfunctions of z are combinations of their products. They are not if
        Λ has other eigenvectors, or Jordan blocks beyond one of size 2
        (docs/explanation/theory/whole_eigenspaces.md).
    discrete : bool
        Whether z obeys a map z⁺ = Λz, with eigenvalues μ.
    response : (q, p) array, optional
        b of φ̇ = λφ + b·v under inputs v (p,), or φ⁺ = μφ + b·v; None for no inputs.
    """

    coordinates: Callable[[NDArray], NDArray]
    vectors: NDArray
    eigenvalues: NDArray[np.complex128]
    complete: bool = True
    discrete: bool = False
    response: NDArray | None = None

    @classmethod
    def of_linear(
        cls, coordinates: Callable[[NDArray], NDArray], matrix: ArrayLike
    ) -> "PrincipalFunctions":
        """All p eigenfunctions of coordinates that obey ż = Λz, from a real Λ (p, p).

        Raises
        ------
        ValueError
            If Λ is not a finite square matrix, or is defective: the products of generalised
            eigenfunctions then contain further eigenfunctions, and the list would be incomplete.
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
        """The chosen functions, with real vectors if these are real."""
        vectors = self.vectors[:, chosen]
        if np.iscomplexobj(vectors) and not vectors.imag.any():
            vectors = vectors.real
        response = None if self.response is None else self.response[chosen]
        return replace(
            self, vectors=vectors, eigenvalues=self.eigenvalues[chosen], response=response
        )

    @property
    def driven(self) -> NDArray[np.bool_]:
        """Which functions (q,) inputs reach."""
        if self.response is None:
            return np.zeros(len(self.eigenvalues), dtype=bool)
        return np.asarray((self.response != 0).any(axis=1))

    def advanced(self, values: NDArray, inputs: NDArray, elapsed: float) -> NDArray:
        """Values (..., q) a time `elapsed` after `values`, under held inputs (..., p)."""
        scale, gain = self._law(elapsed)
        response = np.zeros((len(scale), inputs.shape[-1]))
        if self.response is not None:
            response = self.response
        return values * scale + inputs @ (gain[:, None] * response).T

    def _law(self, elapsed: float) -> tuple[NDArray, NDArray]:
        """(q,) factors on the values, and on b·v."""
        at = self.eigenvalues if self.eigenvalues.imag.any() else self.eigenvalues.real
        rest, rate = (1.0, at - 1.0) if self.discrete else (0.0, at)
        scale = at**elapsed if self.discrete else np.exp(at * elapsed)
        grown = scale - 1.0 if self.discrete else np.expm1(at * elapsed)
        still = at == rest
        return scale, np.where(still, elapsed, grown / np.where(still, 1.0, rate))

    def eigenspaces(self, max_degree: int) -> tuple["LatticeEigenspace", ...]:
        """Eigenspaces of all products of 1 .. `max_degree` functions (see `products_of`).

        If inputs reach some functions of an eigenspace, the others follow as a space of their own.
        """
        spaces = []
        for found in products_of(self.eigenvalues, max_degree, self.discrete):
            whole = found.whole and self.complete
            spaces.append(LatticeEigenspace(self, found.factors, found.eigenvalue, whole))
            free = ~np.append(self.driven, False)[found.factors].any(axis=1)
            if free.any() and not free.all():
                spaces.append(replace(spaces[-1], factors=found.factors[free], whole=False))
        return tuple(spaces)

    @property
    def trivial(self) -> float:
        """The eigenvalue of constants of motion: 0 for a flow, 1 for a map."""
        return 1.0 if self.discrete else 0.0

    def targets(self, max_degree: int) -> tuple["LatticeEigenspace", ...]:
        """The `eigenspaces` that are no constants of motion.

        If there are constants of motion, no space is whole: an eigenfunction times a function of
        them is another eigenfunction at its eigenvalue.
        """
        spaces = self.eigenspaces(max_degree)
        return tuple(space for space in spaces if space.eigenvalue != self.trivial)

    def conserved(self) -> tuple["LatticeEigenspace", ...]:
        """Constants of motion among the functions and their products of two, in at most one space.

        The space is not whole, since every function of them is conserved.
        """
        spaces = (space for space in self.eigenspaces(2) if space.eigenvalue == self.trivial)
        return tuple(replace(space, whole=False) for space in spaces if not space.driven)


@dataclass(frozen=True, eq=False)
class LatticeEigenspace(Eigenspace):
    """Products of principal functions that share one eigenvalue.

    `factors` (dimension, degree) has the indices of the principal functions in each product,
    filled up with ONE for products of fewer.
    """

    principal: PrincipalFunctions
    factors: NDArray[np.intp]
    value: complex
    whole: bool = True

    @property
    def eigenvalue(self) -> complex:
        return self.value

    @property
    def discrete(self) -> bool:
        return self.principal.discrete

    @property
    def driven(self) -> bool:
        return bool(np.append(self.principal.driven, False)[self.factors].any())

    def gains(self, elapsed: float) -> NDArray | None:
        if not self.driven or self.degree > 1:
            return None
        functions, places = self._used
        assert functions.response is not None
        gains = functions._law(elapsed)[1][:, None] * functions.response
        return gains[places[:, 0]]

    def advanced(self, states: NDArray, inputs: NDArray | None, elapsed: float) -> NDArray:
        if inputs is None or not self.driven:
            return super().advanced(states, inputs, elapsed)
        functions, _ = self._used
        return self._products(functions.advanced(functions(states), inputs, elapsed))

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
        return self._products(self._used[0](states))

    def _products(self, values: NDArray) -> NDArray:
        """Of the values (..., k) of the functions in use."""
        places = self._used[1]
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
    """The products of given functions that share one eigenvalue.

    Parameters
    ----------
    eigenvalue : complex
        The sum.
    factors : (dimension, degree) array
        Indices of the functions in each product, filled up with ONE for products of fewer.
    whole : bool
        Whether these are all products with this sum.
    """

    eigenvalue: complex
    factors: NDArray[np.intp]
    whole: bool


def products_of(
    eigenvalues: ArrayLike, max_degree: int, discrete: bool = False
) -> tuple[Products, ...]:
    """All products of 1 .. `max_degree` functions, grouped by the sum of their eigenvalues.

    For a map (`discrete`) eigenvalues multiply: read product for sum, and ln |μ| for real part.

    Each group has the products of any degree: with eigenvalues -1 and -2, the square of the first
    function belongs to -2 whatever `max_degree` is. There are finitely many if all real parts have
    the same sign. If not, a (nearly) conserved product makes infinitely many, and only those of up
    to `max_degree` are returned; likewise if more than 10⁷ factors would have to be compared. Such
    groups are not `whole`, nor are those with another product at nearly the same eigenvalue
    (`too_close`).

    Groups are ordered by their least degree. Sums that agree to a relative 1e-9 count as equal.
    """
    every = np.asarray(eigenvalues, dtype=complex)
    if len(every) == 0:
        return ()
    compared = _Compared.of(every, max_degree, discrete)
    place, crowded = compared.place, compared.crowded
    order = np.argsort(place, kind="stable")
    wanted = np.unique(place[compared.degrees <= max_degree])
    starts, stops = np.searchsorted(place[order], [wanted, wanted + 1])
    found = []
    for start, stop in zip(starts, stops, strict=True):
        here = order[start:stop]
        rows, feasible = _expanded(compared.products[here], compared.members, max_degree)
        chosen = every[list(rows[0])]
        total = complex(chosen.prod() if discrete else chosen.sum())
        same = compared.same * abs(total) if discrete else compared.same
        if discrete and abs(total - 1.0) <= compared.same:
            total = 1.0 + 0.0j
        # A part that is rounding is none.
        real, imaginary = (part if abs(part) > same else 0.0 for part in (total.real, total.imag))
        longest = max(map(len, rows))
        factors = np.array([[*row, *[ONE] * (longest - len(row))] for row in rows], dtype=int)
        whole = bool(compared.whole and feasible and not crowded[here[0]])
        found.append((rows, Products(complex(real, imaginary), factors, whole)))
    found.sort(key=lambda pair: (len(pair[0][0]), pair[0][0]))
    return tuple(one for _, one in found)


def too_close(
    eigenvalues: ArrayLike, max_degree: int
) -> tuple[complex, tuple[complex, ...]] | None:
    """Find a sum of 1 .. `max_degree` eigenvalues that another product nearly, not exactly, has.

    Nearly means to a relative 1e-6, where no data tell the two apart. The product is returned as
    the eigenvalues of its factors; None if there is no such case.
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
    discrete: bool

    @classmethod
    def of(
        cls, every: NDArray[np.complex128], max_degree: int, discrete: bool = False
    ) -> "_Compared":
        size = 1.0 if discrete else max(1e-300, float(np.abs(every).max()))
        same = SAME_EIGENVALUE * size
        kind = _grouped(every, same, discrete)
        growth = _polar(every)[0] if discrete else every.real
        members = [np.flatnonzero(kind == one) for one in range(kind.max() + 1)]
        members.sort(key=lambda equal: abs(growth[equal[0]]))
        first = [equal[0] for equal in members]
        values, growth = every[first], growth[first]
        rates = np.abs(growth)
        one_sign = abs(np.sign(growth).sum()) == len(values) and rates.max() < NEVER
        bound = max_degree * (rates.max() + same * INSEPARABLE / SAME_EIGENVALUE)
        products = _no_faster(rates, bound) if one_sign else None
        whole = products is not None
        if products is None:
            kinds = range(len(values))
            degrees = range(1, max_degree + 1)
            rows = [list(combinations_with_replacement(kinds, degree)) for degree in degrees]
            products = _stacked([np.array(level, dtype=int) for level in rows])
        return cls(values, members, products, whole, same, discrete)

    @property
    def degrees(self) -> NDArray[np.intp]:
        return np.asarray((self.products != ONE).sum(axis=1))

    @cached_property
    def sums(self) -> NDArray[np.complex128]:
        if self.discrete:
            return np.asarray(np.append(self.values, 1.0)[self.products].prod(axis=1))
        return np.asarray(np.append(self.values, 0.0)[self.products].sum(axis=1))

    @cached_property
    def place(self) -> NDArray[np.intp]:
        """Which sums are one eigenvalue."""
        return _grouped(self.sums, self.same, self.discrete)

    @cached_property
    def near(self) -> NDArray[np.intp]:
        """Which are nearly."""
        return _grouped(self.sums, self.same * INSEPARABLE / SAME_EIGENVALUE, self.discrete)

    @cached_property
    def crowded(self) -> NDArray[np.bool_]:
        """Which have others beside them that are no part of their eigenspace."""
        eigenvalues = np.unique(self.place, return_index=True)[1]
        return np.asarray((np.bincount(self.near[eigenvalues]) > 1)[self.near])


def _polar(values: NDArray[np.complex128]) -> tuple[NDArray, NDArray, NDArray]:
    """ln |μ|, and the direction of μ as a point on the unit circle."""
    size = np.abs(values)
    with np.errstate(divide="ignore"):
        logarithm = np.maximum(np.log(size), -NEVER)
    unit = values / np.where(size > 0, size, 1.0)
    return logarithm, unit.real, unit.imag


def _grouped(
    values: NDArray[np.complex128], apart: float, discrete: bool = False
) -> NDArray[np.intp]:
    """(n,) numbers of groups: values further `apart` than that from all others are in another.

    Those of a map relative to their size, however small they are.
    """
    numbers = np.zeros(len(values), dtype=int)
    for part in _polar(values) if discrete else (values.real, values.imag):
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
