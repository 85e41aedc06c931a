"""Simulation of trajectories, trajectory data and their files."""

from koopmark.simulation._driven import Feedback
from koopmark.simulation._fresh import BLOCK, FreshTrajectories
from koopmark.simulation._integrator import Tolerance, integrate
from koopmark.simulation._noise import MeasurementNoise, measurement_noise
from koopmark.simulation._processes import one_blas_thread
from koopmark.simulation._recorded import check_range
from koopmark.simulation._reduction import ReducedTrajectories, Reduction, null_component, reduction
from koopmark.simulation._signal import (
    EXCITES,
    DataRank,
    canonical_correlations,
    data_rank,
    excitation_of,
    overlapping,
    rank_of,
    significant,
)
from koopmark.simulation._simulate import (
    initial_states_of,
    sample_paths,
    simulate,
    simulate_reduced,
)
from koopmark.simulation._times import SAME_INTERVAL
from koopmark.simulation._trajectories import Trajectories

__all__ = [
    "BLOCK",
    "EXCITES",
    "SAME_INTERVAL",
    "DataRank",
    "Feedback",
    "FreshTrajectories",
    "MeasurementNoise",
    "ReducedTrajectories",
    "Reduction",
    "Tolerance",
    "Trajectories",
    "canonical_correlations",
    "check_range",
    "data_rank",
    "excitation_of",
    "initial_states_of",
    "integrate",
    "measurement_noise",
    "null_component",
    "one_blas_thread",
    "overlapping",
    "rank_of",
    "reduction",
    "sample_paths",
    "significant",
    "simulate",
    "simulate_reduced",
]
