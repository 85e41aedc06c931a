"""Notes of a worker on its current fit, to be read if the worker dies."""

import faulthandler
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koopmark.workers import _capture as capture

NOTE_BYTES = 512

_DUMP = re.compile(r"^Timeout \(\d+:\d\d:\d\d.*\)!$", re.MULTILINE)
_FRAME = re.compile(r'File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)')
_CALLER = re.compile(r"[/\\]workers[/\\]_cell\.py\"")


class Journal:
    """Files of one fit: its output, and a note on its current phase.

    The caller removes them. If the process is `disposable`, a phase that overruns its limit ends
    it. The end comes from a thread of faulthandler's that needs no interpreter lock, so it comes to
    native code too, and even when the process that started this one is gone.
    """

    def __init__(self, folder: Path, fit_id: str, disposable: bool = False) -> None:
        self._output, self._path = files(folder, fit_id)
        self._note = -1
        self._disposable = disposable
        self._known: dict[str, Any] = {"pid": os.getpid()}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Capture output and keep notes inside the block."""
        # Whoever may end this process also looks at how long its output grows.
        with capture.captured(self._output, guarded=not self._disposable):
            self._note = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                yield
            finally:
                faulthandler.cancel_dump_traceback_later()
                os.close(self._note)

    def enter(self, phase: str, seconds: float, **known: float) -> None:
        """Note the start of a phase, its time limit, and the results so far."""
        self._known |= known
        deadline = time.monotonic() + seconds
        note = {**self._known, "phase": phase, "limit": seconds, "deadline": deadline}
        # In one write at the start of the file, longer than any note: there are no others to clear.
        try:
            os.lseek(self._note, 0, os.SEEK_SET)
            os.write(self._note, json.dumps(note).ljust(NOTE_BYTES).encode())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None
        if self._disposable:
            faulthandler.dump_traceback_later(seconds, exit=True, file=2)

    def leave(self) -> None:
        """Note the end of the phase."""
        faulthandler.cancel_dump_traceback_later()

    def forget_output(self) -> None:
        """Drop the output so far, since imports and data are not part of the fit."""
        capture.forget(self._output)

    def output(self) -> str:
        """The last lines of output."""
        # C keeps what is written to a file in a buffer until it is full.
        capture.flush()
        return capture.last_lines(capture.read(self._output))


@dataclass(frozen=True)
class PostMortem:
    """What a fit left behind when its process ended."""

    pid: int | None = None
    phase: str = "start"
    limit: float = float("nan")
    deadline: float = float("inf")
    """Of the clock that is never set, which all processes of a machine share."""
    fit_seconds: float = float("nan")
    peak_memory_mb: float = float("nan")
    output: str = ""
    where: str = ""
    """The line at which the time limit found the fit."""


def post_mortem(folder: Path, fit_id: str) -> PostMortem:
    """Read the files of a dead worker."""
    printed, where = _split(capture.read(files(folder, fit_id)[0]))
    return PostMortem(**_note(folder, fit_id), output=capture.last_lines(printed), where=where)


def deadline(folder: Path, fit_id: str) -> float:
    """Time limit of the current phase, on the monotonic clock."""
    return float(_note(folder, fit_id).get("deadline", PostMortem.deadline))


def _note(folder: Path, fit_id: str) -> dict[str, Any]:
    # A worker can die before the note is there, or in the middle of it.
    with suppress(FileNotFoundError, json.JSONDecodeError):
        return dict(json.loads(files(folder, fit_id)[1].read_text()))
    return {}


def discard(folder: Path, fit_id: str) -> None:
    """Remove the files of a fit."""
    for path in files(folder, fit_id):
        path.unlink(missing_ok=True)


def files(folder: Path, fit_id: str) -> tuple[Path, Path]:
    """Paths of a fit's captured output and of its note."""
    return folder / f"{fit_id}.out", folder / f"{fit_id}.json"


def _split(text: str) -> tuple[str, str]:
    """The output without the callers of a stack dump, and where the dump says a fit was."""
    dump = _DUMP.search(text)
    if dump is None:
        return _without_callers(text), ""
    # One paragraph for each thread; the fit's is the one our own code called.
    for stack in text[dump.end() :].split("\n\n"):
        if _CALLER.search(stack):
            shown = _without_callers(stack).strip("\n")
            first = _FRAME.search(shown)
            where = f"{first['file']}:{first['line']} ({first['function']})" if first else ""
            return text[: dump.end()] + "\n" + shown, capture.shorten(where)
    return text, ""


def _without_callers(text: str) -> str:
    """Leave out the lines of stack dumps that do not speak of the fit."""
    kept: list[str] = []
    ours = False
    for line in text.split("\n"):
        ours = bool(_FRAME.search(line)) and (ours or bool(_CALLER.search(line)))
        if not ours and not line.startswith("Extension modules:"):
            kept.append(line)
    return "\n".join(kept)
