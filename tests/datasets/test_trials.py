"""Recipes with [trials]: what is missing obeys its law, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from koopmark import datasets
from koopmark._config import parse
from koopmark._errors import ConfigError
from koopmark._keys import digest
from koopmark.datasets.dataset import _clean_key
from koopmark.datasets.trials_section import TrialsSection

KEY = {"seed": 0}
BEFORE = {
    "three_populations": ("145ba425f0015992", "55b997d144228b5dcffb349600f26934"),
    "rnn_10_2": ("51a047b17bb4e2ae", "0bc38538fd4c2267b002985923060ea4"),
    "rnn_6_2_stable": ("953dd7b7e9d5ce58", "712314597af5b4787a20ba46a151a92b"),
    "linear_fast": ("c5026015fffdb301", "6d2fc4b228286951a1ac653dbb3b0395"),
    "ornstein_uhlenbeck": ("fa2b19c67d9c23d7", "b2bcc90acbe86483448f6204d5c0b9de"),
    "karate_club": ("ec45e7b18d1361ef", "d661a1a35b2b5d940eeddf25554c6275"),
}
"""Digests of what the numbers of recipes depend on, from before there were trials: of all numbers,
and of the clean trajectories of seed 0."""


def trials(**keys):
    return parse(keys, TrialsSection, "here")


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    folder, few = tmp_path_factory.mktemp("cache"), {"trajectories": 20, "test_trajectories": 3}
    return lambda name="rnn_5_2", seed=0, **changes: datasets.load(
        name, seed, cache_dir=folder, **few | {"max_degree": 1} | changes
    )


@pytest.mark.parametrize("name", BEFORE)
def test_recipes_without_trials_keep_their_keys(name):
    recipe = datasets.load_recipe(name)
    found = digest(recipe.depends_on()), digest(_clean_key(recipe, 0), 32)
    assert found == BEFORE[name]


@given(st.floats(0.0, 0.8), st.floats(5.0, 20.0), st.floats(0.1, 1.0), st.integers(0, 2**31))
@settings(max_examples=12, deadline=None)
def test_the_share_of_states_in_gaps_is_the_one_asked_for(gaps, gap, shortest, seed):
    section, key = trials(gaps=gaps, gap=gap, shortest=shortest), {"seed": seed}
    lengths = trials(shortest=shortest).recorded((40, 51, 1), key).sum()
    kept = section.recorded((40, 51, 1), key).sum()
    assert abs((1.0 - kept / lengths) - gaps) <= 0.5 / lengths + 1e-12


@pytest.mark.parametrize(("gaps", "gap"), [(0.05, 5.0), (0.3, 2.0), (0.5, 10.0)])
def test_lengths_of_gaps_have_the_mean_asked_for_and_are_geometric(gaps, gap):
    """Those that the ends of trials cut off are left out: one in a hundred at most."""
    missing = ~trials(gaps=gaps, gap=gap).recorded((1000, 1000, 1), KEY)[..., 0]
    steps = np.diff(np.pad(missing, ((0, 0), (1, 1))).astype(int), axis=1)
    begins, ends = (np.nonzero(steps == step)[1] for step in (1, -1))
    lengths = (ends - begins)[(begins > 0) & (ends < 1000)]
    assert lengths.mean() == pytest.approx(gap, rel=0.03)
    assert np.mean(lengths == 1) == pytest.approx(1.0 / gap, abs=0.01)
    assert lengths.std() == pytest.approx(np.sqrt(gap * (gap - 1.0)), rel=0.05)


@given(st.floats(0.0, 0.8), st.floats(0.0, 0.8), st.integers(0, 2**31))
@settings(max_examples=12, deadline=None)
def test_more_gaps_of_one_seed_contain_the_fewer(one, other, seed):
    few, many = sorted((one, other))
    kept = [trials(gaps=gaps).recorded((8, 60, 2), {"seed": seed}) for gaps in (few, many)]
    assert not (kept[1] & ~kept[0]).any()


@given(st.floats(0.0, 0.9), st.floats(0.0, 0.8), st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_single_values_are_missing_beside_gaps_in_the_share_asked_for(missing, gaps, seed):
    key, shape = {"seed": seed}, (10, 40, 3)
    within = trials(gaps=gaps).recorded(shape, key)
    kept = trials(gaps=gaps, missing=missing).recorded(shape, key)
    assert not (kept & ~within).any()
    assert abs(kept.sum() - (1.0 - missing) * within.sum()) <= 0.5


@pytest.mark.parametrize("shortest", [0.01, 0.4, 0.9])
def test_lengths_are_uniform_from_the_shortest_to_the_horizon(shortest):
    kept = trials(shortest=shortest).recorded((10_000, 51, 1), KEY)[..., 0]
    last = kept.sum(axis=1) - 1
    assert (kept == (np.arange(51) <= last[:, None])).all()
    lowest = max(1, int(np.ceil(shortest * 50)))
    counts = np.bincount(last, minlength=51)[lowest:]
    assert counts.sum() == len(last)
    expected = len(last) / len(counts)
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


@given(st.floats(1e-6, 0.4999), st.integers(1, 40), st.integers(0, 2**31))
@settings(max_examples=12, deadline=None)
def test_uneven_times_increase_from_zero_and_stay_inside_the_horizon(jitter, steps, seed):
    grid = np.linspace(0.0, 3.0, steps + 1)
    times = trials(jitter=jitter).times(grid, 7, {"seed": seed})
    assert (times[:, 0] == 0.0).all()
    assert (np.diff(times, axis=1) > 0.0).all()
    assert times.max() <= 3.0
    assert np.abs(times - grid).max() <= jitter * grid[1] * (1 + 1e-9)


def test_jitter_is_uniform_within_its_share_of_a_step():
    grid = np.linspace(0.0, 5.0, 51)
    times = trials(jitter=0.3).times(grid, 2000, KEY)
    shift = ((times - grid) / 0.1)[:, 1:-1].ravel()
    assert np.abs(shift).max() <= 0.3 + 1e-9
    assert shift.mean() == pytest.approx(0.0, abs=5e-3)
    assert shift.std() == pytest.approx(0.3 / np.sqrt(3.0), rel=0.01)


@pytest.mark.parametrize("name", ["rnn_5_2", "prescribed_quadratic", "slow_manifold"])
def test_states_at_uneven_times_are_those_of_an_independent_integration(load, name):
    made = load(name, jitter=0.3, trajectories=2)
    states, times = made.train.states[1], made.train.times[1]
    exact = solve_ivp(
        lambda _, x: made.system.rhs(x),
        (0, times[-1]),
        states[0],
        "DOP853",
        times,
        rtol=1e-12,
        atol=1e-14,
    )
    assert np.abs(states - exact.y.T).max() < 1e-9 * np.abs(states).max()


def test_trials_leave_test_and_fresh_trajectories_as_they_are(load):
    plain = load()
    made = load(shortest=0.3, gaps=0.3, missing=0.05, jitter=0.2, noise=0.1)
    assert made.test.regular
    np.testing.assert_array_equal(made.test.states, plain.test.states)
    np.testing.assert_array_equal(made.fresh.block(0).states, plain.fresh.block(0).states)


def test_gaps_lie_over_the_same_states_with_the_same_noise(load):
    full, gappy = load(noise=0.1), load(noise=0.1, gaps=0.4, shortest=0.5)
    kept = np.isfinite(gappy.train.states)
    assert 0.2 < kept.mean() < 0.6
    np.testing.assert_array_equal(gappy.train.states[kept], full.train.states[kept])
    np.testing.assert_array_equal(gappy.clean.states[kept], full.clean.states[kept])
    assert np.isnan(gappy.clean.states[~kept]).all()
    assert gappy.noise == full.noise
    assert not gappy.train.diverged.any()


def test_uneven_times_start_from_the_states_of_the_even_ones(load):
    np.testing.assert_array_equal(load(jitter=0.3).train.states[:, 0], load().train.states[:, 0])


def test_levels_of_gaps_and_lengths_share_one_simulation(load, monkeypatch):
    load(), load(jitter=0.2)
    monkeypatch.setattr("koopmark.datasets.dataset.simulate", None)
    for changes in (
        {"gaps": 0.1},
        {"gaps": 0.5, "noise": 0.1},
        {"shortest": 0.3},
        {"missing": 0.1},
    ):
        assert not load(**changes).train.full
        assert not load(jitter=0.2, **changes).train.full


def test_uneven_times_have_a_place_of_their_own_in_the_cache(load):
    even, uneven = load().train, load(jitter=0.2).train
    assert np.abs(even.states[:, 1:] - uneven.states[:, 1:]).min(axis=(0, 1)).max() > 0.0
    np.testing.assert_array_equal(load().train.states, even.states)


def test_a_process_is_sampled_at_uneven_times(load):
    made = load("ornstein_uhlenbeck", jitter=0.3, gaps=0.2, shortest=0.5)
    assert made.train.times.shape == made.train.states.shape[:2]
    assert np.isfinite(made.train.states).any(axis=(0, 2)).all()


def test_seeds_have_gaps_and_lengths_of_their_own(load):
    first, second = (load(seed=seed, gaps=0.3, shortest=0.5).train for seed in (0, 1))
    assert (np.isnan(first.states) != np.isnan(second.states)).mean() > 0.1


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"gaps": 1.0}, "gaps = 1.0: it must be less than or equal to 0.9"),
        ({"gap": 0.5}, "gap = 0.5: it must be greater than or equal to 1"),
        ({"gaps": 0.5, "gap": 1.5}, "gap 1.5 with gaps 0.5: .* gaps are 2 steps long"),
        ({"shortest": 0.0}, "shortest = 0.0: it must be greater than 0"),
        ({"jitter": 0.5}, "jitter = 0.5: it must be less than 0.5"),
        ({"missing": -0.1}, "missing = -0.1: it must be greater than or equal to 0"),
        ({"holes": 0.1}, "unknown key 'holes'"),
    ],
)
def test_trials_that_cannot_be_are_refused_in_a_sentence(keys, said):
    with pytest.raises(ConfigError, match=said):
        trials(**keys)


def test_a_dataset_is_loaded_by_name_with_changes(tmp_path):
    plain = datasets.load_recipe("rnn_5_2")
    made = datasets.load("rnn_5_2", 2, cache_dir=tmp_path, noise=0.1, n=np.int64(6), max_degree=1)
    changes = {"sampling.noise": 0.1, "system.n": 6, "max_degree": 1}
    wanted = datasets.build(datasets.varied(plain, changes, "other", "here"), 2, tmp_path)
    np.testing.assert_array_equal(made.train.states, wanted.train.states)
    assert made.recipe.depends_on() == wanted.recipe.depends_on()
    assert made.recipe.name == "rnn_5_2/noise=0.1,n=6,max_degree=1"


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("rnn_102", {}, "unknown dataset 'rnn_102': did you mean"),
        ("rnn_10_2", {"noize": 0.1}, "unknown key 'noize': did you mean 'noise'"),
        ("rnn_10_2", {"kind": "x"}, "'kind' is a key of several sections"),
        ("rnn_10_2", {"noise": "much"}, "sampling.noise = 'much': it must be a valid number"),
        ("rnn_10_2", {"sampling.nois": 0.1}, "unknown key 'sampling.nois': did you mean"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_a_sentence(name, changes, said):
    with pytest.raises(ConfigError, match=said):
        datasets.load(name, **changes)
