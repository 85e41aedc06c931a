"""An analysis as a run: from any script, and with more draws later."""

import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest

from koopmark.analysis.recording import analyse
from koopmark.datasets.recording import RecordingSection
from koopmark.plan import load_suite, plan
from koopmark.simulation import Trajectories

METHOD = "koopmark.qr_edmd"


def decays():
    """Twenty noisy trials of a rotation that decays."""
    angle, rng = 0.3, np.random.default_rng(0)
    turn = 0.95 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    states = [rng.standard_normal((20, 2))]
    for _ in range(24):
        states.append(states[-1] @ turn.T)
    states = np.stack(states, axis=1)
    return Trajectories(states + 0.01 * rng.standard_normal(states.shape), dt=0.1)


def test_another_number_of_draws_keeps_the_fits_that_are_done(tmp_path):
    decays().to_file(tmp_path / "data.npz")
    held = RecordingSection(file="data.npz", resampled=True)
    assert held.resampled

    def fits(seeds):
        text = (
            f'title = "t"\nquestion = "q?"\nseeds = {seeds}\nmethods = ["{METHOD}"]\n'
            '[[recordings]]\nfile = "data.npz"\nresampled = true\n'
        )
        (tmp_path / "suite.toml").write_text(text)
        return {cell.seed: cell.fit_id for cell in plan(load_suite(tmp_path / "suite.toml"))}

    few, many = fits(3), fits(5)
    assert len(set(many.values())) == 5
    assert few == {seed: many[seed] for seed in range(3)}


@pytest.mark.slow
def test_more_draws_are_added_to_those_that_are_done(tmp_path):
    run = partial(analyse, decays(), methods=[METHOD], out=tmp_path, jobs=1)

    def fits(draws):
        tables = run(draws=draws).tables
        return tables, tables["fits"].query("status == 'ok'").reset_index(drop=True)

    _, first = fits(2)
    tables, then = fits(3)
    assert sorted(then["seed"]) == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(then[then["seed"] <= 2].reset_index(drop=True), first)
    assert tables["eigenpairs"].groupby("seed")["eigenvalue_re"].min().nunique() == 4
    assert tables["verdicts"]["seed"].unique().tolist() == [0]
    assert set(tables["structures"]["seed"]) == {0, 1, 2, 3}


SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from koopmark.analysis.recording import analyse
from koopmark.simulation import Trajectories

print("once")
states = np.exp(-0.1 * np.arange(30.0)) * np.arange(1.0, 13.0)[:, None]
data = Trajectories(states[..., None], dt=1.0)
made = analyse(data, methods=["koopmark.qr_edmd"], draws=2, out=sys.argv[1], jobs=1)
print(made.tables["fits"]["status"].tolist().count("ok"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("nursery", [True, False])
def test_a_script_needs_no_guard_and_is_run_once(tmp_path, nursery):
    script = tmp_path / "script.py"
    # Elsewhere than on Linux workers are started anew.
    script.write_text(SCRIPT if nursery else f"import os\ndel os.pidfd_open\n{SCRIPT}")
    done = subprocess.run(
        [sys.executable, script, tmp_path / "out"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["once", "3"]
