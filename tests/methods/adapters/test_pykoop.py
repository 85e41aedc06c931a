"""What pykoop recovers, and what its programmes make of the same data."""

import signal
from dataclasses import replace

import numpy as np
import pytest

from koopmark import Trajectories, methods, score, systems
from koopmark.methods.adapters.pykoop import lmi_regressors

EXACT = [
    ("pykoop.dmd", {}, 1),
    ("pykoop.edmd", {}, 1),
    ("pykoop.edmd", {"dictionary": {"kind": "monomials", "degree": 3}}, 3),
    ("pykoop.edmd_polynomial", {}, 2),
    ("pykoop.edmd_polynomial", {"degree": 3}, 3),
]
WRONG = [
    ("pykoop.edmd_tikhonov", {}, 1e-3, 0.1),
    ("pykoop.edmd_lasso", {}, 0.1, 2.0),
    ("pykoop.lmi_edmd", {}, 1e-4, 0.1),
    ("pykoop.lmi_edmd_twonorm", {}, 1e-4, 0.1),
    ("pykoop.lmi_edmd_nuclear", {}, 1e-4, 0.1),
    ("pykoop.lmi_edmd_spectral_radius", {"max_iter": 10}, 0.1, 1.0),
]
LEAST_SQUARES = ["pykoop.dmd", "pykoop.edmd"]


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


@pytest.mark.parametrize(("name", "options", "degree"), EXACT)
def test_least_squares_is_exact(name, options, degree, three, fresh):
    table = score(methods.fit(name, three, **options), three.system, fresh, max_degree=degree)
    assert len(table) == degree
    assert table["eigenvalue_error"].max() < 1e-9
    assert table["eigenfunction_error"].max() < 1e-8


@pytest.mark.parametrize(("name", "options", "at_least", "at_most"), WRONG)
def test_penalties_and_solver_tolerances_cost_what_they_cost(
    name, options, at_least, at_most, three, fresh
):
    error = score(methods.fit(name, three, **options), three.system, fresh)["eigenvalue_error"][0]
    assert at_least < error < at_most


@pytest.mark.parametrize("name", [*LEAST_SQUARES, "pykoop.edmd_polynomial"])
def test_a_degenerate_eigenspace_keeps_its_multiplicity(name, simulated):
    system = systems.random_rnn(10, 2, seed=0)
    train, test = simulated(system, 50), simulated(system, 20, seed=1)
    table = score(methods.fit(name, train), system, test)
    assert table["target_dimension"][0] == 8
    assert table["eigenvalue_error"][0] < 1e-9
    assert table["eigenfunction_error"][0] < 1e-8


@pytest.mark.parametrize("name", LEAST_SQUARES)
def test_an_offset_needs_the_constant(name, simulated):
    system = systems.random_rnn(5, 2, theta_scale=1.0)
    train, test = simulated(system, 60), simulated(system, 20, seed=1)
    without = methods.fit(name, train, dictionary={"kind": "identity", "constant": False})
    assert score(methods.fit(name, train), system, test)["eigenvalue_error"][0] < 1e-9
    assert score(without, system, test)["eigenvalue_error"][0] > 1e-3


def test_episodes_and_pairs_are_the_same_data(three, ordered):
    dictionary = {"kind": "monomials", "degree": 2}
    episodes = methods.fit("pykoop.edmd_polynomial", three)
    pairs = methods.fit("pykoop.edmd", three, dictionary=dictionary)
    np.testing.assert_allclose(ordered(episodes.eigenvalues), ordered(pairs.eigenvalues), atol=1e-8)
    start = three.states[:20, :1]
    predicted, other = (model.predict(start, three.times[1:6]) for model in (episodes, pairs))
    np.testing.assert_allclose(predicted, other, atol=1e-8)


def test_without_a_penalty_the_ridge_is_least_squares(three):
    first = methods.fit("pykoop.edmd_tikhonov", three, alpha=0.0)
    second = methods.fit("pykoop.edmd", three)
    np.testing.assert_allclose(first.eigenvalues, second.eigenvalues, rtol=1e-9)


def test_no_eigenvalue_lies_beyond_the_spectral_radius(three):
    growth = methods.fit("pykoop.edmd", three).eigenvalues.real.max()
    assert growth > 0.1
    model = methods.fit("pykoop.lmi_edmd_spectral_radius", three, spectral_radius=0.95, max_iter=10)
    # The programme's solver keeps the constraint to its own tolerance.
    assert abs(np.exp(model.eigenvalues * three.dt)).max() < 0.95 * (1 + 1e-4)


def test_a_programme_that_was_stopped_says_so(three):
    model = methods.fit("pykoop.lmi_edmd_spectral_radius", three, max_iter=2)
    assert model.note.split("; ")[0] == "Reached maximum iterations 2"


def test_the_h_infinity_norm_is_skipped_with_the_reason(three):
    with pytest.raises(methods.Skip, match="an input"):
        methods.fit("pykoop.lmi_edmd_hinf", three)


def test_an_interrupt_does_what_it_did_before():
    before = signal.getsignal(signal.SIGINT)
    lmi_regressors()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("delays", [1, 4])
def test_delays_through_sensors_fill_as_many_directions_as_the_network_leaves_them(
    delays, simulated
):
    """Windows of k states in p channels have rank 1 + kp - (k - 1)(p - r)."""
    data = simulated(systems.random_rnn(10, 2, seed=0), 50)
    seen = Trajectories(data.states[:, :, :6], data.times)
    model = methods.fit("pykoop.dmd_delays", seen, n_delays_state=delays)
    k, p, r = delays + 1, 6, 2
    assert len(model.eigenvalues) == 1 + k * p - (k - 1) * (p - r)
    near = np.sort(abs(model.eigenvalues + 1.0))
    assert near[p - r - 1] < 1e-9
    whole = methods.fit("pykoop.dmd_delays", seen, n_delays_state=delays, rank=-1)
    assert len(whole.eigenvalues) == 1 + k * p


def test_delays_take_every_trajectory_that_is_long_enough(three):
    model = methods.fit("pykoop.dmd_delays", three)
    assert model.pairs_used is None
    short = replace(three, states=three.states.copy())
    short.states[0, 3:] = np.nan
    assert methods.fit("pykoop.dmd_delays", short).pairs_used is not None
