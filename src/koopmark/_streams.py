"""Standard output and error that survive encoding errors, closed pipes and lost terminals."""

import codecs
import errno
import io
import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TextIO

GONE = {errno.EPIPE, errno.ESHUTDOWN, errno.EIO} | ({errno.EINVAL} if os.name == "nt" else set())
"""How the system says that nobody reads any more: a closed pipe, a terminal that hung up."""

READABLE = "koopmark.readable"
"""The error handler by which characters that an encoding lacks are written in others."""

WORDS = {
    "−": "-", "–": "-", "—": "-", "×": "x", "·": "*", "…": "...", "’": "'", "‖": "||", "→": "->",
    "≈": "~", "≤": "<=", "≥": ">=", "≠": "!=", "±": "+-", "∓": "-+", "∞": "inf", "√": "sqrt ",
    "∇": "grad ", "∂": "d", "∫": "int ", "∘": "o", "∝": "~", "⟨": "<", "⟩": ">", "½": "1/2",
    "\u0307": "'", "\u00b5": "u",
}  # fmt: skip
"""Signs that neither their name nor their parts make readable; a dot above is a derivative."""


@contextmanager
def lasting() -> Iterator[None]:
    """Make standard output and error accept any text and survive closed readers in the block.

    A character that the encoding lacks is written in letters that it has (`lambda`, `x^2`); once
    the reader is gone, what is written is dropped, so that a command still does its work and
    ends with its own exit code.
    """
    for descriptor in range(3):
        # Those that the caller closed go to the null device: files must not take their place.
        try:
            os.fstat(descriptor)
        except OSError:
            # Of the lowest number that is free; worker processes get it as well.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_lasting, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _lasting(stream: TextIO) -> TextIO:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    # Others, such as those of notebooks and tests, are left alone; None is a closed stream.
    if not isinstance(stream, io.TextIOWrapper) or not isinstance(raw, io.RawIOBase):
        return stream
    stream.flush()
    name = "standard error" if stream is sys.stderr else "standard output"
    return io.TextIOWrapper(
        io.BufferedWriter(_Lasting(raw, name)),  # type: ignore[type-var]
        encoding=stream.encoding,
        errors=READABLE,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Lasting(io.RawIOBase):
    """A raw stream that drops what is written to it once its reader is gone."""

    def __init__(self, raw: io.RawIOBase, name: str) -> None:
        self._raw, self._name, self._gone = raw, name, False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data: "memoryview | bytes") -> int | None:  # type: ignore[override]
        if not self._gone:
            try:
                return self._raw.write(data)
            except OSError as error:
                self._gone = True
                if error.errno not in GONE:
                    # Such as a full disk behind `> file`.
                    raise OSError(error.errno, error.strerror, self._name) from None
        return len(data)


def readable(text: str) -> str:
    """Text in ASCII: Greek letters by name, `²` as `^2`, `ẋ` as `x'`, `?` for the rest.

    Names and letters stay apart: `λt` is `lambda t`.
    """
    pieces = [_ascii(one) + _gap(one, after) for one, after in pairwise([*text, ""])]
    # Neighbours share one mark: x⁻¹ is x^-1.
    return re.sub(
        r"([\^_])([\w+-])((?:\1[\w+-])+)",
        lambda found: found[1] + found[2] + found[3].replace(found[1], ""),
        "".join(pieces),
    )


def _gap(one: str, after: str) -> str:
    word = one.isalpha() and len(_ascii(one)) > 1
    return " " if word and _ascii(after)[:1].isalpha() else ""


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    if character in WORDS:
        return WORDS[character]
    name = unicodedata.name(character, "")
    if found := re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", name):
        word = found[2].lower().replace("lamda", "lambda")
        return word.capitalize() if found[1] == "CAPITAL" else word
    kind, _, _ = unicodedata.decomposition(character).partition(" ")
    parts = unicodedata.normalize("NFKD", character)
    if parts == character:
        return "" if unicodedata.combining(character) else "?"
    mark = {"<super>": "^", "<sub>": "_"}.get(kind, "")
    return mark + "".join(map(_ascii, parts))


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, after = error.object[error.start : error.end], error.object[error.end : error.end + 1]
    return readable(text) + _gap(text[-1], after), error.end


codecs.register_error(READABLE, _replaced)
