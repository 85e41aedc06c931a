"""Contracts: checks that a thing keeps to something, each a function that raises an AssertionError.

The text of the error is a sentence; the first line of a check's docstring is what it claims.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from koopmark._errors import named


class Skip(ValueError):
    """Raised by what does not apply by design, such as a method to some data; says the reason.

    To whoever fits a method directly it is a ValueError like any other about the data.
    """


@dataclass(frozen=True)
class Verdict:
    """How one check ended: `status` is passed, broken or skipped, `reason` says why."""

    check: str
    claim: str
    status: str
    reason: str = ""


def verdict(check: Callable[[Any], None], thing: Any) -> Verdict:
    """How one check of a thing ends."""
    status, reason = "passed", ""
    try:
        check(thing)
    except Skip as skip:
        status, reason = "skipped", str(skip)
    except AssertionError as error:
        status, reason = "broken", str(error) or "an assertion of its own failed"
    except Exception as error:  # noqa: BLE001 whatever foreign code does is a verdict
        status, reason = "broken", named(error)
    return Verdict(*described(check), status, reason)


def described(check: Callable[[Any], None]) -> tuple[str, str]:
    """The name of a check, and what it claims."""
    claim = (check.__doc__ or "").strip().partition("\n")[0]
    return check.__name__.replace("_", " "), claim


def agree(holds: object, sentence: str) -> None:
    """Refuse what does not hold.

    Raises
    ------
    AssertionError
        With the sentence.
    """
    if not holds:
        raise AssertionError(sentence)
