"""Total least squares, forward-backward and instrumental EDMD: less biased than least squares."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark import methods, score
from koopmark.methods import Monomials

NAMES = ["koopmark.tls_edmd", "koopmark.fb_edmd", "koopmark.iv_edmd"]
IDENTITY = {"dictionary": {"kind": "identity"}}


@pytest.fixture(scope="module")
def noisy(train):
    noise = np.random.default_rng(0).standard_normal(train.states.shape)
    return replace(train, states=train.states + 0.05 * train.states.std() * noise)


@pytest.mark.parametrize("name", NAMES)
def test_without_noise_the_eigenspace_and_its_multiplicity_come_back(name, network, train, test):
    row = score(methods.fit(name, train), network, test).iloc[0]
    assert row["target_dimension"] == 8
    assert row["eigenvalue_error"] < 1e-8
    assert row["eigenfunction_error"] < 1e-7


@pytest.mark.parametrize("name", NAMES)
def test_without_noise_products_come_back_with_monomials(name, three, simulated):
    model = methods.fit(name, three, dictionary=Monomials(2))
    table = score(model, three.system, simulated(three.system, 20, seed=9), max_degree=2)
    assert table["eigenvalue_error"].max() < 1e-8
    assert table["eigenfunction_error"].max() < 1e-7


@pytest.mark.parametrize("name", NAMES)
def test_the_bias_is_smaller_than_that_of_least_squares(name, network, noisy, test):
    plain = methods.fit("koopmark.qr_edmd", noisy, **IDENTITY)
    least_squares = score(plain, network, test)["eigenvalue_error_mean"][0]
    error = score(methods.fit(name, noisy), network, test)["eigenvalue_error_mean"][0]
    assert 2 * error < least_squares


def test_instruments_gain_by_a_longer_lag(network, noisy, test):
    short, long = (
        score(methods.fit("koopmark.iv_edmd", noisy, lag=lag), network, test).iloc[0]
        for lag in (1, 10)
    )
    assert 2 * long["eigenvalue_error"] < short["eigenvalue_error"]


def test_a_lag_longer_than_the_trajectories_is_refused(train):
    with pytest.raises(ValueError, match="51 states in a trajectory: a lag of 50 needs at least"):
        methods.fit("koopmark.iv_edmd", train, lag=50)


def test_forward_backward_takes_the_root_that_the_data_show(linear):
    data = linear(np.diag([0.9, -0.8]), np.random.default_rng(0).standard_normal((20, 2)))
    model = methods.fit(
        "koopmark.fb_edmd", data, dictionary={"kind": "identity", "constant": False}
    )
    factors = np.sort(np.exp(model.eigenvalues * data.dt).real)
    np.testing.assert_allclose(factors, [-0.8, 0.9], atol=1e-12)


@pytest.mark.parametrize("name", NAMES[:2])
def test_symmetric_noise_on_a_linear_system_leaves_no_bias(name, linear):
    """Errors shrink with the number of pairs, those of least squares stay."""
    rng = np.random.default_rng(0)
    data = linear(np.diag([0.95, 0.8]), rng.uniform(-1, 1, (4000, 2)))
    noisy = replace(data, states=data.states + 0.1 * rng.standard_normal(data.states.shape))
    exact = np.log([0.95, 0.8]) / data.dt

    def error(name, options):
        found = methods.fit(name, noisy, **options).eigenvalues
        return max(abs(found - value).min() for value in exact)

    state = {"dictionary": {"kind": "identity", "constant": False}}
    assert 3 * error(name, state) < error("koopmark.qr_edmd", state)
