"""A page from a template of this package: one HTML file that needs nothing else."""

import base64
import gzip
import json
import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from koopmark.analysis import numbers
from koopmark.analysis.columns import SUMMARY
from koopmark.pages.web._bundles import bundle
from koopmark.pages.web._looks import css

INFINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}
"""JSON has no infinity: a text that JavaScript's Number() reads as one. Missing is null."""


def render(
    template: str, data: Mapping[str, Any], *, figures: str | None = "cartesian", **context: Any
) -> str:
    """The HTML of a page, with its styles, scripts and data inlined.

    Parameters
    ----------
    template : str
        A file of this package, such as `run/page.html.j2`, that extends web/base.html.j2.
    data : mapping
        What the page's scripts get by `koopmark.data(name)`, see `island`.
    figures : str, optional
        Plotly's bundle that draws them, see `bundle`; None for a page without figures.
    context
        What the template prints.

    Raises
    ------
    ConfigError
        If that bundle is not there.
    """
    plotly = bundle(figures) if figures else None
    return (
        _environment()
        .get_template(template)
        .render(
            shades=Markup(css()),
            islands=Markup("\n").join(island(name, value) for name, value in data.items()),
            plotly=plotly,
            plotly_island=_script(figures) if figures else "",
            plain_scores=[column.key for column in SUMMARY if column.write is numbers.plain],
            **context,
        )
    )


@cache
def _environment() -> jinja2.Environment:
    """What compiles templates, each once."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("koopmark.pages", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    environment.filters["heading"] = heading
    environment.filters["whole_numbers"] = whole_numbers
    environment.globals["when"] = when
    return environment


def when(hidden: bool = False, **chosen: str) -> Markup:
    """Attributes of a part that is shown while the pickers of its section have these values."""
    text = escape(json.dumps(chosen))
    return Markup(f'data-when="{text}"{" hidden" if hidden else ""}')


def breakable(name: str) -> Markup:
    """A name that may be broken after a dot or an underscore and before a bracket."""
    return Markup(re.sub(r"(?<=[._/])|(?=\[)", "<wbr>", str(escape(name))))


def heading(title: str) -> str:
    """A title with a capital in front, and its units as they are."""
    return title[:1].upper() + title[1:]


def whole_numbers(sentence: str) -> Markup:
    """A sentence whose numbers stay on one line: browsers break 1e-06 after the hyphen."""
    unbroken = r'<span class="whole">\g<0></span>'
    return Markup(re.sub(r"\b\d[\d.]*e-\d+", unbroken, str(escape(sentence))))


@cache
def _script(figures: str) -> Markup:
    """Plotly's source, of which packing leaves less than half."""
    return island("plotly", bundle(figures).script)


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
