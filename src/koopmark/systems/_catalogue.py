"""Named example systems, one of each kind: `koopmark list systems` shows them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import checked
from koopmark._errors import suggest
from koopmark._keys import generator
from koopmark.systems._activation import ACTIVATIONS, activation
from koopmark.systems._base import System
from koopmark.systems._elementwise import CUBIC, LOG, SINH, ElementwiseMap
from koopmark.systems.ensembles import EXAMPLES
from koopmark.systems.low_rank._graphs import network_rnn
from koopmark.systems.low_rank._linear_units import random_adapting, random_inertial
from koopmark.systems.low_rank._lotka_volterra import random_lotka_volterra
from koopmark.systems.low_rank._nearly_low_rank import nearly_low_rank_rnn
from koopmark.systems.low_rank._network import Drift, Relaxation
from koopmark.systems.low_rank._rnn import gaussian_weights, random_rnn, three_populations
from koopmark.systems.prescribed.catalogue import PRESCRIBED
from koopmark.systems.textbook import TEXTBOOK, ornstein_uhlenbeck


@checked
def random_relaxation(
    n: int, rank: int, zeta: ElementwiseMap, gain: float = 1.5, seed: int = 0
) -> Relaxation:
    """A random relaxation network with map ζ and h = tanh: φ = uᵀζ(x) at -1."""
    rng = generator({"ensemble": zeta.name, "n": n, "rank": rank, "seed": seed}, "relaxation")
    return Relaxation(gaussian_weights(n, rank, gain, rng), zeta, activation("tanh"))


@checked
def random_drift(
    n: int, rank: int, zeta: ElementwiseMap, gain: float = 1.5, seed: int = 0, chosen: int = 2
) -> Drift:
    """A random drift network with map ζ and h = tanh: φ = exp(uᵀζ(x)) at -uᵀc.

    `chosen` random unit null vectors, signed so that every φ decays, are its targets.
    """
    rng = generator({"ensemble": zeta.name, "n": n, "rank": rank, "seed": seed}, "drift")
    weights = gaussian_weights(n, rank, gain, rng)
    rates = rng.uniform(0.5, 1.5, size=n)
    exponents = weights.null_space.sample(chosen, rng)
    return Drift(weights, zeta, activation("tanh"), rates, exponents * np.sign(rates @ exponents))


def neighbour_product(x: NDArray, out: NDArray | None = None) -> NDArray:
    """hⱼ(x) = tanh(xⱼ xⱼ₊₁): a coupling through the whole state, not unit by unit."""
    return np.tanh(x * np.roll(x, -1, axis=-1), out=out)


def _neighbour_coupled() -> System:
    weights = gaussian_weights(6, 2, 1.5, generator("neighbour_coupled", "weights"))
    return Relaxation(weights, SINH, neighbour_product)


def _rnn_with(activation_name: str) -> Callable[[], System]:
    return lambda: random_rnn(6, 2, 1.2, activation=activation_name, theta_scale=0.3)


NETWORKS: dict[str, Callable[[], System]] = {
    "three_populations": three_populations,
    **{f"rnn_{name}": _rnn_with(name) for name in ACTIVATIONS},
    "rnn_prescribed": lambda: random_rnn(8, 3, 2.0, singular_values=[1.0, 0.5, 0.1]),
    "relaxation_sinh": lambda: random_relaxation(6, 2, SINH),
    "relaxation_cubic": lambda: random_relaxation(6, 3, CUBIC),
    "relaxation_neighbour_coupled": _neighbour_coupled,
    "drift_sinh": lambda: random_drift(6, 2, SINH),
    "drift_log": lambda: random_drift(5, 2, LOG),
    "lotka_volterra": lambda: random_lotka_volterra(4, 2),
    **EXAMPLES,
    "karate_club": lambda: network_rnn("karate_club", weighted=False),
    "southern_women": lambda: network_rnn("southern_women", theta_scale=0.3),
}
"""The relaxation and drift families, whose null component flows in closed form."""

LINEAR_UNITS: dict[str, Callable[[], System]] = {
    "inertial": lambda: random_inertial(5, 2),
    "adapting": lambda: random_adapting(5, 2),
}
"""Units with linear dynamics inside: eigenvalues other than -1, some of them complex."""

CATALOGUE: dict[str, Callable[[], System]] = {
    **NETWORKS,
    **LINEAR_UNITS,
    **PRESCRIBED,
    **TEXTBOOK,
}
"""All example systems with eigenfunctions that are exact along every trajectory."""

INEXACT: dict[str, Callable[[], System]] = {
    "nearly_low_rank": lambda: nearly_low_rank_rnn(8, 2),
    "ornstein_uhlenbeck": lambda: ornstein_uhlenbeck([0.5, 1.3]),
}
"""Those whose eigenfunctions are so up to a bound, or on average over paths."""


def example(name: str) -> System:
    """The example system of this name, exact or not.

    Raises
    ------
    ValueError
        Naming the known ones where `name` is not among them.
    """
    known = {**CATALOGUE, **INEXACT}
    if name not in known:
        hint = suggest(name, known)
        raise ValueError(f"unknown system {name!r}: {hint}choose one of {', '.join(known)}")
    return known[name]()
