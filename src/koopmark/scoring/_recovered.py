"""What a model recovered, asked for once: its eigenpairs as the test set shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.scoring._cluster import Choice, choose, constants, radii
from koopmark.scoring._residuals import (
    alias,
    expected_pairs,
    highest_frequency,
    misplaced,
    pair_residuals,
    rates_of,
)
from koopmark.scoring._subspaces import level_columns
from koopmark.scoring._targets import ScoredSpace
from koopmark.scoring._test_set import TestSet

ASKED_TWICE = 64
"""Test windows at which a model is asked a second time, among others."""
SAME_VALUE = 1e-6
"""Relative to a function: what is computed beside other states may differ by this."""
ROUNDING_SHOWS = 10.0
"""Rounding that differs between batches differs between the states of one, too: it is at most this
many residuals."""


@dataclass(frozen=True, eq=False)
class Recovered:
    """The S recovered pairs as the test set shows them, s of them with finite values there.

    Parameters
    ----------
    eigenvalues, residuals, rates : (S,) arrays
        Residuals are NaN if there are none; rates are those at which pairs disobey λ̂ (`rates_of`).
    constant, usable : (S,) arrays of bool
        Which functions are constants; which have a finite eigenvalue and finite values.
    all_values, values : (P, S) array, (P, s) array or None
        At the windows of the test set: all, and those that are usable, if windows of the test set
        mean something to the model.
    along : (M, T, s) array
        The same along trajectories, or pairs of expectations like M trajectories.
    highest : float
        |Im λ| up to which eigenvalues are told apart.
    trajectories : int, optional
        Of how many the values along are, if not of M.
    """

    eigenvalues: NDArray[np.complex128]
    residuals: NDArray[np.float64]
    rates: NDArray[np.float64]
    constant: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    all_values: NDArray
    values: NDArray | None
    along: NDArray
    highest: float
    note: str
    trajectories: int | None = None

    @property
    def found(self) -> NDArray[np.complex128]:
        """(s,) finite eigenvalues."""
        return self.eigenvalues[self.usable]

    def choices(self, spaces: Sequence[ScoredSpace], others: bool, dt: float) -> list[Choice]:
        """The pairs that stand for each target; no functions of one that is not told apart.

        `others`: whether functions beside those of a target may be eigenfunctions at its eigenvalue
        (`choose`). A window that is most of a trajectory tells when it began: any function of that
        time decays.
        """
        widths = radii(np.array([one.space.eigenvalue for one in spaces]))
        choices = []
        for one, radius in zip(spaces, widths, strict=True):
            taken_for = alias(one.space.eigenvalue, self.highest)
            at = one.space.eigenvalue if taken_for is None else taken_for
            values = self.values if taken_for is None and one.told_apart else None
            choices.append(
                choose(
                    *(one.space, at, self.found, values, self.along, dt),
                    *(others, radius, self.trajectories),
                )
            )
        return choices


def recovered(model: Model, key: AnswerKey, test: TestSet, seed: int) -> Recovered:
    """Ask the model for its eigenpairs at the windows of the test set."""
    dt, windows = test.data.dt, test.windows
    apart = test.lacking or misplaced(model, test.data)
    eigenvalues = np.asarray(model.eigenvalues, dtype=complex)
    if test.lacking:
        none = np.zeros((len(windows), len(eigenvalues)))
        unknown = np.full(len(eigenvalues), np.nan)
        return Recovered(
            *(eigenvalues, unknown, unknown, np.zeros(len(eigenvalues), bool)),
            *(np.isfinite(eigenvalues), none, None, none[:, None]),
            highest_frequency(getattr(model, "dt", dt), eigenvalues, unknown),
            f"only eigenvalues are scored: {apart}",
            test.trajectories,
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
    along = test.along(values)
    residuals, usable = np.full(len(eigenvalues), np.nan), np.isfinite(eigenvalues)
    note = f"only eigenvalues are scored: {apart}" if apart else ""
    if not apart:
        if key.quadrature is not None:
            along = expected_pairs(model.eigenfunctions, key.quadrature, test.data, model.window)
            note = "residual, forecast_error: of expectations, the system being stochastic"
        residuals = pair_residuals(along, eigenvalues, dt)
        usable &= np.isfinite(values).all(axis=0)
    expect_same(before, values, chosen, residuals)
    rates = rates_of(residuals, eigenvalues, dt)
    all_there = usable.all()
    at_points = values if all_there else values[:, usable]
    return Recovered(
        eigenvalues,
        residuals,
        rates,
        constants(values, eigenvalues, rates),
        usable,
        values,
        None if apart else at_points,
        along if all_there else along[:, :, usable],
        # A model made by hand may say nothing of it.
        highest_frequency(getattr(model, "dt", dt), eigenvalues, rates),
        note,
        None if test.data.regular or key.quadrature is not None else test.trajectories,
    )


def expect_same(
    before: NDArray, values: NDArray, rows: NDArray[np.intp], residuals: NDArray[np.float64]
) -> None:
    """Refuse functions whose values at a state change with the states that are asked for beside it.

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
