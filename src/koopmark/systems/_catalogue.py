"""Named example systems, one of each kind, listed by `koopmark list systems`."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.systems._activation import ACTIVATIONS
from koopmark.systems._base import System
from koopmark.systems._elementwise import CUBIC, LOG, SINH
from koopmark.systems.low_rank.ensembles import (
    block_rnn,
    dale_rnn,
    hopfield_rnn,
    mixture_rnn,
    overlap_rnn,
    sparse_rnn,
)
from koopmark.systems.low_rank.graphs import network_rnn
from koopmark.systems.low_rank.linear_units import random_adapting, random_inertial
from koopmark.systems.low_rank.nearly_low_rank import nearly_low_rank_rnn
from koopmark.systems.low_rank.relaxation import Relaxation
from koopmark.systems.low_rank.rnn import (
    random_drift,
    random_lotka_volterra,
    random_relaxation,
    random_rnn,
    three_populations,
)
from koopmark.systems.low_rank.weights import gaussian_weights
from koopmark.systems.prescribed.random import (
    block_diagonal,
    prescribed_target,
    random_coupling,
    random_prescribed,
)
from koopmark.systems.registry import named
from koopmark.systems.textbook.kuramoto import Kuramoto
from koopmark.systems.textbook.linear import random_linear
from koopmark.systems.textbook.ornstein_uhlenbeck import ornstein_uhlenbeck
from koopmark.systems.textbook.planar import HopfNormalForm, SlowManifold


def neighbour_product(x: NDArray, out: NDArray | None = None) -> NDArray:
    """The coupling hⱼ(x) = tanh(xⱼ + xⱼ xⱼ₊₁), which mixes neighbouring units."""
    return np.tanh(x * (1.0 + np.roll(x, -1, axis=-1)), out=out)


NETWORKS: dict[str, Callable[[], System]] = {
    "three_populations": three_populations,
    **{
        f"rnn_{name}": partial(random_rnn, 6, 2, 1.2, activation=name, theta_scale=0.3)
        for name in ACTIVATIONS
    },
    "rnn_prescribed": lambda: random_rnn(8, 3, 2.0, singular_values=[1.0, 0.5, 0.1]),
    "relaxation_sinh": lambda: random_relaxation(6, 2, SINH),
    "relaxation_cubic": lambda: random_relaxation(6, 3, CUBIC),
    "relaxation_neighbour_coupled": lambda: Relaxation(
        gaussian_weights(6, 2, 1.5, generator("neighbour_coupled", "weights")),
        SINH,
        neighbour_product,
    ),
    "drift_sinh": lambda: random_drift(6, 2, SINH),
    "drift_log": lambda: random_drift(5, 2, LOG),
    "lotka_volterra": lambda: random_lotka_volterra(4, 2),
    "overlap": lambda: overlap_rnn(8, 2, 1.5, angle=60.0, input_scale=0.3, input_overlap=0.5),
    "mixture": lambda: mixture_rnn(9, 3, 1.5, populations=3, input_scale=0.3),
    "hopfield": lambda: hopfield_rnn(9, 3, 2.0),
    "hopfield_sequence": lambda: hopfield_rnn(9, 3, 2.0, sequence=0.7, theta_scale=0.2),
    "block": lambda: block_rnn(8, 3, 1.5, theta_scale=0.3),
    "dale": lambda: dale_rnn(10, 3, 1.5, theta_scale=0.3),
    "sparse": lambda: sparse_rnn(10, 3, 1.5, theta_scale=0.3),
    "karate_club": lambda: network_rnn("karate_club", weighted=False),
    "southern_women": lambda: network_rnn("southern_women", theta_scale=0.3),
}
"""Systems of the relaxation and drift families, with closed-form null components."""

LINEAR_UNITS: dict[str, Callable[[], System]] = {
    "inertial": lambda: random_inertial(5, 2),
    "adapting": lambda: random_adapting(5, 2),
}
"""Networks of units with linear internal dynamics, with eigenvalues other than -1, some complex."""

PRESCRIBED: dict[str, Callable[[], System]] = {
    "prescribed_quadratic": lambda: random_prescribed(2, block_diagonal([-1.0]), "polynomial", 0.5),
    "coupling_polynomial": lambda: random_coupling(
        3, block_diagonal([-0.3, -0.7, -1.1]), "polynomial", 0.4
    ),
    "prescribed_weak_tanh": lambda: random_prescribed(4, block_diagonal([-0.5, -1.2]), "tanh", 0.2),
    "prescribed_strong_tanh": lambda: random_prescribed(
        4, block_diagonal([-0.5, -1.2]), "tanh", 0.9, steepness=2.0
    ),
    "prescribed_fourier": lambda: random_prescribed(
        5, block_diagonal([-0.4, -1.1]), "fourier", 3.0, graph=True
    ),
    "prescribed_bump": lambda: prescribed_target("bump", 3, 0.8),
    "prescribed_oscillator": lambda: random_prescribed(
        4, block_diagonal([], [(-0.2, 2.0)]), "tanh", 0.6
    ),
    "coupling_oscillators": lambda: random_coupling(
        4, block_diagonal([], [(-0.1, 1.0), (-0.3, 2.3)]), "tanh", 1.0, stretch=0.5
    ),
    "coupling_10": lambda: random_coupling(
        10,
        block_diagonal([-0.33, -0.73, -1.17, -1.58], [(-0.33, 1.0), (-0.51, 2.2), (-0.67, 3.1)]),
        "tanh",
        1.0,
        layers=4,
        stretch=0.3,
    ),
    "prescribed_50": lambda: random_prescribed(
        50, block_diagonal([-0.45], [(-0.3, 1.5)]), "tanh", 0.8, count=60
    ),
}
"""Systems with prescribed eigenfunctions in order of difficulty.

    docs/explanation/families/what_methods_find.md lists what methods find of them.
    """

TEXTBOOK: dict[str, Callable[[], System]] = {
    "linear_normal": lambda: random_linear(5, "normal", pairs=1),
    "linear_non_normal": lambda: random_linear(5, "non_normal", pairs=1),
    "linear_defective": lambda: random_linear(4, "defective"),
    "slow_manifold": lambda: SlowManifold(-0.3, -1.0),
    "hopf_focus": lambda: HopfNormalForm(-0.5, 2.0, 0.5),
    "hopf_limit_cycle": lambda: HopfNormalForm(0.5, 2.0, 0.5),
    "kuramoto": lambda: Kuramoto(5, 0.5, -0.5),
}
"""Deterministic textbook systems."""

CATALOGUE: dict[str, Callable[[], System]] = {**NETWORKS, **LINEAR_UNITS, **PRESCRIBED, **TEXTBOOK}
"""All example systems with eigenfunctions that are exact along every trajectory."""

INEXACT: dict[str, Callable[[], System]] = {
    "nearly_low_rank": lambda: nearly_low_rank_rnn(8, 2),
    "ornstein_uhlenbeck": lambda: ornstein_uhlenbeck([0.5, 1.3]),
}
"""Systems whose eigenfunctions are exact only up to a bound, or on average over paths."""


def example(name: str) -> System:
    """Return the example system of this name."""
    return named("system", name, {**CATALOGUE, **INEXACT})()
