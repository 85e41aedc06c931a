"""A sweep is drawn with what is known of its levels: of targets that are not exact, of noise."""

import numpy as np
import pandas as pd

from koopmark.analysis.sweeps import Sweep
from koopmark.pages.run._data import sweeps_data
from koopmark.pages.run._views import dataset_facts

SWEEP = Sweep("Weak part", "epsilon", ("a", "b", "c"), (0.0, 0.1, 1.0), ("0", "0.1", "1"))


def axis(residuals, bounds, floors=(np.nan,) * 3):
    targets = pd.DataFrame(
        {
            "dataset": ["a", "b", "c"] * 2,
            "seed": [0, 0, 0, 1, 1, 1],
            "target_eigenvalue_re": -1.0,
            "target_eigenvalue_im": 0.0,
            "target_residual": [*residuals, *residuals],
            "residual_bound": [*bounds, *bounds],
            "statistical_floor_eigenvalue": [2 * floor for floor in (*floors, *floors)],
            "statistical_floor": [*floors, *floors],
        }
    )
    summary = pd.DataFrame({"dataset": ["a", "b", "c"], "method": "m"})
    return sweeps_data([(SWEEP, summary)], targets)["axes"]["Weak part"]


def test_levels_show_the_residual_of_their_targets_and_its_bound():
    drawn = axis([1e-13, 1e-3, 1e-2], [0.0, 1e-2, np.inf])
    assert drawn["target_residual"] == [1e-13, 1e-3, 1e-2]
    # No place on a logarithmic axis.
    assert drawn["residual_bound"] == [None, 1e-2, None]


def test_exact_targets_show_neither():
    assert "residual_bound" not in axis([1e-13] * 3, [0.0] * 3)
    assert "residual_bound" not in axis([np.nan] * 3, [np.nan] * 3)


def test_levels_with_noise_show_their_statistical_floors():
    drawn = axis([1e-13] * 3, [0.0] * 3, floors=(np.nan, 1e-3, 1e-2))
    assert drawn["statistical_floor"] == [None, 1e-3, 1e-2]
    assert drawn["statistical_floor_eigenvalue"] == [None, 2e-3, 2e-2]
    assert "statistical_floor" not in axis([1e-13] * 3, [0.0] * 3)


def test_a_target_that_is_not_exact_is_not_called_so():
    fits = pd.DataFrame(
        {
            "n": [8.0],
            "rank": [np.nan],
            "noise": [0.0],
            "dt": [0.1],
            "train_trajectories": [9],
            "horizon": [1.0],
            "seed": [0],
        }
    )
    nearly = dataset_facts(fits, pd.DataFrame({"target": ["≈-1 (x8)"]}))
    assert nearly.endswith("1 seed, eigenfunctions only nearly, at ≈-1 (x8)")
    assert dataset_facts(fits, pd.DataFrame({"target": ["-1 (x8)"]})).endswith(
        "exact eigenvalues -1 (x8)"
    )
