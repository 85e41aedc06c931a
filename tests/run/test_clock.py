"""Where the time of a run goes, in numbers and in a line."""

from math import nan

import pytest

from koopmark.run import _clock
from koopmark.run._clock import DATA, FITS, PLANNING, SCORES, TABLES, WORKERS, Clock, took


@pytest.fixture
def at(monkeypatch):
    """Set the time, in seconds."""

    def at(seconds):
        monkeypatch.setattr(_clock.time, "monotonic", lambda: seconds)

    at(100.0)
    return at


def row(data=nan, fit=nan, score=nan, status="ok"):
    return {"status": status, "data_seconds": data, "fit_seconds": fit, "score_seconds": score}


def test_every_second_of_a_run_belongs_to_one_phase(at):
    clock = Clock()
    at(101.0)
    clock.lap(PLANNING)
    for ended in (row(1.0, 4.0, 2.0), row(0.0, 2.0, 2.0), row(0.0, status="skipped")):
        clock.fit_ended(ended, limit=30.0)
    at(108.0)
    clock.fits_ended(jobs=2)
    at(110.0)
    clock.lap(TABLES)
    # 11 seconds of two workers are 5.5 of the run's 7.
    expected = {FITS: 3.0, SCORES: 2.0, TABLES: 2.0, WORKERS: 1.5, PLANNING: 1.0, DATA: 0.5}
    assert clock.phases == expected
    assert list(clock.phases) == list(expected)
    assert sum(clock.phases.values()) == 10.0


def test_a_fit_that_was_ended_at_its_limit_took_so_long(at):
    clock = Clock()
    clock.fit_ended(row(status="timeout"), limit=30.0)
    clock.fit_ended(row(fit=31.0, status="timeout"), limit=30.0)
    clock.fit_ended(row(status="crashed"), limit=30.0)
    at(170.0)
    clock.fits_ended(jobs=1)
    assert clock.phases == {FITS: 61.0, WORKERS: 9.0}


PHASES = {FITS: 92.0, SCORES: 60.0, DATA: 17.0, TABLES: 13.0, WORKERS: 10.0, PLANNING: 0.1}


@pytest.mark.parametrize(
    ("budget", "jobs", "beginning"),
    [
        (210.0, 2, "Took 3 min 12 s of a budget of 3 min 30 s: fits 48 %, scores 31 %, data 9 %"),
        (150.0, 2, "Took 3 min 12 s, 42 s over its budget of 2 min 30 s: fits"),
        (150.0, 1, "Took 3 min 12 s with 1 worker; the budget of 2 min 30 s is for 2: fits"),
        (None, 2, "Took 3 min 12 s: fits"),
    ],
)
def test_a_line_says_how_long_a_run_took_of_its_budget_and_where_it_went(budget, jobs, beginning):
    said = took(PHASES, budget, jobs)
    assert said.startswith(beginning)
    assert said.endswith("tables and page 7 %, starting workers and imports 5 %")


@pytest.mark.parametrize(
    ("seconds", "words"), [(4.21, "4.2 s"), (60, "1 min"), (59.6, "1 min"), (3909, "1 h 5 min")]
)
def test_times_are_said_as_people_say_them(seconds, words):
    assert took({FITS: seconds}, None, 1) == f"Took {words}: fits 100 %"
