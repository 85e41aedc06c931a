"""How low the rank of a full-rank matrix effectively is, by its singular values.

The measures are those of Thibeault, Allard and Desrosiers, "The low-rank hypothesis of complex
systems", Nature Physics 20, 294 (2024), and the sources given there.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite

ENERGY = 0.95


def effective_ranks(singular_values: ArrayLike) -> dict[str, float]:
    """Effective ranks of a matrix with these singular values (k,), each between 1 and k.

    Returns
    -------
    dict
        `stable`: Σs²/s₁². `nuclear`: Σs/s₁. `participation`: (Σs²)²/Σs⁴. `entropy`: e^H, H the
        entropy of s/Σs (Roy and Vetterli 2007). `energy`: the least number of singular values
        that hold 95 % of Σs².

    Raises
    ------
    ValueError
        Where there are none, one is negative or not finite, or all are zero.
    """
    s: NDArray[np.float64] = np.sort(finite(singular_values, "singular_values"))[::-1]
    if s.ndim != 1 or not len(s) or s[-1] < 0 or s[0] == 0:
        raise ValueError("singular values must be finite and not negative, one of them positive")
    s = s / s[0]
    squares = s**2
    shares = s[s > 0] / s.sum()
    held = np.cumsum(squares) / squares.sum()
    return {
        "stable": float(squares.sum()),
        "nuclear": float(s.sum()),
        "participation": float(squares.sum() ** 2 / np.sum(squares**2)),
        "entropy": float(np.exp(-np.sum(shares * np.log(shares)))),
        "energy": float(1 + np.searchsorted(held, ENERGY)),
    }
