"""Our methods under conditions in which an eigenvalue is easily lost."""

import numpy as np
import pytest
from scipy.linalg import block_diag, expm

from koopmark import methods
from koopmark.methods.kernels import Polynomial, gram
from koopmark.simulation import Trajectories

IDENTITY = {"dictionary": {"kind": "identity"}}
CUBIC = {"dictionary": {"kind": "monomials", "degree": 3}}


def sampled(generator, noise=0.0, dt=0.1, count=100):
    """Trajectories of ẋ = G x of 51 states, with white noise relative to their spread."""
    step = expm(np.asarray(generator, dtype=float) * dt)
    states = [np.random.default_rng(0).standard_normal((count, len(step)))]
    for _ in range(50):
        states.append(states[-1] @ step.T)
    clean = np.stack(states, axis=1)
    drawn = np.random.default_rng(1).standard_normal(clean.shape)
    return Trajectories(clean + noise * clean.std() * drawn, dt * np.arange(51))


def pair(rate, frequency):
    return np.array([[rate, frequency], [-frequency, rate]])


def off(model, exact):
    return max(abs(model.eigenvalues - value).min(initial=np.inf) for value in exact)


@pytest.mark.parametrize(
    ("generator", "noise", "limit"),
    [
        (np.diag([-0.3, -1.0]), 0.01, 1e-3),
        (np.diag([-0.3, -1.0]), 0.1, 0.02),
        (np.diag([0.5, -1.0]), 0.01, 5e-3),
        (pair(-0.3, 17.0), 0.01, 5e-3),
        (pair(-0.3, 30.0), 0.01, 5e-3),
    ],
    ids=["decay", "strong noise", "growth", "fast", "near Nyquist"],
)
def test_kronic_keeps_what_predicts_within_the_noise(generator, noise, limit):
    model = methods.fit("koopmark.kronic", sampled(generator, noise), **IDENTITY)
    assert off(model, np.linalg.eigvals(generator)) < limit


@pytest.mark.parametrize("frequency", [3.0, 17.0, 24.0, 30.0])
@pytest.mark.parametrize("name", ["resdmd", "t_ssd"])
def test_oscillations_of_any_speed_pass_the_filter(name, frequency):
    generator = pair(-0.3, frequency)
    model = methods.fit(f"koopmark.{name}", sampled(generator, 0.01), **IDENTITY)
    assert off(model, np.linalg.eigvals(generator)) < 0.02


def test_resdmd_says_where_noise_leaves_nothing_to_filter_by(three):
    rng = np.random.default_rng(0)
    noisy = three.states + 0.3 * three.states.std() * rng.standard_normal(three.states.shape)
    model = methods.fit("koopmark.resdmd", Trajectories(noisy, three.times), **CUBIC)
    assert "left out unjudged" in model.note
    assert model.residuals.max() < 0.8


def test_resdmd_leaves_nothing_unjudged_without_noise(three):
    assert "unjudged" not in methods.fit("koopmark.resdmd", three, **CUBIC).note


def test_a_constant_coordinate_adds_nothing_to_tuned_ssd(three):
    rng = np.random.default_rng(1)
    noisy = three.states + 1e-3 * three.states.std() * rng.standard_normal(three.states.shape)
    wider = np.concatenate([noisy, np.ones((*noisy.shape[:2], 1))], axis=2)
    alone, beside = (
        methods.fit("koopmark.t_ssd", Trajectories(states, three.times), **CUBIC).eigenvalues
        for states in (noisy, wider)
    )
    np.testing.assert_allclose(np.sort_complex(beside), np.sort_complex(alone), atol=1e-3)


def test_optimised_dmd_tells_close_eigenvalues_apart():
    model = methods.fit("koopmark.optimised_dmd", sampled(np.diag([-1.0, -1.05])))
    assert off(model, [-1.0, -1.05]) < 1e-8
    close = methods.fit("koopmark.optimised_dmd", sampled(np.diag([-1.0, -1.02])))
    assert off(close, [-1.0, -1.02]) < 1e-8


def test_optimised_dmd_keeps_one_eigenvalue_of_multiplicity_two_under_noise():
    model = methods.fit("koopmark.optimised_dmd", sampled(np.diag([-1.0, -1.0, -0.2]), 1e-3))
    found = np.sort(model.eigenvalues.real)
    assert found[0] == found[1]
    np.testing.assert_allclose(found, [-1.0, -1.0, -0.2, 0.0], atol=0.01)


def test_optimised_dmd_comes_close_to_a_defective_eigenvalue_and_says_so():
    model = methods.fit("koopmark.optimised_dmd", sampled([[-1.0, 1.0], [0.0, -1.0]]))
    assert np.sum(abs(model.eigenvalues + 1.0) < 1e-3) == 2
    assert "without enough eigenvectors" in model.note


def test_instruments_that_have_decayed_are_called_weak():
    late = methods.fit("koopmark.iv_edmd", sampled(np.diag([-0.3, -1.0]), 0.01, dt=5.0))
    assert "weak instruments" in late.note
    soon = methods.fit("koopmark.iv_edmd", sampled(np.diag([-0.3, -1.0]), 0.01))
    assert "weak" not in soon.note


def test_differences_say_that_they_shift_what_turns_fast():
    data = sampled(block_diag(pair(-0.3, 8.0), [[-0.5]]))
    note = methods.fit("koopmark.generator_edmd_fd2", data, **IDENTITY).note
    assert "differences of order 2 shift 2 of 4 eigenvalues" in note
    late = methods.fit("koopmark.kronic", sampled(np.diag([-0.3, -1.0]), 0.01, dt=5.0), **IDENTITY)
    assert "differences of order 6 shift" in late.note
    assert methods.fit("koopmark.generator_edmd_fd6", sampled(np.diag([-0.3, -1.0]))).note == ""


OURS = (
    "qr_edmd",
    "resdmd",
    "kernel_edmd",
    "kronic",
    "ssd",
    "t_ssd",
    "generator_edmd_fd4",
    "tls_edmd",
    "fb_edmd",
    "iv_edmd",
    "optimised_dmd",
)


@pytest.mark.parametrize(
    "units",
    [1e-8, 1e8, np.array([1e6, 1e-6, 1.0]), np.array([1.0, 1e-3, 1e6])],
    ids=["small", "large", "mixed", "mixed too"],
)
@pytest.mark.parametrize("noise", [0.0, 1e-3])
@pytest.mark.parametrize("name", OURS)
def test_eigenvalues_do_not_depend_on_the_units_of_any_channel(name, noise, units):
    change = np.array([[1.0, 0.3, 0.0], [-0.2, 1.0, 0.4], [0.1, 0.0, 1.0]])
    generator = change @ block_diag(pair(-0.5, 2.0), [[-1.2]]) @ np.linalg.inv(change)
    data = sampled(generator, noise, count=30)
    scaled = Trajectories(units * data.states, data.times)
    one, other = (methods.fit(f"koopmark.{name}", each).eigenvalues for each in (data, scaled))
    assert len(one) == len(other)
    # Where noise weighs the channels, whether it is the same in all is decided in their units.
    limit = 1e-3 if noise else 1e-7
    assert abs(other[:, None] - one[np.isfinite(one)]).min(axis=0).max() < limit


def test_a_polynomial_kernel_means_the_same_in_any_units():
    states = np.random.default_rng(0).standard_normal((20, 3))
    kernel = Polynomial(degree=3)
    np.testing.assert_allclose(
        gram(kernel, 1e8 * states, 1e8 * states), gram(kernel, states, states), rtol=1e-12
    )
