"""A run in one table, for the terminal."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from koopmark.scoring import FOUND, found
from koopmark.store import read

if TYPE_CHECKING:
    import pandas as pd

LEGEND = (
    "Eigenfunction error of the worst eigenspace, from 0 (exact) to 1 (missing), median over "
    f"seeds; in parentheses how many eigenspaces were found, with both errors at most {FOUND:g}, "
    "mean over seeds."
)

METHOD_WIDTH, DATASET_WIDTH = 44, 12
"""Most characters of a column; what is longer is folded."""


def overview(folder: Path, width: int) -> Group:
    """Methods by datasets: how well the worst eigenspace came back, how many did, what failed.

    As many datasets stand side by side as `width` characters hold; the others follow below.
    """
    cells = grid(folder)
    datasets = list(cells.columns)
    longest = min(METHOD_WIDTH, max(len(name) for name in ["method", *cells.index]))
    fitting = max(1, (width - longest) // (DATASET_WIDTH + 2))
    blocks = [datasets[first : first + fitting] for first in range(0, len(datasets), fitting)]
    return Group(LEGEND, *(_block(cells[block], longest) for block in blocks))


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


def _block(cells: "pd.DataFrame", method_width: int) -> Table:
    table = Table(box=None)
    table.add_column("method", overflow="fold", width=method_width)
    for dataset in cells.columns:
        heading = "\n".join(_lines(dataset, DATASET_WIDTH))
        table.add_column(escape(heading), justify="right", overflow="fold", width=DATASET_WIDTH)
    for method, row in cells.iterrows():
        table.add_row(escape(str(method)), *row)
    return table


def _lines(name: str, width: int) -> list[str]:
    """A name in lines of at most `width` characters, broken after `_`, `/` and `,`."""
    lines = [""]
    for part in re.findall(r"[^_/,]*[_/,]+|[^_/,]+", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return lines


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
