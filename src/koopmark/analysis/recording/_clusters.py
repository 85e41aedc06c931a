"""Eigenvalues on which methods agree, named."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from string import ascii_uppercase

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.analysis.recording._intervals import units
from koopmark.scoring import NOT_SUPPORTED, SUPPORTED

CONSTANT = "constant"
"""Name of the eigenvalue 0 of the constant function, which every system has."""
CLOSE, WIDEST = 0.02, 0.1
"""Radii within which eigenvalues are the same, relative to max(|λ|, 1 / horizon): at least the
first, whatever their intervals, and at most the second. Wider intervals agree with anything."""

SAME = 1e-6
"""Relative distance of eigenvalues below which two methods computed the same estimate."""

COLUMNS = [
    *("name", "eigenvalue_re", "eigenvalue_im", "methods", "of", "spread", "supported"),
    *("low_re", "high_re", "low_im", "high_im", "product", "members"),
]


@dataclass(frozen=True, eq=False)
class Found:
    """Eigenvalues (s,) that take part, conjugates folded to Im λ ≥ 0.

    Parameters
    ----------
    rows : (s,) array of int
        Their rows in the table of pairs.
    values, half : (s,) complex arrays
        `half`: of their intervals, of the real and of the imaginary part.
    radius : (s,) array
        Within which others are the same.
    methods : (s,) array of str
    supported : (s,) array of bool
    """

    rows: NDArray[np.intp]
    values: NDArray[np.complex128]
    half: NDArray[np.complex128]
    radius: NDArray[np.float64]
    methods: NDArray[np.object_]
    supported: NDArray[np.bool_]

    @classmethod
    def of(cls, pairs: pd.DataFrame, horizon: float, refused: bool) -> "Found":
        """Those of the table of pairs that are supported, or that draws tell to WIDEST.

        With `refused` those that held-out data do not support, and that draws tell to WIDEST.
        """
        values = (pairs["eigenvalue_re"] + 1j * pairs["eigenvalue_im"]).to_numpy(complex)
        values = values.real + 1j * np.abs(values.imag)
        half = (
            (pairs["high_re"] - pairs["low_re"]) + 1j * (pairs["high_im"] - pairs["low_im"])
        ).to_numpy(complex) / 2.0
        unit = units(values, horizon)
        supported = (pairs["verdict"] == SUPPORTED).to_numpy()
        width = np.abs(half)
        these = (pairs["verdict"] == NOT_SUPPORTED).to_numpy() == refused
        told = supported & these | ((width <= WIDEST * unit) & these)
        radius = np.clip(np.nan_to_num(width), CLOSE * unit, WIDEST * unit)
        kept = np.flatnonzero(told & np.isfinite(values) & ~_constant(pairs))
        return cls(
            kept,
            values[kept],
            half[kept].astype(complex),
            radius[kept],
            pairs["method"].to_numpy(object)[kept],
            supported[kept],
        )


def _constant(pairs: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the constant function, which have no bounds: nothing disobeys."""
    return ((pairs["verdict"] == SUPPORTED) & pairs["eigenvalue_bound"].isna()).to_numpy()


def cluster(pairs: pd.DataFrame, horizon: float, of: int) -> tuple[pd.DataFrame, pd.Series]:
    """The clusters, and the name of that of each pair, "" for none.

    A cluster is what agrees with its middle: of each method the nearest eigenvalue within the
    radius of both. Of all pairs that with most support is the first middle, then the median of
    those that agree, and so on with what is left: it cannot drift along a chain. Alone an
    eigenvalue is a cluster if it is supported. What held-out data refuse makes clusters of its own,
    and those come last: methods agree on a rate of disturbed data too.

    Parameters
    ----------
    pairs : DataFrame
        A row for each pair, with its interval.
    horizon : float
    of : int
        How many methods there are.
    """
    names = pd.Series("", index=pairs.index, dtype=object)
    both = [Found.of(pairs, horizon, refused) for refused in (False, True)]
    groups = [
        (found, group)
        for found in both
        for group in sorted(_groups(found), key=lambda group: _rank(found, group))
    ]
    rows = []
    constants = pairs[_constant(pairs)]
    if len(constants):
        names.iloc[np.flatnonzero(_constant(pairs))] = CONSTANT
        rows.append(_row(CONSTANT, constants, np.abs(constants["eigenvalue_re"]).max(), of))
    for number, (found, group) in enumerate(groups):
        name = _name(number)
        names.iloc[found.rows[group]] = name
        centre = _median(found.values[group])
        spread = float(np.abs(found.values[group] - centre).max())
        rows.append(_row(name, pairs.iloc[found.rows[group]], spread, of))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["product"] = list(_products(table, horizon))
    return table, names


def _groups(found: Found) -> Iterator[NDArray[np.intp]]:
    """Members of each cluster, as numbers of `found`."""
    left = np.ones(len(found.values), bool)
    while left.any():
        places = np.flatnonzero(left)
        candidates = [_agreeing(found, places, found.values[i], found.radius[i]) for i in places]
        best = min(candidates, key=lambda group: _rank(found, group))
        settled = _agreeing(
            found, places, _median(found.values[best]), float(np.median(found.radius[best]))
        )
        if _rank(found, settled) < _rank(found, best):
            best = settled
        left[best] = False
        if found.supported[best].any() or _independent(found, best):
            yield best


def _independent(found: Found, group: NDArray[np.intp]) -> bool:
    """Whether methods agree that do not compute the same: those differ in rounding alone."""
    values = found.values[group]
    apart = np.abs(values - values[0]) > SAME * np.abs(values[0])
    return len(set(found.methods[group])) > 1 and bool(apart.any())


def _agreeing(
    found: Found, places: NDArray[np.intp], centre: complex, radius: float
) -> NDArray[np.intp]:
    """All within both radii of the centre, conjugates and copies of a method included."""
    distance = np.abs(found.values[places] - centre)
    return places[distance <= np.hypot(found.radius[places], radius)]


def _rank(found: Found, group: NDArray[np.intp]) -> tuple[float, ...]:
    """Most supported first, then most methods, then the closest, then the slowest."""
    methods = found.methods[group]
    values = found.values[group]
    return (
        -len(set(methods[found.supported[group]])),
        -len(set(methods)),
        float(np.abs(values - _median(values)).max()) if len(values) else 0.0,
        float(np.abs(values).min()) if len(values) else 0.0,
    )


def _median(values: NDArray[np.complex128]) -> complex:
    return complex(np.median(values.real), np.median(values.imag))


def _row(name: str, members: pd.DataFrame, spread: float, of: int) -> list[object]:
    supported = members[members["verdict"] == SUPPORTED]
    told = supported if len(supported) else members
    flip = np.sign(told["eigenvalue_im"]).replace(0.0, 1.0)
    sides = np.stack([told["low_im"] * flip, told["high_im"] * flip])
    return [
        name,
        float(told["eigenvalue_re"].median()),
        float(told["eigenvalue_im"].abs().median()),
        int(members["method"].nunique()),
        of,
        float(spread),
        int(supported["method"].nunique()),
        float(told["low_re"].median()),
        float(told["high_re"].median()),
        float(np.median(sides.min(axis=0))),
        float(np.median(sides.max(axis=0))),
        "",
        ", ".join(dict.fromkeys(members["method"])),
    ]


def _name(number: int) -> str:
    """A, B, ..., Z, AA, AB, ..."""
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = ascii_uppercase[letter] + name
    return name


def _products(table: pd.DataFrame, horizon: float) -> Iterator[str]:
    """Of which two others each eigenvalue is the sum within error, such as `2A` or `A+B*`."""
    values = (table["eigenvalue_re"] + 1j * table["eigenvalue_im"]).to_numpy(complex)
    unit, names = units(values, horizon), list(table["name"])
    half = np.nan_to_num((table["high_re"] - table["low_re"]).to_numpy(float) / 2.0)
    radius = np.clip(half, CLOSE * unit, WIDEST * unit)
    others = [k for k, name in enumerate(names) if name != CONSTANT]
    for k, name in enumerate(names):
        if name == CONSTANT:
            yield ""
            continue
        sums = []
        for i, j in combinations_with_replacement([m for m in others if m != k], 2):
            for conjugated in (False, True) if values[j].imag else (False,):
                total = values[i] + (values[j].conj() if conjugated else values[j])
                total = complex(total.real, abs(total.imag))
                within = np.sqrt(radius[i] ** 2 + radius[j] ** 2 + radius[k] ** 2)
                faster = abs(values[k].real) > max(abs(values[i].real), abs(values[j].real))
                if abs(values[k] - total) <= within and faster:
                    both = f"2{names[i]}" if i == j else f"{names[i]}+{names[j]}"
                    text = f"{names[i]}+{names[j]}*" if conjugated else both
                    sums.append((abs(values[k] - total), text))
        yield min(sums)[1] if sums else ""
