"""The file that a history is kept in: JSON lines, to which lines are only added."""

from pathlib import Path

from koopmark._errors import ConfigError
from koopmark._files import write_text
from koopmark.regression.line import Line, parse

NAME = "history.jsonl"
"""Beside the tables of the baseline."""


def read_history(path: Path) -> list[Line]:
    """The lines of a history, in the order in which the runs began.

    Raises
    ------
    ConfigError
        Where it cannot be read, or a line is none of a history.
    """
    lines = []
    for number, text in enumerate(_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        try:
            lines.append(parse(text))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
            raise ConfigError(
                f"{path}: line {number} is not one that `koopmark baseline` wrote "
                f"({type(problem).__name__}: {problem})"
            ) from None
    return sorted(lines, key=lambda line: line.started)


def append(path: Path, line: Line) -> bool:
    """Add a run to a history, unless it is there; whether it was added.

    What is there stays as it is, fields of later versions too.

    Raises
    ------
    ConfigError
        Where the file cannot be read or written.
    """
    there = _text(path) if path.exists() else ""
    if any(known.run == line.run for known in (read_history(path) if there else [])):
        return False
    gap = "" if not there or there.endswith("\n") else "\n"
    write_text(path, f"{there}{gap}{line.text()}\n")
    return True


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist: `koopmark baseline DIR` writes a history beside the baseline"
        ) from None
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{path} cannot be read as a history: {problem}") from None
