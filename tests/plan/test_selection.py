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
    wanted = Selection(("pydmd.dmd_default",), ("rnn_10_2",), (1,)).of(cells)
    assert [cell.label for cell in wanted] == ["pydmd.dmd_default", "anchor.exact", "anchor.random"]
    assert {(cell.dataset, cell.seed) for cell in wanted} == {("rnn_10_2", 1)}


def test_all_rows_of_a_method_go_by_what_the_suite_calls_it(cells):
    wanted = Selection(("pydmd.dmd",)).of(cells)
    assert {cell.label for cell in wanted if cell.method.tags.role == "method"} == {
        "pydmd.dmd[degree=1]",
        "pydmd.dmd[degree=2]",
        "pydmd.dmd_default",
    }


def test_a_name_that_is_one_rows_means_this_row(cells):
    same = [replace(cell, asked="pydmd.dmd_default") for cell in cells]
    wanted = Selection(("pydmd.dmd_default",)).of(same)
    assert {cell.label for cell in wanted if cell.method.tags.role == "method"} == {
        "pydmd.dmd_default"
    }


def test_all_levels_of_a_sweep_go_by_the_name_of_its_recipe():
    cells = plan(load_suite("nonlinearity").model_copy(update={"seeds": 1}))
    wanted = Selection(datasets=("rnn_6_2_theta",)).of(cells)
    levels = {cell.dataset for cell in wanted}
    assert len(levels) == 6
    assert "rnn_6_2_theta/activation=erf" in levels


def test_a_anchor_of_ones_own_is_in_every_part(cells):
    mine = replace(cells[0], label="mine", method=Mine())
    assert mine in Selection(("pydmd.dmd_default",)).of([*cells, mine])


def test_a_part_does_the_same_fits_as_the_whole(cells):
    part = Selection(seeds=(0,)).of(cells)
    assert [cell.fit_id for cell in part] == [cell.fit_id for cell in cells if cell.seed == 0]


def test_options_in_brackets_belong_to_the_name(cells):
    name = "koopmark.qr_edmd[degree=2]"
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
    left_out = ("pydmd.dmd_default", "rnn_10_2")
    kept = [cell for cell in cells if (cell.label, cell.dataset) != left_out]
    with pytest.raises(ConfigError, match="no fit has all of these"):
        Selection(left_out[:1], left_out[1:]).of(kept)


def test_a_part_does_not_take_the_place_of_a_whole_run(tmp_path):
    refuse_whole_run(tmp_path)
    about = tmp_path / "provenance.json"
    about.write_text(json.dumps({"suite": "smoke"}))
    with pytest.raises(ConfigError, match="--out must be another folder"):
        refuse_whole_run(tmp_path)
    about.write_text(json.dumps({"suite": "smoke", **Selection(seeds=(0,)).provenance()}))
    refuse_whole_run(tmp_path)
