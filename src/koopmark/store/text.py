"""Text from anywhere, fit for tables, files, terminals and pages."""

import re

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters other than tabs and ends of lines, and what has no place in UTF-8: it would
steer a terminal, end a row of a CSV file early, or be impossible to write at all."""


def is_fit(text: str) -> bool:
    """Whether `fit` would leave it as it is."""
    return _UNFIT.search(text) is None


def fit(text: str) -> str:
    """`text` with a replacement character for each that is fit for no file."""
    return _UNFIT.sub("\ufffd", text)
