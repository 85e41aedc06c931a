"""Our methods on data with gaps, unequal trials and uneven times."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from koopmark import methods, systems
from koopmark.datasets import AnswerKey
from koopmark.methods import Monomials
from koopmark.methods._method import Method
from koopmark.methods.own._noise import noise_variances
from koopmark.methods.own._records import exponentials, integrated
from koopmark.methods.own.kronic import split
from koopmark.methods.own.optimised_dmd import OptimisedDMD
from koopmark.methods.own.varpro_edmd import VarProEDMD
from koopmark.simulation import Trajectories, simulate

DT = 0.1
CHANGE = np.array([[1.0, 0.3, 0.0], [-0.2, 1.0, 0.4], [0.1, 0.0, 1.0]])
GENERATOR = CHANGE @ np.array([[-0.3, 2, 0], [-2, -0.3, 0], [0, 0, -1]]) @ np.linalg.inv(CHANGE)
RATES = np.linalg.eigvals(GENERATOR)
IDENTITY = {"dictionary": {"kind": "identity"}}
OPTIONS = {
    "qr_edmd": IDENTITY,
    "resdmd": IDENTITY,
    "kernel_edmd": {"kernel": {"kind": "polynomial", "degree": 1}},
    "kronic": IDENTITY,
    "ssd": IDENTITY,
    "t_ssd": IDENTITY,
    "tls_edmd": {},
    "fb_edmd": {},
    "iv_edmd": {},
    "generator_edmd": IDENTITY,
    "varpro_edmd": {},
    "optimised_dmd": {},
}
"""Our methods, on functions in which linear dynamics are exact."""
OF_PAIRS = ("qr_edmd", "kernel_edmd", "ssd", "tls_edmd", "fb_edmd")
ALONG = {"varpro_edmd": VarProEDMD(), "optimised_dmd": OptimisedDMD()}
KEY = AnswerKey((), 3, vector_field=lambda x: (x - 1.0) @ GENERATOR.T)


def linear(times, noise=0.0, seed=0):
    """Trajectories of ẋ = G (x - 1) at `times` (M, T), with noise relative to their spread."""
    rng = np.random.default_rng(seed)
    rates, vectors = np.linalg.eig(GENERATOR)
    start = np.linalg.solve(vectors, rng.standard_normal((3, len(times))))
    grown = np.exp(rates * times[..., None]) * start.T[:, None]
    states = 1.0 + (grown @ vectors.T).real
    states += noise * states.std() * rng.standard_normal(states.shape)
    shared = times[0] if (times == times[0]).all() else times
    return Trajectories(states, shared)


def even(count=12, states=21):
    return np.tile(DT * np.arange(states), (count, 1))


def with_gaps(data, share, seed=0):
    missing = np.random.default_rng(seed).random(data.states.shape[:2]) < share
    return replace(data, states=np.where(missing[..., None], np.nan, data.states))


def unequal(data, seed=0):
    longest = data.states.shape[1]
    lengths = np.random.default_rng(seed).integers(5, longest + 1, len(data))
    cut = [states[:length] for states, length in zip(data.states, lengths, strict=True)]
    return Trajectories.from_arrays(cut, dt=data.dt)


def recorded(kind, noise=0.0, seed=0, count=12, states=21):
    """Data of one kind, with noise."""
    rng = np.random.default_rng(seed)
    times = even(count, states)
    if kind == "jitter":
        times = times + 0.3 * DT * rng.uniform(-1.0, 1.0, times.shape)
    if kind == "Poisson":
        times = np.cumsum(rng.exponential(DT, times.shape), axis=1)
    data = linear(times, noise, seed)
    if kind == "gaps":
        data = with_gaps(data, 0.3, seed)
    return unequal(data, seed) if kind == "unequal" else data


def fit(name, data):
    method = methods.get(f"koopmark.{name}", **OPTIONS[name])
    return method.fit_with(data, KEY)


def off(model, rates=RATES):
    return max(abs(model.eigenvalues - rate).min(initial=np.inf) for rate in rates)


def test_every_method_of_ours_uses_gaps_and_unequal_trials():
    ours = [method for name, method in methods.REGISTRY.items() if name.startswith("koopmark.")]
    assert {method.tags.sampling for method in ours if isinstance(method, Method)} == {
        "segments",
        "any",
    }


@pytest.mark.parametrize("name", OPTIONS)
@settings(max_examples=2, deadline=None)
@given(share=st.floats(0.05, 0.25), seed=st.integers(0, 2**16), trials=st.booleans())
def test_gaps_and_unequal_lengths_leave_exact_eigenpairs_exact(name, share, seed, trials):
    data = with_gaps(unequal(linear(even()), seed) if trials else linear(even()), share, seed)
    model = fit(name, data)
    assert off(model) < 1e-8
    x, y = data.pairs()
    near = abs(model.eigenvalues[:, None] - RATES).min(axis=1) < 1e-8
    values, ahead = (model.eigenfunctions(z[:, None])[:, near] for z in (x, y))
    grown = values * np.exp(model.eigenvalues[near] * DT)
    assert np.linalg.norm(ahead - grown) < 1e-8 * np.linalg.norm(ahead)


@pytest.mark.parametrize("order", [2, 4, 6])
def test_differences_look_at_each_segment_by_itself(order):
    name = f"koopmark.generator_edmd_fd{order}"
    whole, gappy = (
        methods.fit(name, data, **IDENTITY).eigenvalues
        for data in (linear(even()), with_gaps(linear(even()), 0.2))
    )
    np.testing.assert_allclose(np.sort_complex(gappy), np.sort_complex(whole), atol=1e-8)


@pytest.mark.parametrize("name", OF_PAIRS)
def test_a_fit_with_gaps_is_that_of_its_pairs_as_trajectories(name):
    data = with_gaps(linear(even(), noise=1e-9), 0.3)
    pairs = Trajectories(np.stack(data.pairs(), axis=1), dt=DT)
    apart, whole = (np.sort_complex(fit(name, each).eigenvalues) for each in (pairs, data))
    np.testing.assert_allclose(apart, whole, atol=1e-6)


@pytest.mark.parametrize("kind", ["gaps", "unequal"])
@pytest.mark.parametrize("name", [name for name in OPTIONS if name != "kronic"])
def test_the_order_of_trials_does_not_matter(name, kind):
    data = recorded(kind, noise=1e-3)
    order = np.random.default_rng(1).permutation(len(data))
    one, other = (np.sort_complex(fit(name, each).eigenvalues) for each in (data, data[order]))
    np.testing.assert_allclose(other, one, atol=1e-7)


@pytest.mark.parametrize("kind", ["gaps", "unequal", "jitter", "Poisson"])
@pytest.mark.parametrize("name", ALONG)
def test_exponentials_are_fitted_exactly_at_whatever_times(name, kind):
    model = ALONG[name].fit(recorded(kind))
    assert off(model) < 1e-8
    assert model.pairs_used is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("varpro_edmd", "gaps"),
        ("varpro_edmd", "Poisson"),
        ("optimised_dmd", "unequal"),
        ("optimised_dmd", "jitter"),
    ],
)
def test_under_noise_uneven_data_are_as_good_as_as_many_even_states(name, kind):
    errors = []
    for seed in range(4):
        data = recorded(kind, 0.01, seed)
        states = len(data.recorded.rows) // len(data)
        both = data, recorded("even", 0.01, seed, states=states)
        found = [ALONG[name].fit(each).eigenvalues for each in both]
        errors.append([[abs(values - rate).min() for rate in RATES] for values in found])
    ours, theirs = np.sqrt(np.mean(np.square(errors), axis=(0, 2)))
    assert ours < 1.5 * theirs


@pytest.fixture(scope="module")
def uneven():
    """The three-population example at times of their own, with gaps, 5 to 30 states each."""
    rng = np.random.default_rng(0)
    system = systems.three_populations()
    grid = np.cumsum(rng.exponential(DT, (20, 30)), axis=1)
    every = np.unique(np.append(grid, 0.0))
    clean = simulate(system, rng.uniform(-3.0, 3.0, (20, 3)), every, rtol=1e-12).states
    states = np.stack([one[np.searchsorted(every, t)] for one, t in zip(clean, grid, strict=True)])
    for one, length in zip(states, rng.integers(5, 31, 20), strict=True):
        one[length:] = np.nan
    return with_gaps(Trajectories(states, grid), 0.3)


def test_a_nonlinear_dictionary_is_exact_where_no_two_steps_are_equal(uneven):
    model = VarProEDMD(Monomials(2)).fit(uneven)
    assert abs(model.eigenvalues + 1.0).min() < 1e-8
    assert model.pairs_used is None or model.pairs_used > 0.9 * uneven.neighbours


@pytest.mark.parametrize("kind", ["gaps", "unequal", "jitter", "Poisson"])
@pytest.mark.parametrize("level", [1e-3, 0.1])
def test_noise_is_estimated_from_whatever_was_recorded(kind, level):
    data = recorded(kind, level, count=60)
    deviation = level * linear(even(60)).states.std()
    np.testing.assert_allclose(np.sqrt(noise_variances(data).variances), deviation, rtol=0.25)


def test_what_is_held_out_of_trials_with_gaps_is_whole_trials():
    data = with_gaps(linear(even(10)), 0.2)
    training, validation = split(data, 0.2)
    assert training.neighbours + validation.neighbours == len(data.pairs()[0])
    owner = {state.tobytes(): m for m, one in enumerate(data.states) for state in one}
    trained, held = (
        {owner[state.tobytes()] for state in part.snapshots().reshape(-1, 3)}
        for part in (training, validation)
    )
    assert len(held) == 2
    assert not trained & held


def test_exponentials_and_their_derivatives_are_those_of_scipy():
    times = np.array([-4.0, 0.0, 0.01, 7.0])
    flow, moved = exponentials(GENERATOR, times)
    np.testing.assert_allclose(flow, [expm(GENERATOR * t) for t in times], atol=1e-12)
    unit = np.zeros((3, 3))
    unit[1, 2] = 1e-6
    numeric = [(expm((GENERATOR + unit) * t) - expm((GENERATOR - unit) * t)) / 2e-6 for t in times]
    np.testing.assert_allclose(moved[5], numeric, atol=1e-7)


def test_the_integral_form_finds_the_generator_at_any_steps():
    rng = np.random.default_rng(0)
    now, steps = rng.standard_normal((200, 3)), rng.exponential(DT, 200)
    ahead = np.stack([x @ expm(GENERATOR.T * h) for x, h in zip(now, steps, strict=True)])
    np.testing.assert_allclose(integrated(now, ahead, steps), GENERATOR.T, atol=1e-10)
