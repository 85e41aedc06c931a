"""What is said of a run as a whole and of its sweeps, on planted runs."""

import numpy as np
import pytest
from planted import Planted, planted

from koopmark.analysis.measure import judge
from koopmark.analysis.sentences import AUTHORS, along, anchored, extent, misses
from koopmark.analysis.summary import summarise
from koopmark.analysis.sweeps import sweep_summary, sweeps

LEVELS = {"a": 0.0, "b": 0.001, "c": 0.1}


def theirs(error, library="pydmd", **more):
    return Planted(error, library=library, **more)


def at_levels(*errors):
    return lambda dataset, seed, index: dict(zip(LEVELS, errors, strict=True))[dataset]


def on_sweep(methods, **how):
    fits, targets = planted(methods, datasets=LEVELS, noise=LEVELS, **how)
    fits = fits.assign(family="Loud", axis="noise", level=fits["dataset"].map(LEVELS))
    fits["level_text"] = fits["level"].map("{:g}".format)
    (sweep,) = sweeps(fits)
    return along(sweep, sweep_summary(sweep, fits, targets, judge(fits, targets)))


def test_the_best_at_the_levels_and_where_recovery_ends_are_said():
    methods = {
        "ours": Planted(at_levels(1e-12, 1e-4, 0.4)),
        "theirs": theirs(at_levels(1e-12, 1e-2, 0.1)),
    }
    floors = {"b": 1e-5, "c": 1e-2}
    assert on_sweep(methods, statistical_floor=floors) == (
        "Loud: koopmark's own best method is ahead of the best library method at 1 of 3 levels "
        "of noise, by 2.0 digits. It is behind at 1, by 0.6 digits. At noise 0, theirs and 1 "
        f"other (1 {AUTHORS}) are best with 9.0 digits. At noise 0.001, ours ({AUTHORS}) is best "
        "with 4.0 of the 5.0 digits that the noise allows. At noise 0.1, theirs is best with "
        f"1.0 of the 2.0 digits that the noise allows. ours ({AUTHORS}) finds every target up to "
        "noise 0.001, but not at 0.1; no other method does so at more levels."
    )


@pytest.mark.parametrize(
    ("ours", "theirs_at", "said"),
    [
        (
            [1e-7, 1e-5, 1e-2],
            [1e-6, 1e-3, 1e-1],
            "koopmark's own best method beats the best library method at all 3 levels of noise, by "
            "up to 2.0 digits (at 0.001). ",
        ),
        (
            [1e-6, 1e-3, 1e-1],
            [1e-7, 1e-3, 1e-2],
            "the best library method beats koopmark's own best method at 2 of 3 levels of noise, "
            "by up to 1.0 digits, and equals it at the other. ",
        ),
        (
            [1e-6, 1e-3, 1e-1],
            [1e-6, 1.1e-3, 1e-1],
            "koopmark's own best method and the best library method have the same digits at all 3 "
            "levels of noise. ",
        ),
        (
            [1e-6, 1e-3, 1e-1],
            [1e-6, 1e-3, 1e-2],
            "the best library method beats koopmark's own best method at 1 of 3 levels of noise, "
            "by 1.0 digits, and equals it at the others. ",
        ),
    ],
)
def test_our_best_method_is_compared_with_the_best_of_the_libraries(ours, theirs_at, said):
    methods = {
        "a": Planted(at_levels(*ours)),
        "b": theirs(at_levels(*theirs_at)),
        "worse": theirs(0.9, library="deeptime"),
        "told": Planted(1e-12, role="informed"),
    }
    assert on_sweep(methods).startswith(f"Loud: {said}")


def test_without_methods_of_a_library_nothing_is_compared():
    said = on_sweep({"a": Planted(at_levels(1e-6, 1e-3, 1e-1))})
    assert said.startswith("Loud: At noise 0, a (")


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([1e-4, 1e-4, 1e-4], "m finds every target at every level of noise."),
        (
            [1.0, 1e-4, 1e-4],
            ("m finds every target from noise 0.001 on, but not at 0; no other method"),
        ),
        ([1.0, 1e-4, 1.0], "m finds every target only at noise 0.001; no other method does"),
        ([1e-4, 1.0, 1e-4], "m finds every target only at noise 0 and 0.1; no other method does"),
        ([1.0, 1.0, 1.0], "At no level does a method find every target."),
    ],
)
def test_where_recovery_holds_is_said_in_words(errors, said):
    assert f". {said}" in on_sweep({"m": theirs(at_levels(*errors)), "blind": theirs(1.0)})


def test_levels_without_a_correct_digit_are_said():
    said = on_sweep({"m": theirs(at_levels(1e-4, 1e-4, 1.0)), "blind": theirs(1.0)})
    assert "At noise 0.1, no method has a correct digit." in said


def test_methods_that_hold_out_as_long_are_named_together():
    methods = {name: theirs(at_levels(1e-5, 1e-5, 0.5)) for name in ("one", "two")}
    assert ". one and two find every target up to noise 0.001, but not at 0.1;" in on_sweep(methods)


def test_anchors_and_informed_methods_are_not_named_along_a_sweep():
    others = {
        "told": Planted(1e-12, role="informed"),
        "anchor": Planted(0.0, role="anchor"),
        "m": theirs(at_levels(1e-5, 1e-5, 0.5)),
    }
    assert "told" not in on_sweep(others)
    assert on_sweep({"anchor": Planted(0.0, role="anchor")}) == ""


def test_the_extent_of_the_run_is_counted():
    fits, _ = planted(
        {
            "one": theirs(1e-5, status={("a", 0): "failed"}),
            "told": Planted(1e-5, role="informed"),
            "anchor": Planted(0.0, role="anchor"),
        }
    )
    said = "1 method, 1 informed method and 1 anchor on 2 datasets with 3 seeds: "
    assert extent(fits, 18) == f"{said}18 fits, 17 of them with a result."
    assert extent(fits, 2487) == f"{said}18 of 2,487 fits are done, 17 of them with a result."
    assert extent(fits.head(0), 18) == "None of the 18 planned fits is done yet."
    assert extent(fits[fits["status"] == "ok"], 17).endswith(": 17 fits, all with a result.")


def of_anchors(exact, random):
    fits, targets = planted(
        {"exact": Planted(exact, role="anchor"), "random": Planted(random, role="anchor")}
    )
    return anchored(summarise(fits, judge(fits, targets)))


def test_anchors_that_score_as_they_should_say_so():
    assert of_anchors(1e-14, 0.9) == (
        "anchor.exact has 9 digits and anchor.random 0 on every dataset, as expected."
    )


@pytest.mark.parametrize(("exact", "random"), [(1e-6, 0.9), (1e-14, 1e-3), (np.nan, 0.9)])
def test_anchors_that_do_not_are_called_out(exact, random):
    assert of_anchors(exact, random).endswith("so the scores of this run cannot be trusted.")


def test_a_run_without_anchors_says_nothing_of_them():
    fits, targets = planted({"one": theirs(1e-5), "two": theirs(0.1)})
    assert anchored(summarise(fits, judge(fits, targets))) == ""


def test_misses_are_counted_by_reason():
    methods = {
        "fine": theirs(1e-5),
        "poor": theirs(0.7, floor=0.6),
        "broken": theirs(0.0, status={("a", 0): "failed"}),
        "anchor": Planted(0.9, role="anchor"),
    }
    assert misses(judge(*planted(methods))) == (
        "7 of 18 targets were missed, counted once per method and seed. Most frequent reasons: "
        "not expressible (6) and failed (1)."
    )
    assert misses(judge(*planted({"fine": theirs(1e-5)}))) == ""
    one = judge(*planted({"lost": theirs(0.5)}, ("a",), seeds=1))
    assert misses(one).startswith("1 of 1 target was missed")
