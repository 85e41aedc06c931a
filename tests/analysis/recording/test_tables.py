"""The tables of an analysis, from fits in this process."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import expm

import koopmark
from koopmark import Trajectories
from koopmark.analysis.recording._structures import structure_of
from koopmark.analysis.recording._tables import METHODS, PAIRS, methods_of, pairs_and_clusters
from koopmark.datasets.recording import resample
from koopmark.scoring import assess

DT, DRAWS = 0.1, 6
LAW = np.array([[-0.3, 1.2, 0.0], [-1.2, -0.3, 0.0], [0.0, 0.0, -0.8]])
NAMES = ("koopmark.qr_edmd", "koopmark.tls_edmd", "koopmark.iv_edmd")
AFFINE = {"kind": "monomials", "degree": 1}


@pytest.fixture(scope="module")
def tables():
    """As the store has them: three methods on 40 trials of a linear system in five channels."""
    rng, step = np.random.default_rng(0), expm(LAW * DT)
    sensors, trials = rng.normal(size=(3, 5)), []
    for start in rng.normal(size=(40, 3)):
        length = rng.integers(25, 50)
        clean = [np.linalg.matrix_power(step, k) @ start for k in range(length)] @ sensors
        trials.append(clean + 0.02 * rng.normal(size=(length, 5)))
    train, held_out = Trajectories.from_arrays(trials, dt=DT).split(0.3)
    fits, rows = [], {"verdicts": [], "eigenpairs": [], "structures": []}
    for name in NAMES:
        for seed in range(1 + DRAWS):
            data = resample(train, seed) if seed else train
            model = koopmark.fit(name, data, dictionary=AFFINE)
            own = {"method": name, "seed": seed}
            if not seed:
                scores = assess(model, held_out, train)
                rows["verdicts"] += [own | asdict(one) for one in scores.verdicts]
            fits.append(own | asdict(scores.fit))
            rows["eigenpairs"] += [
                own | {"eigenvalue_re": one.real, "eigenvalue_im": one.imag}
                for one in np.asarray(model.eigenvalues, complex)
            ]
    facts = {"role": "method", "library": "koopmark", "status": "ok", "reason": "", "dt": DT}
    facts |= {"train_trajectories": len(train), "horizon": 4.8, "fit_seconds": 0.1}
    frames = {name: pd.DataFrame(held) for name, held in rows.items()}
    return {"fits": pd.DataFrame(fits).assign(**facts), **frames}


def test_every_pair_has_an_interval_that_holds_its_eigenvalue(tables):
    pairs, _ = pairs_and_clusters(tables)
    assert list(pairs.columns) == PAIRS
    assert (pairs["draws_found"].between(0.0, 1.0)).all()
    told = pairs[pairs["low_re"].notna()]
    assert len(told) > 0.5 * len(pairs)
    for part in ("re", "im"):
        value, low, high = (told[f"{name}_{part}"] for name in ("eigenvalue", "low", "high"))
        assert value.between(low, high).all()


def test_unbiased_methods_agree_on_the_true_eigenvalues_and_least_squares_are_not_among_them(
    tables,
):
    pairs, clusters = pairs_and_clusters(tables)
    values = clusters["eigenvalue_re"] + 1j * clusters["eigenvalue_im"]
    nearest = clusters.iloc[np.argmin(np.abs(values - (-0.3 + 1.2j)))]
    assert np.abs(values - (-0.3 + 1.2j)).min() < 0.02
    assert "koopmark.tls_edmd, koopmark.iv_edmd" in nearest["members"]
    assert nearest["supported"] >= 2
    assert nearest["of"] == 3
    own = pairs[pairs["cluster"] == nearest["name"]]
    assert own["method"].nunique() == nearest["methods"]
    assert np.abs(values + 0.8).min() < 0.02


def test_methods_say_what_of_the_data_they_used(tables):
    table = methods_of(tables)
    assert list(table.columns) == METHODS
    assert list(table["method"]) == list(NAMES)
    assert (table["pairs_used"] == table["of"]).all()
    assert (table["of"] > 500).all()


def test_if_no_fit_succeeded_the_tables_are_empty_with_all_columns(tables):
    failed = tables["fits"].assign(status="failed", verified=np.nan)
    empty = {name: tables[name].iloc[:0] for name in ("verdicts", "eigenpairs")}
    pairs, clusters = pairs_and_clusters({"fits": failed, **empty})
    assert (len(pairs), len(clusters)) == (0, 0)
    assert list(pairs.columns) == PAIRS
    columns = ["method", "seed", "rate_re", "size", "rank", "rank_low", "null_space", "note"]
    assert structure_of(pd.DataFrame(columns=columns), pairs).empty
