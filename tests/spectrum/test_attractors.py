"""Lyapunov exponents and attractors, against systems whose long run is known."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

from koopmark.spectrum import _attractors as attractors
from koopmark.spectrum import exponents_at_rest, largest_exponents
from koopmark.spectrum._attractors import Regime, regime
from koopmark.systems import (
    SINH,
    HopfNormalForm,
    Kuramoto,
    System,
    hopfield_rnn,
    overlap_rnn,
    random_drift,
    random_linear,
    random_lotka_volterra,
    random_rnn,
    three_populations,
)


@dataclass(frozen=True, eq=False)
class Lorenz(System):
    """Largest exponent 0.906 (Sprott, Chaos and Time-Series Analysis, 2003)."""

    rayleigh: float = 28.0

    @property
    def size(self):
        return 3

    @cached_property
    def linear(self):
        return np.array([[-10, self.rayleigh, 0], [10, -1, 0], [0, 0, -8 / 3]])

    def rhs(self, states, out=None):
        velocity = np.matmul(states, self.linear, out=out)
        velocity[..., 1] -= states[..., 0] * states[..., 2]
        velocity[..., 2] += states[..., 0] * states[..., 1]
        return velocity

    def eigenspaces(self, max_degree=1):
        return ()


@dataclass(frozen=True, eq=False)
class Growth(Lorenz):
    def rhs(self, states, out=None):
        return np.multiply(states, states**2, out=out)


def rng(seed=0):
    return np.random.default_rng(seed)


def starts(system, count=12):
    return rng(1).normal(0.0, 1.5, size=(count, system.size))


@pytest.mark.parametrize("kind", ["normal", "non_normal"])
def test_exponent_of_a_linear_system_is_its_slowest_rate(kind):
    system = random_linear(5, kind, pairs=1)
    found = largest_exponents(system, starts(system, 3), 400.0, rng())
    np.testing.assert_allclose(found, -0.15, atol=0.02)


@pytest.mark.slow
def test_exponent_of_the_lorenz_system():
    near = rng().normal(25.0, 1.0, size=(40, 3))
    found = largest_exponents(Lorenz(), near, 300.0, rng())
    assert found.mean() == pytest.approx(0.906, abs=0.05)


def test_exponent_at_a_fixed_point_is_the_largest_real_part_of_its_jacobian():
    system = random_rnn(10, 3, gain=20.0)
    assert system.weights.rank == 3
    end = starts(system, 1)
    for _ in range(4000):
        end = end + 0.05 * system.rhs(end)
    jacobian = system.weights.dense() * (1 - np.tanh(end[0]) ** 2) - np.eye(10)
    expected = np.linalg.eigvals(jacobian).real.max()
    found = largest_exponents(system, end, 300.0, rng())
    assert found[0] == pytest.approx(expected, abs=0.02)


def test_a_network_whose_coordinates_decay_faster_has_the_exponent_of_its_null_component():
    # With a gain so small all r exponents lie near -1, some below it; the null component's is -1.
    system = overlap_rnn(8, 1, gain=0.5, overlap=-1.0)
    found = largest_exponents(system, 1e-6 * starts(system, 2), 100.0, rng())
    np.testing.assert_array_equal(found, -1.0)


def test_a_weak_network_has_a_fixed_point():
    system = random_rnn(8, 2, gain=0.5)
    assert regime(system, starts(system), rng()).kind == "fixed point"


def test_three_populations_have_two_attractors():
    system = three_populations()
    found = regime(system, 2.0 * starts(system), rng())
    assert (found.kind, found.attractors) == ("multistable", 2)
    assert found.lyapunov == pytest.approx(-0.76, abs=0.02)


def test_one_pattern_is_remembered_with_its_mirror_image():
    system = hopfield_rnn(12, 1, 2.0)
    found = regime(system, starts(system), rng())
    assert (found.kind, found.attractors) == ("multistable", 2)


def test_overlaps_that_turn_make_a_limit_cycle():
    system = overlap_rnn(20, 2, 4.0, overlap=0.9, angle=60.0)
    assert regime(system, starts(system), rng()) == Regime("limit cycle", 1, 0.0)


@pytest.mark.parametrize(
    ("growth", "expected"), [(0.5, ("limit cycle", 0.0)), (-0.5, ("fixed point", -0.5))]
)
def test_the_hopf_normal_form_on_both_sides_of_its_bifurcation(growth, expected):
    system = HopfNormalForm(growth, 2.0, 0.5)
    found = regime(system, starts(system), rng())
    assert (found.kind, found.lyapunov) == expected
    assert found.attractors == 1


@pytest.mark.slow
def test_what_depends_on_the_start_is_a_continuum():
    system = Kuramoto(6, 0.5, -0.5)
    phase = rng().uniform(0, 2 * np.pi, size=(40, 6))
    found = regime(system, np.hstack([np.cos(phase), np.sin(phase)]), rng())
    assert (found.kind, found.attractors) == ("continuum", 0)
    assert abs(found.lyapunov) <= 0.02


def hasten(monkeypatch, **times):
    for name, value in times.items():
        monkeypatch.setattr(attractors, name, value)


@pytest.mark.slow
def test_the_lorenz_system_is_chaotic(monkeypatch):
    hasten(monkeypatch, SETTLED=20.0, LASTING=100.0, WATCHED=2.0, FOLLOWED=100.0)
    found = regime(Lorenz(), rng().normal(size=(2 * attractors.MANY, 3)), rng())
    assert found.kind == "chaotic"
    assert found.lyapunov == pytest.approx(0.906, abs=0.03)
    assert 0 < found.lyapunov_error < 0.02


def test_chaos_that_ends_at_fixed_points_is_called_transient(monkeypatch):
    # Between 13.9 and 24.1 trajectories wander as on the strange attractor, and come to rest
    # (Yorke and Yorke, J. Stat. Phys. 21, 263, 1979).
    hasten(monkeypatch, SETTLED=2.0, LASTING=1000.0, WATCHED=20.0, FOLLOWED=20.0)
    found = regime(Lorenz(23.0), rng().normal(size=(12, 3)), rng())
    assert (found.kind, found.attractors) == ("transient chaos", 2)
    assert found.lyapunov < 0.0


def test_chaos_is_no_continuum_though_its_averages_have_not_settled(monkeypatch):
    hasten(monkeypatch, SETTLED=5.0, LASTING=10.0, WATCHED=2.0, FOLLOWED=20.0)
    found = regime(Lorenz(), rng().normal(size=(60, 3)), rng())
    assert (found.kind, found.attractors) == ("chaotic", 0)


@pytest.mark.parametrize("given", [1, 3, 12, 20])
def test_the_exponent_of_chaos_is_a_mean_whose_error_says_how_far_it_is_off(monkeypatch, given):
    # The maximum of twenty is two standard deviations up, however many there are.
    draw = rng(given)
    followed = []

    def exponents(system, states, time, _):
        followed.append(len(states))
        return 0.5 + 0.1 * draw.standard_normal(len(states))

    hasten(monkeypatch, SETTLED=5.0, LASTING=10.0, WATCHED=2.0, FOLLOWED=2.0)
    monkeypatch.setattr(attractors, "largest_exponents", exponents)
    found = regime(Lorenz(), rng().normal(size=(given, 3)), rng())
    assert found.kind == "chaotic"
    assert followed[-1] >= attractors.MANY
    assert abs(found.lyapunov - 0.5) < 4 * found.lyapunov_error + 0.005
    assert found.lyapunov_error == pytest.approx(0.1 / np.sqrt(followed[-1]), rel=0.5)


@pytest.mark.parametrize("kind", ["normal", "non_normal", "defective"])
@pytest.mark.parametrize("n", [2, 5])
def test_the_exponent_of_a_fixed_point_is_that_of_its_jacobian_to_rounding(kind, n):
    system = random_linear(n, kind, pairs=int(n == 5 and kind != "defective"))
    exact = np.linalg.eigvals(system.matrix).real.max()
    np.testing.assert_allclose(exponents_at_rest(system, np.zeros((3, n))), exact, atol=1e-6)


def test_the_exponent_of_a_resting_network_is_that_of_its_null_component_or_above():
    system = random_rnn(8, 2, gain=0.5)
    jacobian = system.weights.dense() - np.eye(8)
    expected = np.linalg.eigvals(jacobian).real.max()
    np.testing.assert_allclose(exponents_at_rest(system, np.zeros((1, 8))), max(expected, -1.0))


def test_a_cycle_has_the_exponent_zero_though_its_average_has_an_error(monkeypatch):
    monkeypatch.setattr(attractors, "largest_exponents", lambda *_: np.array([0.014]))
    system = HopfNormalForm(0.5, 2.0, 0.5)
    assert regime(system, starts(system, 2), rng()) == Regime("limit cycle", 1, 0.0)


def test_trajectories_that_blow_up_are_unbounded():
    assert regime(Growth(), np.ones((2, 3)), rng()) == Regime("unbounded", 0, 0.0)


def test_trajectories_that_leave_slowly_are_unbounded():
    # uᵀ sinh(x) goes at a constant speed, x as the logarithm of time.
    system = random_drift(4, 2, SINH)
    assert regime(system, starts(system, 3), rng()) == Regime("unbounded", 0, 0.0)


def test_species_that_die_out_keep_derivatives_in_their_domain():
    system = random_lotka_volterra(4, 2)
    found = regime(system, np.exp(0.3 * starts(system, 5)), rng())
    assert found.kind == "fixed point"
    assert found.lyapunov < 0
