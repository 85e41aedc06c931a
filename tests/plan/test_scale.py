"""What a large suite costs, in counts: what is done once is not done for every fit."""

import os
from collections import Counter
from types import SimpleNamespace

import pytest
from counting_methods import COUNTS, Quick, Warm

from koopmark import datasets, methods
from koopmark._source import Source
from koopmark.datasets import Recipe, cache, dataset, varied
from koopmark.plan import load_suite
from koopmark.plan._cells import execution_order, plan
from koopmark.workers._pool import execute


@pytest.fixture(scope="module")
def done(tmp_path_factory, make_cell, tiny):
    """Fits by two workers: their statuses, how often workers did what, and the cached files.

    Of four methods on three levels of noise at two seeds, then of twelve that need a library.
    """
    counts, cache_dir = (tmp_path_factory.mktemp(name) for name in ("counts", "cache"))
    noisy = [varied(tiny, {"sampling.noise": n / 10}, f"tiny/noise={n}", "test") for n in range(3)]
    cells = [
        make_cell(Quick(number), label=f"quick {number}", seed=seed, recipe=recipe)
        for recipe in noisy
        for seed in range(2)
        for number in range(4)
    ]
    warm = [
        make_cell(Warm(number), label=f"warm {number}", recipe=noisy[0]) for number in range(12)
    ]
    with pytest.MonkeyPatch.context() as patch:
        # There workers note what they do, one file for each time.
        patch.setenv(COUNTS, str(counts))
        rows = list(execute([*execution_order(cells), *warm], 2, cache_dir))
    statuses = {row.fit_id: row.status for row in rows}
    kinds = [[statuses[cell.fit_id] for cell in some] for some in (cells, warm)]
    noted = Counter(path.name.split("-")[0] for path in counts.iterdir())
    return SimpleNamespace(quick=kinds[0], warm=kinds[1], noted=noted, cache_dir=cache_dir)


def test_a_plan_of_ten_thousand_looks_at_each_thing_once(tmp_path, tiny_file, monkeypatch):
    calls = Counter()

    def count(place, name):
        original = getattr(place, name)

        def counting(*arguments):
            calls[name] += 1
            return original(*arguments)

        monkeypatch.setattr(place, name, counting)

    count(methods, "library_version")
    count(Source, "digest")
    count(Recipe, "depends_on")
    file = tmp_path / "large.toml"
    file.write_text(
        f'title = "Large"\nquestion = "How long?"\nseeds = 48\ndatasets = ["{tiny_file}"]\n'
        f'[[sweeps]]\ndataset = "{tiny_file}"\nvary = "sampling.noise"\n'
        f"values = {[level / 1000 for level in range(1, 50)]}\n"
        '[[methods]]\nuse = "pydmd.dmd"\n[[methods]]\nuse = "koopmark.qr_edmd"\n'
        '[[methods]]\nuse = "pydmd.dmd"\noptions = {svd_rank = 2}\n'
    )
    cells = plan(load_suite(file))
    assert len(cells) == 50 * 48 * 5
    assert len({cell.fit_id for cell in cells}) == len(cells)
    # A digest for each recipe and each entry of [[methods]], the two anchors among them.
    assert calls == {"library_version": 2, "digest": 50 + 5, "depends_on": 50}


def test_fits_that_share_data_share_their_simulation_whatever_the_number_of_workers(done):
    assert done.quick == ["skipped"] * 24
    # By file: noise is added to the same clean trajectories. The network has no seed, its data do.
    files = list(done.cache_dir.iterdir())
    assert len(files) == 2
    assert {path.suffix for path in files} == {".npz"}
    assert done.noted["simulated"] == 2


def test_processes_that_want_the_same_data_at_once_make_them_once(tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            try:
                _want(tmp_path / "cache", made / str(number))
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len(list(made.iterdir())) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["same-source.npz"]


def _want(folder, mark):
    import time

    import numpy as np

    def make():
        mark.touch()
        time.sleep(0.3)
        return {"x": np.arange(3.0)}

    arrays, note = cache.remember(folder, cache.Key("same", "source"), make)
    if arrays["x"][2] == 2.0 and not note:
        os._exit(0)


def test_a_library_is_imported_once_in_a_worker(done):
    assert done.warm == ["skipped"] * 12
    assert done.noted["fitted"] == 24 + 12
    assert 1 <= done.noted["imported"] <= 2


def test_systems_are_made_once_for_the_rows_of_fits_that_share_them(make_cell, tiny, monkeypatch):
    from koopmark.store import _tables as rows

    asked = []
    original = datasets.target_list
    monkeypatch.setattr(datasets, "target_list", lambda *a: asked.append(a) or original(*a))
    rows._known.cache_clear()
    made = [
        rows.make_rows(make_cell(Quick(number), label=f"{number}"), rows.Outcome("failed", "no"))
        for number in range(5)
    ]
    assert len(asked) == 1
    assert len({id(target) for row in made for target in row.targets}) == sum(
        len(row.targets) for row in made
    )
    assert dataset.target_list(tiny, 0)
