"""Two runs side by side, before any score: are they whole, of the same things, by what versions?"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis.numbers import listed, plural
from koopmark.analysis.tables import KEYS, flat, read_provenance, read_table
from koopmark.store import EIGENPAIRS

OPTIONS = {"methods": "--only", "datasets": "--dataset", "seeds": "--seed"}
"""What a run was asked for by, if it is a part of its suite."""

PAIRS = "eigenpairs.csv"

WORDS = ("name", "title", "question")
"""What of a suite's configuration no number depends on."""


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _list(value: Any) -> bool:
    return isinstance(value, list)


def _objects(value: Any) -> bool:
    return _list(value) and all(map(_object, value))


SHAPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "configuration": ("an object", _object),
    "recipes": ("an object", _object),
    "methods": ("a list of objects", _objects),
    "part": (
        "an object of lists",
        lambda value: _object(value) and all(map(_list, value.values())),
    ),
    "fits": ("a whole number", lambda value: type(value) is int),
    "git": ("an object", _object),
    "libraries": ("an object", _object),
    "blas": ("a list of objects", _objects),
    "cpu": ("an object", _object),
}
"""What is read of provenance.json, if it is there and not null, and how it must look."""


@dataclass(frozen=True)
class Difference:
    """What is not the same of two runs, in the words of their provenance."""

    what: str
    baseline: str
    now: str


def description(folder: Path) -> dict[str, Any]:
    """provenance.json of a run or a baseline.

    Raises
    ------
    ConfigError
        If it is missing, cannot be read, or something in it is of another kind.
    """
    provenance = read_provenance(folder)
    for key, (shape, holds) in SHAPES.items():
        value = provenance.get(key)
        if value is not None and not holds(value):
            raise ConfigError(
                f"{folder / 'provenance.json'}: {key} must be {shape}, as `koopmark run` writes it"
            )
    return provenance


def undescribed(folder: Path, provenance: Mapping[str, Any], fits: pd.DataFrame) -> str:
    """What of these fits a run does not say how it was made; empty if it says all."""
    recipes, methods = provenance.get("recipes") or {}, _by_name(provenance)
    lacking = [
        *([] if provenance.get("configuration") else ["the configuration of its suite"]),
        *(f"the recipe of {name}" for name in fits["dataset"].unique() if not recipes.get(name)),
        *(f"the method {name}" for name in fits["method"].unique() if not methods.get(name)),
    ]
    if not lacking:
        return ""
    return (
        f"{folder / 'provenance.json'} lacks {listed(lacking)}, and whether two runs are of the "
        "same things nobody can say: make that folder anew"
    )


def pairs_gone(folder: Path, fits: pd.DataFrame) -> str:
    """What is missing of the eigenpairs that a run recovered; empty if all are there."""
    path, ended = folder / PAIRS, fits[fits["status"] == "ok"]
    if not path.exists():
        return f"{path} is gone: `koopmark report` writes it anew"
    there = read_table(path, EIGENPAIRS).groupby(KEYS).size().rename("there").reset_index()
    counted = ended.merge(there, on=KEYS, how="left").fillna({"there": 0})
    blank = counted[counted["recovered"].isna()]
    if not blank.empty:
        return (
            f"{folder / 'fits.csv'} does not say how many eigenpairs {plural(len(blank), 'fit')} "
            f"recovered ({_methods_of(blank)}): `koopmark report` writes it anew"
        )
    short = counted[counted["there"] < counted["recovered"]]
    if short.empty:
        return ""
    missing = int((short["recovered"] - short["there"]).sum())
    return (
        f"{path} lacks {plural(missing, 'row')} of {plural(len(short), 'fit')} "
        f"({_methods_of(short)}): `koopmark report` writes it anew"
    )


def _methods_of(fits: pd.DataFrame) -> str:
    return listed([str(name) for name in fits["method"].unique()])


def unfinished(provenance: Mapping[str, Any], done: int) -> str:
    """How much of a run is done, if that is not all; empty if it is."""
    planned = provenance.get("fits")
    if provenance.get("ended") and done == planned:
        return ""
    return f"{done} of {planned or 'an unknown number of'} fits are done"


def part_of(provenance: Mapping[str, Any]) -> str:
    """The options that made a run a part of its suite; empty for a whole one."""
    part = provenance.get("part") or {}
    return " ".join(
        f"{option} {value}" for key, option in OPTIONS.items() for value in part.get(key) or ()
    )


def recipe_differences(
    baseline: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, list[Difference]]:
    """By dataset in both runs what their recipes, of one name, do not have in common."""
    before, after = baseline.get("recipes") or {}, now.get("recipes") or {}
    found = {name: _differences(before[name], after[name]) for name in before if name in after}
    return {name: differences for name, differences in found.items() if differences}


def method_differences(
    baseline: Mapping[str, Any], now: Mapping[str, Any], common: pd.DataFrame
) -> dict[str, list[Difference]]:
    """By method in both runs what its name stood for, if that is not the same.

    `common` are the fits that both have, side by side: their options are those with every default.
    """
    before, after = _by_name(baseline), _by_name(now)
    found = {
        name: [Difference("use", str(before[name]), str(after[name]))]
        for name in before
        if name in after and before[name] != after[name]
    }
    others = common[common["options"] != common["options_baseline"]].drop_duplicates("method")
    for _, fit in others.iterrows():
        options = (_parsed(fit[name]) for name in ("options_baseline", "options"))
        if differences := _differences(*options):
            found.setdefault(fit["method"], []).extend(differences)
    return found


def suite_differences(baseline: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """What two suites do not have in common, of one name only the limits on its fits.

    Within one suite, methods, data and seeds may be added: what was there is compared.
    """
    before, after = (
        {
            key: value
            for key, value in (run.get("configuration") or {}).items()
            if key not in WORDS and (key == "limits" or baseline.get("suite") != now.get("suite"))
        }
        for run in (baseline, now)
    )
    return _differences(before, after)


def _by_name(provenance: Mapping[str, Any]) -> dict[str, Any]:
    return {str(entry.get("name")): entry.get("use") for entry in provenance.get("methods") or ()}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def version_differences(baseline: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """What the numbers of a run may depend on besides its suite: software, kernels, processor."""
    return _differences(dict(_versions(baseline)), dict(_versions(now)))


def _versions(provenance: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    git = provenance.get("git") or {}
    for key in ("suite", "koopmark"):
        yield key, provenance.get(key)
    yield "commit", str(git.get("commit") or "")[:12] + ("-dirty" if git.get("dirty") else "")
    yield "python", provenance.get("python")
    yield from (provenance.get("libraries") or {}).items()
    kernels = {
        " ".join(
            str(info[key]) for key in ("internal_api", "version", "architecture") if info.get(key)
        )
        for info in provenance.get("blas") or ()
    }
    yield "kernels", listed(sorted(kernels), most=8)
    yield "processor", (provenance.get("cpu") or {}).get("model")


def _differences(baseline: Any, now: Any) -> list[Difference]:
    before, after = (dict(flat(value)) if value else {} for value in (baseline, now))
    return [
        Difference(key or "all of it", before.get(key, "none"), after.get(key, "none"))
        for key in dict.fromkeys([*before, *after])
        if before.get(key, "none") != after.get(key, "none")
    ]
