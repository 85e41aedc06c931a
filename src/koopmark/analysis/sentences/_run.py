"""A run as a whole: what was fitted to what, its anchors, its misses, its sweeps."""

import pandas as pd

from koopmark.analysis.leaderboard import ALL
from koopmark.analysis.measure import SUCCESS, classes, competing
from koopmark.analysis.numbers import listed, plural
from koopmark.analysis.sentences._card import named
from koopmark.analysis.sweeps import Sweep
from koopmark.scoring import DIGITS

EXACT, RANDOM = DIGITS - 0.5, 1.0
"""Digits that the answer key has at least, and random functions at most, if a run is in order."""


def extent(fits: pd.DataFrame, planned: int) -> str:
    """What was fitted to what, and how many of the `planned` fits are done and have a result."""
    roles = fits.drop_duplicates("method")["role"].value_counts()
    nouns = {"method": "method", "informed": "informed method", "anchor": "anchor"}
    kinds = [plural(int(roles[role]), noun) for role, noun in nouns.items() if role in roles]
    ok, count = int((fits["status"] == "ok").sum()), len(fits)
    results = "all with a result" if ok == count else f"{ok:,} of them with a result"
    done = plural(count, "fit") if count >= planned else f"{count:,} of {planned:,} fits are done"
    return (
        f"{listed(kinds)} on {plural(fits['dataset'].nunique(), 'dataset')} with "
        f"{plural(fits['seed'].nunique(), 'seed')}: {done}, {results}."
    )


def anchored(summary: pd.DataFrame) -> str:
    """Whether both ends of the scores are where they should be; empty without anchors."""
    anchors = summary[summary["role"] == "anchor"]
    scores = anchors.groupby("dataset", sort=False)["digits"]
    ends = scores.agg(["min", "max"])[scores.count() > 1]
    if ends.empty:
        return ""
    least, most = ends["max"].min(), ends["min"].max()
    said = (
        f"On every dataset the exact eigenpairs have at least {least:.1f} digits, and random "
        f"functions at most {most:.1f}"
    )
    if least >= EXACT and most <= RANDOM:
        return f"{said}, as they should."
    return f"{said}. They should have at least {EXACT:g} and at most {RANDOM:g}: distrust this run."


def misses(judged: pd.DataFrame) -> str:
    """How many targets methods missed, and the commonest reasons; empty if there are none."""
    ours = competing(judged).assign(all=1)
    counts = classes(ours, ["all"]).sum() if len(ours) else pd.Series(dtype=int)
    missed = counts.drop([str(one) for one in SUCCESS], errors="ignore")
    missed = missed[missed > 0].sort_values(ascending=False, kind="stable")
    if missed.empty:
        return ""
    few = missed.head(3)
    reasons = listed([f"{name} ({count:,})" for name, count in few.items()])
    which = "" if len(missed) == 1 else "most often "
    return (
        f"{missed.sum():,} of {plural(int(counts.sum()), 'target')} were missed, counted by "
        f"method and seed; {which}because: {reasons}."
    )


def along(sweep: Sweep, summary: pd.DataFrame) -> str:
    """The best methods at some levels of a sweep, and up to where all targets are found.

    Facts about this run: a sweep is one problem, and says nothing about others.

    Parameters
    ----------
    sweep : Sweep
    summary : DataFrame
        Its `sweep_summary`.
    """
    methods = competing(summary)
    if methods.empty:
        return ""
    return f"{sweep.name}: {_best_at_levels(sweep, methods)} {_found_until(sweep, methods)}"


def _best_at_levels(sweep: Sweep, methods: pd.DataFrame) -> str:
    last = len(sweep.texts) - 1
    parts = []
    for place in dict.fromkeys([0, last // 2, last]):
        here = methods[methods["dataset"] == sweep.datasets[place]]
        first = here[here["place"] == 1]
        at = f"at {sweep.axis} {sweep.texts[place]}"
        if first.empty or first["digits"].max() < 0.05:
            parts.append(f"{at}, no method has a correct digit")
            continue
        possible = first["possible"].iloc[0]
        allowed = "" if pd.isna(possible) else f" of the {possible:.1f} possible"
        verb = "has" if len(first) == 1 else "have"
        digits = f"{first['digits'].max():.1f}{allowed} digits"
        parts.append(f"{at}, {_named(first, most=1)} {verb} {digits}")
    return f"{'; '.join(parts)}."


def _found_until(sweep: Sweep, methods: pd.DataFrame) -> str:
    """At which levels the methods that hold out longest find every target."""
    found = methods[methods["found"] >= ALL]
    kept = {
        str(method): tuple(name in set(rows["dataset"]) for name in sweep.datasets)
        for method, rows in found.groupby("method", sort=False)
    }
    if not kept:
        return "No method finds every target at any level."
    longest = max(sum(levels) for levels in kept.values())
    able = [name for name in kept if sum(kept[name]) == longest]
    # Of those the ones with the most digits over all levels.
    digits = methods[methods["method"].isin(able)].groupby("method")["digits"].mean().round(1)
    best = sorted(digits.index[digits == digits.max()])[0]
    alike = methods[methods["method"].isin([name for name in able if kept[name] == kept[best]])]
    alike = alike.drop_duplicates("method")
    verb = "finds" if len(alike) == 1 else "find"
    there, texts = kept[best], sweep.texts
    more = "" if longest == len(there) else "; no method does at more levels"
    if longest == len(there):
        where = f"at every level of {sweep.axis}"
    elif all(there[:longest]):
        where = f"up to {sweep.axis} {texts[longest - 1]}, and not at {texts[longest]}"
    elif all(there[-longest:]):
        where = f"from {sweep.axis} {texts[-longest]} on, and not at {texts[-longest - 1]}"
    else:
        some = [text for text, is_kept in zip(texts, there, strict=True) if is_kept]
        where = f"at {sweep.axis} {listed(some, most=8)} only"
    return f"{_named(alike)} {verb} every target {where}{more}."


def _named(rows: pd.DataFrame, most: int = 3) -> str:
    return named(rows["method"], dict(zip(rows["method"], rows["library"], strict=True)), most)
