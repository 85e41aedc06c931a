"""The pair's coefficients: order conditions, and SciPy's own dense output."""

import numpy as np
from scipy.integrate import DOP853

from koopmark.simulation._integrator import (
    ALL_STAGES,
    ERRORS,
    INTERPOLANT,
    NODES,
    POINTS,
    STAGES,
)


def test_each_stage_sits_at_its_node():
    for stage, weights in enumerate(POINTS):
        assert weights[0] == 1.0
        np.testing.assert_allclose(weights[1:].sum(), NODES[stage], atol=1e-14)


def test_weights_integrate_polynomials_up_to_order_eight():
    weights = POINTS[STAGES][1:]
    for power in range(8):
        np.testing.assert_allclose(weights @ NODES[:STAGES] ** power, 1 / (power + 1), atol=1e-14)


def test_error_estimates_vanish_on_low_orders():
    fifth, third = ERRORS
    for power in range(5):
        assert abs(fifth @ NODES[:STAGES] ** power) < 1e-13
    for power in range(3):
        assert abs(third @ NODES[:STAGES] ** power) < 1e-13


def test_interpolant_integrates_polynomials_up_to_order_seven_at_every_theta():
    theta = np.linspace(0.0, 1.0, 9)
    weights = np.array([theta ** (p + 1) for p in range(len(INTERPOLANT))]).T @ INTERPOLANT
    for power in range(7):
        np.testing.assert_allclose(
            weights @ NODES[:ALL_STAGES] ** power, theta ** (power + 1) / (power + 1), atol=1e-12
        )


def test_interpolant_is_scipys():
    solver = DOP853(lambda t, y: np.cos(3 * t) - y**2, 0.0, [0.5], 2.0, rtol=1e-6)
    for _ in range(3):
        solver.step()
    start, h, before = solver.t_old, solver.t - solver.t_old, solver.y_old.copy()
    dense = solver.dense_output()
    scaled = h * solver.K_extended[:, 0]
    for theta in (0.2, 0.5, 0.9, 1.0):
        powers = theta ** np.arange(1, 8)
        np.testing.assert_allclose(
            before + powers @ INTERPOLANT @ scaled, dense(start + theta * h), atol=1e-14
        )
