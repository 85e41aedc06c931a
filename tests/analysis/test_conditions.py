"""What is said of maps, inputs and sensors, and of what is exact under them."""

import re

import numpy as np
import pandas as pd
import pytest

from koopmark import datasets
from koopmark.analysis.conditions import Conditions, conditions, told

UNDER = [
    name
    for name in datasets.names()
    for recipe in [datasets.load_recipe(name)]
    if recipe.inputs.channels or recipe.sensors(0) is not None
]


def said(name):
    recipe = datasets.load_recipe(name)
    system, sensors = recipe.build(0), recipe.sensors(0)
    return dict(told(recipe, system, sensors)), system, sensors


@pytest.mark.parametrize("name", UNDER)
def test_the_functions_that_are_said_to_be_exact_are_those_of_the_weights(name):
    texts, system, sensors = said(name)
    if system.null_functions is None:
        assert texts["exact"] == "functions that an input acts on are not targets"
        return
    seen = system.weights.left if sensors is None else sensors.of_columns(system.weights.left)
    known = len(seen) - np.linalg.matrix_rank(seen)
    if sensors is not None:
        assert f"= {known} are functions of what the sensors show" in texts["exact"]
    if system.inputs and known:
        drive = system.input_weights
        drive = drive if sensors is None else sensors.of_columns(drive)
        free = len(seen) - np.linalg.matrix_rank(np.hstack([seen, drive]))
        counts = re.search(r"no input acts on (\d+) of the (\d+) functions", texts["exact"])
        assert [int(count) for count in counts.groups()] == [free, known]


def test_too_few_sensors_are_said_to_show_no_function():
    texts, _, _ = said("rnn_30_3_few_sensors")
    assert (
        "3 - 3 = 0 are functions of what the sensors show; the target is the eigenfunction"
    ) in texts["exact"]


def test_nothing_is_said_of_an_autonomous_flow_that_is_seen_whole():
    assert said("rnn_10_2")[0] == {}


def test_a_table_of_before_there_were_inputs_is_of_flows():
    old = pd.DataFrame({"dataset": ["a"], "n": [3.0]})
    assert conditions(old)["a"].facts == ()
    assert conditions(old)["a"].named("-1") == "λ = -1"


def test_facts_are_those_of_the_table():
    row = pd.Series({"n": 10.0, "channels": 6.0, "inputs": 2.0, "discrete": 1.0})
    where = Conditions.of(row)
    assert where.facts == ("map", "2 inputs", "6 sensors of 10 units")
    assert where.named("0.7") == "μ = 0.7"
    assert (where.interval(1.0), where.length("horizon", 30.0)) == (
        "a sample every step",
        "30 steps",
    )
