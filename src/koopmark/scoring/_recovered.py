"""Recovered eigenpairs of a model on the test set, evaluated once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.scoring._cluster import Choice, choose, constants, radii
from koopmark.scoring._plane import Plane
from koopmark.scoring._residuals import (
    Along,
    converted,
    expected_pairs,
    highest_frequency,
    misplaced,
)
from koopmark.scoring._subspaces import level_columns
from koopmark.scoring._targets import ScoredSpace
from koopmark.scoring._test_set import TestSet
from koopmark.simulation import SAME_INTERVAL
from koopmark.truth import SAME_EIGENVALUE

ASKED_TWICE = 64
"""Test windows at which a model is asked a second time, among others."""
SAME_VALUE = 1e-6
"""Relative to a function: what is computed beside other states may differ by this."""
ROUNDING_SHOWS = 10.0
"""Rounding that differs between batches differs between the states of one, too: it is at most this
many residuals."""
SMALL, STEEPEST = (0.0, 1e-6, 1e-2, 3e-2, 0.1, 0.3), 10.0
"""Parts of the test inputs at which responses are asked for; each is to be at most so many times
that part of the response to the whole."""


@dataclass(frozen=True, eq=False)
class Recovered:
    """The S recovered pairs on the test set, of which s have finite values.

    Parameters
    ----------
    eigenvalues, residuals, rates : (S,) arrays
        In the plane of the key. Residuals are NaN if there are none; rates are those at which pairs
        disobey λ̂ (`Plane.rates`).
    constant, usable : (S,) arrays of bool
        Which functions are constants; which have a finite eigenvalue and finite values.
    all_values, values : (P, S) array, (P, s) array or None
        At the windows of the test set: all, and those that are usable, if windows of the test set
        mean something to the model.
    along : Along
        The usable ones along trajectories.
    highest : float
        The frequency up to which eigenvalues are told apart.
    """

    eigenvalues: NDArray[np.complex128]
    residuals: NDArray[np.float64]
    rates: NDArray[np.float64]
    constant: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    all_values: NDArray
    values: NDArray | None
    along: Along
    highest: float
    note: str

    @property
    def found(self) -> NDArray[np.complex128]:
        """Finite eigenvalues (s,)."""
        return self.eigenvalues[self.usable]

    @property
    def plane(self) -> Plane:
        """The plane in which the eigenvalues are compared."""
        return self.along.plane

    def choices(self, spaces: Sequence[ScoredSpace], others: bool, hidden: int = 0) -> list[Choice]:
        """The pairs matched to each target; empty for targets that the test set cannot tell apart.

        `others`: whether functions beside those of a target may be eigenfunctions at its eigenvalue
        (`choose`). A window that is most of a trajectory tells when it began: any function of that
        time decays. `hidden`: how many variables a hidden target is a function of. What obeys its
        eigenvalue need not be like it then, as powers of other functions may, and does not count.
        """
        widths = radii(np.array([one.space.eigenvalue for one in spaces]), self.plane)
        rooms = _rooms(spaces)
        if hidden:
            rooms = [min(hidden, self.along.trajectories // 2)] * len(spaces)
        choices = []
        for one, radius, room in zip(spaces, widths, rooms, strict=True):
            taken_for = self.plane.alias(one.space.eigenvalue, self.highest)
            at = one.space.eigenvalue if taken_for is None else taken_for
            values = self.values if taken_for is None and one.told_apart else None
            choices.append(
                choose(
                    *(one.space, at, self.found, values, self.along),
                    *(others and not hidden, radius, room, one.seen if self.plane.discrete else 0),
                )
            )
        return choices


def _rooms(spaces: Sequence[ScoredSpace]) -> list[int]:
    """The dimension of the eigenspace that each target is a known part of; 0 if it is of none.

    Functions that no input reaches are a part of all of their degree, and a basis of those that a
    method finds need not keep to it.
    """
    rooms = []
    for one in (target.space for target in spaces):
        others = [
            target.space.dimension
            for target in spaces
            if target.space.driven
            and target.space.degree == one.degree
            and abs(target.space.eigenvalue - one.eigenvalue) <= SAME_EIGENVALUE
        ]
        rooms.append(max(others, default=0) if not one.driven else 0)
    return rooms


def recovered(model: Model, key: AnswerKey, test: TestSet, seed: int) -> Recovered:
    """Evaluate the recovered eigenpairs of a model at the windows of the test set."""
    dt, windows, plane = test.data.dt, test.windows, Plane.of(key)
    plane.expect_interval(dt, "the test set")
    plane.expect_interval(own := getattr(model, "dt", dt), "what the model was fitted to")
    apart = test.lacking or misplaced(model, test.data)
    eigenvalues, plane_note = plane.eigenvalues(model)
    if test.lacking:
        none = np.zeros((len(windows), len(eigenvalues)))
        unknown = np.full(len(eigenvalues), np.nan)
        return Recovered(
            *(eigenvalues, unknown, unknown, np.zeros(len(eigenvalues), bool)),
            *(np.isfinite(eigenvalues), none, None),
            Along(none[:, None], dt, plane, origins=test.trajectories),
            highest_frequency(own, eigenvalues, unknown, plane),
            "; ".join(filter(None, [plane_note, f"only eigenvalues are scored: {apart}"])),
        )

    def asked(windows: NDArray) -> NDArray:
        values = np.asarray(model.eigenfunctions(windows))
        if values.shape != (len(windows), len(eigenvalues)):
            raise ValueError(
                f"{len(eigenvalues)} eigenvalues but eigenfunction values of shape {values.shape} "
                f"at {len(windows)} test points"
            )
        return values

    # Some come first, and in random order: the place of a window among all tells its time.
    chosen = generator([seed], "windows asked for twice").permutation(len(windows))[:ASKED_TWICE]
    before, values = asked(windows[chosen]), asked(windows)
    if np.iscomplexobj(values) and not values.imag.any():
        values = np.ascontiguousarray(values.real)
    origins = None if test.data.regular or key.quadrature is not None else test.trajectories
    along = Along(test.along(values), dt, plane, origins=origins)
    residuals, usable = np.full(len(eigenvalues), np.nan), np.isfinite(eigenvalues)
    notes = [plane_note, f"only eigenvalues are scored: {apart}" if apart else ""]
    if not apart:
        if key.quadrature is not None:
            expected = expected_pairs(model.eigenfunctions, key.quadrature, test.data, model.window)
            along = replace(along, values=expected)
            notes.append("residual, forecast_error: of expectations, the system being stochastic")
        elif test.inputs is not None:
            forced = _responses(model, test, values, seed)
            if forced is not None and abs(dt - own) > SAME_INTERVAL * own:
                notes.append(_conversion_note(forced, model, test))
                forced = converted(forced, eigenvalues, own, dt, plane)
            along = replace(along, forced=forced)
        residuals = along.residuals(eigenvalues)
        usable &= np.isfinite(values).all(axis=0)
    expect_same(before, values, chosen, residuals)
    rates = plane.rates(residuals, eigenvalues, dt)
    all_there = usable.all()
    at_points = values if all_there else values[:, usable]
    return Recovered(
        eigenvalues,
        residuals,
        rates,
        constants(values, eigenvalues, rates, plane),
        usable,
        values,
        None if apart else at_points,
        along if all_there else along.of(usable),
        # A model made by hand may say nothing of it.
        highest_frequency(own, eigenvalues, rates, plane),
        "; ".join(filter(None, notes)),
    )


def _responses(model: Model, test: TestSet, values: NDArray, seed: int) -> NDArray | None:
    """What inputs add to each function between windows, (M, T - 1, s) as in `Along`.

    None if the method does not use inputs. `values` (P, s) are those of the functions.

    Raises
    ------
    ValueError
        If the model takes another number of inputs than the test set has, or a response has another
        shape, depends on which others are asked for, or does not vanish with the inputs: then it
        holds what the functions do without them, and any function would obey any eigenvalue.
    """
    gains, inputs = model.gains, test.inputs
    assert inputs is not None
    if gains is not None and np.shape(gains)[1:] != inputs.shape[1:]:
        raise ValueError(
            f"the model was fitted to {np.shape(gains)[1]} inputs, the test set has "
            f"{inputs.shape[1]}"
        )
    places = test.before.ravel()
    chosen = generator([seed], "responses asked for twice").permutation(len(places))[:ASKED_TWICE]
    some = places[chosen]

    def asked(places: NDArray[np.intp], part: float = 1.0) -> NDArray | None:
        answer = model.forced(test.windows[places], part * inputs[places])
        if answer is None:
            return None
        answer = np.asarray(answer)
        if answer.shape != (len(places), values.shape[1]):
            raise ValueError(
                f"{values.shape[1]} eigenvalues but responses to inputs of shape {answer.shape} at "
                f"{len(places)} test points"
            )
        return answer

    # Some come first, and in random order, as those of eigenfunctions do.
    before = asked(some)
    if before is None:
        return None
    forced = asked(places)
    assert forced is not None

    expect_responses(lambda part: asked(some, part), values, values[some], forced[chosen])
    return forced.reshape(*test.before.shape, -1)


def _conversion_note(forced: NDArray, model: Model, test: TestSet) -> str:
    """What is to be said of responses (M, T - 1, s) that are converted to another interval."""
    gains, inputs = model.gains, test.inputs
    assert inputs is not None
    linear = np.zeros_like(forced)
    if gains is not None:
        linear = inputs[test.before] @ np.asarray(gains).T
    with np.errstate(invalid="ignore"):
        others = np.abs(forced - linear) > SAME_VALUE * np.abs(forced).max(axis=(0, 1))
    nearly = ", nearly where it is not linear in them" if others.any() else ""
    return (
        f"the method's data are sampled every {model.dt:.6g} and the test set every "
        f"{test.data.dt:.6g}: what the inputs do is converted from one interval to the other"
        f"{nearly}"
    )


def expect_responses(
    asked: Callable[[float], NDArray | None], values: NDArray, here: NDArray, among: NDArray
) -> None:
    """Raise an error for invalid responses to inputs.

    Responses are invalid if they depend on which other windows are evaluated, do not vanish with
    the inputs, or are finite at only some windows.

    `asked` gives those (K, s) at some windows under a part of their inputs, `among` are those at
    the whole of them beside all others. `values` (P, s) are those of the functions at all windows,
    `here` (K, s) at these.
    """

    def size(responses: NDArray) -> NDArray[np.float64]:
        level = level_columns(responses, like=values)
        return np.linalg.norm(level, axis=0)

    with np.errstate(invalid="ignore", over="ignore"):
        parts = {part: np.asarray(asked(part)) for part in (1.0, 0.5, -1.0, *SMALL)}
        # What is not finite at the whole has no residual, and at a part it would pass for small.
        told = np.isfinite(here).all(axis=0) & np.isfinite(among).all(axis=0)
        for part, responses in parts.items():
            lost = told & ~np.isfinite(responses).all(axis=0)
            if lost.any():
                raise ValueError(
                    f"the responses of {int(lost.sum())} eigenfunctions to {part:g} of the inputs "
                    "are not finite, though those to all of them are: forced(windows, inputs) is "
                    "to be finite for whatever inputs"
                )
        before, own = parts[1.0], SAME_VALUE * size(here)
        whole = np.max([size(parts[part]) for part in (1.0, 0.5, -1.0)], axis=0)
        differing = size(before - among) > own + SAME_VALUE * whole
        if differing.any():
            raise ValueError(
                "the responses of eigenfunctions to inputs depend on which others are asked for: "
                "at the same state and inputs they must be the same in any batch"
            )
        for part in SMALL:
            left = size(parts[part]) > own + STEEPEST * part * whole
            if left.any():
                raise ValueError(
                    f"the responses of {int(left.sum())} eigenfunctions do not vanish with the "
                    f"inputs, {part:g} of which leave more than {STEEPEST * part:g} of them: "
                    "forced(windows, inputs) is what inputs add, and nothing without them"
                )


def expect_same(
    before: NDArray, values: NDArray, rows: NDArray[np.intp], residuals: NDArray[np.float64]
) -> None:
    """Raise an error if values at a state depend on which other states are evaluated.

    A library may round otherwise in another batch, and a function that is left of a cancellation be
    all rounding: then its residual says so. Without a residual nothing is told.
    """
    told = np.isfinite(residuals)
    values, before = values[:, told], before[:, told]
    with np.errstate(invalid="ignore", over="ignore"):
        apart = level_columns(before - values[rows], like=values)
        values = level_columns(values)
        sizes, differences = (
            np.linalg.norm(one, axis=0) / np.sqrt(len(one)) for one in (values, apart)
        )
        same = differences <= np.fmax(SAME_VALUE, ROUNDING_SHOWS * residuals[told]) * sizes
    if not same.all():
        raise ValueError(
            "the values of eigenfunctions depend on which other states are asked for: "
            "at the same state they must be the same in any batch"
        )
