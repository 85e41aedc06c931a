"""What a page says of a dataset."""

import pandas as pd

from koopmark.analysis.numbers import scientific
from koopmark.pages.run._views import dataset_facts
from koopmark.pages.web._render import heading

FITS = pd.DataFrame(
    {
        "n": [4],
        "rank": [2],
        "noise": [0.0],
        "dt": [0.1],
        "train_trajectories": [20],
        "horizon": [5.0],
        "seed": [0],
    }
)
TARGETS = pd.DataFrame({"target": ["-1"]})


def test_numbers_have_two_digits_and_no_point_at_their_end():
    numbers = [0.0999, 0.1, 0.96, 9.96, 21.0, 60.2, 99.4, 99.6]
    shown = ["1.0e-01", "0.10", "0.96", "10", "21", "60", "99", "1.0e+02"]
    assert [scientific(number) for number in numbers] == shown


def test_a_heading_leaves_units_as_they_are():
    assert heading("memory (MB)") == "Memory (MB)"


def test_a_rank_is_given_where_the_system_has_one():
    assert dataset_facts(FITS, TARGETS).startswith("4 units, rank 2, noise 0,")
    without = FITS.assign(rank=float("nan"))
    assert dataset_facts(without, TARGETS).startswith("4 units, noise 0,")
