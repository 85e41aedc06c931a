"""A run in a few sentences: what was compared, who recovers best, what is lost, the anchors."""

import pandas as pd

from koopmark._config import shortened
from koopmark.analysis.numbers import listed, plain, plural, scientific
from koopmark.analysis.summary import competing, problems, recovers_all
from koopmark.scoring import FOUND

LONGEST_REASON = 140
"""Characters of a reason that the third sentence quotes; all of it is in the table of failures."""


def overview(fits: pd.DataFrame, summary: pd.DataFrame, planned: int = 0) -> tuple[str, str, str]:
    """Three sentences from fits.csv and the summary of a run (see `summarise`).

    `planned` is the number of fits that the run asks for, which are more if it is not finished.
    """
    methods = competing(summary)
    return extent(fits, planned), _best(methods), _lost(fits, methods)


def findings(fits: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """Sentences on what is compared with what, what failed, and what the anchors scored."""
    said = []
    informed = list(fits.loc[fits["role"] == "informed", "method"].unique())
    if informed:
        given = f"{listed(informed)} {'is' if len(informed) == 1 else 'are'} given the system"
        said.append(f"{given} itself, and not compared with the others above.")
    bad = fits[fits["status"] != "ok"]
    if len(bad):
        said.append(
            f"{plural(len(bad), 'fit')} did not end ok ({_ended(bad)}); "
            "they rank last and are listed below with their reasons."
        )
    # Both ends of the scores: an exact anchor that errs, or a random one that does not, is a fault.
    anchors = summary[summary["role"] == "anchor"]
    scores = anchors.groupby("dataset", sort=False)["eigenfunction_error"]
    ends = scores.agg(["min", "max"])[scores.count() > 1]
    if len(ends):
        best, worst = ends["min"].max(), ends["max"].min()
        trusted = best < 1e-9 and worst > 0.1
        judgement = "as they should" if trusted else "which they should not: distrust this run"
        said.append(
            f"On every dataset the anchors score {scientific(best)} or less (exact eigenpairs) and "
            f"{scientific(worst)} or more (random functions), {judgement}."
        )
    return said


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


def _best(methods: pd.DataFrame) -> str:
    """Who recovers the largest share of targets, and of equals who has the most digits.

    Both in the mean over problems, of each the mean over its datasets.
    """
    if methods.empty:
        return "No method competes in this run: there are anchors alone."
    if not methods["targets_recovered"].max() > 0:
        return (
            f"No method recovers a target with both errors at most {FOUND:g}, on any of "
            f"{plural(methods['dataset'].nunique(), 'dataset')}."
        )
    shares = _by_problem(methods, methods["targets_recovered"] / methods["targets"])
    most = shares.index[shares >= shares.max() - 1e-9]
    digits = _by_problem(methods, methods["digits"])[most].round(1)
    best = sorted(digits.index[digits == digits.max()])
    alike = len(most) - len(best)
    others = f", as {'does' if alike == 1 else 'do'} {plural(alike, 'other')}" if alike else ""
    alone = len(best) == 1
    missed = methods["dataset"].nunique() - int(methods["method"].value_counts()[best].min())
    on = plural(missed, "dataset")
    without = f" ({'it' if alone else 'one of them'} was not run on {on})" if missed else ""
    count = problems(methods["dataset"]).nunique()
    over = f"in the mean over {count:,} problems" if count > 1 else "of one problem"
    return (
        f"{listed(best)} {'recovers' if alone else 'recover'} most{others}: "
        f"{plain(100 * shares.max())} % of the targets with both errors at most {FOUND:g}"
        f"{without}, and {digits.max():.1f} correct digits of a target, {over}; a problem is a "
        "recipe, with all its levels."
    )


def _by_problem(methods: pd.DataFrame, values: "pd.Series[float]") -> "pd.Series[float]":
    """By method the mean over problems of the mean over their datasets, 0 where it was not run."""
    at = [methods["dataset"], methods["method"]]
    over_datasets = values.groupby(at).first().unstack().fillna(0.0)
    return over_datasets.groupby(problems(over_datasets.index.to_series())).mean().mean()


def _lost(fits: pd.DataFrame, methods: pd.DataFrame) -> str:
    """How many fits failed and why, who recovers nothing, which datasets are the hardest."""
    said = []
    bad = fits[fits["status"] != "ok"]
    if bad.empty:
        said.append("No fit failed")
    else:
        reasons = bad["reason"].value_counts()
        most = min(reasons.index[reasons == reasons.max()])
        reason = shortened(str(most), LONGEST_REASON).rstrip(".")
        why = f", most often because: “{reason}”" if reason else ""
        count = f"{plural(len(bad), 'fit')} of {len(fits):,}"
        said.append(f"{count} did not end ok ({_ended(bad)}){why}")
    recovered = methods.groupby("method", sort=False)["targets_recovered"].sum()
    nothing = [str(name) for name in recovered.index[recovered == 0]]
    if nothing:
        verb = "recovers" if len(nothing) == 1 else "recover"
        said.append(f"{plural(len(nothing), 'method')} {verb} no target ({listed(nothing, 3)})")
    shares = recovers_all(methods).groupby(methods["dataset"], sort=False).mean()
    hardest = [str(name) for name in shares.index[shares == shares.min()]]
    if len(shares) > 1 and len(hardest) == len(shares):
        said.append("no dataset is harder than the others")
    elif len(shares) > 1:
        share = shares.min()
        who = "no method recovers" if share == 0 else f"{100 * share:.3g} % of the methods recover"
        are = "is the hardest" if len(hardest) == 1 else "are the hardest"
        said.append(f"{listed(hardest)} {are}, where {who} every target")
    return "; ".join(said) + "."


def _ended(fits: pd.DataFrame) -> str:
    """How fits ended: `3 failed and 1 timeout`, most often first."""
    counts = fits["status"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return listed([f"{n:,} {str(s).replace('_', ' ')}" for s, n in counts.items()], most=8)
