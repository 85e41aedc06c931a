"""The size of a cloud of states: the unit of bandwidths."""

import numpy as np
from numpy.typing import NDArray


def spread(states: NDArray) -> float:
    """Root-mean-square distance of states (P, N) from their mean: the unit of bandwidths."""
    # Column by column: the deviations of all at once would be a second copy of the data.
    return float(np.sqrt(sum(np.var(column) for column in states.T)))
