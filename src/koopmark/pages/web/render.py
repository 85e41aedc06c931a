"""A page from a template of this package: one HTML file that needs nothing else."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from koopmark.pages.web import shades
from koopmark.pages.web.embed import island


def render(template: str, data: Mapping[str, Any], **context: Any) -> str:
    """The HTML of a page, with its styles, scripts and data inlined.

    Parameters
    ----------
    template : str
        A file of this package, such as `run/page.html.j2`, that extends web/base.html.j2.
    data : mapping
        What the page's scripts get by `koopmark.data(name)`, see `embed.island`.
    context
        What the template prints.
    """
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
    return environment.get_template(template).render(
        shades=Markup(shades.css()),
        islands=_islands(data.items()),
        plotly=_plotly(),
        **context,
    )


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


def _islands(data: Iterable[tuple[str, Any]]) -> Markup:
    return Markup("\n").join(island(name, value) for name, value in data)


@cache
def _plotly() -> Markup:
    """Plotly's source, 4.8 MB, of which 1.9 MB are left."""
    return island("plotly", get_plotlyjs())
