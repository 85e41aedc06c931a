"""Principal eigenfunctions: they obey the dynamics, and their errors are below the estimate."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import block_diag

from koopmark import simulate
from koopmark.spectrum import (
    BasinFunctions,
    Linearisation,
    NoSpectrum,
    basin_eigenspaces,
    fixed_points,
    inexact,
    path_integral,
)
from koopmark.spectrum._equations import Reduced
from koopmark.spectrum._lattice import INEXACT
from koopmark.spectrum._path_integral import _integrated
from koopmark.systems import (
    CATALOGUE,
    LowRank,
    Relaxation,
    Shift,
    activation,
    example,
    random_rnn,
    three_populations,
)

RELAXATIONS = [name for name in CATALOGUE if isinstance(example(name), Relaxation)]

RESTLESS = ("hopfield_sequence",)
"""Networks that end at no fixed point, but in an oscillation."""


def about(system, which=0):
    return Linearisation(system, fixed_points(system).stable[which])


def converging(linearised):
    bound = linearised.order * linearised.growth
    return [i for i, value in enumerate(linearised.eigenvalues) if value.real > bound]


def near_states(linearised, count=12, size=0.7):
    rng = np.random.default_rng(0)
    point = linearised.point.state
    return point + size * rng.normal(size=(count, len(point)))


@pytest.mark.parametrize("frequencies", [(2.0, 1.0), (1.0, 1.0)])
def test_pairs_that_share_their_real_part_keep_their_own_functions(frequencies):
    weights = block_diag(*([[0.5, f], [-f, 0.5]] for f in frequencies))
    factors = LowRank(np.eye(5, 4), np.eye(5, 4) @ weights.T)
    linearised = about(Relaxation(factors, Shift(np.zeros(5)), activation("tanh")))
    states = 0.3 * np.random.default_rng(0).standard_normal((6, 5))
    values = BasinFunctions(linearised).values(states)
    np.testing.assert_allclose(values, path_integral(linearised, states).values, rtol=1e-9)
    later = simulate(linearised.network, states, [0.0, 0.8], rtol=1e-13).states[:, 1]
    moved = values * np.exp(0.8 * linearised.eigenvalues)
    np.testing.assert_allclose(BasinFunctions(linearised).values(later), moved, atol=1e-9)


@pytest.mark.parametrize("name", RELAXATIONS)
def test_values_decay_along_trajectories_as_the_eigenvalue_says(name):
    system = example(name)
    if not fixed_points(system).stable:
        assert name in RESTLESS
        return
    linearised = about(system)
    which = converging(linearised)
    assert which
    states = near_states(linearised)
    later = simulate(system, states, [0.0, 0.8], rtol=1e-13).states[:, 1]
    found = path_integral(linearised, np.concatenate([states, later]), which)
    outside, ends_outside = np.split(found.outside, 2)
    inside = ~outside
    assert inside.sum() >= 6
    np.testing.assert_array_equal(outside, ends_outside)
    (at_first, at_last), errors = (
        (part[: len(states)][inside], part[len(states) :][inside])
        for part in (found.values, found.error)
    )
    factor = np.exp(0.8 * linearised.eigenvalues[which])
    missed = np.abs(at_last - factor * at_first)
    assert (missed <= errors[1] + np.abs(factor) * errors[0]).all()
    assert (missed <= 1e-8 * np.abs(at_first).max()).all()


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_values_on_the_attracting_line_agree_with_quadrature(activation):
    # With rank 1 and no null component the flow is ȧ = F(a), and φ = exp ∫ λ/F da.
    system = random_rnn(5, 1, 1.5, seed=3, activation=activation, theta_scale=0.4)
    linearised, equations = about(system), Reduced(system)
    rest = float(linearised.centre @ linearised.basis[:, 0])
    (eigenvalue,) = linearised.eigenvalues.real
    for step in (-1.5, -0.2, 0.3, 1.0):

        def beyond_the_pole(a):
            return eigenvalue / equations.value(np.array([[a]]))[0, 0] - 1.0 / (a - rest)

        # Right at the fixed point both terms cancel: the integrand is smooth, and starts nearby.
        gap = 1e-4 * np.sign(step)
        start = rest + gap
        integral = quad(beyond_the_pole, start, rest + step, epsabs=1e-11, epsrel=1e-11)[0]
        integral += gap * beyond_the_pole(start)
        exact = step * np.exp(integral)
        state = linearised.network.zeta.inverse((rest + step) * linearised.basis[:, 0])
        found = path_integral(linearised, state[None])
        value = found.values[0, 0] / linearised.reduced_covectors[0, 0]
        assert abs(value - exact) < 1e-8 * abs(exact)


def test_gradient_at_the_fixed_point_is_the_left_eigenvector():
    linearised = about(random_rnn(6, 2, 1.2, theta_scale=0.3))
    states = linearised.point.state + 1e-7 * np.eye(6)
    values = path_integral(linearised, states).values
    np.testing.assert_allclose(values.T / 1e-7, linearised.covectors, atol=1e-6)
    assert path_integral(linearised, linearised.point.state[None]).values[0] == pytest.approx(0.0)


def test_covectors_are_left_eigenvectors_of_the_jacobian():
    for name in ("rnn_tanh", "relaxation_cubic", "relaxation_sinh"):
        linearised = about(example(name))
        jacobian = linearised.basis @ linearised.sloped - np.eye(linearised.network.size)
        moved = linearised.covectors @ jacobian
        expected = linearised.eigenvalues[:, None] * linearised.covectors
        np.testing.assert_allclose(moved, expected, atol=1e-12)


def test_integral_of_a_null_vector_vanishes_so_its_function_is_the_closed_form():
    system = random_rnn(6, 2, 1.2, theta_scale=0.3)
    linearised = about(system)
    u = system.weights.null_space.basis
    states = near_states(linearised)
    # The integrand is uᵀW n, and uᵀζ vanishes at the fixed point: φ = uᵀζ(x).
    bent = linearised.nonlinearity.remainder(linearised.displacement(states))
    assert np.abs(system.weights.apply(bent) @ u).max() < 1e-14
    exact = system.eigenspaces(1)[0].evaluate(states)
    np.testing.assert_allclose(linearised.displacement(states) @ u, exact, atol=1e-13)


def test_integral_of_a_tiny_displacement_keeps_its_digits():
    linearised = about(random_rnn(6, 2, 1.2, theta_scale=0.3))
    direction = np.random.default_rng(1).normal(size=6)
    quadratic = []
    for size in (1e-4, 1e-6, 1e-8):
        delta = size * direction[None]
        # Displacements of 1e-8 from a state of size 1 hold 8 digits: the integral has them all.
        found = _integrated(linearised, delta, np.arange(2), 1e-12)
        quadratic.append(found.integral[0] / size**2)
    np.testing.assert_allclose(quadratic[1], quadratic[2], rtol=1e-4)
    assert np.abs(quadratic[0] - quadratic[2]).max() < 1e-2 * np.abs(quadratic[2]).max()


def test_an_integral_that_diverges_is_refused_with_the_rates():
    linearised = about(random_rnn(10, 3, 20.0))
    assert linearised.eigenvalues[-1].real < 2 * linearised.growth
    with pytest.raises(
        NoSpectrum, match=r"diverges: a nonlinearity needs a real part above 2 x -0"
    ):
        path_integral(linearised, near_states(linearised))


def test_an_odd_network_may_go_to_three_times_the_slowest_rate():
    linearised = about(random_rnn(6, 2, 0.9, seed=1, singular_values=[1.0, 0.6]))
    assert linearised.order == 3.0
    assert about(random_rnn(6, 2, 0.9, theta_scale=0.1)).order == 2.0


def test_states_of_another_basin_are_marked():
    system = three_populations()
    here, there = (point.state for point in fixed_points(system).stable)
    linearised = about(system)
    if np.linalg.norm(linearised.point.state - here) > 1e-9:
        here, there = there, here
    states = np.array([here + 0.1, there + 0.1, here - 0.2, there])
    found = path_integral(linearised, states, [0])
    assert found.outside.tolist() == [False, True, False, True]
    assert np.isnan(found.values[found.outside]).all()
    assert np.isfinite(found.values[~found.outside]).all()
    assert np.isfinite(found.error[~found.outside]).all()


def test_an_unstable_point_is_refused():
    unstable = [point for point in fixed_points(three_populations()).points if not point.stable]
    with pytest.raises(NoSpectrum, match="not stable"):
        Linearisation(three_populations(), unstable[0])


def test_states_of_the_wrong_shape_are_refused():
    linearised = about(example("rnn_tanh"))
    with pytest.raises(ValueError, match="N = 6, got"):
        path_integral(linearised, np.zeros((3, 5)))
    with pytest.raises(ValueError, match="not finite"):
        path_integral(linearised, np.full((3, 6), np.nan))


def test_what_cannot_be_asked_for_is_refused_in_a_sentence():
    linearised = about(example("rnn_tanh"))
    with pytest.raises(ValueError, match="indices of 2 eigenvalues"):
        path_integral(linearised, np.zeros((3, 6)), [2])
    with pytest.raises(ValueError, match="rtol is 1e-20: in float64 it must be between"):
        path_integral(linearised, np.zeros((3, 6)), rtol=1e-20)
    assert path_integral(linearised, np.zeros((3, 6)), []).values.shape == (3, 0)
    assert path_integral(linearised, np.zeros((0, 6))).values.shape == (0, 2)


def test_what_else_is_in_the_batch_changes_no_value():
    linearised = about(example("rnn_tanh"))
    states = near_states(linearised, 20)
    together = path_integral(linearised, states).values
    alone = np.concatenate(
        [path_integral(linearised, state[None], estimate=False).values for state in states]
    )
    np.testing.assert_allclose(together, alone, atol=1e-10)


def bench_script():
    path = Path(__file__).parents[2] / "bench" / "accuracy" / "path_integral.py"
    spec = importlib.util.spec_from_file_location("accuracy_of_path_integrals", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "system",
    [
        random_rnn(8, 2, 1.0, 745, theta_scale=0.3),
        random_rnn(8, 2, 1.0, 4059, theta_scale=0.3),
        random_rnn(9, 2, 1.0575928149172695, 1008, theta_scale=0.3),
        # The slowest mode is in the null space; F is odd, and the bound is three times the rate.
        random_rnn(7, 1, 1.22716, 26, activation="erf", theta_scale=0.3),
        random_rnn(7, 2, 1.39305, 70, activation="erf"),
    ],
)
def test_an_eigenvalue_just_above_the_bound_decays_to_ten_digits(system):
    linearised = about(system)
    margin = linearised.eigenvalues[-1].real / linearised.growth - linearised.order
    assert -0.02 < margin < 0.0
    states = near_states(linearised, size=2.0)
    later = simulate(system, states, [0.0, 5.0], rtol=1e-12).states[:, 1]
    found = path_integral(linearised, np.concatenate([states, later]))
    values, after = np.split(found.values, 2)
    exact = np.exp(5.0 * linearised.eigenvalues) * values
    assert (np.abs(after - exact) <= 1e-10 * np.abs(exact).max(axis=0)).all()
    assert (found.error[: len(states)] <= INEXACT * np.abs(values).max(axis=0)).all()


def slow_pair():
    """The slowest mode is a pair, the third eigenvalue just above twice its rate."""
    linearised = about(random_rnn(6, 3, 0.9368, 9, theta_scale=0.3))
    slowest, _, third = linearised.eigenvalues
    assert slowest.imag > 0
    assert 0 < third.real - 2 * slowest.real < 2e-3
    return linearised


def test_where_the_rest_beyond_the_cut_is_unknown_the_error_says_so():
    linearised = slow_pair()
    states = near_states(linearised)
    early = path_integral(linearised, states, longest=200.0)
    late = path_integral(linearised, states)
    apart = np.abs(late.values - early.values)
    assert apart[:, 2].max() > 1e-4
    assert (apart <= early.error + late.error).all()
    with pytest.raises(ValueError, match="longest is 400"):
        path_integral(linearised, states, longest=400.0)


def test_a_function_that_is_not_known_is_no_target():
    linearised = slow_pair()
    assert inexact(linearised) == (2,)
    functions = BasinFunctions(linearised)
    assert [functions.converges(index) for index in range(3)] == [True, True, False]
    third = linearised.eigenvalues[2].real
    spaces = basin_eigenspaces(linearised, 1.2)
    assert not any(abs(space.eigenvalue - third) < 1e-9 for space in spaces)
    assert inexact(about(random_rnn(8, 2, 1.0, 745, theta_scale=0.3))) == ()


@pytest.mark.slow
def test_estimate_bounds_the_true_error_on_random_networks():
    script, tried = bench_script(), 0
    for seed in range(40):
        system = script.network(seed)
        points = fixed_points(system).stable
        result = script.errors(system, points[0], seed) if points else None
        if result is None:
            continue
        tried += 1
        _, estimate, truth, relation = result
        assert (truth <= estimate).all()
        assert (relation <= 1.0).all()
        if tried == 15:
            return
    pytest.fail(f"only {tried} networks had a principal eigenfunction")
