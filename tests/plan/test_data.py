"""Sweeps become datasets, each with a name, a level and its place among the others."""

import json
from math import isnan

import pytest

from koopmark._errors import ConfigError
from koopmark.plan import load_suite, plan
from koopmark.plan._data import sources
from koopmark.store._tables import Outcome, make_rows


@pytest.fixture
def suite(tmp_path, tiny_file):
    """A suite with these sweeps of the tiny dataset, and `datasets` for its only method."""

    def suite(*sweeps, datasets=None, names=()):
        path = tmp_path / "mine.toml"
        asks = "" if datasets is None else f"datasets = {json.dumps(datasets)}\n"
        path.write_text(
            f'title = "T"\nquestion = "Q?"\nseeds = 1\ndatasets = {json.dumps(names)}\n'
            + "".join(f"[[sweeps]]\ndataset = {json.dumps(str(tiny_file))}\n{s}\n" for s in sweeps)
            + f'[[methods]]\nuse = "pydmd.dmd"\n{asks}'
        )
        return load_suite(path)

    return suite


NOISE = 'vary = "sampling.noise"\nvalues = [0, 1e-6, 0.1]'
RANDOM = 'set = { "system.kind" = "random_rnn", "system.n" = 4, "system.rank" = 2 }'


def test_every_level_is_a_dataset_with_a_name_of_its_own(suite):
    made = sources(suite(NOISE))
    assert [s.recipe.name for s in made] == ["tiny/noise=0", "tiny/noise=1e-06", "tiny/noise=0.1"]
    assert [s.recipe.sampling.noise for s in made] == [0.0, 1e-6, 0.1]


def test_a_level_says_where_it_stands(suite):
    last = sources(suite(NOISE))[-1].level
    assert (last.family, last.axis, last.level, last.level_text) == (
        "tiny, noise",
        "noise",
        0.1,
        "0.1",
    )


def test_a_title_names_the_family(suite):
    assert sources(suite(f'title = "How loud"\n{NOISE}'))[0].level.family == "How loud"


def test_a_name_starts_those_of_the_datasets_and_may_be_asked_for(suite):
    made = sources(suite(f'name = "mine"\n{NOISE}'))
    assert made[0].recipe.name == "mine/noise=0"
    assert "mine" in made[0].names


def test_overrides_hold_at_every_level(suite):
    made = sources(suite(f'set = {{ "sampling.trajectories" = 9 }}\n{NOISE}'))
    assert {s.recipe.sampling.trajectories for s in made} == {9}


def test_a_text_is_a_level_without_a_number(suite):
    made = sources(suite(f'{RANDOM}\nvary = "system.activation"\nvalues = ["tanh", "relu"]'))
    assert [s.level.level_text for s in made] == ["tanh", "relu"]
    assert all(isnan(s.level.level) for s in made)
    assert made[1].recipe.system.activation == "relu"


def test_keys_may_be_varied_together(suite):
    kind = 'set = { "system.kind" = "random_rnn" }'
    made = sources(suite(f'{kind}\nvary = ["system.n", "system.rank"]\nvalues = [[3, 1], [10, 2]]'))
    assert [(s.recipe.system.n, s.recipe.system.rank) for s in made] == [(3, 1), (10, 2)]
    assert made[1].recipe.name == "tiny/n=10,rank=2"
    assert (made[1].level.axis, made[1].level.level, made[1].level.level_text) == (
        "n, rank",
        10.0,
        "10, 2",
    )


def test_a_level_gives_the_trajectories_of_a_file_that_says_the_same(suite, tmp_path, tiny_file):
    written = tmp_path / "written.toml"
    written.write_text(tiny_file.read_text() + "noise = 0.1\n")
    level, file = (
        sources(suite(NOISE, names=[str(written)]))[-1],
        sources(suite(NOISE, names=[str(written)]))[0],
    )
    assert level.recipe.depends_on() == file.recipe.depends_on()


@pytest.mark.parametrize("asked", ["tiny, noise", "tiny/noise=0.1", "the path of the recipe"])
def test_a_method_may_ask_for_a_sweep_by_its_dataset_its_title_or_one_level(
    suite, tiny_file, asked
):
    asked = str(tiny_file) if asked.startswith("the path") else asked
    cells = [c for c in plan(suite(NOISE, datasets=[asked])) if c.use == "pydmd.dmd"]
    assert len(cells) == (1 if "/noise" in asked and asked != str(tiny_file) else 3)


def test_rows_say_where_the_dataset_stands(suite):
    row = make_rows(plan(suite(NOISE))[-1], Outcome("failed", "no")).fit
    assert (row["family"], row["axis"], row["level"], row["level_text"], row["noise"]) == (
        "tiny, noise",
        "noise",
        0.1,
        "0.1",
        0.1,
    )


@pytest.mark.parametrize(
    ("sweep", "sentence"),
    [
        (NOISE.replace("noise", "nosie"), "unknown key 'sampling.nosie': did you mean 'noise'"),
        (NOISE.replace("sampling", "samplin"), "the key 'samplin.noise' is not one that numbers"),
        (NOISE.replace("sampling.noise", "title"), "the key 'title' is not one that numbers"),
        (
            NOISE.replace("sampling.noise", "sampling.dt.level"),
            "unknown key 'sampling.dt.level': sampling.dt holds",
        ),
        (NOISE.replace("sampling.noise", "sampling"), "'sampling' is a section: name a key in it"),
        (NOISE.replace("0.1", "-0.1"), "sampling.noise = -0.1: it must be greater than or equal"),
        (NOISE.replace("0.1", '"loud"'), "sampling.noise = 'loud': it must be"),
        (NOISE.replace("0.1", "0"), "'tiny/noise=0' occurs 2 times.*a sweep can give"),
        (f"{RANDOM}\n" + 'vary = "system.gain"\nvalues = [0]', "system.gain = 0: it must be"),
        ('vary = "sampling.dt"\nvalues = [0.3]', "horizon 1 with dt 0.3: it must be a whole"),
    ],
)
def test_a_mistake_in_a_sweep_is_named_with_its_file_and_key(suite, tmp_path, sweep, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        plan(suite(sweep))
    assert str(caught.value).startswith(f"{tmp_path / 'mine.toml'}: ")
    assert "\n" not in str(caught.value)


def test_a_recipe_that_is_not_there_is_named_with_its_sweep(tmp_path, suite):
    path = tmp_path / "mine.toml"
    suite(NOISE)
    path.write_text(path.read_text().replace("tiny.toml", "absent.toml"))
    with pytest.raises(ConfigError, match=r"sweeps.0.dataset: .*absent\.toml"):
        plan(load_suite(path))
