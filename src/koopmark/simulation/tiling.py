"""How many trajectories are integrated side by side, and how many neurons at a time.

Both are chosen so that what a right-hand side touches stays in the L2 cache. They change only the
grouping of sums inside a matrix product: results differ by rounding.
"""

from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path

FALLBACK_L2 = 1 << 20
NARROWEST, WIDEST = 128, 1024
"""Neurons at a time: enough for full speed of the products, few enough to stay in L2."""
MULTIPLE = 16
"""Of which a block is one, unless it holds all neurons."""
SMALL_PRODUCT = 1_000_000
"""Largest m n k for which OpenBLAS multiplies without packing copies of its operands."""
MOST_LANES = 1024
FEWEST_LANES = 16
MOST_NULL_BYTES = 16 << 20
"""Of the null component of one tile, of which up to three copies are held at once."""


@dataclass(frozen=True)
class Tiling:
    """`lanes` trajectories side by side, `block` neurons at a time."""

    lanes: int
    block: int


@cache
def l2_bytes() -> int:
    """Size of the first core's L2 cache; 1 MiB where the system does not tell."""
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            if (index / "level").read_text().strip() == "2":
                return _bytes((index / "size").read_text().strip())
        except (OSError, ValueError):
            continue
    return FALLBACK_L2


def _bytes(size: str) -> int:
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(size[:-1]) * units[size[-1]] if size[-1:] in units else int(size)


def tile(count: int, size: int, coordinates: int, l2: int, *, blocks: bool = True) -> Tiling:
    """The tiling for `count` trajectories of `size` neurons, `coordinates` of them integrated.

    `blocks` tells whether the neurons may be taken in blocks (they may not where a coupling mixes
    the whole state). Tiles come out nearly equal, so that no small one is left at the end.
    """
    narrow = min(size, NARROWEST) if blocks else size
    working_set = 3 * l2 // 4
    lanes = min(
        working_set // (2 * 8 * min(size, NARROWEST)),
        l2 // (2 * 8 * 17 * coordinates),
        SMALL_PRODUCT // (narrow * (coordinates + 1)),
        MOST_NULL_BYTES // (8 * size),
        MOST_LANES,
    )
    lanes = min(max(lanes, FEWEST_LANES), count)
    lanes = ceil(count / ceil(count / lanes))
    if not blocks:
        return Tiling(lanes, size)
    block = min(
        working_set // (2 * 8 * lanes), SMALL_PRODUCT // (lanes * (coordinates + 1)), WIDEST, size
    )
    even = ceil(size / ceil(size / max(block, narrow)))
    return Tiling(lanes, min(ceil(even / MULTIPLE) * MULTIPLE, size))
