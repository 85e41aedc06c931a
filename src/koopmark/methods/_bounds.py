"""What numbers among the options may be, said once in the type of the field."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, get_args


@dataclass(frozen=True)
class Bound:
    """What a number keeps to, and how that is said behind the name of its field."""

    said: str
    holds: Callable[[Any], bool]


Count = Annotated[int, Bound("must be at least 1", lambda value: value >= 1)]
CountOrAll = Annotated[
    int, Bound("must be at least 1, or -1 for all", lambda value: value >= 1 or value == -1)
]
NotNegative = Annotated[float, Bound("must not be negative", lambda value: value >= 0)]
Positive = Annotated[float, Bound("must be positive", lambda value: value > 0)]
Tolerance = Annotated[float, Bound("must be at least 0 and below 1", lambda value: 0 <= value < 1)]
Share = Annotated[float, Bound("must be above 0 and below 1", lambda value: 0 < value < 1)]


class Bounded:
    """A dataclass whose numbers keep to the bounds in the types of their fields.

    Raises
    ------
    ValueError
        If one does not: its name, what it must be and what it is.
    """

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for name, bound in _bounds(kind):
            value = getattr(self, name)
            if value is not None and not bound.holds(value):
                raise ValueError(f"{name} {bound.said}, got {value}")


@cache
def _bounds(kind: Any) -> list[tuple[str, Bound]]:
    return [
        (field.name, bound)
        for field in fields(kind)
        for part in (field.type, *get_args(field.type))
        for bound in getattr(part, "__metadata__", ())
        if isinstance(bound, Bound)
    ]
