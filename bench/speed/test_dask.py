"""From which length of a fit a Dask cluster pays: two workers on loopback beside two processes.

KOOPMARK_LARGE=1 adds fits of 5 s.
"""

import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from importlib import import_module

import numpy as np
import psutil

from conftest import need
from records import Efficiency, Overhead
from trivial_suite import Watch, trivial_suite

RUNNER = import_module("koopmark.run._run")

LENGTHS = {0.001: (20, 10), 0.01: (20, 10), 0.1: (20, 3), 1.0: (12, 1)}
"""Methods and levels of noise for each length of a fit, in seconds of processor time."""
if os.environ.get("KOOPMARK_LARGE"):
    LENGTHS[5.0] = (8, 1)

ROUNDS = 3
KINDS = {"dask_scheduler": "scheduler", "dask_worker": "Dask workers", "cluster._host": "hosts"}
"""What a process is, by a word of its command; those that fit have none of them."""


class Spending(Watch):
    """When fits end, and what processes have spent until then."""

    def __init__(self, console, total):
        super().__init__(console, total)
        self.skipped, self.ends = max(2, total // 10), []

    def advance(self, _rows):
        self.ends.append(time.perf_counter())
        if len(self.ends) == self.skipped:
            self.before = spent()
        elif len(self.ends) == self.total:
            self.after = spent()

    def share(self, seconds):
        """What part of two cores the fits had, once both processes were at work."""
        counted = self.total - self.skipped
        return counted * seconds / (2 * (self.ends[-1] - self.ends[self.skipped - 1]))

    def overheads(self):
        """Processor milliseconds for each fit by kind of process."""
        kinds = defaultdict(float)
        for process, (kind, seconds) in self.after.items():
            kinds[kind] += seconds - self.before.get(process, (kind, 0.0))[1]
        return {kind: 1e3 * it / (self.total - self.skipped) for kind, it in kinds.items()}


def spent():
    """Kind and processor seconds of this process and of all that it started, by process."""
    here = psutil.Process()
    found = {here: ("run", sum(here.cpu_times()[:2]))}
    for process in here.children(recursive=True):
        # Others end meanwhile.
        with suppress(psutil.Error):
            command = " ".join(process.cmdline())
            kind = next((KINDS[word] for word in KINDS if word in command), "processes of fits")
            found[process] = kind, sum(process.cpu_times()[:2])
    return found


@contextmanager
def two_workers(folder):
    """The address of a Dask scheduler on loopback with two workers of one thread each."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    address, started = f"tcp://127.0.0.1:{port}", []

    def start(module, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *arguments]
        with (folder / f"{len(started)}.log").open("w") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=folder))

    try:
        start("dask_scheduler", "--host", "tcp://127.0.0.1", "--port", port)
        for _ in range(2):
            start("dask_worker", address, "--nthreads", "1", "--no-nanny")
        from distributed import Client

        with Client(address, timeout=120, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
        yield address
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def test_efficiency_by_length(tmp_path, every_core, records, monkeypatch):
    need("distributed")
    monkeypatch.setattr(RUNNER, "display", Spending)
    with two_workers(tmp_path) as address:

        def run(planned, scheduler, folder):
            cache = tmp_path / "cache"
            RUNNER.run(planned, tmp_path / folder, 2, cache_dir=cache, scheduler=scheduler)
            return Watch.last

        # Workers start their processes, and the data are made.
        run(trivial_suite(tmp_path / "first", 20, 10), address, "first run")
        for seconds, (methods, levels) in LENGTHS.items():
            planned = trivial_suite(tmp_path / f"{seconds:g}", methods, levels, seconds=seconds)
            watched = [
                [
                    run(planned, address, f"{seconds:g} Dask {i}"),
                    run(planned, None, f"{seconds:g} {i}"),
                ]
                for i in range(ROUNDS)
            ]
            shares = np.array([[it.share(seconds) for it in both] for both in watched])
            columns = np.column_stack([shares, shares[:, 0] / shares[:, 1]])
            numbers = np.percentile(columns, [50, 25, 75], axis=0).T.ravel()
            records.efficiencies.append(Efficiency(seconds, watched[0][0].total, *numbers))
            if seconds == min(LENGTHS):
                for name, it in zip(("Dask", "processes"), watched[-1], strict=True):
                    records.overheads += [
                        Overhead(name, kind, ms) for kind, ms in it.overheads().items() if ms > 0.01
                    ]
