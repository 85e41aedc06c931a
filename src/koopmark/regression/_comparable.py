"""Two runs before any score: are they whole and of the same things, and what made them?"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis.numbers import listed, plural
from koopmark.analysis.results import Results
from koopmark.analysis.tables import (
    TARGET_KEYS,
    flat,
    read_provenance,
    read_table,
    with_counts,
)
from koopmark.store import EIGENPAIRS

OPTIONS = {"methods": "--only", "datasets": "--dataset", "seeds": "--seed"}
"""What a run was asked for by, if it is a part of its suite."""

WORDS = ("name", "title", "question")
"""What of a suite's configuration no number depends on."""


NOT_SCORED = "not scored"
"""The outcome of a target at which no fit of a run has an error."""


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(map(_object, value))


def _lists(value: Any) -> bool:
    return _object(value) and all(isinstance(inner, list) for inner in value.values())


SHAPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "configuration": ("an object", _object),
    "recipes": ("an object", _object),
    "methods": ("a list of objects", _objects),
    "part": ("an object of lists", _lists),
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


class RunFolder(Results):
    """A run or a baseline, as a check or a promotion reads it."""

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The rows of targets.csv, and of each what `measure.judge` says: error, digits, found,
        outcome. What could not be scored of any fit was not found."""
        said = ["principal", "error", "digits", "found", "gain_error", "outcome"]
        told = self.judged[[*TARGET_KEYS, *said]]
        # A table of before there were inputs has no gains.
        rows = self.targets.drop(columns="gain_error", errors="ignore")
        rows = rows.merge(told, on=TARGET_KEYS, how="left")
        rows["found"] = rows["found"].eq(True)
        return rows.fillna({"error": np.inf, "digits": 0.0, "outcome": NOT_SCORED})

    @property
    def methods(self) -> dict[str, Any]:
        """What the name of each method stands for."""
        entries = self.provenance.get("methods") or ()
        return {str(entry.get("name")): entry.get("use") for entry in entries}

    @property
    def part(self) -> str:
        """The options that made a run a part of its suite; empty for a whole one."""
        part = self.provenance.get("part") or {}
        return " ".join(
            f"{option} {value}" for key, option in OPTIONS.items() for value in part.get(key) or ()
        )

    def undescribed(self, fits: pd.DataFrame) -> str:
        """Which of these fits provenance.json does not describe; empty if it describes all."""
        recipes, methods = self.provenance.get("recipes") or {}, self.methods
        names, used = fits["dataset"].unique(), fits["method"].unique()
        lacking = [
            *([] if self.provenance.get("configuration") else ["the configuration of its suite"]),
            *(f"the recipe of {name}" for name in names if not recipes.get(name)),
            *(f"the method {name}" for name in used if not methods.get(name)),
        ]
        if not lacking:
            return ""
        return (
            f"{self.folder / 'provenance.json'} lacks {listed(lacking)}, so nobody can check "
            "whether the two runs did the same: run it again with --fresh"
        )

    @property
    def pairs(self) -> Path:
        """Its recovered eigenpairs, which a baseline need not keep."""
        return self.folder / "eigenpairs.csv"

    def pairs_gone(self) -> str:
        """What is missing of the eigenpairs that a run recovered; empty if all are there."""
        anew = "`koopmark report` writes it again"
        if not self.pairs.exists():
            return f"{self.pairs} is missing: {anew}"
        ended = self.fits[self.fits["status"] == "ok"]
        counted = with_counts(ended, read_table(self.pairs, EIGENPAIRS))
        blank = counted[counted["recovered"].isna()]
        if not blank.empty:
            return (
                f"{self.folder / 'fits.csv'} does not say how many eigenpairs "
                f"{plural(len(blank), 'fit')} recovered ({_methods_of(blank)}): {anew}"
            )
        short = counted[counted["there"] < counted["recovered"]]
        if short.empty:
            return ""
        missing = int((short["recovered"] - short["there"]).sum())
        return (
            f"{self.pairs} lacks {plural(missing, 'row')} of {plural(len(short), 'fit')} "
            f"({_methods_of(short)}): {anew}"
        )


def _methods_of(fits: pd.DataFrame) -> str:
    return listed([str(name) for name in fits["method"].unique()])


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


def not_whole(run: RunFolder, baseline: RunFolder) -> Iterator[str]:
    """Why one of the two lacks fits that the other was to have, each without its full stop."""
    for one in (run, baseline):
        if one.unfinished:
            yield one.unfinished
    if run.part != baseline.part:
        described = [
            f"a part of its suite ({one.part})" if one.part else "a whole suite"
            for one in (run, baseline)
        ]
        yield f"{run.folder} is {described[0]} and {baseline.folder} {described[1]}"
    if others := _suite_differences(baseline.provenance, run.provenance):
        yield (
            f"{run.folder} and {baseline.folder} are runs of different suites ({_arrows(others)})"
        )


def not_the_same(noun: str, found: Mapping[str, list[Difference]]) -> Iterator[str]:
    """Which names stand for different recipes, or methods, in the two runs."""
    for name, differences in found.items():
        yield (
            f"{name} is not compared, because it is a different {noun} in each run "
            f"({_arrows(differences)})."
        )


def _arrows(differences: list[Difference]) -> str:
    return listed([f"{one.what} {one.baseline} → {one.now}" for one in differences])


def recipe_differences(run: RunFolder, baseline: RunFolder) -> dict[str, list[Difference]]:
    """By dataset in both runs what their recipes, of one name, do not have in common."""
    before, after = (one.provenance.get("recipes") or {} for one in (baseline, run))
    found = {name: _differences(before[name], after[name]) for name in before if name in after}
    return {name: differences for name, differences in found.items() if differences}


def method_differences(
    run: RunFolder, baseline: RunFolder, common: pd.DataFrame
) -> dict[str, list[Difference]]:
    """By method in both runs what its name stood for, if that is not the same.

    `common` are the fits that both have, side by side: their options are those with every default.
    """
    before, after = baseline.methods, run.methods
    found = {
        name: [Difference("use", str(before[name]), str(after[name]))]
        for name in before
        if name in after and before[name] != after[name]
    }
    others = common[common["options"] != common["options_baseline"]].drop_duplicates("method")
    for _, fit in others.iterrows():
        if differences := _differences(*map(_options, (fit["options_baseline"], fit["options"]))):
            found.setdefault(fit["method"], []).extend(differences)
    return found


def _options(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _suite_differences(baseline: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
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


def version_differences(run: RunFolder, baseline: RunFolder) -> list[Difference]:
    """What the numbers of a run may depend on besides its suite: software, kernels, processor."""
    return _differences(*(dict(versions(one.provenance)) for one in (baseline, run)))


def versions(provenance: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Suite, software, kernels and processor of a run, by name."""
    git = provenance.get("git") or {}
    for key in ("suite", "koopmark"):
        yield key, provenance.get(key)
    yield "commit", str(git.get("commit") or "")[:12] + ("-dirty" if git.get("dirty") else "")
    yield "python", provenance.get("python")
    yield from (provenance.get("libraries") or {}).items()
    parts = ("internal_api", "version", "architecture")
    kernels = {
        " ".join(str(info[key]) for key in parts if info.get(key))
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
