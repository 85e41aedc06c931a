"""What fresh data say of recovered pairs: verdicts that hold, whoever made the pairs."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import fit, simulate
from koopmark.datasets import AnswerKey
from koopmark.methods.anchors import ExactModel
from koopmark.models import LinearModel, Model
from koopmark.scoring import residuals
from koopmark.simulation import Trajectories
from koopmark.systems import LinearSystem, random_rnn

MATRIX = np.array([[-0.3, 2.0, 0.0], [-2.0, -0.3, 0.0], [0.3, 0.0, -1.0]])
SPECTRUM = np.linalg.eig(MATRIX.T)
LINEAR = LinearSystem(MATRIX, SPECTRUM[1], SPECTRUM[0])
RNN = random_rnn(4, 2)
DT = 0.1


@cache
def clean(system, count=16, length=31):
    starts = np.random.default_rng(5).normal(size=(count, system.size))
    return simulate(system, starts, DT * np.arange(length))


def recorded(system, noise, seed=0, gaps=0.0, **size):
    rng, data = np.random.default_rng(seed), clean(system, **size)
    states = data.states + noise * data.states.std() * rng.normal(size=data.states.shape)
    states[rng.random(states.shape[:2]) < gaps] = np.nan
    return Trajectories(states, data.times)


class Functions(Model):
    """Pairs by formula."""

    dt = DT

    def __init__(self, rates, function, window=1):
        self.rates, self.function, self.window = np.asarray(rates, complex), function, window

    @property
    def eigenvalues(self):
        return self.rates

    def eigenfunctions(self, windows):
        return self.function(windows)


def exact(system, degree=1, moved=1.0):
    key = AnswerKey.of(system, degree)
    model = ExactModel(key, key.targets, DT)
    return Functions(moved * np.asarray(model.eigenvalues), model.eigenfunctions)


def verdicts(model, data):
    return list(residuals(model, data)["verdict"])


@pytest.mark.parametrize("system", [LINEAR, RNN])
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_on_clean_data_exact_pairs_are_supported_and_others_are_not(system, gaps):
    data = recorded(system, 0.0, gaps=gaps)
    assert set(verdicts(exact(system, 2), data)) == {"supported"}
    assert set(verdicts(exact(system, 2, moved=1.08), data)) == {"not supported"}


@pytest.mark.parametrize("moved", [0.975, 1.035])
def test_pairs_that_are_surely_off_by_less_than_promised_are_supported(moved):
    table = residuals(exact(LINEAR, 1, moved), recorded(LINEAR, 0.001))
    assert set(table["verdict"]) == {"supported"}
    off = abs(1.0 - 1.0 / moved)
    assert table["eigenvalue_bound"].between(0.9 * off, 0.05).all()
    assert table["reason"].str.fullmatch(r"the eigenvalue error is at most [2-4]\.\d %").all()


def test_a_function_that_surely_disobeys_supports_no_eigenvalue():
    slow, fast = SPECTRUM[1][:, 2].real, SPECTRUM[1][:, 0].real
    model = Functions([-1.0], lambda w: (w[:, -1] @ (slow + 0.05 * fast))[:, None])
    for noise in (0.0, 0.001):
        table = residuals(model, recorded(LINEAR, noise))
        assert table["eigenvalue_bound"][0] < 0.05
        assert list(table["verdict"]) == ["cannot be told"]
        assert "the function violates its equation by at least" in table["reason"][0]


def test_short_stretches_that_uneven_times_leave_do_not_make_slow_rates_coarse():
    times = DT * np.arange(51) + 0.03 * np.random.default_rng(1).uniform(-1.0, 1.0, 51)
    data = simulate(LINEAR, np.random.default_rng(2).normal(size=(40, 3)), times)
    assert np.diff(data.recorded.bounds).max() <= 4
    assert residuals(exact(LINEAR), data).attrs["horizon"] == pytest.approx(np.ptp(times))
    for moved, said in [(1.0, "supported"), (1.03, "supported"), (1.08, "not supported")]:
        assert set(verdicts(exact(LINEAR, 2, moved), data)) == {said}


def test_exact_pairs_are_refused_and_moved_ones_supported_in_few_of_many_noisy_recordings():
    refused = supported = total = 0
    for seed in range(8):
        system, noise = (LINEAR, RNN)[seed % 2], (0.001, 0.01, 0.1)[seed % 3]
        data = recorded(system, noise, seed, gaps=(seed % 4) * 0.1)
        right = verdicts(exact(system, 2), data)
        wrong = verdicts(exact(system, 2, moved=1.08), data)
        refused += right.count("not supported")
        supported += wrong.count("supported")
        total += len(right)
    assert total > 50
    assert refused <= 0.05 * total
    assert supported <= 0.02 * total


def test_noise_makes_the_residual_of_an_exact_pair_and_the_floor_says_how_large():
    data = recorded(LINEAR, 0.03)
    table = residuals(exact(LINEAR), data)
    assert (table["residual"] > 0.01).all()
    assert (table["residual"] < table["floor_high"]).all()
    assert (table["residual"] > table["floor_low"]).all()
    np.testing.assert_allclose(table["floor"], table["residual"], rtol=0.15)


def test_the_floor_of_a_square_holds_its_bias_too():
    data = recorded(RNN, 0.1, length=41)
    table = residuals(exact(RNN, 2), data)
    np.testing.assert_allclose(table["floor"], table["residual"], rtol=0.3)
    assert (table["residual"] < table["floor_high"]).all()
    assert (table["residual"] > table["floor_low"]).all()


def test_noise_that_explains_any_residual_lets_nothing_be_told():
    data = recorded(LINEAR, 1.0)
    for moved in (1.0, 1.05):
        assert set(verdicts(exact(LINEAR, 1, moved), data)) == {"cannot be told"}


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_spurious_pairs_far_above_their_floor_are_never_supported(noise):
    dictionary = {"kind": "random_fourier", "count": 20}
    model = fit("koopmark.qr_edmd", clean(RNN), dictionary=dictionary)
    truth = residuals(model, recorded(RNN, 0.0, seed=1))
    seen = residuals(model, recorded(RNN, noise, seed=1))
    spurious = truth["residual"] > 2.0 * seen["floor_high"] + 0.02
    assert spurious.sum() >= 3
    assert "supported" not in set(seen["verdict"][spurious])
    assert (seen["verdict"][spurious] == "not supported").sum() >= 3


GAMES = {
    "nearly constant": ([0.0], lambda w: 1.0 + 1e-4 * np.sin(3.0 * w[:, -1, :1])),
    "a constant at another eigenvalue": ([-1.0], lambda w: np.ones((len(w), 1))),
    "a tiny wrong function": ([-1.0], lambda w: 1e-200 * w[:, -1, :1]),
    "a huge wrong function": ([-1.0], lambda w: 1e150 * w[:, -1, :1]),
    "gone after a step": ([-400.0], lambda w: w[:, -1, :1]),
    "mostly right": ([-1.0], lambda w: w[:, -1] @ SPECTRUM[1].real[:, 2:] + 0.5 * w[:, -1, :1]),
}


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("game", GAMES)
def test_whoever_games_the_residual_is_not_supported(game, noise):
    assert "supported" not in verdicts(Functions(*GAMES[game]), recorded(LINEAR, noise))


def test_a_function_of_the_place_among_all_windows_is_refused():
    model = Functions([-1.0], lambda w: np.exp(-DT * (np.arange(len(w)) % 31))[:, None])
    with pytest.raises(ValueError, match="depend on which other states are asked for"):
        residuals(model, recorded(LINEAR, 0.01))


@settings(max_examples=8, deadline=None)
@given(
    order=st.permutations(range(4)),
    units=st.lists(st.floats(-6.0, 6.0), min_size=4, max_size=4),
    noise=st.sampled_from([0.001, 0.01, 0.1]),
    seed=st.integers(0, 1000),
)
def test_order_and_units_of_channels_and_a_constant_one_turn_no_verdict_round(
    order, units, noise, seed
):
    data, units = recorded(LINEAR, noise, seed, count=8), 10.0 ** np.array(units)
    constant = np.full((*data.states.shape[:2], 1), 3.0)
    states = np.concatenate([data.states, constant], axis=2)[:, :, order] * units
    places = np.argsort(order)[:3]
    rates = np.concatenate([SPECTRUM[0], 1.05 * SPECTRUM[0], 1.3 * SPECTRUM[0]])
    weights = np.hstack([SPECTRUM[1]] * 3)
    moved = Functions(rates, lambda w: (w[:, -1, places] / units[places]) @ weights)
    own = verdicts(Functions(rates, lambda w: w[:, -1] @ weights), data)
    other = verdicts(moved, Trajectories(states, data.times))
    # The noise that is drawn beside that of the data is another one.
    assert all(
        "cannot be told" in pair or len(set(pair)) == 1 for pair in zip(own, other, strict=True)
    )
    assert np.mean(np.array(own) == other) >= 7 / 9


@pytest.mark.parametrize("scale", [1e-180, 1e-3, 1e140])
def test_the_scale_of_a_function_changes_no_verdict(scale):
    data, model = recorded(LINEAR, 0.01), exact(LINEAR)
    scaled = Functions(model.eigenvalues, lambda w: scale * model.eigenfunctions(w))
    one, other = residuals(model, data), residuals(scaled, data)
    assert list(one["verdict"]) == list(other["verdict"])
    np.testing.assert_allclose(other["residual"], one["residual"], rtol=1e-9)
    np.testing.assert_allclose(other["floor"], one["floor"], rtol=1e-9)


def test_the_constant_is_supported_as_what_it_is():
    table = residuals(Functions([0.0], lambda w: np.ones((len(w), 1))), recorded(LINEAR, 0.1))
    assert list(table["verdict"]) == ["supported"]
    assert table["reason"][0] == "constants are eigenfunctions of every system"


@pytest.mark.parametrize(
    ("rates", "function", "reason"),
    [
        ([np.nan], lambda w: w[:, -1, :1], "the eigenvalue is not finite"),
        ([-np.inf], lambda w: w[:, -1, :1], "the eigenvalue is not finite"),
        ([-1.0], lambda w: np.full((len(w), 1), np.nan), "the function is not finite"),
        ([-1.0], lambda w: np.zeros((len(w), 1)), "the function is zero"),
        ([-1.0], lambda w: np.sin(1e4 * w[:, -1, :1]), " % of the function's variance is noise"),
    ],
)
def test_what_says_nothing_cannot_be_told_for_a_reason(rates, function, reason):
    table = residuals(Functions(rates, function), recorded(LINEAR, 0.01))
    assert list(table["verdict"]) == ["cannot be told"]
    assert reason in table["reason"][0]


def test_windows_that_share_states_share_their_noise():
    right = SPECTRUM[1][:, 2]
    late = np.exp(-SPECTRUM[0][2] * DT)
    # Both states of the window show the function; their noise is that of two neighbours.
    model = Functions(
        SPECTRUM[0][2:], lambda w: (w[:, 0] @ right / late + w[:, 1] @ right)[:, None], window=2
    )
    table = residuals(model, recorded(LINEAR, 0.01, gaps=0.1))
    assert list(table["verdict"]) == ["supported"]
    # The noise is known to 6 %; of 40 recordings the floor scatters by 8 % about the residual.
    np.testing.assert_allclose(table["floor"], table["residual"], rtol=0.25)


KEEP, GAIN = np.exp(-0.3 * DT), 0.5


def driven(noise, trials=10):
    """x⁺ = KEEP x + GAIN u under white u."""
    rng = np.random.default_rng(3)
    inputs, states = rng.normal(size=(2, trials, 60, 1))
    for k in range(59):
        states[:, k + 1] = KEEP * states[:, k] + GAIN * inputs[:, k]
    states += noise * states.std() * rng.normal(size=states.shape)
    return Trajectories(states, DT * np.arange(60), inputs=inputs)


class SumsOfInputs(Functions):
    """The function x at its eigenvalue, and at others Σ μʲ u(t - (j + 1) Δt) of a window."""

    gains = property(lambda self: np.array([[GAIN], *[[1.0]] * (len(self.rates) - 1)]))

    def __init__(self, multipliers, window):
        self.kept, self.window = np.array(multipliers), window
        self.rates = np.log(np.array([KEEP, *multipliers], complex)) / DT

    def eigenfunctions(self, windows):
        read = (windows[:, 1:, 0] - KEEP * windows[:, :-1, 0])[:, ::-1] / GAIN
        sums = read @ self.kept[None] ** np.arange(read.shape[1])[:, None]
        return np.concatenate([windows[:, -1, :1], sums], axis=1)


@pytest.mark.parametrize("noise", [0.0, 0.002, 0.01])
def test_sums_of_past_inputs_that_fade_within_a_window_are_not_supported(noise):
    table = residuals(SumsOfInputs([0.1, 0.3, 0.3j, 0.5, 0.6, 0.9], window=6), driven(noise))
    own, *sums = table["verdict"]
    assert own == "supported"
    assert "supported" not in sums
    # Little noise shows what was forgotten after many intervals; more hides it.
    told = table["reason"].str.contains("as any sum of past inputs would")
    assert told[1:4].all() or noise < 0.01
    assert table["eigenvalue_bound"][2] < 0.05


def test_methods_with_delays_get_the_system_supported_under_inputs_and_no_sums_of_them():
    data = driven(0.01, 20)
    found = []
    for delays in (3, 6):
        model = fit("koopmark.qr_edmd", data[:14], delays=delays, dictionary={"kind": "identity"})
        table = residuals(model, data[14:])
        values = table["eigenvalue"][table["verdict"] == "supported"].to_numpy(complex)
        found += list(values[np.abs(values) > 1e-6])
    assert found == pytest.approx([-0.3, -0.3], abs=0.05)


def test_without_inputs_true_pairs_that_fade_within_a_window_stay_supported():
    data = recorded(LINEAR, 0.001)
    model = exact(LINEAR, 3)
    late = Functions(model.rates, lambda w: model.eigenfunctions(w[:, -1:]), window=12)
    assert np.exp(model.rates.real.min() * 11 * DT) < 0.05
    assert set(verdicts(late, data)) == {"supported"}


def test_pairs_of_another_interval_are_held_to_it():
    data = recorded(LINEAR, 0.001)
    thinned = Trajectories(data.states[:, ::2], data.times[::2])
    assert set(verdicts(exact(LINEAR), thinned)) == {"supported"}
    model = Functions([-1.0], lambda w: w[:, -1, :1], window=3)
    with pytest.raises(ValueError, match=r"no residuals: .*windows of 3 states are 0\.1 apart"):
        residuals(model, thinned)


def test_trials_at_uneven_times_give_the_pairs_one_interval_apart():
    times = DT * np.r_[0:20, 20.4:40.4]
    data = simulate(LINEAR, clean(LINEAR).states[:, 0], times)
    table = residuals(exact(LINEAR), data)
    assert set(table["pairs"]) == {16 * 38}
    assert set(table["verdict"]) == {"supported"}
    lonely = np.where(np.arange(31) % 2, np.nan, 1.0)[:, None] * clean(LINEAR).states
    few = np.where(np.arange(31) == 1, 1.0, lonely[0, :, 0])[None, :, None] * lonely[:1]
    with pytest.raises(ValueError, match="fewer than 20"):
        residuals(exact(LINEAR), Trajectories(few, clean(LINEAR).times))


def test_the_frame_says_when_most_pairs_are_unsupported_and_what_was_ignored():
    data = recorded(LINEAR, 0.01)
    driven = Trajectories(data.states, data.times, inputs=np.zeros((*data.states.shape[:2], 1)))
    table = residuals(exact(LINEAR, moved=1.3), driven)
    assert "0 of 3 pairs are supported" in table.attrs["warning"]
    assert "the model does not use the inputs" in table.attrs["warning"]
    assert residuals(exact(LINEAR), data).attrs["warning"] == ""


def test_arrays_and_other_models_are_taken_or_refused_in_a_sentence():
    data = recorded(LINEAR, 0.01)
    model = exact(LINEAR)
    assert list(residuals(model, data.states, dt=DT)["verdict"]) == verdicts(model, data)
    with pytest.raises(TypeError, match="pass dt=, the sampling interval"):
        residuals(model, data.states)

    class Theirs:
        eigenvalues, eigenfunctions = np.ones(1), None

    with pytest.raises(
        TypeError, match=r"got Theirs: derive its class from koopmark\.models\.Model"
    ):
        residuals(Theirs(), data)
    narrow = LinearModel(lambda x: x, np.eye(2), np.zeros(2, complex), DT)
    object.__setattr__(narrow, "channels", 2)
    with pytest.raises(ValueError, match="have 3 variables, the model was fitted to 2"):
        residuals(narrow, data)
