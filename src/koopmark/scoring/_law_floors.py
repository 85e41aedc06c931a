"""Cramér-Rao bounds for null functions of networks with inputs and of maps.

All functions z = c + uᵀx, of states or of what sensors show, share one law: z(t) = a s(t) +
Σᵢ bᵢ Sᵢ(t), s being e^{λt}, or μᵗ of a map, and Sᵢ the response to input i, which was held from
each time to the next. Inputs are known, a and b are not. Sᵢ is one more known function of
trajectory and time that may be part of an estimate, with one coefficient for all trajectories, as
the functions f(x) outside are; and the rate shows in S too, long after z(0) is forgotten.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation import Trajectories
from koopmark.truth import LinearLaw

Array = NDArray[np.float64]


def slope_of_scale(law: LinearLaw, elapsed: Array) -> Array:
    """Derivative of `law.scale` with respect to λ of a flow or μ of a map."""
    if law.multiplier is None:
        return elapsed * law.scale(elapsed)
    moved = elapsed != 0
    return np.where(moved, elapsed * law.scale(np.where(moved, elapsed - 1.0, 0.0)), 0.0)


def slope_of_gain(law: LinearLaw, elapsed: Array) -> Array:
    """Derivative of `law.gain` with respect to λ of a flow or μ of a map."""
    if law.multiplier is None:
        rate = -law.decay
        if rate == 0.0:
            return elapsed**2 / 2.0
        return (rate * elapsed * np.exp(rate * elapsed) - np.expm1(rate * elapsed)) / rate**2
    # A sum of so many powers of μ.
    powers = np.arange(1, max(int(np.max(elapsed, initial=0.0)), 1))
    terms = powers * np.power(law.multiplier, powers - 1.0)
    return np.where(powers < elapsed[..., None], terms, 0.0).sum(axis=-1)


def responses(law: LinearLaw, times: Array, inputs: Array) -> tuple[Array, Array]:
    """Responses S (M, T, q) from z = 0 for b = 1, and their derivatives as in `slope_of_scale`.

    `times` (T,) or (M, T), from which on the inputs (M, T, q) are held.
    """
    found, moved = np.zeros((2, *inputs.shape))
    steps = np.atleast_2d(np.diff(times, axis=-1))[..., None]
    scale, gain = law.scale(steps), law.gain(steps)
    of_scale, of_gain = slope_of_scale(law, steps), slope_of_gain(law, steps)
    for k in range(inputs.shape[1] - 1):
        held = inputs[:, k]
        moved[:, k + 1] = scale[:, k] * moved[:, k] + of_scale[:, k] * found[:, k]
        moved[:, k + 1] += of_gain[:, k] * held
        found[:, k + 1] = scale[:, k] * found[:, k] + gain[:, k] * held
    return found, moved


@dataclass(frozen=True, eq=False)
class LawRecord:
    """Null functions and inputs along trajectories recorded at the same times.

    Parameters
    ----------
    times : (T,) array
    free : (M, p) array
        z without the response, at the first time.
    response, moved : (M, T, q) arrays
        S, and its derivatives.
    states : (M, T, n) array
    """

    times: Array
    free: Array
    response: Array
    moved: Array
    states: Array


def law_records(
    train: Trajectories, law: LinearLaw, basis: Array, offset: Array, drive: Array
) -> list[LawRecord]:
    """Records of clean training data; q = 0 for data without inputs.

    `basis` (n, p) are the vectors u, and `drive` (p, q) their b.
    """
    m, t, n = train.states.shape
    q = drive.shape[1]
    response, moved = np.zeros((2, m, t, 0))
    if q and train.inputs is not None:
        response, moved = responses(law, train.times, np.asarray(train.inputs, dtype=float))
    # Beside the states, so that they are cut as these are: inputs count where no state was kept.
    seen = replace(train, states=np.concatenate([train.states, response, moved], axis=2))
    found = []
    for one in seen.records():
        states, response, moved = np.split(
            np.asarray(one.states, dtype=float), [n, n + response.shape[2]], axis=2
        )
        z = (states[:, 0] - offset) @ basis
        if response.shape[2]:
            z = z - response[:, 0] @ drive.T
        found.append(LawRecord(one.times, z, response, moved, states))
    return found


def information_of(
    record: LawRecord, law: LinearLaw, drive: Array, others: Array
) -> tuple[Array, Array, Array, float]:
    """Fisher information of a record under unit noise, with a and b free.

    Returns the information on the coefficients of f and S (k + q, k + q), which is the same for
    each function; its diagonal before e^{λt} was taken out; that on them with the rate, (k + q, p);
    and that on the rate alone, of all functions. `others` (M, T, k) are f.
    """
    times = record.times
    lapse = times - (times[0] if abs(law.scale(1.0)) <= 1.0 else times[-1])
    decay = law.scale(lapse)
    unit = decay / np.linalg.norm(decay)

    def without(values: Array) -> Array:
        return values - unit[:, None] * np.einsum("t,mtk->mk", unit, values)[:, None]

    seen = np.concatenate([others, record.response], axis=2)
    free = without(seen)
    # z = A s + S b, A being what z is without the response where s is 1.
    changed = slope_of_scale(law, lapse)[:, None] * (record.free / decay[0])[:, None]
    changed = without(changed + record.moved @ drive.T)
    return (
        np.einsum("mtk,mtl->kl", free, free),
        np.einsum("mtk,mtk->k", seen, seen),
        np.einsum("mtk,mtp->kp", free, changed),
        float(np.sum(changed**2)),
    )
