"""The triangular factor of a tall matrix by blocks of rows (TSQR).

Demmel, Grigori, Hoemmen and Langou, "Communication-optimal parallel and sequential QR and LU
factorizations", SIAM J. Sci. Comput. 34 (2012).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

PANEL = 24
"""Columns that LAPACK eliminates at a time."""

BLOCK_ROWS, BLOCK_BYTES = 1024, 2**24
"""Largest block of rows: products run at full speed, and a block is small beside a triangle."""


def block_rows(columns: int) -> int:
    """Good number of rows of a block, for rows of so many numbers."""
    return min(BLOCK_ROWS, max(64, BLOCK_BYTES // (8 * columns)))


def eliminate(triangle: NDArray, block: NDArray, triangular: bool = False) -> NDArray:
    """R of [triangle; block], computed in place of `triangle`; `block` is overwritten.

    LAPACK's tpqrt leaves the zeros of the triangle alone, and those of a block that is
    `triangular` itself.

    Parameters
    ----------
    triangle : (D, D) array
        Upper triangular, in Fortran order, float or complex as `block` is.
    block : (P, D) array
        In Fortran order; (D, D) where triangular.
    """
    columns = triangle.shape[1]
    tpqrt = lapack.ztpqrt if np.iscomplexobj(triangle) else lapack.dtpqrt
    height = columns if triangular else 0
    triangle, _, _, info = tpqrt(
        height, min(PANEL, columns), triangle, block, overwrite_a=1, overwrite_b=1
    )
    if info != 0:
        raise RuntimeError(f"LAPACK tpqrt refused argument {-info}")
    return triangle


def triangle_of(*parts: NDArray) -> NDArray:
    """R (D, D) of the matrix with the columns of all `parts` (P, Dᵢ) side by side."""
    columns = sum(part.shape[1] for part in parts)
    dtype = complex if any(np.iscomplexobj(part) for part in parts) else float
    triangle = np.zeros((columns, columns), dtype, order="F")
    if columns == 0:
        return triangle
    rows = block_rows(columns)
    for start in range(0, len(parts[0]), rows):
        block = np.hstack([part[start : start + rows] for part in parts], dtype=dtype)
        triangle = eliminate(triangle, np.asfortranarray(block))
    return triangle
