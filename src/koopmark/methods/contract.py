"""What every method keeps to, whatever it computes: checks that run on any `Method`.

`verify` runs all of them; each is a function of a method that raises an AssertionError, whose
text is a sentence, where the method breaks it.
"""

import json
import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy.linalg import block_diag, logm

from koopmark._errors import ConfigError
from koopmark.methods.method import Method, Skip
from koopmark.models import Model
from koopmark.simulation import Trajectories, simulate
from koopmark.systems import System, three_populations
from koopmark.truth import Eigenspace

MATRIX = np.array([[0.9, 0.3, 0.0], [-0.2, 0.7, 0.1], [0.0, 0.1, 0.5]])
"""x⁺ = A x of the linear data: one real eigenvalue and a complex pair."""

DT = 0.1
SPANNED = 1e-6
"""Relative error to which eigenfunctions are combinations of the dictionary."""


@dataclass(frozen=True, eq=False)
class Flow(System):
    """ẋ = G x with e^{GΔt} = A: the vector field behind the linear data."""

    generator: NDArray[np.float64]

    @property
    def size(self) -> int:
        return len(self.generator)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        return np.matmul(states, self.generator.T, out=out)

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:  # noqa: ARG002
        return ()


def _iterated(matrix: NDArray, initial: NDArray, steps: int) -> Trajectories:
    """Trajectories of x⁺ = A x from each row of `initial`, with their vector field."""
    states = np.empty((len(initial), steps + 1, initial.shape[1]))
    states[:, 0] = initial
    for k in range(steps):
        states[:, k + 1] = states[:, k] @ matrix.T
    times = np.linspace(0.0, steps * DT, steps + 1)
    return Trajectories(states, times, system=Flow(logm(matrix).real / DT))


def _initial() -> NDArray[np.float64]:
    return np.random.default_rng(0).standard_normal((30, 3))


def _linear() -> Trajectories:
    """Thirty trajectories of ten steps that fill three dimensions."""
    return _iterated(MATRIX, _initial(), 10)


def _trajectory() -> Trajectories:
    """One trajectory of thirty steps."""
    return _iterated(MATRIX, np.array([[1.0, 2.0, 3.0]]), 30)


def _axes() -> Trajectories:
    """Three trajectories along the axes of a diagonal matrix."""
    return _iterated(np.diag([0.9, 0.7, 0.5]), np.diag([3.0, 2.0, 1.0]), 10)


def _line() -> Trajectories:
    """Trajectories along the real eigenvector."""
    eigenvalues, vectors = np.linalg.eig(MATRIX)
    real = vectors[:, np.argmin(abs(eigenvalues.imag))].real
    return _iterated(MATRIX, np.outer([1.0, 2.0, -1.0], real), 10)


def _plane() -> Trajectories:
    """Trajectories in the plane of the complex pair."""
    eigenvalues, vectors = np.linalg.eig(MATRIX)
    pair = vectors[:, np.argmax(abs(eigenvalues.imag))]
    return _iterated(MATRIX, _initial()[:, :2] @ np.stack([pair.real, pair.imag]), 10)


@cache
def nonlinear() -> Trajectories:
    """Twenty-five trajectories of the three-population example, with its exact eigenspaces."""
    system = three_populations()
    initial = np.random.default_rng(0).uniform(-3.0, 3.0, (25, 3))
    made = simulate(system, initial, np.linspace(0.0, 5.0, 51), rtol=1e-11)
    return Trajectories(made.states, made.times, system=system, targets=system.eigenspaces(2))


DATA: dict[str, Callable[[], Trajectories]] = {
    "linear": _linear,
    "flow": _linear,
    "trajectory": _trajectory,
    "axes": _axes,
    "line": _line,
    "plane": _plane,
    "nonlinear": nonlinear,
}
"""Data by name; `Method.recovers` names those on which a method must be exact."""


@dataclass(frozen=True, eq=False)
class Case:
    """Linear dynamics x⁺ = A x, seen as s = x Cᵀ + c."""

    matrix: NDArray[np.float64]
    sensors: NDArray[np.float64] | None = None
    offsets: NDArray[np.float64] | None = None
    units: float = 1.0

    def data(self, kind: str) -> Trajectories:
        """Many trajectories of it, or one for a method that is fitted to `trajectory` data."""
        n = len(self.matrix)
        initial = np.random.default_rng(1).standard_normal((30, n))
        one = kind == "trajectory"
        made = _iterated(self.matrix, initial[:1] if one else initial, 30 if one else 10)
        sensors = np.eye(n) if self.sensors is None else self.sensors
        offsets = np.zeros(len(sensors)) if self.offsets is None else self.offsets
        field = sensors @ (logm(self.matrix).real / DT) @ np.linalg.pinv(sensors)
        states = self.units * (made.states @ sensors.T + offsets)
        return Trajectories(states, made.times, system=Flow(field))

    def functions(self, states: NDArray) -> Iterator[tuple[complex, NDArray]]:
        """Each discrete eigenvalue with all its eigenfunctions (P, m) at states (P, n)."""
        values, left = np.linalg.eig(self.matrix.T)
        centred = states if self.offsets is None else states - self.units * self.offsets
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


def _turning(rate: float, frequency: float) -> NDArray[np.float64]:
    """One step of a pair at rate ± i frequency."""
    c, s = np.cos(frequency * DT), np.sin(frequency * DT)
    return np.exp(rate * DT) * np.array([[c, s], [-s, c]])


FOUR = np.vstack([np.eye(3), [[0.5, -1.0, 0.3]]])
"""Four sensors of three states."""

CASES: dict[str, tuple[Case, ...]] = {
    "fast": (Case(_similar(block_diag(_turning(-0.5, 12.0), np.exp(-0.03), np.exp(-0.12)))),),
    "repeated": (Case(_similar(np.diag([0.9, 0.9, 0.9, 0.5]))),),
    "low rank": (Case(MATRIX, FOUR), Case(MATRIX, np.eye(3)[[0, 1, 2, 0]])),
    "constant": (
        Case(MATRIX, np.vstack([np.eye(3), np.zeros((1, 3))]), np.array([0.0, 0.0, 0.0, 2.0])),
    ),
    "units": (Case(MATRIX, units=1e-8), Case(MATRIX, units=1e8)),
}
"""Data on which a method that recovers linear data must find every eigenvalue: a fast pair beside
slow rates, an eigenvalue of multiplicity three, more channels than states and a channel twice, a
constant channel, very small and very large units. `Method.loses` names those it need not."""

VANISHED = 1e-3
"""Discrete eigenvalues up to this size say that something is gone after a step, whatever it was."""


def _exact(name: str) -> NDArray:
    """The discrete eigenvalues that these data show."""
    every = np.linalg.eigvals(MATRIX)
    if name == "nonlinear":
        return np.exp(DT * np.array([space.eigenvalue for space in nonlinear().targets]))
    if name == "axes":
        return np.array([0.9, 0.7, 0.5])
    if name in ("line", "plane"):
        return every[(abs(every.imag) > 1e-6) == (name == "plane")]
    return every


def _states(data: Trajectories, model: Model) -> NDArray[np.float64]:
    """All windows of the data as the model takes them, (P, w, N)."""
    windows = data.windows(model.window)
    return windows.reshape(-1, *windows.shape[2:])


def gives_a_model(method: Method) -> None:
    """Shapes and types of everything that a model has."""
    data = nonlinear()
    _check_shapes(method.fit(data), data)


def _check_shapes(model: Model, data: Trajectories) -> None:
    windows = data.windows(model.window)[:, 0]
    count = len(model.eigenvalues)
    _agree(model.eigenvalues.shape == (count,), "eigenvalues must have shape (s,)")
    _agree(np.iscomplexobj(model.eigenvalues), "eigenvalues must be complex")
    values = model.eigenfunctions(windows)
    wanted = (len(windows), count)
    _agree(
        values.shape == wanted, f"eigenfunctions must have shape {wanted}, they have {values.shape}"
    )
    _agree(np.iscomplexobj(values), "values of eigenfunctions must be complex")
    listed = model.dictionary(windows)
    _agree(
        listed is None or (listed.ndim == 2 and len(listed) == len(windows)),
        "the dictionary must have one row for each window",
    )
    predicted = model.predict(windows, data.dt * np.arange(1, 5))
    ahead = (len(windows), 4, data.states.shape[2])
    _agree(
        predicted is None or predicted.shape == ahead,
        f"a prediction at 4 times must have shape {ahead}",
    )
    residuals = model.residuals
    _agree(
        residuals is None or residuals.shape == (count,), "there must be one residual for each pair"
    )
    _agree(isinstance(model.note, str), "the note must be text")
    _agree(
        model.window == 1 or math.isclose(getattr(model, "dt", np.nan), data.dt, rel_tol=1e-9),
        "a model of windows needs dt, the sampling interval of the data",
    )


def is_exact_where_it_must_be(method: Method) -> None:
    """φ(x⁺) = e^{λΔt} φ(x) and true eigenvalues on the data that it must recover."""
    data = _recoverable(method)
    model = method.fit(data)
    _agree(len(model.eigenvalues) > 0, "no eigenpair was recovered")
    factors = np.exp(model.eigenvalues * data.dt)
    worst = float(_misses(model, data, factors).max())
    _agree(
        worst <= method.exactness,
        f"an eigenfunction breaks φ(x⁺) = e^(λΔt) φ(x) by {worst:.1e} on data that must be "
        f"recovered to {method.exactness:.0e}: are these modes, or rows for columns?",
    )
    for exact in _exact(method.recovers):
        distance = float(abs(factors - exact).min())
        _agree(
            distance <= method.exactness,
            f"the eigenvalue e^(λΔt) = {exact:.3g} of these data is not recovered: the nearest is "
            f"{distance:.1e} away",
        )


def _finds_everything(method: Method, name: str) -> None:
    unknown = set(method.loses) - set(CASES)
    if unknown:
        raise ConfigError(
            f"{type(method).__name__}.loses names {', '.join(sorted(unknown))}: it may name "
            f"{', '.join(CASES)}"
        )
    _recoverable(method)
    if method.recovers not in ("linear", "flow", "trajectory"):
        raise Skip(f"it must be exact on data of the kind {method.recovers!r} alone")
    if name == "repeated" and method.recovers == "trajectory":
        raise Skip("one trajectory shows one eigenfunction of each eigenvalue")
    if name in method.loses:
        raise Skip(method.loses[name])
    for case in CASES[name]:
        _is_complete(method, case, case.data(method.recovers))


def _is_complete(method: Method, case: Case, data: Trajectories) -> None:
    """Every eigenvalue with its multiplicity and its eigenfunctions, and no other pair."""
    model = method.fit(data)
    factors = np.exp(model.eigenvalues * data.dt)
    limit = 10 * method.exactness
    values = model.eigenfunctions(_states(data, model))
    last = data.states[:, model.window - 1 :].reshape(-1, data.states.shape[2])
    for exact, functions in case.functions(last):
        near = abs(factors - exact) <= limit
        wanted = functions.shape[1]
        _agree(
            near.sum() >= wanted,
            f"the eigenvalue e^(λΔt) = {exact:.3g} of these data is found {near.sum()} times, its "
            f"multiplicity is {wanted}; the nearest is {abs(factors - exact).min():.1e} away",
        )
        spanned = np.linalg.qr(values[:, near] / np.linalg.norm(values[:, near], axis=0))[0]
        functions = functions / np.linalg.norm(functions, axis=0)
        error = np.linalg.norm(functions - spanned @ (spanned.conj().T @ functions), 2)
        _agree(
            error <= 10 * limit,
            f"eigenfunctions at e^(λΔt) = {exact:.3g} are off by {error:.1e}: they do not span all "
            f"{wanted} that there are",
        )
    lasting = abs(factors) > VANISHED
    worst = np.where(lasting, _misses(model, data, factors), 0.0)
    _agree(
        worst.max() <= limit,
        f"the eigenvalue λ = {model.eigenvalues[worst.argmax()]:.3g} is not one of these data: its "
        f"function breaks φ(x⁺) = e^(λΔt) φ(x) by {worst.max():.1e}",
    )


def finds_fast_pairs_beside_slow_rates(method: Method) -> None:
    """Every eigenvalue of an oscillation beside slow decays is recovered."""
    _finds_everything(method, "fast")


def finds_repeated_eigenvalues(method: Method) -> None:
    """An eigenvalue comes as often as it is there, with independent eigenfunctions."""
    _finds_everything(method, "repeated")


def works_in_the_rank_of_the_data(method: Method) -> None:
    """More channels than states, or one channel twice, change no eigenvalue and add none."""
    _finds_everything(method, "low rank")


def ignores_a_constant_channel(method: Method) -> None:
    """A channel that is constant changes no eigenvalue and adds only that of a constant."""
    _finds_everything(method, "constant")


def knows_no_units(method: Method) -> None:
    """Data in units 1e8 times smaller or larger have the same eigenvalues."""
    _finds_everything(method, "units")


def says_what_the_data_leave_in_doubt(method: Method) -> None:
    """The note says the rank of data of fewer dimensions than channels."""
    data = CASES["low rank"][0].data(method.recovers)
    try:
        note = method.fit(data).note
    except ValueError as error:
        _agree(bool(str(error).strip()), "data of low rank are refused without a word")
        return
    _agree(
        "rank 3 of 4" in note,
        "the note of the model does not say that the data have rank 3 in 4 channels",
    )


def reads_numbers_of_every_type(method: Method) -> None:
    """Integers and single precision give what their values in double precision give."""
    some = " " in method.recovers
    data = nonlinear() if some else _recoverable(method)
    # Products of the integers exceed what 8 bits hold.
    whole = np.round(120.0 / abs(data.states).max() * data.states).astype(np.int8)
    kinds: tuple[NDArray, ...] = (whole, data.states.astype(np.float32))
    for states in kinds:
        try:
            copy = method.fit(replace(data, states=states.astype(float)))
        except ValueError:
            continue
        model = method.fit(replace(data, states=states))
        same = len(model.eigenvalues) == len(copy.eigenvalues) and np.allclose(
            np.exp(model.eigenvalues * data.dt), np.exp(copy.eigenvalues * data.dt), rtol=1e-9
        )
        _agree(same, f"{states.dtype} states give other eigenvalues than their float64 copy")


def _misses(model: Model, data: Trajectories, factors: NDArray) -> NDArray[np.float64]:
    """(s,) ‖φ(x⁺) - e^{λΔt} φ(x)‖ / ‖φ(x)‖ over all pairs of the data."""
    missed, size = 0.0, 0.0
    for along in data.windows(model.window):
        values = model.eigenfunctions(along)
        missed += np.sum(abs(values[1:] - values[:-1] * factors) ** 2, axis=0)
        size += np.sum(abs(values[:-1]) ** 2, axis=0)
    return np.asarray(np.sqrt(missed / size))


def predicts_what_it_recovers(method: Method) -> None:
    """A prediction, where it makes any, continues the data that it must recover."""
    data = _recoverable(method)
    model = method.fit(data)
    w = model.window
    predicted = model.predict(data.windows(w)[:, 0], data.dt * np.arange(1, 6))
    if predicted is None or method.recovers == "nonlinear":
        return
    error = abs(predicted - data.states[:, w : w + 5]).max() / abs(data.states).max()
    limit = 10 * method.exactness
    _agree(error <= limit, f"the prediction is off by {error:.1e} on data that must be recovered")


def combines_its_dictionary(method: Method) -> None:
    """Eigenfunctions are linear combinations of the dictionary, where it is listed."""
    data = nonlinear()
    model = method.fit(data)
    windows = _states(data, model)
    values, listed = model.eigenfunctions(windows), model.dictionary(windows)
    if listed is None:
        return
    sizes = np.linalg.norm(values, axis=0)
    values = values[:, sizes > 0] / sizes[sizes > 0]
    listed = listed.astype(complex)
    found = np.linalg.lstsq(listed, values, rcond=1e-13)[0]
    error = abs(listed @ found - values).max(initial=0.0)
    _agree(
        error <= SPANNED, f"eigenfunctions leave the span of the dictionary by {error:.1e} at worst"
    )


def repeats_itself(method: Method) -> None:
    """Two fits to the same data give the same bits."""
    data = nonlinear()
    first, second = method.fit(data), method.fit(data)
    windows = _states(data, first)
    same = np.array_equal(first.eigenvalues, second.eigenvalues, equal_nan=True)
    same = same and np.array_equal(
        first.eigenfunctions(windows), second.eigenfunctions(windows), equal_nan=True
    )
    _agree(same, "two fits to the same data differ: whatever is random needs a field `seed`")


def leaves_the_world_alone(method: Method) -> None:
    """Neither the data nor the global random generators are changed."""
    data = nonlinear()
    states = data.states.copy()
    method.prepare()
    # Leave the states that seeding would have left, so that a restored one is told from those.
    np.random.random(), random.random()  # noqa: NPY002
    before = _generators()
    method.fit(data)
    _agree(_generators() == before, "a global random generator is in another state after the fit")
    _agree(np.array_equal(data.states, states), "the fit changed the data")


def _generators() -> tuple[bytes, ...]:
    drawn = np.random.get_state(legacy=False)  # noqa: NPY002
    inner = drawn["state"]
    states = [inner["key"].tobytes(), repr({**drawn, "state": inner["pos"]}).encode()]
    torch = sys.modules.get("torch")
    if torch is not None:
        states.append(torch.get_rng_state().numpy().tobytes())
    return (*states, repr(random.getstate()).encode())


def takes_one_trajectory(method: Method) -> None:
    """One trajectory gives a model with finite eigenfunctions.

    A method that needs the system refuses one without it.
    """
    data = _trajectory()
    if method.needs_system:
        _refuses(method, data.states, "data without the system that it needs")
        data = replace(nonlinear(), states=nonlinear().states[:1], diverged_at=np.full(1, np.nan))
    model = method.fit(data)
    _check_shapes(model, data)
    _agree(
        np.isfinite(model.eigenfunctions(_states(data, model))).all(),
        "eigenfunctions are not finite on the one trajectory that they were fitted to",
    )


def takes_one_pair_or_says_why_not(method: Method) -> None:
    """Two states give a model, or a ValueError with a sentence."""
    data = _iterated(MATRIX, np.array([[1.0, 2.0, 3.0]]), 1)
    try:
        model = method.fit(data)
    except ValueError as error:
        _agree(bool(str(error).strip()), "a single pair is refused without a word")
        return
    if model.window <= 2:
        _check_shapes(model, data)


def refuses_constant_data(method: Method) -> None:
    """Data that do not vary are refused."""
    _refuses(method, np.ones((3, 40, 2)), "constant data")


def refuses_what_is_not_finite(method: Method) -> None:
    """Data with a NaN or an infinity are refused."""
    states = np.random.default_rng(0).standard_normal((3, 40, 2))
    for bad in (np.nan, np.inf):
        states[1, 4, 0] = bad
        _refuses(method, states.copy(), f"data with {bad}")


def _refuses(method: Method, states: NDArray, what: str) -> None:
    try:
        method.fit(Trajectories(states, np.arange(states.shape[1], dtype=float)))
    except ValueError as error:
        _agree(bool(str(error).strip()), f"{what} are refused without a word")
        return
    raise AssertionError(f"{what} are not refused with a ValueError")


def survives_json(method: Method) -> None:
    """Its options, written as JSON and read again, give the same method."""
    written = json.dumps(method.to_options(), allow_nan=False)
    read = TypeAdapter(type(method)).validate_json(written, strict=True)
    _agree(read == method, f"options do not survive JSON: {read} is not {method}")


CHECKS: tuple[Callable[[Method], None], ...] = (
    gives_a_model,
    is_exact_where_it_must_be,
    finds_fast_pairs_beside_slow_rates,
    finds_repeated_eigenvalues,
    works_in_the_rank_of_the_data,
    ignores_a_constant_channel,
    knows_no_units,
    says_what_the_data_leave_in_doubt,
    reads_numbers_of_every_type,
    predicts_what_it_recovers,
    combines_its_dictionary,
    repeats_itself,
    leaves_the_world_alone,
    takes_one_trajectory,
    takes_one_pair_or_says_why_not,
    refuses_constant_data,
    refuses_what_is_not_finite,
    survives_json,
)


@dataclass(frozen=True)
class Verdict:
    """How one check ended: `status` is passed, broken or skipped, `reason` says why."""

    check: str
    claim: str
    status: str
    reason: str = ""


def verify(method: Method) -> Iterator[Verdict]:
    """Run every check on a method, as it is given.

    Yields
    ------
    Verdict
        One for each check, as soon as it is known. What hangs, hangs:
        `koopmark.workers.verify` does the same in a process of its own, with a time limit.
    """
    return (verdict(check, method) for check in CHECKS)


def verdict(check: Callable[[Method], None], method: Method) -> Verdict:
    """How one check of a method ends."""
    return Verdict(*described(check), *_ended(check, method))


def described(check: Callable[[Method], None]) -> tuple[str, str]:
    """The name of a check, and what it claims."""
    claim = (check.__doc__ or "").strip().partition("\n")[0]
    return check.__name__.replace("_", " "), claim


def _ended(check: Callable[[Method], None], method: Method) -> tuple[str, str]:
    try:
        check(method)
    except Skip as skip:
        return "skipped", str(skip)
    except AssertionError as error:
        return "broken", str(error) or "an assertion of the method failed"
    except Exception as error:  # noqa: BLE001 whatever a method does is a verdict
        return "broken", f"{type(error).__name__}: {' '.join(str(error).split())}"
    return "passed", ""


def _recoverable(method: Method) -> Trajectories:
    if " " in method.recovers:
        raise Skip(method.recovers)
    if method.recovers not in DATA:
        raise ConfigError(
            f"{type(method).__name__}.recovers = {method.recovers!r}: it must be one of "
            f"{', '.join(DATA)}, or a reason why there are none"
        )
    return DATA[method.recovers]()


def _agree(holds: object, sentence: str) -> None:
    if not holds:
        raise AssertionError(sentence)
