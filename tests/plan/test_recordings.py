"""Files of recorded trajectories in suites: fitted, assessed, and not scored."""

import json
import shutil

import numpy as np
import pytest

from koopmark._errors import ConfigError
from koopmark.analysis import results
from koopmark.cluster._parcel import pack, unpack
from koopmark.datasets import recording
from koopmark.plan import Cell, load_suite, plan
from koopmark.plan.provenance import provenance
from koopmark.run._run import _write
from koopmark.simulation import Trajectories
from koopmark.store import Store, write_tables
from koopmark.workers._cell import run_cell

SUITE = """
title = "A recording"
question = "What is in it?"
seeds = 1
methods = ["koopmark.qr_edmd", "pydmd.dmd"]
"""


def noisy(seed=0):
    """Twelve trials of x₁ ↦ 0.9 x₁, x₂ ↦ 0.5 x₂ + x₁² with a little noise and two gaps."""
    rng = np.random.default_rng(seed)
    states = np.empty((12, 20, 2))
    states[:, 0] = rng.normal(size=(12, 2))
    for t in range(1, 20):
        before = states[:, t - 1]
        states[:, t] = np.stack([0.9 * before[:, 0], 0.5 * before[:, 1] + before[:, 0] ** 2], -1)
    states += 1e-3 * rng.normal(size=states.shape)
    states[3, 5:7] = np.nan
    states[4, 12:] = np.nan
    return Trajectories(states, dt=0.1)


@pytest.fixture
def folder(tmp_path):
    noisy().to_file(tmp_path / "recording.npz")
    return tmp_path


def cells_of(folder, said='datasets = ["recording.npz"]\n') -> list[Cell]:
    # The keys of a table end where another table begins.
    tables, plain = (said, "") if said.startswith("[[") else ("", said)
    (folder / "suite.toml").write_text(plain + SUITE + tables)
    return plan(load_suite(folder / "suite.toml"))


def test_a_recording_is_assessed_and_has_nothing_to_be_scored_by(folder):
    cell = next(cell for cell in cells_of(folder) if cell.label == "koopmark.qr_edmd")
    rows = run_cell(cell, folder)
    assert (rows.status, rows.targets, rows.fit["targets"]) == ("ok", [], 0)
    assert rows.fit["notes"].startswith("no answer key: assessed on held-out data, not scored")
    assert rows.fit["verified"] >= 1
    assert rows.fit["forecast_error"] < 0.1
    assert {"supported", "not supported", "cannot be told"} >= {
        pair["kind"] for pair in rows.eigenpairs
    }
    assert rows.fit["train_trajectories"] == 8


def test_methods_that_are_given_the_key_are_skipped_with_a_reason(folder):
    cell = next(cell for cell in cells_of(folder) if cell.label == "anchor.exact")
    rows = run_cell(cell, folder)
    assert (rows.status, rows.fit["reason"]) == (
        "skipped",
        "it is given the answer key, and a recording has none",
    )


def test_results_hang_on_the_files_bytes_and_not_on_its_place(folder, tmp_path_factory):
    first = [cell.fit_id for cell in cells_of(folder)]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(folder / "recording.npz", elsewhere)
    assert [cell.fit_id for cell in cells_of(elsewhere)] == first
    noisy(seed=1).to_file(elsewhere / "recording.npz")
    assert set(first).isdisjoint(cell.fit_id for cell in cells_of(elsewhere))


def test_a_recording_may_be_said_more_of(folder):
    table = '[[recordings]]\nfile = "recording.npz"\nname = "mine"\nheld_out = 0.5\n'
    cell = cells_of(folder, table)[0]
    assert cell.dataset == "mine"
    assert len(cell.recipe.parts(0).train) == 6


def test_a_file_that_changed_since_the_plan_is_not_fitted(folder):
    cell = cells_of(folder)[0]
    noisy(seed=1).to_file(folder / "recording.npz")
    # As a process that did not read it before.
    recording._read.cache_clear()
    rows = run_cell(cell, folder)
    assert rows.status == "failed"
    assert "it was changed since the run was planned" in rows.fit["reason"]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('datasets = ["gone.npz"]\n', "gone.npz: cannot be read"),
        ('datasets = ["suite.data"]\n', "suite.data: cannot be read"),
        ('[[recordings]]\nfile = "recording.npz"\nstates = "y"\n', "recording.npz"),
        ('[[recordings]]\nfile = "recording.npz"\nheld_out = 0.01\n', "it cannot be split"),
        ('[[recordings]]\nfile = "recording.npz"\nd = 1\n', "unknown key"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(folder, said, problem):
    with pytest.raises(ConfigError, match=problem):
        cells_of(folder, said)


def test_a_recording_travels_to_other_machines(folder, tmp_path_factory):
    cell = cells_of(folder)[0]
    parcel = pack(cell)
    (folder / "recording.npz").unlink()
    received = unpack(parcel, tmp_path_factory.mktemp("there"))
    assert received.fit_id == cell.fit_id
    assert len(received.recipe.parts(0).train) == 8


def test_tables_and_summaries_have_no_digits_for_a_recording(folder):
    cells = cells_of(folder)
    with Store(folder / "out") as store:
        store.follow(cells)
        for cell in cells:
            store.record(run_cell(cell, folder), cell)
    write_tables(str(folder / "out"))
    suite = load_suite(folder / "suite.toml")
    _write(folder / "out", json.loads(json.dumps(provenance(suite, cells, 1))))
    run = results.Results.read(folder / "out")
    ours = run.summary[run.summary["role"] == "method"]
    assert len(ours) == 2
    assert ours["digits"].isna().all()
    assert ours["place"].isna().all()
    # DMD in the state fits x₁² by a linear function, and the data may refuse all that it finds.
    assert ours["verified"].max() > 0
    assert not run.boards
