"""The catalogue of datasets in a browser."""

import pytest
from accessibility import serious

from koopmark import datasets
from koopmark.pages.catalogue import write

pytestmark = pytest.mark.slow

NAMES = ["three_populations", "hopf_limit_cycle", "nearly_low_rank", "linear_normal", "karate_club"]
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    recipes = [datasets.load_recipe(name) for name in NAMES]
    return write(recipes, tmp_path_factory.mktemp("catalogue"))


@pytest.fixture
def opened(tab, path):
    """Opens the page at a fragment; it may not complain, nor ask anybody for anything."""
    return lambda fragment="", **settings: tab(path, **settings).open(fragment)


def shown(page):
    return page.locator(".entry:visible").evaluate_all("all => all.map(entry => entry.id)")


def test_words_and_choices_leave_what_has_them(opened):
    page = opened()
    assert set(shown(page)) == set(NAMES)
    page.fill("[name=words]", "hopf normal")
    assert shown(page) == ["hopf_limit_cycle"]
    assert page.locator(".count").text_content() == f"1 of {len(NAMES)} datasets"
    assert page.locator(".group:visible").count() == 1
    page.fill("[name=words]", "")
    page.select_option("[name=size]", "21-")
    assert shown(page) == ["karate_club"]
    page.select_option("[name=size]", "")
    page.select_option("[name=answer]", "near")
    assert shown(page) == ["nearly_low_rank"]


def test_a_choice_can_be_linked(opened):
    page = opened("#all&regime=multistable")
    assert set(shown(page)) == {"three_populations", "karate_club"}
    page = opened("#all&words=zachary")
    assert shown(page) == ["karate_club"]


def test_the_address_of_a_dataset_unfolds_it(opened):
    page = opened("#linear_normal")
    assert page.locator("#linear_normal details[open]").count() == 1
    assert page.locator("details[open]").count() == 1


def test_a_phone_sees_the_eigenvalues_and_half_a_screen_a_dataset_at_most(opened):
    page = opened(**PHONE, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for entry in page.locator(".entry").all():
        box = entry.bounding_box()
        assert box["height"] < PHONE["height"] / 2
        values = entry.locator(".values").bounding_box()
        assert values["x"] + values["width"] <= PHONE["width"]
    assert serious(page) == []


def test_nothing_serious_bars_anyone(opened):
    page = opened("#three_populations")
    assert serious(page) == []
