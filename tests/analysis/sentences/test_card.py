"""What the card says of planted runs, of which everything is known."""

import re

import numpy as np
import pytest
from planted import Planted, planted, run_of

from koopmark.analysis.sentences import AUTHORS, named

NOISELESS, NOISY, CHEAP, DEFAULTS, FAILED = range(5)


def sentences(fits, targets):
    """One per question; empty for that on noise if it is not asked."""
    answers = run_of(fits, targets).card
    said = [one.sentence for one in answers]
    if answers and not any(one.question.endswith("under noise?") for one in answers):
        said.insert(NOISY, "")
    return said


def card(methods, **how):
    return sentences(*planted(methods, **how))


def theirs(error, library="pydmd", **more):
    return Planted(error, library=library, **more)


def lost(status, datasets=("a", "b"), seeds=3):
    return {(name, seed): status for name in datasets for seed in range(seeds)}


def test_the_known_winner_is_named_with_its_digits_and_share():
    methods = {"winner": theirs(1e-7), "second": theirs(1e-5), "blind": theirs(0.5)}
    assert card(methods, degrees=(1, 1))[NOISELESS] == (
        "winner is first with 7.0 correct digits and finds all principal eigenfunctions (mean "
        "over 2 problems)."
    )


def test_products_have_no_say_in_the_card():
    def good_at(wanted):
        return lambda dataset, seed, index: 1e-8 if index == wanted else 0.1

    methods = {"linear": theirs(good_at(0)), "products": theirs(good_at(1))}
    said = card(methods, degrees=(1, 2))
    assert said[NOISELESS].startswith(
        "linear is first with 8.0 correct digits and finds all principal"
    )
    assert said[CHEAP].startswith("Only linear finds all principal eigenfunctions")


@pytest.mark.parametrize("errors", [(1e-6, 1e-6), (1e-6, 1.0001e-6), (1e-12, 1e-15)])
def test_a_tie_is_a_tie_whether_exact_or_by_rounding(errors):
    first, second = errors
    said = card({"one": theirs(first), "other": theirs(second), "last": theirs(0.1)})[NOISELESS]
    digits = min(9.0, -np.log10(max(errors)))
    assert said.startswith(
        f"one and other share the first place with {digits:.1f} correct digits and find"
    )


def test_of_many_ties_one_is_named_and_the_others_are_counted():
    methods = {f"m{k}": theirs(1e-12) for k in range(9)} | {"ours": Planted(1e-13)}
    said = card(methods)[NOISELESS]
    assert said.startswith(
        f"m0 and 9 others (1 {AUTHORS}) share the first place with 9.0 correct digits"
    )


def test_our_own_first_method_is_said_to_be_ours_and_the_best_of_a_library_stands_beside_it():
    methods = {
        "ours": Planted(1e-8),
        "ours_too": Planted(1e-7),
        "theirs": theirs(1e-6),
        "others": theirs(lambda dataset, seed, index: 0.1 if dataset == "b" else 1e-9),
    }
    assert card(methods)[NOISELESS] == (
        f"ours ({AUTHORS}) is first with 8.0 correct digits and finds all principal "
        "eigenfunctions (mean over 2 problems). The best method of the other libraries is "
        "theirs, with 6.0 correct digits (all found)."
    )


def test_a_run_of_our_methods_alone_has_nothing_beside_them():
    said = card({"ours": Planted(1e-8), "too": Planted(1e-8)})[NOISELESS]
    assert said.startswith(f"ours and too (both {AUTHORS}) share the first place")
    assert "other libraries" not in said


def test_the_only_method_is_said_to_be_the_only_one():
    said = card({"lone": theirs(1e-5, seconds=0.25), "anchor": Planted(0.0, role="anchor")})
    assert said[NOISELESS] == (
        "lone, the only method, has 5.0 correct digits and finds all principal eigenfunctions "
        "(mean over 2 problems)."
    )
    assert said[CHEAP] == "Only lone finds all principal eigenfunctions, and takes 250 ms per fit."


def test_the_only_method_may_find_nothing():
    said = card({"lone": theirs(0.9, default=True)})
    assert said[NOISELESS] == (
        "lone, the only method, finds no principal eigenfunction (2 problems)."
    )
    assert said[CHEAP] == "lone, the only method, finds no principal eigenfunction."


def test_one_dataset_is_one_problem():
    said = card({"one": theirs(1e-5), "two": theirs(0.1)}, datasets=("a",))[NOISELESS]
    assert said.endswith("(1 problem).")


def test_a_share_of_what_is_found_is_the_mean_over_problems():
    half = theirs(lambda dataset, seed, index: 1e-9 if index == 0 or dataset == "a" else 0.1)
    said = card({"half": half, "blind": theirs(0.5)}, degrees=(1, 1))
    # All of dataset a, half of dataset b.
    assert ("and finds 75 % of the principal eigenfunctions (mean over 2 problems)") in said[
        NOISELESS
    ]
    assert said[CHEAP].startswith("Only half finds 75 % of the principal eigenfunctions")


def test_that_nothing_is_found_is_said():
    said = card({"blind": theirs(0.99), "lame": theirs(np.nan, default=True)})
    assert said[NOISELESS] == "None of 2 methods finds a principal eigenfunction (2 problems)."
    assert said[CHEAP] == "None of 2 methods finds a principal eigenfunction."
    assert "lame finds none of the principal eigenfunctions" in said[DEFAULTS]


def test_without_noise_that_is_said():
    assert card({"one": theirs(1e-5), "two": theirs(0.1)})[NOISY] == ""


def test_a_run_of_noise_alone_answers_the_rest_under_noise():
    methods = {"one": theirs(1e-5, default=True, seconds=2e-3), "two": theirs(0.1)}
    said = card(methods, noise=0.01, statistical_floor=1e-5)
    assert said[NOISELESS] == "Every dataset has noise."
    assert said[NOISY] == (
        "At 1 % noise, one is first with 5.0 correct digits, as many as the noise allows (5.0), "
        "and finds all principal eigenfunctions (mean over 2 problems)."
    )
    assert said[CHEAP] == (
        "Only one finds all principal eigenfunctions under noise, and takes 2 ms per fit."
    )
    assert "finds all principal eigenfunctions under noise" in said[DEFAULTS]


def test_a_level_at_which_the_best_beats_the_bound_does_not_have_more_of_less():
    """The bound is a root mean square: single draws may be better."""
    methods = {"one": theirs(1e-4), "two": theirs(0.3)}
    said = card(methods, noise={"a": 0.001, "b": 0.1}, statistical_floor={"a": 1e-3, "b": 1e-5})
    assert said[NOISY].endswith(
        "The best at each level: at 0.1 %, 4.0 digits (as many as the noise allows, 3.0); at 10 "
        "%, 4.0 of 5.0 digits."
    )


def test_how_far_from_the_possible_the_best_is_is_said_for_each_level():
    methods = {
        "near": theirs(lambda dataset, seed, index: {"a": 1e-4, "b": 0.3}[dataset]),
        "far": theirs(lambda dataset, seed, index: {"a": 1e-2, "b": 0.1}[dataset]),
    }
    said = card(methods, noise={"a": 0.001, "b": 0.1}, statistical_floor={"a": 1e-5, "b": 1e-2})[
        NOISY
    ]
    allowed, reached = (5 + 2) / 2, (4 - np.log10(0.3)) / 2
    assert said.startswith(
        f"At 0.1 % and 10 % noise, near is first with {reached:.1f} of the {allowed:.1f} correct "
        "digits that the noise allows, and finds"
    )
    assert said.endswith(
        "The best at each level: at 0.1 %, 4.0 of 5.0 digits; at 10 %, 1.0 of 2.0 digits, by far."
    )


def test_where_no_bound_is_known_that_is_said():
    said = card({"one": theirs(1e-2), "two": theirs(0.1)}, noise=0.05)[NOISY]
    assert (
        "one is first with 2.0 correct digits (how many the noise allows is unknown), and"
    ) in said


def test_digits_are_compared_with_the_possible_on_the_targets_where_it_is_known():
    methods = {
        "one": theirs(lambda dataset, seed, index: 1e-2 if index else 1e-4),
        "two": theirs(0.5),
    }
    fits, targets = planted(methods, degrees=(1, 1), noise=0.01, statistical_floor=1e-5)
    floors = ["statistical_floor", "statistical_floor_eigenvalue"]
    targets.loc[targets["target_index"] == 1, floors] = np.nan
    assert sentences(fits, targets)[NOISY].startswith(
        "At 1 % noise, one is first with 3.0 correct digits, and finds 50 % of the principal "
        "eigenfunctions (mean over 2 problems). At the 2 of 4 targets whose bound is known, "
        "this is 4.0 of the 5.0 correct digits that the noise allows."
    )


def test_what_the_noise_allows_is_known_of_datasets_on_which_the_best_failed():
    methods = {"one": theirs(1e-5, status=lost("failed", ("b",))), "two": theirs(0.9)}
    said = card(methods, noise=0.01, statistical_floor={"a": 1e-6, "b": 1e-2})[NOISY]
    assert said.startswith(
        "At 1 % noise, one is first with 2.5 of the 4.0 correct digits that the noise allows, and"
    )


def test_the_cheapest_is_the_fastest_of_those_that_find_the_most():
    methods = {
        "fast_and_blind": theirs(0.5, seconds=1e-6),
        "slow": theirs(1e-8, seconds=1.0),
        "fast": theirs(1e-4, seconds=3e-3),
        "nearly": theirs(1e-4, seconds=3.5e-3),
    }
    assert card(methods)[CHEAP] == (
        "Of the 3 methods that find all principal eigenfunctions, fast is the fastest: 3 ms per "
        "fit. nearly takes about as long."
    )


def test_if_our_own_is_the_fastest_a_library_stands_beside_it():
    methods = {
        "ours": Planted(1e-8, seconds=1e-3),
        "theirs": theirs(1e-4, seconds=0.5),
        "blind": theirs(0.5, seconds=1e-6),
    }
    assert card(methods)[CHEAP] == (
        f"Of the 2 methods that find all principal eigenfunctions, ours ({AUTHORS}) is the "
        "fastest: 1 ms per fit. Among the methods of other libraries that find the most, theirs "
        "is the fastest: it takes 500 ms per fit."
    )
    half = theirs(lambda dataset, seed, index: 1e-4 if dataset == "a" else 0.1, seconds=0.5)
    assert card(methods | {"theirs": half})[CHEAP].endswith(
        "theirs is the fastest: it takes 500 ms per fit, and finds 50 % of the principal "
        "eigenfunctions."
    )


def test_the_time_is_the_geometric_mean_over_problems():
    fits, targets = planted({"one": theirs(1e-8), "two": theirs(0.5)})
    fits["fit_seconds"] = fits["dataset"].map({"a": 1e-4, "b": 1e-2})
    assert sentences(fits, targets)[CHEAP].endswith(" and takes 1 ms per fit.")


def test_defaults_are_counted_by_what_they_find():
    methods = {
        "all": theirs(1e-6, default=True),
        "all_too": theirs(1e-4, library="deeptime", default=True),
        "some": theirs(lambda dataset, *_: 1e-5 if dataset == "a" else 0.5, default=True),
        "none": theirs(0.5, default=True),
        "tuned": theirs(1e-9),
    }
    assert card(methods)[DEFAULTS] == (
        "Of 4 methods with their libraries' default options, 2 find all principal "
        "eigenfunctions, 1 finds some and 1 finds none. The best is all, with 6.0 correct "
        "digits."
    )


def test_of_defaults_those_of_libraries_count_and_a_library_that_finds_nothing_is_named():
    methods = {
        "good": theirs(1e-6, library="deeptime", default=True),
        "bad": theirs(0.5, library="pydmd", default=True),
        "worse": theirs(0.9, library="pydmd", default=True),
        "ours": Planted(1e-9, default=True),
    }
    assert card(methods)[DEFAULTS] == (
        "Of 3 methods with their libraries' default options, 1 finds all principal "
        "eigenfunctions and 2 find none (both are methods of pydmd). The best is good, with 6.0 "
        "correct digits."
    )


def test_that_no_default_finds_anything_or_that_there_is_none_is_said():
    methods = {"one": theirs(0.5, default=True), "two": theirs(0.5, default=True)}
    assert card(methods)[DEFAULTS] == (
        "None of the 2 methods with their libraries' default options finds a principal "
        "eigenfunction."
    )
    assert card({"tuned": theirs(1e-9), "too": theirs(1e-9)})[DEFAULTS] == (
        "No ranked method has its library's default options."
    )
    assert card({"lone": theirs(1e-5, default=True), "tuned": theirs(1e-9)})[DEFAULTS] == (
        "One method has its library's default options: lone finds all principal eigenfunctions, "
        "with 5.0 correct digits."
    )


def test_that_no_fit_failed_is_said():
    assert card({"one": theirs(1e-5), "two": theirs(0.1)})[FAILED].startswith("No fit failed: for ")


def test_failures_are_counted_by_kind_and_method_with_the_commonest_reason():
    methods = {
        "broken": theirs(0.0, status=lost("failed")),
        "slow": theirs(1e-5, status={("a", 0): "timeout"}),
        "fine": theirs(1e-6),
    }
    said = card(methods)
    assert said[FAILED] == (
        "7 of 18 fits failed (6 of broken and 1 of slow): 6 raised an error and 1 ran out of time. "
        "Most often (6 of them): “broken was told to”."
    )
    assert said[NOISELESS].startswith("fine is first with 6.0 correct digits")


def test_a_seed_that_failed_counts_as_not_found():
    methods = {"shaky": theirs(1e-6, status={("a", 0): "timeout"}), "blind": theirs(0.5)}
    # Two of three seeds of one dataset, all of the other.
    assert "and finds 83 % of the principal eigenfunctions" in card(methods)[NOISELESS]


def test_a_method_of_which_every_fit_failed_is_not_best():
    methods = {"broken": theirs(0.0, status=lost("crashed")), "fine": theirs(1e-3)}
    said = card(methods)
    assert said[NOISELESS].startswith("fine is first with 3.0 correct digits")
    assert said[FAILED] == (
        "6 of 12 fits failed (broken): all crashed. The reason: “broken was told to”."
    )


def test_a_run_in_which_every_fit_failed_says_so():
    methods = {name: theirs(0.0, status=lost("out_of_memory")) for name in ("one", "two")}
    said = card(methods)
    assert said[NOISELESS] == "None of 2 methods finds a principal eigenfunction (2 problems)."
    assert said[FAILED].startswith(
        "All 12 fits failed (6 of one and 6 of two): all ran out of memory. Most often (6 of them)"
    )


def test_what_was_not_run_is_no_failure():
    methods = {
        "gone": theirs(0.0, status=lost("unavailable")),
        "unfit": theirs(0.0, status={("a", 0): "skipped"}),
        "fine": theirs(1e-6),
    }
    said = card(methods)
    assert said[FAILED] == (
        "No fit failed: for targets that were missed, see the map in the report. 1 fit was not run "
        "because the method does not apply to the data (unfit). "
        "6 fits were not run because a library is not installed (gone)."
    )
    assert "gone" not in said[NOISELESS]


def test_where_no_library_is_installed_nothing_is_ranked():
    methods = {name: theirs(0.0, status=lost("unavailable")) for name in ("one", "two")}
    said = card(methods)
    assert said[NOISELESS] == "No method could be run, because the libraries are not installed."
    assert said[CHEAP] == "No method is ranked, so none can be called fast."
    assert said[DEFAULTS] == "No method is ranked, so nothing can be said about default options."


def test_methods_on_different_datasets_are_not_compared():
    methods = {
        "one": theirs(1e-5, datasets=("a",)),
        "two": theirs(1e-6, library="deeptime", datasets=("b",)),
    }
    assert card(methods)[NOISELESS] == (
        "No two methods were run on the same datasets, so no method is ranked."
    )


def test_a_run_of_anchors_alone_says_so():
    said = card({"anchor": Planted(0.0, role="anchor")})
    assert said[NOISELESS] == (
        "This run has no method that is ranked: anchors and informed methods are not."
    )


def test_levels_of_a_sweep_over_size_are_not_among_the_datasets_of_the_card():
    fits, targets = planted({"one": theirs(1e-5), "two": theirs(0.1)})
    fits = fits.assign(family="Size", axis="n", level=fits["dataset"].map({"a": 3.0, "b": 9.0}))
    assert sentences(fits, targets)[NOISELESS] == (
        "No dataset without noise has principal eigenfunctions as targets, apart from sweeps "
        "over size or amount of data."
    )


def test_methods_that_cannot_express_the_targets_find_none():
    said = card({"poor": theirs(0.7, floor=0.6, seconds=1e-6), "rich": theirs(1e-6)})
    assert said[NOISELESS].startswith("rich is first")
    assert said[CHEAP].startswith("Only rich finds all")


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_planted_the_card_names_the_best_the_cheapest_and_the_best_default(seed):
    rng = np.random.default_rng(seed)
    datasets, names = ("a", "b", "c"), [f"m{k}" for k in range(6)]
    errors = {name: {d: 10.0 ** -rng.uniform(0, 8, (3, 2)) for d in datasets} for name in names}
    methods = {
        name: theirs(
            lambda d, s, index, mine=errors[name]: float(mine[d][s, index]),
            seconds=float(10.0 ** rng.uniform(-4, 0)),
            default=bool(rng.integers(2)),
        )
        for name in names
    }
    said = card(methods, datasets=datasets, degrees=(1, 1))

    def mean(of):
        """Over datasets and targets, of what `of` makes of the errors at the three seeds."""
        return {name: np.mean([of(errors[name][d]) for d in datasets]).round(9) for name in names}

    digits = mean(lambda e: np.median(-np.log10(e), axis=0))
    found = mean(lambda e: (e <= 1e-3).mean(axis=0))
    best = max(digits, key=digits.get)
    first = [name for name in names if round(digits[name], 1) == round(digits[best], 1)]
    assert all(name in said[NOISELESS] for name in first)
    assert f"{digits[best]:.1f} correct digits" in said[NOISELESS]
    most = [name for name in names if found[name] == max(found.values())]
    cheapest = min(most, key=lambda name: methods[name].seconds)
    assert re.search(rf"(Only {cheapest} finds|\b{cheapest} is the fastest)", said[CHEAP])
    assert f"{int(100 * max(found.values()) + 0.5 + 1e-9)} %" in said[CHEAP]
    defaults = [name for name in names if methods[name].default]
    if len(defaults) > 1:
        champion = max(defaults, key=digits.get)
        assert said[DEFAULTS].startswith(f"Of {len(defaults)} methods")
        assert champion in said[DEFAULTS].partition("The best")[2]
        assert f"{digits[champion]:.1f} correct digits" in said[DEFAULTS]


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (["a"], "a"),
        (["ours"], f"ours ({AUTHORS})"),
        (["ours", "a", "b"], f"a, b and ours ({AUTHORS})"),
        (["ours", "own", "a"], f"a, ours and own (the last 2 {AUTHORS})"),
        (["ours", "own"], f"ours and own (both {AUTHORS})"),
        (["a", "b", "c", "d"], "a and 3 others"),
        (["ours", "a", "b", "c"], f"a and 3 others (1 {AUTHORS})"),
        (["ours", "own", "mine", "self"], f"ours and 3 others (all {AUTHORS})"),
    ],
)
def test_ties_are_written_shortly_and_say_which_are_ours(names, written):
    ours = ("ours", "own", "mine", "self")
    libraries = {name: "koopmark" if name in ours else "pydmd" for name in names}
    assert named(names, libraries) == written
