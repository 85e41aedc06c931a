"""Twins: systems with exact keys are observed as the data were, measured by the same measures."""

import numpy as np
import pytest

from koopmark import Trajectories, methods, simulate, systems
from koopmark.datasets import Measured, build, twin
from koopmark.scoring._truth import truth_of
from koopmark.systems.textbook.linear import linear_of_spectrum

SPECTRUM = systems.block_diagonal([-0.5], [(-0.2, 2.0)])


def noisy(states, share, seed):
    rng = np.random.default_rng(seed)
    return states + share * states.std(axis=(0, 1)) * rng.normal(size=states.shape)


def ragged():
    """Forty ragged trials of a rank-3 linear system in 12 noisy channels."""
    rng = np.random.default_rng(1)
    path = simulate(
        linear_of_spectrum(3, SPECTRUM, 3), rng.normal(size=(40, 3)), np.arange(61) / 10
    )
    states = noisy(path.states @ rng.normal(size=(3, 12)), 0.03, 1)
    for trial in range(40):
        states[trial, rng.integers(30, 62) :] = np.nan
    return Trajectories(states, dt=0.1)


def driven():
    """Trials of a recurrent network with gaps, at uneven times, under inputs."""
    rng = np.random.default_rng(2)
    system = systems.random_rnn(4, 2, gain=1.8, seed=1, inputs=2)
    times = np.arange(61) / 10 + 0.02 * rng.uniform(-1, 1, (30, 61))
    inputs = np.repeat(rng.normal(size=(30, 13, 2)), 5, axis=1)[:, :61]
    path = simulate(system, rng.normal(size=(30, 4)), times, inputs=inputs)
    states = noisy(path.states, 0.02, 2)
    states[rng.random(states.shape[:2]) < 0.15] = np.nan
    return Trajectories(states, times, inputs=inputs)


def cycle():
    """One long trial of van der Pol's oscillator in five noisy channels."""
    from scipy.integrate import solve_ivp

    def field(_, x):
        return [x[1], (1 - x[0] ** 2) * x[1] - x[0]]

    at = np.arange(1000) / 20
    path = solve_ivp(field, (0, at[-1]), [2.0, 0.0], t_eval=at, rtol=1e-8).y.T
    rng = np.random.default_rng(3)
    return Trajectories(noisy((path @ rng.normal(size=(2, 5)))[None], 0.05, 3), at)


def species():
    """Lotka-Volterra data whose channels are in units a million apart."""
    rng = np.random.default_rng(4)
    start = np.exp(rng.uniform(-1, 1, (20, 4)))
    path = simulate(systems.random_lotka_volterra(4, 2, seed=2), start, np.arange(61) / 10)
    return Trajectories(noisy(path.states, 0.02, 4) * [1e-3, 1.0, 1e3, 5.0], dt=0.1)


DATA = {one.__name__: one for one in (ragged, driven, cycle, species)}


@pytest.fixture(scope="module", params=DATA)
def made(request, tmp_path_factory):
    """Data, the twin of them, and all that each of its recipes records."""
    folder = tmp_path_factory.mktemp(request.param)
    data = DATA[request.param]()
    found = twin(data, folder, cache_dir=folder / "cache")
    again = {recipe.name: whole(build(recipe, 0, folder / "cache")) for recipe in found.recipes}
    return data, found, again


def whole(data):
    """The trials to fit to and those held out, as one recording."""
    axis = 1 if len(data.train) == 1 else 0
    parts = (data.train, data.held_out)
    times = data.train.times
    if times.ndim == 2 or axis == 1:
        times = np.concatenate([np.broadcast_to(p.times, p.shape[:2]) for p in parts], axis=axis)
    inputs = None
    if data.train.inputs is not None:
        inputs = np.concatenate([p.inputs for p in parts], axis=axis)
    return Trajectories(np.concatenate([p.states for p in parts], axis=axis), times, inputs=inputs)


def test_there_are_four_families_and_a_reason_for_each_that_is_left_out(made):
    _, found, _ = made
    assert len(found.families) >= 4
    assert all(found.left_out.values())
    text = (found.folder / "README.md").read_text()
    assert "not the system behind them" in text
    assert all(family.name in text for family in found.families)


def test_the_noise_of_the_twin_is_that_of_the_data(made):
    _, found, again = made
    for data in again.values():
        ratio = Measured.of(data).relative_noise / found.measured.relative_noise
        np.testing.assert_allclose(ratio, 1.0, atol=0.2)


def test_the_twin_has_as_many_directions_gaps_and_lengths_as_the_data(made):
    _, found, again = made
    for data in again.values():
        measured = Measured.of(data)
        assert measured.signal == found.measured.signal
        assert measured.gaps == pytest.approx(found.measured.gaps, abs=0.01)
        assert measured.lengths == found.measured.lengths
        assert measured.jitter == pytest.approx(found.measured.jitter, abs=0.01)


def test_channels_have_the_units_and_offsets_of_the_data(made):
    _, found, again = made
    for data in again.values():
        measured = Measured.of(data)
        ratio = measured.deviation / found.measured.deviation
        np.testing.assert_allclose(ratio, 1.0, atol=0.1)
        off = np.abs(measured.mean - found.measured.mean)
        assert (off < 0.1 * found.measured.deviation).all()


def test_decays_of_the_twin_are_about_those_of_the_data(made):
    data, found, _ = made
    rates = found.measured.rates
    if not len(rates):
        pytest.skip("no rate of these data could be told")
    for recipe in found.recipes:
        # Of the principal functions, per sampling interval.
        values = np.array([one.eigenvalue for one in recipe.build(0).targets(1)])
        values = values * recipe.sampling.dt
        size = np.abs(rates.real) if values.real.any() else np.abs(rates)
        size = size * found.measured.dt
        own = np.abs(values.real) if values.real.any() else np.abs(values)
        assert own.max() <= 2.0 * size.max()
        assert own.min() >= 0.5 * size.min()
    assert len(data)


def test_what_is_held_out_is_what_an_analysis_of_the_data_holds_out(made):
    data, found, _ = made
    _, held = data.split(0.3, 0)
    other = build(found.recipes[0], 1, found.folder / "cache").held_out
    np.testing.assert_array_equal(np.isnan(other.states), np.isnan(held.states))


def test_there_is_no_twin_of_data_in_which_nothing_varies(tmp_path):
    with pytest.raises(ValueError, match="nothing varies"):
        twin(Trajectories(np.ones((3, 20, 2)), dt=0.1), tmp_path)


def test_one_channel_a_constant_one_and_one_that_was_not_recorded_have_a_twin(tmp_path):
    rng = np.random.default_rng(0)
    states = np.exp(-0.1 * np.arange(30))[:, None] * rng.normal(size=(12, 1, 1))
    states = np.concatenate(
        [noisy(states, 0.01, 0), np.full(states.shape, 7.0), np.full(states.shape, np.nan)], axis=2
    )
    found = twin(Trajectories(states, dt=1.0), tmp_path, cache_dir=tmp_path / "cache")
    assert [family.name for family in found.families] == ["linear"]
    train = build(found.recipes[0], 0, tmp_path / "cache").train
    assert np.isnan(train.states[..., 2]).all()
    np.testing.assert_allclose(train.states[..., 1], 7.0)


@pytest.fixture(scope="module")
def of_one_channel(tmp_path_factory):
    """A twin of the noisy sum of two oscillations in one channel, and what its recipes record."""
    folder = tmp_path_factory.mktemp("one")
    times = np.arange(400)
    values = np.sin(0.3 * times) + 0.7 * np.sin(0.71 * times + 1.0)
    values = 5.0 + values + 0.2 * np.random.default_rng(5).normal(size=400)
    found = twin(Trajectories(values[None, :, None], dt=1.0), folder, cache_dir=folder / "cache")
    return found, [build(recipe, 0, folder / "cache") for recipe in found.recipes]


def test_one_channel_that_oscillates_has_twins_of_its_order_with_keys(of_one_channel):
    found, made = of_one_channel
    assert found.measured.order == 4
    assert [data.system.size for data in made] == [4, 6, 2]
    for data in made:
        assert data.key.latent
        assert data.key.channels == 1
    own = np.sort(np.abs(made[0].system.eigenvalues.imag))[::2] * made[0].recipe.sampling.dt
    np.testing.assert_allclose(own, [0.3, 0.71], rtol=0.16)
    assert "which functions so few sensors show" in found.left_out["coupling layers"]


def test_one_channel_of_a_twin_varies_as_that_of_the_data_and_shows_as_many_variables(
    of_one_channel,
):
    found, made = of_one_channel
    for data in made:
        measured = Measured.of(whole(data))
        assert measured.deviation == pytest.approx(found.measured.deviation, rel=0.1)
        assert abs(measured.mean - found.measured.mean) < 0.1 * found.measured.deviation
    assert Measured.of(whole(made[0])).order == 4


def test_methods_with_delays_find_true_pairs_on_a_twin_of_one_channel(of_one_channel):
    _, made = of_one_channel
    data = made[0]
    model = methods.fit("pykoop.dmd_delays", data.train, n_delays_state=11)
    found = truth_of(model, data.key, data.test, 280.0 * data.recipe.sampling.dt)
    near = np.abs(model.eigenvalues[:, None] - data.system.eigenvalues).min(axis=1)
    exact = near < 0.02 * np.abs(data.system.eigenvalues).max()
    assert exact.sum() >= 4
    assert (found.true == 1.0).any()
    assert not (found.true[~exact] == 1.0).any()


def test_more_samples_than_a_twin_needs_are_thinned_and_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("koopmark.datasets.twins._twin.MOST_STATES", 400)
    at = np.arange(3000)[:, None]
    rng = np.random.default_rng(0)
    states = np.sin(0.1 * at + [0.0, 1.0, 2.0]) + 0.01 * rng.normal(size=(len(at), 3))
    found = twin(Trajectories(states[None], dt=1.0), tmp_path, cache_dir=tmp_path / "cache")
    assert any("first 400 of 3,000 times" in note for note in found.notes)
    assert build(found.recipes[0], 0, tmp_path / "cache").train.shape == (1, 280, 3)
