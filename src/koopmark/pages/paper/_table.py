"""A leaderboard as a table for a paper: LaTeX with booktabs, Markdown, or CSV."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from koopmark._errors import ConfigError, suggest
from koopmark.analysis import numbers
from koopmark.analysis.leaderboard import Leaderboard, leaderboard_table
from koopmark.analysis.results import Results, known
from koopmark.pages.paper._latex import escaped


@dataclass(frozen=True)
class Column:
    """A column of a leaderboard in a paper."""

    title: str
    unit: str
    write: Callable[["pd.Series[float]"], str]


def _share(name: str) -> Callable[["pd.Series[float]"], str]:
    return lambda row: numbers.percent(float(row[name])).removesuffix(" %")


def _digits(row: "pd.Series[float]") -> str:
    return f"{row['value']:.2f}"


def _interval(row: "pd.Series[float]") -> str:
    missing = pd.isna(row["low"]) or pd.isna(row["high"])
    return numbers.MISSING if missing else f"{row['low']:.1f}–{row['high']:.1f}"


def _possible(row: "pd.Series[float]") -> str:
    return numbers.MISSING if pd.isna(row["possible"]) else f"{row['possible']:.2f}"


def _seconds(row: "pd.Series[float]") -> str:
    return numbers.seconds(float(row["value"]))


PLACE = Column("place", "", lambda row: f"{row['place']:g}")
METHOD = Column("method", "", lambda row: str(row["method"]))
SHARES = (
    Column("found", "%", _share("found")),
    Column("reach", "%", _share("reach")),
    Column("yield", "%", _share("yield")),
)
FAILED = Column("failed", "fits", lambda row: f"{row['failed']:g} of {row['fits']:g}")


def board_table(
    folder: Results | str | Path,
    file_format: str = "latex",
    board: str | None = None,
    top: int | None = None,
    methods: Sequence[str] = (),
) -> str:
    """A leaderboard of a run, best first.

    Parameters
    ----------
    folder : Results, str or Path
        A run.
    file_format : "latex", "markdown" or "csv"
        CSV has the rows of leaderboard.csv with all digits.
    board : str, optional
        By default the first of the run.
    top : int, optional
        So many methods; by default all.
    methods : sequence of str
        Only these.

    Raises
    ------
    ConfigError
        If there is no such format, board or method, or the run has no board.
    """
    write = FORMATS.get(file_format)
    if write is None:
        raise ConfigError(
            f"--format is {file_format!r}: {suggest(file_format, FORMATS)}it must be one of "
            f"{', '.join(FORMATS)}"
        )
    run = folder if isinstance(folder, Results) else Results.read(folder)
    if not run.boards:
        raise ConfigError(f"{run.folder} has no leaderboard: it takes two methods with a result")
    name = next(iter(run.boards)) if board is None else known(board, run.boards, "board")
    rows = leaderboard_table({name: run.boards[name]})
    if methods:
        wanted = {known(one, rows["method"], "method of this board") for one in methods}
        rows = rows[rows["method"].isin(wanted)]
    return write(run, name, run.boards[name], rows.head(top) if top is not None else rows)


def _columns(board: Leaderboard, rows: pd.DataFrame) -> list[Column]:
    """Those with something to say: intervals, what noise allows, fits that failed."""
    timed = board.measure.bounds is None
    value = Column("time of a fit", "", _seconds) if timed else Column("digits", "", _digits)
    shown = [PLACE, METHOD, value]
    if not timed and rows["low"].notna().any():
        shown.append(Column("interval", "90 %", _interval))
    if not timed and rows["possible"].notna().any():
        shown.append(Column("possible", "digits", _possible))
    shown += SHARES
    return [*shown, FAILED] if (rows["failed"] > 0).any() else shown


def _caption(run: Results, name: str, board: Leaderboard) -> str:
    """What the table holds, for whoever writes the caption."""
    of = "time of a fit, geometric mean" if board.measure.bounds is None else "mean correct digits"
    extent = [
        numbers.plural(len(board.problems), "problem"),
        numbers.plural(len(board.datasets), "dataset"),
        numbers.plural(board.seeds, "seed"),
    ]
    return f"{run.name}: {name.lower()}, {of} over {', '.join(extent)}"


def _latex(run: Results, name: str, board: Leaderboard, rows: pd.DataFrame) -> str:
    columns = _columns(board, rows)
    alignment = "".join("l" if column is METHOD else "r" for column in columns)
    titles = [
        escaped(f"{column.title} ({column.unit})" if column.unit else column.title)
        for column in columns
    ]
    body = [
        " & ".join(_cell(column, row) for column in columns) + r" \\" for _, row in rows.iterrows()
    ]
    return "\n".join(
        [
            f"% {_caption(run, name, board)}",
            r"% \usepackage{booktabs}",
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            " & ".join(titles) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _cell(column: Column, row: "pd.Series[float]") -> str:
    text = escaped(column.write(row))
    return rf"\texttt{{{text}}}" if column is METHOD else text


def _markdown(run: Results, name: str, board: Leaderboard, rows: pd.DataFrame) -> str:
    columns = _columns(board, rows)
    titles = [
        f"{column.title} ({column.unit})" if column.unit else column.title for column in columns
    ]
    lines = [
        titles,
        ["---" if column is METHOD else "---:" for column in columns],
        *(
            [
                f"`{text}`" if column is METHOD else text
                for column, text in zip(columns, texts, strict=True)
            ]
            for texts in ([column.write(row) for column in columns] for _, row in rows.iterrows())
        ),
    ]
    table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([f"{_caption(run, name, board)}.", "", *table, ""])


def _csv(run: Results, name: str, board: Leaderboard, rows: pd.DataFrame) -> str:  # noqa: ARG001
    return rows.to_csv(index=False, lineterminator="\n")


FORMATS: Mapping[str, Callable[[Results, str, Leaderboard, pd.DataFrame], str]] = {
    "latex": _latex,
    "markdown": _markdown,
    "csv": _csv,
}
