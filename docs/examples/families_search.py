"""Find the fields of a parametric form that have given eigenfunctions, by computer algebra.

`conditions` turns F·∇φ = λφ into equations for the coefficients of F and φ, and `families` solves
them (docs/explanation/families/search.md). It needs SymPy, and nothing of koopmark.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sympy as sp
from sympy.functions.elementary.hyperbolic import HyperbolicFunction
from sympy.functions.elementary.trigonometric import TrigonometricFunction


def conditions(
    functions: Sequence[sp.Expr],
    field: Sequence[sp.Expr],
    states: Sequence[sp.Symbol],
    matrix: Any,
) -> list[sp.Expr]:
    """Return the expressions that must vanish for F·∇φ = Λφ to hold at every state.

    Parameters
    ----------
    functions : p expressions
        φ, in the states and any coefficients.
    field : N expressions
        F. An undetermined function such as `sympy.Function("h")(x)` means any function.
    states : N symbols
        x.
    matrix : (p, p) matrix, or an expression if p is 1
        Λ.

    Returns
    -------
    list of expressions
        In the coefficients only; empty if the relation is an identity. They are sufficient. They
        are also necessary if the functions of the states that occur are independent.
        Undetermined functions, exponentials and powers are; log x and log 2x, for example, are
        not. Hyperbolic and trigonometric functions are written as exponentials first.

    Raises
    ------
    ValueError
        If the numbers of functions, fields and states disagree, or the relation is not a
        polynomial in the states, their powers and functions of them.
    """
    rates = sp.Matrix([[matrix]]) if len(functions) == 1 else sp.Matrix(matrix)
    if len(field) != len(states) or rates.shape != (len(functions), len(functions)):
        raise ValueError(
            f"{len(functions)} functions, {len(field)} components of the field, {len(states)} "
            f"states and a matrix of shape {rates.shape} do not fit together"
        )
    found: list[sp.Expr] = []
    for index, phi in enumerate(functions):
        moved = sum(f * sp.diff(phi, x) for f, x in zip(field, states, strict=True))
        wanted = sum(rates[index, j] * other for j, other in enumerate(functions))
        difference = _in_exponentials(sp.sympify(moved - wanted), states)
        found += _coefficients(sp.expand(difference), states)
    return list(dict.fromkeys(found))


def families(
    functions: Sequence[sp.Expr],
    field: Sequence[sp.Expr],
    states: Sequence[sp.Symbol],
    matrix: Any,
    unknowns: Iterable[sp.Symbol],
) -> list[dict[sp.Symbol, sp.Expr]]:
    """Return the values of the unknown coefficients for which F·∇φ = Λφ holds at every state.

    The parameters are those of `conditions`; `unknowns` are the coefficients to solve for. Each
    solution is a family: coefficients that it does not name are free. The list is empty if there
    is no solution, for example if a condition contains none of the unknowns. Symbols that are not
    unknowns may have any value.
    """
    equations = conditions(functions, field, states, matrix)
    solved = sp.solve(equations, list(unknowns), dict=True) if equations else [{}]
    # SymPy ignores equations without unknowns, which no values of the unknowns can satisfy.
    return [
        solution
        for solution in solved
        if all(sp.simplify(equation.subs(solution)) == 0 for equation in equations)
    ]


def _coefficients(expression: sp.Expr, states: Sequence[sp.Symbol]) -> list[sp.Expr]:
    """Return the coefficients of the numerator, a polynomial in states and functions of them."""
    stands_for, powers = _stand_ins(expression, states)
    numerator = sp.numer(sp.together(expression.xreplace(stands_for)))
    functions = [part for part in stands_for.values() if part.is_Symbol]
    symbols = dict.fromkeys([*states, *functions, *powers])
    try:
        for root, (base, order) in powers.items():
            # The square of √x is x, not another symbol.
            if order > 1 and base.is_polynomial():
                numerator = sp.rem(numerator, root**order - base, root)
        polynomial = sp.Poly(sp.expand(numerator), *symbols)
    except sp.PolynomialError:
        raise ValueError(
            f"{expression} is no polynomial in the states, powers and functions of them"
        ) from None
    factored = (sp.factor(coefficient) for coefficient in polynomial.coeffs())
    return [coefficient for coefficient in factored if coefficient != 0]


def _stand_ins(expression: sp.Expr, states: Sequence[sp.Symbol]) -> tuple[Any, Any]:
    """Return a symbol, or a power of one, for each function of the states, and what roots are.

    e^{2x} and e^{-x} become powers of one symbol, and so do x^u and x^{2u}.
    """
    stands_for: dict[Any, Any] = {}
    alike: dict[Any, list[tuple[Any, Any]]] = {}
    for part in _outermost(expression, states):
        base, exponent = part.as_base_exp()
        if exponent == 1:
            stands_for[part] = sp.Dummy()
            continue
        multiple, rest = exponent.as_coeff_Mul(rational=True)
        alike.setdefault((base, rest), []).append((part, multiple))
    powers = {}
    for (base, rest), members in alike.items():
        order = sp.ilcm(1, *(multiple.q for _, multiple in members))
        root = sp.Dummy()
        powers[root] = (base.xreplace(stands_for), order if rest == 1 else 1)
        stands_for |= {part: root ** (multiple * order) for part, multiple in members}
    return stands_for, powers


def _outermost(expression: sp.Expr, states: Sequence[sp.Symbol]) -> Iterator[sp.Expr]:
    """Yield functions, derivatives and non-integer powers of states, none inside another."""
    if not expression.has(*states):
        return
    if isinstance(expression, sp.Function | sp.Derivative | sp.Subs) or (
        expression.is_Pow and not expression.exp.is_Integer
    ):
        yield expression
    else:
        for part in expression.args:
            yield from _outermost(part, states)


def _in_exponentials(expression: sp.Expr, states: Sequence[sp.Symbol]) -> sp.Expr:
    """Write hyperbolic and trigonometric functions of the states as independent exponentials."""
    return expression.replace(
        lambda part: (
            isinstance(part, HyperbolicFunction | TrigonometricFunction) and part.has(*states)
        ),
        lambda part: part.rewrite(sp.exp),
    )
