"""Runs that are killed at random moments, again and again, end as one that nobody disturbed."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from cells import MEASURED
from warm import Warm

import koopmark
from koopmark._errors import ConfigError
from koopmark.store import FILE, read
from koopmark.workers import _guard as guard

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX systems"),
]


HOSTILE = Path(__file__).parents[1] / "fixtures" / "hostile_methods.py"

RUN = """
import sys
from pathlib import Path
from koopmark.plan import load_suite
from koopmark.run import run
run(load_suite(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), cache_dir=Path(sys.argv[4]))
"""

VICTIMS = ("runner", "worker", "guard", "group", "everything", "nursery")


@pytest.fixture(scope="module")
def suite_file(tmp_path_factory, tiny_file):
    path = tmp_path_factory.mktemp("suites") / "kills.toml"
    methods = ["Good", "Random", "Raises", "Exits", "LeavesThreads"]
    listed = "".join(f'[[methods]]\nuse = "{HOSTILE}:{name}"\n' for name in methods)
    path.write_text(f"""
title = "Kills"
question = "What is lost?"
datasets = ["{tiny_file}"]
seeds = 2
[limits]
seconds = 20
{listed}
[[methods]]
use = "koopmark.qr_edmd"
""")
    return path


@pytest.fixture(scope="module")
def start(suite_file, tmp_path_factory):
    """Starts runs of the suite, from a copy of the source: editing it would change every fit."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(Path(koopmark.__file__).parent, home / "koopmark")
    environment = os.environ | {"PYTHONPATH": str(home), "TMPDIR": str(home)}
    warm = Warm(environment)

    def start(folder, jobs=2):
        arguments = map(str, (suite_file, folder, jobs, home / "cache"))
        return warm.start(
            "-c",
            RUN,
            *arguments,
            env=environment,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    start.home = home
    yield start
    warm.close()


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    with start(folder) as process:
        _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return tables(folder)


def tables(folder):
    """The exported tables without what differs by nature."""
    found = {
        name: pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        for name in ("fits", "targets", "eigenpairs")
    }
    return {name: table.drop(columns=MEASURED, errors="ignore") for name, table in found.items()}


def stored(folder):
    """Fits that are stored, and when each was measured to take how long: none is done twice."""
    if not (folder / FILE).exists():
        return {}
    try:
        fits = read(folder)["fits"]
    except ConfigError:
        # Killed before it had tables: a run that has some fails here no more.
        assert not (folder / "provenance.json").exists()
        return {}
    return dict(zip(fits["fit_id"], fits["fit_seconds"].astype(str), strict=True))


def kill(process, victim, draw):
    runner = psutil.Process(process.pid)
    family = runner.children(recursive=True)
    started = [p for p in family if "spawn_main" in _line(p)]
    # Where there is a nursery, workers are its children.
    nurseries = [p for p in started if p.ppid() == process.pid]
    workers = [p for p in started if p not in nurseries] or nurseries
    guards = [p for p in family if "guard.py" in _line(p)]
    if victim == "runner":
        _end([runner])
    elif victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == "everything":
        _end([runner, *family])
    elif victim == "guard":
        _end([*guards, runner])
    elif victim == "nursery":
        _end(nurseries)
    elif workers:
        _end([draw.choice(workers)])


def _line(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _end(processes):
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def orphans(home, seconds):
    """Processes of runs at home whose runner is gone, once their guards had time to end them."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        left = [p for p in psutil.process_iter() if _abandoned(p, home)]
        if not left:
            return []
        time.sleep(0.1)
    return left


def _abandoned(process, home):
    try:
        mark = process.environ().get(guard.VARIABLE, "")
        ours = mark.startswith(str(home)) and process.status() != "zombie"
        return ours and not Path(mark).exists()
    except (psutil.Error, OSError):
        return False


@pytest.mark.parametrize("kills", [len(VICTIMS), pytest.param(20, marks=pytest.mark.nightly)])
def test_a_run_killed_again_and_again_ends_as_one_that_nobody_disturbed(
    start, tmp_path, undisturbed, kills
):
    draw = random.Random(0)
    folder = tmp_path / "run"
    for number in range(kills):
        before = stored(folder)
        # Other numbers of workers: the order of fits is another each time.
        with start(folder, jobs=draw.choice([1, 2, 3])) as process:
            deadline = time.monotonic() + draw.uniform(0.1, 2.0)
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            if process.poll() is None:
                kill(process, VICTIMS[number % len(VICTIMS)], draw)
                time.sleep(0.2)
                _end([psutil.Process(process.pid)])
            process.communicate(timeout=30)
        after = stored(folder)
        assert before.items() <= after.items(), "what was stored is lost or was done again"
        if process.returncode == 0 and number >= len(VICTIMS):
            # Every victim had its turn, and nothing is left to do that could be lost.
            break
    with start(folder) as process:
        _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert json.loads((folder / "provenance.json").read_text())["ended"]
    for name, table in tables(folder).items():
        pd.testing.assert_frame_equal(table, undisturbed[name], check_exact=True)
    assert sorted(path.name for path in folder.iterdir() if ".part" in path.name) == []
    assert orphans(start.home, 5.0) == []
