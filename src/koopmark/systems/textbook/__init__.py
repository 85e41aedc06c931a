"""Textbook systems: systems of other kinds whose spectra are known in closed form."""

from collections.abc import Callable

from koopmark.systems._base import System
from koopmark.systems.textbook._hopf import HopfNormalForm
from koopmark.systems.textbook._kuramoto import CrossRatios, Kuramoto
from koopmark.systems.textbook._linear import LinearSystem, random_linear
from koopmark.systems.textbook._ornstein_uhlenbeck import OrnsteinUhlenbeck, ornstein_uhlenbeck
from koopmark.systems.textbook._slow_manifold import SlowManifold

TEXTBOOK: dict[str, Callable[[], System]] = {
    "linear_normal": lambda: random_linear(5, "normal", pairs=1),
    "linear_non_normal": lambda: random_linear(5, "non_normal", pairs=1),
    "linear_defective": lambda: random_linear(4, "defective"),
    "slow_manifold": lambda: SlowManifold(-0.3, -1.0),
    "hopf_focus": lambda: HopfNormalForm(-0.5, 2.0, 0.5),
    "hopf_limit_cycle": lambda: HopfNormalForm(0.5, 2.0, 0.5),
    "kuramoto": lambda: Kuramoto(5, 0.5, -0.5),
}
"""The deterministic ones, for `koopmark list systems` and the tests."""

__all__ = [
    "TEXTBOOK",
    "CrossRatios",
    "HopfNormalForm",
    "Kuramoto",
    "LinearSystem",
    "OrnsteinUhlenbeck",
    "SlowManifold",
    "ornstein_uhlenbeck",
    "random_linear",
]
