"""A run in one table, for the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from koopmark.suite import store

if TYPE_CHECKING:
    import pandas as pd


def overview(folder: Path) -> Table:
    """Methods by datasets: how well the worst eigenspace came back, and what failed."""
    tables = store.read(folder)
    fits, targets = tables["fits"], tables["targets"]
    ok = targets[targets["status"] == "ok"]
    worst = ok.groupby(["method", "dataset", "seed"])["eigenfunction_error"].max()
    median = worst.groupby(["method", "dataset"]).median()
    datasets = fits["dataset"].unique()
    table = Table(
        title="Eigenfunction error: of the worst eigenspace, median over seeds",
        caption="0 is exact, 1 means not found; in parentheses: fits that ended well, of all",
        box=None,
    )
    table.add_column("method", overflow="fold")
    for dataset in datasets:
        table.add_column(dataset, justify="right", overflow="fold")
    for method, group in fits.groupby("method", sort=False):
        cells = [
            _cell(group[group["dataset"] == dataset], median.get((method, dataset), float("nan")))
            for dataset in datasets
        ]
        table.add_row(str(method).replace("[", r"\["), *cells)
    return table


def _cell(fits: "pd.DataFrame", error: float) -> str:
    """The error, or the words for how it all ended."""
    if fits.empty:
        return ""
    ok = int((fits["status"] == "ok").sum())
    if ok == 0:
        return " ".join(sorted(set(fits["status"]))).replace("_", " ")
    number = "missing" if error != error else f"{error:.0e}"
    return number if ok == len(fits) else f"{number} ({ok}/{len(fits)})"
