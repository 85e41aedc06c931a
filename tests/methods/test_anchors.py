"""The anchors: the answer key scores like an answer key, a guess like a guess."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark import datasets, methods, score, systems
from koopmark.datasets import AnswerKey
from koopmark.methods import Skip

ANCHORS = ["anchor.exact", "anchor.random"]


@pytest.mark.parametrize("name", ANCHORS)
def test_an_anchor_says_what_it_misses_in_a_key_without_targets(name, three):
    with pytest.raises(ValueError, match="this answer key has none"):
        methods.fit(name, three, AnswerKey((), 3))


def test_a_method_says_by_its_class_how_it_takes_part_in_comparisons():
    roles = {name: methods.get(name).tags.role for name in methods.names()}
    assert {name for name, role in roles.items() if role == "anchor"} == set(ANCHORS)
    assert {name for name, role in roles.items() if role == "informed"} == {
        "koopmark.generator_edmd"
    }


def test_exact_has_the_targets_as_its_eigenpairs(simulated):
    data = simulated(systems.random_rnn(10, 2, seed=0), 40)
    model = methods.fit("anchor.exact", data, AnswerKey.of(data.system, 2))
    np.testing.assert_array_equal(model.eigenvalues, [-1] * 8 + [-2] * 36)
    table = score(model, data.system, simulated(data.system, 40, seed=1), max_degree=2)
    assert table["eigenvalue_error"].max() == 0.0
    assert table["eigenfunction_error"].max() < 1e-9


def test_exact_predicts_by_simulation(three):
    times = three.times[11:41] - three.times[10]
    predicted = methods.fit("anchor.exact", three).predict(three.rolling(1)[:20, 10], times)
    np.testing.assert_allclose(predicted, three.states[:20, 11:41], atol=1e-8)
    backwards = methods.fit("anchor.exact", three).predict(three.rolling(1)[:20, 10], times[::-1])
    np.testing.assert_array_equal(backwards, predicted[:, ::-1])


def test_exact_predicts_nothing_if_the_key_cannot_continue_a_state(three):
    key = replace(AnswerKey.of(three.system), continuation=None)
    model = methods.fit("anchor.exact", three, key)
    assert model.predict(three.rolling(1)[:, 0], three.times[1:4]) is None


@pytest.mark.parametrize("seed", range(10))
def test_random_eigenfunctions_are_far_from_every_target(simulated, seed):
    system = systems.random_rnn(10, 2, seed=0)
    train = simulated(system, 40)
    test = simulated(system, 40, seed=1)
    assert test.states.shape[0] * test.states.shape[1] <= 2100
    model = methods.fit("anchor.random", train, AnswerKey.of(system, 2), seed=seed)
    table = score(model, system, test, max_degree=2)
    assert table["target_dimension"].tolist() == [8, 36]
    assert table["eigenfunction_error"].min() > 0.5
    assert table["eigenvalue_error"].min() > 0.01


def test_random_eigenfunctions_do_not_obey_their_eigenvalues(three):
    model = methods.fit("anchor.random", three)
    x, y = (model.eigenfunctions(part[:, None]) for part in three.pairs())
    residual = np.linalg.norm(y - x * np.exp(model.eigenvalues * three.dt), axis=0)
    assert (residual / np.linalg.norm(x, axis=0)).min() > 0.5


def test_random_functions_differ_even_between_states_near_a_fixed_point(simulated):
    # Where trajectories have converged, a smooth function would look constant.
    system = systems.random_rnn(5, 2, gain=0.5)
    data = simulated(system, 10, horizon=8.0)
    last = data.states[:, -1]
    assert abs(last).max() < 1e-1
    values = methods.fit("anchor.random", data).eigenfunctions(last[:, None])
    assert np.std(values.real, axis=0).min() > 0.3


def test_random_has_as_many_pairs_as_the_targets_have_dimensions_up_to_its_limit(simulated):
    data = simulated(systems.random_rnn(10, 2, seed=0), 4)
    key = AnswerKey.of(data.system, 2)
    counts = [
        len(methods.fit("anchor.random", data, key, limit=limit).eigenvalues) for limit in (20, 256)
    ]
    assert counts == [20, 44]


def test_random_depends_on_its_seed(three):
    first, second = (methods.fit("anchor.random", three, seed=seed) for seed in (1, 2))
    assert (first.eigenvalues != second.eigenvalues).all()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rnn_10_2_inputs", {}),
        ("rnn_10_2_inputs", {"sensors": 6}),
        ("rnn_10_2_sensors", {}),
        ("leaky_rnn_10_2", {"alpha": 0.3}),
        ("leaky_rnn_10_2", {"alpha": 1.0, "channels": 1}),
        ("leaky_rnn_10_2", {"alpha": 1.3, "channels": 2}),
    ],
)
def test_exact_moves_its_functions_as_the_system_does(name, options):
    small = {"trajectories": 6, "test_trajectories": 6, "horizon": 1.0, **options}
    if name.startswith("leaky"):
        small["horizon"] = 10.0
    data = datasets.load(name, **small)
    model, test = methods.fit("anchor.exact", data.train, data.key), data.test
    states, ahead = test.pairs()
    moved = model.eigenfunctions(states) * model.multipliers
    if data.key.inputs:
        forced = model.forced(states[:, None], test.held())
        linear = [target.degree == 1 for target in model.targets for _ in range(target.dimension)]
        expected = (test.held() @ model.gains.T)[:, linear]
        np.testing.assert_allclose(forced[:, linear], expected, atol=1e-12)
        assert not model.forced(states[:, None], 0.0 * test.held()).any()
        moved = moved + forced
    np.testing.assert_allclose(model.eigenfunctions(ahead), moved, atol=1e-9 * abs(moved).max())


def test_exact_follows_inputs_that_it_has_never_seen():
    small = {"trajectories": 4, "test_trajectories": 4, "horizon": 1.0}
    data = datasets.load("rnn_10_2_inputs", **small)
    model, test = methods.fit("anchor.exact", data.train, data.key), data.test
    ahead = model.predict(test.states[:, :1], test.times[1:], test.inputs[:, :-1])
    np.testing.assert_allclose(ahead, test.states[:, 1:], atol=1e-8)


def test_exact_says_that_a_hidden_target_is_shown_to_no_fit():
    small = {"trajectories": 4, "test_trajectories": 4, "horizon": 1.0}
    data = datasets.load("rnn_10_2_sensors", sensors=2, **small)
    with pytest.raises(Skip, match="fits do not see the rest of the state"):
        methods.fit("anchor.exact", data.train, data.key)


def test_exact_has_no_function_twice_if_a_target_is_a_part_of_another():
    small = {"trajectories": 4, "test_trajectories": 4, "horizon": 1.0}
    data = datasets.load("rnn_10_2_inputs", **small)
    model = methods.fit("anchor.exact", data.train, data.key)
    assert [target.dimension for target in model.targets] == [8, 36]
    states = np.random.default_rng(0).standard_normal((200, 10))
    assert np.linalg.matrix_rank(model.eigenfunctions(states)) == 44


def test_random_guesses_multipliers_of_a_map_and_gains(three):
    small = {"trajectories": 4, "test_trajectories": 4, "horizon": 5.0, "channels": 2}
    data = datasets.load("leaky_rnn_10_2", alpha=1.0, **small)
    model = methods.fit("anchor.random", data.train, data.key)
    assert abs(model.multipliers).max() <= 1.0
    assert np.unique(model.multipliers).size == model.multipliers.size
    assert model.gains.shape == (len(model.multipliers), 2)
    assert methods.fit("anchor.random", three).multipliers is None
