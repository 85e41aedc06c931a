"""The recommendations of docs/choosing.md and of the README are those of the stored runs."""

import json
import re

import choosing
import numpy as np
import pandas as pd
import pytest

from koopmark import methods
from koopmark.analysis import measure
from koopmark.analysis.results import Results
from koopmark.plan import load_suite

NAMES = [condition["name"] for condition in choosing.conditions()]


def test_the_pages_are_what_the_evidence_says():
    assert choosing.PAGE.read_text("utf-8") == choosing.page()
    text = choosing.README.read_text("utf-8")
    assert choosing.TABLE.search(text)
    assert text == choosing.readme(text)


def test_every_condition_has_evidence_and_no_evidence_is_left_over():
    assert {path.stem for path in choosing.EVIDENCE.glob("*.csv")} == set(NAMES)
    sources = json.loads((choosing.EVIDENCE / "provenance.json").read_text("utf-8"))
    assert set(sources) == {condition["suite"] for condition in choosing.conditions()}
    for name, source in sources.items():
        assert load_suite(name).name == name
        assert re.fullmatch(r"[0-9a-f]{40}", source["commit"])


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_of_a_condition_are_possible(name):
    table = choosing.table_of(name)
    assert table["digits"].between(0, 9).all()
    for share in ("found", "reach", "yield"):
        assert table[share].dropna().between(0, 1).all()
    assert (table["failed"] <= table["fits"]).all()
    assert (table["found"] <= table["reach"].fillna(1) + 1e-3).all()
    assert {label.partition("[")[0] for label in table.index} <= set(methods.names())


def made_up(**columns):
    table = pd.DataFrame({"library": "a", "failed": 0, "fit_seconds": 1.0} | columns)
    return table.set_axis([f"m{i}" for i in range(len(table))])


def test_the_first_choice_is_the_fastest_that_fails_least_of_those_within_a_tenth_of_a_digit():
    speeds = {"fit_seconds": [3.0, 1.0, 0.1]}
    assert choosing.first_choice(made_up(digits=[5.0, 4.95, 4.8], **speeds)).name == "m1"
    tied = {"digits": [5.0, 4.95, 4.95], "failed": [0, 1, 0]}
    assert choosing.first_choice(made_up(**tied, **speeds)).name == "m2"


def test_a_call_is_the_fit_that_was_stored():
    """Of every first choice: the printed options give the method that the run fitted."""
    for name in NAMES:
        first = choosing.first_choice(choosing.table_of(name))
        registered = methods.get(first.name.partition("[")[0])
        given = json.loads(first["options"])
        assert given.keys() <= registered.to_options().keys()
        compile(choosing.call(first.name, first["options"]), name, "exec")


def test_reading_a_run_gives_the_means_of_its_measure():
    run = Results.read(choosing.ROOT / "reports" / "baseline")
    condition = {"name": "all", "datasets": ["*"], "noise": [0.0, np.inf]}
    table = choosing.collect(condition, run)
    judged = measure.competing(run.judged)
    stood = measure.standings(judged[judged["principal"]])
    pd.testing.assert_series_equal(
        table["digits"].sort_index(), stood["digits"].sort_index(), check_names=False
    )
    assert table["digits"].is_monotonic_decreasing
