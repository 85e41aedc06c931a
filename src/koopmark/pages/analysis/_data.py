"""What the scripts of an analysis's page draw from."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis.numbers import eigenvalue
from koopmark.analysis.recording import BASELINES, CONSTANT, Analysis, fits_of
from koopmark.pages.analysis._views import is_constant, ordered
from koopmark.pages.web import method_styles

MOST_DRAWN = 4_000
"""Pairs that the figure of eigenvalues draws; of more those that data support come first."""
MOST_NUMBERS = 300_000
"""Numbers of courses in a page, for its size."""
DRAWN = [
    *("method", "eigenvalue_re", "eigenvalue_im", "verdict", "reason", "residual", "floor"),
    *("low_re", "high_re", "low_im", "high_im", "draws_found", "cluster"),
]
OF_A_TWIN = ["share_true", "share_low", "share_high", "twin_error", "trusted"]


def page_data(analysis: Analysis) -> dict[str, Any]:
    """The data of the page, by the names its scripts ask for them."""
    pairs = ordered(analysis.pairs)
    drawn = pairs.head(MOST_DRAWN)
    known = [*DRAWN, *(name for name in OF_A_TWIN if name in pairs)]
    fits = fits_of(analysis.tables)
    done = fits[fits["status"] == "ok"]
    return {
        "pairs": drawn[known].assign(constant=is_constant(drawn)),
        "clusters": analysis.clusters,
        "plane": {
            "dt": float(done["dt"].median()) if len(done) else None,
            "horizon": float(done["horizon"].max()) if len(done) else None,
            "left_out": len(pairs) - len(drawn),
        },
        "forecasts": forecasts_data(analysis.forecasts, fits),
        "courses": courses_data(analysis.tables.get("courses"), pairs),
    }


def forecasts_data(forecasts: pd.DataFrame, fits: pd.DataFrame) -> dict[str, Any]:
    """Errors and skill by lead of each method, the best at the median lead first."""
    curves = {
        str(name): {
            "lead": rows["lead"].to_numpy(),
            "error": rows["error"].to_numpy(),
            "skill": rows["skill"].to_numpy(),
        }
        for name, rows in forecasts.sort_values("steps").groupby("method", sort=False)
    }
    methods = [name for name in curves if name not in BASELINES]
    middling = {name: float(np.median(curves[name]["error"])) for name in methods}
    roles = dict(zip(fits["method"], fits["role"], strict=True))
    styles = method_styles({name: roles.get(name, "method") for name in methods})
    return {
        "curves": curves,
        "baselines": [name for name in BASELINES if name in curves],
        "methods": sorted(methods, key=lambda name: middling[name]),
        "styles": {
            name: {"colour": one.colour, "dash": one.dash, "symbol": one.symbol}
            for name, one in styles.items()
        },
    }


def courses_data(courses: pd.DataFrame | None, pairs: pd.DataFrame) -> dict[str, Any]:
    """The functions that data support along held-out trials, those in clusters first."""
    shown: list[dict[str, Any]] = []
    left, left_out = MOST_NUMBERS, 0
    if courses is None or courses.empty:
        return {"functions": shown, "left_out": left_out}
    own = courses[courses["seed"] == 0] if "seed" in courses else courses
    by_pair = dict(iter(own.groupby(["method", "index"], sort=False)))
    for pair in pairs[~is_constant(pairs)].to_dict("records"):
        rows = by_pair.get((pair["method"], pair["index"]))
        # Of conjugates one shows both.
        if rows is None or pair["eigenvalue_im"] < 0:
            continue
        trials = [_trial(row) for row in rows.to_dict("records")]
        size = sum(3 * len(one["times"]) for one in trials)
        if size > left:
            left_out += 1
            continue
        left -= size
        shown.append(
            {
                "method": pair["method"],
                "re": pair["eigenvalue_re"],
                "im": pair["eigenvalue_im"],
                "cluster": "" if pair["cluster"] == CONSTANT else pair["cluster"],
                "trials": trials,
            }
        )
    return {"functions": shown, "left_out": left_out}


def _trial(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "trial": int(row["trial"]),
        "times": json.loads(row["times"]),
        "re": json.loads(row["values_re"]),
        "im": json.loads(row["values_im"]),
    }


def pairs_in_courses(courses: Mapping[str, Any]) -> list[str]:
    """What the functions are called in the list that one of them is chosen from."""
    return [
        f"{one['cluster'] + ': ' if one['cluster'] else ''}{eigenvalue(one['re'], one['im'])}, "
        f"{one['method']}"
        for one in courses["functions"]
    ]
