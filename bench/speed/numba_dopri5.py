"""The classical compiled loop: Dormand-Prince 5(4) in numba, with its fourth-order interpolant.

Source: Hairer, Nørsett and Wanner, Solving Ordinary Differential Equations I, II.4 to II.6;
coefficients as scipy's `RK45` states them.
"""

import numpy as np
from numba import njit
from scipy.integrate import RK45

A, B, C, E, P = RK45.A, RK45.B, RK45.C, RK45.E, RK45.P


@njit(cache=False, fastmath=False)
def _field(left, right, x, out):
    n, r = left.shape
    reached = np.zeros(r)
    for i in range(n):
        s = np.tanh(x[i])
        for k in range(r):
            reached[k] += s * right[i, k]
    for i in range(n):
        total = -x[i]
        for k in range(r):
            total += left[i, k] * reached[k]
        out[i] = total


@njit(cache=False, fastmath=False)
def _trajectory(left, right, start, times, rtol, out, A, B, E, P):
    n = len(start)
    x, new = start.copy(), np.empty(n)
    k = np.empty((7, n))
    _field(left, right, x, k[0])
    t, end, h, due = times[0], times[-1], 1e-2, 1
    out[0] = x
    while due < len(times):
        h = min(h, end - t)
        for stage in range(1, 6):
            for i in range(n):
                total = 0.0
                for j in range(stage):
                    total += A[stage, j] * k[j, i]
                new[i] = x[i] + h * total
            _field(left, right, new, k[stage])
        for i in range(n):
            total = 0.0
            for j in range(6):
                total += B[j] * k[j, i]
            new[i] = x[i] + h * total
        _field(left, right, new, k[6])
        square = 0.0
        for i in range(n):
            total = 0.0
            for j in range(7):
                total += E[j] * k[j, i]
            square += (h * total / (rtol * (1.0 + max(abs(x[i]), abs(new[i]))))) ** 2
        error = np.sqrt(square / n)
        if error <= 1.0:
            after = t + h if t + h < end else end
            while due < len(times) and times[due] <= after:
                theta = (times[due] - t) / h
                for i in range(n):
                    total = 0.0
                    for j in range(7):
                        power = theta
                        weight = 0.0
                        for q in range(4):
                            weight += P[j, q] * power
                            power *= theta
                        total += weight * k[j, i]
                    out[due, i] = x[i] + h * total
                due += 1
            t = after
            x[:] = new
            k[0] = k[6]
        h *= min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.2))


def integrate(left, right, initial, times, rtol):
    """States (M, T, N), by one compiled call a trajectory."""
    out = np.empty((len(initial), len(times), initial.shape[1]))
    for start, states in zip(initial, out, strict=True):
        _trajectory(left, right, start, times, rtol, states, A, B, E, P)
    return out
