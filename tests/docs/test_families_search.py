"""The search finds known families and returns none for impossible forms."""

import pytest
import sympy as sp
from families_search import conditions, families

X = sp.symbols("x y", real=True)
A = sp.symbols("a:6")
LAMBDA = sp.Symbol("lambda")


def undetermined(name):
    return sp.Function(name)(*X)


def test_the_relaxation_family_comes_out_with_its_null_vectors():
    u, w = sp.symbols("u:2"), sp.symbols("w:2")
    zeta = [sp.Function(f"zeta_{i}")(x) for i, x in enumerate(X)]
    h = undetermined("h")
    field = [(-z + wi * h) / sp.diff(z, x) for z, wi, x in zip(zeta, w, X, strict=True)]
    phi = u[0] * zeta[0] + u[1] * zeta[1]
    found = conditions([phi], field, X, LAMBDA)
    expected = {sp.factor(u[i] * (LAMBDA + 1)) for i in range(2)} | {u[0] * w[0] + u[1] * w[1]}
    assert {sp.factor(e) for e in found} | {sp.factor(-e) for e in found} >= expected
    assert len(found) == 3


def test_the_drift_family_comes_out_with_its_rate():
    u, w, c = sp.symbols("u:2"), sp.symbols("w:2"), sp.symbols("c:2")
    h = undetermined("h")
    field = [-ci + wi * h for ci, wi in zip(c, w, strict=True)]
    phi = sp.exp(u[0] * X[0] + u[1] * X[1])
    (solution,) = families([phi], field, X, LAMBDA, [LAMBDA, w[0]])
    assert sp.simplify(solution[LAMBDA] + u[0] * c[0] + u[1] * c[1]) == 0
    assert sp.simplify(u[0] * solution[w[0]] + u[1] * w[1]) == 0


def test_the_slow_manifold_is_found_among_quadratic_fields():
    """φ = y - b x² at λ in ẋ = μx, ẏ a quadratic polynomial: one field is left."""
    x, y = X
    mu, b = sp.symbols("mu b")
    quadratic = sum(a * m for a, m in zip(A, [1, x, y, x**2, x * y, y**2], strict=True))
    (solution,) = families([y - b * x**2], [mu * x, quadratic], X, LAMBDA, A)
    rest = {A[0]: 0, A[1]: 0, A[2]: LAMBDA, A[4]: 0, A[5]: 0}
    assert solution == {**rest, A[3]: sp.expand(b * (2 * mu - LAMBDA))}


def test_an_oscillating_pair_takes_a_matrix():
    x, y = X
    rate, frequency = sp.symbols("r f")
    field = [A[0] * x + A[1] * y, A[2] * x + A[3] * y]
    (solution,) = families([x, y], field, X, [[rate, -frequency], [frequency, rate]], A[:4])
    assert solution == {A[0]: rate, A[1]: -frequency, A[2]: frequency, A[3]: rate}


def test_a_form_that_no_field_of_the_ansatz_admits_has_no_family():
    """e^{-x²-y²} has a maximum, so no polynomial field lets it decay."""
    x, y = X
    field = [A[0] + A[1] * x + A[2] * y, A[3] + A[4] * x + A[5] * y]
    phi = sp.exp(-(x**2) - y**2)
    assert families([phi], field, X, LAMBDA, [*A, LAMBDA]) == [
        {LAMBDA: 0, A[0]: 0, A[1]: 0, A[2]: -A[4], A[3]: 0, A[5]: 0}
    ]
    assert families([phi], field, X, -1, A) == []


def test_an_identity_has_no_conditions():
    x, y = X
    assert conditions([x], [-x, undetermined("h")], X, -1) == []
    assert families([x], [-x, undetermined("h")], X, -1, A) == [{}]
    assert conditions([x], [-x, y], X, -2) == [1]


def test_numbers_that_do_not_fit_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="2 functions, 1 components of the field, 2 states"):
        conditions(X, X[:1], X, [[1, 0], [0, 1]])


A0, A1 = A[:2]


@pytest.mark.parametrize(
    ("phi", "field"),
    [(sp.exp(-(X[0] ** 2)), (A0, A1)), (X[0] ** 2 + 1, (A0 * X[0], A1)), (sp.cos(X[0]), (A0, A1))],
)
def test_a_condition_without_unknowns_is_not_forgotten(phi, field):
    """The gradient vanishes somewhere and the function does not: only λ = 0, and λ is given."""
    assert families([phi], field, X, LAMBDA, [A0, A1]) == []
    (solution,) = families([phi], field, X, LAMBDA, [A0, LAMBDA])
    assert solution == {A0: 0, LAMBDA: 0}


@pytest.mark.parametrize(
    ("phi", "velocity", "a"),
    [
        (sp.sinh(X[0]), A0 * sp.tanh(X[0]), LAMBDA),
        (sp.sin(X[0]), A0 * sp.tan(X[0]), LAMBDA),
        (sp.sin(2 * X[0]), A0 * sp.sin(X[0]) * sp.cos(X[0]) / sp.cos(2 * X[0]), LAMBDA),
        (2 ** X[0], A0, LAMBDA / sp.log(2)),
        (sp.sqrt(X[0]), A0 * X[0], 2 * LAMBDA),
        (sp.sqrt(X[0] ** 2 + 1), A0 * (X[0] + 1 / X[0]), LAMBDA),
        (
            sp.exp(2 * X[0]) - sp.exp(-X[0]),
            A0 * (sp.exp(3 * X[0]) - 1) / (2 * sp.exp(3 * X[0]) + 1),
            LAMBDA,
        ),
    ],
)
def test_functions_that_are_not_independent_are_known_to_be_related(phi, velocity, a):
    (solution,) = families([phi], [velocity, undetermined("h")], X, LAMBDA, [A0])
    assert sp.simplify(solution[A0] - a) == 0
    moved = solution[A0] * velocity.subs(A0, 1) * sp.diff(phi, X[0])
    assert abs(sp.N((moved - LAMBDA * phi).subs({X[0]: 0.3, LAMBDA: 0.7}))) < 1e-12


def test_lotka_volterra_comes_out_with_its_powers():
    """φ = x^u y^v at -uᵀc where Wᵀu = 0, for any power."""
    x, y = sp.symbols("x y", positive=True)
    u, v, c, d, w, z = sp.symbols("u v c d w z")
    h = sp.Function("h")(x, y)
    field = [x * (-c + w * h), y * (-d + z * h)]
    assert len(conditions([x**u * y**v], field, [x, y], LAMBDA)) == 2
    (solution,) = families([x**u * y**v], field, [x, y], LAMBDA, [LAMBDA, w])
    assert sp.simplify(solution[LAMBDA] + u * c + v * d) == 0
    assert sp.simplify(u * solution[w] + v * z) == 0
