"""Search for the rates and functions of a `TrajectoryPencil` that agree with the data to noise."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import logm

from koopmark._tsqr import triangle_of
from koopmark.methods.own._pencil import Expansion, TrajectoryPencil
from koopmark.methods.own._records import integrated, integrated_driven, successive

GRID = 64
"""Real rates that are tried."""

LARGE = 150
"""Functions beyond which one regression gives the starts, and no grid."""

MOST_STARTS = 64
"""Starting rates at most beside those of the grid: those whose functions do best."""

CLOSE = 1e-3
"""Of two starts whose relative distance is less, one is tried."""

SMALL = 1e-8
"""Part of the variance of a function."""

CLOSEST, COMPARABLE, NEARBY = 8, 10.0, 0.03
"""If noise explains no function: how many rates are given, how much worse than the best of a rate
another function may do, and the relative distance of rates that are one."""

LITTLE = 0.01
"""Relative decrease of a misfit that the noise does not explain at which the descent ends."""

MOST_TURNS = 10
"""Of a search that goes back to the real axis and leaves it again: it never ends."""

STEPS = 40
"""Newton steps at most."""

CONVERGED = 1e-13
"""Step at which the search ends, relative to λ; or a thousandth of its standard deviation."""

SURE = 4.0
"""Standard deviations beyond which two rates are two, and a common one is none."""

COUPLED = 0.1
"""Share of the information on λ that is left when other functions move along: less means that one
of these is as good as an eigenfunction beside it."""

LEAST, LEAST_ON_THE_WAY = 1e-4, 1e-8
"""The same, below which λ is not determined: the steps are those of this much, and of less as long
as no function is explained."""

MANY = 4
"""Functions of an eigenspace that is not searched for again from each of its own."""

SIMILAR, LARGEST = 1e-4, 0.5
"""Part of a function, of unit size, outside the span of others, below which it is the same at one
rate, and at most, whatever its error."""

SPLIT = 1e-3
"""Relative distance up to which rates without noise may be one that is defective, and split by
rounding."""

ROUNDED = 1e-6
"""Imaginary part, relative to the rate, that may be none."""

EXACT = 1e-6
"""Misfit of functions that noise has no part in: they are not refined together."""

PARALLEL = 1e-5
"""Least singular value of eigenvectors of a block that are told apart."""

NEAR, ATTEMPTS = 0.2, 3
"""How often functions are refined together near one rate, and what is near, over the duration."""

GONE, UNCERTAIN = 36.0, 2.5
"""-λΔt at which a step leaves a rounding error, and the deviation of such rates."""

JOINT, UNKNOWNS = 12, 250
"""Functions at most that are refined together, and coefficients of theirs."""


class _Group(NamedTuple):
    """Functions of one eigenvalue."""

    rate: complex
    deviation: float
    """Standard deviation of the rate."""
    functions: NDArray
    """(c + k, m) in the basis of the pencil."""
    misfit: float
    blur: float = 0.5
    """Standard error of the functions, of unit size."""
    joint: bool = False
    """Whether they were refined together with others."""
    negative: bool = False
    """Whether these are real functions at μ = -e^{Re λ Δt}, of which λ is on the cut of the log."""

    def upper(self) -> "_Group":
        """Of two that are conjugate the one in the upper half-plane, functions of unit size."""
        functions = self.functions / np.linalg.norm(self.functions, axis=0)
        # Where less is left than the assumed noise, that is what the error comes from.
        deviation = self.deviation * min(1.0, float(np.sqrt(abs(self.misfit))))
        if self.rate.imag >= 0:
            return self._replace(functions=functions, deviation=deviation)
        return self._replace(
            rate=self.rate.conjugate(), deviation=deviation, functions=functions.conj()
        )


class _Start(NamedTuple):
    """A rate from which to search, and the function that a regression gave with it."""

    rate: complex
    function: NDArray | None = None


def eigenspaces(pencil: TrajectoryPencil) -> tuple[TrajectoryPencil, list[_Group], str]:
    """The eigenspaces that agree with the data to noise, the final pencil, and notes."""
    starts, rates = _starts(pencil)
    groups = _groups(pencil, starts, rates)
    if groups:
        return pencil, groups, ""
    # Functions are compared by their size, whatever the noise.
    size = np.where(pencil.certain, 0.0, pencil.values.var(axis=(0, 1)))
    pencil = replace(pencil, covariance=SMALL * np.diag(size))
    note = (
        "no function of the dictionary follows an exponential up to the noise: those are given "
        "that come closest"
    )
    return pencil, _closest(pencil, _starts(pencil)[0]), note


def _groups(
    pencil: TrajectoryPencil, starts: list[_Start], rates: NDArray[np.complex128]
) -> list[_Group]:
    """Eigenspaces reached from these starts, each once."""
    groups: list[_Group] = []
    refined: list[complex] = []
    waiting = list(starts)
    for _ in range(2 * len(starts)):
        if not waiting:
            break
        start = waiting.pop(0)
        if _covered(pencil, start, groups):
            continue
        found, leads = _settled(pencil, start.rate, groups, refined)
        found = [_unfolded(pencil, group) for group in found]
        waiting += [_Start(rate) for rate in leads]
        if any(group.joint for group in found):
            # What was found alone before is better known from these.
            groups = [old for old in groups if old.joint or not _among(pencil, old, found)]
        groups += [new for new in found if not _among(pencil, new, groups)]
    groups = _unsplit(pencil, groups, rates)
    groups += [one for one in _forgotten(pencil) if not _among(pencil, one, groups)]
    # Functions that do better than noise lets them are not the better ones, unless there is none.
    groups.sort(key=lambda group: group.misfit if pencil.faint else abs(np.log(group.misfit)))
    return _independent(pencil, groups)


def _unsplit(
    pencil: TrajectoryPencil, groups: list[_Group], rates: NDArray[np.complex128]
) -> list[_Group]:
    """The groups with what rounding made of a defective eigenvalue put together.

    Without noise it splits one of order p by the p-th root of the precision, but leaves the mean of
    the eigenvalues of least squares, `rates`, where it was. There are more of these than functions
    that follow it. What is near none of them, which are exact, is in the flat well of one.
    """
    if not pencil.bare or not len(rates):
        return groups
    slowest = 1.0 / pencil.duration
    kept: list[_Group] = []
    waiting = list(groups)
    while waiting:
        first = waiting.pop(0)
        distance = SPLIT * max(abs(first.rate), slowest)
        near = rates[abs(rates - first.rate) <= distance]
        mean = complex(near.mean().real) if len(near) > 1 else first.rate
        if len(near) > 1 and abs(near.mean().imag) <= CONVERGED * abs(mean):
            at = pencil.expand(mean, exact=True)
            inside = int(np.sum(at.misfits <= pencil.edge))
            if 0 < inside < len(near):
                misfit = float(at.misfits[:inside].mean())
                first = _Group(mean, 0.0, at.functions[:, :inside], misfit).upper()
                waiting = [other for other in waiting if abs(other.rate - mean) > distance]
        if len(near):
            kept.append(first)
    return kept


def _covered(pencil: TrajectoryPencil, start: _Start, groups: list[_Group]) -> bool:
    """Whether the start's own function is one of a large eigenspace that is known.

    Regression splits an eigenvalue of high multiplicity into as many, all of which lead back.
    """
    if start.function is None:
        return False
    own = _unit(pencil, start.function)
    for group in groups:
        if group.functions.shape[1] >= MANY:
            basis = np.linalg.qr(_unit(pencil, group.functions))[0]
            if np.linalg.norm(own - basis @ (basis.conj().T @ own)) <= LARGEST:
                return True
    return False


def _among(pencil: TrajectoryPencil, one: _Group, others: list[_Group]) -> bool:
    """Whether these have the rate of the first, within the errors, and its functions.

    Nearly parallel eigenfunctions have rates of large error: those are told apart by the functions.
    """
    near = [
        other
        for other in others
        if abs(one.rate - other.rate)
        <= SURE * (one.deviation + other.deviation) + 1e-9 * abs(one.rate)
    ]
    if not near:
        return False
    values = _unit(pencil, one.functions)
    spans = [_unit(pencil, other.functions) for other in near]
    if one.rate.imag == 0.0:
        spans += [span.conj() for span in spans if np.iscomplexobj(span)]
    basis = np.linalg.qr(np.hstack(spans))[0]
    outside = np.linalg.norm(values - basis @ (basis.conj().T @ values), axis=0)
    blurred = max(SIMILAR, SURE * (one.blur + max(other.blur for other in near)))
    return bool(outside.max() <= min(blurred, LARGEST))


def _independent(pencil: TrajectoryPencil, groups: list[_Group]) -> list[_Group]:
    """The groups whose functions are independent of those before: an eigenfunction has one λ."""
    kept: list[_Group] = []
    basis = np.empty((pencil.count, 0), dtype=complex)
    for group in groups:
        own = _unit(pencil, group.functions)
        paired = group.rate.imag and not group.negative
        both = np.hstack([own, own.conj()]) if paired else own
        outside = both - basis @ (basis.conj().T @ both)
        u, s, _ = np.linalg.svd(outside, full_matrices=False)
        if s[-1] > 1e-9:
            kept.append(group)
            basis = np.hstack([basis, u])
    return kept


def _forgotten(pencil: TrajectoryPencil) -> list[_Group]:
    """The functions of a map that are gone after one step, if there are any and no noise.

    No search leads to λ = -∞: they are given the rate at which a step leaves a rounding error.
    """
    if not (pencil.faint and pencil.gridded):
        return []
    rate = complex(-GONE / pencil.dt)
    at = pencil.expand(rate, exact=True)
    inside = int(np.sum(at.misfits <= pencil.edge))
    if not inside:
        return []
    misfit = float(at.misfits[:inside].mean())
    return [_Group(rate, UNCERTAIN / pencil.dt, at.functions[:, :inside], misfit).upper()]


def _unfolded(pencil: TrajectoryPencil, group: _Group) -> _Group:
    """The group with real functions, if up to its error λ is at the edge of what Δt tells apart.

    There e^{λt} alternates from one state to the next, and the functions are not two but one each.
    """
    edge = np.pi / pencil.dt
    error = max(SURE * group.deviation, ROUNDED * edge)
    if not pencil.gridded or group.joint or not abs(group.rate.imag - edge) <= error:
        return group
    rate, count = complex(group.rate.real, edge), group.functions.shape[1]
    at = pencil.expand(rate, exact=True)
    functions = at.functions[:, :count]
    both = np.hstack([functions.real, functions.imag])
    free = pencil.free
    _, s, vh = np.linalg.svd(both[free:], full_matrices=False)
    if count < len(s) and s[count] > SIMILAR * s[count - 1]:
        return group
    real = (both @ vh[:count].T) / s[:count]
    return group._replace(
        rate=rate, functions=real, misfit=float(at.misfits[:count].mean()), negative=True
    )


def _unit(pencil: TrajectoryPencil, functions: NDArray) -> NDArray:
    """(k, m) what is uncertain in functions, of unit size with respect to the noise."""
    uncertain = functions[-pencil.count :]
    return uncertain / np.linalg.norm(uncertain, axis=0)


def _settled(
    pencil: TrajectoryPencil,
    rate: complex,
    known: list[_Group],
    refined: list[complex],
    turns: int = 0,
) -> tuple[list[_Group], list[complex]]:
    """The eigenspaces to which Newton's iteration leads from here, and other rates to start from.

    None if noise explains none, or if it leads to one of those that are known. To `refined` the
    rates are added at which functions were refined together. `turns` counts how often the search
    went on from the real axis.
    """
    rate, at = _descended(pencil, rate)
    if at.misfits[0] > pencil.edge:
        return [], []
    exact = False
    for _ in range(STEPS):
        inside = int(np.sum(at.misfits <= pencil.edge))
        move = _move(pencil, at, inside, rate.imag == 0.0)
        leads = [rate + other for other in move.others]
        if abs(move.step) > _reach(pencil, rate):
            return [], []
        rate = rate + move.step
        if rate.imag and abs(rate.imag) <= 1e-14 * abs(rate):
            if turns == MOST_TURNS:
                return [], []
            return _settled(pencil, complex(rate.real), known, refined, turns + 1)
        small = abs(move.step)
        if small <= max(1e-3 * move.deviation, CONVERGED * abs(rate)) and (
            exact or not pencil.faint
        ):
            break
        # The last digits, once they are in reach.
        exact = exact or small <= max(0.1 * move.deviation, 1e-7 * abs(rate))
        at = pencil.expand(rate, exact)
        if at.misfits[0] > pencil.edge:
            return [], []
    # Rounding splits a defective eigenvalue by its square root.
    real_too = rate.imag and abs(rate.imag) <= max(SURE * move.deviation, ROUNDED * abs(rate))
    if real_too and turns < MOST_TURNS:
        real, others = _settled(pencil, complex(rate.real), known, refined, turns + 1)
        if real and not any(group.rate.imag for group in real):
            if len(real) == 1 and real[0].functions.shape[1] == 1 and real[0].misfit > EXACT:
                # One real function, or the real and the imaginary part, nearly parallel.
                both = _joint(pencil, rate, move.functions, move.functions, refined)
                return both or real, others
            return real, others
    # The part of the other functions that noise mixes into those inside, to first order.
    outside, own = at.misfits[inside:], at.misfits[:inside].mean()
    blur = float(np.sqrt(np.sum(outside / (pencil.freedom * (outside - own) ** 2))))
    single = _Group(rate, move.deviation, move.functions, float(at.misfits[0]), blur).upper()
    together = move.coupled is not None and at.misfits[0] > EXACT
    before = [group for group in known if group.joint] if together else known
    if _among(pencil, single, before):
        return [], leads
    if move.coupled is not None and together:
        joint = _joint(pencil, rate, move.functions, move.coupled, refined)
        if joint and move.coupled.shape[1] > inside:
            # Rates as far apart as this are told apart without.
            upper = [group.rate for group in joint]
            if abs(upper[0] - upper[-1]) * pencil.duration > 1.0:
                joint = []
        if joint:
            return joint, leads
    return [single], leads


class _Move(NamedTuple):
    """A step of Newton's iteration from an expansion."""

    step: complex
    deviation: float
    """Standard deviation of the rate."""
    functions: NDArray
    """(c + k, m) those that share it."""
    coupled: NDArray | None
    """(c + k, m') functions that are better looked at together, among them those."""
    others: tuple[complex, ...] = ()
    """Steps to the rates of other functions that the noise explains here."""


def _move(
    pencil: TrajectoryPencil, at: Expansion, inside: int, real: bool, least: float = LEAST
) -> _Move:
    """Newton's step of λ.

    The `inside` functions that the noise explains are moved together: z(t) = a e^{(λ + Δ)t}. With
    the other functions, which move along, projected out, the slopes B = h A Δ + noise give
    Δ = (h H)⁻¹ Aᴴ B. Where Δ is a multiple of the identity within its error, they are one
    eigenspace; otherwise the step is to the nearest of the eigenvalues of Δ.
    """
    m, h = pencil.count_of_trajectories, at.steepness
    a, b = at.amplitudes[:, :inside], at.slopes[:, :inside]
    moving = a.conj().T @ at.slopes[:, inside:]
    gaps = (at.misfits[inside:] - at.misfits[:inside].mean()) * pencil.freedom
    amplitudes = a.conj().T @ a
    given = a.conj().T @ at.certain
    hessian = amplitudes - (moving / gaps) @ moving.conj().T - given @ given.conj().T
    gradient = a.conj().T @ b
    functions = at.functions[:, :inside]
    if not np.trace(amplitudes).real > 0.0:
        # Nothing is left after one step, whatever λ is: μ = 0 for all that can be told.
        return _Move(0j, np.inf, functions, None)
    strength = np.trace(hessian).real / np.trace(amplitudes).real
    if strength <= least:
        hessian = least * amplitudes
    common = np.trace(gradient) / (h * np.trace(hessian).real)
    common = complex(common.real) if real else complex(common)
    sd = 1.0 / (h * np.sqrt(np.trace(hessian).real))
    coupled = None if real else functions
    if real and strength <= COUPLED and inside < len(at.misfits):
        # The function that moves along most is as good as one of them.
        along = np.linalg.svd(moving / np.sqrt(gaps))[2][:1].conj().T / np.sqrt(gaps)[:, None]
        along = along / np.linalg.norm(along)
        coupled = np.hstack([functions, at.functions[:, inside:] @ along])
    single = _Move(common, sd, functions, coupled)
    if inside == 1 or inside > m / 3:
        return single
    size, turn = np.linalg.eigh(hessian)
    if size[0] <= max(0.01 * np.linalg.eigvalsh(amplitudes)[0], 0.0):
        return single
    root = (turn * np.sqrt(size)) @ turn.conj().T
    delta = np.linalg.solve(hessian, gradient) / h
    # Whitened: unit noise in each entry if Δ is a multiple of the identity.
    apart = h * root @ (delta - common * np.eye(inside))
    if np.linalg.norm(apart) ** 2 <= inside**2 + SURE * np.sqrt(2.0 * inside**2) + SURE**2:
        return single._replace(coupled=None)
    values, vectors = np.linalg.eig(delta)
    inverse = np.linalg.inv(vectors)
    weights = np.linalg.norm(np.linalg.solve(root, inverse.conj().T), axis=0)
    errors = weights * np.linalg.norm(vectors, axis=0) / h
    nearest = int(np.argmin(abs(values)))
    shared = abs(values - values[nearest]) <= SURE * np.hypot(errors, errors[nearest])
    if shared.all():
        return single
    step = complex(values[shared].mean())
    if real and abs(step.imag) <= 1e-12 * abs(step):
        step = complex(step.real)
    others = tuple(complex(value) for value in values[~shared])
    return _Move(step, float(errors[nearest]), functions @ vectors[:, shared], functions, others)


def _joint(
    pencil: TrajectoryPencil,
    rate: complex,
    functions: NDArray,
    coupled: NDArray,
    refined: list[complex],
) -> list[_Group]:
    """The eigenpairs of functions that are looked at together; none if that fails.

    `functions` are those that were found, which the others must not replace.
    """
    if pencil.inputs:
        # What inputs do to functions together is not worked out.
        return []
    alone = coupled.shape[1] == 1
    wanted = _unit(pencil, functions)
    if rate.imag:
        coupled = np.hstack([coupled.real, coupled.imag])
    free = pencil.free
    u, s, _ = np.linalg.svd(coupled[free:], full_matrices=False)
    kept = s > 1e-6 * s[0]
    dimension = int(kept.sum())
    most = min(JOINT, pencil.count_of_trajectories / 3, UNKNOWNS / len(coupled))
    if dimension < coupled.shape[1] or dimension > most:
        return []
    duration = pencil.duration
    if sum(abs(rate - other) * duration < NEAR for other in refined) >= ATTEMPTS:
        return []
    refined.append(rate)
    start = coupled @ np.linalg.lstsq(coupled[free:], u[:, kept], rcond=None)[0]
    # A first guess of Λ (m, m) with φ(t) = φ(0) e^{Λt}.
    if alone:
        coordinates = np.linalg.lstsq(start[free:], coupled[free:], rcond=None)[0]
        turn = np.array([[rate.real, rate.imag], [-rate.imag, rate.real]])
        generator = coordinates @ turn @ np.linalg.inv(coordinates)
    else:
        pairs = pencil.windows(2)
        if pairs is not None:
            sides = [part @ start for part in pairs]
            # By total least squares, from one snapshot to the next, under white noise.
            right = np.linalg.svd(triangle_of(*sides))[2][dimension:]
            halves = right[:, dimension:].T, -right[:, :dimension].T
            operator = np.linalg.lstsq(*halves, rcond=1e-12)[0].T
            generator = logm(operator) / pencil.dt
        else:
            now, ahead, steps = successive(pencil.moved_by(start))
            generator = integrated(now, ahead, steps)
        if not np.isfinite(generator).all():
            return []
        if abs(generator.imag).max() > 1e-9 * abs(generator).max():
            return []
        generator = generator.real
    block = pencil.refined(start, generator)
    if block is None or block.misfit > pencil.edge:
        return []
    basis = block.functions[free:]
    if np.linalg.norm(wanted - basis @ (basis.T @ wanted), 2) > LARGEST:
        return []
    values, vectors = np.linalg.eig(block.generator)
    if np.linalg.svd(vectors, compute_uv=False)[-1] < PARALLEL:
        # A Jordan block, for all that can be told: it has one eigenfunction, at the mean.
        value = values.mean().real
        vector = np.linalg.svd(block.generator - value * np.eye(dimension))[2][-1:].T
        return [
            _Group(complex(value), 0.0, block.functions @ vector, block.misfit, joint=True).upper()
        ]
    weights = np.einsum("ja,bj->jab", np.linalg.inv(vectors), vectors).reshape(dimension, -1)
    variances = np.einsum("ja,ab,jb->j", weights, block.covariance, weights.conj()).real
    errors = np.sqrt(np.maximum(variances, 0.0))
    groups = []
    for value, vector, error in zip(values, vectors.T, errors, strict=True):
        real = abs(value.imag) <= 1e-14 * abs(value)
        if real or value.imag > 0:
            functions = block.functions @ (vector.real if real else vector)[:, None]
            rate = complex(value.real) if real else complex(value)
            groups.append(_Group(rate, float(error), functions, block.misfit, joint=True).upper())
    return groups


def _closest(pencil: TrajectoryPencil, starts: list[_Start]) -> list[_Group]:
    """Functions with the least relative deviation, for dictionaries without an eigenfunction.

    So many at each rate as the widest gap among comparable misfits says.
    """
    triangle = triangle_of(pencil.white.reshape(-1, pencil.white.shape[2]))
    groups: list[_Group] = []
    for start, _ in starts:
        rate, at = _descended(pencil, start)
        if abs(rate - start) > NEARBY * abs(start):
            # Minima are few and far apart here: what regression found may be as good.
            rate, at = start, pencil.expand(start)
        below = int(np.sum(at.misfits <= COMPARABLE * at.misfits[0]))
        gaps = np.diff(np.log(at.misfits), append=np.log(at.misfits[-1]))
        inside = int(np.argmax(gaps[:below])) + 1
        functions = at.functions[:, :inside]
        sizes = np.linalg.norm(triangle @ functions, axis=0) ** 2 / pencil.freedom
        groups.append(_Group(rate, 0.0, functions, float(np.mean(at.misfits[:inside] / sizes))))
    best: list[_Group] = []
    for group in sorted(groups, key=lambda group: group.misfit):
        if all(abs(group.rate - other.rate) > NEARBY * abs(other.rate) for other in best):
            best.append(group)
    return [group.upper() for group in best[:CLOSEST]]


def _reach(pencil: TrajectoryPencil, rate: complex) -> float:
    """The longest step of λ that is taken at once: what is near is not left."""
    return 0.5 * abs(rate) + 1.0 / pencil.duration


def _descended(pencil: TrajectoryPencil, rate: complex) -> tuple[complex, Expansion]:
    """Down from a start until the noise explains the best function, or to the local minimum."""
    at = pencil.expand(rate)
    for _ in range(STEPS):
        if at.misfits[0] <= pencil.edge:
            break
        step = _move(pencil, at, 1, rate.imag == 0.0, LEAST_ON_THE_WAY).step
        step *= min(1.0, _reach(pencil, rate) / max(abs(step), 1e-300))
        for _ in range(12):
            tried = pencil.expand(rate + step)
            if tried.misfits[0] < at.misfits[0]:
                break
            step /= 2.0
        else:
            break
        done = at.misfits[0] - tried.misfits[0] <= LITTLE * at.misfits[0]
        rate, at = rate + step, tried
        if done:
            break
    return rate, at


def _starts(pencil: TrajectoryPencil) -> tuple[list[_Start], NDArray[np.complex128]]:
    """Rates from which to search, those of the most promising functions first.

    And all eigenvalues of least squares.
    """
    dt, duration = pencil.step, pencil.duration
    rates, functions, least_squares = _one_step(pencil)
    misfits = pencil.misfits_of(rates, functions)
    starts: list[_Start] = []
    for j in np.argsort(misfits, kind="stable"):
        apart = all(abs(rates[j] - other.rate) > CLOSE * abs(other.rate) for other in starts)
        if apart and len(starts) < MOST_STARTS:
            starts.append(_Start(complex(rates[j]), functions[:, [j]]))
    if pencil.count > LARGE:
        return starts, least_squares
    fast = np.geomspace(0.2 / duration, 3.0 / dt, GRID)
    grid = np.concatenate([-fast[::-1], [0.0], fast[fast < 5.0 / duration]])
    least = np.array([pencil.misfit(complex(rate)) for rate in grid])
    before, after = np.append(least[0], least[:-1]), np.append(least[1:], least[-1])
    minima = np.flatnonzero(least <= np.minimum(before, after))
    minima = minima[np.argsort(least[minima], kind="stable")]
    return starts + [_Start(complex(rate)) for rate in grid[minima]], least_squares


def _one_step(pencil: TrajectoryPencil) -> tuple[NDArray, NDArray, NDArray]:
    """Eigenpairs of regressions of the basis on itself one snapshot before.

    Least squares, total least squares, and instrumental variables: which of them is right depends
    on the noise. Of many functions, least squares alone. If too few states are one sampling
    interval apart, one regression at the times that there are. Of each complex pair one is given.
    Functions are columns (c + k, s). Last are all eigenvalues of least squares, which are exact
    without noise; none of the other regression.
    """
    count, free = pencil.count, pencil.free
    size = free + count
    pairs = pencil.windows(2)
    if pairs is None:
        now, ahead, steps = successive(pencil.moved_by())
        if pencil.inputs:
            generator = integrated_driven(pencil.moved_by())[0]
        else:
            generator = integrated(now, ahead, steps)
        found, vectors = np.linalg.eig(generator)
        usable, _ = _varying(found.astype(complex), vectors, np.linalg.norm(now, axis=0), free)
        return found[usable].astype(complex), vectors[:, usable], np.empty(0, complex)
    now, ahead = pairs
    triangle = triangle_of(now, ahead)
    sizes = np.linalg.norm(triangle[:, :size], axis=0)
    least = np.linalg.lstsq(triangle[:size, :size], triangle[:size, size:], rcond=1e-12)[0]
    operators = [least]
    if count <= LARGE:
        whole = triangle_of(now[:, :free], now[:, free:], ahead[:, free:])[free:, free:]
        right = np.linalg.svd(whole)[2][count:]
        total = least.copy()
        inner = np.linalg.lstsq(right[:, count:].T, -right[:, :count].T, rcond=1e-12)[0].T
        total[free:, free:] = inner
        operators.append(total)
        triples = pencil.windows(3)
        if triples is not None:
            triangle = triangle_of(*triples)[:size, size:]
            operators.append(
                np.linalg.lstsq(triangle[:, :size], triangle[:, size:], rcond=1e-12)[0]
            )
    rates, functions, every = [], [], []
    for operator in operators:
        discrete, vectors = np.linalg.eig(operator)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log(discrete.astype(complex)) / pencil.dt
        found = np.where(abs(found.imag) < 1e-12 * abs(found), found.real, found)
        usable, varies = _varying(found, vectors, sizes, free)
        every.append(found[np.isfinite(found) & varies])
        rates.append(found[usable])
        functions.append(vectors[:, usable])
    return np.concatenate(rates), np.hstack(functions), every[0]


def _varying(
    rates: NDArray, vectors: NDArray, sizes: NDArray, free: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pairs (s,) are starts, and which are not the constant by itself."""
    parts = abs(vectors) * sizes[:, None]
    varies = parts[free:].max(axis=0) > 1e-6 * parts.max(axis=0)
    return np.isfinite(rates) & (rates.imag >= 0.0) & varies, varies
