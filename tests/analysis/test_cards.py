"""Cards of methods and datasets, of planted runs of which everything is known."""

import pytest
from planted import Planted, planted, run_of

from koopmark import datasets
from koopmark.analysis.cards import Cards, recipe_of

NAN = float("nan")


def cards(methods, about=(), **how):
    return Cards(run_of(*planted(methods, **how), dict(about)))


def recipes(*names):
    return {"recipes": {name: datasets.load_recipe(name).depends_on() for name in names}}


def by_target(*errors):
    return lambda dataset, seed, index: errors[index]


def test_the_best_case_is_the_one_that_few_find_and_the_worst_one_that_many_find():
    methods = {
        "it": Planted(by_target(1e-8, 1e-8, 0.9, 0.9)),
        "x": Planted(by_target(1e-8, 0.9, 0.9, 1e-8)),
        "y": Planted(by_target(1e-8, 0.9, 0.9, 1e-8)),
    }
    targets = {"degrees": (1, 1, 1, 1), "datasets": ("a",), "seeds": 1}
    card = cards(methods, **targets).method("it")
    # All but the fourth target are drawn, the first one before the others.
    assert (card.best.target, card.worst.target) == ("-1", "-3")
    assert card.best.sentence == "λ = -1 of a, seed 0: found to 8.0 digits; 3 of 3 methods find it."
    assert card.worst.sentence.endswith("0 of 3 methods find it.")
    assert card.best.fit == "0000000000000000"


def test_of_cases_alike_the_worst_is_not_what_the_dictionary_lacks():
    it = Planted(by_target(0.9, 0.9, 1e-8), floor=by_target(0.5, 0.0, 0.0))
    card = cards({"it": it}, degrees=(1, 1, 1)).method("it")
    assert card.worst.target == "-2"
    assert card.worst.outcome == "both wrong"


def test_a_method_has_no_case_without_a_result_and_one_with_a_single_target():
    lost = Planted(1.0, status={("a", 0): "failed"})
    both = cards({"lost": lost, "once": Planted(1e-6)}, datasets=("a",), seeds=1)
    none, one = both.method("lost"), both.method("once")
    assert (none.best, none.worst) == (None, None)
    assert none.fits == "1 fit, of which 1 failed"
    assert [(failure.count, failure.reason) for failure in none.failures] == [
        (1, "lost was told to")
    ]
    assert (one.best.target, one.worst) == ("-1", None)


def test_a_card_says_what_part_of_the_data_was_used():
    methods = {"part": Planted(1e-6, pairs_used=5), "all": Planted(1e-6, pairs_used=100)}
    some = cards(methods)
    assert some.method("part").fitted_to == "5 % of the snapshot pairs of the training data"
    assert some.method("all").fitted_to == "all snapshot pairs of the training data"


def test_a_method_of_another_version_has_what_the_tables_say_and_no_more():
    about = {"methods": [{"name": "old", "use": "koopmark.renamed_since"}]}
    card = cards({"old": Planted(1e-6), "x": Planted(1e-2)}, about).method("old")
    assert (card.summary, card.papers) == ("", ())
    assert card.places[0].text == "1 of 2"
    assert card.datasets[0].found == card.datasets[0].asked == 3


def test_the_outcomes_of_a_card_add_up_over_its_datasets():
    failing = {("b", 1): "timeout"}
    it = Planted(by_target(1e-6, 0.9), status=failing)
    card = cards({"it": it, "x": Planted(1e-6)}, degrees=(1, 2)).method("it")
    summed = {}
    for row in card.datasets:
        for name, count in row.outcomes.items():
            summed[name] = summed.get(name, 0) + count
    assert summed == card.outcomes == {"found": 5, "failed": 2, "both wrong": 5}
    # The fit that a row leads to is the one that failed.
    fits = cards({"it": it, "x": Planted(1e-6)}, degrees=(1, 2)).run.fits
    (lost,) = fits.loc[fits["status"] == "timeout", "fit_id"]
    assert card.datasets[1].fit == lost


def test_a_dataset_says_what_nobody_finds_and_no_dictionary_expresses():
    methods = {
        name: Planted(by_target(1e-6, 0.9), floor=by_target(0.0, 0.5)) for name in ("x", "y")
    }
    said = cards(methods, degrees=(1, 2), datasets=("a",)).dataset("a").hard
    assert "None of 2 methods finds every target: no method finds λ = -2." in said
    assert "No dictionary of this run can express 1 of 2 targets: λ = -2." in said
    assert "1 of 2 targets is a product of principal eigenfunctions." in said


def test_a_dataset_says_who_finds_the_rarest_and_the_commonest_target():
    methods = {
        "x": Planted(by_target(1e-6, 1e-6)),
        "y": Planted(by_target(1e-6, 0.9), floor=by_target(0.0, 0.5)),
    }
    card = cards(methods, degrees=(1, 1), datasets=("a",)).dataset("a")
    assert card.hard[0] == (
        "1 of 2 methods finds every target. λ = -2 is found by the fewest (1), λ = -1 by the most "
        "(2)."
    )
    assert card.hard[1] == (
        "The dictionary can express λ = -2 for 1 of the 2 methods whose dictionaries can be listed."
    )
    assert [one.method for one in card.targets[1].finders] == ["x"]
    assert (card.targets[1].expressed_by, card.targets[1].known) == (1, 2)


def test_of_cases_with_the_same_digits_the_best_was_found_and_the_worst_was_not():
    """Under noise a target may be found with as many digits as another is lost with."""
    methods = {"it": Planted(2e-3), "x": Planted(2e-3)}
    noise, floor = {"a": 0.1, "b": 0.1}, {"b": 1e-2}
    card = cards(methods, noise=noise, statistical_floor=floor, seeds=1).method("it")
    assert (card.best.dataset, card.worst.dataset) == ("b", "a")
    assert card.worst.outcome == "lost to noise"


def test_what_is_found_at_one_of_two_seeds_is_found_by_nobody_as_on_the_map():
    """And a dataset does not say that nobody finds all of what each target is found by."""
    methods = {"x": Planted(lambda dataset, seed, index: (1e-6, 0.9)[seed]), "y": Planted(1e-6)}
    some = cards(methods, datasets=("a",), seeds=2)
    assert some.dataset("a").targets[0].found_by == 1
    assert some.dataset("a").hard[0] == "1 of 2 methods finds the target."
    assert [str(cell) for cell in some.run.map.cells[:, 0]] == ["found", "missed"]


def test_who_finds_every_target_is_counted_as_who_finds_each():
    def one_seed_lost(dataset, seed, index):
        return 0.9 if seed == index else 1e-6

    some = cards({"x": Planted(one_seed_lost)}, degrees=(1, 1), datasets=("a",)).dataset("a")
    assert some.hard[0] == "1 of 1 method finds every target; each target is found by 1 method."


def test_what_no_dictionary_is_known_of_is_not_said_to_be_inexpressible():
    said = cards({"x": Planted(0.9, floor=NAN)}, datasets=("a",)).dataset("a").hard
    assert not any("dictionar" in sentence for sentence in said)


def test_noise_and_what_it_allows_are_said():
    how = {"noise": 0.01, "statistical_floor": 1e-3, "datasets": ("a",)}
    said = cards({"x": Planted(0.9), "y": Planted(1e-3)}, **how).dataset("a").hard
    assert (
        "The training data have noise of 1 % of the signal, which leaves the best unbiased "
        "estimator 3.0 correct digits." in said
    )


def test_rates_multiplicity_and_sampling_are_said_where_they_are_hard():
    def far(dataset, seed, index):
        return {
            "target_eigenvalue_re": (-0.1, -20.0)[index],
            "target_eigenvalue_im": (0.0, 10.0)[index],
            "target_dimension": (1, 3)[index],
        }

    fits, targets = planted({"x": Planted(0.9, more=far)}, degrees=(1, 1), datasets=("a",), seeds=1)
    said = Cards(run_of(fits.assign(dt=0.1, horizon=2.0), targets)).dataset("a").hard
    assert (
        "3 independent eigenfunctions share the eigenvalue λ = -2, and a method has to find all "
        "of them."
    ) in said
    assert "Rates of decay or growth differ by a factor of 200." in said
    assert "The fastest target decays by a factor of 7.39 from one sample to the next." in said
    assert "The slowest target changes by only 18 % over a whole trajectory." in said
    assert "The fastest oscillation has 6.28 samples per period." in said


def test_noise_below_a_percent_has_its_digits():
    card = cards({"x": Planted(0.9)}, noise=0.001, datasets=("a",)).dataset("a")
    assert "The training data have noise of 0.1 % of the signal." in card.hard


def test_what_grows_is_not_said_to_fall():
    def growing(dataset, seed, index):
        return {"target_eigenvalue_re": (0.1, 20.0)[index]}

    methods = {"x": Planted(0.9, more=growing)}
    fits, targets = planted(methods, degrees=(1, 1), datasets=("a",), seeds=1)
    said = Cards(run_of(fits.assign(dt=0.1, horizon=2.0), targets)).dataset("a").hard
    assert "The fastest target grows by a factor of 7.39 from one sample to the next." in said
    assert "The slowest target changes by only 22 % over a whole trajectory." in said


def test_eigenvectors_far_from_orthogonal_are_said_to_be():
    for name, skew in (("linear_non_normal", True), ("linear_normal", False)):
        card = cards({"x": Planted(0.9)}, recipes(name), datasets=(name,)).dataset(name)
        assert any("orthogonal" in sentence for sentence in card.hard) == skew, name


def test_a_dataset_of_ones_own_has_its_equation_and_says_no_text_that_is_not_its():
    name = "rnn_5_2"
    about = {"recipes": {"mine": datasets.load_recipe(name).depends_on()}}
    mine = cards({"x": Planted(1e-6)}, about, datasets=("mine",)).dataset("mine")
    assert mine.equation == "Relaxation ẋ = -x + W tanh(x)"
    assert (mine.text, mine.sources) == ("", ())
    shipped = cards({"x": Planted(1e-6)}, recipes(name), datasets=(name,)).dataset(name)
    assert shipped.equation == mine.equation
    assert shipped.source.startswith("Claveau, Thibeault, Allard and Desrosiers")


@pytest.mark.parametrize(
    "ran", [None, 3, {}, {"system": {"kind": "abolished"}}, {"system": {"kind": "random_rnn"}}]
)
def test_a_dataset_of_which_the_run_says_nothing_useful_has_its_card_all_the_same(ran):
    about = {"recipes": {"mine": ran}}
    assert recipe_of(about, "mine") is None
    card = cards({"x": Planted(1e-6)}, about, datasets=("mine",)).dataset("mine")
    assert (card.text, card.equation, card.system) == ("", "", "N = 3, rank 2")
    assert card.targets[0].found_by == 1


def test_a_reference_leads_to_its_doi_or_else_to_its_address():
    name = "rnn_6_2_hopfield"
    known = datasets.load_recipe(name).references[0]
    card = cards({"x": Planted(1e-6)}, recipes(name), datasets=(name,)).dataset(name)
    (source,) = card.sources
    assert source == (known.text, f"https://doi.org/{known.doi}" if known.doi else known.url)


def test_a_card_of_data_says_what_trials_leave_out():
    keys = {"trials.gaps": 0.2, "trials.jitter": 0.1}
    recipe = datasets.varied(datasets.load_recipe("rnn_5_2"), keys, "a", "here")
    fits, *others = planted({"it": Planted(1e-6)}, datasets=("a",))
    fits = fits.assign(dt=0.1, horizon=5.0, train_trajectories=200, noise=0.0)
    about = {"recipes": {"a": recipe.depends_on()}}
    said = Cards(run_of(fits, *others, about)).dataset("a").data
    assert "t = 0 to 5, 20 % of the states missing in gaps of 5 steps, times uneven by" in said


def of_map(*multipliers):
    """The card of a dataset of a map with targets at these multipliers."""
    at = {"x": Planted(1e-6, more=lambda dataset, seed, i: {})}
    fits, targets = planted(at, degrees=(1,) * len(multipliers), datasets=("a",), seeds=1)
    fits = fits.assign(discrete=1.0, dt=1.0, horizon=30.0, train_trajectories=4.0)
    names = [f"{one:g}" for one in multipliers]
    targets = targets.assign(target_eigenvalue_re=multipliers, target=names)
    return Cards(run_of(fits, targets)).dataset("a")


def test_of_a_map_multipliers_are_named_and_no_rate_is_made_of_them():
    card = of_map(0.5, 0.25)
    assert card.where.symbol == "μ"
    assert "The fastest target decays by a factor of 4 from one sample to the next." in card.hard
    assert not any("λ" in sentence or "Rates" in sentence for sentence in card.hard)
    assert "a sample every step, 30 steps" in card.data


def test_what_a_logarithm_loses_of_a_map_is_said():
    hard = of_map(0.0, -0.3).hard
    assert any(
        sentence.startswith("The functions with μ = 0 vanish after one step") for sentence in hard
    )
    assert any(sentence.startswith("A function with negative μ") for sentence in hard)
    # Of the two that is left the other falls by 1 / 0.3.
    assert "The fastest target decays by a factor of 3.33 from one sample to the next." in hard
    assert not any("branch cut" in sentence for sentence in of_map(0.7).hard)


def test_targets_say_whether_inputs_reach_them_or_sensors_hide_them():
    for name, kinds in {
        "rnn_10_2_inputs": ["principal, driven", "principal, undriven"],
        "rnn_30_3_few_sensors": ["principal, hidden"],
        "rnn_10_2_sensors": ["principal"],
    }.items():
        one = cards(
            {"x": Planted(1e-6)}, recipes(name), datasets=(name,), degrees=(1,) * len(kinds)
        )
        assert [target.kind for target in one.dataset(name).targets] == kinds


def test_a_method_says_whether_it_was_given_the_inputs():
    fits, targets = planted({"x": Planted(1e-6), "y": Planted(1e-6)}, datasets=("a",))
    fits = fits.assign(inputs=2.0, uses_inputs=(fits["method"] == "x").astype(float))
    both = Cards(run_of(fits, targets))
    assert both.method("x").fitted_to.endswith(", with their inputs")
    assert both.method("y").fitted_to.endswith(", without their inputs")
    assert dict(both.run.boards["Principal eigenfunctions"].rows[["method", "inputs"]].values) == {
        "x": True,
        "y": False,
    }
