"""The triangular factor of snapshot pairs: what it stands for, and that its parts merge."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial, reduce
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark.methods import Monomials
from koopmark.methods.own import _factor
from koopmark.methods.own._factor import SnapshotFactor, factorise
from koopmark.methods.own.qr_edmd import eigenpairs

LIFT = Monomials(2).fitted(np.zeros((1, 3)))


def pairs_of(states):
    n = states.shape[2]
    return states[:, :-1].reshape(-1, n), states[:, 1:].reshape(-1, n)


def apart(first: SnapshotFactor, second: SnapshotFactor) -> float:
    """Largest difference of the two Gram matrices, for columns scaled to unit norm."""
    gram = [factor.triangle.T @ factor.triangle for factor in (first, second)]
    norms = np.sqrt(np.diag(gram[0]))
    return float(abs((gram[0] - gram[1]) / np.outer(norms, norms)).max())


@given(
    st.integers(1, 30), st.integers(2, 40), st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1.0])
)
@settings(max_examples=30, deadline=None)
def test_its_gram_matrix_is_that_of_all_pairs(count, length, seed, scale):
    states = scale * np.random.default_rng(seed).standard_normal((count, length, 3))
    factor = factorise(LIFT, states)
    x, y = pairs_of(states)
    block = np.hstack([LIFT(x), LIFT(y)])
    norms = np.linalg.norm(block, axis=0)
    difference = factor.triangle.T @ factor.triangle - block.T @ block
    assert abs(difference / np.outer(norms, norms)).max() < 1e-13
    assert factor.pairs == len(x)
    assert (np.tril(factor.triangle, -1) == 0).all()


@given(st.integers(1, 19), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_factors_of_two_parts_merge_into_the_factor_of_the_whole(cut, seed):
    states = np.random.default_rng(seed).standard_normal((20, 12, 3))
    merged = factorise(LIFT, states[:cut]).merge(factorise(LIFT, states[cut:]))
    whole = factorise(LIFT, states)
    assert apart(merged, whole) < 1e-13
    assert merged.pairs == whole.pairs


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_merging_is_associative_and_commutative_to_rounding(seed):
    parts = np.random.default_rng(seed).standard_normal((3, 5, 12, 3))
    a, b, c = (factorise(LIFT, part) for part in parts)
    assert apart(a.merge(b).merge(c), a.merge(b.merge(c))) < 1e-14
    assert apart(a.merge(b), b.merge(a)) < 1e-14


def test_merging_leaves_both_parts_as_they_were():
    states = np.random.default_rng(0).standard_normal((2, 5, 12, 3))
    first, second = (factorise(LIFT, part) for part in states)
    before = first.triangle.copy(), second.triangle.copy()
    first.merge(second)
    np.testing.assert_array_equal(first.triangle, before[0])
    np.testing.assert_array_equal(second.triangle, before[1])


def test_merged_parts_give_the_eigenpairs_of_the_whole(three, ordered):
    lift = Monomials(3).fitted(three.states.reshape(-1, 3))
    merged = factorise(lift, three.states[:37]).merge(factorise(lift, three.states[37:]))
    first, second = (
        ordered(eigenpairs(factor, 1e-10).discrete)
        for factor in (merged, factorise(lift, three.states))
    )
    np.testing.assert_allclose(first, second, atol=1e-11)


def test_trajectories_longer_than_a_block_are_cut_inside(monkeypatch):
    states = np.random.default_rng(0).standard_normal((3, 300, 3))
    whole = factorise(LIFT, states)
    monkeypatch.setattr("koopmark._tsqr.BLOCK_ROWS", 64)
    assert apart(factorise(LIFT, states), whole) < 1e-13


def test_factors_of_different_dictionaries_do_not_merge():
    states = np.random.default_rng(0).standard_normal((3, 5, 3))
    other = Monomials(1).fitted(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="factors of 10 and 4 functions do not merge"):
        factorise(LIFT, states).merge(factorise(other, states))


class Counted:
    """A dictionary that counts the states at which it is evaluated."""

    def __init__(self, observables):
        self.observables, self.size, self.states = observables, observables.size, 0

    def __call__(self, states, out=None):
        self.states += len(states)
        return self.observables(states, out)


@pytest.mark.parametrize("count", [10, 200])
def test_a_state_between_two_others_is_evaluated_once_in_a_pass(monkeypatch, count):
    """Of two passes, for Gram matrices, or one for QR after a look at the first pairs, all here."""
    monkeypatch.setattr("koopmark.methods.own._factor.FEWEST_FUNCTIONS", 1)
    states = np.random.default_rng(0).standard_normal((count, 12, 3))
    counted = Counted(LIFT)
    factorise(counted, states)
    assert counted.states == 2 * count * 12


@pytest.mark.parametrize("shape", [(1, 500, 3), (500, 2, 3), (7, 130, 3)])
def test_any_shape_of_ensemble_is_cut_into_blocks_of_whole_pairs(monkeypatch, shape):
    states = np.random.default_rng(0).standard_normal(shape)
    monkeypatch.setattr("koopmark._tsqr.BLOCK_ROWS", 64)
    x, y = pairs_of(states)
    values = np.hstack([LIFT(x), LIFT(y)])
    gram = values.T @ values
    triangle = factorise(LIFT, states).triangle
    np.testing.assert_allclose(triangle.T @ triangle, gram, atol=1e-12 * abs(gram).max())


@pytest.mark.slow
def test_factors_made_in_other_processes_merge_into_the_factor_of_the_whole():
    parts = [np.random.default_rng(part).standard_normal((5, 12, 3)) for part in range(3)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        merged = reduce(SnapshotFactor.merge, pool.map(partial(factorise, LIFT), parts))
    assert apart(merged, factorise(LIFT, np.concatenate(parts))) < 1e-14


def test_what_is_loaded_is_what_was_saved(tmp_path):
    factor = factorise(LIFT, np.random.default_rng(0).standard_normal((5, 12, 3)))
    factor.save(tmp_path / "part.factor")
    loaded = SnapshotFactor.load(tmp_path / "part.factor")
    np.testing.assert_array_equal(loaded.triangle, factor.triangle)
    assert loaded.pairs == factor.pairs


@pytest.mark.parametrize("pickled", [False, True])
def test_other_files_are_refused(tmp_path, pickled):
    if pickled:
        np.savez(tmp_path / "other.npz", triangle=np.array([{}], dtype=object), pairs=1)
    else:
        np.savez(tmp_path / "other.npz", states=np.zeros(3))
    with pytest.raises(ValueError, match=r"no snapshot factor|allow_pickle=False"):
        SnapshotFactor.load(tmp_path / "other.npz")


def windows(states, length):
    """Windows of so many states in a row as states."""
    return np.concatenate(
        [states[:, k : states.shape[1] - length + 1 + k] for k in range(length)], axis=2
    )


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("kind", ["windows", "under inputs", "until the last pair", "none"])
def test_columns_that_repeat_others_give_the_factor_of_all_columns(kind, degree, monkeypatch):
    """Of smooth states, so that QR is what runs; in blocks of 64 pairs."""
    monkeypatch.setattr("koopmark._tsqr.BLOCK_ROWS", 64)
    monkeypatch.setattr("koopmark.methods.own._factor.FEWEST_FUNCTIONS", 5)
    rng = np.random.default_rng(0)
    phases, times = rng.uniform(0.0, 6.0, (40, 1, 3)), np.arange(12)[:, None]
    states = windows(np.sin(phases + 0.1 * times), 6)
    if kind == "until the last pair":
        states[-1, -1, 0] += 1.0
    if kind == "none":
        states = states * np.arange(1, 19)
    lift = Monomials(degree=degree).fitted(states[:, 0])
    seen = []
    eliminate = _factor.eliminate

    def noted(triangle, block):
        seen.append(block.shape[1])
        return eliminate(triangle, block)

    monkeypatch.setattr(_factor, "eliminate", noted)
    (x, y), held, inputs = pairs_of(states), [], None
    if kind == "under inputs":
        inputs = [rng.standard_normal((*states.shape[:2], 2))]
        held = [inputs[0][:, :-1].reshape(-1, 2)]
    triangle = factorise(lift, states, inputs=inputs).triangle
    assert not np.tril(triangle, -1).any()
    values = np.hstack([lift(x), *held, lift(y)])
    gram = values.T @ values
    np.testing.assert_allclose(triangle.T @ triangle, gram, atol=1e-12 * abs(gram).max())
    assert (seen[-1] < values.shape[1]) == (kind in ("windows", "under inputs"))
