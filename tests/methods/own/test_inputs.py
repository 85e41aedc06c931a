"""Our own methods under inputs: eigenpairs and gains of driven dynamics, and what excites them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import datasets, methods
from koopmark.methods import Identity, Monomials
from koopmark.methods.own import SnapshotFactor, factorise, linear_model
from koopmark.methods.own._inputs import InputTerms
from koopmark.methods.own._noise import noise_variances
from koopmark.methods.own._records import (
    Held,
    Record,
    records_of,
    responses,
    step_responses,
)
from koopmark.simulation import Trajectories, excitation_of

MU = np.array([0.9, 0.6, -0.4])
A = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -0.3], [0.2, 0.0, 1.0]])
"""Left eigenvectors uᵢᵀ, rows: zᵢ = uᵢᵀx is at μᵢ."""
B = np.array([[1.0, 0.0], [-0.5, 2.0], [0.0, 0.0]])
"""What inputs add to z; the third function is out of their reach."""


def driven(inputs, seed=0, noise=0.0):
    """x with z⁺ = μz + Bv along inputs (M, T, 2)."""
    rng = np.random.default_rng(seed)
    z = np.empty((*inputs.shape[:2], 3))
    z[:, 0] = rng.standard_normal((len(inputs), 3))
    for k, after in pairwise(range(inputs.shape[1])):
        z[:, after] = z[:, k] * MU + inputs[:, k] @ B.T
    states = z @ np.linalg.inv(A).T
    states = states + noise * rng.standard_normal(states.shape)
    return Trajectories(states, dt=0.1, inputs=inputs)


def white(count=20, length=12, seed=1):
    return np.random.default_rng(seed).standard_normal((count, length, 2))


def gains_of(model, data):
    """Gains of z by least squares, and the greatest error of z in the span of the functions."""
    states = data.snapshots().reshape(-1, 1, 3)
    values, wanted = model.eigenfunctions(states), states[:, 0] @ A.T
    found = np.linalg.lstsq(values, wanted, rcond=None)[0]
    return (found.T @ model.gains).real, abs(values @ found - wanted).max()


LINEAR = [
    ("koopmark.qr_edmd", {"degree": 1}),
    ("koopmark.qr_edmd", {"degree": 1, "input_terms": "bilinear"}),
    ("koopmark.resdmd", {"degree": 1}),
    ("koopmark.kernel_edmd", {"kernel": "linear"}),
    ("koopmark.ssd", {"degree": 1}),
    ("koopmark.t_ssd", {"degree": 1}),
    ("koopmark.tls_edmd", {}),
    ("koopmark.fb_edmd", {}),
    ("koopmark.iv_edmd", {}),
]


@pytest.mark.parametrize(("name", "options"), LINEAR)
def test_multipliers_and_gains_of_driven_dynamics_are_exact(name, options):
    data = driven(white())
    model = methods.fit(name, data, **options)
    for value in MU:
        assert abs(model.multipliers - value).min() < 1e-12
    gains, outside = gains_of(model, data)
    np.testing.assert_allclose(gains, B, atol=1e-11)
    assert outside < 1e-11


def test_gains_of_a_longer_lag_are_those_of_one_interval():
    data = driven(white(30, 20))
    # Of a lag of 3 roots are ambiguous but for positive multipliers.
    model = methods.fit("koopmark.iv_edmd", data, lag=3)
    gains, outside = gains_of(model, data)
    np.testing.assert_allclose(gains, B, atol=1e-9)
    assert outside < 1e-9


def test_the_order_of_trajectories_and_gaps_do_not_change_the_gains():
    data = driven(white(30, 15))
    states = data.states.copy()
    states[::3, 5], states[1::4, 9:] = np.nan, np.nan
    gains, _ = gains_of(
        methods.fit("koopmark.qr_edmd", Trajectories(states, dt=0.1, inputs=data.inputs), degree=1),
        data,
    )
    np.testing.assert_allclose(gains, B, atol=1e-11)


@pytest.mark.parametrize(
    ("kind", "exact"), [("linear", False), ("bilinear", False), ("products", True)]
)
def test_products_of_driven_functions_are_closed_by_all_products_of_inputs_and_states(kind, exact):
    data = driven(white(60, 20))
    model = methods.fit("koopmark.qr_edmd", data, degree=2, input_terms=kind)
    states, inputs = data.pairs()[0][:, None], data.held()
    values, ahead = model.eigenfunctions(states), (states[:, 0] @ A.T * MU + inputs @ B.T) ** 2
    wanted = (states[:, 0] @ A.T) ** 2
    near = abs(model.multipliers - MU[0] ** 2) < 1e-9
    found = np.linalg.lstsq(values, wanted[:, 0], rcond=None)[0]
    moved = (values * model.multipliers + model.forced(states, inputs)) @ found
    error = abs(moved - ahead[:, 0]).max()
    assert (error < 1e-10) == exact
    assert near.any() == exact
    assert abs(model.forced(states, 0.0 * inputs)).max() == 0.0


def test_products_are_followed_into_the_future():
    data, others = driven(white(60, 20)), driven(white(5, 9, seed=3), seed=2)
    model = methods.fit("koopmark.qr_edmd", data, degree=2, input_terms="products")
    ahead = model.predict(others.states[:, 0], 0.1 * np.arange(1, 9), others.inputs[:, :-1])
    np.testing.assert_allclose(ahead, others.states[:, 1:], atol=1e-9)


def test_products_need_all_monomials():
    with pytest.raises(ValueError, match=r"choose 'bilinear', or dictionary = 'monomials'"):
        methods.fit(
            "koopmark.qr_edmd", driven(white()), dictionary="radial_basis", input_terms="products"
        )


def test_factors_with_inputs_merge_and_are_read_again(tmp_path):
    data = driven(white())
    lift = Monomials(2).fitted(data.states)
    parts = [factorise(lift, part.states, inputs=[part.inputs]) for part in (data[:7], data[7:])]
    parts[0].save(tmp_path / "a.npz")
    merged = SnapshotFactor.load(tmp_path / "a.npz").merge(parts[1])
    whole = factorise(lift, data.states, inputs=[data.inputs])
    first, second = (linear_model(factor, lift, 0.1) for factor in (merged, whole))
    np.testing.assert_allclose(
        np.sort(abs(first.multipliers)), np.sort(abs(second.multipliers)), atol=1e-10
    )
    assert merged.terms == 2
    with pytest.raises(ValueError, match="with 2 and 0 terms of inputs do not merge"):
        whole.merge(factorise(lift, data.states))


def test_a_factor_without_inputs_is_its_own_separated_factor():
    factor = factorise(Identity().fitted(white()), white())
    assert factor.separated() == (factor, None)


def test_inputs_of_another_shape_are_refused():
    lift = Identity().fitted(white())
    with pytest.raises(
        ValueError, match=r"inputs must have shape \(20, 12, 2\), got \(20, 11, 2\)"
    ):
        factorise(lift, white(), inputs=[white()[:, :11]])
    with pytest.raises(ValueError, match="inputs must be those of each of 1 parts, got 0"):
        factorise(lift, white(), inputs=[])


def test_terms_vanish_with_the_inputs_and_say_how_many_they_are():
    terms = InputTerms(2, (((0,), slice(1, 4)), ((0, 1), slice(0, 1))))
    out = np.full((5, terms.size), np.nan)
    terms.write(np.ones((5, 4)), np.zeros((5, 2)), out)
    np.testing.assert_array_equal(out, np.zeros((5, 6)))


def test_what_inputs_that_copy_the_state_do_is_put_down_to_the_state():
    # Feedback without anything else: functions out of its reach stay exact.
    gain, states = np.array([[0.3, -0.2, 0.1], [0.0, 0.4, 0.2]]), []
    back = np.linalg.inv(A)
    x = np.random.default_rng(0).standard_normal((20, 3))
    for _ in range(12):
        states.append(x)
        x = ((x @ A.T) * MU - (x @ gain.T) @ B.T) @ back.T
    states = np.stack(states, axis=1)
    data = Trajectories(states, dt=0.1, inputs=-states @ gain.T)
    model = methods.fit("koopmark.qr_edmd", data, degree=1)
    assert abs(model.multipliers - MU[2]).min() < 1e-12
    assert abs(model.gains).max() < 1e-9


def test_inputs_that_are_missing_beside_recorded_states_are_refused():
    inputs = white()
    inputs[3, 4] = np.nan
    data = Trajectories(white(), dt=0.1, inputs=inputs)
    with pytest.raises(ValueError, match="inputs held over 1 of 220 recorded steps are not finite"):
        methods.fit("koopmark.qr_edmd", data, degree=1)


def test_noise_is_told_from_inputs_that_are_as_rough():
    data = driven(white(40, 30), noise=0.01)
    found = noise_variances(data).variances
    np.testing.assert_allclose(found, 1e-4, rtol=0.3)
    assert noise_variances(driven(white(40, 30))).variances.max() < 1e-20


RATES = np.array([-0.3, -1.0, -2.0])


def flowing(times, inputs, noise=0.0):
    """x with ż = λz + Bv at times (M, T), each value of v (M, T, 2) held to the next time."""
    rng = np.random.default_rng(7)
    z = np.empty((*times.shape, 3))
    z[:, 0] = rng.standard_normal((len(times), 3))
    for k, after in pairwise(range(times.shape[1])):
        h = (times[:, after] - times[:, k])[:, None]
        z[:, after] = np.exp(RATES * h) * z[:, k]
        z[:, after] += np.expm1(RATES * h) / RATES * (inputs[:, k] @ B.T)
    states = z @ np.linalg.inv(A).T
    states = states + noise * rng.standard_normal(states.shape)
    return Trajectories(states, times, inputs=inputs)


@pytest.mark.parametrize("uneven", [False, True])
def test_variable_projection_follows_inputs_along_whole_trajectories(uneven):
    steps = np.random.default_rng(0).uniform(0.05, 0.15, (20, 19)) if uneven else 0.1
    times = np.zeros((20, 20))
    times[:, 1:] = np.cumsum(np.broadcast_to(steps, (20, 19)), axis=1)
    data = flowing(times if uneven else np.tile(0.1 * np.arange(20), (20, 1)), white(20, 20))
    model = methods.fit("koopmark.varpro_edmd", data)
    np.testing.assert_allclose(np.sort(model.eigenvalues.real)[::-1], RATES, atol=1e-9)
    gains, outside = gains_of(model, data)
    exact = (np.expm1(RATES * data.dt) / RATES)[:, None] * B
    np.testing.assert_allclose(gains, exact, atol=1e-9)
    assert outside < 1e-9


def gappy(unknown=(), seed=3):
    """Noise-free states at uneven times of which a quarter is missing, inputs known but there."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.05, 0.15, (20, 20)), axis=1)
    data = flowing(times, white(20, 20))
    states, inputs = np.array(data.states), np.array(data.inputs)
    states[rng.random((20, 20)) < 0.25] = np.nan
    for m, k in unknown:
        states[m, k] = inputs[m, k] = np.nan
    return Trajectories(states, times, inputs=inputs)


def test_records_carry_the_response_to_inputs_across_gaps():
    records = records_of(gappy())
    assert sum(len(record.values) for record in records) == 20
    for record in records:
        z = record.values @ A.T
        for j, rate in enumerate(RATES):
            moved = responses(record, complex(rate))[0] @ B[j]
            exact = np.exp(rate * record.lapse) * z[:, :1, j] + moved
            np.testing.assert_allclose(z[..., j], exact, atol=1e-13)


def test_the_responses_of_steps_are_those_of_the_record_step_by_step():
    for record in records_of(gappy()):
        times = np.broadcast_to(record.times, record.values.shape[:2])
        steps = step_responses(record, RATES)
        for j, rate in enumerate(RATES):
            whole = responses(record, complex(rate))[0]
            grown = np.exp(rate * np.diff(times))[..., None] * whole[:, :-1]
            np.testing.assert_allclose(steps[..., j], whole[:, 1:] - grown, atol=1e-13)


def test_only_unknown_inputs_break_a_record():
    data = gappy(unknown=[(0, 9), (4, 12)])
    model = methods.fit("koopmark.varpro_edmd", data)
    assert model.pairs - model.pairs_used == 2
    assert "inputs are not known over the others" in model.note
    np.testing.assert_allclose(np.sort(model.eigenvalues.real)[::-1], RATES, atol=1e-9)
    assert "not known" not in methods.fit("koopmark.varpro_edmd", gappy()).note


def test_noise_is_estimated_beside_inputs_at_uneven_times():
    data, rng = gappy(), np.random.default_rng(8)
    noisy = data.states + 0.05 * rng.standard_normal(data.states.shape)
    found = noise_variances(Trajectories(noisy, data.times, inputs=data.inputs))
    np.testing.assert_allclose(np.sqrt(found.variances), 0.05, rtol=0.15)


@pytest.mark.parametrize(
    "conditions", [{"gaps": 0.1}, {"jitter": 0.02, "gaps": 0.1}, {"shortest": 0.4, "jitter": 0.02}]
)
def test_all_undriven_functions_of_a_driven_network_are_found_as_recorded(conditions):
    small = {"trajectories": 20, "test_trajectories": 2, "noise": 0, "max_degree": 1}
    data = datasets.load("rnn_10_2_inputs", **small, **conditions)
    model = methods.fit("koopmark.varpro_edmd", data.train)
    assert np.sum(abs(model.eigenvalues + 1.0) < 1e-9) == len(model.eigenvalues) == 8


def test_variable_projection_tells_noise_from_inputs():
    # Unseen by least squares, whose eigenvalues the noise shrinks.
    data = flowing(np.tile(0.1 * np.arange(40), (40, 1)), white(40, 40), noise=0.05)
    found, least = (
        methods.fit(name, data, dictionary="identity")
        for name in ("koopmark.varpro_edmd", "koopmark.qr_edmd")
    )
    errors = [abs(model.eigenvalues[:, None] - RATES).min(axis=0) for model in (found, least)]
    assert len(found.eigenvalues) == 3
    assert errors[0].max() < 0.04
    assert errors[1].max() > 2 * errors[0].max()


def test_products_of_what_variable_projection_finds_move_as_products_do():
    data = flowing(np.tile(0.1 * np.arange(20), (20, 1)), white(20, 20))
    model = methods.fit("koopmark.varpro_edmd", data, products=2)
    states, ahead = data.pairs()
    moved = model.eigenfunctions(states) * np.exp(model.eigenvalues * data.dt)
    moved = moved + model.forced(states[:, None], data.held())
    assert len(model.eigenvalues) == 9
    np.testing.assert_allclose(model.eigenfunctions(ahead), moved, atol=1e-8)
    assert not model.gains[3:].any()


@given(st.complex_numbers(min_magnitude=0.0, max_magnitude=3.0), st.booleans())
@settings(max_examples=12, deadline=None)
def test_the_response_to_inputs_and_its_derivative_are_those_of_a_linear_equation(rate, real):
    rate = complex(rate.real) if real else rate
    times, inputs = np.array([0.0, 0.3, 0.4, 1.0]), white(2, 4)[..., :1]
    record = Record(np.zeros((2, 4, 1)), times, even=False, held=Held.between(times, inputs))
    response, moved = responses(record, rate)
    exact = np.zeros((2, 1), complex)
    for k, h in enumerate(np.diff(times)):
        nodes, weights = np.polynomial.legendre.leggauss(20)
        s = h * (nodes + 1) / 2
        exact = np.exp(rate * h) * exact
        exact = exact + inputs[:, k] * (h / 2 * weights @ np.exp(rate * (h - s)))
        np.testing.assert_allclose(response[:, k + 1], exact, atol=1e-12)
    up, down = (responses(record, rate + step)[0] for step in (1e-5, -1e-5))
    np.testing.assert_allclose(moved, (up - down) / 2e-5, atol=1e-8)


@pytest.mark.parametrize("name", ["rnn_10_2_sensors", "leaky_rnn_10_2"])
@pytest.mark.parametrize("sensors", [2, 4])
def test_windows_of_what_sensors_show_have_the_rank_of_theory_and_no_other_pairs(name, sensors):
    small = {"trajectories": 20, "test_trajectories": 2, "sensors": sensors}
    data = datasets.load(name, **small)
    mu = data.key.targets[0].multiplier(data.train.dt)
    for k in (1, 2, 4):
        model = methods.fit("koopmark.qr_edmd", data.train, degree=1, delays=k)
        # The networks are of rank 2, and windows of k states have p - 2 repetitions of each.
        size, rank = 1 + k * sensors, 1 + k * sensors - (k - 1) * (sensors - 2)
        assert len(model.multipliers) == rank
        assert (f"rank {rank} of {size} functions of windows" in model.note) == (rank < size)
        assert np.sum(abs(model.multipliers - mu) < 1e-8) == sensors - 2
        assert abs(model.multipliers).max() < 1.001


def test_windows_predict_what_follows_their_last_state():
    data = driven(np.zeros((20, 12, 2)))
    model = methods.fit("koopmark.qr_edmd", data, degree=1, delays=2)
    ahead = model.predict(data.windows(2)[:5], 0.1 * np.arange(1, 4))
    np.testing.assert_allclose(
        ahead, np.stack([data.states[0, k : k + 3] for k in range(2, 7)]), atol=1e-9
    )
    assert model.pairs_used == 20 * 10


def kinds():
    rng, white_one = np.random.default_rng(5), white(20, 30)
    steps = np.repeat(rng.standard_normal((20, 6, 2)), 5, axis=1)
    tones = np.sin(0.4 * np.arange(30)[:, None] * rng.uniform(0.5, 4.0, (20, 1, 2)) + [0.0, 1.0])
    each = np.broadcast_to(rng.standard_normal((20, 1, 2)), (20, 30, 2))
    return {
        "white": (white_one, True),
        "steps": (steps, True),
        "sines": (tones, True),
        "other in each trial": (each, True),
        "constant": (np.ones((20, 30, 2)), False),
        "zero": (np.zeros((20, 30, 2)), False),
        "copied": (white_one[..., [0, 0]] * [1.0, 3.0], False),
        "one trial": (each[:1], False),
    }


@pytest.mark.parametrize("kind", list(kinds()))
def test_inputs_that_do_not_excite_are_remarked_and_others_are_not(kind):
    inputs, excites = kinds()[kind]
    model = methods.fit("koopmark.qr_edmd", driven(inputs, noise=1e-3), degree=1)
    assert ("the inputs do not excite" in model.note) != excites
    assert "undetermined" not in methods.fit("koopmark.kronic", driven(inputs), degree=1).note


@pytest.mark.parametrize(("dither", "excites"), [(0.0, False), (0.01, False), (1.0, True)])
def test_feedback_is_remarked_unless_something_is_added_to_it(dither, excites):
    rng = np.random.default_rng(0)
    x, states, inputs = rng.standard_normal((20, 3)), [], []
    gain, back = np.array([[0.3, -0.2, 0.1], [0.0, 0.4, 0.2]]), np.linalg.inv(A)
    for _ in range(30):
        v = -x @ gain.T + dither * rng.standard_normal((20, 2))
        states.append(x + 0.001 * rng.standard_normal(x.shape))
        inputs.append(v)
        # Pushed on, so that the state does not settle.
        x = ((x @ A.T) * MU + v @ B.T) @ back.T + rng.standard_normal(x.shape)
    data = Trajectories(np.stack(states, 1), dt=0.1, inputs=np.stack(inputs, 1))
    model = methods.fit("koopmark.qr_edmd", data, degree=1)
    assert ("the inputs do not excite" in model.note) != excites


@given(st.floats(-3.0, 3.0), st.floats(0.5, 2.0))
@settings(max_examples=8, deadline=None)
def test_excitation_does_not_depend_on_units(power, scale):
    data = driven(white())
    first = excitation_of(data)
    units = np.array([10.0**power, scale])
    other = Trajectories(10.0**-power * data.states + 1.0, dt=0.1, inputs=units * data.inputs)
    np.testing.assert_allclose(excitation_of(other), first, rtol=1e-6)
    assert np.all((first > 0.5) & (first <= 1.1))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(
    ("name", "options", "mu"),
    [
        ("leaky_rnn_10_2_inputs", {"alpha": 1.0}, 0.0),
        ("leaky_rnn_10_2_reset", {"inputs.channels": 2}, 0.0),
        ("leaky_rnn_10_2_inputs", {"alpha": 1.3}, -0.3),
    ],
)
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_variable_projection_finds_what_a_driven_map_forgets_and_turns_round(
    name, options, mu, noise
):
    small = {"trajectories": 20, "test_trajectories": 2, "noise": noise, "max_degree": 1}
    data = datasets.load(name, **small, **options)
    model = methods.fit("koopmark.varpro_edmd", data.train)
    found = np.exp(model.eigenvalues) if model.multipliers is None else model.multipliers
    assert len(found) == 8
    tolerance = 3e-3 if noise else 1e-9
    np.testing.assert_allclose(found, mu, atol=tolerance)
    now, ahead = data.test.pairs()
    moved = found * model.eigenfunctions(now[:, None]) + data.test.held() @ model.gains.T
    reached = model.eigenfunctions(ahead[:, None])
    # The test set is seen through the same noise.
    size = abs(reached).max(axis=0)
    assert (abs(reached - moved).max(axis=0) / size).max() < (0.1 if noise else 1e-7)


@pytest.mark.parametrize(
    ("name", "options"),
    [("koopmark.qr_edmd", {"degree": 1}), ("koopmark.qr_edmd", {"input_terms": "bilinear"})],
)
def test_inputs_that_do_not_fit_a_model_are_refused_in_a_sentence(name, options):
    model = methods.fit(name, driven(white()), **options)
    windows = np.zeros((4, 1, 3))
    for count in (0, 1, 3):
        with pytest.raises(ValueError, match=r"fitted to 2 inputs, got inputs of shape"):
            model.forced(windows, np.ones((4, count)))
        with pytest.raises(ValueError, match=r"fitted to 2 inputs, got inputs of shape"):
            model.predict(windows, [0.1], inputs=np.ones((4, 1, count)))
    unknown = np.ones((4, 2))
    unknown[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"inputs\[1, 0\] is nan"):
        model.forced(windows, unknown)
    with pytest.raises(ValueError, match=r"inputs\[1, 0, 0\] is nan"):
        model.predict(windows, [0.1], inputs=unknown[:, None])


@pytest.mark.parametrize("name", ["koopmark.qr_edmd", "pydmd.dmdc"])
def test_of_data_without_inputs_there_are_no_gains(name):
    data = driven(np.zeros((20, 12, 2)))
    model = methods.fit(name, Trajectories(data.states, dt=0.1))
    assert model.gains is None
    assert model.forced(np.zeros((4, 1, 3)), np.ones((4, 2))) is None


def test_inputs_that_are_combinations_of_the_state_are_so_to_rounding():
    rng = np.random.default_rng(0)
    states = rng.standard_normal((10, 12, 3))
    data = Trajectories(states, dt=0.1, inputs=states @ rng.standard_normal((3, 2)))
    note = methods.fit("koopmark.qr_edmd", data, degree=1).note
    assert "combinations of the state, a constant and each other, to rounding, so that" in note
