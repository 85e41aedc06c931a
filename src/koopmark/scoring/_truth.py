"""Whether recovered eigenpairs are true, by clean trajectories of a system with an answer key."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.scoring._plane import Plane
from koopmark.scoring._residuals import finite_ones, misplaced
from koopmark.scoring._supported import (
    CONSTANT,
    EIGENVALUE_WITHIN,
    FUNCTION_WITHIN,
    Windows,
    sums_over_pairs,
)
from koopmark.simulation import Trajectories


@dataclass(frozen=True, eq=False)
class Truth:
    """Deviations of s recovered pairs from the truth, as (s,) arrays.

    Parameters
    ----------
    eigenvalue_defect, function_defect : arrays
        Rate at which φ violates λ over one sampling interval: |cov(D, φ)| / var φ and
        √(⟨|D|²⟩ / var φ) of D = φ(x⁺) - e^{λΔt} φ(x) less the effect of inputs, divided by
        Δt |e^{λΔt}| (for a map as in `Plane.rates`), relative to max(|λ|, 1 / horizon). Infinite if
        φ is not finite.
    exact_error : array
        Distance from λ to the nearest exact eigenvalue, relative as above; NaN if not all
        eigenvalues at this distance are known.
    true : array
        1 if φ obeys λ to EIGENVALUE_WITHIN and FUNCTION_WITHIN, and λ is as close to an exact
        eigenvalue (if these are known); otherwise 0. If exact eigenvalues are not known, also 0 for
        frequencies above π/Δt. NaN for constants, which are true of every system, and for
        stochastic systems.
    """

    eigenvalue_defect: NDArray[np.float64]
    function_defect: NDArray[np.float64]
    exact_error: NDArray[np.float64]
    true: NDArray[np.float64]


def truth_of(model: Model, key: AnswerKey, clean: Trajectories, horizon: float) -> Truth:
    """Compare recovered pairs with the system that generated the data.

    A small residual on clean data is not sufficient: a power |φ|^a of an eigenfunction obeys aλ,
    which is no eigenvalue, and at some interval a wrong λ between two eigenvalues has a small
    residual too. Nor is an eigenvalue sufficient that is right by chance, with another function.

    Parameters
    ----------
    model : Model
    key : AnswerKey
    clean : Trajectories
        Trajectories of the same system without noise that were not used for the fit.
    horizon : float
        Horizon of the data behind the verdicts, so that errors and bounds have the same unit.

    Raises
    ------
    ValueError
        If `clean` is too short, or its sampling interval does not match the model's windows.
    """
    plane = Plane.of(key)
    eigenvalues, _ = plane.eigenvalues(model)
    if key.stochastic:
        # Functions obey on average only, and no average is taken over recordings.
        unknown = np.full(len(eigenvalues), np.nan)
        return Truth(unknown, unknown, unknown, unknown)
    clean, _ = finite_ones(clean)
    if apart := misplaced(model, clean):
        raise ValueError(f"no truth: {apart}")
    units = np.array([plane.unit(one, horizon) for one in eigenvalues])
    shifts, defects, varying = _disobeyed(model, eigenvalues, Windows.of(clean, model, plane))
    with np.errstate(over="ignore"):
        shifts, defects = shifts / units, defects / units
    exact_error = _distance(eigenvalues, key) / units
    obeys = (shifts <= EIGENVALUE_WITHIN) & (defects <= FUNCTION_WITHIN)
    # One beyond π/Δt obeys as its alias does: only an exact eigenvalue there tells which it is.
    highest = np.pi / clean.dt
    aliased = np.array([plane.alias(one, highest) is not None for one in eigenvalues], bool)
    near = np.where(np.isnan(exact_error), ~aliased, exact_error <= EIGENVALUE_WITHIN)
    right = obeys & near
    true = np.where(varying > CONSTANT, right.astype(float), np.nan)
    return Truth(shifts, defects, exact_error, true)


def _disobeyed(
    model: Model, eigenvalues: NDArray[np.complex128], windows: Windows
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Rates (s,) at which the functions violate their eigenvalues over one interval.

    The first is along the functions themselves, the second in total. The third array is their
    standard deviation relative to their size.
    """
    states = real(windows.data.states, "states").reshape(-1, windows.data.states.shape[2])
    dt, plane, both = windows.data.dt, windows.plane, windows.lags[1]
    values = windows.values(model, states, len(eigenvalues))
    finite = np.isfinite(values).all(axis=0) & np.isfinite(eigenvalues)
    values = np.where(finite, values, 0.0)
    sizes = np.abs(values).max(axis=0, initial=0.0)
    sizes = np.where(sizes > 0.0, sizes, 1.0)
    rates = np.where(finite, eigenvalues, plane.constant)
    with np.errstate(all="ignore"):
        values, step = values / sizes, plane.over(rates, dt)
        forced = None
        if windows.inputs is not None:
            made = model.forced(states[windows.rows], windows.inputs)
            forced = np.asarray(made) / sizes
        missed, along, variance, size = sums_over_pairs(
            values, values.mean(axis=0), step, both, forced
        )
        seen = np.stack([np.abs(along) / variance.real, np.sqrt(missed.real / variance.real)])
        found = [plane.rates(one, rates, dt) for one in seen]
        # Zero is no constant function: it is no eigenfunction.
        varying = np.where(size.real > 0.0, np.sqrt(variance.real / size.real), np.inf)
    shifts, defects = (np.where(finite, np.nan_to_num(one, nan=np.inf), np.inf) for one in found)
    return shifts, defects, np.where(finite, varying, np.inf)


def _distance(eigenvalues: NDArray[np.complex128], key: AnswerKey) -> NDArray[np.float64]:
    """From the nearest exact eigenvalue, NaN beyond the bound up to which all are known."""
    unknown = np.full(len(eigenvalues), np.nan)
    if key.spectrum is None:
        return unknown
    targets = [space.eigenvalue for space in key.targets]
    exact = np.array([*(point.eigenvalue for point in key.spectrum.points), *targets], complex)
    constant = Plane.of(key).constant
    exact = np.concatenate([exact, exact.conj(), [constant]])
    with np.errstate(invalid="ignore"):
        nearest = np.abs(eigenvalues[:, None] - exact).min(axis=1)
        return np.where(key.spectrum.holds(eigenvalues), nearest, unknown)
