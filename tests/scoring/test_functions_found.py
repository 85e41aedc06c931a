"""How many functions of a target were recovered, whatever their eigenvalues."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.scoring import FLOORS, FOUND, StatisticalFloor, evaluate, tolerance
from koopmark.scoring._targets import Functions, ScoredSpace
from koopmark.simulation import simulate
from koopmark.systems import random_rnn

TIMES = np.linspace(0.0, 1.0, 6)


@cache
def case(n=5, rank=2, trajectories=60):
    """A network, its answer key and test trajectories: three functions at -1."""
    system = random_rnn(n, rank, 1.5)
    starts = np.random.default_rng(0).standard_normal((trajectories, n))
    return system, AnswerKey.of(system), simulate(system, starts, TIMES, rtol=1e-11)


@cache
def points():
    """E at the test points, and (P, 20) functions that are none of it."""
    _, key, test = case()
    states = test.states.reshape(-1, 5)
    label = "the target"
    target = ScoredSpace.of(key.targets[0], states, 60, np.random.default_rng(1), 0, label)
    frequencies = np.random.default_rng(2).standard_normal((5, 20))
    return target, target.space.evaluate(states), np.sin(states @ frequencies) + 0.1


def count(values, limit=FOUND):
    return Functions(values).within(points()[0], limit)


def scores(functions, eigenvalues, floor=None):
    """Of a model with these functions of the states."""
    _, key, test = case()
    made = SimpleNamespace(eigenvalues=np.asarray(eigenvalues, complex))
    model = Made(made.eigenvalues, functions, test.dt)
    return evaluate(model, key, test, portrayed=False, noise_floors=floor or ()).targets[0]


class Made(Model):
    """Given functions and eigenvalues."""

    channels = None

    def __init__(self, eigenvalues, functions, dt):
        self.given, self.functions, self.dt = eigenvalues, functions, dt

    @property
    def eigenvalues(self):
        return self.given

    def eigenfunctions(self, windows):
        return self.functions(windows[:, -1])


def exact(states):
    return case()[1].targets[0].evaluate(states)


def test_the_exact_answer_has_all_functions_and_eigenvalues():
    row = scores(exact, [-1.0] * 3)
    assert (row.functions_found, row.eigenvalues_found, row.target_dimension) == (3, 3, 3)


def test_right_functions_count_at_wrong_eigenvalues():
    row = scores(exact, [-0.3, -0.4, -0.5])
    assert (row.functions_found, row.eigenvalues_found) == (3, 0)


def test_right_eigenvalues_count_at_wrong_functions():
    row = scores(lambda x: np.sin(3 * x[:, :4]) + 0.1, [-1.0] * 4)
    assert (row.functions_found, row.eigenvalues_found) == (0, 3)


def test_a_copy_that_is_lost_is_the_only_one():
    row = scores(lambda x: exact(x)[:, :2], [-1.0] * 2)
    assert (row.functions_found, row.eigenvalues_found) == (2, 2)


def test_one_function_given_as_often_as_there_are_dimensions_is_one():
    row = scores(lambda x: exact(x)[:, [1, 1, 1]], [-1.0] * 3)
    assert (row.functions_found, row.eigenvalues_found) == (1, 3)


def test_pairs_that_are_not_finite_count_for_nothing():
    def functions(x):
        return np.hstack([exact(x)[:, :2], np.full((len(x), 1), np.nan)])

    row = scores(functions, [-0.2, -0.3, -1.0])
    assert (row.functions_found, row.eigenvalues_found) == (2, 0)


def test_noise_in_the_training_data_widens_what_counts():
    def near(x):
        return exact(x) + 0.02 * np.sin(3 * x[:, :3])

    labels = [-0.2, -0.3, -0.4]
    assert scores(near, labels).functions_found == 0
    floor = StatisticalFloor(0.3, 0.1)
    row = scores(near, labels, [floor])
    assert (row.functions_found, row.eigenvalues_found) == (3, 3)


def test_the_tolerance_is_three_floors_but_at_least_what_counts_as_found():
    floors = [np.nan, 0.0, FOUND / FLOORS, 0.1]
    np.testing.assert_allclose(tolerance(floors), [FOUND, FOUND, FOUND, 0.1 * FLOORS])


def test_a_sum_of_a_right_function_and_another_is_none():
    _, right, wrong = points()
    assert count(right + wrong[:, :3]) == 0
    assert count(right + 1e-1 * wrong[:, :3]) == 0


def test_a_dump_of_the_dictionary_holds_no_function_that_is_not_listed():
    _, right, wrong = points()
    mixed = np.hstack([right, wrong]) @ np.random.default_rng(3).standard_normal((23, 23))
    assert count(mixed) == 0
    assert count(np.hstack([mixed, right])) == 3


def test_noise_on_copies_is_no_other_function():
    _, right, wrong = points()
    copies = right[:, :1] + 1e-4 * wrong
    assert count(copies) == 1
    others = np.hstack([copies, right[:, 1:2]])
    assert count(others) == 2


def test_nearly_equal_functions_that_are_exact_are_two():
    _, right, _ = points()
    assert count(right @ np.array([[1.0, 1.0], [0.0, 1e-4], [0.0, 0.0]])) == 2
    assert count(right @ np.array([[1.0, 1.0], [0.0, 1e-8], [0.0, 0.0]])) == 1


def test_a_function_that_is_zero_is_none():
    _, right, _ = points()
    assert count(np.zeros_like(right)) == 0


def test_too_few_points_tell_nothing():
    target = points()[0]
    few = ScoredSpace.of(target.space, case()[2].states[:8, 0], 8, np.random.default_rng(0), 0, "")
    assert Functions(exact(case()[2].states[:8, 0])).within(few, FOUND) == 0


def test_of_a_space_with_more_dimensions_than_test_trajectories_what_these_tell_apart_counts():
    _, key, test = case(trajectories=2)
    states = test.states.reshape(-1, 5)
    target = ScoredSpace.of(key.targets[0], states, 2, np.random.default_rng(0), 0, "")
    assert (target.space.dimension, target.scored_dimension) == (3, 2)
    assert Functions(target.space.evaluate(states)).within(target, FOUND) == 2


@given(
    seed=st.integers(0, 2**32 - 1),
    taken=st.integers(0, 3),
    garbage=st.integers(0, 20),
    repeated=st.integers(1, 3),
    exponent=st.integers(-200, 200),
)
def test_basis_scale_phase_order_copies_and_garbage_change_no_count(
    seed, taken, garbage, repeated, exponent
):
    _, right, wrong = points()
    rng = np.random.default_rng(seed)
    chosen = np.linalg.qr(rng.standard_normal((3, 3)))[0][:, :taken]
    values = np.hstack([*[right @ chosen] * repeated, wrong[:, :garbage]])
    values = values * np.exp(2j * np.pi * rng.random(values.shape[1])) * 10.0**exponent
    assert count(values[:, rng.permutation(values.shape[1])]) == taken


@pytest.mark.parametrize("size", [0.9, 1.1])
def test_the_limit_is_that_of_the_sine(size):
    target, right, wrong = points()
    function, other = right[:, 0] / np.linalg.norm(right[:, 0]), wrong[:, 0]
    other = other - target.basis @ (target.basis.T @ other)
    sine = np.sin(np.arctan(size * 0.05))
    other *= sine / np.sqrt(1 - sine**2) / np.linalg.norm(other)
    limit = np.sin(np.arctan(0.05))
    assert count((function + other)[:, None], limit) == (size < 1)
