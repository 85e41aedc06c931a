"""Other people's solvers on ẋ = -x + L Rᵀ tanh(x): tolerance in, states (M, T, N) out.

Each factory returns `solve(initial_states, times, rtol)`. What has to be compiled is compiled by
the first call, which is never timed.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Solve = Callable[[NDArray, NDArray, float], NDArray]


def scipy_loop(left: NDArray, right: NDArray, method: str, dense: bool = False) -> Solve:
    """`scipy.integrate.solve_ivp`, one trajectory after the other.

    `dense` multiplies by the N x N matrix, as most people write it.
    """
    from scipy.integrate import solve_ivp

    weights = left @ right.T if dense else None

    def field(_t: float, x: NDArray) -> NDArray:
        return (weights @ np.tanh(x) if dense else left @ (np.tanh(x) @ right)) - x

    def solve(initial: NDArray, times: NDArray, rtol: float) -> NDArray:
        span = times[0], times[-1]
        options = {"t_eval": times, "method": method, "rtol": rtol, "atol": rtol}
        return np.stack([solve_ivp(field, span, x, **options).y.T for x in initial])

    return solve


def scipy_stacked(left: NDArray, right: NDArray) -> Solve:
    """`solve_ivp` with DOP853 on all trajectories as one system of M N equations."""
    from scipy.integrate import solve_ivp

    def solve(initial: NDArray, times: NDArray, rtol: float) -> NDArray:
        def field(_t: float, stacked: NDArray) -> NDArray:
            x = stacked.reshape(initial.shape)
            velocity = (np.tanh(x) @ right) @ left.T
            velocity -= x
            return velocity.ravel()

        span, start = (times[0], times[-1]), initial.ravel()
        options = {"t_eval": times, "method": "DOP853", "rtol": rtol, "atol": rtol}
        states = solve_ivp(field, span, start, **options).y
        return states.T.reshape(len(times), *initial.shape).swapaxes(0, 1)

    return solve


def torchdiffeq_dopri5(left: NDArray, right: NDArray) -> Solve:
    """torchdiffeq's adaptive Dormand-Prince 5 on the batch."""
    import torch
    from torchdiffeq import odeint

    torch.set_num_threads(1)
    to_left, to_right = torch.from_numpy(left.T.copy()), torch.from_numpy(right)

    def solve(initial: NDArray, times: NDArray, rtol: float) -> NDArray:
        with torch.no_grad():
            states = odeint(
                lambda _t, x: torch.tanh(x) @ to_right @ to_left - x,
                torch.from_numpy(initial),
                torch.from_numpy(times),
                rtol=rtol,
                atol=rtol,
                method="dopri5",
            )
        return states.numpy().swapaxes(0, 1)

    return solve


def diffrax_dopri8(left: NDArray, right: NDArray, vmapped: bool) -> Solve:
    """diffrax's Dormand-Prince 8, compiled: each trajectory with its own steps, or one batch."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import diffrax
    import jax.numpy as jnp

    factors = jnp.asarray(left.T), jnp.asarray(right)

    def single(initial, times, rtol):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda _t, x, _args: jnp.tanh(x) @ factors[1] @ factors[0] - x),
            diffrax.Dopri8(),
            times[0],
            times[-1],
            None,
            initial,
            saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=diffrax.PIDController(rtol=rtol, atol=rtol),
            max_steps=4096,
        )
        return solution.ys

    if vmapped:
        compiled = jax.jit(jax.vmap(single, in_axes=(0, None, None)))
    else:
        compiled = jax.jit(lambda *arguments: jnp.swapaxes(single(*arguments), 0, 1))

    def solve(initial: NDArray, times: NDArray, rtol: float) -> NDArray:
        return np.asarray(compiled(initial, times, rtol).block_until_ready())

    return solve


def numba_dopri5(left: NDArray, right: NDArray) -> Solve:
    """Dormand-Prince 5 with its dense output, compiled by numba, one trajectory at a time."""
    from numba_dopri5 import integrate

    def solve(initial: NDArray, times: NDArray, rtol: float) -> NDArray:
        return integrate(left, right, initial, times, rtol)

    return solve
