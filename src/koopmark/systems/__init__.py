"""Systems with exact Koopman eigenspaces, one subpackage for each family.

A module of a family holds the class of a system, its factories with the bounds on their parameters,
its linear coordinates and its formula for other languages. `koopmark.systems.sections`, which needs
pydantic, makes the sections of recipes from the factories.
"""

from koopmark.systems._activation import ACTIVATIONS, Activation, activation
from koopmark.systems._base import Formula, LinearCoordinates, NamedArray, StochasticSystem, System
from koopmark.systems._catalogue import (
    CATALOGUE,
    INEXACT,
    LINEAR_UNITS,
    NETWORKS,
    PRESCRIBED,
    TEXTBOOK,
    example,
)
from koopmark.systems._elementwise import CUBIC, LOG, MAPS, SINH, ElementwiseMap, Shift
from koopmark.systems._sensors import NoKey, Sensors
from koopmark.systems.low_rank.drift import Drift
from koopmark.systems.low_rank.ensembles import (
    block_rnn,
    dale_rnn,
    hopfield_rnn,
    mixture_rnn,
    overlap_rnn,
    sparse_rnn,
)
from koopmark.systems.low_rank.graphs import Graph, graph, graph_file, graph_names, network_rnn
from koopmark.systems.low_rank.linear_units import (
    LinearUnits,
    adapting,
    inertial,
    linear_units,
    random_adapting,
    random_inertial,
)
from koopmark.systems.low_rank.nearly_low_rank import (
    NearlyLowRank,
    effective_ranks,
    nearly_low_rank_rnn,
)
from koopmark.systems.low_rank.network import Network, NullFlow
from koopmark.systems.low_rank.relaxation import Relaxation, RelaxationMap
from koopmark.systems.low_rank.rnn import (
    from_weights,
    leaky_rnn,
    lotka_volterra,
    random_drift,
    random_lotka_volterra,
    random_relaxation,
    random_rnn,
    rnn,
    three_populations,
)
from koopmark.systems.low_rank.weights import (
    RANK_TOLERANCE,
    LowRank,
    gaussian_weights,
    weights_with_singular_values,
)
from koopmark.systems.prescribed.conjugate import Conjugate, CouplingLayer
from koopmark.systems.prescribed.dynamics import LeakyDrive, Prescribed
from koopmark.systems.prescribed.features import LAYERS, Features, HiddenLayer, InnerMonomials
from koopmark.systems.prescribed.functions import FunctionFit, PrescribedFunctions, fit_functions
from koopmark.systems.prescribed.random import (
    POLYNOMIAL,
    TARGETS,
    block_diagonal,
    fitted_target,
    leaky_drive,
    prescribed,
    prescribed_target,
    random_coupling,
    random_prescribed,
)
from koopmark.systems.textbook.kuramoto import CrossRatios, Kuramoto
from koopmark.systems.textbook.linear import LinearSystem, linear_of_spectrum, random_linear
from koopmark.systems.textbook.ornstein_uhlenbeck import OrnsteinUhlenbeck, ornstein_uhlenbeck
from koopmark.systems.textbook.planar import HopfNormalForm, SlowManifold

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
    "POLYNOMIAL",
    "PRESCRIBED",
    "RANK_TOLERANCE",
    "SINH",
    "TARGETS",
    "TEXTBOOK",
    "Activation",
    "Conjugate",
    "CouplingLayer",
    "CrossRatios",
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
    "NoKey",
    "NullFlow",
    "OrnsteinUhlenbeck",
    "Prescribed",
    "PrescribedFunctions",
    "Relaxation",
    "RelaxationMap",
    "Sensors",
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
    "from_weights",
    "gaussian_weights",
    "graph",
    "graph_file",
    "graph_names",
    "hopfield_rnn",
    "inertial",
    "leaky_drive",
    "leaky_rnn",
    "linear_of_spectrum",
    "linear_units",
    "lotka_volterra",
    "mixture_rnn",
    "nearly_low_rank_rnn",
    "network_rnn",
    "ornstein_uhlenbeck",
    "overlap_rnn",
    "prescribed",
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
