"""Every dataset is described as it is, in the repository and on a page."""

import re
from html import escape
from pathlib import Path

import numpy as np
import pytest

from koopmark import datasets
from koopmark.pages.catalogue import as_markdown, write
from koopmark.pages.catalogue._entries import entry, short_title
from koopmark.pages.catalogue._groups import COMBINED, OTHER, UNDER, group_of
from koopmark.pages.catalogue._pictures import driven, plane, portrait, spectrum

README = Path(__file__).parents[3] / "datasets" / "README.md"

RECIPE = """
title = "A <small> network"
description = "For tests."
[system]
kind = "random_rnn"
n = 4
rank = 2
gain = {gain}
activation = "{activation}"
[initial_states]
kind = "normal"
scale = 1.0
[sampling]
trajectories = 5
test_trajectories = 3
dt = 0.25
horizon = {horizon}
noise = 0.5
"""


@pytest.fixture
def make(tmp_path):
    def make(name="small", gain=1.5, activation="tanh", horizon=2.0):
        path = tmp_path / f"{name}.toml"
        path.write_text(RECIPE.format(gain=gain, activation=activation, horizon=horizon))
        return datasets.load_recipe(path)

    return make


def test_the_committed_catalogue_is_that_of_the_recipes():
    recipes = [datasets.load_recipe(name) for name in datasets.names()]
    assert README.read_text() == as_markdown(recipes), "make catalogue writes it again"


def test_an_entry_says_what_the_recipe_says(make):
    said = entry(make())
    assert said.system == "Relaxation ẋ = -x + W tanh(x), N = 4, rank 2"
    assert said.drawn_anew
    assert said.eigenvalues == "-1 (x2)"
    assert "gain = 1.5" in said.parameters
    assert "5 training and 3 test trajectories, Δt = 0.25, t = 0 to 2" in said.sampling
    assert "noise 0.5" in said.sampling


@pytest.mark.parametrize(
    ("name", "equation"),
    [
        ("prescribed_fourier", "ẋ = g + Z(Jφ Z)⁻¹(Λφ - Jφ g), g = K h(x), φ = Bx + C cos(Dx + b)"),
        ("prescribed_bump", "φ = Bx + c + C tanh(Dx + b)"),
        ("prescribed_quadratic", "φ = Bx + C f(x), f monomials of Dx, degree 2, p = 1"),
        ("coupling_polynomial", "ẋ = DΨ(x)⁻¹ΛΨ(x), y = Ψ(x), ẏ = Λy"),
        ("coupling_oscillators", "2 layers (x₁, x₂) → (x₁, x₂ exp(S f(x₁)) + T f(x₁))"),
    ],
)
def test_an_entry_holds_the_equation(name, equation):
    assert equation in entry(datasets.load_recipe(name)).system


def test_principal_eigenvalues_are_listed_where_they_are_the_targets():
    recipe = datasets.load_recipe("rnn_6_2_stable")
    said = entry(recipe).eigenvalues
    wanted = datasets.target_list(recipe, 0)
    assert said.startswith(f"{wanted[0].eigenvalue.real:.4g}")
    assert f"and {len(wanted) - 8} more" in said
    assert "(principal eigenvalues and their sums, seed 0)" in said


def test_values_are_plain_text():
    said = entry(datasets.load_recipe("prescribed_oscillator"))
    assert "graph = no" in said.parameters
    assert "oscillations = (-0.2, 2)," in said.parameters
    assert said.regime.startswith("kind = limit cycle; fixed point; fixed point, attractors = 1,")
    assert entry(datasets.load_recipe("rnn_6_2_stable")).regime.startswith("kind = fixed point, ")


def test_the_page_has_a_card_and_a_portrait_for_each_and_loads_nothing(make, tmp_path):
    steps = []
    page = write([make(), make("other")], tmp_path / "out", lambda: steps.append(1))
    text = page.read_text()
    assert len(steps) == 2
    for name in ("small", "other"):
        assert f'<article id="{name}" class="entry"' in text
        assert f"3 test trajectories of {name}" in text
        assert f"Eigenvalues of {name} in the complex plane" in text
    assert escape("A <small> network") in text
    assert "<small>" not in text
    assert not re.findall(r'(?:src|href)="(?!#)', text)


def test_what_diverges_has_a_reason_instead_of_a_portrait(make, tmp_path):
    blows_up = make("unbounded", gain=30.0, activation="identity", horizon=60.0)
    text = write([blows_up], tmp_path).read_text()
    assert "No portrait: " in text
    assert "trajectories diverged" in text


def test_two_units_are_drawn_as_they_are_and_more_in_their_leading_plane():
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((4, 6, 2))
    np.testing.assert_array_equal(plane(flat)[0], flat)
    turned, _ = np.linalg.qr(rng.standard_normal((5, 2)))
    seen, titles = plane((flat * [3.0, 1.0]) @ turned.T)
    assert titles[0] == "PC 1"
    assert seen[..., 0].var() > seen[..., 1].var()
    # An isometric view of a plane keeps distances.
    np.testing.assert_allclose(
        np.linalg.norm(np.diff(seen, axis=1), axis=-1),
        np.linalg.norm(np.diff(flat * [3.0, 1.0], axis=1), axis=-1),
    )


def test_a_portrait_of_states_that_rest_is_drawn_too():
    assert "nan" not in portrait(np.ones((2, 3, 2)), "rest")
    assert "nan" not in portrait(np.arange(6.0).reshape(2, 3, 1), "line")


def test_every_shipped_dataset_has_a_group():
    assert [
        name for name in datasets.names() if group_of(datasets.load_recipe(name)) == OTHER
    ] == []


@pytest.mark.parametrize(
    ("title", "numbers", "short"),
    [
        ("A network, 10 units, rank 2", [10, 2], "A network"),
        ("Linear, normal, 5 variables", [5, None], "Linear, normal"),
        ("Inertial, 5 units of second order", [10, 2], "Inertial, 5 units of second order"),
        ("Nearly, rank 2 and a little", [10, None], "Nearly, rank 2 and a little"),
    ],
)
def test_a_title_does_not_repeat_the_numbers_beside_it(title, numbers, short):
    assert short_title(title, numbers) == short


def test_eigenfunctions_up_to_a_bound_are_told_from_exact_ones():
    near = entry(datasets.load_recipe("nearly_low_rank"))
    assert not near.exact
    assert near.eigenvalues == "≈-1 (x8)"
    assert entry(datasets.load_recipe("three_populations")).exact


def test_the_spectrum_has_a_dot_for_each_eigenvalue_where_it_belongs():
    drawn = spectrum([-2.0, -1.0 + 3.0j, -1.0 - 3.0j], "x")
    dots = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn)
    slow, fast = sorted((float(x), float(y)) for x, y in dots)[1:], min(float(x) for x, _ in dots)
    assert fast < slow[0][0] == slow[1][0]
    assert sorted(re.findall(r">([−\d.]+)<", drawn)) == sorted(["−2", "0", "−3", "3"])


def test_the_spectrum_of_real_eigenvalues_is_drawn_too():
    drawn = spectrum([-1.0], "x")
    assert "nan" not in drawn
    assert "−0<" not in drawn


def test_a_portrait_breaks_its_lines_at_gaps_and_ends_them_where_the_trial_ends():
    states = np.stack([np.arange(12.0).reshape(6, 2)] * 3)
    states[0, 2, 1], states[1, 4:], states[2] = np.nan, np.nan, np.nan
    drawn = portrait(states, "gaps")
    first, second = re.findall(r'<path d="([^"]*)"/>', str(drawn).split('class="paths"')[1])
    assert [part.count("L") for part in first.split("M")[1:]] == [1, 2]
    assert [part.count("L") for part in second.split("M")[1:]] == [3]
    assert "nan" not in drawn
    ends = re.findall(r'<circle cx="([^"]*)" cy="([^"]*)"', drawn)
    assert [f"{x} {y}" for x, y in ends] == [first.rpartition("L")[2], second.rpartition("L")[2]]


def test_the_catalogue_says_and_draws_what_trials_leave_out(make, tmp_path):
    keys = {"trials.gaps": 0.2, "trials.shortest": 0.5}
    recipe = datasets.varied(make(), keys, "trials", "here")
    said = "training trials: lengths from 50 to 100 % of the horizon, 20 % of the states"
    assert said in entry(recipe).sampling
    assert "training trajectories of trials" in write([recipe], tmp_path).read_text()


def test_the_spectrum_of_a_map_is_drawn_in_its_unit_circle():
    drawn = spectrum([0.5, -1.0], "x", discrete=True)
    circle, *dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', drawn)
    middle, radius = float(circle[0]), float(circle[2])
    assert [(float(x) - middle) / radius for x, _, _ in dots] == pytest.approx(
        [0.5, -1.0], abs=0.01
    )
    assert {"Re μ", "Im μ"} <= set(re.findall(r">([^<]+)<", drawn))


def test_inputs_are_drawn_as_they_are_held():
    drawn = driven(np.array([[0.0], [1.0], [1.0]]), "x")
    (path,) = re.findall(r'd="M([^"]+)"', drawn)
    points = [tuple(map(float, point.split())) for point in path.split("L")]
    # Level over each interval, higher for more, and as long as the trajectory.
    assert [a[1] == b[1] for a, b in zip(points[::2], points[1::2], strict=True)] == [True] * 3
    assert points[0][1] > points[2][1] == points[4][1]
    assert points[0][0] == 0.0


def test_what_data_are_recorded_under_decides_their_group():
    recipe = datasets.load_recipe("rnn_10_2")
    assert group_of(recipe, ("inputs",)) == UNDER["inputs",]
    assert group_of(recipe, ("inputs", "maps")) == COMBINED
    said = entry(datasets.load_recipe("leaky_rnn_10_2_inputs"))
    assert (said.symbol, said.conditions, said.seen) == ("μ", ("inputs", "maps"), "map · 2 inputs")
