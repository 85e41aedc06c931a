import pytest

from koopmark.report.sentences import findings
from koopmark.report.summary import summarise
from koopmark.report.tables import read


@pytest.fixture
def tables(finished_run):
    return read(finished_run)


def say(fits, targets):
    return findings(fits, summarise(fits, targets))


def test_the_extent_of_the_run_is_counted(tables):
    first = say(tables.fits, tables.targets)[0]
    assert first == (
        "4 methods and 2 controls were fitted to 2 datasets with 2 seeds: 24 fits, "
        "of which 20 ended ok."
    )


def test_the_method_that_recovers_everything_without_noise_is_named(tables):
    (sentence,) = [s for s in say(tables.fits, tables.targets) if "noise-free" in s]
    assert sentence.startswith(
        "On the 1 noise-free dataset, quadratic[degree=2] recovers every target"
    )


def test_a_method_that_skipped_a_dataset_does_not_recover_everything(tables):
    """The second dataset, taken as noise-free too, is one that the best method did not run on."""
    fits = tables.fits.assign(noise=0.0)
    left_out = fits["dataset"].str.contains("noise") & (fits["method"] == "quadratic[degree=2]")
    (sentence,) = [s for s in say(fits[~left_out], tables.targets) if "noise-free" in s]
    assert sentence == (
        "On the 2 noise-free datasets, no method recovers every target to 0.001; "
        "quadratic[degree=2] comes closest with 2 of 4."
    )


def test_failures_are_counted_by_kind(tables):
    fits = tables.fits.copy()
    fits.loc[fits["method"] == "broken", "status"] = ["timeout", "failed", "failed", "failed"]
    assert any(
        "4 fits did not end ok (3 failed and 1 timeout)" in s for s in say(fits, tables.targets)
    )


def test_controls_that_score_as_they_should_say_so(tables):
    assert say(tables.fits, tables.targets)[-1].endswith("as they should.")


def test_an_exact_control_that_scores_badly_is_called_out(tables):
    targets = tables.targets.copy()
    targets.loc[targets["method"] == "control.exact", "eigenfunction_error"] = 1e-3
    assert "distrust this run" in say(tables.fits, targets)[-1]
