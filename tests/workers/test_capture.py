import ctypes
import os
import subprocess
import sys
import threading
import time

import pytest

from koopmark.workers import _capture as capture


def test_what_python_c_and_children_print_is_caught(tmp_path, capfd):
    path = tmp_path / "out"
    with capture.captured(path):
        os.write(1, b"from a descriptor\n")
        subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
        ctypes.CDLL(None).puts(b"from C")
    text = capture.read(path)
    assert [line for line in text.splitlines() if line.startswith("from")] == [
        "from a descriptor",
        "from a child",
        "from C",
    ]
    assert capfd.readouterr().out == ""


def test_output_goes_where_it_went_before_once_the_capture_is_over(tmp_path, capfd):
    with capture.captured(tmp_path / "out"):
        os.write(1, b"inside\n")
    os.write(1, b"outside\n")
    assert capfd.readouterr().out == "outside\n"


def room(path):
    """Bytes that a file takes of the disk."""
    held = path.stat()
    return 512 * held.st_blocks if hasattr(held, "st_blocks") else held.st_size


@pytest.mark.skipif(sys.platform != "linux", reason="files without holes are written anew")
def test_nothing_that_is_printed_while_a_flood_is_cut_is_lost(tmp_path, monkeypatch):
    # Little room, so that the end is written between one cut and the next.
    monkeypatch.setattr(capture, "MAX_BYTES", 2 * capture.TAIL_BYTES)
    path = tmp_path / "out"
    path.touch()
    count = 300_000
    with path.open("ab", buffering=0) as file:
        writer = threading.Thread(
            target=lambda: [file.write(b"line %06d\n" % number) for number in range(count)]
        )
        writer.start()
        while writer.is_alive():
            capture.cut(path)
    capture.cut(path)
    kept = [line for line in capture.read(path).split("\n") if line][1:]
    first = count - len(kept)
    assert len(kept) > 1000
    assert kept == [f"line {number:06d}" for number in range(first, count)]
    assert room(path) <= capture.MAX_BYTES


def test_a_flood_is_cut_to_its_tail_while_it_runs(tmp_path):
    path = tmp_path / "out"
    line = b"x" * 99 + b"\n"
    with capture.captured(path):
        for _ in range(30):
            os.write(1, line * 1000)
        deadline = time.monotonic() + 5
        while room(path) > capture.MAX_BYTES and time.monotonic() < deadline:
            time.sleep(0.05)
        os.write(1, b"the last line\n")
    assert room(path) < capture.MAX_BYTES
    assert capture.last_lines(capture.read(path)).endswith("the last line")


def test_forgotten_output_is_gone(tmp_path):
    path = tmp_path / "out"
    with capture.captured(path):
        os.write(1, b"import noise\n")
        capture.forget(path)
        os.write(1, b"the fit\n")
    assert capture.read(path) == "the fit\n"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\x1b[31mred\x1b[0m\n", "red"),
        ("  1%\r 50%\r100%\n", "100%"),
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("one\n\n\ntwo\n", "one\ntwo"),
        ("", ""),
    ],
)
def test_output_is_told_as_a_reader_would_see_it(text, kept):
    assert capture.last_lines(text) == kept


def test_output_in_the_tables_is_bounded():
    lines = capture.last_lines("\n".join(str(number) for number in range(1000))).splitlines()
    assert lines == [str(number) for number in range(1000 - capture.LINES, 1000)]
    assert len(capture.last_lines("y" * 10**6)) == capture.CHARACTERS


def test_folders_of_this_machine_are_left_out():
    path = f"{sys.prefix}/lib/python3.12/site-packages/numpy/linalg.py"
    assert capture.shorten(f'File "{path}", line 3') == 'File "numpy/linalg.py", line 3'
