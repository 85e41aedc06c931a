"""Sensors: affine functions of the state that a method observes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite
from koopmark._repr import ReprMixin
from koopmark.systems._elementwise import MAPS, ElementwiseMap, Shift
from koopmark.truth import AffineView

INDEPENDENT = 1e-10
"""Sine of an angle between subspaces below which they meet: what is exact is so to that."""


class NoKey(ValueError):
    """No exact answer key exists under these conditions; the message says what would help."""


@dataclass(frozen=True, eq=False)
class Sensors(ReprMixin):
    """Sensors s = Cx + b: p of the N units of a system, or p linear mixtures of its units.

    Parameters
    ----------
    matrix : (p, N) array
        C, of rank p, or of rank N if there are more sensors than units.
    units : (p,) array of int, optional
        The units that the sensors show, if each shows one.
    offset : (p,) array, optional
        b, the sensor values at x = 0; zero if not given.

    Raises
    ------
    ValueError
        If there is no sensor, if a sensor is a combination of the others, or if more sensors than
        units do not determine the state.
    """

    matrix: NDArray[np.float64]
    units: NDArray[np.intp] | None = None
    offset: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        given = finite(self.matrix, "sensors")
        if given.ndim != 2 or not len(given):
            raise ValueError(
                f"sensors must be a matrix (p, N) with p at least 1, got the shape {given.shape}"
            )
        p, n = given.shape
        if self.units is None:
            size = np.linalg.norm(given, axis=1)
            if p <= n and not size.all():
                raise ValueError(
                    f"sensor {int(np.argmin(size))} sees nothing: its row of the matrix is zero"
                )
            # Units of measurement say nothing of independence.
            s = np.linalg.svd(given / np.where(size, size, 1.0)[:, None], compute_uv=False)
            rank = int(np.sum(s > INDEPENDENT * s[0]))
            if rank < min(p, n):
                wrong = (
                    f"some are combinations of others; leave {p - rank} out, or make them "
                    "independent"
                    if p <= n
                    else f"more mixtures than units must show all {n} of them"
                )
                raise ValueError(f"the {p} mixtures have rank {rank}: {wrong}")
        if self.offset is not None:
            offset = finite(self.offset, "offset")
            if offset.shape != (p,):
                raise ValueError(f"offset must have shape ({p},), got {offset.shape}")
            object.__setattr__(self, "offset", offset)
        object.__setattr__(self, "matrix", given)

    @classmethod
    def of_units(cls, units: ArrayLike, size: int) -> "Sensors":
        """Sensors that show these units of a system with `size` units, numbered from 0.

        Raises
        ------
        ValueError
            If `units` is empty, or a unit does not exist or is chosen twice.
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
        """Return `given` if it is Sensors; `user` names the calling function in the error.

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
        """Number p of sensors."""
        return len(self.matrix)

    @property
    def size(self) -> int:
        """Number N of units."""
        return self.matrix.shape[1]

    def observe(self, states: NDArray) -> NDArray:
        """Sensor values (..., p) at states (..., N)."""
        width = np.shape(states)[-1:]
        if width != (self.size,):
            shown = f"{width[0]} units" if width else "no axis of units"
            raise ValueError(
                f"these sensors see a system of {self.size} units, and the states have {shown}"
            )
        given = np.asarray(states)
        seen: NDArray = given @ self.matrix.T if self.units is None else given[..., self.units]
        return seen if self.offset is None else seen + self.offset

    @property
    def plain(self) -> bool:
        """Whether each sensor shows one unit unchanged."""
        return self.units is not None and self.offset is None

    @property
    def injective(self) -> bool:
        """Whether the sensors determine the state, so that functions of x are functions of s."""
        return self.channels >= self.size

    @cached_property
    def view(self) -> AffineView:
        """The affine map from sensor values back to the state.

        Raises
        ------
        NoKey
            If the sensors do not determine the state.
        """
        if not self.injective:
            raise NoKey(f"{self.channels} sensors do not show all of {self.size} units")
        # Each in units of its own, since rounding is relative to the largest one.
        size = np.linalg.norm(self.matrix, axis=1)
        size[size == 0.0] = 1.0
        inverse = np.linalg.pinv(self.matrix / size[:, None], rcond=INDEPENDENT) / size
        offset = np.zeros(self.channels) if self.offset is None else self.offset
        return AffineView(self.matrix, inverse, offset)

    def of_columns(self, vectors: NDArray) -> NDArray:
        """The product C V (p, k) for columns V (N, k)."""
        return self.matrix @ vectors if self.units is None else vectors[self.units]

    @cached_property
    def _frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """C = T K with K (p, N) of orthonormal rows and T (p, p)."""
        q, r = np.linalg.qr(self.matrix.T)
        return q.T, r.T

    @property
    def in_units(self) -> NDArray[np.float64]:
        """Orthonormal rows (p, N) that span the row space of C."""
        return self.matrix if self.units is not None else self._frame[0]

    def seen(self, columns: NDArray) -> NDArray[np.float64]:
        """Coordinates (p, k) of columns V (N, k) in an orthonormal basis of the row space of C.

        If V is orthonormal, the singular values are cosines of angles in any units of the sensors.
        """
        return columns[self.units] if self.units is not None else self._frame[0] @ columns

    def in_channels(self, columns: NDArray) -> NDArray[np.float64]:
        """Orthonormal basis (p, k), in sensor coordinates, of the span of columns from `seen`."""
        if self.units is not None:
            return columns
        return np.linalg.qr(self._frame[1] @ columns)[0]

    def zeta(self, zeta: ElementwiseMap) -> ElementwiseMap:
        """The elementwise map ζ' of the sensor values, with C ζ(x) = ζ'(s).

        Raises
        ------
        NoKey
            If C ζ(x) is not a function of s.
        """
        if zeta.theta is not None:
            theta = np.broadcast_to(zeta.theta, self.size)
            seen = self.of_columns(theta[:, None])[:, 0]
            seen = seen if self.offset is None else seen + self.offset
            return Shift(seen) if seen.any() else Shift()
        if not self.plain:
            raise NoKey(
                f"mixtures of units do not determine {zeta.name} of each unit: take single units "
                "as sensors, or a network whose map is a shift"
            )
        if zeta not in MAPS.values():
            raise NoKey(
                f"the map {zeta.name} may differ between units: sensors are for networks whose map "
                f"is a shift or one of {', '.join(MAPS)}"
            )
        return zeta

    def _facts(self) -> list[str]:
        return [f"{self.channels} sensors", f"N = {self.size:,}"]
