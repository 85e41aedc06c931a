"""A run in three sentences: what was compared, who recovers best, what is lost and why."""

import pandas as pd

from koopmark._config import shortened
from koopmark.analysis.numbers import listed, plain, plural
from koopmark.analysis.sentences import ended, extent
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
    of_each = over_datasets.groupby(problems(over_datasets.index.to_series())).mean()
    return of_each.mean()


def _lost(fits: pd.DataFrame, methods: pd.DataFrame) -> str:
    said = [_failed(fits)]
    recovered = methods.groupby("method", sort=False)["targets_recovered"].sum()
    nothing = [str(name) for name in recovered.index[recovered == 0]]
    if nothing:
        verb = "recovers" if len(nothing) == 1 else "recover"
        said.append(f"{plural(len(nothing), 'method')} {verb} no target ({listed(nothing, 3)})")
    if hardest := _hardest(methods):
        said.append(hardest)
    return "; ".join(said) + "."


def _failed(fits: pd.DataFrame) -> str:
    bad = fits[fits["status"] != "ok"]
    if bad.empty:
        return "No fit failed"
    reasons = bad["reason"].value_counts()
    most = min(reasons.index[reasons == reasons.max()])
    reason = shortened(str(most), LONGEST_REASON).rstrip(".")
    why = f", most often because: “{reason}”" if reason else ""
    return f"{plural(len(bad), 'fit')} of {len(fits):,} did not end ok ({ended(bad)}){why}"


def _hardest(methods: pd.DataFrame) -> str:
    """The datasets of which the smallest share of methods recovers every target."""
    shares = recovers_all(methods).groupby(methods["dataset"], sort=False).mean()
    if len(shares) < 2:
        return ""
    hardest = [str(name) for name in shares.index[shares == shares.min()]]
    if len(hardest) == len(shares):
        return "no dataset is harder than the others"
    share = shares.min()
    who = "no method recovers" if share == 0 else f"{100 * share:.3g} % of the methods recover"
    are = "is the hardest" if len(hardest) == 1 else "are the hardest"
    return f"{listed(hardest)} {are}, where {who} every target"
