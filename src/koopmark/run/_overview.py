"""A run in one table of texts, which the terminal and notebooks show."""

from pathlib import Path
from typing import TYPE_CHECKING

from koopmark.scoring import FOUND, found
from koopmark.store import read

if TYPE_CHECKING:
    import pandas as pd

LEGEND = (
    "Eigenfunction error of the worst eigenspace, from 0 (exact) to 1 (missing), median over "
    f"seeds; in parentheses how many eigenspaces were found, with both errors at most {FOUND:g}, "
    "mean over seeds."
)


def grid(folder: Path) -> "pd.DataFrame":
    """The texts of the overview: a row per method, a column per dataset."""
    import pandas as pd

    tables = read(folder, ("fits", "targets"))
    fits, targets = tables["fits"], tables["targets"]
    methods, datasets = fits["method"].unique(), fits["dataset"].unique()
    cells = [
        [_cell(_of(fits, method, data), _of(targets, method, data)) for data in datasets]
        for method in methods
    ]
    return pd.DataFrame(cells, index=methods, columns=datasets)


def _of(table: "pd.DataFrame", method: str, dataset: str) -> "pd.DataFrame":
    return table[(table["method"] == method) & (table["dataset"] == dataset)]


def _cell(fits: "pd.DataFrame", targets: "pd.DataFrame") -> str:
    """Such as `1e+00 (1/3)`, `2e-11 (3/3), 1 timeout` or `failed`; empty where nothing was run."""
    if fits.empty:
        return ""
    ended = fits["status"].value_counts()
    if "ok" not in ended:
        return ", ".join(ended.index).replace("_", " ")
    ok = targets[targets["status"] == "ok"]
    # A fit that did not end ok found nothing, and one score that is missing may be the worst.
    recovered = found(ok["eigenvalue_error_relative"], ok["eigenfunction_error"]).sum() / len(fits)
    errors = ok.groupby("seed")["eigenfunction_error"]
    worst = errors.agg(lambda some: some.max(skipna=False)).median()
    number = "missing" if worst != worst else f"{worst:.0e}"
    others = [f", {count} {status}" for status, count in ended.items() if status != "ok"]
    return f"{number} ({recovered:.3g}/{fits['targets'].mean():.3g}){''.join(others)}".replace(
        "_", " "
    )
