import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.pages.web._looks import _DARK, _LIGHT, DECADES, _between, contrast, shade


def _order(error: float) -> int:
    return int(shade(error)[1:])


@given(st.floats(min_value=0, allow_infinity=True), st.floats(min_value=0, allow_infinity=True))
def test_a_larger_error_never_looks_better(one, other):
    small, large = sorted((one, other))
    assert _order(small) >= _order(large)


@pytest.mark.parametrize("decade", range(DECADES + 1))
def test_each_power_of_ten_opens_its_own_shade(decade):
    assert shade(10.0**-decade) == f"e{decade}"


def test_infinite_is_the_worst_and_missing_has_no_shade():
    assert shade(math.inf) == shade(1.0) == "e0"
    assert shade(math.nan) == ""


@pytest.mark.parametrize("anchors", [_LIGHT, _DARK])
@pytest.mark.parametrize("decade", range(DECADES + 1))
def test_numbers_are_readable_on_every_shade(anchors, decade):
    """WCAG AA asks for a contrast of 4.5."""
    background = _between(decade, anchors)
    assert max(contrast(background, (17, 24, 33)), contrast(background, (255, 255, 255))) >= 4.5
