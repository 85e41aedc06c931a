"""Data sets on which the method checks run, each with its answer key."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import block_diag, logm

from koopmark.datasets import AnswerKey
from koopmark.simulation import Trajectories, simulate
from koopmark.systems import LinearSystem, three_populations

MATRIX = np.array([[0.9, 0.3, 0.0], [-0.2, 0.7, 0.1], [0.0, 0.1, 0.5]])
"""x⁺ = A x of the linear data: one real eigenvalue and a complex pair."""

DT = 0.1

Sample = tuple[Trajectories, AnswerKey]
"""Arguments of `Method.fit_with`."""


def iterated(
    matrix: NDArray, initial: NDArray, steps: int, sensors: NDArray | None = None
) -> Sample:
    """Trajectories of x⁺ = A x from each row of `initial`, seen by `sensors`.

    The key has the vector field ẋ = G x with e^{GΔt} = A, and no targets.
    """
    states = np.empty((len(initial), steps + 1, initial.shape[1]))
    states[:, 0] = initial
    for k in range(steps):
        states[:, k + 1] = states[:, k] @ matrix.T
    generator = _generator(tuple(map(tuple, matrix)))
    if sensors is not None:
        states, generator = states @ sensors.T, sensors @ generator @ np.linalg.pinv(sensors)
    times = np.linspace(0.0, steps * DT, steps + 1)
    key = AnswerKey((), states.shape[2], vector_field=lambda x: x @ generator.T)
    return Trajectories(states, times), key


@cache
def _generator(rows: tuple[tuple[float, ...], ...]) -> NDArray[np.float64]:
    """G with e^{GΔt} = A, the matrix of these rows."""
    return np.asarray(logm(np.array(rows)).real / DT)


def linear() -> Sample:
    """Thirty trajectories of ten steps of a linear system in three dimensions."""
    return iterated(MATRIX, _initial(), 10)


def decaying(states: int) -> Sample:
    """Ten trajectories that decay at one rate, with so many states each, and the target."""
    system = LinearSystem(-np.eye(2), np.eye(2), -np.ones(2, complex))
    data, _ = iterated(np.exp(-DT) * np.eye(2), _initial()[:10, :2], states - 1)
    return data, AnswerKey.of(system)


GAINS = np.array([[1.0, 0.0], [0.5, -2.0], [0.0, 0.7]])
"""B of the driven data x⁺ = A x + B v, A the `MATRIX`."""


def driven(one: bool, seed: int = 0, held: int = 1) -> Sample:
    """Thirty trajectories of ten steps with white inputs, or one trajectory of sixty steps.

    Inputs are kept for so many steps each.
    """
    rng = np.random.default_rng(seed)
    count, steps = (1, 60) if one else (30, 10)
    inputs = np.repeat(rng.standard_normal((count, steps // held + 1, 2)), held, axis=1)
    inputs = inputs[:, : steps + 1]
    states = np.empty((count, steps + 1, 3))
    states[:, 0] = rng.standard_normal((count, 3))
    for k in range(steps):
        states[:, k + 1] = states[:, k] @ MATRIX.T + inputs[:, k] @ GAINS.T
    data = Trajectories(states, np.linspace(0.0, steps * DT, steps + 1), inputs=inputs)
    return data, AnswerKey((), 3, inputs=2)


def driven_with_gaps(one: bool) -> Sample:
    """The `driven` data with gaps, short trials and inputs missing in the gaps."""
    data, key = driven(one)
    states, inputs = data.states.copy(), np.array(data.inputs)
    first, gap, end = (0, 5, 55) if one else (1, 3, 7)
    for values in (states, inputs):
        values[first::3, gap] = np.nan
        values[first::4, end:] = np.nan
    return Trajectories(states, data.times, inputs=inputs), key


def driven_functions(states: NDArray) -> Iterator[tuple[complex, NDArray, NDArray]]:
    """Each μ of the driven data, its function (P, 1) at states (P, 3), and its gains (1, 2)."""
    values, left = np.linalg.eig(MATRIX.T)
    for value, vector in zip(values, left.T, strict=True):
        yield complex(value), states @ vector[:, None], vector[None] @ GAINS


STEP_VALUES = np.array([0.8, -0.6, 0.0])
"""μ of the map: of a negative one, and of 0, no logarithm tells all."""


def mapped() -> Sample:
    """Thirty trajectories of a linear map, for which the unit of time is one step."""
    matrix = _similar(np.diag(STEP_VALUES))
    states = [_initial()]
    for _ in range(6):
        states.append(states[-1] @ matrix.T)
    return Trajectories(np.stack(states, axis=1), dt=1.0), AnswerKey((), 3, discrete=True)


def _initial() -> NDArray[np.float64]:
    return np.random.default_rng(0).standard_normal((30, 3))


def nonlinear() -> Sample:
    """Twenty-five trajectories of the three-population example, with its exact eigenspaces."""
    data, key = _simulated()
    # A copy: a fit may change its data.
    return replace(data, states=data.states.copy()), key


@cache
def _simulated() -> Sample:
    system = three_populations()
    initial = np.random.default_rng(0).uniform(-3.0, 3.0, (25, 3))
    made = simulate(system, initial, np.linspace(0.0, 3.0, 31), rtol=1e-11)
    return made.without_origin(), AnswerKey.of(system, 2)


_VALUES, _VECTORS = np.linalg.eig(MATRIX)
_REAL, _PAIR = (_VECTORS[:, k(abs(_VALUES.imag))] for k in (np.argmin, np.argmax))
_PLANE = np.stack([_PAIR.real, _PAIR.imag])

DATA: dict[str, Callable[[], Sample]] = {
    "linear": linear,
    "trajectory": lambda: iterated(MATRIX, np.array([[1.0, 2.0, 3.0]]), 30),
    "axes": lambda: iterated(np.diag([0.9, 0.7, 0.5]), np.diag([3.0, 2.0, 1.0]), 10),
    "line": lambda: iterated(MATRIX, np.outer([1.0, 2.0, -1.0], _REAL.real), 10),
    "plane": lambda: iterated(MATRIX, _initial()[:, :2] @ _PLANE, 10),
    "nonlinear": nonlinear,
}
"""Data by name. `Tags.recovers` names those on which a method must be exact: thirty trajectories;
one; three along the axes of a diagonal matrix; some along the real eigenvector of `MATRIX`; some in
the plane of its complex pair; and those of a nonlinear system."""


def exact(name: str) -> NDArray:
    """The discrete eigenvalues that a method must recover from these data."""
    if name == "nonlinear":
        return np.exp(DT * np.array([space.eigenvalue for space in nonlinear()[1].targets]))
    if name == "axes":
        return np.array([0.9, 0.7, 0.5])
    if name in ("line", "plane"):
        return _VALUES[(abs(_VALUES.imag) > 1e-6) == (name == "plane")]
    return _VALUES


POISON = 1e3
"""Value of the other channels where one was not recorded."""


def with_gaps(name: str) -> Sample:
    """The data of this name with gaps, short trials and uneven times, as in recordings.

    The times of the last quarter of the first trajectory are uneven. In every third from the second
    on one channel is missing at one time, and every third from the third on ends early. If there is
    one trajectory alone, it has the gap as well. What is left shows the same eigenvalues.
    """
    data, key = DATA[name]()
    states, (count, length) = data.states, data.states.shape[:2]
    times = np.tile(data.times, (count, 1))
    late, shifts, moved = _uneven(name)
    times[0, late] += shifts
    states[0, late] = moved
    first, gap = (0, 4) if count == 1 else (1, length // 3)
    states[first::3, gap] = POISON
    states[first::3, gap, -1] = np.nan
    states[2::3, 2 * length // 3 :] = np.nan
    return Trajectories(states, times), key


@cache
def _uneven(name: str) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """The last quarter of the first trajectory: indices, shifts in time, and the states then."""
    data, key = DATA[name]()
    late = np.arange(3 * len(data.times) // 4 + 1, len(data.times))
    shifts = DT * np.where(late % 2, 0.3, -0.2)
    before, field = data.states[0, late], key.vector_field
    assert field is not None
    # All over the same time s from 0 to 1, each at a speed of its own.
    after = solve_ivp(
        lambda _, x: (shifts[:, None] * field(x.reshape(before.shape))).ravel(),
        (0.0, 1.0),
        before.ravel(),
        method="DOP853",
        rtol=1e-12,
        atol=1e-14,
    )
    return late, shifts, after.y[:, -1].reshape(before.shape)


def without_gaps(data: Trajectories) -> Trajectories:
    """The data of `with_gaps` as trajectories of recorded states only, at the same times."""
    kept = data.recorded.mask
    times = np.broadcast_to(data.times, kept.shape)
    return Trajectories.from_arrays(
        [states[known] for states, known in zip(data.states, kept, strict=True)],
        times=[row[known] for row, known in zip(times, kept, strict=True)],
    )


@dataclass(frozen=True, eq=False)
class Case:
    """Linear dynamics x⁺ = A x, observed as s = x Cᵀ + c."""

    matrix: NDArray[np.float64]
    sensors: NDArray[np.float64] | None = None
    offsets: NDArray[np.float64] | float = 0.0
    units: float = 1.0

    def data(self, one: bool) -> Sample:
        """Simulate many trajectories of it, or one."""
        initial = np.random.default_rng(1).standard_normal((30, len(self.matrix)))
        sensors = np.eye(len(self.matrix)) if self.sensors is None else self.sensors
        made, key = iterated(
            self.matrix, initial[:1] if one else initial, 30 if one else 10, sensors
        )
        return Trajectories(self.units * (made.states + self.offsets), made.times), key

    def functions(self, states: NDArray) -> Iterator[tuple[complex, NDArray]]:
        """Each discrete eigenvalue with its eigenfunctions (P, m) at states (P, n)."""
        values, left = np.linalg.eig(self.matrix.T)
        centred = states - self.units * self.offsets
        inner = centred if self.sensors is None else centred @ np.linalg.pinv(self.sensors).T
        for value in values:
            same = abs(values - value) <= 1e-9
            if np.argmax(same) == np.argmin(abs(values - value)):
                yield complex(value), inner @ left[:, same]


def _similar(matrix: NDArray) -> NDArray[np.float64]:
    """The same dynamics in other coordinates: no channel is an eigenfunction."""
    n = len(matrix)
    change = np.eye(n) + 0.5 * np.tri(n, k=-1) - 0.3 * np.tri(n, k=-1).T
    return np.asarray(change @ matrix @ np.linalg.inv(change))


_C, _S = np.cos(12.0 * DT), np.sin(12.0 * DT)
_FAST_PAIR = np.exp(-0.5 * DT) * np.array([[_C, _S], [-_S, _C]])
_FOUR_SENSORS = np.vstack([np.eye(3), [[0.5, -1.0, 0.3]]])

CASES: dict[str, tuple[Case, ...]] = {
    "fast": (Case(_similar(block_diag(_FAST_PAIR, np.exp(-0.03), np.exp(-0.12)))),),
    "repeated": (Case(_similar(np.diag([0.9, 0.9, 0.9, 0.5]))),),
    "low rank": (Case(MATRIX, _FOUR_SENSORS), Case(MATRIX, np.eye(3)[[0, 1, 2, 0]])),
    "constant": (
        Case(MATRIX, np.vstack([np.eye(3), np.zeros((1, 3))]), np.array([0.0, 0.0, 0.0, 2.0])),
    ),
    "units": (Case(MATRIX, units=1e-8), Case(MATRIX, units=1e8)),
}
"""Data on which a method that recovers linear data must find every eigenvalue: a fast pair beside
slow rates, an eigenvalue of multiplicity three, more channels than states and a channel twice, a
constant channel, very small and very large units. `Tags.loses` names those it need not."""
