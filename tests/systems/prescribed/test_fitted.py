"""Any function as an eigenfunction, by its fit; what cannot be one is refused."""

import numpy as np
import pytest

from koopmark import simulate
from koopmark.systems import (
    TARGETS,
    HiddenLayer,
    Prescribed,
    fit_functions,
    fitted_target,
    prescribed_target,
)

RNG = np.random.default_rng(0)
STATES = RNG.uniform(-2.0, 2.0, size=(2000, 2))
ACROSS = HiddenLayer(
    np.column_stack([np.zeros(60), RNG.normal(scale=2.0, size=60)]), RNG.uniform(-4, 4, 60)
)
ALONG = HiddenLayer(RNG.normal(scale=1.5, size=(60, 2)), RNG.uniform(-3, 3, 60))


def folded(x):
    """x₀ - 2 exp(-4 x₁²), a graph over x₁ that no polynomial of low degree comes near."""
    return x[:, :1] - 2.0 * np.exp(-4.0 * x[:, 1:] ** 2)


def bump(x):
    return np.exp(-np.sum(x**2, axis=1, keepdims=True))


def test_the_error_is_that_of_the_fit_on_fresh_states():
    fit = fit_functions(folded, STATES, ACROSS)
    fresh = np.random.default_rng(1).uniform(-2.0, 2.0, size=(1000, 2))
    missed = fit.functions(fresh) - folded(fresh)
    error = np.sqrt(np.mean(missed**2)) / folded(fresh).std()
    assert fit.error[0] < 1e-4
    assert error == pytest.approx(fit.error[0], rel=0.5)


def test_the_fit_is_exact_along_trajectories():
    functions = fit_functions(folded, STATES, ACROSS).functions
    system = Prescribed(functions, [[-0.8]], lambda x: np.sin(x[..., :1]) - x[..., 1:])
    start = STATES[:20]
    along = simulate(system, start, np.linspace(0.0, 5.0, 11), rtol=1e-12).states
    expected = np.exp(-0.8 * np.linspace(0.0, 5.0, 11))[:, None] * functions(start)[:, None]
    np.testing.assert_allclose(functions(along), expected, atol=1e-10)


def test_a_bump_has_a_maximum_and_is_refused():
    with pytest.raises(ValueError, match="must be below 1, or φ may have a critical point"):
        fit_functions(bump, STATES, ALONG)


@pytest.mark.parametrize("name", TARGETS)
def test_named_targets_are_fitted_well(name):
    assert fitted_target(name, 3).error[0] < 5e-2
    system = prescribed_target(name, 3, 0.8)
    assert system.eigenspaces(1)[0].eigenvalue == -0.8
    assert system.functions.is_graph


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fit_functions(lambda x: x[:, 0], STATES, ACROSS), r"array \(2000, p\)"),
        (lambda: fit_functions(lambda x: np.log(x), STATES + 2.0 - 2.0, ACROSS), "not finite"),
        (lambda: fit_functions(folded, STATES[:50], ACROSS), "50 states for 63 coefficients"),
        (lambda: fit_functions(folded, STATES, ACROSS, ridge=-1.0), "ridge -1"),
        (lambda: fitted_target("step", 3), "unknown target 'step'"),
        (lambda: fitted_target("bump", 1), "n 1"),
        (lambda: prescribed_target("bump", 3, 0.0), "rate 0"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in log")
def test_impossible_fits_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
