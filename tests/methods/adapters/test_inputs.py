"""What the libraries make of data with inputs: eigenvalues, eigenfunctions and gains."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import Trajectories, methods, simulate, systems

ADDITIVE = [
    "pydmd.dmdc",
    "pykoopman.dmdc",
    "pykoopman.edmdc_identity",
    "pykoopman.edmdc_polynomial",
    "pykoop.dmdc",
    "pykoop.edmdc",
    "pykoop.edmdc_delays",
]
PRODUCTS = ["pykoop.edmdc_bilinear", "pykoop.edmdc_polynomial"]
MU = np.array([0.9, 0.6, -0.4])
OPTIONS = {"pykoop.edmdc_delays": {"n_delays_state": 2}}
SETTINGS = settings(max_examples=2, deadline=None)


def linear(seed, bilinear=0.0, trials=8, steps=25, draw=0):
    """Trials of x⁺ = A x + B v + v₁ N x, with the eigenvalues `MU` of A; and B."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((3, 3)))[0] + 0.2 * rng.standard_normal((3, 3))
    matrix = basis * MU @ np.linalg.inv(basis)
    response, product = rng.standard_normal((3, 2)), bilinear * rng.standard_normal((3, 3))
    rng = np.random.default_rng([seed, draw])
    inputs = rng.uniform(-1.0, 1.0, (trials, steps, 2))
    states = [rng.standard_normal((trials, 3))]
    for k in range(steps - 1):
        x, v = states[-1], inputs[:, k]
        states.append(x @ matrix.T + v @ response.T + v[:, :1] * (x @ product.T))
    return Trajectories(np.stack(states, axis=1), dt=0.1, inputs=inputs)


def with_gaps(data):
    """The same trials, of unequal lengths and with states that were not recorded."""
    states = data.states.copy()
    for k in range(len(states)):
        states[k, len(states[k]) - 2 * (k % 4) :] = np.nan
        states[k, 7 + k % 3] = np.nan
    return replace(data, states=states)


def following(data, window):
    """Windows, the next windows, and the inputs held in between, of regular data."""
    rolling = data.rolling(window)
    before, after = (
        part.reshape(-1, *part.shape[2:]) for part in (rolling[:, :-1], rolling[:, 1:])
    )
    return before, after, data.inputs[:, window - 1 : -1].reshape(-1, data.inputs.shape[2])


def misses(model, data):
    """(s,) relative error of φ(x⁺) = μ φ(x) + what the inputs do, over all pairs of the data."""
    before, after, held = following(data, model.window)
    now = model.eigenfunctions(before)
    missed = model.eigenfunctions(after) - now * model.multipliers - model.forced(before, held)
    return np.linalg.norm(missed, axis=0) / np.linalg.norm(now, axis=0)


def at(model, values):
    """The pair nearest to each of these discrete eigenvalues, and how near the worst is."""
    distance = abs(model.multipliers[:, None] - np.asarray(values))
    return distance.argmin(axis=0), distance.min(axis=0).max()


@pytest.mark.parametrize("name", [*ADDITIVE, *PRODUCTS])
@given(st.integers(0, 10**6))
@SETTINGS
def test_a_driven_linear_map_is_recovered_with_its_gains(name, seed):
    model = methods.fit(name, linear(seed), **OPTIONS.get(name, {}))
    pairs, error = at(model, MU)
    assert error < 1e-8
    fresh = linear(seed, draw=1)
    assert misses(model, fresh)[pairs].max() < 1e-7
    before, _, held = following(fresh, model.window)
    expected = model.forced(before, held)[:, pairs]
    assert abs(held @ model.gains[pairs].T - expected).max() < 1e-7 * abs(expected).max()


@pytest.mark.parametrize("name", [*ADDITIVE, *PRODUCTS])
def test_trials_with_gaps_cost_no_exactness(name):
    model = methods.fit(name, with_gaps(linear(1)), **OPTIONS.get(name, {}))
    pairs, error = at(model, MU)
    assert error < 1e-8
    assert misses(model, linear(1, draw=1))[pairs].max() < 1e-7


@pytest.mark.parametrize("name", [*ADDITIVE, *PRODUCTS])
def test_states_are_forecast_under_inputs_never_seen(name):
    model, fresh = methods.fit(name, linear(2), **OPTIONS.get(name, {})), linear(2, draw=1)
    w = model.window
    times = fresh.dt * np.arange(1, 6)
    held = fresh.inputs[:, w - 1 : w + 4]
    predicted = model.predict(fresh.states[:, :w], times, held)
    np.testing.assert_allclose(predicted, fresh.states[:, w : w + 5], atol=1e-7)
    without = model.predict(fresh.states[:, :w], times)
    assert abs(without - fresh.states[:, w : w + 5]).max() > 0.1


@pytest.mark.parametrize("name", ["pydmd.dmd", "pykoopman.edmd_identity", "pykoop.dmd_default"])
def test_the_same_library_without_the_inputs_is_biased(name):
    model = methods.fit(name, linear(3))
    assert at(model, MU)[1] > 1e-3
    assert model.gains is None
    assert "the inputs are not used" in model.note


@pytest.mark.parametrize("name", ["pydmd.dmdc", "pykoopman.dmdc", "pykoop.dmdc", "pykoop.edmdc"])
def test_without_inputs_it_is_dmd(name):
    data = replace(linear(4), inputs=None)
    states = data.states.copy()
    for k in range(1, states.shape[1]):
        states[:, k] = states[:, k - 1] @ np.diag(MU)
    model = methods.fit(name, replace(data, states=states))
    assert at(model, MU)[1] < 1e-9
    assert model.gains is None or model.gains.shape == (len(model.eigenvalues), 0)


def test_products_of_inputs_with_states_need_a_bilinear_lifting():
    data, fresh = linear(5, bilinear=0.3), linear(5, bilinear=0.3, draw=1)
    bilinear, additive = (
        methods.fit(name, data, **options)
        for name, options in [("pykoop.edmdc_bilinear", {"degree": 1}), ("pykoop.edmdc", {})]
    )
    assert misses(bilinear, fresh)[at(bilinear, MU)[0]].max() < 1e-8
    assert misses(additive, fresh).max() > 1e-2
    w, steps = fresh.states[:, :1], fresh.dt * np.arange(1, 5)
    predicted = bilinear.predict(w, steps, fresh.inputs[:, :4])
    np.testing.assert_allclose(predicted, fresh.states[:, 1:5], atol=1e-8)


def test_products_of_driven_functions_need_products_of_inputs_with_inputs():
    data, fresh = linear(6), linear(6, draw=1)
    whole, bilinear, additive = (
        methods.fit(name, data) for name in (*PRODUCTS[::-1], "pykoopman.edmdc_polynomial")
    )
    assert misses(whole, fresh).max() < 1e-7
    squares = MU**2
    worst = [misses(model, fresh)[at(model, squares)[0]].max() for model in (bilinear, additive)]
    assert 1e-3 < worst[0] < worst[1]


def test_a_forecast_that_runs_away_is_not_a_number_and_no_error():
    model = methods.fit("pykoop.edmdc_bilinear", linear(7, bilinear=0.3), degree=1)
    inputs = np.full((2, 4, 2), 1e60)
    states = model.predict(np.ones((2, 1, 3)), 0.1 * np.arange(1, 5), inputs)
    assert np.isfinite(states[:, 0]).all()
    assert np.isnan(states[:, -1]).all()


@pytest.mark.parametrize("name", ["pydmd.dmdc", "pykoop.edmdc_delays"])
def test_one_trial_of_a_network_with_a_null_space_is_no_trap_for_the_ranks(name):
    """Undriven functions at one rate move together: data beside inputs are of lower rank."""
    rng = np.random.default_rng(0)
    matrix, states = np.diag([0.9, 0.9, 0.9, 0.6]), [rng.standard_normal(4)]
    response, inputs = np.diag([0.0, 0.0, 0.0, 1.0])[:, 3:], rng.uniform(-1.0, 1.0, (40, 1))
    for v in inputs[:-1]:
        states.append(matrix @ states[-1] + response @ v)
    data = Trajectories(np.stack(states)[None], dt=0.1, inputs=inputs[None])
    model = methods.fit(name, data, **OPTIONS.get(name, {}))
    found, error = at(model, [0.9, 0.6])
    assert error < 1e-9
    assert misses(model, data)[found].max() < 1e-7


def test_pydmd_at_its_default_rank_of_states_beside_inputs_divides_by_rounding():
    rng = np.random.default_rng(0)
    states, inputs = [rng.standard_normal(4)], rng.uniform(-1.0, 1.0, (40, 1))
    for v in inputs[:-1]:
        states.append(np.array([0.9, 0.9, 0.9, 0.6]) * states[-1] + [0.0, 0.0, 0.0, 1.0] * v)
    data = Trajectories(np.stack(states)[None], dt=0.1, inputs=inputs[None])
    model = methods.fit("pydmd.dmdc", data, svd_rank=-1, svd_rank_omega=-1)
    assert abs(model.multipliers[:, None] - [0.9, 0.6]).min(axis=1).max() > 1e-3


@pytest.fixture(scope="module")
def driven_network():
    """Ten units of rank 2 under two white inputs: data, fresh data, and the exact targets."""
    system = systems.random_rnn(10, 2, seed=0, inputs=2)
    times, both = 0.1 * np.arange(21), []
    for seed in (0, 1):
        rng = np.random.default_rng(seed)
        inputs = rng.uniform(-1.0, 1.0, (20, 21, 2))
        start = 1.5 * rng.standard_normal((20, 10))
        both.append(simulate(system, start, times, inputs=inputs))
    return both


@pytest.mark.parametrize("name", [*ADDITIVE, *PRODUCTS])
def test_the_gains_of_a_network_are_those_of_its_key(name, driven_network):
    train, fresh = driven_network
    model = methods.fit(name, train, **OPTIONS.get(name, {}))
    (target,) = train.system.eigenspaces(1)[:1]
    near = np.argsort(abs(model.eigenvalues + 1.0))[:8]
    assert abs(model.eigenvalues[near] + 1.0).max() < 1e-8
    windows = fresh.windows(model.window)
    exact = target.evaluate(windows[:, -1])
    found = model.eigenfunctions(windows)[:, near]
    combined = np.linalg.lstsq(found, exact.astype(complex), rcond=None)[0]
    assert np.linalg.norm(found @ combined - exact) < 1e-6 * np.linalg.norm(exact)
    gains = target.gains(fresh.dt)
    error = np.linalg.norm(combined.T @ model.gains[near] - gains) / np.linalg.norm(gains)
    assert error < 1e-6
