"""Checks that every system must pass, including systems written by users.

The checks use independent computations: trajectories by SciPy's DOP853, finite differences of the
claimed functions, and ranks of their values. `verify` runs all checks.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark._verdicts import Skip, Verdict, agree, verdict
from koopmark.systems import NoKey, Sensors
from koopmark.systems._trial import (
    FAR,
    GROWTH,
    MOST,
    ROUGH,
    ROUNDING,
    SAME,
    SAMPLE,
    TURNS,
    Trial,
    at_eigenvalue,
    check_field,
    claimed,
    constant_of,
    few_of,
    integrated,
    number,
    plain,
    values_of,
)
from koopmark.truth import Eigenspace

__all__ = ["CHECKS", "Trial", "verify"]

ALONG = 1e-6
"""Relative error of φ(x(t)) = e^{λt} φ(x(0)), of the largest |φ| on the trajectories."""
POINTWISE = 1e-6
"""The same of ∇φ·F = λφ."""
STENCIL = np.array([-1.0, 9.0, -45.0, 0.0, 45.0, -9.0, 1.0]) / 60.0
"""Central difference of order 6."""
STEP = 1e-3
"""Its step, of the size of the state."""
INDEPENDENT = 1e-9
"""Singular values of independent functions, of unit norm, are above this part of the largest."""
SPANNED = 1e-6
"""Part of a product that may be left when those functions are taken out that span it."""
LARGEST = 60
"""Variables up to which a Jacobian is computed by differences."""
NODES = 20_000
"""Products of eigenvalues of a Jacobian that are counted."""


def takes_many_states_at_once(trial: Trial) -> None:
    """F at many states equals F at each state, for any shape, strides and memory order."""
    check_field(trial)


def leaves_its_argument_alone(trial: Trial) -> None:
    """F and the eigenfunctions modify neither their input nor the system."""
    states = trial.initial.copy()
    first = np.array(trial.system.rhs(states))
    agree(
        np.array_equal(states, trial.initial),
        "rhs changes the states that it is given: compute with a copy",
    )
    agree(
        np.array_equal(first, trial.velocity(trial.initial)),
        "rhs gives other velocities when it is called again",
    )
    for space in trial.spaces:
        few = few_of(space)
        values = np.array(few.evaluate(states))
        agree(
            np.array_equal(states, trial.initial),
            f"the functions at {plain(space)} change the states that they are given",
        )
        agree(
            np.array_equal(values, few.evaluate(states)),
            f"the functions at {plain(space)} have other values when they are called again",
        )


def stays_bounded_or_says_so(trial: Trial) -> None:
    """Trajectories stay bounded, unless `bounded` is False."""
    trial.needs_field()
    says = trial.system.bounded
    if says is False:
        return
    if trial.system.stochastic:
        raise Skip("it is stochastic: its paths are not those of its drift")
    span = max(trial.span, 30.0 / trial.rates[0], trial.horizon or 0.0)
    times = np.linspace(0.0, min(span, 10.0 * TURNS / trial.rates[-1]), 3)
    size = 1.0 + float(np.abs(trial.initial).max())
    agree(
        integrated(trial.system, trial.initial, times, GROWTH * size, ROUGH) is not None,
        f"a trajectory from {trial.start} grows beyond {GROWTH:g} times their size, or cannot be "
        f"followed, by t = {times[-1]:.3g}: "
        + (
            "`bounded` is True, and is wrong"
            if says
            else "say bounded = False if that is meant; a recipe can start elsewhere"
        ),
    )
    if says:
        far = np.array(trial.system.reachable(FAR * trial.initial), dtype=float)
        ends = integrated(trial.system, far, times, GROWTH * FAR * size, ROUGH)
        agree(
            ends is not None and np.abs(ends[:, -1]).max() < np.abs(far).max(),
            f"`bounded` is True, and from {FAR:g} times the initial states trajectories do not "
            "come closer",
        )


def lists_its_eigenspaces(trial: Trial) -> None:
    """Each eigenvalue is listed once, with its conjugate and the claimed number of functions."""
    agree(not trial.fault, trial.fault)
    for degree in range(1, trial.max_degree):
        fewer = claimed(trial.system, degree)
        for space in fewer:
            agree(
                at_eigenvalue(trial.spaces, space.eigenvalue) is not None,
                f"eigenspaces({degree}) has one at {plain(space)}, but "
                f"eigenspaces({trial.max_degree}) does not",
            )
    for index, space in enumerate(trial.spaces):
        # Beside all functions may be a part of them, those that no input reaches.
        value = space.eigenvalue
        alike = [one for one in trial.spaces if one.driven == space.driven]
        others = [one for one in trial.spaces[index + 1 :] if one.driven == space.driven]
        agree(
            at_eigenvalue(others, value) is None,
            f"two eigenspaces are at {plain(space)}: they are one",
        )
        conjugate = at_eigenvalue(alike, value.conjugate())
        agree(
            conjugate is not None and conjugate.dimension == space.dimension,
            f"there is an eigenspace at {plain(space)}, but none of the same dimension at the "
            "conjugate, where the conjugate functions belong",
        )
        at = values_of(few_of(space), trial.initial)
        agree(
            np.isfinite(at).all(),
            f"a function at {plain(space)} is not finite at {trial.start}",
        )


def obeys_its_eigenvalues_along_trajectories(trial: Trial) -> None:
    """φ(x(t)) = e^{λt} φ(x(0)) for every claimed function, on trajectories from SciPy's DOP853.

    For a map, φ(x⁺) = μ φ(x) at each step.
    """
    if trial.system.process is not None:
        _obeys_on_average(trial)
        return
    whole, steady = trial.paths, trial.before_it_rounds
    held = [(space, *steady) for space in trial.system.conserved()] if steady else []
    for space, times, paths in [*((space, *whole) for space in trial.spaces), *held]:
        few = few_of(space)
        values = values_of(few, paths)
        at = few.eigenvalue
        factors = at**times if few.discrete else np.exp(at * times)
        expected = factors[:, None] * values[:, :1]
        allowed = np.array([few.deviation_bounds(t) for t in times])
        size = np.abs(values).max(axis=(0, 1))
        beyond = (np.abs(values - expected) - allowed).max(axis=(0, 1)) / (size + 1e-300)
        worst = int(np.argmax(np.nan_to_num(beyond, nan=np.inf)))
        agree(
            beyond[worst] <= ALONG,
            f"function {worst + 1} at {plain(space)} is off by {beyond[worst]:.1e} of its size "
            f"from {'μᵗ' if few.discrete else 'e^(λt)'} φ(x(0)) by t = {times[-1]:.3g}"
            f"{_instead(times, values[..., worst], few)}",
        )


def _obeys_on_average(trial: Trial) -> None:
    """E[φ(x(t))] = e^{λt} φ(x(0)) of a process, by its quadrature."""
    process, states = trial.system.process, trial.initial
    assert process is not None
    for space in trial.spaces:
        few = few_of(space)
        start = values_of(few, states)
        nodes, weights = process.quadrature(states.copy(), trial.span / 3.0)
        mean = np.einsum("q,mqd->md", weights, values_of(few, nodes))
        expected = np.exp(few.eigenvalue * trial.span / 3.0) * start
        worst = float(np.abs(mean - expected).max() / (np.abs(start).max() + 1e-300))
        agree(
            worst <= ALONG,
            f"the expectation of a function at {plain(space)} is off by {worst:.1e} of its size",
        )


def _instead(times: NDArray, values: NDArray, space: Eigenspace) -> str:
    """The rate at which a function does change (M, T), or its factor, if that is one number."""
    discrete = space.discrete
    kept = np.abs(values[:, 0]) > 1e-3 * np.abs(values).max()
    with np.errstate(all="ignore"):
        rates = values[kept, 1] / values[kept, 0] + 0j
        rates = rates if discrete else np.log(rates) / times[1]
    if not len(rates) or np.ptp(rates.real) + np.ptp(rates.imag) > 1e-5 * np.abs(rates).max():
        return ", and it is no eigenfunction"
    found = complex(rates.mean())
    if abs(found - space.eigenvalue) <= ALONG * max(1.0, abs(found)):
        return f": it obeys up to t = {times[1]:.3g}, but not much longer"
    how = "is multiplied by" if discrete else "changes at"
    return f": it {how} {found.real if abs(found.imag) < 1e-6 else found:.6g}"


def obeys_its_eigenvalues_at_every_state(trial: Trial) -> None:
    """∇φ·F = λφ for every claimed function, by finite differences of φ along F."""
    if trial.system.stochastic:
        raise Skip("it is stochastic: its generator has second derivatives too")
    if trial.system.discrete:
        raise Skip("it is a map, which has no derivative in time")
    points = trial.visited[:: max(1, len(trial.visited) // 60)]
    velocity = trial.velocity(points)
    speed = np.linalg.norm(velocity, axis=1) / (1.0 + np.linalg.norm(points, axis=1))
    # Neither far on the scale of the state, nor on that of the functions.
    step = STEP / np.maximum(speed, trial.rates[-1] / 10.0)[:, None]
    moved = np.stack([points + k * step * velocity for k in range(-3, 4)])
    for space in (*trial.spaces, *trial.system.conserved()):
        few = few_of(space)
        along = np.tensordot(STENCIL, values_of(few, moved), axes=1) / step
        wanted = few.eigenvalue * values_of(few, points)
        allowed = few.deviation_bounds(1e-6) / 1e-6
        size = np.abs(wanted).max(axis=0) + np.abs(along).max(axis=0) + 1e-300
        beyond = (np.abs(along - wanted) - allowed).max(axis=0) / size
        worst = int(np.argmax(np.nan_to_num(beyond, nan=np.inf)))
        if few.eigenvalue == 0:
            # Of a constant of motion both are zero: to the size of its values.
            values = np.abs(values_of(few, points)).max(axis=0) + 1e-300
            beyond = beyond * size / (values * trial.rates[-1])
            worst = int(np.argmax(np.nan_to_num(beyond, nan=np.inf)))
        agree(
            beyond[worst] <= POINTWISE,
            f"function {worst + 1} at {plain(space)} has a ∇φ·F that is off by "
            f"{beyond[worst]:.1e} of its size from λφ",
        )


def has_the_dimension_that_it_says(trial: Trial) -> None:
    """The dimension of an eigenspace equals the rank of the values of its functions."""
    for space in trial.spaces:
        few = few_of(space)
        states = _mixed(trial, 2 * few.dimension + 20)
        rank = _rank(values_of(few, states))
        agree(
            rank == few.dimension,
            f"the eigenspace at {plain(space)} has dimension {few.dimension}, and its functions "
            f"have rank {rank} at {len(states)} states: "
            + ("some are combinations of others" if rank < few.dimension else "it has more"),
        )


def holds_all_products(trial: Trial) -> None:
    """Each product of claimed functions lies in the eigenspace at the sum of their eigenvalues."""
    spaces = [space for space in trial.spaces if space.exact]
    if not spaces or trial.system.stochastic:
        raise Skip("its eigenfunctions are no exact ones of a flow: products need not be any")
    size = max(abs(space.eigenvalue) for space in spaces)
    # What no input reaches is in the space of all functions too.
    spaces = [space for space in spaces if at_eigenvalue(spaces, space.eigenvalue) is space]
    for first, second in combinations_with_replacement(spaces, 2):
        if trial.system.discrete:
            total = first.eigenvalue * second.eigenvalue
        else:
            total = first.eigenvalue + second.eigenvalue
        if abs(total - constant_of(trial.system)) <= SAME * size:
            # A constant of motion, which is no target.
            continue
        home = at_eigenvalue(spaces, total)
        what = f"products of functions at {plain(first)} and {plain(second)}"
        if home is None:
            agree(
                first.degree + second.degree > trial.max_degree
                or _is_trivial(trial, first, second),
                f"there are {what}, of degree {first.degree + second.degree}, but "
                f"eigenspaces({trial.max_degree}) has none at {number(total)}",
            )
        elif home.whole and home.dimension <= MOST:
            left = _left(trial, home, first, second)
            agree(
                left <= SPANNED,
                f"the eigenspace at {plain(home)} misses {what}, which are eigenfunctions there "
                f"(the part outside of it is {left:.1e}): add them, or say whole = False",
            )


def _products(first: Eigenspace, second: Eigenspace, states: NDArray) -> NDArray:
    """(P, k) products of a few functions of each."""
    one, other = (values_of(few_of(space), states)[:, :SAMPLE] for space in (first, second))
    return (one[:, :, None] * other[:, None, :]).reshape(len(states), -1)


def _left(trial: Trial, home: Eigenspace, first: Eigenspace, second: Eigenspace) -> float:
    """The largest relative part of a product that is no combination of the functions of a space."""
    states = _mixed(trial, 2 * home.dimension + 20)
    basis = np.asarray(values_of(home, states), dtype=complex)
    basis = np.linalg.qr(basis / (np.linalg.norm(basis, axis=0) + 1e-300))[0]
    products = _products(first, second, states)
    products = products / (np.linalg.norm(products, axis=0) + 1e-300)
    return float(np.linalg.norm(products - basis @ (basis.conj().T @ products), axis=0).max())


def _is_trivial(trial: Trial, first: Eigenspace, second: Eigenspace) -> bool:
    """Whether products are functions of a claimed space all the same, times a constant.

    So it is on a limit cycle, where φφ̄ = 1.
    """
    products = _products(first, second, _mixed(trial, 40))
    return bool((np.ptp(np.abs(products), axis=0) <= SPANNED * np.abs(products).max(axis=0)).all())


def misses_nothing_at_its_fixed_point(trial: Trial) -> None:
    """A whole eigenspace has every function that the linearisation at a fixed point implies."""
    if trial.system.stochastic:
        raise Skip("it is stochastic")
    if trial.system.discrete:
        raise Skip("it is a map: products of the multipliers at its fixed point are not counted")
    if trial.system.size > LARGEST:
        raise Skip(f"N = {trial.system.size} is above {LARGEST}, up to which this is looked at")
    trial.needs_field()
    values = _linearised(trial)
    for space in trial.spaces:
        if not (space.whole and space.exact):
            continue
        count = _multiplicity(values, complex(space.eigenvalue))
        agree(
            count is None or count <= space.dimension,
            f"the eigenspace at {plain(space)} has dimension {space.dimension}, and the "
            f"linearisation at the fixed point where trajectories end makes {count} functions at "
            "this eigenvalue: add the others, or say whole = False (`complete` = False of "
            "`eigenfunctions`)",
        )


def _linearised(trial: Trial) -> NDArray[np.complex128]:
    """(N,) eigenvalues of the Jacobian at the stable fixed point where all trajectories end."""
    slowest = trial.rates[0]
    times = np.linspace(0.0, max(trial.span, 20.0 / slowest), 2)
    size = 1.0 + float(np.abs(trial.initial).max())
    paths = integrated(trial.system, trial.initial, times, GROWTH * size, ROUGH)
    if paths is None:
        raise Skip("its trajectories do not end at a fixed point in time")
    ends = paths[:, -1]
    point = ends.mean(axis=0)
    if np.abs(ends - point).max() > 1e-2 * size:
        raise Skip("its trajectories do not end at one fixed point")
    # All of R^N, or the plane that the states are in.
    moved = trial.states(2 * len(point) + 2) - point
    s, axes = np.linalg.svd(moved, full_matrices=False)[1:]
    plane = axes[s > INDEPENDENT * s[0]].T
    for _ in range(8):
        jacobian = _jacobian(trial, point) @ plane
        point = point - plane @ np.linalg.lstsq(jacobian, trial.velocity(point), rcond=None)[0]
    values, vectors = np.linalg.eig(plane.T @ _jacobian(trial, point) @ plane)
    at_rest = np.abs(trial.velocity(point)).max() <= 1e-9 * size * np.abs(values).max()
    if not (at_rest and np.abs(ends - point).max() <= 1e-2 * size and (values.real < 0).all()):
        raise Skip("its trajectories do not end at one stable fixed point")
    if np.linalg.cond(vectors) > 1e6:
        raise Skip("the linearisation at its fixed point is defective, or nearly")
    return np.asarray(values, dtype=complex)


def _jacobian(trial: Trial, point: NDArray) -> NDArray[np.float64]:
    """(N, N) of F, by central differences of order 6."""
    step = STEP * (1.0 + np.abs(point).max())
    moves = np.arange(-3, 4)[:, None, None] * step * np.eye(len(point))
    return np.tensordot(STENCIL, trial.velocity(point + moves), axes=1).T / step


def _multiplicity(values: NDArray[np.complex128], total: complex) -> int | None:
    """How many products of functions at eigenvalues with Re < 0 are at `total`.

    None if there are too many to count. Eigenvalues that differ by a relative 1e-6 are one.
    """
    apart = 1e-6 * float(np.abs(values).max())
    kinds: list[tuple[complex, int]] = []
    for value in values:
        near = [k for k, (other, _) in enumerate(kinds) if abs(other - value) <= apart]
        if near:
            kinds[near[0]] = kinds[near[0]][0], kinds[near[0]][1] + 1
        else:
            kinds.append((complex(value), 1))
    found, nodes = 0, 0
    waiting: list[tuple[int, complex, int]] = [(0, total, 1)]
    while waiting:
        nodes += 1
        if nodes > NODES:
            return None
        place, rest, ways = waiting.pop()
        if abs(rest) <= 10 * apart:
            found += ways
            continue
        if place == len(kinds):
            continue
        value, count = kinds[place]
        power = 0
        while rest.real - power * value.real <= 10 * apart:
            many = comb(count + power - 1, power)
            waiting.append((place + 1, rest - power * value, ways * many))
            power += 1
    return found


def flows_as_its_vector_field_says(trial: Trial) -> None:
    """`flow`, if implemented, agrees with SciPy's DOP853 applied to the vector field."""
    if trial.system.stochastic:
        raise Skip("it is stochastic")
    times, paths = trial.paths
    found = trial.system.flow(trial.initial.copy(), times)
    if found is None:
        raise Skip("it has no flow in closed form")
    agree(
        np.shape(found) == paths.shape,
        f"flow from states {trial.initial.shape} at times {times.shape} has shape "
        f"{np.shape(found)}: it must be {paths.shape}",
    )
    worst = float(np.abs(found - paths).max() / np.abs(paths).max())
    agree(worst <= ALONG, f"flow is off by {worst:.1e} of the size of the states")


def responds_to_inputs_as_it_says(trial: Trial) -> None:
    """`advanced` gives the functions' values after held inputs, and `gains` is its linear part.

    Along trajectories of SciPy's DOP853, started anew at every switch.
    """
    system = trial.system
    if not system.inputs:
        raise Skip("it takes no inputs")
    states, q = trial.initial, system.inputs
    none = np.asarray(system.driven(states.copy(), np.zeros((len(states), q))))
    field = trial.velocity(states)
    agree(
        none.shape == field.shape and np.abs(none - field).max() <= ROUNDING * np.abs(field).max(),
        "driven(states, 0) is not rhs(states): without inputs both are F",
    )
    dt, held, paths = trial.driven_paths
    _responds(trial.spaces, paths, held, dt)


def _responds(spaces: Sequence[Eigenspace], states: NDArray, held: NDArray, dt: float) -> None:
    """Hold functions of what is seen (M, K + 1, p) to what they say of inputs (M, K, q)."""
    inputs = held if held.shape[-1] else None
    for space in spaces:
        few = few_of(space)
        values, here = values_of(few, states), states[:, :-1].copy()
        made = np.asarray(few.advanced(here, inputs, dt))
        size = np.abs(values).max(axis=(0, 1)) + 1e-300
        worst = float((np.abs(made - values[:, 1:]).max(axis=(0, 1)) / size).max())
        agree(
            worst <= ALONG,
            f"a function at {plain(space)} is off by {worst:.1e} of its size from what `advanced` "
            f"says after {dt:.3g}"
            + (", under inputs: their effect is not what it says" if held.shape[-1] else ""),
        )
        if inputs is None:
            continue
        other = np.asarray(few.advanced(here, inputs + 1.0, dt))
        moved = not np.array_equal(made, other)
        agree(
            moved == few.driven,
            f"the functions at {plain(space)} are {'' if few.driven else 'not '}`driven`, and "
            f"`advanced` {'depends' if moved else 'does not depend'} on the inputs",
        )
        gains = few.gains(dt)
        if gains is not None:
            linear = values[:, :-1] * few.multiplier(dt) + inputs @ gains.T
            worst = float((np.abs(linear - made).max(axis=(0, 1)) / size).max())
            agree(
                worst <= ALONG,
                f"the gains at {plain(space)} are off by {worst:.1e} of the size of the functions",
            )


def keeps_its_functions_of_sensors(trial: Trial) -> None:
    """Eigenfunctions of the sensor values obey their eigenvalue and their response to inputs."""
    system, n = trial.system, trial.system.size
    if system.stochastic or n < 2:
        raise Skip("it is stochastic" if system.stochastic else "it has one variable")
    rng = generator({"trial of": type(system).__name__}, "sensors")
    dt, held, paths = trial.driven_paths if system.inputs else _without_inputs(trial)
    seen, why = 0, ""
    for count in sorted({n - 1, (n + 1) // 2}):
        mixed = rng.standard_normal((count, n))
        for sensors in (Sensors.of_units(rng.permutation(n)[:count], n), Sensors(mixed)):
            try:
                spaces = system.observed(sensors, trial.max_degree)
                hidden = () if spaces else system.hidden(sensors, trial.max_degree)
            except NoKey as error:
                why = str(error)
                continue
            seen += 1
            _responds(spaces, sensors.observe(paths), held, dt)
            _responds(hidden, paths, held, dt)
    if not seen:
        raise Skip(why)


def _without_inputs(trial: Trial) -> tuple[float, NDArray, NDArray]:
    times, paths = trial.paths
    return float(times[1]), np.zeros((len(paths), len(times) - 1, 0)), paths


def is_drawn_from_its_seed(trial: Trial) -> None:
    """The same seed gives the same system, bit for bit."""
    if trial.make is None:
        raise Skip("it is made by no recipe or class")
    first, again = (trial.make(0) for _ in range(2))
    agree(
        np.array_equal(first.rhs(trial.initial.copy()), again.rhs(trial.initial.copy())),
        "two systems of one seed differ: draw all that is random from the generator that is given",
    )


def _quiet(check: Callable[[Trial], None]) -> Callable[[Trial], None]:
    """A check without NumPy's warnings of what it finds anyway."""

    @wraps(check)
    def quiet(trial: Trial) -> None:
        with np.errstate(all="ignore"):
            check(trial)

    return quiet


CHECKS = tuple(
    _quiet(check)
    for check in (
        takes_many_states_at_once,
        leaves_its_argument_alone,
        lists_its_eigenspaces,
        obeys_its_eigenvalues_along_trajectories,
        obeys_its_eigenvalues_at_every_state,
        has_the_dimension_that_it_says,
        holds_all_products,
        misses_nothing_at_its_fixed_point,
        stays_bounded_or_says_so,
        flows_as_its_vector_field_says,
        responds_to_inputs_as_it_says,
        keeps_its_functions_of_sensors,
        is_drawn_from_its_seed,
    )
)


def verify(trial: Trial) -> Iterator[Verdict]:
    """Run every check on a system.

    Yields
    ------
    Verdict
        One for each check, as soon as it is known. There is no time limit here:
        `koopmark.workers.verify` runs the checks in a separate process with one.
    """
    return (verdict(check, trial) for check in CHECKS)


def _mixed(trial: Trial, count: int) -> NDArray[np.float64]:
    """States of which half are on trajectories, and half are initial ones."""
    visited = trial.visited if not trial.system.stochastic else trial.initial
    rng = generator("contract", "states on trajectories")
    half = visited[rng.permutation(len(visited))[: count // 2]]
    return np.vstack([half, trial.states(count - len(half), "states for ranks")])


def _rank(values: NDArray) -> int:
    """Of functions by their values (P, m)."""
    norms = np.linalg.norm(values, axis=0)
    s = np.linalg.svd(values[:, norms > 0] / norms[norms > 0], compute_uv=False)
    return int(np.sum(s > INDEPENDENT * s.max(initial=0.0)))
