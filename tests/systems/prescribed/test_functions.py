"""The certificate: a Jacobian of full row rank wherever it is promised, refusals elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.systems import (
    LAYERS,
    HiddenLayer,
    InnerMonomials,
    PrescribedFunctions,
    random_prescribed,
)


def layer(n, m=6, seed=0):
    rng = np.random.default_rng(seed)
    return HiddenLayer(rng.standard_normal((m, n)), rng.standard_normal(m))


def jacobian(functions, x):
    """(..., p, N)."""
    columns = functions.tangent(x[..., None, :], np.eye(functions.size))
    return np.swapaxes(columns, -1, -2)


@given(
    st.integers(2, 7),
    st.integers(1, 3),
    st.sampled_from(["tanh", "erf", "logistic", "fourier"]),
    st.floats(0.05, 0.99),
    st.integers(0, 1000),
)
def test_no_singular_value_falls_below_the_certificate(n, p, features, strength, seed):
    matrix = -np.diag(1.0 + np.arange(min(p, n)))
    functions = random_prescribed(n, matrix, features, strength, seed, steepness=2.0).functions
    assert functions.strength == pytest.approx(strength)
    x = np.random.default_rng(seed).normal(scale=2.0, size=(200, n))
    least = np.linalg.svd(jacobian(functions, x), compute_uv=False)[:, -1].min()
    assert least >= functions.least_singular_value * (1 - 1e-9)


@given(st.integers(0, 300))
def test_a_graph_keeps_its_rank_however_strong_it_is(seed):
    functions = random_prescribed(
        5, np.diag([-1.0, -2.0]), "fourier", 50.0, seed, graph=True
    ).functions
    assert functions.is_graph
    x = np.random.default_rng(seed).standard_normal((50, 5))
    inverse = jacobian(functions, x) @ functions.section
    np.testing.assert_allclose(inverse, np.broadcast_to(np.eye(2), (50, 2, 2)), atol=1e-11)
    least = np.linalg.svd(jacobian(functions, x), compute_uv=False)[:, -1].min()
    assert least >= functions.least_singular_value * (1 - 1e-9)


@pytest.mark.parametrize("features", ["tanh", "erf", "logistic", "fourier"])
def test_the_strength_of_a_graph_is_the_bound_on_its_slope(features):
    functions = random_prescribed(5, [[-1.0]], features, 3.0, graph=True).functions
    slope = LAYERS[features].lipschitz * np.linalg.norm(functions.weights, 2)
    assert slope * np.linalg.norm(functions.features.directions, 2) == pytest.approx(3.0)


def test_section_complement_and_fibre_are_dual_frames():
    functions = random_prescribed(6, np.diag([-1.0, -2.0]), "tanh", 0.7).functions
    b, z, q, k = functions.linear, functions.section, functions.complement, functions.fibre
    np.testing.assert_allclose(b @ z, np.eye(2), atol=1e-13)
    np.testing.assert_allclose(q @ z, 0.0, atol=1e-13)
    np.testing.assert_allclose(b @ k, 0.0, atol=1e-13)
    np.testing.assert_allclose(q @ k, np.eye(4), atol=1e-13)


def test_no_other_section_is_seen_less_by_the_features():
    functions = PrescribedFunctions(np.eye(4)[:2], np.full((2, 6), 1e-3), layer(4))
    directions, kernel = functions.features.directions, np.eye(4)[:, 2:]
    least = np.linalg.norm(directions @ functions.section)
    for seed in range(20):
        shift = kernel @ np.random.default_rng(seed).normal(scale=0.1, size=(2, 2))
        assert np.linalg.norm(directions @ (functions.section + shift)) > least


def test_a_function_that_is_too_strong_has_a_critical_point_and_is_refused():
    """φ = x - 2 tanh x: φ' = 0 where tanh² x = 1/2, and φ does not vanish there."""
    strong = HiddenLayer(np.ones((1, 1)), np.zeros(1))
    with pytest.raises(ValueError, match="strength 2 must be below 1"):
        PrescribedFunctions(np.eye(1), np.array([[-2.0]]), strong)
    assert PrescribedFunctions(np.eye(1), np.array([[-0.9]]), strong).strength < 1


E2 = np.eye(4)[:2]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PrescribedFunctions(np.ones((2, 4)), np.ones((2, 6)), layer(4)), "2 rows are dep"),
        (lambda: PrescribedFunctions(np.zeros((1, 4)), np.ones((1, 6)), layer(4)), "dependent"),
        (lambda: PrescribedFunctions(E2, np.ones((2, 6)), layer(4)), "must be below 1, or φ may"),
        (lambda: PrescribedFunctions(E2, np.ones((2, 5)), layer(4)), r"weights must have.*\(2, 6"),
        (lambda: PrescribedFunctions(E2, np.ones((2, 6)), layer(3)), "features are of 3 units"),
        (lambda: PrescribedFunctions(np.ones((5, 4)), np.ones((5, 6)), layer(4)), "p between 1"),
        (lambda: PrescribedFunctions(E2 * np.nan, np.ones((2, 6)), layer(4)), "not finite"),
        (
            lambda: PrescribedFunctions(E2, np.ones((2, 6)) * 1e-3, layer(4), np.ones(3)),
            r"offset must have shape \(2,\)",
        ),
        (
            lambda: PrescribedFunctions(np.eye(2), np.ones((2, 3)), InnerMonomials(np.eye(2))),
            "polynomials are steep somewhere",
        ),
    ],
)
def test_functions_that_cannot_be_certified_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
