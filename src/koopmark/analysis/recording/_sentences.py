"""What an analysis says first: which eigenvalues to believe, and how it is known."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis.numbers import (
    eigenvalue,
    interval,
    listed,
    percent,
    plain,
    plural,
    share,
)
from koopmark.analysis.recording._calibration import FEWEST
from koopmark.analysis.recording._clusters import CONSTANT, alike
from koopmark.analysis.recording._skill import BASELINES, BETTER, MEAN, WORSE
from koopmark.scoring import NOT_SUPPORTED, SUPPORTED, UNTOLD

MOST_NAMED = 4
DEVIATIONS = 3.0
"""Standard errors by which an error is told from that of the mean."""
FEWEST_FORECASTS = 5
"""Errors over fewer are not compared."""
FEWEST_RESULTS, MOSTLY = 3, 0.8
"""If nothing is supported, the share of methods with different results, of so many at least, that
must have a refused pair for disturbances to be the likely reason: least squares alone are biased
by measurement noise, and refused for that."""


def sentences_of(
    pairs: pd.DataFrame,
    clusters: pd.DataFrame,
    forecasts: pd.DataFrame,
    structure: pd.DataFrame,
    methods: pd.DataFrame,
    trials: int,
    twin: int | None = None,
) -> list[str]:
    """Plain sentences from the tables of an analysis.

    Parameters
    ----------
    pairs, clusters, forecasts, structure, methods : DataFrame
    trials : int
        That methods were fitted to.
    twin : int, optional
        Independent supported pairs of the twin; None without one.
    """
    done = methods[methods["status"] == "ok"]
    if done.empty:
        return [_nothing(methods)]
    said = [
        _support(pairs, clusters, len(done)),
        _disturbed(pairs, clusters, forecasts),
        _faster(pairs),
        _few_on_the_twin(twin),
        _unsupported(clusters),
        _forecast(forecasts),
        _structure(structure),
        _left_out(methods, trials),
    ]
    return [one for one in said if one]


def _nothing(methods: pd.DataFrame) -> str:
    if methods.empty:
        return "No method has been fitted to these data yet."
    said = f"None of {plural(len(methods), 'method')} could be fitted to these data."
    reasons = methods["reason"].replace("", np.nan).dropna()
    if reasons.empty:
        return said
    return f"{said} Most frequent reason: “{str(reasons.mode().iloc[0]).rstrip('.')}”."


def _support(pairs: pd.DataFrame, clusters: pd.DataFrame, of: int) -> str:
    told = clusters[(clusters["supported"] > 0) & (clusters["name"] != CONSTANT)]
    if told.empty:
        counts = pairs.loc[pairs["cluster"] != CONSTANT, "verdict"].value_counts()
        untold, refused = counts.get(UNTOLD, 0), counts.get(NOT_SUPPORTED, 0)
        if not untold + refused:
            return "Held-out data support no eigenvalue: none was judged."
        parts = [f"they contradict {refused}"] * bool(refused)
        parts += [f"for {untold}, noise hides the answer"] * bool(untold)
        return (
            "Held-out data support no eigenvalue except that of the constant function. Of "
            f"{plural(int(untold + refused), 'pair')}, {'; '.join(parts)}."
        )
    own = told[told["product"] == ""]
    shown = own if len(own) else told
    texts = [_cluster(row, of) for row in shown.head(MOST_NAMED).to_dict("records")]
    more = f"; {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    sums = [
        f"{name} = {product}"
        for name, product in zip(told["name"], told["product"], strict=True)
        if product
    ]
    products = ""
    if len(own) and sums:
        are = "eigenvalue is a sum" if len(sums) == 1 else "eigenvalues are sums"
        products = f" {len(sums)} more supported {are} of others within error: {listed(sums)}."
    caveat = (
        " Intervals measure the scatter over trials, not bias." if "interval" in texts[0] else ""
    )
    return (
        f"Held-out data support {plural(len(shown), 'eigenvalue')}: {'; '.join(texts)}{more}."
        f"{products}{caveat}"
    )


def _cluster(row: Mapping[Any, Any], of: int) -> str:
    """`A = -0.300 ± 1.20i (supported in 6 of 13 methods, 90 % interval ...)`."""
    real = row["eigenvalue_im"] == 0.0
    facts = [f"supported in {row['supported']} of {plural(of, 'method')}"]
    if isfinite(row["low_re"]):
        ends = f"interval {interval(row['low_re'], row['high_re'])}"
        if not real:
            ends = f"intervals: Re {interval(row['low_re'], row['high_re'])}, "
            ends += f"Im ±({interval(row['low_im'], row['high_im'])})"
        facts.append(f"90 % {ends}")
    if isfinite(row.get("share_true", np.nan)):
        told = share(row["share_true"], row["share_low"], row["share_high"])
        facts.append(f"{told} of such pairs are true on the twin")
    return f"{row['name']} = {value(row)} ({', '.join(facts)})"


def _few_on_the_twin(independent: int | None) -> str:
    if independent is None or independent >= FEWEST:
        return ""
    return (
        f"The twin does not say what share of such pairs is true: methods found "
        f"{plural(independent, 'independent pair')} on it, and at least {FEWEST} are needed."
    )


def _disturbed(pairs: pd.DataFrame, clusters: pd.DataFrame, forecasts: pd.DataFrame) -> str:
    """Why held-out data contradict what most methods find, although there is something to find.

    Measurement noise biases some methods, whose pairs are then refused, but not all.
    """
    own = pairs[pairs["cluster"] != CONSTANT]
    if (own["verdict"] == SUPPORTED).any():
        return ""
    results: list[np.ndarray] = []
    refused = 0
    for _, rows in own.groupby("method", sort=False):
        values = np.sort_complex((rows["eigenvalue_re"] + 1j * rows["eigenvalue_im"]).to_numpy())
        if any(alike(values, other) for other in results):
            continue
        results.append(values)
        refused += bool((rows["verdict"] == NOT_SUPPORTED).any())
    if len(results) < FEWEST_RESULTS or refused < MOSTLY * len(results):
        return ""
    if _predictable(forecasts):
        found = "methods forecast better than the mean"
    elif (clusters["verdict"] == NOT_SUPPORTED).any():
        found = "methods agree on an eigenvalue"
    else:
        return ""
    return (
        f"Nevertheless, {found}. The likely reason is that the dynamics themselves are "
        "disturbed, or that the measurement noise is not white. Both count against a pair, even "
        "if its eigenvalue is right on average."
    )


def _predictable(forecasts: pd.DataFrame) -> bool:
    """Whether a method surely forecasts better than the mean, at some lead."""
    mean = forecasts[forecasts["method"] == MEAN].set_index("lead")["error"]
    own = forecasts[
        ~forecasts["method"].isin(BASELINES) & (forecasts["independent"] >= FEWEST_FORECASTS)
    ]
    ratio = (own["lead"].map(mean) / own["error"]).astype(float)
    sure = np.log(ratio) * np.sqrt(own["independent"].astype(float))
    return bool((sure >= DEVIATIONS).any())


def value(row: Mapping[Any, Any]) -> str:
    """λ of a row with eigenvalue_re and eigenvalue_im, both conjugates as one: `-0.3 ± 1.2i`."""
    return eigenvalue(row["eigenvalue_re"], row["eigenvalue_im"], conjugates=True)


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
    above = "not the pair" if count == 1 else f"none of the {count:,} pairs"
    return f"Held-out data support {above} with |λ| above {plain(most)}."


def _unsupported(clusters: pd.DataFrame) -> str:
    """On what methods agree although held-out data cannot tell, or contradict it."""
    said = []
    for verdict, what in (
        (UNTOLD, "which held-out data neither support nor contradict"),
        (NOT_SUPPORTED, "which held-out data contradict"),
    ):
        alike = clusters[clusters["verdict"] == verdict]
        if alike.empty:
            continue
        texts = [
            f"{row['name']} = {value(row)} ({plural(row['methods'], 'method')})"
            for row in alike.head(2).to_dict("records")
        ]
        more = f" and {len(alike) - 2} more" if len(alike) > 2 else ""
        said.append(f"{' and '.join(texts)}{more}, {what}")
    return f"Methods also agree on {'; and on '.join(said)}." if said else ""


def _forecast(forecasts: pd.DataFrame) -> str:
    """The best method over all leads, and where it is better than what needs no model.

    What is told of each, `skill_of` has tested.
    """
    table = forecasts[forecasts["independent"] >= FEWEST_FORECASTS]
    own = table[~table["method"].isin(BASELINES) & np.isfinite(table["skill"].astype(float))]
    if own.empty:
        return ""
    log = (1.0 - own["skill"].astype(float)).clip(lower=1e-30).map(np.log) / 2.0
    leads = own.groupby("method")["lead"].nunique()
    full = leads.index[leads == leads.max()]
    told = pd.Index(own.loc[own["told"] == BETTER, "method"].unique())
    full = told if len(told) else full
    best = str(log.groupby(own["method"]).mean().loc[full].idxmin())
    rows = own[own["method"] == best].sort_values("lead")
    better = (rows["told"] == BETTER).to_numpy()
    against = "the best of persistence, the mean and a linear predictor"
    n = plural(int(rows["independent"].max()), "independent forecast")
    if (rows["told"] == WORSE).all():
        return f"No method forecasts as well as {against}; of the methods, {best} does best."
    if not better.any():
        return (
            f"{n} are too few to show that a method is better than {against}; of the methods, "
            f"{best} does best."
        )
    k = int(np.where(better, rows["skill"].astype(float), -np.inf).argmax())
    lead, gain = rows["lead"].iloc[k], 1.0 - np.exp(log[rows.index[k]])
    longest = rows["lead"].to_numpy()[better].max()
    text = (
        f"Best forecast: {best}, whose error at lead {plain(lead)} is {percent(gain)} below that "
        f"of {against} ({plural(int(rows['independent'].iloc[k]), 'independent forecast')})"
    )
    if longest < rows["lead"].max():
        text += f"; beyond lead {plain(longest)} it is not significantly better"
    return text + "."


def _structure(structure: pd.DataFrame) -> str:
    for row in structure.to_dict("records"):
        if isfinite(row["rate"]) and row["rank"] < row["size"]:
            of_draws = f", {percent(row['share'])} of draws" if isfinite(row["share"]) else ""
            return (
                f"Eigenfunctions with the common rate {plain(row['rate'])} support rank "
                f"{row['rank']:.0f} of {row['size']} "
                f"({plural(int(row['methods']), 'method')}{of_draws})."
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
            f"Some methods used fewer than the {int(part['of'].max()):,} snapshot pairs of the "
            f"training data: {names}"
        )
    if trials == 1:
        parts.append(
            "There is only one trial, so its end is held out, and intervals come from resampled "
            "blocks of its time"
        )
    return " ".join(f"{part}." for part in parts)
