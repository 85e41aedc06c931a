"""Eigenfunctions of a state are those of whatever shows all of it, in any units."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import simulate, systems
from koopmark.datasets import AnswerKey
from koopmark.systems import NoKey, Sensors
from koopmark.systems.textbook.linear import linear_of_spectrum
from koopmark.truth import AffineView, SeenEigenspace

TIMES = np.linspace(0.0, 2.0, 9)
SPECTRUM = systems.block_diagonal([-0.6], [(-0.2, 1.5)])
FAMILIES = {
    "network": systems.random_rnn(4, 2, theta_scale=0.5),
    "species": systems.random_lotka_volterra(4, 2),
    "linear": linear_of_spectrum(3, SPECTRUM, 1),
    "coupling": systems.random_coupling(3, SPECTRUM, seed=1),
    "prescribed": systems.random_prescribed(4, SPECTRUM, seed=2),
}


def views(n, seed, units):
    """More sensors than variables, in units so many decades apart, with offsets."""
    rng = np.random.default_rng(seed)
    p = n + 1 + seed % 4
    scale = 10.0 ** rng.uniform(-units / 2, units / 2, p)
    return Sensors(rng.normal(size=(p, n)) * scale[:, None], offset=scale * rng.normal(size=p))


@settings(max_examples=6, deadline=None)
@given(name=st.sampled_from(sorted(FAMILIES)), seed=st.integers(0, 50), units=st.integers(0, 12))
def test_functions_of_what_shows_the_state_obey_their_eigenvalue(name, seed, units):
    system, sensors = FAMILIES[name], views(FAMILIES[name].size, seed, units)
    rng = np.random.default_rng(seed)
    start = np.exp(0.5 * rng.normal(size=(3, system.size)))
    seen = sensors.observe(simulate(system, start, TIMES, rtol=1e-11).states)
    spaces = system.observed(sensors, 2)
    assert [one.eigenvalue for one in spaces] == [one.eigenvalue for one in system.targets(2)]
    for space in spaces:
        values = space.evaluate(seen)
        law = np.exp(space.eigenvalue * TIMES)[:, None]
        np.testing.assert_allclose(
            values, law * values[:, :1], rtol=0, atol=1e-7 * np.abs(values).max()
        )


def test_functions_driven_by_inputs_respond_alike_through_sensors():
    system = systems.random_rnn(4, 2, inputs=1)
    sensors, dt = views(4, 3, 6), 0.25
    rng = np.random.default_rng(0)
    held = rng.normal(size=(3, len(TIMES), 1))
    path = simulate(system, rng.normal(size=(3, 4)), TIMES, inputs=held, rtol=1e-11).states
    seen = sensors.observe(path)
    driven = [space for space in system.observed(sensors, 1) if space.driven]
    assert driven
    for space in driven:
        ahead = space.advanced(seen[:, :-1], held[:, :-1], dt)
        np.testing.assert_allclose(ahead, space.evaluate(seen[:, 1:]), atol=1e-8)
        assert space.gains(dt) is not None


def test_affine_functions_are_affine_in_the_channels():
    system, sensors = FAMILIES["linear"], views(3, 5, 4)
    seen = sensors.observe(np.random.default_rng(1).normal(size=(7, 3)))
    for space in system.observed(sensors, 2):
        products = space.affine_products(9)
        single = (seen - products.offset) @ products.vectors
        padded = np.hstack([single, np.ones((7, 1))])
        made = np.prod(padded[:, products.factors], axis=-1)
        np.testing.assert_allclose(made, space.evaluate(seen), rtol=1e-8)


def test_the_state_is_found_in_channels_twelve_decades_apart():
    sensors = views(4, 7, 12)
    states = np.random.default_rng(2).normal(size=(20, 4))
    np.testing.assert_allclose(sensors.view.state(sensors.observe(states)), states, atol=1e-9)


def test_a_sample_of_a_space_is_seen_as_a_part_of_it():
    system, sensors = systems.random_rnn(6, 2), views(6, 1, 0)
    (whole,) = system.observed(sensors, 1)
    part = whole.sample(2, np.random.default_rng(0))
    assert whole.whole
    assert not part.whole
    assert (whole.dimension, part.dimension) == (4, 2)
    assert whole.sample(9, np.random.default_rng(0)) is whole


def test_what_sensors_hide_is_no_function_of_what_they_show():
    rng = np.random.default_rng(0)
    with pytest.raises(NoKey, match="fewer sensors than it has variables"):
        FAMILIES["coupling"].observed(Sensors(rng.normal(size=(2, 3))))
    with pytest.raises(NoKey, match="2 sensors do not show all of 3 units"):
        _ = Sensors(rng.normal(size=(2, 3))).view
    flat = rng.normal(size=(5, 2)) @ rng.normal(size=(2, 3))
    with pytest.raises(ValueError, match="more mixtures than units must show all 3"):
        Sensors(flat)


def test_a_network_seen_by_fewer_sensors_keeps_its_key_in_other_units():
    system, rng = systems.random_rnn(6, 2, theta_scale=1.0), np.random.default_rng(4)
    plain = Sensors(rng.normal(size=(4, 6)))
    scale, offset = np.array([1e3, 1.0, 1e-3, 7.0]), np.array([5.0, -1.0, 0.0, 1e2])
    other = Sensors(plain.matrix * scale[:, None], offset=offset)
    path = simulate(system, rng.normal(size=(3, 6)), TIMES, rtol=1e-11).states
    (space,) = system.observed(other)
    values = space.evaluate(other.observe(path))
    assert space.dimension == system.observed(plain)[0].dimension == 2
    np.testing.assert_allclose(values, np.exp(-TIMES)[:, None] * values[:, :1], atol=1e-6)


def test_units_of_a_key_change_no_value():
    system, units = FAMILIES["linear"], np.array([1e-3, 1.0, 1e4])
    key = AnswerKey.of(system, 2)
    states = np.random.default_rng(5).normal(size=(6, 3))
    for one, other in zip(key.targets, key.in_units(units).targets, strict=True):
        np.testing.assert_allclose(other.evaluate(states / units), one.evaluate(states), rtol=1e-9)


def test_a_view_is_undone_by_its_inverse():
    view = AffineView(np.diag([2.0, 4.0]), np.diag([0.5, 0.25]), np.ones(2))
    (space,) = systems.random_rnn(2, 1).observed(None)
    seen = SeenEigenspace.of(space, view)
    states = np.random.default_rng(6).normal(size=(4, 2))
    np.testing.assert_allclose(
        seen.evaluate(states * [2.0, 4.0] + 1.0), space.evaluate(states), rtol=1e-12
    )
