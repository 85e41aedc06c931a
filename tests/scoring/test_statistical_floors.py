"""The statistical floors, against estimators that attain them."""

from dataclasses import replace
from functools import cache
from math import sqrt

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import linear_sum_assignment

import koopmark
from koopmark.datasets import AnswerKey, build, load_recipe, varied
from koopmark.scoring import evaluate, statistical_floors
from koopmark.scoring._statistical_floors import Record, deviations_of_invariant_space
from koopmark.scoring._subspaces import orthonormal_basis, sines
from koopmark.simulation import Trajectories
from koopmark.systems import LinearSystem, random_linear
from koopmark.truth import ProductEigenspace


@cache
def dataset(name, **changes):
    """The recipe without noise, at seed 0."""
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return build(varied(load_recipe(name), {"sampling.noise": 0.0, **keys}, name, "a test"), 0)


def floors(data, level):
    return statistical_floors(data.key, data.train, level * data.train.states.std(), data.test)


def noisy(data, level, count, seed=0):
    """`count` draws of the training states under noise."""
    clean = data.train.states
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield clean + level * clean.std() * rng.standard_normal(clean.shape)


def rms(values):
    return np.sqrt(np.mean(np.square(values), axis=0))


def one_rate_fit(states, times, d, rate, step):
    """Maximum likelihood of d functions c + uᵀx that all decay at one unknown rate.

    For a given rate the best u are the last eigenvectors of the scatter that is left of the states
    when e^{λt} (each trajectory) and the constant are taken out; the rate is the minimum of the sum
    of their eigenvalues, by parabolas.
    """
    m, flat = len(states), states.reshape(-1, states.shape[2])
    whole = flat.T @ flat
    sums = states.sum(axis=0)

    def left(rate):
        decay = np.exp(rate * (times - times.mean()))
        decay /= np.linalg.norm(decay)
        along = decay @ states
        one = 1.0 - decay * decay.sum()
        g = one @ sums
        scatter = whole - along.T @ along - np.outer(g, g) / (m * one @ one)
        sizes, turn = np.linalg.eigh(scatter)
        return sizes[:d].sum(), turn[:, :d], -(g @ turn[:, :d]) / (m * one @ one)

    for _ in range(3):
        low, here, high = (left(rate + k * step)[0] for k in (-1, 0, 1))
        rate += step * 0.5 * (low - high) / (low + high - 2 * here)
    return rate, *left(rate)[1:]


def sine(basis, values):
    """The largest from an orthonormal basis to the span of some functions."""
    return sines(basis, np.eye(basis.shape[1]), values)[0]


def one_rate_errors(data, level, count, degree=1):
    """Errors of `one_rate_fit`, a row each draw: of the eigenvalue, and the largest sine."""
    (target,) = [space for space in data.key.targets if space.eigenvalue == -degree]
    test = data.test.states.reshape(-1, data.test.states.shape[2])
    exact = orthonormal_basis(target.evaluate(test))
    d = data.key.targets[0].dimension
    step = 3 * floors(data, level)[0].eigenvalue
    errors = []
    for states in noisy(data, level, count):
        rate, u, c = one_rate_fit(states, data.train.times, d, -1.0, step)
        space = ProductEigenspace(target.null_space, lambda x, u=u, c=c: x @ u + c, degree)
        space = replace(space, null_space=_Identity(d))
        errors.append((degree * abs(rate + 1.0), sine(exact, space.evaluate(test))))
    return np.array(errors)


class _Identity:
    """Stands for a null space where the functions themselves are given."""

    def __init__(self, dimension):
        self.dimension, self.basis = dimension, np.eye(dimension)


@pytest.mark.spread(4)
@pytest.mark.parametrize(
    ("name", "level", "degree"),
    [
        ("three_populations", 1e-3, 1),
        ("three_populations", 1e-2, 1),
        ("three_populations", 1e-2, 3),
        ("rnn_10_2", 1e-2, 1),
        ("rnn_10_2", 1e-2, 2),
        ("rnn_6_2_theta", 1e-2, 1),
    ],
)
def test_maximum_likelihood_attains_the_floor_where_all_functions_decay_at_one_rate(
    name, level, degree
):
    data = dataset(name, max_degree=degree)
    floor = floors(data, level)[degree - 1]
    ratio = rms(one_rate_errors(data, level, 200, degree)) / [floor.eigenvalue, floor.sine]
    # Four standard deviations of the root mean square of 200 draws are 0.2.
    assert (ratio > 0.88).all()
    assert (ratio < 1.15).all()


def linear_fit(states, times, family, truth):
    """Maximum likelihood of x(t) = c + x₀ e^{Ωt} from the truth: Gauss-Newton, x₀ projected out.

    `family` takes parameters to (Ω, c). Derivatives are differences of residuals at the truth, of
    which those that change nothing are left out. Returns the fit, a function of noisy states.
    """
    m, t, n = states.shape

    def residual(states, parameters):
        omega, c = family(parameters)
        flow = expm(omega * (times - times.mean())[:, None, None])
        q = np.linalg.qr(flow.transpose(0, 2, 1).reshape(t * n, n))[0]
        flat = (states - c).reshape(m, t * n)
        return (flat - flat @ q @ q.T).ravel()

    steps = 1e-6 * np.eye(len(truth))
    columns = [residual(states, truth + s) - residual(states, truth - s) for s in steps]
    solve = np.linalg.pinv(np.array(columns).T / 2e-6, rcond=1e-7)

    def fit(states):
        parameters = truth
        for _ in range(3):
            parameters = parameters - solve @ residual(states, parameters)
        return family(parameters)

    return fit


def free(n):
    """Any Ω and c."""
    return lambda parameters: (parameters[: n * n].reshape(n, n), parameters[n * n :])


def of_double_rate(parameters):
    """Ω = S diag(a, a, b) S⁻¹."""
    s = parameters[2:11].reshape(3, 3)
    return s * parameters[[0, 0, 1]] @ np.linalg.inv(s), parameters[11:]


def linear_ratios(data, system, family, truth, level=1e-3, count=100):
    """Root mean square of the errors of `linear_fit` over the floors: (targets, 2)."""
    clean, test = data.train.states, data.test.states.reshape(-1, system.size)
    n = len(system.eigenvalues)
    plane = np.linalg.svd(clean.reshape(-1, system.size), full_matrices=False)[2][:n].T
    fit = linear_fit(clean @ plane, data.train.times, family, truth(plane))
    exact = [orthonormal_basis(space.evaluate(test)) for space in data.key.targets]
    errors = []
    for states in noisy(data, level, count):
        # With more channels than variables their plane is estimated as well.
        mean = states.mean(axis=(0, 1))
        moved = (states - mean).reshape(-1, system.size)
        found = np.linalg.eigh(moved.T @ moved)[1][:, -n:]
        onto = np.linalg.pinv(found @ np.linalg.inv(plane.T @ found)).T
        omega, c = fit((states - mean) @ onto + mean @ plane)
        values, vectors = np.linalg.eig(omega)
        order = linear_sum_assignment(abs(values - system.eigenvalues[:, None]))[1]
        rates = np.append(values[order], 0.0)
        functions = ((test - mean) @ onto + mean @ plane - c) @ vectors[:, order]
        functions = np.hstack([functions, np.ones((len(test), 1))])
        errors.append(
            [
                (
                    abs(rates[space.factors].sum(axis=1) - space.eigenvalue).max(),
                    sine(truth, np.prod(functions[:, space.factors], axis=2)),
                )
                for space, truth in zip(data.key.targets, exact, strict=True)
            ]
        )
    return rms(errors) / [(floor.eigenvalue, floor.sine) for floor in floors(data, level)]


@pytest.mark.parametrize(
    ("name", "degree"), [("linear_fast", 1), ("linear_sensors", 1), ("linear_normal", 2)]
)
def test_maximum_likelihood_attains_the_floor_of_a_linear_system(name, degree):
    data = dataset(name, max_degree=degree)
    n = len(data.system.eigenvalues)

    def truth(plane):
        return np.concatenate([(plane.T @ data.system.matrix.T @ plane).ravel(), np.zeros(n)])

    ratio = linear_ratios(data, data.system, free(n), truth)
    assert 0.95 < ratio.mean() < 1.08
    assert ratio.min() > 0.8
    assert ratio.max() < 1.25


def double_rate():
    """A linear system with the rate -0.7 twice beside -0.2, and its data."""
    s = np.random.default_rng(5).normal(size=(3, 3))
    values = np.array([-0.7, -0.7, -0.2])
    system = LinearSystem((s * values @ np.linalg.inv(s)).T, s, values.astype(complex))
    made = dataset("linear_normal", max_degree=1)
    rng = np.random.default_rng(6)
    times = made.train.times
    train, test = (
        Trajectories(system.flow(rng.uniform(-2, 2, (count, 3)), times), times)
        for count in (60, 40)
    )
    return system, s, replace(made, key=AnswerKey.of(system), train=train, test=test)


def test_maximum_likelihood_attains_the_floor_where_a_rate_is_known_to_be_double():
    system, s, data = double_rate()

    def truth(plane):
        return np.concatenate([[-0.7, -0.2], (plane.T @ s).ravel(), np.zeros(3)])

    ratio = linear_ratios(data, system, of_double_rate, truth, count=200)
    assert (ratio > 0.88).all()
    assert (ratio < 1.15).all()


def test_one_rate_is_the_special_case_of_several():
    data = dataset("rnn_10_2")
    d, basis = 8, data.system.weights.null_space.basis
    q = data.system.weights.thin_qr[0]
    states = data.train.states
    others = np.concatenate([np.ones((*states.shape[:2], 1)), states @ q], axis=2)
    record = Record(states[:, 0] @ basis, data.train.times, data.train.dt, others)
    deviations = deviations_of_invariant_space([record], -np.eye(d), np.eye(d)[None])
    assert floors(data, 1.0 / states.std())[0].eigenvalue == pytest.approx(
        np.linalg.norm(deviations[:, 0]), rel=1e-9
    )


@cache
def fitted_ratios(method, level, count=60):
    """(2,) root mean square of a method's errors over the floors, on three populations."""
    data = dataset("three_populations", max_degree=1)
    # Errors and floors are those of one test set, and of the targets alone.
    test = Trajectories(data.test.states[:10], data.test.times)
    key = AnswerKey(data.key.targets, data.key.channels)
    (floor,) = floors(replace(data, test=test), level)
    errors = []
    for states in noisy(data, level, count, seed=3):
        model = koopmark.fit(method, Trajectories(states, data.train.times))
        (row,) = evaluate(model, key, test, portrayed=False).targets
        errors.append((row.eigenvalue_error, row.eigenfunction_error))
    return rms(errors) / [floor.eigenvalue, floor.sine]


@pytest.mark.spread(1)
@pytest.mark.parametrize("level", [1e-3, 1e-2])
def test_variable_projection_attains_the_floor_and_no_more(level):
    ratio = fitted_ratios("koopmark.varpro_edmd", level)
    assert (ratio > 0.85).all()
    assert (ratio < 1.25).all()


@pytest.mark.parametrize("level", [1e-3, 1e-2])
def test_total_least_squares_errs_several_times_what_is_possible(level):
    ratio = fitted_ratios("koopmark.tls_edmd", level)
    assert (ratio > 3).all()
    assert (ratio < 7).all()


def moved(data, to_states, time=1.0, order=None):
    """Training and test data in other states, in other units of time, in another order."""
    train = data.train.states if order is None else data.train.states[order]
    times = time * data.train.times
    return Trajectories(to_states(train), times), Trajectories(to_states(data.test.states), times)


def assert_same(there, data):
    here = values(floors(data, 1e-2))
    assert there[:, 0] == pytest.approx(here[:, 0], rel=1e-6)
    # The largest of several sines is drawn.
    several = data.key.targets[0].dimension > 1
    assert there[:, 1] == pytest.approx(here[:, 1], rel=0.05 if several else 1e-6)


@pytest.mark.parametrize("name", ["rnn_6_2_theta", "linear_sensors"])
def test_floors_are_the_same_in_rotated_and_shifted_states_and_for_trajectories_in_any_order(name):
    data = dataset(name, max_degree=1)
    rng = np.random.default_rng(2)
    n = data.system.size
    turn = np.linalg.qr(rng.normal(size=(n, n)))[0]
    noise = 1e-2 * data.train.states.std()
    train, test = moved(
        data, lambda x: (x + 5.0) @ turn, order=rng.permutation(len(data.train.states))
    )
    targets = [_Moved(space, turn.T, 1.0, 5.0) for space in data.key.targets]
    assert_same(
        values(statistical_floors(replace(data.key, targets=targets), train, noise, test)), data
    )


@pytest.mark.parametrize("name", ["rnn_6_2_theta", "linear_sensors"])
def test_floors_follow_the_units_of_states_and_of_time(name):
    data = dataset(name, max_degree=1)
    noise = 1e-2 * data.train.states.std()
    train, test = moved(data, lambda x: 1e-9 * x, time=1e4)
    targets = [_Moved(space, 1e9 * np.eye(data.system.size), 1e4) for space in data.key.targets]
    key = replace(data.key, targets=targets)
    there = values(statistical_floors(key, train, 1e-9 * noise, test))
    assert_same(there * [1e4, 1.0], data)


@pytest.mark.parametrize("name", ["three_populations", "rnn_10_2", "linear_normal"])
def test_twice_the_trajectories_divide_the_floors_by_the_root_of_two(name):
    data = dataset(name, max_degree=2)
    states = np.concatenate([data.train.states] * 2)
    twice = replace(data, train=Trajectories(states, data.train.times))
    assert sqrt(2) * values(floors(twice, 1e-3)) == pytest.approx(values(floors(data, 1e-3)))


def values(some):
    return np.array([(floor.eigenvalue, floor.sine) for floor in some])


class _Moved:
    """An eigenspace in other states x', x = x' A - shift, and in other units of time."""

    def __init__(self, space, matrix, time, shift=0.0):
        self.space, self.matrix, self.time = space, matrix, time
        self.eigenvalue = space.eigenvalue / time
        self.shift = np.full(len(matrix), shift)
        self.dimension = space.dimension

    def affine_products(self, most):
        products = self.space.affine_products(most)
        return replace(
            products,
            vectors=self.matrix @ products.vectors,
            offset=(products.offset + self.shift) @ np.linalg.inv(self.matrix),
            eigenvalues=products.eigenvalues / self.time,
        )


@pytest.mark.parametrize("name", ["relaxation_sinh", "lotka_volterra", "nearly_low_rank"])
def test_a_floor_is_missing_with_a_reason_where_no_function_is_affine_in_the_state(name):
    for floor in floors(dataset(name), 1e-3):
        assert np.isnan([floor.eigenvalue, floor.sine]).all()
        assert "affine" in floor.note


def test_without_noise_there_is_no_floor_and_nothing_to_say_of_it():
    floors_ = floors(dataset("three_populations"), 0.0)
    assert np.isnan(values(floors_)).all()
    assert not any(floor.note for floor in floors_)


def test_no_floor_is_stated_where_the_noise_is_too_large_for_a_linearisation():
    data = dataset("rnn_10_2")
    tiny, small, large = (floors(data, level)[1] for level in (1e-3, 0.5, 1.5))
    assert small.sine == pytest.approx(500 * tiny.sine, rel=0.05)
    assert np.isnan([large.eigenvalue, large.sine]).all()
    assert "no small number" in large.note


def test_where_the_test_set_does_not_tell_functions_apart_only_the_eigenvalue_has_a_floor():
    data = dataset("rnn_10_2", max_degree=1)
    test = Trajectories(data.test.states[:5], data.test.times)
    floor = statistical_floors(data.key, data.train, 1e-2, test)[0]
    assert floor.eigenvalue > 0
    assert np.isnan(floor.sine)


def test_the_table_has_the_floor_of_an_eigenvalue_in_the_unit_of_its_error():
    data = dataset("three_populations", max_degree=2)
    model = koopmark.fit("anchor.random", data.train, data.key)
    mine = floors(data, 1e-3)
    rows = evaluate(model, data.key, data.test, noise_floors=mine).targets
    assert [row.target_eigenvalue_re for row in rows] == [-1.0, -2.0]
    for row, floor in zip(rows, mine, strict=True):
        assert row.statistical_floor_eigenvalue == pytest.approx(
            floor.eigenvalue / abs(row.target_eigenvalue_re)
        )
        assert row.eigenvalue_error_relative / row.statistical_floor_eigenvalue == pytest.approx(
            row.eigenvalue_error / floor.eigenvalue
        )


def test_what_is_no_noise_and_floors_of_other_targets_are_refused():
    data = dataset("three_populations", max_degree=2)
    for noise in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="a standard deviation is finite"):
            statistical_floors(data.key, data.train, noise, data.test)
    model = koopmark.fit("koopmark.varpro_edmd", data.train)
    with pytest.raises(ValueError, match="1 noise_floors for 2 targets"):
        evaluate(model, data.key, data.test, noise_floors=floors(data, 1e-3)[:1])


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("three_populations", np.s_[:3, :2]),
        ("three_populations", np.s_[:1, :4]),
        ("linear_normal", np.s_[:1, :3]),
        ("three_populations", np.s_[:, 40:]),
    ],
)
def test_no_floor_is_stated_where_the_data_do_not_determine_the_functions(name, keep):
    data = dataset(name, max_degree=1)
    states, times = data.train.states[keep], data.train.times[keep[1]]
    if len(states) == 100:
        # On the plane on which φ vanishes.
        space = data.key.targets[0]
        states = states - space.evaluate(states) * space.null_space.basis[:, 0]
    train = Trajectories(states, times)
    for floor in statistical_floors(data.key, train, 1e-4, data.test):
        assert np.isnan([floor.eigenvalue, floor.sine]).all()
        assert "determine" in floor.note or "no small number" in floor.note


def test_what_comes_when_nothing_is_left_of_a_function_adds_nothing():
    data = dataset("three_populations", max_degree=1)
    (here,) = values(floors(data, 1e-3))
    long = np.concatenate([data.train.times, 5.0 + 0.1 * np.arange(1, 20_000)])
    states = np.zeros((100, len(long), 3))
    states[:, :51] = data.train.states
    noise = 1e-3 * data.train.states.std()
    (there,) = values(statistical_floors(data.key, Trajectories(states, long), noise, data.test))
    # But for the constant, which becomes known.
    assert (there <= here).all()
    assert there == pytest.approx(here, rel=0.15)


def test_the_floor_of_many_functions_at_several_rates_is_not_computed():
    system = random_linear(30, seed=1)
    times = np.linspace(0.0, 2.0, 21)
    states = np.random.default_rng(0).normal(size=(40, 30))
    train = Trajectories(system.flow(states, times), times)
    floor = statistical_floors(AnswerKey.of(system), train, 1e-3, train)[0]
    assert np.isnan([floor.eigenvalue, floor.sine]).all()
    assert "not computed for 30 eigenfunctions" in floor.note


@pytest.mark.parametrize("name", ["three_populations", "rnn_10_2"])
def test_more_than_half_of_single_draws_of_an_estimator_at_the_floor_are_below_it(name):
    data = dataset(name, max_degree=1)
    errors = one_rate_errors(data, 1e-2, 300)[:, 1] / floors(data, 1e-2)[0].sine
    # 2 of 3 for one normal error, less for more functions; four standard deviations of a share.
    assert 0.5 < np.mean(errors < 1) < 0.79


RECORDED = ["rnn_10_2", "linear_fast", "linear_defective"]
"""With one eigenvalue, with complex ones, and with a function that is no eigenfunction."""


def as_recorded(data, **changes):
    """The floors of the same data with other training states or times."""
    train = replace(data.train, **changes)
    return statistical_floors(data.key, train, 1e-3 * data.train.states.std(), data.test)


def numbers(floors):
    return np.array([[floor.eigenvalue, floor.sine] for floor in floors])


@pytest.mark.parametrize("name", RECORDED)
def test_the_floor_at_nearly_even_times_is_nearly_that_at_even_ones(name):
    even = dataset(name, sampling__trajectories=20)
    uneven = dataset(name, sampling__trajectories=20, trials__jitter=1e-4)
    assert not uneven.train.regular
    found = [numbers(floors(data, 1e-3)) for data in (uneven, even)]
    np.testing.assert_allclose(*found, rtol=1e-3)


@pytest.mark.parametrize("name", RECORDED)
def test_trajectories_of_which_nothing_was_recorded_count_as_absent(name):
    data = dataset(name, sampling__trajectories=20)
    states = data.train.states.copy()
    states[12:] = np.nan
    fewer = replace(data, train=data.train[:12])
    gone = numbers(as_recorded(data, states=states))
    kept = numbers(
        statistical_floors(data.key, fewer.train, 1e-3 * data.train.states.std(), data.test)
    )
    np.testing.assert_allclose(gone, kept, rtol=1e-6)


@pytest.mark.parametrize("name", RECORDED[:2])
def test_half_of_the_states_leave_a_floor_higher_by_about_the_root_of_two(name):
    data = dataset(name, sampling__trajectories=40)
    states = data.train.states.copy()
    states[np.random.default_rng(0).random(states.shape[:2]) < 0.5, 0] = np.nan
    ratio = numbers(as_recorded(data, states=states)) / numbers(as_recorded(data))
    assert np.nanmin(ratio) > 1.2
    assert np.nanmax(ratio) < 1.8


def test_a_single_state_a_trajectory_leaves_no_floor():
    data = dataset("rnn_10_2", sampling__trajectories=20)
    states = data.train.states.copy()
    states[:, 1:] = np.nan
    floor = as_recorded(data, states=states)[0]
    assert np.isnan(floor.eigenvalue)
    assert "do not determine the eigenfunctions" in floor.note
