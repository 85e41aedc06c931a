"""Checks that every method must pass, whatever it computes.

`verify` runs all of them; each is a function of a method that raises an AssertionError, whose
text is a sentence, if the method breaks it.
"""

import json
import math
import random
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from koopmark._errors import ConfigError, named
from koopmark._verdicts import Skip, Verdict, agree, verdict
from koopmark.datasets import AnswerKey
from koopmark.methods._contract_data import (
    CASES,
    DATA,
    MATRIX,
    STEP_VALUES,
    Case,
    Sample,
    decaying,
    driven,
    driven_functions,
    driven_with_gaps,
    exact,
    iterated,
    linear,
    mapped,
    nonlinear,
    with_gaps,
    without_gaps,
)
from koopmark.methods._method import Method, Tags
from koopmark.models import Model
from koopmark.simulation import Trajectories

MANY = 30
"""States in a row beyond those that a method needs."""

LOSSES = (*CASES, "map", "inputs")
"""Names that `Tags.loses` may have."""

FOLLOWED = 1e3
"""How much more a forecast under inputs may be off than what it is made of."""

SEVERAL = 6
"""Trajectories of which the last is exchanged."""

SHORT = 6
"""States of a trajectory that is shorter than others."""

SPANNED = 1e-6
"""Relative error to which eigenfunctions are combinations of the dictionary."""

SAME = 1e-9
"""Relative difference of numbers that are the same up to rounding."""

VANISHED = 1e-3
"""Discrete eigenvalues up to this size say that something is gone after a step, whatever it was."""


def _states(data: Trajectories, model: Model) -> NDArray[np.float64]:
    """All windows of the data as the model takes them, (P, w, N)."""
    return data.windows(model.window)


def _factors(model: Model, data: Trajectories) -> NDArray[np.complex128]:
    """e^{λΔt} (s,); 0 for λ = -∞, whose product with Δt is no number."""
    rates = np.asarray(model.eigenvalues)
    with np.errstate(invalid="ignore"):
        return np.where(np.isneginf(rates.real), 0.0, np.exp(rates * data.dt))


@dataclass(frozen=True, eq=False)
class _Fit:
    """A fit that several checks look at: its model, and what it changed beside."""

    method: Method
    name: str
    model: Model
    moved_generators: bool
    changed_data: bool


_RECENT: deque[_Fit] = deque(maxlen=8)
"""As many as there are names of data, so that a method's fits last until its last check."""


def _fit(method: Method, name: str) -> _Fit:
    """The fit to the data of this name: one for all checks that look at it."""
    for fit in _RECENT:
        # Not by `==`: a hyperparameter may be an array.
        known = type(fit.method) is type(method) and repr(fit.method) == repr(method)
        if known and fit.name == name:
            return fit
    data, key = OWN[name](method) if name in OWN else DATA[name]()
    states = data.states.copy()
    method.prepare()
    # Leave the states that seeding would have left, so that a restored one is told from those.
    np.random.random(), random.random()  # noqa: NPY002
    before = _generators()
    model = method.fit_with(data, key)
    moved = _generators() != before
    changed = not np.array_equal(data.states, states, equal_nan=True)
    fit = _Fit(method, name, model, moved, changed)
    _RECENT.append(fit)
    return fit


def _fitted(method: Method, name: str) -> Model:
    """The model of the data of this name."""
    return _fit(method, name).model


FEW_CHANNELS, GAPS = "low rank", "gaps"
DRIVEN, DRIVEN_GAPS, MAP = "driven", "driven with gaps", "map"
"""Names of the fits to the first of these cases, to data with gaps, with inputs, with both, and of
a map, which are none of `DATA`."""


def _few_channels(method: Method) -> Sample:
    return CASES[FEW_CHANNELS][0].data(method.promises().recovers == "trajectory")


def _with_gaps(method: Method) -> str:
    """Name of the data in which there are gaps for this method."""
    tags = method.promises()
    if tags.role == "anchor":
        # The only data whose key has targets.
        return "nonlinear"
    return tags.recovers or ("trajectory" if tags.one_trajectory else "linear")


def _one(method: Method) -> bool:
    return method.promises().recovers == "trajectory"


OWN: dict[str, Callable[[Method], Sample]] = {
    FEW_CHANNELS: _few_channels,
    GAPS: lambda method: with_gaps(_with_gaps(method)),
    DRIVEN: lambda method: driven(_one(method)),
    DRIVEN_GAPS: lambda method: driven_with_gaps(_one(method)),
    MAP: lambda method: mapped(),  # noqa: ARG005
}
"""Data that are those of a method, by the names of the fits to them."""


def gives_a_model(method: Method) -> None:
    """The model has all parts, with the right shapes and types."""
    _check_shapes(_fitted(method, "nonlinear"), nonlinear()[0])


def _check_shapes(model: Model, data: Trajectories) -> None:
    windows = data.rolling(model.window)[:, 0]
    count = len(model.eigenvalues)
    agree(model.eigenvalues.shape == (count,), "eigenvalues must have shape (s,)")
    agree(np.iscomplexobj(model.eigenvalues), "eigenvalues must be complex")
    values = model.eigenfunctions(windows)
    wanted = (len(windows), count)
    agree(
        values.shape == wanted, f"eigenfunctions must have shape {wanted}, they have {values.shape}"
    )
    agree(np.iscomplexobj(values), "values of eigenfunctions must be complex")
    listed = model.dictionary(windows)
    agree(
        listed is None or (listed.ndim == 2 and len(listed) == len(windows)),
        "the dictionary must have one row for each window",
    )
    predicted = model.predict(windows, data.dt * np.arange(1, 5))
    ahead = (len(windows), 4, data.states.shape[2])
    agree(
        predicted is None or predicted.shape == ahead,
        f"a prediction at 4 times must have shape {ahead}",
    )
    residuals = model.residuals
    agree(
        residuals is None or residuals.shape == (count,), "there must be one residual for each pair"
    )
    agree(isinstance(model.note, str), "the note must be text")
    agree(
        model.window == 1 or math.isclose(getattr(model, "dt", np.nan), data.dt, rel_tol=1e-9),
        "a model of windows needs dt, the sampling interval of the data",
    )


def is_exact_where_it_must_be(method: Method) -> None:
    """Eigenvalues are true and φ(x⁺) = e^{λΔt} φ(x) on the data that it must recover."""
    tags, (data, _) = _recoverable(method)
    _is_exact(_fitted(method, tags.recovers or ""), data, tags)


def _is_exact(model: Model, data: Trajectories, tags: Tags) -> None:
    """Every pair obeys the dynamics of regular data, and every true eigenvalue is among them."""
    agree(len(model.eigenvalues) > 0, "no eigenpair was recovered")
    factors = _factors(model, data)
    worst = float(_misses(model, data, factors).max())
    agree(
        worst <= tags.exactness,
        f"an eigenfunction breaks φ(x⁺) = e^(λΔt) φ(x) by {worst:.1e} on data that must be "
        f"recovered to {tags.exactness:.0e}: are these modes, or rows for columns?",
    )
    for value in exact(tags.recovers or ""):
        distance = float(abs(factors - value).min())
        agree(
            distance <= tags.exactness,
            f"the eigenvalue e^(λΔt) = {value:.3g} of these data is not recovered: the nearest is "
            f"{distance:.1e} away",
        )


def _finds_everything(method: Method, name: str) -> None:
    tags, _ = _recoverable(method)
    unknown = set(tags.loses) - set(LOSSES)
    if unknown:
        raise ConfigError(
            f"{type(method).__name__}.tags.loses names {', '.join(sorted(unknown))}: it may name "
            f"{', '.join(LOSSES)}"
        )
    if tags.recovers not in ("linear", "trajectory"):
        raise Skip(f"it must be exact on data of the kind {tags.recovers!r} alone")
    if name == "repeated" and tags.recovers == "trajectory":
        raise Skip("one trajectory shows one eigenfunction of each eigenvalue")
    if name in tags.loses:
        raise Skip(tags.loses[name])
    for case in CASES[name]:
        data, key = case.data(tags.recovers == "trajectory")
        shared = case is CASES[FEW_CHANNELS][0]
        model = _fitted(method, FEW_CHANNELS) if shared else method.fit_with(data, key)
        _is_complete(model, data, case, 10 * tags.exactness)


def _is_complete(model: Model, data: Trajectories, case: Case, limit: float) -> None:
    """Every eigenvalue with its multiplicity and its eigenfunctions, and no other pair."""
    factors = _factors(model, data)
    values = model.eigenfunctions(_states(data, model))
    last = data.states[:, model.window - 1 :].reshape(-1, data.states.shape[2])
    for value, functions in case.functions(last):
        near = abs(factors - value) <= limit
        wanted = functions.shape[1]
        agree(
            near.sum() >= wanted,
            f"the eigenvalue e^(λΔt) = {value:.3g} of these data is found {near.sum()} times, its "
            f"multiplicity is {wanted}; the nearest is {abs(factors - value).min():.1e} away",
        )
        spanned = np.linalg.qr(values[:, near] / np.linalg.norm(values[:, near], axis=0))[0]
        functions = functions / np.linalg.norm(functions, axis=0)
        error = np.linalg.norm(functions - spanned @ (spanned.conj().T @ functions), 2)
        agree(
            error <= 10 * limit,
            f"eigenfunctions at e^(λΔt) = {value:.3g} are off by {error:.1e}: they do not span all "
            f"{wanted} that there are",
        )
    lasting = abs(factors) > VANISHED
    worst = np.where(lasting, _misses(model, data, factors), 0.0)
    agree(
        worst.max() <= limit,
        f"the eigenvalue λ = {model.eigenvalues[worst.argmax()]:.3g} is not one of these data: its "
        f"function breaks φ(x⁺) = e^(λΔt) φ(x) by {worst.max():.1e}",
    )


def finds_fast_pairs_beside_slow_rates(method: Method) -> None:
    """Every eigenvalue of an oscillation is recovered beside slow decays."""
    _finds_everything(method, "fast")


def finds_repeated_eigenvalues(method: Method) -> None:
    """A repeated eigenvalue is recovered with its multiplicity and independent eigenfunctions."""
    _finds_everything(method, "repeated")


def works_in_the_rank_of_the_data(method: Method) -> None:
    """More channels than states, or a duplicate channel, change no eigenvalue and add none."""
    _finds_everything(method, "low rank")


def ignores_a_constant_channel(method: Method) -> None:
    """A constant channel changes no eigenvalue and adds only the eigenvalue of a constant."""
    _finds_everything(method, "constant")


def knows_no_units(method: Method) -> None:
    """Data in units 1e8 times smaller or larger give the same eigenvalues."""
    _finds_everything(method, "units")


def says_what_the_data_leave_in_doubt(method: Method) -> None:
    """The note gives the rank of data that have fewer dimensions than channels."""
    try:
        note = _fitted(method, FEW_CHANNELS).note
    except ValueError as error:
        agree(bool(str(error).strip()), "data of low rank raise an error without a message")
        return
    agree(
        "rank 3 of 4" in note,
        "the note of the model does not say that the data have rank 3 in 4 channels",
    )


def reads_numbers_of_every_type(method: Method) -> None:
    """Integers and single precision give the same results as equal values in double precision."""
    data, key = DATA[method.promises().recovers or "nonlinear"]()
    few = data.states[:6]
    data = replace(data, states=few, diverged_at=np.full(len(few), np.nan))
    # Products of the integers exceed what 8 bits hold.
    whole = np.round(120.0 / abs(data.states).max() * data.states).astype(np.int8)
    kinds: tuple[NDArray, ...] = (whole, data.states.astype(np.float32))
    for states in kinds:
        try:
            copy = method.fit_with(replace(data, states=states.astype(float)), key)
        except ValueError:
            continue
        model = method.fit_with(replace(data, states=states), key)
        same = len(model.eigenvalues) == len(copy.eigenvalues) and np.allclose(
            _factors(model, data), _factors(copy, data), rtol=1e-9
        )
        agree(same, f"{states.dtype} states give other eigenvalues than their float64 copy")


def _misses(model: Model, data: Trajectories, factors: NDArray) -> NDArray[np.float64]:
    """(s,) ‖φ(x⁺) - e^{λΔt} φ(x)‖ / ‖φ(x)‖ over all pairs of the data, infinite if φ is 0 there."""
    missed, size = np.zeros((2, len(factors)))
    for along in data.rolling(model.window):
        values = model.eigenfunctions(along)
        missed += np.sum(abs(values[1:] - values[:-1] * factors) ** 2, axis=0)
        size += np.sum(abs(values[:-1]) ** 2, axis=0)
    return np.sqrt(np.divide(missed, size, out=np.full(len(size), np.inf), where=size > 0.0))


def says_one_thing_of_its_eigenvalues(method: Method) -> None:
    """Multipliers, if the method gives any, equal e^{λΔt}."""
    model, (data, _) = _fitted(method, "nonlinear"), nonlinear()
    found = model.multipliers
    if found is None:
        return
    agree(
        np.shape(found) == model.eigenvalues.shape and np.iscomplexobj(found),
        f"multipliers must be complex, of shape {model.eigenvalues.shape}, and have {found.shape}",
    )
    apart = abs(found - _factors(model, data)) / np.maximum(1.0, abs(found))
    worst = float(np.where(np.isnan(apart), np.inf, apart).max(initial=0.0))
    agree(
        worst <= SAME,
        f"multipliers and e^(λΔt) differ by {worst:.1e}: multipliers are μ of the sampling "
        f"interval Δt, eigenvalues are λ per unit of time",
    )


def finds_multipliers_of_a_map(method: Method) -> None:
    """Negative or zero multipliers of a map are recovered, if the method gives multipliers."""
    tags, _ = _recoverable(method)
    if tags.role != "method":
        raise Skip("it is given the answer key of a flow")
    if tags.recovers != "linear":
        raise Skip(f"it must be exact on data of the kind {tags.recovers!r} alone")
    if "map" in tags.loses:
        raise Skip(tags.loses["map"])
    found = _fitted(method, MAP).multipliers
    if found is None:
        raise Skip("it knows λ alone, and gives no multipliers")
    for value in STEP_VALUES:
        distance = float(abs(found - value).min(initial=np.inf))
        agree(
            distance <= 10 * tags.exactness,
            f"the multiplier {value:g} of a linear map is not recovered: the nearest is "
            f"{distance:.1e} away",
        )


def recovers_what_inputs_do(method: Method) -> None:
    """Eigenvalues, functions and gains of driven linear data are exact, also for new inputs."""
    _knows_gains(_driven(method, DRIVEN), method)


def recovers_what_inputs_do_beside_gaps(method: Method) -> None:
    """The same holds for data with gaps and short trials."""
    _knows_gains(_driven(method, DRIVEN_GAPS), method)


def _driven(method: Method, name: str) -> Model:
    """The model of driven data."""
    if not method.promises().inputs:
        raise Skip("it does not use inputs")
    tags, _ = _recoverable(method)
    if tags.recovers not in ("linear", "trajectory"):
        raise Skip(f"it must be exact on data of the kind {tags.recovers!r} alone")
    if "inputs" in tags.loses:
        raise Skip(tags.loses["inputs"])
    return _fitted(method, name)


def _unseen(model: Model) -> tuple[NDArray, NDArray, NDArray]:
    """Windows (P, w, N) of other driven data, the states after them (P, w, N) and inputs (P, Q)."""
    data, _ = driven(one=False, seed=1)
    windows, w = data.rolling(model.window), model.window
    assert data.inputs is not None
    now, ahead = (
        part.reshape(-1, w, data.states.shape[2]) for part in (windows[:, :-1], windows[:, 1:])
    )
    return now, ahead, data.inputs[:, w - 1 : -1].reshape(len(now), -1)


def _knows_gains(model: Model, method: Method) -> None:
    limit, (windows, _, inputs) = 10 * method.promises().exactness, _unseen(model)
    gains, forced = model.gains, model.forced(windows, inputs)
    if gains is None or forced is None:
        raise AssertionError(
            "the model has no gains: a method with tags.inputs gives those over the sampling "
            "interval, φ(x⁺) = μφ(x) + g v"
        )
    count = len(model.eigenvalues)
    agree(
        np.shape(gains) == (count, 2) and np.shape(forced) == (len(windows), count),
        f"gains must have shape ({count}, 2) and forced ({len(windows)}, {count}), they have "
        f"{np.shape(gains)} and {np.shape(forced)}",
    )
    values, multipliers = model.eigenfunctions(windows), _factors(model, driven(one=True)[0])
    for value, wanted, of_inputs in driven_functions(windows[:, -1]):
        distance = float(abs(multipliers - value).min(initial=np.inf))
        agree(
            distance <= limit,
            f"the eigenvalue e^(λΔt) = {value:.3g} of driven data is not recovered: the nearest is "
            f"{distance:.1e} away",
        )
        near = abs(multipliers - value) <= limit
        mixed = np.linalg.lstsq(values[:, near], wanted, rcond=None)[0]
        for what, found, exact_values in (
            ("eigenfunctions", values[:, near] @ mixed, wanted),
            ("gains", mixed.T @ gains[near], of_inputs),
            ("forced", forced[:, near] @ mixed, inputs @ of_inputs.T),
        ):
            error = np.linalg.norm(found - exact_values) / np.linalg.norm(exact_values)
            agree(
                error <= limit,
                f"{what} at e^(λΔt) = {value:.3g} of driven data are off by {error:.1e}: gains are "
                "those of inputs held over the sampling interval, on functions as they are given",
            )


def is_still_without_inputs(method: Method) -> None:
    """Zero inputs have no effect, and give the same fit as no inputs."""
    model = _driven(method, DRIVEN)
    windows, _, inputs = _unseen(model)
    still = model.forced(windows, 0.0 * inputs)
    agree(still is None or not np.any(still), "forced does not vanish as the inputs do")
    data, key = DATA[method.promises().recovers or ""]()
    zeros = np.zeros((*data.states.shape[:2], 2))
    first = _fitted(method, method.promises().recovers or "")
    try:
        second = method.fit_with(replace(data, inputs=zeros), key)
    except ValueError as error:
        agree(bool(str(error).strip()), "inputs that are 0 raise an error without a message")
        return
    agree(
        _alike(_factors(first, data), _factors(second, data), 10 * method.promises().exactness),
        "inputs that are 0 throughout change the eigenvalues",
    )


def follows_inputs(method: Method) -> None:
    """A prediction, if the method makes any, is right for new held inputs."""
    model, (data, _) = _driven(method, DRIVEN), driven(one=False, seed=2, held=3)
    assert data.inputs is not None
    w = model.window
    windows, inputs = data.rolling(w)[:, 0], data.inputs[:, w - 1 : w + 4]
    predicted = model.predict(windows, data.dt * np.arange(1, 6), inputs)
    if predicted is None:
        return
    error = abs(predicted - data.states[:, w : w + 5]).max() / abs(data.states).max()
    # Errors of gains add up, in windows of dependent states more so.
    limit = FOLLOWED * method.promises().exactness
    agree(
        error <= limit,
        f"the prediction under inputs is off by {error:.1e} on data that must be recovered: inputs "
        "(P, K, q) are held before each time",
    )


def _alike(first: NDArray, second: NDArray, limit: float = SAME) -> bool:
    """Whether both are the same numbers in whatever order, up to this relative difference."""
    return len(first) == len(second) and all(
        abs(one[:, None] - two).min(axis=1, initial=np.inf).max(initial=0.0)
        <= limit * abs(one).max(initial=1.0)
        for one, two in ((first, second), (second, first))
    )


def predicts_what_it_recovers(method: Method) -> None:
    """A prediction, if the method makes any, continues the data that it must recover."""
    tags, (data, _) = _recoverable(method)
    model = _fitted(method, tags.recovers or "")
    w = model.window
    predicted = model.predict(data.rolling(w)[:, 0], data.dt * np.arange(1, 6))
    if predicted is None or tags.recovers == "nonlinear":
        return
    error = abs(predicted - data.states[:, w : w + 5]).max() / abs(data.states).max()
    limit = 10 * tags.exactness
    agree(error <= limit, f"the prediction is off by {error:.1e} on data that must be recovered")


def combines_its_dictionary(method: Method) -> None:
    """Eigenfunctions are linear combinations of the dictionary, if this is listed."""
    data, _ = nonlinear()
    model = _fitted(method, "nonlinear")
    windows = _states(data, model)
    values, listed = model.eigenfunctions(windows), model.dictionary(windows)
    if listed is None:
        return
    sizes = np.linalg.norm(values, axis=0)
    values = values[:, sizes > 0] / sizes[sizes > 0]
    listed = listed.astype(complex)
    found = np.linalg.lstsq(listed, values, rcond=1e-13)[0]
    error = abs(listed @ found - values).max(initial=0.0)
    agree(
        error <= SPANNED, f"eigenfunctions leave the span of the dictionary by {error:.1e} at worst"
    )


def repeats_itself(method: Method) -> None:
    """Two fits to the same data give the same bits."""
    first, second = _fitted(method, "nonlinear"), method.fit_with(*nonlinear())
    windows = _states(nonlinear()[0], first)
    same = np.array_equal(first.eigenvalues, second.eigenvalues, equal_nan=True)
    same = same and np.array_equal(
        first.eigenfunctions(windows), second.eigenfunctions(windows), equal_nan=True
    )
    agree(same, "two fits to the same data differ: whatever is random needs a field `seed`")


def leaves_the_world_alone(method: Method) -> None:
    """Neither the data nor the global random generators are changed."""
    fit = _fit(method, "nonlinear")
    agree(not fit.moved_generators, "a global random generator is in another state after the fit")
    agree(not fit.changed_data, "the fit changed the data")


def _generators() -> tuple[bytes, ...]:
    drawn = np.random.get_state(legacy=False)  # noqa: NPY002
    inner = drawn["state"]
    states = [inner["key"].tobytes(), repr({**drawn, "state": inner["pos"]}).encode()]
    torch = sys.modules.get("torch")
    if torch is not None:
        states.append(torch.get_rng_state().numpy().tobytes())
    return (*states, repr(random.getstate()).encode())


def says_that_it_uses_a_part_of_the_data(method: Method) -> None:
    """A fit that ignores some trajectories says how many snapshot pairs it uses."""
    if method.tags.role == "anchor":
        raise Skip("an anchor is not fitted")
    model = _fitted(method, "nonlinear")
    data, key = nonlinear()
    total = len(data.states) * (len(data.times) - 1)
    if model.pairs_used is not None:
        agree(
            0 < model.pairs_used < total,
            f"pairs_used is {model.pairs_used} of {total}: it must be a part, or None for all",
        )
        return
    states, times, tags = data.states[:SEVERAL], data.times, method.promises()
    # A method that can use a short trajectory, or another sampling interval, must have used it.
    if tags.sampling == "segments":
        states[-1, max(SHORT, tags.min_states) :] = np.nan
    elif tags.sampling == "any":
        times = np.tile(times, (SEVERAL, 1))
        times[-1] *= 1.5
    model = method.fit_with(Trajectories(states, times), key)
    states[-1] *= 0.5
    other = method.fit_with(Trajectories(states, times), key)
    agree(
        not np.array_equal(model.eigenvalues, other.eigenvalues, equal_nan=True),
        "the last trajectory changes nothing, and the model does not say that the fit used a part "
        "of the data: call koopmark.methods.remarks.fitted_to where they are left out",
    )


def uses_what_was_recorded(method: Method) -> None:
    """Gaps, short trials and uneven times do not reduce exactness, and unused data are counted."""
    tags = method.promises()
    model, data = _of_gaps(method), with_gaps(_with_gaps(method))[0]
    used, usable = model.pairs_used, len(data.pairs()[0])
    if tags.sampling == "any":
        usable = data.neighbours
    agree(
        model.pairs == data.neighbours and (data.neighbours if used is None else used) <= usable,
        f"the model says that it uses {used} of {model.pairs} pairs, but of {data.neighbours} "
        f"pairs of recorded neighbours it can use {usable}",
    )
    if tags.recovers is not None:
        # Eigenfunctions do not depend on when they are looked at.
        _is_exact(model, DATA[tags.recovers]()[0], tags)


def ignores_what_was_not_recorded(method: Method) -> None:
    """Removing states that were not, or only partly, recorded changes nothing."""
    model, (data, key) = _of_gaps(method), with_gaps(_with_gaps(method))
    other = method.fit_with(without_gaps(data), key)
    # In whatever order: the sampling interval may differ by rounding, and the order hang on it.
    same = _alike(_factors(model, data), _factors(other, data))
    agree(
        same and model.pairs_used == other.pairs_used,
        f"data in which states were not recorded, and the same without these states, give "
        f"different models: {READ_SEGMENTS}",
    )


READ_SEGMENTS = (
    "read pairs(), windows(), blocks() or records() of the data in place of states and times, or "
    'leave tags.sampling at "regular"'
)
"""What helps a method that claims to read data with gaps."""


def _of_gaps(method: Method) -> Model:
    """The model of data with gaps, whose eigenpairs are finite."""
    try:
        model = _fitted(method, GAPS)
    except Skip:
        raise
    except Exception as error:
        raise AssertionError(
            f"the fit to data with gaps fails with {named(error)}: {READ_SEGMENTS}"
        ) from error
    data, _ = with_gaps(_with_gaps(method))
    shown = [
        model.eigenfunctions(block.windows(model.window)) for block in data.blocks(model.window)
    ]
    agree(
        not np.isnan(model.eigenvalues.real).any() and all(np.isfinite(one).all() for one in shown),
        f"eigenpairs of data with gaps are not finite: {READ_SEGMENTS}",
    )
    return model


def takes_one_trajectory(method: Method) -> None:
    """A single trajectory gives a model with finite eigenfunctions."""
    if method.tags.role == "method":
        data, _ = DATA["trajectory"]()
        model = _fitted(method, "trajectory")
    else:
        data, key = nonlinear()
        data = replace(data, states=data.states[:1], diverged_at=np.full(1, np.nan))
        model = method.fit_with(data, key)
    _check_shapes(model, data)
    agree(
        np.isfinite(model.eigenfunctions(_states(data, model))).all(),
        "eigenfunctions are not finite on the one trajectory that they were fitted to",
    )


def takes_one_pair_or_says_why_not(method: Method) -> None:
    """Two states give a model, or a ValueError that says why not."""
    data, key = iterated(MATRIX, np.array([[1.0, 2.0, 3.0]]), 1)
    try:
        model = method.fit_with(data, key)
    except ValueError as error:
        agree(bool(str(error).strip()), "a single pair raises an error without a message")
        return
    if model.window <= 2:
        _check_shapes(model, data)


def needs_as_many_states_as_it_says(method: Method) -> None:
    """Trajectories of `min_states` states give a model, shorter ones a ValueError."""
    least = method.promises().min_states
    data, key = decaying(least + MANY)
    method.fit_with(data, key)
    data = replace(data, states=data.states[:, :least], times=data.times[:least])
    try:
        _check_shapes(method.fit_with(data, key), data)
    except ValueError as error:
        raise AssertionError(f"{least} states in a row are not enough: {error}") from None
    _refuses(method, data.states[:, :-1], f"trajectories of {least - 1} states", key)


def asks_for_the_key_that_it_needs(method: Method) -> None:
    """A method that is given the answer key raises an error for an empty key."""
    if method.tags.role != "method":
        _refuses(method, linear()[0].states, "an answer key that tells nothing")


def refuses_constant_data(method: Method) -> None:
    """Constant data raise an error."""
    _refuses(method, np.ones((3, 40, 2)), "constant data")


def refuses_infinite_values(method: Method) -> None:
    """Data with infinite values raise an error."""
    states = np.random.default_rng(0).standard_normal((3, 40, 2))
    states[1, 4, 0] = np.inf
    _refuses(method, states, "data with an infinite value")


def _refuses(method: Method, states: NDArray, what: str, key: AnswerKey | None = None) -> None:
    data = Trajectories(states, np.arange(states.shape[1], dtype=float))
    try:
        method.fit_with(data, key or AnswerKey((), states.shape[2]))
    except ValueError as error:
        agree(bool(str(error).strip()), f"{what}: the error has no message")
        return
    raise AssertionError(f"{what}: not refused with a ValueError")


def survives_json(method: Method) -> None:
    """Its options, written as JSON and read again, give the same method."""
    written = json.dumps(method.to_options(), allow_nan=False)
    read = TypeAdapter(type(method)).validate_json(written, strict=True)
    agree(read == method, f"options do not survive JSON: {read} is not {method}")


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
    says_one_thing_of_its_eigenvalues,
    finds_multipliers_of_a_map,
    recovers_what_inputs_do,
    recovers_what_inputs_do_beside_gaps,
    is_still_without_inputs,
    follows_inputs,
    predicts_what_it_recovers,
    combines_its_dictionary,
    repeats_itself,
    leaves_the_world_alone,
    says_that_it_uses_a_part_of_the_data,
    uses_what_was_recorded,
    ignores_what_was_not_recorded,
    takes_one_trajectory,
    takes_one_pair_or_says_why_not,
    needs_as_many_states_as_it_says,
    asks_for_the_key_that_it_needs,
    refuses_constant_data,
    refuses_infinite_values,
    survives_json,
)


def verify(method: Method) -> Iterator[Verdict]:
    """Run every check on a method with its options.

    Yields
    ------
    Verdict
        One for each check, as soon as it is known. What hangs, hangs:
        `koopmark.workers.verify` does the same in a process of its own, with a time limit.
    """
    return (verdict(check, method) for check in CHECKS)


def _recoverable(method: Method) -> tuple[Tags, Sample]:
    """What the method promises, and the data on which it must be exact."""
    tags = method.promises()
    if tags.recovers is None:
        raise Skip(tags.unrecoverable)
    if tags.recovers not in DATA:
        raise ConfigError(
            f"{type(method).__name__}.tags.recovers = {tags.recovers!r}: it must be one of "
            f"{', '.join(DATA)}, or None with a reason in `unrecoverable`"
        )
    return tags, DATA[tags.recovers]()
