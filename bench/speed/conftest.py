"""Shared by the speed benchmarks: the records of the run, and skipping what is not installed."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from records import Records

RECORDS = Records()


@pytest.fixture(scope="session")
def records():
    """Where a benchmark leaves what it found."""
    return RECORDS


@pytest.fixture(autouse=True)
def one_thread():
    """One BLAS thread, whatever the environment says."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def need(module):
    """Skip the test where a peer is not installed, saying how to get it."""
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed here: make speed-peers has it")


def pytest_terminal_summary(terminalreporter):
    """The table of ratios, after pytest-benchmark's own."""
    if RECORDS.ratios:
        terminalreporter.write_line("")
        terminalreporter.write(RECORDS.markdown())


def pytest_sessionfinish():
    RECORDS.write()
