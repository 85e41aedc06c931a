"""What the deeptime adapters share."""

from dataclasses import dataclass
from typing import ClassVar

from koopmark.methods.method import Method


@dataclass(frozen=True)
class DeeptimeMethod(Method):
    """A method of deeptime (Hoffmann et al. 2021).

    Data are handed over as a tuple (X, Y) of snapshot pairs: deeptime takes a list for separate
    trajectories.
    """

    library: ClassVar[str] = "deeptime"
    install: ClassVar[str] = 'pip install "deeptime>=0.4.4"'
    requires: ClassVar[tuple[str, ...]] = ("deeptime",)
