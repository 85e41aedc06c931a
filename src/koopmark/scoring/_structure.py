"""Structure that recovered eigenfunctions imply: rank of the weights and attracting set."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from koopmark._arrays import real
from koopmark._repr import ReprMixin
from koopmark._tsqr import triangle_of
from koopmark.models import Model
from koopmark.scoring._cluster import obeying
from koopmark.scoring._common_rate import (
    CANDIDATES,
    FEWEST_AT_A_RATE,
    common_rate,
    law_at,
    ruled_out,
)
from koopmark.scoring._plane import FLOW, MAP, Plane
from koopmark.scoring._residuals import (
    CLUSTER_RADIUS,
    Along,
    check_channels,
    check_finite_inputs,
    converted,
    finite_ones,
    misplaced,
)
from koopmark.scoring._subspaces import (
    POINTS_PER_FUNCTION,
    TRUNCATION,
    keeps_every_direction,
    orthonormal_basis,
    outside,
)
from koopmark.scoring._test_set import TestSet
from koopmark.simulation import MeasurementNoise, Trajectories, measurement_noise
from koopmark.truth import RELAXATION, LinearLaw, NullSpace, ProductEigenspace

NEGLIGIBLE = 1e-4
"""Noise relative to a channel below which it is as good as none."""
ANGLE_TOLERANCE = 1e-2
"""Sine below which an affine function counts as recovered, and as decaying at the rate 1."""
NO_FUNCTION = "no such function: the weights have full rank, or there are too few channels"
ROUNDING, GAP = 1e-8, 30.0
"""If some functions decay at the rate 1 better by the factor GAP than others, sines below ROUNDING
being alike, the others may be spurious pairs whose eigenvalue is merely near."""


@dataclass(frozen=True, eq=False)
class Structure(ReprMixin):
    """Affine functions c + lᵀy recovered at one real rate, y = ζ(x), and what they imply.

    If y obeys ẏ = λ(y - θ) + W f(y), as the relaxation family does with λ = -1, the l are left null
    vectors of the weights W. The set on which all functions vanish then attracts every trajectory
    at the rate -λ (for a map, by its multiplier). With inputs, the functions decay at this rate
    apart from a response to the inputs.

    If N sensors show part of a larger network and N exceeds the rank r of its weights W = L Rᵀ,
    there are N - r functions, and `rank` is r, the rank of the whole network. (For structured
    weights it is the rank of C L, with C the sensors.) N <= r sensors show no such function.

    Parameters
    ----------
    constraints : (k, N + 1) array
        B, with B (c, l) = 0 for the coefficients (c, l) of the recovered functions.
    note : str
        Remarks: trajectories left out, no function found, or what noise hides.
    law : LinearLaw
        The law by which the functions decay.
    rank_low : int, optional
        Lower bound on the rank from the trajectories, for any model; `rank` is the upper bound. By
        default both are equal.
    """

    constraints: NDArray
    note: str = ""
    law: LinearLaw = RELAXATION
    rank_low: int | None = None

    @property
    def size(self) -> int:
        """Number N of channels."""
        return self.constraints.shape[1] - 1

    @property
    def rank(self) -> int:
        """Inferred rank of the weights: N minus the number of independent l."""
        return len(self.constraints) - 1

    @property
    def rate(self) -> float:
        """Eigenvalue λ per unit of time, or μ per step of a map."""
        return float(self.law.eigenvalue(1).real)

    @property
    def settled(self) -> bool:
        """Whether the trajectories rule out every other rank."""
        return self.rank_low in (None, self.rank)

    @cached_property
    def complement(self) -> NDArray:
        """Orthonormal basis (N, rank) of the orthogonal complement of all l.

        l is recovered if B_l l is a multiple of B_c. After a rotation that leaves one nonzero entry
        in B_c, the other rows are orthogonal to l. Complex if the functions are.
        """
        rotation = np.linalg.qr(self.constraints[:, :1], mode="complete")[0]
        rotated = (rotation.conj().T @ self.constraints)[1:]
        return np.linalg.qr(rotated[:, 1:].conj().T)[0]

    @cached_property
    def null_space(self) -> NDArray[np.float64]:
        """Inferred left null space: orthonormal real basis U (N, N - rank) of the l."""
        z = self.complement
        if np.iscomplexobj(z):
            z = np.hstack([z.real, z.imag])
        return np.linalg.svd(z)[0][:, self.rank :]

    @cached_property
    def offset(self) -> NDArray[np.float64]:
        """Offset b (N - rank,) of the attracting set {y : Uᵀy = b}; Uᵀθ for a recurrent network."""
        towards = self.constraints[:, 0].conj() @ self.constraints[:, 1:] @ self.null_space
        return np.real(towards) / np.linalg.norm(self.constraints[:, 0]) ** 2

    @property
    def point(self) -> NDArray[np.float64]:
        """The point U b (N,) of the attracting set that is nearest to y = 0."""
        return self.null_space @ self.offset

    def _facts(self) -> list[str]:
        null = f"left null space of dimension {self.size - self.rank}"
        rank = f"rank {self.rank}" if self.settled else f"rank {self.rank_low} to {self.rank}"
        facts = [f"N = {self.size:,}", rank, null]
        if self.law != RELAXATION:
            facts.append(f"{'μ' if self.law.discrete else 'λ'} = {self.rate:.4g}")
        return [*facts, self.note] if self.note else facts


def infer_structure(
    model: Model,
    trajectories: Trajectories,
    zeta: Callable[[NDArray], NDArray] | None = None,
    radius: float = CLUSTER_RADIUS,
    rate: float | None = None,
    discrete: bool | None = None,
) -> Structure:
    """Infer rank, left null space and attracting set of the weights from a fitted model.

    For noisy trajectories, functions count if they obey a common rate to within the noise, and
    `rank_low` is the number of directions that the trajectories rule out
    (docs/explanation/scores/structure.md).

    With inputs, functions count if they decay apart from a response to the held inputs, whether or
    not the method uses inputs. With sensors, the rank is that of the whole network; see
    `Structure`.

    Parameters
    ----------
    model : Model
    trajectories : Trajectories
        Trajectories on which eigenfunctions are compared with affine functions. There must be more
        than null vectors, with different initial states. Those with non-finite values are left out.
    zeta : callable, optional
        ζ, (P, N) to (P, N); by default the identity, as for recurrent networks.
    radius : float
        Tolerance for trajectories without noise, relative to the rate (for a map, to |1 - μ|): a
        function counts if its eigenvalue is this close to the rate and it violates the rate by no
        more than this. Functions that agree up to such a violation count once.
    rate : float, optional
        λ per unit of time, or μ per step of a map, such as 1 - α for a leaky network
        x⁺ = (1 - α) x + α(Wσ(x) + θ). By default -1, the rate of the relaxation family, is tried
        first. If no function has it, the real rate with the most affine functions is taken, for a
        map except 1. With noise, at least two functions must share the rate.
    discrete : bool, optional
        Whether the data come from a map; by default as their system says.

    Raises
    ------
    ValueError
        If the trajectories are too short or too few to determine angles or to show all null
        vectors, or do not match the model's training data.
    """
    trajectories, note = finite_ones(Trajectories.expected(trajectories, "infer_structure"))
    check_channels(model, trajectories.states)
    _check_inputs(model, trajectories)
    if discrete is None:
        system = trajectories.system
        discrete = system is not None and system.discrete
    plane = MAP if discrete else FLOW
    test = TestSet(trajectories, model.window)
    if test.longest > 1 and (reason := misplaced(model, trajectories)):
        raise ValueError(reason)
    if reason := test.lacking:
        raise ValueError(reason)
    least = POINTS_PER_FUNCTION * (trajectories.states.shape[2] + 1)
    if (held := int(trajectories.recorded.mask.sum())) < least:
        raise ValueError(
            f"{held} states for {trajectories.states.shape[2] + 1} functions: at least {least} are "
            "needed"
        )
    if discrete and test.longest > 1:
        plane.expect_interval(trajectories.dt, "the data")
    noise = _noise(trajectories) if zeta is None else None
    found = None if noise is None else _within_noise(model, trajectories, noise, plane, rate)
    try:
        exact = _without_noise(model, test, zeta, radius, rate, plane)
    except ValueError:
        if found is None:
            raise
    else:
        # What passes for noise may be the dynamics: then what holds without any is right.
        better = found is not None and found.settled and found.rank < exact.rank
        shown = exact.rank < exact.size
        if found is None or (shown and not better):
            found = exact
            if shown and zeta is None:
                low = ruled_out(trajectories, noise, exact.law)
                found = replace(exact, rank_low=min(low, exact.rank))
    if found.rank == found.size:
        none = found.note or NO_FUNCTION
        if trajectories.inputs is not None and model.gains is None:
            none += ", or inputs reach every such function: the model was fitted without them"
        found = replace(found, note=none)
    return replace(found, note="; ".join(filter(None, [note, found.note])))


def _noise(data: Trajectories) -> MeasurementNoise | None:
    """That in the data, if there is any that matters and enough data to see it."""
    try:
        noise = measurement_noise(data)
    except ValueError:
        return None
    spread = data.snapshots().reshape(-1, data.states.shape[2]).std(axis=0)
    moving = spread > 0.0
    return noise if (noise.deviations[moving] > NEGLIGIBLE * spread[moving]).any() else None


def _within_noise(
    model: Model,
    data: Trajectories,
    noise: MeasurementNoise,
    plane: Plane,
    rate: float | None,
) -> Structure:
    """What obeys a common rate as nearly as the noise allows."""
    n = data.states.shape[2]
    seen = common_rate(model, data, noise, plane, rate)
    if seen is None:
        return Structure(np.eye(n + 1))
    notes = []
    if seen.unseen:
        notes = [f"in {seen.unseen} of {n} directions the data show only noise"]
    if seen.found < seen.fewest:
        allowed = n - seen.refused - seen.unseen
        none = f"no such function in the other {n - seen.unseen}" if notes else NO_FUNCTION
        if allowed >= seen.fewest:
            one = f"{seen.law.eigenvalue(1).real:.4g}"
            none = f"no such function of the model, but the data allow {allowed} at the rate {one}"
        note = "; ".join([*notes, none] if allowed < seen.fewest else [none, *notes])
        return Structure(np.eye(n + 1), note, seen.law, min(n, seen.refused))
    rank = n - seen.found
    if seen.refused < rank:
        notes = [f"the noise allows any rank from {seen.refused} to {rank}", *notes]
    rows = _null_space(seen.coefficients.T).T
    return Structure(rows, "; ".join(notes), seen.law, seen.refused)


def _without_noise(
    model: Model,
    test: TestSet,
    zeta: Callable[[NDArray], NDArray] | None,
    radius: float,
    rate: float | None,
    plane: Plane,
) -> Structure:
    # A rate shows along stretches of one length.
    trajectories, places = test.even, test.places[:, model.window - 1 :]
    flat = test.windows if test.data.regular else test.windows[places.ravel()]
    per_trajectory = places.shape[1]
    states = real(flat[:, -1], "states")
    y = states if zeta is None else zeta(states)
    driven = None if trajectories.inputs is None else trajectories.inputs[:, model.window - 1 :]

    def found_at(law: LinearLaw) -> Structure:
        values = _near(model, trajectories, flat, per_trajectory, law, radius)
        functions = max(y.shape[1] + 1, values.shape[1])
        if len(y) < (least := POINTS_PER_FUNCTION * functions):
            raise ValueError(
                f"{len(y)} states for {functions} functions: at least {least} are needed"
            )
        return structure_of(y, values, trajectories.times[model.window - 1 :], law, driven)

    # Of a rate that is merely near that of the family nothing is made.
    found = found_at(RELAXATION if rate is None else law_at(plane, rate))
    if rate is None and (plane.discrete or found.rank == found.size):
        laws = [law_at(plane, one) for one in _shared_rates(model, plane)]
        others = [one for one in map(found_at, laws) if one.size - one.rank >= FEWEST_AT_A_RATE]
        none = Structure(np.eye(found.size + 1))
        found = min(others, key=lambda one: one.rank, default=none)
    _check_all_seen(found, y, test.origins)
    return found


def _check_inputs(model: Model, data: Trajectories) -> None:
    """Refuse data without the inputs that the model is to answer for.

    Raises
    ------
    ValueError
        If there are none, or another number of them, or some are not known.
    """
    gains = model.gains
    count = 0 if gains is None else np.shape(gains)[1]
    if data.inputs is None:
        if count:
            raise ValueError(
                f"the model was fitted to {count} inputs and the data have none: give those held "
                "from each state on, zeros if there were none, as koopmark.Trajectories(states, "
                "times, inputs=...)"
            )
        return
    if count and data.inputs.shape[2] != count:
        raise ValueError(
            f"the model was fitted to {count} inputs, the data have {data.inputs.shape[2]}"
        )
    check_finite_inputs(data)


def _shared_rates(model: Model, plane: Plane) -> list[float]:
    """Real eigenvalues that a model has, those that most pairs share first, at most CANDIDATES.

    Without that of the constant; of a map 0 if there is none.
    """
    given, _ = plane.eigenvalues(model)
    given = given[np.isfinite(given)]
    sizes = np.abs(given - plane.constant)
    limit = np.ones(len(given)) if plane.discrete else sizes
    reals = np.sort(given.real[np.abs(given.imag) <= ANGLE_TOLERANCE * limit])
    slow = ROUNDING if plane.discrete else ROUNDING * sizes.max(initial=0.0)
    reals = reals[np.abs(reals - plane.constant) > slow]
    # Relative to what they leave in a unit of time: slow ones are close to one another.
    unlike = np.diff(reals) > ANGLE_TOLERANCE * np.abs(plane.constant - reals[:-1])
    groups = np.split(reals, np.flatnonzero(unlike) + 1)
    groups.sort(key=len, reverse=True)
    found = [float(np.median(group)) for group in groups[:CANDIDATES] if len(group)]
    return found or [0.0] * plane.discrete


def _near(
    model: Model,
    trajectories: Trajectories,
    flat: NDArray,
    length: int,
    law: LinearLaw,
    radius: float,
) -> NDArray:
    """Values (P, s) of the functions near the eigenvalue of the law that obey theirs.

    At the windows `flat`, `length` of each trajectory.
    """
    plane = MAP if law.discrete else FLOW
    eigenvalues, _ = plane.eigenvalues(model)
    # Per unit of time of the law: of a flow at -1 it is 1.
    scale = plane.scale(law.eigenvalue(1)) if law.discrete else abs(law.decay) or 1.0
    near = np.isfinite(eigenvalues) & (np.abs(eigenvalues - law.eigenvalue(1)) <= radius * scale)
    values = np.asarray(model.eigenfunctions(flat))[:, near]
    finite = np.isfinite(values).all(axis=0)
    values, eigenvalues = values[:, finite], eigenvalues[near][finite]
    if length > 1:
        response = _response(model, trajectories, flat, length)
        if response is not None:
            response = response[:, :, np.flatnonzero(near)[finite]]
            dt, own = trajectories.dt, getattr(model, "dt", trajectories.dt)
            response = converted(response, eigenvalues, own, dt, plane)
        along = values.reshape(len(trajectories), length, -1)
        rates = Along(along, trajectories.dt, plane, response).rates(eigenvalues) / scale
        values = values[:, obeying(values, rates, np.flatnonzero(rates <= radius))]
    return values


def _response(
    model: Model, trajectories: Trajectories, flat: NDArray, length: int
) -> NDArray | None:
    """(M, L - 1, S) what the model says that inputs make of its functions; None without inputs."""
    if trajectories.inputs is None:
        return None
    held = trajectories.inputs[:, model.window - 1 :]
    forced = model.forced(flat, held.reshape(-1, held.shape[2]))
    return None if forced is None else forced.reshape(len(trajectories), length, -1)[:, :-1]


def _check_all_seen(found: Structure, y: NDArray, trajectories: int) -> None:
    """Refuse an answer from which null vectors may be missing.

    Along a trajectory a function that decays as e⁻ᵗ follows from its first value, so from M
    trajectories no more than M are told apart: M of them may be more. And a function that vanishes
    on every state, as all null vectors do from starts on the attracting set, is not seen at all.
    """
    n = found.size
    affine = np.hstack([np.ones((len(y), 1)), y])
    unseen = n + 1 - orthonormal_basis(affine).shape[1]
    if unseen:
        raise ValueError(
            f"the {trajectories} trajectories lie in a set of {n - unseen} of {n} dimensions: what "
            f"goes on in the others they do not show. At least {unseen} more are needed, from "
            "starts outside it"
        )
    if n - found.rank >= trajectories:
        raise ValueError(
            f"{trajectories} trajectories show {n - found.rank} null vectors, and could show no "
            f"more: at least {n - found.rank + 1 - trajectories} more are needed, and "
            f"{n + 1 - trajectories} are enough for {n} variables"
        )


def structure_of(
    y: NDArray,
    near: NDArray,
    times: NDArray,
    law: LinearLaw = RELAXATION,
    inputs: NDArray | None = None,
) -> Structure:
    """Structure from y (P, N) and the values (P, s) of functions near the eigenvalue of a law.

    P runs over trajectories, and within each over `times` (T,), at least two, from which on the
    `inputs` (M, T, q) are held, if there are any.
    """
    if len(times) < 2:
        raise ValueError("a single time does not show at which rate a function decays")
    affine = np.hstack([np.ones((len(y), 1)), y])
    _, constraints = _shared_affine_functions(affine, near)
    rows = _of_the_rate(affine, constraints, times, law, inputs)
    return Structure(rows, law=law)


def score_structure(
    null: ProductEigenspace | None,
    states: NDArray,
    eigenvalues: NDArray[np.complex128],
    values: NDArray[np.complex128],
    rates: NDArray[np.float64],
    times: NDArray,
    trajectories: int,
    inputs: NDArray | None = None,
) -> tuple[float, float, str]:
    """The scores `rank_error` and `null_space_error`, and a note if they are missing.

    Of the functions uᵀζ(x) of all left null vectors u, `null`, at `states` (P, N) of stretches
    of so many trajectories, each at `times` (T,), from which on the `inputs` (M, T, q) are held.
    `values` (P, s) count only if the rate at which they disobey their eigenvalue is small.
    """
    if null is None:
        why = "only of networks of the relaxation family, by more sensors than their rank"
        return np.nan, np.nan, f"rank_error: {why}"
    scale = (MAP if null.law.discrete else FLOW).scale(null.law.eigenvalue(1))
    apart, rates = np.abs(eigenvalues - null.law.eigenvalue(1)) / scale, rates / scale
    near = np.flatnonzero((apart <= CLUSTER_RADIUS) & (rates <= CLUSTER_RADIUS))
    n, d = null.null_space.size, null.dimension
    functions = max(n + 1, len(near))
    note = ""
    if trajectories < d:
        # Along a trajectory uᵀζ(x) is known from its first value.
        note = f"{trajectories} test trajectories for {d} null vectors"
    elif len(states) < POINTS_PER_FUNCTION * functions:
        note = f"{len(states)} test points for {functions} functions"
    elif len(times) < 2:
        note = "a single window in each test trajectory"
    if note:
        return np.nan, np.nan, f"rank_error: {note}"
    obey = values[:, obeying(values, rates, near)]
    found = structure_of(null.zeta(states), obey, times, null.law, inputs)
    excess = found.rank - (n - d)
    error = 1.0 if excess > 0 else _null_space_error(null.null_space, found)
    return float(excess), error, ""


def _of_the_rate(
    affine: NDArray,
    constraints: NDArray,
    times: NDArray,
    law: LinearLaw,
    inputs: NDArray | None,
) -> NDArray:
    """B with more rows: of the functions A a, B a = 0, only those that decay as e^{-t} are left.

    Of a map it is μᵗ in place of e^{-t}. Under inputs a function may respond to them as one that
    decays so does: with S the responses of all trajectories to each input, P takes S out as well.

    With F an orthonormal basis of those functions and P the projector that takes e^{-t} out of each
    trajectory, the singular values of P F are the sines of the angles to what decays so.
    Eigenvalues within a radius of -1 are not all at -1: among affine functions every combination
    of such a spurious one with the true ones is affine too.

    A gap between the sines does not make a function spurious. Of k functions that approximate null
    vectors, whatever their error, some are exact: in the N + 1 dimensions of affine functions, or N
    if none has a constant, the s functions and the k null vectors share s + k - N. If no more than
    these are below the gap, those beyond are dropped only if they decay at a rate -1 + δ of their
    own: their deviation is δ t e^{-t} up to δ², and with t e^{-t} taken out as well next to nothing
    is left.
    """
    coefficients = _null_space(constraints)
    if coefficients.shape[1] == 0:
        return constraints
    functions = np.linalg.qr(affine @ coefficients)[0]
    along = functions.reshape(-1, len(times), functions.shape[1])
    elapsed = times - times[0]
    profile = law.scale(elapsed)
    profile /= np.linalg.norm(profile)
    responses = None if inputs is None else responses_of(law, times, inputs)
    deviations = _without(along, profile[:, None], responses)
    _, sines, vh = np.linalg.svd(triangle_of(deviations.reshape(functions.shape)))
    bounded, directions = np.maximum(sines, ROUNDING), vh.conj().T
    first = int(np.sum(sines > ANGLE_TOLERANCE))
    kept = directions[:, first:]
    jumps = first + np.flatnonzero(bounded[first:-1] > GAP * bounded[first + 1 :])
    if len(jumps):
        last = int(jumps[-1]) + 1
        kept = directions[:, last:]
        forced = len(sines) + (len(sines) - first) - (affine.shape[1] - 1)
        if len(sines) - last <= forced:
            # Combinations whose deviations are orthonormal: a spurious one is not mixed in.
            beyond = directions[:, first:last] / sines[first:last]
            moved = elapsed * profile
            if law.discrete:
                # d μᵗ / dμ, which is no multiple of t μᵗ at μ = 0.
                moved = elapsed * law.scale(np.maximum(elapsed - 1.0, 0.0))
            both = np.linalg.qr(np.column_stack([profile, moved]))[0]
            rest = _without(along @ beyond, both, responses).reshape(len(affine), -1)
            _, shares, turned = np.linalg.svd(triangle_of(rest))
            kept = np.hstack([kept, beyond @ turned[shares * GAP >= 1.0].conj().T])
    dropped = functions @ _null_space(kept.conj().T)
    return np.vstack([constraints, dropped.conj().T @ affine])


def responses_of(law: LinearLaw, times: NDArray, inputs: NDArray) -> NDArray[np.float64]:
    """Responses (M, T, q) of z to held inputs (M, T, q) at times (T,), from z = 0 for b = 1."""
    found = np.zeros(inputs.shape)
    for k, step in enumerate(np.diff(times)):
        found[:, k + 1] = law.scale(step) * found[:, k] + law.gain(step) * inputs[:, k]
    return found


def _without(along: NDArray, profiles: NDArray, shared: NDArray | None = None) -> NDArray:
    """Functions along trajectories (M, T, s) without the orthonormal profiles (T, k) in each.

    And without the `shared` functions (M, T, q), which have one coefficient for all trajectories.
    """
    amplitudes = np.tensordot(profiles.T, along, axes=(1, 1))
    left = along - np.tensordot(profiles, amplitudes, axes=(1, 0)).swapaxes(0, 1)
    if shared is None:
        return left
    basis = orthonormal_basis(_without(shared, profiles).reshape(-1, shared.shape[2]))
    flat = left.reshape(-1, left.shape[2])
    return (flat - basis @ (basis.T @ flat)).reshape(left.shape)


def _null_space(matrix: NDArray) -> NDArray:
    """Orthonormal basis of what a matrix with independent rows takes to zero."""
    scaled = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.linalg.svd(scaled)[2][len(matrix) :].conj().T


def _shared_affine_functions(affine: NDArray, recovered: NDArray) -> tuple[int, NDArray]:
    """How many functions of span A lie in span S, and what their coefficients a obey: B a = 0.

    A (P, N + 1) holds the constant and y at the test points, S (P, s) what was recovered. `found`
    angles from span A to span S have a sine of at most ANGLE_TOLERANCE. With A = U T⁻¹ D, U
    orthonormal and D the norms of the columns, A a lies in the span of the shared U v exactly if
    wᴴ T⁻¹ D a = 0 for all directions w that are not shared: B is (N + 1 - found, N + 1).
    """
    norms = np.linalg.norm(affine, axis=0)
    # A channel of zeros, or of numbers whose squares are, shows nothing: a direction not seen.
    norms[norms == 0.0] = 1.0
    whole, part = outside([affine / norms], recovered, [0, recovered.shape[1]])
    triangle = triangle_of(whole)
    if keeps_every_direction(triangle):
        back, dropped = triangle, np.empty((0, len(norms)))
        rest = solve_triangular(triangle, part.conj().T, trans="T").conj().T
    else:
        _, s, vh = np.linalg.svd(triangle)
        kept = s > TRUNCATION * s[0]
        back, dropped = s[kept, None] * vh[kept], vh[~kept]
        rest = part @ (vh[kept].conj().T / s[kept])
    # Squaring the sines halves their digits, and 0.01 needs few.
    squares, directions = np.linalg.eigh(rest.conj().T @ rest)
    lacking = directions[:, squares > ANGLE_TOLERANCE**2]
    constraints = np.vstack([lacking.conj().T @ back, dropped]) * norms
    return len(norms) - len(constraints), constraints


def _null_space_error(null_space: NullSpace, found: Structure) -> float:
    """Largest sine from ker Wᵀ to the recovered linear parts.

    With Z the orthonormal complement of those and P = I - QQᵀ the projector onto ker Wᵀ it is the
    norm of P Z: small sines keep their digits.
    """
    if found.rank == 0:
        return 0.0
    return min(float(np.linalg.norm(null_space.project(found.complement.T), 2)), 1.0)
