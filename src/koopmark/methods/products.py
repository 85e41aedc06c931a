"""Products of real and complex matrices."""

import numpy as np
from numpy.typing import NDArray


def real_product(real: NDArray, vectors: NDArray) -> NDArray:
    """real @ vectors; where the second is complex, without a complex copy of the first."""
    if not np.iscomplexobj(vectors):
        return real @ vectors
    product = np.empty((len(real), vectors.shape[1]), dtype=complex)
    product.real, product.imag = real @ vectors.real, real @ vectors.imag
    return product
