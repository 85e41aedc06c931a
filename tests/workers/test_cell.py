import json
from dataclasses import replace
from math import isnan

import hostile_methods as hostile
import numpy as np
import pytest

from koopmark import datasets, methods
from koopmark.simulation import Trajectories
from koopmark.store._tables import EIGENPAIRS, FITS, PORTRAITS, SHARED, TARGETS
from koopmark.workers._cell import _fingerprint, run_cell


@pytest.fixture
def run(tmp_path, cache_dir, make_cell):
    """Rows of a method on the tiny dataset, run in this process."""

    def run(method, **options):
        return run_cell(make_cell(method, **options), tmp_path, cache_dir)

    return run


def test_a_good_fit_has_scores_costs_and_eigenpairs(run):
    rows = run(hostile.Good())
    assert rows.status == "ok"
    assert rows.fit["recovered"] == 3
    assert rows.targets[0]["eigenvalue_error"] < 1e-6
    assert rows.targets[0]["eigenfunction_error"] < 1e-6
    assert rows.fit["fit_seconds"] > 0
    assert [pair["index"] for pair in rows.eigenpairs] == [0, 1, 2]


def test_floors_are_fitted_on_trajectories_of_the_recipes_own_law(run, tiny, cache_dir):
    (row,) = run(hostile.Good()).targets
    # Six test trajectories alone would not tell from which law to draw.
    assert 0 <= row["oracle_floor_in_sample"] <= row["oracle_floor"] < 1e-12
    made = datasets.build(tiny, 0, cache_dir).fresh
    assert made.block(0).states[:, 0].min() < -2.9
    assert made.block(0).states[:, 0].max() > 2.9


def test_rows_have_the_columns_of_the_tables_and_no_others(run):
    rows = run(hostile.Good())
    assert rows.fit.keys() == FITS.keys()
    assert all(row.keys() == TARGETS.keys() - set(SHARED) for row in rows.targets)
    assert all(row.keys() == EIGENPAIRS.keys() - set(SHARED) for row in rows.eigenpairs)
    assert [row.keys() for row in rows.portraits] == [PORTRAITS.keys() - set(SHARED)]


def test_the_options_in_a_row_make_the_method_again(run):
    assert json.loads(run(hostile.Random(seed=5)).fit["options"]) == {"seed": 5}


@pytest.mark.parametrize(
    ("method", "status", "reason"),
    [
        (hostile.Raises(), "failed", "ValueError: the matrix is not to my taste"),
        (hostile.Quits(), "failed", "SystemExit: enough"),
        (hostile.Declines(), "skipped", "unitary operators only"),
        (hostile.GivesBrokenModel(), "failed", "while scoring: RuntimeError: no such function"),
    ],
)
def test_what_goes_wrong_becomes_a_status_and_a_reason(run, method, status, reason):
    rows = run(method)
    assert (rows.status, rows.fit["reason"]) == (status, reason)


def test_a_fit_that_failed_has_its_targets_and_facts_without_scores(run):
    rows = run(hostile.Raises())
    (target,) = rows.targets
    assert (target["target"], rows.status) == ("-1", "failed")
    assert target["target_dimension"] == 1
    assert "eigenvalue_error" not in target
    assert rows.fit["n"] == 3
    assert rows.eigenpairs == []


def test_scoring_that_fails_keeps_what_the_fit_cost(run):
    assert run(hostile.GivesBrokenModel()).fit["fit_seconds"] > 0


def test_a_library_that_is_not_there_is_unavailable_with_the_command_that_installs_it(
    run, monkeypatch
):
    sentence = "nosuch is not installed: pip install nosuch"
    monkeypatch.setattr(methods, "availability", lambda method: sentence)
    rows = run(hostile.Good())
    assert (rows.status, rows.fit["reason"]) == ("unavailable", sentence)


def test_data_that_blow_up_are_diverged_and_cost_nothing(run, monkeypatch):
    def build(recipe, seed, cache_dir):
        raise datasets.Diverged("2 of 6 train trajectories diverged")

    monkeypatch.setattr(datasets, "build", build)
    rows = run(hostile.Good(), seed=99)
    assert (rows.status, rows.fit["reason"]) == ("diverged", "2 of 6 train trajectories diverged")
    assert isnan(rows.fit["fit_seconds"])


def test_a_fit_over_its_time_is_a_timeout_even_where_nothing_could_end_it(run):
    rows = run(hostile.Good(), seconds=1e-9)
    assert rows.status == "timeout"
    assert rows.fit["reason"].startswith("the fit took ")
    assert rows.fit["fit_seconds"] > 0


def test_a_method_draws_the_same_numbers_in_any_order_of_fits(run):
    first = eigenvalues(run(hostile.Random(seed=3)))
    run(hostile.Good())
    assert eigenvalues(run(hostile.Random(seed=3))) == first
    assert eigenvalues(run(hostile.Random(seed=4))) != first


def eigenvalues(rows):
    return [(pair["eigenvalue_re"], pair["eigenvalue_im"]) for pair in rows.eigenpairs]


def test_a_damaged_cache_is_said_in_the_notes_of_the_fit(tmp_path, make_cell):
    cell, cache = make_cell(hostile.Good()), tmp_path / "cache"
    assert "damaged" not in run_cell(cell, tmp_path, cache).fit["notes"]
    damaged = list(cache.glob("*.npz"))
    for file in damaged:
        file.write_bytes(file.read_bytes()[:100])
    other = make_cell(hostile.Good(), seed=1)
    run_cell(other, tmp_path, cache)  # the data of the fit before are kept in memory
    rows = run_cell(cell, tmp_path, cache)
    assert rows.status == "ok"
    # The training and test trajectories, and the fresh ones.
    assert len(damaged) > 1
    assert all(f"{file.name}: damaged" in rows.fit["notes"] for file in damaged)


def test_fits_to_noisy_data_have_statistical_floors_and_others_have_none(run, make_cell, tiny):
    (quiet,) = run(hostile.Good()).targets
    assert isnan(quiet["statistical_floor"])
    assert isnan(quiet["statistical_floor_eigenvalue"])
    assert quiet["notes"] == ""
    noisy = datasets.varied(tiny, {"sampling.noise": 1e-3}, "noisy", "here")
    (target,) = run(hostile.Good(), recipe=noisy).targets
    assert 0 < target["statistical_floor"] < 0.1
    assert 0 < target["statistical_floor_eigenvalue"] < 0.1
    (louder,) = run(
        hostile.Good(), recipe=datasets.varied(tiny, {"sampling.noise": 2e-3}, "louder", "here")
    ).targets
    assert louder["statistical_floor"] == pytest.approx(2 * target["statistical_floor"])


@pytest.mark.parametrize("what", ["states", "times", "diverged_at", "inputs", "mask"])
def test_the_fingerprint_of_data_tells_whether_a_fit_changed_any_of_them(tiny, cache_dir, what):
    data = datasets.build(tiny, 0, cache_dir)
    states = data.train.states.copy()
    states[0, 2] = np.nan
    train = Trajectories(states, data.train.times, inputs=np.zeros((*states.shape[:2], 1)))
    data = replace(data, train=train)
    before = _fingerprint(data)
    assert _fingerprint(data) == before
    array = train.recorded.mask if what == "mask" else getattr(train, what)
    array[-1] = 0.5 if what in ("diverged_at", "inputs") else array[0]
    assert _fingerprint(data) != before
