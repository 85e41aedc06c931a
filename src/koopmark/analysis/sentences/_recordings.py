"""What a run says that has recordings alone, of which nobody knows the truth."""

from collections.abc import Mapping

import pandas as pd

from koopmark.analysis.numbers import percent, plural
from koopmark.analysis.sentences._naming import named
from koopmark.scoring import EIGENVALUE_WITHIN, FUNCTION_WITHIN


def of_recordings_alone(fits: pd.DataFrame) -> bool:
    """Whether there are results, and none of them has a target."""
    done = fits[fits["status"] == "ok"]
    return not done.empty and not done["targets"].any()


def supported(fits: pd.DataFrame, libraries: Mapping[str, str]) -> str:
    """Which methods have the largest share of their eigenpairs supported by held-out data."""
    done = fits[(fits["status"] == "ok") & (fits["role"] == "method")]
    sums = done.groupby("method")[["verified", "recovered"]].sum()
    sums = sums[sums["verified"] > 0]
    of = plural(done["dataset"].nunique(), "recording")
    if sums.empty:
        return f"Held-out data support no eigenpair of any method ({of})."
    share = (sums["verified"] / sums["recovered"]).round(2)
    best = sums[share == share.max()].sort_values("verified", ascending=False)
    first, alike = best.iloc[0], len(best.drop_duplicates()) == 1
    many = "" if len(best) == 1 else " each" if alike else " of the first"
    has = "has" if len(best) == 1 else "have"
    return (
        f"{named(best.index, libraries)} {has} the largest share of supported eigenpairs: "
        f"{first['verified']:.0f} of {first['recovered']:.0f}{many} ({of}). A recording has no "
        "answer key. An eigenpair is supported if held-out trajectories bound the error of its "
        f"eigenvalue to {percent(EIGENVALUE_WITHIN)} and that of its function to "
        f"{percent(FUNCTION_WITHIN)}."
    )


def forecasts(fits: pd.DataFrame, libraries: Mapping[str, str]) -> str:
    """Which methods forecast held-out data best."""
    done = fits[(fits["status"] == "ok") & (fits["role"] == "method")]
    errors = done.groupby("method")["forecast_error"].median().dropna()
    if errors.empty:
        return "None of the methods forecasts states."
    shown = errors.map(lambda error: f"{error:.2g}")
    least = f"{errors.min():.2g}"
    return (
        f"{named(shown.index[shown == least], libraries)}, with a median relative error of {least} "
        "on the held-out trajectories."
    )
