"""Checks of methods and systems: functions that raise an AssertionError if a claim is false.

The text of the error is a sentence; the first line of a check's docstring is what it claims.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from koopmark._errors import named


class Skip(ValueError):
    """Raised by a check that does not apply, or by a method that skips some data; says why.

    To whoever fits a method directly it is a ValueError like any other about the data.
    """


@dataclass(frozen=True)
class Verdict:
    """The result of a check: `status` is passed, broken or skipped; `reason` says why."""

    check: str
    claim: str
    status: str
    reason: str = ""


def verdict(check: Callable[[Any], None], thing: Any) -> Verdict:
    """Run a check and return its verdict."""
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
    """The name of a check and its claim."""
    claim = (check.__doc__ or "").strip().partition("\n")[0]
    return check.__name__.replace("_", " "), claim


def agree(holds: object, sentence: str) -> None:
    """Raise AssertionError with the sentence if the claim is false.

    Raises
    ------
    AssertionError
        With the sentence.
    """
    if not holds:
        raise AssertionError(sentence)
