"""What was measured of a recording in sentences, with the consequences of each."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koopmark._repr import eigenvalue, number
from koopmark.datasets._driving import Driving
from koopmark.datasets._time_scales import FEW_TRIALS, NEAR_NYQUIST
from koopmark.datasets.measured import Measured
from koopmark.simulation import EXCITES

CHANGES = 0.1
"""|Re λ|T below which a function changes by less than 10 % in a span T."""
FADES = 10.0
"""|Re λ|T above which a function is below e⁻¹⁰ of its start at the end of a span T."""
ALIASED = 0.05
"""Share of the variance near Nyquist's frequency from which on aliasing is feared: of white noise
it is 20 %."""
UNITS = 1e4
"""Ratio of standard deviations of channels from which on scaling them matters: the square root
of it in the squares that fits minimise is 1e8, and rounding takes half of the digits."""
MOST_NAMED = 6
"""Channels, and rates, that are named."""
ALONE = 3.0
"""Noise, in units of the signal, from which on a channel is noise: it is 90 % of the variance."""
MOVED = 0.5
"""Change of the spread, and half of the drift in standard deviations, from which on trials are no
stretches of one stationary process."""


class Statement(NamedTuple):
    """One measured property in a sentence; a row of the table."""

    what: str
    value: str
    meaning: str


def statements(measured: Measured) -> list[Statement]:
    """All measured properties in reading order, one row each."""
    return [
        *_taken(measured),
        *_channels(measured),
        *_noise(measured),
        *_driven_by_noise(measured),
        *_directions(measured),
        *_speeds(measured),
        *_stationary(measured),
        *_inputs(measured.inputs),
    ]


def _taken(m: Measured) -> Iterator[Statement]:
    shortest, median, longest = m.lengths
    lengths = f"{longest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
    if shortest != longest:
        lengths += f" (median {median:,})"
    single = m.trials == 1
    yield Statement(
        "trials",
        f"{_count(m.trials, 'trial')} of {lengths} samples, {m.samples:,} in all",
        "its last part is held out, and intervals come from draws of blocks of time"
        if single
        else "whole trials are held out, and intervals come from draws of whole trials",
    )
    if m.looked_at < m.samples:
        yield Statement(
            "thinned",
            f"{m.looked_at:,} of {m.samples:,} samples",
            "noise, ranks and time scales were measured from these, which are evenly spread; "
            "everything else from all samples",
        )
    if not np.isfinite(m.dt):
        yield Statement(
            "Δt",
            "unknown",
            "no trial has two samples, so nothing shows how states change and no method can be "
            "fitted; name the column that identifies trials, or pass trials of several samples",
        )
        return
    said = "even" if m.jitter < 1e-4 else f"uneven by up to {100 * m.jitter:.2g} % of Δt"
    if not m.on_grid:
        said = f"steps uneven by {100 * m.jitter:.2g} % of Δt, not on a grid"
    usable = f"{m.pairs:,} of {m.steps:,} pairs of successive samples are one Δt apart (to 1 %)"
    yield Statement("Δt", f"{number(m.dt)}, {said}", f"{usable}, and methods for pairs use these")
    yield Statement(
        "horizon",
        number(m.horizon),
        f"a function with |Re λ| below {number(CHANGES / m.horizon)} changes by less than 10 % in "
        f"the longest trial, so that its rate is hard to tell from 0; one that decays faster than "
        f"{number(FADES / m.horizon)} has vanished long before the end",
    )
    if m.gaps or m.missing:
        parts = []
        if m.gaps:
            parts.append(
                f"{100 * m.gaps:.2g} % of the samples in gaps of {m.gap:.2g} samples on average"
            )
        if m.missing:
            parts.append(f"{100 * m.missing:.2g} % of single values")
        yield Statement(
            "missing",
            ", ".join(parts),
            "a sample with a missing channel counts as not recorded, and no pair contains it",
        )
    if m.infinite:
        yield Statement(
            "infinite values",
            f"{m.infinite:,}",
            "they are left out here, and methods do not accept them: replace them by NaN",
        )


def _channels(m: Measured) -> Iterator[Statement]:
    lost = np.flatnonzero(np.isnan(m.mean))
    if len(lost):
        yield Statement(
            "channels without a value",
            _named(lost),
            "they leave no sample complete: leave them out with channels=",
        )
    fixed = np.flatnonzero(m.constant & ~np.isnan(m.mean))
    if len(fixed):
        yield Statement(
            "constant channels",
            _named(fixed),
            "they say nothing about the dynamics"
            if len(fixed) < m.channels - len(lost)
            # Of such data there is nothing to fit.
            else "nothing changes: there are no dynamics to find",
        )
    together = [one for one in m.copies if not one.later]
    if together:
        yield Statement(
            "copied channels",
            _copied([f"{one.channel} of {one.of}" for one in together]),
            "their noise is the same too, and they tell nothing more: leave them out by channels=",
        )
    late = [one for one in m.copies if one.later]
    if late:
        yield Statement(
            "delayed copies",
            _copied([f"{one.channel} of {one.of}, {one.later} earlier" for one in late]),
            "their noise is the same too, so that it is not white, as verdicts take it to be: true "
            "pairs may be not supported; leave them out by channels=, and use methods with delays",
        )
    scales = m.deviation[~m.constant]
    if len(scales) > 1 and scales.max() > UNITS * scales.min():
        yield Statement(
            "units",
            f"standard deviations from {number(scales.min())} to {number(scales.max())}",
            f"channels differ by a factor of {scales.max() / scales.min():.1g}: methods that do "
            "not scale them see the largest only; divide each by its standard deviation",
        )


def _noise(m: Measured) -> Iterator[Statement]:
    share = m.relative_noise
    known = np.flatnonzero(np.isfinite(m.noise) & ~m.constant)
    if not len(known):
        if np.isfinite(m.dt) and not m.constant.all():
            yield Statement(
                "noise",
                "unknown",
                "there are too few successive samples to tell it from the dynamics",
            )
        return
    alone = known[share[known] >= ALONE]
    if len(alone):
        yield Statement(
            "noise alone",
            f"channels {_named(alone)}" if len(alone) > 1 else f"channel {_named(alone)}",
            "almost nothing but noise, or changes faster than the sampling: trust nothing that is "
            "found in them alone",
        )
    known = known[share[known] < ALONE]
    for settled, chosen in (
        (True, known[m.noise_settled[known]]),
        (False, known[~m.noise_settled[known]]),
    ):
        if not len(chosen):
            continue
        worst = chosen[np.argmax(share[chosen])]
        low, high = (100 * float(end(share[chosen])) for end in (np.min, np.max))
        size = f"{high:.2g} %" if high < 1.1 * low or high < 1e-9 else f"{low:.2g} to {high:.2g} %"
        of = _count(len(chosen), "channel")
        if settled:
            faster = np.log1p(float(share[worst]) ** 2) / m.dt
            yield Statement(
                "noise",
                f"{size} of the signal in {of}" + _most(worst, chosen),
                f"a least-squares fit to channel {worst} alone decays too fast by "
                f"{number(faster)} per unit of time; methods that allow for noise avoid this bias",
            )
        else:
            yield Statement(
                "noise",
                f"at most {size} of the signal in {of}" + _most(worst, chosen),
                "it cannot be told from what the dynamics do within a few samples, and may be 0",
            )


def _driven_by_noise(m: Measured) -> Iterator[Statement]:
    grows = np.flatnonzero(m.noise_grows & ~(m.relative_noise >= ALONE))
    if len(grows):
        yield Statement(
            "noise in the dynamics",
            f"possible in {_count(len(grows), 'channel')} ({_named(grows)})",
            "what looks like noise is larger over two sampling intervals than over one: that of "
            "measurements is not, that of random forces is, and so are oscillations too fast for "
            "the sampling. Verdicts count it against pairs, also against those that are true of "
            "the mean; a twin has none of it, and does not show what it does to methods",
        )


def _directions(m: Measured) -> Iterator[Statement]:
    if not np.isfinite(m.dt) or m.constant.all():
        return
    varying = int((~m.constant).sum())
    if m.rank < varying:
        yield Statement(
            "numerical rank",
            f"{m.rank} of {_count(varying, 'channel')} that vary",
            "the others are linear combinations of these to rounding, and add no information",
        )
    if m.signal < m.rank:
        meaning = (
            "other directions do not predict the next sample: they hold noise only, and "
            "eigenvalues found in them mean nothing"
        )
        if not m.signal:
            meaning = (
                "no linear combination of channels predicts the next sample: the data may be noise "
                "only, or change faster than the sampling"
            )
    else:
        meaning = "every direction helps to predict the next sample"
    yield Statement("rank above noise", f"{m.signal} of {m.rank}", meaning)
    if m.order > m.signal:
        yield Statement(
            "order",
            f"{m.order}",
            f"windows of samples show {m.order} directions and one sample {m.signal}: methods with "
            "delays can find what methods of single samples cannot",
        )


def _speeds(m: Measured) -> Iterator[Statement]:
    lasts = m.correlation_time[np.isfinite(m.correlation_time)]
    if len(lasts):
        low, high = float(lasts.min()), float(lasts.max())
        span = number(low) if high < 1.1 * low else f"{number(low)} to {number(high)}"
        yield Statement(
            "correlation time",
            span,
            f"the fastest channel has {low / m.dt:.2g} samples per correlation time, and the "
            f"longest trial lasts {m.horizon / high:.2g} correlation times of the slowest",
        )
    if len(m.rates):
        upper = m.rates[m.rates.imag >= 0.0]
        errors = m.rate_errors[m.rates.imag >= 0.0]
        said = ", ".join(
            f"{eigenvalue(complex(rate))} ± {error:.1g}"
            for rate, error in zip(upper[:MOST_NAMED], errors, strict=False)
        )
        yield Statement(
            "rates of a linear fit",
            said + (f" and {len(upper) - MOST_NAMED} more" if len(upper) > MOST_NAMED else ""),
            "the best linear dynamics, with noise allowed for: time scales to compare with, but "
            "eigenvalues only if the system is linear in "
            + ("windows of samples" if m.order > m.signal else "the channels"),
        )
    if np.isfinite(m.near_nyquist):
        edge = f"{100 * NEAR_NYQUIST:.0f} % of π/Δt = {number(np.pi / m.dt)}"
        share = 100 * m.near_nyquist
        value = f"{share:.2g} %" if share >= 0.1 else "below 0.1 %"
        yield Statement(
            "aliasing",
            f"{value} of the variance above {edge}",
            "the channels change almost as fast as they are sampled: frequencies may be those of "
            "faster oscillations, which only denser sampling can show"
            if m.near_nyquist >= ALIASED
            else "nothing in the spectrum points to oscillations too fast for the sampling",
        )


def _stationary(m: Measured) -> Iterator[Statement]:
    if not np.isfinite(m.drift):
        return
    few = m.trials < FEW_TRIALS
    value = (
        f"from the first {'half' if few else 'tenth'} to the last means move by "
        f"{number(m.drift)} standard deviations, "
        f"and the spread {'within' if few else 'between'} trials changes by a factor of "
        f"{number(m.spread)}"
    )
    if m.spread < MOVED:
        meaning = (
            "variations die out: decaying functions are visible, best at the start"
            if few
            else "trials approach one another: decaying functions are visible"
        )
    elif m.spread > 1.0 / MOVED:
        meaning = "variations grow: growing functions are visible"
    elif m.drift >= MOVED * 2.0:
        meaning = "states end elsewhere than they start: decaying or growing functions are visible"
    else:
        meaning = (
            "much like a stationary process: unless noise or inputs drive it, decaying functions "
            "are 0 at all states that it visits, and cannot be found"
        )
    yield Statement("stationarity", value, meaning)


def _inputs(driving: Driving | None) -> Iterator[Statement]:
    if driving is None:
        return
    low, high = float(driving.amplitude.min()), float(driving.amplitude.max())
    size = number(low) if high < 1.1 * low else f"{number(low)} to {number(high)}"
    held = {
        "constant": "constant within a trial",
        "steps": f"steps held for {driving.hold:.2g} samples on average",
        "feedback": f"{100 * driving.of_state:.0f} % of the variance of one linear in the state",
    }.get(driving.kind, driving.kind)
    excited = int(np.sum(driving.excitation >= EXCITES))
    total = len(driving.excitation)
    yield Statement(
        "inputs",
        f"{_count(driving.channels, 'input')}, {held}, root mean square {size}, exciting "
        f"{excited} of {_count(total, 'direction')}",
        "gains of all inputs can be told from the dynamics"
        if excited == total
        else f"in {_count(total - excited, 'direction')} inputs are combinations of the state, a "
        "constant and each other: gains there are undetermined",
    )


def _count(number_of: int, what: str) -> str:
    return f"{number_of:,} {what}{'' if number_of == 1 else 's'}"


def _copied(said: list[str]) -> str:
    more = len(said) - MOST_NAMED
    return "; ".join(said[:MOST_NAMED]) + (f"; and {more:,} more" if more > 0 else "")


def _named(channels: NDArray[np.intp]) -> str:
    said = ", ".join(str(one) for one in channels[:MOST_NAMED])
    more = len(channels) - MOST_NAMED
    return said + (f" and {more:,} more" if more > 0 else "")


def _most(worst: np.intp, chosen: NDArray[np.intp]) -> str:
    return f", most in channel {worst}" if len(chosen) > 1 else ""
