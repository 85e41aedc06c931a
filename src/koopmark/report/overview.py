"""A run in three sentences: what was compared, who recovers best, what is lost and why."""

import numpy as np
import pandas as pd

from koopmark._config import shortened
from koopmark.report.numbers import listed, plain, plural, scientific, upper_median
from koopmark.report.ranking import EXACT, competing, larger
from koopmark.report.sentences import extent
from koopmark.report.summary import RECOVERED

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
            f"No method recovers a target with both errors at most {RECOVERED:g}, on any of "
            f"{plural(methods['dataset'].nunique(), 'dataset')}."
        )
    most = recovered.index[recovered == recovered.max()]
    sizes = larger(methods).fillna(np.inf).groupby(methods["method"], sort=False)
    size = sizes.agg(lambda errors: float(upper_median(errors)))
    best = size[most].sort_values(kind="stable")
    alike = len(most) - 1
    others = f", as {'does' if alike == 1 else 'do'} {plural(alike, 'other')}" if alike else ""
    error = float(best.iloc[0])
    exact = ", no more than rounding" if error <= EXACT else ""
    name, datasets = str(best.index[0]), methods["dataset"].nunique()
    missed = datasets - int((methods["method"] == name).sum())
    without = f" ({missed} without it)" if missed else ""
    return (
        f"{name} recovers most{others}: {plain(recovered.max())} of {plain(wanted)} targets on "
        f"{plural(datasets, 'dataset')}{without} with both errors at most {RECOVERED:g}, the "
        f"larger of the two {scientific(error)} in the median dataset{exact}."
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
    counts = bad["status"].value_counts()
    kinds = listed([f"{n:,} {str(status).replace('_', ' ')}" for status, n in counts.items()], 8)
    reason = shortened(str(bad["reason"].value_counts().index[0]), LONGEST_REASON).rstrip(".")
    why = f", most often because: {reason}" if reason else ""
    return f"{plural(len(bad), 'fit')} of {len(fits):,} did not end ok ({kinds}){why}"


def _hardest(methods: pd.DataFrame) -> str:
    """The dataset of which fewest methods recover every target."""
    if methods["dataset"].nunique() < 2:
        return ""
    whole = methods["targets_recovered"] == methods["targets"]
    by_dataset = {str(name): mine for name, mine in whole.groupby(methods["dataset"], sort=False)}
    name = min(by_dataset, key=lambda one: float(by_dataset[one].mean()))
    able, tried = int(by_dataset[name].sum()), len(by_dataset[name])
    return (
        f"{name} is the hardest, where {able or 'none'} of {plural(tried, 'method')} "
        f"{'recovers' if able <= 1 else 'recover'} every target"
    )
