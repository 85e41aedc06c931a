"""A real Dask scheduler and real workers on loopback, each a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from koopmark.suite import guard


class DaskCluster:
    """A scheduler at `address`; workers are started and killed by name."""

    def __init__(self, folder: Path, protocol: str = "tcp", settings: dict | None = None) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            # Workers import the hostile methods, and keep their files out of the tree.
            "PYTHONPATH": str(Path(__file__).parent),
            "DASK_TEMPORARY_DIRECTORY": str(folder),
            **(settings or {}),
        }
        self.address = f"{protocol}://127.0.0.1:{_free_port()}"
        self.workers: dict[str, subprocess.Popen] = {}
        self.scheduler = self._start("scheduler", "dask_scheduler", "--port", self._port)
        self._wait_for(lambda: "Scheduler at:" in self.log("scheduler"))

    @property
    def _port(self) -> str:
        return self.address.rpartition(":")[2]

    def start_worker(self, name: str, *options: str) -> subprocess.Popen:
        """A worker of one thread, without a nanny to bring it back, unless `options` say else."""
        arguments = (self.address, "--name", name, "--nthreads", "1", *(options or ["--no-nanny"]))
        self.workers[name] = self._start(name, "dask_worker", *arguments)
        self._wait_for(lambda: "Registered to:" in self.log(name))
        return self.workers[name]

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()

    def fitting(self) -> list[psutil.Process]:
        """The processes for fits that its workers have, or had and left behind."""
        found = []
        for process in psutil.process_iter():
            # Others end meanwhile, or are not ours to look at.
            with suppress(psutil.Error):
                environment = process.environ()
                ours = environment.get("DASK_TEMPORARY_DIRECTORY") == str(self._folder)
                if ours and guard.VARIABLE in environment:
                    found.append(process)
        return found

    def close(self) -> None:
        for process in [*self.workers.values(), self.scheduler]:
            # A stopped process would not hear of its end.
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def _start(self, name: str, module: str, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
        with (self._folder / f"{name}.log").open("w") as log:
            return subprocess.Popen(
                [*command, "--host", self.address.rpartition(":")[0], "--no-dashboard"],
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._folder,
            )

    @staticmethod
    def _wait_for(happened, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
