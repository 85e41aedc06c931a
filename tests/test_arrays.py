"""Every public function that takes arrays gives the result of the float64 copy, or a sentence."""

import re
from decimal import Decimal
from fractions import Fraction
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import koopmark
from koopmark import Trajectories, methods, simulate, simulation, spectrum, systems
from koopmark._arrays import finite, numeric, real, stored
from koopmark.methods import own
from koopmark.systems import LeakyDrive

TIMES = np.arange(12.0)
INITIAL = np.array([[1.0, 2.0, -1.0], [0.0, 3.0, 1.0], [2.0, -2.0, 1.0], [1.0, 1.0, 3.0]])
RNG = np.random.default_rng(0)
STATES = RNG.integers(-9, 9, (6, 12, 3)).astype(float)
WINDOWS = RNG.integers(-9, 9, (40, 1, 3)).astype(float)
THREE = systems.three_populations()
LINEAR = systems.random_linear(3)
PROCESS = systems.ornstein_uhlenbeck([1.0, 2.0, 3.0])
TEST = simulate(THREE, INITIAL, np.linspace(0, 5, 51))
MODEL = koopmark.fit("koopmark.qr_edmd", simulate(THREE, INITIAL, np.linspace(0, 5, 51)))
LIFT = methods.Monomials(3).fitted(STATES)
WEIGHTS = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]])
RANK_TWO = systems.LowRank(WEIGHTS, WEIGHTS)
RANK_ONE = systems.LowRank([[1.0], [2.0], [0.0]], [[0.0], [1.0], [1.0]])
FEATURES = systems.HiddenLayer([[0.0, 1.0], [0.0, 2.0]], [0.0, 1.0])
SETTLING = systems.random_rnn(3, 1, 1.5, theta_scale=0.5)
ABOUT = spectrum.Linearisation(SETTLING, spectrum.fixed_points(SETTLING).stable[0])


def trained(states):
    return koopmark.fit("koopmark.qr_edmd", Trajectories(states, TIMES)).eigenvalues


def along(system):
    return system.rhs(INITIAL)


def structure(states):
    made = koopmark.infer_structure(MODEL, Trajectories(states, TIMES))
    return made.null_space @ made.null_space.T


def scores(states):
    table = koopmark.score(MODEL, THREE, Trajectories(states, TIMES))
    return table.drop(columns=["target", "notes"]).to_numpy(float)


DOORS = {
    "Trajectories: states": (lambda a: Trajectories(a, TIMES).pairs()[1], STATES),
    "Trajectories: windows": (lambda a: Trajectories(a, TIMES).delayed(3).states, STATES),
    "Trajectories: longest": (lambda a: Trajectories(a, TIMES).longest().states, STATES),
    "Trajectories: times": (lambda a: Trajectories(STATES, a).times, TIMES),
    "Trajectories: diverged_at": (lambda a: Trajectories(STATES, TIMES, a).diverged, TIMES[:6]),
    "simulate: initial_states": (lambda a: simulate(THREE, a, TIMES[:3]).states, INITIAL),
    "simulate: times": (lambda a: simulate(THREE, INITIAL, a).states, TIMES[:4]),
    "sample_paths: initial_states": (
        lambda a: simulation.sample_paths(PROCESS, a, [0, 1], np.random.default_rng(0)).states,
        INITIAL,
    ),
    "sample_paths: times": (
        lambda a: simulation.sample_paths(PROCESS, INITIAL, a, np.random.default_rng(0)).states,
        TIMES[:3],
    ),
    "null_component: initial_states": (
        lambda a: simulation.null_component(THREE, a, 1.0),
        INITIAL,
    ),
    "null_component: t": (lambda a: simulation.null_component(THREE, INITIAL, a), TIMES[:4]),
    "fit: states": (trained, STATES),
    "score: states": (scores, STATES),
    "infer_structure: states": (structure, STATES),
    "model.eigenfunctions: windows": (MODEL.eigenfunctions, WINDOWS),
    "model.dictionary: windows": (MODEL.dictionary, WINDOWS),
    "model.predict: windows": (lambda a: MODEL.predict(a, TIMES[1:3]), WINDOWS[:4]),
    "dictionary: states": (LIFT, INITIAL),
    "dictionary.derivative: states": (lambda a: LIFT.derivative(a, INITIAL), INITIAL),
    "dictionary.derivative: directions": (lambda a: LIFT.derivative(INITIAL, a), INITIAL),
    "factorise: states": (lambda a: abs(own.factorise(LIFT, a).triangle), STATES),
    "SnapshotFactor: triangle": (
        lambda a: own.SnapshotFactor(a, 9).xx,
        np.triu(np.ones((4, 4))),
    ),
    "LowRank: left": (lambda a: systems.LowRank(a, WEIGHTS).dense(), WEIGHTS),
    "LowRank: right": (lambda a: systems.LowRank(WEIGHTS, a).dense(), WEIGHTS),
    "LowRank.from_dense: weights": (
        lambda a: systems.LowRank.from_dense(a).dense(),
        WEIGHTS @ WEIGHTS.T,
    ),
    "rnn: theta": (lambda a: along(systems.rnn(RANK_TWO, a)), np.array([1.0, 0.0, 2.0])),
    "Shift: theta": (lambda a: systems.Shift(a)(INITIAL), np.array([1.0, 0.0, 2.0])),
    "Drift: rates": (
        lambda a: systems.lotka_volterra(RANK_TWO, a, np.zeros((3, 0))).rhs(np.ones(3)),
        np.array([1.0, 2.0, 3.0]),
    ),
    "Drift: exponents": (
        lambda a: systems.lotka_volterra(RANK_ONE, [1, 2, 3], a).exponents,
        np.array([[0.0], [0.0], [1.0]]),
    ),
    "linear_units: units": (
        lambda a: systems.linear_units(RANK_TWO, a, [0, 1]).rhs(np.ones(6)),
        np.array([[0.0, 1.0], [-2.0, -3.0]]),
    ),
    "linear_units: entry": (
        lambda a: systems.linear_units(RANK_TWO, [[0, 1], [-2, -3]], a).rhs(np.ones(6)),
        np.array([0.0, 1.0]),
    ),
    "OrnsteinUhlenbeck: rates": (
        lambda a: along(systems.ornstein_uhlenbeck(a)),
        np.array([1.0, 2.0, 3.0]),
    ),
    "OrnsteinUhlenbeck: axes": (
        lambda a: along(systems.OrnsteinUhlenbeck([1, 2, 3], a, 1.0)),
        np.eye(3)[::-1],
    ),
    "LinearSystem: matrix": (
        lambda a: along(systems.LinearSystem(a, np.eye(3), np.array([1, 2, 3]))),
        np.diag([1.0, 2.0, 3.0]),
    ),
    "NearlyLowRank: singular_values": (
        lambda a: along(
            systems.NearlyLowRank(
                np.eye(3), a, np.eye(3), 1, systems.Shift(), systems.activation("tanh")
            )
        ),
        np.array([3.0, 2.0, 1.0]),
    ),
    "effective_ranks: singular_values": (
        lambda a: list(systems.effective_ranks(a).values()),
        np.array([3.0, 2.0, 1.0]),
    ),
    "random_rnn: singular_values": (
        lambda a: along(systems.random_rnn(3, 2, singular_values=a)),
        np.array([3.0, 2.0]),
    ),
    "weights_with_singular_values: singular_values": (
        lambda a: systems.weights_with_singular_values(3, a, np.random.default_rng(0)).dense(),
        np.array([3.0, 2.0]),
    ),
    "block_diagonal: real": (systems.block_diagonal, np.array([-1.0, -2.0])),
    "block_diagonal: oscillations": (
        lambda a: systems.block_diagonal((), a),
        np.array([[-1.0, 2.0]]),
    ),
    "random_prescribed: matrix": (
        lambda a: along(systems.random_prescribed(3, a)),
        np.diag([-1.0, -2.0]),
    ),
    "PrescribedFunctions: linear": (
        lambda a: systems.PrescribedFunctions(a, [[1, 1]], FEATURES)(INITIAL[:, :2]),
        np.array([[1.0, 0.0]]),
    ),
    "PrescribedFunctions: weights": (
        lambda a: systems.PrescribedFunctions([[1, 0]], a, FEATURES)(INITIAL[:, :2]),
        np.array([[1.0, 1.0]]),
    ),
    "PrescribedFunctions: offset": (
        lambda a: systems.PrescribedFunctions([[1, 0]], [[1, 1]], FEATURES, a)(INITIAL[:, :2]),
        np.array([1.0]),
    ),
    "HiddenLayer: directions": (
        lambda a: systems.HiddenLayer(a, [0, 1])(INITIAL[:, :2]),
        np.array([[0.0, 1.0], [0.0, 2.0]]),
    ),
    "HiddenLayer: offsets": (
        lambda a: systems.HiddenLayer([[0, 1], [0, 2]], a)(INITIAL[:, :2]),
        np.array([0.0, 1.0]),
    ),
    "InnerMonomials: directions": (
        lambda a: systems.InnerMonomials(a, 3)(INITIAL[:, :2]),
        np.array([[0.0, 1.0]]),
    ),
    "CouplingLayer: shift": (
        lambda a: systems.CouplingLayer([1, 2], [0], FEATURES, a)(INITIAL),
        np.array([[1.0, 2.0]]),
    ),
    "CouplingLayer: scale": (
        lambda a: systems.CouplingLayer([1, 2], [0], FEATURES, [[1, 2]], a)(INITIAL),
        np.array([[1.0, 0.0]]),
    ),
    "Conjugate: matrix": (
        lambda a: along(
            systems.Conjugate([systems.CouplingLayer([1, 2], [0], FEATURES, [[1, 2]])], a)
        ),
        np.diag([-1.0, -2.0, -3.0]),
    ),
    "LeakyDrive: leak": (
        lambda a: LeakyDrive(a, np.eye(2), np.eye(2))(INITIAL[:, :2]),
        np.eye(2),
    ),
    "fit_functions: states": (
        lambda a: systems.fit_functions(lambda x: x[:, :1], a, FEATURES).functions.linear,
        STATES[..., :2].reshape(-1, 2),
    ),
    "fixed_points: starts": (
        lambda a: spectrum.fixed_points(systems.rnn(RANK_ONE), a).points[0].state,
        INITIAL,
    ),
    "fixed_point_near: state": (
        lambda a: spectrum.fixed_point_near(systems.rnn(RANK_ONE), a).state,
        INITIAL[0],
    ),
    "attractor: states": (
        lambda a: spectrum.attractor(LINEAR, a).state,
        INITIAL,
    ),
    "path_integral: states": (
        lambda a: spectrum.path_integral(ABOUT, a, rtol=1e-6, estimate=False).values,
        INITIAL,
    ),
}

# Vector fields and eigenfunctions take complex states, by which they are differentiated.
ANALYTIC = {
    "rhs": (THREE.rhs, INITIAL),
    "rhs of cubic units": (systems.random_relaxation(3, 1, systems.CUBIC).rhs, 9 * INITIAL),
    "flow": (lambda a: LINEAR.flow(a, TIMES[:3]), INITIAL),
    "eigenspace.evaluate": (THREE.eigenspaces(2)[1].evaluate, INITIAL),
    "eigenfunctions of a linear system": (LINEAR.principal, INITIAL),
    "prescribed functions": (
        systems.PrescribedFunctions([[1, 0]], [[1, 1]], FEATURES),
        INITIAL[:, :2],
    ),
    "polynomial features": (systems.InnerMonomials([[0.0, 1.0]], 3), 9 * INITIAL[:, :2]),
    "elementwise map": (systems.CUBIC, 9 * INITIAL),
    "activation": (systems.activation("tanh"), INITIAL),
    **{
        f"{kind} features": (systems.HiddenLayer([[1.0, 0.0, 1.0]], [0.0], kind), INITIAL)
        for kind in systems.LAYERS
    },
}

SINGLE_IS_KEPT = {"elementwise map", "activation"}
"""So that simulations in float32 compute in it: right to its digits only."""


def in_memory_map(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("maps") / "array.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def reversed_strides(array):
    backwards = tuple(slice(None, None, -1) for _ in array.shape)
    return np.ascontiguousarray(array[backwards])[backwards]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def frame(array):
    return pd.DataFrame(array) if array.ndim == 2 else pd.Series(list(array))


FORMS = {
    **{
        name: lambda a, name=name: a.astype(name)
        for name in (
            "int8",
            "int16",
            "int32",
            ">i4",
            "int64",
            "float16",
            "float32",
            ">f4",
            ">f8",
            "longdouble",
            "object",
        )
    },
    "list": lambda a: a.tolist(),
    "list of arrays": list,
    "fractions": lambda a: np.vectorize(Fraction, otypes=[object])(a),
    "decimals": lambda a: np.vectorize(Decimal, otypes=[object])(a),
    "Fortran order": np.asfortranarray,
    "negative strides": reversed_strides,
    "read-only": read_only,
    "masked, nothing missing": lambda a: np.ma.masked_array(a.astype(np.int8), np.zeros(a.shape)),
    "pandas": frame,
}


@cache
def of_float64(door):
    """What the call gives of plain float64."""
    call, plain = {**DOORS, **ANALYTIC}[door]
    return call(plain)


@pytest.mark.spread(461)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("door", [*DOORS, *ANALYTIC])
def test_an_array_in_any_form_gives_what_its_float64_copy_gives(door, form):
    call, plain = {**DOORS, **ANALYTIC}[door]
    if door in SINGLE_IS_KEPT and form in ("float32", ">f4"):
        pytest.skip("these compute in float32")
    before = plain.copy()
    given_form = FORMS[form](plain)
    np.testing.assert_allclose(call(given_form), of_float64(door), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(plain, before)


@pytest.mark.parametrize("dtype", ["int16", "float32", ">f8"])
@pytest.mark.parametrize("door", DOORS)
def test_a_memory_map_gives_what_its_float64_copy_gives(door, dtype, tmp_path_factory):
    call, plain = DOORS[door]
    mapped = in_memory_map(tmp_path_factory, plain.astype(dtype))
    np.testing.assert_allclose(call(mapped), of_float64(door), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("door", DOORS)
def test_complex_numbers_are_refused_by_name(door):
    call, plain = DOORS[door]
    name = door.partition(": ")[2]
    expected = "states" if name in ("windows", "longest") and "Traj" in door else name
    for values in (plain + 1j, plain.astype(complex), plain.astype(complex).astype(object)):
        with pytest.raises(ValueError, match=f"{expected}.*complex"):
            call(values)


@pytest.mark.parametrize("door", DOORS)
def test_what_is_masked_is_missing(door):
    call, plain = DOORS[door]
    hidden, missing = (
        np.ma.masked_array(plain.astype(int), np.zeros(plain.shape, bool)),
        plain.copy(),
    )
    last = tuple(size - 1 for size in plain.shape)
    hidden[last], missing[last] = -9999, np.nan
    hidden[last] = np.ma.masked
    try:
        expected = call(missing)
    except Exception as error:  # noqa: BLE001 whatever NaN is met with
        with pytest.raises(type(error), match=re.escape(str(error))):
            call(hidden)
    else:
        np.testing.assert_array_equal(call(hidden), expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "2"], "x must be numbers, got text"),
        (np.array(["1"], dtype=object), "x must be numbers, got '1' among them"),
        (np.array(["2020-01-01"], dtype="datetime64[s]"), "x must be numbers, got dates"),
        (np.array([1], dtype="timedelta64[s]"), "x must be numbers, got time differences"),
        ([[1.0], [1.0, 2.0]], r"parts of different lengths \(1 and 2\)"),
        (np.array([np.ones(2), np.ones(3)], dtype=object), r"different lengths \(2 and 3\)"),
        ([1.0, 2.0 + 3.0j], r"x\[1\] is \(2\+3j\)"),
        (np.complex64(1), "x are complex64"),
        (object(), "x must be numbers"),
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused_in_a_sentence(values, message):
    with pytest.raises(ValueError, match=message):
        real(values, "x")


def test_missing_values_of_pandas_and_of_python_are_nan():
    series = pd.Series([1, None, 3], dtype="Int64")
    np.testing.assert_array_equal(real(series, "x"), [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(real([1, None, 3], "x"), [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(real([np.ma.masked_equal([1, 9], 9), [2, 3]], "x")[0, 1], np.nan)


def test_parameters_must_be_finite():
    with pytest.raises(ValueError, match=r"theta\[1\] is nan: not finite"):
        finite([1.0, np.nan], "theta")


@settings(deadline=None)
@given(
    arrays(
        st.sampled_from(["f8", "f4", "f2", ">f8", ">f4", "i1", "i8", "u2", ">i2", "?", "g"]),
        array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
def test_every_real_array_comes_in_as_its_float64_copy(values):
    with np.errstate(over="ignore"):
        plain = values.astype(float)
    for gate in (real, numeric):
        array = gate(values, "x")
        assert array.dtype == np.float64
        assert array.dtype.isnative
        np.testing.assert_array_equal(array, plain)
    kept = stored(values, "x")
    assert kept.dtype in (np.float64, np.float32)
    np.testing.assert_array_equal(kept, plain)


def test_float64_and_stored_data_come_in_without_a_copy(tmp_path_factory):
    double, single = np.ones((2, 3)), np.ones((2, 3), np.float32)
    mapped = in_memory_map(tmp_path_factory, np.ones((2, 3), np.int16))
    assert real(double, "x") is double
    assert stored(single, "x") is single
    assert stored(mapped, "x") is mapped


def test_a_fit_to_a_memory_map_of_integers_reads_it_in_blocks(tmp_path):
    import tracemalloc

    peaks = []
    for count in (500, 5000):
        path = tmp_path / "states.npy"
        np.save(path, np.random.default_rng(0).integers(-99, 99, (count, 41, 8)).astype(np.int16))
        data = Trajectories(np.load(path, mmap_mode="r"), np.arange(41))
        tracemalloc.start()
        koopmark.fit("koopmark.qr_edmd", data)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 0.2 * 4500 * 41 * 8 * 2


def test_states_of_small_integers_do_not_wrap_around():
    states = np.full((1, 1, 2), 100, np.int8)
    values = methods.Monomials(3).fitted(states)(states[0])
    np.testing.assert_array_equal(values[0, -4:], 1e6)


NOT_INTEGERS = [True, np.True_, "2", None, 2.0, np.float64(2), 2j, [2]]
NOT_NUMBERS = [True, np.True_, "1", 1j, [1.0]]


@pytest.mark.parametrize("value", NOT_INTEGERS, ids=repr)
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("max_degree", lambda it: koopmark.score(MODEL, THREE, TEST, max_degree=it)),
        ("max_degree", THREE.eigenspaces),
        ("n", lambda it: systems.random_rnn(n=it, rank=1)),
        ("seed", lambda it: systems.random_relaxation(3, 1, systems.SINH, seed=it)),
        ("jobs", lambda it: simulate(THREE, np.eye(3), [0.0, 1.0], jobs=it)),
    ],
)
def test_what_is_no_integer_is_refused_by_its_name(name, call, value):
    if value is None and name == "max_degree" and call is not THREE.eigenspaces:
        pytest.skip("a degree that is not given is 1")
    with pytest.raises(TypeError) as caught:
        call(value)
    assert str(caught.value) == f"{name} is {value!r}: it must be an integer"


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("gain", lambda it: systems.random_rnn(4, 2, gain=it)),
        ("rtol", lambda it: simulate(THREE, np.eye(3), [0.0, 1.0], rtol=it)),
    ],
)
def test_what_is_no_number_is_refused_by_its_name(name, call, value):
    with pytest.raises(TypeError) as caught:
        call(value)
    assert str(caught.value) == f"{name} is {value!r}: it must be a number"


def test_numbers_of_numpy_are_numbers():
    assert len(THREE.eigenspaces(np.int8(2))) == 2
    assert systems.random_rnn(np.int64(4), 2, np.float32(2.0), np.uint8(3)).size == 4


@pytest.mark.parametrize(
    "call",
    [
        lambda it: simulate(it, np.eye(4), [0.0, 1.0]),
        lambda it: koopmark.score(MODEL, it, TEST),
    ],
)
def test_what_is_no_system_is_called_so(call):
    with pytest.raises(TypeError, match="takes a System, got ndarray"):
        call(np.eye(4))
