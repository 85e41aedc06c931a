"""Scores of one target: eigenvalue error and eigenfunction error."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._tsqr import triangle_of
from koopmark.scoring._cluster import MEMBER, SAME_FUNCTION, Choice
from koopmark.scoring._plane import FLOW, Plane
from koopmark.scoring._statistical_floors import StatisticalFloor
from koopmark.scoring._subspaces import (
    POINTS_PER_FUNCTION,
    independent,
    level_columns,
    orthonormal_basis,
    sines,
    singular_values_kept,
    solve_truncated,
    sum_of_squares,
    unit_columns,
)
from koopmark.truth import Eigenspace

FOUND = 1e-3
"""A target is found if neither error exceeds this."""
FLOORS = 3.0
"""With noise, a target is also found if each error is at most this many statistical floors."""
DIGITS = 9.0
"""Largest number of digits that counts."""
ROUNDING, DATA_ROUNDING = 10.0**-DIGITS, 1e-11
"""What rounding makes of an error for one well-conditioned function; relative error of data that
an integrator computed twice."""
MORE_POINTS = 64
"""Test points, beside those that a span needs, at which most functions are seen to be none of E."""


@dataclass(frozen=True)
class TargetScores:
    """Scores of one target; a row of `targets.csv`, with NaN and a note for missing errors.

    The fields define the names, order and types of the table's columns. `target_index` is the
    position of the target in its dataset's list, from 0; `target` is its label.
    """

    target_index: int
    target: str
    target_eigenvalue_re: float
    target_eigenvalue_im: float
    target_dimension: int
    target_degree: int
    scored_dimension: int
    eigenvalue_error: float
    eigenvalue_error_relative: float
    eigenvalue_error_mean: float
    eigenfunction_error: float
    eigenfunction_error_rms: float
    gain_error: float
    cluster_excess: int
    functions_found: int
    eigenvalues_found: int
    oracle_floor: float
    oracle_floor_in_sample: float
    statistical_floor_eigenvalue: float
    statistical_floor: float
    target_residual: float
    residual_bound: float
    rounding: float
    notes: str


def tolerance(statistical_floor: ArrayLike) -> NDArray[np.float64]:
    """Largest error at which a target counts as found, given its statistical floor.

    It is FOUND, or FLOORS times the floor if that is larger; FOUND if the floor is missing.
    """
    return np.fmax(FOUND, FLOORS * np.asarray(statistical_floor, dtype=float))


def found(
    eigenvalue_error_relative: ArrayLike,
    eigenfunction_error: ArrayLike,
    statistical_floor_eigenvalue: ArrayLike = np.nan,
    statistical_floor: ArrayLike = np.nan,
) -> NDArray[np.bool_]:
    """Which targets were found: both errors are within tolerance.

    Each error is compared with the `tolerance` for its own floor. One error alone says little:
    among many functions some are near every eigenvalue, and enough functions span any eigenspace. A
    target with a missing error is not found.
    """
    of_eigenvalue = np.asarray(eigenvalue_error_relative, dtype=float)
    of_function = np.asarray(eigenfunction_error, dtype=float)
    return np.asarray(
        (of_eigenvalue <= tolerance(statistical_floor_eigenvalue))
        & (of_function <= tolerance(statistical_floor))
    )


def larger_error(
    eigenvalue_error_relative: ArrayLike, eigenfunction_error: ArrayLike
) -> NDArray[np.float64]:
    """The larger of the two errors of each target; inf if one is missing."""
    both = (np.asarray(e, dtype=float) for e in (eigenvalue_error_relative, eigenfunction_error))
    larger = np.maximum(*both)
    return np.where(np.isnan(larger), np.inf, larger)


def digits(error: ArrayLike, of_rounding: ArrayLike = ROUNDING) -> NDArray[np.float64]:
    """Correct digits of each target: -log10 of the larger error, between 0 and DIGITS.

    A missing error has no digits. Errors up to `of_rounding`, the `rounding` of each target, have
    DIGITS digits.
    """
    e = np.asarray(error, dtype=float)
    e = np.where(np.isnan(e), np.inf, np.where(e <= np.asarray(of_rounding), ROUNDING, e))
    return np.clip(-np.log10(np.maximum(e, ROUNDING)), 0.0, DIGITS) + 0.0


def rounding(dimension: ArrayLike, condition: ArrayLike = 1.0) -> NDArray[np.float64]:
    """Error up to which a target is exact to rounding, so that smaller errors count as equal.

    The largest of m rounding errors, with m the dimension of the target, grows as √m. The condition
    number of the eigenfunctions on the test points (columns of unit norm) amplifies rounding errors
    of the data.
    """
    one = np.fmax(ROUNDING, DATA_ROUNDING * np.asarray(condition, dtype=float))
    return np.asarray(np.sqrt(np.asarray(dimension, dtype=float)) * one)


def labels(spaces: Sequence[Eigenspace]) -> tuple[str, ...]:
    """Distinct labels of targets for tables, such as `-1`, `-2 (x36)`, `-0.41+2.00i`.

    Labels have four digits, or as many as distinguish the eigenvalues, up to twelve; targets that
    are still equal are numbered. `≈-1 (x8)` marks approximate eigenfunctions, and `-1 undriven
    (x6)` functions that no input reaches, if there are others that inputs do reach.
    """
    texts = [_digits(space.eigenvalue, 4) for space in spaces]
    finest = [_digits(space.eigenvalue, 12) for space in spaces]
    for digits in range(5, 13):
        meant = Counter(text for text, _ in set(zip(texts, finest, strict=True)))
        texts = [
            text if meant[text] == 1 else _digits(space.eigenvalue, digits)
            for text, space in zip(texts, spaces, strict=True)
        ]
    beside = any(space.driven for space in spaces)
    names = [
        f"{'' if space.exact else '≈'}{text}"
        + (" undriven" if beside and not space.driven else "")
        + (f" (x{space.dimension})" if space.dimension > 1 else "")
        for text, space in zip(texts, spaces, strict=True)
    ]
    counts, seen = Counter(names), Counter[str]()
    for place, name in enumerate(names):
        if counts[name] > 1:
            seen[name] += 1
            names[place] = f"{name} #{seen[name]}"
    return tuple(names)


def _digits(eigenvalue: complex, digits: int) -> str:
    imaginary = f"{eigenvalue.imag:+.{digits}g}i" if eigenvalue.imag else ""
    return f"{eigenvalue.real:.{digits}g}{imaginary}"


@dataclass(frozen=True, eq=False)
class ScoredSpace:
    """An exact eigenspace (λ, E) evaluated at the test points.

    Parameters
    ----------
    space, directions : Eigenspace
        E, and the functions in which it is scored: all of E or, if it has more dimensions than
        there are test trajectories, as many random directions in it as there are trajectories.
    first : (P,) array
        Values of the first of these functions.
    values, triangle : (P, k) and (k, k) arrays
        Of all of them, columns of unit norm, and their R.
    sizes : (k,) array
        The norms that they had.
    index, label
        Of the target in its dataset's list.
    unseen : str
        Why there are no values, if there are none.
    """

    space: Eigenspace
    directions: Eigenspace
    first: NDArray
    values: NDArray
    triangle: NDArray
    sizes: NDArray[np.float64]
    index: int
    label: str
    unseen: str = ""

    @classmethod
    def of(
        cls,
        space: Eigenspace,
        states: NDArray,
        trajectories: int,
        rng: np.random.Generator,
        index: int,
        label: str,
    ) -> "ScoredSpace":
        """E at the test states (P, N) of whole trajectories; large spaces are sampled by `rng`."""
        directions = space.sample(trajectories, rng)
        values = directions.evaluate(states)
        first = values[:, 0].copy()
        with np.errstate(over="ignore"):
            sizes = np.linalg.norm(values, axis=0)
        values = unit_columns(level_columns(values))
        return cls(space, directions, first, values, triangle_of(values), sizes, index, label)

    @classmethod
    def without_values(
        cls, space: Eigenspace, index: int, label: str, unseen: str
    ) -> "ScoredSpace":
        """An eigenspace that the test set cannot show, for the reason `unseen`."""
        none = np.empty(0)
        return cls(space, space, none, none[None], none.reshape(0, 0), none, index, label, unseen)

    @cached_property
    def singular_values(self) -> NDArray[np.float64]:
        """Singular values of the values in directions that the test trajectories tell apart.

        Along a trajectory the values of E follow from those at its first state.
        """
        return singular_values_kept(self.triangle)

    @property
    def scored_dimension(self) -> int:
        """Dimension of the part of E that the test trajectories tell apart."""
        return len(self.singular_values)

    @cached_property
    def basis(self) -> NDArray:
        """Orthonormal basis (P, scored_dimension)."""
        return orthonormal_basis(self.values)

    @cached_property
    def seen(self) -> int:
        """Number of test points at which some function of E is nonzero beyond rounding."""
        sizes = np.abs(self.values).max(axis=1, initial=0.0)
        return int(np.sum(sizes > SAME_FUNCTION * sizes.max(initial=0.0)))

    @property
    def told_apart(self) -> bool:
        """Whether the test trajectories tell all functions of E apart."""
        return self.scored_dimension == self.space.dimension


@dataclass(frozen=True)
class Floor:
    """Oracle floor: how close a dictionary comes to E, as sines on the test set.

    `value` is that of the combinations fitted on fresh trajectories, an estimate from above, and
    `note` says why there is none; `in_sample` is that of all of the dictionary, the lower bound.
    """

    value: float = np.nan
    in_sample: float = np.nan
    note: str = ""


@dataclass(frozen=True, eq=False)
class Functions:
    """Finite values (P, s) of the recovered eigenfunctions at the test points."""

    values: NDArray

    @cached_property
    def _level(self) -> NDArray:
        return level_columns(self.values)

    @cached_property
    def _norms(self) -> NDArray[np.float64]:
        return np.sqrt(sum_of_squares(self._level))

    def within(self, target: ScoredSpace, limit: float) -> int:
        """Number of dimensions within the sine `limit` of E, at most the scored dimension.

        Functions are taken in the order of their sines. One whose sine is ρ may owe all of it to a
        part of norm δ, which then has the sine ρ / δ. So it counts beside those taken only if its
        part outside their span is within the limit even so: noise on a copy is no other function.
        """
        m = target.scored_dimension
        if len(self.values) < POINTS_PER_FUNCTION * m:
            return 0
        # At some of the points a function is no farther from E than at all of them.
        rows = slice(
            None, None, max(1, len(self.values) // (POINTS_PER_FUNCTION * m + MORE_POINTS))
        )
        basis, part = np.linalg.qr(target.values[rows])[0], self._level[rows]
        apart = sum_of_squares(part) - sum_of_squares(basis.conj().T @ part)
        near = np.flatnonzero((apart <= (limit * self._norms) ** 2) & (self._norms > 0))
        if len(near) == 0:
            return 0
        unit = self._level[:, near] / self._norms[near]
        inside = target.basis.conj().T @ unit
        near = np.flatnonzero(1.0 - sum_of_squares(inside) <= limit**2)
        # What is left of the functions has the digits of a small sine.
        unit, inside = unit[:, near], inside[:, near]
        sine = np.sqrt(sum_of_squares(unit - target.basis @ inside))
        if m == 1 or len(near) < 2:
            return min(len(near), m)
        order = np.argsort(sine, kind="stable")
        limits = np.fmax(SAME_FUNCTION, sine[order] / limit)
        return len(independent(unit[:, order], limits, m)[0])


def gain_error(
    target: ScoredSpace,
    choice: Choice,
    functions: Functions | None,
    gains: NDArray | None,
    elapsed: float,
) -> tuple[float, str]:
    """Relative error of the gains of the functions that are matched to E, and a note.

    With E = S C in least squares over the test points, and g (s, q) the gains of the recovered
    functions over the time `elapsed`, Cᵀg (m, q) are those of E that were recovered. The error is
    ‖Cᵀg - exact‖ / ‖exact‖ in the Frobenius norm; 1 if the method has no gains.
    """
    if not target.space.driven:
        return np.nan, "gain_error: no input reaches these functions"
    exact = target.directions.gains(elapsed)
    if exact is None:
        return np.nan, "gain_error: what inputs do to a product is not linear"
    if gains is None:
        return 1.0, "gain_error: the method gives no gains, which counts as all of them missing"
    if functions is None or choice.chosen is None:
        return np.nan, "gain_error: no functions are matched to the target"
    values = functions.values[:, choice.chosen]
    level = level_columns(values)
    own = level_columns(gains[choice.chosen].T, like=values).T
    own = own / np.linalg.norm(level, axis=0)[:, None]
    triangle, count = triangle_of(unit_columns(level), target.values), values.shape[1]
    coefficients, _ = solve_truncated(triangle[:count, :count], triangle[:count, count:])
    found = target.sizes[:, None] * (coefficients.T @ own)
    error = float(np.linalg.norm(found - exact) / np.linalg.norm(exact))
    return (error if np.isfinite(error) else np.inf), ""


def score_target(
    target: ScoredSpace,
    choice: Choice,
    eigenvalues: NDArray[np.complex128],
    functions: Functions | None,
    floor: Floor,
    noise_floor: StatisticalFloor | None,
    own_residual: tuple[float, float],
    horizon: float,
    highest: float = np.inf,
    plane: Plane = FLOW,
    gain: tuple[float, str] = (np.nan, ""),
) -> TargetScores:
    """Score recovered eigenpairs against one exact eigenspace (λ, E) of dimension m.

    Parameters
    ----------
    eigenvalues : (s,) array
        Recovered ones.
    functions : Functions, optional
        None if those recovered have no values at the test points.
    floor, noise_floor : Floor, StatisticalFloor
        What the dictionary, and the noise in the training data, allow.
    own_residual : (float, float)
        Of the target's own functions, with the bound on it: see `target_residual`.
    horizon : float
        Length of the test trajectories: a rate below 1 / horizon is as good as none in them.
    plane : Plane
        That of eigenvalues.
    highest : float
        See `highest_frequency`. Nothing is scored of a target beyond: the note says what it is
        taken for.
    """
    space, m = target.space, target.space.dimension
    taken_for = plane.alias(space.eigenvalue, highest)
    notes = [floor.note]
    enough = len(choice.distances) >= m
    furthest = float(choice.distances.max()) if enough else np.inf
    mean = float(choice.distances.mean()) if enough else np.inf
    error = rms = np.nan
    if taken_for is not None:
        notes.append(
            f"{plane.frequency_symbol} is above π/Δt = {highest:.4g}: sampled every "
            f"{np.pi / highest:.4g} this eigenvalue cannot be told from {_digits(taken_for, 4)}, "
            f"to which the recovered ones come as close as {furthest:.1e}"
        )
        furthest = mean = np.nan
    elif target.unseen:
        notes.append(f"eigenfunction_error: {target.unseen}")
    elif not target.told_apart:
        told = f"{target.scored_dimension} of {m} directions"
        notes.append(f"eigenfunction_error: the test trajectories tell only {told} apart")
    elif choice.note:
        notes.append(f"eigenfunction_error: {choice.note}")
    if functions is not None and choice.chosen is not None:
        error, rms = sines(target.values, target.triangle, functions.values[:, choice.chosen])
        if choice.rate <= MEMBER < error:
            notes.append(
                "what was recovered is exact, though not the chosen eigenfunction: at "
                f"{plane.symbol} there are more than the chosen ones, and it disobeys "
                f"{plane.symbol} at a rate of {choice.rate:.1e}"
            )
            error = rms = choice.rate
    # So an error has no unit.
    unit = plane.unit(space.eigenvalue, horizon)
    floors = np.nan, np.nan
    if noise_floor:
        notes.append(noise_floor.note)
        floors = noise_floor.eigenvalue / unit, noise_floor.sine
    notes.append(gain[1])
    limits = tolerance(floors)
    near = np.abs(eigenvalues - space.eigenvalue) <= limits[0] * unit
    count = 0
    if error <= limits[1]:
        count = m
    elif functions is not None and target.scored_dimension:
        count = functions.within(target, float(limits[1]))
    kept = target.singular_values
    condition = kept[0] / kept[-1] if len(kept) else 1.0
    return TargetScores(
        target_index=target.index,
        target=target.label,
        target_eigenvalue_re=space.eigenvalue.real,
        target_eigenvalue_im=space.eigenvalue.imag,
        target_dimension=m,
        target_degree=space.degree,
        scored_dimension=target.scored_dimension,
        eigenvalue_error=furthest,
        eigenvalue_error_relative=furthest / unit,
        eigenvalue_error_mean=mean,
        eigenfunction_error=error,
        eigenfunction_error_rms=rms,
        gain_error=gain[0],
        cluster_excess=choice.size - m,
        functions_found=count,
        eigenvalues_found=min(int(near.sum()), m),
        oracle_floor=floor.value,
        oracle_floor_in_sample=floor.in_sample,
        statistical_floor_eigenvalue=floors[0],
        statistical_floor=floors[1],
        target_residual=own_residual[0],
        residual_bound=own_residual[1],
        rounding=float(rounding(m, condition)),
        notes="; ".join(filter(None, notes)),
    )
