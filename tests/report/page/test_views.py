"""What a page says of a dataset."""

import pandas as pd

from koopmark.report.page.views import dataset_facts

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


def test_a_rank_is_given_where_the_system_has_one():
    assert dataset_facts(FITS, TARGETS).startswith("4 units, rank 2, noise 0,")
    without = FITS.assign(rank=float("nan"))
    assert dataset_facts(without, TARGETS).startswith("4 units, noise 0,")
