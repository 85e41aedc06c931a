"""The registry of all methods by name."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

from koopmark._errors import PROPOSED, ConfigError, did_you_mean, suggest
from koopmark._plugins import entry_points, names_code
from koopmark.datasets import AnswerKey
from koopmark.methods import anchors, own, plugins
from koopmark.methods._method import Method, Role, Sampling
from koopmark.methods._options import configured
from koopmark.methods._paper import Paper
from koopmark.methods.adapters import deeptime, kooplearn, pydmd, pykoop, pykoopman
from koopmark.models import Model
from koopmark.simulation import Trajectories


def _with_defaults(*listed: Mapping[str, Method]) -> Iterator[tuple[str, Method]]:
    """All of them; behind each class's own defaults those of its library, if they differ."""
    for name, method in chain.from_iterable(some.items() for some in listed):
        yield name, method
        default = type(method).library_default()
        if method == type(method)() and default not in (None, method):
            yield f"{name}_default", default


REGISTRY: dict[str, Method] = dict(
    _with_defaults(
        own.METHODS,
        pydmd.METHODS,
        pykoopman.METHODS,
        deeptime.METHODS,
        kooplearn.METHODS,
        pykoop.METHODS,
        anchors.METHODS,
    )
)


def names() -> list[str]:
    """Names of the methods that come with koopmark."""
    return list(REGISTRY)


def offered() -> list[str]:
    """Names of methods from entry points of installed packages; nothing is imported."""
    return sorted(set(entry_points(plugins.METHOD.group)) - set(REGISTRY))


def get(name: str | Method, /, **options: Any) -> Method:
    """The method of this name, with `options` in place of its defaults.

    Parameters
    ----------
    name : str or Method
        One of `names()` or `offered()`; for your own `Method`, `package.module:Class` or
        `path/to/file.py:Class`. An instance means its class with its options.
    **options
        Fields of the method; nested ones as instances or mappings, such as
        `dictionary={"kind": "monomials", "degree": 3}`. Short forms of this are
        `dictionary="monomials", degree=3` and `degree=3`.

    Raises
    ------
    ConfigError
        If the name or an option is unknown, or a value is not allowed.
    """
    if isinstance(name, Method):
        changed: Method = configured(type(name).__name__, name, options)
        return changed
    if not isinstance(name, str):
        hint = f": {name.__name__}() is one" if isinstance(name, type) else ""
        raise ConfigError(
            f"a method is its name or an instance of Method, got {_kind_of(name)}{hint}"
        )
    default = REGISTRY.get(name)
    if default is None and names_code(name, plugins.METHOD.group):
        default = plugins.load(name)
    if default is None:
        if name.endswith(".py"):
            raise ConfigError(f"{name} names a file and no method in it: write {name}:Class")
        hint = _like(name, [*REGISTRY, *offered()])
        raise ConfigError(f"unknown method {name!r}: {hint}`koopmark list methods` shows them all")
    return configured(name, default, options)


def _kind_of(value: object) -> str:
    return "a class" if isinstance(value, type) else type(value).__name__


def _like(name: str, known: list[str]) -> str:
    """Proposes what is called so behind the dot, `pydmd.dmd` for dmd, or else what is alike."""
    asked = name.casefold()
    found = [other for other in known if other.rpartition(".")[2].casefold() == asked]
    classes = {other: type(method).__name__ for other, method in REGISTRY.items()}
    found = found or [other for other, one in classes.items() if one.casefold() == asked]
    return did_you_mean(found[:PROPOSED]) or suggest(name, known)


def about(name: str) -> str:
    """A one-line description of a method: its first sentence and its non-default options."""
    method = get(name)
    summary = _sentences(type(method).__doc__ or "", 1)
    changed = [f"{key}={value!r}" for key, value in _changed(method).items()]
    return f"{summary.removesuffix('.')}; {', '.join(changed)}." if changed else summary


@dataclass(frozen=True)
class Description:
    """The description of a method for tables and cards."""

    name: str
    summary: str
    """What it does, in one or two sentences."""
    papers: tuple[Paper, ...]
    """Papers that the algorithm comes from."""
    library: str
    """The distribution that does the computation; "koopmark" for koopmark's own methods."""
    role: Role
    options: dict[str, Any]
    """Options that differ from the defaults of its class."""
    library_default: bool
    """Whether its options are the library's defaults."""
    default_name: str
    """Name of the registered method with the library's defaults; empty if there is none."""
    takes_dictionary: bool
    """Whether the user chooses the dictionary."""
    one_trajectory: bool
    """Whether it is fitted to a single trajectory."""
    sampling: Sampling
    """Which data with gaps, unequal lengths or uneven times it can use."""
    inputs: bool
    """Whether it uses inputs; otherwise they are ignored."""


def described(name: str) -> Description:
    """Describe a method: what it does, where it comes from and its non-default options.

    Raises
    ------
    ConfigError
        As `get`.
    """
    method = get(name)
    default = type(method).library_default()
    known = [other for other, one in REGISTRY.items() if one == default]
    return Description(
        name=name,
        summary=_sentences(type(method).__doc__ or "", 2),
        papers=method.tags.papers,
        library=method.tags.library,
        role=method.tags.role,
        options=_changed(method),
        library_default=method.is_library_default,
        default_name=known[0] if known else "",
        takes_dictionary=method.options_with({"kind": "monomials"}) is not None,
        one_trajectory=method.tags.one_trajectory,
        sampling=method.tags.sampling,
        inputs=method.tags.inputs,
    )


def _changed(method: Method) -> dict[str, Any]:
    """Options that differ from the defaults of the class."""
    default = type(method)()
    options = {field.name: getattr(method, field.name) for field in fields(method)}
    return {key: value for key, value in options.items() if value != getattr(default, key)}


def _sentences(docstring: str, most: int) -> str:
    """The first sentences before the sections of a docstring."""
    prose = re.split(r"\n\s*\w+\n\s*-{3,}\n", inspect.cleandoc(docstring))[0]
    ends = [end.start() for end in re.finditer(r"[.](?=\s+[^\W\d_a-z]|\s+`|\s*$)", prose)]
    return " ".join(prose[: ends[most - 1] + 1 if len(ends) >= most else None].split())


def fit(
    method: str | Method,
    data: Any,
    key: AnswerKey | None = None,
    /,
    *,
    dt: float | None = None,
    times: Any = None,
    inputs: Any = None,
    **options: Any,
) -> Model:
    """Fit a method to trajectories, or to arrays: `koopmark.fit("pydmd.dmd", X, dt=0.1)`.

    Parameters
    ----------
    method : str or Method
        A name as for `get`, or an instance.
    data : Trajectories, (M, T, N) or (T, N) array_like, list of (Tᵢ, N) array_like, or xarray
        See `Trajectories.of`.
    key : AnswerKey, optional
        Answer key for an informed method; by default the key of the system behind the data, to the
        first degree.
    dt, times, inputs
        Sampling and inputs of data that are arrays, as for `Trajectories`. With Trajectories, they
        are options of the method, if it has options with these names.
    **options
        See `get`.

    Raises
    ------
    ConfigError
        As `get`.
    ValueError, TypeError
        As `Trajectories.of` and `Method.fit`, and if an informed method gets neither a key nor data
        with a system.
    """
    described = {"dt": dt, "times": times, "inputs": inputs}
    if isinstance(data, Trajectories):
        # A method of one's own may have an option of that name.
        known = {field.name for field in fields(get(method))}
        own = {name: described.pop(name) for name in known & described.keys()}
        options |= {name: value for name, value in own.items() if value is not None}
    chosen = get(method, **options)
    train = Trajectories.of(data, "fit", **described)
    if chosen.tags.role == "method":
        return chosen.fit(train)
    if key is None:
        system = train.system
        if system is None:
            name = method if isinstance(method, str) else type(method).__name__
            raise ValueError(
                f"{name} is given the answer key, and these trajectories carry no system to make "
                f"it of: koopmark.fit({name!r}, train, key), such as the key of a dataset"
            )
        key = AnswerKey.of(system)
    return chosen.fit_with(train, key)
