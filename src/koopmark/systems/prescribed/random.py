"""Random systems with prescribed eigenfunctions, and systems that approximate named functions."""

from collections.abc import Callable
from math import isinf
from typing import Annotated

import numpy as np
from annotated_types import Ge
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import checked, finite
from koopmark._keys import generator
from koopmark.systems.prescribed.conjugate import Conjugate, CouplingLayer
from koopmark.systems.prescribed.dynamics import LeakyDrive, Prescribed
from koopmark.systems.prescribed.features import Features, HiddenLayer, InnerMonomials
from koopmark.systems.prescribed.functions import FunctionFit, PrescribedFunctions, fit_functions
from koopmark.systems.registry import Count, NonNegative, Positive, bounded, factory, named

Array = NDArray[np.float64]

POLYNOMIAL = "polynomial"

LEAK = 0.9
"""γ of the free coordinates. A prescribed eigenvalue near it would be hard to tell from theirs."""

FITTED_STATES = 4000

RIDGE = 1e-7
"""Keeps the weights below 100, and with them the rounding of φ."""


@checked
def block_diagonal(real: ArrayLike = (), oscillations: ArrayLike = ()) -> Array:
    """Real matrix Λ with these real eigenvalues and a block [[a, -b], [b, a]] per pair (a, b)."""
    values = finite(real, "real").reshape(-1)
    pairs = finite(oscillations, "oscillations")
    if pairs.size and (pairs.ndim != 2 or pairs.shape[1] != 2):
        raise ValueError(f"oscillations must be pairs (a, b), shape (k, 2), got {pairs.shape}")
    pairs = pairs.reshape(-1, 2)
    whole = np.zeros((len(values) + 2 * len(pairs),) * 2)
    whole[np.arange(len(values)), np.arange(len(values))] = values
    for index, (a, b) in enumerate(pairs):
        start = len(values) + 2 * index
        whole[start : start + 2, start : start + 2] = [[a, -b], [b, a]]
    return whole


def spectrum_of(matrix: ArrayLike, n: int) -> Array:
    square = finite(matrix, "matrix")
    if square.ndim != 2 or square.shape[0] != square.shape[1] or not 1 <= len(square) <= n:
        raise ValueError(
            f"matrix must be square with 1 to {n} rows, no more than units, got {square.shape}"
        )
    return square


def random_rotation(n: int, rng: np.random.Generator) -> Array:
    """A random orthogonal matrix, which mixes all units."""
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def random_features(
    name: str, inner: Array, count: int, steepness: float, degree: int, rng: np.random.Generator
) -> Features:
    """Random features of the coordinates `inner` (k, N)."""
    if name == POLYNOMIAL:
        return InnerMonomials(inner, degree)
    directions = rng.standard_normal((count, len(inner))) * steepness / np.sqrt(len(inner))
    width = np.pi if name == "fourier" else 2.0 * steepness
    return HiddenLayer(directions @ inner, rng.uniform(-width, width, size=count), name)


def of_norm(matrix: Array, norm: float | np.floating) -> Array:
    return matrix * (norm / np.linalg.norm(matrix, 2))


@factory("prescribed")
def prescribed(
    matrix: ArrayLike,
    linear: ArrayLike,
    weights: ArrayLike,
    directions: ArrayLike,
    offsets: ArrayLike,
    layer: str = "tanh",
    offset: ArrayLike = (0.0,),
    gain: Positive = 1.5,
) -> Prescribed:
    """System with the eigenfunctions φ(x) = Bx + c + C σ(Dx + b), φ̇ = Λφ, from given matrices.

    Λ, B, C, D, b, σ and c are `matrix`, `linear`, `weights`, `directions`, `offsets`, `layer` and
    `offset`. The free coordinates w have a leaky drive of this gain.
    """
    hidden = HiddenLayer(finite(directions, "directions"), finite(offsets, "offsets"), layer)
    functions = PrescribedFunctions(
        finite(linear, "linear"), finite(weights, "weights"), hidden, finite(offset, "offset")
    )
    return Prescribed(functions, finite(matrix, "matrix"), leaky_drive(functions, gain))


@factory("random_prescribed")
def random_prescribed(
    n: Count,
    matrix: ArrayLike,
    features: str = "tanh",
    strength: Positive = 0.5,
    seed: int = 0,
    *,
    count: Count = 20,
    steepness: Positive = 1.0,
    degree: Annotated[int, Ge(2)] = 2,
    graph: bool = False,
    gain: Positive = 1.5,
) -> Prescribed:
    """Random functions φ = Bx + C f(x) as exact eigenfunctions of random bounded dynamics.

    Parameters
    ----------
    n : int
        N.
    matrix : (p, p) array
        Λ of φ̇ = Λφ, p at most N.
    features : str
        f: a layer of `koopmark.systems.LAYERS`, or polynomial.
    strength : float
        How nonlinear φ is: the bound on ‖C f'‖ relative to ‖B‖ = 1, below 1 unless φ is a graph.
        For polynomials it is ‖C‖.
    seed : int
        The same arguments and seed give the same system.
    count : int
        Hidden units, m.
    steepness : float
        Size of the directions D, the inverse of the length scale of f.
    degree : int
        Degree of polynomial features.
    graph : bool
        Whether f depends only on directions across B, so that any strength is allowed; always so
        for polynomials.
    gain : float
        ‖H‖ of the leaky drive of the free coordinates.

    Raises
    ------
    ValueError
        If the matrix does not fit, p exceeds N, or the strength is not allowed.
    """
    square = spectrum_of(matrix, n)
    p = len(square)
    if features == POLYNOMIAL or graph:
        graph = True
        if p == n:
            raise ValueError(f"{p} functions of {n} units leave nothing to look across: p < N")
    if not graph and strength >= 1:
        allowed = "between 0 and 1, or the functions a graph"
        raise ValueError(f"strength {strength:g}: it must be {allowed}")
    key = {"ensemble": "prescribed", "n": n, "p": p, "features": features, "seed": seed}
    rng = generator(key, "functions")
    frame = random_rotation(n, rng)
    inner = frame[p:] if graph else frame
    layer = random_features(features, inner, count, steepness, degree, rng)
    weights = rng.standard_normal((p, layer.count))
    functions = PrescribedFunctions(frame[:p], _scaled(weights, frame[:p], layer, strength), layer)
    return Prescribed(functions, square, leaky_drive(functions, gain, key))


@checked
def leaky_drive(
    functions: PrescribedFunctions, gain: float = 1.5, key: object = "leaky"
) -> LeakyDrive | None:
    """Free dynamics ẇ = -γw + H tanh(Gx) with ‖H‖ = `gain`; None without free coordinates.

    H has full rank, so that no uᵀw is another eigenfunction. Equal `key`s draw equal H and G.
    """
    n, free = functions.size, functions.size - functions.count
    if not free:
        return None
    rng = generator(key, "drive")
    weights = of_norm(rng.standard_normal((free, free)), gain)
    directions = rng.standard_normal((free, n)) * 2.0 / np.sqrt(n)
    return LeakyDrive(LEAK * functions.complement, weights, directions)


def _scaled(weights: Array, linear: Array, features: Features, strength: float) -> Array:
    """Weights with this bound on ‖C f'(x) Z‖, or where that vanishes on ‖C‖ sup|f'| ‖D‖."""
    tiny = of_norm(weights, 1e-6) / np.linalg.norm(features.directions, 2)
    functions = PrescribedFunctions(linear, tiny, features)
    if not functions.is_graph:
        return tiny * (strength / functions.strength)
    slope = 1.0 if isinf(features.steepness) else features.steepness
    return of_norm(weights, strength / slope / np.linalg.norm(features.directions, 2))


@factory("random_coupling")
def random_coupling(
    n: Annotated[int, Ge(2)],
    matrix: ArrayLike,
    features: str = "tanh",
    strength: Positive = 1.0,
    seed: int = 0,
    *,
    layers: Count = 2,
    count: Count = 20,
    stretch: NonNegative = 0.0,
    degree: Annotated[int, Ge(2)] = 2,
) -> Conjugate:
    """Linear dynamics ẏ = Λy behind random coupling layers that keep alternate coordinates.

    Parameters that are not listed are those of `random_prescribed`.

    Parameters
    ----------
    n : int
        N, at least 2.
    matrix : (N, N) array
        Λ.
    strength : float
        Norm ‖T‖ of the shift of every layer.
    layers : int
        Number of layers.
    count : int
        Number of hidden units of each layer.
    stretch : float
        Norm ‖S‖ of the scale of every layer; 0 for additive layers.

    Raises
    ------
    ValueError
        If the matrix does not fit or a number is out of range.
    """
    square = spectrum_of(matrix, n)
    if len(square) != n:
        raise ValueError(f"matrix has {len(square)} rows: a conjugacy of {n} units needs {n}")
    if features == POLYNOMIAL and stretch:
        raise ValueError("polynomial layers are additive: exp of a polynomial has no bound")
    rng = generator({"ensemble": "coupling", "n": n, "features": features, "seed": seed}, "layers")
    halves = np.arange((n + 1) // 2), np.arange((n + 1) // 2, n)
    made = []
    for number in range(layers):
        moved, kept = halves[(number + 1) % 2], halves[number % 2]
        layer = random_features(features, np.eye(len(kept)), count, 1.0, degree, rng)
        shift = of_norm(rng.standard_normal((len(moved), layer.count)), strength)
        scale = of_norm(rng.standard_normal(shift.shape), stretch) if stretch else None
        made.append(CouplingLayer(kept, moved, layer, shift, scale))
    return Conjugate(made, square)


TARGETS: dict[str, Callable[[Array], Array]] = {
    "bump": lambda w: np.exp(-np.sum(w**2, axis=-1)),
    "ring": lambda w: np.exp(-((np.sum(w**2, axis=-1) - 1.0) ** 2)),
    "wave": lambda w: np.sin(2.0 * w[..., 0]),
}
"""Named functions of the free coordinates w."""


@factory("random_prescribed_target")
def prescribed_target(
    target: str,
    n: Annotated[int, Ge(2)],
    rate: Positive = 1.0,
    height: float = 2.0,
    seed: int = 0,
    *,
    count: Count = 200,
    gain: Positive = 1.5,
) -> Prescribed:
    """System with one eigenfunction φ ≈ s - height · target(w) at -rate, s and w rotated from x.

    φ is the least-squares fit of that function by `count` random hidden units over the range of w
    that the dynamics visit. The fit, not the function itself, is the exact eigenfunction.
    """
    functions = fitted_target(target, n, height, seed, count=count).functions
    key = {"ensemble": "prescribed_target", "n": n, "seed": seed}
    return Prescribed(functions, np.array([[-rate]]), leaky_drive(functions, gain, key))


@bounded
def fitted_target(
    target: str, n: Annotated[int, Ge(2)], height: float = 2.0, seed: int = 0, *, count: int = 200
) -> FunctionFit:
    """The fit that `prescribed_target` uses, with its error."""
    function = named("target", target, TARGETS)
    rng = generator({"ensemble": "prescribed_target", "n": n, "seed": seed}, "functions")
    frame = random_rotation(n, rng)
    layer = random_features("tanh", frame[1:], count, 1.5, 2, rng)
    states = rng.uniform(-3.0, 3.0, size=(FITTED_STATES, n)) @ frame

    def wanted(x: Array) -> Array:
        return x @ frame[:1].T - height * function(x @ frame[1:].T)[:, None]

    return fit_functions(wanted, states, layer, RIDGE)
