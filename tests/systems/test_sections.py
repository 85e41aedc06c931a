"""Recipes of ensembles, real networks, anchors and of nearly low rank."""

import numpy as np
import pytest

from koopmark import datasets
from koopmark._config import parse
from koopmark._errors import ConfigError
from koopmark.datasets.recipe import Contents, Recipe
from koopmark.datasets.sampling_section import Polar
from koopmark.systems import NearlyLowRank, graph


def recipe(system, initial=None):
    data = {
        "title": "Tiny",
        "description": "A small system.",
        "system": system,
        "initial_states": initial or {"kind": "normal", "scale": 1.0},
        "sampling": {"trajectories": 5, "test_trajectories": 4, "dt": 0.1, "horizon": 1.0},
    }
    return Recipe.model_construct(name="tiny", **dict(parse(data, Contents, "tiny.toml")))


SYSTEMS = [
    {"kind": "overlap_rnn", "n": 8, "rank": 2, "angle": 45.0, "input_scale": 0.2},
    {"kind": "mixture_rnn", "n": 8, "rank": 2, "populations": 2},
    {"kind": "hopfield_rnn", "n": 8, "rank": 2, "sequence": 0.8},
    {"kind": "block_rnn", "n": 8, "rank": 2, "between": -0.5},
    {"kind": "dale_rnn", "n": 8, "rank": 2, "activation": "logistic"},
    {"kind": "sparse_rnn", "n": 8, "rank": 2, "theta_scale": 0.4},
    {"kind": "nearly_low_rank_rnn", "n": 8, "rank": 2, "spectrum": "power"},
    {"kind": "linear", "n": 4, "matrix": "defective"},
    {"kind": "ornstein_uhlenbeck", "rates": [0.5, 1.3]},
]
FIXED = [
    {"kind": "real_network", "network": "southern_women"},
    {"kind": "slow_manifold"},
    {"kind": "hopf"},
    {"kind": "kuramoto", "oscillators": 4},
]


@pytest.mark.parametrize("system", SYSTEMS + FIXED, ids=lambda system: system["kind"])
def test_a_dataset_follows_from_its_recipe_and_seed(system, tmp_path):
    first = datasets.build(recipe(system), 0, tmp_path / "a")
    again = datasets.build(recipe(system), 0, tmp_path / "b")
    other = datasets.build(recipe(system), 1, tmp_path / "a")
    for part in ("train", "test"):
        states = [getattr(made, part).states for made in (first, again, other)]
        np.testing.assert_array_equal(states[0], states[1])
        assert np.isfinite(states[0]).all()
        assert np.abs(states[0] - states[2]).max() > 1e-3
    assert np.abs(first.train.states[0] - first.test.states[0]).max() > 1e-3
    assert len(first.key.targets) > 0


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system["kind"])
def test_seeds_draw_another_system(system):
    x = np.linspace(0.3, 0.9, recipe(system).system.size)
    first, other = (recipe(system).system.build(seed).rhs(x) for seed in (0, 1))
    assert np.abs(first - other).max() > 1e-6


def test_a_real_network_draws_its_offsets_alone():
    section = recipe({"kind": "real_network", "network": "karate_club", "theta_scale": 0.5}).system
    first, other = section.build(0), section.build(1)
    np.testing.assert_array_equal(first.weights.left, other.weights.left)
    assert np.abs(first.zeta.theta - other.zeta.theta).max() > 0.1
    assert section.size == len(graph("karate_club").nodes)


def test_targets_of_a_nearly_low_rank_network_are_marked_as_not_exact():
    made = datasets.target_list(recipe(SYSTEMS[6]), 0)
    assert [space.exact for space in made] == [False]
    exact = datasets.target_list(recipe({**SYSTEMS[6], "spectrum": "step", "epsilon": 0.0}), 0)
    assert [space.exact for space in exact] == [True]


@pytest.mark.parametrize("name", datasets.names())
def test_every_other_recipe_asks_for_exact_eigenspaces(name):
    loaded = datasets.load_recipe(name)
    nearly = isinstance(loaded.system.build(0), NearlyLowRank)
    assert all(space.exact != nearly for space in datasets.target_list(loaded, 0))


def test_paths_of_a_stochastic_system_are_noisy_in_testing_too(tmp_path):
    made = datasets.build(recipe({"kind": "ornstein_uhlenbeck", "rates": [0.5, 1.3]}), 0, tmp_path)
    jumps = np.abs(np.diff(made.test.states, n=2, axis=1))
    assert np.median(jumps) > 0.1


def test_polar_states_lie_in_their_annulus_with_all_phases():
    states = Polar(kind="polar", low=0.5, high=1.5).draw(2000, 4, np.random.default_rng(0))
    z = states[:, :2] + 1j * states[:, 2:]
    assert np.abs(z).min() > 0.5
    assert np.abs(z).max() < 1.5
    assert np.abs(z).std() > 0.2
    assert np.abs(np.mean(z / np.abs(z), axis=0)).max() < 0.1


MISTAKES = {
    "odd rank turned": (
        {"kind": "overlap_rnn", "n": 8, "rank": 3, "angle": 10.0},
        "system: rank 3 with angle 10: turning pairs needs an even rank",
    ),
    "overlap above one": ({"kind": "overlap_rnn", "n": 8, "rank": 2, "overlap": 2.0}, "overlap"),
    "too many populations": (
        {"kind": "mixture_rnn", "n": 4, "rank": 2, "populations": 5},
        "system: populations 5 with n 4: populations must be between 1 and 4",
    ),
    "patterns that cancel": (
        {"kind": "hopfield_rnn", "n": 8, "rank": 3, "sequence": 0.5},
        "system: sequence 0.5 with an odd rank 3",
    ),
    "blocks without a rank": (
        {"kind": "block_rnn", "n": 8, "rank": 3, "between": -0.6},
        "system: between -0.6 with rank 3: between must be above -0.5",
    ),
    "share above one": (
        {"kind": "dale_rnn", "n": 8, "rank": 3, "excitatory": 1.1},
        "system.excitatory = 1.1: it must be less than or equal to 1",
    ),
    "no entries": (
        {"kind": "sparse_rnn", "n": 8, "rank": 3, "density": 0.0},
        "system.density = 0.0: it must be greater than 0",
    ),
    "rank too high": ({"kind": "dale_rnn", "n": 3, "rank": 3}, "rank must be between 1 and 2"),
    "unknown network": (
        {"kind": "real_network", "network": "../../etc/passwd"},
        "'../../etc/passwd': it must be one of c_elegans, ",
    ),
    "unknown spectrum": (
        {"kind": "nearly_low_rank_rnn", "n": 8, "rank": 3, "spectrum": "cliff"},
        "system.spectrum = 'cliff': it must be 'step', 'exponential' or 'power'",
    ),
    "resonance": (
        {"kind": "slow_manifold", "slow": -0.5, "fast": -1.0},
        "system: fast -1.0 with slow -0.5: fast may be neither slow nor twice slow",
    ),
    "growth": ({"kind": "slow_manifold", "slow": 0.5}, "system.slow = 0.5: it must be less than 0"),
    "at the bifurcation": ({"kind": "hopf", "growth": 0.0}, "system: growth 0.0: it may not be 0"),
    "two oscillators": ({"kind": "kuramoto", "oscillators": 2}, "system.oscillators = 2"),
    "too many pairs": ({"kind": "linear", "n": 4, "pairs": 3}, "system: n 4 with pairs 3"),
    "no rates": ({"kind": "ornstein_uhlenbeck", "rates": []}, "system.rates = []"),
    "negative rate": ({"kind": "ornstein_uhlenbeck", "rates": [-1.0]}, "system.rates.0 = -1.0"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_in_a_recipe_gets_a_sentence(mistake):
    system, sentence = MISTAKES[mistake]
    with pytest.raises(ConfigError) as caught:
        recipe(system)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_polar_states_need_planes():
    with pytest.raises(ConfigError, match="polar needs an even number of variables, not 3"):
        recipe({"kind": "linear", "n": 3}, {"kind": "polar"})
    with pytest.raises(ConfigError, match="low 2 may not be above high 1"):
        recipe({"kind": "hopf"}, {"kind": "polar", "low": 2.0})
