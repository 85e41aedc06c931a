"""Multipliers of the libraries' methods: of a map they may be negative or 0."""

from functools import cache

import numpy as np
import pytest

from koopmark import Trajectories, methods

MU = np.array([0.7, 0.0, -0.3])
# Of a map whose A has the eigenvalue 0 these are the methods of pairs that are exact in the state.
WHOLE = [
    *("pydmd.dmd", "pydmd.dmd_tlsq", "pydmd.optdmd", "pydmd.pidmd", "pydmd.kernel_edmd"),
    *("pydmd.dmdc", "pydmd.lando_linear", "pykoopman.edmd_identity", "pykoopman.edmd_polynomial"),
    *("pykoopman.kdmd", "pykoopman.dmdc", "pykoopman.edmdc_identity", "deeptime.dmd"),
    *("deeptime.dmd_default", "deeptime.edmd", "deeptime.kernel_edmd", "deeptime.vamp"),
    *("kooplearn.ridge", "kooplearn.kernel_ridge", "kooplearn.nystroem", "pykoop.dmd"),
    *("pykoop.edmd", "pykoop.edmd_polynomial", "pykoop.dmdc", "pykoop.edmdc"),
    *("pykoop.dmd_delays", "pydmd.hankeldmd", "pydmd.hodmd", "pykoopman.edmd_time_delay"),
]
# What leaves out the direction that is gone after a step, or its mode, by its algorithm.
WITHOUT_ZERO = ["pydmd.spdmd", "pydmd.subspacedmd", "kooplearn.ridge_reduced_rank"]
# What recovers λ, and so neither a negative multiplier nor 0.
RATES = ["pydmd.varprodmd", "pydmd.bopdmd", "pykoopman.havok"]


@cache
def made():
    """Thirty trajectories of x⁺ = A x, with the eigenvalues `MU` of A."""
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((3, 3))
    matrix = basis * MU @ np.linalg.inv(basis)
    states = [rng.standard_normal((30, 3))]
    for _ in range(20):
        states.append(states[-1] @ matrix.T)
    return Trajectories(np.stack(states, axis=1), dt=0.1)


@pytest.fixture
def data():
    return made()


@cache
def fitted(name):
    options = {"max_pairs": 100} if name in ("pydmd.kernel_edmd", "pydmd.lando_linear") else {}
    return methods.fit(name, made(), **options)


def found(model, data, value):
    """Errors of the nearest multiplier and of its function, φ(x⁺) = μ φ(x), relative to φ."""
    rolling = data.rolling(model.window)
    before, after = (
        model.eigenfunctions(part.reshape(-1, *part.shape[2:]))
        for part in (rolling[:, :-1], rolling[:, 1:])
    )
    error = abs(model.multipliers - value)
    near = error <= error.min() + 1e-9
    missed = np.linalg.norm(after - before * model.multipliers, axis=0)
    return error.min(), (missed[near] / np.linalg.norm(before[:, near], axis=0)).min()


@pytest.mark.parametrize("name", WHOLE)
def test_negative_and_zero_multipliers_survive_with_their_functions(name, data):
    model = fitted(name)
    for value in MU:
        assert max(found(model, data, value)) < 1e-6


@pytest.mark.parametrize("name", WITHOUT_ZERO)
def test_a_rank_leaves_out_what_is_gone_after_a_step(name, data):
    model = methods.fit(name, data)
    assert abs(model.multipliers).min() > 0.1
    assert abs(model.multipliers[:, None] - [0.7, -0.3]).min(axis=0).max() < 1e-6


@pytest.mark.parametrize("name", RATES)
def test_what_finds_rates_gives_no_multipliers(name):
    # Of what has rates: a search for those of μ = 0 ends anywhere, or not at all.
    decay = np.exp(-np.outer(np.arange(12), [0.1, 0.4, 0.9]))
    starts = np.random.default_rng(1).standard_normal((30, 1, 3))
    data = Trajectories(starts * decay, dt=1.0)
    options = {"n_delays": 3} if "havok" in name else {}
    assert methods.fit(name, data, **options).multipliers is None


def test_what_a_method_drops_is_dropped_of_rates_and_multipliers(data):
    model = methods.fit("pydmd.spdmd", data)
    np.testing.assert_allclose(np.exp(model.eigenvalues * data.dt), model.multipliers)


@pytest.mark.parametrize("name", WHOLE)
def test_multipliers_are_those_of_the_rates_where_a_logarithm_holds_them(name, data):
    model = fitted(name)
    kept = np.isfinite(model.eigenvalues)
    rates = np.exp(model.eigenvalues[kept] * data.dt)
    np.testing.assert_allclose(rates, model.multipliers[kept], atol=1e-12)
