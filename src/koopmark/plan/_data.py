"""The datasets of a suite, including the levels of its sweeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Any

from koopmark import datasets
from koopmark._errors import ConfigError
from koopmark.datasets import Recipe, Recording, RecordingSection
from koopmark.datasets.recording import is_recording
from koopmark.plan._suite import Suite, SweepEntry


@dataclass(frozen=True)
class Level:
    """Position of a dataset in a sweep; empty for datasets that are in no sweep."""

    family: str = ""
    """Name of the sweep."""
    axis: str = ""
    """The varied key, such as `noise` or `n, rank`."""
    level: float = nan
    """The value, or the value of the first key; missing if it is not a number."""
    level_text: str = ""


NO_LEVEL = Level()


@dataclass(frozen=True)
class Source:
    """A dataset of a suite, with the names by which methods can select it."""

    recipe: Recipe | Recording
    names: tuple[str, ...]
    level: Level = NO_LEVEL


def sources(suite: Suite) -> list[Source]:
    """The datasets of a suite in the order of its file: named ones, recordings, sweeps.

    Names of levels consist of the recipe, or the sweep's `name`, and the varied values, such as
    `rnn_10_2/noise=0.1` and `rnn_10_2/n=10,rank=2`.
    """
    named = [
        _recording(suite, RecordingSection(file=entry), "datasets")
        if is_recording(entry)
        else _named(suite, entry)
        for entry in suite.datasets
    ]
    recorded = [
        _recording(suite, asked, f"recordings.{index}")
        for index, asked in enumerate(suite.recordings)
    ]
    swept = [
        source
        for index, sweep in enumerate(suite.sweeps)
        for source in _levels(suite, sweep, f"sweeps.{index}")
    ]
    return [*named, *recorded, *swept]


def _levels(suite: Suite, sweep: SweepEntry, key: str) -> Iterator[Source]:
    base = _recipe(suite, sweep.dataset, f"{key}.dataset")
    axis = ", ".join(_last(name) for name in sweep.vary)
    kept = {} if suite.max_degree is None else {"max_degree": suite.max_degree}
    family = sweep.title or f"{base.name}, {axis}"
    for value in sweep.values:
        values = value if len(sweep.vary) > 1 else [value]
        changes = dict(zip(sweep.vary, values, strict=True))
        settings = ",".join(f"{_last(key)}={_text(value)}" for key, value in changes.items())
        name = f"{sweep.name or base.name}/{settings}"
        recipe = datasets.varied(
            base, {**kept, **sweep.set, **changes}, name, f"{suite.path}: {key}"
        )
        number = float(values[0]) if _is_number(values[0]) else nan
        level = Level(family, axis, number, ", ".join(map(_text, values)))
        names = (sweep.dataset, family, name, *filter(None, [sweep.name]))
        yield Source(recipe, names, level)


def _recipe(suite: Suite, entry: str, key: str) -> Recipe:
    """A recipe by its name, or by its path relative to the suite's file."""
    try:
        return datasets.load_recipe(entry, suite.path.parent)
    except ConfigError as error:
        raise ConfigError(f"{suite.path}: {key}: {error}") from None


def _recording(suite: Suite, asked: RecordingSection, key: str) -> Source:
    """A recording, by its path relative to the suite's file."""
    try:
        recording = Recording.of(asked, suite.path.parent)
    except ConfigError as error:
        raise ConfigError(f"{suite.path}: {key}: {error}") from None
    return Source(recording, tuple(dict.fromkeys([recording.name, asked.file])))


def _named(suite: Suite, entry: str) -> Source:
    """A dataset that the suite names, to the suite's degree."""
    recipe = _recipe(suite, entry, "datasets")
    if suite.max_degree not in (None, recipe.max_degree):
        changes = {"max_degree": suite.max_degree}
        asked = datasets.varied(recipe, changes, recipe.name, f"{suite.path}: {recipe.name}")
        # The targets are others, the system is not.
        recipe = asked.model_copy(update={"regime": recipe.regime})
    return Source(recipe, (entry,))


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _text(value: Any) -> str:
    """A value as names show it: `0.1`, `1e-06`, `tanh`."""
    return f"{value:.12g}" if _is_number(value) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
