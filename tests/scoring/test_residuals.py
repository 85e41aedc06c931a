"""Residuals of targets: nothing where they are exact, below the bound where they nearly are."""

import numpy as np
import pytest

import koopmark
from koopmark.datasets import AnswerKey
from koopmark.methods.anchors import ExactModel
from koopmark.methods.own.generator_edmd import GeneratorEDMD
from koopmark.scoring import evaluate
from koopmark.scoring._residuals import Along, expected_pairs, target_residual
from koopmark.scoring._test_set import TestSet
from koopmark.simulation import Trajectories, sample_paths, simulate
from koopmark.systems import nearly_low_rank_rnn, ornstein_uhlenbeck, random_rnn

TIMES = np.linspace(0.0, 3.0, 31)
PROCESS = ornstein_uhlenbeck([0.5, 1.3])


def simulated(system, count=40):
    start = np.random.default_rng(0).normal(0.0, 1.5, size=(count, system.size))
    return Trajectories(simulate(system, start, TIMES, rtol=1e-11).states, TIMES)


def paths(count=40):
    rng = np.random.default_rng(0)
    states = sample_paths(PROCESS, rng.normal(size=(count, 2)), TIMES, rng).states
    return Trajectories(states, TIMES)


def scores_of_the_answer_key(system, degree, test):
    key = AnswerKey.of(system, degree)
    return evaluate(ExactModel(key, key.targets, test.dt), key, test)


def test_exact_targets_have_a_residual_of_rounding_and_no_bound():
    system = random_rnn(8, 2)
    scores = scores_of_the_answer_key(system, 2, simulated(system))
    for target in scores.targets:
        assert target.target_residual < 1e-10
        assert target.residual_bound == 0.0


@pytest.mark.parametrize("epsilon", [1e-6, 1e-3, 0.1])
def test_nearly_exact_targets_have_a_residual_below_their_bound(epsilon):
    system = nearly_low_rank_rnn(8, 2, epsilon=epsilon)
    scores = scores_of_the_answer_key(system, 1, simulated(system))
    (target,) = scores.targets
    assert target.target == "≈-1 (x6)"
    assert 0.05 * target.residual_bound < target.target_residual < target.residual_bound
    # The bound is proportional to epsilon: (1 - e^{-Δt}) gain ε ‖v‖₁ / rms φ.
    assert target.residual_bound == pytest.approx(epsilon, rel=0.9)
    worst = max(pair.residual for pair in scores.eigenpairs)
    assert worst == pytest.approx(target.target_residual, rel=1e-9, abs=1e-14)


def test_without_a_weak_part_the_label_says_exact():
    system = nearly_low_rank_rnn(8, 2, epsilon=0.0)
    (target,) = scores_of_the_answer_key(system, 1, simulated(system)).targets
    assert target.target == "-1 (x6)"
    assert target.residual_bound == 0.0
    assert target.target_residual < 1e-9


def test_the_answer_key_of_a_stochastic_system_has_no_residual_in_expectation():
    test, targets = paths(), PROCESS.eigenspaces(3)
    scores = scores_of_the_answer_key(PROCESS, 3, test)
    assert all(pair.residual < 1e-10 for pair in scores.eigenpairs)
    assert all(target.target_residual < 1e-10 for target in scores.targets)
    assert scores.fit.verified == scores.fit.recovered
    assert scores.fit.forecast_error < 1e-12
    assert "the system being stochastic" in scores.fit.notes
    # On paths themselves the same functions scatter.
    alone = AnswerKey(targets, 2)
    noisy = evaluate(ExactModel(alone, alone.targets, test.dt), alone, test)
    assert all(pair.residual > 0.1 for pair in noisy.eigenpairs)


def test_a_wrong_eigenvalue_has_a_residual_in_expectation():
    (first, *_) = PROCESS.eigenspaces(1)
    pairs = expected_pairs(
        lambda windows: first.evaluate(windows[:, -1]), PROCESS.quadrature, paths()
    )
    found = Along(pairs, paths().dt).residuals(np.array([first.eigenvalue - 0.2]))
    expected = np.exp(-0.05) - np.exp(-0.07)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_functions_of_a_window_see_the_states_before_the_next_one():
    # φ = x₁ of the state before the last moves on without noise: E φ⁺ is the last x₁.
    test = paths(5)
    pairs = expected_pairs(lambda windows: windows[:, -2, :1], PROCESS.quadrature, test, window=2)
    found = Along(pairs, test.dt).residuals(np.array([0.0 + 0.0j]))
    assert found.shape == (1,)
    whole = test.rolling(2).reshape(-1, 2, 2)
    scale = np.linalg.norm(whole[:, 1, 0] - whole[:, 0, 0]) / np.linalg.norm(whole[:, 0, 0])
    assert found[0] == pytest.approx(scale, rel=1e-9)


def test_generator_edmd_does_not_apply_to_a_process():
    data = koopmark.simulation.sample_paths(
        PROCESS, np.ones((5, 2)), TIMES, np.random.default_rng(0)
    )
    with pytest.raises(ValueError, match="diffusion term"):
        GeneratorEDMD().fit(data, AnswerKey.of(PROCESS))


def test_target_residual_takes_the_largest_of_the_functions():
    system = nearly_low_rank_rnn(6, 2, spectrum="exponential")
    (space,) = system.targets()
    test = simulated(system)
    whole = target_residual(space, None, TestSet(test, 1))
    each = [
        target_residual(space.sample(1, np.random.default_rng(seed)), None, TestSet(test, 1))
        for seed in range(30)
    ]
    assert max(own for own, _ in each) == pytest.approx(whole[0], rel=1e-12)
    assert max(bound for _, bound in each) == pytest.approx(whole[1], rel=1e-12)
