"""How cost grows with the units, the trajectories, the rank, the dictionary and the pairs.

Every size is measured in a fresh process (`sizes`). KOOPMARK_LARGE=1 adds the sizes that take
minutes, and compares single trajectories of 100,000 and 1,000,000 units with SciPy's.
"""

import os
from collections.abc import Iterator

import pytest

from records import Point
from sizes import Cost, alone, fit, functions, simulation

LARGE = bool(os.environ.get("KOOPMARK_LARGE"))

UNITS = [1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
WAYS = {
    "float64": ("float64", True),
    "float32": ("float32", True),
    "float64, not kept": ("float64", False),
}
"""By the name of the curve: the type of the states, and whether they are kept."""
KEPT = {"float64": 1e-7, "float32": 1e-4}
"""Error that no state may exceed."""


def checked(n: int) -> int:
    """Of how many trajectories the states are compared with SciPy's, which takes long."""
    if n <= 10_000:
        return 2
    return 1 if LARGE and n in (100_000, 1_000_000) else 0


def by_units(series: str) -> Iterator[tuple[int, Cost]]:
    for n in UNITS:
        yield n, alone(simulation, n, 10, 10, *WAYS[series], checked(n))


def by_trajectories(_: str) -> Iterator[tuple[int, Cost]]:
    for count in (100, 1000, 10_000, 100_000, 1_000_000):
        yield count, alone(simulation, 3, 2, count, "float64", True, 3)


def by_rank(_: str) -> Iterator[tuple[int, Cost]]:
    for rank in (2, 5, 10, 20, 50, 100, 200, 500):
        yield rank, alone(simulation, 2000, rank, 20, "float64", True, 1)


def by_functions(_: str) -> Iterator[tuple[int, Cost]]:
    for degree in (1, 2, 3, 4, 5) if LARGE else (1, 2, 3, 4):
        yield functions(degree), alone(fit, degree, 8000)


def by_pairs(_: str) -> Iterator[tuple[int, Cost]]:
    for pairs in (10_000, 100_000, 1_000_000) if LARGE else (10_000, 30_000, 100_000):
        yield pairs, alone(fit, 3, pairs)


def by_pairs_of_many(_: str) -> Iterator[tuple[int, Cost]]:
    if not LARGE:
        pytest.skip("takes minutes: KOOPMARK_LARGE=1 asks for it")
    for pairs in (100_000, 1_000_000):
        yield pairs, alone(fit, 4, pairs)


CURVES = [
    *(("N", series, by_units, KEPT[WAYS[series][0]]) for series in WAYS),
    ("M", "float64", by_trajectories, 1e-7),
    ("r", "float64", by_rank, 1e-7),
    ("D", "QR-EDMD", by_functions, 1e-9),
    ("pairs", "286 functions", by_pairs, 1e-9),
    ("pairs", "1,001 functions", by_pairs_of_many, 1e-9),
]


@pytest.mark.parametrize(
    ("axis", "series", "costs", "allowed"), CURVES, ids=[f"{it[0]} {it[1]}" for it in CURVES]
)
def test_scaling(axis, series, costs, allowed, records):
    for size, cost in costs(series):
        # Where there is no reference the error is missing, and exceeds nothing.
        assert not cost.error > allowed
        assert not cost.exact > allowed
        records.points.append(Point.of(axis, series, size, cost))
