"""Eigenfunctions that follow an exponential along every trajectory: EDMD by variable projection."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from koopmark._tsqr import triangle_of
from koopmark.methods.dictionaries import AnyDictionary, Identity, Observables
from koopmark.methods.method import Method, Skip
from koopmark.methods.model import LinearModel, Model
from koopmark.methods.reference.factor import factorise
from koopmark.methods.reference.noise import corrected_values, noise_variances
from koopmark.methods.reference.product_lift import with_products
from koopmark.methods.reference.qr_edmd import linear_model
from koopmark.methods.reference.trajectory_pencil import TrajectoryPencil
from koopmark.simulation import Trajectories

GRID = 64
"""Real rates that are tried."""

OTHERS = 12
"""Eigenvalues of least-squares EDMD that are tried too, which finds complex ones."""

CLOSE = 0.02
"""Of two of these whose relative distance is less, one is tried."""

UNEXPLAINED = 8
"""Rates that are given where none is explained by the noise."""

COMPARABLE = 10.0
"""How much worse than the best a function may do there to count as another one."""

SLACK = 1.15
"""How far above its expectation a misfit may lie: the noise itself is estimated."""

SAME = 0.3
"""Part of a function, of unit size, outside the span of those found: less means the same."""

DESCENT, POLISHING = 40, 12
"""Gauss-Newton steps at most."""

CONVERGED = 1e-13


@dataclass(frozen=True)
class VarProEDMD(Method):
    """Eigenpairs whose functions follow e^{λt} on whole trajectories, the noise accounted for.

    Least squares from one snapshot to the next has noise on both sides, and its eigenvalues are
    biased. Here a function c of the dictionary and a rate λ are sought for which ψ(x(t)) c is a
    multiple of e^{λt} on every trajectory, the multiples being free: variable projection (Golub and
    Pereyra 1973; for DMD, Askham and Kutz 2018), turned from the modes, which must describe the
    whole state, to the eigenfunctions, which need not. See `TrajectoryPencil` for the criterion.

    The noise is estimated from the data, the bias of a nonlinear dictionary removed
    (`reference/noise.py`), and so many functions taken at each λ as the noise explains.

    Parameters
    ----------
    dictionary : AnyDictionary
        ψ. The state with the constant by default.
    products : int
        Products of so many of the eigenfunctions found are added: they are eigenfunctions, and
        their eigenvalues add.
    limit : int
        At most so many functions altogether; a degree of products that exceeds it is left out.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    products: int = 1
    limit: int = 400

    def __post_init__(self) -> None:
        for name in ("products", "limit"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def _fit(self, trajectories: Trajectories) -> Model:
        states = trajectories.states
        observables = self.dictionary.fitted(states)
        noise = noise_variances(trajectories)
        flat = corrected_values(observables, states.reshape(-1, states.shape[2]), noise)
        values = flat.values.reshape(*states.shape[:2], -1)
        pencil = TrajectoryPencil(values, flat.covariance, trajectories.times)
        if pencil.freedom < pencil.count or states.shape[1] < 3:
            raise Skip(
                f"{len(states)} trajectories of {states.shape[1]} states are too few to tell "
                f"{pencil.count} functions from noise"
            )
        found = _groups(pencil, _starts(pencil, trajectories, observables))
        rates = np.concatenate(
            [np.full(group.coefficients.shape[1], group.rate) for group in found]
        )
        coefficients = np.hstack([group.coefficients for group in found]).astype(complex)
        model = LinearModel(observables, *_with_conjugates(rates, coefficients), trajectories.dt)
        return with_products(model, self.products, self.limit)


class _Group(NamedTuple):
    """Functions of one eigenvalue."""

    rate: complex
    coefficients: NDArray
    misfit: float
    explained: bool


def _groups(pencil: TrajectoryPencil, starts: list[tuple[complex, float]]) -> list[_Group]:
    """Eigenspaces found from these starts, each once: a function has only one eigenvalue.

    Where the noise explains no function anywhere, the dictionary holds no eigenfunction, and those
    that come closest are all there is.
    """
    groups: list[_Group] = []
    span = _Span(pencil)
    for rate, radius in starts:
        if not span.lacks(pencil.quick(rate, 1).coefficients).any():
            continue
        group = _explored(pencil, rate, radius)
        new = span.lacks(group.coefficients)
        if new.any():
            groups.append(group._replace(coefficients=group.coefficients[:, new]))
            if group.explained:
                span.add(group.coefficients)
    explained = [group for group in groups if group.explained]
    return explained or sorted(groups, key=lambda group: group.misfit)[:UNEXPLAINED]


def _starts(
    pencil: TrajectoryPencil, trajectories: Trajectories, observables: Observables
) -> list[tuple[complex, float]]:
    """Rates from which to search, best first, each with the distance within which to search."""
    dt, duration = trajectories.dt, trajectories.times[-1] - trajectories.times[0]
    grid = -np.geomspace(0.2 / duration, 3.0 / dt, GRID)
    least = np.array([pencil.misfits(complex(rate), 1)[0] for rate in grid])
    inner = np.arange(1, GRID - 1)
    minima = inner[(least[inner] <= least[inner - 1]) & (least[inner] <= least[inner + 1])]
    minima = minima[np.argsort(least[minima], kind="stable")]
    starts = [(complex(grid[i]), float(grid[i - 1] - grid[i + 1]) / 2.0) for i in minima]
    simple = linear_model(factorise(observables, trajectories.states), observables, dt)
    others = simple.eigenvalues
    others = others[np.isfinite(others) & (others.imag >= 0.0) & (abs(others) > 0.1 / duration)]
    apart: list[complex] = []
    for rate in others:
        if all(abs(rate - other) > CLOSE * abs(other) for other in apart[: 4 * OTHERS]):
            apart.append(complex(rate))
    least = np.array([pencil.misfits(rate, 1)[0] for rate in apart[: 4 * OTHERS]])
    best = np.argsort(least, kind="stable")[:OTHERS]
    return starts + [(apart[i], 0.2 * abs(apart[i])) for i in best]


def _explored(pencil: TrajectoryPencil, rate: complex, radius: float) -> _Group:
    """The eigenspace near a start: its rate and dimension settle in turn."""
    rate = _minimum(pencil, rate, radius, 1)
    if rate.imag:
        # A real rate that the noise explains is preferred.
        real = _minimum(pencil, complex(rate.real), min(radius, abs(rate.imag)), 1)
        rate = real if _dimension(pencil, real)[1] else rate
    dimension = 1
    for _ in range(4):
        wanted, _ = _dimension(pencil, rate)
        if wanted == dimension:
            break
        dimension = wanted
        rate = _minimum(pencil, rate, radius, dimension)
    explained = _dimension(pencil, rate)[1]
    if pencil.faint:
        rate = _polished(pencil, rate, radius, dimension)
    fit = (pencil.best if pencil.faint else pencil.quick)(rate, dimension)
    return _Group(rate, fit.coefficients, float(fit.misfits.mean()), explained)


def _minimum(pencil: TrajectoryPencil, rate: complex, radius: float, dimension: int) -> complex:
    """The rate near this one at which the mean misfit of so many functions is least."""
    if not rate.imag:
        found = minimize_scalar(
            lambda real: float(pencil.misfits(complex(real), dimension).mean()),
            bounds=(rate.real - radius, rate.real + radius),
            method="bounded",
            options={"xatol": 1e-6 * radius},
        )
        return complex(found.x)
    start, fit = rate, pencil.quick(rate, dimension)
    for _ in range(DESCENT):
        step = pencil.step(rate, fit.coefficients)
        while abs(step) > 1e-6 * radius:
            tried = pencil.quick(rate + step, dimension)
            if tried.misfits.mean() < fit.misfits.mean():
                break
            step /= 2.0
        else:
            break
        rate, fit = rate + step, tried
        if abs(rate - start) > radius:
            break
    return rate


def _polished(pencil: TrajectoryPencil, rate: complex, radius: float, dimension: int) -> complex:
    """The same minimum to the last digits, where there are any.

    The Gauss-Newton step at fixed functions is a fraction of the way, since the functions move
    along: its zero is found by the secant method.
    """
    step = pencil.step(rate, pencil.best(rate, dimension).coefficients)
    move = step
    for _ in range(POLISHING):
        if abs(move) > radius or abs(move) <= CONVERGED * abs(rate):
            break
        before, rate = step, rate + move
        step = pencil.step(rate, pencil.best(rate, dimension).coefficients)
        if step == before:
            break
        move *= step / (before - step)
    return rate


def _dimension(pencil: TrajectoryPencil, rate: complex) -> tuple[int, bool]:
    """How many functions follow e^{λt}, and whether up to noise or just better than others.

    Eigenvalues of a noise covariance estimated from `freedom` samples reach up to the edge of
    Marchenko and Pastur (1967). Where the noise is overestimated more lie below: the widest gap
    among them, or above them, decides. Where none lies below, the error of the dictionary takes
    the place of the noise.
    """
    misfits = pencil.every_misfit(rate)
    edge = SLACK * (1.0 + np.sqrt(len(misfits) / pencil.freedom)) ** 2
    explained = bool(misfits[0] <= edge)
    below = int(np.sum(misfits <= (edge if explained else COMPARABLE * misfits[0])))
    # What lies at rounding is not told apart.
    logs = np.log(np.maximum(misfits, 1e-12 * misfits[-1]))
    gaps = np.diff(logs, append=logs[-1])[:below]
    return int(np.argmax(gaps)) + 1, explained


class _Span:
    """What the functions found so far span on the data."""

    def __init__(self, pencil: TrajectoryPencil) -> None:
        flat = pencil.values.reshape(-1, pencil.values.shape[2])
        self._triangle = triangle_of(flat)
        self._basis = np.empty((len(self._triangle), 0))

    def lacks(self, coefficients: NDArray) -> NDArray[np.bool_]:
        """(k,) which of these functions are not in it."""
        if self._basis.shape[1] == 0:
            return np.ones(coefficients.shape[1], dtype=bool)
        values = self._triangle @ coefficients
        outside = values - self._basis @ (self._basis.conj().T @ values)
        return np.linalg.norm(outside, axis=0) > SAME * np.linalg.norm(values, axis=0)

    def add(self, coefficients: NDArray) -> None:
        """With the conjugates, which are there as well."""
        values = self._triangle @ coefficients
        both = [values, values.conj()] if np.iscomplexobj(values) else [values]
        every = np.hstack([self._basis, *both])
        u, s, _ = np.linalg.svd(every / np.linalg.norm(every, axis=0), full_matrices=False)
        self._basis = u[:, s > 1e-6 * s[0]]


def _with_conjugates(rates: NDArray, coefficients: NDArray) -> tuple[NDArray, NDArray]:
    """Coefficients and rates with the other half of each complex pair."""
    order = []
    for index, rate in enumerate(rates):
        order += [(index, False), (index, True)] if rate.imag else [(index, False)]
    columns = [coefficients[:, i].conj() if other else coefficients[:, i] for i, other in order]
    values = [rates[i].conjugate() if other else rates[i] for i, other in order]
    return np.stack(columns, axis=1), np.array(values, dtype=complex)
