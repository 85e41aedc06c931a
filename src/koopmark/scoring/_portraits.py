"""What was recovered of one exact eigenfunction, drawn: its projection onto the recovered ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from koopmark._errors import named
from koopmark._tsqr import triangle_of
from koopmark.scoring._cluster import Choice
from koopmark.scoring._frame import Frame, frame
from koopmark.scoring._subspaces import (
    TRUNCATION,
    keeps_every_direction,
    level_columns,
    unit_columns,
)
from koopmark.scoring._targets import ScoredSpace
from koopmark.simulation import Trajectories

MOST_TARGETS = 3
"""Eigenspaces that are drawn, those that decay slowest."""

ROUNDING = 1e-12
"""Imaginary parts below this fraction of the largest |e| are none."""


class Functions(Protocol):
    """What is asked of a model."""

    @property
    def window(self) -> int: ...
    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]: ...


@dataclass(frozen=True, eq=False)
class Portrait:
    """An exact eigenfunction e beside the nearest function that the recovered ones combine to.

    Parameters
    ----------
    frame : Frame
        The points, and e there.
    difference : array, shape of `frame.exact`
        Recovered minus exact; NaN where the method has no value, complex where it is.
    error : float
        Sine of the angle from e to the span, over all test points: for a simple eigenvalue the
        eigenfunction error of the target, for a multiple one at most that.
    """

    frame: Frame
    difference: NDArray
    error: float

    @property
    def recovered(self) -> NDArray:
        return self.frame.exact + self.difference


def portraits(
    model: Functions,
    targets: Sequence[ScoredSpace],
    choices: Sequence[Choice],
    test: Trajectories,
    values: NDArray,
    usable: NDArray[np.bool_],
) -> tuple[tuple[Portrait, ...], str]:
    """Portraits of the slowest targets, and a note where a map of them could not be had.

    A target whose angle means nothing, by the rules of the eigenfunction error, has none.

    Parameters
    ----------
    model : Functions
    targets : sequence of ScoredSpace
    choices : sequence of Choice
        Which functions stand for each target.
    test : Trajectories
        Clean.
    values : (P, s) array
        The functions that count, at all windows of `test`.
    usable : (S,) array of bool
        Which of the model's S pairs these are.
    """
    slowest = sorted(
        zip(targets, choices, strict=True), key=lambda one: abs(one[0].space.eigenvalue.real)
    )[:MOST_TARGETS]
    drawn, notes, on_slices = [], dict[str, None](), dict[tuple[int, ...], NDArray]()
    for target, choice in slowest:
        if choice.chosen is None:
            continue
        seen = frame(target, test)
        place = tuple(seen.coordinates)
        if place not in on_slices:
            on_slices[place], note = _on_slice(model, seen, usable)
            notes |= {note: None} if note else {}
        drawn.append(
            _portrait(
                target, seen, values[:, choice.chosen], on_slices[place][:, choice.chosen], test
            )
        )
    return tuple(drawn), "; ".join(notes)


def _portrait(
    target: ScoredSpace, seen: Frame, span: NDArray, on_slice: NDArray, test: Trajectories
) -> Portrait:
    per_trajectory = len(span) // len(test.states)
    first = len(test.times) - per_trajectory
    # The coefficients of a function of any size would leave the range of floats.
    with np.errstate(all="ignore"):
        on_slice, span = level_columns(on_slice, like=span), level_columns(span)
    coefficients = projection(span, target.first)
    trajectories, steps = seen.visited
    row = trajectories * per_trajectory + steps - first
    visited = span[np.maximum(row, 0)] @ coefficients
    visited[steps < first] = np.nan
    missed = np.linalg.norm(span @ coefficients - target.first) / np.linalg.norm(target.first)
    with np.errstate(invalid="ignore", over="ignore"):
        recovered = np.concatenate([visited, on_slice @ coefficients])
        difference = recovered - seen.exact
    if np.iscomplexobj(difference):
        imaginary = np.abs(np.nan_to_num(difference.imag)).max()
        if imaginary <= ROUNDING * np.abs(seen.exact).max():
            difference = difference.real
    return Portrait(
        seen, np.where(np.isfinite(difference), difference, np.nan), min(float(missed), 1.0)
    )


def projection(span: NDArray, function: NDArray) -> NDArray:
    """Coefficients (m,) by which the columns of `span` (P, m) come closest to a function (P,).

    Directions are dropped as they are where angles are computed.
    """
    m = span.shape[1]
    norms = np.linalg.norm(span, axis=0)
    triangle = triangle_of(unit_columns(span), function[:, None])
    r, towards = triangle[:m, :m], triangle[:m, m]
    if keeps_every_direction(r):
        coefficients = solve_triangular(r, towards)
    else:
        u, s, vh = np.linalg.svd(r)
        kept = s > TRUNCATION * s[0]
        coefficients = vh[kept].conj().T @ ((u[:, kept].conj().T @ towards) / s[kept])
    return coefficients / np.where(norms > 0, norms, 1.0)


def _on_slice(model: Functions, seen: Frame, usable: NDArray[np.bool_]) -> tuple[NDArray, str]:
    """The recovered functions on the slice (G, s); NaN, with a note, where there are none."""
    points = seen.axes.shape[1] ** 2
    none = np.full((points, int(usable.sum())), np.nan)
    # A function of several consecutive states has no value at a state.
    if points == 0 or model.window > 1:
        return none, ""
    try:
        with np.errstate(all="ignore"):
            values = np.concatenate(
                [np.asarray(model.eigenfunctions(x[:, None])) for x in seen.slice_states()]
            )
        return values.reshape(points, len(usable))[:, usable], ""
    except Exception as error:  # noqa: BLE001 a picture must not cost the scores
        return none, f"portrait: no map ({named(error)})"
