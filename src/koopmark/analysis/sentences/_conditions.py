"""What a run says of data that are driven, seen through sensors, or of maps."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from koopmark.analysis.leaderboard import ALL
from koopmark.analysis.measure import NOT_RUN, competing, standings
from koopmark.analysis.numbers import listed, percent, plain, plural
from koopmark.analysis.sentences._naming import named
from koopmark.analysis.tables import KEYS

EXACT_RANK = 0.0
"""`rank_error` of a rank that is right."""


def all_driven(fits: pd.DataFrame) -> bool:
    """Whether all data have inputs."""
    return bool((fits["inputs"].dropna() > 0).all())


def use_of_inputs(fits: pd.DataFrame, judged: pd.DataFrame) -> str:
    """What methods find of the functions that inputs reach, with the inputs and without; or empty.

    Of the data that have inputs.

    Parameters
    ----------
    fits, judged : DataFrame
        fits.csv, and its judged rows of principal eigenfunctions.
    """
    rows = _of_methods(fits, judged, ["uses_inputs", "inputs"])
    rows = rows[rows["inputs"] > 0]
    if rows.empty:
        return ""
    rows = rows.assign(used=rows["uses_inputs"] > 0)
    at = ["dataset", "seed", "target_index"]
    driven = rows.groupby(at)["gain_error"].transform("count") > 0
    reached, free = rows[driven], rows[~driven]
    said: list[str] = []
    for used, who in (
        (True, "that use the inputs"),
        (False, "that do not use the inputs, or are not given them,"),
    ):
        some = reached[reached["used"] == used]
        if some.empty:
            continue
        best, found = _most(some)
        gains = some.loc[some["method"].isin(best), "gain_error"].median()
        known = used and not np.isnan(gains)
        with_gains = f", median error of the gains {gains:.1g}" if known else ""
        # The second sentence refers to the first.
        what = "of these" if said else "of the eigenfunctions that inputs act on"
        which = f" ({named(best, _libraries(rows))}{with_gains})" if found > 0 else ""
        if found > 0:
            share = "all" if found >= ALL else percent(found)
            said.append(f"The best methods {who} find {share} {what}{which}.")
        else:
            said.append(f"Methods {who} find none {what}.")
    if len(free):
        best, found = _most(free)
        said.append(
            f"Of the eigenfunctions that no input acts on, the best methods find {percent(found)} "
            f"({named(best, _libraries(rows))})."
        )
    return " ".join(said)


def use_of_sensors(fits: pd.DataFrame, judged: pd.DataFrame) -> str:
    """What is found with more sensors than weights have ranks, and with fewer; or empty."""
    rows = _of_methods(fits, judged, ["channels", "n", "rank_error"])
    if rows.empty or not _mostly_partial(rows):
        return ""
    rows, noise = _noiseless(rows)
    # A rank is read off functions of what is seen: where no method has one there are none.
    seen = rows.groupby("dataset")["rank_error"].transform("count") > 0
    many, few = rows[seen], rows[~seen]
    said = []
    if len(many):
        best, found = _most(many)
        read = many[many["method"].isin(best)].drop_duplicates(["method", "dataset", "seed"])
        right = float((read["rank_error"] == EXACT_RANK).mean())
        said.append(
            f"{_sensors(many)}, p - rank(CL) eigenfunctions depend only on what the sensors show. "
            f"The best methods find {percent(found)} of these{noise} "
            f"({named(best, _libraries(rows))}). The rank that follows, that of the weights as the "
            f"sensors see them, is right in {percent(right)} of their fits."
        )
    if len(few):
        best, found = _most(few)
        least = few["error"].min()
        said.append(
            f"{_sensors(few)}, no eigenfunction is an affine function of what the sensors show, "
            "with any number of delays. The target is then the eigenfunction of the whole state "
            f"that is nearest to the sensors. The best methods find {percent(found)} of these "
            f"targets{noise}; the smallest error of all methods is {least:.1g}."
        )
    return " ".join(said)


def _sensors(rows: pd.DataFrame) -> str:
    """`With 4 to 30 sensors`."""
    low, high = rows["channels"].min(), rows["channels"].max()
    many = plain(low) if low == high else f"{plain(low)} to {plain(high)}"
    return f"With {many} sensor{'' if high == 1 else 's'}"


def of_maps(fits: pd.DataFrame, judged: pd.DataFrame) -> str:
    """How many methods find all multipliers above, at and below zero; or empty without maps."""
    rows = _of_methods(fits, judged, ["discrete", "alpha"])
    if rows.empty or not (rows["discrete"] > 0).all():
        return ""
    rows, noise = _noiseless(rows)
    signs = {
        "for multipliers above zero": rows["alpha"] < 1.0,
        "for zero": rows["alpha"] == 1.0,
        "for multipliers below zero": rows["alpha"] > 1.0,
    }
    parts = []
    for where, chosen in signs.items():
        if chosen.any():
            shares = standings(rows[chosen])["found"]
            parts.append(f"{int((shares >= ALL).sum())} of {len(shares)} {where}")
    best, found = _most(rows)
    return (
        f"Methods that find every eigenfunction with its multiplier{noise}: {listed(parts)}. "
        f"{named(best, _libraries(rows))} {'finds' if len(best) == 1 else 'find'} the most: "
        f"{percent(found)} over all step sizes α from {plain(rows['alpha'].min())} to "
        f"{plain(rows['alpha'].max())} ({plural(rows['problem'].nunique(), 'problem')})."
    )


def _of_methods(fits: pd.DataFrame, judged: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The judged rows of competing methods that were run, failed fits too, and columns of fits."""
    known = fits[~fits["status"].isin(NOT_RUN)][[*KEYS, *columns]]
    keep = judged.drop(columns=[name for name in columns if name in judged])
    return competing(keep).merge(known, on=KEYS)


def _noiseless(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows of data without noise, if there are any, and the words that say so."""
    clean = rows["noise"] == 0
    return (rows[clean], " without noise") if clean.any() else (rows, " under noise")


def _mostly_partial(rows: pd.DataFrame) -> bool:
    """Whether all data, but for levels of sweeps that show all, are seen in part."""
    once = rows.drop_duplicates("dataset")
    by_problem = (once["channels"] < once["n"]).groupby(once["problem"]).any()
    return bool(by_problem.all())


def _most(rows: pd.DataFrame) -> tuple[list[str], float]:
    """The methods that find the largest share of the targets, and that share."""
    found = standings(rows)["found"]
    best = float(found.max())
    return sorted(found.index[found >= best - (1 - ALL)]), best


def _libraries(rows: pd.DataFrame) -> Mapping[str, str]:
    return dict(zip(rows["method"], rows["library"], strict=True))
