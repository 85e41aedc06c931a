"""Real worker processes, and methods that do to them what third-party code does."""

import itertools
import os
import signal
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import hostile_methods as hostile
import psutil
import pytest

from koopmark import methods
from koopmark._errors import ConfigError
from koopmark._spawn import in_words
from koopmark.workers import _guard as guard
from koopmark.workers import _pool as executor
from koopmark.workers._capture import CHARACTERS
from koopmark.workers._pool import execute

posix = pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX systems")
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux has this")


@pytest.fixture(scope="module")
def note(tmp_path_factory):
    """Where a sleeping fit writes the number of the process it started."""
    return tmp_path_factory.mktemp("note") / "pid"


@pytest.fixture(scope="module")
def rows(make_cell, cache_dir, note):
    """One run over all of them, two at a time: rows by method."""
    cells = [
        make_cell(hostile.Good(), "first"),
        make_cell(hostile.Sleeps(str(note)), seconds=1.0),
        make_cell(hostile.Exits(3), "exits 3"),
        make_cell(hostile.Exits(0), "exits 0"),
        make_cell(hostile.Segfaults()),
        make_cell(hostile.HangsInC(), seconds=1.0),
        make_cell(hostile.Eats(), memory_mb=200.0),
        make_cell(hostile.Raises()),
        make_cell(hostile.Chatters()),
        make_cell(hostile.Good(), "last"),
    ]
    return {row.fit["method"]: row for row in execute(cells, jobs=2, cache_dir=cache_dir)}


@pytest.mark.slow
class TestHostileMethods:
    @pytest.mark.parametrize(
        ("label", "status"),
        [
            ("first", "ok"),
            ("Sleeps", "timeout"),
            ("HangsInC", "timeout"),
            ("exits 3", "crashed"),
            ("exits 0", "crashed"),
            pytest.param("Segfaults", "crashed", marks=posix),
            pytest.param("Eats", "out_of_memory", marks=linux),
            ("Raises", "failed"),
            ("Chatters", "ok"),
            ("last", "ok"),
        ],
    )
    def test_each_fit_gets_a_row_that_says_how_it_ended(self, rows, label, status):
        assert rows[label].status == status, rows[label].fit

    def test_a_timeout_says_its_limit_and_where_the_fit_was(self, rows):
        reason = rows["Sleeps"].fit["reason"]
        assert reason.startswith("fit ran into its limit of 1 s, in ")
        assert reason.endswith("(_fit)")

    def test_what_was_printed_before_the_end_is_kept(self, rows):
        assert rows["Sleeps"].fit["output"].startswith("going to sleep\n")
        assert rows["exits 3"].fit["output"] == "about to leave"

    def test_what_a_timed_out_fit_started_is_ended_with_it(self, rows, note):
        pid = int(note.read_text())
        deadline = time.monotonic() + 5
        while psutil.pid_exists(pid) and time.monotonic() < deadline:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                break
            time.sleep(0.05)
        else:
            assert not psutil.pid_exists(pid)

    def test_a_crash_says_how_the_process_ended(self, rows):
        assert rows["exits 3"].fit["reason"] == "the process ended with exit code 3"
        assert rows["exits 0"].fit["reason"] == "the process ended with exit code 0"

    @posix
    def test_a_segmentation_fault_is_called_one_and_shows_its_line(self, rows):
        assert "SIGSEGV" in rows["Segfaults"].fit["reason"]
        assert "in string_at" in rows["Segfaults"].fit["output"]

    def test_endless_output_is_bounded_and_its_end_is_kept(self, rows):
        output = rows["Chatters"].fit["output"]
        assert len(output) <= CHARACTERS
        assert output.splitlines()[-2:] == ["line 99999", "a word from C"]

    def test_a_fit_whose_process_died_has_its_targets(self, rows):
        (target,) = rows["Segfaults"].targets
        assert (target["target"], rows["Segfaults"].status) == ("-1", "crashed")

    def test_fits_after_a_crash_are_as_good_as_before(self, rows):
        first, last = rows["first"].targets[0], rows["last"].targets[0]
        assert first["eigenvalue_error"] == last["eigenvalue_error"]


@pytest.fixture(scope="module")
def worse(make_cell, cache_dir):
    """One worker over methods that reach beyond their own fit, a good one after each."""
    cells = [
        make_cell(hostile.LeavesThreads()),
        make_cell(hostile.LeavesProcesses()),
        make_cell(hostile.HidesProcesses()),
        make_cell(hostile.Forks()),
        make_cell(hostile.Interrupts()),
        make_cell(hostile.RaisesUnspeakably()),
        make_cell(hostile.KillsItself()),
        make_cell(hostile.IsDeaf(), seconds=1.0),
        make_cell(hostile.Floods()),
        make_cell(hostile.ClosesFiles()),
        make_cell(hostile.Wanders()),
    ]
    both = [each for cell in cells for each in (cell, make_cell(hostile.Good(), f"{cell.label}+"))]
    return [row.fit | {"targets": row.targets} for row in execute(both, 1, cache_dir)]


@posix
@pytest.mark.slow
class TestMethodsThatReachBeyondTheirFit:
    @pytest.mark.parametrize(
        ("label", "status", "words"),
        [
            ("LeavesThreads", "ok", "left 2 threads running"),
            ("LeavesProcesses", "ok", "left 2 processes running"),
            ("HidesProcesses", "crashed", "the process ended with exit code 4"),
            ("Forks", "ok", ""),
            ("Interrupts", "failed", "KeyboardInterrupt: mine"),
            ("RaisesUnspeakably", "failed", "RuntimeError: no words"),
            ("KillsItself", "crashed", "was killed by SIGKILL (Killed), 3 times"),
            ("IsDeaf", "timeout", "fit ran into its limit of 1 s"),
            ("Floods", "ok", ""),
            ("ClosesFiles", "crashed", "the process ended with exit code"),
            ("Wanders", "ok", "the fit changed the data it was given"),
        ],
    )
    def test_each_is_one_row_that_says_so(self, worse, label, status, words):
        (row,) = [row for row in worse if row["method"] == label]
        assert row["status"] == status, row
        assert words in row["notes"] + row["reason"]

    def test_every_fit_has_its_one_row(self, worse):
        labels = [row["method"] for row in worse]
        assert len(labels) == len(set(labels)) == 22

    def test_the_fit_after_each_is_as_if_it_had_been_alone(self, worse):
        good = [row for row in worse if row["method"].endswith("+")]
        assert {row["status"] for row in good} == {"ok"}
        assert {row["notes"] for row in good} == {good[0]["notes"]}
        assert len({row["targets"][0]["eigenfunction_error"] for row in good}) == 1

    def test_nothing_they_started_is_left(self, worse):
        assert started_by_fits() == []

    def test_a_flood_is_bounded_and_its_end_is_kept(self, worse):
        (row,) = [row for row in worse if row["method"] == "Floods"]
        assert row["output"].endswith("the end")


def started_by_fits():
    """Processes that carry the mark of a run which is over."""
    marks = {
        process: _environment(process).get(guard.VARIABLE) for process in psutil.process_iter()
    }
    return [process for process, mark in marks.items() if mark and not Path(mark).exists()]


def _environment(process):
    try:
        gone = process.status() == psutil.STATUS_ZOMBIE
        return {} if gone else process.environ()
    except (psutil.Error, OSError):
        return {}


@posix
def test_a_fit_whose_worker_is_killed_from_outside_is_begun_again(make_cell, cache_dir, note):
    where = note.with_name("worker")
    cell = make_cell(hostile.Naps(str(where)))
    results = execute([cell], 1, cache_dir)
    killer = threading.Thread(target=_kill_when_there, args=(where,))
    killer.start()
    (row,) = results
    killer.join()
    assert row.status == "ok"
    assert len(where.read_text().split()) == 2


@posix
def test_a_fit_that_the_kernel_ended_for_want_of_memory_is_out_of_memory(
    make_cell, cache_dir, monkeypatch
):
    monkeypatch.setattr(executor, "kernel_kills", itertools.count(10**9).__next__)
    (row,) = execute([make_cell(hostile.KillsItself())], 1, cache_dir)
    assert row.status == "out_of_memory"
    assert row.fit["reason"].endswith("was killed by SIGKILL (Killed) for lack of memory")


def _kill_when_there(path):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (path.exists() and path.read_text()):
        time.sleep(0.01)
    os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.mark.slow
def test_a_hang_that_evades_the_workers_own_limit_is_ended_by_the_pool(
    make_cell, cache_dir, monkeypatch
):
    monkeypatch.setattr(executor, "hard_limit", lambda cell: 3.0)
    (row,) = execute([make_cell(hostile.Sleeps(), seconds=600.0)], 1, cache_dir)
    assert row.status == "timeout"
    assert "limit of 3 s" in row.fit["reason"]


@pytest.mark.slow
def test_closing_the_results_ends_the_fits_under_way(make_cell, cache_dir):
    cells = [make_cell(hostile.Good()), make_cell(hostile.Sleeps(), seconds=600.0)]
    with closing(execute(cells, 1, cache_dir)) as results:
        next(results)
        mark = os.environ[guard.VARIABLE]
        time.sleep(0.5)
        assert marked(mark)
    assert marked(mark) == []


def marked(mark):
    """Processes of a run, its guard apart, that somebody started."""
    return [p for p in psutil.process_iter() if _environment(p).get(guard.VARIABLE) == mark]


@pytest.mark.slow
def test_fits_have_one_thread_each(make_cell, cache_dir):
    (row,) = execute([make_cell(hostile.CountsThreads())], 1, cache_dir)
    assert row.fit["output"] == "1"


@pytest.mark.slow
def test_workers_that_cannot_start_are_an_error_and_not_a_hang(make_cell, monkeypatch):
    monkeypatch.setattr(executor.worker, "serve", "not callable")
    with pytest.raises(ConfigError, match=r"die as they start .*exit code 1\): 1 fits are left"):
        list(execute([make_cell(hostile.Good())], 1))


@posix
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-signal.SIGKILL, "was killed by SIGKILL (Killed)"),
        (-signal.SIGABRT, "was killed by SIGABRT (Aborted)"),
        (7, "ended with exit code 7"),
        (-150, "was killed by signal 150"),
    ],
)
def test_exit_codes_are_told_in_words(code, words):
    assert in_words(code) == words


@pytest.mark.slow
@posix
def test_a_fit_that_stops_itself_is_ended_at_its_limit(make_cell, cache_dir, monkeypatch):
    monkeypatch.setattr(executor, "STANDSTILL", 1.0)
    cells = [make_cell(hostile.Stops(), seconds=1.0), make_cell(hostile.Good(), "after")]
    rows = {row.fit["method"]: row for row in execute(cells, 1, cache_dir)}
    assert rows["Stops"].status == "timeout"
    assert rows["Stops"].fit["reason"] == "fit ran into its limit of 1 s"
    assert rows["after"].status == "ok"


@pytest.mark.slow
@linux
def test_files_left_open_do_not_fail_the_fits_that_follow(make_cell, cache_dir):
    cells = [make_cell(hostile.OpensFiles(), f"{n}") for n in range(6)]
    rows = list(execute([*cells, make_cell(hostile.Good(), "after")], 1, cache_dir))
    assert [row.status for row in rows] == ["ok"] * 7


@pytest.mark.slow
def test_a_folder_of_notes_that_is_taken_away_is_made_again(make_cell, cache_dir, tmp_path):
    from koopmark.workers._pool import Pool

    folder = tmp_path / "notes"
    folder.mkdir()
    cells = [
        make_cell(hostile.ClearsTheFolder(str(folder)), "clears"),
        make_cell(hostile.Good(), "after"),
    ]
    with Pool(folder, cache_dir, 1) as pool:
        rows = {row.fit["method"]: row for row in pool.rows(cells)}
    assert rows["after"].status == "ok"


@pytest.mark.slow
def test_a_worker_with_other_source_than_the_run_does_no_fit(make_cell, cache_dir):
    cell = replace(make_cell(hostile.Good()), code="of another koopmark")
    # Edited where no fit goes through.
    assert [row.status for row in execute([cell], jobs=1, cache_dir=cache_dir)] == ["ok"]
    cell = replace(cell, source="of another koopmark")
    with pytest.raises(ConfigError, match="no fit can be done: the source of koopmark or of Good"):
        list(execute([cell], jobs=1, cache_dir=cache_dir))


@pytest.mark.slow
def test_a_method_file_that_is_edited_during_a_run_ends_it(make_cell, cache_dir, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from helper import Helped\n\nclass Mine(Helped): ...\n")
    (tmp_path / "helper.py").write_text(HELPER)
    cells = [make_cell(methods.get(f"{path}:Mine"), label) for label in ("first", "second")]
    assert [row.status for row in execute(cells[:1], 1, cache_dir)] == ["ok"]
    (tmp_path / "helper.py").write_text(f"{HELPER}\nCHANGED = True\n")
    with pytest.raises(ConfigError, match=r"mine\.py, or what it imports, was edited"):
        list(execute(cells[1:], 1, cache_dir))


HELPER = """
from hostile_methods import Good

class Helped(Good): ...
"""
