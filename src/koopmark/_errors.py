"""Errors of the user, each in one sentence."""

from collections.abc import Iterable
from difflib import get_close_matches

PROPOSED = 6
"""Most names that are proposed in place of one that does not exist."""


class ConfigError(ValueError):
    """Wrong usage or configuration; the message names the file, the key and what is allowed.

    The command line prints the sentence and exits with code 2, without a traceback.
    """


def a(name: str) -> str:
    """The name with its article: `a Drift`, `an OrnsteinUhlenbeck`."""
    return f"{'an' if name[:1] in 'AEIO' else 'a'} {name}"


def suggest(name: object, known: Iterable[str]) -> str:
    """A hint such as `did you mean 'smoke'? `; empty if no known name is similar.

    Names that the typed one begins are proposed, as far as they are few; otherwise the closest.
    Small and capital letters are alike.
    """
    typed, names = str(name).casefold(), {other.casefold(): other for other in known}
    begun = [other for other in names if typed and other.startswith(typed)]
    close = begun if 0 < len(begun) <= PROPOSED else get_close_matches(typed, names, n=1)
    return did_you_mean([names[one] for one in close])


def did_you_mean(names: Iterable[str]) -> str:
    """The hint for these similar names; empty if there are none."""
    proposed = list(map(repr, names))
    if not proposed:
        return ""
    *others, last = proposed
    return f"did you mean {', '.join(others)}{' or ' if others else ''}{last}? "


def one_line(error: object) -> str:
    """The text of an error in one line."""
    return " ".join(str(error).split())


def named(error: BaseException) -> str:
    """An error in one line with its type, such as `ValueError: no`, for errors of foreign code."""
    return f"{type(error).__name__}: {one_line(error)}"
