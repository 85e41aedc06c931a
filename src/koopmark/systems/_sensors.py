"""What sensors see of the state of a system."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite
from koopmark._repr import ReprMixin
from koopmark.systems._elementwise import MAPS, ElementwiseMap, Shift

INDEPENDENT = 1e-10
"""Sine of an angle between subspaces below which they meet: what is exact is so to that."""


class NoKey(ValueError):
    """There is no exact key under these conditions; the text says why, and what would do."""


@dataclass(frozen=True, eq=False)
class Sensors(ReprMixin):
    """s = Cx: p of the N units of a system, or p mixtures of them.

    Parameters
    ----------
    matrix : (p, N) array
        C, of rank p.
    units : (p,) array of int, optional
        Which units they are, if each sensor sees one.

    Raises
    ------
    ValueError
        If there is no sensor, or one is a combination of the others.
    """

    matrix: NDArray[np.float64]
    units: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        given = finite(self.matrix, "sensors")
        if given.ndim != 2 or not len(given):
            raise ValueError(
                f"sensors must be a matrix (p, N) with p at least 1, got the shape {given.shape}"
            )
        p, n = given.shape
        if p > n:
            raise ValueError(f"{p} sensors of {n} units: there can be at most {n} independent ones")
        if self.units is None:
            size = np.linalg.norm(given, axis=1)
            if not size.all():
                raise ValueError(
                    f"sensor {int(np.argmin(size))} sees nothing: its row of the matrix is zero"
                )
            # Units of measurement say nothing of independence.
            s = np.linalg.svd(given / size[:, None], compute_uv=False)
            rank = int(np.sum(s > INDEPENDENT * s[0]))
            if rank < p:
                raise ValueError(
                    f"the {p} mixtures have rank {rank}: some are combinations of others; leave "
                    f"{p - rank} out, or make them independent"
                )
        object.__setattr__(self, "matrix", given)

    @classmethod
    def of_units(cls, units: ArrayLike, size: int) -> "Sensors":
        """One sensor for each of these units, numbered from 0, of a system of `size` units.

        Raises
        ------
        ValueError
            If there is none, one does not exist or is chosen twice.
        """
        chosen = np.asarray(units)
        if chosen.ndim != 1 or not len(chosen) or not np.issubdtype(chosen.dtype, np.integer):
            raise ValueError(f"sensors are a list of units, at least one, got {units!r:.80}")
        for unit in chosen:
            if not 0 <= unit < size:
                raise ValueError(
                    f"sensor {unit} does not exist: the system has {size} units, 0 to {size - 1}"
                )
        values, counts = np.unique(chosen, return_counts=True)
        if (counts > 1).any():
            raise ValueError(f"unit {values[np.argmax(counts > 1)]} is chosen twice as a sensor")
        return cls(np.eye(size)[chosen], chosen.astype(np.intp))

    @staticmethod
    def expected(given: object, user: str) -> "Sensors":
        """`given`, if it is Sensors, for a function that says who it is in the message.

        Raises
        ------
        TypeError
            If it is anything else.
        """
        if isinstance(given, Sensors):
            return given
        raise TypeError(
            f"{user} takes Sensors, got {type(given).__name__}: "
            "koopmark.systems.Sensors.of_units(units, N) makes them of units, Sensors(C) of a "
            "matrix (p, N)"
        )

    @property
    def channels(self) -> int:
        """p."""
        return len(self.matrix)

    @property
    def size(self) -> int:
        """N."""
        return self.matrix.shape[1]

    def observe(self, states: NDArray) -> NDArray:
        """What they show of states (..., N): (..., p)."""
        width = np.shape(states)[-1:]
        if width != (self.size,):
            shown = f"{width[0]} units" if width else "no axis of units"
            raise ValueError(
                f"these sensors see a system of {self.size} units, and the states have {shown}"
            )
        given = np.asarray(states)
        return given @ self.matrix.T if self.units is None else given[..., self.units]

    def of_columns(self, vectors: NDArray) -> NDArray:
        """C V (p, k) for columns V (N, k)."""
        return self.matrix @ vectors if self.units is None else vectors[self.units]

    @cached_property
    def _frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """C = T K with K (p, N) of orthonormal rows and T (p, p)."""
        q, r = np.linalg.qr(self.matrix.T)
        return q.T, r.T

    @property
    def in_units(self) -> NDArray[np.float64]:
        """(p, N) orthonormal rows that span what the sensors see."""
        return self.matrix if self.units is not None else self._frame[0]

    def seen(self, columns: NDArray) -> NDArray[np.float64]:
        """Columns V (N, k) in an orthonormal basis of what sensors see: (p, k).

        With V orthonormal its singular values are cosines of angles, whatever the sensors' units.
        """
        return columns[self.units] if self.units is not None else self._frame[0] @ columns

    def in_channels(self, columns: NDArray) -> NDArray[np.float64]:
        """An orthonormal basis (p, k), in the channels, of the span of columns that are `seen`."""
        if self.units is not None:
            return columns
        return np.linalg.qr(self._frame[1] @ columns)[0]

    def zeta(self, zeta: ElementwiseMap) -> ElementwiseMap:
        """The map of the channels: C ζ(x) = ζ'(s).

        Raises
        ------
        NoKey
            If C ζ(x) is no function of s.
        """
        if zeta.theta is not None:
            theta = np.broadcast_to(zeta.theta, self.size)
            return Shift(self.of_columns(theta[:, None])[:, 0]) if theta.any() else Shift()
        if self.units is None:
            raise NoKey(
                f"mixtures of units say nothing of {zeta.name} of each: take single units as "
                "sensors, or a network whose map is a shift"
            )
        if zeta not in MAPS.values():
            raise NoKey(
                f"the map {zeta.name} may differ between units: sensors are for networks whose map "
                f"is a shift or one of {', '.join(MAPS)}"
            )
        return zeta

    def _facts(self) -> list[str]:
        return [f"{self.channels} sensors", f"N = {self.size:,}"]
