"""States, trajectories and claimed eigenfunctions on which the system checks run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark._errors import named
from koopmark._keys import generator
from koopmark._verdicts import Skip, agree
from koopmark.systems import System
from koopmark.truth import Eigenspace

STARTS = 12
"""Trajectories that are looked at."""
INSTANTS = 25
"""Times on each."""
RTOL, ATOL = 1e-11, 1e-13
"""Of their integration, the latter relative to the size of the initial states."""
ROUGH = 1e-6
"""RTOL where it only matters where trajectories end."""
EVALUATIONS = 20_000
"""Calls of the vector field that an integration may take."""

FOLDS = 3.0
"""How many times the slowest function changes by a factor e, if no horizon is given."""
TURNS = 60.0
"""How many times the fastest one may."""
GROWTH = 1e3
"""Factor by which no bounded trajectory grows."""
FAR = 30.0
"""Factor on the initial states for what all of R^N does."""

PER_STEP = 0.02, 5.0
"""Bounds on what counts as the rate of a function of a map."""
LEFT = 1e-3
"""Part of a function that is left after all but one of the steps on which ratios are compared."""
VANISHED = 1e-6
"""Part below which a single step leaves no ratio to compare."""
HELD = 4
"""Intervals of inputs."""

SAME = 1e-8
"""Relative distance up to which two eigenvalues are one."""
ROUNDING = 1e-11
"""Relative, of a velocity at one state computed in two ways."""

MOST = 300
"""Functions of a space that are looked at together; of more, a sample."""
SAMPLE = 40


@dataclass(frozen=True, eq=False)
class Trial:
    """A system with the states and trajectories that its claims are checked on.

    Parameters
    ----------
    system : System
    draw : callable
        Maps a number M and a random generator to initial states (M, N).
    max_degree : int
        Largest degree of the products whose eigenspaces are checked.
    horizon : float, optional
        Duration of the trajectories; by default a few times the slowest claimed time scale.
    start : str
        How messages name the initial states.
    make : callable, optional
        Maps a seed to the system of that seed.
    """

    system: System
    draw: Callable[[int, np.random.Generator], NDArray[np.float64]]
    max_degree: int = 2
    horizon: float | None = None
    start: str = "standard normal states"
    make: Callable[[int], System] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, system: System, make: Callable[[int], System] | None = None) -> "Trial":
        """A trial from normal initial states, or log-normal ones where only these are finite."""

        def normal(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
            return rng.standard_normal((count, system.size))

        def positive(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
            return np.exp(0.5 * rng.standard_normal((count, system.size)))

        trials = cls(system, normal, make=make), cls(system, positive, make=make)
        fits = trials[0]._is_finite or not trials[1]._is_finite
        return trials[0] if fits else replace(trials[1], start="log-normal states")

    @property
    def _is_finite(self) -> bool:
        """Whether the vector field and the claimed functions are where it starts."""
        with np.errstate(all="ignore"):
            try:
                values = [few.evaluate(self.initial.copy()) for few in map(few_of, self.spaces)]
                return all(np.isfinite(one).all() for one in (self.velocity(self.initial), *values))
            except Exception:  # noqa: BLE001 the checks say what is wrong
                return False

    def states(self, count: int, purpose: str = "states") -> NDArray[np.float64]:
        """Initial states (count, N), drawn independently for each `purpose`."""
        rng = generator({"trial of": type(self.system).__name__}, purpose)
        return np.array(self.system.reachable(self.draw(count, rng)), dtype=float)

    @cached_property
    def initial(self) -> NDArray[np.float64]:
        """Initial states (M, N) of the trajectories."""
        return self.states(STARTS)

    @cached_property
    def spaces(self) -> tuple[Eigenspace, ...]:
        """All claimed eigenspaces, each once; raises Skip if none can be computed with."""
        if self.fault:
            raise Skip("its eigenspaces cannot be computed with")
        return claimed(self.system, self.max_degree)

    @cached_property
    def has_field(self) -> bool:
        """Whether the vector field can be evaluated."""
        try:
            check_field(self)
        except Exception:  # noqa: BLE001 that check says what is wrong
            return False
        return True

    def needs_field(self) -> None:
        """Raise Skip if the vector field cannot be evaluated."""
        if not self.has_field:
            raise Skip("rhs must first take many states at once")

    @cached_property
    def fault(self) -> str:
        """The reason why the eigenspaces cannot be evaluated; empty if they can."""
        try:
            return _fault(self)
        except Exception as error:  # noqa: BLE001 foreign code may raise anything
            return f"its eigenspaces cannot be evaluated: {named(error)}"

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """Sorted |λ| of the claimed eigenspaces; for a map |log |μ|| per step, within bounds."""
        sizes = np.array([abs(space.eigenvalue) for space in self.spaces])
        if self.system.discrete:
            with np.errstate(divide="ignore"):
                sizes = np.clip(np.abs(np.log(sizes)), *PER_STEP)
        return np.sort(sizes)

    @cached_property
    def span(self) -> float:
        """Duration of the trajectories."""
        slowest, fastest = self.rates[0], self.rates[-1]
        wanted = FOLDS / slowest if self.horizon is None else self.horizon
        return float(min(wanted, TURNS / fastest))

    @cached_property
    def paths(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times (T,) and trajectories (M, T, N) integrated by SciPy's DOP853.

        They stop before they blow up or reach a state where a claimed function is not finite.
        """
        self.needs_field()
        span = self.span
        for _ in range(8):
            times = np.linspace(0.0, span, INSTANTS)
            if self.system.discrete:
                times = np.arange(min(np.ceil(span), INSTANTS) + 1.0)
            found = integrated(self.system, self.initial, times)
            if found is not None and self._finite_along(found):
                return times, found
            span /= 2.0
        raise Skip(f"its trajectories from {self.start} cannot be integrated")

    @cached_property
    def before_it_rounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The `paths` of a map before rounding dominates; None if not even one step is left.

        Constants of motion may be ratios of decayed functions, which end up as rounding errors.
        """
        times, paths = self.paths
        if not self.system.discrete:
            return times, paths
        sizes = [abs(space.eigenvalue) for space in self.spaces if space.eigenvalue != 0]
        factor = min(sizes, default=1.0)
        if factor < VANISHED:
            return None
        left = factor ** np.maximum(times - 1.0, 0.0) >= LEFT
        return times[left], paths[:, left]

    @cached_property
    def driven_paths(self) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """An interval, held inputs (M, K, q), and the states (M, K + 1, N) under these inputs.

        By DOP853 started anew at every switch, or step by step.
        """
        self.needs_field()
        system, count = self.system, len(self.initial)
        rng = generator({"trial of": type(system).__name__}, "inputs")
        held = 0.5 * rng.standard_normal((count, HELD, system.inputs))
        dt = 1.0 if system.discrete else self.span / (2.0 * HELD)
        states = [self.initial]
        for v in np.moveaxis(held, 1, 0):
            after = _under(system, v, states[-1], dt)
            if after is None:
                raise Skip(f"under inputs its trajectories from {self.start} cannot be followed")
            states.append(after)
        return dt, held, np.stack(states, axis=1)

    def _finite_along(self, paths: NDArray) -> bool:
        # What is not finite at the start already is for another check.
        starts = ((few, few.evaluate(paths[:, :1].copy())) for few in map(few_of, self.spaces))
        return all(
            np.isfinite(few.evaluate(paths.copy())[:, :, np.isfinite(at).all(axis=(0, 1))]).all()
            for few, at in starts
        )

    def velocity(self, states: NDArray) -> NDArray:
        """F at a copy of the states."""
        return np.asarray(self.system.rhs(np.array(states)))

    @cached_property
    def visited(self) -> NDArray[np.float64]:
        """States (P, N) on the trajectories."""
        return self.paths[1].reshape(-1, self.system.size)


def integrated(
    system: System, initial: NDArray, times: NDArray, most: float = np.inf, rtol: float = RTOL
) -> NDArray[np.float64] | None:
    """Trajectories (M, T, N) by SciPy's DOP853 from states (M, N); None if the integration fails.

    It fails if a value exceeds `most` or too many steps are needed.
    """
    if system.discrete:
        return _stepped(system, initial, times, most)
    # Of positive values there may be logarithms: they stay accurate however small they become.
    absolute = [0.0] if (initial > 0).all() else []
    for atol in (*absolute, ATOL * float(np.abs(initial).max() + 1e-300)):
        try:
            with np.errstate(all="ignore"):
                found = _solved(system, initial, times, most, rtol, atol)
        except (_Stuck, ValueError, FloatingPointError):
            continue
        if found is not None:
            return found
    return None


def _under(
    system: System, inputs: NDArray, states: NDArray, elapsed: float
) -> NDArray[np.float64] | None:
    """States (M, N) so much later under held inputs (M, q); None if they cannot be had."""
    if system.discrete:
        after = np.asarray(system.driven(states.copy(), inputs.copy()), dtype=float)
        return after if np.isfinite(after).all() else None
    found = _solved(_Held(system, inputs), states, np.array([0.0, elapsed]), np.inf, RTOL, ATOL)
    return None if found is None else found[:, 1]


@dataclass(frozen=True, eq=False)
class _Held:
    """The vector field under inputs (M, q) that stay as they are."""

    system: System
    inputs: NDArray[np.float64]

    def rhs(self, states: NDArray) -> NDArray:
        return self.system.driven(states, self.inputs.copy())


def _stepped(
    system: System, initial: NDArray, times: NDArray, most: float
) -> NDArray[np.float64] | None:
    """Of a map (M, T, N), at whole numbers of steps; None if a value exceeds `most`."""
    wanted = np.ceil(times).astype(int)
    x, states = np.array(initial, dtype=float), []
    with np.errstate(all="ignore"):
        for step in range(min(int(wanted[-1]), EVALUATIONS) + 1):
            states += [x] * int(np.sum(wanted == step))
            if not np.isfinite(x).all() or np.abs(x).max() > most:
                return None
            x = np.asarray(system.rhs(x.copy()), dtype=float)
    return np.stack(states, axis=1) if len(states) == len(times) else None


def _solved(
    system: System | _Held, initial: NDArray, times: NDArray, most: float, rtol: float, atol: float
) -> NDArray[np.float64] | None:
    from scipy.integrate import solve_ivp

    calls = 0

    def velocity(_: float, flat: NDArray) -> NDArray:
        nonlocal calls
        calls += 1
        if calls > EVALUATIONS:
            raise _Stuck
        return np.ravel(system.rhs(flat.reshape(initial.shape).copy()))

    def beyond(_: float, flat: NDArray) -> float:
        return float(most - np.abs(flat).max())

    beyond.terminal = True  # type: ignore[attr-defined]
    done = solve_ivp(
        velocity,
        (times[0], times[-1]),
        initial.ravel(),
        "DOP853",
        times,
        rtol=rtol,
        atol=atol,
        events=beyond if np.isfinite(most) else None,
    )
    if done.status != 0 or not np.isfinite(done.y).all():
        return None
    return np.moveaxis(done.y.reshape(*initial.shape, -1), -1, 1)


class _Stuck(Exception):
    """An integration takes too many steps."""


def check_field(trial: Trial) -> None:
    """Raise an AssertionError if F at many states differs from F at each of them."""
    states, n = trial.initial, trial.system.size
    many = trial.velocity(states)
    agree(
        many.shape == states.shape,
        f"rhs of {len(states)} states, of shape {states.shape}, has shape {many.shape}: it must "
        "take any number of states at once, so x₁ is states[..., 0]",
    )
    agree(
        many.dtype == np.float64,
        f"rhs of float64 states is {many.dtype}: a velocity must be float64",
    )
    agree(np.isfinite(many).all(), f"rhs is not finite at {trial.start}")
    size = np.abs(many).max() + 1e-300
    single = np.stack([trial.velocity(state) for state in states])
    worst = float(np.abs(single - many).max() / size)
    agree(
        worst <= ROUNDING,
        f"rhs at one state differs by {worst:.1e} from rhs at many: it must not depend on others",
    )
    strided = np.empty((2 * len(states), 2 * n))[::-2, ::2]
    strided[...] = states
    shapes: dict[str, tuple[NDArray, NDArray]] = {
        "states of two leading axes": (states.copy().reshape(3, -1, n), many.reshape(3, -1, n)),
        "no states": (states[:0].copy(), many[:0]),
        "states in Fortran's order": (states.copy(order="F"), many),
        "every other entry of an array": (strided, many),
    }
    for what, (given, wanted) in shapes.items():
        # None is looked at again: a copy in the call would lose the strides.
        found = np.asarray(trial.system.rhs(given))
        agree(
            found.shape == wanted.shape
            and np.abs(found - wanted).max(initial=0.0) <= ROUNDING * size,
            f"rhs of {what} is not what it is of the same states in an ordinary array",
        )
    out = np.full_like(many, np.nan)
    agree(
        np.array_equal(trial.system.rhs(states.copy(), out), out)
        and np.abs(out - many).max() <= ROUNDING * size,
        "rhs does not write into `out`, or returns something else",
    )


def _fault(trial: Trial) -> str:
    """What keeps the claimed eigenspaces from being computed with."""
    for given in trial.system.eigenspaces(trial.max_degree):
        if not isinstance(given, Eigenspace):
            return f"eigenspaces has a {type(given).__name__}: it must be an Eigenspace"
    spaces = claimed(trial.system, trial.max_degree)
    if not spaces:
        return "it claims no eigenspace: there is nothing to find"
    for space in spaces:
        if not np.isfinite(space.eigenvalue) or space.eigenvalue == constant_of(trial.system):
            return (
                f"an eigenspace is at {space.eigenvalue!r}: eigenvalues are finite, and constants "
                "of motion belong in `conserved`"
            )
        if space.discrete != trial.system.discrete:
            says = "a map" if space.discrete else "a flow"
            return (
                f"the system is {'a map' if trial.system.discrete else 'a flow'}, and the "
                f"eigenspace at {plain(space)} is one of {says}"
            )
        few, states = few_of(space), trial.initial[:3]
        for at in (states, states[:, None]):
            shape = np.shape(few.evaluate(at.copy()))
            wanted = (*at.shape[:-1], few.dimension)
            if shape != wanted:
                return (
                    f"the functions at {plain(space)} have shape {shape} at states of shape "
                    f"{at.shape}: it must be {wanted}, so x₁ is states[..., 0]"
                )
    return ""


def values_of(space: Eigenspace, states: NDArray) -> NDArray:
    """Values (..., m) of the functions of a space at a copy of the states."""
    return np.asarray(space.evaluate(np.array(states)))


def claimed(system: System, degree: int) -> tuple[Eigenspace, ...]:
    """The targets, followed by exact eigenspaces that are no targets."""
    targets = tuple(system.targets(degree))
    others = (
        space
        for space in system.eigenspaces(degree)
        if at_eigenvalue(targets, space.eigenvalue) is None
    )
    return (*targets, *others)


def few_of(space: Eigenspace) -> Eigenspace:
    """The space itself, or a sample of its directions if it is large."""
    if space.dimension <= MOST:
        return space
    return space.sample(SAMPLE, generator("contract", "sample of an eigenspace"))


def at_eigenvalue(spaces: Sequence[Eigenspace], value: complex) -> Eigenspace | None:
    """The first of `spaces` at this eigenvalue; None if there is none."""
    near = SAME * max(1e-300, abs(value))
    return next((space for space in spaces if abs(space.eigenvalue - value) <= near), None)


def constant_of(system: System) -> float:
    """The eigenvalue of constants of motion: 0 for a flow, 1 for a map."""
    return 1.0 if system.discrete else 0.0


def plain(space: Eigenspace) -> str:
    return f"{'μ' if space.discrete else 'λ'} = {number(space.eigenvalue)}"


def number(value: complex) -> str:
    return f"{complex(value).real if complex(value).imag == 0 else complex(value):.6g}"
