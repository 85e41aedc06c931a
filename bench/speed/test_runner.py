"""What a suite of ten thousand fits costs beside the fits: planning, running, memory, resuming."""

import resource
import time
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace

import psutil
import pytest

from interleave import processor_seconds
from koopmark.plan._cells import plan
from trivial_suite import ANCHORS, Watch, trivial_suite

RUNNER = import_module("koopmark.run._run")

PLANNING, PER_FIT, RESUMING = 45.0, 0.11, 45.0
"""Goals in yardsticks: 2 s, 5 ms and 2 s where a yardstick takes 45 ms."""

GROWTH = 10.0
"""Megabytes by which the runner may grow."""


def yardstick():
    """Processor seconds of a million steps of Python, for what seconds mean on this machine now."""
    return min(processor_seconds(lambda: sum(i & 1 for i in range(1_000_000))) for _ in range(5))


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """50 seeds of 20 levels of noise with 10 methods, and the anchors on 50 seeds of one."""
    folder = tmp_path_factory.mktemp("suite")
    return trivial_suite(folder, methods=10, levels=20, seeds=50, extra=ANCHORS)


class Spending(Watch):
    """The runner's memory, and the time that the fits took."""

    def __init__(self, console, total):
        super().__init__(console, total)
        self.megabytes, self.seconds, self.done = {}, 0.0, 0

    def advance(self, rows):
        self.done += 1
        self.seconds += max(0.0, rows.fit["fit_seconds"])
        if self.done % 1000 == 0:
            self.megabytes[self.done] = psutil.Process().memory_info().rss / 1e6


@contextmanager
def cost():
    """Processor seconds of this process and of those it started and saw end, and wall time."""
    spent = SimpleNamespace()
    before, start = [_processor(who) for who in WHO], time.perf_counter()
    yield spent
    spent.here, spent.workers = (_processor(who) - b for who, b in zip(WHO, before, strict=True))
    spent.wall = time.perf_counter() - start


WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _processor(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def test_planning(suite, benchmark):
    with cost() as first:
        assert len(plan(suite)) == 10_100
    benchmark.pedantic(plan, args=(suite,), rounds=3)
    print(f"\nplanning, s of processor time: {first.here:.2f}")
    assert first.here < PLANNING * yardstick()


def test_running_and_resuming(suite, tmp_path, benchmark, every_core, monkeypatch):
    monkeypatch.setattr(RUNNER, "display", Spending)
    with cost() as first:
        benchmark.pedantic(
            RUNNER.run,
            args=(suite, tmp_path / "out", 2),
            kwargs={"cache_dir": tmp_path / "cache"},
            rounds=1,
        )
    watched, fits = Watch.last, 10_100
    assert watched.done == fits
    runner = first.here / fits * 1e3
    workers = (first.workers - watched.seconds) / fits * 1e3
    memory = watched.megabytes
    growth = memory[10_000] - memory[1000]
    with cost() as resumed:
        RUNNER.run(suite, tmp_path / "out", 2, cache_dir=tmp_path / "cache")
    again = resumed.here + resumed.workers
    found = {
        "runner, ms of processor time a fit": runner,
        "workers, ms of processor time a fit beside the fit": workers,
        "memory of the runner from fit 1,000 to 10,000, MB": growth,
        "going on with a finished run, s of processor time": again,
        "going on with a finished run, s": resumed.wall,
    }
    benchmark.extra_info.update(found)
    print()
    for what, number in found.items():
        print(f"{what}: {number:.2f}")
    assert runner + workers < 1e3 * PER_FIT * yardstick()
    assert growth < GROWTH
    assert again < RESUMING * yardstick()
