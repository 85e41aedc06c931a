"""What `Method.fit` does around every fit."""

import random
from dataclasses import dataclass

import numpy as np
import pytest

from koopmark.methods import LinearModel, Method
from koopmark.methods.model import Model, continuous, propagate
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class Careless(Method):
    """Draws from the global generators, as libraries do."""

    seed: int = 0

    def _fit(self, trajectories: Trajectories) -> Model:
        drawn = np.array([[np.random.random(), random.random()]])  # noqa: NPY002
        if drawn[0, 0] < 0 or self.seed == 13:
            raise RuntimeError("failed in the middle")
        return LinearModel(lambda x: x, drawn.T, np.zeros(1, complex), trajectories.dt)


DATA = Trajectories(np.random.default_rng(0).standard_normal((3, 5, 2)), np.arange(5.0))


def test_global_generators_are_seeded_from_the_seed_of_the_method():
    first, again, other = (Careless(seed).fit(DATA).coefficients for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_global_generators_are_put_back_even_where_the_fit_fails():
    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    with pytest.raises(RuntimeError, match="failed in the middle"):
        Careless(13).fit(DATA)
    np.testing.assert_equal(np.random.get_state(), before[0])  # noqa: NPY002
    assert random.getstate() == before[1]


def test_a_seed_of_more_than_32_bits_is_allowed():
    assert Careless(2**40 + 1).fit(DATA).coefficients.shape == (2, 1)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((0, 5, 2), "0 trajectories of 5 states"), ((3, 1, 2), "3 trajectories of 1 states")],
)
def test_data_without_pairs_are_refused(shape, message):
    with pytest.raises(ValueError, match=f"no snapshot pairs: {message}"):
        Careless().fit(Trajectories(np.zeros(shape), np.arange(float(shape[1]))))


def test_uneven_times_are_refused():
    uneven = Trajectories(DATA.states, np.array([0.0, 1.0, 2.0, 3.0, 5.0]))
    with pytest.raises(ValueError, match="not evenly spaced"):
        Careless().fit(uneven)


def test_times_that_run_backwards_are_refused():
    with pytest.raises(ValueError, match="times must increase"):
        Careless().fit(Trajectories(DATA.states, -np.arange(5.0)))


def test_a_zero_eigenvalue_is_gone_after_one_step():
    rates = continuous(np.array([0.0, 0.5]), 0.1)
    assert np.isneginf(rates[0].real)
    predicted = propagate(np.ones((1, 2)), rates, np.eye(2), 0.1, 2)
    np.testing.assert_allclose(predicted, [[[0.0, 0.5], [0.0, 0.25]]])


def test_an_unstable_pair_predicts_infinity_without_a_warning():
    predicted = propagate(np.ones((1, 1)), np.array([100.0 + 0j]), np.ones((1, 1)), 1.0, 20)
    assert not np.isfinite(predicted[0, -1, 0])


def test_eigenfunctions_from_modes_and_from_the_operator_agree():
    rng = np.random.default_rng(0)
    operator = rng.standard_normal((4, 4)) / 3
    discrete, modes = np.linalg.eig(operator.T)
    states = rng.standard_normal((30, 4))
    by_modes = LinearModel.from_modes(discrete, modes, 0.1, lambda x: x)
    by_operator = LinearModel.from_operator(operator, 0.1, lambda x: x)
    for model in (by_modes, by_operator):
        values = model.eigenfunctions(states[:, None])
        ahead = model.eigenfunctions((states @ operator)[:, None])
        np.testing.assert_allclose(ahead, values * np.exp(0.1 * model.eigenvalues), atol=1e-12)
