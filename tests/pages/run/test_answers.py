"""The answers on top of the page: what stands out in a sentence, and what leads on."""

import pytest
from planted import Planted, planted, run_of

from koopmark.pages.run._answers import ordering, said


@pytest.mark.parametrize(
    ("sentence", "strong"),
    [
        (
            "a is first with 6.5 correct digits and finds 69 % of 16.",
            ["6.5 correct digits", "69 %"],
        ),
        ("2.7 of the 2.9 digits at noise of 1 %.", ["2.7 of the 2.9 digits", "1 %"]),
        ("The fastest: 16.3 ms per fit.", ["16.3 ms"]),
        ("3 of 2,736 fits failed.", ["3 of 2,736 fits"]),
        ("Of 19 methods, 12 find some and 7 find none.", ["12 find some", "7 find none"]),
    ],
)
def test_numbers_with_their_units_stand_out(sentence, strong):
    parts = str(said(sentence, [])).split("<strong>")[1:]
    assert [part.partition("</strong>")[0] for part in parts] == strong


def test_a_method_leads_to_its_card_by_its_whole_name():
    html = said("pydmd.dmd[degree=3] beats pydmd.dmd.", ["pydmd.dmd[degree=3]", "pydmd.dmd"])
    assert html == (
        '<a href="#method=pydmd.dmd%5Bdegree%3D3%5D">pydmd.dmd[degree=3]</a> beats '
        '<a href="#method=pydmd.dmd">pydmd.dmd</a>.'
    )


def test_a_sentence_is_text():
    assert said("<b>1 s</b>", ["<b>"]).count("&lt;") == 2


def test_the_order_of_methods_is_said_with_the_board_that_it_is_from():
    methods = {"a": Planted(1e-6), "b": Planted(1e-3), "anchor.exact": Planted(0.0, role="anchor")}
    assert ordering(run_of(*planted(methods))) == (
        "On this page, methods are in the order of the board “Principal eigenfunctions”; "
        "anchor.exact is last and not ranked."
    )
