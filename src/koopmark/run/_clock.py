"""Time of a run by phase, compared with the budget of its suite."""

import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

PLANNING, DATA, FITS, SCORES = "planning", "data", "fits", "scores"
WORKERS, TABLES = "starting workers and imports", "tables and page"

OF_FITS = {DATA: "data_seconds", FITS: "fit_seconds", SCORES: "score_seconds"}
"""The phases that a fit's row has its seconds of."""

CORES = 2
"""Of the machine that budgets are for."""

SHOWN = 0.005
"""Share of the time below which a phase is not said."""


class Clock:
    """A clock that starts when created and assigns every second to one phase.

    Time of `jobs` parallel workers counts with the weight 1 / `jobs`. The phase WORKERS is the rest
    of their time: starting, importing libraries, and waiting for each other at the end.
    """

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._busy: defaultdict[str, float] = defaultdict(float)
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @property
    def phases(self) -> dict[str, float]:
        """Seconds of each phase so far, longest first."""
        longest = sorted(self._seconds.items(), key=lambda one: -one[1])
        return {phase: round(seconds, 3) for phase, seconds in longest}

    def lap(self, phase: str) -> None:
        """Assign the time since the last call to `phase`."""
        self._seconds[phase] += self._since_last()

    def fit_ended(self, fit: Mapping[str, Any], limit: float) -> None:
        """Add the times of a fit from its row; a fit ended at a limit counts with the limit."""
        for phase, column in OF_FITS.items():
            seconds = fit[column]
            if seconds == seconds:
                self._busy[phase] += seconds
            elif phase == FITS and fit["status"] == "timeout":
                self._busy[phase] += limit

    def fits_ended(self, jobs: int) -> None:
        """Distribute the time since the last call over the phases of the fits."""
        elapsed = self._since_last()
        shares = {phase: seconds / jobs for phase, seconds in self._busy.items()}
        for phase, seconds in shares.items():
            self._seconds[phase] += seconds
        self._seconds[WORKERS] += max(0.0, elapsed - sum(shares.values()))
        self._busy.clear()

    def _since_last(self) -> float:
        before, self._last = self._last, time.monotonic()
        return self._last - before


def took(phases: Mapping[str, float], budget: float | None, jobs: int) -> str:
    """Summary: `Took 3 min 12 s of a budget of 3 min 30 s: fits 48 %, scores 31 %, data 9 %`.

    Parameters
    ----------
    phases : mapping
        Seconds of each phase.
    budget : float, optional
        Seconds on two cores; None without a budget, or if only part of the suite was run.
    jobs : int
        Number of workers of the run.
    """
    total = sum(phases.values())
    shares = [
        f"{phase} {seconds / total:.0%}".replace("%", " %")
        for phase, seconds in phases.items()
        if seconds >= SHOWN * total
    ]
    said = f"Took {_in_words(total)}"
    if budget is not None and jobs < CORES:
        said += f" with {jobs} worker; the budget of {_in_words(budget)} is for {CORES}"
    elif budget is not None and total > budget:
        said += f", {_in_words(total - budget)} over its budget of {_in_words(budget)}"
    elif budget is not None:
        said += f" of a budget of {_in_words(budget)}"
    return f"{said}: {', '.join(shares)}"


def _in_words(seconds: float) -> str:
    """Such as `4.2 s`, `3 min 12 s` or `1 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
