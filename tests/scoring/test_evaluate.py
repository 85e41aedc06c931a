"""The scores at both ends of their scale, their invariances and their notes."""

import re
import tracemalloc
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from formula_models import FormulaModel, key_to
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import fit
from koopmark.datasets import AnswerKey
from koopmark.models import LinearModel, Model
from koopmark.scoring import (
    DIGITS,
    FOUND,
    ROUNDING,
    FitScores,
    PairScores,
    TargetScores,
    _evaluate,
    digits,
    evaluate,
    found,
    labels,
    larger_error,
    rounding,
    score,
)
from koopmark.scoring._oracle_floors import fresh_like
from koopmark.simulation import Trajectories, simulate
from koopmark.systems import (
    SINH,
    example,
    random_drift,
    random_linear,
    random_rnn,
    three_populations,
)


@dataclass(frozen=True)
class Known:
    """What a label says of an eigenspace."""

    eigenvalue: complex
    dimension: int = 1
    exact: bool = True
    driven: bool = False

    def __post_init__(self):
        object.__setattr__(self, "eigenvalue", complex(self.eigenvalue))


def clean_test(system, count=60, seed=0, scale=1.5):
    rng = np.random.default_rng(seed)
    low, high = (0.3, 1.5) if system.zeta.name == "log" else (-scale, scale)
    states = rng.uniform(low, high, size=(count, system.size))
    return simulate(system, states, np.linspace(0.0, 4.0, 41), rtol=1e-11)


def exact(system, degree, times=None):
    spaces = system.eigenspaces(degree)
    eigenvalues = np.concatenate([np.full(s.dimension, s.eigenvalue) for s in spaces])

    def functions(x):
        return np.hstack([space.evaluate(x) for space in spaces]).astype(complex)

    def forecast(windows, ahead):
        grid = np.concatenate([[0.0], ahead])
        return simulate(system, windows[:, -1], grid, rtol=1e-11).states[:, 1:]

    return FormulaModel(
        eigenvalues, functions, listed=functions, forecast=None if times is None else forecast
    )


SYSTEMS = ["three_populations", "rnn_tanh", "rnn_relu", "relaxation_sinh", "drift_sinh"]


@pytest.mark.parametrize("name", [*SYSTEMS, "lotka_volterra", "rnn_prescribed"])
def test_exact_answer_scores_zero_on_everything(name):
    system = example(name)
    test = clean_test(system)
    scores = evaluate(exact(system, 2, test.times), AnswerKey.of(system, 2), test)
    for row in scores.targets:
        assert row.eigenvalue_error < 1e-9
        assert row.eigenvalue_error_mean < 1e-9
        assert row.eigenfunction_error < 1e-9
        assert row.eigenfunction_error_rms < 1e-9
        assert row.oracle_floor < 1e-9
    assert max(pair.residual for pair in scores.eigenpairs) < 1e-9
    assert scores.fit.verified == scores.fit.recovered == len(scores.eigenpairs)
    assert scores.fit.spurious_fraction == 0.0
    assert scores.fit.forecast_error < 1e-9
    if hasattr(system, "rates"):
        assert np.isnan(scores.fit.rank_error)
        assert "relaxation family" in scores.fit.notes
    else:
        assert scores.fit.rank_error == 0
        assert scores.fit.null_space_error < 1e-9


@pytest.mark.parametrize("name", SYSTEMS)
def test_random_functions_score_near_one(name):
    system = example(name)
    test = clean_test(system)
    dimension = sum(space.dimension for space in system.eigenspaces(2))
    rng = np.random.default_rng(5)
    frequencies = rng.standard_normal((system.size, dimension)) * 1e4

    def noise(x):
        return np.cos(x @ frequencies).astype(complex)

    model = FormulaModel(rng.uniform(-3, 0, dimension).astype(complex), noise)
    scores = evaluate(model, AnswerKey.of(system, 2), test)
    assert min(row.eigenfunction_error for row in scores.targets) > 0.9
    assert scores.fit.verified == 0
    assert scores.fit.spurious_fraction == 1.0
    if not hasattr(system, "rates"):
        assert scores.fit.rank_error == system.size - system.weights.rank
        assert scores.fit.null_space_error == 1.0


def altered(model, matrix, order=None):
    """The same spans: columns mixed by `matrix`, or reordered."""
    order = np.arange(len(model.eigenvalues)) if order is None else order
    return replace(
        model,
        eigenvalues=model.eigenvalues[order],
        functions=lambda x: (model.functions(x) @ matrix)[:, order],
    )


def comparable(scores):
    rows = [[row.eigenvalue_error, row.eigenfunction_error] for row in scores.targets]
    return np.array([*rows, [scores.fit.rank_error, scores.fit.null_space_error]])


def imperfect(system, seed=3):
    """Eigenpairs somewhat off, so that there is an error that an invariance could change."""
    model = exact(system, 2)
    rng = np.random.default_rng(seed)
    shift = 1e-3 * rng.standard_normal(len(model.eigenvalues))
    bend = 1e-3 * rng.standard_normal((system.size, len(model.eigenvalues)))
    return replace(
        model,
        eigenvalues=model.eigenvalues + shift,
        functions=lambda x: model.functions(x) + np.sin(x @ bend),
        listed=None,
    )


def test_order_scale_and_phase_of_the_eigenfunctions_change_nothing():
    system = random_rnn(6, 2, seed=1)
    test, model = clean_test(system), imperfect(system)
    before = evaluate(model, AnswerKey.of(system, 2), test)
    rng = np.random.default_rng(0)
    count = len(model.eigenvalues)
    factors = np.diag(rng.uniform(0.01, 100.0, count) * np.exp(2j * np.pi * rng.random(count)))
    changed = altered(model, factors, rng.permutation(count))
    after = evaluate(changed, AnswerKey.of(system, 2), test)
    np.testing.assert_allclose(comparable(after), comparable(before), rtol=1e-6, atol=1e-12)
    by_index = sorted(pair.residual for pair in after.eigenpairs)
    np.testing.assert_allclose(by_index, sorted(p.residual for p in before.eigenpairs), rtol=1e-9)


@pytest.mark.parametrize("window", [1, 3])
def test_a_model_that_does_not_know_its_sampling_interval_is_scored(window):
    class Bare(Model):
        eigenvalues = np.array([-1.0 + 0j])

        def eigenfunctions(self, windows):
            return space.evaluate(windows[:, -1]).astype(complex)

    Bare.window = window
    system = three_populations()
    (space,) = system.eigenspaces(1)
    states = np.random.default_rng(0).uniform(-2, 2, (30, 3))
    test = simulate(system, states, np.linspace(0.0, 2.0, 21))
    scores = evaluate(Bare(), AnswerKey.of(system), test)
    assert scores.targets[0].eigenvalue_error == 0.0
    assert scores.targets[0].eigenfunction_error < 1e-9


@pytest.mark.parametrize("steps", [26, 101])
def test_an_exact_model_forecasts_a_test_set_sampled_at_another_interval(steps):
    system, rng = random_linear(4, pairs=1), np.random.default_rng(0)
    train, test = (
        simulate(system, rng.normal(size=(50, 4)), np.linspace(0.0, 5.0, count))
        for count in (51, steps)
    )
    model = fit("koopmark.qr_edmd", train, dictionary={"kind": "identity", "constant": False})
    assert evaluate(model, AnswerKey.of(system), test).fit.forecast_error < 1e-9


def test_rotation_inside_a_degenerate_eigenspace_changes_nothing():
    system = random_rnn(6, 2, seed=1)
    test, model = clean_test(system), imperfect(system)
    model = replace(model, eigenvalues=np.round(model.eigenvalues))
    before = evaluate(model, AnswerKey.of(system, 2), test)
    rng = np.random.default_rng(0)
    first = len(np.flatnonzero(model.eigenvalues == -1))
    rotation = np.eye(len(model.eigenvalues))
    rotation[:first, :first] = np.linalg.qr(rng.standard_normal((first, first)))[0]
    after = evaluate(altered(model, rotation), AnswerKey.of(system, 2), test)
    np.testing.assert_allclose(comparable(after), comparable(before), rtol=1e-6, atol=1e-12)


def test_too_few_eigenpairs_give_an_infinite_eigenvalue_error_and_a_full_angle():
    system = random_rnn(6, 2, seed=1)
    model = exact(system, 1)
    three = replace(
        model, eigenvalues=model.eigenvalues[:3], functions=lambda x: model.functions(x)[:, :3]
    )
    (row,) = evaluate(three, AnswerKey.of(system), clean_test(system)).targets
    assert row.eigenvalue_error == np.inf
    assert row.eigenfunction_error == pytest.approx(1.0)
    assert row.eigenfunction_error_rms == pytest.approx(0.5)


def test_a_model_without_eigenpairs_has_recovered_nothing():
    system = three_populations()
    empty = FormulaModel(np.empty(0, complex), lambda x: np.empty((len(x), 0)))
    scores = evaluate(empty, AnswerKey.of(system), clean_test(system))
    assert scores.fit.recovered == 0
    assert scores.targets[0].eigenfunction_error == pytest.approx(1.0)
    assert scores.targets[0].eigenvalue_error == np.inf
    assert scores.fit.rank_error == 1
    assert scores.eigenpairs == ()


def test_an_impostor_nearer_to_the_eigenvalue_takes_no_place_from_what_obeys_it():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    model = FormulaModel(
        np.array([-1.0 + 1e-9, -1.01]),
        lambda x: np.stack([np.sin(9 * x[:, 0]), space.evaluate(x)[:, 0]], axis=1),
    )
    (row,) = evaluate(model, key_to(system, space), clean_test(system)).targets
    assert row.eigenfunction_error < 1e-9
    assert row.cluster_excess == 1


def test_eigenpairs_that_are_not_finite_count_as_unrecovered():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    model = FormulaModel(
        np.array([-1.0, -np.inf, np.nan]),
        lambda x: np.repeat(space.evaluate(x), 3, axis=1),
    )
    scores = evaluate(model, key_to(system, space), clean_test(system))
    assert scores.fit.recovered == 1
    assert "2 eigenpairs are not finite" in scores.fit.notes
    assert scores.targets[0].eigenfunction_error < 1e-9
    assert len(scores.eigenpairs) == 3


def test_residual_measures_a_wrong_eigenvalue_without_the_truth():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    test = clean_test(system)
    off = 0.01
    model = FormulaModel(np.array([-1.0 + off]), lambda x: space.evaluate(x))
    (pair,) = evaluate(model, key_to(system, space), test).eigenpairs
    expected = np.exp(-test.dt) * abs(np.exp(off * test.dt) - 1.0)
    assert pair.residual == pytest.approx(expected, rel=1e-6)


def test_oracle_floor_is_what_the_dictionary_lacks():
    system = example("relaxation_sinh")
    test = clean_test(system)
    linear = FormulaModel(np.array([-1.0 + 0j]), lambda x: x[:, :1], listed=lambda x: x)
    nonlinear = replace(linear, listed=lambda x: np.hstack([x, np.sinh(x)]))
    poor, rich = (
        evaluate(model, AnswerKey.of(system), test).targets[0].oracle_floor
        for model in (linear, nonlinear)
    )
    assert poor > 1e-3
    assert rich < 1e-9


@pytest.fixture(scope="module")
def with_75_functions():
    system = random_rnn(80, 5, seed=0)
    return system, system.eigenspaces(1)[0], clean_test(system, count=80)


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_every_direction_of_a_large_eigenspace_counts(lost, with_75_functions):
    system, space, test = with_75_functions
    mixture = np.random.default_rng(0).standard_normal((75, 75 - lost))
    model = FormulaModel(np.full(75 - lost, -1.0 + 0j), lambda x: space.evaluate(x) @ mixture)
    (row,) = evaluate(model, key_to(system, space), test).targets
    assert (row.target_dimension, row.scored_dimension) == (75, 75)
    assert row.eigenfunction_error == pytest.approx(1.0 if lost else 0.0, abs=1e-9)
    assert row.eigenfunction_error_rms == pytest.approx(np.sqrt(lost / 75), abs=1e-9)


def test_too_few_test_points_leave_the_angle_out_with_a_reason():
    system = random_rnn(30, 5, seed=0)
    test = clean_test(system, count=30)
    few = Trajectories(test.states[:, :3], test.times[:3])
    scores = evaluate(exact(system, 1), AnswerKey.of(system), few)
    assert np.isnan(scores.targets[0].eigenfunction_error)
    assert "90 test points for 25 recovered functions" in scores.targets[0].notes
    assert scores.targets[0].eigenvalue_error < 1e-9


def test_fewer_test_trajectories_than_directions_leave_the_angle_out_with_a_reason():
    system = random_rnn(30, 5, seed=0)
    scores = evaluate(exact(system, 1), AnswerKey.of(system), clean_test(system, count=20))
    assert np.isnan(scores.targets[0].eigenfunction_error)
    assert scores.targets[0].scored_dimension == 20
    assert "tell only 20 of 25 directions apart" in scores.targets[0].notes
    assert np.isnan(scores.fit.rank_error)
    assert "20 test trajectories for 25 null vectors" in scores.fit.notes


def test_windows_belong_to_their_last_state():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    test = clean_test(system)
    delayed = FormulaModel(np.array([-1.0 + 0j]), lambda x: space.evaluate(x), window=3)
    scores = evaluate(delayed, key_to(system, space), test)
    assert scores.fit.window == 3
    assert scores.targets[0].eigenfunction_error < 1e-9


def test_a_linear_method_finds_the_attracting_plane_but_not_more_than_it_knows():
    system = random_rnn(6, 2, seed=1)
    (space,) = system.eigenspaces(1)
    two = FormulaModel(np.full(2, -1.0 + 0j), lambda x: space.evaluate(x)[:, :2])
    scores = evaluate(two, key_to(system, space), clean_test(system))
    assert scores.fit.rank_error == 2
    assert scores.fit.null_space_error == 1.0


def test_mismatched_shapes_are_refused():
    system = three_populations()
    model = FormulaModel(np.array([-1.0 + 0j]), lambda x: x)
    with pytest.raises(ValueError, match="1 eigenvalues but eigenfunction values of shape"):
        evaluate(model, AnswerKey.of(system), clean_test(system))


def test_score_is_a_table_with_a_row_for_each_eigenspace():
    system = three_populations()
    table = score(exact(system, 3), system, clean_test(system), max_degree=3)
    assert list(table["target_eigenvalue_re"]) == [-1.0, -2.0, -3.0]
    assert (table["eigenfunction_error"] < 1e-9).all()


def test_labels_name_eigenvalue_and_multiplicity():
    targets = [Known(-1), Known(-2, 36), Known(-0.4137915 + 2j), Known(-1, 8, exact=False)]
    assert labels(targets) == ("-1", "-2 (x36)", "-0.4138+2i", "≈-1 (x8)")
    beside = [Known(-1, 8, driven=True), Known(-1, 6)]
    assert labels(beside) == ("-1 (x8)", "-1 undriven (x6)")
    assert labels(beside[1:]) == ("-1 (x6)",)


EIGENVALUES = st.one_of(
    st.complex_numbers(max_magnitude=10.0, allow_nan=False),
    st.sampled_from([-1.999, -1.9992, -1.99919, -2, -2 + 1e-7j, -2 + 1e-14, 0.1, 0.1 + 1e-17]),
)


@given(st.lists(st.builds(Known, EIGENVALUES, st.integers(1, 3), st.booleans()), max_size=12))
def test_no_two_targets_of_a_list_have_one_label(targets):
    assert len(set(labels(targets))) == len(targets)


def test_labels_take_more_digits_only_where_four_do_not_tell_apart():
    near = [Known(-1.999), Known(-1.9992), Known(-1.23456)]
    assert labels(near) == ("-1.999", "-1.9992", "-1.235")
    assert labels([Known(-2.00005), Known(-2, 36)]) == ("-2.00005", "-2 (x36)")
    assert labels([Known(-0.4), Known(-0.4)]) == ("-0.4 #1", "-0.4 #2")


def test_targets_are_known_by_their_place_in_the_list():
    system = random_drift(5, 2, SINH)
    scores = evaluate(exact(system, 2), AnswerKey.of(system, 2), clean_test(system))
    assert [row.target_index for row in scores.targets] == list(range(5))
    assert all(
        scores.targets[one.frame.index].target == one.frame.target for one in scores.portraits
    )


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ((0.0, 0.0), True),
        ((FOUND, FOUND), True),
        ((2 * FOUND, 0.0), False),
        ((0.0, 2 * FOUND), False),
        ((np.inf, 0.0), False),
        ((0.0, np.nan), False),
        ((np.nan, 0.0), False),
    ],
)
def test_a_target_is_found_where_both_errors_are_small(errors, expected):
    assert bool(found(*errors)) is expected


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ((1e-3, 1e-5), 3.0),
        ((1e-7, 1e-2), 2.0),
        ((1e-12, 0.0), DIGITS),
        ((1.0, 1e-12), 0.0),
        ((19.0, 1e-12), 0.0),
        ((np.inf, 1e-12), 0.0),
        ((np.nan, 1e-12), 0.0),
        ((1e-12, np.nan), 0.0),
    ],
)
def test_digits_are_those_of_the_larger_error_and_a_missing_one_has_none(errors, expected):
    assert digits(larger_error(*errors)) == pytest.approx(expected)


@pytest.mark.parametrize("dimension", [1, 8, 95, 4560])
def test_what_rounding_does_to_an_eigenspace_of_many_dimensions_costs_no_digit(dimension):
    limit = rounding(dimension)
    assert digits(0.99 * limit, limit) == DIGITS
    assert digits(1.01 * limit, limit) == pytest.approx(-np.log10(1.01 * limit))


@given(st.lists(st.floats(0.0, 10.0), min_size=2, max_size=20), st.integers(1, 100))
def test_a_larger_error_never_has_more_digits(errors, dimension):
    correct = digits(np.sort(errors), rounding(dimension))
    assert (np.diff(correct) <= 0).all()
    assert ((correct >= 0) & (correct <= DIGITS)).all()


def test_drift_targets_with_several_eigenvalues_are_scored_separately():
    system = random_drift(5, 2, SINH)
    scores = evaluate(exact(system, 2), AnswerKey.of(system, 2), clean_test(system))
    assert len({row.target for row in scores.targets}) == len(scores.targets) == 5


def off_by(*distances):
    """Eigenpairs with the one exact eigenfunction and eigenvalues at these distances from -1."""
    (space,) = three_populations().eigenspaces(1)
    return FormulaModel(
        np.array([-1.0 + distance for distance in distances]),
        lambda x: np.repeat(space.evaluate(x), len(distances), axis=1),
    )


def scores_of(model):
    system = three_populations()
    return evaluate(model, AnswerKey.of(system), clean_test(system))


def test_cluster_holds_what_is_nearer_than_five_hundredths():
    (row,) = scores_of(off_by(0.0, 0.049, -0.049, 0.051)).targets
    assert row.cluster_excess == 2


def test_residuals_count_as_verified_below_a_thousandth_and_as_spurious_above_a_tenth():
    # A rate off by ε misses by e^{-Δt} (e^{εΔt} - 1): solve for residuals around the thresholds.
    wanted = np.array([0.9e-3, 1.1e-3, 0.09, 0.11])
    fit = scores_of(off_by(*(np.log1p(wanted * np.exp(0.1)) / 0.1))).fit
    assert fit.verified == 1
    assert fit.spurious_fraction == 0.25


def test_mean_eigenvalue_error_is_the_mean_over_all_copies():
    system = random_rnn(5, 2, seed=1)
    (space,) = system.eigenspaces(1)
    shifted = FormulaModel(np.array([-1.0, -0.9, -0.8]), space.evaluate)
    (row,) = evaluate(shifted, key_to(system, space), clean_test(system)).targets
    assert row.eigenvalue_error == pytest.approx(0.2)
    assert row.eigenvalue_error_mean == pytest.approx(0.1)


@pytest.mark.parametrize(("sine", "found"), [(0.008, 1), (0.012, 0)])
def test_an_affine_function_is_found_up_to_a_sine_of_one_hundredth(sine, found):
    system = three_populations()
    (space,) = system.eigenspaces(1)
    test = clean_test(system)
    x = test.states.reshape(-1, 3)

    def affine(states):
        return np.hstack([np.ones((len(states), 1)), states])

    line = np.linalg.lstsq(affine(x), np.sin(5.0 * x[:, :1]), rcond=None)[0]

    def bend(states):
        return np.sin(5.0 * states[:, :1]) - affine(states) @ line

    size = np.linalg.norm(space.evaluate(x)) / np.linalg.norm(bend(x))
    slope = np.tan(np.arcsin(sine)) * size
    model = FormulaModel(np.array([-1.0 + 0j]), lambda x: space.evaluate(x) + slope * bend(x))
    assert evaluate(model, key_to(system, space), test).fit.rank_error == 1 - found


def test_forecast_error_is_relative_to_the_true_states():
    system = three_populations()
    test = clean_test(system)
    doubled = replace(
        off_by(0.0), forecast=lambda windows, times: 2.0 * test.states[:, 1 : len(times) + 1]
    )
    scores = evaluate(doubled, AnswerKey.of(system), test)
    assert scores.fit.forecast_error == pytest.approx(1.0)


@given(points=st.integers(2, 130), horizon=st.floats(0.2, 20.0), pairs=st.integers(0, 2))
@settings(max_examples=20, deadline=None)
def test_an_exact_model_forecasts_exactly_whatever_the_sampling_of_the_test_set(
    points, horizon, pairs
):
    system = random_linear(4, pairs=pairs)
    modes = np.linalg.inv(system.left)
    model = LinearModel(lambda x: x, system.left, system.eigenvalues, dt=0.1, modes=modes)
    starts = np.random.default_rng(0).standard_normal((6, 4))
    test = simulate(system, starts, np.linspace(0.0, horizon, points))
    assert evaluate(model, AnswerKey.of(system), test).fit.forecast_error < 1e-12


@pytest.mark.slow
def test_six_hundred_functions_are_scored_without_a_matrix_of_points_by_points():
    system = random_rnn(300, 5, seed=0)
    rng = np.random.default_rng(0)
    initial = rng.standard_normal((300, 300))
    test = simulate(system, initial, np.linspace(0.0, 1.0, 20), rtol=1e-11)
    exact, others = system.weights.null_space.sample(295, rng), rng.standard_normal((300, 305)) / 17
    states = test.states.reshape(6000, 300)

    def functions(x):
        return np.hstack([x @ exact, np.sin(x @ others)])

    values = functions(states)
    eigenvalues = np.concatenate([np.full(295, -1.0), np.linspace(-0.9, -0.1, 305)])
    # Those at all points are there already: what is measured is what scoring needs.
    model = FormulaModel(eigenvalues, lambda x: values if len(x) == len(values) else functions(x))
    tracemalloc.start()
    scores = evaluate(model, AnswerKey.of(system), test)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * values.nbytes < 0.5 * 8 * len(values) ** 2
    assert scores.fit.rank_error == 0
    assert scores.fit.null_space_error < 1e-9
    assert scores.targets[0].eigenfunction_error < 1e-9


def test_scores_are_the_same_without_portraits():
    system = example("rnn_tanh")
    test = clean_test(system)
    model = exact(system, 2, test.times)
    with_them, without = (
        evaluate(model, AnswerKey.of(system, 2), test, portrayed=wanted) for wanted in (True, False)
    )
    assert with_them.portraits
    assert not without.portraits
    assert with_them.targets == without.targets


def test_a_single_window_shows_no_residuals_so_the_nearest_functions_are_taken():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    test = clean_test(system)
    model = FormulaModel(
        np.array([-1.0 + 1e-9, -1.01]),
        lambda x: np.stack([np.sin(9 * x[:, 0]), space.evaluate(x)[:, 0]], axis=1),
        window=len(test.times),
    )
    (row,) = evaluate(model, key_to(system, space), test).targets
    assert row.eigenfunction_error > 0.5
    assert "of 2 functions the 1 nearest in eigenvalue" in row.notes


@pytest.mark.parametrize(("degree", "share"), [(1, 0.86), (2, 0.98)])
def test_most_of_what_an_angle_weighs_is_before_the_time_one(degree, share):
    """As the docs of scores say, of functions that decay at the rates 1 and 2 up to the time 5."""
    system = random_rnn(6, 2, seed=1)
    starts = np.random.default_rng(0).standard_normal((20, 6))
    test = simulate(system, starts, np.linspace(0.0, 5.0, 51), rtol=1e-11)
    weight = np.abs(system.eigenspaces(degree)[-1].evaluate(test.states)) ** 2
    assert weight[:, test.times < 1].sum() / weight.sum() == pytest.approx(share, abs=0.005)


def test_rounding_grows_with_the_root_of_the_dimension_and_with_the_condition():
    assert rounding(1) == ROUNDING
    assert rounding(95) == pytest.approx(9.7e-9, rel=0.01)
    assert rounding(4, 1e4) == pytest.approx(2e-7)
    np.testing.assert_allclose(rounding([1, 4], [1.0, 1e3]), [1e-9, 2e-8])


def test_the_same_answer_from_data_that_differ_by_rounding_differs_by_no_more(
    with_75_functions,
):
    """A perturbation of 1e-11 of every function, relative: twice the same up to `rounding`."""
    system, space, test = with_75_functions
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((80, 75))

    def functions(x):
        values = space.evaluate(x)
        scale = np.sqrt(np.mean(values**2))
        return values + 1e-11 * scale * np.sin(7.0 * x @ noise)

    model = FormulaModel(np.full(75, -1.0 + 0j), functions)
    (row,) = evaluate(model, key_to(system, space), test).targets
    assert 1e-11 < row.eigenfunction_error < row.rounding


def test_a_score_takes_the_key_from_the_test_data_or_from_a_key_or_from_a_system():
    system = three_populations()
    test, model = clean_test(system), exact(system, 2)
    tables = [
        score(model, test, max_degree=2),
        score(model, test, key=AnswerKey.of(system, 2)),
        score(model, system, test, max_degree=2),
        score(model, system, test.without_origin(), 2),
        score(model, test, system, max_degree=2),
        score(model, test.states, system, max_degree=2, dt=test.dt),
    ]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])
    assert list(tables[0]["target"]) == ["-1", "-2"]


def test_a_score_that_lacks_a_key_or_has_two_is_refused():
    system = three_populations()
    test, model = clean_test(system), exact(system, 1)
    with pytest.raises(ValueError, match="nothing says which system these test data come from"):
        score(model, test.without_origin())
    with pytest.raises(TypeError, match="a key, or a system and a degree, but not both"):
        score(model, test, AnswerKey.of(system), max_degree=1)
    with pytest.raises(TypeError, match="takes an AnswerKey, got Relaxation"):
        evaluate(model, system, test)
    with pytest.raises(TypeError, match="takes Trajectories, got Relaxation"):
        score(model, system)


def test_several_models_make_one_frame_by_model_and_target():
    system = three_populations()
    test, model = clean_test(system), exact(system, 2)
    other = FormulaModel(np.array([-1.0 + 0j]), lambda x: x[:, :1])
    table = score({"exact": model, "other": other}, test, max_degree=2)
    assert table.index.names == ["model", "target"]
    assert list(table.index) == [(m, t) for m in ("exact", "other") for t in ("-1", "-2")]
    alone = score(model, test, max_degree=2).set_index("target")
    pd.testing.assert_frame_equal(table.loc["exact"], alone)
    with pytest.raises(ValueError, match="one model at least, got none"):
        score({}, test)


def test_test_data_of_another_system_are_refused_and_those_of_one_made_alike_are_not():
    system, other = random_rnn(3, 1, seed=1), random_rnn(3, 1, seed=2)
    test, model = clean_test(system), exact(system, 1)
    assert len(score(model, test, random_rnn(3, 1, seed=1))) == 1
    for key in (other, AnswerKey.of(other)):
        with pytest.raises(ValueError, match="the data come from another Relaxation than the key"):
            score(model, test, key)
    # Of data without an origin nothing can be told.
    assert len(score(model, test.without_origin(), other)) == 1


def test_what_is_no_model_or_has_no_times_is_refused_in_a_sentence():
    system = three_populations()
    test, model = clean_test(system), exact(system, 1)
    with pytest.raises(TypeError, match="takes a koopmark Model, got Relaxation"):
        score(system, test)
    with pytest.raises(TypeError, match="pass dt=, the sampling interval"):
        score(model, test.states, AnswerKey.of(system))
    with pytest.raises(TypeError, match="dt is given beside Trajectories, which have their own"):
        score(model, test, dt=0.1)


def test_a_key_of_ones_own_needs_targets_and_the_number_of_variables_alone():
    system = three_populations()
    key = AnswerKey(system.eigenspaces(2), channels=3)
    whole = evaluate(exact(system, 2), AnswerKey.of(system, 2), clean_test(system))
    scores = evaluate(exact(system, 2), key, clean_test(system))
    assert "does not say how to simulate the system" in scores.fit.notes
    for row, other in zip(scores.targets, whole.targets, strict=True):
        assert np.isnan(row.oracle_floor)
        assert row.eigenfunction_error == other.eigenfunction_error
    with pytest.raises(ValueError, match="the test states have 3 variables, the system has 4"):
        evaluate(exact(system, 2), replace(key, channels=4), clean_test(system))


COLUMNS = {"targets.csv": TargetScores, "eigenpairs.csv": PairScores, "fits.csv": FitScores}


@pytest.mark.parametrize("table", COLUMNS)
def test_the_docs_say_of_every_score_what_it_is_in_the_order_of_the_table(table):
    page = Path(__file__).parents[2] / f"docs/reference/tables/{Path(table).stem}.md"
    text = page.read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| (`[^|]*`) \|", text, re.M)
    said = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    declared = [field.name for field in fields(COLUMNS[table])]
    assert [name for name in said if name in declared] == declared


def test_a_score_says_how_many_of_the_snapshot_pairs_the_fit_used():
    system = three_populations()
    data = clean_test(system)
    total = len(data.states) * (len(data.times) - 1)
    key = AnswerKey.of(system)
    for name, options, used in [
        ("pydmd.dmd", {}, total),
        ("pydmd.dmd_tlsq", {"max_pairs": 30}, 30),
        ("pydmd.hankeldmd", {}, len(data.times) - 1),
    ]:
        fitted = fit(name, data, **options)
        scores = evaluate(fitted, key, data, portrayed=False).fit
        assert (scores.pairs_used, scores.pairs) == (used, total)
    made = evaluate(exact(system, 1), key, data, portrayed=False).fit
    assert (made.pairs_used, made.pairs) == (0, 0)


def test_what_the_scores_of_all_models_share_is_worked_out_once_for_each_test_set(monkeypatch):
    asked = []
    residual = _evaluate.target_residual
    monkeypatch.setattr(_evaluate, "target_residual", lambda *a: asked.append(a) or residual(*a))
    system = three_populations()
    key, sets = AnswerKey.of(system, 2), [clean_test(system, seed=seed) for seed in (0, 1)]
    model = fit("koopmark.tls_edmd", clean_test(system, seed=2))
    fresh = fresh_like(key, sets[0])
    kept = [evaluate(model, key, sets[turn], fresh=fresh) for turn in (0, 1, 0)]
    assert len(asked) == 2 * len(key.targets)
    alone = [evaluate(model, key, test, fresh=fresh_like(key, sets[0])) for test in sets]
    assert [str(one) for one in kept] == [str(alone[turn]) for turn in (0, 1, 0)]
    monkeypatch.setattr(_evaluate, "MOST_KEPT", 0)
    asked.clear()
    assert str(evaluate(model, key, sets[0], fresh=fresh)) == str(alone[0])
    assert len(asked) == len(key.targets)
