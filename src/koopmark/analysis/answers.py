"""What a run answers: its suite's question, in sentences made from its tables."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from koopmark.analysis.numbers import listed, plural, scientific
from koopmark.analysis.ranking import ERROR, is_exact, ranked
from koopmark.analysis.recovery import counts, floors
from koopmark.analysis.summary import competing, recovers_all
from koopmark.analysis.sweeps import Sweep
from koopmark.scoring import FOUND, ROUNDING

PAR = 1.1
"""Errors whose ratio is at most this are alike."""

MOST = 6
"""Sentences of one run; what does not fit is left to the tables."""

OURS = "koopmark"
"""The library of our own methods."""


def answers(
    summary: pd.DataFrame,
    swept: list[tuple[Sweep, pd.DataFrame]],
    libraries: Mapping[str, str],
) -> list[str]:
    """At most MOST sentences: on each sweep, then on the datasets outside of sweeps.

    Anchors and informed methods take no part.

    Parameters
    ----------
    summary : DataFrame
        Of `summarise`.
    swept : list of (Sweep, DataFrame)
        Each sweep of the run with its `sweep_summary`.
    libraries : mapping
        The library of each method.
    """
    in_sweeps = {name for sweep, _ in swept for name in sweep.datasets}
    outside = competing(summary[~summary["dataset"].isin(in_sweeps)])
    counted = counts(outside, " outside of the sweeps" if swept else "")
    said = [
        (kind, index, sentence)
        for index, (sweep, rows) in enumerate(swept)
        for kind, sentence in enumerate(_on_sweep(sweep, competing(rows), libraries))
    ]
    # Of many sweeps the first sentences count most; they are read sweep by sweep all the same.
    kept = sorted(said)[: MOST - len(counted)]
    sentences = [sentence for _, _, sentence in sorted(kept, key=lambda one: one[1])] + counted
    on_floors = floors(outside)
    return sentences + (on_floors if len(sentences) + len(on_floors) <= MOST else [])


def _on_sweep(sweep: Sweep, methods: pd.DataFrame, libraries: Mapping[str, str]) -> list[str]:
    """The smallest errors, where recovery ends, and the smallest of ours and of the libraries'.

    All are facts about this run: a sweep is one problem, and says nothing about others.
    """
    sentences = (
        _best(sweep, methods),
        _breakdown(sweep, methods),
        _beside_libraries(sweep, methods, libraries),
    )
    return [sentence for sentence in sentences if sentence]


def _told(sweep: Sweep) -> list[tuple[str, str]]:
    """The first, middle and last level in words, each with its dataset."""
    last = len(sweep.datasets) - 1
    return [
        (f"at {sweep.axis} {sweep.texts[place]}", sweep.datasets[place])
        for place in dict.fromkeys([0, last // 2, last])
    ]


def _best(sweep: Sweep, methods: pd.DataFrame) -> str:
    parts = [f"{_best_at(methods, dataset)} {level}" for level, dataset in _told(sweep)]
    return f"{sweep.name}: the smallest error at the worst target is {', '.join(parts)}."


def _best_at(methods: pd.DataFrame, dataset: str) -> str:
    in_order = ranked(methods[methods["dataset"] == dataset])
    if in_order.empty:
        return "missing (no method has one at every seed)"
    sizes = in_order[ERROR]
    exact = is_exact(in_order)
    near = exact if exact.iloc[0] else sizes <= PAR * sizes.iloc[0]
    alike = int(near.sum()) - 1
    how = "exact to rounding too" if exact.iloc[0] else f"within a factor of {PAR:g}"
    others = f"; {plural(alike, 'other')} {how}" if alike else ""
    return f"{scientific(sizes.iloc[0])} ({in_order['method'].iloc[0]}{others})"


def _breakdown(sweep: Sweep, methods: pd.DataFrame) -> str:
    """At which levels the method that holds out longest recovers everything."""
    kept = {
        str(method): tuple(name in set(rows["dataset"]) for name in sweep.datasets)
        for method, rows in methods[recovers_all(methods)].groupby("method", sort=False)
    }
    if not kept:
        return (
            f"{sweep.name}: no method recovers every target, with both errors at most "
            f"{FOUND:g}, at any level."
        )
    longest = max(sum(levels) for levels in kept.values())
    best = _firstranked(methods, [name for name in kept if sum(kept[name]) == longest])
    alike = sum(levels == kept[best] for levels in kept.values()) - 1
    others = f"; so do {plural(alike, 'other')}" if alike > 1 else "; so does 1 other" * alike
    more = ", and no method at more levels" if longest < len(sweep.datasets) else ""
    return (
        f"{sweep.name}: {best} recovers every target, with both errors at most "
        f"{FOUND:g}, {_levels(sweep, kept[best])}{others}{more}."
    )


def _firstranked(methods: pd.DataFrame, names: list[str]) -> str:
    """The one of these methods with the smallest errors over all levels, of equals by name."""
    mine = methods[methods["method"].isin(names)]
    size = mine[ERROR].clip(lower=ROUNDING).mask(is_exact(mine), ROUNDING).map(np.log10)
    return str(size.groupby(mine["method"]).mean().round(9).idxmin())


def _levels(sweep: Sweep, kept: tuple[bool, ...]) -> str:
    count, texts = sum(kept), sweep.texts
    if count == len(kept):
        return f"at every level of {sweep.axis}"
    if all(kept[:count]):
        return f"up to {sweep.axis} {texts[count - 1]} and no longer at {texts[count]}"
    if all(kept[-count:]):
        return f"from {sweep.axis} {texts[-count]} on and not yet at {texts[-count - 1]}"
    there = [text for text, is_kept in zip(texts, kept, strict=True) if is_kept]
    return f"at {sweep.axis} {listed(there, most=8)} only"


def _beside_libraries(sweep: Sweep, methods: pd.DataFrame, libraries: Mapping[str, str]) -> str:
    """The smallest error of a method of koopmark and of a library's."""
    ours = methods["method"].map(libraries) == OURS
    parts = []
    for level, dataset in _told(sweep):
        sides = [
            ranked(side[side["dataset"] == dataset]) for side in (methods[ours], methods[~ours])
        ]
        if not any(side.empty for side in sides):
            parts.append(f"{' and '.join(map(_shown, sides))} {level}")
    if not parts:
        return ""
    return (
        f"{sweep.name}: the smallest errors of a koopmark method and of a library method are "
        f"{', '.join(parts)}."
    )


def _shown(in_order: pd.DataFrame) -> str:
    return f"{scientific(in_order[ERROR].iloc[0])} ({in_order['method'].iloc[0]})"
