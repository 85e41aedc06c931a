"""The Markdown tables of a check."""

from koopmark.analysis.numbers import MISSING, scientific
from koopmark.regression.changes import Change, Row, StatusChange
from koopmark.regression.runs import Difference

MOST_ROWS = 50
"""Longer lists are cut, and say so."""


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *([_plain(cell) for cell in row] for row in rows)]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines[: MOST_ROWS + 2])
    more = len(rows) - MOST_ROWS
    return text + (f"\n\nand {more:,} more." if more > 0 else "")


def _plain(text: str) -> str:
    """Text that neither ends a cell nor a row."""
    return " ".join(text.split()).replace("|", "\\|")


def changes_table(changes: tuple[Change, ...]) -> str:
    """Scores that moved, with what they were and are."""
    return _table(
        ["dataset", "seed", "method", "target", "score", "baseline", "now", "powers of ten"],
        [
            [
                change.dataset,
                str(change.seed),
                change.method,
                change.target or MISSING,
                change.metric,
                scientific(change.baseline),
                scientific(change.now),
                f"{change.decades:+.1f}",
            ]
            for change in changes
        ],
    )


def failing_table(fits: tuple[StatusChange, ...]) -> str:
    """Fits that fail now, with the reason."""
    return _table(
        ["dataset", "seed", "method", "now", "reason"],
        [[f.dataset, str(f.seed), f.method, f.now, f.reason] for f in fits],
    )


def passing_table(fits: tuple[StatusChange, ...]) -> str:
    """Fits that end ok now, with how they ended in the baseline."""
    return _table(
        ["dataset", "seed", "method", "baseline"],
        [[p.dataset, str(p.seed), p.method, p.baseline] for p in fits],
    )


def differences_table(differences: tuple[Difference, ...]) -> str:
    """What is not the same of both runs."""
    return _table(
        ["what", "baseline", "now"],
        [[one.what, one.baseline or MISSING, one.now or MISSING] for one in differences],
    )


def rows_table(rows: tuple[Row, ...]) -> str:
    """Fits and targets that one run has alone, seeds of the same in one row."""
    seeds: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        seeds.setdefault((row.dataset, row.method, row.target), []).append(str(row.seed))
    return _table(
        ["dataset", "method", "target", "seeds"],
        [
            [dataset, method, target or MISSING, ", ".join(some)]
            for (dataset, method, target), some in seeds.items()
        ],
    )
