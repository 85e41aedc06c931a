"""The rank that functions at a common rate imply."""

import json

import numpy as np
import pandas as pd

from koopmark.analysis.recording._structures import structure_of

BASIS = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 3)))[0]


def fit(method, seed, rank=2, rate=-1.0, low=None, basis=BASIS):
    return {
        "method": method,
        "seed": seed,
        "rate_re": rate if rank < 5 else np.nan,
        "size": 5,
        "rank": rank,
        "rank_low": rank if low is None else low,
        "null_space": json.dumps(basis.tolist()),
        "note": "",
    }


def structure(fits, verdict="supported"):
    pairs = [
        {"method": name, "eigenvalue_re": -1.0, "eigenvalue_im": 0.0, "verdict": verdict}
        for name in {one["method"] for one in fits}
    ]
    return structure_of(pd.DataFrame(fits), pd.DataFrame(pairs))


def test_the_rank_comes_with_its_range_over_methods_and_draws():
    fits = [fit("a", 0), fit("b", 0), fit("c", 0, rank=3)]
    draws = [fit("a", seed) for seed in range(1, 9)] + [fit("b", 1, rank=5), fit("b", 2, low=1)]
    (row,) = structure(fits + draws).to_dict("records")
    assert (row["rate"], row["rank"], row["size"], row["methods"]) == (-1.0, 2, 5, 3)
    assert (row["rank_low"], row["rank_high"]) == (1, 5)
    assert row["share"] == 0.9


def test_the_angle_is_the_largest_between_null_spaces_of_draws():
    turn = np.eye(5)
    turn[:2, :2] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]
    basis = np.eye(5)[:, [0, 2, 3]]
    fits = [fit("a", 0, basis=basis), fit("a", 1, basis=turn @ basis)]
    (row,) = structure(fits).to_dict("records")
    np.testing.assert_allclose(row["angle"], np.degrees(0.1))


def test_without_supported_pairs_at_the_rate_a_row_says_that_nothing_is_said():
    (row,) = structure([fit("a", 0)], verdict="cannot be told").to_dict("records")
    assert row["size"] == 5
    assert np.isnan([row[name] for name in ("rate", "rank", "rank_low", "rank_high")]).all()
    assert "held-out data support no pair there" in row["note"]
    (row,) = structure([fit("a", 0, rank=5)]).to_dict("records")
    assert row["note"].startswith("no eigenfunctions share a real rate")


def test_methods_whose_own_pairs_are_not_supported_do_not_count():
    fits = [fit("a", 0, rank=3), fit("b", 0, rank=2)]
    pairs = [
        {"method": "a", "eigenvalue_re": -1.0, "eigenvalue_im": 0.0, "verdict": "not supported"},
        {"method": "b", "eigenvalue_re": -1.02, "eigenvalue_im": 0.0, "verdict": "supported"},
    ]
    (row,) = structure_of(pd.DataFrame(fits), pd.DataFrame(pairs)).to_dict("records")
    assert (row["rank"], row["methods"]) == (2, 1)
