"""Largest Lyapunov exponents by the tangent flow, renormalised as it grows (Benettin et al. 1980).

For recurrent networks the tangent flow has r dimensions: on the set that attracts every trajectory
y = Qa, and perturbations off it decay at the rate 1. Other systems are followed in all of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation import initial_states_of
from koopmark.spectrum._equations import relaxation_network
from koopmark.systems import Activation, Network, System

Array = NDArray[np.float64]

STEP = 0.03
"""Of the Runge-Kutta method of order 4, in units of the decay time."""

RENORMALISED = 20
"""Steps between renormalisations."""

IMAGINARY = 1e-30
"""Step of complex differences, which are derivatives to rounding and stay in every domain."""

ALIGNING = 0.1
"""Share of the time in which a perturbation turns towards the direction that grows fastest."""


class _Flow(NamedTuple):
    """A vector field, the action of its Jacobian, and where trajectories start in it."""

    field: Callable[[Array], Array]
    tangent: Callable[[Array, Array], Array]
    start: Array
    floor: float
    """The exponent of what is not followed; -inf where all is."""


def largest_exponents(
    system: System, states: NDArray, time: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(M,) largest Lyapunov exponent of the trajectory from each state (M, N), over `time`.

    The states should lie on an attractor. Where it is chaotic they scatter around the exponent by
    about one over the root of the time, elsewhere they miss it by about 1 / time.
    """
    flow = _flow(system, initial_states_of(states, system.size, "states"))
    x, steps = flow.start, round(time / STEP)
    aligned = round(ALIGNING * steps)
    v = rng.standard_normal(x.shape)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    growth, counted = np.zeros(len(x)), 0
    for step in range(steps):
        x, v = _runge_kutta(flow, x, v)
        if (step + 1) % RENORMALISED == 0 or step == steps - 1:
            size = np.linalg.norm(v, axis=1, keepdims=True)
            if step >= aligned:
                growth += np.log(size[:, 0])
            else:
                counted = step + 1
            v /= size
    return np.maximum(growth / ((steps - counted) * STEP), flow.floor)


def exponents_at_rest(system: System, states: NDArray) -> NDArray[np.float64]:
    """(M,) largest Lyapunov exponent at each fixed point (M, N): the largest Re λ of its Jacobian.

    There is nothing to average: this is the limit of `largest_exponents`.
    """
    flow = _flow(system, states)
    units = np.eye(flow.start.shape[1])
    jacobians = (flow.tangent(np.broadcast_to(x, units.shape), units) for x in flow.start)
    largest = [np.linalg.eigvals(j).real.max(initial=flow.floor) for j in jacobians]
    return np.array(largest)


def _flow(system: System, states: NDArray) -> _Flow:
    network = relaxation_network(system)
    if network is not None and network.activation and network.zeta.theta is not None:
        return _reduced(network, network.zeta.theta, network.activation, states)

    def tangent(x: Array, v: Array) -> Array:
        return np.imag(system.rhs(x + IMAGINARY * 1j * v)) / IMAGINARY

    return _Flow(system.rhs, tangent, states.copy(), -np.inf)


def _reduced(system: Network, theta: Array, sigma: Activation, states: NDArray) -> _Flow:
    q, s = system.weights.thin_qr
    gather = system.weights.right @ s.T

    def field(a: Array) -> Array:
        return sigma(a @ q.T + theta) @ gather - a

    def tangent(a: Array, v: Array) -> Array:
        return (sigma.derivative(a @ q.T + theta) * (v @ q.T)) @ gather - v

    return _Flow(field, tangent, system.zeta(states) @ q, -1.0)


def _runge_kutta(flow: _Flow, x: Array, v: Array) -> tuple[Array, Array]:
    """One step of order 4 of the state and of its perturbation."""
    total_x, total_v = np.zeros_like(x), np.zeros_like(v)
    slope_x, slope_v = np.zeros_like(x), np.zeros_like(v)
    for share, weight in ((0.0, 1.0), (0.5, 2.0), (0.5, 2.0), (1.0, 1.0)):
        at, along = x + STEP * share * slope_x, v + STEP * share * slope_v
        slope_x, slope_v = flow.field(at), flow.tangent(at, along)
        total_x += weight * slope_x
        total_v += weight * slope_v
    return x + STEP / 6.0 * total_x, v + STEP / 6.0 * total_v
