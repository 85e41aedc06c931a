"""What a run says, in a few sentences made from its tables."""

import numpy as np
import pandas as pd

from koopmark.report.numbers import listed, plain, plural, scientific
from koopmark.report.summary import CONTROL, RECOVERED


def findings(fits: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """Sentences on what was run, recovered, lost to noise, and on the controls."""
    methods = summary[~summary["control"]]
    return [
        sentence
        for sentence in (
            _extent(fits),
            _without_noise(methods),
            _under_noise(methods),
            _failures(fits),
            _controls(summary[summary["control"]]),
        )
        if sentence
    ]


def _extent(fits: pd.DataFrame) -> str:
    methods = fits["method"].drop_duplicates()
    controls = int(methods.str.startswith(CONTROL).sum())
    ok = int((fits["status"] == "ok").sum())
    return (
        f"{plural(len(methods) - controls, 'method')} and {plural(controls, 'control')} "
        f"were fitted to {plural(fits['dataset'].nunique(), 'dataset')} with "
        f"{plural(fits['seed'].nunique(), 'seed')}: {plural(len(fits), 'fit')}, "
        + ("all of which ended ok." if ok == len(fits) else f"of which {ok:,} ended ok.")
    )


def _without_noise(methods: pd.DataFrame) -> str:
    clean = methods[methods["noise"] == 0]
    if clean.empty:
        return ""
    wanted = clean.groupby("dataset")["targets"].max().sum()
    # A method that ran on some of the datasets recovers what it did not look for from none.
    recovered = clean.groupby("method", sort=False)["targets_recovered"].sum()
    everywhere = list(recovered.index[recovered == wanted])
    datasets = plural(clean["dataset"].nunique(), "noise-free dataset")
    if recovered.max() == 0:
        return f"On the {datasets}, no method recovers any target to {RECOVERED:g}."
    if not everywhere:
        return (
            f"On the {datasets}, no method recovers every target to {RECOVERED:g}; "
            f"{recovered.idxmax()} comes closest with {plain(recovered.max())} of {plain(wanted)}."
        )
    worst = clean[clean["method"].isin(everywhere)]["eigenfunction_error"].max()
    return (
        f"On the {datasets}, {listed(everywhere)} recover{'s' * (len(everywhere) == 1)} "
        f"every target; the largest median eigenfunction error among them is {scientific(worst)}."
    )


def _under_noise(methods: pd.DataFrame) -> str:
    noisy = methods[(methods["noise"] > 0) & np.isfinite(methods["eigenfunction_error"])]
    if noisy.empty:
        return ""
    strongest = noisy[noisy["noise"] == noisy["noise"].max()]
    best = strongest.loc[strongest["eigenfunction_error"].idxmin()]
    return (
        f"At the strongest noise ({best['noise']:g}) the smallest eigenfunction error of a worst "
        f"target is {scientific(best['eigenfunction_error'])}, by {best['method']} on "
        f"{best['dataset']}."
    )


def _failures(fits: pd.DataFrame) -> str:
    bad = fits[fits["status"] != "ok"]
    if bad.empty:
        return ""
    counts = bad["status"].value_counts()
    kinds = listed([f"{count} {str(s).replace('_', ' ')}" for s, count in counts.items()], most=8)
    return (
        f"{plural(len(bad), 'fit')} did not end ok ({kinds}); "
        "they rank last and are listed below with their reasons."
    )


def _controls(controls: pd.DataFrame) -> str:
    """What the exact eigenpairs and random functions score; says so where either looks wrong."""
    exact = controls[controls["method"].str.startswith(f"{CONTROL}exact")]["eigenfunction_error"]
    random = controls[controls["method"].str.startswith(f"{CONTROL}random")]["eigenfunction_error"]
    if exact.isna().all() or random.isna().all():
        return ""
    trusted = exact.max() < 1e-9 and random.min() > 0.1
    verdict = "as they should" if trusted else "which they should not: distrust this run"
    return (
        f"The controls score {scientific(exact.max())} at most (exact eigenpairs) and "
        f"{scientific(random.min())} at least (random functions), {verdict}."
    )
