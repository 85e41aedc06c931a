"""Both families, proved by computer algebra for functions and weights left undetermined."""

import pytest
import sympy as sp

SIZE = 3


def undetermined_weights(rank):
    """W = L Rᵀ with symbols for entries, and a basis of its left null space."""
    left = sp.Matrix(SIZE, rank, lambda i, j: sp.Symbol(f"l_{i}{j}"))
    right = sp.Matrix(SIZE, rank, lambda i, j: sp.Symbol(f"r_{i}{j}"))
    return left * right.T, left.T.nullspace()


def undetermined_field(kind, weights):
    """States, y = ζ(x), rates, and F with ζᵢ and hⱼ undetermined; hⱼ sees the whole state."""
    x = sp.symbols(f"x:{SIZE}", real=True)
    zeta = [sp.Function(f"zeta_{i}")(x[i]) for i in range(SIZE)]
    h = sp.Matrix([sp.Function(f"h_{j}")(*x) for j in range(SIZE)])
    rates = sp.symbols(f"c:{SIZE}")
    coupled = weights * h
    linear = [-z for z in zeta] if kind == "relaxation" else [-c for c in rates]
    field = [(linear[i] + coupled[i]) / sp.diff(zeta[i], x[i]) for i in range(SIZE)]
    return x, zeta, rates, field


def generator_applied(phi, x, field):
    return sum(f * sp.diff(phi, xi) for f, xi in zip(field, x, strict=True))


def inner(u, values):
    return sum(ui * value for ui, value in zip(u, values, strict=True))


@pytest.mark.parametrize("rank", [1, 2])
def test_relaxation_family_has_eigenvalue_minus_one_for_every_null_vector(rank):
    weights, null_space = undetermined_weights(rank)
    x, zeta, _, field = undetermined_field("relaxation", weights)
    assert len(null_space) == SIZE - rank
    for u in null_space:
        phi = inner(u, zeta)
        assert sp.simplify(generator_applied(phi, x, field) + phi) == 0


@pytest.mark.parametrize("rank", [1, 2])
def test_drift_family_has_eigenvalue_minus_u_c_for_every_null_vector(rank):
    weights, null_space = undetermined_weights(rank)
    x, zeta, rates, field = undetermined_field("drift", weights)
    for u in null_space:
        phi = sp.exp(inner(u, zeta))
        assert sp.simplify(generator_applied(phi, x, field) / phi + inner(u, rates)) == 0


def test_every_homogeneous_function_of_null_coordinates_is_an_eigenfunction():
    """φ = vᵏ G(u/v), G undetermined: all that is homogeneous of degree k, where v > 0."""
    weights, (u, v) = undetermined_weights(1)
    x, zeta, _, field = undetermined_field("relaxation", weights)
    k = sp.Symbol("k")
    phi = inner(v, zeta) ** k * sp.Function("G")(inner(u, zeta) / inner(v, zeta))
    assert sp.simplify((generator_applied(phi, x, field) + k * phi).doit() / phi) == 0


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_derivatives_of_the_order_of_the_degree_are_constant_along_rays(degree):
    """So where they are continuous at z = 0 they are constants, and the function a polynomial."""
    first, second = sp.symbols("z_1 z_2", positive=True)
    phi = second**degree * sp.Function("G")(first / second)
    for order in range(degree + 1):
        derivative = sp.diff(phi, first, order, second, degree - order)
        along = first * sp.diff(derivative, first) + second * sp.diff(derivative, second)
        assert sp.simplify(along.doit()) == 0


def test_products_add_eigenvalues_and_ratios_are_conserved():
    weights, (u, v) = undetermined_weights(1)
    x, zeta, _, field = undetermined_field("relaxation", weights)
    phi, psi = inner(u, zeta), inner(v, zeta)
    product = generator_applied(phi**2 * psi, x, field) + 3 * phi**2 * psi
    assert sp.simplify(product) == 0
    assert sp.simplify(generator_applied(phi / psi, x, field)) == 0


def test_drift_sums_form_a_jordan_block_at_zero():
    weights, (u, _) = undetermined_weights(1)
    x, zeta, rates, field = undetermined_field("drift", weights)
    assert sp.simplify(generator_applied(inner(u, zeta), x, field) + inner(u, rates)) == 0


def test_a_vector_that_the_weights_do_not_annihilate_gives_no_eigenfunction():
    weights, _ = undetermined_weights(2)
    x, zeta, _, field = undetermined_field("relaxation", weights)
    phi = zeta[0]
    assert sp.simplify(generator_applied(phi, x, field) + phi) != 0
