"""The methods of a suite, each with its dictionaries and library defaults."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from koopmark import methods
from koopmark._errors import ConfigError, suggest
from koopmark._plugins import absolute
from koopmark.methods import Method, anchors
from koopmark.methods.dictionaries import Dictionary
from koopmark.plan._data import Source
from koopmark.plan._suite import Given, MethodEntry, Suite

ANCHORS = tuple(anchors.METHODS)
"""Methods that are part of every suite, as the two ends of every score."""


@dataclass(frozen=True)
class Row:
    """A method with its options, as a row of the tables, and the datasets it runs on."""

    key: str
    """Position of its entry in the suite's file, for errors."""
    asked: MethodEntry
    """The entry of the suite's file that it comes from."""
    entry: MethodEntry
    """The entry that would list it alone."""
    method: Method
    dictionary: Dictionary | None = None
    """The dictionary of the suite that it was given."""

    def runs_on(self, source: Source, max_functions: int | None) -> bool:
        """Whether it runs on a dataset, given the number of functions of its dictionary."""
        if self.dictionary is not None and max_functions is not None:
            size = self.dictionary.most(source.recipe.size)
            return size <= max_functions and self.entry.runs_on(source.names)
        return self.entry.runs_on(source.names)


def rows(suite: Suite, known: set[str]) -> list[Row]:
    """The methods of a suite in the order of its file, with the anchors last unless listed.

    Parameters
    ----------
    suite : Suite
    known : set of str
        Names by which an entry can select datasets.

    Raises
    ------
    ConfigError
        If an entry has a mistake; the message names the file, the key and what is allowed.
    """
    listed = {entry.use for entry in suite.methods}
    added = [MethodEntry(use=name) for name in ANCHORS if name not in listed]
    found: list[Row] = []
    for index, entry in enumerate([*suite.methods, *added]):
        key = entry._key or f"{suite.path}: methods.{index}"
        _refuse_unknown(key, entry, known)
        found += _with_dictionaries(suite, key, entry)
    given = {row.dictionary for row in found}
    for index, dictionary in enumerate(_dictionaries(suite)):
        if dictionary not in given:
            raise ConfigError(
                f"{suite.path}: dictionaries.{index}: no method of this suite takes it: it must be "
                f"one that some method has an option for"
            )
    return list(_with_defaults(suite, found)) if suite.defaults else found


def _dictionaries(suite: Suite) -> tuple[Dictionary, ...]:
    return tuple(Given(dictionary=table).dictionary for table in suite.dictionaries)  # type: ignore[arg-type]


def _with_dictionaries(suite: Suite, key: str, entry: MethodEntry) -> list[Row]:
    """An entry with each dictionary of the suite; as it is if it takes none, or gives its own."""
    plain = _method(suite, key, entry)
    found = []
    for said, dictionary in zip(suite.dictionaries, _dictionaries(suite), strict=True):
        taken = plain.options_with(said)
        if taken is None or not taken.keys().isdisjoint(plain.spelled_out(entry.options)):
            continue
        variant = entry.with_dictionary(said, taken)
        found.append(Row(key, entry, variant, _method(suite, key, variant), dictionary))
    return found or [Row(key, entry, entry, plain)]


def _with_defaults(suite: Suite, found: list[Row]) -> Iterator[Row]:
    """The rows, and behind those of an entry its library's default, unless some row is it."""
    there = {type(row.method) for row in found if row.method.is_library_default}
    for _, some in groupby(found, key=lambda row: id(row.asked)):
        *others, last = some
        yield from [*others, last]
        default = None if type(last.method) in there else last.method.library_default()
        if default is not None:
            there.add(type(default))
            yield Row(last.key, last.asked, _called(suite, last, default), default)


def _called(suite: Suite, row: Row, default: Method) -> MethodEntry:
    """The entry of a library's default, by the name of its preset if there is one."""
    presets = (name for name, preset in methods.REGISTRY.items() if preset == default)
    use = next(presets, row.asked.use)
    entry = row.asked.model_copy(update={"use": use, "name": None, "options": {}})
    plain = _method(suite, row.key, entry).to_options()
    given = {key: value for key, value in default.to_options().items() if value != plain[key]}
    return entry.model_copy(update={"options": given})


def _method(suite: Suite, key: str, entry: MethodEntry) -> Method:
    try:
        return methods.get(absolute(entry.use, suite.path.parent), **entry.options)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}") from None


def _refuse_unknown(key: str, entry: MethodEntry, known: set[str]) -> None:
    for which, names in (("datasets", entry.datasets or ()), ("without", entry.without)):
        for name in names:
            if name not in known:
                raise ConfigError(
                    f"{key}.{which}: {name!r} is not a dataset of this suite: "
                    f"{suggest(name, sorted(known))}it has {', '.join(sorted(known))}"
                )
