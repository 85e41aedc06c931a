"""Methods are told apart on white and on dark, by colour and by marker."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from koopmark.analysis.palette import COLOURS, GREY
from koopmark.pages.web._looks import contrast, method_styles

STYLE = Path(__file__).parents[3] / "src" / "koopmark" / "pages" / "web" / "style.css"
PAPERS = re.findall(r"--raised: #(\w{6});", STYLE.read_text())


def rgb(text):
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("colour", [*COLOURS, GREY])
def test_every_colour_stands_out_from_the_paper_of_both_themes(colour, paper):
    """WCAG asks for a contrast of 3 where graphics carry meaning."""
    assert len(PAPERS) == 2
    assert contrast(rgb(colour), rgb(paper)) >= 3


def test_a_hundred_methods_look_different_and_neighbours_in_colour_and_marker():
    styles = list(method_styles({f"method {i}": "method" for i in range(100)}).values())
    assert len(set(styles)) == 100
    for one, other in pairwise(styles):
        assert one.colour != other.colour
        assert one.symbol != other.symbol
