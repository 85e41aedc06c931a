"""Floors, structure, portraits and verdicts under inputs, through sensors and of maps."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import koopmark
from koopmark import infer_structure, residuals
from koopmark.datasets import AnswerKey
from koopmark.estimator import forecast_skill
from koopmark.models import LinearModel, Model
from koopmark.scoring import evaluate, fresh_like
from koopmark.simulation import Trajectories, measurement_noise, simulate
from koopmark.systems import LowRank, Sensors, leaky_rnn, random_rnn

N, RANK = 7, 2


@cache
def made(inputs=0, alpha=None, sensors=None, count=40, length=21, seed=0, weights=None):
    """The key of a network of rank 2 in 7 units under these conditions, and trajectories of it."""
    rng = np.random.default_rng(seed)
    weights = weights or random_rnn(N, RANK).weights
    theta = 0.3 * np.ones(N)
    network = replace(random_rnn(N, RANK, theta_scale=0.5), weights=weights)
    system = network if alpha is None else leaky_rnn(weights, theta=theta, alpha=alpha)
    if inputs:
        system = system.with_inputs(rng.standard_normal((N, inputs)))
    times = (1.0 if alpha else 0.1) * np.arange(length)
    held = rng.standard_normal((count, length, inputs)) if inputs else None
    data = simulate(system, rng.uniform(-2, 2, (count, N)), times, inputs=held)
    seen = None if sensors is None else Sensors.of_units(sensors, N)
    return AnswerKey.of(system, 1, seen), data if seen is None else data.observed(seen)


def one_and(windows):
    flat = windows.reshape(len(windows), -1)
    return np.hstack([np.ones((len(flat), 1)), flat])


def least_squares(data, inputs=True):
    """The linear model with a constant, and with inputs if there are any."""
    before, after = data.pairs()
    held = data.held() if inputs else np.zeros((len(before), 0))
    regressors = np.hstack([one_and(before), held])
    solved = np.linalg.lstsq(regressors, one_and(after), rcond=None)[0]
    n = data.states.shape[2] + 1
    model = LinearModel.from_operator(solved[:n], data.dt, one_and, state=slice(1, None))
    gains = (solved[n:] @ model.coefficients).T
    return replace(model, input_gains=gains if held.shape[1] else None)


class Exact(Model):
    """The null functions of a key, or their squares, at their eigenvalue or one moved from it."""

    def __init__(self, key, dt, moved=0.0, inputs=True, squared=False):
        self.space, self.dt, self.inputs, self.squared = key.null_functions, dt, inputs, squared
        law = self.space.law
        at = law.eigenvalue(2 if squared else 1).real + moved
        self.steps = np.full(self.space.dimension, at**dt if law.discrete else np.exp(at * dt))

    @property
    def eigenvalues(self):
        # Of a map the model is asked for its multipliers.
        with np.errstate(divide="ignore"):
            return (np.log(np.abs(self.steps)) / self.dt).astype(complex)

    @property
    def multipliers(self):
        return self.steps.astype(complex)

    def eigenfunctions(self, windows):
        values = self.space.evaluate(windows[:, -1])
        return values**2 if self.squared else values

    def forced(self, windows, inputs):
        if not self.inputs:
            return None
        linear = inputs @ self.space.gains(self.dt).T
        if not self.squared:
            return linear
        half = self.space.law.scale(self.dt)
        return 2.0 * half * self.space.evaluate(windows[:, -1]) * linear + linear**2


class Listed(Model):
    """A dictionary of windows."""

    def __init__(self, window, dt):
        self.window, self.dt = window, dt

    eigenvalues = np.array([-1.0 + 0j])

    def eigenfunctions(self, windows):
        return windows[:, -1, :1]

    def dictionary(self, windows):
        return one_and(windows)


def floors(key, data, window=1):
    scores = evaluate(Listed(window, data.dt), key, data, portrayed=False)
    return [row.oracle_floor for row in scores.targets], scores.fit.notes


def test_fresh_trajectories_are_driven_by_the_inputs_of_the_test_set_held_as_they_are():
    key, data = made(inputs=2)
    fresh = fresh_like(key, data).block(0)
    twice = np.concatenate([data.inputs, data.inputs], axis=1)
    length = data.inputs.shape[1]
    shifted = {twice[one, k : k + length].tobytes() for one in range(40) for k in range(length)}
    assert {one.tobytes() for one in fresh.inputs} <= shifted
    assert len({one.tobytes() for one in fresh.inputs}) > 80
    again = simulate(data.system, fresh.states[:, 0], fresh.times, inputs=fresh.inputs)
    assert again.states == pytest.approx(fresh.states, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("conditions", [{"inputs": 2}, {"sensors": (0, 2, 3, 5)}, {"alpha": 1.3}])
def test_a_dictionary_that_holds_the_functions_has_a_floor_of_rounding(conditions):
    key, data = made(**conditions)
    found, _ = floors(key, data)
    assert max(found) < 1e-9


def test_the_dictionary_of_delays_lacks_a_known_number_of_functions_and_has_a_floor_all_the_same():
    p, window = 4, 3
    key, data = made(sensors=(0, 2, 3, 5))
    values = one_and(fresh_like(key, data).block(0).windows(window))
    sizes = np.linalg.svd(values / np.linalg.norm(values, axis=0), compute_uv=False)
    rank = 1 + window * p - (window - 1) * (p - RANK)
    assert sizes[rank - 1] > 1e-7 * sizes[0]
    assert sizes[rank] < 1e-10 * sizes[0]
    found, _ = floors(key, data, window)
    assert max(found) < 1e-7


def test_no_number_of_delays_of_as_many_sensors_as_the_rank_holds_a_null_function():
    key, data = made(sensors=(1, 4))
    assert key.latent
    (one,), _ = floors(key, data)
    (several,), _ = floors(key, data, window=6)
    assert 1e-3 < several <= one < 1.0


def test_where_sensors_come_from_nowhere_there_are_no_fresh_trajectories():
    key, data = made(sensors=(0, 2, 3, 5))
    assert "sensor values do not determine the state" in fresh_like(key, replace(data, latent=None))


@pytest.mark.parametrize(
    "conditions",
    [
        {"inputs": 2},
        {"inputs": 1, "sensors": (0, 2, 3, 5)},
        {"alpha": 0.3},
        {"alpha": 1.0},
        {"alpha": 1.4, "inputs": 2, "sensors": (0, 1, 2, 3, 6)},
    ],
)
def test_the_rank_of_the_whole_network_is_inferred_from_what_is_seen_of_it(conditions):
    key, data = made(**conditions)
    mu = key.null_functions.law.multiplier
    found = infer_structure(least_squares(data), data, rate=mu)
    assert found.rank == RANK
    inside = key.null_functions.null_space.project(found.null_space.T).T
    assert inside == pytest.approx(found.null_space, abs=1e-9)
    scores = evaluate(least_squares(data), key, data, portrayed=False).fit
    assert (scores.rank_error, scores.null_space_error) == pytest.approx((0, 0), abs=1e-9)


def test_of_structured_weights_the_rank_is_that_of_what_the_sensors_see():
    left = random_rnn(N, RANK).weights.left.copy()
    left[:4, 1] = 0.0
    weights = LowRank(left, random_rnn(N, RANK).weights.right)
    _, data = made(sensors=(0, 1, 2, 3), weights=weights)
    assert infer_structure(least_squares(data), data).rank == 1


def test_a_method_without_inputs_shows_the_functions_that_no_input_reaches():
    key, data = made(inputs=2)
    found = infer_structure(least_squares(data, inputs=False), data)
    assert found.rank == RANK + 2
    inside = key.targets[1].null_space.project(found.null_space.T).T
    assert inside == pytest.approx(found.null_space, abs=1e-9)


def test_what_responds_to_inputs_otherwise_than_a_null_function_is_none():
    # Functions at -1 whose decay is right, driven by inputs that come a step late.
    _, data = made(inputs=1)
    late = replace(data, inputs=np.roll(data.inputs, 1, axis=1))
    assert infer_structure(least_squares(data), late).rank > RANK


@pytest.mark.parametrize("alpha", [0.3, 1.0, 1.4])
def test_the_multiplier_of_a_map_is_that_at_which_most_affine_functions_are(alpha):
    _, data = made(alpha=alpha)
    quadratic = koopmark.fit("koopmark.qr_edmd", data)
    for model in (least_squares(data), quadratic):
        found = infer_structure(model, data)
        assert found.rank == RANK
        assert found.rate == pytest.approx(1.0 - alpha, abs=1e-9)
    alone = infer_structure(least_squares(data), data.without_origin(), discrete=True)
    assert alone.rate == pytest.approx(1.0 - alpha, abs=1e-9)


def test_at_another_multiplier_there_is_no_function():
    _, data = made(alpha=0.3)
    wrong = infer_structure(least_squares(data), data, rate=0.5)
    assert wrong.rank == N
    assert "no such function" in wrong.note


@pytest.mark.parametrize("conditions", [{"inputs": 2}, {"sensors": (0, 2, 3, 5)}, {"alpha": 0.3}])
def test_portraits_are_of_what_is_observed(conditions):
    key, data = made(**conditions)
    (drawn, *_) = evaluate(least_squares(data), key, data).portraits
    seen = drawn.frame
    assert seen.coordinates.max() < key.channels
    states = data.states[seen.visited]
    exact = key.targets[0].sample(len(data), np.random.default_rng(0)).evaluate(states)[:, 0]
    assert seen.exact[: len(states)] == pytest.approx(exact)
    assert np.abs(drawn.difference).max() < 1e-8 * np.abs(exact).max()


def test_a_hidden_function_is_drawn_over_time_alone():
    key, data = made(sensors=(1, 4))
    scores = evaluate(least_squares(data), key, data)
    assert "no map of a function that the sensors do not show" in scores.fit.notes
    (drawn,) = scores.portraits
    seen = drawn.frame
    assert len(seen.coordinates) == 0
    assert seen.exact == pytest.approx(key.targets[0].evaluate(data.latent[seen.visited])[:, 0])
    assert 0.05 < drawn.error <= 1.0


def noisy(data, level=0.01, seed=1, gaps=0.0):
    rng = np.random.default_rng(seed)
    scale = level * data.states.std()
    states = data.states + scale * rng.standard_normal(data.states.shape)
    states[rng.random(states.shape[:2]) < gaps] = np.nan
    return replace(data, states=states), scale


def verdicts(model, data, **options):
    return set(residuals(model, data, **options)["verdict"])


@pytest.mark.parametrize(
    "conditions",
    [
        {"inputs": 2},
        {"sensors": (0, 2, 3, 5)},
        {"alpha": 0.3},
        {"alpha": 1.0},
        {"alpha": 1.4, "inputs": 1, "sensors": (0, 1, 2, 3, 6)},
    ],
)
def test_exact_pairs_are_supported_and_those_off_by_a_twentieth_are_not(conditions):
    key, clean = made(**conditions, count=20)
    law = key.null_functions.law
    unit = 1.0 - law.multiplier if law.discrete else 1.0
    for data in (clean, noisy(clean)[0]):
        assert verdicts(Exact(key, data.dt), data) == {"supported"}
        assert "supported" not in verdicts(Exact(key, data.dt, moved=0.06 * unit), data)


def test_verdicts_are_right_as_often_as_they_say():
    counts = {"exact": [], "moved": []}
    for seed in range(6):
        conditions = [{"inputs": 1}, {"alpha": 1.4}, {"alpha": 0.5, "inputs": 2}][seed % 3]
        key, clean = made(**conditions, seed=seed, length=25, count=12)
        law = key.null_functions.law
        unit = 1.0 - law.multiplier if law.discrete else 1.0
        data = noisy(clean, 0.02, seed, gaps=0.1)[0]
        counts["exact"] += list(residuals(Exact(key, data.dt), data)["verdict"])
        counts["moved"] += list(residuals(Exact(key, data.dt, 0.05 * unit), data)["verdict"])
    assert counts["exact"].count("not supported") <= 0.05 * len(counts["exact"])
    assert counts["exact"].count("supported") > 0.3 * len(counts["exact"])
    assert counts["moved"].count("supported") == 0


def test_a_driven_function_of_a_method_without_inputs_is_not_supported():
    key, data = made(inputs=2)
    b = key.null_functions.null_space.basis.T @ key.null_functions.drive
    reached = np.linalg.norm(b, axis=1) > 0.2
    assert reached.any()
    for one in (data, noisy(data)[0]):
        table = residuals(Exact(key, one.dt, inputs=False), one)
        assert set(table["verdict"][reached]) == {"not supported"}
        assert "does not use the inputs" in table.attrs["warning"]
    assert "inputs" not in residuals(Exact(key, data.dt), data).attrs["warning"]


@pytest.mark.parametrize("level", [0.0, 0.01])
def test_products_are_held_to_what_inputs_do_with_them(level):
    key, clean = made(inputs=1)
    data = noisy(clean, level)[0] if level else clean
    assert verdicts(Exact(key, data.dt, squared=True), data) == {"supported"}
    blind = residuals(Exact(key, data.dt, inputs=False, squared=True), data)
    assert "not supported" in set(blind["verdict"])


def test_pairs_of_which_the_inputs_are_not_known_are_left_out():
    key, data = made(inputs=1)
    held = data.inputs.copy()
    held[:, 7] = np.nan
    table = residuals(Exact(key, data.dt), replace(data, inputs=held))
    assert set(table["verdict"]) == {"supported"}
    assert set(table["pairs"]) == {40 * 19}


class Absorbing(Model):
    """Says of any function that what it does is due to inputs."""

    dt = 0.1

    def __init__(self, model):
        self.model = model

    eigenvalues = np.array([-3.0 + 0j])

    def eigenfunctions(self, windows):
        return windows[:, -1, :1]

    def forced(self, windows, inputs):
        later = self.model.predict(windows, 0.1, inputs=inputs[:, None])[:, 0, :1]
        return later - np.exp(-0.3) * windows[:, -1, :1]


def test_whoever_calls_all_that_a_function_does_a_response_is_refused():
    _, data = made(inputs=2)
    with pytest.raises(ValueError, match="do not vanish with the inputs"):
        residuals(Absorbing(least_squares(data)), data)


def test_inputs_of_another_model_or_interval_are_refused():
    _, data = made(inputs=2)
    model = least_squares(data)
    with pytest.raises(ValueError, match="the data have 1 inputs, the model was fitted to 2"):
        residuals(model, replace(data, inputs=data.inputs[..., :1]))
    coarse = Trajectories(data.states[:, ::2], data.times[::2], inputs=data.inputs[:, ::2])
    with pytest.raises(ValueError, match="inputs do that are held for"):
        residuals(model, coarse)
    undriven = residuals(model, replace(data, inputs=None)).attrs["warning"]
    assert "the data have none" in undriven


def test_a_map_that_nobody_called_one_is_told_by_its_multipliers_if_asked():
    key, data = made(alpha=1.0)
    alone = data.without_origin()
    assert verdicts(Exact(key, 1.0), alone, discrete=True) == {"supported"}
    assert verdicts(Exact(key, 1.0), alone) == {"cannot be told"}


def test_a_map_sampled_every_other_step_is_judged_by_one_step():
    key, data = made(alpha=0.3, length=41)
    other = Trajectories(data.states[:, ::2], data.times[::2], system=data.system)
    table = residuals(Exact(key, 2.0), noisy(other)[0])
    assert table["eigenvalue"].to_numpy() == pytest.approx(0.7)
    assert set(table["verdict"]) == {"supported"}
    assert "supported" not in verdicts(Exact(key, 2.0, moved=0.02), noisy(other)[0])


@pytest.mark.parametrize("kind", ["white", "steps"])
def test_the_noise_of_driven_data_is_not_what_inputs_do(kind):
    key, data = made(inputs=2, length=31)
    if kind == "steps":
        held = np.repeat(data.inputs[:, ::5], 5, axis=1)[:, :31]
        data = simulate(data.system, data.states[:, 0], data.times, inputs=held)
    seen, scale = noisy(data, 0.003)
    basis = key.null_functions.null_space.basis
    root = measurement_noise(seen).root
    along = np.linalg.norm(basis.T @ root, axis=1)
    assert along == pytest.approx(np.full(len(along), scale), rel=0.35)
    blind = measurement_noise(replace(seen, inputs=None)).root
    assert np.linalg.norm(basis.T @ blind, axis=1).max() > 3.0 * scale


def test_forecasts_of_recordings_know_the_inputs():
    _, data = made(inputs=2, length=11)
    model, alone = least_squares(data), least_squares(data, inputs=False)
    assert 1.0 - forecast_skill(model, data) < 0.1 * (1.0 - forecast_skill(alone, data))
    known = koopmark.scoring.assess(model, data).fit.forecast_error
    assert known < 0.8 * koopmark.scoring.assess(alone, data).fit.forecast_error
