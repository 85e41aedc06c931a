"""Faults of the machine: each is a sentence, and nothing that was stored is lost."""

import os
import signal
import sys
import time
from pathlib import Path

import hostile_methods as hostile
import pytest
from cells import stored

from koopmark._errors import ConfigError
from koopmark.plan import load_suite
from koopmark.run import run
from koopmark.store import FILE, Store, read
from koopmark.workers._pool import execute

HOSTILE = Path(hostile.__file__)

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this")


OWN_MOUNTS = """
import ctypes, runpy, shutil, subprocess, sys
if ctypes.CDLL(None).unshare(0x00020000):
    sys.exit("no mounts of one's own")
def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)
def koopmark(*arguments):
    sys.argv = ["koopmark", *arguments]
    try:
        runpy.run_module("koopmark", run_name="__main__")
    except SystemExit as left:
        print("exit code", left.code, flush=True)
mount("--make-rprivate", "/")
"""


@pytest.fixture(scope="module")
def in_a_namespace(warm):
    """Runs a script as it would run for root with mounts of its own."""

    def run(script, *arguments):
        return warm.run("-c", OWN_MOUNTS + script, *map(str, arguments))

    return run


@pytest.fixture(scope="module")
def mounts(in_a_namespace, tmp_path_factory):
    """Skips where mounts of one's own are not to be had."""
    folder = tmp_path_factory.mktemp("mount")
    if in_a_namespace('mount("-t", "tmpfs", "none", sys.argv[1])', folder).returncode:
        pytest.skip("mounts of one's own need rights that this user has not")


@pytest.fixture(scope="module")
def suite_file(tmp_path_factory, tiny_file):
    path = tmp_path_factory.mktemp("suites") / "faults.toml"
    path.write_text(f"""
title = "Faults"
question = "What is lost?"
datasets = ["{tiny_file}"]
seeds = 20
[[methods]]
use = "{HOSTILE}:Good"
""")
    return path


FULL = """
disk, suite, rescued = sys.argv[1:]
mount("-t", "tmpfs", "-o", "size=120k", "none", disk)
koopmark("run", suite, "--out", f"{disk}/run", "--jobs", "1")
shutil.copy(f"{disk}/run/run.jsonl", rescued)
"""


@linux
@pytest.mark.slow
def test_a_full_disk_ends_the_run_in_a_sentence_and_the_next_one_goes_on(
    mounts, in_a_namespace, suite_file, tmp_path
):
    disk, rescued = tmp_path / "disk", tmp_path / "rescued"
    disk.mkdir()
    rescued.mkdir()
    done = in_a_namespace(FULL, disk, suite_file, rescued)
    assert "exit code 2" in done.stdout, done
    assert "disk" in done.stderr
    assert "stored results are kept" in done.stderr
    assert "Traceback" not in done.stderr
    before = stored(rescued)
    assert 5 < before < 60
    finished = run(load_suite(suite_file), rescued, jobs=2)
    assert finished.counts["ok"] == 60


LIMITED = """
import resource, sys
from pathlib import Path
from koopmark._errors import ConfigError
from koopmark.plan import load_suite
from koopmark.run import run
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
try:
    run(load_suite(sys.argv[1]), Path(sys.argv[2]), 1)
except ConfigError as error:
    print("Sentence:", error)
"""


@linux
@pytest.mark.slow
def test_a_file_that_may_not_grow_ends_the_run_in_a_sentence(warm, suite_file, tmp_path):
    larger = suite_file.with_name("larger.toml")
    larger.write_text(suite_file.read_text().replace("seeds = 20", "seeds = 40"))
    done = warm.run("-c", LIMITED, str(larger), str(tmp_path))
    assert "Sentence: " in done.stdout, done
    assert "what is stored is kept" in done.stdout
    assert stored(tmp_path) > 5


READ_ONLY = """
folder, suite = sys.argv[1:]
mount("--bind", folder, folder)
mount("-o", "remount,ro,bind", folder)
for out in (folder, f"{folder}/new"):
    koopmark("run", suite, "--out", out, "--jobs", "1")
"""


@linux
@pytest.mark.slow
def test_a_folder_that_is_read_only_is_refused_in_a_sentence(
    mounts, in_a_namespace, suite_file, tmp_path
):
    with Store(tmp_path):
        pass
    done = in_a_namespace(READ_ONLY, tmp_path, suite_file)
    assert done.stdout.count("exit code 2") == 2, done
    assert done.stderr.count("cannot be written to (Read-only file system)") == 2
    assert "Traceback" not in done.stderr


def test_a_fit_that_found_the_disk_full_is_done_again_by_the_next_run(
    tmp_path, make_cell, cache_dir
):
    cell = make_cell(hostile.FindsTheDiskFull())
    (row,) = execute([cell], 1, cache_dir)
    assert row.status == "failed"
    with Store(tmp_path) as store:
        store.record(row, cell)
        assert store.unfinished([cell]) == [cell]


@pytest.mark.slow
def test_of_runs_that_start_together_one_goes_on(warm, tmp_path):
    script = (
        "import sys, time; from pathlib import Path\n"
        "from koopmark._errors import ConfigError; from koopmark.store._store import Store\n"
        "print('ready', flush=True)\n"
        "while not Path(sys.argv[2]).exists(): pass\n"
        "try:\n    store = Store(Path(sys.argv[1])); print('open', flush=True); time.sleep(600)\n"
        "except ConfigError as error: print(error, flush=True)"
    )
    go = tmp_path / "go"
    arguments = "-c", script, str(tmp_path / "run"), str(go)
    processes = [warm.start(*arguments, text=True) for _ in range(4)]
    try:
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
        go.touch()
        said = [process.stdout.readline() for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert said.count("open\n") == 1, said
    assert sum("another run (process" in line for line in said) == 3
    with Store(tmp_path / "run"):
        pass


@pytest.mark.slow
def test_a_clock_that_is_set_back_and_forth_changes_no_result(make_cell, cache_dir, monkeypatch):
    real, began = time.time, time.monotonic()
    steps = (0.0, 7200.0, -7200.0)
    monkeypatch.setattr(
        time, "time", lambda: real() + steps[int((time.monotonic() - began) / 0.3) % 3]
    )
    cells = [
        make_cell(hostile.Good()),
        make_cell(hostile.SetsTheClock(-7200.0), seconds=1.0),
        make_cell(hostile.Exits()),
    ]
    statuses = {row.fit["method"]: row.status for row in execute(cells, 1, cache_dir)}
    assert statuses == {"Good": "ok", "SetsTheClock": "timeout", "Exits": "crashed"}


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a POSIX signal")
@pytest.mark.slow
def test_ctrl_c_ends_fits_that_are_deaf_to_everything(warm, tmp_path, suite_file):
    deaf, note = tmp_path / "deaf.toml", tmp_path / "note"
    note.touch()
    listed = suite_file.read_text().replace(":Good", ":IsDeaf")
    deaf.write_text(f'{listed}options = {{ note = "{note}" }}\n')
    out = tmp_path / "out"
    command = ["-m", "koopmark", "run", str(deaf), "--out", str(out), "--jobs", "2"]
    with warm.start(*command, text=True, start_new_session=True) as process:
        while process.poll() is None and note.read_text() != 2 * "deaf\n":
            time.sleep(0.05)
        asked = time.monotonic()
        # As a terminal does: the whole group hears it.
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
        took = time.monotonic() - asked
    print(f"Ctrl-C took {took:.2f} s")
    assert process.returncode == 130
    assert "Resume with: koopmark run" in said
    assert "Traceback" not in said
    # Two seconds are promised; a busy machine gets more.
    assert took < 10.0


def test_a_run_without_a_writable_place_for_notes_says_so(tmp_path, make_cell, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="worker processes cannot be run here"):
        list(execute([make_cell(hostile.Good())], 1))


def test_a_store_that_is_gone_is_told_in_a_sentence(tmp_path):
    with Store(tmp_path):
        pass
    (tmp_path / FILE).unlink()
    with pytest.raises(ConfigError, match="not a run folder"):
        read(tmp_path)
