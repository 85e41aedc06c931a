"""Ensembles of low-rank networks: each has the rank, gain and structure that it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.systems import (
    block_rnn,
    dale_rnn,
    example,
    hopfield_rnn,
    mixture_rnn,
    overlap_rnn,
    sparse_rnn,
)
from koopmark.systems.low_rank.ensembles import independent

MAKERS = {
    "overlap": overlap_rnn,
    "mixture": mixture_rnn,
    "hopfield": hopfield_rnn,
    "block": block_rnn,
    "dale": dale_rnn,
    "sparse": sparse_rnn,
}


@pytest.mark.parametrize("name", MAKERS)
@given(st.integers(5, 30), st.integers(0, 20), st.floats(0.1, 20.0))
def test_rank_and_spectral_norm_are_those_asked_for(name, n, seed, gain):
    rank = 1 + seed % 3
    weights = MAKERS[name](n, rank, gain, seed).weights
    s = np.linalg.svd(weights.dense(), compute_uv=False)
    assert weights.size == n
    assert s[0] == pytest.approx(gain, rel=1e-10)
    assert np.sum(s > 1e-9 * s[0]) == weights.rank == rank


@pytest.mark.parametrize("name", MAKERS)
def test_a_network_follows_from_its_arguments_and_its_seed(name):
    first, again, other = (MAKERS[name](20, 2, 1.5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.weights.dense(), again.weights.dense())
    assert np.abs(first.weights.dense() - other.weights.dense()).max() > 1e-3


@pytest.mark.parametrize("name", MAKERS)
def test_gain_scales_the_weights_and_changes_nothing_else(name):
    weak, strong = (MAKERS[name](20, 2, gain, 3).weights.dense() for gain in (1.0, 3.0))
    np.testing.assert_allclose(strong, 3.0 * weak, rtol=1e-12)


def test_overlap_is_the_correlation_of_the_vectors():
    weights = overlap_rnn(200_000, 1, 1.0, overlap=0.6).weights
    correlation = np.corrcoef(weights.left[:, 0], weights.right[:, 0])[0, 1]
    assert correlation == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize("angle", [0.0, 35.0, 90.0, 150.0])
def test_turned_overlaps_turn_the_eigenvalues_of_the_weights(angle):
    weights = overlap_rnn(100_000, 2, 1.0, overlap=0.9, angle=angle).weights
    eigenvalues = np.linalg.eigvals(weights.right.T @ weights.left)
    expected = np.deg2rad(np.array([-angle, angle]))
    np.testing.assert_allclose(np.sort(np.angle(eigenvalues)), expected, atol=0.03)


def test_input_overlaps_with_the_first_right_vector():
    system = overlap_rnn(200_000, 2, 1.0, input_scale=0.5, input_overlap=0.7)
    theta = system.zeta.theta
    assert theta.std() == pytest.approx(0.5, rel=0.01)
    along = np.corrcoef(theta, system.weights.right.T)[0, 1:]
    np.testing.assert_allclose(along, [0.7, 0.0], atol=0.01)


def test_populations_differ_in_how_their_loadings_are_correlated():
    n = 300_000
    weights = mixture_rnn(n, 2, 1.0, populations=3, overlap=0.8).weights
    covariances = []
    for population in range(3):
        left, right = (factor[population::3] for factor in (weights.left, weights.right))
        towards = right.T @ left / np.sqrt(np.mean(left**2) * np.mean(right**2)) / len(left)
        # 0.8 times an orthogonal matrix of its own.
        np.testing.assert_allclose(towards @ towards.T, 0.64 * np.eye(2), atol=0.02)
        covariances.append(towards)
    assert np.abs(covariances[0] - covariances[1]).max() > 0.1
    assert np.abs(covariances[1] - covariances[2]).max() > 0.1


def test_hopfield_weights_are_symmetric_with_the_patterns_as_their_range():
    weights = hopfield_rnn(30, 3, 2.0).weights
    dense = weights.dense()
    np.testing.assert_allclose(dense, dense.T, atol=1e-14)
    assert set(np.unique(weights.right)) == {-1.0, 1.0}
    np.testing.assert_allclose(dense / dense[0, 0], weights.right @ weights.right.T / 3, atol=1e-12)


def test_a_whole_sequence_sends_each_pattern_to_its_successor():
    weights = hopfield_rnn(40, 4, 1.0, sequence=1.0).weights
    ratio = weights.left / np.roll(weights.right, -1, axis=1)
    np.testing.assert_allclose(ratio / ratio[0, 0], np.tile([1, 1, 1, -1], (40, 1)), rtol=1e-12)


def test_a_single_pattern_is_a_fixed_point_of_a_strong_network():
    system = hopfield_rnn(12, 1, 2.0)
    # x = a ξ solves a = 2 tanh(a) for one pattern: W ξ = gain ξ.
    a = 2.0
    for _ in range(200):
        a = 2.0 * np.tanh(a)
    pattern = system.weights.right[:, 0]
    np.testing.assert_allclose(system.rhs(a * pattern), 0.0, atol=1e-12)


def test_blocks_have_the_expected_weights_up_to_propensities():
    weights = block_rnn(12, 3, 1.0, between=0.25, spread=0.0).weights.dense()
    group = np.arange(12) % 3
    same = group[:, None] == group[None]
    np.testing.assert_allclose(weights[~same] / weights[0, 0], 0.25, rtol=1e-12)
    np.testing.assert_allclose(weights[same] / weights[0, 0], 1.0, rtol=1e-12)


@given(st.integers(5, 30), st.integers(0, 10), st.floats(0.01, 0.99))
def test_every_column_of_dale_weights_has_one_sign(n, seed, excitatory):
    weights = dale_rnn(n, 3, 1.5, seed, excitatory=excitatory).weights.dense()
    signs = np.sign(weights)
    assert (signs == signs[0]).all()
    assert set(signs[0]) == {-1.0, 1.0}
    assert (np.diff(signs[0]) <= 0).all()


def test_excitation_and_inhibition_balance_on_average():
    weights = dale_rnn(20_000, 2, 1.0).weights
    total, gross = weights.right.sum(axis=0), np.abs(weights.right).sum(axis=0)
    assert np.abs(total / gross).max() < 0.02


def test_units_that_receive_nothing_decay_by_themselves():
    system = sparse_rnn(20, 2, 1.5, density=0.2)
    alone = np.flatnonzero(~system.weights.left.any(axis=1))
    assert len(alone) >= 12
    assert (np.count_nonzero(system.weights.left, axis=0) == 4).all()
    x = np.random.default_rng(0).standard_normal((5, 20))
    np.testing.assert_array_equal(system.rhs(x)[:, alone], -x[:, alone])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: overlap_rnn(5, 3, angle=60.0), "rank 3 with angle 60: turning pairs"),
        (lambda: overlap_rnn(5, 2, overlap=1.5), "overlap 1.5: it must be between -1 and 1"),
        (lambda: overlap_rnn(5, 2, input_scale=-1.0), "input_scale -1.0"),
        (lambda: mixture_rnn(5, 2, populations=6), "populations 6 with n 5"),
        (lambda: mixture_rnn(5, 5), "rank 5 with n 5"),
        (lambda: hopfield_rnn(8, 3, sequence=0.5), "patterns and successors cancel"),
        (lambda: hopfield_rnn(8, 2, sequence=1.5), "sequence 1.5"),
        (lambda: hopfield_rnn(3, 2, gain=-1.0), "gain -1.0"),
        (lambda: block_rnn(8, 3, between=-0.5), "between -0.5 with rank 3"),
        (lambda: block_rnn(8, 3, between=1.0), "between 1.0"),
        (lambda: block_rnn(8, 3, spread=-1.0), "spread -1.0"),
        (lambda: dale_rnn(8, 3, excitatory=1.2), "excitatory 1.2"),
        (lambda: dale_rnn(8, 3, theta_scale=-0.1), "theta_scale -0.1"),
        (lambda: sparse_rnn(8, 3, density=0.0), "density 0.0"),
        (lambda: overlap_rnn(5, 2, activation="step"), "unknown activation"),
    ],
)
def test_impossible_parameters_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_columns_that_come_out_dependent_are_drawn_again():
    # One entry in each of three columns of four units: independent in 3 of 8 draws.
    assert all(sparse_rnn(4, 3, seed=seed, density=0.01).weights.rank == 3 for seed in range(20))


def test_dependent_columns_are_refused_after_a_hundred_draws():
    with pytest.raises(ValueError, match="3 sparse columns of 30 units came out linearly"):
        independent(lambda: np.ones((30, 3)), "sparse columns")


@pytest.mark.parametrize("name", ["overlap", "mixture", "hopfield", "block", "dale", "sparse"])
def test_examples_are_small_enough_for_the_tests_that_walk_the_catalogue(name):
    assert example(name).size <= 12
