"""A real scheduler and real workers on loopback, some of which are killed."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace

import cluster_methods as odd
import hostile_methods as hostile
import pytest
from cells import MEASURED, stored
from dask_cluster import DaskCluster
from warm import Warm

from koopmark import methods
from koopmark._errors import ConfigError
from koopmark.cluster import _client as cluster
from koopmark.cluster import _remote as remote
from koopmark.cluster._client import Stopped, connect
from koopmark.cluster._parcel import pack, unpack
from koopmark.plan._source import code_of
from koopmark.workers import _pool as executor

pytest.importorskip("distributed")
posix = pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX systems")


OPENSSL = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=koopmark"]

OWN_METHOD = '''
"""A method of one file."""
from dataclasses import dataclass
import numpy as np
from koopmark.methods import Method
from koopmark.models import LinearModel

@dataclass(frozen=True)
class Own(Method):
    factor: float = 1.0

    def _fit(self, trajectories):
        print("loaded from", __file__)
        x, y = trajectories.pairs()
        operator = np.linalg.lstsq(x, y)[0]
        return LinearModel.from_operator(operator, trajectories.dt, lift=lambda states: states)
'''


@pytest.fixture(scope="session")
def make_cell(make_cell):
    """As everywhere in these tests, with the versions that are installed."""

    def make(method, *arguments, **options):
        version = methods.library_version(method)
        return replace(make_cell(method, *arguments, **options), library_version=version)

    return make


@pytest.fixture(scope="module")
def warm():
    """A process that has imported Dask too, for commands and for clusters."""
    one = Warm(None, "distributed", "distributed.cli.utils")
    yield one
    one.close()


@pytest.fixture(scope="module")
def two_workers(warm, tmp_path_factory):
    """A cluster that survives its tests; the second worker has a nanny, as is Dask's default."""
    dask = DaskCluster(tmp_path_factory.mktemp("dask"), warm)
    dask.start_worker("plain")
    dask.start_worker("nannied", "--nanny")
    yield dask
    dask.close()


@pytest.fixture
def make_cluster(warm, tmp_path):
    """Clusters that are for one test."""
    made = []

    def make(*names: str, **options) -> DaskCluster:
        made.append(DaskCluster(tmp_path, warm, **options))
        for name in names:
            made[-1].start_worker(name)
        return made[-1]

    yield make
    for dask in made:
        dask.close()


@pytest.fixture
def own_method(tmp_path):
    path = tmp_path / "own_method.py"
    path.write_text(OWN_METHOD)
    return methods.get(f"{path}:Own", factor=2.0)


def by_method(rows):
    return {row.fit["method"]: row for row in rows}


def without_measures(rows):
    fit = {key: value for key, value in rows.fit.items() if key not in MEASURED}
    # Missing numbers differ from themselves.
    return repr((fit, rows.targets, rows.eigenpairs))


class TestParcels:
    def test_a_cell_comes_back_equal(self, make_cell, tmp_path):
        cell = make_cell(hostile.Random(seed=3))
        # Its level is missing, and missing numbers differ from themselves.
        assert repr(unpack(pack(cell), tmp_path)) == repr(cell)

    def test_a_method_from_a_file_travels_as_its_text(self, make_cell, own_method, tmp_path):
        parcel = pack(make_cell(own_method))
        (tmp_path / "own_method.py").write_text("raise RuntimeError('the file of the sender')")
        there = unpack(parcel, tmp_path / "there").method
        assert (type(there).__name__, there.to_options()) == ("Own", {"factor": 2.0})

    @pytest.mark.parametrize("package", [False, True])
    def test_what_a_method_file_imports_beside_it_travels_along(self, make_cell, tmp_path, package):
        here = tmp_path / "here"
        (here / "parts").mkdir(parents=True)
        (here / "parts" / "__init__.py").write_text("")
        (here / "parts" / "one.py").write_text("FACTOR = 3.0\n")
        (here / "unused.py").write_text("")
        if package:
            (here / "__init__.py").write_text("")
        line = "from parts.one import FACTOR\n"
        (here / "own.py").write_text(line + OWN_METHOD.replace("= 1.0", "= FACTOR"))
        cell = make_cell(methods.get(f"{here / 'own.py'}:Own"))
        parcel = pack(cell)
        shutil.rmtree(here)
        there = unpack(parcel, tmp_path / "there").method
        assert there.to_options() == {"factor": 3.0}
        assert not list((tmp_path / "there").rglob("unused.py"))
        # So that a worker knows it for what the run was started with.
        assert code_of(there, cell.recipe) == cell.code


class TestMistakes:
    @pytest.mark.parametrize("address", ["localhost", "tcp://here", "tcp://a b:1", "8786"])
    def test_what_is_no_address_is_refused(self, address):
        with (
            pytest.raises(ConfigError, match="is not an address such as tcp://HOST:8786"),
            connect(address),
        ):
            pass

    def test_a_scheduler_that_is_not_there_is_a_sentence(self, monkeypatch):
        monkeypatch.setattr(cluster, "PATIENCE", 0.5)
        with (
            pytest.raises(ConfigError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9 "),
            connect("tcp://127.0.0.1:9"),
        ):
            pass

    def test_without_dask_the_command_that_installs_it(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "distributed", None)
        with (
            pytest.raises(ConfigError, match=r"pip install 'distributed>=2025\.1'"),
            connect("tcp://127.0.0.1:9"),
        ):
            pass


@pytest.mark.slow
class TestTwoWorkers:
    @pytest.fixture(scope="class")
    @staticmethod
    def cells(make_cell, tmp_path_factory):
        module = tmp_path_factory.mktemp("here") / "only_here.py"
        module.write_text("from hostile_methods import Good\nclass OnlyHere(Good): pass\n")
        sys.path.insert(0, str(module.parent))
        from only_here import OnlyHere

        sys.path.pop(0)
        return [
            make_cell(hostile.Good(), "first"),
            make_cell(hostile.Sleeps(), seconds=1.0),
            make_cell(hostile.Segfaults()),
            make_cell(hostile.Eats(), memory_mb=200.0),
            make_cell(hostile.Chatters()),
            make_cell(odd.Needy()),
            make_cell(OnlyHere()),
            *[make_cell(hostile.Random(seed=seed), seed=seed) for seed in range(4)],
        ]

    @pytest.fixture(scope="class")
    @staticmethod
    def rows(two_workers, cells, cache_dir):
        with connect(two_workers.address) as found:
            return list(found.execute(cells, cache_dir))

    @pytest.mark.parametrize(
        ("label", "status"),
        [
            ("first", "ok"),
            ("Sleeps", "timeout"),
            pytest.param("Segfaults", "crashed", marks=posix),
            ("Eats", "out_of_memory"),
            ("Chatters", "ok"),
            ("Needy", "unavailable"),
            ("OnlyHere", "unavailable"),
        ],
    )
    def test_limits_and_isolation_hold(self, rows, label, status):
        assert by_method(rows)[label].status == status, by_method(rows)[label].fit

    def test_what_a_worker_lacks_is_said(self, rows):
        found = by_method(rows)
        assert found["Needy"].fit["reason"] == "nowhere is not installed: pip install nowhere"
        assert "No module named 'only_here'" in found["OnlyHere"].fit["reason"]

    def test_results_are_those_of_this_machine_to_the_bit(self, rows, cells, cache_dir):
        fits = [cell for cell in cells if cell.label in ("first", "Chatters", "Random")]
        here = {row.fit_id: row for row in executor.execute(fits, 1, cache_dir)}
        there = {row.fit_id: row for row in rows if row.fit_id in here}
        assert [row.status for row in there.values()] == ["ok"] * 6, [r.fit for r in rows]
        for fit_id, row in here.items():
            assert without_measures(there[fit_id]) == without_measures(row)

    def test_a_method_from_a_file_needs_no_file_there(
        self, two_workers, make_cell, own_method, cache_dir, tmp_path
    ):
        with connect(two_workers.address) as found:
            (row,) = found.execute([make_cell(own_method)], cache_dir)
        assert row.status == "ok", row.fit
        assert "own_method.py" in row.fit["output"]
        assert str(tmp_path) not in row.fit["output"]

    def test_another_koopmark_is_refused(self, two_workers, monkeypatch):
        monkeypatch.setattr(remote, "release", lambda: "koopmark 0.0 (source other)")
        with (
            pytest.raises(ConfigError, match=r"has koopmark .* and this is koopmark 0\.0"),
            connect(two_workers.address),
        ):
            pass

    def test_a_library_of_another_version_does_no_fit(self, two_workers, make_cell, cache_dir):
        cell = replace(make_cell(methods.get("pydmd.dmd")), library_version="0.1")
        with connect(two_workers.address) as found:
            (row,) = found.execute([cell], cache_dir)
        assert row.status == "unavailable"
        assert row.fit["reason"].endswith("but the run was started with 0.1")

    def test_closing_the_results_ends_the_fits_there(self, two_workers, make_cell, cache_dir):
        cells = [make_cell(hostile.Sleeps(), seconds=600.0, label=f"{n}") for n in range(20)]
        with connect(two_workers.address) as found:
            with closing(found.execute([make_cell(hostile.Good()), *cells], cache_dir)) as results:
                next(results)
                wait_until(two_workers.fitting)
                sleeping = two_workers.fitting()
            wait_until(lambda: not any(process.is_running() for process in sleeping))
        with connect(two_workers.address) as found:
            (row,) = found.execute([make_cell(hostile.Good())], cache_dir)
        assert row.status == "ok"


@pytest.mark.slow
class TestDeaths:
    def test_fits_of_a_killed_worker_are_done_by_the_other_and_without_a_scheduler_none_are(
        self, make_cluster, make_cell, cache_dir
    ):
        dask = make_cluster("first", "second")
        cells = [make_cell(odd.Naps(0.3), seed=seed) for seed in range(24)]
        with connect(dask.address) as found:
            results = found.execute(cells[:12], cache_dir)
            rows = [next(results) for _ in range(2)]
            dask.workers["first"].kill()
            rows += results
            assert [row.status for row in rows] == ["ok"] * 12
            assert len({row.fit_id for row in rows}) == 12
            results = found.execute(cells[12:], cache_dir)
            assert next(results).status == "ok"
            dask.scheduler.kill()
            with pytest.raises(Stopped, match=f"the scheduler {dask.address} went away"):
                list(results)

    def test_a_cell_that_kills_its_workers_is_a_row_in_the_end_and_the_others_are_done(
        self, make_cluster, make_cell, cache_dir
    ):
        dask = make_cluster(settings={"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"})
        dask.start_worker("brought back", "--nanny")
        cells = [make_cell(hostile.Random(seed=seed), seed=seed) for seed in range(6)]
        cells.insert(2, make_cell(odd.KillsItsDaskWorker()))
        with connect(dask.address) as found:
            rows = list(found.execute(cells, cache_dir))
        statuses = sorted(row.status for row in rows)
        assert statuses == ["crashed", *["ok"] * 6]
        reason = by_method(rows)["KillsItsDaskWorker"].fit["reason"]
        assert reason.startswith("its Dask worker died 2 times, at last tcp://")
        # It was there at first, and came back after each death.
        wait_until(lambda: dask.log("brought back").count("Registered to:") == 3)

    def test_a_row_says_how_many_workers_a_cell_killed_by_what_the_scheduler_allows(
        self, make_cell
    ):
        from distributed import KilledWorker
        from distributed.scheduler import WorkerState

        last = WorkerState(
            address="tcp://there:1", status="running", pid=0, name="", nthreads=1, memory_limit=0,
            local_directory="", nanny="", server_id="", scheduler=None,
        )  # fmt: skip
        found = cluster.Cluster(None, "tcp://here:1", {})
        row = found._failed(make_cell(hostile.Good()), KilledWorker("it", last, 1))
        assert row.status == "crashed"
        assert row.fit["reason"] == "its Dask worker died 4 times, at last tcp://there:1"

    def test_a_worker_may_join_later_with_this_koopmark_and_leaves_nothing_when_it_is_killed(
        self, make_cluster, make_cell, cache_dir, monkeypatch
    ):
        dask = make_cluster()
        said = []
        with connect(dask.address, said.append) as found:
            late = threading.Thread(target=dask.start_worker, args=["late"])
            late.start()
            (row,) = found.execute([make_cell(hostile.Good())], cache_dir)
            late.join()
            assert row.status == "ok"
            assert said == [f"{dask.address}: no workers yet, waiting for the first"]
            with monkeypatch.context() as patch:
                patch.setattr(remote, "release", lambda: "koopmark 0.0 (source other)")
                words = r"has koopmark .* was started with koopmark 0\.0"
                with pytest.raises(Stopped, match=words):
                    list(found.execute([make_cell(hostile.Good())]))
            cells = [make_cell(hostile.Good()), make_cell(hostile.Sleeps(), seconds=600.0)]
            with closing(found.execute(cells, cache_dir)) as results:
                next(results)
                wait_until(dask.fitting)
                dask.workers["late"].kill()
                wait_until(lambda: not dask.fitting())


@pytest.mark.parametrize("name", ["distributed.core", "tornado.application", "asyncio"])
def test_what_is_logged_of_a_lost_connection_is_kept_off_the_screen(name):
    logger = logging.getLogger(name)
    with cluster._quiet():
        assert not logger.isEnabledFor(logging.CRITICAL)
    assert logger.isEnabledFor(logging.ERROR)


@pytest.mark.slow
@posix
def test_ctrl_c_cancels_at_once_and_a_lost_scheduler_is_an_interruption_to_go_on_from(
    warm, make_cluster, tiny_file, tmp_path
):
    suite, out = tmp_path / "naps.toml", tmp_path / "out"
    suite.write_text(f"""
title = "Naps"
question = "Does a run stop?"
datasets = ["{tiny_file}"]
seeds = 60
[[methods]]
use = "cluster_methods:Naps"
options = {{ seconds = 0.3 }}
""")
    dask = make_cluster("only")
    command = ["run", str(suite), "--out", str(out), "--scheduler", dask.address]
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(odd.__file__)}

    def stopped(how):
        """What the command says that is stopped once three more fits are done."""
        before = done_in(out)
        with warm.start("-m", "koopmark", *command, text=True, env=environment) as process:
            try:
                wait_until(lambda: process.poll() is not None or done_in(out) >= before + 3, 90)
                asked = time.monotonic()
                how(process)
                _, said = process.communicate(timeout=120)
                print(f"it took {time.monotonic() - asked:.2f} s")
            finally:
                process.kill()
        assert process.returncode == 130, said
        assert "Traceback" not in said
        return said

    said = stopped(lambda process: process.send_signal(signal.SIGINT))
    assert f"--scheduler {dask.address}" in said
    assert (out / "fits.csv").is_file()
    from distributed import Client

    with Client(dask.address, set_as_default=False) as client:
        wait_until(lambda: not any(client.processing().values()))
    said = stopped(lambda _: dask.scheduler.kill())
    assert f"Interrupted: the scheduler {dask.address} went away; " in said
    assert "fits are done and kept.\nResume with: koopmark run" in said


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificates with openssl")
def test_a_cluster_behind_tls_needs_its_certificate(
    warm, make_cluster, make_cell, cache_dir, tmp_path
):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [*OPENSSL, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    settings = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(certificate)}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        settings[f"DASK_DISTRIBUTED__COMM__TLS__{role}__CERT"] = str(certificate)
        settings[f"DASK_DISTRIBUTED__COMM__TLS__{role}__KEY"] = str(key)
    dask = make_cluster("only", protocol="tls", settings=settings)
    command = ["-m", "koopmark", "run", "smoke", "--out", str(tmp_path / "out")]
    without = warm.run(*command, "--scheduler", dask.address)
    assert without.returncode == 2
    assert without.stderr.startswith("Error: --scheduler: tls:// needs certificates")
    assert "Traceback" not in without.stderr
    import dask as dask_library

    here = {
        "distributed.comm.tls.ca-file": str(certificate),
        "distributed.comm.tls.client.cert": str(certificate),
        "distributed.comm.tls.client.key": str(key),
    }
    with dask_library.config.set(here), connect(dask.address) as found:
        (row,) = found.execute([make_cell(hostile.Good())], cache_dir)
    assert row.status == "ok"


def done_in(folder):
    """Fits that a run under way has stored; none before it has tables."""
    try:
        return stored(folder)
    except ConfigError:
        return 0


def wait_until(happened, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
