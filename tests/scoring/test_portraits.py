"""Portraits: the exact eigenfunction beside the nearest that a model's functions combine to."""

from dataclasses import replace

import numpy as np
import pytest
from formula_models import FormulaModel, key_to

from koopmark.datasets import AnswerKey
from koopmark.scoring import evaluate
from koopmark.scoring._portraits import CANDIDATES, GRID, first_of, frame, projection
from koopmark.scoring._targets import ScoredSpace
from koopmark.simulation import Trajectories, simulate
from koopmark.systems import example, random_rnn, three_populations
from koopmark.truth import NullSpace, ProductEigenspace


def clean_test(system, count=60, scale=1.5, seed=0):
    rng = np.random.default_rng(seed)
    low, high = (0.3, 1.5) if system.zeta.name == "log" else (-scale, scale)
    states = rng.uniform(low, high, size=(count, system.size))
    return simulate(system, states, np.linspace(0.0, 4.0, 41), rtol=1e-11)


def exact(system, degree=2):
    spaces = system.eigenspaces(degree)
    eigenvalues = np.concatenate([np.full(s.dimension, s.eigenvalue) for s in spaces])
    return FormulaModel(eigenvalues, lambda x: np.hstack([s.evaluate(x) for s in spaces]))


def bent(system, size=1e-2, seed=3):
    """The exact eigenpairs, each a little off."""
    model, rng = exact(system), np.random.default_rng(seed)
    count = len(model.eigenvalues)
    bend = rng.standard_normal((system.size, count))
    return replace(
        model,
        eigenvalues=model.eigenvalues + 1e-3 * rng.standard_normal(count),
        functions=lambda x: model.functions(x) + size * np.sin(x @ bend),
    )


def drawn(model, system, degree=2, test=None):
    test = clean_test(system) if test is None else test
    return evaluate(model, AnswerKey.of(system, degree), test)


SYSTEMS = ["three_populations", "rnn_tanh", "relaxation_sinh", "drift_sinh", "lotka_volterra"]


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_exact_model_is_its_own_portrait(name):
    system = example(name)
    portraits = drawn(exact(system), system).portraits
    assert portraits
    for portrait in portraits:
        scale = np.abs(portrait.frame.exact).max()
        assert np.abs(portrait.difference).max() < 1e-12 * scale
        assert portrait.error < 1e-12


def test_functions_unlike_the_exact_one_leave_it_out_of_their_portrait():
    system = three_populations()
    model = FormulaModel(np.array([-1.0]), lambda x: np.cos(1e4 * x[:, :1]))
    (portrait,) = drawn(model, system, 1).portraits
    assert portrait.error > 0.9
    assert np.abs(portrait.recovered).max() < 0.2 * np.abs(portrait.frame.exact).max()


def test_without_any_eigenpair_the_portrait_is_zero():
    system = three_populations()
    model = FormulaModel(np.empty(0, complex), lambda x: np.empty((len(x), 0)))
    (portrait,) = drawn(model, system, 1).portraits
    assert portrait.error == pytest.approx(1.0)
    assert not portrait.recovered.any()


@pytest.mark.parametrize("name", ["three_populations", "lotka_volterra"])
def test_the_misfit_of_a_simple_target_is_its_eigenfunction_error(name):
    system = example(name)
    scores = drawn(bent(system), system)
    errors = {row.target: row.eigenfunction_error for row in scores.targets}
    for portrait in scores.portraits:
        assert 1e-4 < portrait.error < 1
        assert portrait.error == pytest.approx(errors[portrait.frame.target], rel=1e-6)


def test_the_misfit_of_one_function_is_at_most_the_error_of_the_whole_eigenspace():
    system = random_rnn(6, 2, seed=1)
    scores = drawn(bent(system), system)
    for portrait, row in zip(scores.portraits, scores.targets, strict=True):
        assert 1e-4 < portrait.error <= row.eigenfunction_error


def differences(model, system):
    return np.concatenate([p.difference for p in drawn(model, system).portraits])


@pytest.mark.parametrize("name", ["three_populations", "rnn_tanh"])
def test_order_scale_and_phase_of_the_functions_change_nothing(name):
    system = example(name)
    model, rng = bent(system), np.random.default_rng(0)
    count = len(model.eigenvalues)
    factors = rng.uniform(0.01, 100.0, count) * np.exp(2j * np.pi * rng.random(count))
    order = rng.permutation(count)
    other = replace(
        model,
        eigenvalues=model.eigenvalues[order],
        functions=lambda x: (model.functions(x) * factors)[:, order],
    )
    before = differences(model, system)
    np.testing.assert_allclose(differences(other, system), before, atol=1e-9)


def test_rotation_inside_a_degenerate_eigenspace_changes_nothing():
    system = random_rnn(6, 2, seed=1)
    model = bent(system)
    model = replace(model, eigenvalues=np.round(model.eigenvalues))
    first = int(np.sum(model.eigenvalues == -1))
    rotation = np.eye(len(model.eigenvalues))
    rotation[:first, :first] = np.linalg.qr(
        np.random.default_rng(0).standard_normal((first, first))
    )[0]
    other = replace(model, functions=lambda x: model.functions(x) @ rotation)
    np.testing.assert_allclose(differences(other, system), differences(model, system), atol=1e-9)


def test_functions_that_depend_on_each_other_change_nothing():
    system = random_rnn(6, 2, seed=1)
    (space,) = system.eigenspaces(1)
    few = FormulaModel(np.full(4, -1.0), lambda x: space.evaluate(x)[:, [0, 0, 1, 1]])
    (portrait,) = drawn(few, system, 1).portraits
    assert portrait.error < 1e-12
    assert np.abs(portrait.difference).max() < 1e-12


def test_the_exact_function_decays_along_the_trajectories_that_are_drawn():
    system = example("drift_sinh")
    portrait = drawn(exact(system), system).portraits[0]
    seen = portrait.frame
    along = seen.exact[: len(seen.trajectories) * len(seen.times)]
    along = along.reshape(len(seen.trajectories), -1)
    decay = np.exp(seen.eigenvalue.real * seen.times)
    np.testing.assert_allclose(along, along[:, :1] * decay, rtol=1e-9)
    assert np.all(np.diff(np.abs(along[:, 0])) < 0)


def test_a_function_of_several_states_is_drawn_where_it_has_a_value():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    model = FormulaModel(np.array([-1.0]), space.evaluate, window=9)
    (portrait,) = drawn(model, system, 1).portraits
    _, steps = portrait.frame.visited
    there = np.concatenate([steps >= 8, np.zeros(GRID * GRID, bool)])
    assert 0 < there.sum() < len(steps)
    assert (np.isnan(portrait.difference) == ~there).all()
    assert np.abs(portrait.difference[there]).max() < 1e-12
    assert portrait.error < 1e-12


def test_all_methods_are_shown_the_same_points():
    system = example("rnn_tanh")
    one, other = drawn(exact(system), system), drawn(replace(bent(system), window=4), system)
    for a, b in zip(one.portraits, other.portraits, strict=True):
        np.testing.assert_array_equal(a.frame.exact, b.frame.exact)


def test_the_nearest_function_may_be_complex_and_keeps_both_parts():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    model = FormulaModel(
        np.array([-1.0 + 0.1j]), lambda x: space.evaluate(x) * (1 + 0.3j * np.sin(x[:, :1]))
    )
    scores = drawn(model, system, 1)
    (portrait,) = scores.portraits
    assert np.abs(portrait.recovered.imag).max() > 0.01
    assert portrait.error == pytest.approx(scores.targets[0].eigenfunction_error, rel=1e-9)


def test_imaginary_parts_of_the_size_of_rounding_are_none():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    model = FormulaModel(
        np.array([-1.0]), lambda x: space.evaluate(x) * np.exp(1j) + 1e-15j * np.sin(x[:, :1])
    )
    (portrait,) = drawn(model, system, 1).portraits
    assert not np.iscomplexobj(portrait.difference)


def test_a_conjugate_pair_combines_to_a_real_function():
    system = three_populations()
    (space,) = system.eigenspaces(1)

    def pair(x):
        phi, other = space.evaluate(x), np.sin(x[:, :1])
        return np.hstack([phi + 1j * other, phi - 1j * other])

    spaces = system.eigenspaces(1)
    test = clean_test(system)
    values = pair(test.states.reshape(-1, 3))
    c = projection(values, first_of(spaces[0], test.states.reshape(-1, 3)))
    np.testing.assert_allclose(c, [0.5, 0.5], atol=1e-12)


@pytest.mark.parametrize("name", ["lotka_volterra", "three_populations", "rnn_tanh"])
def test_the_slice_lies_among_the_test_states(name):
    system = example(name)
    test = clean_test(system)
    states = test.states.reshape(-1, system.size)
    (seen, *_) = [p.frame for p in drawn(exact(system), system, test=test).portraits]
    grid = np.concatenate(list(seen.slice_states()))
    assert grid.shape == (GRID * GRID, system.size)
    assert (grid >= states.min(axis=0)).all()
    assert (grid <= states.max(axis=0)).all()
    if name == "lotka_volterra":
        assert grid.min() > 0
    i, j = seen.coordinates
    np.testing.assert_array_equal(grid[:GRID, i], seen.axes[0])
    np.testing.assert_array_equal(grid[::GRID, j], seen.axes[1])


def test_blocks_of_states_change_nothing(monkeypatch):
    system = example("rnn_tanh")
    before = drawn(bent(system), system).portraits
    monkeypatch.setattr("koopmark.scoring._portraits.BLOCK_NUMBERS", 50 * system.size)
    for one, other in zip(before, drawn(bent(system), system).portraits, strict=True):
        np.testing.assert_allclose(one.frame.exact, other.frame.exact, rtol=1e-12)
        np.testing.assert_allclose(one.difference, other.difference, atol=1e-12)


def test_the_slice_is_spanned_by_the_coordinates_on_which_the_function_depends_most():
    system = three_populations()
    test = clean_test(system)
    low, high = np.quantile(test.states.reshape(-1, 3), [0.05, 0.95], axis=0)
    swing = np.array([3.0, 1.0, 1.0]) * (high - low)
    (portrait,) = drawn(exact(system, 1), system, 1, test).portraits
    assert portrait.frame.coordinates.tolist() == sorted(np.argsort(swing)[-2:])


@pytest.mark.parametrize("degree", [1, 2])
def test_among_many_coordinates_the_slice_takes_some_that_matter(degree):
    system = random_rnn(3 * CANDIDATES, 2, seed=1)
    test = clean_test(system, count=3 * CANDIDATES)
    space = system.eigenspaces(degree)[-1]
    target = ScoredSpace.of(
        space, test.states.reshape(-1, 3 * CANDIDATES), 64, np.random.default_rng(0), 0, "-1"
    )
    change = np.abs(first_of(target.directions, np.eye(3 * CANDIDATES)))
    rank = np.argsort(np.argsort(-change))
    assert rank[frame(target, test).coordinates].max() < 10


def test_a_single_coordinate_spans_no_slice():
    line = ProductEigenspace(NullSpace(np.empty((1, 0))), lambda x: x, 1)
    times = np.linspace(0.0, 2.0, 21)
    start = np.linspace(1.0, 2.0, 12)
    test = Trajectories((start[:, None] * np.exp(-times))[..., None], times)
    seen = frame(
        ScoredSpace.of(line, test.states.reshape(-1, 1), 1, np.random.default_rng(0), 0, "-1"), test
    )
    assert len(seen.coordinates) == 0
    assert len(seen.exact) == len(seen.visited[0])


def test_one_function_needs_four_test_points_or_has_no_portrait():
    system = random_rnn(30, 5, seed=0)
    test = clean_test(system, count=30)
    few = Trajectories(test.states[:, :3], test.times[:3])
    scores = drawn(exact(system, 1), system, 1, few)
    assert scores.portraits == ()
    assert np.isnan(scores.targets[0].eigenfunction_error)


def test_a_model_that_knows_only_the_test_states_keeps_its_scores_and_has_no_map():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    test = clean_test(system)
    seen = {state.tobytes() for state in test.states.reshape(-1, 3)}

    def only_there(x):
        if not seen.issuperset(state.tobytes() for state in x):
            raise LookupError("never\nseen")
        return space.evaluate(x)

    scores = drawn(FormulaModel(np.array([-1.0]), only_there), system, 1, test)
    assert scores.targets[0].eigenfunction_error < 1e-12
    assert "portrait: no map (LookupError: never seen)" in scores.fit.notes
    (portrait,) = scores.portraits
    assert np.isnan(portrait.difference[-GRID * GRID :]).all()
    assert np.isfinite(portrait.difference[: -GRID * GRID]).all()


def test_values_beyond_numbers_are_missing():
    system = three_populations()
    (space,) = system.eigenspaces(1)
    test = clean_test(system)
    furthest = np.abs(test.states).max()

    def overflowing(x):
        with np.errstate(over="ignore"):
            return space.evaluate(x) * np.where(x[:, :1] == x[0, 0], np.exp(1e4 * furthest), 1.0)

    model = FormulaModel(
        np.array([-1.0]),
        lambda x: overflowing(x) if len(x) == GRID * GRID else space.evaluate(x),
    )
    (portrait,) = drawn(model, system, 1, test).portraits
    missing = np.isnan(portrait.difference)
    assert missing.sum() == GRID
    assert not np.isinf(portrait.difference).any()


def test_at_most_three_targets_are_drawn_the_slowest_first():
    system = three_populations()
    spaces = system.eigenspaces(4)[::-1]
    model = exact(system, 4)
    portraits = evaluate(model, key_to(system, *spaces), clean_test(system)).portraits
    assert [p.frame.eigenvalue for p in portraits] == [-1, -2, -3]
