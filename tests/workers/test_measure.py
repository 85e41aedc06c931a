import sys
import time

import numpy as np
import psutil
import pytest

from koopmark.workers._measure import Meter, is_out_of_memory, memory_limit

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this")


def test_time_is_counted_from_the_making_of_the_meter():
    meter = Meter()
    time.sleep(0.05)
    assert 0.05 <= meter.seconds() < 1.0


@linux
def test_peak_memory_counts_what_was_freed_again():
    meter = Meter()
    np.ones(5_000_000).sum()
    assert 35 <= meter.peak_mb() < 80


@linux
def test_peak_memory_forgets_what_came_before_the_meter():
    np.ones(10_000_000).sum()
    meter = Meter()
    np.ones(1_000_000).sum()
    assert meter.peak_mb() < 40


@linux
def test_what_a_fit_left_in_a_cycle_is_given_back_before_the_next():
    Meter()
    left = {"data": np.ones(10_000_000)}
    left["itself"] = left
    del left
    before = psutil.Process().memory_info().rss
    Meter()
    assert before - psutil.Process().memory_info().rss > 70e6


@linux
def test_more_memory_than_the_limit_is_refused():
    with memory_limit(50), pytest.raises(MemoryError):
        np.ones(20_000_000)


@linux
def test_the_limit_counts_from_what_the_process_already_holds():
    held = np.ones(20_000_000)
    with memory_limit(100):
        assert np.ones(5_000_000).sum() + held[0] == 5_000_001


@linux
def test_the_limit_is_gone_after_the_block():
    with pytest.raises(MemoryError), memory_limit(50):
        np.ones(20_000_000)
    assert np.ones(20_000_000).sum() == 20_000_000


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ..."), True),
        (RuntimeError("did not converge"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_memory_that_ran_out_is_recognised_as_libraries_say_it(error, answer):
    assert is_out_of_memory(error) is answer
