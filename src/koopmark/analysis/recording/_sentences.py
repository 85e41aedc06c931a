"""What an analysis says first: which eigenvalues to believe, and how it is known."""

from collections.abc import Iterator
from math import isfinite, sqrt

import numpy as np
import pandas as pd

from koopmark.analysis.numbers import listed, percent, plain, plural
from koopmark.analysis.recording._clusters import CONSTANT
from koopmark.analysis.recording._skill import BASELINES
from koopmark.scoring import NOT_SUPPORTED, SUPPORTED, UNTOLD

MOST_NAMED = 4
DEVIATIONS = 2.0
"""Standard errors, 1/√n of the logarithm of two errors over n forecasts, that tell them apart."""


def sentences_of(
    pairs: pd.DataFrame,
    clusters: pd.DataFrame,
    forecasts: pd.DataFrame,
    structure: pd.DataFrame,
    methods: pd.DataFrame,
    trials: int,
) -> list[str]:
    """Plain sentences from the tables of an analysis of so many training trials."""
    done = methods[methods["status"] == "ok"]
    if done.empty:
        return [_nothing(methods)]
    said = [
        _support(pairs, clusters, len(done)),
        _faster(pairs),
        _unsupported(clusters),
        _forecast(forecasts),
        _structure(structure),
        _left_out(methods, trials),
    ]
    return [one for one in said if one]


def _nothing(methods: pd.DataFrame) -> str:
    reasons = methods["reason"].replace("", np.nan).dropna()
    why = f", most often because: {reasons.mode().iloc[0]}" if len(reasons) else ""
    return f"None of {plural(len(methods), 'method')} could be fitted to these data{why}"


def _support(pairs: pd.DataFrame, clusters: pd.DataFrame, of: int) -> str:
    told = clusters[(clusters["supported"] > 0) & (clusters["name"] != CONSTANT)]
    if told.empty:
        counts = pairs.loc[pairs["cluster"] != CONSTANT, "verdict"].value_counts()
        untold, refused = counts.get(UNTOLD, 0), counts.get(NOT_SUPPORTED, 0)
        if not untold + refused:
            return "Held-out data support no eigenvalue: none was judged."
        return (
            f"Held-out data support no eigenvalue but that of the constant: of "
            f"{plural(int(untold + refused), 'pair')} {refused} {_are(refused)} refused, and of "
            f"{untold} it cannot be told."
        )
    own = told[told["product"] == ""]
    shown = own if len(own) else told
    texts = [_cluster(row, of) for row in shown.head(MOST_NAMED).to_dict("records")]
    more = f"; and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    sums = [f"{row.name_} = {row.product}" for row in _renamed(told) if row.product]
    products = ""
    if len(own) and sums:
        products = f"; {plural(len(sums), 'other')} {_are(len(sums))} within error of sums of "
        products += f"supported ones ({listed(sums)})"
    return (
        f"Held-out data support {plural(len(shown), 'eigenvalue')}: {'; '.join(texts)}{more}"
        f"{products}."
    )


def _renamed(table: pd.DataFrame) -> Iterator[object]:
    return table.rename(columns={"name": "name_"}).itertuples(index=False)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _cluster(row: dict, of: int) -> str:  # type: ignore[type-arg]
    """`A: -0.300 ± 1.20i (supported for 6 of 13 methods, 90 % interval ...)`."""
    real = row["eigenvalue_im"] == 0.0
    facts = [f"supported for {row['supported']} of {plural(of, 'method')}"]
    if isfinite(row["low_re"]):
        interval = f"{plain(row['low_re'])} to {plain(row['high_re'])}"
        if not real:
            interval += f" ± ({plain(row['low_im'])} to {plain(row['high_im'])})i"
        facts.append(f"90 % interval {interval}")
    if isfinite(row.get("share_true", np.nan)):
        facts.append(f"{percent(row['share_true'])} of such pairs are true on the twin")
    return f"{row['name']}: {value(row)} ({', '.join(facts)})"


def value(row: dict) -> str:  # type: ignore[type-arg]
    """λ of a row with eigenvalue_re and eigenvalue_im, both conjugates as one: `-0.3 ± 1.2i`."""
    re, im = row["eigenvalue_re"], abs(row["eigenvalue_im"])
    return plain(re) if im == 0.0 else f"{plain(re)} ± {plain(im)}i"


def _faster(pairs: pd.DataFrame) -> str:
    """How fast the fastest supported pair is, and how many are faster."""
    size = np.hypot(pairs["eigenvalue_re"], pairs["eigenvalue_im"])
    supported = (pairs["verdict"] == SUPPORTED) & (pairs["cluster"] != CONSTANT)
    if not supported.any():
        return ""
    most = size[supported].max()
    count = int((size > most).sum())
    if not count:
        return ""
    return f"None of the {plural(count, 'pair')} with |λ| above {plain(most)} is supported."


def _unsupported(clusters: pd.DataFrame) -> str:
    """On what methods agree although held-out data do not tell."""
    alike = clusters[clusters["supported"] == 0]
    if alike.empty:
        return ""
    texts = [
        f"{row['name']}: {value(row)} ({plural(row['methods'], 'method')})"
        for row in alike.head(2).to_dict("records")
    ]
    more = f" and {len(alike) - 2} more" if len(alike) > 2 else ""
    return f"Methods agree on {' and '.join(texts)}{more}, of which held-out data do not tell."


def _forecast(forecasts: pd.DataFrame) -> str:
    """The best method over all leads, and up to which it is better than what needs no model."""
    table = forecasts[np.isfinite(forecasts["skill"]) & np.isfinite(forecasts["error"])]
    own = table[~table["method"].isin(BASELINES)]
    if own.empty:
        return ""
    # At each lead relative to the best baseline, which differs with the window of a method.
    ratio = np.log(np.maximum(1.0 - own["skill"], 1e-30)) / 2.0
    leads = own.groupby("method")["lead"].nunique()
    full = leads.index[leads == leads.max()]
    mean = ratio.groupby(own["method"]).mean().loc[full]
    best = str(mean.idxmin())
    rows = own[own["method"] == best].sort_values("lead")
    log, n = ratio[rows.index].to_numpy(), rows["forecasts"].to_numpy(float)
    better = log < -DEVIATIONS / np.sqrt(n)
    lead = rows["lead"].to_numpy()
    if not better.any():
        worse = log > DEVIATIONS / np.sqrt(n)
        if worse.all():
            return (
                f"No method forecasts as well as the best of persistence, the mean and a linear "
                f"predictor; of the methods {best} does best."
            )
        return (
            f"No method is told to forecast better than the best of persistence, the mean and a "
            f"linear predictor by the {plural(int(n.max()), 'forecast')} there are; of the methods "
            f"{best} does best."
        )
    k = int(np.flatnonzero(better)[-1])
    gain = 1.0 - np.exp(log[k])
    text = (
        f"Best forecast: {best}, whose error at lead {plain(lead[k])} is {percent(gain)} below that "
        f"of the best of persistence, the mean and a linear predictor "
        f"({plural(int(n[k]), 'forecast')})"
    )
    if k < len(lead) - 1:
        text += ", and not told from it or larger at longer leads"
    return text + "."


def _structure(structure: pd.DataFrame) -> str:
    for row in structure.to_dict("records"):
        if isfinite(row["rate"]) and row["rank"] < row["size"]:
            share = f", {percent(row['share'])} of draws" if isfinite(row["share"]) else ""
            return (
                f"Functions at the common rate {plain(row['rate'])} support rank {row['rank']} of "
                f"{row['size']} ({plural(row['methods'], 'method')}{share})."
            )
    return ""


def _left_out(methods: pd.DataFrame, trials: int) -> str:
    parts = []
    bad = methods[methods["status"] != "ok"]
    if len(bad):
        names = listed([f"{row.method} ({row.status})" for row in bad.itertuples()], 3)
        parts.append(f"{len(bad)} of {plural(len(methods), 'method')} gave no result: {names}")
    done = methods[methods["status"] == "ok"]
    part = done[(done["pairs_used"] > 0) & (done["pairs_used"] < done["of"])]
    if len(part):
        names = listed([f"{row.method} ({row.pairs_used:,})" for row in part.itertuples()], 3)
        parts.append(
            f"of {int(part['of'].max()):,} snapshot pairs some methods used fewer: {names}"
        )
    if trials == 1:
        parts.append("there is a single trial: what is held out is its end, and draws are of blocks of time")
    text = "; ".join(parts)
    return f"Left out: {text}." if text else ""
