"""Recurrent networks ẋ = -x + W σ(x) + θ, and random networks with other maps."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import checked, finite
from koopmark._keys import generator
from koopmark.systems._activation import activation as named_activation
from koopmark.systems._elementwise import LOG, ElementwiseMap, Shift, elementwise_map
from koopmark.systems.low_rank.drift import Drift
from koopmark.systems.low_rank.network import INPUT_WEIGHTS
from koopmark.systems.low_rank.relaxation import Relaxation, RelaxationMap
from koopmark.systems.low_rank.weights import (
    MOST_UNITS,
    RANK_TOLERANCE,
    LowRank,
    check_rank,
    gaussian_weights,
    weights_with_singular_values,
)
from koopmark.systems.registry import Channels, Count, NonNegative, Positive, factory


def rnn(
    weights: LowRank,
    theta: ArrayLike = 0.0,
    activation: str = "tanh",
    inputs: ArrayLike | None = None,
) -> Relaxation:
    """Recurrent network ẋ = -x + W σ(x) + θ + B v; θ has shape (N,) or (), B (N, q).

    Its eigenfunctions are uᵀ(x - θ) at -1, one for every left null vector u of W.
    """
    given = None if inputs is None else finite(inputs, INPUT_WEIGHTS)
    return Relaxation(weights, Shift(theta), named_activation(activation), input_weights=given)


@checked
def leaky_rnn(
    weights: LowRank,
    alpha: float,
    theta: ArrayLike = 0.0,
    activation: str = "tanh",
    inputs: ArrayLike | None = None,
) -> RelaxationMap:
    """Leaky recurrent network in discrete time, x⁺ = (1-α) x + α (W σ(x) + θ + B v).

    Its eigenfunctions are uᵀ(x - θ) at μ = 1 - α, with the gain α uᵀB on an input.

    Parameters
    ----------
    weights : LowRank
        W.
    alpha : float
        α, the step over the time constant: positive. Above 1 the functions alternate in sign.
    theta : (N,) or () array
        θ.
    activation : str
        σ, a name in `koopmark.systems.ACTIVATIONS`.
    inputs : (N, q) array, optional
        B.

    Raises
    ------
    ValueError
        If α is not positive and finite.
    """
    return rnn(weights, theta, activation, inputs).as_map(alpha)


@checked
def from_weights(
    weights: ArrayLike | tuple[ArrayLike, ArrayLike] | LowRank,
    theta: ArrayLike = 0.0,
    activation: str = "tanh",
    tolerance: float = RANK_TOLERANCE,
    *,
    inputs: ArrayLike | None = None,
    alpha: float | None = None,
) -> Relaxation:
    """Recurrent network ẋ = -x + W σ(x) + θ + B v from any weights, whose rank is determined.

    With `alpha` it is the map x⁺ = (1-α) x + α (W σ(x) + θ + B v).

    Parameters
    ----------
    weights : (N, N) array, sparse matrix, tuple of two (N, k) arrays, or LowRank
        W; or the factors (L, R) of W = L Rᵀ.
    theta : (N,) or () array
        θ.
    activation : str
        σ, a name in `koopmark.systems.ACTIVATIONS`.
    tolerance : float
        Singular values up to this fraction of the largest are set to zero. The repr of the system
        says which were kept.
    inputs : (N, q) array, optional
        B, the weights of inputs v; without it the network is autonomous.
    alpha : float, optional
        α of the map, as for `leaky_rnn`.

    Raises
    ------
    ValueError
        If W is not square, real and finite, or is zero, or has full rank, so that there is no left
        null vector and no exact eigenfunction.
    """
    network = rnn(_factored(weights, tolerance), theta, activation, inputs)
    return network if alpha is None else network.as_map(alpha)


def _factored(given: Any, tolerance: float) -> LowRank:
    if isinstance(given, LowRank):
        return given
    if isinstance(given, tuple) and len(given) == 2 and all(np.ndim(one) == 2 for one in given):
        return LowRank.from_factors(*given, tol=tolerance)
    if hasattr(given, "toarray"):
        if max(given.shape) > MOST_UNITS:
            raise ValueError(
                f"sparse weights of {given.shape[0]:,} units are made dense to find their rank, "
                f"which is done up to {MOST_UNITS:,}: give factors (L, R) of W = L Rᵀ"
            )
        given = given.toarray()
    return LowRank.from_dense(given, tolerance)


def offsets(key: dict[str, Any], n: int, scale: float) -> NDArray[np.float64] | float:
    """Independent Gaussian offsets θ (n,) of this standard deviation; 0 if it is 0."""
    return scale * generator(key, "theta").standard_normal(n) if scale else 0.0


@factory("three_populations")
def three_populations() -> Relaxation:
    """Three neural populations with weights of rank 2, in which 3x₁ + x₂ + x₃ decays as e^{-t}.

    Source: Claveau, Thibeault, Allard and Desrosiers.
    """
    weights = LowRank.from_dense([[-1.0, 0.0, -2.0], [3.0, 1.0, 2.0], [0.0, -1.0, 4.0]])
    # Their rank is known: nothing was cut.
    return rnn(replace(weights, cut=None))


def _check_rnn(n: int, rank: int, singular_values: Sequence[float] | None) -> None:
    check_rank(n, rank)
    shape = np.shape(singular_values) if singular_values is not None else (rank,)
    if shape != (rank,):
        count = shape[0] if len(shape) == 1 else f"the shape {shape}, not {rank}"
        raise ValueError(f"singular_values has {count} numbers: rank {rank} needs {rank}")


@factory("random_rnn", _check_rnn)
def random_rnn(
    n: Count,
    rank: Count,
    gain: Positive = 1.5,
    seed: int = 0,
    *,
    activation: str = "tanh",
    theta_scale: NonNegative = 0.0,
    singular_values: Sequence[float] | None = None,
    inputs: Channels = 0,
) -> Relaxation:
    """A random recurrent network of `n` units with weights of rank `rank`.

    Parameters
    ----------
    n, rank : int
        Units and rank of the weights, 1 <= rank < n.
    gain : float
        Spectral norm of the weights (their largest singular value).
    seed : int
        The same arguments and seed give the same network.
    activation : str
        A name in `koopmark.systems.ACTIVATIONS`.
    theta_scale : float
        Standard deviation of the Gaussian offsets θ; 0 for none.
    singular_values : sequence of `rank` positive numbers, optional
        Relative singular values: they are scaled so that the largest is `gain`. By default the
        factors are Gaussian.
    inputs : int
        Number q of inputs, 0 or more; B has independent standard normal entries.

    Raises
    ------
    ValueError
        If rank, gain or the singular values are out of range.
    """
    key = {"ensemble": "random_rnn", "n": n, "rank": rank, "seed": seed}
    rng = generator(key, "weights")
    if singular_values is None:
        weights = gaussian_weights(n, rank, gain, rng)
    else:
        s = finite(singular_values, "singular_values")
        largest = np.max(s, initial=0.0)
        s = gain * s / largest if largest > 0 else s
        weights = weights_with_singular_values(n, s, rng)
    return rnn(weights, offsets(key, n, theta_scale), activation, input_weights(key, n, inputs))


def input_weights(key: dict[str, Any], n: int, inputs: int) -> NDArray[np.float64] | None:
    """Input weights B (n, inputs) with standard normal entries; None without inputs."""
    return generator(key, "inputs").standard_normal((n, inputs)) if inputs else None


@factory("random_relaxation", check_rank)
def random_relaxation(
    n: Count, rank: Count, zeta: ElementwiseMap | str, gain: Positive = 1.5, seed: int = 0
) -> Relaxation:
    """A random relaxation network with h = tanh and a given map ζ: φ = uᵀζ(x) at -1."""
    zeta = elementwise_map(zeta)
    rng = generator({"ensemble": zeta.name, "n": n, "rank": rank, "seed": seed}, "relaxation")
    return Relaxation(gaussian_weights(n, rank, gain, rng), zeta, named_activation("tanh"))


@factory("random_drift", check_rank)
def random_drift(
    n: Count,
    rank: Count,
    zeta: ElementwiseMap | str,
    gain: Positive = 1.5,
    seed: int = 0,
    chosen: Count = 2,
) -> Drift:
    """A random drift network with h = tanh and a given map ζ: φ = exp(uᵀζ(x)) at -uᵀc.

    Its targets come from `chosen` random unit null vectors, with signs so that every φ decays.
    """
    zeta = elementwise_map(zeta)
    rng = generator({"ensemble": zeta.name, "n": n, "rank": rank, "seed": seed}, "drift")
    weights = gaussian_weights(n, rank, gain, rng)
    rates = rng.uniform(0.5, 1.5, size=n)
    exponents = weights.null_space.sample(chosen, rng)
    signed = exponents * np.sign(rates @ exponents)
    return Drift(weights, zeta, named_activation("tanh"), rates, signed)


def lotka_volterra(weights: LowRank, rates: ArrayLike, exponents: ArrayLike) -> Drift:
    """Lotka-Volterra system ẋᵢ = xᵢ(-cᵢ + Σⱼ Wᵢⱼ xⱼ) on x > 0, with φ = Π xᵢ^{uᵢ} at -uᵀc.

    Parameters
    ----------
    weights : LowRank
        Interactions W.
    rates : (N,) array
        c: positive for a species that dies out without others, negative for one that grows.
    exponents : (N, m) array
        The chosen left null vectors u, as columns: the benchmark's targets.
    """
    return Drift(weights, LOG, named_activation("identity"), rates, exponents)  # type: ignore[arg-type]


def _check_groups(n: int, groups: int) -> None:
    if 2 * groups > n:
        allowed = f"between 1 and n / 2 = {n // 2}"
        raise ValueError(f"groups {groups} with n {n}: groups must be {allowed}")


@factory("random_lotka_volterra", _check_groups)
def random_lotka_volterra(
    n: Count, groups: Count, seed: int = 0, *, skew: NonNegative = 1.0
) -> Drift:
    """A random bounded Lotka-Volterra system of `n` species with `groups` monomial eigenfunctions.

    The species fall into `groups` groups; in each, the weights annihilate one vector u of the
    exponents 1 or 2, so that Π xᵢ^{uᵢ} over the group is an eigenfunction; their eigenvalues -uᵀc
    are evenly spaced from -0.4 to -1. With Π the projector onto the complement of these vectors,
    W = -Π G Π with G the identity plus a random skew part, so Σ xᵢ changes at the rate
    -c·x - |Πx|²; as u >= 0 and uᵀc > 0, it falls wherever x is large, and every trajectory stays
    bounded (proof: docs/explanation/theory/exact_eigenfunctions.md).

    Parameters
    ----------
    n, groups : int
        Species and groups, 1 <= groups <= n / 2; the weights have rank n - groups.
    seed : int
        The same arguments and seed give the same system.
    skew : float
        Size of the skew part of G: predator-prey exchange, which drives oscillations.

    Raises
    ------
    ValueError
        If the number of groups is out of range.
    """
    rng = generator(
        {"ensemble": "lotka_volterra", "n": n, "groups": groups, "seed": seed}, "system"
    )
    # Non-negative vectors with disjoint supports that cover all species.
    exponents = np.zeros((n, groups))
    exponents[np.arange(n), np.arange(n) % groups] = 1.0
    doubled = rng.integers(0, n // groups, size=groups) * groups + np.arange(groups)
    exponents[doubled[::2], np.arange(groups)[::2]] = 2.0
    basis = np.linalg.qr(exponents, mode="complete")[0][:, groups:]
    exchange = rng.standard_normal((n - groups, n - groups)) * skew / np.sqrt(n)
    symmetric_part_is_identity = np.eye(n - groups) + exchange - exchange.T
    weights = LowRank(-basis @ symmetric_part_is_identity, basis)
    # Rates of both signs with uᵀc evenly spaced from 0.4 to 1 over the columns u.
    rates = rng.uniform(-0.5, 0.5, size=n)
    missing = np.linspace(0.4, 1.0, groups) - exponents.T @ rates
    rates = rates + exponents @ (missing / np.sum(exponents**2, axis=0))
    return lotka_volterra(weights, rates, exponents)
