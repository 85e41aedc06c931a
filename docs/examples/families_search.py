"""Which fields of a parametric form have given eigenfunctions: by computer algebra.

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
    """What must vanish for F·∇φ = Λφ to hold at every state.

    Parameters
    ----------
    functions : p expressions
        φ, in the states and any coefficients.
    field : N expressions
        F. Functions left undetermined, such as `sympy.Function("h")(x)`, stand for any function.
    states : N symbols
        x.
    matrix : (p, p) matrix, or an expression where p is 1
        Λ.

    Returns
    -------
    list of expressions
        In the coefficients alone; empty where the relation is an identity. They are sufficient.
        They are necessary where the functions of the states that occur are independent, which
        undetermined ones, exponentials and powers are and, say, log x and log 2x are not.
        Hyperbolic and trigonometric functions are taken as the exponentials that they consist of.

    Raises
    ------
    ValueError
        If the numbers of functions, fields and states disagree, or the relation is no
        polynomial in the states, powers and functions of them.
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
    """The values of the unknown coefficients for which F·∇φ = Λφ holds at every state.

    Parameters as for `conditions`; `unknowns` are the coefficients solved for. Each solution is a
    family: coefficients that it does not name are free. None where there is no solution, such as
    where a condition holds none of the unknowns: symbols that are not unknown are any number.
    """
    equations = conditions(functions, field, states, matrix)
    solved = sp.solve(equations, list(unknowns), dict=True) if equations else [{}]
    # SymPy leaves out equations without unknowns, which no values of the unknowns can mend.
    return [
        solution
        for solution in solved
        if all(sp.simplify(equation.subs(solution)) == 0 for equation in equations)
    ]


def _coefficients(expression: sp.Expr, states: Sequence[sp.Symbol]) -> list[sp.Expr]:
    """Coefficients of the numerator as a polynomial in the states and all functions of them."""
    stands_for, powers = _stand_ins(expression, states)
    numerator = sp.numer(sp.together(expression.xreplace(stands_for)))
    functions = [part for part in stands_for.values() if part.is_Symbol]
    symbols = dict.fromkeys([*states, *functions, *powers])
    try:
        for root, (base, order) in powers.items():
            # The square of √x is x, and no symbol of its own.
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
    """What stands for each function and power of states, and which power each root is.

    e^{2x} and e^{-x} are powers of one symbol, as x^u and x^{2u} are.
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
    """Functions, derivatives and powers that are not whole of states, none inside another."""
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
    """With hyperbolic and trigonometric functions of the states as exponentials: independent."""
    return expression.replace(
        lambda part: (
            isinstance(part, HyperbolicFunction | TrigonometricFunction) and part.has(*states)
        ),
        lambda part: part.rewrite(sp.exp),
    )
