"""A run in three sentences: what was compared, who recovers best, what is lost and why."""

import pandas as pd

from koopmark._config import shortened
from koopmark.report.numbers import listed, plain, plural
from koopmark.report.sentences import ended, extent
from koopmark.report.summary import competing, recovers_all
from koopmark.scoring import FOUND

LONGEST_REASON = 140
"""Characters of a reason that the third sentence quotes; all of it is in the table of failures."""


def overview(fits: pd.DataFrame, summary: pd.DataFrame) -> tuple[str, str, str]:
    """Three sentences from fits.csv and the summary of a run (see `summarise`)."""
    methods = competing(summary)
    return extent(fits), _best(methods), _lost(fits, methods)


def _best(methods: pd.DataFrame) -> str:
    """Who recovers most targets over all datasets; of those with as many, with the most digits."""
    if methods.empty:
        return "No method competes in this run: there are controls alone."
    wanted = methods.groupby("dataset")["targets"].max()
    recovered = methods.groupby("method", sort=False)["targets_recovered"].sum()
    if not recovered.max() > 0:
        return (
            f"No method recovers a target with both errors at most {FOUND:g}, on any of "
            f"{plural(len(wanted), 'dataset')}."
        )
    most = recovered.index[recovered >= recovered.max() - 1e-9]
    # On a dataset that it was not run on a method has none.
    digits = methods.groupby("method", sort=False)["digits"].sum()[most] / len(wanted)
    digits = digits.round(1)
    best = sorted(digits.index[digits == digits.max()])
    alike = len(most) - len(best)
    others = f", as {'does' if alike == 1 else 'do'} {plural(alike, 'other')}" if alike else ""
    alone = len(best) == 1
    missed = len(wanted) - int(methods["method"].value_counts()[best].min())
    without = f" ({'it' if alone else 'one of them'} was not run on {missed})" if missed else ""
    return (
        f"{listed(best)} {'recovers' if alone else 'recover'} most{others}: "
        f"{plain(recovered.max())} of {plain(wanted.sum())} targets on "
        f"{plural(len(wanted), 'dataset')}{without} with both errors at most {FOUND:g}, and "
        f"{digits.max():.1f} correct digits of a target in the mean over the datasets."
    )


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
    why = f", most often because: {reason}" if reason else ""
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
