"""The suite that an analysis runs: one recording, its methods, and draws of its trials."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from koopmark import methods
from koopmark.datasets.measured import Measured
from koopmark.simulation import Trajectories

MOST_FUNCTIONS = 300
"""Functions that a method may have whose fit takes minutes with more."""
PAIRS_A_FUNCTION = 5
"""Snapshot pairs that there must be for each monomial of degree 2."""
SHORTEST = 5
"""States in a window of a method with delays, at least."""
FEWEST_VALUES, MOST_VALUES = 12, 60
"""In such a window: channels times states, but SHORTEST states at least."""
CORRELATION_TIMES = 2.0
"""That a window is long, if it can be: over much less, noise hides that an oscillation turns."""
OF_A_TRIAL = 3
"""Windows that the median trial is long at least."""
MOST_PAIRS_SQUARED = 10_000
"""Snapshot pairs of a method that makes a matrix of as many rows and columns."""
LONGEST_TRIAL = 100_000
"""States of a trial to which sums of exponentials are fitted."""
DRAWS, FEWEST_DRAWS = 20, 8
"""Draws of the trials, from which intervals are made: of all data but large ones, and at least."""
SECONDS_A_NUMBER = 1e-5
"""That fits of all chosen methods take for each number in the snapshot pairs."""
SECONDS_OF_DRAWS = 150.0
"""That fits to draws may take together, by that."""
LIMIT, LIMIT_OF_ALL = 60.0, 20.0
"""Seconds that a fit may take, and one of all methods of the registry."""


@dataclass(frozen=True)
class Choice:
    """Methods for some data.

    Parameters
    ----------
    entries : list of dict
        Those of the suite's `methods`.
    left_out : dict from str to str
        Methods that would be among them if the data were others, and why they are not.
    """

    entries: list[dict[str, Any]]
    left_out: dict[str, str]


@dataclass(frozen=True)
class _Candidate:
    entry: dict[str, Any]
    why_not: str = ""

    @property
    def name(self) -> str:
        options = self.entry.get("options", {})
        told = {**options, **options.get("dictionary", {})}
        shown = [f"{key}={told[key]}" for key in told if key not in ("kind", "dictionary")]
        return self.entry["use"] + (f"[{', '.join(shown)}]" if shown else "")


def chosen(data: Trajectories) -> Choice:
    """A dozen methods for these data, without those that cannot be fitted to so many numbers."""
    found = list(_candidates(data))
    return Choice(
        [one.entry for one in found if not one.why_not],
        {one.name: one.why_not for one in found if one.why_not},
    )


def _candidates(data: Trajectories) -> Iterator[_Candidate]:
    n, pairs, longest = data.states.shape[2], data.neighbours, data.states.shape[1]
    both = [{"kind": "monomials", "degree": degree} for degree in (1, 2)]
    affine, quadratic = both
    squares = (n + 1) * (n + 2) // 2
    window = _window(data)
    wide = many = long = ""
    if n > MOST_FUNCTIONS:
        wide = f"a fit to {n:,} channels takes minutes; the limit is {MOST_FUNCTIONS} channels"
    if squares > MOST_FUNCTIONS:
        many = f"{n:,} channels have {squares:,} monomials; the limit is {MOST_FUNCTIONS}"
    elif PAIRS_A_FUNCTION * squares > pairs:
        many = f"{pairs:,} snapshot pairs are too few for {squares:,} monomials: "
        many += f"{PAIRS_A_FUNCTION} pairs per monomial are needed, {PAIRS_A_FUNCTION * squares:,}"
    square = ""
    if pairs > MOST_PAIRS_SQUARED:
        size = 8e-9 * pairs**2
        square = f"it needs a matrix of {pairs:,} × {pairs:,} numbers ({size:,.1f} GB)"
    if longest > LONGEST_TRIAL:
        long = f"a fit to a trial of {longest:,} states takes minutes; the limit is "
        long += f"{LONGEST_TRIAL:,} states"
    for name, why_not in (
        ("qr_edmd", ""),
        ("varpro_edmd", long),
        ("tls_edmd", wide),
        ("iv_edmd", wide),
    ):
        entry = {"use": f"koopmark.{name}", "options": {"dictionary": affine}}
        yield _Candidate(entry, why_not)
    for name in ("qr_edmd", "tls_edmd"):
        yield _Candidate({"use": f"koopmark.{name}", "options": {"dictionary": quadratic}}, many)
    if window > SHORTEST:
        # A single channel shows no oscillation: its past replaces what was not recorded.
        options = {"delays": window, "dictionary": affine}
        yield _Candidate({"use": "koopmark.qr_edmd", "options": options})
    yield _Candidate({"use": "koopmark.optimised_dmd"}, long or wide)
    yield _Candidate({"use": "deeptime.vamp"}, wide)
    yield _Candidate({"use": "kooplearn.ridge"})
    yield _Candidate({"use": "pydmd.subspacedmd"}, square)
    if data.inputs is not None:
        for name in ("pydmd.dmdc", "pykoop.edmdc", "pykoopman.edmdc_identity"):
            yield _Candidate({"use": name})
        return
    yield _Candidate({"use": "pydmd.dmd"})
    delayed = {"use": "pykoop.dmd_delays", "options": {"n_delays_state": window - 1}}
    yield _Candidate(delayed, wide)
    if window > SHORTEST:
        yield _Candidate({"use": "pydmd.hankeldmd", "options": {"delays": window}})
    yield _Candidate({"use": "pykoopman.edmd_polynomial", "options": {"degree": 2}}, many)


def draws_for(data: Trajectories, everything: bool = False) -> int:
    """How many draws are fitted in a few minutes: fewer of large data, or of all methods."""
    if everything:
        return FEWEST_DRAWS
    numbers = data.neighbours * (data.states.shape[2] + 1)
    affordable = SECONDS_OF_DRAWS / (SECONDS_A_NUMBER * max(numbers, 1))
    return int(min(DRAWS, max(FEWEST_DRAWS, affordable)))


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
    seconds: float = LIMIT,
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
        "[limits]",
        f"seconds = {seconds:g}",
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
