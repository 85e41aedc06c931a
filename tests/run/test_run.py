import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from cells import MEASURED, stored

from koopmark._config import parse
from koopmark._errors import ConfigError
from koopmark.plan import Suite, load_suite, plan
from koopmark.plan.provenance import in_words, kernels
from koopmark.run import run

pytestmark = pytest.mark.slow

"""What differs from run to run by nature."""


@pytest.fixture(scope="module")
def suite_file(tmp_path_factory, tiny_file):
    path = tmp_path_factory.mktemp("suites") / "small.toml"
    path.write_text(f"""
title = "Small"
question = "Does a run run?"
datasets = ["{tiny_file}"]
seeds = 2
[[methods]]
use = "koopmark.qr_edmd"
options = {{ dictionary = {{ kind = "random_fourier", count = 4 }} }}
[[methods]]
use = "pydmd.dmd"
""")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory, suite_file, cache_dir):
    """A run in one process."""
    folder = tmp_path_factory.mktemp("run")
    run(load_suite(suite_file), folder, jobs=1, cache_dir=cache_dir)
    return folder


def tables(folder):
    return {
        name: pd.read_csv(folder / f"{name}.csv", keep_default_na=False)
        for name in ("fits", "targets", "eigenpairs")
    }


def test_a_run_has_a_row_for_each_fit_and_each_target(folder):
    found = tables(folder)
    assert found["fits"]["status"].tolist() == ["ok"] * 8
    assert len(found["targets"]) == 8
    assert set(found["eigenpairs"]["fit_id"]) == set(found["fits"]["fit_id"])


def test_a_row_of_fits_says_what_took_how_long_and_whether_it_is_a_default(folder):
    fits = tables(folder)["fits"]
    for column in ("data_seconds", "fit_seconds", "score_seconds"):
        assert (fits[column].astype(float) >= 0).all()
    default = dict(zip(fits["method"], fits["default"], strict=True))
    assert default["koopmark.qr_edmd[random_fourier, count=4]"] == 0
    assert default["pydmd.dmd"] == default["anchor.exact"] == 0


def test_a_run_says_at_its_end_where_its_time_went(tmp_path, suite_file, cache_dir):
    suite = load_suite(suite_file)
    small = {"budget": 3600.0, "seeds": 1, "methods": suite.methods[:1]}
    suite = suite.model_copy(update=small)
    first, again = (run(suite, tmp_path, jobs=2, cache_dir=cache_dir) for _ in range(2))
    phases = json.loads((tmp_path / "provenance.json").read_text())["phases"]
    assert "fits" not in phases
    assert " of a budget of 1 h: " in first.took()
    assert "budget" not in again.took()
    phases = json.loads((tmp_path / "provenance.json").read_text())["phases"]
    assert phases["tables and page"] > 0


def test_the_exact_anchor_is_exact_and_the_random_one_is_not(folder):
    error = tables(folder)["targets"].groupby("method")["eigenfunction_error"].max().astype(float)
    assert error["anchor.exact"] < 1e-9
    assert error["anchor.random"] > 0.1


def test_two_processes_find_the_same_numbers_as_one(folder, tmp_path, suite_file, cache_dir):
    run(load_suite(suite_file), tmp_path, jobs=2, cache_dir=cache_dir)
    one, two = tables(folder), tables(tmp_path)
    for name, table in one.items():
        left, right = (t.drop(columns=MEASURED, errors="ignore") for t in (table, two[name]))
        pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_a_second_run_does_nothing_again(folder, suite_file, cache_dir):
    before = tables(folder)
    run(load_suite(suite_file), folder, jobs=1, cache_dir=cache_dir)
    after = tables(folder)
    assert after["fits"]["fit_seconds"].tolist() == before["fits"]["fit_seconds"].tolist()
    assert json.loads((folder / "provenance.json").read_text())["computed"] == 0


def test_fresh_does_everything_again(tmp_path, suite_file, cache_dir):
    suite = load_suite(suite_file)
    suite = suite.model_copy(update={"seeds": 1, "methods": suite.methods[:1]})
    for fresh in (False, True):
        run(suite, tmp_path, jobs=1, fresh=fresh, cache_dir=cache_dir)
        assert json.loads((tmp_path / "provenance.json").read_text())["computed"] == 3


def test_provenance_says_what_ran_where_and_from_which_source(folder):
    about = json.loads((folder / "provenance.json").read_text())
    assert about["suite"] == "small"
    assert about["seeds"] == [0, 1]
    assert about["libraries"]["pydmd"]
    assert about["ended"] >= about["started"]
    assert about["python"] == ".".join(map(str, sys.version_info[:3]))
    assert in_words(about) == in_words(kernels())
    assert str(Path.home()) not in json.dumps({k: v for k, v in about.items() if k != "command"})


def test_provenance_holds_what_a_repetition_needs(folder, suite_file):
    about = json.loads((folder / "provenance.json").read_text())
    assert about["packages"].items() >= {"numpy": about["libraries"]["numpy"]}.items()
    assert about["threads_per_fit"] == 1
    assert about["recipes"].keys() == set(about["datasets"])
    assert about["command"]
    if about["git"] is not None:
        assert bool(about["git"]["changes_digest"]) is about["git"]["dirty"]
    again = parse({**about["configuration"], "path": suite_file}, Suite, "provenance.json")
    assert [cell.fit_id for cell in plan(again)] == tables(folder)["fits"]["fit_id"].tolist()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a POSIX signal")
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(warm, tmp_path, suite_file):
    slow = tmp_path / "slow.toml"
    slow.write_text(suite_file.read_text().replace("seeds = 2", "seeds = 100"))
    out = tmp_path / "out"
    command = ["-m", "koopmark", "run", str(slow), "--out", str(out), "--jobs", "1"]
    with killed_at_the_end(warm.start(*command, text=True)) as process:
        while process.poll() is None and done_in(out) < 3:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    done = stored(out)
    assert 3 <= done < 400
    assert f"Interrupted: {done} of 400 fits are done and kept." in said
    assert f"Resume with: koopmark run {slow} --out {out}" in said
    assert "Traceback" not in said
    assert len(tables(out)["fits"]) == done


@contextmanager
def killed_at_the_end(process):
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def done_in(folder):
    """Fits that a run under way has stored; none before it has tables."""
    try:
        return stored(folder)
    except ConfigError:
        return 0
