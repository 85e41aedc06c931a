import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from koopmark import _repr, fit, infer_structure, simulate, systems
from koopmark.datasets import AnswerKey
from koopmark.models import LinearModel, Model
from koopmark.run import Finished
from koopmark.scoring import evaluate
from koopmark.simulation import Trajectories
from koopmark.systems import LowRank, System

TIMES = np.linspace(0, 5, 51)


@pytest.fixture(scope="module")
def network():
    return systems.random_rnn(6, 2, theta_scale=1.0)


@pytest.fixture(scope="module")
def data(network):
    return simulate(network, np.random.default_rng(0).normal(size=(40, 6)), TIMES)


@pytest.fixture(scope="module")
def model(data):
    return fit("koopmark.qr_edmd", data, dictionary={"kind": "monomials", "degree": 2})


def as_html(thing):
    """The markup, which must be well-formed."""
    text = thing._repr_html_()
    ElementTree.fromstring(text)
    return text


def cells(html, tag="td"):
    return re.findall(f"<{tag}>([^<]*)</{tag}>", html)


@pytest.mark.parametrize("name", systems.CATALOGUE)
def test_every_system_and_its_eigenspaces_say_in_a_line_what_they_are(name):
    system = systems.example(name)
    for thing in (system, *system.eigenspaces(2), *system.conserved()):
        assert repr(thing).startswith(f"<{type(thing).__name__} ")
        assert len(repr(thing)) < 120
        assert "array(" not in repr(thing)
        assert "\n" not in repr(thing)
        assert as_html(thing)


@pytest.mark.parametrize("name", systems.CATALOGUE)
def test_a_system_shows_the_eigenvalues_and_dimensions_of_its_eigenspaces(name):
    system = systems.example(name)
    spaces = system.eigenspaces(2)
    shown = cells(as_html(system))
    expected = [(_repr.eigenvalue(s.eigenvalue), f"{s.dimension:,}") for s in spaces]
    assert shown == [text for row in expected[: _repr.ROWS] for text in row]


def test_a_network_shows_its_equation():
    assert "ẋ = -x + W tanh(x), N = 3, rank 2" in repr(systems.three_populations())
    assert "+ θ" in repr(systems.random_rnn(4, 1, theta_scale=1.0))
    assert "ẋᵢ = xᵢ(-cᵢ + Σⱼ Wᵢⱼxⱼ)" in repr(systems.random_lotka_volterra(4, 2))


def test_an_eigenspace_shows_eigenvalue_and_dimension(network):
    assert repr(network.eigenspaces(2)[1]) == (
        "<ProductEigenspace λ = -2, dimension 10, products of 2 functions uᵀζ(x)>"
    )


def test_a_large_system_is_shown_without_factoring_its_weights():
    rng = np.random.default_rng(0)
    weights = LowRank(*rng.standard_normal((2, 20_000, 3)))
    system = systems.rnn(weights)
    assert "dimension" in as_html(system)
    assert "20,000" in repr(system)
    assert "thin_qr" not in vars(weights)
    assert "null_space" not in vars(weights)


def test_trajectories_show_their_shape_and_times(data):
    assert repr(data) == "<Trajectories M = 40, T = 51, N = 6, t = 0 to 5, Δt = 0.1>"
    assert as_html(data).count("<polyline") == 3


def test_uneven_times_and_diverged_trajectories_show():
    states = np.ones((2, 3, 1))
    states[1, 2:] = np.nan
    data = Trajectories(states, np.array([0.0, 1.0, 5.0]), np.array([np.nan, 4.0]))
    assert "5 of 6 states recorded, 2 of 3 steps one Δt long, 1 diverged" in repr(data)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 1, 1), (1, 3, 0)])
def test_trajectories_of_any_shape_show_themselves(shape):
    data = Trajectories(np.zeros(shape), np.arange(float(shape[1])))
    assert "M = " in repr(data)
    assert as_html(data)


def test_a_curve_ends_where_the_trajectory_diverged():
    states = np.arange(10.0).reshape(1, 10, 1)
    states[0, 6:] = np.nan
    (points,) = re.findall('points="([^"]*)"', as_html(Trajectories(states, np.arange(10.0))))
    assert len(points.split()) == 6


def test_long_trajectories_make_short_markup():
    data = Trajectories(np.random.default_rng(0).normal(size=(1, 50_000, 5)), np.arange(50_000.0))
    assert len(as_html(data)) < 10_000


def test_a_model_shows_its_best_pairs_and_says_how_many_more_there_are(model):
    assert "28 eigenpairs" in repr(model)
    html = as_html(model)
    assert "and 18 more" in html
    residuals = [float(text) for text in cells(html)[3::4]]
    assert len(residuals) == _repr.ROWS
    assert residuals == [float(f"{r:.1e}") for r in np.sort(model.residuals)[: _repr.ROWS]]


def test_a_model_without_residuals_shows_what_decays_slowest_first():
    rates = np.array([-3.0, -1.0 + 2j, np.nan, -1.0 - 2j, -np.inf, 0.5])
    model = LinearModel(lambda x: x, np.eye(6), rates, 0.1)
    html = as_html(model)
    assert cells(html, "th") == ["λ", "growth Re λ", "frequency |Im λ| / 2π"]
    assert cells(html)[::3] == ["0.5", "-1+2i", "-1-2i", "-3", "–", "-inf"]
    assert cells(html)[2::3][1] == "0.3183"


def test_what_a_model_says_is_text_and_not_markup():
    note = "<script>alert(1)</script> & <b>"
    html = as_html(LinearModel(lambda x: x, np.eye(1), np.array([-1 + 0j]), 0.1, note=note))
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in html


def test_showing_a_model_evaluates_no_eigenfunction(model):
    def lift(states):
        raise AssertionError("evaluated")

    untouched = LinearModel(lift, model.coefficients, model.rates, model.dt)
    assert repr(untouched)
    assert as_html(untouched)


def test_a_dataclass_of_a_users_shows_itself_in_the_same_way():
    @dataclass(frozen=True, eq=False)
    class Mine(Model):
        numbers: np.ndarray

        @property
        def eigenvalues(self):
            return self.numbers

        def eigenfunctions(self, windows):
            raise NotImplementedError

    @dataclass(frozen=True, eq=False)
    class Named(Mine):
        def __repr__(self):
            return "named"

    @dataclass(frozen=True, eq=False)
    class Child(Named):
        pass

    numbers = np.array([-1 + 0j])
    assert repr(Mine(numbers)) == "<Mine 1 eigenpair, window 1>"
    assert repr(Child(numbers)) == "named"


def test_scores_show_a_row_for_each_exact_eigenspace(model, network, data):
    scores = evaluate(model, AnswerKey.of(network, 2), data)
    found = scores.fit.verified
    assert found >= 14
    assert repr(scores) == (
        f"<Scores 2 exact eigenspaces, {found} of 28 eigenpairs obey the dynamics>"
    )
    html = as_html(scores)
    assert cells(html)[::4] == ["-1 (x4)", "-2 (x10)"]
    shown = [float(text) for text in cells(html)[2::4]]
    assert shown == [float(f"{row.eigenfunction_error:.1e}") for row in scores.targets]


def test_inferred_structure_shows_its_rank(model, data):
    shown = "<Structure N = 6, rank 2, left null space of dimension 4>"
    assert repr(infer_structure(model, data)) == shown


def test_a_finished_run_shows_how_its_fits_ended_without_reading_its_tables():
    done = Finished(Path("nowhere"), Counter(ok=3, timeout=1, failed=0))
    assert repr(done) == "<Finished nowhere, 4 fits, 3 ok, 1 timeout>"


@pytest.mark.parametrize(
    ("value", "text"),
    [(-1, "-1"), (-0.41 + 2j, "-0.41+2i"), (-1 + 1e-15j, "-1"), (complex("nan"), "–")],
)
def test_eigenvalues_are_written_to_four_digits(value, text):
    assert _repr.eigenvalue(complex(value)) == text


def test_shown_markup_needs_nothing_from_elsewhere(network, data, model):
    for thing in (network, data, model, *network.eigenspaces()):
        assert not re.search(r"https?:|<script|<link|src=|url\(|background", as_html(thing))


def test_a_system_of_a_users_needs_to_say_nothing():
    class Still(System):
        size = 2

        def rhs(self, states, out=None):
            return np.zeros_like(states)

        def eigenspaces(self, max_degree=1):
            return ()

    assert repr(Still()) == "<Still N = 2>"
    assert as_html(Still())
