"""Does the estimated error of the path integral bound its true error? Random networks, a table.

    python bench/accuracy/path_integral.py [count]

For every network (3 to 30 units, rank 1 to 4, all activations that have a second derivative, with
and without offsets) and each principal eigenfunction whose integral converges, at 8 states in the
basin: the true error by an integration at the tightest tolerance, which also cuts what converges
slowly a tenth later; and how
far the values miss the eigen-relation φ(x(1)) = e^λ φ(x(0)), with x(1) simulated and φ(x(1)) found
by itself, over what both estimates allow.
"""

import sys

import numpy as np

from koopmark import simulate
from koopmark.spectrum import FixedPoint, Linearisation, fixed_points, path_integral
from koopmark.systems import Relaxation, random_rnn

TIGHT = 1e-13
LATER = 330.0
STATES = 8
ACTIVATIONS = ("tanh", "logistic", "erf", "softplus")


def network(seed: int) -> Relaxation:
    """Gain, sizes and activation by the seed; the slope of some activations allows larger gains."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 31))
    rank = int(rng.integers(1, min(4, n - 1) + 1))
    activation = ACTIVATIONS[seed % len(ACTIVATIONS)]
    gain = float(rng.uniform(0.3, 3.0)) * (4.0 if activation == "logistic" else 1.0)
    theta = float(rng.choice([0.0, 0.5]))
    return random_rnn(n, rank, gain, seed, activation=activation, theta_scale=theta)


def converging(about: Linearisation) -> list[int]:
    """Indices of the eigenvalues whose path integrals converge."""
    return [index for index in range(len(about.eigenvalues)) if about.converges(index)]


def errors(
    system: Relaxation, point: FixedPoint, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """Values, estimate, true error, miss of the eigen-relation over what is allowed: (M, p) each.

    None where nothing converges or no state lies in the basin.
    """
    about = Linearisation(system, point)
    which = converging(about)
    if not which:
        return None
    states = point.state + np.random.default_rng(seed).normal(size=(STATES, system.size))
    later = simulate(system, states, [0.0, 1.0], rtol=TIGHT).states[:, 1]
    # Both in one batch, which costs little more than one of them.
    found = path_integral(about, np.concatenate([states, later]), which)
    inside = ~found.outside[:STATES]
    if not inside.any():
        return None
    values, after = (part[inside] for part in np.split(found.values, 2))
    estimate, estimate_after = (part[inside] for part in np.split(found.error, 2))
    tight = path_integral(about, states[inside], which, rtol=TIGHT, estimate=False, longest=LATER)
    factor = np.exp(about.eigenvalues[which])
    missed = np.abs(factor * values - after)
    return (
        values,
        estimate,
        np.abs(values - tight.values),
        missed / (np.abs(factor) * estimate + estimate_after),
    )


def table(count: int) -> str:
    """One line a system, and the summary."""
    lines = ["seed  n  r  activation  p  largest |φ|  estimate  true error  least ratio  relation"]
    ratios, relations, truths, estimates, functions, states = [], [], [], [], 0, 0
    seed = -1
    while len(truths) < count:
        seed += 1
        system = network(seed)
        points = fixed_points(system).stable
        result = errors(system, points[0], seed) if points else None
        if result is None:
            continue
        values, estimate, truth, relation = result
        ratio = estimate / np.maximum(truth, 1e-300)
        ratios.append(ratio.min())
        activation = ACTIVATIONS[seed % len(ACTIVATIONS)]
        truths.append(truth.max())
        relations.append(relation.max())
        estimates.append(estimate.max())
        functions += values.shape[1]
        states += values.size
        lines.append(
            f"{seed:4d} {system.size:2d} {system.weights.rank:2d}  "
            f"{activation:10s} {values.shape[1]:2d}  {np.abs(values).max():11.2g}  "
            f"{estimate.max():8.1e}  {truth.max():10.1e}  {ratio.min():11.2g}  "
            f"{relation.max():8.2g}"
        )
    below = int(np.sum(np.array(ratios) < 1))
    lines.append(
        f"{count} systems, {functions} eigenfunctions, {states} values: estimate below the true "
        f"error in {below} systems; least ratio {min(ratios):.2g}, median {np.median(ratios):.3g}; "
        f"eigen-relation missed by at most {max(relations):.2g} of what is allowed; "
        f"true errors up to {max(truths):.1e} (median {np.median(truths):.1e}), estimates up to "
        f"{max(estimates):.1e} (median {np.median(estimates):.1e})"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
