"""Networks whose units have linear internal dynamics of several variables.

ẏ = Ay + W h(x) in y = ζ(x). A left eigenvector u of A with Wᵀu = 0 gives the eigenfunction
uᵀζ(x) at its eigenvalue, whatever ζ and h are, and no other u does so for every h. In control
these are the modes of (A, W) that no input reaches, and Wᵀu = 0, Aᵀu = λu is the test of Popov,
Belevitch and Hautus. Proof: docs/explanation/families/linear_units.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, real
from koopmark._keys import generator
from koopmark.systems._activation import activation as named_activation
from koopmark.systems._base import Formula
from koopmark.systems._elementwise import Shift
from koopmark.systems.low_rank.network import Network
from koopmark.systems.low_rank.weights import RANK_TOLERANCE, LowRank, gaussian_weights
from koopmark.systems.registry import Count, Positive, bounded, factory
from koopmark.truth import DEFECTIVE, SAME_EIGENVALUE, Eigenspace, PrincipalFunctions


@dataclass(frozen=True, eq=False)
class LinearUnits(Network):
    """Network of n units with k variables each: ẏ_a = Σ_b M_ab y_b + (W h(x))_a, N = n k.

    The state holds the first variable of every unit, then the second of every unit, and so on.

    Parameters
    ----------
    weights, zeta, coupling
        As for any network, over all N variables: row a n + i of the left factor says what reaches
        variable a of unit i.
    units : (n, k, k) array
        M of each unit. None may be defective.

    Raises
    ------
    ValueError
        If shapes disagree, a value is not finite, or an M is defective.
    """

    units: NDArray[np.float64] = field(repr=False)

    def __post_init__(self) -> None:
        units = real(self.units, "units")
        object.__setattr__(self, "units", units)
        super().__post_init__()
        if units.ndim != 3 or units.shape[1] != units.shape[2] or not units.size:
            raise ValueError(f"units must have shape (n, k, k), got {units.shape}")
        if units.shape[0] * units.shape[1] != self.size:
            raise ValueError(
                f"{units.shape[0]} units of {units.shape[1]} variables make "
                f"{units.shape[0] * units.shape[1]}, the weights are of {self.size}"
            )
        for unit, (_, vectors) in zip(*self._kinds_and_spectra, strict=True):
            condition = np.linalg.cond(vectors)
            if condition > DEFECTIVE:
                raise ValueError(
                    f"units[{unit[0]}] is defective (condition of its eigenvectors: "
                    f"{condition:.0e}), as with critical damping: move its eigenvalues apart"
                )

    @cached_property
    def _kinds_and_spectra(self) -> tuple[list[NDArray[np.intp]], list[tuple[NDArray, NDArray]]]:
        """Which units are alike, and the eigenvalues and left eigenvectors of each kind."""
        kinds, kind_of = np.unique(self.units, axis=0, return_inverse=True)
        members = [np.flatnonzero(kind_of.reshape(-1) == kind) for kind in range(len(kinds))]
        return members, [np.linalg.eig(kind.T) for kind in kinds]

    def _equation(self) -> str:
        driven = " + Bv" if self.inputs else ""
        return f"ẏ = Ay + {self._coupled()}{driven}, {self._map()}"

    def formula(self, spaces: Sequence[Eigenspace]) -> Formula | None:
        zeta, offset = self._named(self.zeta, self.size)
        if not self.zeta.formula:
            return None
        return self._formula(spaces, f"Here z = ζ(x); {zeta}.", offset)

    def linear(self, y: NDArray) -> NDArray:
        n, k, _ = self.units.shape
        variables = y.reshape(*y.shape[:-1], k, n)
        return np.einsum("iab,...bi->...ai", self.units, variables).reshape(y.shape)

    @cached_property
    def principal(self) -> PrincipalFunctions:
        """The functions uᵀζ(x) for a basis of all u with Aᵀu = λu and Wᵀu = 0.

        A mode of one kind of unit is vᵀy_i with v a left eigenvector of M; the modes at one λ are
        combined so that the weights do not reach them, nor inputs as many as can be.
        """
        n, k, _ = self.units.shape
        # (λ, (N, n of a kind)) the left eigenvectors of A, one column for each unit.
        modes = []
        for unit, (values, left) in zip(*self._kinds_and_spectra, strict=True):
            for value, v in zip(values, left.T, strict=True):
                columns = np.zeros((k, n, len(unit)), v.dtype)
                columns[:, unit, np.arange(len(unit))] = v[:, None]
                modes.append((complex(value), columns.reshape(k * n, -1)))
        scale = SAME_EIGENVALUE * max(1e-300, max(abs(value) for value, _ in modes))
        size = float(np.linalg.norm(self.weights.left, 2))
        vectors: list[NDArray] = []
        responses: list[NDArray] = []
        eigenvalues: list[complex] = []
        while modes:
            value = modes[0][0]
            here = np.hstack([columns for other, columns in modes if abs(other - value) <= scale])
            modes = [mode for mode in modes if abs(mode[0] - value) > scale]
            # The combinations that the weights do not reach, up to rounding at this size of things.
            _, s, vh = np.linalg.svd(self.weights.left.T @ here)
            unreached = here @ vh[int(np.sum(s > RANK_TOLERANCE * size)) :].conj().T
            if self.input_weights is not None:
                driven, free = _split(unreached, self.input_weights)
                unreached = np.hstack([free, driven])
                zero = np.zeros((free.shape[1], self.inputs))
                responses.append(np.vstack([zero, driven.T @ self.input_weights]))
            vectors.append(unreached)
            eigenvalues += [value] * unreached.shape[1]
        every = np.hstack(vectors)
        if not np.iscomplexobj(every) or not every.imag.any():
            every = every.real
        return PrincipalFunctions(
            self.zeta,
            every,
            np.array(eigenvalues, dtype=complex),
            response=np.vstack(responses) if responses else None,
        )

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Eigenspaces of the products of at most `max_degree` principal functions.

        If the weights leave the trace of every unit as it is, as they do in `inertial`, all pairs
        of modes have the same damping, those that the weights reach too: products φφ̄ of these are
        at the same real eigenvalues, and what is known there is a part of an eigenspace.
        """
        spaces = super().eigenspaces(max_degree)
        if (self.weights.left * self.weights.right).any():
            return spaces
        return tuple(
            space if space.degree == 1 or space.eigenvalue.imag else space.as_part()
            for space in spaces
        )


def _split(vectors: NDArray, drive: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    """Combinations of vectors (N, k) that inputs reach, and those that none does."""
    size = np.linalg.norm(drive, axis=0)
    _, s, vh = np.linalg.svd((drive / np.where(size > 0, size, 1.0)).T @ vectors)
    reached = int(np.sum(s > RANK_TOLERANCE))
    return vectors @ vh[:reached].conj().T, vectors @ vh[reached:].conj().T


def linear_units(
    weights: LowRank,
    units: ArrayLike,
    entry: ArrayLike,
    theta: ArrayLike = 0.0,
    activation: str = "tanh",
    output: int = 0,
) -> LinearUnits:
    """Network of n units u̇ᵢ = M uᵢ + b Σⱼ Wᵢⱼ σ(uⱼ[output]), uᵢ being the k variables of unit i.

    Parameters
    ----------
    weights : LowRank
        W, over the n units.
    units : (k, k) or (n, k, k) array
        M, of all units or of each.
    entry : (k,) array
        b: which variables the weights drive.
    theta : float or (n k,) array
        Rest state of the units.
    activation : str
        σ, a name in `koopmark.systems.ACTIVATIONS`.
    output : int
        Which variable of a unit the other units receive, such as the last of a chain for delayed
        interactions.

    With M not defective there are k eigenvalues of multiplicity n - r for each kind of unit, or
    more where b does not reach a mode of M.
    """
    each, b, n = finite(units, "units"), finite(entry, "entry"), weights.size
    k = each.shape[-1] if each.ndim else 0
    if each.shape not in ((k, k), (n, k, k)) or not k:
        raise ValueError(f"units must have shape (k, k) or ({n}, k, k), got {each.shape}")
    if b.shape != (k,):
        raise ValueError(f"entry must have shape ({k},), one number for each variable: {b.shape}")
    if not 0 <= output < k:
        raise ValueError(f"output {output}: it must be a variable, 0 to {k - 1}")
    enters, leaves = b[:, None, None], np.eye(k)[output][:, None, None]
    factors = LowRank(
        (enters * weights.left).reshape(k * n, -1), (leaves * weights.right).reshape(k * n, -1)
    )
    return LinearUnits(
        factors, Shift(theta), named_activation(activation), np.broadcast_to(each, (n, k, k)).copy()
    )


@bounded
def inertial(
    weights: LowRank, damping: Positive, frequency: Positive, activation: str = "tanh"
) -> LinearUnits:
    """Network of second-order units q̈ + γq̇ + ω²q = W σ(q), with state (q, q̇) and N = 2n.

    φ = uᵀ(q̇ + μq) has the eigenvalue λ = μ - γ for every left null vector u of W, both roots of
    λ² + γλ + ω² = 0: a complex pair where γ < 2ω.

    Parameters
    ----------
    weights : LowRank
        W, over the n units.
    damping, frequency : float
        γ and ω, both positive and γ ≠ 2ω.

    Raises
    ------
    ValueError
        If γ or ω is not positive, or damping is critical: the root is double then, with one
        eigenfunction instead of two for each u.
    """
    unit = [[0.0, 1.0], [-(frequency**2), -damping]]
    return linear_units(weights, unit, [0.0, 1.0], activation=activation)


@bounded
def adapting(
    weights: LowRank, strength: float, time: Positive, activation: str = "tanh"
) -> LinearUnits:
    """Network of adapting units ẋ = -x - βa + W σ(x), τȧ = x - a, with state (x, a) and N = 2n.

    Eigenvalues are those of [[-1, -β], [1/τ, -1/τ]], each of multiplicity n - r: a complex pair
    where (1 - 1/τ)² < 4β/τ.
    """
    unit = [[-1.0, -strength], [1.0 / time, -1.0 / time]]
    return linear_units(weights, unit, [1.0, 0.0], activation=activation)


@factory("random_inertial")
def random_inertial(
    units: Count,
    rank: Count,
    gain: Positive = 1.5,
    damping: Positive = 0.4,
    frequency: Positive = 2.0,
    seed: int = 0,
) -> LinearUnits:
    """An `inertial` network of n `units` with Gaussian weights of spectral norm `gain`."""
    rng = generator({"ensemble": "inertial", "n": units, "rank": rank, "seed": seed}, "weights")
    return inertial(gaussian_weights(units, rank, gain, rng), damping, frequency)


@factory("random_adapting")
def random_adapting(
    units: Count,
    rank: Count,
    gain: Positive = 1.5,
    strength: float = 2.0,
    time: Positive = 3.0,
    seed: int = 0,
) -> LinearUnits:
    """An `adapting` network of n `units` with Gaussian weights of spectral norm `gain`."""
    rng = generator({"ensemble": "adapting", "n": units, "rank": rank, "seed": seed}, "weights")
    return adapting(gaussian_weights(units, rank, gain, rng), strength, time)
