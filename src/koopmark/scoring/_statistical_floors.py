"""Statistical floors: Cramér-Rao bounds on eigenvalues and eigenfunctions from noisy data.

The eigenfunctions φ = c + uᵀx that are affine in the state follow z(t) = z(0) e^{Ωt} along every
trajectory, and of all other directions nothing is known. The states are seen under white noise of
standard deviation σ. An estimate differs from the truth by δΩ and by z + f(x)W in place of z, f the
constant and the directions outside; linearised in these, with z(0) of every trajectory free, their
covariance is that of least squares: σ² times the inverse of JᵀJ
(docs/explanation/scores/statistical_floor.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm_frechet, solve_triangular

from koopmark._keys import generator
from koopmark.datasets import AnswerKey
from koopmark.scoring._law_floors import information_of, law_records
from koopmark.simulation import Trajectories
from koopmark.truth import (
    ONE,
    SAME_EIGENVALUE,
    AffineProducts,
    Eigenspace,
    ProductEigenspace,
)

DRAWS = 1000
"""Deviations drawn for the root mean square of the largest of several sines."""
INFORMATIVE = 0.3
"""Largest sine, and largest deviation of an eigenvalue relative to the rate at which its functions
change in size, for which the bound is stated: it is a linearisation in the noise."""
MOST_VARIABLES = 2000
"""Of a state; beyond, a basis of all eigenfunctions at one eigenvalue is not made."""
MOST_UNKNOWNS = 500
"""Whose joint covariance is computed, if the functions have several eigenvalues."""
UNSEEN = 1e-9
"""Directions in which the states vary less than this, relative to all, hold nothing."""
LEAST = 1e-13
"""Eigenvalues of a scaled information matrix below this are rounding."""


@dataclass(frozen=True)
class StatisticalFloor:
    """The Cramér-Rao bound of one target.

    It has the standard deviation of λ̂ per unit of time, and the root mean square of the largest
    principal-angle sine on the test trajectories.

    Both are NaN, with a note, if there is no bound; without a note, if there is no noise.
    """

    eigenvalue: float = np.nan
    sine: float = np.nan
    note: str = ""


def statistical_floors(
    key: AnswerKey, train: Trajectories, noise: float | NDArray[np.float64], test: Trajectories
) -> tuple[StatisticalFloor, ...]:
    """The Cramér-Rao bound of each target of an answer key.

    Parameters
    ----------
    key : AnswerKey
    train : Trajectories
        The training data without noise, but with their gaps, unequal lengths and uneven times.
    noise : float or (N,) array
        Standard deviation σ of the noise in all variables or in each, in units of the states.
    test : Trajectories
        Clean test data, on which angles are measured.

    Raises
    ------
    ValueError
        If the noise is negative or not a number.
    """
    level = np.asarray(noise, dtype=float)
    if not (np.isfinite(level) & (level >= 0.0)).all():
        raise ValueError(f"noise {noise}: a standard deviation is finite and not negative")
    if not level.any():
        return (StatisticalFloor(),) * len(key.targets)
    if level.ndim:
        # In what is constant, noise or none tells nothing of the others.
        still = np.ptp(train.snapshots().reshape(-1, len(level)), axis=0) == 0.0
        level = np.where((level == 0.0) & still, 1.0, level)
        if not level.all():
            note = "statistical_floor: some channels have noise and others do not"
            return tuple(StatisticalFloor(note=note) for _ in key.targets)
        # In channels s / σ the noise is 1 in all.
        seen = (
            replace(one.without_origin(), states=np.asarray(one.states) / level)
            for one in (train, test)
        )
        whitened, clean = seen
        return statistical_floors(key.in_units(level), whitened, 1.0, clean)
    noise = float(level)
    n = train.states.shape[2]
    null = key.null_functions
    if n > MOST_VARIABLES:
        why = f"not computed for {n:,} variables, more than {MOST_VARIABLES:,}"
    elif key.latent:
        why = "the target is a function of the whole state, but not of the sensor values"
    elif key.discrete and null is None:
        why = "not computed for maps other than networks"
    else:
        why = "known only for eigenfunctions that are affine in the state, and their products"
    if key.inputs and null is None:
        why = "with inputs it is computed only for networks with no more sensors than units"
    if key.latent or ((key.discrete or key.inputs) and null is None):
        note = f"statistical_floor: {why}"
        return tuple(StatisticalFloor(note=note) for _ in key.targets)
    known: dict[int, _Spread | str] = {}
    frame, kept = _occurring(key), dict[int, tuple[NDArray, NDArray]]()

    def turned(vectors: NDArray) -> NDArray:
        # With those that they come from, so that no other array has their place.
        if frame is not None and id(vectors) not in kept:
            kept[id(vectors)] = (vectors, frame @ (frame.T @ vectors))
        return kept[id(vectors)][1]

    floors = []
    for target in key.targets:
        products = target.affine_products(len(test.states)) if n <= MOST_VARIABLES else None
        if products is not None and frame is not None:
            products = replace(products, vectors=turned(products.vectors))
        if products is None:
            floors.append(StatisticalFloor(note=f"statistical_floor: {why}"))
            continue
        place = id(products.vectors)
        if place not in known:
            if null is not None and (key.inputs or key.discrete):
                known[place] = _lawful(products, null, train, noise)
            else:
                known[place] = _spread(products, train, noise)
        floors.append(_floor(target, products, known[place], train, test, key.discrete))
    return tuple(floors)


def _occurring(key: AnswerKey) -> NDArray[np.float64] | None:
    """Orthonormal columns along which states vary, of more sensors than units; else None.

    Of functions that are one on these states the one with the least noise is what counts.
    """
    sensors = key.sensors
    if sensors is None or sensors.channels <= sensors.size:
        return None
    return np.linalg.qr(sensors.matrix)[0]


@dataclass(frozen=True, eq=False)
class _Spread:
    """How estimates of q affine eigenfunctions deviate, to first order in the noise.

    A deviation is a standard normal combination of the columns: `rates` (·, q) are those of the
    eigenvalues; `columns` gives the deviations of the functions, φ + φ mixing + f(x) outside, as
    mixing (D, q, q), or (D, 0, q) if there is none, and outside (D, k, q).
    """

    rates: NDArray
    columns: Callable[[], tuple[NDArray, NDArray]]
    others: "Others"


@dataclass(frozen=True, eq=False)
class Record:
    """M trajectories recorded at the same T times, as values of p functions and k others.

    Parameters
    ----------
    start : (M, p) array
        z(0) of each trajectory, which is not known to the estimator.
    times : (T,) array
    dt : float, optional
        Their interval, if they are even.
    others : (M, T, k) array
        Functions f(x) that may be part of an estimated function.
    """

    start: NDArray[np.float64]
    times: NDArray[np.float64]
    dt: float | None
    others: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Others:
    """Functions f(x) beside a space of affine functions: the constant and the other directions.

    The orthonormal `directions` (N, k), along which values are taken from the `mean` (N,) of the
    states.
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]

    @classmethod
    def outside(cls, states: NDArray, vectors: NDArray) -> "Others":
        """The other directions in the states (..., N), orthogonal to orthonormal vectors (N, p)."""
        flat = states.reshape(-1, states.shape[-1])
        mean = flat.mean(axis=0)
        rest = np.linalg.qr(vectors, mode="complete")[0][:, vectors.shape[1] :]
        centred = flat - mean
        _, sizes, turn = np.linalg.svd(np.linalg.qr(centred @ rest, mode="r"))
        return cls(mean, rest @ turn[: len(sizes)][sizes > UNSEEN * np.linalg.norm(centred)].T)

    def __call__(self, states: NDArray) -> NDArray[np.float64]:
        """(..., 1 + k) values at states (..., N)."""
        values = (states - self.mean) @ self.directions
        return np.concatenate([np.ones((*values.shape[:-1], 1)), values], axis=-1)


def _spread(products: AffineProducts, train: Trajectories, noise: float) -> _Spread | str:
    """The joint deviation of all affine eigenfunctions, or why it is not computed."""
    vectors, values = products.vectors, products.eigenvalues
    parts = np.hstack([vectors.real, vectors.imag]) if np.iscomplexobj(vectors) else vectors
    span, sizes, _ = np.linalg.svd(parts, full_matrices=False)
    basis = span[:, sizes > UNSEEN * sizes[0]]
    others = Others.outside(np.asarray(train.snapshots(), dtype=float), basis)
    records = []
    for one in train.records():
        states = np.asarray(one.states, dtype=float)
        start = (states[:, 0] - products.offset) @ basis
        even = one.dt if one.regular and len(one.times) > 1 else None
        records.append(Record(start, one.times, even, others(states)))
    inside = basis.T @ vectors
    if (
        not (abs(values - values[0]) > SAME_EIGENVALUE * abs(values[0])).any()
        and values[0].imag == 0
    ):
        rate = float(values[0].real)
        return _one_rate(records, rate, others, inside, noise) or _undetermined(train)
    k = others.directions.shape[1] + 1
    if len(values) ** 2 + k * len(values) > MOST_UNKNOWNS:
        return f"not computed for {len(values)} eigenfunctions beside {k - 1} other directions"
    tangents = _keeping_multiplicities(inside, values)
    omega = np.linalg.solve(inside.T, (inside * values).T).T.real
    root = noise * deviations_of_invariant_space(records, omega, tangents)
    # A conserved function stays one with any constant added.
    conserved = np.sum(abs(values) <= SAME_EIGENVALUE * abs(values).max())
    if len(root) < len(tangents) + k * len(values) - conserved:
        return _undetermined(train)
    changes = np.tensordot(root[:, : len(tangents)], tangents, axes=1)
    coupled = np.linalg.solve(inside, changes @ inside)
    gaps = values - values[:, None]
    apart = abs(gaps) > SAME_EIGENVALUE * abs(values).max()
    mixing = np.where(apart, coupled / np.where(apart, gaps, 1.0), 0.0)
    outside = root[:, len(tangents) :].reshape(len(root), k, -1) @ inside
    rates = np.diagonal(coupled, axis1=1, axis2=2)
    return _Spread(rates, lambda: (mixing, outside), others)


def _lawful(
    products: AffineProducts, null: ProductEigenspace, train: Trajectories, noise: float
) -> _Spread | str:
    """As `_one_rate`, of a map, or under inputs: those of the null functions `null` in `products`.

    Functions that no input reaches are told from the others by their gains alone. An estimate of
    them holds as much of the others as makes the gain vanish that it is estimated to have. If the
    inputs were not recorded these functions obey all the same, and of the others nothing is known.
    """
    law, basis = null.law, null.null_space.basis
    driven, reached = np.zeros((basis.shape[1], 0)), null.drive is not None
    apart = products.vectors.shape[1] < basis.shape[1]
    if null.drive is not None and train.inputs is not None:
        ever = np.nan_to_num(train.inputs).any(axis=(0, 1))
        driven = basis.T @ null.drive[:, ever]
        train = replace(train, inputs=train.inputs[..., ever])
        if apart and np.linalg.matrix_rank(driven) < basis.shape[1] - products.vectors.shape[1]:
            return "the training inputs do not show all functions that inputs do not reach"
    elif reached and apart:
        # Nothing is known of the others then.
        basis = products.vectors
        driven = np.zeros((basis.shape[1], 0))
    elif reached:
        return "inputs that are not recorded leave no bound on the functions that they drive"
    inside = basis.T @ products.vectors
    others = Others.outside(np.asarray(train.snapshots(), dtype=float), basis)
    parts = [
        information_of(record, law, driven, others(record.states))
        for record in law_records(train, law, basis, products.offset, driven)
    ]
    gram, seen, coupling, whole = (sum(own[1:], start=own[0]) for own in zip(*parts, strict=True))
    root = _root(gram, seen)
    slope = root.T @ (root @ coupling)
    information = whole - np.sum(coupling * slope)
    if len(root) < len(slope) or not information > LEAST * whole:
        return _undetermined(train)
    deviation, k, p = noise / np.sqrt(information), others.directions.shape[1] + 1, len(driven)
    # From the coefficients of f and S to those of f and of other null functions.
    turn, beside = np.eye(k, len(slope)), others
    if apart and driven.shape[1]:
        rest, sizes, _ = np.linalg.svd(driven, full_matrices=False)
        rest = rest[:, sizes > UNSEEN * sizes[0]]
        turn = np.zeros((k + rest.shape[1], len(slope)))
        turn[:k, :k] = np.eye(k)
        turn[k:, k:] = np.linalg.pinv(rest.T @ driven).T
        beside = Others(others.mean, np.hstack([others.directions, basis @ rest]))

    def columns() -> tuple[NDArray, NDArray]:
        own = np.einsum("lk,ij->ljki", root, np.eye(p)).reshape(-1, len(slope), p)
        outside = np.concatenate([deviation * slope[None], noise * own]) @ inside
        return np.zeros((len(outside), 0, inside.shape[1])), turn @ outside

    return _Spread(np.full((1, inside.shape[1]), deviation), columns, beside)


def _undetermined(train: Trajectories) -> str:
    m, t, _ = train.states.shape
    held = f"of {t} states" if train.full else f"with {len(train.snapshots())} recorded states"
    return f"{m} training trajectories {held} do not determine the eigenfunctions"


def _one_rate(
    records: Sequence[Record], rate: float, others: Others, inside: NDArray, noise: float
) -> _Spread | None:
    """The special case Ω = λI: the functions share δλ and are alike otherwise.

    Per function the columns of J are -a t e^{λt} and f(x), without their part along e^{λt}. None if
    the data do not determine the functions.
    """
    gram = sizes = coupling = whole = 0.0
    for record in records:
        times, seen = record.times, record.others
        lapse = times - (times[0] if rate <= 0 else times[-1])
        decay = np.exp(rate * lapse)
        unit = decay / np.linalg.norm(decay)
        moved = lapse * decay
        moved -= unit * (unit @ moved)
        free = seen - unit[:, None] * np.einsum("t,mtk->mk", unit, seen)[:, None]
        # a, the value of each trajectory and function where e^{λt} is 1.
        height = record.start * np.exp(-rate * lapse[0])
        gram = gram + np.einsum("mtk,mtl->kl", free, free)
        sizes = sizes + np.einsum("mtk,mtk->k", seen, seen)
        coupling = coupling + np.einsum("mtk,t->mk", free, moved).T @ height
        whole = whole + moved @ moved * np.sum(height**2)
    root = _root(np.asarray(gram), np.asarray(sizes))
    slope = root.T @ (root @ coupling)
    information = whole - np.sum(coupling * slope)
    if len(root) < len(slope) or not information > LEAST * whole:
        return None
    deviation = noise / np.sqrt(information)

    def columns() -> tuple[NDArray, NDArray]:
        k, p = slope.shape
        own = np.einsum("lk,ij->ljki", root, np.eye(p)).reshape(-1, k, p)
        outside = np.concatenate([deviation * slope[None], noise * own]) @ inside
        return np.zeros((len(outside), 0, inside.shape[1])), outside

    return _Spread(np.full((1, inside.shape[1]), deviation), columns, others)


def _keeping_multiplicities(inside: NDArray, values: NDArray) -> NDArray[np.float64]:
    """(n, p, p) the changes of Ω = VΛV⁻¹ under which equal eigenvalues stay equal, V = `inside`."""
    p = len(inside)
    units = np.eye(p * p).reshape(-1, p, p)
    coupled = np.linalg.solve(inside, units @ inside)
    rows = [np.zeros(p * p)]
    for i in range(p):
        for j in range(p):
            if i != j and abs(values[i] - values[j]) <= SAME_EIGENVALUE * abs(values).max():
                rows += [coupled[:, i, j], coupled[:, i, i] - coupled[:, j, j]]
    split = np.array(rows)
    _, sizes, turn = np.linalg.svd(np.vstack([split.real, split.imag]))
    rank = int(np.sum(sizes > UNSEEN))
    return turn[rank:].reshape(-1, p, p)


def deviations_of_invariant_space(
    records: Sequence[Record], generator_: NDArray, tangents: NDArray
) -> NDArray[np.float64]:
    """Cramér-Rao bound for p functions that obey z(t) = z(0) e^{Ωt} under unit white noise.

    Parameters
    ----------
    records : sequence of Record
        Whose information adds up.
    generator_, tangents : (p, p) and (n, p, p) arrays
        Ω, values of functions being rows, and the directions in which it is unknown.

    Returns
    -------
    (D, n + k p) array
        B with covariance BᵀB: of the coefficients of the tangents, and of W (k, p), row by row, in
        z + f(x)W.
    """
    parts = [_information(record, generator_, tangents) for record in records]
    information, sizes = (sum(parts[1:], start=parts[0]) for parts in zip(*parts, strict=True))
    return _root(information, sizes)


def _information(
    record: Record, generator_: NDArray, tangents: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of one record, with the diagonal that it has before anything is projected out."""
    start, others = record.start, record.others
    (m, p), (_, t, k), n = start.shape, others.shape, len(tangents)
    flow, moved = _flows(record, generator_, tangents)
    # Changes of z(0) move values within the span of q (T p, p).
    q = np.linalg.qr(flow.transpose(0, 2, 1).reshape(t * p, p))[0]
    rates = moved.transpose(1, 2, 0, 3).reshape(n * p, t * p)
    whole = np.einsum("ij,nia,nja->n", start.T @ start, *[rates.reshape(n, p, -1)] * 2)
    rates = (rates - rates @ q @ q.T).reshape(n, p, t, p)
    second = start.T @ start
    of_rates = np.einsum("ij,nia,lja->nl", second, *[rates.reshape(n, p, -1)] * 2)
    mean = np.einsum("mi,mtk->itk", start, others)
    mixed = -np.einsum("nitb,itk->nkb", rates, mean).reshape(n, k * p)
    gram = np.einsum("mtk,mtl->kl", others, others)
    along = np.einsum("mtk,tba->makb", others, q.reshape(t, p, p)).reshape(m * p, k * p)
    of_others = np.kron(gram, np.eye(p)) - along.T @ along
    information = np.block([[of_rates, mixed], [mixed.T, of_others]])
    return information, np.concatenate([whole, np.repeat(np.diag(gram), p)])


def _flows(record: Record, generator_: NDArray, tangents: NDArray) -> tuple[NDArray, NDArray]:
    """e^{Ωt} (T, p, p) from the first time on, and its derivatives along the tangents."""
    p, n, dt = len(generator_), len(tangents), record.dt
    if dt is None:
        lapse = record.times - record.times[0]
        rates, vectors = np.linalg.eig(generator_)
        gaps = rates[:, None] - rates
        grown = np.exp(lapse[:, None] * rates)
        alike = abs(gaps) <= SAME_EIGENVALUE * max(abs(rates).max(), np.finfo(float).tiny)
        # Divided differences of e^{λt}; its derivative where two eigenvalues are one.
        divided = (grown[:, :, None] - grown[:, None]) / np.where(alike, 1.0, gaps)
        divided = np.where(alike, lapse[:, None, None] * grown[:, :, None], divided)
        turned = np.linalg.solve(vectors, tangents @ vectors)
        back = np.linalg.inv(vectors)
        moved = vectors @ (divided[:, None] * turned) @ back
        return ((vectors * grown[:, None]) @ back).real, moved.real
    step = [expm_frechet(generator_ * dt, tangent * dt) for tangent in tangents]
    power = step[0][0]
    flow, moved = np.eye(p)[None], np.zeros((1, n, p, p))
    turned = np.array([change for _, change in step])
    for _ in range(len(record.times) - 1):
        # e^{Ω(s + Δt)} = e^{Ωs} e^{ΩΔt}, and so its derivative.
        moved = np.concatenate([moved, [moved[-1] @ power + flow[-1] @ turned]])
        flow = np.concatenate([flow, [flow[-1] @ power]])
    return flow, moved


def _root(information: NDArray, sizes: NDArray) -> NDArray[np.float64]:
    """B with BᵀB the pseudo-inverse; `sizes`: its diagonal before anything was projected out."""
    scale = np.sqrt(np.where(sizes > 0, sizes, 1.0))
    values, turn = np.linalg.eigh(information / np.outer(scale, scale))
    kept = values > LEAST
    return (turn[:, kept] / np.sqrt(values[kept]) / scale[:, None]).T


def _floor(
    target: Eigenspace,
    products: AffineProducts,
    spread: _Spread | str,
    train: Trajectories,
    test: Trajectories,
    discrete: bool,
) -> StatisticalFloor:
    if isinstance(spread, str):
        return StatisticalFloor(note=f"statistical_floor: {spread}")
    used = products.factors != ONE
    parts = spread.rates[:, products.factors]
    slowest = abs(target.eigenvalue.real)
    if discrete:
        # δ(μᵏ) = k μᵏ⁻¹ δμ, all factors of these keys sharing one μ.
        mu, count = products.eigenvalues[0], used.sum(axis=-1)
        parts = parts * (abs(mu) ** (count - 1))[:, None]
        slowest = abs(1.0 - abs(target.eigenvalue))
    sums = np.where(used, parts, 0.0).sum(axis=-1)
    eigenvalue = float(np.sqrt((np.abs(sums) ** 2).sum(axis=0).max()))
    horizon = max(float(one.times[-1] - one.times[0]) for one in train.records())
    relative = eigenvalue / max(slowest, 1.0 / horizon)
    # A trajectory shows one direction: a test set of too few does not tell functions apart.
    whole = len(products.factors) == target.dimension
    sine = _sine(products, spread, test) if whole else np.nan
    if max(relative, np.nan_to_num(sine)) > INFORMATIVE:
        note = "at this noise the bound, which is linear in it, is no small number"
        return StatisticalFloor(note=f"statistical_floor: {note}")
    return StatisticalFloor(eigenvalue, sine)


def _sine(products: AffineProducts, spread: _Spread, test: Trajectories) -> float:
    """Root mean square of the largest sine from the products to their estimates."""
    states = np.asarray(test.snapshots(), dtype=float).reshape(-1, test.states.shape[2])
    functions = (states - products.offset) @ products.vectors
    with_one = np.hstack([functions, np.ones((len(states), 1))])
    exact = np.prod(with_one[:, products.factors], axis=-1)
    basis, triangle = np.linalg.qr(exact / np.linalg.norm(exact, axis=0))
    if len(triangle) < exact.shape[1] or np.linalg.cond(triangle) > 1 / UNSEEN:
        return np.nan
    # A product changes by each factor's change times the other factors.
    slots = [
        (index, tuple(sorted(np.delete(row, place))), row[place])
        for index, row in enumerate(products.factors)
        for place in range(len(row))
        if row[place] != ONE
    ]
    rests = sorted({rest for _, rest, _ in slots})
    mixing, outer = spread.columns()
    changes = np.hstack([functions[:, : mixing.shape[1]], spread.others(states)])
    width = changes.shape[1]
    values = np.hstack([changes * np.prod(with_one[:, rest], axis=1)[:, None] for rest in rests])
    for _ in range(2):
        values = values - basis @ (basis.conj().T @ values)
    reduced = np.linalg.qr(values, mode="r")
    deviations = np.concatenate([mixing, outer], axis=1)
    m = exact.shape[1]
    if m > 1:
        draws = generator({"draws": DRAWS}, "deviations of eigenfunctions")
        normal = draws.standard_normal((DRAWS, len(deviations)))
        deviations = np.tensordot(normal, deviations, axes=1)
    change = np.zeros((len(deviations), len(rests), width, m), dtype=deviations.dtype)
    for index, rest, factor in slots:
        change[:, rests.index(rest), :, index] += deviations[:, :, factor]
    change = change.reshape(len(change), -1, m) / np.linalg.norm(exact, axis=0)
    outside = reduced @ change
    outside = solve_triangular(
        triangle.T, outside.transpose(2, 0, 1).reshape(m, -1), lower=True
    ).reshape(m, len(change), -1)
    sines = np.linalg.norm(outside.transpose(1, 0, 2), 2, axis=(1, 2))
    # Of one function the columns themselves say all: squares add.
    return float(np.sqrt(np.sum(sines**2) if m == 1 else np.mean(sines**2)))
