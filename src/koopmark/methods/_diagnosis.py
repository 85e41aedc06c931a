"""Remarks on the data that the note of every model contains, whatever the method."""

import numpy as np
from numpy.typing import NDArray

from koopmark._repr import number
from koopmark.methods.remarks import CLOSE, hangs_on_rounding, remark
from koopmark.models import Model
from koopmark.simulation import EXCITES, Trajectories, excitation_of, rank_of

SHARE, LASTING = 0.9, 1e-2
"""Frequencies above this share of Nyquist's are doubted if the pair keeps this much in a step."""


FADED, SLOW, STEADY = 10.0, 0.1, 1e-6
"""|Re λ|T above which hardly anything of the span T shows an eigenfunction, below which it hardly
changes, and below which it does not."""

ROUNDING = 1e-12
"""The part of the inputs that is rounding."""

SUM, ADDENDS = 1e-4, 8
"""Relative distance up to which an eigenvalue is a sum of others; one of these must be among so
many of the slowest, so that sums do not lie everywhere."""


def diagnose(model: Model, trajectories: Trajectories) -> None:
    """Add remarks on data that leave eigenvalues in doubt.

    These are data with a lower rank than channels, directions with noise only, aliased frequencies,
    and eigenvalues that the data are too short or too long for.
    """
    size = trajectories.states.shape[2]
    rank, signal, close = rank_of(trajectories, CLOSE)
    if close:
        remark(hangs_on_rounding("the data"))
    if rank < size:
        remark(f"numerical rank {rank} of {size} channels")
    if signal < rank:
        remark(f"rank {signal} of {rank} above noise, which is all that other directions hold")
    # Some processors call what is gone after a step, λ = -∞, invalid.
    with np.errstate(invalid="ignore"):
        steps = np.asarray(model.eigenvalues) * trajectories.dt
    steps = steps[np.isfinite(steps)]
    fast = (abs(steps.imag) > SHARE * np.pi) & (steps.real > np.log(LASTING))
    if fast.any():
        count = int(fast.sum())
        remark(
            f"{count} of {len(model.eigenvalues)} eigenvalues may be aliased: frequency near "
            f"Nyquist, |Im λ|Δt > {SHARE:g}π, sample more often (those of a map are right)"
        )

    remark_edges(model.eigenvalues, _span(trajectories))


def remark_edges(eigenvalues: NDArray, span: float) -> None:
    """Add a remark on eigenvalues at the edge of what data of this duration can show.

    Neither what stands still, such as the constant, nor a sum of other eigenvalues, which belongs
    to the product of their eigenfunctions and is as certain as they are.
    """
    rates = np.asarray(eigenvalues, dtype=complex)
    rates = rates[np.isfinite(rates)]
    changes = abs(rates.real) * span
    slow = int(np.sum((changes > STEADY) & (changes < SLOW)))
    order = np.argsort(changes, kind="stable")
    known = rates[order][changes[order] <= FADED]
    addends: list[complex] = []
    for rate in known[abs(known) * span > STEADY]:
        if len(addends) < ADDENDS and all(abs(rate - one) > SUM * abs(rate) for one in addends):
            addends.append(complex(rate))
    faded = 0
    for rate in rates[order][len(known) :]:
        distances = abs(rate - np.array(addends)[:, None] - known)
        if distances.min(initial=np.inf) <= SUM * abs(rate):
            known = np.append(known, rate)
        else:
            faded += 1
    if slow or faded:
        which = [
            f"{count} with |Re λ|T {what}"
            for count, what in (
                (faded, f"above {FADED:g} and no sum of others"),
                (slow, f"below {SLOW:g}"),
            )
            if count
        ]
        remark(
            f"{slow + faded} of {len(eigenvalues)} eigenvalues may be beyond what a span "
            f"T = {number(span)} shows: {', '.join(which)}"
        )


def remark_excitation(trajectories: Trajectories) -> None:
    """Add a remark on inputs whose effect the data cannot separate from that of the state.

    Of the inputs, scaled to unit norm, the part counts that no combination of a constant and the
    states is: its least singular value is 1 for white inputs, and 0 for constant ones, for feedback
    and for channels that repeat each other. Errors of a gain are the residual of the fit over it.
    """
    excitation = excitation_of(trajectories)
    poor = int(np.sum(excitation < EXCITES))
    if poor:
        least = float(excitation.min())
        far = "to rounding" if least < ROUNDING else f"all but a part of {number(least)}"
        remark(
            f"the inputs do not excite: in {poor} of {len(excitation)} directions they are "
            f"combinations of the state, a constant and each other, {far}, so that gains there are "
            "undetermined: white inputs, steps, or dither beside feedback would determine them"
        )


def _span(trajectories: Trajectories) -> float:
    """How long the longest trajectory was recorded."""
    if trajectories.regular:
        return float(trajectories.times[-1] - trajectories.times[0])
    return max(float(record.times[-1] - record.times[0]) for record in trajectories.records())
