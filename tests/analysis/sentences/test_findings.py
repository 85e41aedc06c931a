import pytest

from koopmark.analysis.sentences._overview import extent, findings
from koopmark.analysis.summary import summarise
from koopmark.analysis.tables import read


@pytest.fixture
def tables(finished_run):
    return read(finished_run)


def say(fits, targets):
    return findings(fits, summarise(fits, targets))


def test_the_extent_of_the_run_is_counted(tables):
    said = "4 methods and 2 anchors were fitted to 2 datasets with 2 seeds: "
    assert extent(tables.fits, 24) == f"{said}24 fits, of which 20 ended ok."
    assert extent(tables.fits, 2487) == (f"{said}24 of 2,487 fits are done, of which 20 ended ok.")


def test_methods_that_are_given_the_system_are_counted_apart_and_named(tables):
    fits = tables.fits.assign(
        role=tables.fits["role"].mask(tables.fits["method"] == "linear", "informed")
    )
    assert say(fits, tables.targets)[0] == (
        "linear is given the system itself, and not compared with the others above."
    )
    assert extent(fits, 24).startswith("3 methods, 1 informed method and 2 anchors were fitted")


def test_failures_are_counted_by_kind(tables):
    fits = tables.fits.copy()
    fits.loc[fits["method"] == "broken", "status"] = ["timeout", "failed", "failed", "failed"]
    assert any(
        "4 fits did not end ok (3 failed and 1 timeout)" in s for s in say(fits, tables.targets)
    )


def test_anchors_that_score_as_they_should_say_so(tables):
    assert say(tables.fits, tables.targets)[-1].endswith("as they should.")


def test_an_exact_anchor_that_scores_badly_is_called_out(tables):
    targets = tables.targets.copy()
    targets.loc[targets["method"] == "anchor.exact", "eigenfunction_error"] = 1e-3
    assert "distrust this run" in say(tables.fits, targets)[-1]
