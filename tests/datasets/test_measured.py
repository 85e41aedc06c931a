"""What is measured of a recording is what it was made with."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark._config import parse
from koopmark.datasets import Measured, measured, statements
from koopmark.datasets.inputs_section import InputsSection
from koopmark.datasets.trials_section import TrialsSection
from koopmark.simulation import EXCITES, Trajectories, simulate
from koopmark.systems import random_rnn

DT = 0.1
TURN = np.exp(-0.3 * DT) * np.array(
    [[np.cos(1.2 * DT), np.sin(1.2 * DT)], [-np.sin(1.2 * DT), np.cos(1.2 * DT)]]
)


def ragged(seed=0, channels=12, noise=0.02, trials=40):
    """Trials of a linear system with rates -0.3 ± 1.2i and -0.8, and white noise."""
    rng = np.random.default_rng(seed)
    step = np.zeros((3, 3))
    step[:2, :2], step[2, 2] = TURN, np.exp(-0.8 * DT)
    seen, arrays = rng.normal(size=(3, channels)), []
    for _ in range(trials):
        x, states = rng.normal(size=3), []
        for _ in range(rng.integers(25, 50)):
            states.append(x @ seen)
            x = x @ step
        arrays.append(np.array(states) + noise * rng.normal(size=(len(states), channels)))
    return Trajectories.from_arrays(arrays, dt=DT)


@pytest.mark.parametrize("seed", range(3))
def test_the_rank_above_noise_of_ragged_trials_is_that_of_the_system(seed):
    found = Measured.of(ragged(seed))
    assert (found.rank, found.signal) == (12, 3)


def test_rates_of_a_linear_fit_are_those_of_the_system():
    found = Measured.of(ragged())
    np.testing.assert_allclose(
        found.rates[:2], [-0.3 + 1.2j, -0.3 - 1.2j], atol=4 * found.rate_errors[0]
    )
    assert found.rates[2] == pytest.approx(-0.8, abs=4 * found.rate_errors[2])


@given(
    st.floats(0.0, 0.4), st.floats(2.0, 8.0), st.floats(0.0, 0.1), st.floats(0.3, 1.0),
    st.floats(0.0, 0.25), st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=6, deadline=None)
def test_what_is_missing_and_uneven_is_measured(gaps, gap, missing, shortest, jitter, seed):
    keys = {"gaps": gaps, "gap": gap, "missing": missing, "shortest": shortest, "jitter": jitter}
    section = parse(keys, TrialsSection, "here")
    rng, key, even = np.random.default_rng(seed), {"seed": seed}, DT * np.arange(201)
    there = section.recorded((40, 201, 5), key)
    states = np.where(there, rng.normal(size=there.shape), np.nan)
    found = Measured.of(Trajectories(states, section.times(even, 40, key)))
    assert found.gaps_drawn == pytest.approx(gaps, abs=0.01)
    assert found.missing == pytest.approx(missing, abs=0.003)
    assert found.jitter == pytest.approx(jitter, rel=0.1, abs=1e-3)
    assert found.dt == pytest.approx(DT, rel=1e-3)


def decaying(rate, noise, seed=0, trials=300, samples=30, dt=DT):
    """One channel x(t) = x(0) exp(-rate t), with noise of this share of its deviation."""
    rng, times = np.random.default_rng(seed), dt * np.arange(samples)
    states = rng.normal(size=(trials, 1, 1)) * np.exp(-rate * times)[None, :, None]
    return Trajectories(states + noise * states.std() * rng.normal(size=states.shape), times)


def said(data, what):
    return next(one for one in statements(Measured.of(data)) if one.what == what)


@pytest.mark.parametrize(("rate", "noise"), [(0.5, 0.1), (1.0, 0.3)])
def test_least_squares_decays_too_fast_by_what_is_said(rate, noise):
    data = decaying(rate, noise)
    now, ahead = data.pairs()
    fitted = -np.log(np.sum(now * ahead) / np.sum(now * now)) / DT
    # Of the value of a decaying trial the noise is a larger share at later times: pairs end there.
    extra = float(re.search(r"too fast by ([\d.]+)", said(data, "noise").meaning)[1])
    assert fitted - rate == pytest.approx(extra, rel=0.15)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97])
def test_frequencies_near_nyquist_are_said_to_be_near_it(share):
    times, rng = DT * np.arange(100), np.random.default_rng(1)
    phase = rng.uniform(0.0, 6.0, size=(20, 1))
    angle = share * np.pi / DT * times + phase
    data = Trajectories(np.stack([np.cos(angle), np.sin(angle)], axis=2), times)
    assert ("as fast as they are sampled" in said(data, "aliasing").meaning) == (share > 0.8)


def test_white_channels_are_noise_alone_and_have_no_rank():
    found = Measured.of(Trajectories(np.random.default_rng(0).normal(size=(20, 50, 4)), dt=DT))
    assert found.signal == 0
    assert said_of(found, "noise alone")


def said_of(found, what):
    return [one for one in statements(found) if one.what == what]


def test_trials_that_decay_and_trials_on_a_cycle_are_told_apart():
    times, rng = DT * np.arange(200), np.random.default_rng(2)
    angle = times + rng.uniform(0.0, 6.3, size=(30, 1))
    cycle = Trajectories(np.stack([np.cos(angle), np.sin(angle)], axis=2), times)
    assert "stationary" in said(cycle, "stationarity").meaning
    assert "stationary" in said(cycle[:1], "stationarity").meaning
    assert "approach one another" in said(decaying(1.0, 0.01), "stationarity").meaning
    assert "die out" in said(decaying(1.0, 0.01, samples=80)[:1], "stationarity").meaning


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("white", {}),
        ("steps", {"hold": 6.0}),
        ("multisine", {}),
        ("constant", {}),
        ("feedback", {"dither": 0.0}),
    ],
)
def test_inputs_are_recognised_and_so_is_what_they_excite(kind, more):
    keys = {"channels": 2, "kind": kind, "amplitude": 0.7, **more}
    section, system = parse(keys, InputsSection, "here"), random_rnn(4, 2)
    driven = section.drive(system, 0)
    law = section.draw(driven, 20, 61, {"seed": 0, "sampling": {}}, "train")
    starts = np.random.default_rng(3).normal(size=(20, 4))
    found = Measured.of(simulate(driven, starts, DT * np.arange(61), inputs=law)).inputs
    assert found.kind == kind
    if kind != "feedback":
        np.testing.assert_allclose(found.amplitude, 0.7, rtol=0.25)
    if kind == "steps":
        assert found.hold == pytest.approx(6.0, rel=0.2)
    assert (found.excitation >= EXCITES).all() == (kind not in ("constant", "feedback"))


def test_units_far_apart_and_constant_channels_are_said_and_change_nothing_else():
    data = ragged(channels=4)
    scaled = np.concatenate([data.states * [1e-6, 1, 1e3, 1e6], 0 * data.states[..., :1] + 7], 2)
    one, other = Measured.of(data), Measured.of(Trajectories(scaled, data.times))
    assert other.signal == one.signal == 3
    np.testing.assert_allclose(other.relative_noise[:4], one.relative_noise, rtol=1e-5)
    np.testing.assert_allclose(other.rates, one.rates, rtol=1e-5)
    assert "1e+12" in said_of(other, "units")[0].meaning
    assert said_of(other, "constant channels")[0].value == "4"


def with_copy(data, later, unit, origin=0.0):
    """With the first channel so many samples late as the last one."""
    states = data.states
    late = unit * states[:, : states.shape[1] - later, :1] + origin
    return Trajectories(np.concatenate([states[:, later:], late], axis=2), dt=DT)


@given(
    st.integers(0, measured.LATEST_COPY), st.floats(-9.0, 9.0), st.floats(-3.0, 3.0),
    st.sampled_from([1e-3, 0.02, 0.3]),
)  # fmt: skip
@settings(max_examples=8, deadline=None)
def test_a_copy_is_found_however_late_and_in_whatever_unit(later, unit, origin, noise):
    data = ragged(channels=4, noise=noise, trials=8)
    found = Measured.of(with_copy(data, later, -(10.0**unit), origin * 10.0**unit))
    assert found.copies == ((4, 0, later),)
    assert said_of(found, "delayed copies" if later else "copied channels")


def test_a_copy_in_single_precision_is_found():
    data = ragged(channels=4, trials=8)
    data = Trajectories(data.states.astype(np.float32), dt=DT)
    assert Measured.of(with_copy(data, 2, np.float32(1.0))).copies == ((4, 0, 2),)


@pytest.mark.parametrize("noise", [0.0, 1e-3, 0.1])
def test_channels_that_show_the_same_motion_are_no_copies(noise):
    at = DT * np.arange(200)
    # Sines of which each is the other some samples later; nothing else is in them.
    states = np.stack([np.sin(2 * np.pi * at / 2.0), np.cos(2 * np.pi * at / 2.0)], axis=1)
    states = states + noise * np.random.default_rng(0).normal(size=states.shape)
    assert Measured.of(Trajectories(states[None], dt=DT)).copies == ()


@pytest.mark.parametrize(
    ("states", "what"),
    [
        (np.ones((1, 20, 3)), "constant channels"),
        (np.full((2, 20, 3), np.nan), "channels without a value"),
        (np.random.default_rng(0).normal(size=(4, 1, 2)), "Δt"),
        (np.arange(40).reshape(1, 20, 2), "numerical rank"),
        (np.random.default_rng(0).normal(size=(1, 8, 2)), "noise"),
        (np.where(np.arange(80).reshape(2, 20, 2) % 9, 1.0, np.inf), "infinite values"),
    ],
)
def test_of_odd_recordings_it_is_said_what_is_odd(states, what):
    assert said_of(Measured.of(Trajectories(states, dt=DT)), what)


def test_nothing_is_refused():
    with pytest.raises(ValueError, match=r"states of shape \(0, 20, 2\) hold nothing to measure"):
        Measured.of(Trajectories(np.zeros((0, 20, 2)), dt=DT))


def test_of_more_channels_than_pairs_tell_apart_the_rank_is_that_of_the_signal():
    found = Measured.of(ragged(channels=200))
    assert (found.signal, found.rank) == (3, 200)


def test_of_long_data_an_even_choice_gives_the_same(monkeypatch):
    data = ragged(trials=120)
    whole = Measured.of(data)
    monkeypatch.setattr(measured, "MOST_VALUES", 30_000)
    some = Measured.of(data)
    assert some.looked_at < whole.looked_at
    assert said_of(some, "thinned")
    np.testing.assert_allclose(some.noise, whole.noise, rtol=0.2)
    assert (some.signal, some.samples, some.lengths) == (3, whole.samples, whole.lengths)


def test_uneven_steps_on_no_grid_are_said_to_be():
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.5, 1.5, size=(20, 100)) * DT, axis=1)
    found = Measured.of(Trajectories(np.sin(times)[..., None], times))
    assert not found.on_grid
    assert found.dt == pytest.approx(DT, rel=0.05)


def turning(random, noise, seed=0):
    """A Hopf oscillator with random forces, and noise, of these sizes."""
    rng, h, made = np.random.default_rng(seed), 0.01, []
    x = rng.normal(size=(20, 2))
    for step in range(800):
        if step % 10 == 0:
            made.append(x)
        speed = x * (1.0 - (x**2).sum(axis=1, keepdims=True)) + 2.0 * x[:, ::-1] * [-1.0, 1.0]
        x = x + h * speed + random * np.sqrt(h) * rng.normal(size=x.shape)
    states = np.stack(made, axis=1)
    return Trajectories(states + noise * rng.normal(size=states.shape), dt=10 * h)


@pytest.mark.parametrize(("random", "noise"), [(0.1, 0.0), (0.3, 0.03), (0.0, 0.03), (0.0, 0.3)])
def test_noise_in_the_dynamics_is_said_to_be_possible_if_there_is_some(random, noise):
    found = Measured.of(turning(random, noise))
    assert bool(said_of(found, "noise in the dynamics")) == (random > 0.0)
    assert found.noise_settled.all() == (random == 0.0)
