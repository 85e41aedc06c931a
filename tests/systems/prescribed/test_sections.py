"""Recipes of prescribed systems: what they make, what they refuse and how they say it."""

from collections import Counter
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import datasets
from koopmark._config import parse
from koopmark._errors import ConfigError
from koopmark.datasets.recipe import Contents, Recipe

SYSTEMS = {
    "prescribed": {
        "matrix": [[-0.5, 0.0], [0.0, -1.0]],
        "linear": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.5]],
        "weights": [[0.2, 0.1], [0.0, 0.3]],
        "directions": [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]],
        "offsets": [0.1, -0.2],
    },
    "random_prescribed": {"n": 4, "real": [-0.5], "oscillations": [[-0.2, 1.0]]},
    "random_prescribed_target": {"n": 3, "target": "ring"},
    "random_coupling": {"n": 3, "real": [-0.5], "oscillations": [[-0.2, 1.0]]},
    "random_inertial": {"units": 4, "rank": 1},
    "random_adapting": {"units": 4, "rank": 1},
}


def recipe(kind, max_degree=1, **changes):
    data = {
        "title": "Tiny",
        "description": "A small system.",
        "max_degree": max_degree,
        "system": {"kind": kind, **SYSTEMS.get(kind, {}), **changes},
        "initial_states": {"kind": "normal", "scale": 1.0},
        "sampling": {"trajectories": 5, "test_trajectories": 4, "dt": 0.1, "horizon": 1.0},
    }
    return Recipe.model_construct(name="tiny", **dict(parse(data, Contents, "tiny.toml")))


@pytest.mark.parametrize("kind", SYSTEMS)
def test_every_kind_makes_a_dataset_with_its_targets(kind, tmp_path):
    made = datasets.build(recipe(kind, max_degree=2), 1, tmp_path)
    assert np.isfinite(made.train.states).all()
    elapsed = made.test.times[-1]
    for space in made.key.targets:
        first, last = (space.evaluate(made.test.states[:, at]) for at in (0, -1))
        expected = np.exp(space.eigenvalue * elapsed) * first
        assert np.abs(last - expected).max() < 1e-9 * (1 + np.abs(first).max())


@pytest.mark.parametrize("kind", SYSTEMS)
def test_facts_give_the_size_and_a_rank_where_there_are_weights(kind):
    facts = recipe(kind).facts(0)
    assert facts["n"] == recipe(kind).system.size == recipe(kind).system.build(0).size
    assert facts["rank"] == (1 if kind in ("random_inertial", "random_adapting") else None)


@pytest.mark.parametrize("kind", [kind for kind in SYSTEMS if kind != "prescribed"])
def test_every_seed_draws_another_system(kind):
    one, other = (recipe(kind).system.build(seed) for seed in (0, 1))
    x = np.ones((1, one.size))
    assert np.abs(one.rhs(x) - other.rhs(x)).max() > 1e-6


def test_given_numbers_are_the_same_system_for_every_seed():
    one, other = (recipe("prescribed").system.build(seed) for seed in (0, 1))
    x = np.random.default_rng(0).standard_normal((5, 3))
    np.testing.assert_array_equal(one.rhs(x), other.rhs(x))
    expected = (
        x @ np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.5]]).T
        + np.tanh(x @ np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]).T + [0.1, -0.2])
        @ np.array([[0.2, 0.1], [0.0, 0.3]]).T
    )
    np.testing.assert_allclose(one.functions(x), expected, rtol=1e-13)


STEPS = st.integers(2, 10).map(lambda k: -k / 10)


@given(
    st.lists(STEPS, max_size=3),
    st.lists(st.tuples(STEPS, st.sampled_from([0.5, 1.0])), max_size=1),
    st.integers(1, 2),
    st.sampled_from(["random_prescribed", "random_coupling", "ornstein_uhlenbeck"]),
)
@settings(max_examples=40)
def test_every_target_has_all_products_at_its_eigenvalue(real, pairs, max_degree, kind):
    """Most of these rates resonate, some at a degree far above max_degree."""
    drawn = list(map(list, pairs))
    every = np.array([*real, *(complex(a, s * b) for a, b in pairs for s in (1, -1))], complex)
    if len(every) < 2 or (kind == "ornstein_uhlenbeck" and pairs):
        return
    if kind == "ornstein_uhlenbeck":
        changes = {"rates": [-rate for rate in real]}
    else:
        changes = {"n": len(every), "real": real, "oscillations": drawn, "count": 3}
    made = recipe(kind, max_degree, **changes)
    found = {np.round(t.eigenvalue, 6): t for t in datasets.target_list(made, 0)}
    most = round(max_degree * every.real.min() / every.real.max())
    counts, asked = Counter(), set()
    for degree in range(1, most + 1):
        chosen = np.array(list(combinations_with_replacement(range(len(every)), degree)))
        values = np.round(every[chosen].sum(axis=1), 6) + 0.0
        counts.update(values.tolist())
        asked |= set(values.tolist()) if degree <= max_degree else set()
    assert {value: target.dimension for value, target in found.items()} == {
        value: counts[value] for value in asked
    }
    assert all(target.whole for target in found.values())


MISTAKES = {
    "dependent rows": (
        "prescribed",
        {"linear": [[1.0, 2.0, 0.0], [2.0, 4.0, 0.0]]},
        "linear: its 2 rows are dependent",
    ),
    "too strong": (
        "prescribed",
        {
            "weights": [[2.0, 1.0], [1.0, 3.0]],
            "directions": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            "linear": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        },
        "must be below 1, or φ may have a critical point",
    ),
    "matrix of another shape": (
        "prescribed",
        {"matrix": [[-1.0]]},
        "matrix must have shape (2, 2), one row for each function, got (1, 1)",
    ),
    "defective": ("prescribed", {"matrix": [[-1.0, 1.0], [0.0, -1.0]]}, "matrix is defective"),
    "ragged": (
        "prescribed",
        {"weights": [[1.0], [1.0, 2.0]]},
        "weights must be one rectangular",
    ),
    "no rows": (
        "prescribed",
        {"linear": []},
        "linear must have shape (p, N) with p",
    ),
    "too many eigenvalues": (
        "random_prescribed",
        {"real": [-1.0, -2.0, -3.0]},
        "make 5 eigenvalues with n 4: there must be between 1 and n",
    ),
    "too strong at random": (
        "random_prescribed",
        {"strength": 1.5},
        "strength 1.5: it must be between 0 and 1, or the functions a graph",
    ),
    "too few for a conjugacy": (
        "random_coupling",
        {"real": []},
        "matrix has 2 rows: a conjugacy of 3 units needs 3",
    ),
    "rates that nearly resonate": (
        "random_coupling",
        {"real": [-0.4000001], "oscillations": [[-0.2, 1.0]]},
        "the target at -0.4000001 and the product of eigenfunctions at -0.2-1j, -0.2+1j, which is "
        "at -0.4, are too close to be told apart: make the two eigenvalues equal, or change a rate",
    ),
    "rates that nearly agree": (
        "random_coupling",
        {"n": 2, "real": [-1.0, -1.0000001], "oscillations": []},
        "the target at -1 and the eigenfunction at -1.0000001 are too close to be told apart",
    ),
    "unknown features": ("random_prescribed", {"features": "relu"}, "system.features = 'relu'"),
    "unknown target": ("random_prescribed_target", {"target": "step"}, "system.target = 'step'"),
    "rank of all units": ("random_inertial", {"rank": 4}, "rank 4 with n 4"),
    "critical damping": (
        "random_inertial",
        {"damping": 4.0, "frequency": 2.0},
        "is defective",
    ),
    "numbers that overflow": (
        "random_inertial",
        {"frequency": 1e300},
        "system.frequency = 1e+300: it must be less than or equal to 1000000",
    ),
    "misspelt": ("random_coupling", {"strech": 0.1}, "did you mean 'stretch'?"),
    "polynomials of many": (
        "random_prescribed",
        {"n": 100, "features": "polynomial"},
        "polynomials of degree 2 in 100 units have 5151 monomials, of which there may be 2000",
    ),
    "layers by the million": (
        "random_coupling",
        {"n": 500, "real": [-1.0] * 498, "count": 5000},
        "n times count times layers is 5e+06, which may be at most 1e+06",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_gets_a_sentence(mistake):
    kind, changes, sentence = MISTAKES[mistake]
    with pytest.raises(ConfigError) as caught:
        recipe(kind, **changes)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("tiny.toml: ")
    assert "\n" not in str(caught.value)


def test_more_products_than_a_machine_bears_are_refused():
    with pytest.raises(ConfigError, match=r"max_degree = 20 of 10 eigenfunctions makes more than"):
        recipe(
            "random_coupling", max_degree=20, n=10, real=[-1.0, -2.0, -3.0, -4.0, -5, -6, -7, -8]
        )
