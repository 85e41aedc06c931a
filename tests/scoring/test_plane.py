"""Eigenvalues of flows are compared in λ, those of maps in μ of one step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.models import LinearModel, continuous
from koopmark.scoring._plane import FLOW, MAP

SIZES = st.floats(0.0, 2.0)
PHASES = st.floats(-np.pi, np.pi)


def model_of(multipliers, dt=1.0, known=True):
    mu = np.asarray(multipliers, complex)
    rates = continuous(mu, dt)
    one = np.eye(len(mu))
    return LinearModel(lambda x: x, one, rates, dt, discrete=mu if known else None)


def test_of_a_map_the_multipliers_of_a_model_are_taken_as_they_are():
    given = [0.0, -0.5, 0.7, 0.3 + 0.4j]
    found, note = MAP.eigenvalues(model_of(given))
    np.testing.assert_array_equal(found, given)
    assert note == ""


@given(st.lists(st.builds(lambda r, a: r * np.exp(1j * a), SIZES, PHASES), min_size=1, max_size=5))
def test_a_method_that_gives_rates_alone_is_told_apart_and_scored_by_their_exponentials(mu):
    found, note = MAP.eigenvalues(model_of(mu, known=False))
    np.testing.assert_allclose(found, mu, atol=1e-12)
    assert "no μ" in note


def test_of_data_two_steps_apart_it_is_the_root_that_decays_without_turning():
    found, _ = MAP.eigenvalues(model_of([0.25, 0.0], dt=2.0))
    np.testing.assert_allclose(found, [0.5, 0.0])
    # And a μ that turns by π in a step is taken for it.
    assert MAP.alias(-0.5 + 0j, np.pi / 2) == pytest.approx(0.5)
    assert MAP.alias(-0.5 + 0j, np.pi) is None
    assert MAP.alias(0j, np.pi / 2) is None


@given(SIZES, st.floats(1e-12, 0.5), st.integers(1, 4))
def test_the_rate_of_a_map_is_how_far_an_eigenvalue_with_that_residual_is_away(size, off, steps):
    residual = (size + off) ** steps - size**steps
    (found,) = MAP.rates(np.array([residual]), np.array([size + 0j]), float(steps))
    # At μ = 0 a function that is gone after n steps shows the n-th power.
    assert found == pytest.approx(off, rel=1e-3, abs=1e-13)


@given(st.floats(1e-4, 0.02), st.floats(-1e-3, 1e-3))
def test_the_relative_error_of_a_slow_map_is_that_of_the_flow_it_samples(rate, relative):
    mu, found = np.exp(-rate), np.exp(-rate * (1.0 + relative))
    of_map = abs(found - mu) / MAP.unit(mu, np.inf)
    of_flow = abs(rate * relative) / FLOW.unit(-rate, np.inf)
    assert of_map == pytest.approx(of_flow, rel=0.02, abs=1e-9)


def test_errors_of_a_leaky_network_are_relative_to_its_leak_and_scorable_at_zero():
    assert MAP.unit(0.7, 100.0) == pytest.approx(0.3)
    assert MAP.unit(0.0, 100.0) == 1.0
    assert MAP.unit(1.0, 100.0) == 0.01


def test_data_of_a_map_are_sampled_at_whole_steps():
    MAP.expect_interval(3.0, "the test set")
    FLOW.expect_interval(0.1, "the test set")
    with pytest.raises(
        ValueError, match=r"the test set is sampled every 0.1, and the unit of time"
    ):
        MAP.expect_interval(0.1, "the test set")
