"""Tables of a report in a browser: sorting is seen and heard, edges that cut have a sign."""

import pytest

pytestmark = pytest.mark.slow


def test_sorting_shows_its_direction_and_says_it(shared):
    page = shared().page
    table = page.locator("#datasets table.sortable:visible").first
    header = table.locator("thead th", has_text="residual").first
    for direction, mark in (("ascending", "▲"), ("descending", "▼")):
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == direction
        said = page.locator(".unseen[role=status]")
        assert said.text_content() == f"Sorted by residual, {direction}"
        after = "button => getComputedStyle(button, '::after').content"
        assert mark in header.locator("button").evaluate(after)


def test_every_box_that_scrolls_can_be_reached_and_has_a_name(shared):
    page = shared().page
    boxes = page.locator(".scroll").all()
    assert len(boxes) > 5
    for box in boxes:
        assert box.get_attribute("tabindex") == "0"
        assert box.get_attribute("role") == "region"
        assert box.get_attribute("aria-label")
