"""What a run was, in a few sentences made from its tables."""

import pandas as pd

from koopmark.report.numbers import listed, plural, scientific
from koopmark.report.summary import CONTROL, is_informed


def findings(fits: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """Sentences on what is compared with what, what failed, and what the controls scored."""
    return [
        sentence
        for sentence in (
            _informed(fits),
            _failures(fits),
            _controls(summary[summary["control"]]),
        )
        if sentence
    ]


def extent(fits: pd.DataFrame) -> str:
    """What was fitted to what, and how much of it ended ok."""
    methods = fits["method"].drop_duplicates()
    controls = int(methods.str.startswith(CONTROL).sum())
    ok = int((fits["status"] == "ok").sum())
    return (
        f"{plural(len(methods) - controls, 'method')} and {plural(controls, 'control')} "
        f"were fitted to {plural(fits['dataset'].nunique(), 'dataset')} with "
        f"{plural(fits['seed'].nunique(), 'seed')}: {plural(len(fits), 'fit')}, "
        + ("all of which ended ok." if ok == len(fits) else f"of which {ok:,} ended ok.")
    )


def _informed(fits: pd.DataFrame) -> str:
    informed = [name for name in fits["method"].unique() if is_informed(name)]
    if not informed:
        return ""
    given = f"{listed(informed)} {'is' if len(informed) == 1 else 'are'} given the vector field"
    return f"{given}, and not compared with the others above."


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
