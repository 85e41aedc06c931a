"""A run in three sentences: what was compared, who recovers best, what is lost and why."""

import numpy as np
import pandas as pd

from koopmark._config import shortened
from koopmark.report.numbers import listed, plain, plural, scientific, upper_median
from koopmark.report.ranking import EXACT, larger
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
    """Who recovers most targets over all datasets; of those with as many, the most accurate."""
    if methods.empty:
        return "No method competes in this run: there are controls alone."
    wanted = methods.groupby("dataset")["targets"].max().sum()
    recovered = methods.groupby("method", sort=False)["targets_recovered"].sum()
    if not recovered.max() > 0:
        return (
            f"No method recovers a target with both errors at most {FOUND:g}, on any of "
            f"{plural(methods['dataset'].nunique(), 'dataset')}."
        )
    most = recovered.index[recovered >= recovered.max() - 1e-9]
    sizes = larger(methods).fillna(np.inf).groupby(methods["method"], sort=False)
    size = sizes.agg(lambda errors: float(upper_median(errors)))[most]
    error = float(size.min())
    # What is left of an exact recovery is rounding, and ranks nobody.
    best = sorted(size.index[size <= max(error, EXACT)])
    alike = len(most) - len(best)
    others = f", as {'does' if alike == 1 else 'do'} {plural(alike, 'other')}" if alike else ""
    exact = ", no more than rounding" if error <= EXACT else ""
    datasets, alone = methods["dataset"].nunique(), len(best) == 1
    missed = datasets - int(methods["method"].value_counts()[best].min())
    without = f" ({missed} without {'it' if alone else 'one of them'})" if missed else ""
    verb, at_most = ("recovers", "") if alone else ("recover", "at most ")
    error = float(size[best].max())
    return (
        f"{listed(best)} {verb} most{others}: {plain(recovered.max())} of {plain(wanted)} "
        f"targets on {plural(datasets, 'dataset')}{without} with both errors at most {FOUND:g}, "
        f"the larger of the two {at_most}{scientific(error)} in the median dataset{exact}."
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
