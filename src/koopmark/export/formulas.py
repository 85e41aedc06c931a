"""What it takes to evaluate the exported functions at other states: vectors, weights, a formula."""

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from koopmark.export.array import Array
from koopmark.systems import Conjugate, Drift, LinearUnits, Network, Prescribed, System
from koopmark.systems.elementwise import Shift
from koopmark.systems.prescribed.features import Features, HiddenLayer, InnerMonomials
from koopmark.systems.prescribed.functions import PrescribedFunctions
from koopmark.truth import (
    Eigenspace,
    ExponentialEigenspace,
    LatticeEigenspace,
    ProductEigenspace,
    SampledProducts,
)

ZETA = {"log": "ln x", "sinh": "sinh x", "cubic": "x + x³"}
"""ζ by the name of its map."""


def formula(system: System, spaces: Sequence[Eigenspace]) -> str:
    """How the exported functions come from the exported arrays; empty where it is not said."""
    if not all(_has_formula(system, space) for space in spaces):
        return ""
    if isinstance(system, Drift):
        return (
            "Function j of target K is φ(x) = exp(uᵀζ(x)) with u column j of `vectors_K_1`, at "
            f"λ = -uᵀc with c = `rates`; {_zeta(system)}."
        )
    if isinstance(system, LinearUnits):
        return f"{_PRODUCTS} Here z = ζ(x); {_zeta(system)}."
    if isinstance(system, Network):
        return (
            "Function j of target K is the product over f of uᵀζ(x), with u column j of "
            f"`vectors_K_f`; {_zeta(system)}."
        )
    if isinstance(system, Prescribed):
        inner = _inner(system.functions.features, "phi")
        return (
            f"{_PRODUCTS} Here z = Bx + c + C f(x), with B = `phi_linear`, c = `phi_offset`, "
            f"C = `phi_weights`; {inner}."
        )
    assert isinstance(system, Conjugate)
    layer = system.layers[0]
    stretched = "x₂" if layer.scale is None else "x₂ exp(S f(x₁))"
    scale = "" if layer.scale is None else ", S = `layer1_scale`"
    return (
        f"{_PRODUCTS} Here z is x after {len(system.layers)} layers in turn. The first leaves the "
        "coordinates x₁ that `layer1_kept` numbers and makes the others, x₂, those of "
        f"`layer1_moved`, into {stretched} + T f(x₁), with T = `layer1_shift`{scale}; "
        f"{_inner(layer.features, 'layer1')}. The next have arrays of their own numbers."
    )


_PRODUCTS = (
    "Function j of target K is the product of vᵀz over the columns v of `modes` that row j of "
    "`products_K` numbers (from 1; 0 stands for none); "
    "where they are complex, `modes` is `modes_re` + i `modes_im`."
)


def parameters(system: System, spaces: Sequence[Eigenspace]) -> Iterator[Array]:
    """The arrays that `formula` names."""
    if not formula(system, spaces):
        return
    if isinstance(system, Network) and isinstance(system.zeta, Shift):
        theta = np.broadcast_to(system.zeta.theta, system.size)
        yield Array("theta", theta.copy(), "θ, shape (N,)")
    if isinstance(system, Drift):
        yield Array("rates", system.rates, "c, shape (N,)")
    if isinstance(system, Prescribed):
        yield from _prescribed(system.functions)
    if isinstance(system, Conjugate):
        yield from _layers(system)
    if isinstance(system, Network) and not isinstance(system, LinearUnits):
        for target, space in enumerate(spaces, start=1):
            for factor, vectors in enumerate(_factors(space), start=1):
                meaning = f"u of factor {factor} of the functions of target {target}"
                shape = f"shape (N, {space.dimension})"
                yield Array(f"vectors_{target}_{factor}", vectors, f"{meaning}, {shape}")
    else:
        yield from _lattice([space for space in spaces if isinstance(space, LatticeEigenspace)])


def _has_formula(system: System, space: Eigenspace) -> bool:
    if isinstance(space, LatticeEigenspace):
        # Those of a fixed point, by path integrals, have none.
        if not isinstance(system, LinearUnits | Prescribed | Conjugate):
            return False
        return space.principal is system.principal
    if not isinstance(system, Network):
        return False
    if not isinstance(system.zeta, Shift) and system.zeta.name not in ZETA:
        return False
    return isinstance(space, ProductEigenspace | SampledProducts | ExponentialEigenspace)


def _factors(space: Eigenspace) -> Sequence[NDArray]:
    """(N, m) for each factor of the m functions."""
    if isinstance(space, SampledProducts):
        return list(space.factors)
    if isinstance(space, ExponentialEigenspace):
        return [space.exponents]
    assert isinstance(space, ProductEigenspace)
    basis = space.null_space.basis
    products = combinations_with_replacement(range(basis.shape[1]), space.degree)
    return [basis[:, list(columns)] for columns in zip(*products, strict=True)]


def _lattice(spaces: Sequence[LatticeEigenspace]) -> Iterator[Array]:
    if not spaces:
        return
    vectors = spaces[0].principal.vectors
    shape = f"the v of all principal functions as columns, shape {vectors.shape}"
    if np.iscomplexobj(vectors):
        yield Array("modes_re", vectors.real, f"real parts of `modes`: {shape}")
        yield Array("modes_im", vectors.imag, f"imaginary parts of `modes`: {shape}")
    else:
        yield Array("modes", vectors, shape)
    for target, space in enumerate(spaces, start=1):
        yield Array(
            f"products_{target}",
            space.factors.astype(float) + 1.0,
            f"which columns of `modes` make each function of target {target}, from 1, 0 for none",
        )


def _prescribed(functions: PrescribedFunctions) -> Iterator[Array]:
    yield Array("phi_linear", functions.linear, "B, shape (p, N)")
    offset = np.broadcast_to(functions.offset, functions.count)
    yield Array("phi_offset", offset.copy(), "c, shape (p,)")
    yield Array("phi_weights", functions.weights, "C, shape (p, m)")
    yield from _features(functions.features, "phi")


def _layers(system: Conjugate) -> Iterator[Array]:
    for number, layer in enumerate(system.layers, start=1):
        name = f"layer{number}"
        for part in ("kept", "moved"):
            places = getattr(layer, part).astype(float) + 1.0
            yield Array(f"{name}_{part}", places, f"coordinates {part}, counted from 1")
        yield Array(f"{name}_shift", layer.shift, "T, shape (moved, m)")
        if layer.scale is not None:
            yield Array(f"{name}_scale", layer.scale, "S, shape (moved, m)")
        yield from _features(layer.features, name)


def _features(features: Features, name: str) -> Iterator[Array]:
    yield Array(
        f"{name}_directions", features.directions, "D, a row for each linear form of the state"
    )
    if isinstance(features, HiddenLayer):
        yield Array(f"{name}_shifts", features.offsets, "b, shape (m,)")
    if isinstance(features, InnerMonomials):
        powers = features.exponents.astype(float)
        yield Array(f"{name}_exponents", powers, "powers of the entries of Dx in each entry of f")


def _inner(features: Features, name: str) -> str:
    """What f is, from arrays of this name."""
    directions = f"D = `{name}_directions`"
    if isinstance(features, InnerMonomials):
        return (
            f"f_i the product of the entries of Dx to the powers in row i of `{name}_exponents`, "
            f"{directions}"
        )
    return f"f = {features.formula}, {directions}, b = `{name}_shifts`"


def _zeta(system: Network) -> str:
    if isinstance(system.zeta, Shift):
        return "ζ(x) = x - θ with θ = `theta`"
    return f"ζ(x) = {ZETA[system.zeta.name]}, unit by unit"
