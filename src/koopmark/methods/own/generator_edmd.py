"""Generator EDMD: eigenpairs of F·∇, from the vector field or from finite differences."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from koopmark._tsqr import block_rows, eliminate
from koopmark.datasets import AnswerKey
from koopmark.methods import papers
from koopmark.methods._method import InformedMethod, Method, Skip, Tags
from koopmark.methods._options import Tolerance
from koopmark.methods.dictionaries import AnyDictionary, Monomials, Observables
from koopmark.methods.own._factor import SnapshotFactor
from koopmark.methods.own.qr_edmd import eigenpairs
from koopmark.methods.remarks import remark
from koopmark.models import Model
from koopmark.simulation import Trajectories, overlapping

STENCILS = {
    2: (1 / 2,),
    4: (2 / 3, -1 / 12),
    6: (3 / 4, -3 / 20, 1 / 60),
}
"""Central differences by order: f'(t) ≈ Σₖ cₖ [f(t + kΔt) - f(t - kΔt)] / Δt, k = 1, 2, ..."""

SHIFTED = 0.01
"""Relative shift of an eigenvalue that is remarked."""

Values = tuple[NDArray[np.float64], NDArray[np.float64]]
"""ψ and its time derivative at the same states, (P, D) each."""


@dataclass(frozen=True)
class GeneratorEDMD(InformedMethod):
    """gEDMD (Klus, Nüske, Peitz, Niemann, Clementi and Schütte 2020), given the vector field.

    It looks at the vector field of the key: ψ̇ = F·∇ψ is exact at every state, so that the data say
    only where. What it gets right and EDMD does not is the data's doing, not the method's.

    Eigenvalues come as they are, without a logarithm. The model's residuals are
    ‖F·∇φ - λφ‖ / ‖φ‖ over the training states, per unit of time.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)
    tolerance: Tolerance = 1e-10

    tags = Tags(role="informed", sampling="any", papers=(papers.KLUS_2020_GENERATOR,))

    def _fit(self, trajectories: Trajectories, key: AnswerKey) -> Model:  # type: ignore[override]
        if key.stochastic:
            raise Skip("the generator of a stochastic system has a diffusion term besides F·∇")
        if key.vector_field is None:
            raise ValueError(
                "generator EDMD is given the vector field, and this answer key has none: take "
                "koopmark.generator_edmd_fd6"
            )
        states = trajectories.snapshots()
        observables = self.dictionary.fitted(states)
        blocks = exact_derivatives(observables, states, key.vector_field)
        factor = derivative_factor(observables.size, blocks)
        pairs = eigenpairs(factor, self.tolerance, observables.state)
        note = "given the vector field"
        return pairs.model(observables, pairs.discrete, trajectories.dt, note, of_steps=False)


@dataclass(frozen=True)
class DifferenceGeneratorEDMD(Method):
    """gEDMD (Klus et al. 2020) with ψ̇ from central differences along each trajectory.

    An exact eigenfunction stays exact, as differences of e^{λt} are multiples of it; its
    eigenvalue becomes Σₖ 2cₖ sinh(kλΔt) / Δt, off by O(Δt^order). Residuals are those of
    `GeneratorEDMD`.

    Parameters
    ----------
    order : 2, 4 or 6
        Of the differences, which need order + 1 states in a row.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)
    tolerance: Tolerance = 1e-10
    order: Literal[2, 4, 6] = 2

    tags = Tags(sampling="segments", papers=(papers.KLUS_2020_GENERATOR,)).none(
        "differences shift every eigenvalue by a power of the time step"
    )

    def promises(self) -> Tags:
        return replace(self.tags, min_states=self.order + 1)

    def _fit(self, trajectories: Trajectories) -> Model:
        observables = self.dictionary.fitted(trajectories.snapshots())
        parts = [block.states for block in trajectories.blocks()]
        rates = differences(observables, parts, trajectories.dt, self.order)
        factor = derivative_factor(observables.size, rates)
        pairs = eigenpairs(factor, self.tolerance, observables.state)
        remark_shifts(pairs.discrete, trajectories.dt, self.order)
        return pairs.model(observables, pairs.discrete, trajectories.dt, of_steps=False)


def remark_shifts(rates: NDArray, dt: float, order: int) -> None:
    """Add a remark on eigenvalues λ (s,) that central differences bias.

    They shift to Σₖ 2cₖ sinh(kλΔt) / Δt.
    """
    stencil = enumerate(STENCILS[order], start=1)
    with np.errstate(over="ignore", invalid="ignore"):
        terms = [2.0 * weight * np.sinh(k * rates * dt) / dt for k, weight in stencil]
        moved = abs(np.sum(terms, axis=0) - rates)
    count = int(np.sum(moved > SHIFTED * abs(rates)))
    if count:
        remark(
            f"differences of order {order} shift {count} of {len(rates)} eigenvalues by more than "
            f"{SHIFTED:.0%}: sample more often"
        )


def exact_derivatives(
    observables: Observables, states: NDArray, vector_field: Callable[[NDArray], NDArray]
) -> Iterator[Values]:
    """Values of ψ and F·∇ψ at all states (..., N), a block at a time."""
    rows = block_rows(2 * observables.size)
    flat = states.reshape(-1, states.shape[-1])
    for start in range(0, len(flat), rows):
        part = np.asarray(flat[start : start + rows], dtype=float)
        yield observables(part), observables.derivative(part, vector_field(part))


def differences(
    observables: Observables, parts: Sequence[NDArray], dt: float, order: int
) -> Iterator[Values]:
    """Values of ψ and its central differences at all states with enough neighbours.

    The trajectories are in `parts` (M, T, N), those of one length together.

    Raises
    ------
    Skip
        If none is long enough.
    """
    half, size = order // 2, observables.size
    longest = max(states.shape[1] for states in parts)
    if longest <= order:
        raise Skip(
            f"differences of order {order} need {order + 1} states in a row, and the trajectories "
            f"have {longest}"
        )
    rows = block_rows(2 * size)
    enough = [states for states in parts if states.shape[1] > order]
    for part in chain.from_iterable(overlapping(states, rows, order) for states in enough):
        values = observables(part.reshape(-1, part.shape[2])).reshape(*part.shape[:2], size)
        count = part.shape[1] - order
        velocity = np.zeros((len(part), count, size))
        for k, weight in enumerate(STENCILS[order], start=1):
            later = values[:, half + k : half + k + count]
            velocity += weight / dt * (later - values[:, half - k : half - k + count])
        now = values[:, half : half + count]
        yield now.reshape(-1, size), velocity.reshape(-1, size)


def derivative_factor(size: int, blocks: Iterable[Values]) -> SnapshotFactor:
    """R of [Ψ Ψ̇] = Q R, as `factorise` with ψ̇ in place of ψ(x⁺)."""
    triangle = np.zeros((2 * size, 2 * size), order="F")
    states = 0
    for values, velocity in blocks:
        triangle = eliminate(triangle, np.asfortranarray(np.hstack([values, velocity])))
        states += len(values)
    return SnapshotFactor(triangle, states)
