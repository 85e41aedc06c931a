import numpy as np
import pytest
from scipy import stats

from koopmark.report.boards.significance import compare, critical_difference, friedman


@pytest.mark.parametrize(
    ("methods", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)], ids=str
)
def test_the_critical_difference_has_the_q_of_demsar_2006_table_5(methods, q):
    expected = q * np.sqrt(methods * (methods + 1) / (6 * 14))
    assert critical_difference(14, methods) == pytest.approx(expected, rel=1e-3)


def test_the_statistic_is_that_of_an_analysis_of_variance_of_the_ranks():
    """Iman and Davenport's F, methods against what they and the blocks leave unexplained."""
    ranks = stats.rankdata(np.random.default_rng(1).integers(0, 4, (9, 5)), axis=1)
    ranks[:, 0] += 1.0
    ranks = stats.rankdata(ranks, axis=1)
    between = 9 * ((ranks.mean(axis=0) - 3.0) ** 2).sum() / 4
    within = ((ranks - ranks.mean(axis=0)) ** 2).sum() / (4 * 8)
    assert friedman(ranks) == pytest.approx(stats.f.sf(between / within, 4, 32))


def test_methods_that_always_rank_alike_do_so_by_chance_as_rarely_as_orders_repeat():
    # Four blocks repeat the first one's order, one of six.
    assert compare(np.tile([1.0, 2.0, 3.0], (5, 1))).p == pytest.approx(6.0**-4)


def test_methods_that_are_all_alike_do_not_differ():
    test = compare(np.full((8, 3), 2.0))
    assert (test.p, test.differ) == (1.0, False)


def test_random_ranks_are_called_different_as_often_as_promised():
    rng = np.random.default_rng(0)
    found = [compare(stats.rankdata(rng.random((10, 6)), axis=1)).differ for _ in range(1000)]
    assert 0.03 < np.mean(found) < 0.07


def test_two_methods_are_told_apart_by_six_wins_and_not_by_five():
    wins = np.tile([1.0, 2.0], (6, 1))
    assert compare(wins).name == "sign test"
    assert compare(wins).p == pytest.approx(2 / 64)
    assert compare(wins[:5]).reason == "5 of the 6 blocks that a test of them needs"


def test_blocks_without_a_winner_say_nothing():
    assert compare(np.full((7, 2), 1.5)).p == 1.0


@pytest.mark.parametrize("shape", [(4, 3), (0, 3), (9, 1)])
def test_too_little_to_go_by_is_said(shape):
    test = compare(np.ones(shape))
    assert not test.done
    assert not test.differ
    assert test.reason
