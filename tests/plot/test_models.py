"""Spectra and eigenfunctions of models, of scores, and of the fits of a run."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import koopmark
from koopmark import plot
from koopmark._errors import ConfigError
from koopmark.datasets import AnswerKey
from koopmark.scoring import evaluate

SYSTEM = koopmark.systems.three_populations()


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    times = np.linspace(0.0, 3.0, 31)
    return [koopmark.simulate(SYSTEM, rng.uniform(-3, 3, (30, 3)), times) for _ in range(2)]


@pytest.fixture(scope="module")
def model(data):
    return koopmark.fit("koopmark.qr_edmd", data[0], dictionary={"kind": "identity"})


@pytest.fixture
def ax():
    return Figure().subplots()


def test_a_spectrum_has_the_eigenvalues_of_the_model_and_the_exact_ones(model, data, ax):
    assert plot.spectrum(model, data[1], ax=ax) is ax
    drawn = ax.collections[0].get_offsets()
    assert sorted(drawn[:, 0]) == sorted(model.eigenvalues.real)
    assert [
        list(line.get_xdata()) for line in ax.lines if line.get_markerfacecolor() == "none"
    ] == [[-1.0]]


def test_scores_are_drawn_as_the_model_they_are_of(model, data, ax):
    scores = evaluate(model, AnswerKey.of(SYSTEM), data[1])
    plot.spectrum(scores, ax=ax)
    assert sorted(ax.collections[0].get_offsets()[:, 0]) == sorted(model.eigenvalues.real)


def test_several_models_have_their_names_and_marks(model, data, ax):
    plot.spectrum({"one": model, "two": model}, data[1], ax=ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two", "exact"]


def test_an_eigenfunction_decays_as_its_eigenvalue_says(model, data, ax):
    plot.eigenfunction(model, data[1], ax=ax)
    exact = ax.lines[0]
    sizes = exact.get_ydata()
    assert np.allclose(sizes, sizes[0] * np.exp(-exact.get_xdata()))
    recovered = ax.lines[-1]
    places = {round(float(time), 9) for time in exact.get_xdata()}
    assert {round(float(time), 9) for time in recovered.get_xdata()} <= places
    assert ax.get_yscale() == "log"


def test_what_was_recovered_exactly_lies_on_the_diagonal(model, data, ax):
    plot.eigenfunction(model, data[1], view="scatter", target="-1", ax=ax)
    marks = ax.lines[-1]
    assert np.allclose(marks.get_xdata(), marks.get_ydata(), atol=1e-9)


def test_a_map_has_contours_of_both(model, data, ax):
    plot.eigenfunction(model, data[1], view="map", ax=ax)
    exact, recovered = ax.collections[:2]
    assert list(exact.levels) == list(recovered.levels)
    assert ax.get_xlabel().startswith("x")


def test_a_fit_of_a_run_is_drawn_from_its_tables(small, ax):
    plot.spectrum(small, "linear", "three_populations", seed=1, ax=ax)
    fit = small.fits.query("method == 'linear' and dataset == 'three_populations' and seed == 1")
    pairs = small.eigenpairs[small.eigenpairs["fit_id"] == fit["fit_id"].iloc[0]]
    assert sorted(ax.collections[0].get_offsets()[:, 0]) == sorted(pairs["eigenvalue_re"])


def test_an_eigenfunction_of_a_run_is_drawn_from_its_portraits(small, ax):
    plot.eigenfunction(small, "linear", "-1", "three_populations", view="scatter", ax=ax)
    points = small.portraits.query(
        "dataset == 'three_populations' and seed == 0 and target == '-1'"
    )
    points = points[points["part"] != "angle"]
    assert set(ax.lines[-1].get_xdata()) == set(points["exact"])
    recovered = points["exact"] + points["difference: linear"]
    assert np.allclose(sorted(ax.lines[-1].get_ydata()), sorted(recovered))


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (lambda model, test: plot.spectrum(model), "give its test trajectories"),
        (lambda model, test: plot.spectrum(3, test), "int cannot be drawn"),
        (lambda model, test: plot.spectrum({}, test), "the mapping is empty"),
        (lambda model, test: plot.eigenfunction(model, test, "-7"), "unknown target: '-7'"),
        (
            lambda model, test: plot.eigenfunction({"a": model, "b": model}, test, view="map"),
            "a map shows one method, not 2: choose one of a, b",
        ),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(model, data, what, sentence):
    with pytest.raises(ConfigError, match=sentence):
        what(model, data[1])


def test_what_is_drawn_of_a_map_is_called_mu_and_has_the_unit_circle(ax):
    network = koopmark.systems.random_rnn(n=4, rank=2, gain=1.5, seed=0).as_map(0.3)
    rng = np.random.default_rng(0)
    train, test = (
        koopmark.simulate(network, rng.standard_normal((20, 4)), np.arange(8.0)) for _ in range(2)
    )
    model = koopmark.fit("koopmark.qr_edmd", train, dictionary={"kind": "identity"})
    plot.spectrum(model, test, ax=ax)
    assert ax.get_xlabel() == "Re μ (one step)"
    (circle,) = ax.patches
    assert circle.get_radius() == 1.0
    other = Figure().subplots()
    plot.eigenfunction(model, test, ax=other)
    assert other.get_ylabel() == "|φ| along trajectories, μ = 0.7"
    assert other.get_xlabel() == "step"
