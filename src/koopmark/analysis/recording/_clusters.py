"""Eigenvalues on which methods agree, named."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from string import ascii_uppercase

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammainc

from koopmark.analysis.recording._intervals import units
from koopmark.scoring import NOT_SUPPORTED, SUPPORTED

CONSTANT = "constant"
"""Name of the eigenvalue 0 of the constant function, which every system has."""
CLOSE, WIDEST = 0.02, 0.05
"""Distances from the middle within which eigenvalues are the same, relative to max(|λ|, 1 /
horizon): at least the first, whatever their intervals, at most the second. Wider intervals agree
with anything."""
AROUND = 0.5
"""Distance, relative likewise, over which an eigenvalue that means nothing is as likely here as
there."""
BY_CHANCE = 0.025
"""How many clusters of as many methods may be expected by chance of one that nothing supports: half
of 0.05, since what held-out data contradict is searched apart."""
SAME = 1e-6
"""Relative distance up to which eigenvalues are copies, and methods the same computation."""

COLUMNS = [
    *("name", "eigenvalue_re", "eigenvalue_im", "verdict", "methods", "of", "spread", "supported"),
    *("low_re", "high_re", "low_im", "high_im", "copies", "chance", "product", "members"),
]

Group = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Found:
    """Eigenvalues (s,) that take part, conjugates folded to Im λ ≥ 0.

    Parameters
    ----------
    rows : (s,) array of int
        Their rows in the table of pairs.
    values : (s,) complex array
    half, unit : (s,) arrays
        Of their intervals half the width, the larger of both parts, and max(|λ|, 1 / horizon).
    methods : (s,) array of int
        Numbers of methods.
    same : tuple of int
        By number of a method that of the first whose eigenvalues are its own, to rounding.
    supported : (s,) array of bool
    """

    rows: Group
    values: NDArray[np.complex128]
    half: NDArray[np.float64]
    unit: NDArray[np.float64]
    methods: Group
    same: NDArray[np.intp]
    supported: NDArray[np.bool_]

    @classmethod
    def of(cls, pairs: pd.DataFrame, horizon: float, refused: bool) -> "Found":
        """Those of the table of pairs that are supported, or that draws tell to WIDEST.

        With `refused` those that held-out data do not support, and that draws tell to WIDEST.
        """
        values = (pairs["eigenvalue_re"] + 1j * pairs["eigenvalue_im"]).to_numpy(complex)
        values = values.real + 1j * np.abs(values.imag)
        half, unit = _half(pairs), units(values, horizon)
        supported = (pairs["verdict"] == SUPPORTED).to_numpy()
        these = ((pairs["verdict"] == NOT_SUPPORTED) == refused).to_numpy()
        told = these & (supported | (half <= WIDEST * unit))
        kept = np.flatnonzero(told & np.isfinite(values) & ~_constant(pairs))
        methods, names = pd.factorize(pairs["method"].iloc[kept])
        values, half, unit = values[kept], np.nan_to_num(half[kept], nan=np.inf), unit[kept]
        lists = [np.sort_complex(values[methods == m]) for m in range(len(names))]
        same = [next(k for k, other in enumerate(lists) if alike(one, other)) for one in lists]
        return cls(kept, values, half, unit, methods, np.array(same, int), supported[kept])

    @property
    def radius(self) -> NDArray[np.float64]:
        """(s,) within which of the middle each is the same as others."""
        return np.clip(self.half, CLOSE * self.unit, WIDEST * self.unit)

    @property
    def reach(self) -> NDArray[np.float64]:
        """(s,) within which another eigenvalue of the same size agrees with each."""
        return np.hypot(CLOSE * self.unit, self.radius)

    def nearest(self, group: Group, centre: complex) -> Group:
        """Of each method in the group the eigenvalue nearest to the centre, with its copies.

        Copies are those that its interval does not tell from it.
        """
        order = group[np.argsort(np.abs(self.values[group] - centre), kind="stable")]
        _, first = np.unique(self.methods[order], return_index=True)
        chosen = np.full(self.methods.max(initial=0) + 1, -1)
        chosen[self.methods[order[first]]] = order[first]
        own = chosen[self.methods[group]]
        apart = np.hypot(*(np.minimum(self.half[k], WIDEST * self.unit[k]) for k in (group, own)))
        copies = np.abs(self.values[group] - self.values[own]) <= apart + SAME * self.unit[own]
        return group[copies]

    def rank(self, group: Group) -> tuple[float, ...]:
        """Most methods with support first, then most methods, the closest, the slowest."""
        methods, values = self.methods[group], self.values[group]
        return (
            -len(np.unique(methods[self.supported[group]])),
            -len(np.unique(methods)),
            float(np.abs(values - _median(values)).max() / np.median(self.unit[group])),
            float(np.abs(values).min()),
        )

    def chance(self, group: Group) -> float:
        """How many groups of so many methods are to be expected by chance, at most.

        If each eigenvalue were anywhere within AROUND of where it is, as likely here as there, and
        all were as close to others as those in this group. Methods that are the same computation
        count once.
        """
        centre = _median(self.values[group])
        count = len(np.unique(self.same[self.methods[group]]))
        real = centre.imag == 0.0
        share = np.minimum(self.reach / (AROUND * self.unit), 1.0) ** (1 if real else 2)
        missed = np.ones(len(self.same))
        # Conjugates fill the disc where it is cut off by the real axis.
        for values in (self.values,) if real else (self.values, self.values.conj()):
            around = np.abs(values - centre) <= AROUND * self.unit
            around &= (self.values.imag == 0.0) == real
            np.multiply.at(missed, self.same[self.methods[around]], 1.0 - share[around])
        mean = float(np.sum(1.0 - missed))
        at_least = float(gammainc(count - 1, mean)) if count > 1 else 1.0
        return len(self.values) / count * at_least


def alike(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> bool:
    """Whether two methods computed the same: sorted eigenvalues that are equal to rounding."""
    return len(one) == len(other) and bool((np.abs(one - other) <= SAME * np.abs(one)).all())


def _half(table: pd.DataFrame) -> NDArray[np.float64]:
    """Half the width of the intervals of a table, the larger of both parts."""
    of_re, of_im = (
        (table[f"high_{part}"] - table[f"low_{part}"]).to_numpy(float) for part in ("re", "im")
    )
    return np.maximum(of_re, of_im) / 2.0


def _constant(pairs: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the constant function, which have no bounds: nothing disobeys."""
    return ((pairs["verdict"] == SUPPORTED) & pairs["eigenvalue_bound"].isna()).to_numpy()


def cluster(pairs: pd.DataFrame, horizon: float, of: int) -> tuple[pd.DataFrame, pd.Series]:
    """The clusters, and the name of that of each pair, "" for none.

    A cluster is what agrees with its middle: of each method the nearest eigenvalue, if the middle
    is within its interval, taken to be CLOSE to WIDEST wide. The first middle is the eigenvalue
    with which most supported ones agree, then the median of those, and so on with what is left: so
    no cluster drifts along a chain. An eigenvalue alone, or one that no held-out data support, is a
    cluster only if they support it, or if so many methods do not agree by chance. What held-out
    data contradict makes clusters of its own, which come last: methods agree on a rate of disturbed
    data too, and on a bias.

    Parameters
    ----------
    pairs : DataFrame
        A row for each pair, with its interval.
    horizon : float
    of : int
        How many methods there are.
    """
    names, rows = pd.Series("", index=pairs.index, dtype=object), []
    groups = [
        (found, group)
        for found in (Found.of(pairs, horizon, refused) for refused in (False, True))
        for group in sorted(_groups(found), key=found.rank)
    ]
    constant = _constant(pairs)
    if constant.any():
        names[constant] = CONSTANT
        alone = pairs[constant]
        spread = float(alone["eigenvalue_re"].abs().max())
        rows.append(_row(CONSTANT, alone, spread, of, 0.0))
    for number, (found, group) in enumerate(groups):
        names.iloc[found.rows[group]] = _name(number)
        values = found.values[group]
        spread = float(np.abs(values - _median(values)).max())
        members = pairs.iloc[found.rows[group]]
        rows.append(_row(_name(number), members, spread, of, found.chance(group)))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["product"] = list(_products(table, horizon))
    return table, names


def _groups(found: Found) -> Iterator[Group]:
    """Members of each cluster, as numbers of `found`."""
    left = np.ones(len(found.values), bool)
    of_method = np.eye(len(found.same))[found.methods]
    agrees = np.abs(found.values[:, None] - found.values) <= np.hypot(
        CLOSE * found.unit[:, None], found.radius
    )
    counts = agrees.astype(float) @ np.hstack([of_method * found.supported[:, None], of_method])
    while left.any():
        # By rows: methods that agree with this eigenvalue and are supported, and all that agree.
        supported, every = np.split(counts > 0.5, 2, axis=1)
        score = np.where(left, supported.sum(axis=1) * (len(found.same) + 1), -1)
        score = score + np.where(left, every.sum(axis=1), 0)
        if score.max() <= 1:
            # What is left is alone, and nothing supports it.
            break
        best = np.flatnonzero(score == score.max())
        group = min((_at(found, left, int(k), agrees[k]) for k in best), key=found.rank)
        centre, unit = _median(found.values[group]), float(np.median(found.unit[group]))
        near = np.abs(found.values - centre) <= np.hypot(CLOSE * unit, found.radius)
        if (near & left).any():
            settled = found.nearest(np.flatnonzero(near & left), centre)
            group = min(group, settled, key=found.rank)
        left[group] = False
        taken = of_method[group]
        counts = counts - agrees[:, group].astype(float) @ np.hstack(
            [taken * found.supported[group, None], taken]
        )
        if found.supported[group].any() or found.chance(group) <= BY_CHANCE:
            yield group


def _at(found: Found, left: NDArray[np.bool_], k: int, agrees: NDArray[np.bool_]) -> Group:
    return found.nearest(np.flatnonzero(agrees & left), complex(found.values[k]))


def _median(values: NDArray[np.complex128]) -> complex:
    return complex(np.median(values.real), np.median(values.imag))


def _row(name: str, members: pd.DataFrame, spread: float, of: int, chance: float) -> list[object]:
    """Values and intervals are medians of those that are supported, if there are any."""
    supported = members[members["verdict"] == SUPPORTED]
    told = supported if len(supported) else members
    flip = np.sign(told["eigenvalue_im"]).replace(0.0, 1.0)
    sides = np.stack([told["low_im"] * flip, told["high_im"] * flip])
    upper = members[members["eigenvalue_im"] >= 0.0]
    return [
        name,
        float(told["eigenvalue_re"].median()),
        float(told["eigenvalue_im"].abs().median()),
        SUPPORTED if len(supported) else str(members["verdict"].iloc[0]),
        int(members["method"].nunique()),
        of,
        spread,
        int(supported["method"].nunique()),
        float(told["low_re"].median()),
        float(told["high_re"].median()),
        float(np.median(sides.min(axis=0))),
        float(np.median(sides.max(axis=0))),
        int(upper.groupby("method").size().median()) if len(upper) else 1,
        chance,
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
    """Of which two others each eigenvalue is the sum within error: `2A`, `A+B*`.

    The summands are those that held-out data do not refuse, and at least one is supported.
    """
    values = (table["eigenvalue_re"] + 1j * table["eigenvalue_im"]).to_numpy(complex)
    unit, names = units(values, horizon), list(table["name"])
    radius = np.clip(np.nan_to_num(_half(table)), CLOSE * unit, WIDEST * unit)
    supported = (table["supported"] > 0).to_numpy()
    told = (table["verdict"] != NOT_SUPPORTED) & (table["name"] != CONSTANT)
    others: list[int] = np.flatnonzero(told).tolist()
    for k, name in enumerate(names):
        sums = []
        for i, j in combinations_with_replacement([m for m in others if m != k], 2):
            if not supported[[i, j]].any():
                continue
            for conjugated in (False, True) if values[j].imag else (False,):
                total = values[i] + (values[j].conj() if conjugated else values[j])
                missed = abs(values[k] - complex(total.real, abs(total.imag)))
                largest = np.abs([[one.real, one.imag] for one in (values[i], values[j])]).max(0)
                faster = abs(values[k].real) > largest[0] or values[k].imag > largest[1]
                if faster and missed <= np.sqrt(np.sum(radius[[i, j, k]] ** 2)):
                    both = f"2{names[i]}" if i == j else f"{names[i]}+{names[j]}"
                    sums.append((missed, f"{names[i]}+{names[j]}*" if conjugated else both))
        yield min(sums)[1] if sums and name != CONSTANT else ""
