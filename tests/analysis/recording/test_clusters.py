"""On which eigenvalues methods agree."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark.analysis.recording._clusters import CLOSE, CONSTANT, cluster

PLANTED = {-0.3 + 1.2j: 1, -0.8 + 0j: 1, -2.0 + 0j: 3}
"""Eigenvalues, and how many copies of each there are."""


def pair(method, value, half, verdict="supported", bound=0.02):
    rows = []
    for one in {value, value.conjugate()}:
        high = 1j * half if value.imag else 0.0
        rows.append(
            {
                "method": method,
                "eigenvalue_re": one.real,
                "eigenvalue_im": one.imag,
                "low_re": one.real - half,
                "high_re": one.real + half,
                "low_im": (one - high).imag,
                "high_im": (one + high).imag,
                "verdict": verdict,
                "eigenvalue_bound": bound,
            }
        )
    return rows


def random_pairs(rng, methods, count):
    """Pairs that mean nothing: anywhere, with intervals of all widths, none supported."""
    rows = []
    for method in range(methods):
        for _ in range(count):
            value = complex(-abs(rng.normal()), abs(rng.normal()) * (rng.random() < 0.7))
            half = abs(value) * np.exp(rng.uniform(np.log(3e-3), 0.0))
            rows += pair(f"method {method}", 10 * value, 10 * half, "cannot be told")
    return rows


def found(rows, of=10):
    return cluster(pd.DataFrame(rows), horizon=5.0, of=of)


def test_planted_eigenvalues_are_recovered_among_pairs_that_mean_nothing():
    rng = np.random.default_rng(0)
    rows = random_pairs(rng, methods=10, count=8)
    for method in range(10):
        for value, copies in PLANTED.items():
            for _ in range(copies):
                off = 0.005 * abs(value) * (rng.normal() + 1j * rng.normal() * (value.imag > 0))
                rows += pair(f"method {method}", value + off, 0.012 * abs(value))
    table, names = found(rows)
    assert list(table["name"][:3]) == ["A", "B", "C"]
    assert list(table["supported"][:3]) == [10, 10, 10]
    for value, copies in PLANTED.items():
        row = table.iloc[
            np.argmin(np.abs(table["eigenvalue_re"] + 1j * table["eigenvalue_im"] - value))
        ]
        assert row["spread"] < 0.03 * abs(value)
        assert row["copies"] == copies
        assert row["chance"] < 1e-3
        assert (names == row["name"]).sum() == 10 * copies * (2 if value.imag else 1)


def test_pairs_that_mean_nothing_agree_in_few_of_many_analyses():
    tables = [found(random_pairs(np.random.default_rng(k), 12, 10))[0] for k in range(12)]
    assert sum(len(table) > 0 for table in tables) <= 2


def test_random_complex_eigenvalues_that_are_told_to_half_a_per_cent_do_not_agree():
    named = 0
    for seed in range(20):
        rng = np.random.default_rng(5000 + seed)
        values = -rng.uniform(0, 3, 120) + 1j * rng.uniform(0, 5, 120)
        verdicts = rng.choice(["cannot be told", "not supported"], 120)
        rows = [
            pair(f"m{k % 12}", complex(value), 0.005 * abs(value), verdict, 0.5)[0]
            for k, (value, verdict) in enumerate(zip(values, verdicts, strict=True))
        ]
        named += len(found(rows, of=12)[0]) > 0
    # Without the halves and the reach of both it is 8.
    assert named <= 3


@given(st.lists(st.floats(-1.5, -0.7), min_size=2, max_size=15))
@settings(max_examples=8, deadline=None)
def test_no_cluster_is_wider_than_what_agrees_with_one_middle(values):
    rows = [row for k, one in enumerate(values) for row in pair(f"m{k}", complex(one), 0.03)]
    _, names = found(rows)
    for _, members in pd.DataFrame(rows).groupby(names)["eigenvalue_re"]:
        assert np.ptp(members) <= 2 * np.hypot(CLOSE * 1.5, 0.03)


def test_a_chain_of_near_eigenvalues_is_several_clusters():
    rows = [row for k in range(30) for row in pair(f"m{k}", -1.0 - 0.02 * k + 0j, 0.01)]
    table, _ = found(rows, of=30)
    assert len(table) > 5
    assert table["spread"].max() < 0.1


def test_eigenvalues_that_each_method_tells_apart_are_two_clusters():
    rows = [row for k in range(5) for v in (-1.0, -1.01) for row in pair(f"m{k}", v + 0j, 1e-8)]
    table, _ = found(rows)
    np.testing.assert_allclose(sorted(table["eigenvalue_re"]), [-1.01, -1.0])


def test_sums_of_supported_eigenvalues_are_marked_and_differences_are_not():
    values = {"A": 1.0j, "B": 2.0j, "C": 3.0j}
    rows = [row for v in values.values() for k in range(3) for row in pair(f"m{k}", v, 1e-3)]
    table, _ = found(rows, of=3)
    products = dict(zip(table["eigenvalue_im"], table["product"], strict=True))
    assert products[1.0] == ""
    assert products[2.0] == "2A"
    assert products[3.0] == "A+B"


def test_a_summand_need_not_be_supported_but_not_be_refused():
    for verdict, product in (("cannot be told", "+"), ("not supported", "")):
        rows = [
            row
            for value, told in ((-0.2 + 2j, "supported"), (-0.7, verdict), (-0.9 + 2j, "supported"))
            for k in range(6)
            for row in pair(f"m{k}", complex(value + 1e-5 * (k - 2.5)), 1e-3, told)
        ]
        table, _ = found(rows, of=6)
        rates = table["eigenvalue_re"].round(6)
        names = dict(zip(rates, table["name"], strict=True))
        products = dict(zip(rates, table["product"], strict=True))
        assert (products[-0.2], products[-0.7]) == ("", "")
        letters = sorted([names[-0.2], names[-0.7]])
        assert products[-0.9] == (product.join(letters) if product else "")


def test_decaying_conjugates_multiply_to_twice_their_rate():
    rows = [row for v in (-0.3 + 1.2j, -0.6 + 0j) for row in pair("m", v, 1e-3)]
    table, _ = found(rows)
    assert set(table["product"]) == {"", "A+A*"} or set(table["product"]) == {"", "B+B*"}


def test_the_constant_is_a_cluster_of_its_own():
    rows = [row for k in range(3) for row in pair(f"m{k}", 1e-12 + 0j, 1e-12, bound=np.nan)]
    table, names = found([*rows, *pair("m0", 1e-3 + 0j, 1e-4)])
    assert list(table["name"]) == [CONSTANT, "A"]
    assert list(names) == [CONSTANT] * 3 + ["A"]


@pytest.mark.parametrize("verdict", ["cannot be told", "not supported"])
def test_alone_only_what_is_supported_is_a_cluster(verdict):
    assert len(found(pair("m", -1.0 + 0j, 0.01))[0]) == 1
    assert len(found(pair("m", -1.0 + 0j, 0.01, verdict))[0]) == 0
