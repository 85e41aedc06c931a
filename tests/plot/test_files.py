"""What is written: vectors of the width asked for, fonts embedded, the same bytes each time."""

import re
import zlib

import pytest
from planted import Planted, planted, run_of

from koopmark import plot
from koopmark._errors import ConfigError


@pytest.fixture(scope="module")
def written(small, tmp_path_factory):
    """A board as PDF and SVG, twice."""
    folder = tmp_path_factory.mktemp("figures")
    return [
        plot.write(small, "board", formats="pdf,svg", out=folder / name) for name in ("one", "two")
    ]


def test_the_same_run_gives_the_same_bytes(written):
    for one, two in zip(*written, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert not re.search(rb"CreationDate|ModDate|<dc:date>", one.read_bytes())


def test_a_pdf_is_as_wide_as_asked_for(small, tmp_path):
    (path,) = plot.write(small, "board", width=plot.inches("85mm"), out=tmp_path / "board.pdf")
    width = float(re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", path.read_bytes())[1])
    assert width == pytest.approx(85 / 25.4 * 72, abs=0.01)


def test_fonts_of_a_pdf_are_embedded_as_truetype(written):
    pdf = written[0][0].read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    objects = b"".join(_unpacked(one) for one in streams) + pdf
    assert b"/FontFile2" in objects
    assert b"/Type3" not in objects
    assert b"/Subtype /Image" not in objects


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


def test_letters_of_an_svg_are_outlines(written):
    svg = written[0][1].read_text(encoding="utf-8")
    assert "<text" not in svg
    assert "<image" not in svg


def test_the_ending_of_the_path_says_the_format(small, tmp_path):
    assert plot.write(small, "board", out=tmp_path / "a.svg") == [tmp_path / "a.svg"]
    assert plot.write(small, "board", out=tmp_path / "v1.2") == [tmp_path / "v1.2.pdf"]


def test_into_a_folder_goes_a_file_with_the_name_of_the_figure(small, tmp_path):
    assert plot.write(small, "board", out=tmp_path) == [tmp_path / "board.pdf"]


@pytest.mark.parametrize(
    ("text", "length"), [("3.4in", 3.4), ("85 mm", 85 / 25.4), ("8.5cm", 8.5 / 2.54)]
)
def test_a_width_has_a_unit(text, length):
    assert plot.inches(text) == pytest.approx(length)


def test_a_point_is_that_of_tex():
    assert plot.inches("361.35pt") == pytest.approx(5.0)


@pytest.mark.parametrize(
    "text", ["", "3.4", "wide", "3.4 furlongs", "-3in", "nanin", "0.1in", "1e3in"]
)
def test_a_width_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match=r"--width is .*it must be"):
        plot.inches(text)


def test_an_unknown_format_is_refused_before_anything_is_drawn(small, tmp_path):
    with pytest.raises(ConfigError, match=r"--format has 'docx': it must be one of .*pdf.*svg"):
        plot.write(small, "board", formats="pdf,docx", out=tmp_path / "board")
    with pytest.raises(ConfigError, match=r"ends in|must be one of"):
        plot.write(small, "board", formats=",", out=tmp_path / "board")
    assert list(tmp_path.iterdir()) == []


def test_a_figure_too_small_for_its_names_is_refused(tmp_path):
    long = {f"{'long' * 12}_{k}": Planted(10.0**-k) for k in (2, 4)}
    run = run_of(*planted(long))
    with pytest.raises(ConfigError, match=r"names leave no room in a figure of 1\.6in by"):
        plot.write(run, "board", width=1.6, out=tmp_path / "board.png")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_refused(small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        plot.write(small, "board", out=tmp_path / "file" / "board.pdf")
    (tmp_path / "board.pdf").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        plot.write(small, "board", out=tmp_path / "board")


def test_without_matplotlib_a_sentence_has_the_command(small, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(ConfigError, match="pip install"):
        plot.write(small, "board")
    with pytest.raises(ConfigError, match="pip install"):
        plot.board(small)
