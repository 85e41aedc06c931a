"""How well functions of a dictionary follow an exponential along whole trajectories."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, eigh, expm, expm_frechet, qr, solve_triangular

from koopmark._tsqr import triangle_of
from koopmark.methods._sampling import along, together
from koopmark.methods.own._linalg import real_product
from koopmark.methods.own._records import (
    EVEN,
    Record,
    exponentials,
    held_in_windows,
    responses,
    windows,
)

REGULARISATION = 1e-13
"""Added to the noise of every function, relative to its size: data without noise have a metric."""

FAINT = 1e-9
"""Variance of the noise, relative to that of a function."""

ITERATIONS, SETTLED = 12, 1e-4
"""Gauss-Newton steps at most, and the gain in χ² below which they end."""

SLACK = 1.15
"""How far above its expectation a misfit may lie: the noise itself is estimated."""


class Expansion(NamedTuple):
    """All functions at one λ in increasing order of misfit, and their derivatives by λ.

    The functions are orthonormal with respect to the noise, so that white noise of variance 1 is
    on each, independently.
    """

    misfits: NDArray[np.float64]
    """κ (k,): mean square deviation from e^{λt}, in units of the noise: 1 for exact ones."""
    functions: NDArray
    """(c + k, k) their coefficients in the basis of the pencil: see `TrajectoryPencil.spelled`."""
    amplitudes: NDArray
    """A (M, k) the components of the values along p, which is e^{λt} of unit norm in time; where
    times differ between trajectories multiplied by hₘ / h."""
    slopes: NDArray
    """B (M, k) those along q, the part of t p orthogonal to p, of unit norm: an exponential
    of rate λ + δ has B = δ h A to first order."""
    steepness: float
    """h, the norm of that part: the root mean square of hₘ over the trajectories."""
    certain: NDArray
    """(M, c) the slopes of the functions without noise, in coordinates in which their deviations
    from e^{λt} are orthonormal: they move along too."""


class Block(NamedTuple):
    """Functions that move together."""

    functions: NDArray[np.float64]
    """(c + k, m), orthonormal with respect to the noise."""
    generator: NDArray[np.float64]
    """Λ (m, m), in the row convention: φ(t) = φ(0) e^{Λt}."""
    covariance: NDArray[np.float64]
    """(m², m²) of Λ, row by row."""
    misfit: float
    """Mean square deviation in units of the noise."""


@dataclass(frozen=True, eq=False)
class TrajectoryPencil:
    """Deviations of all functions φ = ψ c from multiples of e^{λt} on each trajectory.

    An eigenfunction obeys φ(xₘ(t)) = aₘ e^{λt} on every trajectory m, with its own aₘ. With P_λ
    the projector in time that removes e^{λt}, what is left is cᴴ S_λ c, S_λ = Σₘ Ψₘᴴ P_λ Ψₘ
    (variable projection: Golub and Pereyra 1973). White noise of covariance C in ψ adds
    Σₘ (Tₘ - 1) C whatever λ is. So the pencil (S_λ, Σₘ (Tₘ - 1) C) has an eigenvalue κ near 1
    where λ is a Koopman eigenvalue, one for each dimension of its eigenspace, and larger ones for
    everything else; minimising κ is maximum likelihood for Gaussian noise, trajectories being
    otherwise free. Each may be recorded at times of its own, and as often as it was.

    Combinations in which nothing but noise is left (more sensors than dynamics, one sensor twice)
    have κ = 1 at every λ and tell nothing: they are left out.

    Parameters
    ----------
    records : list of Record
        Dictionary values along the trajectories, and their times.
    covariance : (D, D) array
        C. Functions without noise (the constant) have zeros in it.
    dt : float
        The sampling interval, if there is one.

    Inputs v of the records add a response u ∗ b, u̇ = λu + v, to every trajectory, with one b for
    all of them: at each λ the q functions of time u are certain, and combined freely as well.
    """

    records: list[Record]
    covariance: NDArray[np.float64]
    dt: float

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Values (M, T, D) of a single record, or all values of several as (1, P, D)."""
        return together([record.values for record in self.records])

    @cached_property
    def count_of_trajectories(self) -> int:
        """Number M of trajectories."""
        return sum(len(record.values) for record in self.records)

    @cached_property
    def duration(self) -> float:
        """Duration of the longest trajectory."""
        return max(float(record.lapse[..., -1].max()) for record in self.records)

    @cached_property
    def step(self) -> float:
        """Mean time between successive states."""
        if len(self.records) == 1 and self.records[0].shared:
            return self.duration / (len(self.records[0].times) - 1)
        spans = [
            np.sum(np.broadcast_to(one.lapse[..., -1], len(one.values))) for one in self.records
        ]
        return float(sum(spans)) / self.freedom

    @cached_property
    def gridded(self) -> bool:
        """Whether all times differ by whole sampling intervals."""
        steps = [np.diff(record.times).ravel() / self.dt for record in self.records]
        return all(bool((abs(step - np.rint(step)) <= EVEN).all()) for step in steps)

    @cached_property
    def certain(self) -> NDArray[np.bool_]:
        """Which functions (D,) are constants without noise, and can be combined freely."""
        without = np.diag(self.covariance) == 0.0
        return without & (np.ptp(self.values, axis=(0, 1)) == 0.0)

    @property
    def freedom(self) -> int:
        """Degrees of freedom Σₘ (Tₘ - 1) of a misfit."""
        return sum(len(one.values) * (one.values.shape[1] - 1) for one in self.records)

    @property
    def count(self) -> int:
        """Number k of independent combinations of uncertain functions with a signal."""
        return self.basis.shape[1] - self.free

    @property
    def free(self) -> int:
        """Number c of independent functions without noise; they come first in the basis."""
        return len(self._given)

    @cached_property
    def _given(self) -> NDArray[np.intp]:
        """Independent functions without noise: a constant channel repeats the constant."""
        columns = np.flatnonzero(self.certain)
        if len(columns) == 0:
            return columns
        triangle = triangle_of(self.values[..., columns].reshape(-1, len(columns)))
        _, r, order = qr(triangle, pivoting=True)
        sizes = abs(np.diag(r))
        return columns[np.sort(order[sizes > 1e-12 * sizes.max(initial=0.0)])]

    def windows(self, length: int) -> list[NDArray[np.float64]] | None:
        """Windows of the basis values, as in `koopmark.methods.own._records.windows`."""
        found = windows(self.moved_by(), length, self.dt)
        if found is None or not self.inputs:
            return found
        # Less what the inputs of the last step do, in least squares.
        *_, now, ahead = found
        held = held_in_windows(self.records, length, self.dt)
        fit = np.linalg.lstsq(np.hstack([now, held]), ahead, rcond=1e-12)[0]
        return [*found[:-1], ahead - held @ fit[now.shape[1] :]]

    def moved_by(self, functions: NDArray | None = None) -> list[Record]:
        """Records of the basis functions, or of combinations (c + k, m) of them."""
        return [
            record._replace(values=strand if functions is None else strand @ functions)
            for record, strand in zip(self.records, self.strands, strict=True)
        ]

    @property
    def edge(self) -> float:
        """The largest misfit κ that noise alone explains.

        Eigenvalues of a noise covariance estimated from `freedom` samples reach up to the edge
        of Marchenko and Pastur (1967).
        """
        return SLACK * float(1.0 + np.sqrt(self.count / self.freedom)) ** 2

    @cached_property
    def bare(self) -> bool:
        """Whether there is no noise except what the regularisation adds."""
        noisy = ~self.certain
        size = np.mean((self.values - self._origin)[..., noisy] ** 2, axis=(0, 1))
        return bool(np.all(np.diag(self.covariance)[noisy] <= REGULARISATION * size))

    @cached_property
    def faint(self) -> bool:
        """Whether the noise is too weak for squares of the values to resolve it."""
        noisy = ~self.certain
        size = np.mean(self.values[..., noisy] ** 2, axis=(0, 1))
        return bool(np.any(np.diag(self.covariance)[noisy] <= FAINT * size))

    @cached_property
    def _origin(self) -> NDArray[np.float64]:
        """(D,) what is subtracted for the sake of digits, where a constant gives it back."""
        mean = self.values.mean(axis=(0, 1))
        kept = self.certain if self._constant is not None else np.ones(len(mean), dtype=bool)
        return np.where(kept, 0.0, mean)

    @cached_property
    def _constant(self) -> tuple[int, float] | None:
        """Which function is a constant, and its value."""
        for index in self._given:
            column = self.values[..., index]
            if np.ptp(column) == 0.0 and column.flat[0] != 0.0:
                return int(index), float(column.flat[0])
        return None

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """Basis (D, c + k): functions without noise, then those with a signal and white noise."""
        noisy = ~self.certain
        flat = self.values[..., noisy] - self._origin[noisy]
        size = np.mean(flat**2, axis=(0, 1))
        size[size == 0.0] = 1.0
        covariance = self.covariance[np.ix_(noisy, noisy)] + REGULARISATION * np.diag(size)
        scale = np.sqrt(np.diag(covariance))
        lower = cholesky(covariance / np.outer(scale, scale), lower=True)
        inverse = solve_triangular(lower, np.eye(len(scale)), lower=True).T / scale[:, None]
        # Orthonormal directions in which there is more than unit noise: what its largest eigenvalue
        # does not reach, nor three standard deviations above it (Johnstone 2001); the strongest if
        # there is none. By singular values, for the sake of digits.
        white = flat @ inverse
        samples, size = white.shape[0] * white.shape[1], white.shape[2]
        _, s, vh = np.linalg.svd(triangle_of(white.reshape(samples, size)))
        root = np.sqrt(samples) + np.sqrt(size)
        spread = root * np.cbrt(1.0 / np.sqrt(samples) + 1.0 / np.sqrt(size))
        strong = s**2 > SLACK * (root**2 + 3.0 * spread)
        rotation = vh[: max(1, int(strong.sum()))].T
        basis = np.zeros((len(noisy), self.free + rotation.shape[1]))
        basis[self._given, np.arange(self.free)] = 1.0
        basis[np.flatnonzero(noisy), self.free :] = inverse @ rotation
        return basis

    @cached_property
    def white(self) -> NDArray[np.float64]:
        """Values of the basis, as `values`, without a constant in functions with noise."""
        return (self.values - self._origin) @ self.basis

    @cached_property
    def strands(self) -> list[NDArray[np.float64]]:
        """The values `white` of each record, (m, T, c + k)."""
        if len(self.records) == 1:
            return [self.white]
        return along(self.white[0], [record.values for record in self.records])

    @cached_property
    def _gram(self) -> NDArray[np.float64]:
        flat = self.white.reshape(-1, self.white.shape[2])
        return flat.T @ flat

    @cached_property
    def _over_time(self) -> list[NDArray[np.float64]]:
        """The same values, time last: each search multiplies them hundreds of times.

        (m (c + k), T) of trajectories that share their times, or else (m, c + k, T).
        """
        turned = [np.swapaxes(strand, 1, 2) for strand in self.strands]
        return [
            part.reshape(-1, part.shape[2]) if one.shared else np.ascontiguousarray(part)
            for part, one in zip(turned, self.records, strict=True)
        ]

    def _amplitudes(self, profiles: list[NDArray]) -> list[NDArray]:
        """(m, c + k) what each trajectory of each record has of a profile of unit norm."""
        return [
            np.dot(over_time, profile.conj()[:, None]).reshape(len(record.values), -1)
            if record.shared
            else _mixed(over_time, profile.conj()[..., None])[..., 0]
            for over_time, profile, record in zip(
                self._over_time, profiles, self.records, strict=True
            )
        ]

    def misfit(self, rate: complex) -> float:
        """The smallest misfit κ at this λ."""
        reduced, _ = self._reduced(rate)
        return float(eigh(reduced, eigvals_only=True, subset_by_index=(0, 0))[0]) / self.freedom

    def misfits_of(self, rates: NDArray, functions: NDArray) -> NDArray[np.float64]:
        """Misfit κ of a function (c + k,) at each λ, a cheap upper bound of the smallest one."""
        free = self.free
        found = np.empty(len(rates))
        for j, rate in enumerate(rates):
            c = functions[:, j]
            if self.inputs:
                whole, _ = self._projected_gram(complex(rate))
                c = np.insert(c.astype(complex), free, np.zeros(self.inputs))
                held = slice(free, free + self.inputs)
                mixed = whole[held] @ c
                b = np.linalg.lstsq(whole[held, held], mixed, rcond=None)[0]
                left = (c.conj() @ whole @ c - mixed.conj() @ b).real
                found[j] = left / (np.linalg.norm(c[free:]) ** 2 * self.freedom)
                continue
            profile = self._profile(complex(rate))
            amplitudes = np.concatenate(self._amplitudes(profile)) @ c
            whole = (c.conj() @ (self._gram @ c)).real - np.sum(abs(amplitudes) ** 2)
            found[j] = whole / (np.linalg.norm(c[free:]) ** 2 * self.freedom)
        return found

    def expand(self, rate: complex, exact: bool = False) -> Expansion:
        """All misfits κ at this λ with their functions, and their first-order change with λ.

        If `exact` and the noise is faint, by the singular values of the projected values, which
        keep the digits that S_λ squares away.
        """
        free = self.free
        profile = self._profile(rate)
        if self.inputs:
            return self._driven_expansion(rate, profile, exact and self.faint)
        if exact and self.faint:
            projected = together(
                [
                    strand - amplitudes[:, None, :] * each[..., None]
                    for strand, amplitudes, each in zip(
                        self.strands, self._amplitudes(profile), profile, strict=True
                    )
                ]
            )
            triangle = triangle_of(projected.reshape(-1, projected.shape[2]))
            _, s, vh = np.linalg.svd(triangle[free:, free:])
            squares, functions = s[::-1] ** 2, vh[::-1].conj().T
            mixed = triangle[:free, free:] @ functions
            others = -np.linalg.lstsq(triangle[:free, :free], mixed, rcond=None)[0]
        else:
            reduced, given = self._reduced(rate)
            squares, functions = eigh(reduced)
            others = -given @ functions
        # Of an exact function rounding may leave less than nothing.
        squares = np.maximum(squares, np.finfo(float).tiny)
        every = np.vstack([others, functions])
        steepness, weights, parts = self._moving(profile)
        along, across = (real_product(part, every) if not np.iscomplexobj(part) else part @ every
                         for part in parts)  # fmt: skip
        own = parts[0][:, :free].conj().T @ parts[0][:, :free]
        own = self._gram[:free, :free] - own
        sizes, turn = np.linalg.eigh(own)
        kept = sizes > 1e-10 * np.diag(self._gram[:free, :free]).max(initial=1e-300)
        certain = parts[1][:, :free] @ (turn[:, kept] / np.sqrt(sizes[kept]))
        if weights is not None:
            along = along * weights[:, None]
        return Expansion(squares / self.freedom, every, along, across, steepness, certain)

    @cached_property
    def inputs(self) -> int:
        """Number q of inputs."""
        held = self.records[0].held
        return 0 if held is None else held.values.shape[2]

    def gains(self, rate: complex, functions: NDArray) -> NDArray:
        """Gains (m, q) of functions (c + k, m) at this λ for inputs held over an interval."""
        others = self._reduced(rate)[1][self.free :]
        step = np.expm1(rate * self.dt) / rate if rate else self.dt
        return np.asarray(step * (others @ functions[self.free :]).T)

    def _courses(self, rate: complex) -> list[tuple[NDArray, NDArray]]:
        """[certain, u, uncertain] of each record, (m, T, c + q + k) in time, and u'."""
        free, found = self.free, []
        for record, strand in zip(self.records, self.strands, strict=True):
            response, moved = responses(record, rate)
            course = np.concatenate([strand[..., :free], response, strand[..., free:]], axis=2)
            found.append((course, moved))
        return found

    def _projected_gram(self, rate: complex) -> tuple[NDArray, list[NDArray]]:
        """S_λ (c + q + k, c + q + k) with the responses to inputs, and what it is the Gram of."""
        projected = []
        for (course, _), each in zip(self._courses(rate), self._profile(rate), strict=True):
            shape = (1, -1, 1) if each.ndim == 1 else (*each.shape, 1)
            profile = each.reshape(shape)
            inside = np.sum(profile.conj() * course, axis=1, keepdims=True)
            projected.append((course - profile * inside).reshape(-1, course.shape[2]))
        rows = np.concatenate(projected)
        return rows.conj().T @ rows, projected

    def _driven_expansion(self, rate: complex, profiles: list[NDArray], exact: bool) -> Expansion:
        """`expand` under inputs: what moves with λ is t p and the response u, all along in time.

        Amplitudes are those of δ h A, the part by which functions move for a change δ of λ, at each
        time of each trajectory, and slopes are what is left there.
        """
        free, given = self.free, self.free + self.inputs
        if exact:
            rows = np.concatenate(self._projected_gram(rate)[1])
            triangle = triangle_of(rows)
            _, s, vh = np.linalg.svd(triangle[given:, given:])
            squares, functions = s[::-1] ** 2, vh[::-1].conj().T
            mixed = triangle[:given, given:] @ functions
            others = -np.linalg.lstsq(triangle[:given, :given], mixed, rcond=None)[0]
        else:
            reduced, solved = self._reduced(rate)
            squares, functions = eigh(reduced)
            others = -solved @ functions
        squares = np.maximum(squares, np.finfo(float).tiny)
        every = np.vstack([others, functions])
        moves, left, known = [], [], []
        for (course, moved), record, each in zip(
            self._courses(rate), self.records, profiles, strict=True
        ):
            profile = each[None, :, None] if each.ndim == 1 else each[..., None]
            lapse = np.broadcast_to(record.lapse, course.shape[:2])[..., None]

            def outside(values: NDArray, profile: NDArray = profile) -> tuple[NDArray, NDArray]:
                inside = np.sum(profile.conj() * values, axis=1, keepdims=True)
                return values - profile * inside, inside

            rest, amplitudes = outside(course @ every)
            change = lapse * profile * amplitudes - moved @ others[free:]
            moves.append(outside(change)[0].reshape(-1, every.shape[1]))
            left.append(rest.reshape(-1, every.shape[1]))
            known.append(outside(course[..., :given])[0].reshape(-1, given))
        along, across, own = (np.concatenate(parts) for parts in (moves, left, known))
        scale = np.linalg.norm(own, axis=0)
        scale[scale == 0.0] = 1.0
        u, s, _ = np.linalg.svd(own / scale, full_matrices=False)
        certain = u[:, s > 1e-8 * s.max(initial=0.0)]
        steepness = self.duration / np.sqrt(12.0)
        kept = np.vstack([others[:free], functions])
        return Expansion(
            squares / self.freedom, kept, along / steepness, across, steepness, certain
        )

    def _moving(self, profiles: list[NDArray]) -> tuple[float, NDArray | None, NDArray]:
        """h, hₘ / h (M,) unless it is 1, and what each trajectory has of p and of q (2, M, c + k).

        A trajectory of a single time would have no q; there is none.
        """
        steep: list[NDArray] = []
        parts: list[NDArray] = []
        for record, strand, profile in zip(self.records, self.strands, profiles, strict=True):
            slope = record.lapse * profile
            if record.shared:
                slope = slope - profile * np.vdot(profile, slope)
                steepness = np.linalg.norm(slope)
                both = np.stack([profile, slope / steepness]).conj()
                parts.append(np.tensordot(both, strand, (1, 1)))
                steep.append(np.full(len(strand), steepness))
                continue
            slope = slope - profile * np.sum(profile.conj() * slope, axis=1, keepdims=True)
            steepness = np.linalg.norm(slope, axis=1)
            both = np.stack([profile, slope / steepness[:, None]], axis=1).conj()
            found = _mixed(np.swapaxes(strand, 1, 2), np.swapaxes(both, 1, 2))
            parts.append(np.moveaxis(found, 2, 0))
            steep.append(steepness)
        if len(parts) == 1 and self.records[0].shared:
            return float(steep[0][0]), None, parts[0]
        every = np.concatenate(steep)
        mean = float(np.sqrt(np.mean(every**2)))
        return mean, every / mean, np.concatenate(parts, axis=1)

    def refined(self, functions: NDArray, generator: NDArray) -> "Block | None":
        """Refine real functions that move together, φ(t) = a e^{Λt}, by Gauss-Newton.

        Λ and the functions are sought at once, the amplitudes a are free: variable projection for
        several functions, as is needed where eigenvalues are so close, or eigenfunctions so nearly
        parallel, that each alone is hardly determined. The `functions` (c + k, m) are in the basis,
        the `generator` Λ (m, m) is in the row convention; None if the exponentials overflow.
        """
        m = functions.shape[1]
        block = _Iterate.of(self, functions, generator)
        if not np.isfinite(block.misfit):
            return None
        for _ in range(ITERATIONS):
            triangle = block.normal()
            design, right = triangle[:-1, :-1], triangle[:-1, -1]
            scale = np.linalg.norm(design, axis=0)
            scale[scale == 0.0] = 1.0
            change = np.linalg.lstsq(design / scale, right, rcond=1e-14)[0] / scale
            size = 1.0
            while size > 1e-3:
                tried = block.moved(size * change)
                if tried.misfit <= block.misfit * (1.0 + 1e-12):
                    break
                size /= 2.0
            else:
                break
            gain = block.misfit - tried.misfit
            block = tried
            # In units of the log-likelihood: far below what statistics can tell.
            if gain * self.freedom * m <= SETTLED:
                break
        inverse = np.linalg.pinv(design / scale, rcond=1e-14) / scale[:, None]
        covariance = (inverse @ inverse.T)[: m * m, : m * m]
        return Block(block.functions, block.generator, covariance, block.misfit)

    def spelled(self, functions: NDArray) -> NDArray:
        """Coefficients (D, k) in the dictionary of combinations (c + k', k) of the basis."""
        coefficients = real_product(self.basis, functions)
        if self._constant is not None:
            index, value = self._constant
            coefficients[index] -= real_product(self._origin[None], coefficients)[0] / value
        return coefficients

    def _profile(self, rate: complex) -> list[NDArray]:
        """e^{λt} of unit norm along each trajectory, (T,) or (m, T) as times; real for real λ."""
        exponent = rate if rate.imag else rate.real
        profiles = []
        for record in self.records:
            times = record.times
            profile = np.exp(exponent * (times - times[..., [0 if rate.real <= 0 else -1]]))
            if record.shared:
                profiles.append(profile / np.linalg.norm(profile))
            else:
                profiles.append(profile / np.linalg.norm(profile, axis=1, keepdims=True))
        return profiles

    def _reduced(self, rate: complex) -> tuple[NDArray, NDArray]:
        """S_λ in the basis, with what is certain fitted away (Schur complement)."""
        if self.inputs:
            whole, split = self._projected_gram(rate)[0], self.free + self.inputs
        else:
            profile = self._profile(rate)
            amplitudes = np.concatenate(self._amplitudes(profile))
            whole, split = self._gram - amplitudes.conj().T @ amplitudes, self.free
        free = np.linalg.lstsq(whole[:split, :split], whole[:split, split:], rcond=None)[0]
        reduced = whole[split:, split:] - whole[split:, :split] @ free
        return (reduced + reduced.conj().T) / 2.0, free


def _mixed(real: NDArray, vectors: NDArray) -> NDArray:
    """Products of stacks of matrices, the first real, without a complex copy of it."""
    if not np.iscomplexobj(vectors):
        return np.matmul(real, vectors)
    return np.matmul(real, vectors.real) + 1j * np.matmul(real, vectors.imag)


def _outside_of(basis: NDArray, columns: NDArray) -> NDArray:
    """What columns (m, T, k) have outside of an orthonormal basis (T, r), or of one each."""
    return np.asarray(columns - basis @ (np.swapaxes(basis, -1, -2) @ columns))


@dataclass(frozen=True, eq=False)
class _Iterate:
    """A step of `TrajectoryPencil.refined`."""

    pencil: TrajectoryPencil
    functions: NDArray
    generator: NDArray

    @classmethod
    def of(cls, pencil: TrajectoryPencil, functions: NDArray, generator: NDArray) -> "_Iterate":
        """With functions made orthonormal with respect to the noise."""
        triangle = np.linalg.qr(functions[pencil.free :])[1]
        inverse = np.linalg.inv(triangle)
        return cls(pencil, functions @ inverse, triangle @ generator @ inverse)

    @cached_property
    def _flows(self) -> list[NDArray[np.float64]]:
        """(T m, m) of each record: columns are what each amplitude contributes to all outputs.

        (m', T m, m) where m' trajectories have times of their own.
        """
        size = len(self.generator)
        flows = (np.swapaxes(flow, -1, -2) for flow, _ in self._exponentials)
        return [flow.reshape(*flow.shape[:-3], flow.shape[-3] * size, size) for flow in flows]

    @cached_property
    def _exponentials(self) -> list[tuple[NDArray, NDArray]]:
        """e^{Λs} (T, m, m) of each record and its derivatives with Λ (m², T, m, m).

        With another axis in front of T where trajectories have times of their own. From the middle
        outwards: neither what grows nor what decays overflows.
        """
        return [
            self._stepwise(record.times) if record.even else self._at(record.times)
            for record in self.pencil.records
        ]

    def _stepwise(self, times: NDArray) -> tuple[NDArray, NDArray]:
        """One step after another, by the product rule."""
        m = len(self.generator)
        dt = (times[-1] - times[0]) / (len(times) - 1)
        first = -(len(times) - 1) / 2.0 * dt
        units = np.eye(m * m).reshape(m * m, m, m)
        start, step = expm(self.generator * first), expm(self.generator * dt)
        both = [
            [expm_frechet(self.generator * s, unit * s, compute_expm=False) for unit in units]
            for s in (first, dt)
        ]
        flow, moved = np.empty((len(times), m, m)), np.empty((m * m, len(times), m, m))
        flow[0], moved[:, 0], along = start, both[0], np.array(both[1])
        for i in range(1, len(times)):
            flow[i] = flow[i - 1] @ step
            moved[:, i] = moved[:, i - 1] @ step + flow[i - 1] @ along
        return flow, moved

    def _at(self, times: NDArray) -> tuple[NDArray, NDArray]:
        """At times of any kind (..., T)."""
        m = len(self.generator)
        middle = times - (times[..., :1] + times[..., -1:]) / 2.0
        flow, moved = exponentials(self.generator, middle.ravel())
        return flow.reshape(*times.shape, m, m), moved.reshape(m * m, *times.shape, m, m)

    @cached_property
    def _projected(self) -> list[tuple[NDArray, NDArray, NDArray]]:
        """Values (m', T m) of each record, an orthonormal basis of the flow, and amplitudes."""
        found = []
        for strand, record, flow in zip(
            self.pencil.strands, self.pencil.records, self._flows, strict=True
        ):
            values = strand @ self.functions
            values = values.reshape(len(values), -1)
            basis, triangle = np.linalg.qr(flow)
            if record.shared:
                amplitudes = np.linalg.lstsq(triangle, (values @ basis).T, rcond=None)[0].T
            else:
                inside = np.matmul(np.swapaxes(basis, 1, 2), values[..., None])
                amplitudes = np.matmul(np.linalg.pinv(triangle), inside)[..., 0]
            found.append((values, basis, amplitudes))
        return found

    @cached_property
    def misfit(self) -> float:
        """Infinite if the exponential is more than a float holds."""
        if not all(np.isfinite(flow).all() for flow in self._flows):
            return np.inf
        total = 0.0
        for values, basis, _ in self._projected:
            if basis.ndim == 2:
                rest = values - (values @ basis) @ basis.T
            else:
                rest = _outside_of(basis, values[..., None])
            total += float(np.sum(rest**2))
        return total / (self.pencil.freedom * len(self.generator))

    @cached_property
    def _outside(self) -> NDArray[np.float64]:
        """(c + k, c + k - m): the certain functions, and those orthogonal to the block."""
        free = self.pencil.free
        complement = np.linalg.qr(self.functions[free:], mode="complete")[0]
        outside = np.zeros((len(self.functions), len(self.functions) - len(self.generator)))
        outside[:free, :free] = np.eye(free)
        outside[free:, free:] = complement[:, len(self.generator) :]
        return outside

    def normal(self) -> NDArray[np.float64]:
        """The triangular factor of [J r]: changes of Λ, then of the functions; and what is left."""
        m, outside = len(self.generator), self._outside
        size = m * m + outside.shape[1] * m
        triangle = np.zeros((size + 1, size + 1))
        for (values, basis, amplitudes), (_, moved), strand, record in zip(
            self._projected,
            self._exponentials,
            self.pencil.strands,
            self.pencil.records,
            strict=True,
        ):
            others = strand @ outside
            chunk = max(1, 4_000_000 // (values.shape[1] * size))
            for start in range(0, len(values), chunk):
                part = slice(start, start + chunk)
                if record.shared:
                    own = basis
                    rates = np.einsum("mi,dtij->mtjd", amplitudes[part], moved)
                else:
                    own = basis[part]
                    rates = np.einsum("mi,dmtij->mtjd", amplitudes[part], moved[:, part])
                added = np.zeros((*rates.shape[:3], others.shape[2], m))
                for j in range(m):
                    added[:, :, j, :, j] = -others[part]
                columns = np.concatenate([rates, added.reshape(*rates.shape[:3], -1)], axis=3)
                columns = columns.reshape(len(rates), -1, size)
                both = np.concatenate([columns, values[part, :, None]], axis=2)
                both = _outside_of(own, both)
                triangle = triangle_of(np.vstack([triangle, both.reshape(-1, size + 1)]))
        return triangle

    def moved(self, change: NDArray) -> "_Iterate":
        m = len(self.generator)
        functions = self.functions + self._outside @ change[m * m :].reshape(-1, m)
        return _Iterate.of(self.pencil, functions, self.generator + change[: m * m].reshape(m, m))
