"""Standard streams that take every text, whatever their encoding and whoever reads them."""

import io
import os
import sys
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark._streams import lasting, readable

ENCODINGS = ["ascii", "cp1252", "latin-1", "cp437", "koi8-r", "utf-8"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ẋ = -x + W tanh(x) + θ", "x' = -x + W tanh(x) + theta"),
        ("e^{λΔt} φ(x⁺), e^{λⱼt}", "e^{lambda Delta t} phi(x^+), e^{lambda_j t}"),
        ("W⁻¹x²³ ‖u‖₁₂ uᵀx", "W^-1x^23 ||u||_12 u^T x"),
        ("Λ ≈ ±3 µs …", "Lambda ~ +-3 us ..."),
        ("Hernández, Ćuković", "Hernandez, Cukovic"),
        ("日本 \ud800", "?? ?"),
    ],
)
def test_what_an_encoding_lacks_is_written_in_letters(text, written):
    assert text.encode("ascii", "koopmark.readable").decode() == written


@given(st.text(), st.sampled_from(ENCODINGS))
def test_every_text_can_be_written_in_every_encoding(text, encoding):
    written = text.encode(encoding, "koopmark.readable").decode(encoding)
    assert readable(text).isascii()
    if text.isascii():
        assert written == text


@contextmanager
def standard_output(monkeypatch):
    """Standard output is a pipe in ASCII, whose reading end this gives."""
    reader, writer = os.pipe()
    stream = io.TextIOWrapper(io.BufferedWriter(io.FileIO(writer, "w")), encoding="ascii")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        yield reader


def test_standard_output_takes_what_its_encoding_lacks(monkeypatch):
    with standard_output(monkeypatch) as reader, lasting():
        print("λ = 1", flush=True)
    assert os.read(reader, 100) == b"lambda = 1\n"
    os.close(reader)


def test_who_writes_does_not_notice_that_the_reader_is_gone(monkeypatch):
    with standard_output(monkeypatch) as reader, lasting():
        os.close(reader)
        for _ in range(3):
            print("a" * 10_000, flush=True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_a_full_disk_behind_standard_output_is_an_error_with_its_name(monkeypatch):
    with open("/dev/full", "w", encoding="ascii") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        with lasting(), pytest.raises(OSError, match="No space left on device: 'standard output'"):
            print("text", flush=True)


def test_streams_are_as_they_were_after_the_block(monkeypatch):
    with standard_output(monkeypatch) as reader:
        before = sys.stdout
        with lasting():
            assert sys.stdout is not before
        assert sys.stdout is before
    os.close(reader)
