"""Every solver at its loosest tolerance that keeps the error: no other comparison is fair."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

TARGET = 1e-8
"""Largest absolute error of any state at any output time that every solver has to keep."""

LADDER = 10.0 ** -np.arange(5.0, 13.1, 0.5)


def reference(system, initial: NDArray, times: NDArray) -> NDArray:
    """States by scipy's DOP853 at a relative tolerance of 1e-13, in the full state."""
    from scipy.integrate import solve_ivp

    options = {"t_eval": times, "method": "DOP853", "rtol": 1e-13, "atol": 1e-13}
    solutions = [
        solve_ivp(lambda _t, x: system.rhs(x), (times[0], times[-1]), x, **options).y.T
        for x in initial
    ]
    return np.stack(solutions)


def loosest(solve: Callable[[float], NDArray], exact: NDArray) -> tuple[float, float]:
    """The loosest tolerance of the ladder whose error is below TARGET, and that error.

    Parameters
    ----------
    solve : callable
        Tolerance to states: the very computation that is timed, all its trajectories.
    exact : array
        Those states by `reference`.

    Raises
    ------
    AssertionError
        Where no tolerance keeps the error: an unverified comparison is none.
    """
    for tolerance in LADDER:
        error = float(np.abs(solve(tolerance) - exact).max())
        if error <= TARGET:
            return float(tolerance), error
    raise AssertionError(f"no tolerance keeps the error below {TARGET:g}: {error:.1e} at the last")
