"""The equations: networks with low-rank weights and their exact eigenspaces."""

from koopmark.systems.activation import ACTIVATIONS, Activation, activation
from koopmark.systems.catalogue import (
    CATALOGUE,
    INEXACT,
    LINEAR_UNITS,
    NETWORKS,
    example,
    random_drift,
    random_relaxation,
)
from koopmark.systems.effective_rank import effective_ranks
from koopmark.systems.elementwise import CUBIC, LOG, MAPS, SINH, ElementwiseMap, Shift
from koopmark.systems.ensembles import (
    block_rnn,
    dale_rnn,
    hopfield_rnn,
    mixture_rnn,
    overlap_rnn,
    sparse_rnn,
)
from koopmark.systems.linear_units import (
    LinearUnits,
    adapting,
    inertial,
    linear_units,
    random_adapting,
    random_inertial,
)
from koopmark.systems.lotka_volterra import lotka_volterra, random_lotka_volterra
from koopmark.systems.low_rank import LowRank
from koopmark.systems.nearly_low_rank import NearlyLowRank, nearly_low_rank_rnn
from koopmark.systems.network import Drift, Network, Relaxation
from koopmark.systems.networks import Graph, graph, graph_file, graph_names, network_rnn
from koopmark.systems.prescribed.catalogue import PRESCRIBED
from koopmark.systems.prescribed.conjugate import Conjugate
from koopmark.systems.prescribed.coupling_layer import CouplingLayer
from koopmark.systems.prescribed.dynamics import LeakyDrive, Prescribed
from koopmark.systems.prescribed.features import LAYERS, Features, HiddenLayer, InnerMonomials
from koopmark.systems.prescribed.fitted import FunctionFit, fit_functions
from koopmark.systems.prescribed.functions import PrescribedFunctions
from koopmark.systems.prescribed.random_coupling import random_coupling
from koopmark.systems.prescribed.random_features import block_diagonal
from koopmark.systems.prescribed.random_prescribed import leaky_drive, random_prescribed
from koopmark.systems.prescribed.target import TARGETS, fitted_target, prescribed_target
from koopmark.systems.rnn import (
    gaussian_weights,
    random_rnn,
    rnn,
    three_populations,
    weights_with_singular_values,
)
from koopmark.systems.stochastic import StochasticSystem
from koopmark.systems.system import Formula, LinearCoordinates, NamedArray, System
from koopmark.systems.textbook import (
    HopfNormalForm,
    Kuramoto,
    LinearSystem,
    OrnsteinUhlenbeck,
    SlowManifold,
    ornstein_uhlenbeck,
    random_linear,
)

__all__ = [
    "ACTIVATIONS",
    "CATALOGUE",
    "CUBIC",
    "INEXACT",
    "LAYERS",
    "LINEAR_UNITS",
    "LOG",
    "MAPS",
    "NETWORKS",
    "PRESCRIBED",
    "SINH",
    "TARGETS",
    "Activation",
    "Conjugate",
    "CouplingLayer",
    "Drift",
    "ElementwiseMap",
    "Features",
    "Formula",
    "FunctionFit",
    "Graph",
    "HiddenLayer",
    "HopfNormalForm",
    "InnerMonomials",
    "Kuramoto",
    "LeakyDrive",
    "LinearCoordinates",
    "LinearSystem",
    "LinearUnits",
    "LowRank",
    "NamedArray",
    "NearlyLowRank",
    "Network",
    "OrnsteinUhlenbeck",
    "Prescribed",
    "PrescribedFunctions",
    "Relaxation",
    "Shift",
    "SlowManifold",
    "StochasticSystem",
    "System",
    "activation",
    "adapting",
    "block_diagonal",
    "block_rnn",
    "dale_rnn",
    "effective_ranks",
    "example",
    "fit_functions",
    "fitted_target",
    "gaussian_weights",
    "graph",
    "graph_file",
    "graph_names",
    "hopfield_rnn",
    "inertial",
    "leaky_drive",
    "linear_units",
    "lotka_volterra",
    "mixture_rnn",
    "nearly_low_rank_rnn",
    "network_rnn",
    "ornstein_uhlenbeck",
    "overlap_rnn",
    "prescribed_target",
    "random_adapting",
    "random_coupling",
    "random_drift",
    "random_inertial",
    "random_linear",
    "random_lotka_volterra",
    "random_prescribed",
    "random_relaxation",
    "random_rnn",
    "rnn",
    "sparse_rnn",
    "three_populations",
    "weights_with_singular_values",
]
