"""What a constructor is told of a system is checked: no system claims a spectrum it has not."""

import inspect
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from koopmark import systems
from koopmark.systems import (
    CATALOGUE,
    INEXACT,
    SINH,
    LinearSystem,
    random_drift,
    random_linear,
)

EVERY = {**CATALOGUE, **INEXACT}

NAMED = [
    (name, parameter.name)
    for name in systems.__all__
    if inspect.isfunction(function := getattr(systems, name))
    for parameter in inspect.signature(function).parameters.values()
    if parameter.annotation is str or "Literal" in str(parameter.annotation)
]

NEEDED = {
    "n": 4,
    "rank": 2,
    "alpha": 0.3,
    "gain": 1.5,
    "damping": 0.4,
    "frequency": 2.0,
    "strength": 2.0,
    "time": 3.0,
    "matrix": np.diag([-1.0, -1.2, -1.5, -1.9]),
    "weights": systems.LowRank(np.eye(4)[:, :2], np.eye(4)[:, :2]),
    "units": [[-1.0]],
    "entry": [1.0],
    "linear": np.eye(2),
    "directions": np.eye(2),
    "offsets": np.zeros(2),
    "network": "karate_club",
    "target": "bump",
}


@pytest.mark.parametrize(("name", "parameter"), NAMED)
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(name, parameter):
    function = getattr(systems, name)
    given = {
        key: NEEDED[key]
        for key, value in inspect.signature(function).parameters.items()
        if value.default is value.empty and key != parameter
    }
    with pytest.raises(ValueError, match=r"(?s)Nonsense.*: choose one of \w+"):
        function(**{**given, parameter: "Nonsense"})


def test_names_are_looked_for_in_every_constructor():
    assert ("random_linear", "matrix") in NAMED
    assert ("nearly_low_rank_rnn", "spectrum") in NAMED
    assert len(NAMED) > 10


def numbers_of(system):
    """The parameters of a system that are numbers, or arrays of them."""
    values = {field.name: getattr(system, field.name) for field in fields(system)}
    return [name for name, value in values.items() if isinstance(value, float | np.ndarray)]


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(name, parameter) for name, make in EVERY.items() for parameter in numbers_of(make())],
)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_system_is_made_of_a_number_that_is_not_finite(name, parameter, bad):
    system = EVERY[name]()
    value = np.array(getattr(system, parameter), copy=True)
    value[(-1,) * value.ndim] = bad
    with pytest.raises(ValueError, match=r"finite|positive|negative|orthogonal"):
        replace(system, **{parameter: value if value.ndim else float(value)})


@pytest.mark.parametrize("theta", [np.nan, [0.0, np.inf, 0.0, 0.0], np.zeros(3)])
def test_offsets_are_finite_and_one_for_each_unit(theta):
    with pytest.raises(ValueError, match="theta"):
        systems.Relaxation(NEEDED["weights"], systems.Shift(theta), systems.activation("tanh"))


KINDS = st.sampled_from(["normal", "non_normal", "defective"])


@st.composite
def linear(draw) -> LinearSystem:
    n = draw(st.integers(2, 7))
    kind = draw(KINDS)
    pairs = draw(st.integers(0, (n - 2 * (kind == "defective")) // 2))
    return random_linear(n, kind, draw(st.integers(0, 99)), pairs=pairs)


@given(linear(), st.data())
def test_a_linear_system_has_what_it_is_said_to_have_or_is_refused(system, data):
    a, w, values = system.matrix, system.left.copy(), system.eigenvalues.copy()
    column = data.draw(st.integers(0, w.shape[1] - 1))
    wrong = data.draw(st.sampled_from(["eigenvalue", "vector", "zero", "twice", "sum", "nan"]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    if wrong == "eigenvalue":
        values[column] += rng.standard_normal() * 10.0 ** data.draw(st.integers(-5, 3))
    elif wrong == "vector":
        w = w.astype(complex)
        w[:, column] += 1e-3 * np.linalg.norm(w[:, column]) * rng.standard_normal(len(w))
        assume(np.ptp(values.real) > 0)
    elif wrong == "zero":
        w[:, column] = 0.0
    elif wrong == "nan":
        w[0, column] = np.nan
    else:
        again = w[:, [column]] * (2.0 if wrong == "twice" else -1e-6)
        w, values = np.hstack([w, again]), np.append(values, values[column])
    with pytest.raises(ValueError, match="left"):
        LinearSystem(a, w, values)


@given(linear())
def test_vectors_and_values_of_a_linear_system_may_come_in_any_scale_and_order(system):
    order = np.arange(system.left.shape[1])[::-1]
    other = LinearSystem(system.matrix, 1e8 * system.left[:, order], system.eigenvalues[order])
    assert len(other.eigenspaces(1)) == len(system.eigenspaces(1))


def test_a_linear_system_is_real():
    with pytest.raises(ValueError, match="complex"):
        LinearSystem(1j * np.eye(2), np.eye(2), np.full(2, 1j))


@pytest.mark.parametrize(("spoilt", "why"), [(0.0, "zero"), (1.0, "not a left null vector")])
def test_every_exponent_of_a_drift_network_is_a_left_null_vector(spoilt, why):
    system = random_drift(5, 2, SINH)
    exponents = system.exponents.copy()
    exponents[:, 1] *= spoilt
    exponents[0, 1] += spoilt
    with pytest.raises(ValueError, match=f"column 1 is {why}"):
        replace(system, exponents=exponents)
