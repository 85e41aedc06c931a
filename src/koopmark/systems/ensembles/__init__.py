"""Ensembles of recurrent networks ẋ = -x + Wσ(x) + θ of exactly low rank, from the literature."""

from collections.abc import Callable

from koopmark.systems._base import System
from koopmark.systems.ensembles.block import block_rnn
from koopmark.systems.ensembles.dale import dale_rnn
from koopmark.systems.ensembles.hopfield import hopfield_rnn
from koopmark.systems.ensembles.sparse import sparse_rnn
from koopmark.systems.low_rank._ensembles import mixture_rnn, overlap_rnn

EXAMPLES: dict[str, Callable[[], System]] = {
    "overlap": lambda: overlap_rnn(8, 2, 1.5, angle=60.0, input_scale=0.3, input_overlap=0.5),
    "mixture": lambda: mixture_rnn(9, 3, 1.5, populations=3, input_scale=0.3),
    "hopfield": lambda: hopfield_rnn(9, 3, 2.0),
    "hopfield_sequence": lambda: hopfield_rnn(9, 3, 2.0, sequence=0.7, theta_scale=0.2),
    "block": lambda: block_rnn(8, 3, 1.5, theta_scale=0.3),
    "dale": lambda: dale_rnn(10, 3, 1.5, theta_scale=0.3),
    "sparse": lambda: sparse_rnn(10, 3, 1.5, theta_scale=0.3),
}
"""One of each, for `koopmark list systems` and the tests."""

__all__ = [
    "EXAMPLES",
    "block_rnn",
    "dale_rnn",
    "hopfield_rnn",
    "mixture_rnn",
    "overlap_rnn",
    "sparse_rnn",
]
