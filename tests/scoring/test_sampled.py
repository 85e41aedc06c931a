"""Scores where the test set, the model or the system are not what one would wish for."""

from dataclasses import dataclass, replace
from math import pi

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from koopmark import fit, infer_structure, score, simulate
from koopmark.datasets import AnswerKey
from koopmark.methods import Identity
from koopmark.models import LinearModel, Model
from koopmark.scoring import evaluate
from koopmark.scoring._plane import FLOW
from koopmark.scoring._spectrum import score_spectrum
from koopmark.simulation import Trajectories
from koopmark.spectrum import KnownSpectrum, LatticePoint, Term
from koopmark.systems import HopfNormalForm, random_linear, random_rnn, three_populations

SYSTEM = three_populations()
STARTS = np.random.default_rng(0).uniform(-2, 2, (12, 3))
TEST = simulate(SYSTEM, STARTS, np.linspace(0.0, 4.0, 41))
SPECTRUM = KnownSpectrum((LatticePoint(-1 + 0j, (Term((0,), 1, 1),)),), 2.0)


@dataclass(frozen=True, eq=False)
class Fake(Model):
    """Any eigenvalues with any values of the eigenfunctions, row by row at the windows of TEST."""

    eigenvalues: np.ndarray = None
    values: np.ndarray = None
    window: int = 1
    listed: object = None
    dt: float = 0.1

    def eigenfunctions(self, windows):
        ends = TEST.states[:, self.window - 1 :].reshape(-1, 3)
        rows = {state.tobytes(): row for row, state in enumerate(ends)}
        return self.values[[rows[state.tobytes()] for state in windows[:, -1]]]

    def dictionary(self, windows):
        if self.listed is not None:
            return self.listed(windows[:, -1])
        return np.resize(self.values, (len(windows), self.values.shape[1]))


def values_of(kind, exact, rng):
    """One column of eigenfunction values at P points."""
    noise = rng.standard_normal(exact.shape)
    return {
        "exact": exact,
        "complex": exact * (1 + 2j),
        "huge": 1e200 * exact,
        "tiny": 1e-200 * exact,
        "denormal": 1e-310 * exact,
        "noise": noise,
        "huge noise": 1e160 * noise,
        "zero": 0 * exact,
        "one": np.ones_like(exact),
        "nan": np.where(noise > 2, np.nan, exact),
        "inf": np.where(noise > 2, np.inf, exact),
    }[kind]


KINDS = ["exact", "complex", "huge", "tiny", "denormal", "noise", "huge noise", "zero", "one"]
NUMBERS = st.sampled_from(
    [-1.0, -1.0 + 1e-12, -1.02, 0.0, -2.0, 3.0, np.nan, -np.inf, np.inf, 1e300, -1e300]
) | st.floats(-5, 5)
PAIR = st.tuples(
    NUMBERS,
    st.sampled_from([0.0, 1.0, -1.0, 40.0, np.nan, 1e300]),
    st.sampled_from([*KINDS, "nan", "inf"]),
)


@given(st.lists(PAIR, max_size=50), st.integers(1, 41))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_model_holds_is_scored_within_bounds(pairs, window):
    rng = np.random.default_rng(len(pairs))
    exact = SYSTEM.eigenspaces(1)[0].evaluate(TEST.rolling(window).reshape(-1, window, 3)[:, -1])[
        :, 0
    ]
    columns = [values_of(kind, exact, rng) for _, _, kind in pairs]
    values = np.array(columns, dtype=complex).reshape(len(pairs), len(exact)).T
    eigenvalues = np.array([complex(re, im) for re, im, _ in pairs], dtype=complex)
    model = Fake(eigenvalues, values, window)
    scores = evaluate(model, replace(AnswerKey.of(SYSTEM, 2), spectrum=SPECTRUM), TEST)
    fitted = scores.fit
    for share in (
        fitted.precision,
        fitted.recall,
        fitted.spurious_fraction,
        fitted.null_space_error,
    ):
        assert np.isnan(share) or 0 <= share <= 1
    assert 0 <= fitted.verified <= fitted.recovered <= len(pairs)
    assert len(scores.eigenpairs) == len(pairs)
    for row in scores.targets:
        assert row.eigenvalue_error >= 0
        for sine in (row.eigenfunction_error, row.eigenfunction_error_rms, row.oracle_floor):
            assert 0 <= sine <= 1 or (np.isnan(sine) and (row.notes or fitted.notes))


@pytest.mark.parametrize("kind", ["exact", "complex", "huge", "tiny", "denormal"])
def test_the_scale_of_a_function_changes_no_score(kind):
    def values(states):
        exact = SYSTEM.eigenspaces(1)[0].evaluate(states)[:, 0]
        return values_of(kind, exact, np.random.default_rng(0))[:, None]

    at_test = values(TEST.states.reshape(-1, 3))
    model = Fake(np.array([-1.0 + 0j]), at_test, listed=values)
    scores = evaluate(model, replace(AnswerKey.of(SYSTEM), spectrum=SPECTRUM), TEST)
    assert scores.targets[0].eigenfunction_error < 1e-9
    assert scores.targets[0].oracle_floor < 1e-9
    assert scores.fit.verified == 1
    assert scores.fit.precision == 1.0
    assert scores.fit.rank_error == 0


@pytest.mark.parametrize("scale", [1e-200, 1e-161, 1e160, 1e200])
def test_a_wrong_function_is_not_verified_at_any_scale(scale):
    wrong = scale * np.tanh(TEST.states.reshape(-1, 3)[:, :1])
    scores = evaluate(Fake(np.array([-1.0 + 0j]), wrong), AnswerKey.of(SYSTEM), TEST)
    assert scores.fit.verified == 0
    assert scores.fit.residual_median == pytest.approx(
        evaluate(
            Fake(np.array([-1.0 + 0j]), wrong / scale), AnswerKey.of(SYSTEM), TEST
        ).fit.residual_median
    )


def spoilt(test, which, value):
    """Trajectories that hold an infinite value or, with NaN, diverged."""
    states, ended = test.states.copy(), test.diverged_at.copy()
    for trajectory in which:
        states[trajectory, 20 + trajectory :] = value
        ended[trajectory] = np.nan if np.isinf(value) else test.times[20 + trajectory]
    return replace(test, states=states, diverged_at=ended)


@given(
    st.sets(st.integers(0, 11), min_size=1, max_size=10), st.sampled_from([np.nan, np.inf, -np.inf])
)
@settings(max_examples=25, deadline=None)
def test_trajectories_that_are_not_finite_count_as_if_they_were_not_there(lost, value):
    model = fit("koopmark.qr_edmd", TEST, dictionary=Identity())
    rest = [k for k in range(12) if k not in lost]
    with_them = evaluate(model, AnswerKey.of(SYSTEM), spoilt(TEST, lost, value))
    others = replace(TEST, states=TEST.states[rest], diverged_at=TEST.diverged_at[rest])
    without = evaluate(model, AnswerKey.of(SYSTEM), others)
    assert with_them.targets == without.targets
    assert with_them.fit.forecast_error == without.fit.forecast_error
    assert f"{len(lost)} of 12 test trajectories" in with_them.fit.notes
    if len(rest) > 2:
        found = infer_structure(model, spoilt(TEST, lost, value))
        np.testing.assert_array_equal(found.constraints, infer_structure(model, others).constraints)
        assert f"{len(lost)} of 12" in repr(found)


def test_each_row_of_scores_says_what_was_left_out():
    model = fit("koopmark.qr_edmd", TEST, dictionary=Identity())
    notes = score(model, SYSTEM, spoilt(TEST, [3], np.nan), max_degree=2)["notes"]
    assert len(notes) > 1
    assert all("1 of 12 test trajectories diverged or hold a value" in note for note in notes)


def test_what_diverged_in_simulation_is_left_out():
    states = np.vstack([STARTS, [[np.nan, 0.0, 0.0]]])[:, None].repeat(41, axis=1)
    states[:12] = TEST.states
    assert len(score(fit("pydmd.dmd", TEST), SYSTEM, Trajectories(states, TEST.times))) == 1


@pytest.mark.parametrize("call", ["score", "infer_structure"])
def test_a_test_set_without_a_finite_trajectory_is_refused(call):
    model = fit("koopmark.qr_edmd", TEST, dictionary=Identity())
    for data in (
        spoilt(TEST, range(12), np.nan),
        replace(TEST, states=TEST.states[:0], diverged_at=None),
    ):
        with pytest.raises(ValueError, match="no test trajectory to score on"):
            score(model, SYSTEM, data) if call == "score" else infer_structure(model, data)


@pytest.mark.parametrize("degree", [0, -1, -7])
def test_a_degree_below_one_is_refused(degree):
    with pytest.raises(ValueError, match="degree of products must be 1 or more"):
        score(fit("pydmd.dmd", TEST), SYSTEM, TEST, max_degree=degree)


@pytest.mark.parametrize("dictionary", [{"kind": "identity"}, {"kind": "monomials", "degree": 2}])
@pytest.mark.parametrize("size", [2, 4, 5])
def test_states_of_another_size_are_refused_with_both_sizes(dictionary, size):
    model = fit("koopmark.qr_edmd", TEST, dictionary=dictionary)
    other = random_rnn(size, 1)
    data = simulate(other, np.ones((8, size)), TEST.times)
    with pytest.raises(ValueError, match=f"have 3 variables, the system has {size}"):
        score(model, other, TEST)
    with pytest.raises(ValueError, match=f"have {size} variables, the model was fitted to 3"):
        score(model, other, data)
    with pytest.raises(ValueError, match=f"have {size} variables, the model was fitted to 3"):
        infer_structure(model, data)


# --- sampling of its own


@pytest.mark.parametrize("points", [21, 81, 401])
def test_windows_at_another_interval_are_not_scored_but_eigenvalues_are(points):
    model = fit("pydmd.hankeldmd", TEST, delays=3)
    other = simulate(SYSTEM, STARTS, np.linspace(0.0, 4.0, points))
    scores = evaluate(model, replace(AnswerKey.of(SYSTEM), spectrum=SPECTRUM), other)
    same = evaluate(model, replace(AnswerKey.of(SYSTEM), spectrum=SPECTRUM), TEST)
    assert scores.targets[0].eigenvalue_error == same.targets[0].eigenvalue_error
    fitted = scores.fit
    for missing in (
        scores.targets[0].eigenfunction_error,
        scores.targets[0].oracle_floor,
        fitted.forecast_error,
        fitted.residual_median,
        fitted.spurious_fraction,
        fitted.precision,
        fitted.recall,
        fitted.rank_error,
    ):
        assert np.isnan(missing)
    assert f"windows of 3 states are 0.1 apart, the test set is sampled every {other.dt:.6g}" in (
        fitted.notes
    )
    assert not np.isnan(same.fit.forecast_error)
    with pytest.raises(ValueError, match=r"windows of 3 states are 0\.1 apart"):
        infer_structure(model, other)


@pytest.mark.parametrize("points", [21, 81, 401])
def test_a_model_of_single_states_is_scored_alike_at_any_interval(points):
    system = random_linear(4, pairs=1)
    rng = np.random.default_rng(0)
    train, test = (
        simulate(system, rng.standard_normal((20, 4)), np.linspace(0.0, 4.0, count))
        for count in (41, points)
    )
    scores = evaluate(fit("pydmd.dmd", train), AnswerKey.of(system), test)
    assert scores.fit.verified == 4
    assert scores.fit.forecast_error < 1e-11
    assert all(row.eigenfunction_error < 1e-10 for row in scores.targets)


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_an_alias_is_within_the_band_and_a_whole_number_of_turns_away(frequency, highest):
    other = FLOW.alias(complex(-1, frequency), highest)
    if other is None:
        assert abs(frequency) <= highest * (1 + 1e-9)
    else:
        turns = (frequency - other.imag) / (2 * highest)
        assert abs(turns - round(turns)) < 1e-9 * max(1, abs(turns))
        assert abs(other.imag) <= highest * (1 + 1e-6)
        assert abs(frequency) > highest


def aliased(dt):
    system = random_linear(4, pairs=2)
    rng = np.random.default_rng(0)
    train, test = (
        simulate(system, rng.standard_normal((20, 4)), dt * np.arange(8)) for _ in range(2)
    )
    return system, fit("pydmd.dmd", train), test


def test_a_frequency_beyond_nyquist_is_neither_missed_nor_found():
    # |Im λ| = 1 and 2.3; sampled every 2 the second turns by 4.6.
    system, model, test = aliased(2.0)
    slow, _, fast, _ = evaluate(model, AnswerKey.of(system), test).targets
    assert slow.eigenvalue_error < 1e-9
    assert slow.eigenfunction_error < 1e-9
    for missing in (fast.eigenvalue_error, fast.eigenvalue_error_mean, fast.eigenfunction_error):
        assert np.isnan(missing)
    assert f"{2.3 - pi:.4g}i" in fast.notes
    assert "above π/Δt = 1.571" in fast.notes


def test_just_below_nyquist_everything_is_scored():
    system, model, test = aliased(0.98 * pi / 2.3)
    targets = evaluate(model, AnswerKey.of(system), test).targets
    assert all(row.eigenvalue_error < 1e-9 for row in targets)
    assert all(row.eigenfunction_error < 1e-9 for row in targets)


def test_a_model_that_knows_the_frequency_from_elsewhere_is_scored():
    system, _, test = aliased(2.0)
    known = LinearModel(lambda x: x, system.left, system.eigenvalues, dt=2.0)
    targets = evaluate(known, AnswerKey.of(system), test).targets
    assert [row.eigenvalue_error for row in targets] == [0.0] * 4


def test_the_training_interval_decides_what_is_beyond_nyquist():
    system, model, _ = aliased(2.0)
    often = simulate(system, np.random.default_rng(1).standard_normal((20, 4)), 0.1 * np.arange(80))
    slow, _, fast, _ = evaluate(model, AnswerKey.of(system), often).targets
    assert slow.eigenvalue_error < 1e-9
    assert np.isnan(fast.eigenvalue_error)


def test_the_alias_of_a_lattice_point_is_not_spurious_and_counts_neither_way():
    points = tuple(
        LatticePoint(value, (Term((0,), 1, 1),)) for value in (-0.2 + 1j, -0.3 + 2.3j, -0.3 - 2.3j)
    )
    found = np.array([-0.2 + 1j, -0.3 + 2.3j - 1j * pi, -1.5])
    scores = score_spectrum(
        KnownSpectrum(points, 2.0), found, np.zeros(3), np.eye(3), np.zeros(3, bool), pi / 2
    )
    assert scores.kinds == ("exact", "aliased", "spurious")
    assert scores.precision == 0.5
    assert scores.recall == 1.0
    assert "2 of 3 eigenvalues have |Im λ| above π/Δt" in scores.note


def test_the_last_state_of_a_window_may_be_the_last_of_the_trajectory():
    model = replace(Fake(np.array([-1.0 + 0j]), np.ones((12, 1))), window=41)
    scores = evaluate(model, replace(AnswerKey.of(SYSTEM), spectrum=SPECTRUM), TEST)
    assert np.isnan(scores.fit.residual_median)
    assert np.isnan(scores.fit.precision)
    assert np.isnan(scores.fit.forecast_error)
    assert "nothing follows the first window" in scores.fit.notes


def test_a_system_without_exact_eigenspaces_is_named():
    class Nothing(HopfNormalForm):
        def eigenspaces(self, max_degree=1):
            return ()

    data = simulate(HopfNormalForm(), np.ones((8, 2)), TEST.times)
    with pytest.raises(ValueError, match="no eigenspace of this Nothing is known"):
        score(fit("pydmd.dmd", data), Nothing(), data)


# --- structure


@given(
    st.integers(3, 10),
    st.data(),
    st.integers(1, 14),
    st.integers(0, 30),
    st.floats(0, 1),
    st.sampled_from(["apart", "twice", "on the set"]),
)
@settings(max_examples=40, deadline=None)
def test_the_inferred_rank_is_right_or_there_is_a_refusal(n, data, count, seed, theta, starts):
    rank = data.draw(st.integers(1, n - 1))
    system = random_rnn(n, rank, seed=seed, theta_scale=theta)
    rng = np.random.default_rng(seed)
    times = np.linspace(0.0, 5.0, 51)
    model = fit(
        "koopmark.qr_edmd",
        simulate(system, rng.uniform(-3, 3, (40, n)), times),
        dictionary=Identity(),
    )
    initial = rng.uniform(-3, 3, (count, n))
    if starts == "twice":
        initial = np.vstack([initial, initial])
    elif starts == "on the set":
        initial = initial - system.weights.null_space.project(initial - system.zeta.theta)
    trajectories = simulate(system, initial, times)
    # Once each they are too few to tell; a copy of them shows that there is no more to be seen.
    enough = count + (starts == "twice") > n - rank and len(trajectories.states) * 51 >= 4 * (n + 1)
    if not enough or starts == "on the set":
        with pytest.raises(ValueError, match="are needed"):
            infer_structure(model, trajectories)
    else:
        assert infer_structure(model, trajectories).rank == rank


def test_the_refusal_says_how_many_more_trajectories_are_enough():
    system = random_rnn(10, 2)
    rng = np.random.default_rng(0)
    times = np.linspace(0, 5, 51)
    model = fit(
        "koopmark.qr_edmd",
        simulate(system, rng.normal(size=(60, 10)), times),
        dictionary=Identity(),
    )
    starts = rng.normal(size=(11, 10))
    for count in (1, 4, 7):
        with pytest.raises(ValueError, match=f"At least {8 - count} more are needed"):
            infer_structure(model, simulate(system, starts[:count], times))
    with pytest.raises(ValueError, match="at least 1 more are needed, and 3 are enough"):
        infer_structure(model, simulate(system, starts[:8], times))
    for count in (9, 11):
        assert infer_structure(model, simulate(system, starts[:count], times)).rank == 2
