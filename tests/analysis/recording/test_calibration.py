"""What a twin says of pairs: shares that are met, by simulation of twins and recordings."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from koopmark.analysis.recording import Calibration, calibrated

METHODS = [f"method {number}" for number in range(6)]


def table(rng, families=4, seeds=2, pairs=12, methods=METHODS, differ=0.4, worse=()):
    """Verdicts whose truth is logistic in their bounds, and differs from system to system."""
    method = np.tile(np.repeat(methods, pairs), families * seeds)
    system = np.repeat(np.arange(families * seeds), len(methods) * pairs)
    own = rng.normal(0.0, differ, families * seeds)[system]
    far = rng.uniform(-2.5, 2.5, (len(method), 2))
    logit = 0.5 - 1.2 * far[:, 0] - 1.5 * far[:, 1] - 4.0 * np.isin(method, worse)
    true = rng.random(len(method)) < expit(logit + own)
    return pd.DataFrame(
        {
            "dataset": system // seeds,
            "seed": system % seeds,
            "method": method,
            "eigenvalue_re": -rng.uniform(0.1, 50.0, len(method)),
            "eigenvalue_im": 0.0,
            "eigenvalue_bound": 0.05 * np.exp(far[:, 0]),
            "function_bound": 0.25 * np.exp(far[:, 1]),
            "eigenvalue_defect": np.where(true, 0.01, 0.2),
            "exact_error": np.nan,
            "verdict": np.where((far <= 0.0).all(axis=1), "supported", "other"),
            "true": true.astype(float),
            "chance": expit(logit),
        }
    )


def test_of_trusted_pairs_nine_in_ten_are_true():
    rng, true, chosen = np.random.default_rng(3), 0.0, 0
    for _ in range(16):
        recording = table(rng, 1, 1)
        kept = calibrated(recording, {"verdicts": table(rng)})["trusted"].to_numpy()
        true, chosen = true + recording["true"][kept].sum(), chosen + kept.sum()
    assert chosen > 200
    assert 0.87 <= true / chosen <= 0.93


def test_intervals_of_shares_hold_the_chance_as_often_as_they_say():
    rng, held = np.random.default_rng(1), []
    for _ in range(25):
        pairs = calibrated(table(rng, 1, 1, 4), {"verdicts": table(rng)})
        held.append(pairs["chance"].between(pairs["share_low"], pairs["share_high"]))
    assert 0.86 <= np.mean(held) <= 0.97


def test_the_shares_of_families_left_out_are_the_nominal_ones():
    rng = np.random.default_rng(2)
    found = pd.concat([Calibration.of(table(rng)).achieved() for _ in range(4)])
    shares = found.groupby("nominal")[["true", "trusted"]].sum()
    np.testing.assert_allclose(shares["true"] / shares["trusted"], shares.index, atol=0.035)


def test_a_method_that_is_worse_has_a_lower_share():
    rng = np.random.default_rng(3)
    bad = METHODS[0]
    pairs = table(rng, 1, 1, methods=METHODS[:2])
    pairs = pairs.assign(eigenvalue_bound=0.03, function_bound=0.1)
    share = calibrated(pairs, {"verdicts": table(rng, worse=[bad])}).groupby("method")["share_true"]
    assert share.mean()[bad] < share.mean()[METHODS[1]] - 0.2


def test_a_method_with_a_single_pair_is_told_by_all():
    rng = np.random.default_rng(4)
    twin = table(rng)
    asked = twin.head(1).assign(eigenvalue_bound=0.02, function_bound=0.1, method="rare")
    single = asked.assign(true=0.0)
    share = calibrated(asked, {"verdicts": pd.concat([twin, single])})["share_true"]
    unknown = calibrated(asked, {"verdicts": twin})["share_true"]
    np.testing.assert_allclose(share, unknown, atol=0.1)
    assert unknown.iloc[0] > 0.7


def test_conjugates_count_once():
    rng = np.random.default_rng(5)
    twin, recording = table(rng), table(rng, 1, 1)
    both = [
        pd.concat([one.assign(eigenvalue_im=1.0), one.assign(eigenvalue_im=-1.0)])
        for one in (twin, recording)
    ]
    alone = calibrated(recording, {"verdicts": twin})
    doubled = calibrated(both[1], {"verdicts": both[0]})
    for half in (doubled[doubled["eigenvalue_im"] > 0], doubled[doubled["eigenvalue_im"] < 0]):
        for column in ("share_true", "share_low", "twin_error", "trusted"):
            np.testing.assert_allclose(half[column].astype(float), alone[column].astype(float))
    told = ["pairs", "supported", "true"]
    methods = [Calibration.of(one).by_method()[told] for one in (twin, both[0])]
    pd.testing.assert_frame_equal(*methods)


def test_one_eigenvalue_that_all_methods_find_is_one_piece_of_evidence():
    rng = np.random.default_rng(6)
    one = table(rng, pairs=3, methods=METHODS[:1])
    copies = pd.concat([one.assign(method=name) for name in METHODS])
    width = [
        row["share_high"] - row["share_low"]
        for row in (Calibration.of(twin).by_method().iloc[0] for twin in (one, copies))
    ]
    assert width[1] == pytest.approx(width[0])


def test_intervals_of_the_share_of_supported_pairs_hold_it():
    rng, held = np.random.default_rng(7), []
    everything = table(np.random.default_rng(8), 100, 1, differ=0.0)
    supported = everything[everything["verdict"] == "supported"]
    share = supported["true"].mean()
    for _ in range(25):
        row = Calibration.of(table(rng, 2, 2, differ=0.0)).by_method().iloc[0]
        held.append(row["share_low"] <= share <= row["share_high"])
    assert np.mean(held) >= 0.8


def test_the_error_is_that_of_pairs_like_these():
    rng = np.random.default_rng(9)
    pairs = table(rng, 1, 1, 2, METHODS[:1]).assign(function_bound=[0.03, 3.0])
    pairs = pairs.assign(eigenvalue_bound=[0.006, 0.6])
    found = calibrated(pairs, {"verdicts": table(rng)})["twin_error"]
    assert found.tolist() == [0.01, 0.2]


def test_constants_have_no_share_and_are_not_trusted():
    rng = np.random.default_rng(10)
    constant = table(rng, 1, 1, 1, METHODS[:1]).assign(
        eigenvalue_bound=np.nan, function_bound=np.nan, verdict="supported"
    )
    found = calibrated(constant, {"verdicts": table(rng)}).iloc[0]
    assert np.isnan(found["share_true"])
    assert np.isnan(found["twin_error"])
    assert not found["trusted"]


def test_nothing_is_trusted_if_the_twin_has_nothing_true():
    rng = np.random.default_rng(11)
    found = calibrated(table(rng, 1, 1), {"verdicts": table(rng).assign(true=0.0)})
    assert not found["trusted"].any()
    assert (found["share_true"] < 0.2).all()


def test_a_twin_without_truth_is_refused():
    rng = np.random.default_rng(12)
    with pytest.raises(ValueError, match="held_out"):
        calibrated(table(rng, 1, 1), {"verdicts": table(rng).assign(true=np.nan)})


@pytest.mark.parametrize(
    ("law", "most", "least"),
    [
        (lambda good: np.where(good, 0.8, 0.02), 12, 0.0),
        (lambda good: np.where(good, 0.97, 0.05), 10_000, 0.86),
        (lambda good: np.ones(len(good)), 10_000, 1.0),
        (lambda good: np.zeros(len(good)), 0, 0.0),
    ],
)
def test_no_law_makes_a_set_promise_more_than_the_twin_has_shown(law, most, least):
    rng, chosen, true = np.random.default_rng(13), 0, 0.0
    for _ in range(6):
        both = [table(rng), table(rng, 1, 1)]
        for one in both:
            good = (one["verdict"] == "supported").to_numpy()
            one["true"] = (rng.random(len(one)) < law(good)).astype(float)
        kept = calibrated(both[1], {"verdicts": both[0]})["trusted"].to_numpy()
        chosen, true = chosen + kept.sum(), true + both[1]["true"][kept].sum()
    assert chosen <= most
    assert true >= least * chosen
    assert chosen > 0 or not least


def test_few_pairs_of_a_twin_say_nothing():
    rng = np.random.default_rng(14)
    twin = table(rng).query("verdict == 'supported'").head(3).assign(true=1.0)
    found = calibrated(table(rng, 1, 1), {"verdicts": twin})
    assert found["share_true"].isna().all()
    assert not found["trusted"].any()
    assert found["twin_note"].str.contains("the twin has . independent pairs with bounds").all()


@pytest.mark.parametrize(("bound", "why"), [(1e-9, "has 0 indep"), (np.inf, "no finite bounds")])
def test_bounds_that_the_twin_lacks_say_nothing(bound, why):
    rng = np.random.default_rng(15)
    twin = table(rng).query("eigenvalue_bound > 0.01").assign(true=1.0)
    asked = table(rng, 1, 1).assign(eigenvalue_bound=bound, function_bound=bound)
    found = calibrated(asked, {"verdicts": twin})
    assert found["share_true"].isna().all()
    assert not found["trusted"].any()
    assert found["twin_note"].str.contains(why).all()


def test_fewer_than_ten_independent_pairs_of_a_twin_say_nothing():
    rng = np.random.default_rng(13)
    twin, recording = table(rng, 4, 1, 12), table(rng, 1, 1)
    twin = twin.assign(eigenvalue_re=-(1.2 ** np.arange(len(twin)))).sample(frac=1, random_state=0)
    for kept, told in ((9, False), (10, True)):
        few = twin.head(kept)
        # Of an eigenvalue that all methods find there is one, however often it is supported.
        few = pd.concat([few, few.assign(method="copy")])
        found = calibrated(recording, {"verdicts": few})
        assert Calibration.of(few).independent == kept
        assert found["share_true"].notna().any() == told
        assert told or not found["trusted"].any()
