"""Processes that are forked from a warm one, and are as if they had been started anew."""

import os
import resource
import signal
import sys
import threading
import time

import hostile_methods as hostile
import psutil
import pytest
import reporting

from koopmark.workers import _guard as guard
from koopmark.workers import _nursery as nursery
from koopmark.workers._pool import execute

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no nursery"),
]


def report():
    """What a process that is started now finds."""
    process, connection = nursery.start(reporting.report)
    with connection:
        found = connection.recv()
    process.join()
    assert process.exitcode == 0
    process.close()
    return found


def test_processes_are_forked_from_one_that_has_imported_what_they_need():
    first, second = report(), report()
    assert first["parent"] == second["parent"] != os.getpid()
    warm = {"numpy", "scipy.optimize", "scipy.sparse.linalg", "koopmark.workers._cell"}
    assert warm <= set(first["imported"])
    assert not {"torch", "sklearn", "pydmd", "matplotlib", "pandas"} & set(first["imported"])
    assert first["threads"] == 1


def test_a_process_has_the_environment_folder_and_streams_of_its_start(
    monkeypatch, tmp_path, capfd
):
    warm = report()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(guard.VARIABLE, str(tmp_path))
    found = report()
    assert found["parent"] == warm["parent"]
    assert found["folder"] == str(tmp_path)
    assert capfd.readouterr().out == 2 * "reporting\n"
    assert found["environment"] == {**os.environ, **nursery.ONE_THREAD}
    # As others see it, who are to end it.
    assert f"{guard.VARIABLE}={tmp_path}".encode() in found["seen"].split(b"\0")


def test_processes_draw_different_numbers_and_start_others_anew():
    first, second = report(), report()
    assert first["draws"] != second["draws"]
    assert first["method"] == "spawn"


def test_a_process_holds_the_libraries_that_its_first_fit_would_else_be_charged_with():
    mine, nurserys = report()["held"]
    assert mine > 0.9 * nurserys


def test_another_nursery_takes_over_where_more_has_changed(monkeypatch, tmp_path):
    before = report()["parent"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    try:
        found = report()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert found["parent"] not in (before, os.getpid())
    assert found["environment"]["XDG_CACHE_HOME"] == str(tmp_path)
    assert str(tmp_path) in found["path"]
    assert found["files"] == [soft - 1, hard]


@pytest.mark.parametrize("what", ["environment", "path", "source", "umask", "limit"])
def test_what_a_worker_takes_over_unasked_is_what_nurseries_are_told_apart_by(
    what, monkeypatch, tmp_path
):
    before = nursery._surroundings()
    assert nursery._surroundings() == before
    mask, limits = os.umask(0), resource.getrlimit(resource.RLIMIT_NOFILE)
    os.umask(mask)
    try:
        if what == "environment":
            monkeypatch.setenv("OMP_NUM_THREADS", "7")
        elif what == "path":
            monkeypatch.syspath_prepend(tmp_path)
        elif what == "source":
            (tmp_path / "__init__.py").touch()
            monkeypatch.setattr(nursery.koopmark, "__file__", str(tmp_path / "__init__.py"))
        elif what == "umask":
            os.umask(mask ^ 0o077)
        else:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limits[0] - 1, limits[1]))
        assert nursery._surroundings() != before
    finally:
        os.umask(mask)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_fit_whose_nursery_is_killed_is_begun_again(make_cell, cache_dir, tmp_path):
    where = tmp_path / "workers"

    def kill():
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not (where.exists() and where.read_text()):
            time.sleep(0.01)
        worker = psutil.Process(int(where.read_text()))
        worker.parent().kill()
        worker.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    (row,) = execute([make_cell(hostile.Naps(str(where)))], 1, cache_dir)
    killer.join()
    assert row.status == "ok"
    assert len(where.read_text().split()) == 2


def test_a_nursery_that_does_not_answer_is_replaced(monkeypatch):
    stuck = psutil.Process(report()["parent"])
    stuck.suspend()
    patience = nursery.PATIENCE

    class Another(nursery.Nursery):
        def __init__(self, surroundings):
            monkeypatch.setattr(nursery, "PATIENCE", patience)
            super().__init__(surroundings)

    monkeypatch.setattr(nursery, "PATIENCE", 0.5)
    monkeypatch.setattr(nursery, "Nursery", Another)
    assert report()["parent"] not in (stuck.pid, os.getpid())
    assert not stuck.is_running() or stuck.status() == psutil.STATUS_ZOMBIE


def test_workers_are_started_anew_where_there_can_be_no_nursery(make_cell, cache_dir, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")
    cells = [make_cell(hostile.Exits()), make_cell(hostile.NamesItsParent())]
    crashed, good = execute(cells, 1, cache_dir)
    assert (crashed.status, good.status) == ("crashed", "ok")
    assert good.fit["output"] == f"{os.getpid()}"


STARTS = """
import signal, sys
sys.path[:0] = sys.argv[1:]
import reporting
from koopmark.workers import _nursery as nursery
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
process, connection = nursery.start(reporting.sleep)
print(*connection.recv(), flush=True)
signal.sigwait([signal.SIGUSR1])
"""


@pytest.mark.parametrize("how", ["kill", "end"])
def test_a_nursery_and_what_it_forked_end_with_the_process_that_started_it(how, warm):
    with warm.start("-c", STARTS, os.path.dirname(reporting.__file__), text=True) as process:
        started = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
        assert started[1].ppid() == process.pid
        # Ctrl-C is for the run.
        started[1].send_signal(signal.SIGINT)
        process.send_signal(signal.SIGKILL if how == "kill" else signal.SIGUSR1)
        process.communicate(timeout=30)
    _, left = psutil.wait_procs(started, timeout=10)
    left = [p for p in left if p.status() != psutil.STATUS_ZOMBIE]
    assert left == []
