"""The law under inputs, through sensors and in steps, by computer algebra for undetermined h, ζ."""

import pytest
import sympy as sp

N = 3
T, MU = sp.symbols("t mu", positive=True)


def column(name, size=N, **assumptions):
    return sp.Matrix(sp.symbols(f"{name}:{size}", **assumptions))


def matrix(name, rows, columns):
    return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}_{i}{j}"))


def undetermined(rank=1, inputs=1):
    """y, W h(x), L and B v, with all entries undetermined and h a function of the whole state."""
    left, right = matrix("l", N, rank), matrix("r", N, rank)
    y = column("y")
    h = sp.Matrix([sp.Function(f"h_{j}")(*y) for j in range(N)])
    drive, v = matrix("b", N, inputs), column("v", inputs)
    return y, left * (right.T * h), left, drive, v


def test_null_functions_are_driven_by_the_inputs_alone():
    """uᵀ(-y + Wh + Bv) = -uᵀy + uᵀBv, and the same with μ for the leak of a map."""
    y, coupled, left, drive, v = undetermined()
    for u in left.T.nullspace():
        for leak in (-1, MU):
            moved = u.T * (leak * y + coupled + drive * v)
            assert sp.simplify(moved - (leak * u.T * y + u.T * drive * v)) == sp.zeros(1, 1)


def test_functions_out_of_reach_of_inputs_obey_their_law_whatever_these_do():
    y, coupled, left, drive, v = undetermined(rank=1)
    (u,) = sp.Matrix.hstack(left, drive).T.nullspace()
    assert sp.simplify((u.T * (-y + coupled + drive * v) + u.T * y)[0]) == 0


def test_the_gain_of_held_inputs_solves_the_law():
    z, b, v = sp.symbols("z b v")
    solution = sp.exp(-T) * z + (1 - sp.exp(-T)) * b * v
    assert sp.simplify(sp.diff(solution, T) + solution - b * v) == 0
    assert solution.subs(T, 0) == z


def test_the_gains_of_inputs_linear_between_samples_solve_the_law():
    z, b, first, last, step = sp.symbols("z b v_0 v_1 Delta", positive=True)
    mu = sp.exp(-step)
    late = (1 - (1 - mu) / step) * b
    claimed = mu * z + ((1 - mu) * b - late) * first + late * last
    held = first + (last - first) * T / step
    exact = mu * z + sp.integrate(sp.exp(T - step) * b * held, (T, 0, step))
    assert sp.simplify(claimed - exact) == 0


def test_a_complex_mode_of_linear_units_has_the_gain_of_its_eigenvalue():
    z, b, v, rate = sp.symbols("z b v lambda", nonzero=True)
    solution = sp.exp(rate * T) * z + (sp.exp(rate * T) - 1) / rate * b * v
    assert sp.simplify(sp.diff(solution, T) - rate * solution - b * v) == 0


def test_drift_functions_are_multiplied_by_an_exponential_of_the_inputs():
    z, c, b, v = sp.symbols("z c b v")
    solution = sp.exp(-c * T) * sp.exp(b * v * T) * sp.exp(z)
    assert sp.simplify(sp.diff(solution, T) - (-c + b * v) * solution) == 0
    assert sp.diff(solution, v, 2) != 0


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_products_with_inputs_are_closed_and_nothing_less_is(degree):
    """(μz + gv)^k has every zⁱv^{k-i}, at μ^k the product itself, and no other monomial."""
    z, g, v = sp.symbols("z g v")
    after = sp.Poly(sp.expand((MU * z + g * v) ** degree), z, v)
    assert set(after.monoms()) == {(i, degree - i) for i in range(degree + 1)}
    assert after.coeff_monomial(z**degree) == MU**degree


def test_what_sensors_show_is_driven_by_the_weights_through_their_product_alone():
    """d/dt vᵀC(x - θ) + vᵀC(x - θ) = (vᵀCL) Rᵀσ + vᵀCBv: zero of the weights if vᵀCL = 0."""
    sensors = 2
    y, _, left, drive, inputs = undetermined()
    right, seen = column("r"), matrix("c", sensors, N)
    h = sp.Matrix([sp.Function(f"h_{j}")(*y) for j in range(N)])
    velocity = -y + left * (right.T * h) + drive * inputs
    w = column("w", sensors)
    rest = w.T * seen * velocity + w.T * seen * y - w.T * seen * drive * inputs
    assert sp.simplify(rest - (w.T * seen * left) * (right.T * h)) == sp.zeros(1, 1)
    null = (seen * left).T.nullspace()
    assert len(null) == sensors - 1
    for v in null:
        assert sp.simplify((rest.subs(dict(zip(w, v, strict=True))))[0]) == 0


def test_a_map_over_several_steps_has_the_sum_of_its_gains():
    z, g, v = sp.symbols("z g v")
    after = z
    for steps in range(1, 5):
        after = MU * after + g * v
        closed = MU**steps * z + (1 - MU**steps) / (1 - MU) * g * v
        assert sp.simplify(after - closed) == 0


def test_a_map_rests_with_its_flow_and_has_the_multipliers_of_its_rates():
    """y⁺ - y = (1 - μ) F for the flow F of weights W / (1 - μ): 1 + (1 - μ) λ of its Jacobian."""
    y, coupled, *_ = undetermined()
    flow = -y + coupled / (1 - MU)
    step = MU * y + coupled
    assert sp.simplify(step - y - (1 - MU) * flow) == sp.zeros(N, 1)
    jacobian = sp.eye(N) + (1 - MU) * flow.jacobian(y)
    assert sp.simplify(step.jacobian(y) - jacobian) == sp.zeros(N, N)
