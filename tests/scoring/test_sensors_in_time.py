"""Fewer sensors than a linear system has variables show all of its functions in time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import methods, systems
from koopmark.datasets import AnswerKey, build, load
from koopmark.scoring import evaluate
from koopmark.scoring._truth import truth_of
from koopmark.systems import NoKey, Sensors
from koopmark.systems.textbook.linear import linear_of_spectrum

SPECTRUM = systems.block_diagonal([-0.5], [(-0.2, 2.0), (-0.1, 0.7)])
FEW = {"mixtures": 1, "trajectories": 20, "test_trajectories": 12}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Five variables through one sensor; without noise, and with some."""
    folder = tmp_path_factory.mktemp("cache")
    return [
        load("linear_non_normal", cache_dir=folder, noise=noise, **FEW) for noise in (0.0, 0.02)
    ]


@given(st.integers(1, 4), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_windows_of_random_sensors_tell_the_state(channels, seed):
    # What a delay method has: C, C e^{AΔt}, ... of n/p samples, rounded up.
    rng = np.random.default_rng(seed)
    system = linear_of_spectrum(5, SPECTRUM, seed)
    sensors = Sensors(rng.normal(size=(channels, 5)))
    key = AnswerKey.of(system, 1, sensors)
    assert key.latent
    assert sorted(one.eigenvalue.real for one in key.targets) == pytest.approx(
        sorted(system.eigenvalues.real)
    )
    windows = -(-5 // channels)
    paths = system.flow(np.eye(5), 0.4 * np.arange(windows))
    assert np.linalg.matrix_rank(sensors.observe(paths).reshape(5, -1)) == 5


def test_windows_as_long_as_the_state_recover_every_function_to_rounding(seen):
    data = seen[0]
    model = methods.fit("pykoop.dmd_delays", data.train, n_delays_state=4)
    scores = evaluate(model, data.key, data.test, portrayed=False)
    assert len(scores.targets) == 5
    for row in scores.targets:
        assert row.eigenvalue_error < 1e-5
        assert row.eigenfunction_error < 1e-5
    assert scores.fit.precision == 1.0


def test_what_obeys_through_windows_is_true_and_what_noise_makes_is_not(seen):
    clean, noisy = seen
    model = methods.fit("pykoop.dmd_delays", clean.train, n_delays_state=4)
    found = truth_of(model, clean.key, clean.test, 5.0)
    assert np.nansum(found.true) == 5
    assert np.isnan(found.true).sum() == 1
    model = methods.fit("pykoop.dmd_delays", noisy.train, n_delays_state=8)
    found = truth_of(model, noisy.key, noisy.test, 5.0)
    known = np.abs(model.eigenvalues[:, None] - clean.system.eigenvalues).min(axis=1)
    assert (found.true[known > 1.0] != 1.0).all()
    assert (found.true == 0.0).sum() >= 5


def test_a_shorter_window_finds_no_more_functions_than_it_has_samples(seen):
    data = seen[0]
    model = methods.fit("pykoop.dmd_delays", data.train, n_delays_state=1)
    rows = evaluate(model, data.key, data.test, portrayed=False).targets
    assert sum(row.eigenfunction_error < 1e-3 for row in rows) < 2


@pytest.mark.parametrize(
    ("matrix", "sensor"),
    # Two modes that one sensor cannot tell apart, and a mode that it does not see.
    [(np.diag([-1.0, -1.0, -2.0]), [1.0, 1.0, 1.0]), (np.diag([-1.0, -2.0, -3.0]), [1.0, 1.0, 0])],
)
def test_there_is_no_key_through_sensors_that_never_show_all_of_the_state(matrix, sensor):
    system = systems.LinearSystem(matrix, np.eye(3), np.diag(matrix))
    with pytest.raises(NoKey, match="never show all"):
        AnswerKey.of(system, 1, Sensors(np.array([sensor])))


def test_a_fit_is_shown_no_state_that_the_sensors_do_not_show(seen):
    assert seen[0].train.latent is None
    assert build(seen[0].recipe, 0).test.latent.shape[2] == 5
