"""How sentences name methods."""

from collections.abc import Iterable, Mapping

from koopmark.analysis.numbers import listed, plural

OURS = "koopmark"
"""The library of our own methods."""

AUTHORS = "by the authors of koopmark"


def named(methods: Iterable[str], libraries: Mapping[str, str], most: int = 3) -> str:
    """Methods, those of other libraries first; our own are said to be so.

    `a, b and c`, or `a and 8 others (2 by the authors of koopmark)`.
    """
    ordered = sorted(methods, key=lambda name: libraries[name] == OURS)
    own = [libraries[name] == OURS for name in ordered]
    many = len(ordered) > most
    names = f"{ordered[0]} and {plural(len(ordered) - 1, 'other')}" if many else listed(ordered, 9)
    if not any(own):
        return names
    ours = sum(own)
    if all(own):
        which = {1: "", 2: "both "}.get(ours, "all ")
    elif many:
        which = f"{ours} "
    else:
        which = "" if ours == 1 else f"the last {ours} "
    return f"{names} ({which}{AUTHORS})"
