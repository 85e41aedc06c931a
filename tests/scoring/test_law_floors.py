"""The statistical floors under inputs, through sensors and of maps, against maximum likelihood."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark.datasets import AnswerKey
from koopmark.scoring import statistical_floors
from koopmark.scoring._law_floors import responses
from koopmark.scoring._subspaces import orthonormal_basis, sines
from koopmark.simulation import simulate
from koopmark.systems import LowRank, Sensors, leaky_rnn, random_rnn
from koopmark.truth import LinearLaw

DRAWS = 120


def conditions(inputs=0, alpha=None, sensors=None, gaps=0.0, uneven=False, seed=0, degree=1):
    """An answer key, clean training data as they were recorded, and a test set."""
    rng = np.random.default_rng(seed)
    system = random_rnn(7, 2, theta_scale=0.5)
    if alpha is not None:
        left, right = system.weights.left, system.weights.right
        system = leaky_rnn(LowRank(left, right), theta=0.5 * rng.standard_normal(7), alpha=alpha)
    if inputs:
        system = system.with_inputs(rng.standard_normal((7, inputs)))
    length = 25
    times = 1.0 * np.arange(length) if alpha else np.linspace(0.0, 3.0, length)
    if uneven:
        times = np.sort(rng.uniform(0.0, 3.0, length))

    def made(count):
        states = rng.uniform(-2, 2, (count, 7))
        held = rng.standard_normal((count, length, inputs)) if inputs else None
        data = simulate(system, states, times, inputs=held)
        return data if sensors is None else data.observed(Sensors.of_units(sensors, 7))

    train, test = made(20), made(15)
    if gaps:
        lost = rng.random(train.states.shape[:2]) < gaps
        train = replace(train, states=np.where(lost[..., None], np.nan, train.states))
    seen = None if sensors is None else Sensors.of_units(sensors, 7)
    return AnswerKey.of(system, degree, seen), train, test


def designs(data, law, rates):
    """Orthonormal bases (P, K) of what is free at each rate, and the 1 and responses (P, 1 + q)."""
    kept = ~np.isnan(data.states).any(axis=2)
    m, t = kept.shape
    bases, parts = [], []
    for rate in rates:
        base = rate if law.discrete else np.exp(rate)
        columns = []
        for one in range(m):
            decay = np.zeros((m, t))
            decay[one] = base ** (data.times - data.times[0])
            columns.append(decay[kept])
        shared = [np.ones(kept.sum())]
        for channel in range(0 if data.inputs is None else data.inputs.shape[2]):
            # One input after the other, each by what it leaves at every later time.
            response = np.zeros((m, t))
            for k in range(t - 1):
                dt = data.times[k + 1] - data.times[k]
                gain = (base**dt - 1.0) / ((rate - 1.0) if law.discrete else rate)
                later = base ** (data.times[k + 1 :] - data.times[k + 1])
                response[:, k + 1 :] += gain * data.inputs[:, k, channel, None] * later
            shared.append(response[kept])
        shared = np.array(shared).T
        bases.append(np.linalg.qr(np.column_stack([*columns, shared]))[0])
        own = np.linalg.qr(np.column_stack(columns))[0]
        parts.append((shared - own @ (own.T @ shared), shared))
    return bases, parts, kept


def errors(key, train, test, noise, targets):
    """Maximum likelihood: errors of the rate and of each target, a row each draw; its floor."""
    null = key.null_functions
    law, d = null.law, key.targets[targets[0]].dimension
    floors = statistical_floors(key, train, noise, test)
    truth, step = law.eigenvalue(1).real, 2.0 * floors[targets[0]].eigenvalue
    bases, parts, kept = designs(train, law, truth + step * np.array([-1, 0, 1]))
    at = test.states.reshape(-1, test.states.shape[2])
    exact = {one: orthonormal_basis(key.targets[one].evaluate(at)) for one in targets}
    rng, found = np.random.default_rng(1), {one: [] for one in targets}
    clean = train.states[kept]
    for _ in range(DRAWS):
        states = clean + noise * rng.standard_normal(clean.shape)
        left = [states.T @ states - (b.T @ states).T @ (b.T @ states) for b in bases]
        low, here, high = (np.linalg.eigvalsh(one)[:d].sum() for one in left)
        place = 0.5 * (low - high) / (low + high - 2 * here)
        weights = [0.5 * place * (place - 1), 1 - place**2, 0.5 * place * (place + 1)]
        u = np.linalg.eigh(sum(w * one for w, one in zip(weights, left, strict=True)))[1][:, :d]
        # Coefficients of the constant and of the responses at that rate.
        solved = [np.linalg.lstsq(p, states @ u, rcond=None)[0] for p, _ in parts]
        shared = sum(w * one for w, one in zip(weights, solved, strict=True))
        for one in targets:
            if one == 1 and train.inputs is not None:
                # Those that no input reaches are told by their gains.
                free = np.linalg.svd(shared[1:].T)[0][:, len(shared) - 1 :]
                u, shared = u @ free, shared @ free
            sine = sines(exact[one], np.eye(exact[one].shape[1]), at @ u - shared[0])[0]
            found[one].append((place * step, sine))
    return [(one, np.array(found[one]), floors[one]) for one in targets]


def ratios(found, floor):
    rms = np.sqrt(np.mean(np.square(found), axis=0))
    return rms / [floor.eigenvalue, floor.sine]


CASES = {
    "inputs": {"inputs": 2},
    "inputs and gaps": {"inputs": 2, "gaps": 0.3},
    "inputs at uneven times": {"inputs": 1, "uneven": True},
    "unknown inputs": {"inputs": 2},
    "unknown inputs of a map": {"inputs": 1, "alpha": 0.6},
    "sensors": {"sensors": [0, 2, 3, 5]},
    "map": {"alpha": 0.3},
    "map with a negative multiplier": {"alpha": 1.4},
    "map that forgets": {"alpha": 1.0},
    "all": {"alpha": 0.5, "inputs": 1, "sensors": [0, 2, 3, 5, 6], "gaps": 0.2},
}


@pytest.mark.parametrize("case", CASES)
def test_maximum_likelihood_attains_the_floor_under_these_conditions(case):
    key, train, test = conditions(**CASES[case])
    targets = (0,) if train.inputs is None else (0, 1)
    if case.startswith("unknown"):
        # What no input reaches obeys all the same.
        train, targets = replace(train, inputs=None), (1,)
    for target, found, floor in errors(key, train, test, 1e-3, targets):
        # Four standard deviations of a root mean square over these draws are 0.26.
        assert ratios(found, floor) == pytest.approx(1.0, abs=0.26), target


def test_the_floor_of_a_flow_without_inputs_is_a_special_case():
    key, train, test = conditions(gaps=0.2)
    (flow,) = statistical_floors(key, train, 1e-3, test)
    (case,) = statistical_floors(replace(key, inputs=1), train, 1e-3, test)
    assert case.eigenvalue == pytest.approx(flow.eigenvalue, rel=1e-9)
    # A mean over draws of the same law.
    assert case.sine == pytest.approx(flow.sine, rel=0.01)


def test_the_floor_of_a_map_is_that_of_the_flow_it_samples():
    # A linear null part sampled every Δt is a map: δμ = Δt μ δλ, and the functions are the same.
    key, train, test = conditions()
    law = LinearLaw(multiplier=float(np.exp(-train.dt)))
    steps = 1.0 * np.arange(len(train.times))
    mapped = replace(
        key,
        discrete=True,
        null_functions=replace(key.null_functions, law=law),
        targets=(replace(key.targets[0], law=law),),
    )
    (flow,) = statistical_floors(key, train, 1e-3, test)
    (case,) = statistical_floors(mapped, replace(train, times=steps), 1e-3, test)
    assert case.sine == pytest.approx(flow.sine, rel=0.01)
    assert case.eigenvalue == pytest.approx(flow.eigenvalue * train.dt * law.multiplier, rel=1e-9)


def test_the_derivatives_of_responses_are_those_of_differences():
    rng = np.random.default_rng(0)
    held = rng.standard_normal((3, 6, 2))
    times = np.array([0.0, 1.0, 2.0, 5.0, 6.0, 8.0])
    for at, law in (
        (-0.7, lambda rate: LinearLaw(decay=-rate)),
        (0.6, lambda mu: LinearLaw(multiplier=mu)),
        (-0.4, lambda mu: LinearLaw(multiplier=mu)),
    ):
        up, down = (responses(law(at + h), times, held)[0] for h in (1e-6, -1e-6))
        assert responses(law(at), times, held)[1] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def test_inputs_that_hardly_reach_a_function_do_not_tell_which_are_not_reached():
    key, train, test = conditions(inputs=2)
    weak = replace(train, inputs=1e-9 * train.inputs)
    driven, undriven = statistical_floors(key, weak, 1e-3, test)
    assert driven.sine < 1e-2
    assert "no small number" in undriven.note


def test_data_whose_inputs_were_zero_have_the_floor_of_data_without():
    key, train, test = conditions(inputs=2)
    zero = simulate(train.system, train.states[:, 0], train.times)
    driven, undriven = statistical_floors(key, zero, 1e-3, test)
    alone = replace(key, inputs=0, targets=key.targets[:1])
    (flow,) = statistical_floors(alone, zero, 1e-3, test)
    assert driven.eigenvalue == pytest.approx(flow.eigenvalue, rel=1e-9)
    assert "do not show all functions that inputs do not reach" in undriven.note


def test_inputs_that_were_not_recorded_leave_no_bound_on_what_they_drive():
    key, train, test = conditions(inputs=2)
    driven, undriven = statistical_floors(key, replace(train, inputs=None), 1e-3, test)
    assert "inputs that are not recorded" in driven.note
    known = statistical_floors(key, train, 1e-3, test)[1]
    # What is known of the inputs can only help.
    assert undriven.eigenvalue > known.eigenvalue
    assert undriven.sine > 0.98 * known.sine


def test_what_no_sensor_shows_has_no_floor_and_a_reason():
    key, train, test = conditions(sensors=[1, 4])
    (floor,) = statistical_floors(key, train, 1e-3, test)
    assert np.isnan([floor.eigenvalue, floor.sine]).all()
    assert "a function of the whole state" in floor.note
