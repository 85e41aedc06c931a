"""Two runs side by side, before any score: are they whole, of the same things, by what versions?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from koopmark.report.numbers import listed
from koopmark.report.tables import flat

OPTIONS = {"methods": "--only", "datasets": "--dataset", "seeds": "--seed"}
"""What a run was asked for by, if it is a part of its suite."""


@dataclass(frozen=True)
class Difference:
    """What is not the same of two runs, in the words of their provenance."""

    what: str
    baseline: str
    now: str


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
    baseline: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, list[Difference]]:
    """By method in both runs what its name stood for, if that is not the same."""
    before, after = (
        {entry.get("name"): entry.get("use") for entry in run.get("methods") or ()}
        for run in (baseline, now)
    )
    return {
        str(name): [Difference("use", str(before[name]), str(after[name]))]
        for name in before
        if name in after and before[name] != after[name]
    }


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
        " ".join(str(info[key]) for key in ("internal_api", "version", "architecture") if info[key])
        for info in provenance.get("blas") or ()
    }
    yield "kernels", listed(sorted(kernels), most=8)
    yield "processor", (provenance.get("cpu") or {}).get("model")


def _differences(baseline: Any, now: Any) -> list[Difference]:
    before, after = dict(flat(baseline)), dict(flat(now))
    return [
        Difference(key or "all of it", before.get(key, "none"), after.get(key, "none"))
        for key in dict.fromkeys([*before, *after])
        if before.get(key, "none") != after.get(key, "none")
    ]
