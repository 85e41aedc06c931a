"""Textbook systems: every eigenfunction obeys its eigenvalue along an independent integration."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from koopmark.simulation import simulate
from koopmark.systems import (
    TEXTBOOK,
    HopfNormalForm,
    Kuramoto,
    LinearSystem,
    SlowManifold,
    random_linear,
)

TIMES = np.linspace(0.0, 2.0, 9)
CLOSED = [name for name in TEXTBOOK if name != "kuramoto"]


def start(system, count=5, seed=1):
    return np.random.default_rng(seed).uniform(-1.5, 1.5, size=(count, system.size))


def integrated(system, x0):
    """(M, T, N) by an integrator of another project."""
    solve = {"t_eval": TIMES, "method": "DOP853", "rtol": 1e-12, "atol": 1e-13}
    return np.array([solve_ivp(lambda _, x: system.rhs(x), (0.0, 2.0), x, **solve).y.T for x in x0])


@pytest.mark.parametrize("name", TEXTBOOK)
@pytest.mark.parametrize("degree", [1, 3])
def test_eigenfunctions_follow_their_eigenvalues_along_the_flow(name, degree):
    system = TEXTBOOK[name]()
    along = integrated(system, start(system))
    for space in system.eigenspaces(degree):
        values = space.evaluate(along)
        expected = np.exp(space.eigenvalue * TIMES)[:, None] * values[:, :1]
        assert np.abs(values - expected).max() < 1e-9 * np.abs(values).max()
        assert abs(space.eigenvalue) > 1e-6


@pytest.mark.parametrize("name", TEXTBOOK)
def test_constants_of_motion_stay_constant(name):
    system = TEXTBOOK[name]()
    along = integrated(system, start(system))
    for space in system.conserved():
        assert space.eigenvalue == 0
        values = space.evaluate(along)
        assert values.shape[-1] == space.dimension
        drift = np.abs(values - values[:, :1]).max(axis=1)
        assert (drift < 1e-8 * np.abs(values).max(axis=1)).all()


@pytest.mark.parametrize("name", TEXTBOOK)
def test_dimensions_are_ranks_and_eigenvalues_differ(name):
    system = TEXTBOOK[name]()
    x = start(system, 300)
    spaces = system.eigenspaces(2)
    for space in spaces:
        values = space.evaluate(x)
        scaled = values / np.linalg.norm(values, axis=0)
        assert np.linalg.matrix_rank(scaled, tol=1e-8) == space.dimension
    eigenvalues = [space.eigenvalue for space in spaces]
    gaps = np.abs(np.subtract.outer(eigenvalues, eigenvalues)) + np.eye(len(eigenvalues))
    assert gaps.min() > 1e-6


@pytest.mark.parametrize("name", CLOSED)
def test_the_flow_in_closed_form_is_the_flow(name):
    system = TEXTBOOK[name]()
    x0 = start(system)
    np.testing.assert_allclose(system.flow(x0, TIMES), integrated(system, x0), atol=1e-9)
    simulated = simulate(system, x0, TIMES)
    np.testing.assert_allclose(simulated.states, system.flow(x0, TIMES), atol=1e-12)


@pytest.mark.parametrize("name", TEXTBOOK)
def test_vector_field_writes_into_out_and_takes_any_leading_shape(name):
    system = TEXTBOOK[name]()
    x = start(system, 6).reshape(2, 3, system.size)
    out = np.empty_like(x)
    assert system.rhs(x, out=out) is out
    np.testing.assert_allclose(system.rhs(x[1, 2]), out[1, 2], rtol=1e-12)


@pytest.mark.parametrize("kind", ["normal", "non_normal", "defective"])
def test_linear_systems_are_what_their_kind_says(kind):
    system = random_linear(6, kind, seed=2, pairs=2 if kind != "defective" else 1, condition=50.0)
    a = system.matrix
    departure = np.linalg.norm(a @ a.T - a.T @ a) / np.linalg.norm(a) ** 2
    assert (departure < 1e-13) == (kind == "normal")
    expected = np.sort_complex(system.eigenvalues)
    assert len(expected) == (5 if kind == "defective" else 6)
    if kind == "defective":
        double = system.eigenvalues[-1].real
        shifted = a - double * np.eye(6)
        assert np.linalg.matrix_rank(shifted, tol=1e-9) == 5
        assert np.linalg.matrix_rank(shifted @ shifted, tol=1e-9) == 4
    else:
        np.testing.assert_allclose(np.sort_complex(np.linalg.eigvals(a)), expected, atol=1e-9)


@pytest.mark.parametrize("name", ["linear_normal", "linear_non_normal", "linear_defective"])
def test_products_of_four_do_not_share_the_eigenvalue_of_one_or_two(name):
    system = TEXTBOOK[name]()
    targets = system.eigenspaces(1 if name == "linear_defective" else 2)
    everything = np.array([space.eigenvalue for space in system.eigenspaces(4)])
    for space in targets:
        assert space.dimension == 1
        distance = np.sort(np.abs(everything - space.eigenvalue))
        assert distance[0] == 0.0
        assert distance[1] > 0.03


def test_more_channels_than_variables_hold_the_same_dynamics_in_a_plane():
    system = random_linear(3, seed=1, pairs=1, frequency=2.0, channels=6)
    along = integrated(system, system.reachable(start(system)))
    sizes = np.linalg.svd(along.reshape(-1, 6), compute_uv=False)
    assert np.sum(sizes > 1e-9 * sizes[0]) == 3
    np.testing.assert_allclose(np.sort_complex(system.eigenvalues), [-0.36, -0.15 - 2j, -0.15 + 2j])
    for space in system.eigenspaces(2):
        values = space.evaluate(along)
        expected = np.exp(space.eigenvalue * TIMES)[:, None] * values[:, :1]
        assert np.abs(values - expected).max() < 1e-9 * np.abs(values).max()


@pytest.mark.parametrize(
    ("plane", "said"),
    [
        (np.eye(3)[:, :1] * 2.0, "orthonormal"),
        (np.eye(4)[:, :1], "length 3"),
        (np.full((3, 1), 3**-0.5), "not invariant"),
    ],
)
def test_a_plane_that_is_none_is_refused(plane, said):
    matrix = np.diag([-1.0, -2.0, -3.0])
    with pytest.raises(ValueError, match=said):
        LinearSystem(matrix, np.eye(3)[:, :1], np.array([-1.0]), plane)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"frequency": 0.0}, "frequency 0.0: it must be positive"),
        ({"frequency": np.inf}, "frequency inf"),
        ({"channels": 2}, "channels 2: there must be at least as many as variables, 3"),
    ],
)
def test_linear_options_out_of_range_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        random_linear(3, **options)


def test_the_generalised_function_of_a_jordan_block_is_no_eigenfunction():
    system = random_linear(4, "defective")
    value = system.eigenvalues[-1].real
    # The vector that A - λ takes to the true one.
    generalised = np.linalg.lstsq(system.matrix.T - value * np.eye(4), system.left[:, -1])[0]
    missed = system.matrix.T @ generalised - value * generalised
    np.testing.assert_allclose(missed, system.left[:, -1], atol=1e-9)
    assert np.linalg.norm(missed) > 1e-2


def test_the_slow_manifold_is_where_the_fast_function_vanishes():
    system = SlowManifold(-0.1, -1.0)
    assert system.curvature == pytest.approx(1.25)
    on_it = np.array([[0.7, 1.25 * 0.49], [-1.0, 1.25]])
    velocity = system.rhs(on_it)
    np.testing.assert_allclose(velocity[:, 1], 2.5 * on_it[:, 0] * velocity[:, 0], atol=1e-14)


def test_above_the_bifurcation_all_trajectories_reach_the_cycle_and_its_frequency():
    system = HopfNormalForm(0.5, 2.0, 0.5)
    late = system.flow(start(system), np.array([40.0, 40.01]))
    np.testing.assert_allclose(np.sum(late**2, axis=-1), 0.5, rtol=1e-12)
    phase = np.angle(late[..., 0] + 1j * late[..., 1])
    turned = np.mod(np.diff(phase, axis=1), 2 * np.pi) / 0.01
    np.testing.assert_allclose(turned, 2.0 - 0.5 * 0.5, rtol=1e-9)


def test_below_the_bifurcation_the_eigenfunction_is_the_state_near_the_origin():
    system = HopfNormalForm(-0.5, 2.0, 0.5)
    x = 1e-6 * start(system)
    ratio = system.principal(x)[:, 0] / (x[:, 0] + 1j * x[:, 1])
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_oscillators_stay_on_the_circle_and_follow_the_sum_of_sines():
    system = Kuramoto(5, 0.7, 1.3)
    theta = np.random.default_rng(0).uniform(0, 2 * np.pi, 5)
    x = np.concatenate([np.cos(theta), np.sin(theta)])
    velocity = system.rhs(x)
    rate = 0.7 + 1.3 / 5 * np.sin(theta[None] - theta[:, None]).sum(axis=1)
    expected = np.concatenate([-rate * np.sin(theta), rate * np.cos(theta)])
    np.testing.assert_allclose(velocity, expected, atol=1e-14)


@pytest.mark.parametrize("strength", [2.0, -2.0])
def test_cross_ratios_tell_initial_states_apart(strength):
    system = Kuramoto(6, 0.7, strength)
    (space,) = system.conserved()
    values = space.evaluate(start(system, 50))
    assert space.dimension == 3
    assert np.linalg.matrix_rank(np.log(values)) == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: random_linear(1), "n 1: it must be at least 2"),
        (lambda: random_linear(4, pairs=3), "n 4 with pairs 3"),
        (lambda: random_linear(4, "defective", pairs=2), "at least 2 real"),
        (lambda: random_linear(4, condition=0.5), "condition 0.5"),
        (lambda: LinearSystem(np.eye(2), np.eye(2), np.array([1.0, 2.0])), "column 1 is no left"),
        (lambda: LinearSystem(np.ones((2, 3)), np.eye(2), np.ones(2)), "square"),
        (lambda: SlowManifold(-0.5, -1.0), "neither slow nor twice slow"),
        (lambda: SlowManifold(0.5, -1.0), "slow 0.5: it must be negative"),
        (lambda: HopfNormalForm(0.0), "growth 0.0"),
        (lambda: HopfNormalForm(1.0, 0.5, 0.5), "would not turn"),
        (lambda: Kuramoto(2), "oscillators 2"),
        (lambda: Kuramoto(3, 0.0), "frequency 0.0"),
    ],
)
def test_impossible_parameters_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
