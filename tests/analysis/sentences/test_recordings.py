"""What a run of recordings alone says of itself."""

from planted import Planted, planted

from koopmark.analysis.sentences import answer_card
from koopmark.analysis.sentences._recordings import forecasts, of_recordings_alone, supported


def recordings(**verified):
    """A run whose fits have no targets; each method recovers ten pairs."""
    fits, _ = planted({name: Planted(0.1, library="x") for name in verified})
    counts = fits["method"].map(verified)
    errors = (10.0 - counts) / 100.0
    return fits.assign(targets=0, recovered=10, verified=counts, forecast_error=errors)


def test_the_methods_with_the_most_supported_pairs_and_the_best_forecasts_are_named():
    fits, libraries = recordings(good=6, better=9, poor=0), {"good": "x", "better": "x"}
    assert of_recordings_alone(fits)
    assert supported(fits, libraries).startswith(
        "better has the largest share of supported eigenpairs: 54 of 60 (2 recordings)."
    )
    assert forecasts(fits, libraries).startswith("better, with a median relative error of 0.01 ")


def test_methods_that_are_alike_are_named_together():
    fits, libraries = recordings(one=5, other=5), {"one": "x", "other": "x"}
    assert supported(fits, libraries).startswith(
        "one and other have the largest share of supported eigenpairs: 30 of 60 each"
    )


def test_nothing_is_supported_and_nothing_forecast():
    fits = recordings(poor=0)
    assert "support no eigenpair of any method (2 recordings)" in supported(fits, {"poor": "x"})
    fits["forecast_error"] = float("nan")
    assert forecasts(fits, {"poor": "x"}) == "None of the methods forecasts states."


def test_the_card_of_recordings_asks_what_can_be_answered_without_a_key():
    questions = [answer.question for answer in answer_card(recordings(one=5), {}, {})]
    assert questions == [
        "Which methods' eigenpairs do held-out data support?",
        "Which method forecasts best?",
        "What failed, and why?",
    ]
    fits, _ = planted({"one": Planted(0.1)})
    assert not of_recordings_alone(fits)
