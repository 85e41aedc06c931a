"""A run as a whole: what was fitted to what, its anchors, its misses, its sweeps."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.analysis.leaderboard import ALL
from koopmark.analysis.measure import NOT_RUN, SUCCESS, classes, competing
from koopmark.analysis.numbers import listed, plural
from koopmark.analysis.sentences._naming import OURS, named
from koopmark.analysis.sweeps import Sweep
from koopmark.scoring import DIGITS

EXACT, RANDOM = DIGITS - 0.5, 1.0
"""Digits that the answer key has at least, and random functions at most, if a run is in order."""


def extent(fits: pd.DataFrame, planned: int) -> str:
    """What was fitted to what, and how many of the `planned` fits are done and have a result."""
    if fits.empty:
        return f"None of the {planned:,} planned fits is done yet."
    roles = fits.drop_duplicates("method")["role"].value_counts()
    nouns = {"method": "method", "informed": "informed method", "anchor": "anchor"}
    kinds = [plural(int(roles[role]), noun) for role, noun in nouns.items() if role in roles]
    ok, count = int((fits["status"] == "ok").sum()), len(fits)
    results = "all with a result" if ok == count else f"{ok:,} of them with a result"
    if count == ok == 1:
        results = "with a result"
    done = plural(count, "fit") if count >= planned else f"{count:,} of {planned:,} fits are done"
    return (
        f"{listed(kinds)} on {plural(fits['dataset'].nunique(), 'dataset')} with "
        f"{plural(fits['seed'].nunique(), 'seed')}: {done}, {results}."
    )


def anchored(summary: pd.DataFrame) -> str:
    """Whether both ends of the scores are where they should be; empty without anchors."""
    # What does not apply to data, as eigenpairs of what sensors do not show, says nothing of them.
    run = ~summary["status"].isin(NOT_RUN)
    anchors = summary[(summary["role"] == "anchor") & run]
    scores = anchors.groupby("dataset", sort=False)["digits"]
    ends = scores.agg(["min", "max"])[scores.count() > 1]
    if ends.empty:
        return ""
    least, most = ends["max"].min(), ends["min"].max()
    if f"{least:.1f} {most:.1f}" == f"{DIGITS:.1f} 0.0":
        return "anchor.exact has 9 digits and anchor.random 0 on every dataset, as expected."
    said = (
        f"On every dataset anchor.exact has at least {least:.1f} correct digits, and anchor.random "
        f"has at most {most:.1f}"
    )
    if least >= EXACT and most <= RANDOM:
        return f"{said}, as expected."
    return (
        f"{said}. They should have at least {EXACT:g} and at most {RANDOM:g}, so the scores of "
        "this run cannot be trusted."
    )


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
    which = "Reason" if len(missed) == 1 else "Most frequent reasons"
    were = "was" if missed.sum() == 1 else "were"
    return (
        f"{missed.sum():,} of {plural(int(counts.sum()), 'target')} {were} missed, counted once "
        f"per method and seed. {which}: {reasons}."
    )


def along(sweep: Sweep, summary: pd.DataFrame) -> str:
    """Who leads along a sweep, with how many digits, and up to where all targets are found.

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
    said = (
        _ours_beside_theirs(sweep, methods),
        _best_at_levels(sweep, methods),
        _found_until(sweep, methods),
    )
    return f"{sweep.name}: {' '.join(part for part in said if part)}"


def _ours_beside_theirs(sweep: Sweep, methods: pd.DataFrame) -> str:
    """How the best of our own methods compares with the best of the libraries, level by level.

    Digits that tables show alike, to a tenth, are alike; empty unless every level has both.
    """
    sides = methods["library"].eq(OURS).map({True: "ours", False: "theirs"})
    best = methods.groupby(["dataset", sides])["digits"].max().unstack()
    if best.shape[1] < 2 or best.isna().any(axis=None):
        return ""
    lead = (best["ours"] - best["theirs"]).reindex(list(sweep.datasets)).round(1).to_numpy()
    ours, theirs = "koopmark's own best method", "the best library method"
    count = len(lead)
    levels = f"levels of {sweep.axis}"
    if not lead.any():
        where = f"both {levels}" if count == 2 else f"all {count} {levels}"
        return f"{ours} and {theirs} have the same digits at {where}."

    def most(leads: NDArray[np.float64]) -> str:
        """By how much at most, and at which level if that is one of several."""
        largest = f"{leads.max():.1f} digits"
        at = np.flatnonzero(leads == leads.max())
        several = bool((leads > 0).sum() > 1)
        where = f" (at {sweep.texts[at[0]]})" if several and len(at) == 1 else ""
        return f"by {'up to ' * several}{largest}{where}"

    ahead, behind = int((lead > 0).sum()), int((lead < 0).sum())
    if ahead and behind:
        return (
            f"{ours} is ahead of {theirs} at {ahead} of {count} {levels}, {most(lead)}. It is "
            f"behind at {behind}, {most(-lead)}."
        )
    one, other = (ours, theirs) if ahead else (theirs, ours)
    leading = ahead or behind
    many = f"both {levels}" if leading == count == 2 else f"all {count} {levels}"
    where = many if leading == count else f"{leading} of {count} {levels}"
    rest = "" if leading == count else f", and equals it at the other{'s' * (count - leading > 1)}"
    return f"{one} beats {other} at {where}, {most(np.abs(lead))}{rest}."


def _best_at_levels(sweep: Sweep, methods: pd.DataFrame) -> str:
    last = len(sweep.texts) - 1
    parts = []
    for place in dict.fromkeys([0, last // 2, last]):
        here = methods[methods["dataset"] == sweep.datasets[place]]
        first = here[here["place"] == 1]
        at = f"At {sweep.axis} {sweep.texts[place]}"
        if first.empty or first["digits"].max() < 0.05:
            parts.append(f"{at}, no method has a correct digit.")
            continue
        possible = first["possible"].iloc[0]
        verb = "is" if len(first) == 1 else "are"
        most, bound = f"{first['digits'].max():.1f}", f"{possible:.1f}"
        digits = f"{most} digits"
        if pd.notna(possible):
            # The bound is a root mean square, and single draws may be better.
            few = float(most) < float(bound)
            digits = (
                f"{most} of the {bound} digits that the noise allows"
                if few
                else f"{most} digits, as many as the noise allows ({bound})"
            )
        parts.append(f"{at}, {_named(first, most=1)} {verb} best with {digits}.")
    return " ".join(parts)


def _found_until(sweep: Sweep, methods: pd.DataFrame) -> str:
    """At which levels every target is found by the methods that do so at the most levels."""
    found = methods[methods["found"] >= ALL]
    kept = {
        str(method): tuple(name in set(rows["dataset"]) for name in sweep.datasets)
        for method, rows in found.groupby("method", sort=False)
    }
    if not kept:
        return "At no level does a method find every target."
    longest = max(sum(levels) for levels in kept.values())
    able = [name for name in kept if sum(kept[name]) == longest]
    # Of those the ones with the most digits over all levels.
    digits = methods[methods["method"].isin(able)].groupby("method")["digits"].mean().round(1)
    best = sorted(digits.index[digits == digits.max()])[0]
    alike = methods[methods["method"].isin([name for name in able if kept[name] == kept[best]])]
    alike = alike.drop_duplicates("method")
    verb = "finds" if len(alike) == 1 else "find"
    there, texts = kept[best], sweep.texts
    more = "" if longest == len(there) else "; no other method does so at more levels"
    if longest == len(there):
        where = f"at every level of {sweep.axis}"
    elif all(there[:longest]):
        where = f"up to {sweep.axis} {texts[longest - 1]}, but not at {texts[longest]}"
    elif all(there[-longest:]):
        where = f"from {sweep.axis} {texts[-longest]} on, but not at {texts[-longest - 1]}"
    else:
        some = [text for text, is_kept in zip(texts, there, strict=True) if is_kept]
        where = f"only at {sweep.axis} {listed(some, most=8)}"
    return f"{_named(alike)} {verb} every target {where}{more}."


def _named(rows: pd.DataFrame, most: int = 3) -> str:
    return named(rows["method"], dict(zip(rows["method"], rows["library"], strict=True)), most)
