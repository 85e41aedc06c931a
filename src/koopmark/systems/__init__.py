"""The equations: networks with low-rank weights and their exact eigenspaces."""

from koopmark.systems.activation import ACTIVATIONS, Activation, activation
from koopmark.systems.catalogue import (
    CATALOGUE,
    NETWORKS,
    example,
    random_drift,
    random_relaxation,
)
from koopmark.systems.elementwise import CUBIC, LOG, MAPS, SINH, ElementwiseMap, Shift
from koopmark.systems.lotka_volterra import lotka_volterra, random_lotka_volterra
from koopmark.systems.low_rank import LowRank
from koopmark.systems.network import Drift, Network, Relaxation
from koopmark.systems.rnn import (
    gaussian_weights,
    random_rnn,
    rnn,
    three_populations,
    weights_with_singular_values,
)
from koopmark.systems.system import System

__all__ = [
    "ACTIVATIONS",
    "CATALOGUE",
    "CUBIC",
    "LOG",
    "MAPS",
    "NETWORKS",
    "SINH",
    "Activation",
    "Drift",
    "ElementwiseMap",
    "LowRank",
    "Network",
    "Relaxation",
    "Shift",
    "System",
    "activation",
    "example",
    "gaussian_weights",
    "lotka_volterra",
    "random_drift",
    "random_lotka_volterra",
    "random_relaxation",
    "random_rnn",
    "rnn",
    "three_populations",
    "weights_with_singular_values",
]
