"""Trials recorded as others were: when, in which channels, and under which inputs."""

import numpy as np
import pytest

from koopmark import Trajectories
from koopmark._errors import ConfigError
from koopmark.datasets import AnswerKey, build, load_recipe
from koopmark.datasets.pattern import Pattern
from koopmark.scoring import statistical_floors
from koopmark.systems import Sensors

RECIPE = """
title = "t"
description = "d"
[system]
kind = "random_rnn"
n = 3
rank = 1
[initial_states]
kind = "normal"
scale = 1.0
[sampling]
trajectories = {trajectories}
test_trajectories = 5
dt = 0.1
horizon = 1.0
{sampling}
[trials]
pattern = "pattern.npz"
{trials}
"""


@pytest.fixture
def recorded():
    """Six trials of unequal length at uneven times, with gaps, single values missing, inputs."""
    rng = np.random.default_rng(0)
    times = np.arange(12) * 0.5 + rng.uniform(-0.1, 0.1, (6, 12)) + 3.0
    states = rng.normal(size=(6, 12, 3))
    states[rng.random((6, 12)) < 0.2] = np.nan
    states[rng.random((6, 12, 3)) < 0.1] = np.nan
    states[2, 8:] = np.nan
    times[2, 8:] = np.nan
    inputs = rng.normal(size=(6, 12, 2))
    inputs[1, 5:] = np.nan
    return Trajectories(states, times, inputs=inputs)


def made(folder, pattern, more="", sampling="", trials=""):
    pattern.write(folder / "pattern.npz")
    text = RECIPE.format(trajectories=pattern.shape[0], sampling=sampling, trials=trials)
    (folder / "as_recorded.toml").write_text(text + more)
    return load_recipe(folder / "as_recorded.toml")


INPUTS = """
[inputs]
channels = 2
kind = "given"
amplitude = 0.5
scale = [2.0, 2.0]
"""


def test_what_was_recorded_is_recorded_at_the_same_times_under_the_same_inputs(tmp_path, recorded):
    pattern = Pattern.of(recorded, 0.5)
    train = build(made(tmp_path, pattern, INPUTS), 0, tmp_path).train
    np.testing.assert_array_equal(np.isnan(train.states), np.isnan(recorded.states))
    spans = np.nanmax(recorded.times, axis=1) - recorded.times[:, 0]
    np.testing.assert_allclose(np.nanmax(train.times, axis=1), spans / 0.5 * 0.1)
    np.testing.assert_array_equal(train.inputs[0], recorded.inputs[0])
    np.testing.assert_array_equal(
        train.inputs[1, 5:], np.broadcast_to(recorded.inputs[1, 4], (7, 2))
    )


def test_trials_are_split_as_those_recorded_were_whatever_the_seed(tmp_path, recorded):
    recipe = made(tmp_path, Pattern.of(recorded), trials="held_out = 0.3")
    _, held = recorded.split(0.3, 0)
    for seed in (0, 1):
        made_held = build(recipe, seed, tmp_path).held_out
        np.testing.assert_array_equal(np.isnan(made_held.states), np.isnan(held.states))


def test_a_pattern_is_read_as_it_was_written(tmp_path, recorded):
    pattern = Pattern.of(recorded)
    pattern.write(tmp_path / "one.npz")
    again = Pattern.read(tmp_path / "one.npz")
    for name in ("times", "recorded", "inputs"):
        np.testing.assert_array_equal(getattr(again, name), getattr(pattern, name))


def test_even_trials_stay_even(tmp_path):
    pattern = Pattern.of(Trajectories(np.zeros((4, 20, 3)), dt=7.0))
    train = build(made(tmp_path, pattern), 0, tmp_path).train
    assert train.regular
    assert train.dt == pytest.approx(0.1)


def test_numbers_depend_on_what_a_pattern_says_and_not_on_where_it_lies(tmp_path, recorded):
    pattern = Pattern.of(recorded)
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    one, same = made(here, pattern), made(there, pattern)
    assert one.depends_on() == same.depends_on()
    other = made(there, Pattern.of(recorded[:, 1:]))
    assert one.depends_on() != other.depends_on()


MISTAKES = {
    "trajectories": ("trajectories = 6", "trajectories = 5", "the pattern is that of 6 trajec"),
    "drawn too": ('pattern = "', 'gaps = 0.1\npattern = "', "gaps beside pattern"),
    "no file": ("pattern.npz", "nowhere.npz", "nowhere.npz: cannot be read"),
    "no pattern": ("pattern.npz", "as_recorded.toml", "no pattern of trials"),
    "noise": ("horizon = 1.0", "horizon = 1.0\nnoise = [0.1, 0.2]", "noise has 2 numbers"),
    "inputs": ("channels = 2", "channels = 3", "scale has 2 numbers: it needs 3"),
    "other inputs": (
        'channels = 2\nkind = "given"\namplitude = 0.5\nscale = [2.0, 2.0]',
        'channels = 1\nkind = "given"',
        "the pattern has 2 channels of inputs",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_does_not_fit_a_pattern_is_said_in_a_sentence(tmp_path, recorded, mistake):
    made(tmp_path, Pattern.of(recorded), INPUTS)
    old, new, sentence = MISTAKES[mistake]
    path = tmp_path / "as_recorded.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=sentence):
        load_recipe(path)


def test_inputs_are_given_by_a_pattern_alone(tmp_path, recorded):
    made(tmp_path, Pattern.of(recorded), INPUTS)
    path = tmp_path / "as_recorded.toml"
    path.write_text(path.read_text().replace('[trials]\npattern = "pattern.npz"', ""))
    with pytest.raises(ConfigError, match="needs a pattern of trials"):
        load_recipe(path)


def test_noise_of_each_channel_is_relative_to_that_channel(tmp_path):
    pattern = Pattern.of(Trajectories(np.zeros((60, 40, 3)), dt=1.0))
    units = "[observation]\nscale = [1e-3, 1.0, 1e3]\noffset = [0.0, 5.0, -1e4]\n"
    data = build(made(tmp_path, pattern, units, sampling="noise = [0.1, 0.0, 0.3]"), 0, tmp_path)
    off = (data.train.states - data.clean.states).std(axis=(0, 1))
    clean = data.clean.states.std(axis=(0, 1))
    np.testing.assert_allclose(off / clean, [0.1, 0.0, 0.3], rtol=0.05)
    np.testing.assert_allclose(data.noise, off, rtol=0.05)


def test_statistical_floors_do_not_depend_on_the_units_of_channels(tmp_path):
    pattern = Pattern.of(Trajectories(np.zeros((20, 30, 3)), dt=1.0))
    data = build(made(tmp_path, pattern), 0, tmp_path)
    level = 0.01 * data.clean.states.std()
    plain = statistical_floors(data.key, data.clean, level, data.test)
    same = statistical_floors(data.key, data.clean, np.full(3, level), data.test)
    assert same[0].eigenvalue == pytest.approx(plain[0].eigenvalue, rel=1e-6)
    assert same[0].sine == pytest.approx(plain[0].sine, rel=0.02)
    units = np.array([1e-3, 1.0, 1e3])
    seen = Sensors(np.diag(units))
    other = statistical_floors(
        AnswerKey.of(data.system, 1, seen),
        data.clean.observed(seen),
        level * units,
        data.test.observed(seen),
    )
    assert other[0].eigenvalue == pytest.approx(plain[0].eigenvalue, rel=1e-6)
    assert other[0].sine == pytest.approx(plain[0].sine, rel=0.02)


def test_more_channels_of_the_same_noise_lower_the_statistical_floor(tmp_path):
    pattern = Pattern.of(Trajectories(np.zeros((20, 30, 3)), dt=1.0))
    data = build(made(tmp_path, pattern), 0, tmp_path)
    level = 0.01 * data.clean.states.std()
    plain = statistical_floors(data.key, data.clean, level, data.test)
    # Each variable four times is each once with half the noise.
    seen = Sensors(np.tile(np.eye(3), (4, 1)))
    key = AnswerKey.of(data.system, 1, seen)
    fourfold = statistical_floors(
        key, data.clean.observed(seen), np.full(12, level), data.test.observed(seen)
    )
    assert fourfold[0].eigenvalue == pytest.approx(0.5 * plain[0].eigenvalue, rel=1e-6)
    assert fourfold[0].sine == pytest.approx(0.5 * plain[0].sine, rel=0.02)


def test_the_spectrum_is_that_of_the_system_through_sensors_that_show_all_of_it(tmp_path):
    pattern = Pattern.of(Trajectories(np.zeros((20, 30, 5)), dt=1.0))
    rng = np.random.default_rng(0)
    rows = ", ".join(str(list(map(float, row))) for row in rng.normal(size=(5, 3)))
    seen = build(made(tmp_path, pattern, f"[observation]\nmatrix = [{rows}]\n"), 0, tmp_path).key
    plain = Pattern.of(Trajectories(np.zeros((20, 30, 3)), dt=1.0))
    whole = build(made(tmp_path, plain), 0, tmp_path).key
    assert seen.spectrum is not None
    assert [p.eigenvalue for p in seen.spectrum.points] == [
        p.eigenvalue for p in whole.spectrum.points
    ]
