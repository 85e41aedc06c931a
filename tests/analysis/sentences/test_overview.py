import pandas as pd
import pytest

from koopmark.analysis.sentences._overview import overview
from koopmark.analysis.summary import summarise
from koopmark.analysis.tables import read


def made(folder, change=lambda fits, targets: (fits, targets)):
    tables = read(folder)
    fits, targets = change(tables.fits, tables.targets)
    return overview(fits, summarise(fits, targets))


def test_a_run_is_three_sentences(finished_run):
    compared, _, lost = made(finished_run)
    assert compared == (
        "4 methods and 2 anchors were fitted to 2 datasets with 2 seeds: 24 fits, of which "
        "20 ended ok."
    )
    assert lost.startswith("4 fits of 24 did not end ok (4 failed), most often because: ")


def test_the_method_named_recovers_most_and_its_number_is_in_the_summary(finished_run):
    tables = read(finished_run)
    summary = summarise(tables.fits, tables.targets)
    _, best, _ = overview(tables.fits, summary)
    mine = summary[summary["role"] == "method"]
    shares = mine.assign(share=mine["targets_recovered"] / mine["targets"])
    recovered = shares.groupby("method")["share"].mean()
    name = best.partition(" recovers most")[0]
    assert recovered[name] == recovered.max()
    assert f": {100 * recovered.max():.3g} % of the targets with both errors at most" in best


def test_many_levels_of_one_problem_weigh_as_much_as_one_of_another(finished_run):
    fits = read(finished_run).fits
    levels = [*(f"swept/noise={k}" for k in range(4)), "other"]
    summary = pd.DataFrame(
        [
            {"dataset": name, "method": method, "role": "method", "targets": 2.0}
            | {"targets_recovered": 2.0 * share, "digits": 6.0 * share}
            for method, shares in {"a": [0.75] * 4 + [0.5], "b": [0.5] * 4 + [1.0]}.items()
            for name, share in zip(levels, shares, strict=True)
        ]
    )
    assert overview(fits, summary)[1] == (
        "b recovers most: 75 % of the targets with both errors at most 0.001, and 4.5 correct "
        "digits of a target, in the mean over 2 problems; a problem is a recipe, with all its "
        "levels."
    )


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (
            {"a": [1, 0], "b": [0, 0], "c": [0, 0]},
            "b and c are the hardest, where no method recovers",
        ),
        ({"a": [1, 0], "b": [0, 0], "c": [1, 1]}, "b is the hardest, where no method recovers"),
        ({"a": [1, 0], "b": [1, 1], "c": [0, 1]}, "a and c are the hardest, where 50 % of the"),
        ({"a": [1, 0], "b": [0, 1], "c": [1, 0]}, "no dataset is harder than the others"),
    ],
)
def test_all_datasets_that_are_as_hard_are_named(finished_run, whole, said):
    fits = read(finished_run).fits
    summary = pd.DataFrame(
        [
            {"dataset": name, "method": f"m{k}", "role": "method", "targets": 2.0}
            | {"targets_recovered": 2.0 * one, "digits": 2.0 * one}
            for name, recovered in whole.items()
            for k, one in enumerate(recovered)
        ]
    )
    assert said in overview(fits, summary)[2]


def test_methods_that_recover_as_much_as_accurately_are_all_named(finished_run):
    def doubled(fits, targets):
        return (
            pd.concat(
                [table, table[table["method"].str.startswith("quadratic")].assign(method="a")]
            )
            for table in (fits, targets)
        )

    best = made(finished_run, doubled)[1]
    assert best.startswith("a and quadratic[degree=2] recover most: ")


def test_that_no_fit_failed_is_said(finished_run):
    def fine(fits, targets):
        return (table[table["method"] != "broken"] for table in (fits, targets))

    assert made(finished_run, fine)[2].startswith("No fit failed")


def test_where_nothing_is_recovered_nobody_is_best(finished_run):
    def lost(fits, targets):
        return fits, targets.assign(eigenvalue_error_relative=1.0)

    _, best, nothing = made(finished_run, lost)
    assert best.startswith("No method recovers a target")
    assert "4 methods recover no target" in nothing


def test_anchors_alone_are_no_competition(finished_run):
    def anchors(fits, targets):
        return (table[table["role"] == "anchor"] for table in (fits, targets))

    assert made(finished_run, anchors)[1:] == (
        "No method competes in this run: there are anchors alone.",
        "No fit failed.",
    )


def test_a_long_reason_is_shortened(finished_run):
    def wordy(fits, targets):
        return fits.assign(reason=fits["reason"].where(fits["reason"] == "", "x" * 5000)), targets

    assert len(made(finished_run, wordy)[2]) < 500


def test_datasets_on_which_the_best_was_not_run_are_told(finished_run):
    tables = read(finished_run)
    summary = summarise(tables.fits, tables.targets)
    name = overview(tables.fits, summary)[1].partition(" recovers most")[0]
    mine = summary[summary["method"] == name].sort_values("targets_recovered")
    fewer = summary.drop(mine.index[:1])
    best = overview(tables.fits, fewer)[1]
    assert best.startswith(f"{name} recovers most")
    assert "(it was not run on 1 dataset), and" in best
