"""The suite that an analysis runs: one recording, its methods, and draws of its trials."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from koopmark import methods
from koopmark.datasets.measured import Measured
from koopmark.simulation import Trajectories

MOST_FUNCTIONS = 300
"""Monomials that a chosen method may have."""
PAIRS_A_FUNCTION = 5
"""Snapshot pairs that there must be for each."""
SHORTEST = 5
"""States in a window of a method with delays, at least."""
FEWEST_VALUES, MOST_VALUES = 12, 60
"""In such a window: channels times states, but SHORTEST states at least."""
CORRELATION_TIMES = 2.0
"""That a window is long, if it can be: over much less, noise hides that an oscillation turns."""
OF_A_TRIAL = 3
"""Windows that the median trial is long at least."""


def chosen(data: Trajectories, everything: bool = False) -> list[dict[str, Any]]:
    """Entries of methods for these data: a dozen, or all of the registry that need no key."""
    if everything:
        return [{"use": name} for name in every_method()]
    n = data.states.shape[2]
    both = [{"kind": "monomials", "degree": degree} for degree in (1, 2)]
    affine, quadratic = both
    squares = (n + 1) * (n + 2) // 2
    few = squares <= min(MOST_FUNCTIONS, data.neighbours / PAIRS_A_FUNCTION)
    window = _window(data)
    entries: list[dict[str, Any]] = [
        {"use": f"koopmark.{name}", "options": {"dictionary": affine}}
        for name in ("qr_edmd", "varpro_edmd", "tls_edmd", "iv_edmd")
    ]
    if few:
        entries += [
            {"use": f"koopmark.{name}", "options": {"dictionary": quadratic}}
            for name in ("qr_edmd", "tls_edmd")
        ]
    if window > SHORTEST:
        # One channel alone shows no oscillation: its past stands for what was not recorded.
        options = {"delays": window, "dictionary": affine}
        entries += [{"use": "koopmark.qr_edmd", "options": options}]
    entries += [
        {"use": "koopmark.optimised_dmd"},
        {"use": "deeptime.vamp"},
        {"use": "kooplearn.ridge"},
        {"use": "pydmd.subspacedmd"},
    ]
    if data.inputs is None:
        delayed = {"use": "pykoop.dmd_delays", "options": {"n_delays_state": window - 1}}
        entries += [{"use": "pydmd.dmd"}, delayed]
        entries += [{"use": "pydmd.hankeldmd", "options": {"delays": window}}] * (window > SHORTEST)
        entries += [{"use": "pykoopman.edmd_polynomial", "options": {"degree": 2}}] * few
    else:
        entries += [
            {"use": "pydmd.dmdc"},
            {"use": "pykoop.edmdc"},
            {"use": "pykoopman.edmdc_identity"},
        ]
    return entries


def _window(data: Trajectories) -> int:
    """States in the windows of methods with delays."""
    measured = Measured.of(data)
    n = max(measured.channels, 1)
    least = max(SHORTEST, -(-FEWEST_VALUES // n))
    values = min(MOST_VALUES, data.neighbours // PAIRS_A_FUNCTION)
    most = max(least, min(values // n, measured.lengths[1] // OF_A_TRIAL))
    lasts = measured.correlation_time[np.isfinite(measured.correlation_time)]
    if not len(lasts) or not measured.dt > 0.0:
        return least
    states = 1 + int(np.ceil(CORRELATION_TIMES * lasts.max() / measured.dt))
    return min(max(states, least), most)


def every_method() -> list[str]:
    """Names in the registry of the methods that need no answer key."""
    return [name for name in methods.names() if methods.get(name).tags.role == "method"]


def suite_text(
    file: Path,
    entries: Sequence[dict[str, Any]],
    holdout: float,
    draws: int,
    options: dict[str, Any],
) -> str:
    """A suite file: the recording, its methods, and so many draws of its trials."""
    recording = {"file": str(file), "held_out": holdout, "resampled": True, **options}
    lines = [
        f"title = {json.dumps('Analysis of ' + file.name)}",
        'question = "Which eigenvalues do these data support?"',
        f"seeds = {1 + draws}",
        "methods = [",
        *(f"    {toml_of(entry)}," for entry in entries),
        "]",
        "",
        "[[recordings]]",
        *(f"{key} = {toml_of(value)}" for key, value in recording.items()),
    ]
    return "\n".join(lines) + "\n"


def toml_of(value: Any) -> str:
    """A value in one line of TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_of(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return json.dumps(value)
