"""The theorems of docs/explanation/families/, by computer algebra, functions undetermined."""

import pytest
import sympy as sp
from families_search import conditions, families

S, T = sp.symbols("s t", positive=True)
RATES = sp.symbols("lambda_u lambda_v lambda_w")


def ratio(profile):
    """H = G/G'."""
    return sp.simplify(profile / sp.diff(profile, S))


def profile_equation(profile):
    """λ(u+v)H(s+t) - λ(u)H(s) - λ(v)H(t): zero for all s, t if every G(uᵀζ) is admitted."""
    u, v, w = RATES
    h = ratio(profile)
    return w * h.subs(S, S + T) - u * h - v * h.subs(S, T)


def rates_left(profile):
    """How many independent triples of rates solve the equation at twelve points."""
    h = ratio(profile)
    points = [(sp.Rational(a, 7), sp.Rational(b, 5)) for a in range(1, 5) for b in range(1, 4)]
    rows = [[h.subs(S, at).n(40) for at in (s, t, s + t)] for s, t in points]
    return 3 - sp.Matrix(rows).rank(iszerofunc=lambda value: abs(value) < 1e-30)


@pytest.mark.parametrize("profile", [sp.exp(S), 3 * sp.exp(-2 * S), S, S**2, sp.sqrt(S), 1 / S])
def test_exponentials_and_powers_can_be_eigenfunctions_for_every_null_vector(profile):
    assert rates_left(profile) >= 1


@pytest.mark.parametrize(
    "profile", [sp.sinh(S), sp.tanh(S), sp.log(S + 2), S + S**2, sp.exp(S) + 1, (S + 1) ** 2]
)
def test_no_other_profile_can_be_an_eigenfunction_for_two_null_vectors_and_their_sum(profile):
    assert rates_left(profile) == 0


def test_an_exponential_adds_its_rates_and_a_power_shares_one():
    u, v, w = RATES
    assert sp.simplify(profile_equation(sp.exp(S)) - (w - u - v)) == 0
    shared = profile_equation(S**3).subs({u: w, v: w})
    assert sp.simplify(shared) == 0


def test_profiles_with_an_affine_ratio_are_exponentials_and_powers():
    """G = (a + bs) G' has these solutions alone."""
    a, b = sp.symbols("a b", nonzero=True)
    profile = sp.Function("G")
    flat = sp.dsolve(profile(S) - a * profile(S).diff(S), profile(S)).rhs
    assert sp.simplify(flat.diff(S) / flat - 1 / a) == 0
    tilted = sp.dsolve(profile(S) - b * S * profile(S).diff(S), profile(S)).rhs
    assert sp.simplify(tilted.diff(S) * S * b / tilted - 1) == 0


def undetermined_linear_field(size):
    """ẏ = Ay + W h(x) with every entry of A and W a symbol and h undetermined, ζ too."""
    x = sp.symbols(f"x:{size}", real=True)
    zeta = [sp.Function(f"zeta_{i}")(x[i]) for i in range(size)]
    h = sp.Matrix([sp.Function(f"h_{j}")(*x) for j in range(size)])
    a = sp.Matrix(size, size, lambda i, j: sp.Symbol(f"a_{i}{j}"))
    w = sp.Matrix(size, size, lambda i, j: sp.Symbol(f"w_{i}{j}"))
    speed = a * sp.Matrix(zeta) + w * h
    return x, zeta, a, w, [speed[i] / sp.diff(zeta[i], x[i]) for i in range(size)]


def test_a_linear_part_admits_its_left_eigenvectors_in_the_null_space_and_nothing_else():
    """The conditions are Aᵀu = λu and Wᵀu = 0, entry by entry: both directions of the theorem."""
    size = 3
    x, zeta, a, w, field = undetermined_linear_field(size)
    u = sp.Matrix(sp.symbols(f"u:{size}"))
    rate = sp.Symbol("lambda")
    phi = sum(ui * z for ui, z in zip(u, zeta, strict=True))
    found = {sp.expand(c) for c in conditions([phi], field, x, rate)}
    expected = {sp.expand(c) for c in [*(a.T * u - rate * u), *(w.T * u)]}
    assert found == expected


def test_units_with_two_variables_have_both_modes_for_every_null_vector():
    """Two units with M undetermined: φ = Σ uᵢ vᵀyᵢ, u ⊥ l, vᵀM = λvᵀ."""
    q, p = sp.symbols("q:2", real=True), sp.symbols("p:2", real=True)
    m = sp.Matrix(2, 2, lambda i, j: sp.Symbol(f"m_{i}{j}"))
    entry, left = sp.symbols("b:2"), sp.symbols("l:2")
    h = sp.Function("h")(*q, *p)
    field = [
        *(m[0, 0] * q[i] + m[0, 1] * p[i] + entry[0] * left[i] * h for i in range(2)),
        *(m[1, 0] * q[i] + m[1, 1] * p[i] + entry[1] * left[i] * h for i in range(2)),
    ]
    rate = sp.Symbol("lambda")
    u, v = (left[1], -left[0]), (rate - m[1, 1], m[0, 1])
    phi = sum(u[i] * (v[0] * q[i] + v[1] * p[i]) for i in range(2))
    characteristic = sp.expand(m.charpoly(rate).as_expr())
    for condition in conditions([phi], field, [*q, *p], rate):
        assert sp.rem(sp.expand(condition), characteristic, rate) == 0


def test_inertial_units_have_the_roots_of_the_damped_oscillator():
    q, p = sp.symbols("q:2", real=True), sp.symbols("p:2", real=True)
    damping, square, mu, rate = sp.symbols("gamma omega2 mu lambda")
    h = sp.Function("h")(*q, *p)
    left = sp.symbols("l:2")
    field = [*p, *(-damping * p[i] - square * q[i] + left[i] * h for i in range(2))]
    phi = sum(u * (p[i] + mu * q[i]) for i, u in enumerate((left[1], -left[0])))
    found = families([phi], field, [*q, *p], rate, [rate, mu])
    assert len(found) == 2
    for solution in found:
        value = solution[rate]
        assert sp.simplify(value**2 + damping * value + square) == 0
        assert sp.simplify(solution[mu] - value - damping) == 0


def test_a_prescribed_field_is_exact_whatever_the_function_and_the_free_field():
    """F = g + Z (λφ - ∇φ·g) / (∇φ·Z), φ and g undetermined."""
    x = sp.symbols("x y", real=True)
    phi = sp.Function("phi")(*x)
    free = [sp.Function(f"g_{i}")(*x) for i in range(2)]
    along = sp.symbols("z:2")
    rate = sp.Symbol("lambda")
    gradient = [sp.diff(phi, xi) for xi in x]

    def applied(vector):
        return sum(g * value for g, value in zip(gradient, vector, strict=True))

    step = (rate * phi - applied(free)) / applied(along)
    field = [g + z * step for g, z in zip(free, along, strict=True)]
    assert sp.simplify(applied(field) - rate * phi) == 0


def test_at_a_critical_point_no_field_moves_a_function_that_does_not_vanish():
    """∇φ = 0 leaves F·∇φ = 0, whatever F: λφ must vanish too."""
    x = sp.symbols("x y", real=True)
    field = [sp.Function(f"f_{i}")(*x) for i in range(2)]
    phi = 1 + x[0] ** 2 + x[1] ** 2
    moved = sum(f * sp.diff(phi, xi) for f, xi in zip(field, x, strict=True))
    origin = dict.fromkeys(x, 0)
    assert moved.subs(origin) == 0
    assert phi.subs(origin) != 0


def test_a_conjugacy_carries_every_eigenfunction_over():
    """ẋ = DΨ⁻¹ Λ Ψ for a coupling layer with undetermined functions: ẏ = Λy."""
    x = sp.symbols("x y", real=True)
    shift, scale = sp.Function("t")(x[0]), sp.Function("s")(x[0])
    straight = sp.Matrix([x[0], x[1] * sp.exp(scale) + shift])
    rates = sp.Matrix(2, 2, lambda i, j: sp.Symbol(f"a_{i}{j}"))
    jacobian = straight.jacobian(x)
    field = jacobian.inv() * rates * straight
    assert sp.simplify(jacobian * field - rates * straight) == sp.zeros(2, 1)
