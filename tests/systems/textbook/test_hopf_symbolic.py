"""The eigenfunctions of the Hopf normal form, by computer algebra in polar coordinates."""

import sympy as sp

R, MU, OMEGA, B = sp.symbols("r mu omega b", positive=True)
THETA = sp.Symbol("theta", real=True)


def rate(log_phi, growth):
    """𝒦φ/φ from ln φ(r, θ), with ṙ = (μ - r²)r and θ̇ = ω - b r²."""
    radial, angular = (growth - R**2) * R, OMEGA - B * R**2
    return sp.simplify(sp.diff(log_phi, R) * radial + sp.diff(log_phi, THETA) * angular)


def test_above_the_bifurcation():
    assert sp.simplify(rate(sp.log(1 - MU / R**2), MU) + 2 * MU) == 0
    phase = sp.I * (THETA - B * sp.log(R))
    assert sp.simplify(rate(phase, MU) - sp.I * (OMEGA - B * MU)) == 0


def test_below_the_bifurcation():
    log_phi = sp.log(R) + sp.I * THETA - (1 + sp.I * B) / 2 * sp.log(R**2 + MU)
    assert sp.simplify(rate(log_phi, -MU) - (-MU + sp.I * OMEGA)) == 0
