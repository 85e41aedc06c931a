"""Kernel EDMD: Williams' method where every state is a landmark, and its limit of memory."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from koopmark import Trajectories, methods, score, systems
from koopmark.methods.kernels import GRAM_TOLERANCE, Gaussian, Polynomial, gram
from koopmark.methods.own.qr_edmd import KernelEDMD


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


@pytest.fixture(scope="module")
def few(three):
    """250 pairs."""
    return replace(three, states=three.states[:50, :6], times=three.times[:6], diverged_at=None)


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_a_polynomial_kernel_recovers_every_exact_eigenpair(three, fresh, degree):
    model = KernelEDMD(Polynomial(degree)).fit(three)
    table = score(model, three.system, fresh, max_degree=degree)
    assert table["eigenvalue_error"].max() < 1e-9
    assert table["eigenfunction_error"].max() < 1e-9
    assert model.residuals[degree] < 1e-9
    assert model.residuals[degree + 1] > 1e-4


def test_degenerate_eigenspaces_keep_their_multiplicity(simulated):
    system = systems.random_rnn(10, 2, seed=0)
    model = KernelEDMD().fit(simulated(system, 100))
    table = score(model, system, simulated(system, 40, seed=1), max_degree=2)
    assert table["target_dimension"].tolist() == [8, 36]
    assert table["eigenvalue_error"].max() < 1e-11
    assert table["eigenfunction_error"].max() < 1e-10


@pytest.mark.parametrize("kernel", [Polynomial(3), Gaussian(3.0)], ids=lambda k: k.kind)
def test_with_every_state_as_landmark_it_is_kernel_edmd(few, kernel):
    x, y = few.pairs()
    spectrum, q = np.linalg.eigh(gram(kernel, x, x))
    kept = spectrum > GRAM_TOLERANCE * spectrum[-1]
    whitening = q[:, kept] / np.sqrt(spectrum[kept])
    operator = whitening.T @ gram(kernel, y, x) @ whitening
    expected = np.linalg.eigvals(operator)
    model = KernelEDMD(kernel, tolerance=0.0).fit(few)
    found = np.exp(model.eigenvalues * few.dt)
    assert len(found) == len(expected)
    leading = abs(expected) > 0.5
    distances = abs(expected[leading, None] - found).min(axis=1)
    assert distances.max() < (1e-9 if kernel.kind == "polynomial" else 1e-4)


@pytest.mark.parametrize("kernel", [Polynomial(2), Gaussian(2.0)], ids=lambda k: k.kind)
def test_residuals_and_modes_are_those_of_all_training_pairs(three, kernel):
    model = KernelEDMD(kernel, landmarks=60).fit(three)
    x, y = three.pairs()
    values, ahead = model.eigenfunctions(x[:, None]), model.eigenfunctions(y[:, None])
    missed = ahead - values * np.exp(model.eigenvalues * three.dt)
    direct = np.linalg.norm(missed, axis=0) / np.linalg.norm(values, axis=0)
    np.testing.assert_allclose(model.residuals, direct, rtol=1e-4, atol=1e-9)
    read = np.linalg.lstsq(values, x.astype(complex), rcond=None)[0]
    np.testing.assert_allclose(values[:99] @ model.modes, values[:99] @ read, atol=1e-6)


def test_a_gaussian_kernel_comes_near_and_follows_the_scale_of_the_data(three, fresh):
    method = KernelEDMD(Gaussian(4.0))
    errors = []
    for factor in (1.0, 100.0):
        model = method.fit(replace(three, states=factor * three.states))
        errors.append(abs(model.eigenvalues + 1.0).min())
    assert errors[0] < 1e-3
    assert errors[1] == pytest.approx(errors[0], rel=1e-2)


def test_fits_without_pairs_to_spare_say_so(few):
    assert "interpolation" in KernelEDMD(Gaussian(0.3)).fit(few).note
    note = methods.fit("koopmark.kernel_edmd", few).note
    assert note.startswith("10 directions of 250 landmarks, 250 pairs; ")
    assert "interpolation" not in note


def test_memory_does_not_grow_with_the_number_of_pairs():
    peaks = []
    for count in (100, 400):
        states = np.random.default_rng(0).standard_normal((count, 51, 3))
        data = Trajectories(states, 0.1 * np.arange(51))
        tracemalloc.start()
        KernelEDMD(Gaussian(), landmarks=100).fit(data)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_which_states_are_landmarks_depends_on_the_seed(three):
    first, second = (
        KernelEDMD(Gaussian(), landmarks=50, seed=seed).fit(three).eigenvalues for seed in (1, 2)
    )
    assert not np.array_equal(first, second)
