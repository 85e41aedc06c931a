"""Bad arrays, wherever arrays go in: a sentence or a right answer, and nothing changed in place.

A sentence is an error that koopmark raises itself. `tests/test_arrays.py` has the forms that a good
array may have; of files see `tests/simulation/test_files.py`.
"""

import linecache
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import koopmark
from koopmark import Trajectories, methods, simulate, simulation, spectrum, systems
from koopmark.estimator import Estimator
from koopmark.methods import own
from koopmark.models import LinearModel

SOURCE = str(Path(koopmark.__file__).parent)
RNG = np.random.default_rng(0)
TIMES = np.linspace(0.0, 1.1, 12)
STATES = RNG.integers(-9, 10, (6, 12, 3)).astype(float)
THREE = systems.three_populations()
LINEAR = systems.random_linear(3)
TEST = simulate(THREE, RNG.normal(size=(8, 3)), np.linspace(0, 3, 31))
MODEL = koopmark.fit("koopmark.qr_edmd", TEST)
ESTIMATOR = Estimator("koopmark.qr_edmd", dt=0.1).fit(TEST)
DRIVEN = LinearModel(
    lambda states: states, np.eye(3), -np.ones(3) + 0j, 0.1, input_gains=np.ones((3, 3))
)
LIFT = methods.Monomials(2).fitted(STATES)
WEIGHTS = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]])
FEATURES = systems.HiddenLayer([[0.0, 1.0], [0.0, 2.0]], [0.0, 1.0])
SPACE = THREE.eigenspaces()[0]


def listed(states):
    return Trajectories.from_arrays(list(states), dt=0.1)


def read(states):
    """Everything that can be asked of data."""
    data = Trajectories(states, dt=0.1)
    repr(data)
    asked = [data.full, data.regular, data.neighbours, data.status, data.blocks(), data.records()]
    asked += [data.segments(), data.rectangle(), data.snapshots(), data.longest(), data.pairs()]
    return [*asked, data.select(slice(0, 1)), data[:1], data[:, :1], data.to_xarray()]


DATA = {
    "Trajectories": read,
    "from_arrays": listed,
    "windows": lambda a: Trajectories(a, dt=0.1).windows(2),
    "delayed": lambda a: Trajectories(a, dt=0.1).delayed(2).states,
    "split": lambda a: Trajectories(a, dt=0.1).split(0.5),
    "inputs": lambda a: Trajectories(STATES, dt=0.1, inputs=a).inputs,
    "fit": lambda a: koopmark.fit("koopmark.qr_edmd", Trajectories(a, dt=0.1)).eigenvalues,
    "score": lambda a: koopmark.score(MODEL, THREE, Trajectories(a, dt=0.1)),
    "infer_structure": lambda a: koopmark.infer_structure(MODEL, Trajectories(a, dt=0.1)),
    "residuals": lambda a: koopmark.residuals(MODEL, a, dt=0.1),
    "residuals: inputs": lambda a: koopmark.residuals(
        DRIVEN, Trajectories(STATES, dt=0.1, inputs=a)
    ),
    "Estimator.fit": lambda a: Estimator("koopmark.qr_edmd", dt=0.1).fit(a).model_.eigenvalues,
    "Estimator.score": lambda a: ESTIMATOR.score(a),
}
"""Takes data (M, T, N)."""

STATE = {
    "simulate": lambda a: simulate(THREE, a, TIMES[:3]).states,
    "null_component": lambda a: simulation.null_component(THREE, a, 1.0),
    "rhs": THREE.rhs,
    "flow": lambda a: LINEAR.flow(a, TIMES[:3]),
    "eigenspace.evaluate": SPACE.evaluate,
    "principal functions": lambda a: LINEAR.principal(a),
    "dictionary": LIFT,
    "dictionary.derivative": lambda a: LIFT.derivative(a, STATES[0, :4]),
    "dictionary.derivative: directions": lambda a: LIFT.derivative(STATES[0, :4], a),
    "model.eigenfunctions": MODEL.eigenfunctions,
    "model.dictionary": MODEL.dictionary,
    "model.predict": lambda a: MODEL.predict(a, TIMES[1:3]),
    "fixed_points": lambda a: spectrum.fixed_points(systems.random_rnn(3, 1, 0.5), a).points,
}
"""Takes states (P, 3)."""

PARAMETERS = {
    "LowRank: left": (lambda a: systems.LowRank(a, WEIGHTS), WEIGHTS),
    "LowRank: right": (lambda a: systems.LowRank(WEIGHTS, a), WEIGHTS),
    "LowRank.from_dense": (systems.LowRank.from_dense, WEIGHTS @ WEIGHTS.T),
    "rnn: theta": (lambda a: systems.rnn(systems.LowRank(WEIGHTS, WEIGHTS), a), np.ones(3)),
    "linear_units: units": (
        lambda a: systems.linear_units(systems.LowRank(WEIGHTS, WEIGHTS), a, [0, 1]),
        np.array([[0.0, 1.0], [-2.0, -3.0]]),
    ),
    "ornstein_uhlenbeck": (systems.ornstein_uhlenbeck, np.array([1.0, 2.0, 3.0])),
    "random_rnn: singular_values": (
        lambda a: systems.random_rnn(3, 2, singular_values=a),
        np.array([3.0, 2.0]),
    ),
    "effective_ranks": (systems.effective_ranks, np.array([3.0, 2.0, 1.0])),
    "block_diagonal": (lambda a: systems.block_diagonal((), a), np.array([[-1.0, 2.0]])),
    "random_prescribed": (lambda a: systems.random_prescribed(3, a), np.diag([-1.0, -2.0])),
    "HiddenLayer": (lambda a: systems.HiddenLayer(a, [0, 1]), np.array([[0.0, 1.0], [0.0, 2.0]])),
    "InnerMonomials": (lambda a: systems.InnerMonomials(a, 3).exponents, np.array([[0.0, 1.0]])),
    "CouplingLayer: shift": (
        lambda a: systems.CouplingLayer([1, 2], [0], FEATURES, a),
        np.array([[1.0, 2.0]]),
    ),
    "LeakyDrive": (lambda a: systems.LeakyDrive(a, np.eye(2), np.eye(2)), np.eye(2)),
    "SnapshotFactor": (lambda a: own.SnapshotFactor(a, 9).xx, np.eye(4)),
    "fit_functions": (
        lambda a: systems.fit_functions(lambda x: x[:, :1], a, FEATURES).error,
        STATES[..., :2].reshape(-1, 2),
    ),
    "times": (lambda a: Trajectories(STATES, a).times, TIMES),
    "diverged_at": (lambda a: Trajectories(STATES, TIMES, a).diverged, TIMES[:6]),
    "null_component: t": (
        lambda a: simulation.null_component(THREE, STATES[0, :4], a),
        TIMES[:4],
    ),
}
"""What takes arrays that make something, and one that is right."""


@st.composite
def spoilt(draw, plain):
    """An array with one or two faults that a user's may have."""
    array = plain.copy()
    for fault in draw(st.lists(st.sampled_from(FAULTS), min_size=1, max_size=2)):
        array = np.asarray(fault(draw, array))
    if draw(st.booleans()):
        with np.errstate(all="ignore"):
            array = array.astype(draw(st.sampled_from(TYPES)))
    array = array.copy()
    array.flags.writeable = draw(st.booleans())
    return array


def _axis(draw, array):
    assume(array.ndim)
    return draw(st.integers(0, array.ndim - 1))


def cut(draw, array):
    axis = _axis(draw, array)
    return array.take(range(min(draw(st.integers(0, 1)), array.shape[axis])), axis)


def repeated(draw, array):
    return np.concatenate([array, array], _axis(draw, array))


def descending(draw, array):
    return np.flip(array, _axis(draw, array))


def without_axis(draw, array):
    assume(array.ndim and len(array))
    return array[0].copy()


def with_axis(draw, array):
    return array[draw(st.sampled_from([np.s_[None], np.s_[..., None]]))].copy()


def with_value(draw, array):
    value = draw(st.sampled_from([np.nan, np.inf, -np.inf, 0.0]))
    where = draw(st.sampled_from([np.s_[...], np.s_[..., 0], np.s_[:1]]))
    assume(array.ndim)
    assume(array.size)
    array = array.copy()
    array[where] = value
    return array


def of_scale(draw, array):
    with np.errstate(over="ignore"):
        return array * draw(st.sampled_from([1e300, 1e120, 1e20, 1e-20, 1e-120, 1e-310]))


def strided(draw, array):
    assume(array.ndim)
    return np.repeat(array, 2, axis=-1)[..., ::2]


TYPES = [">f8", "f4", "f2", "i1", "?", "c16", "O", "U9"]
FAULTS = [
    cut,
    repeated,
    descending,
    without_axis,
    with_axis,
    with_value,
    of_scale,
    strided,
]


def answer(call, array):
    """What the call gives, or None after a sentence; fails after anything else."""
    before, kept = array.copy(), array.flags.writeable
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return call(array)
        except (ValueError, TypeError, methods.Skip) as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            line = linecache.getline(frame.filename, frame.lineno)
            ours = frame.filename.startswith(SOURCE) and "raise " in line
            assert ours, f"{frame.filename}:{frame.lineno}: {error!r}"  # noqa: PT017
            return None
        finally:
            assert array.dtype == before.dtype
            assert array.flags.writeable == kept
            same = array == before
            assert np.all(same | ((array != array) & (before != before)))


@pytest.mark.parametrize("name", DATA)
@settings(max_examples=15, deadline=None)
@given(array=spoilt(STATES))
def test_data_are_refused_in_a_sentence_or_used(name, array):
    answer(DATA[name], array)


@pytest.mark.parametrize("name", STATE)
@settings(max_examples=10, deadline=None)
@given(array=spoilt(STATES[0, :4]))
def test_states_are_refused_in_a_sentence_or_used(name, array):
    if array.dtype.kind in "fcO" and not (np.abs(array.astype(complex)) < 1e100).all():
        # Beyond what a state can be, functions of it follow NumPy: infinite, or NaN.
        assume(name in ("simulate", "null_component", "fixed_points"))
    found = answer(STATE[name], array)
    if found is not None and name not in ("fixed_points", "simulate"):
        assert np.isfinite(np.asarray(found)).all()


@pytest.mark.parametrize("name", PARAMETERS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_parameters_are_refused_in_a_sentence_or_used(name, data):
    call, plain = PARAMETERS[name]
    array = data.draw(spoilt(plain))
    if array.dtype.kind in "fcO":
        # Products of parameters of such a scale are not numbers any more.
        size = np.abs(array.astype(complex))
        size = size[np.isfinite(size) & (size > 0.0)]
        assume(((size < 1e100) & (size > 1e-100)).all())
    answer(call, array)


@settings(max_examples=30, deadline=None)
@given(
    arrays(
        st.sampled_from(["f8", "f4", ">f8", "i2", "u1", "?"]),
        array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
    )
)
def test_arrays_of_any_shape_are_trajectories_or_refused(array):
    if answer(read, array) is not None:
        assert array.ndim in (2, 3)
        assert array.shape[-2] > 0
