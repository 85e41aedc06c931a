"""What a run answers beyond its ranking: along sweeps, outside of them, under noise."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis.numbers import listed, plain, plural, scientific
from koopmark.analysis.summary import ERROR, competing, is_exact, ranked, recovers_all
from koopmark.analysis.sweeps import Sweep, shared_targets
from koopmark.analysis.targets import by_chance, times_floor
from koopmark.scoring import FOUND, ROUNDING

PAR = 1.1
"""Errors whose ratio is at most this are alike."""

MOST, MOST_ON_NOISE = 6, 4
"""Sentences of one run; what does not fit is left to the tables."""

OURS = "koopmark"
"""The library of our own methods."""

ANGLE, FLOOR, BOUND = "eigenfunction_error", "oracle_floor", "oracle_floor_in_sample"
NEARLY = 0.1
"""A dictionary whose oracle floor is at most this comes near a target, if it does not hold it."""

Swept = list[tuple[Sweep, pd.DataFrame]]
"""Each sweep of a run with its `sweep_summary`."""


def answers(summary: pd.DataFrame, swept: Swept, libraries: Mapping[str, str]) -> list[str]:
    """At most MOST sentences: on each sweep, then on the datasets outside of sweeps.

    From the summary of `summarise`, the sweeps, and the library of each method. Anchors and
    informed methods take no part.
    """
    in_sweeps = {name for sweep, _ in swept for name in sweep.datasets}
    outside = competing(summary[~summary["dataset"].isin(in_sweeps)])
    counted = _counts(outside, " outside of the sweeps" if swept else "")
    said = []
    for index, (sweep, rows) in enumerate(swept):
        methods = competing(rows)
        # Facts about this run: a sweep is one problem, and says nothing about others.
        parts = (
            _smallest(sweep, methods),
            _breakdown(sweep, methods),
            _beside_libraries(sweep, methods, libraries),
        )
        said += [(kind, index, sentence) for kind, sentence in enumerate(parts) if sentence]
    # Of many sweeps the first sentences count most; they are read sweep by sweep all the same.
    kept = sorted(said)[: MOST - len(counted)]
    sentences = [sentence for _, _, sentence in sorted(kept, key=lambda one: one[1])] + counted
    on_floors = _floors(outside)
    return sentences + (on_floors if len(sentences) + len(on_floors) <= MOST else [])


def above_the_floor(targets: pd.DataFrame, swept: Swept) -> list[str]:
    """At most MOST_ON_NOISE sentences: by how many times the best methods err more than noise
    allows, from targets.csv and the sweeps of the run."""
    in_sweeps = {name for sweep, _ in swept for name in sweep.datasets}
    asked = [
        (
            sweep.name,
            [
                (f"at {sweep.axis} {text}: ", dataset)
                for text, dataset in zip(sweep.texts, sweep.datasets, strict=True)
            ],
            shared_targets(sweep, targets),
        )
        for sweep, _ in swept
    ]
    others = [str(name) for name in targets["dataset"].unique() if name not in in_sweeps]
    asked += [(name, [("", name)], targets[targets["dataset"] == name]) for name in others]
    said = [_beside_noise(*one) for one in asked]
    return [sentence for sentence in said if sentence][:MOST_ON_NOISE]


def _some_levels(sweep: Sweep) -> list[tuple[str, str]]:
    """The first, middle and last level in words, each with its dataset."""
    levels = list(zip(sweep.texts, sweep.datasets, strict=True))
    last = len(levels) - 1
    chosen = [levels[place] for place in dict.fromkeys([0, last // 2, last])]
    return [(f"at {sweep.axis} {text}", dataset) for text, dataset in chosen]


def _smallest(sweep: Sweep, methods: pd.DataFrame) -> str:
    parts = []
    for level, dataset in _some_levels(sweep):
        in_order = ranked(methods[methods["dataset"] == dataset])
        if in_order.empty:
            parts.append(f"missing (no method has one at every seed) {level}")
            continue
        sizes, exact = in_order[ERROR], is_exact(in_order)
        near = exact if exact.iloc[0] else sizes <= PAR * sizes.iloc[0]
        alike = int(near.sum()) - 1
        how = "exact to rounding too" if exact.iloc[0] else f"within a factor of {PAR:g}"
        others = f"; {plural(alike, 'other')} {how}" if alike else ""
        parts.append(f"{_first(in_order, others)} {level}")
    return f"{sweep.name}: the smallest error at the worst target is {', '.join(parts)}."


def _first(in_order: pd.DataFrame, more: str = "") -> str:
    """The error and the name of the best method."""
    return f"{scientific(in_order[ERROR].iloc[0])} ({in_order['method'].iloc[0]}{more})"


def _breakdown(sweep: Sweep, methods: pd.DataFrame) -> str:
    """At which levels the method that holds out longest recovers everything."""
    kept = {
        str(method): tuple(name in set(rows["dataset"]) for name in sweep.datasets)
        for method, rows in methods[recovers_all(methods)].groupby("method", sort=False)
    }
    every = f"every target, with both errors at most {FOUND:g},"
    if not kept:
        return f"{sweep.name}: no method recovers {every} at any level."
    longest = max(sum(levels) for levels in kept.values())
    mine = methods[methods["method"].isin([name for name in kept if sum(kept[name]) == longest])]
    # Of those the one with the smallest errors over all levels, of equals by name.
    size = mine[ERROR].clip(lower=ROUNDING).mask(is_exact(mine), ROUNDING).map(np.log10)
    best = str(size.groupby(mine["method"]).mean().round(9).idxmin())
    alike = sum(levels == kept[best] for levels in kept.values()) - 1
    others = f"; so do {plural(alike, 'other')}" if alike > 1 else "; so does 1 other" * alike
    more = ", and no method at more levels" if longest < len(sweep.datasets) else ""
    there, texts = kept[best], sweep.texts
    if longest == len(there):
        where = f"at every level of {sweep.axis}"
    elif all(there[:longest]):
        where = f"up to {sweep.axis} {texts[longest - 1]} and no longer at {texts[longest]}"
    elif all(there[-longest:]):
        where = f"from {sweep.axis} {texts[-longest]} on and not yet at {texts[-longest - 1]}"
    else:
        some = [text for text, is_kept in zip(texts, there, strict=True) if is_kept]
        where = f"at {sweep.axis} {listed(some, most=8)} only"
    return f"{sweep.name}: {best} recovers {every} {where}{others}{more}."


def _beside_libraries(sweep: Sweep, methods: pd.DataFrame, libraries: Mapping[str, str]) -> str:
    """The smallest error of a method of koopmark and of a library's."""
    ours = methods["method"].map(libraries) == OURS
    parts = []
    for level, dataset in _some_levels(sweep):
        sides = [
            ranked(side[side["dataset"] == dataset]) for side in (methods[ours], methods[~ours])
        ]
        if not any(side.empty for side in sides):
            parts.append(f"{' and '.join(map(_first, sides))} {level}")
    if not parts:
        return ""
    return (
        f"{sweep.name}: the smallest errors of a koopmark method and of a library method are "
        f"{', '.join(parts)}."
    )


def _counts(methods: pd.DataFrame, which: str) -> list[str]:
    """How many methods recover everything on the datasets outside of sweeps, and how many nothing.

    A method that ran on some of the datasets recovers what it did not look for from none.
    """
    if methods.empty:
        return []
    datasets = methods["dataset"].unique()
    wanted = methods.groupby("dataset")["targets"].max().sum()
    recovered = methods.groupby("method", sort=False)["targets_recovered"].sum()
    everything = list(recovered.index[recovered >= wanted - 1e-9])
    nothing = list(recovered.index[recovered == 0])
    named = datasets[0] if len(datasets) == 1 else f"{len(datasets)} datasets{which}"
    where = f"Of {plural(len(recovered), 'method')} on {named}"
    if everything:
        whole = f"{len(everything)} recover{'s' * (len(everything) == 1)} every target"
        first = f"{where}, {whole} ({listed(everything)})"
    else:
        closest = sorted(recovered.index[recovered >= recovered.max() - 1e-9])
        first = (
            f"{where}, none recovers every target; {listed(closest)} "
            f"{'comes' if len(closest) == 1 else 'come'} closest "
            f"with {plain(recovered.max())} of {plain(wanted)}"
        )
    if nothing:
        second = f"{len(nothing)} recover{'s' * (len(nothing) == 1)} none ({listed(nothing)})"
    else:
        second = "every method recovers some"
    return [f"{first}; {second}."]


def _floors(methods: pd.DataFrame) -> list[str]:
    """On each dataset whose targets some dictionaries hold and others do not: errors and floors.

    A dictionary holds every target if the floor, an estimate from above, is at most FOUND, and
    cannot if its lower bound is more; between the two, and without a floor, it is open.
    """
    scored = (methods["failed"] == 0) & np.isfinite(methods[BOUND]) & np.isfinite(methods[ANGLE])
    sentences = []
    for dataset, rows in methods[scored].groupby("dataset", sort=False):
        known = rows[np.isfinite(rows[FLOOR])]
        if len(rows) < 3 or not known[FLOOR].min() <= NEARLY or known[FLOOR].max() <= FOUND:
            continue
        able = rows[rows[FLOOR] <= FOUND]
        open_ones = len(rows) - len(able) - int((rows[BOUND] > FOUND).sum())
        best, lowest = (rows.sort_values([by, "method"]).iloc[0] for by in (ANGLE, FLOOR))
        smallest = (
            f"the smallest eigenfunction error is {scientific(best[ANGLE])} by {best['method']} "
            f"({_floor(best)})"
        )
        undecided = f" (of {open_ones} it is not known)" if open_ones else ""
        if able.empty:
            holds = "none is known to hold" if open_ones else "none holds"
            least = (
                f"; {lowest['method']}, whose floor is lowest, has an error of "
                f"{scientific(lowest[ANGLE])} ({_floor(lowest)})"
            ) * (lowest["method"] != best["method"])
            sentences.append(
                f"{dataset}: of the dictionaries of {plural(len(rows), 'method')}, {holds} every "
                f"target to {FOUND:g}{undecided}; {smallest}{least}."
            )
        else:
            has = "has" if len(able) == 1 else "have"
            found = _how_many_find(int(recovers_all(able).sum()), len(able))
            sentences.append(
                f"{dataset}: {len(able)} of {plural(len(rows), 'method')} {has} a dictionary that "
                f"holds every target to {FOUND:g}{undecided}, and {found}; {smallest}."
            )
    return sentences


def _how_many_find(finding: int, able: int) -> str:
    if finding == able:
        return "it finds them all" if able == 1 else "all of these find every target"
    if finding == 0:
        return "it does not find them all" if able == 1 else "none of these finds every target"
    return f"{finding} of these find{'s' * (finding == 1)} every target"


def _floor(row: "pd.Series[Any]") -> str:
    """The oracle floor of a row, as far as it is known."""
    floor, bound = scientific(row[FLOOR]), scientific(row[BOUND])
    if not np.isfinite(row[FLOOR]):
        return f"oracle floor at least {bound}"
    return (
        f"oracle floor {floor}" if floor == bound else f"oracle floor between {bound} and {floor}"
    )


def _beside_noise(name: str, levels: list[tuple[str, str]], targets: pd.DataFrame) -> str:
    times = competing(times_floor(targets, ANGLE))
    found = dict(iter(times.groupby("dataset")))
    levels = [level for level in levels if level[1] in found]
    if not levels:
        return ""
    parts = []
    for place in dict.fromkeys([0, len(levels) // 2, len(levels) - 1]):
        words, dataset = levels[place]
        nearest = found[dataset].sort_values(["times", "method"]).head(2)
        pairs = zip(nearest["times"], nearest["method"], strict=True)
        parts.append(
            words + listed([f"{plain(float(f'{size:.2g}'))} ({method})" for size, method in pairs])
        )
    draws = int(times["draws"].min())
    low, high = by_chance(draws)
    these = (
        "They are those of one noise draw"
        if draws == 1
        else f"They are root mean squares over {plural(draws, 'noise draw')}"
    )
    return (
        f"{name}: the smallest eigenfunction errors, in multiples of the statistical floor (the "
        f"best possible under this noise), are {'; '.join(parts)}. {these}; an estimator at the "
        f"floor would score between {plain(round(low, 2))} and {plain(round(high, 2))} at least "
        "nine times in ten."
    )
