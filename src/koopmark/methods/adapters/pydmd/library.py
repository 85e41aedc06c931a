"""What the PyDMD adapters share."""

from dataclasses import dataclass
from typing import ClassVar

from koopmark.methods.dictionaries import Identity
from koopmark.methods.method import Method

STATE = Identity(constant=False)
"""The state alone, which is what PyDMD's methods are fitted to unless told otherwise."""


@dataclass(frozen=True)
class PyDMDMethod(Method):
    """A method of PyDMD."""

    library: ClassVar[str] = "pydmd"
    install: ClassVar[str] = 'pip install "pydmd>=2025.8"'
    requires: ClassVar[tuple[str, ...]] = ("pydmd",)
