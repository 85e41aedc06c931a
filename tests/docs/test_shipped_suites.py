"""docs/reference/shipped_suites.md lists every shipped suite with its question and budget."""

import re
from pathlib import Path

import pytest

from koopmark import plan

PAGE = Path(__file__).parents[2] / "docs/reference/shipped_suites.md"
ROWS = {
    name: (question, budget)
    for name, question, budget in re.findall(
        r"^\| `(\w+)` \| ([^|]*) \| .* \| ([\d.]+ \w+) \|$", PAGE.read_text("utf-8"), re.M
    )
}
SECONDS = {"s": 1, "min": 60}


def test_every_suite_is_listed_once():
    assert sorted(ROWS) == plan.names()


@pytest.mark.parametrize("name", ROWS)
def test_a_question_is_that_of_the_suite(name):
    assert ROWS[name][0] == plan.load_suite(name).question


@pytest.mark.parametrize("name", ROWS)
def test_a_budget_is_that_of_the_suite(name):
    number, unit = ROWS[name][1].split()
    wanted = plan.load_suite(name).budget
    assert float(number) * SECONDS[unit] == pytest.approx(wanted, rel=0.051)
