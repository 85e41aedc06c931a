"""Tiles fit the cache, come out even, and do not change results."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import koopmark.simulation  # noqa: F401  (the module below is hidden by the function of its name)
from koopmark.simulation import simulate
from koopmark.simulation._ensemble import FEWEST_LANES, Tiling, l2_bytes, tile
from koopmark.systems import random_rnn

ENSEMBLE = sys.modules["koopmark.simulation._ensemble"]


@given(
    count=st.integers(1, 5000),
    size=st.integers(2, 200_000),
    share=st.floats(0.0, 1.0),
    l2=st.sampled_from([1 << 18, 1 << 20, 1 << 22]),
)
def test_a_tile_has_lanes_and_a_block_of_neurons_that_fit(count, size, share, l2):
    coordinates = max(1, min(int(share * size), 50))
    tiling = tile(count, size, coordinates, l2)
    assert 1 <= tiling.lanes <= count
    assert 1 <= tiling.block <= size
    assert tiling.lanes <= FEWEST_LANES or 8 * tiling.lanes * tiling.block <= l2


@given(count=st.integers(1, 5000), size=st.integers(2, 3000))
def test_tiles_are_even(count, size):
    lanes = tile(count, size, 2, 1 << 20).lanes
    tiles = -(-count // lanes)
    last = count - (tiles - 1) * lanes
    assert last > lanes - tiles


def test_neurons_are_not_split_where_they_may_not_be():
    assert tile(100, 5000, 5, 1 << 20, blocks=False).block == 5000


def test_the_cache_size_is_one_a_processor_may_have():
    assert 1 << 17 <= l2_bytes() <= 1 << 28


@pytest.mark.parametrize("tiling", [Tiling(1, 40), Tiling(3, 7), Tiling(20, 13)])
def test_results_do_not_depend_on_the_tiling_beyond_rounding(monkeypatch, tiling):
    system = random_rnn(40, 3, theta_scale=0.2)
    start = np.random.default_rng(0).standard_normal((20, 40))
    usual = simulate(system, start, np.linspace(0, 5, 11)).states
    monkeypatch.setattr(ENSEMBLE, "tile", lambda *_, **__: tiling)
    other = simulate(system, start, np.linspace(0, 5, 11)).states
    np.testing.assert_allclose(other, usual, atol=1e-12)
