"""Capture of what a fit prints, including output of C code, with a limit on its size."""

import ctypes
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from koopmark._resources import checkout

MAX_BYTES = 1_000_000
"""A capture file longer than this is cut down to its tail."""

TAIL_BYTES = 32_000
LINES, CHARACTERS = 20, 4000
"""How much of its end goes into the tables."""

_BLOCK = 512
"""Unit, in bytes, in which the system counts the size of a file."""

_PUNCH_HOLE = 0x02 | 0x01
"""FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE."""

_WORD = re.compile(r"[^\s\"']+")
_SITE = re.compile(r"[/\\]site-packages[/\\]")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@contextmanager
def captured(path: Path, guarded: bool = True) -> Iterator[None]:
    """Redirect file descriptors 1 and 2 of this process to `path` inside the block.

    The file stays where it is when the process dies in the block, so that its last words can be
    read. Where it is not `guarded`, keeping it short is left to another process (see `cut`).
    """
    flush()
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    kept = [os.dup(1), os.dup(2)]
    os.dup2(target, 1)
    os.dup2(target, 2)
    stop = threading.Event()

    def keep_short() -> None:
        while not stop.wait(0.2):
            cut(path)

    guard = threading.Thread(target=keep_short, daemon=True)
    if guarded:
        guard.start()
    try:
        yield
    finally:
        flush()
        stop.set()
        if guarded:
            guard.join()
        for descriptor, original in zip((1, 2), kept, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        os.close(target)


def forget(path: Path) -> None:
    """Drop the output captured so far."""
    flush()
    os.truncate(path, 0)


def read(path: Path) -> str:
    """Contents of a capture file, or its end if it is long; empty without a file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def last_lines(text: str) -> str:
    """Last lines of `text` without colours, overwritten lines and local folders."""
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    kept = [line for line in lines if line][-LINES:]
    return shorten(_ANSI.sub("", "\n".join(kept)[-2 * CHARACTERS :]))[-CHARACTERS:]


def shorten(text: str) -> str:
    """The text without the folders of this installation, which mean nothing elsewhere."""
    text = _WORD.sub(lambda word: _SITE.split(word[0])[-1], text)
    root = checkout()
    for folder in (root / "src" if root else None, root, sys.prefix, sys.base_prefix):
        if folder is not None:
            text = text.replace(f"{folder}{os.sep}", "")
    return text


def cut(path: Path) -> None:
    """Drop all but the end of a capture file that is too long.

    A process may be writing to it. On Linux what is old becomes a hole, so that nothing that is
    written meanwhile can be lost; elsewhere the tail is written anew, and a few lines may be.
    """
    with suppress(FileNotFoundError), path.open("r+b") as file:
        held = os.fstat(file.fileno())
        if sys.platform == "linux":
            old = held.st_size - TAIL_BYTES
            if held.st_blocks * _BLOCK <= MAX_BYTES or _punched(file.fileno(), old):
                return
        elif held.st_size <= MAX_BYTES:
            return
        tail = read(path)
        os.truncate(path, 0)
        with path.open("a", encoding="utf-8") as end:
            end.write(tail)


def _punched(descriptor: int, length: int) -> bool:
    """Whether so many bytes at the start of a file could be made a hole, which its size forgets."""
    fallocate = getattr(ctypes.CDLL(None), "fallocate", None)
    if fallocate is None:
        return False
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
    return bool(fallocate(descriptor, _PUNCH_HOLE, 0, length) == 0)


def flush() -> None:
    """Flush the buffers of Python, then those of C."""
    for stream in (sys.stdout, sys.stderr):
        # A worker without a console has no streams, and a caller may have closed them.
        with suppress(AttributeError, ValueError):
            stream.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
