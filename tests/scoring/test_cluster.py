"""Radii of clusters, and what stands for an eigenvalue, on functions that are made up."""

import numpy as np
import pytest

from koopmark.scoring._cluster import (
    CLUSTER_RADIUS,
    SAME_FUNCTION,
    choose,
    constants,
    obeying,
    radii,
    tolerances,
)
from koopmark.scoring._residuals import Along
from koopmark.systems import SINH
from koopmark.truth import ConservedSums, ExponentialEigenspace

DT = 0.1
TIMES = DT * np.arange(11)
STARTS = np.random.default_rng(0).standard_normal((40, 3))


def decaying(rates):
    """Functions exp(rate t) of each trajectory's own start: (M, T, s)."""
    rates = np.asarray(rates)
    starts = np.resize(STARTS.T, (len(rates), len(STARTS))).T
    return starts[:, None] * np.exp(rates * TIMES[:, None])


def space(dimension):
    return ExponentialEigenspace(np.eye(3)[:, :dimension], SINH, 1.0, whole=True)


def chosen_of(rates, labels, dimension, **options):
    along = decaying(rates)
    values = along.reshape(-1, len(rates))
    labels = np.asarray(labels, dtype=complex)
    return choose(space(dimension), -1.0, labels, values, Along(along, DT), **options)


def test_a_cluster_ends_half_way_to_the_next_eigenvalue():
    found = radii(np.array([-1.0, -1.06, -3.0, -3.0, -1.0 + 0.04j]))
    np.testing.assert_allclose(found, [0.02, 0.03, CLUSTER_RADIUS, CLUSTER_RADIUS, 0.02])
    assert radii(np.array([2.0 + 0j])) == CLUSTER_RADIUS


def test_what_obeys_the_eigenvalue_is_chosen_and_not_what_is_labelled_nearest():
    choice = chosen_of([-1.03, -1.0, -2.0], [-1.0, -1.02, -2.0], 1)
    assert choice.chosen.tolist() == [1]
    assert choice.size == 2
    np.testing.assert_allclose(choice.distances, [0.02])


def test_of_several_labels_of_one_function_the_farthest_counts():
    along = decaying([-1.0])[..., [0, 0]]
    labels = np.array([-1.0, -1.04], dtype=complex)
    choice = choose(space(1), -1.0, labels, along.reshape(-1, 2), Along(along, DT))
    assert choice.size == 2
    np.testing.assert_allclose(choice.distances, [0.04])


def test_without_values_the_nearest_labels_count_and_nothing_is_chosen():
    labels = np.array([-3.0, -1.1, -1.2], dtype=complex)
    choice = choose(space(2), -1.0, labels, None, Along(np.zeros((1, 1, 3)), DT))
    np.testing.assert_allclose(choice.distances, [0.1, 0.2])
    assert (choice.size, choice.chosen, choice.note) == (2, None, "")


def test_too_few_points_are_said():
    values = np.ones((3, 2))
    choice = choose(space(2), -1.0, np.array([-1.0, -1.0]), values, Along(values[:, None], DT))
    assert choice.chosen is None
    assert choice.note == "3 test points for 2 recovered functions"


def test_a_single_time_takes_the_nearest_labels_and_says_so():
    along = decaying([-1.0, -1.0, -1.0])[:, :1]
    labels = np.array([-1.02, -1.01, -1.03], dtype=complex)
    choice = choose(space(2), -1.0, labels, along[:, 0], Along(along, DT))
    assert choice.chosen.tolist() == [0, 1]
    assert choice.note.startswith("of 3 functions the 2 nearest in eigenvalue: a single time")


def test_fewer_functions_than_dimensions_are_all_chosen():
    choice = chosen_of([-1.0], [-1.5], 2)
    assert (choice.chosen.tolist(), choice.size, choice.note) == ([0], 1, "")
    assert np.isnan(choice.rate)


def test_places_that_are_left_go_to_the_largest_parts_compared_to_their_rates():
    first, second, third, fourth, fifth = np.moveaxis(
        np.random.default_rng(3).standard_normal((40, 1, 5)), 2, 0
    )
    right, wrong = np.exp(-TIMES), np.exp(-1.3 * TIMES)
    one = first * right
    along = np.stack(
        [
            one,
            one + 1e-8 * second * right + 1e-10 * third * wrong,
            one + 1e-7 * fourth * right + 3e-10 * fifth * wrong,
        ],
        axis=2,
    )
    labels = np.full(3, -1.0 + 0j)
    choice = choose(space(2), -1.0, labels, along.reshape(-1, 3), Along(along, DT))
    assert choice.chosen.tolist() == [0, 2]


def test_beside_a_part_all_that_obey_are_chosen_with_their_rate():
    part = ConservedSums(np.eye(3)[:, :1], SINH)
    along = decaying([0.0, 0.0, 0.0, 0.04])
    labels = np.array([0.0, 0.01, 0.02, 0.03], dtype=complex)
    choice = choose(part, 0.0, labels, along.reshape(-1, 4), Along(along, DT))
    assert choice.chosen.tolist() == [0, 1, 2]
    assert choice.rate < 1e-9
    alone = choose(part, 0.0, labels, along.reshape(-1, 4), Along(along, DT), others=False)
    assert len(alone.chosen) == 1
    assert np.isnan(alone.rate)


def test_tolerances_are_rates_over_twice_the_radius_and_at_least_those_of_one_function():
    np.testing.assert_allclose(tolerances(np.array([0.0, 1e-3, 0.1])), [SAME_FUNCTION, 0.01, 1.0])


def test_of_functions_that_are_combinations_those_that_obey_best_are_kept():
    values = decaying([-1.0, -1.0, -1.0]).reshape(-1, 3)
    values = np.column_stack([values[:, 0], values[:, 1], values[:, 0] + values[:, 1]])
    rates = np.array([1e-3, 1e-9, 1e-8])
    assert obeying(values, rates, np.arange(3)).tolist() == [1, 2]
    assert obeying(values, rates, np.arange(2), given=np.array([2])).tolist() == [1]
    assert obeying(values, rates, np.array([0]), given=np.array([], dtype=int)).tolist() == [0]


@pytest.mark.parametrize(("ripple", "at_zero"), [(1e-9, True), (1e-3, True), (1e-3, False)])
def test_a_constant_is_one_up_to_what_its_rate_leaves_in_doubt(ripple, at_zero):
    values = np.ones((50, 1)) + ripple * np.resize([1.0, -1.0], 50)[:, None]
    eigenvalue = np.array([0.0 if at_zero else -1.0], dtype=complex)
    (constant,) = constants(values, eigenvalue, np.array([0.01]))
    assert constant == (ripple < 1e-6 or at_zero)
