"""Sentences on hand-made tables: each number in them is one of the table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from koopmark import fit, simulate, systems
from koopmark.analysis.sentences._answers import MOST, answers
from koopmark.analysis.sweeps import Sweep
from koopmark.datasets import AnswerKey
from koopmark.scoring import evaluate

ROLES = {"anchor.exact": "anchor", "told": "informed"}
LIBRARIES = {"ours": "koopmark", "other": "koopmark", "theirs": "pydmd"}
TEXTS = ("0", "0.001", "0.1")
SWEEP = Sweep("Loud", "noise", ("d0", "d1", "d2"), (0.0, 0.001, 0.1), TEXTS)


def table(errors, datasets=SWEEP.datasets, **columns):
    """A summary with these errors."""
    rows = [
        {
            "dataset": dataset,
            "method": method,
            "role": ROLES.get(method, "method"),
            "failed": 0,
            "eigenfunction_error": error,
            "error": error,
            "error_over_rounding": error / 1e-9,
            "oracle_floor": float("nan"),
            "oracle_floor_in_sample": float("nan"),
            "targets": 2,
            "targets_recovered": 2.0 if error <= 1e-3 else 0.0,
        }
        for method, values in errors.items()
        for dataset, error in zip(datasets, values, strict=True)
    ]
    return pd.DataFrame(rows).assign(**columns)


def on_sweep(errors, **columns):
    summary = table(errors, **columns)
    return answers(summary, [(SWEEP, summary)], LIBRARIES)


GOOD = {
    "anchor.exact": [0.0, 0.0, 0.0],
    "ours": [2e-13, 1e-4, 0.2],
    "other": [1e-12, 2e-2, 0.3],
    "theirs": [3e-12, 1e-2, 0.1],
}


def test_the_smallest_errors_at_the_first_middle_and_last_level_are_named():
    assert on_sweep(GOOD)[0] == (
        "Loud: the smallest error at the worst target is "
        "2.0e-13 (ours; 2 others exact to rounding too) at noise 0, "
        "1.0e-04 (ours) at noise 0.001, 0.10 (theirs) at noise 0.1."
    )


def test_the_level_at_which_recovery_ends_is_named():
    assert on_sweep(GOOD)[1] == (
        "Loud: ours recovers every target, with both errors at most 0.001, up to noise 0.001 and "
        "no longer at 0.1, and no method at more levels."
    )


def test_the_smallest_errors_of_ours_and_of_the_libraries_stand_beside_each_other():
    assert on_sweep(GOOD)[2] == (
        "Loud: the smallest errors of a koopmark method and of a library method are "
        "2.0e-13 (ours) and 3.0e-12 (theirs) at noise 0, "
        "1.0e-04 (ours) and 1.0e-02 (theirs) at noise 0.001, "
        "0.20 (ours) and 0.10 (theirs) at noise 0.1."
    )


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([1e-4, 1e-4, 1e-4], "at every level of noise."),
        ([1.0, 1e-4, 1e-4], "from noise 0.001 on and not yet at 0, and no method"),
        ([1.0, 1e-4, 1.0], "at noise 0.001 only, and no method"),
        ([1e-4, 1.0, 1e-4], "at noise 0 and 0.1 only, and no method"),
    ],
)
def test_where_recovery_holds_is_said_in_words(errors, said):
    assert said in on_sweep({"ours": errors})[1]


def test_that_no_method_recovers_is_said():
    assert on_sweep({"ours": [1.0, 1.0, 1.0]})[1] == (
        "Loud: no method recovers every target, with both errors at most 0.001, at any level."
    )


def test_methods_that_hold_out_as_long_are_counted():
    sentence = on_sweep({"ours": [1e-5, 1e-5, 1.0], "theirs": [1e-4, 1e-4, 1.0]})[1]
    assert sentence == (
        "Loud: ours recovers every target, with both errors at most 0.001, up to noise 0.001 and "
        "no longer at 0.1; so does 1 other, and no method at more levels."
    )


def test_a_method_that_failed_at_a_seed_has_not_the_smallest_error():
    summary = table(GOOD)
    ours = summary["method"] == "ours"
    summary.loc[ours, "failed"] = 1
    summary.loc[ours, "targets_recovered"] /= 2
    first, second, _ = answers(summary, [(SWEEP, summary)], LIBRARIES)
    assert "(ours)" not in first
    assert second.startswith("Loud: theirs recovers")
    assert "; so does 1 other" in second


def test_a_method_that_is_given_the_system_is_not_named():
    errors = {**GOOD, "told": [0.0, 0.0, 0.0]}
    assert on_sweep(errors) == on_sweep(GOOD)


def test_of_equals_the_same_are_named_whatever_the_order_of_the_rows():
    summary = table({name: [1e-4] * 3 for name in ("theirs", "ours", "other")})
    said = [answers(rows, [(SWEEP, rows)], LIBRARIES) for rows in (summary, summary[::-1])]
    assert said[0] == said[1]
    assert "1.0e-04 (other; 2 others within a factor of 1.1)" in said[0][0]


def test_a_level_at_which_every_method_failed_is_said():
    sentence = on_sweep(GOOD, failed=1)[0]
    assert "missing (no method has one at every seed) at noise 0" in sentence


def test_without_library_methods_nothing_is_compared():
    assert len(on_sweep({"ours": [0.1, 0.1, 0.1]})) == 2


@pytest.mark.parametrize(("count", "expected"), [(1, 3), (2, 6), (3, 6), (5, 6), (9, 6)])
def test_there_are_never_more_sentences_than_are_read(count, expected):
    summary = table(GOOD)
    assert len(answers(summary, [(SWEEP, summary)] * count, LIBRARIES)) == expected <= MOST


def test_of_many_sweeps_each_has_its_first_sentence_and_the_other_datasets_theirs():
    elsewhere = table({"ours": [0.0], "other": [0.0], "theirs": [1.0]}, ("elsewhere",))
    summary = pd.concat([table(GOOD), elsewhere])
    names = [f"Sweep {i}" for i in range(3)]
    swept = [(replace(SWEEP, name=name), table(GOOD)) for name in names]
    said = answers(summary, swept, LIBRARIES)
    assert [sentence.partition(":")[0] for sentence in said[:-1]] == [
        "Sweep 0",
        "Sweep 0",
        "Sweep 1",
        "Sweep 1",
        "Sweep 2",
    ]
    assert said[-1].startswith("Of 3 methods on elsewhere")


def test_methods_that_recover_everything_and_nothing_are_counted_outside_of_sweeps():
    summary = table({"ours": [0.0, 0.0], "other": [0.0, 1.0], "theirs": [1.0, 1.0]}, ("a", "b"))
    assert answers(summary, [], LIBRARIES) == [
        "Of 3 methods on 2 datasets, 1 recovers every target (ours); 1 recovers none (theirs)."
    ]


def test_a_method_that_skipped_a_dataset_does_not_recover_everything():
    summary = table({"ours": [0.0, 0.0], "theirs": [1.0, 0.0]}, ("a", "b"))
    summary = summary[(summary["method"] != "ours") | (summary["dataset"] == "a")]
    assert answers(summary, [], LIBRARIES) == [
        "Of 2 methods on 2 datasets, none recovers every target; ours and theirs come closest "
        "with 2 of 4; every method recovers some."
    ]


def with_floors(errors, floors, bounds):
    return table(errors, ("a",), oracle_floor=floors, oracle_floor_in_sample=bounds)


def test_errors_stand_beside_the_floors_of_their_dictionaries():
    errors = {"ours": [0.25], "other": [0.5], "theirs": [0.4], "fourth": [9e-4]}
    summary = with_floors(errors, [0.25, 0.5, 1e-5, 1e-4], [0.125, 2e-4, 1e-5, 2e-5])
    assert answers(summary, [], LIBRARIES)[1] == (
        "a: 2 of 4 methods have a dictionary that holds every target to 0.001 (of 1 it is not "
        "known), and 1 of these finds every target; the smallest eigenfunction error is "
        "9.0e-04 by fourth (oracle floor between 2.0e-05 and 1.0e-04)."
    )


def test_where_no_dictionary_holds_the_targets_the_lowest_floor_is_named():
    errors = {"ours": [0.25], "other": [0.5], "theirs": [0.4]}
    summary = with_floors(errors, [0.125, 0.5, 0.02], [0.125, 0.25, 0.01])
    assert answers(summary, [], LIBRARIES)[1] == (
        "a: of the dictionaries of 3 methods, none holds every target to 0.001; the smallest "
        "eigenfunction error is 0.25 by ours (oracle floor 0.12); theirs, whose floor is lowest, "
        "has an error of 0.40 (oracle floor between 1.0e-02 and 2.0e-02)."
    )


def test_a_dictionary_whose_floor_is_unknown_is_neither_able_nor_unable():
    errors = {"ours": [0.25], "other": [0.5], "theirs": [0.4]}
    summary = with_floors(errors, [float("nan"), 0.5, 0.02], [1e-5, 0.25, 1e-4])
    said = answers(summary, [], LIBRARIES)[1]
    assert "none is known to hold every target to 0.001 (of 2 it is not known);" in said
    assert "is 0.25 by ours (oracle floor at least 1.0e-05); theirs, whose floor is lowest" in said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([1e-4], "1 of 3 methods has a dictionary that holds every target to 0.001, and it finds"),
        ([1e-2], "holds every target to 0.001, and it does not find them all;"),
        (
            [1e-4, 1e-5],
            "2 of 3 methods have a dictionary that holds every target to 0.001, and all",
        ),
        ([0.1, 0.2], "and none of these finds every target;"),
    ],
)
def test_how_many_of_those_that_could_find_the_targets_do_is_said(found, said):
    errors = {f"able{k}": [error] for k, error in enumerate(found)}
    errors |= {f"unable{k}": [0.5] for k in range(3 - len(found))}
    floors = [1e-6] * len(found) + [0.5] * (3 - len(found))
    assert said in answers(with_floors(errors, floors, floors), [], LIBRARIES)[1]


def test_errors_that_are_rounding_by_the_measure_of_their_target_are_alike():
    errors = {"ours": [3e-9] * 3, "other": [2e-9] * 3, "theirs": [1e-10] * 3}
    summary = table(errors)
    # A target of many dimensions, where errors up to 1e-8 are rounding.
    large = summary.assign(error_over_rounding=summary["error"] / 1e-8)
    (said, *_) = answers(large, [(SWEEP, large)], LIBRARIES)
    assert "1.0e-10 (theirs; 2 others exact to rounding too) at noise 0" in said
    assert "1.0e-10 (theirs) at noise 0" in answers(summary, [(SWEEP, summary)], LIBRARIES)[0]


def test_floors_say_nothing_where_no_dictionary_comes_near():
    errors = {"ours": [0.9], "other": [0.9], "theirs": [1.0]}
    assert len(answers(with_floors(errors, 0.8, 0.7), [], LIBRARIES)) == 1
    assert len(answers(with_floors(errors, float("nan"), 1e-5), [], LIBRARIES)) == 1


def test_floors_say_nothing_where_every_dictionary_holds_the_targets():
    errors = {"ours": [0.25], "other": [0.5], "theirs": [0.4]}
    assert len(answers(with_floors(errors, 1e-15, 1e-15), [], LIBRARIES)) == 1


def test_what_a_sentence_says_of_dictionaries_is_so_for_fits_on_many_trajectories():
    """Polynomials of degree 3 hold u·(x + x³), the state cannot, of cosines it is open."""
    system = systems.example("relaxation_cubic")
    rng = np.random.default_rng(0)
    times = np.linspace(0.0, 4.0, 41)
    test, many = (
        simulate(system, rng.uniform(-1.5, 1.5, (count, system.size)), times) for count in (60, 400)
    )
    kinds = {
        "held": {"kind": "monomials", "degree": 3},
        "affine": {"kind": "identity"},
        "cosines": {"kind": "random_fourier", "count": 300},
    }
    rows, best = {}, {}
    spaces = system.eigenspaces(1)
    flat, at_test = (data.states.reshape(-1, system.size) for data in (many, test))
    exact, wanted = (spaces[0].evaluate(states) for states in (flat, at_test))
    for name, kind in kinds.items():
        model = fit("koopmark.qr_edmd", test, dictionary=kind)
        (row,) = evaluate(model, AnswerKey.of(system), test, portrayed=False).targets
        rows[name] = row
        ours, theirs = (model.dictionary(states[:, None]) for states in (flat, at_test))
        missed = wanted - theirs @ np.linalg.lstsq(ours, exact, rcond=1e-12)[0]
        best[name] = np.linalg.norm(missed) / np.linalg.norm(wanted)
    summary = with_floors(
        {name: [row.eigenfunction_error] for name, row in rows.items()},
        [row.oracle_floor for row in rows.values()],
        [row.oracle_floor_in_sample for row in rows.values()],
    )
    said = answers(summary, [], LIBRARIES)[1]
    assert "1 of 3 methods has a dictionary that holds every target to 0.001 (of 1 it is" in said
    assert best["held"] < 1e-3 < best["affine"]


def test_the_sentences_of_a_run_hold_numbers_of_its_tables(finished_run):
    from koopmark.analysis.numbers import scientific
    from koopmark.analysis.summary import summarise
    from koopmark.analysis.sweeps import sweep_summary, sweeps
    from koopmark.analysis.tables import read

    tables = read(finished_run)
    (sweep,) = sweeps(tables.fits)
    rows = sweep_summary(sweep, tables.fits, tables.targets)
    libraries = dict(zip(tables.fits["method"], tables.fits["library"], strict=True))
    said = answers(summarise(tables.fits, tables.targets), [(sweep, rows)], libraries)
    best = rows[rows["method"] == "quadratic[degree=2]"].set_index("noise")
    for noise in (0.0, 0.01):
        error = scientific(best.at[noise, "error"])
        assert f"{error} (quadratic[degree=2]" in said[0]
