"""Lotka-Volterra systems ẋᵢ = xᵢ(-cᵢ + Σⱼ Wᵢⱼ xⱼ): the drift family with ζ = log."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import checked
from koopmark._keys import generator
from koopmark.systems._activation import activation
from koopmark.systems._elementwise import LOG
from koopmark.systems.low_rank._network import Drift
from koopmark.systems.low_rank._weights import LowRank


def lotka_volterra(weights: LowRank, rates: ArrayLike, exponents: ArrayLike) -> Drift:
    """ẋᵢ = xᵢ(-cᵢ + Σⱼ Wᵢⱼ xⱼ) on x > 0, with eigenfunctions Π xᵢ^{uᵢ} at -uᵀc.

    Parameters
    ----------
    weights : LowRank
        Interactions W.
    rates : (N,) array
        c: positive for a species that dies out alone, negative for one that grows.
    exponents : (N, m) array
        The chosen left null vectors u, as columns: the benchmark's targets.
    """
    return Drift(weights, LOG, activation("identity"), rates, exponents)  # type: ignore[arg-type]


@checked
def random_lotka_volterra(n: int, groups: int, seed: int = 0, *, skew: float = 1.0) -> Drift:
    """A random bounded Lotka-Volterra system of `n` species with `groups` monomial eigenfunctions.

    The species fall into `groups` groups; in each, the weights annihilate one vector u of the
    exponents 1 or 2, so that Π xᵢ^{uᵢ} over the group is an eigenfunction; their eigenvalues -uᵀc
    are evenly spaced from -0.4 to -1. With Π the projector
    onto the complement of these vectors, W = -Π G Π with G the identity plus a random skew part,
    so Σ xᵢ changes at the rate -c·x - |Πx|²; as u >= 0 and uᵀc > 0, it falls wherever x is
    large, and every trajectory stays bounded (proof: docs/theory.md).

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
        Where the number of groups is out of range.
    """
    if not 1 <= groups <= n // 2:
        raise ValueError(f"groups {groups} with n {n}: it must be between 1 and n / 2 = {n // 2}")
    rng = generator(
        {"ensemble": "lotka_volterra", "n": n, "groups": groups, "seed": seed}, "system"
    )
    exponents = _group_exponents(n, groups, rng)
    basis = np.linalg.qr(exponents, mode="complete")[0][:, groups:]
    exchange = rng.standard_normal((n - groups, n - groups)) * skew / np.sqrt(n)
    symmetric_part_is_identity = np.eye(n - groups) + exchange - exchange.T
    weights = LowRank(-basis @ symmetric_part_is_identity, basis)
    return lotka_volterra(weights, _rates(exponents, rng), exponents)


def _group_exponents(n: int, groups: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Non-negative integer vectors with disjoint supports that cover all species, (n, groups)."""
    exponents = np.zeros((n, groups))
    exponents[np.arange(n), np.arange(n) % groups] = 1.0
    doubled = rng.integers(0, n // groups, size=groups) * groups + np.arange(groups)
    exponents[doubled[::2], np.arange(groups)[::2]] = 2.0
    return exponents


def _rates(exponents: NDArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """Rates of both signs with uᵀc evenly spaced from 0.4 to 1 over the columns u."""
    n, groups = exponents.shape
    rates = rng.uniform(-0.5, 0.5, size=n)
    decay = np.linspace(0.4, 1.0, groups)
    return rates + exponents @ ((decay - exponents.T @ rates) / np.sum(exponents**2, axis=0))
