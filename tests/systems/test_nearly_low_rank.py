"""Nearly low rank: no function is claimed to be exact, and the bound holds for every one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from koopmark.systems.effective_rank import effective_ranks
from koopmark.systems.nearly_low_rank import NearlyLowRank, decaying, nearly_low_rank_rnn

TIMES = np.linspace(0.0, 4.0, 41)
CASES = {
    "step": {"epsilon": 0.05},
    "step, offsets": {"epsilon": 0.05, "theta_scale": 0.5},
    "exponential": {"spectrum": "exponential", "decay": 0.7},
    "power": {"spectrum": "power", "decay": 1.5},
    "logistic": {"epsilon": 0.02, "activation": "logistic"},
}


def integrated(system, count=6):
    """(M, T, N) by an integrator of another project."""
    x0 = np.random.default_rng(0).normal(0.0, 1.5, size=(count, system.size))
    solve = {"t_eval": TIMES, "method": "DOP853", "rtol": 1e-12, "atol": 1e-13}
    return np.array([solve_ivp(lambda _, x: system.rhs(x), (0.0, 4.0), x, **solve).y.T for x in x0])


@pytest.mark.parametrize("case", CASES)
def test_every_function_stays_within_its_bound_along_the_flow(case):
    system = nearly_low_rank_rnn(8, 2, 1.5, seed=1, **CASES[case])
    along = integrated(system)
    phi = system.zeta(along) @ system.left
    deviation = np.abs(phi - np.exp(-TIMES)[:, None] * phi[:, :1])
    bound = -np.expm1(-TIMES)[:, None] * system.generator_bounds
    assert (deviation <= bound + 1e-10).all()
    # Along a trajectory, what the weights really do there is a tighter bound, for every k too.
    worst = np.maximum.accumulate(np.abs(system.defect(along)), axis=1)
    tight = -np.expm1(-TIMES)[:, None] * worst
    assert (deviation <= 1.02 * tight + 1e-10).all()
    assert (tight <= bound + 1e-12).all()
    # And none is exact: the bound is not idle.
    assert (deviation[:, -1].max(axis=0) > 1e-3 * bound[-1]).all()


@pytest.mark.parametrize("case", CASES)
def test_the_generator_misses_by_the_defect(case):
    system = nearly_low_rank_rnn(8, 2, 1.5, seed=1, **CASES[case])
    x = np.random.default_rng(0).normal(size=(30, 8))
    phi = system.zeta(x) @ system.left
    np.testing.assert_allclose(system.rhs(x) @ system.left, -phi + system.defect(x), atol=1e-13)


@given(st.floats(0.0, 1.0), st.integers(0, 10))
def test_the_bound_holds_at_every_state(epsilon, seed):
    system = nearly_low_rank_rnn(6, 2, 2.0, seed, epsilon=epsilon)
    x = np.random.default_rng(seed).normal(0.0, 10.0, size=(50, 6))
    assert (np.abs(system.defect(x)) <= system.generator_bounds + 1e-14).all()
    # The bound is reached as σ(x) → ±sign(v).
    far = 1e3 * np.sign(system.right.T)
    reached = np.diag(system.defect(far))
    np.testing.assert_allclose(reached, system.generator_bounds, rtol=1e-12)


def test_no_eigenspace_is_claimed_to_be_exact():
    system = nearly_low_rank_rnn(8, 2)
    assert system.eigenspaces(3) == ()
    (space,) = system.targets()
    assert space.dimension == 6
    assert (space.generator_bounds > 0).all()
    np.testing.assert_array_equal(space.generator_bounds, system.generator_bounds[2:])


def test_without_the_weak_part_the_functions_are_exact():
    (space,) = nearly_low_rank_rnn(8, 2, epsilon=0.0).targets()
    np.testing.assert_array_equal(space.generator_bounds, 0.0)


def test_sampled_directions_keep_their_bounds():
    (space,) = nearly_low_rank_rnn(8, 2, spectrum="power").targets()
    some = space.sample(3, np.random.default_rng(0))
    assert some.dimension == 3
    for vector, bound in zip(some.vectors.T, some.generator_bounds, strict=True):
        (k,) = np.flatnonzero((vector == space.vectors.T).all(axis=1))
        assert space.generator_bounds[k] == bound
    assert space.sample(6, np.random.default_rng(0)) is space


def test_the_spectrum_does_not_change_the_singular_vectors():
    weak, strong = (nearly_low_rank_rnn(8, 2, epsilon=epsilon) for epsilon in (0.0, 0.1))
    np.testing.assert_array_equal(weak.left, strong.left)
    s = np.linalg.svd(strong.dense, compute_uv=False)
    np.testing.assert_allclose(s, 1.5 * np.array([1, 1, *[0.1] * 6]), rtol=1e-12)


def test_unbounded_activations_have_no_bound():
    system = nearly_low_rank_rnn(5, 2, activation="relu")
    assert np.isinf(system.generator_bounds).all()
    exact = nearly_low_rank_rnn(5, 2, epsilon=0.0, activation="relu").generator_bounds
    np.testing.assert_array_equal(exact[2:], 0.0)


@pytest.mark.parametrize("k", [1, 3, 7])
def test_effective_ranks_are_the_rank_where_all_singular_values_are_equal(k):
    ranks = effective_ranks([2.0] * k + [0.0] * 3)
    for name in ("stable", "nuclear", "participation", "entropy"):
        assert ranks[name] == pytest.approx(k)
    assert ranks["energy"] == k


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20))
def test_effective_ranks_lie_between_one_and_the_rank(values):
    for name, rank in effective_ranks(values).items():
        assert 1 - 1e-9 <= rank <= len(values) + 1e-9, name


def test_effective_ranks_written_out():
    ranks = effective_ranks([2.0, 1.0, 1.0])
    assert ranks["stable"] == pytest.approx(6 / 4)
    assert ranks["nuclear"] == pytest.approx(2.0)
    assert ranks["participation"] == pytest.approx(36 / 18)
    assert ranks["entropy"] == pytest.approx(2.0**0.5 * 4.0**0.5)
    assert ranks["energy"] == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: decaying(4, 4), "rank 4 with n 4"),
        (lambda: decaying(4, 2, epsilon=2.0), "epsilon 2.0"),
        (lambda: decaying(4, 2, decay=0.0), "decay 0.0"),
        (lambda: decaying(4, 2, "cliff"), "unknown spectrum 'cliff'"),
        (lambda: nearly_low_rank_rnn(4, 2, -1.0), "gain -1.0"),
        (lambda: nearly_low_rank_rnn(4, 2, theta_scale=-1.0), "theta_scale -1.0"),
        (lambda: effective_ranks([]), "singular values"),
        (lambda: effective_ranks([0.0]), "one of them positive"),
    ],
)
def test_impossible_parameters_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_factors_that_are_not_orthogonal_are_refused():
    good = nearly_low_rank_rnn(4, 2)
    with pytest.raises(ValueError, match="left must be an orthogonal"):
        NearlyLowRank(2 * good.left, good.singular_values, good.right, 2, good.zeta, good.coupling)
    with pytest.raises(ValueError, match="must not increase"):
        NearlyLowRank(
            good.left, good.singular_values[::-1], good.right, 2, good.zeta, good.coupling
        )
