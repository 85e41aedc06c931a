"""Shared by the speed benchmarks: the records of the run, and skipping what is not installed."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from records import Records

RECORDS = Records()

# One core for everything, from before JAX is imported: XLA has threads of its own, which neither
# threadpoolctl nor XLA's flags hold back, and would take 1.7 cores of two.
CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
if CORES:
    os.sched_setaffinity(0, {max(CORES)})


@pytest.fixture(scope="session")
def records():
    """The folder in which benchmarks store their results."""
    return RECORDS


@pytest.fixture(autouse=True)
def one_thread():
    """One BLAS thread, whatever the environment says."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


@pytest.fixture
def every_core():
    """For what is meant to run on several cores."""
    if not CORES:
        yield
        return
    os.sched_setaffinity(0, CORES)
    yield
    os.sched_setaffinity(0, {max(CORES)})


def need(module):
    """Skip the test where a peer is not installed, saying how to get it."""
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed here: make speed-peers has it")


def pytest_terminal_summary(terminalreporter):
    """The tables of the run, after pytest-benchmark's own."""
    report = RECORDS.report()
    if report:
        terminalreporter.write_line("")
        terminalreporter.write(report)


def pytest_sessionfinish():
    RECORDS.write()
