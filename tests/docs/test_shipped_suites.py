"""docs/reference/shipped_suites.md lists every suite that comes with koopmark, with its budget."""

import re
from pathlib import Path

import pytest

from koopmark import plan

PAGE = Path(__file__).parents[2] / "docs/reference/shipped_suites.md"
ROWS = dict(re.findall(r"^\| `(\w+)` \| .* \| ([\d.]+ \w+) \|$", PAGE.read_text("utf-8"), re.M))
SECONDS = {"s": 1, "min": 60}


def test_every_suite_is_listed_once():
    assert sorted(ROWS) == plan.names()


@pytest.mark.parametrize("name", ROWS)
def test_a_budget_is_that_of_the_suite(name):
    number, unit = ROWS[name].split()
    wanted = plan.load_suite(name).budget
    assert float(number) * SECONDS[unit] == pytest.approx(wanted, rel=0.051)
