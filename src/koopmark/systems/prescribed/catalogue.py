"""Ten systems made for their eigenfunctions, from polynomial to far from it, N = 2 to 50."""

from collections.abc import Callable

from koopmark.systems._base import System
from koopmark.systems.prescribed._random import random_prescribed
from koopmark.systems.prescribed.random_coupling import random_coupling
from koopmark.systems.prescribed.random_features import block_diagonal
from koopmark.systems.prescribed.target import prescribed_target

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
"""In order of difficulty, as the dictionaries of today see it (docs/families.md)."""
