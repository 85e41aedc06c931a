"""Precision and recall: which recovered pairs are Koopman eigenpairs, and how many are missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.scoring._cluster import constants
from koopmark.scoring._spectrum import score_spectrum
from koopmark.spectrum import KnownSpectrum, LatticePoint, Term

DT = 0.1


def point(eigenvalue, multiplicity, exact=False):
    exponents = (0,) if exact else (1,)
    return LatticePoint(complex(eigenvalue), (Term(exponents, 1, multiplicity),))


KNOWN = KnownSpectrum((point(-0.6, 1), point(-1, 3, exact=True), point(-1.2 + 1j, 1)), 2.0)


def score(eigenvalues, residuals=0.0, known=KNOWN, values=None, **options):
    """Of functions that are independent, and constant at 0."""
    eigenvalues = np.array(eigenvalues, dtype=complex)
    if values is None:
        values = np.random.default_rng(0).standard_normal((40, len(eigenvalues)))
        values[:, eigenvalues == 0] = 1.0
    rates = np.broadcast_to(residuals, len(eigenvalues)) / DT
    constant = constants(values, eigenvalues, rates)
    return score_spectrum(known, eigenvalues, rates, values, constant, **options)


def test_the_lattice_itself_scores_one_and_one():
    found = score([-1, -0.6, -1, -1.2 + 1j, -1])
    assert (found.precision, found.recall) == (1.0, 1.0)
    assert found.kinds == ("exact", "known", "exact", "known", "exact")


def test_an_eigenvalue_off_the_lattice_is_spurious():
    found = score([-0.6, -0.8, -1.2])
    assert found.kinds == ("known", "spurious", "spurious")
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == pytest.approx(1 / 5)


def test_a_right_eigenvalue_whose_function_does_not_obey_it_is_spurious():
    # Per unit of time the residual may be 0.05: 0.005 over a step of 0.1.
    assert score([-0.6, -0.6], [0.0049, 0.0051]).kinds == ("known", "spurious")


def test_no_lattice_point_is_found_more_often_than_its_multiplicity():
    found = score([-0.6, -0.61, -1, -1, -1, -1.01])
    assert found.kinds == ("known", "spurious", "exact", "exact", "exact", "spurious")
    assert found.precision == pytest.approx(4 / 6)
    assert found.recall == pytest.approx(4 / 5)


@pytest.mark.parametrize(("rate", "away"), [(0.0, 0.0), (9e-7, 0.0), (4e-7, 5e-7)])
def test_what_obeys_an_occupied_point_is_surplus_and_counts_neither_way(rate, away):
    found = score([-0.6, -1, -1, -1, -1 - away, -0.6 - away], rate * DT)
    assert found.kinds == ("known", "exact", "exact", "exact", "surplus", "surplus")
    assert (found.precision, found.recall) == (1.0, 4 / 5)
    assert found.judged == pytest.approx(4 / 6)


@pytest.mark.parametrize(("rate", "away"), [(1.1e-6, 0.0), (0.0, 1.1e-6), (6e-7, 6e-7)])
def test_what_obeys_an_occupied_point_only_nearly_is_spurious(rate, away):
    found = score([-0.6, -1, -1, -1, -1 - away, -0.6 - away], rate * DT)
    assert found.kinds == ("known", "exact", "exact", "exact", "spurious", "spurious")


def test_pairs_are_matched_so_that_as_many_as_can_be_are():
    close = KnownSpectrum((point(-1.0, 1, exact=True), point(-1.06, 1)), 2.0)
    # -1.04 is nearer to -1.06, but -1.09 can have nothing else.
    found = score([-1.04, -1.09], known=close)
    assert found.kinds == ("exact", "known")


def test_the_constant_counts_neither_way():
    found = score([0.0, -0.6])
    assert found.kinds == ("constant", "known")
    assert found.precision == 1.0
    assert found.recall == pytest.approx(1 / 5)


def test_eigenvalues_beyond_the_bound_are_not_judged():
    found = score([-3.0, 2.5, -0.6])
    assert found.kinds == ("beyond", "beyond", "known")
    assert found.precision == 1.0


def test_what_is_not_finite_has_no_kind():
    found = score([-np.inf, np.nan, -0.6], [np.inf, np.nan, 0.0])
    assert found.kinds == ("", "", "known")


def one_function(*sizes):
    """A function as often as there are sizes, each time with so much noise on it."""
    rng = np.random.default_rng(1)
    return rng.standard_normal((40, 1)) + rng.standard_normal((40, len(sizes))) * sizes


@pytest.mark.parametrize("noise", [0.0, 1e-12, 4e-7])
def test_a_copy_stands_for_nothing_and_counts_neither_way(noise):
    found = score([-1, -1, -1], values=one_function(0.0, noise, noise))
    assert found.kinds == ("exact", "copy", "copy")
    assert found.precision == 1.0
    assert found.judged == pytest.approx(1 / 3)
    assert found.recall == pytest.approx(1 / 5)


@pytest.mark.parametrize(("noise", "kind"), [(9e-3, "copy"), (0.04, "exact")])
def test_noise_on_a_copy_counts_if_it_obeys(noise, kind):
    # At a rate of 2e-3 for the whole, noise of 0.02 would be a function that disobeys at 0.1.
    found = score([-1, -1], [0.0, 2e-4], values=one_function(0.0, noise))
    assert found.kinds == ("exact", kind)


def test_one_function_at_two_near_points_stands_for_one_of_them():
    close = KnownSpectrum((point(-1.0, 1), point(-1.06, 1), point(-1.3, 1)), 2.0)
    found = score([-1.0, -1.06], [0.0, 4e-3], known=close, values=one_function(0.0, 0.0))
    assert found.kinds == ("known", "copy")
    # So far apart no function obeys both.
    assert score([-1.0, -1.3], known=close, values=one_function(0, 0)).kinds == ("known", "known")


def test_the_judged_share_is_that_of_the_pairs_of_which_precision_is_taken():
    values = np.random.default_rng(0).standard_normal((40, 7))
    values[:, 5:] = 2.0
    found = score([-0.6, -0.8, -50.0, np.nan, -np.inf, 0.0, -1.0], values=values)
    assert found.kinds == ("known", "spurious", "beyond", "", "", "constant", "constant")
    assert found.precision == 0.5
    assert found.judged == pytest.approx(2 / 5)


def test_nothing_recovered_has_no_precision_and_says_so():
    found = score([])
    assert np.isnan(found.precision)
    assert found.recall == 0.0
    assert "no recovered pair has |Re λ| <= 2" in found.note


def test_an_unknown_lattice_is_no_score_but_a_note():
    found = score([-1.0], known=None, unknown="they end at 2 different fixed points")
    assert np.isnan([found.precision, found.recall]).all()
    assert found.kinds == ("",)
    assert found.note == "precision, recall: they end at 2 different fixed points"
    assert score([-1.0], known=None).note == ""
    none = score([-1.0], known=KnownSpectrum((), 0.1))
    assert none.note == "precision, recall: no eigenvalue is that slow"


@given(st.permutations(range(6)))
def test_the_order_of_the_pairs_does_not_matter(order):
    eigenvalues = np.array([-0.6, -0.62, -1, -1.03, -0.9, 0.0])
    straight, mixed = score(eigenvalues), score(eigenvalues[list(order)])
    assert (mixed.precision, mixed.recall) == (straight.precision, straight.recall)
    assert mixed.kinds == tuple(straight.kinds[i] for i in order)
