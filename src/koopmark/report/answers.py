"""What a run answers: its suite's question, in sentences made from its tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from koopmark.report.numbers import listed, plain, plural, scientific
from koopmark.report.summary import RECOVERED, is_informed
from koopmark.report.sweeps import Sweep

EXACT = 1e-9
"""Errors up to this are alike: what is left of them is rounding."""

PAR = 1.1
"""Errors whose ratio is at most this are alike."""

NEARLY = 0.1
"""A dictionary whose oracle floor is at most this comes near a target, if it does not hold it."""

LOST = 0.5
"""Where both errors exceed this, a sine of 30 degrees, neither is better in any useful sense."""

MOST = 6
"""Sentences of one run; what does not fit is left to the tables."""

OURS = "koopmark"
"""The library of the reference methods."""

BOTH = ["eigenfunction_error", "eigenvalue_error"]
FLOOR = "oracle_floor"


def answers(
    summary: pd.DataFrame,
    swept: list[tuple[Sweep, pd.DataFrame]],
    libraries: Mapping[str, str],
) -> list[str]:
    """At most MOST sentences: on each sweep, then on the datasets outside of sweeps.

    Controls and methods that are given the vector field take no part.

    Parameters
    ----------
    summary : DataFrame
        Of `summarise`.
    swept : list of (Sweep, DataFrame)
        Each sweep of the run with its `sweep_summary`.
    libraries : mapping
        The library of each method.
    """
    each = 3 if len(swept) < 3 else 2 if len(swept) < 4 else 1
    sentences = [
        sentence
        for sweep, its_summary in swept
        for sentence in _on_sweep(sweep, _competing(its_summary), libraries)[:each]
    ]
    in_sweeps = {name for sweep, _ in swept for name in sweep.datasets}
    others = _competing(summary[~summary["dataset"].isin(in_sweeps)])
    sentences += _counts(others, " outside of the sweeps" if swept else "")
    floors = _floors(others)
    sentences += floors if len(sentences) + len(floors) <= MOST else []
    return sentences[:MOST]


def _competing(summary: pd.DataFrame) -> pd.DataFrame:
    return summary[~summary["control"] & ~summary["method"].map(is_informed).astype(bool)]


def _on_sweep(sweep: Sweep, methods: pd.DataFrame, libraries: Mapping[str, str]) -> list[str]:
    """Who is best where, where recovery ends, and ours against the libraries' best."""
    sentences = (
        _best(sweep, methods),
        _breakdown(sweep, methods),
        _against_libraries(sweep, methods, libraries),
    )
    return [sentence for sentence in sentences if sentence]


def _best(sweep: Sweep, methods: pd.DataFrame) -> str:
    last = len(sweep.datasets) - 1
    places = dict.fromkeys([0, last // 2, last])
    parts = [
        f"at {sweep.axis} {sweep.texts[place]} {_best_at(methods, sweep.datasets[place])}"
        for place in places
    ]
    return (
        f"{sweep.name}: the smallest errors (eigenfunction, eigenvalue) of the worst target are, "
        f"{'; '.join(parts)}."
    )


def _best_at(methods: pd.DataFrame, dataset: str) -> str:
    ranked = _ranked(methods[methods["dataset"] == dataset])
    if ranked.empty:
        return "none: no method ended ok at every seed"
    first = ranked.iloc[0]
    alike = int((ranked[BOTH[0]] <= PAR * max(first[BOTH[0]], EXACT)).sum()) - 1
    others = f" ({plural(alike, 'other')} within a factor of {PAR:g})" if alike else ""
    errors = ", ".join(scientific(first[name]) for name in BOTH)
    return f"({errors}) by {first['method']}{others}"


def _ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """The methods whose every fit ended ok and was scored, best first."""
    scored = rows[(rows["failed"] == 0) & np.isfinite(rows["eigenfunction_error"])]
    order = scored[BOTH].clip(lower=EXACT)
    return scored.loc[order.sort_values(BOTH, kind="stable").index]


def _breakdown(sweep: Sweep, methods: pd.DataFrame) -> str:
    """At which levels the method that holds out longest recovers everything."""
    within = (methods[BOTH] <= RECOVERED).all(axis=1) & (methods["failed"] == 0)
    kept = {
        str(method): tuple(name in set(rows["dataset"]) for name in sweep.datasets)
        for method, rows in methods[within].groupby("method", sort=False)
    }
    if not kept:
        return (
            f"{sweep.name}: no method recovers every target, with both errors at most "
            f"{RECOVERED:g}, at any level."
        )
    longest = max(sum(levels) for levels in kept.values())
    best = _first_ranked(methods, [name for name in kept if sum(kept[name]) == longest])
    alike = sum(levels == kept[best] for levels in kept.values()) - 1
    others = f", like {plural(alike, 'other')}," if alike else ""
    return (
        f"{sweep.name}: {best}{others} recovers every target, with both errors at most "
        f"{RECOVERED:g}, {_levels(sweep, kept[best])}"
        + (", the most of any method." if longest < len(sweep.datasets) else ".")
    )


def _first_ranked(methods: pd.DataFrame, names: list[str]) -> str:
    """The one of these methods with the smallest errors over all levels."""
    mine = methods[methods["method"].isin(names)]
    size = np.log10(mine["eigenfunction_error"].clip(lower=EXACT))
    return str(size.groupby(mine["method"], sort=False).mean().idxmin())


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


def _against_libraries(sweep: Sweep, methods: pd.DataFrame, libraries: Mapping[str, str]) -> str:
    """By what factor the best reference method is ahead of the best library method, and where."""
    ours = methods["method"].map(libraries) == OURS
    pairs = [
        (text, _champion(methods[ours], name), _champion(methods[~ours], name))
        for text, name in zip(sweep.texts, sweep.datasets, strict=True)
    ]
    factors = [
        (max(theirs[1], EXACT) / max(own[1], EXACT), text, own, theirs)
        for text, own, theirs in pairs
        if own and theirs
    ]
    if not factors:
        return ""
    told = [entry for entry in factors if min(entry[2][1], entry[3][1]) <= LOST]
    ahead = [entry for entry in told if entry[0] > PAR]
    behind = [entry for entry in told if entry[0] < 1 / PAR]
    par, lost = len(told) - len(ahead) - len(behind), len(factors) - len(told)
    said = []
    if ahead:
        factor, text, own, theirs = max(ahead, key=lambda entry: entry[0])
        said.append(
            f"is ahead of the best library method at {len(ahead)}, most at {sweep.axis} {text} by "
            f"a factor of {plain(factor)} ({_shown(own)}, {_shown(theirs)})"
        )
    if behind:
        factor, text, own, theirs = min(behind, key=lambda entry: entry[0])
        said.append(
            f"is behind at {len(behind)}, most at {sweep.axis} {text} by a factor of "
            f"{plain(1 / factor)} ({_shown(theirs)}, {_shown(own)})"
        )
    if par:
        said.append(f"is on a par at {par}")
    if lost:
        said.append(f"is as lost as every library at {lost}, with errors above {LOST:g}")
    return (
        f"{sweep.name}: of {plural(len(factors), 'level')}, the best reference method, by "
        f"eigenfunction error, {listed(said)}."
    )


def _shown(champion: tuple[str, float]) -> str:
    return f"{champion[0]} {scientific(champion[1])}"


def _champion(methods: pd.DataFrame, dataset: str) -> tuple[str, float] | None:
    ranked = _ranked(methods[methods["dataset"] == dataset])
    if ranked.empty:
        return None
    return str(ranked["method"].iloc[0]), float(ranked["eigenfunction_error"].iloc[0])


def _counts(methods: pd.DataFrame, which: str) -> list[str]:
    """How many methods recover everything on the datasets outside of sweeps, and how many nothing.

    A method that ran on some of the datasets recovers what it did not look for from none.
    """
    if methods.empty:
        return []
    datasets = methods["dataset"].unique()
    wanted = methods.groupby("dataset")["targets"].max().sum()
    recovered = methods.groupby("method", sort=False)["targets_recovered"].sum()
    everything = list(recovered.index[recovered == wanted])
    nothing = list(recovered.index[recovered == 0])
    named = datasets[0] if len(datasets) == 1 else f"{len(datasets)} datasets{which}"
    where = f"Of {plural(len(recovered), 'method')} on {named}"
    if everything:
        whole = f"{len(everything)} recover{'s' * (len(everything) == 1)} every target"
        first = f"{where}, {whole} ({listed(everything)})"
    else:
        first = (
            f"{where}, none recovers every target; {recovered.idxmax()} comes closest "
            f"with {plain(recovered.max())} of {plain(wanted)}"
        )
    if nothing:
        second = f"{len(nothing)} recover{'s' * (len(nothing) == 1)} none ({listed(nothing)})"
    else:
        second = "every method recovers some"
    return [f"{first}; {second}."]


def _floors(methods: pd.DataFrame) -> list[str]:
    """On each dataset whose targets some dictionaries hold and others do not: errors and floors."""
    scored = (methods["failed"] == 0) & np.isfinite(methods[FLOOR]) & np.isfinite(methods[BOTH[0]])
    sentences = []
    for dataset, rows in methods[scored].groupby("dataset", sort=False):
        if len(rows) < 3 or rows[FLOOR].min() > NEARLY or rows[FLOOR].max() <= RECOVERED:
            continue
        able = rows[rows[FLOOR] <= RECOVERED]
        found = int((able[BOTH[0]] <= RECOVERED).sum())
        best, lowest = _ranked(rows).iloc[0], rows.sort_values(FLOOR, kind="stable").iloc[0]
        sentences.append(
            f"{dataset}: the dictionaries of {len(able)} of {plural(len(rows), 'method')} hold "
            f"every target to {RECOVERED:g}, and {found} of these methods find them so well; the "
            f"smallest eigenfunction error {_beside_floor(best)}, the lowest floor belongs to "
            f"{lowest['method']}, whose error {_beside_floor(lowest, named=False)}."
        )
    return sentences


def _beside_floor(row: "pd.Series[Any]", named: bool = True) -> str:
    """The error, and what the method itself adds to the floor of its dictionary."""
    error, floor = row[BOTH[0]], row[FLOOR]
    whose = f"{scientific(error)} by {row['method']}" if named else scientific(error)
    return f"is {whose}, {scientific(error - floor)} above its floor {scientific(floor)}"
