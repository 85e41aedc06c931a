"""The cells of a suite: one for each fit, with a key of everything that the fit depends on."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar

from koopmark import methods
from koopmark._errors import ConfigError
from koopmark._keys import canonical_json, digest, generator
from koopmark._plugins import short
from koopmark.datasets import Recipe, Recording, source_of
from koopmark.methods import Method
from koopmark.plan._data import NO_LEVEL, Level, Source, sources
from koopmark.plan._rows import Row, rows
from koopmark.plan._source import code_of_roots, roots_of, source_digest
from koopmark.plan._suite import Limits, Suite

Options = TypeVar("Options")

MAX_CELLS = 1_000_000
"""Of a plan, which is held in memory: a gigabyte."""


@dataclass(frozen=True)
class Cell:
    """One fit: a method on a dataset at a seed.

    `fit_id` is a digest of everything that its scores depend on: the recipe, the seed, the method
    with its options, the version of its library, and the source code that makes the data, fits and
    scores. `source` is the digest of this code, and `code` that of all of koopmark, the method and
    the system. A process with the same `source` or `code` gives the same fit.
    """

    fit_id: str
    suite: str
    recipe: Recipe | Recording
    seed: int
    label: str
    use: str
    method: Method
    library_version: str
    source: str
    code: str
    limits: Limits
    level: Level = NO_LEVEL
    sources: tuple[str, ...] = ()
    """Other names of the dataset in the suite: its sweep and its recipe."""
    asked: str = ""
    """Name of the method in the suite's file, which may mean several rows."""

    @property
    def dataset(self) -> str:
        return self.recipe.name

    @property
    def data_names(self) -> tuple[str, ...]:
        """Names by which methods can select its dataset."""
        return tuple(dict.fromkeys((self.dataset, *self.sources)))


def plan(suite: Suite) -> list[Cell]:
    """The cells of a suite, ordered by dataset, then method, then seed.

    The anchors come last if the suite does not list them.

    Raises
    ------
    ConfigError
        If the suite has a mistake; the message names the file, the key and what is allowed.
    """
    data = sources(suite)
    called = [source.recipe.name for source in data]
    hint = " (a sweep can give its datasets a `name`)" if suite.sweeps else ""
    _refuse_repeats(suite, "datasets", called, hint)
    entries = _entries(suite, {name for source in data for name in source.names})
    wanted = {
        source.recipe.name: [
            entry for entry in entries if entry.row.runs_on(source, suite.max_functions)
        ]
        for source in data
    }
    count = suite.seeds * sum(map(len, wanted.values()))
    if count > MAX_CELLS:
        raise ConfigError(f"{suite.path}: {count:,} fits are more than {MAX_CELLS:,}")
    # Foreign files are read once for all fits that use them.
    code_of = cache(code_of_roots)
    cells: list[Cell] = []
    for source in data:
        settings, made_by = source.recipe.depends_on(), source_of(source.recipe)
        for entry in wanted[source.recipe.name]:
            made = digest([made_by, entry.source])
            code = code_of(roots_of(entry.row.method, source.recipe))
            cells += _cells(suite, source, settings, made, code, entry)
    labels: dict[str, str] = {}
    for cell in cells:
        other = labels.setdefault(cell.fit_id, cell.label)
        if other != cell.label:
            # They would share a row.
            raise ConfigError(
                f"{suite.path}: methods: {other!r} and {cell.label!r} are the same method "
                f"with the same options"
            )
    return cells


@dataclass(frozen=True)
class _Entry:
    """A row of the tables, and what is the same for all of its cells."""

    row: Row
    how: dict[str, Any]
    version: str
    source: str


def _entries(suite: Suite, known: set[str]) -> list[_Entry]:
    versions: dict[str, str] = {}
    entries: list[_Entry] = []
    for row in rows(suite, known):
        method, use = row.method, row.entry.use
        try:
            # Looking a version up takes a millisecond.
            if method.tags.library not in versions:
                versions[method.tags.library] = methods.library_version(method)
            how = {"use": short(use), "options": method.to_options()}
            canonical_json(how)
            version = versions[method.tags.library]
            source = source_digest(method)
        except Exception as error:  # noqa: BLE001 foreign code may raise anything
            raise ConfigError(
                f"{row.key}: the dependencies of {use!r} cannot be determined "
                f"({type(error).__name__}: {error}): its options must be plain values"
            ) from None
        entries.append(_Entry(row, how, version, source))
    _refuse_repeats(suite, "methods", [entry.row.entry.label for entry in entries])
    return entries


def _cells(
    suite: Suite, source: Source, settings: dict[str, Any], made: str, code: str, entry: _Entry
) -> Iterator[Cell]:
    """Every seed of a method on a dataset, with the `source` and the `code` of its cells."""
    row = entry.row
    given = row.method.spelled_out(row.entry.options)
    label, asked = row.entry.label, short(row.asked.use)
    for seed in range(suite.seeds):
        data = {**settings, "seed": seed}
        named = {"dataset": source.recipe.name, **data}
        key = {"data": named, **entry.how, "version": entry.version, "source": made}
        yield Cell(
            fit_id=digest(key),
            suite=suite.name,
            recipe=source.recipe,
            seed=seed,
            label=label,
            use=entry.how["use"],
            method=seeded(row.method, given, data),
            library_version=entry.version,
            source=made,
            code=code,
            limits=suite.limits,
            level=source.level,
            sources=source.names,
            asked=asked,
        )


def seeded(options: Options, given: Mapping[str, Any], depends_on: Any, path: str = "") -> Options:
    """A dataclass with random values for all `seed` fields that `given` does not set.

    `given` has what the user set, nested as in the suite file. Seeds depend only on `depends_on`
    and the path of the field (see `_keys.generator`). A suite passes the data and their seed, so
    that random numbers do not depend on the name of a method, and two methods with the same random
    features share them.
    """
    drawn: dict[str, Any] = {}
    for field in fields(options):  # type: ignore[arg-type]
        value = getattr(options, field.name)
        if field.name == "seed" and "seed" not in given:
            drawn["seed"] = int(generator(depends_on, f"{path}seed").integers(2**31))
        elif is_dataclass(value) and not isinstance(value, type):
            inner = given.get(field.name)
            inner = inner if isinstance(inner, Mapping) else {}
            drawn[field.name] = seeded(value, inner, depends_on, f"{path}{field.name}.")
    return replace(options, **drawn) if drawn else options  # type: ignore[type-var]


def _refuse_repeats(suite: Suite, key: str, labels: list[str], hint: str = "") -> None:
    for label, count in Counter(labels).items():
        if count > 1:
            raise ConfigError(
                f"{suite.path}: {key}: {label!r} occurs {count} times, but all must differ{hint}"
            )


def execution_order(cells: list[Cell]) -> Iterator[Cell]:
    """The same cells, reordered so that cells with the same trajectories are adjacent."""
    yield from sorted(cells, key=lambda cell: (cell.dataset, cell.seed))


def summary(cells: list[Cell]) -> list[dict[str, Any]]:
    """Each method of a plan once: its name in tables, its description and its library."""
    first: dict[str, Cell] = {}
    for cell in cells:
        first.setdefault(cell.label, cell)
    return [
        {
            "name": label,
            "use": cell.use,
            "role": cell.method.tags.role,
            "library": cell.method.tags.library,
            "library_version": cell.library_version,
            "source": source_digest(cell.method),
        }
        for label, cell in first.items()
    ]
