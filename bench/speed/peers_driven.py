"""Other people's solvers on ẋ = -x + L Rᵀ tanh(x) + B v, v held from each time to the next.

Each factory returns `solve(initial_states, times, inputs, rtol)`, with inputs (M, T, q).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Solve = Callable[[NDArray, NDArray, NDArray, float], NDArray]


def scipy_restarted(left: NDArray, right: NDArray, drive: NDArray, stacked: bool = True) -> Solve:
    """`solve_ivp` with DOP853, anew at every switch: all trajectories as one system, or in turn."""
    from scipy.integrate import solve_ivp

    def ensemble(initial: NDArray, times: NDArray, inputs: NDArray, rtol: float) -> NDArray:
        states = np.empty((len(initial), len(times), initial.shape[1]))
        states[:, 0] = initial
        for k in range(len(times) - 1):
            force = inputs[:, k] @ drive.T

            def field(_t: float, flat: NDArray, force: NDArray = force) -> NDArray:
                x = flat.reshape(force.shape)
                velocity = (np.tanh(x) @ right) @ left.T
                velocity -= x
                velocity += force
                return velocity.ravel()

            span, start = (times[k], times[k + 1]), states[:, k].ravel()
            solution = solve_ivp(field, span, start, method="DOP853", rtol=rtol, atol=rtol)
            states[:, k + 1] = solution.y[:, -1].reshape(initial.shape)
        return states

    def each(initial: NDArray, times: NDArray, inputs: NDArray, rtol: float) -> NDArray:
        rows = [slice(m, m + 1) for m in range(len(initial))]
        return np.concatenate([ensemble(initial[m], times, inputs[m], rtol) for m in rows])

    return ensemble if stacked else each


def diffrax_dopri8(left: NDArray, right: NDArray, drive: NDArray, vmapped: bool) -> Solve:
    """diffrax's Dormand-Prince 8, compiled, told of the jumps: it steps to each of them."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import diffrax
    import jax.numpy as jnp

    to_left, to_right, by = jnp.asarray(left.T), jnp.asarray(right), jnp.asarray(drive.T)

    def single(initial, times, inputs, rtol):
        # Inputs (T, q) of one trajectory, or (T, M, q) of all.
        def field(t, x, _args):
            k = jnp.clip(jnp.searchsorted(times, t, side="right") - 1, 0, len(inputs) - 2)
            return jnp.tanh(x) @ to_right @ to_left - x + inputs[k] @ by

        controller = diffrax.ClipStepSizeController(
            diffrax.PIDController(rtol=rtol, atol=rtol), jump_ts=times[1:-1]
        )
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            diffrax.Dopri8(),
            times[0],
            times[-1],
            None,
            initial,
            saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=controller,
            max_steps=4096,
        ).ys

    if vmapped:
        compiled = jax.jit(jax.vmap(single, in_axes=(0, None, 0, None)))
    else:
        compiled = jax.jit(
            lambda x, times, v, rtol: jnp.swapaxes(
                single(x, times, jnp.swapaxes(v, 0, 1), rtol), 0, 1
            )
        )

    def solve(initial: NDArray, times: NDArray, inputs: NDArray, rtol: float) -> NDArray:
        return np.asarray(compiled(initial, times, inputs, rtol).block_until_ready())

    return solve


def numpy_loop(
    left: NDArray, right: NDArray, drive: NDArray, alpha: float, dense: bool
) -> Callable[[NDArray, NDArray], NDArray]:
    """x⁺ = (1-α) x + α (W tanh x + B v), all trajectories at once, as most people write it."""
    weights = right @ left.T if dense else None

    def loop(initial: NDArray, inputs: NDArray) -> NDArray:
        states = np.empty((len(initial), inputs.shape[1], initial.shape[1]))
        states[:, 0] = initial
        for k in range(inputs.shape[1] - 1):
            x = states[:, k]
            coupled = np.tanh(x) @ weights if dense else (np.tanh(x) @ right) @ left.T
            states[:, k + 1] = (1.0 - alpha) * x + alpha * (coupled + inputs[:, k] @ drive.T)
        return states

    return loop
