from pathlib import Path

import pytest

from koopmark._errors import ConfigError
from koopmark.plan._suite import MethodEntry, load_suite, names

GOOD = """
title = "T"
question = "Q?"
datasets = ["three_populations"]
[[methods]]
use = "pydmd.dmd"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_a_suite_is_named_after_its_file(tmp_path):
    suite = load_suite(written(tmp_path, GOOD))
    assert suite.name == "mine"
    assert suite.seeds == 3


@pytest.mark.parametrize("name", names())
def test_a_shipped_suite_is_found_by_its_name(name):
    assert load_suite(name).name == name


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("title", "titel"), "unknown key 'titel': did you mean 'title'"),
        (('title = "T"\n', ""), "the key 'title' is missing"),
        (('["three_populations"]', "[]"), "recordings or sweeps must hold at least 1 item"),
        (('question = "Q?"', 'question = "Q?"\nseeds = 0'), "seeds = 0: .*greater than or equal"),
        (('use = "pydmd.dmd"', 'us = "pydmd.dmd"'), r"unknown key 'methods.0.us': did you mean"),
        (("[[methods]]", "[limits]\nseconds = -1\n[[methods]]"), "limits.seconds = -1"),
        (("[[methods]]", "[limits]\nsecond = 1\n[[methods]]"), "did you mean 'seconds'"),
        (("[[methods]]", "[[methods"), "not valid TOML"),
    ],
)
def test_a_mistake_is_named_with_its_file_its_key_and_what_is_allowed(tmp_path, change, sentence):
    path = written(tmp_path, GOOD.replace(*change))
    with pytest.raises(ConfigError, match=sentence) as caught:
        load_suite(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_answered_with_the_nearest_known_one():
    with pytest.raises(ConfigError, match="unknown suite 'smoek': did you mean 'smoke'"):
        load_suite("smoek")


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no such suite file"):
        load_suite(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("entry", "label"),
    [
        ({"use": "pydmd.dmd"}, "pydmd.dmd"),
        ({"use": "pydmd.dmd", "options": {"svd_rank": 3}}, "pydmd.dmd[svd_rank=3]"),
        (
            {"use": "a", "options": {"dictionary": {"kind": "monomials", "degree": 2}}},
            "a[degree=2]",
        ),
        ({"use": "a", "name": "mine", "options": {"degree": 2}}, "mine"),
    ],
)
def test_a_method_is_called_by_its_options_unless_it_has_a_name(entry, label):
    assert MethodEntry(**entry).label == label


SWEEP = """
[[sweeps]]
dataset = "rnn_10_2"
vary = "sampling.noise"
values = [0.0, 1e-6]
"""


def test_a_suite_may_have_sweeps_alone(tmp_path):
    suite = load_suite(written(tmp_path, GOOD.replace('["three_populations"]', "[]") + SWEEP))
    assert suite.sweeps[0].vary == ("sampling.noise",)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("vary", "varry"), "unknown key 'sweeps.0.varry': did you mean 'vary'"),
        (("[0.0, 1e-6]", "[]"), r"sweeps.0.values = \[\]: .*at least 1 item"),
        (('"sampling.noise"', "[]"), r"sweeps.0.vary = \[\]: .*at least 1 item"),
        (
            ('"sampling.noise"', '["system.n", "system.rank"]'),
            r"sweeps.0: values holds 0.0: it must be a list of 2 values, one for each of system.n",
        ),
        (
            ("values", 'set = { "sampling.noise" = 0.1 }\nvalues'),
            "sweeps.0: sampling.noise is both varied and set",
        ),
    ],
)
def test_a_mistake_in_a_sweep_is_named_with_its_key(tmp_path, change, sentence):
    path = written(tmp_path, GOOD + SWEEP.replace(*change))
    with pytest.raises(ConfigError, match=sentence) as caught:
        load_suite(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
