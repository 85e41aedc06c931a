"""What is said of planted runs whose data all are driven, seen in part, or of maps."""

import numpy as np
import pandas as pd
from planted import Planted, planted, run_of

from koopmark.analysis.leaderboard import PRINCIPAL
from koopmark.analysis.sentences import anchored, use_of_inputs

INPUTS = "Which methods cope with inputs?"
SENSORS = "How many sensors are needed?"
MAPS = "Which methods find multipliers at zero and below?"


def answers(fits, targets):
    return {one.question: one.sentence for one in run_of(fits, targets).card}


def by_index(reached, free):
    """An error at the first target, which inputs reach, and at the second, which none does."""
    return lambda dataset, seed, index: reached if index == 0 else free


def driven(recorded=True):
    """Inputs reach the first target: `with` and `better` use them, `without` does not."""
    fits, targets = planted(
        {
            "with": Planted(by_index(1e-2, 1e-8), library="x"),
            "better": Planted(by_index(1e-8, 1e-8), library="y"),
            "without": Planted(by_index(0.2, 1e-8), library="x"),
        },
        degrees=(1, 1),
    )
    using = fits["method"] != "without"
    gains = {"with": 0.1, "better": 1e-9, "without": 1.0}
    reached = targets["target_index"] == 0
    return (
        fits.assign(inputs=2, uses_inputs=(using & recorded).astype(int)),
        targets.assign(gain_error=targets["method"].map(gains).where(reached)),
    )


def test_methods_with_and_without_the_inputs_are_told_apart():
    said = answers(*driven())[INPUTS]
    assert (
        "The best methods that use the inputs find all of the eigenfunctions that inputs act "
        "on (better, median error of the gains 1e-09"
    ) in said
    assert (
        "Methods that do not use the inputs, or are not given them, find none of these."
    ) in said
    assert (
        "Of the eigenfunctions that no input acts on, the best methods find 100 % (better, with "
        "and without)."
    ) in said


def test_nobody_uses_inputs_that_were_not_recorded():
    said = answers(*driven(recorded=False))[INPUTS]
    assert "that use the inputs find" not in said
    assert (
        "The best methods that do not use the inputs, or are not given them, find all of the "
        "eigenfunctions that inputs act on (better)"
    ) in said


def test_nothing_is_said_of_conditions_that_only_some_data_are_under():
    fits, targets = driven()
    half = np.where(fits["dataset"] == "a", 0, 2)
    assert INPUTS not in answers(fits.assign(inputs=half), targets)


def test_of_data_some_of_which_have_inputs_the_page_says_what_those_do():
    fits, targets = driven()
    half = fits.assign(inputs=np.where(fits["dataset"] == "a", 0, 2))
    asked = run_of(half, targets).asked[PRINCIPAL]
    assert (
        "The best methods that use the inputs find all of the eigenfunctions that inputs act "
        "on (better"
    ) in use_of_inputs(half, asked)
    assert use_of_inputs(half.assign(inputs=0), asked) == ""


def seen(rank_error):
    """Dataset a has sensors enough, b too few: of it no function is seen, and no rank is read."""

    def error(dataset, seed, index):
        return 1e-8 if dataset == "a" else 0.3

    fits, targets = planted({"one": Planted(error, library="x"), "bad": Planted(0.5, library="y")})
    enough = fits["dataset"] == "a"
    ranks = pd.Series(np.where(fits["method"] == "one", rank_error, 2.0), fits.index)
    columns = {"n": 10, "channels": np.where(enough, 6, 2), "rank_error": ranks.where(enough)}
    return fits.assign(**columns), targets


def test_sensors_that_are_enough_and_too_few_are_told_apart():
    said = answers(*seen(0.0))[SENSORS]
    assert said.startswith(
        "With 6 sensors, p - rank(CL) eigenfunctions depend only on what the sensors show. The "
        "best methods find 100 %"
    )
    assert "is right in 100 % of their fits" in said
    assert "With 2 sensors, no eigenfunction is an affine function of what the sensors show" in said
    assert (
        "The best methods find 0 % of these targets without noise; the smallest error of all "
        "methods is 0.3."
    ) in said


def test_a_wrong_rank_is_said_to_be_wrong():
    assert "is right in 0 % of their fits" in answers(*seen(1.0))[SENSORS]


def stepped():
    """a is above zero, b at it, c below: `logs` finds what has a logarithm."""

    def logarithm(dataset, seed, index):
        return 1e-8 if dataset == "a" else 0.5

    fits, targets = planted(
        {"all": Planted(1e-8, library="x"), "logs": Planted(logarithm, library="y")},
        datasets=("a", "b", "c"),
    )
    alpha = fits["dataset"].map({"a": 0.3, "b": 1.0, "c": 1.3})
    return fits.assign(discrete=1, alpha=alpha), targets


def test_methods_are_counted_by_the_sign_of_multipliers():
    said = answers(*stepped())[MAPS]
    assert (
        "every eigenfunction with its multiplier without noise: 2 of 2 for multipliers above zero"
    ) in said
    assert "1 of 2 for zero and 1 of 2 for multipliers below zero." in said
    assert "all finds the most: 100 % over all step sizes α from 0.3 to 1.3 (3 problems)." in said


def test_a_method_whose_fits_failed_has_not_found_what_they_were_asked_for():
    fits, targets = stepped()
    lost = (fits["method"] == "all") & (fits["alpha"] > 1.0)
    both = targets["method"].eq("all") & targets["dataset"].eq("c")
    fits = fits.assign(status=fits["status"].mask(lost, "failed"))
    said = answers(fits, targets.assign(status=targets["status"].mask(both, "failed")))[MAPS]
    assert "1 of 2 for zero and 0 of 2 for multipliers below zero." in said


def test_an_anchor_that_does_not_apply_casts_no_doubt_on_a_run():
    fits, targets = planted(
        {
            "exact": Planted(1e-12, role="anchor", status={("b", k): "skipped" for k in range(3)}),
            "random": Planted(0.9, role="anchor"),
            "one": Planted(0.1),
        }
    )
    said = anchored(run_of(fits, targets).summary)
    assert said.endswith("as expected.")
