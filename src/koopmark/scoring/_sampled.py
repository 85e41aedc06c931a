"""What a test set lets be scored: which trajectories, at which sampling, up to what frequency.

A model is fitted to states one training interval Δt apart, of which it says the length (`dt`) and
how many numbers they hold (`channels`). A test set may be sampled otherwise.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark.scoring._cluster import CLUSTER_RADIUS
from koopmark.simulation import Trajectories
from koopmark.simulation.times import SAME_INTERVAL

ROUNDING = 1e-9
"""Relative, of frequencies."""


def finite_ones(trajectories: Trajectories) -> tuple[Trajectories, str]:
    """The trajectories all of whose states are finite, and a note where there are others.

    Raises
    ------
    ValueError
        If there is none.
    """
    finite = np.array([np.isfinite(one).all() for one in trajectories.states], dtype=bool)
    if finite.all() and len(finite):
        return trajectories, ""
    if not finite.any():
        held = f"all {len(finite)} hold a value that is not finite" if len(finite) else "none given"
        raise ValueError(f"no test trajectory to score on: {held}")
    kept = replace(
        trajectories,
        states=trajectories.states[finite],
        diverged_at=trajectories.diverged_at[finite],
    )
    lost = int(np.sum(~finite))
    note = f"{lost} of {len(finite)} test trajectories hold a value that is not finite: left out"
    return kept, note


def check_channels(model: Any, states: NDArray, size: int | None = None) -> None:
    """Refuse states (..., N) that are not those of the model, or of a system of this size.

    Raises
    ------
    ValueError
        If the numbers of variables differ.
    """
    n, fitted = states.shape[-1], getattr(model, "channels", None)
    if size is not None and size != n:
        raise ValueError(f"the test states have {n} variables, the system has {size}")
    if fitted is not None and fitted != n:
        raise ValueError(f"the test states have {n} variables, the model was fitted to {fitted}")


def misplaced(model: Any, test: Trajectories) -> str:
    """Why windows of the test set mean nothing to the model; empty if they do.

    A function of several consecutive states takes them one training interval apart.
    """
    trained = getattr(model, "dt", np.nan)
    if model.window == 1 or not abs(test.dt - trained) > SAME_INTERVAL * trained:
        return ""
    return (
        f"the method's windows of {model.window} states are {trained:.6g} apart, the test set is "
        f"sampled every {test.dt:.6g}"
    )


def highest_frequency(
    model: Any,
    eigenvalues: NDArray[np.complex128],
    rates: NDArray[np.float64],
    test: Trajectories,
) -> float:
    """|Im λ| up to which a model tells eigenvalues apart: π/Δt, infinite if it knows no bound.

    Frequencies 2π/Δt apart give the same states. A model that has eigenvalues beyond π/Δt, with
    functions that obey them, has them from elsewhere, such as the vector field.

    Parameters
    ----------
    model : Model
    eigenvalues : (s,) array
    rates : (s,) array
        At which the pairs disobey their eigenvalues; if none is known every eigenvalue counts.
    test : Trajectories
    """
    limit = np.pi / getattr(model, "dt", test.dt)
    obeying = np.isfinite(eigenvalues) & ((rates <= CLUSTER_RADIUS) | np.isnan(rates).all())
    frequencies = np.abs(eigenvalues.imag[obeying])
    return np.inf if (frequencies > limit * (1.0 + ROUNDING)).any() else float(limit)


def alias(eigenvalue: complex, highest: float) -> complex | None:
    """The eigenvalue with |Im λ| <= `highest` for which this one is taken; None if it has so."""
    if abs(eigenvalue.imag) <= highest * (1.0 + ROUNDING):
        return None
    turns = round(eigenvalue.imag / (2.0 * highest))
    return complex(eigenvalue.real, eigenvalue.imag - 2.0 * highest * turns)
