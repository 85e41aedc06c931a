"""Eigenfunctions that follow an exponential along every trajectory: EDMD by variable projection."""

from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import NDArray

from koopmark.methods import papers
from koopmark.methods._method import Method, Skip, Tags
from koopmark.methods._options import Count
from koopmark.methods._sampling import along, together
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.methods.own._noise import corrected_values, noise_variances
from koopmark.methods.own._pencil import TrajectoryPencil
from koopmark.methods.own._records import records_of
from koopmark.methods.own._search import eigenspaces
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class VarProEDMD(Method):
    """Eigenpairs whose functions follow e^{λt} on whole trajectories, the noise accounted for.

    A function c of the dictionary and a rate λ are sought for which ψ(x(t)) c is a multiple of
    e^{λt} on every trajectory, the multiples being free: variable projection (Golub and Pereyra
    1973; for DMD, Askham and Kutz 2018), turned from the modes, which must describe the whole
    state, to the eigenfunctions, which need not. Least squares from one snapshot to the next has
    noise on both sides, and its eigenvalues are biased. See `TrajectoryPencil` for the criterion.

    The noise is estimated from the data, the bias of a nonlinear dictionary removed
    (`own/_noise.py`). The search starts from the eigenvalues of least squares, total least
    squares and instrumental variables, and from a grid of real rates. At each λ all functions that
    the noise explains are looked at together: the matrix Δ by which they move tells which of them
    share this λ, and where the others are.

    Parameters
    ----------
    dictionary : AnyDictionary
        ψ. The state with the constant by default.
    products : int
        Products of so many of the eigenfunctions found are added: they are eigenfunctions, and
        their eigenvalues add.
    limit : int
        At most so many functions altogether; a degree of products that exceeds it is left out.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    products: Count = 1
    limit: Count = 400

    tags = Tags(
        min_states=3,
        sampling="any",
        inputs=True,
        papers=(
            papers.GOLUB_1973,
            papers.ASKHAM_2018,
        ),
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        records = records_of(trajectories, self.tags.min_states)
        observables = self.dictionary.fitted(trajectories.snapshots())
        parts = [record.values for record in records]
        noise = noise_variances(trajectories)
        flat = corrected_values(observables, together(parts).reshape(-1, observables.inputs), noise)
        lifted = [
            record._replace(values=values)
            for record, values in zip(records, along(flat.values, parts), strict=True)
        ]
        pencil = TrajectoryPencil(lifted, flat.covariance, trajectories.dt)
        if parts[0].shape[1] < 3 or pencil.freedom < np.sum(~pencil.certain):
            raise Skip(
                f"{pencil.count_of_trajectories} trajectories of {parts[0].shape[1]} states are "
                f"too few to tell {np.sum(~pencil.certain)} functions from noise"
            )
        pencil, found, note = eigenspaces(pencil)
        sizes = [group.functions.shape[1] for group in found]
        rates = np.repeat(np.array([group.rate for group in found], dtype=complex), sizes)
        negative = np.repeat([group.negative for group in found], sizes)
        coefficients = pencil.spelled(np.hstack([group.functions for group in found]))
        coefficients = coefficients.astype(complex)
        # With the other half of each complex pair behind it.
        paired = (rates.imag != 0.0) & ~negative
        order = np.repeat(np.arange(len(rates)), np.where(paired, 2, 1))
        gains = None
        if pencil.inputs:
            each = [pencil.gains(group.rate, group.functions) for group in found]
            gains = np.vstack(each).astype(complex)
            gains[negative] = gains[negative].real
            gains = gains[order]
        other = np.diff(order, prepend=-1) == 0
        rates, coefficients = rates[order], np.take(coefficients, order, axis=1)
        rates[other], coefficients[:, other] = rates[other].conj(), coefficients[:, other].conj()
        if gains is not None:
            gains[other] = gains[other].conj()
        steps = None
        if negative.any():
            steps = np.exp(rates * trajectories.dt)
            steps[negative[order]] = steps[negative[order]].real
        model = LinearModel(
            observables,
            coefficients,
            rates,
            trajectories.dt,
            note=note,
            discrete=steps,
            input_gains=gains,
        )
        return with_products(model, self.products, self.limit)


@dataclass(frozen=True, eq=False)
class ProductLift:
    """Products of the eigenfunctions of a model as a dictionary.

    `factors` says of each product which eigenfunctions it multiplies.
    """

    model: LinearModel
    factors: tuple[tuple[int, ...], ...]

    def __call__(self, states: NDArray) -> NDArray[np.complex128]:
        """Values (P, len(factors)) at states (P, N)."""
        values = self.model.eigenfunctions(states[:, None])
        products = np.empty((len(states), len(self.factors)), dtype=complex)
        for column, indices in enumerate(self.factors):
            np.prod(values[:, indices], axis=1, out=products[:, column])
        return products


def with_products(model: LinearModel, degree: int, limit: int) -> LinearModel:
    """The model with all products of up to `degree` eigenfunctions; eigenvalues add.

    Degrees are added as long as there are no more than `limit` functions altogether; the note of
    the model says where one was left out.
    """
    count, reached, total = len(model.eigenvalues), 1, len(model.eigenvalues)
    while reached < degree and total + comb(count + reached, reached + 1) <= limit:
        reached += 1
        total += comb(count + reached - 1, reached)
    if reached < degree:
        left_out = f"products of {reached + 1} would be more than {limit} functions"
        model = replace(model, note="; ".join(filter(None, [model.note, left_out])))
    if reached == 1:
        return model
    factors = tuple(
        indices
        for size in range(1, reached + 1)
        for indices in combinations_with_replacement(range(count), size)
    )
    rates = np.array([sum(model.eigenvalues[list(indices)]) for indices in factors])
    steps = model.multipliers
    if steps is not None:
        steps = np.array([np.prod(steps[list(indices)]) for indices in factors])
        rates = continuous(steps, model.dt)
    lift = ProductLift(model, factors)
    if model.gains is None:
        return LinearModel(
            lift, np.eye(len(factors)), rates, model.dt, note=model.note, discrete=steps
        )
    # Products of driven functions have no gains: what inputs do to them depends on the state.
    linear = np.zeros((len(factors), model.gains.shape[1]), dtype=complex)
    linear[:count] = model.gains
    return DrivenProducts(
        lift,
        np.eye(len(factors)),
        rates,
        model.dt,
        note=model.note,
        discrete=steps,
        input_gains=linear,
    )


@dataclass(frozen=True, eq=False)
class DrivenProducts(LinearModel):
    """Effect of inputs on products of eigenfunctions: Π(μφ + g v) - Πμφ."""

    def forced(self, windows: NDArray, inputs: NDArray) -> NDArray:
        lift = self.lift
        assert isinstance(lift, ProductLift)
        steps = np.exp(lift.model.rates * self.dt)
        free = lift.model.eigenfunctions(windows) * steps
        moved = free + inputs @ np.asarray(lift.model.gains).T
        columns = [list(indices) for indices in lift.factors]
        parts = [moved[:, at].prod(axis=1) - free[:, at].prod(axis=1) for at in columns]
        return np.stack(parts, axis=1)
