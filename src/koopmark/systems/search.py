"""Which fields of a parametric form have given eigenfunctions: by computer algebra.

`conditions` turns F·∇φ = λφ into equations for the coefficients of F and φ, and `families` solves
them. It needs SymPy, which koopmark does not install. Examples: docs/families.md.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy  # type: ignore[import-untyped]


def conditions(
    functions: Sequence["sympy.Expr"],
    field: Sequence["sympy.Expr"],
    states: Sequence["sympy.Symbol"],
    matrix: Any,
) -> list["sympy.Expr"]:
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
        undetermined ones are and, say, sin x and cos x are not.

    Raises
    ------
    ValueError
        Where the numbers of functions, fields and states disagree.
    ImportError
        Where SymPy is not installed.
    """
    sp = _sympy()
    rates = sp.Matrix([[matrix]]) if len(functions) == 1 else sp.Matrix(matrix)
    if len(field) != len(states) or rates.shape != (len(functions), len(functions)):
        raise ValueError(
            f"{len(functions)} functions, {len(field)} components of the field, {len(states)} "
            f"states and a matrix of shape {rates.shape} do not fit together"
        )
    found: list[sympy.Expr] = []
    for index, phi in enumerate(functions):
        moved = sum(f * sp.diff(phi, x) for f, x in zip(field, states, strict=True))
        wanted = sum(rates[index, j] * other for j, other in enumerate(functions))
        found += _coefficients(sp.together(sp.expand(moved - wanted)), states)
    return list(dict.fromkeys(found))


def families(
    functions: Sequence["sympy.Expr"],
    field: Sequence["sympy.Expr"],
    states: Sequence["sympy.Symbol"],
    matrix: Any,
    unknowns: Iterable["sympy.Symbol"],
) -> list[dict["sympy.Symbol", "sympy.Expr"]]:
    """The values of the unknown coefficients for which F·∇φ = Λφ holds at every state.

    Parameters as for `conditions`; `unknowns` are the coefficients solved for. Each solution is a
    family: coefficients that it does not name are free. None where there is no solution.
    """
    sp = _sympy()
    equations = conditions(functions, field, states, matrix)
    solved = sp.solve(equations, list(unknowns), dict=True) if equations else [{}]
    return list(solved)


def _coefficients(expression: "sympy.Expr", states: Sequence["sympy.Symbol"]) -> list["sympy.Expr"]:
    """Coefficients of the numerator as a polynomial in the states and all functions of them."""
    sp = _sympy()
    numerator = sp.expand(sp.numer(expression))
    inner = [
        part
        for part in numerator.atoms(sp.Function, sp.Derivative, sp.exp, sp.Subs)
        if part.free_symbols & set(states) or part.atoms(*states)
    ]
    # Outermost first, so that h'(x) is not taken apart into h and x.
    inner.sort(key=lambda part: (-sp.count_ops(part), sp.default_sort_key(part)))
    stands_for = {part: sp.Dummy() for part in inner}
    replaced = numerator
    for part, symbol in stands_for.items():
        replaced = replaced.subs(part, symbol)
    polynomial = sp.Poly(replaced, *states, *stands_for.values())
    return [sp.factor(coefficient) for coefficient in polynomial.coeffs() if coefficient != 0]


def _sympy() -> Any:
    try:
        import sympy
    except ImportError:
        raise ImportError("the search for families needs SymPy: pip install sympy") from None
    return sympy
