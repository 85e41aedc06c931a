"""The one formula under every condition, along integrations that share no code with it.

Flows are followed by SciPy's DOP853, started anew at every switch of the inputs, and maps by their
formula, both with dense weights.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from koopmark import systems
from koopmark.systems import LOG, SINH, LowRank, RelaxationMap, Sensors, Shift

M, T, EXACT, NONE_ELSE = 14, 9, 1e-10, 1e-6
RNG = np.random.default_rng


def generic(n=9, rank=3, seed=0):
    rng = RNG(seed)
    return LowRank(rng.normal(size=(n, rank)) / 3, rng.normal(size=(n, rank)) / 2)


def blocks():
    """Three groups of three units, each driven by a sum of its own: rank 3."""
    left = np.kron(np.eye(3), np.ones((3, 1))) * np.array([1.0, 2.0, 0.5] * 3)[:, None]
    return LowRank(left, RNG(1).normal(size=(9, 3)) / 2)


def drive(q, n=9, seed=2):
    return RNG(seed).normal(size=(n, q))


def theta(n=9):
    return RNG(3).normal(size=n)


def mixtures(p, n=9):
    return Sensors(RNG(4).normal(size=(p, n)))


def units(*chosen):
    return Sensors.of_units(np.array(chosen), 9)


def recurrent(weights, inputs=None, alpha=None):
    return systems.from_weights(weights, theta(), inputs=inputs, alpha=alpha)


def relaxation(zeta, weights, inputs):
    tanh = systems.activation("tanh")
    return systems.Relaxation(weights, zeta, tanh, input_weights=inputs)


def drifting(inputs, zeta=LOG):
    weights = generic()
    rates, tanh = RNG(11).uniform(0.5, 1.0, 9), systems.activation("tanh")
    exponents = weights.null_space.sample(2, RNG(12))
    return systems.Drift(weights, zeta, tanh, rates, exponents, input_weights=inputs)


def white(q):
    return lambda k, x: RNG([5, k]).normal(size=(M, q))


def steps(q, hold=3):
    return lambda k, x: RNG([6, k // hold]).normal(size=(M, q))


def multisine(q):
    phase = RNG(7).uniform(0, 6, size=(M, q))
    return lambda k, x: np.sin(1.3 * k + phase) + np.sin(2.9 * k + 2 * phase)


def feedback(q, dither=0.5):
    gain = 0.1 * RNG(8).normal(size=(q, 9))
    return lambda k, x: -x @ gain.T + dither * RNG([9, k]).normal(size=(M, q))


def even(dt):
    return np.arange(T) * dt


def uneven():
    """Jittered, with a gap in the middle."""
    return np.cumsum([0.0, 0.1, 0.13, 0.08, 0.9, 0.1, 0.07, 0.11, 0.1])


@dataclass(frozen=True)
class Conditions:
    system: systems.System
    times: np.ndarray
    inputs: Callable | None = None
    sensors: Sensors | None = None
    found: tuple[int, int] | None = None
    """How many affine functions obey the law: with a response to inputs, and whatever these do."""
    initial: np.ndarray = field(default_factory=lambda: RNG(10).normal(size=(M, 9)))


TWICE = np.column_stack([drive(2), drive(2)[:, 0], np.zeros(9)])
"""Input weights with a column twice, and one that is zero."""
WITHIN = blocks().left[:, :1] @ np.ones((1, 2))
"""Inputs that come where the weights reach already."""
POSITIVE = np.exp(0.3 * RNG(10).normal(size=(M, 9)))

COMBINATIONS = {
    "inputs": Conditions(recurrent(generic(), drive(2)), even(0.3), white(2), None, (6, 4)),
    "units": Conditions(recurrent(generic()), even(0.2), None, units(0, 2, 3, 5, 8), (2, 2)),
    "map": Conditions(recurrent(generic(), alpha=0.3), even(1.0), None, None, (6, 6)),
    "units x white inputs": Conditions(
        recurrent(generic(), drive(2)), even(0.3), white(2), units(0, 1, 4, 5, 6, 8), (3, 1)
    ),
    "mixtures x multisine": Conditions(
        recurrent(generic(), drive(1)), even(0.3), multisine(1), mixtures(5), (2, 1)
    ),
    "mixtures in other units x inputs held three intervals": Conditions(
        recurrent(generic(), 30.0 * drive(1)),
        even(0.2),
        steps(1),
        Sensors(np.diag([1e-3, 1.0, 100.0, 1.0, 1.0]) @ mixtures(5).matrix),
        (2, 1),
    ),
    "units x feedback with dither": Conditions(
        recurrent(generic(), drive(2)), even(0.3), feedback(2), units(0, 1, 2, 3, 5, 7, 8), (4, 2)
    ),
    "map x units x inputs": Conditions(
        recurrent(generic(), drive(2), 0.3), even(1.0), white(2), units(0, 1, 2, 5, 6, 7), (3, 1)
    ),
    "map with alpha above 1 x mixtures x inputs held": Conditions(
        recurrent(generic(), drive(1), 1.4), even(1.0), steps(1, 2), mixtures(6), (3, 2)
    ),
    "map with alpha 1 x units x inputs": Conditions(
        recurrent(generic(), drive(1), 1.0), even(1.0), white(1), units(0, 1, 2, 5, 6), (2, 1)
    ),
    "map sampled every third step x feedback x units": Conditions(
        recurrent(generic(), drive(1), 0.2), even(3.0), feedback(1), units(1, 2, 4, 5, 7), (2, 1)
    ),
    "map of sinh x units x inputs": Conditions(
        RelaxationMap(
            generic(), SINH, systems.activation("tanh"), multiplier=0.6, input_weights=drive(1)
        ),
        even(1.0),
        white(1),
        units(0, 3, 4, 6, 8),
        (2, 1),
    ),
    "sinh x units x inputs": Conditions(
        relaxation(SINH, generic(), drive(2)), even(0.2), white(2), units(0, 2, 3, 5, 6, 8), (3, 1)
    ),
    "log x units x inputs held": Conditions(
        relaxation(LOG, generic(), 0.3 * drive(1)),
        even(0.2),
        steps(1),
        units(0, 3, 4, 6, 8),
        (2, 1),
        POSITIVE,
    ),
    "a block in sight x inputs": Conditions(
        recurrent(blocks(), drive(1)), even(0.3), white(1), units(0, 1, 2, 3), (2, 1)
    ),
    "map of blocks x feedback x a block in sight": Conditions(
        recurrent(blocks(), drive(1), 0.4), even(1.0), feedback(1), units(3, 4, 5), (2, 1)
    ),
    "inputs where the weights reach": Conditions(
        recurrent(blocks(), WITHIN), even(0.3), white(2), units(0, 1, 2, 6), (2, 2)
    ),
    "dependent inputs x mixtures": Conditions(
        recurrent(generic(), TWICE), even(0.3), white(4), mixtures(7), (4, 2)
    ),
    "uneven times x gap x units x inputs": Conditions(
        recurrent(generic(), drive(2)), uneven(), white(2), units(0, 2, 3, 4, 5, 8), (3, 1)
    ),
    "drift x log x units x inputs": Conditions(
        drifting(0.3 * drive(1)), even(0.2), white(1), units(0, 2, 3, 5, 6, 8), None, POSITIVE
    ),
    "drift x sinh x inputs held": Conditions(
        drifting(drive(2), SINH), even(0.2), steps(2), None, None
    ),
    "as many sensors as the rank x inputs": Conditions(
        recurrent(generic(), drive(1)), even(0.3), white(1), units(2, 5, 8), (0, 0)
    ),
}


def followed(case):
    """States (T, M, N) and the inputs (T - 1, M, q), by other code than the library's."""
    system, x = case.system, case.initial
    w, zeta = system.weights.dense(), system.zeta
    b = np.zeros((9, 0)) if system.input_weights is None else system.input_weights

    def force(x, v):
        return np.tanh(x) @ w.T + v @ b.T

    def velocity(_, flat, v):
        x = flat.reshape(M, 9)
        if isinstance(zeta, Shift):
            return np.ravel(-x + np.broadcast_to(zeta.theta, 9) + force(x, v))
        y, slope = (np.log(x), 1 / x) if zeta is LOG else (np.sinh(x), np.cosh(x))
        return np.ravel((force(x, v) - getattr(system, "rates", y)) / slope)

    states, held = [x], []
    for k, elapsed in enumerate(np.diff(case.times)):
        v = case.inputs(k, x) if case.inputs else np.zeros((M, b.shape[1]))
        if system.discrete:
            for _ in range(round(elapsed)):
                mu = system.multiplier
                if isinstance(zeta, Shift):
                    x = mu * (x - zeta.theta) + zeta.theta + force(x, v)
                else:
                    x = np.arcsinh(mu * np.sinh(x) + force(x, v))
        else:
            span, given = (0.0, elapsed), {"rtol": 1e-13, "atol": 1e-14, "first_step": 0.01}
            done = solve_ivp(velocity, span, x.ravel(), "DOP853", args=(v,), **given)
            x = done.y[:, -1].reshape(M, 9)
        states.append(x)
        held.append(v)
    return np.array(states), np.array(held)


@cache
def trajectories(name):
    return followed(COMBINATIONS[name])


def seen(case, states):
    return states if case.sensors is None else case.sensors.observe(states)


def worst(case, space, states, held):
    """The largest error of `advanced` from one time to the next, over the largest value."""
    s = seen(case, states)
    exact = space.evaluate(s)
    made = [
        space.advanced(now, v if case.inputs else None, elapsed)
        for now, v, elapsed in zip(s[:-1], held, np.diff(case.times), strict=True)
    ]
    return np.abs(made - exact[1:]).max() / np.abs(exact).max()


@pytest.mark.parametrize("name", COMBINATIONS)
def test_every_target_advances_as_the_independent_integration_does(name):
    case, (states, held) = COMBINATIONS[name], trajectories(name)
    for space in case.system.observed(case.sensors, 3):
        assert worst(case, space, states, held) < EXACT


def obeying(case, states, held, driven):
    """Singular values of what affine functions of ζ(s) leave, those with a response if `driven`.

    An orthonormal basis of what is seen stands for it, so that the values have a scale.
    """
    zeta = case.system.zeta if case.sensors is None else case.sensors.zeta(case.system.zeta)
    y = zeta(seen(case, states))
    law = case.system.law
    left, known = [], []
    for now, then, v, elapsed in zip(y[:-1], y[1:], held, np.diff(case.times), strict=True):
        left.append(then - law.scale(elapsed) * now)
        ones, gain = np.ones((M, 1)), law.gain(elapsed)
        known.append(np.hstack([ones * gain, v * gain]) if driven else ones * gain)
    left, known = np.vstack(left), np.vstack(known)
    left = left / np.linalg.norm(left, axis=0)
    rest = left - known @ np.linalg.lstsq(known, left, rcond=1e-12)[0]
    return np.linalg.svd(rest, compute_uv=False)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_targets_say_whether_inputs_reach_them(name):
    """A function that is not `driven` advances alike whatever the inputs are, and no other does."""
    case, (states, held) = COMBINATIONS[name], trajectories(name)
    for space in case.system.observed(case.sensors, 2):
        s = seen(case, states[0])
        here, other = (space.advanced(s, v, case.times[1]) for v in (held[0], held[0] + 1.0))
        assert space.driven == (not np.array_equal(here, other))
        assert (space.gains(1.0) is not None) == (space.driven and space.degree == 1)


AFFINE = [name for name, case in COMBINATIONS.items() if case.found]


@pytest.mark.parametrize("name", AFFINE)
def test_no_other_affine_function_of_what_is_seen_obeys_the_law(name):
    """p - rank(CL) with a response to inputs, p - rank[CL CB] whatever these do."""
    case, (states, held) = COMBINATIONS[name], trajectories(name)
    for driven, count in zip((True, False), case.found, strict=True):
        s = obeying(case, states, held, driven)
        assert (np.sum(s < EXACT), np.sum(s < NONE_ELSE)) == (count, count)
    dimensions = [one.dimension for one in case.system.observed(case.sensors, 1)]
    assert dimensions == sorted({*case.found} - {0}, reverse=True)


def windows(case, states, k):
    """A row of 1 and k samples of the channels for each window of times."""
    s = seen(case, states)
    columns = [s[j : len(s) - k + 1 + j] for j in range(k)]
    rows = np.concatenate(columns, axis=-1).reshape(-1, k * s.shape[-1])
    return np.hstack([np.ones((len(rows), 1)), rows])


DELAYED = [
    name
    for name in AFFINE
    if len(np.unique(np.diff(COMBINATIONS[name].times).round(9))) == 1
    and COMBINATIONS[name].system.zeta.theta is not None
    and "held" not in name
]


@pytest.mark.parametrize("name", DELAYED)
def test_a_dictionary_of_delays_lacks_a_rank_for_each_function_and_each_delay(name):
    """1 + kp - (k-1)(p - rank[CL CB]): under inputs what they do not reach repeats itself."""
    case, (states, _) = COMBINATIONS[name], trajectories(name)
    for k in (1, 2, 3):
        rows = windows(case, states, k)
        s = np.linalg.svd(rows / np.linalg.norm(rows, axis=0), compute_uv=False)
        p = (rows.shape[1] - 1) // k
        assert int(np.sum(s > 1e-9 * s[0])) == 1 + k * p - (k - 1) * case.found[1]
