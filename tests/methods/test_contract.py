"""What every registered method keeps to, whatever it computes."""

import random

import numpy as np
import pytest
import torch

from koopmark import methods
from koopmark.simulation import Trajectories

EVERY = methods.names()
FITTED = [name for name in EVERY if not name.startswith("control.")]
FEW = {name: {"max_pairs": 200} for name in ("pydmd.kernel_edmd", "pykoopman.kdmd")}
MATRIX = np.array([[0.9, 0.3, 0.0], [-0.2, 0.7, 0.1], [0.0, 0.1, 0.5]])


@pytest.fixture(scope="module")
def recoverable(linear, three):
    """Data on which the method of a name must be exact."""

    def choose(name: str) -> Trajectories:
        if name.startswith("control."):
            return three
        if name == "pydmd.fbdmd":
            # Exact in PyDMD where the singular vectors of X and Y agree: on the axes.
            return linear(np.diag([0.9, 0.7, 0.5]), np.diag([3.0, 2.0, 1.0]))
        eigenvalues, vectors = np.linalg.eig(MATRIX)
        if name == "pydmd.dmd_default":
            # It keeps one direction of these: data on one line.
            real = int(np.argmin(abs(eigenvalues.imag)))
            return linear(MATRIX, np.outer([1.0, 2.0, -1.0], vectors[:, real].real))
        initial = np.random.default_rng(0).standard_normal((30, 3))
        if name == "pykoopman.default":
            # It keeps two directions: data in the plane of the complex pair.
            pair = int(np.argmax(abs(eigenvalues.imag)))
            plane = np.stack([vectors[:, pair].real, vectors[:, pair].imag])
            return linear(MATRIX, initial[:, :2] @ plane)
        return linear(MATRIX, initial)

    return choose


def fit(name: str, data: Trajectories) -> methods.Model:
    """With few pairs where the cost grows with the cube of their number."""
    return methods.fit(name, data, **FEW.get(name, {}))


def relation(model: methods.Model, data: Trajectories) -> np.ndarray:
    """‖φ(Y) - μ φ(X)‖ / ‖φ(X)‖ for every pair."""
    x, y = data.pairs()
    values, ahead = model.eigenfunctions(x[:, None]), model.eigenfunctions(y[:, None])
    factors = np.exp(model.eigenvalues * data.dt)
    return np.linalg.norm(ahead - values * factors, axis=0) / np.linalg.norm(values, axis=0)


def check_shapes(model: methods.Model, data: Trajectories) -> None:
    windows = data.windows(model.window)[:, 0]
    count = len(model.eigenvalues)
    assert model.eigenvalues.shape == (count,)
    assert model.eigenvalues.dtype == complex
    values = model.eigenfunctions(windows)
    assert values.shape == (len(windows), count)
    assert values.dtype == complex
    listed = model.dictionary(windows)
    assert listed is None or (listed.ndim == 2 and len(listed) == len(windows))
    predicted = model.predict(windows, 4)
    assert predicted is None or predicted.shape == (len(windows), 4, data.states.shape[2])
    assert model.residuals is None or model.residuals.shape == (count,)


@pytest.mark.parametrize("name", EVERY)
def test_shapes_are_those_of_a_model(name, three):
    check_shapes(fit(name, three), three)


@pytest.mark.parametrize("name", [name for name in EVERY if name != "control.random"])
def test_every_eigenfunction_obeys_its_eigenvalue_where_it_must(name, recoverable):
    data = recoverable(name)
    model = fit(name, data)
    assert len(model.eigenvalues) > 0
    assert relation(model, data).max() < 1e-8


@pytest.mark.parametrize("name", FITTED)
def test_the_linear_eigenvalue_comes_back_where_it_must(name, recoverable):
    data = recoverable(name)
    exact = np.log(np.linalg.eigvals(MATRIX).astype(complex)) / data.dt
    if name == "pydmd.fbdmd":
        exact = np.log([0.9, 0.7, 0.5]) / data.dt
    found = fit(name, data).eigenvalues
    linear_part = [abs(exact - value).min() for value in found]
    assert min(linear_part) < 1e-8


@pytest.mark.parametrize("name", FITTED)
def test_prediction_continues_the_data_where_the_method_is_exact(name, recoverable):
    data = recoverable(name)
    predicted = fit(name, data).predict(data.windows(1)[:, 0], 5)
    np.testing.assert_allclose(predicted, data.states[:, 1:6], atol=1e-7)


@pytest.mark.parametrize("name", EVERY)
def test_the_dictionary_spans_the_eigenfunctions(name, three):
    model = fit(name, three)
    windows = three.windows(1)[:, 0]
    values, listed = model.eigenfunctions(windows), model.dictionary(windows)
    values = values / np.linalg.norm(values, axis=0)
    coefficients = np.linalg.lstsq(listed.astype(complex), values, rcond=1e-13)[0]
    assert abs(listed @ coefficients - values).max() < 1e-6


@pytest.mark.parametrize("name", EVERY)
def test_two_fits_are_identical(name, three):
    windows = three.windows(1)[:, 3]
    first, second = (fit(name, three) for _ in range(2))
    np.testing.assert_array_equal(first.eigenvalues, second.eigenvalues)
    np.testing.assert_array_equal(first.eigenfunctions(windows), second.eigenfunctions(windows))


@pytest.mark.parametrize("name", EVERY)
def test_a_fit_leaves_the_data_and_the_global_generators_alone(name, three):
    methods.get(name).prepare()
    states = three.states.copy()
    # Leave the states that seeding would have left, so that a restored one is told from those.
    np.random.random(), random.random(), torch.rand(1)  # noqa: NPY002
    before = np.random.get_state(), random.getstate(), torch.get_rng_state()  # noqa: NPY002
    fit(name, three)
    after = np.random.get_state(), random.getstate(), torch.get_rng_state()  # noqa: NPY002
    np.testing.assert_equal(after[0], before[0])
    assert after[1] == before[1]
    assert torch.equal(after[2], before[2])
    np.testing.assert_array_equal(three.states, states)


@pytest.mark.parametrize("name", FITTED)
def test_one_trajectory_gives_a_model(name, linear):
    data = linear(MATRIX, [[1.0, 2.0, 3.0]])
    model = fit(name, data)
    check_shapes(model, data)
    assert np.isfinite(model.eigenfunctions(data.states[0][:, None])).all()


@pytest.mark.parametrize("name", FITTED)
def test_a_single_pair_gives_a_model_or_a_reason(name, linear):
    data = linear(MATRIX, [[1.0, 2.0, 3.0]], steps=1)
    if methods.get(name).library == "pydmd":
        with pytest.raises(ValueError, match="Received only one time snapshot"):
            fit(name, data)
    else:
        check_shapes(fit(name, data), data)


@pytest.mark.parametrize("name", EVERY)
def test_constant_data_are_refused(name):
    data = Trajectories(np.ones((3, 5, 2)), np.arange(5.0))
    with pytest.raises(ValueError, match="the data are constant"):
        fit(name, data)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_data_that_are_not_finite_are_refused(name, bad):
    states = np.random.default_rng(0).standard_normal((3, 5, 2))
    states[1, 4, 0] = bad
    with pytest.raises(ValueError, match="1 of 3 trajectories hold a non-finite value, number 1"):
        fit(name, Trajectories(states, np.arange(5.0)))
