"""Rows of the tables of an analysis's page."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis import numbers
from koopmark.analysis.recording import BASELINES, CONSTANT, Calibration
from koopmark.pages.web import TableCell
from koopmark.scoring import EIGENVALUE_WITHIN, FUNCTION_WITHIN

MOST_ROWS = 600
"""Pairs that the page lists; pairs.csv has all."""
VERDICTS = {
    "supported": "held-out data bound the error of the eigenvalue to "
    f"{numbers.percent(EIGENVALUE_WITHIN)} and that of the function to "
    f"{numbers.percent(FUNCTION_WITHIN)}, including errors that noise hides",
    "not supported": "held-out data show an error that exceeds these bounds, and white measurement "
    "noise does not explain it",
    "cannot be told": "noise hides whether the errors exceed these bounds",
}
"""In the order in which pairs are listed, and what each means."""
TRUSTED = "likely right to 5 %"
"""Of pairs of which nine in ten are expected to be, as learnt from a twin."""
SCALE = (1e-3, 1.0)
"""Residuals at the ends of the bars that show them."""


@dataclass(frozen=True)
class PairRow:
    """A row of the table of pairs."""

    method: str
    library: str
    verdict: str
    reason: str
    cells: list[TableCell]
    cluster: str
    bar: dict[str, float]
    constant: bool
    trusted: bool


def is_constant(pairs: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each pair is the constant function, which says nothing of a system."""
    return pairs["cluster"] == CONSTANT


def ordered(pairs: pd.DataFrame) -> pd.DataFrame:
    """First what data support, of that what most methods agree on; constants last."""
    # Of one length clusters are named A to Z, after that AA, AB, ...
    named = pairs["cluster"].where(pairs["cluster"] != "", "~")
    keys = pd.DataFrame(
        {
            "constant": is_constant(pairs),
            "verdict": pairs["verdict"].map({name: place for place, name in enumerate(VERDICTS)}),
            "length": named.str.len(),
            "cluster": named,
            "residual": pairs["residual"],
        }
    )
    return pairs.loc[keys.sort_values([*keys], kind="stable").index]


def number(value: float, write: Any = numbers.plain) -> TableCell:
    """A cell with all digits of a number that may be missing."""
    value = float(value)
    if math.isnan(value):
        return TableCell(numbers.MISSING, css="missing")
    # The largest number stands for "no bound".
    if abs(value) > 1e300:
        return TableCell("inf", numbers.exact(math.inf))
    return TableCell(write(value), numbers.exact(value))


def calibrated(table: pd.DataFrame) -> bool:
    """Whether a twin says how many pairs like those of a table are true."""
    return "share_true" in table and bool(table["share_true"].notna().any())


def without_share(pairs: pd.DataFrame) -> str:
    """For how many pairs the twin gives no share, and why; empty if there is no twin, or none."""
    if "twin_note" not in pairs:
        return ""
    notes = pairs.loc[~is_constant(pairs), "twin_note"].astype(str)
    counts = notes[notes != ""].value_counts()
    if counts.empty:
        return ""
    reasons = [f"{numbers.plural(int(count), 'pair')}: {note}" for note, count in counts.items()]
    return f"Pairs without a share from the twin, and why: {numbers.together(reasons, most=3)}."


def pair_rows(pairs: pd.DataFrame) -> list[PairRow]:
    """A row for each pair."""
    twin = calibrated(pairs)
    rows = []
    for pair in pairs.to_dict("records"):
        shares = [_share(pair)] if twin else []
        rows.append(
            PairRow(
                pair["method"],
                pair["library"],
                pair["verdict"],
                pair["reason"],
                [
                    TableCell(
                        numbers.eigenvalue(pair["eigenvalue_re"], pair["eigenvalue_im"]),
                        numbers.exact(pair["eigenvalue_re"]),
                    ),
                    _interval(pair),
                    number(pair["draws_found"], numbers.percent),
                    *shares,
                ],
                pair["cluster"],
                _bar(pair),
                pair["cluster"] == CONSTANT,
                bool(pair.get("trusted", False)),
            )
        )
    return rows


def _interval(row: Mapping[Any, Any]) -> TableCell:
    """The intervals of the real and of the imaginary part, in a line each, sorted by width."""
    ends = {name: float(row[name]) for name in ("low_re", "high_re", "low_im", "high_im")}
    if any(map(math.isnan, ends.values())):
        return TableCell(numbers.MISSING, css="missing", note="found in too few draws")
    low_re, high_re, low_im, high_im = ends.values()
    lines = [numbers.interval(low_re, high_re)]
    # A real eigenvalue has no imaginary part that could scatter.
    if row["eigenvalue_im"] and (low_im or high_im):
        lines.append(f"{numbers.interval(low_im, high_im)} i")
    width = math.hypot(high_re - low_re, high_im - low_im)
    return TableCell("\n".join(lines), numbers.exact(width), "lines")


def _share(pair: Mapping[Any, Any]) -> TableCell:
    """Of pairs like this one on the twin, with its interval."""
    share = float(pair["share_true"])
    if math.isnan(share):
        return TableCell(numbers.MISSING, css="missing", note=str(pair.get("twin_note", "")))
    text = numbers.share(share, float(pair["share_low"]), float(pair["share_high"]))
    return TableCell(text.replace(" (", "\n("), numbers.exact(share), "lines")


def _bar(pair: Mapping[Any, Any]) -> dict[str, float]:
    """Places of the residual and its floor on a logarithmic scale, in percent; and the numbers."""
    ends = {name: float(pair[name]) for name in ("residual", "floor", "floor_low", "floor_high")}
    return {name: _place(value) for name, value in ends.items()} | {
        "value": ends["residual"],
        "noise": ends["floor"],
    }


def _place(value: float) -> float:
    low, high = map(math.log10, SCALE)
    at = math.log10(value) if value > 0 else low
    return round(100 * min(max((at - low) / (high - low), 0.0), 1.0), 2)


def cluster_rows(clusters: pd.DataFrame) -> list[dict[str, Any]]:
    """A row for each eigenvalue that methods agree on; not for that of the constant."""
    rows = []
    for one in clusters[clusters["name"] != CONSTANT].to_dict("records"):
        re, im = float(one["eigenvalue_re"]), float(one["eigenvalue_im"])
        rows.append(
            {
                "name": one["name"],
                "value": TableCell(numbers.eigenvalue(re, im, conjugates=True), numbers.exact(re)),
                "cells": [
                    _interval(one),
                    number(1 / abs(re) if re else np.inf),
                    number(2 * np.pi / im if im else np.nan),
                    TableCell(f"{one['methods']} of {one['of']}", numbers.exact(one["methods"])),
                    TableCell(str(one["supported"]), numbers.exact(one["supported"])),
                    number(one["spread"], numbers.scientific),
                    *([_share(one)] if calibrated(clusters) else []),
                ],
                "product": one["product"],
                "members": one["members"],
            }
        )
    return rows


def skill_rows(forecasts: pd.DataFrame) -> dict[str, Any]:
    """Errors by lead: the leads, and a row for each method, baselines first."""
    if forecasts.empty:
        return {"leads": [], "rows": []}
    errors = {
        (name, lead): error
        for name, lead, error in forecasts[["method", "lead", "error"]].itertuples(index=False)
    }
    chosen = _spread(sorted({lead for _, lead in errors}), 8)
    middle = forecasts.groupby("method", sort=False)["error"].median().sort_values(kind="stable")
    baselines = [name for name in BASELINES if name in middle]
    return {
        "leads": [numbers.plain(lead) for lead in chosen],
        "rows": [
            {
                "method": name,
                "baseline": name in baselines,
                "cells": [
                    number(errors.get((name, lead), math.nan), numbers.scientific)
                    for lead in chosen
                ],
            }
            for name in [*baselines, *(name for name in middle.index if name not in baselines)]
        ],
    }


def _spread(values: list[float], most: int) -> list[float]:
    if len(values) <= most:
        return values
    places = np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))
    return [values[place] for place in places]


def structure_rows(structure: pd.DataFrame) -> list[dict[str, Any]]:
    """A row for each rate at which functions share it."""
    rows = []
    for one in structure.to_dict("records"):
        low, high = number(one["rank_low"]), number(one["rank_high"])
        between = TableCell(f"{low.text} to {high.text}")
        rows.append(
            {
                "rate": number(one["rate"]),
                "rank": f"{one['rank']:.0f} of {one['size']}"
                if one["rank"] == one["rank"]
                else numbers.MISSING,
                "cells": [
                    low if low.text == high.text else between,
                    number(one["methods"]),
                    number(one["share"], numbers.percent),
                    number(one["angle"]),
                ],
                "note": one["note"],
            }
        )
    return rows


def remarks(note: str) -> list[str]:
    """The parts of a note."""
    return [part for part in str(note).split("; ") if part and part != "nan"]


def of_all(methods: pd.DataFrame) -> list[str]:
    """What the notes of all methods that were fitted say alike, if there are several."""
    notes = [remarks(note) for note in methods.loc[methods["status"] == "ok", "note"]]
    if len(notes) < 2:
        return []
    return [part for part in notes[0] if all(part in others for others in notes)]


def method_rows(methods: pd.DataFrame) -> list[dict[str, Any]]:
    """A row for each method: those that found most first, what could not be run last."""
    alike = of_all(methods)
    order = methods.assign(failed=methods["status"] != "ok").sort_values(
        ["failed", "supported", "method"], ascending=[True, False, True], kind="stable"
    )
    rows = []
    for one in order.to_dict("records"):
        ok = one["status"] == "ok"
        share = one["pairs_used"] / one["of"] if ok and one["of"] else math.nan
        parts = [part for part in remarks(one["note"]) if part not in alike]
        rows.append(
            {
                "method": one["method"],
                "library": one["library"],
                "status": one["status"].replace("_", " "),
                "ok": ok,
                "cells": [
                    number(one["pairs"] if ok else math.nan),
                    number(one["supported"] if ok else math.nan),
                    number(share, numbers.percent),
                    number(one["forecast_error"] if ok else math.nan, numbers.scientific),
                    number(one["fit_seconds"], numbers.seconds),
                ],
                "notes": parts if ok else [one["reason"]],
            }
        )
    return rows


def calibration_rows(learnt: Calibration, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """For all methods and each of them: supported pairs of the twin, how many are true, and here
    the pairs in the set of which 90 % is expected to be true."""
    trusted = pairs[pairs["trusted"].astype(bool) & (pairs["eigenvalue_im"] >= 0)]
    here = trusted.groupby("method").size()
    rows = []
    for one in learnt.by_method().to_dict("records"):
        name = one["method"]
        few = math.isnan(one["share"])
        interval = (
            TableCell(numbers.MISSING, css="missing")
            if few
            else TableCell(
                f"{numbers.percent(one['share_low'])} to {numbers.percent(one['share_high'])}",
                numbers.exact(one["share_high"] - one["share_low"]),
            )
        )
        rows.append(
            {
                "method": name,
                "cells": [
                    number(one["supported"]),
                    number(one["true"]),
                    number(one["share"], numbers.percent),
                    interval,
                    number(one["error"], numbers.scientific),
                    number(len(trusted) if name not in learnt.methods else here.get(name, 0)),
                ],
            }
        )
    return rows


def achieved_rows(learnt: Calibration) -> list[list[TableCell]]:
    """Nominal shares, and what they came to on families that were not learnt from."""
    return [
        [
            number(one["nominal"], numbers.percent),
            number(one["trusted"]),
            number(one["true"]),
            number(one["share"], numbers.percent),
        ]
        for one in learnt.achieved().to_dict("records")
    ]
