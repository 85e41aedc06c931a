"""The README.md of a twin's folder."""

from collections.abc import Mapping, Sequence

import numpy as np

from koopmark._repr import number
from koopmark.datasets.measured import Measured
from koopmark.datasets.twins._families import GONE, Family
from koopmark.datasets.twins._seen import Seen


def readme(
    measured: Measured,
    families: Sequence[Family],
    left: Mapping[str, str],
    notes: Sequence[str],
    seen: Seen,
    size: int,
) -> str:
    """README.md of the folder: what was matched, what was measured, and what a twin can tell."""
    m = measured
    level = seen.noise[~m.constant]
    lines = [
        "# A twin: systems whose Koopman eigenfunctions are known, observed as the data were",
        "",
        "The twin matches how the data were taken, not the system behind them. It shows which "
        "methods find eigenvalues in data of this size, with this noise, sampling and these "
        "missing values, and how often verdicts on held-out data are true, if the system is one of "
        "those below. It does not show which eigenvalues the system behind the data has, or "
        "whether these methods could find any of them.",
        "",
        "## Measured, and matched",
        "",
        "| of the data | measured | in the twin |",
        "|---|---|---|",
        f"| trials | {m.trials:,} of {m.lengths[0]:,} to {m.lengths[2]:,} samples | the same, "
        "sample by sample |",
        f"| channels | {m.channels:,} | as many |",
        f"| samples missing | {100 * m.gaps:.3g} % in gaps, {100 * m.missing:.3g} % of single "
        "values | the same ones |",
        f"| sampling interval | {number(m.dt)}, uneven by {100 * m.jitter:.2g} % | the same times, "
        "in the system's unit of time |",
        f"| directions that hold a signal | {m.signal} of {m.rank} | {seen.size} variables |"
        if size == seen.size
        else f"| variables that linear dynamics need, from windows of samples | {m.order} | "
        f"{size} in `linear.toml`, through as many sensors as there are channels |",
        f"| noise, relative to the signal | {100 * level.min():.2g} to {100 * level.max():.2g} % "
        "| the same in each channel, white |",
        "| means and covariances | of each channel | the same, without noise |",
        f"| rates | {_rates(m)} | within 15 % of them where the family lets them be chosen; of "
        "others the unit of time is chosen so that theirs lie among them |",
        f"| inputs | {_inputs(m)} | {'the same' if m.inputs else 'none'} |",
        "",
        "## The systems",
        "",
        *(f"- `{family.name}.toml`: {family.about}" for family in families),
        "",
    ]
    if left:
        lines += ["Left out:", "", *(f"- {name}: {why}" for name, why in left.items()), ""]
    if notes:
        lines += ["Note:", "", *(f"- {note}" for note in notes), ""]
    lines += [
        "## What it cannot tell",
        "",
        "- The systems have no noise in their dynamics. If those of the data have, pairs that are "
        "supported on the twin may not be on the data, and fits to the data scatter more.",
        "- Noise in the twin is white and Gaussian, with one size for each channel.",
        "- All of a system's variables are seen. A hidden part of the system behind the data has "
        "no counterpart."
        if size == seen.size
        else "- The systems are linear. In so few channels an oscillation that noise in the "
        "dynamics keeps up, or a nonlinear one, looks like some that last: whether a method finds "
        "the eigenvalues of such a system, which decay or are multiples of one frequency, is not "
        "told.",
    ]
    if GONE in left.values():
        lines.append(
            "- The data vary to the end, and so the systems of the twin do not decay: they do not "
            "show whether a method finds decaying eigenvalues in data like these."
        )
    return "\n".join(lines) + "\n"


def _rates(measured: Measured) -> str:
    told = [value for value in measured.rates if value.imag >= 0.0]
    if not len(told):
        return "none could be measured; guessed from the correlation time"
    return ", ".join(
        f"{value.real:.3g}" + (f" ± {value.imag:.3g}i" if value.imag else "") for value in told
    )


def _inputs(measured: Measured) -> str:
    given = measured.inputs
    if given is None:
        return "none"
    sizes = ", ".join(map(number, np.atleast_1d(given.amplitude)))
    return f"{given.channels}, {given.kind}, RMS {sizes}"
