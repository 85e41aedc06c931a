"""Data inside a page: JSON, compressed, in elements that the page's scripts decode when needed."""

import base64
import gzip
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

INFINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}
"""JSON has no infinity: a text that JavaScript's Number() reads as one. Missing is null."""


def island(name: str, value: Any) -> Markup:
    """A script element of the id `data-NAME`, which `koopmark.data("NAME")` decodes in the page.

    Parameters
    ----------
    name : str
        What the scripts call it.
    value
        Whatever `json` takes, arrays and DataFrames (see `columnar`) within it too. The same value
        gives the same text.
    """
    text = json.dumps(plain(value), allow_nan=False, separators=(",", ":"))
    packed = base64.b64encode(gzip.compress(text.encode("ascii"), mtime=0)).decode("ascii")
    # Base64 has no `<`: nothing in it can end the element.
    return Markup(f'<script type="application/gzip" id="data-{escape(name)}">{packed}</script>')


def columnar(table: pd.DataFrame) -> dict[str, list[Any]]:
    """A table as a list per column, which compresses better than a mapping per row."""
    return {str(name): plain(table[name].tolist()) for name in table.columns}


def plain(value: Any) -> Any:
    """A value as JSON has it: to the last bit, missing numbers null, infinite ones a text."""
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else INFINITE.get(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, pd.DataFrame):
        return columnar(value)
    if isinstance(value, np.ndarray):
        listed = value.tolist()
        finite = value.dtype.kind in "biu" or (
            value.dtype.kind == "f" and bool(np.isfinite(value).all())
        )
        return listed if finite else plain(listed)
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is pd.NA:
        return None
    if isinstance(value, np.generic):
        return plain(value.item())
    raise TypeError(f"{type(value).__name__} has no place in a page's data")
