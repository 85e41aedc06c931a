import json
import os
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from koopmark import methods
from koopmark._errors import ConfigError
from koopmark.datasets import load_recipe
from koopmark.datasets import names as dataset_names
from koopmark.plan import load_suite, names, plan
from koopmark.plan._cells import execution_order
from koopmark.plan._rows import ANCHORS
from koopmark.scoring._cluster import CLUSTER_RADIUS
from koopmark.truth import products_of
from koopmark.truth._lattice import ONE

EDMD = 'use = "koopmark.qr_edmd"'
DEGREE = 'options = { dictionary = { kind = "monomials", degree = 3 } }'
FOURIER = 'options = { dictionary = { kind = "random_fourier", count = 5 } }'


@pytest.fixture
def planned(tmp_path, tiny_file):
    """Cells of a suite with these methods on the tiny dataset."""

    def planned(*entries, seeds=1, datasets=(str(tiny_file),), limits="", name="mine"):
        path = tmp_path / f"{name}.toml"
        path.write_text(
            f'title = "T"\nquestion = "Q?"\ndatasets = {json.dumps(datasets)}\nseeds = {seeds}\n'
            f"{limits}\n" + "".join(f"[[methods]]\n{entry}\n" for entry in entries)
        )
        return plan(load_suite(path))

    return planned


@cache
def shipped(name):
    """Cells of a suite that ships, planned once."""
    return plan(load_suite(name))


def keys(cells):
    return {(cell.dataset, cell.label, cell.seed): cell.fit_id for cell in cells}


def test_what_a_method_draws_depends_on_the_data_and_not_on_what_it_is_called(
    planned, tmp_path, tiny_file
):
    def drawn(*entries, **how):
        return [cell.method.dictionary.seed for cell in planned(*entries, **how)[: len(entries)]]

    one, other = f"{EDMD}\n{FOURIER}", 'use = "koopmark.ssd"\n' + FOURIER
    first = drawn(one)
    assert drawn(f'name = "other"\n{one}', other) == first * 2
    renamed = tmp_path / "renamed.toml"
    renamed.write_text(tiny_file.read_text())
    assert drawn(one, datasets=(str(renamed),)) == first
    assert len(set(first + [c.method.dictionary.seed for c in planned(one, seeds=3)[:3]])) == 3


def test_a_suite_is_its_methods_and_the_anchors_at_every_seed(planned):
    cells = planned('use = "pydmd.dmd"', seeds=2)
    assert [(cell.label, cell.seed) for cell in cells] == [
        (label, seed) for label in ("pydmd.dmd", *ANCHORS) for seed in (0, 1)
    ]


PARTS = {"drift_sinh", "lotka_volterra", "lotka_volterra_inputs", "kuramoto", "inertial_5_2"}
"""Datasets with targets that belong to larger eigenspaces, whatever the rates.

All pairs of an inertial network have the same damping: φφ̄ of those that are not in closed form are
at the real eigenvalues of those that are.
"""


def test_no_shipped_dataset_and_no_level_of_a_sweep_has_rates_that_resonate():
    cells = [cell for name in names() for cell in shipped(name)]
    recipes = {cell.recipe.name: (cell.recipe, cell.sources) for cell in cells}
    recipes |= {name: (load_recipe(name), ()) for name in dataset_names()}
    resonant, parts = [], set()
    for name, (recipe, sources) in recipes.items():
        system = recipe.system.build(0)
        rates = system.generators
        for found in products_of(rates, recipe.max_degree):
            factors = [np.round(np.sort(rates[row[row != ONE]]), 9) for row in found.factors]
            # Without a decay z z̄ is conserved, and targets are told by their least product.
            decays = bool((rates.real < 0).all())
            if decays and len({tuple(some.tolist()) for some in factors}) > 1:
                resonant.append((name, found.eigenvalue))
        if not all(target.whole for target in system.eigenspaces(recipe.max_degree)):
            parts |= {name, *sources} & {*dataset_names()}
    assert resonant == []
    assert parts == PARTS


@pytest.mark.parametrize("name", load_suite("prescribed").datasets)
def test_no_product_is_within_a_cluster_of_a_target_of_the_suite_of_prescribed_systems(name):
    recipe = load_recipe(name)
    rates = recipe.system.build(0).generators
    targets = np.array([found.eigenvalue for found in products_of(rates, recipe.max_degree)])
    most = int((recipe.max_degree * rates.real.min() - CLUSTER_RADIUS) / rates.real.max())
    kinds = np.unique(np.round(rates, 9))
    sums = np.zeros(1)
    for _ in range(most):
        # Of 0 to `most` factors; slower ones alone can come near.
        sums = np.unique(np.round(np.add.outer(sums, [0.0, *kinds]), 9).ravel())
        sums = sums[sums.real > targets.real.min() - 2 * CLUSTER_RADIUS]
    distance = np.abs(sums[:, None] - targets)
    assert np.all(distance.min(axis=0) < 1e-8)
    assert distance[distance > 1e-8].min() > CLUSTER_RADIUS


def test_a_anchor_that_is_listed_is_not_added_again(planned):
    cells = planned('use = "anchor.random"')
    assert [cell.label for cell in cells] == ["anchor.random", "anchor.exact"]


def test_a_method_can_leave_out_a_dataset(planned, tiny_file):
    cells = planned(
        'use = "pydmd.dmd"\nwithout = ["three_populations"]',
        datasets=(str(tiny_file), "three_populations"),
    )
    ran = {cell.dataset for cell in cells if cell.label == "pydmd.dmd"}
    assert ran == {tiny_file.stem}


def test_leaving_out_what_is_not_there_is_a_mistake(planned):
    with pytest.raises(ConfigError, match=r"methods\.0\.without: 'nowhere' is not a dataset"):
        planned('use = "pydmd.dmd"\nwithout = ["nowhere"]')


def test_a_method_can_run_on_some_of_the_datasets(planned, tiny_file):
    cells = planned(
        'use = "pydmd.dmd"\ndatasets = ["three_populations"]',
        datasets=(str(tiny_file), "three_populations"),
    )
    assert {cell.dataset for cell in cells if cell.label == "pydmd.dmd"} == {"three_populations"}
    assert {cell.dataset for cell in cells if cell.label in ANCHORS} == {
        "tiny",
        "three_populations",
    }


def test_datasets_beside_the_suite_file_are_found(tmp_path, planned, tiny_file):
    (tmp_path / "beside.toml").write_text(tiny_file.read_text())
    assert {cell.dataset for cell in planned(EDMD, datasets=("beside.toml",))} == {"beside"}


@pytest.mark.parametrize("name", names())
def test_every_shipped_suite_can_be_planned(name):
    assert shipped(name)


def test_keys_are_the_same_in_another_process(planned, tmp_path):
    cells = planned(EDMD, 'use = "pydmd.dmd"')
    script = (
        "import sys; from koopmark.plan import load_suite, plan\n"
        "print(*(cell.fit_id for cell in plan(load_suite(sys.argv[1]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "mine.toml")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert done.stdout.split() == [cell.fit_id for cell in cells]


def test_adding_a_method_a_seed_and_a_dataset_changes_no_other_key(planned, tiny_file):
    before = keys(planned('use = "pydmd.dmd"'))
    after = keys(
        planned(
            EDMD,
            'use = "pydmd.dmd"',
            seeds=2,
            datasets=("three_populations", str(tiny_file)),
            name="other",
        )
    )
    assert before.items() <= after.items()
    assert len(set(after.values())) == len(after)


def test_a_new_library_version_changes_the_keys_of_its_own_methods_only(planned, monkeypatch):
    entries = ('use = "pydmd.dmd"', 'use = "pykoopman.edmd_identity"', EDMD)
    before = keys(planned(*entries))
    version = methods.library_version
    monkeypatch.setattr(
        methods,
        "library_version",
        lambda method: "9999.1" if method.tags.library == "pydmd" else version(method),
    )
    after = keys(planned(*entries))
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {("tiny", "pydmd.dmd", 0)}


def test_every_option_is_part_of_the_key(planned):
    ids = [cell.fit_id for cell in planned(EDMD, f"{EDMD}\n{DEGREE}", f"{EDMD}\n{FOURIER}")]
    assert len(set(ids)) == len(ids)


def test_an_option_at_its_default_makes_the_same_key_as_none(planned):
    default = methods.get("pydmd.dmd").to_options()["svd_rank"]
    given = planned(f'use = "pydmd.dmd"\nname = "d"\noptions = {{ svd_rank = {default} }}')
    assert given[0].fit_id == planned('use = "pydmd.dmd"')[0].fit_id


def test_names_titles_and_limits_are_not_part_of_the_key(planned):
    before = planned('use = "pydmd.dmd"')
    after = planned('use = "pydmd.dmd"\nname = "mine"', limits="[limits]\nseconds = 1")
    assert [cell.fit_id for cell in before] == [cell.fit_id for cell in after]


def test_what_the_data_depend_on_is_part_of_the_key(planned, tmp_path, tiny_file):
    noisy = tmp_path / "tiny.toml"
    noisy.write_text(tiny_file.read_text() + "noise = 0.1\n")
    before, after = keys(planned(EDMD)), keys(planned(EDMD, datasets=(str(noisy),)))
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


def test_random_methods_have_a_seed_of_their_own_at_each_seed(planned):
    cells = [cell for cell in planned(f"{EDMD}\n{FOURIER}", seeds=3) if cell.use not in ANCHORS]
    assert len({cell.method.dictionary.seed for cell in cells}) == 3


def test_a_seed_in_the_suite_is_kept(planned):
    fixed = 'options = { dictionary = { kind = "random_fourier", seed = 5 } }'
    cells = planned(f"{EDMD}\n{fixed}", seeds=2)
    assert [cell.method.dictionary.seed for cell in cells if cell.use not in ANCHORS] == [5, 5]


def test_fits_that_share_data_run_one_after_the_other(planned, tiny_file):
    cells = planned(
        EDMD, 'use = "pydmd.dmd"', seeds=3, datasets=(str(tiny_file), "three_populations")
    )
    order = [(cell.dataset, cell.seed) for cell in execution_order(cells)]
    changes = sum(one != other for one, other in pairwise(order))
    assert changes == 5
    assert len(order) == len(cells)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ('use = "pydmd.dmdd"', "methods.0: .*pydmd.dmdd"),
        ('use = "pydmd.dmd"\noptions = { svd_rnk = 1 }', "methods.0: .*svd_rnk"),
        ('use = "pydmd.dmd"\noptions = { svd_rank = "all" }', "methods.0: .*svd_rank"),
        ('use = "pydmd.dmd"\ndatasets = ["other"]', r"methods.0.datasets: 'other' is not .*tiny"),
        ('use = "pydmd.dmd"\n[[methods]]\nuse = "pydmd.dmd"', "'pydmd.dmd' occurs 2 times"),
        (
            'use = "pydmd.dmd"\n[[methods]]\nuse = "pydmd.dmd"\nname = "twin"',
            "'pydmd.dmd' and 'twin' are the same method",
        ),
    ],
)
def test_a_mistake_in_a_method_is_named_with_its_file_and_key(planned, tmp_path, entry, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        planned(entry)
    assert str(caught.value).startswith(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(
    ("datasets", "sentence"),
    [
        (("three_population",), "datasets: .*three_population"),
        (("absent.toml",), r"datasets: .*absent\.toml"),
        (("three_populations", "three_populations"), "occurs 2 times"),
    ],
)
def test_a_mistake_in_the_datasets_is_named_with_its_file(planned, datasets, sentence):
    with pytest.raises(ConfigError, match=sentence):
        planned(EDMD, datasets=datasets)


def test_paths_of_this_machine_are_not_part_of_the_key(planned, tmp_path, tiny_file):
    moved = Path(tmp_path / "elsewhere")
    moved.mkdir()
    (moved / "tiny.toml").write_text(tiny_file.read_text())
    assert keys(planned(EDMD)) == keys(planned(EDMD, datasets=("elsewhere/tiny.toml",)))


def test_a_sweep_that_samples_too_seldom_is_refused_before_anything_runs(planned):
    sweep = (
        '[[sweeps]]\ndataset = "linear_normal"\nvary = "sampling.dt"\n'
        'values = [0.5, 1.0, 2.5]\nset = { "sampling.horizon" = 5.0 }\n'
    )
    with pytest.raises(ConfigError, match=r"dt must be at most π / 2 = 1\.571"):
        planned('use = "pydmd.dmd"', limits=sweep)
