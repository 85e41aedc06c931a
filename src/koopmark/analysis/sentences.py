"""What a run was, in a few sentences made from its tables."""

import pandas as pd

from koopmark.analysis.numbers import listed, plural, scientific


def findings(fits: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """Sentences on what is compared with what, what failed, and what the anchors scored."""
    return [
        sentence
        for sentence in (
            _informed(fits),
            _failures(fits),
            _anchors(summary[summary["role"] == "anchor"]),
        )
        if sentence
    ]


def extent(fits: pd.DataFrame, planned: int) -> str:
    """What was fitted to what, how many of the `planned` fits are done, and how many ended ok."""
    roles = fits.drop_duplicates("method")["role"].value_counts()
    nouns = {"method": "method", "informed": "informed method", "anchor": "anchor"}
    kinds = [plural(int(roles[role]), noun) for role, noun in nouns.items() if role in roles]
    ok = int((fits["status"] == "ok").sum())
    done = plural(len(fits), "fit")
    if len(fits) < planned:
        done = f"{len(fits):,} of {planned:,} fits are done"
    return (
        f"{listed(kinds)} were fitted to {plural(fits['dataset'].nunique(), 'dataset')} with "
        f"{plural(fits['seed'].nunique(), 'seed')}: {done}, "
        + ("all of which ended ok." if ok == len(fits) else f"of which {ok:,} ended ok.")
    )


def ended(fits: pd.DataFrame) -> str:
    """How fits ended: `3 failed and 1 timeout`, most often first."""
    counts = fits["status"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return listed([f"{n:,} {str(s).replace('_', ' ')}" for s, n in counts.items()], most=8)


def _informed(fits: pd.DataFrame) -> str:
    informed = list(fits.loc[fits["role"] == "informed", "method"].unique())
    if not informed:
        return ""
    given = f"{listed(informed)} {'is' if len(informed) == 1 else 'are'} given the system itself"
    return f"{given}, and not compared with the others above."


def _failures(fits: pd.DataFrame) -> str:
    bad = fits[fits["status"] != "ok"]
    if bad.empty:
        return ""
    return (
        f"{plural(len(bad), 'fit')} did not end ok ({ended(bad)}); "
        "they rank last and are listed below with their reasons."
    )


def _anchors(anchors: pd.DataFrame) -> str:
    """What the anchors score, which are to be at both ends; says so where they are not."""
    scores = anchors.groupby("dataset", sort=False)["eigenfunction_error"]
    ends = scores.agg(["min", "max"])[scores.count() > 1]
    if ends.empty:
        return ""
    best, worst = ends["min"].max(), ends["max"].min()
    trusted = best < 1e-9 and worst > 0.1
    verdict = "as they should" if trusted else "which they should not: distrust this run"
    return (
        f"On every dataset the anchors score {scientific(best)} or less (exact eigenpairs) and "
        f"{scientific(worst)} or more (random functions), {verdict}."
    )
