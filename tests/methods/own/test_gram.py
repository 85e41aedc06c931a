"""Gram matrices in place of QR: at most ten times its errors, or QR is what ran."""

from functools import partial

import numpy as np
import pytest

from koopmark.methods import Identity, Monomials
from koopmark.methods.own import _factor, _gram
from koopmark.methods.own._factor import SnapshotFactor, factorise
from koopmark.methods.own.qr_edmd import eigenpairs

EXACT = np.array([0.97, 0.9, 0.6])
SEEDS = range(4)


def mixed(condition, seed):
    """Channels that mix three exact functions with three that no dictionary closes.

    The last of 2 + 40 x 26 states; the least direction is `condition` times smaller than the first.
    """
    rng = np.random.default_rng(seed)
    linear, bent = rng.standard_normal((2, 40, 3))
    states = []
    for _ in range(26):
        states.append(np.hstack([linear, bent]))
        linear, bent = linear * EXACT, 0.8 * bent + 0.3 * np.sin(3.0 * bent) * linear
    left, right = (np.linalg.qr(rng.standard_normal((6, 6)))[0] for _ in range(2))
    return np.stack(states, axis=1) @ (left * np.geomspace(1.0, 1.0 / condition, 6)) @ right


def by_gram(observables, states):
    """The factor, or None where QR takes its place."""
    pairs = len(states) * (states.shape[1] - 1)
    blocks = partial(_factor._lifted, observables, [states])
    triangle = _gram.gram_triangle(blocks, observables.size, pairs)
    return None if triangle is None else SnapshotFactor(triangle, pairs)


def by_qr(observables, states, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(_factor, "gram_triangle", lambda *_: None)
        return factorise(observables, states)


def substituted(triangle, values):
    """values (P, D) times the inverse of an upper triangle, in extended precision."""
    solved = np.array(values, dtype=np.longdouble)
    for k in range(len(triangle)):
        solved[:, k] = (solved[:, k] - solved[:, :k] @ triangle[:k, k]) / triangle[k, k]
    return solved


def operator(xx, xy, basis):
    """P X⁺Y P⁻¹ of R₁₁ = xx and R₁₂ = xy in the columns X P⁻¹, in extended precision."""
    inverse = substituted(xx.astype(np.longdouble), np.eye(len(xx)))
    return basis @ inverse @ substituted(basis, xy)


def reference(values, ahead, basis):
    """The same from the data."""
    x, y = substituted(basis, values), substituted(basis, ahead)
    moment, cross = x.T @ x, x.T @ y
    solution = np.linalg.solve(moment.astype(float), cross.astype(float)).astype(np.longdouble)
    inverse = np.linalg.inv(moment.astype(float))
    for _ in range(5):
        solution += inverse @ (cross - moment @ solution)
    return solution


def errors_of(factor, observables, states, basis, expected):
    """Of eigenvalues, of residuals of the exact pairs, of the operator, and of the readout."""
    pairs = eigenpairs(factor, 1e-15, observables.state)
    exact = [abs(pairs.discrete - value).argmin() for value in EXACT]
    x = states[:, :-1].reshape(-1, states.shape[2])
    shown = (observables(x) @ pairs.coefficients @ pairs.modes).real
    return np.array([
        abs(pairs.discrete[exact] - EXACT).max(),
        pairs.residuals[exact].max(),
        np.linalg.norm((operator(factor.xx, factor.xy, basis) - expected).astype(float), 2),
        np.linalg.norm(shown - x) / np.linalg.norm(x),
    ])  # fmt: skip


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no extended precision here")
@pytest.mark.parametrize("condition", np.geomspace(1.0, 1e12, 25))
def test_errors_are_at_most_ten_times_those_of_qr_or_qr_ran(condition, monkeypatch):
    observables = Identity(constant=False).fitted(np.zeros((1, 6)))
    worst = np.zeros((2, 4))
    ran = []
    for seed in SEEDS:
        states = mixed(condition, seed)
        whole = by_qr(observables, states, monkeypatch)
        factor = by_gram(observables, states)
        ran.append(factor is not None)
        if factor is None:
            continue
        basis = whole.xx.astype(np.longdouble)
        x, y = (part.reshape(-1, 6) for part in (states[:, :-1], states[:, 1:]))
        expected = reference(x, y, basis)
        found = [errors_of(one, observables, states, basis, expected) for one in (factor, whole)]
        worst = np.maximum(worst, found)
    assert (worst[0] <= 10.0 * worst[1] + 1e-15).all(), worst
    if condition <= 300.0:
        assert all(ran)
    if condition >= 1e4:
        assert not any(ran)


@pytest.mark.parametrize("condition", [1.0, 6.0, 30.0])
def test_residuals_that_are_no_rounding_are_those_of_qr(condition, monkeypatch):
    observables = Identity(constant=False).fitted(np.zeros((1, 6)))
    states = mixed(condition, 0)
    found = [
        np.sort(eigenpairs(factor, 1e-15).residuals)
        for factor in (by_gram(observables, states), by_qr(observables, states, monkeypatch))
    ]
    assert found[0][:3].max() < 1e-14 * max(condition, 10.0)
    np.testing.assert_allclose(found[0][3:], found[1][3:], rtol=1e-6)


@pytest.mark.parametrize("noise", [1e-11, 1e-9, 1e-7])
def test_a_residual_that_gram_matrices_do_not_show_is_left_to_qr(noise):
    observables = Identity().fitted(np.zeros((1, 6)))
    states = mixed(10.0, 0)
    assert by_gram(observables, states) is not None
    noisy = states + noise * np.random.default_rng(1).standard_normal(states.shape)
    assert by_gram(observables, noisy) is None


def test_one_pair_that_deviates_is_noticed():
    observables = Identity().fitted(np.zeros((1, 6)))
    states = mixed(10.0, 0)
    states[17, -1] += 1e-8
    assert by_gram(observables, states) is None


def test_pairs_whose_deviations_cancel_in_the_sketch_are_noticed():
    observables = Identity().fitted(np.zeros((1, 6)))
    long = mixed(5.0, 0)
    states = np.stack([part.reshape(-1, 6) for part in (long[:, :-1], long[:, 1:])], axis=1)
    pairs = len(states)

    def units():
        """A function for each pair, which is 1 there, in the blocks of the real ones."""
        before = 0
        for values, shift in _factor._lifted(observables, [states]):
            count = len(values) - shift
            each = np.zeros((len(values), pairs))
            each[np.arange(count), before + np.arange(count)] = 1.0
            before += count
            yield each, shift

    size = observables.size
    signs = _gram.sketched(units, pairs, pairs, 2 * size + _gram.SPARE)[0]
    rows, places = abs(signs).argmax(axis=0), signs.sum(axis=0)
    first, second = next(
        (a, b)
        for a in range(pairs)
        for b in range(a)
        if rows[a] == rows[b] and places[a] == -places[b]
    )
    assert by_gram(observables, states) is not None
    states[[first, second], -1] += 1e-3
    assert by_gram(observables, states) is None


@pytest.mark.parametrize("seed", range(8))
def test_events_that_meet_in_a_sketch_are_no_relation(seed):
    rng = np.random.default_rng(seed)
    states = np.zeros((200, 6, 11))
    for t in range(5):
        states[:, t + 1, :3] = 0.7 * states[:, t, :3] + rng.standard_normal((200, 3))
    for event in range(3, 11):
        states[rng.integers(200), rng.integers(6), event] = 1.0
    for channels, runs in ((3, True), (11, False)):
        observables = Identity(constant=False).fitted(np.zeros((1, channels)))
        assert (by_gram(observables, states[:, :, :channels]) is not None) == runs


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_where_all_functions_are_exact_all_residuals_are_rounding(constant, seed):
    states = np.empty((200, 11, 4))
    states[:, 0] = np.random.default_rng(seed).standard_normal((200, 4))
    for t in range(10):
        states[:, t + 1] = states[:, t] * [0.99, 0.95, 0.9, 0.8]
    factor = by_gram(Identity(constant=constant).fitted(np.zeros((1, 4))), states)
    assert factor is not None
    assert eigenpairs(factor, 1e-15).residuals.max() < 1e-14


@pytest.mark.parametrize("offset", [0.0, 3.0, 7.0, 15.0, 20.0, 40.0])
def test_offsets_cost_no_digits(offset, monkeypatch):
    """The median over draws of the error of the largest eigenvalue, beside that of QR."""
    observables = Identity().fitted(np.zeros((1, 4)))
    errors = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        states = np.empty((60, 20, 4))
        states[:, 0] = rng.standard_normal((60, 4))
        for t in range(19):
            states[:, t + 1] = 0.9 * states[:, t] + rng.standard_normal((60, 4))
        states += offset
        gram, qr = by_gram(observables, states), by_qr(observables, states, monkeypatch)
        x, y = (part.reshape(-1, 4) - offset for part in (states[:, :-1], states[:, 1:]))
        moved = np.hstack([np.ones((len(x), 1)), x]), np.hstack([np.ones((len(y), 1)), y])
        exact = np.sort(np.linalg.eigvals(np.linalg.lstsq(*moved, rcond=None)[0]).real)
        if gram is not None:
            errors.append([
                abs(np.sort(eigenpairs(one, 1e-15).discrete.real) - exact).max()
                for one in (gram, qr)
            ])  # fmt: skip
    assert len(errors) == 20
    ours, theirs = np.median(errors, axis=0)
    assert ours <= 10.0 * theirs + 1e-15


def test_a_channel_without_a_value_or_a_repeated_one_is_left_to_qr():
    observables = Identity().fitted(np.zeros((1, 6)))
    states = mixed(10.0, 0)
    for changed in (0.0, np.nan, states[:, :, 1]):
        states[:, :, 0] = changed
        assert by_gram(observables, states) is None


def test_the_factor_is_that_of_qr_whatever_the_blocks(three, monkeypatch):
    lift = Monomials(3).fitted(three.states)
    expected = by_qr(lift, three.states, monkeypatch).triangle
    norms = np.linalg.norm(expected, axis=0)
    gram = expected.T @ expected / np.outer(norms, norms)
    for rows in (100, 1000):
        monkeypatch.setattr("koopmark._tsqr.BLOCK_ROWS", rows)
        triangle = by_gram(lift, three.states).triangle
        assert not np.tril(triangle, -1).any()
        found = triangle / norms
        np.testing.assert_allclose(found.T @ found, gram, atol=1e-12)


def test_the_same_data_give_the_same_digits(three):
    lift = Monomials(2).fitted(three.states)
    first, second = (by_gram(lift, three.states).triangle for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_columns_that_the_sketch_overrates_are_noticed_in_the_first_pairs(monkeypatch):
    monkeypatch.setattr("koopmark._tsqr.BLOCK_ROWS", 64)
    observables = Identity(constant=False).fitted(np.zeros((1, 6)))
    states = mixed(30.0, 0)
    blocks, pairs = partial(_factor._lifted, observables, [states]), 40 * 25
    sketch = _gram.sketched(blocks, 6, pairs, 12 + _gram.SPARE)
    overrated = _gram.planned(*sketch, well=np.inf)
    assert overrated.triangle is None
    read = []

    def counted():
        for block in blocks():
            read.append(block)
            yield block

    assert _gram.moments_of(counted, overrated) is None
    assert len(read) < len(list(blocks())) / 4
    # Columns that are well conditioned are read to the end.
    better = overrated._replace(condition=_gram.WELL)
    assert _gram.moments_of(blocks, better) is not None


@pytest.mark.parametrize("place", [0, 15, 29])
@pytest.mark.parametrize("growth", [1e-8, 1e-2, 0.25, 1.0, 4.0, 1e2, 1e3, 1e14, 1e18])
def test_functions_that_grow_or_shrink_by_far_spoil_no_others(growth, place, monkeypatch):
    """Every column of R₁₂ relative to its own size, and those of R₂₂ as far as residuals are."""
    observables = Identity(constant=False).fitted(np.zeros((1, 30)))
    ran = []
    for condition in (3.0, 30.0, 100.0):
        rng = np.random.default_rng(0)
        left, right = (np.linalg.qr(rng.standard_normal((30, 30)))[0] for _ in range(2))
        mix = left * np.geomspace(1.0, condition, 30) @ right
        states = rng.standard_normal((400, 2, 30)) @ mix
        states[:, 1] = 0.9 * states[:, 0] + 0.01 * states[:, 1]
        states[:, :, place] = rng.standard_normal((400, 2)) * [1.0, growth]
        gram, qr = by_gram(observables, states), by_qr(observables, states, monkeypatch)
        ran.append(gram is not None)
        if gram is None:
            continue
        for allowed, found, expected in ((2e-14, gram.xy, qr.xy), (1e-8, gram.yy, qr.yy)):
            # Up to the signs of rows.
            apart = np.linalg.norm(abs(found) - abs(expected), axis=0)
            assert (apart <= allowed * np.linalg.norm(expected, axis=0)).all()
    if 0.2 < growth < 5.0:
        assert all(ran)
