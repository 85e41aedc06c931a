"""What holds for all tests."""

import gc
import os
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, settings

from koopmark.plan.provenance import in_words, kernels

pytest_plugins = ["cells", "analyses", "runs", "warm"]
"""What the tests of several packages share, in tests/fixtures."""

# Times on a shared machine say nothing about the code. The same few examples every time, unless
# KOOPMARK_FUZZ asks for that many random ones, as every night.
many = os.environ.get("KOOPMARK_FUZZ")
settings.register_profile(
    "koopmark",
    deadline=None,
    derandomize=many is None,
    max_examples=int(many or 40),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("koopmark")


# Collecting makes millions of objects that stay: looking through them again and again takes a
# quarter of its time, and would go on doing so in every test.
gc.disable()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark as nightly what `spread` leaves out, before markers are looked at."""
    cases = defaultdict(list)
    for item in items:
        if spread := item.get_closest_marker("spread"):
            cases[item.nodeid.partition("[")[0], *spread.args].append(item)
    for (_, count), members in cases.items():
        kept = {position * len(members) // count for position in range(count)}
        for position, item in enumerate(members):
            if position not in kept:
                item.add_marker("nightly")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One more than processors: a third of the time of tests is waiting for processes and pages."""
    asked = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    if asked:
        return int(asked)
    usable = getattr(os, "sched_getaffinity", None)
    return 1 + (len(usable(0)) if usable else os.cpu_count() or 1)


def pytest_report_header():
    return f"kernels: {in_words(kernels())}"


def pytest_terminal_summary(terminalreporter):
    """Rounding differs from one processor to another: a failure says on which it was seen."""
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"Failed with the kernels {in_words(kernels())}.")
