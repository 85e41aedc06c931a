"""A part of a suite: which fits are done, and where they may go."""

import json
from dataclasses import replace

import pytest

from koopmark._errors import ConfigError
from koopmark.methods.anchors import Exact
from koopmark.plan import Selection, load_suite, plan
from koopmark.plan._selection import refuse_whole_run


class Mine(Exact):
    """An anchor of one's own."""


@pytest.fixture(scope="module")
def cells():
    return plan(load_suite("smoke").model_copy(update={"seeds": 2}))


def test_nothing_named_is_everything(cells):
    assert Selection().of(cells) == cells
    assert not Selection()
    assert Selection().provenance() == {}


def test_one_fit_is_a_method_a_dataset_and_a_seed_beside_the_anchors(cells):
    wanted = Selection(("pydmd.dmd",), ("rnn_10_2",), (1,)).of(cells)
    assert [cell.label for cell in wanted] == ["pydmd.dmd", "anchor.exact", "anchor.random"]
    assert {(cell.dataset, cell.seed) for cell in wanted} == {("rnn_10_2", 1)}


def test_all_levels_of_a_sweep_go_by_the_name_of_its_recipe():
    cells = plan(load_suite("libraries"))
    wanted = Selection(datasets=("rnn_10_2",)).of(cells)
    assert {cell.dataset for cell in wanted} == {"rnn_10_2/max_degree=1"}
    assert wanted == Selection(datasets=("rnn_10_2/max_degree=1",)).of(cells)


def test_a_anchor_of_ones_own_is_in_every_part(cells):
    mine = replace(cells[0], label="mine", method=Mine())
    assert mine in Selection(("pydmd.dmd",)).of([*cells, mine])


def test_a_part_does_the_same_fits_as_the_whole(cells):
    part = Selection(seeds=(0,)).of(cells)
    assert [cell.fit_id for cell in part] == [cell.fit_id for cell in cells if cell.seed == 0]


def test_options_in_brackets_belong_to_the_name(cells):
    name = "koopmark.qr_edmd[monomials, degree=2]"
    wanted = Selection((name,)).of(cells)
    assert {cell.label for cell in wanted if cell.method.tags.role == "method"} == {name}


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (
            Selection(("pydmd.dmdd",)),
            "no method of this suite is 'pydmd.dmdd': did you mean",
        ),
        (Selection(datasets=("rnn",)), "--dataset: no dataset of this suite is 'rnn'"),
        (Selection(seeds=(2,)), "--seed: no seed of this suite is 2: there are 0, 1"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(cells, part, sentence):
    with pytest.raises(ConfigError) as error:
        part.of(cells)
    assert sentence in str(error.value)


def test_a_combination_that_the_suite_leaves_out_is_refused(cells):
    kept = [c for c in cells if (c.label, c.dataset) != ("pydmd.dmd", "rnn_10_2")]
    with pytest.raises(ConfigError, match="no fit has all of these"):
        Selection(("pydmd.dmd",), ("rnn_10_2",)).of(kept)


def test_a_part_does_not_take_the_place_of_a_whole_run(tmp_path):
    refuse_whole_run(tmp_path)
    about = tmp_path / "provenance.json"
    about.write_text(json.dumps({"suite": "smoke"}))
    with pytest.raises(ConfigError, match="--out must be another folder"):
        refuse_whole_run(tmp_path)
    about.write_text(json.dumps({"suite": "smoke", **Selection(seeds=(0,)).provenance()}))
    refuse_whole_run(tmp_path)
