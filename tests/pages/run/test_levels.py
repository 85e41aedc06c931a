"""A sweep is drawn with what is known of its levels: of targets that are not exact, of noise."""

import numpy as np
import pandas as pd

from koopmark.analysis.sweeps import Sweep
from koopmark.pages.run._data import sweeps_data
from koopmark.pages.run._views import dataset_facts

SWEEP = Sweep("Weak part", "epsilon", ("a", "b", "c"), (0.0, 0.1, 1.0), ("0", "0.1", "1"))


def axis(residuals, bounds, possible=(np.nan,) * 3):
    targets = pd.DataFrame(
        {
            "dataset": ["a", "b", "c"] * 2,
            "seed": [0, 0, 0, 1, 1, 1],
            "target_eigenvalue_re": -1.0,
            "target_eigenvalue_im": 0.0,
            "target_residual": [*residuals, *residuals],
            "residual_bound": [*bounds, *bounds],
        }
    )
    rows = {"dataset": ["a", "b", "c"] * 2, "method": ["m"] * 3 + ["broken"] * 3}
    summary = pd.DataFrame({**rows, "possible": [*possible, *[np.nan] * 3]})
    return sweeps_data([(SWEEP, summary)], targets)["axes"]["Weak part"]


def test_levels_show_the_residual_of_their_targets_and_its_bound():
    drawn = axis([1e-13, 1e-3, 1e-2], [0.0, 1e-2, np.inf])
    assert drawn["target_residual"] == [1e-13, 1e-3, 1e-2]
    # No place on a logarithmic axis.
    assert drawn["residual_bound"] == [None, 1e-2, None]


def test_exact_targets_show_neither():
    assert "residual_bound" not in axis([1e-13] * 3, [0.0] * 3)
    assert "residual_bound" not in axis([np.nan] * 3, [np.nan] * 3)


def test_levels_with_noise_show_the_digits_that_it_allows():
    drawn = axis([1e-13] * 3, [0.0] * 3, possible=(np.nan, 3.0, 2.0))
    assert drawn["possible"] == [None, 3.0, 2.0]
    assert "possible" not in axis([1e-13] * 3, [0.0] * 3)


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
    assert nearly.endswith("1 seed, approximate eigenfunctions at ≈-1 (x8)")
    assert dataset_facts(fits, pd.DataFrame({"target": ["-1 (x8)"]})).endswith(
        "exact eigenvalues -1 (x8)"
    )
