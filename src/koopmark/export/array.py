"""Numbers to be handed on, with a name and a sentence."""

from dataclasses import dataclass

from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Array:
    """Named numbers and what they are; complex ones are handed on as two arrays."""

    name: str
    values: NDArray
    meaning: str
