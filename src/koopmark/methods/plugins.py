"""Methods defined outside koopmark: in a module, in a file or behind an entry point."""

from inspect import isabstract
from typing import Any

from koopmark import _plugins
from koopmark._errors import ConfigError
from koopmark.methods._method import Method
from koopmark.methods._options import configured

METHOD = _plugins.Kind("method", "koopmark.methods", Method)
"""How they are loaded."""


def load(name: str, as_of: str = "") -> Method:
    """Load the method of this name with its default options.

    Parameters and errors are those of `koopmark._plugins.load`; it is a ConfigError too if it has
    no `_fit`, or no default for some field.
    """
    found, digest = _plugins.load(name, METHOD, as_of=as_of)
    if isabstract(found):
        raise ConfigError(f"method {name!r} has no `_fit`")
    try:
        method: Method = found()
    except TypeError as error:
        raise ConfigError(f"method {name!r} needs a default for every field: {error}") from None
    if _plugins.is_file(name):
        _plugins.travels(found, name, digest, Method.to_options, _again)
    return method


def _again(name: str, options: dict[str, Any], digest: str) -> Method:
    method: Method = configured(name, load(name, digest), options)
    return method
