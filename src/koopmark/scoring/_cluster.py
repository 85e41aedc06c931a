"""Match recovered functions to a target: independent functions near its eigenvalue.

Several functions may be one, up to noise that was added to it. So a function counts beside others
only if its part outside their span obeys the eigenvalue too. Eigenvalue and eigenfunction errors
are of the same pairs: a label near λ says nothing unless its function is one of those.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from koopmark.scoring._plane import FLOW, Plane
from koopmark.scoring._residuals import CLUSTER_RADIUS, Along
from koopmark.scoring._subspaces import (
    BLOCK_COLUMNS,
    POINTS_PER_FUNCTION,
    TRUNCATION,
    independent,
    level_columns,
    unit_columns,
)
from koopmark.truth import SAME_EIGENVALUE, Eigenspace

SAME_FUNCTION = 1e-6
"""Functions of unit norm that differ by less are one."""
MEMBER = 1e-6
"""A function that disobeys λ at less than this rate is an eigenfunction at λ."""
RIVALS = 10.0
"""Functions whose rates differ by less are not told apart by them."""
MOST_GONE = 0.9
"""Share of the test points at which a target at μ = 0 is seen that functions there may number: any
k functions span all but 1 - k / n of n numbers."""


@dataclass(frozen=True, eq=False)
class Choice:
    """The recovered pairs that are matched to a target of dimension m at eigenvalue λ.

    Parameters
    ----------
    distances : (k,) array
        |λ̂ - λ| of the pairs that count: those chosen, of several labels of one function the
        farthest; if none were chosen, the m nearest (all s, if s < m); beside `room`, the m best.
    size : int
        Number of pairs within the radius of λ, at least the m nearest.
    chosen : (k,) array of int, optional
        The functions that stand for the eigenspace, in the order of the model: m if there are so
        many, more if more of them are eigenfunctions at λ. None if an angle to them would mean
        nothing, for the reason in `note`.
    rate : float
        The largest at which a combination of these functions disobeys λ; NaN if not asked for.
    note : str
    """

    distances: NDArray[np.float64]
    size: int
    chosen: NDArray[np.intp] | None
    rate: float = np.nan
    note: str = ""


def radii(eigenvalues: NDArray[np.complex128], plane: Plane = FLOW) -> NDArray[np.float64]:
    """Radius of the cluster around each target, at most half the distance to the next target.

    In a common cluster a function that obeys one of the two to 1e-3 would have to give way to those
    of the other, which disobey it by the distance alone.
    """
    apart = np.abs(eigenvalues[:, None] - eigenvalues)
    apart[apart <= SAME_EIGENVALUE * np.abs(eigenvalues)] = np.inf
    widest = CLUSTER_RADIUS * np.array([plane.scale(one) for one in eigenvalues])
    return np.fmin(widest, apart.min(axis=1, initial=np.inf) / 2)


def choose(
    space: Eigenspace,
    eigenvalue: complex,
    eigenvalues: NDArray[np.complex128],
    values: NDArray | None,
    along: Along,
    others: bool = True,
    radius: float = CLUSTER_RADIUS,
    room: int = 0,
    seen: int = 0,
) -> Choice:
    """Choose m functions of the cluster, in increasing order of how much they violate λ.

    A function whose part outside the span of those taken is within `tolerances` is passed over; if
    places are left in the end, those passed over have them, the largest parts first compared to
    their rates. Which are taken does not depend on their eigenvalues, within the cluster.

    Parameters
    ----------
    space, eigenvalue
        The target, and its λ or the alias of that.
    eigenvalues, values : (s,) and (P, s) arrays
        Recovered ones: functions at the test points, None if they have no values there.
    along : Along
        The functions at consecutive times. One time shows no residuals: the m functions nearest in
        eigenvalue are taken.
    others : bool
        Whether other functions than those of the eigenspace may be eigenfunctions at λ, to be
        judged by whether they obey it: then all that do are taken, and `rate` says how nearly.
    radius : float
        Of the cluster (`radii`).
    room : int
        Of a part of a known eigenspace, the dimension of that: the functions of a method are any
        basis of all of it. Then up to so many are taken, those that obey λ as well as the m best or
        up to RIVALS times less so; it is the labels of the m best that count.
    seen : int
        At how many test points functions of the target are not zero. At μ = 0, where whatever is
        gone in a step obeys, nothing but E tells its functions from others: then E is compared with
        all that obey, MOST_GONE of `seen` at most.
    """
    m, scale = space.dimension, along.plane.scale(eigenvalue)
    gone = along.plane.discrete and abs(eigenvalue) <= MEMBER and not space.whole
    if gone and others:
        others, room = False, max(room, int(MOST_GONE * min(seen, along.trajectories)))
    distance = np.abs(eigenvalues - eigenvalue)
    nearest = np.argsort(distance, kind="stable")
    size = max(min(m, len(nearest)), int(np.sum(distance <= radius)))
    cluster, count = nearest[:size], min(m, size)
    by_label = Choice(distance[nearest[:m]], size, None)
    if values is None:
        return by_label
    if len(values) < POINTS_PER_FUNCTION * count:
        return replace(by_label, note=f"{len(values)} test points for {count} recovered functions")
    note = ""
    chosen, distances = cluster[:m], distance[cluster[:m]]
    if size > m and not along.steps:
        note = (
            f"of {size} functions the {m} nearest in eigenvalue: a single time shows no residuals"
        )
    elif size > m:
        rates = along.of(cluster).rates(np.full(size, eigenvalue))
        order = np.argsort(rates, kind="stable")
        cluster, rates = cluster[order], rates[order]
        taken, parts = independent(values[:, cluster], tolerances(rates / scale), m)
        over = np.setdiff1d(np.arange(size), taken)
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = np.where(parts[over] > 0, (rates[over] + TRUNCATION) / parts[over], np.inf)
        over = over[np.argsort(cost, kind="stable")]
        taken = np.concatenate([taken, over[: m - len(taken)]])
        if others and rates[m] <= MEMBER:
            # What each member adds to those before it obeys λ as well.
            obey, near = np.flatnonzero(rates <= MEMBER), values[:, cluster]
            limits = np.fmax(SAME_FUNCTION, rates[obey] / MEMBER)
            members = obey[independent(near[:, obey], limits)[0]]
            whole = along.of(cluster[members])
            # Along a trajectory such functions follow from their first value: as many as there are
            # trajectories span all that decays, learnt or not.
            tell = m < len(members) and 2 * len(members) <= along.trajectories
            if tell and whole.largest_rate(eigenvalue) <= MEMBER:
                taken, parts = members, np.full(size, np.nan)
                rest = np.setdiff1d(np.flatnonzero(rates < CLUSTER_RADIUS * scale), members)
                none = np.full(len(rest), np.inf)
                _, parts[rest] = independent(near[:, rest], none, given=near[:, members])
        copies = np.setdiff1d(np.flatnonzero((parts <= SAME_FUNCTION) & (rates < np.inf)), taken)
        chosen, copies = cluster[taken], cluster[copies]
        distances = distance[chosen]
        if len(copies):
            # If the nearest label counted, many labels on one function would always be right.
            mine, other = (unit_columns(level_columns(values[:, one])) for one in (chosen, copies))
            of = np.argmax(np.abs(mine.conj().T @ other), axis=0)
            np.maximum.at(distances, of, distance[copies])
        if len(taken) < (room := min(room, len(values) // POINTS_PER_FUNCTION)):
            worst = RIVALS * rates[taken].max()
            near = np.flatnonzero(rates <= min(CLUSTER_RADIUS * scale, max(worst, MEMBER)))
            near = np.setdiff1d(near, taken)
            limits = tolerances(rates[near] / scale)
            given = values[:, cluster[taken]]
            more, _ = independent(values[:, cluster[near]], limits, room - len(taken), given)
            if gone and len(more) == room - len(taken) < len(near):
                note = (
                    f"of {len(taken) + len(near)} functions that are gone after a step the {room} "
                    "that obey best: more would span whatever the test trajectories show"
                )
            chosen = np.concatenate([chosen, cluster[near[more]]])
    rate = np.nan
    # What inputs add to a function that they reach is the model's word, which any function of the
    # next state may be in, if it vanishes with them: only E itself tells then.
    if others and not (space.whole or space.driven) and along.steps and len(chosen) >= m:
        ours = along.of(chosen)
        sizes = np.abs(level_columns(ours.values)).max(axis=1)
        # Unless most trajectories carry nothing by which to tell.
        if not (np.median(sizes, axis=0) <= SAME_FUNCTION * sizes.max(axis=0)).any():
            # A function that no input reaches obeys by itself.
            rate = ours.alone().largest_rate(eigenvalue)
    return Choice(distances, size, np.sort(chosen), rate, note)


def tolerances(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Norm up to which the rest of a unit function counts as dependent on those before it.

    A function that disobeys its eigenvalue at the rate ρ (`Plane.rates`) may owe all of that
    to a part of norm δ, which disobeys at ρ / δ then. A member of the cluster that obeys its own
    eigenvalue up to the radius disobeys λ by up to twice that: a part that disobeys more is no
    sign of another eigenfunction.
    """
    return np.fmax(SAME_FUNCTION, rates / (2.0 * CLUSTER_RADIUS))


def obeying(
    values: NDArray,
    rates: NDArray[np.float64],
    among: NDArray[np.intp],
    given: NDArray[np.intp] | None = None,
) -> NDArray[np.intp]:
    """Functions in `among` that are independent of each other and of those in `given`.

    Both are places of columns of values (P, s); rates (s,) are those at which each function
    disobeys its eigenvalue.
    """
    order = among[np.argsort(rates[among], kind="stable")]
    others = None if given is None or len(given) == 0 else values[:, given]
    taken, _ = independent(values[:, order], tolerances(rates[order]), given=others)
    return order[taken]


def constants(
    values: NDArray,
    eigenvalues: NDArray[np.complex128],
    rates: NDArray[np.float64],
    plane: Plane = FLOW,
) -> NDArray[np.bool_]:
    """Which functions (P, s) are constant on the test points, up to rounding.

    At λ = 0, or μ = 1, the constant is an eigenfunction, with which others are compared as with
    each other.
    """
    varying = np.full(len(eigenvalues), np.inf)
    for start in range(0, len(eigenvalues), BLOCK_COLUMNS):
        columns = slice(start, start + BLOCK_COLUMNS)
        with np.errstate(invalid="ignore", over="ignore"):
            unit = unit_columns(level_columns(values[:, columns]))
            varying[columns] = np.linalg.norm(unit - unit.mean(axis=0), axis=0)
    near = np.abs(eigenvalues - plane.constant) <= CLUSTER_RADIUS
    at_it = near & (rates <= CLUSTER_RADIUS)
    return varying <= np.where(at_it, tolerances(rates), SAME_FUNCTION)
