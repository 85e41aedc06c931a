"""Which eigenpairs of random linear systems does a method return, measured by what is possible?

    python bench/accuracy/recall.py [count] [--first SEED] [--kind KIND] [--method NAME ...]

Every seed draws a system of 2 to 7 states, of one of the kinds below, and noise from none to a
tenth of the signal. An eigenpair is *recalled* if its eigenvalue and its eigenfunction (the sine of
the angle on clean trajectories that were not fitted) are within max(1e-6, 5 standard deviations of
the Cramér-Rao bound). Eigenvalues whose bounds overlap are judged together, by mean and by span.
Pairs for which the bound is no small number are left out: it is a linearisation. A pair that a
method returns is *spurious* if it is none of the system's, in eigenvalue and in function.

Printed are, for each method and kind, recall (of how many pairs), spurious pairs, and the error in
standard deviations of the bound where the pair was recalled; and the ten worst losses of the first
method with their parameters.
"""

import argparse
import sys
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag, expm, solve_sylvester

import koopmark
from koopmark import Trajectories
from koopmark.models import Model
from koopmark.scoring._statistical_floors import Others, Record, deviations_of_invariant_space

DT = 0.1
WITHIN = 5.0
"""Standard deviations."""

LEAST = 1e-6
"""Errors below this are none."""

INFORMATIVE = 0.05
"""Largest sine, and largest relative deviation of an eigenvalue, for which the bound is one."""

FAST = (1.2, 3.0)
"""Largest angle by which a pair turns from one sample to the next: of the others, of fast ones."""

KINDS = (
    "plain", "fast", "close", "sensors", "repeated sensor", "constant channel", "repeated",
    "defective", "growth", "conserved", "unequal noise", "near multiples",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A linear system in its own coordinates s, ṡ = Λ s, seen through x = s B + b."""

    seed: int
    kind: str
    generator: NDArray[np.float64]
    """Λ (n, n), block diagonal: `targets` says which eigenvalues belong to which block."""
    signal: NDArray[np.float64]
    """Clean s (M, T, n)."""
    mixing: NDArray[np.float64]
    offset: NDArray[np.float64]
    deviations: NDArray[np.float64]
    """Of the noise (N,)."""
    times: NDArray[np.float64]
    test: NDArray[np.float64]
    """Clean s (P, n) elsewhere."""

    @property
    def clean(self) -> NDArray[np.float64]:
        return self.signal @ self.mixing + self.offset

    @property
    def data(self) -> Trajectories:
        noise = np.random.default_rng([self.seed, 1]).standard_normal(self.clean.shape)
        return Trajectories(self.clean + self.deviations * noise, self.times)

    def __str__(self) -> str:
        values = np.linalg.eigvals(self.generator)
        shown = ", ".join(f"{v:.4g}" for v in values if v.imag >= 0)
        m, t, n = self.signal.shape
        level = self.deviations.max() / self.clean.std()
        return (
            f"seed {self.seed}, {self.kind}: {shown}; {n} states, {self.mixing.shape[1]} channels, "
            f"M {m}, T {t}, noise {level:.1e}"
        )


def draw(seed: int, kind: str | None = None) -> Case:
    """The system of a seed; the kinds take turns unless one is named."""
    rng = np.random.default_rng([seed, 0])
    kind = kind or KINDS[seed % len(KINDS)]
    blocks = _blocks(kind, rng)
    generator = block_diag(*blocks)
    n = len(generator)
    m, t = int(rng.choice([20, 50, 100])), int(rng.choice([31, 51, 81]))
    times = DT * np.arange(t)
    flow = np.stack([expm(generator * lapse) for lapse in times])
    starts = rng.standard_normal((m + 40, n))
    signal = np.einsum("mi,tji->mtj", starts, flow)
    # The coordinates in which the system is seen: of bounded condition.
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    mixing = left * np.geomspace(1.0, rng.uniform(0.15, 1.0), n) @ right
    if kind in ("sensors", "unequal noise"):
        mixing = mixing @ rng.standard_normal((n, n + int(rng.integers(kind == "sensors", 5))))
    if kind == "repeated sensor":
        mixing = np.hstack([mixing, mixing[:, :1]])
    if kind == "constant channel":
        mixing = np.hstack([mixing, np.zeros((n, 1))])
    channels = mixing.shape[1]
    offset = rng.standard_normal(channels) * rng.integers(2)
    level = 0.0 if rng.random() < 0.25 else 10.0 ** rng.uniform(-6, -1)
    clean = signal[:m] @ mixing + offset
    shares = np.ones(channels)
    if kind == "unequal noise":
        shares = 10.0 ** rng.uniform(-2, 0, channels)
    test = signal[m:].reshape(-1, n)
    deviations = level * clean.std() * shares
    return Case(seed, kind, generator, signal[:m], mixing, offset, deviations, times, test)


def _blocks(kind: str, rng: np.random.Generator) -> list[NDArray]:
    real = [-rng.uniform(0.1, 3.0) for _ in range(int(rng.integers(1, 4)))]
    pairs = [
        (-rng.uniform(0.05, 1.5), rng.uniform(0.3, FAST[kind == "fast"] / DT))
        for _ in range(int(rng.integers(0, 2) + (kind == "fast")))
    ]  # fmt: skip
    if kind == "close":
        real.append(real[0] * (1.0 + 10.0 ** rng.uniform(-2, -0.5)))
    if kind == "repeated":
        real += [real[0]] * int(rng.integers(1, 3))
    if kind == "growth":
        real.append(rng.uniform(0.05, 0.5))
    if kind == "conserved":
        real.append(0.0)
    if kind == "near multiples":
        # The rates of products: what a nonlinear dictionary returns beside the others.
        real = [real[0], 2 * real[0], 3 * real[0]]
    blocks = [np.array([[value]]) for value in real]
    if kind == "defective":
        blocks[0] = np.array([[real[0], 1.0], [0.0, real[0]]])
    blocks += [np.array([[a, w], [-w, a]]) for a, w in pairs]
    return blocks if sum(map(len, blocks)) > 1 else [*blocks, np.array([[-rng.uniform(0.1, 3.0)]])]


@dataclass(frozen=True)
class Target:
    """Eigenpairs that are judged together."""

    values: NDArray[np.complex128]
    """(m,)."""
    functions: NDArray[np.complex128]
    """(n + 1, k) coefficients of their span in [1, s]; k < m if eigenfunctions are lacking."""
    deviation: float
    """Standard deviation of the mean of the eigenvalues."""
    sine: float
    """Root mean square of the sine of the angle between the spans."""

    @property
    def judged(self) -> bool:
        size = max(1.0, float(abs(self.values).max()))
        return self.sine <= INFORMATIVE and self.deviation <= INFORMATIVE * size


def targets(case: Case) -> list[Target]:
    """Each eigenvalue alone, then those together whose bounds overlap; one of each complex pair."""
    values, left = np.linalg.eig(case.generator.T)
    # Copies of a defective eigenvalue come out apart by rounding.
    real = abs(values.imag) < 1e-6
    values = np.where(real, values.real, values)
    groups = [[int(i)] for i in np.argsort(values) if values[i].imag >= 0.0]
    while True:
        found = [_target(case, values, left, group) for group in groups]
        size = [5.0 * max(target.deviation, 2e-8) for target in found]
        near = [
            (i, j)
            for i in range(len(groups))
            for j in range(i)
            if min(abs(found[i].values[:, None] - found[j].values).ravel()) <= size[i] + size[j]
        ]
        if not near:
            return found
        i, j = near[0]
        groups[j] += groups.pop(i)


def _target(case: Case, values: NDArray, left: NDArray, group: list[int]) -> Target:
    members = values[group]
    vectors = left[:, group]
    if not members.imag.any():
        vectors = vectors.real
    span, sizes, _ = np.linalg.svd(vectors, full_matrices=False)
    rank = int(np.sum(sizes > 1e-6 * sizes[0]))
    if rank < len(group):
        # A Jordan block: the bound is that of the invariant space, which has all dimensions.
        span = _invariant(case.generator, members)
    deviation, sine = bound(case, span)
    kept = vectors if rank == len(group) or case.deviations.any() else vectors[:, :rank]
    if rank < len(group) and case.deviations.any():
        kept = span
    functions = np.vstack([np.zeros((1, kept.shape[1])), kept]).astype(complex)
    return Target(members.astype(complex), functions, deviation, sine)


def _invariant(generator: NDArray, members: NDArray) -> NDArray:
    shifted = np.linalg.matrix_power(
        generator.T - members.mean().real * np.eye(len(generator)), len(members)
    )
    return np.linalg.svd(shifted)[2][-len(members) :].T


def bound(case: Case, span: NDArray) -> tuple[float, float]:
    """Cramér-Rao: standard deviation of the mean eigenvalue and rms sine of an invariant space.

    φ = c + uᵀs, m functions at once, obeys φ(t) = e^{Λt} a on every trajectory, a and Λ free, and
    nothing is assumed of other directions (`koopmark.scoring`). The noise is that
    of the best linear combination of the channels.

    Parameters
    ----------
    case : Case
    span : (n, m) array
        Left vectors, real or complex.
    """
    if not case.deviations.any():
        return 0.0, 0.0
    m = span.shape[1]
    noise = np.linalg.inv(case.mixing / case.deviations**2 @ case.mixing.T)
    # Coordinates in which it is white: s' = s L⁻ᵀ.
    lower = np.linalg.cholesky(noise)
    white = np.linalg.inv(lower).T
    signal, test, vectors = case.signal @ white, case.test @ white, lower.T @ span
    parts = np.hstack([vectors.real, vectors.imag]) if np.iscomplexobj(vectors) else vectors
    basis = np.linalg.qr(parts)[0]
    p = basis.shape[1]
    omega = basis.T @ lower.T @ case.generator.T @ white @ basis
    others = Others.outside(signal, basis)
    units = np.eye(p * p).reshape(-1, p, p)
    times = DT * np.arange(signal.shape[1])
    record = Record(signal[:, 0] @ basis, times, DT, others(signal))
    root = deviations_of_invariant_space([record], omega, units)
    # The space, and its conjugate where it is complex: Ω is block diagonal in these.
    inside = basis.T @ vectors
    both = np.hstack([inside, inside.conj()]) if p > m else inside
    moved = np.concatenate([omega[None], root[:, : p * p].reshape(-1, p, p)])
    flow, *changes = np.linalg.solve(both, moved @ both)
    deviation = np.linalg.norm([np.trace(change[:m, :m]) / m for change in changes])
    mixing = [
        solve_sylvester(flow[m:, m:], -flow[:m, :m], -change[m:, :m]) if p > m else change[:0, :m]
        for change in changes
    ]
    outside = root[:, p * p :].reshape(len(root), -1, p) @ inside
    columns = np.concatenate([mixing, outside], axis=1)
    # The sine on the test points, of drawn deviations.
    exact, triangle = np.linalg.qr(test @ vectors)
    values = np.hstack([test @ basis @ both[:, m:], others(test)])
    factor = np.linalg.qr(values - exact @ (exact.conj().T @ values), mode="r")
    normal = np.random.default_rng(0).standard_normal((200, len(root)))
    draws = factor @ np.tensordot(normal, columns, axes=1) @ np.linalg.inv(triangle)
    sines = np.linalg.norm(draws, 2, axis=(1, 2))
    return float(deviation), float(np.sqrt(np.mean(np.square(sines))))


@dataclass(frozen=True)
class Verdict:
    """One target, one method."""

    recalled: bool
    value: float
    """Error of the mean eigenvalue, and of the function, in units of what is allowed."""
    function: float


def judge(case: Case, wanted: list[Target], model: Model) -> tuple[list[Verdict], int]:
    """How each target fared, and how many of the model's pairs are none."""
    states = case.test @ case.mixing + case.offset
    with np.errstate(all="ignore"):
        functions = np.asarray(model.eigenfunctions(states[:, None]), dtype=complex)
        functions = functions / abs(functions).max(axis=0, initial=1e-300)
    values = np.asarray(model.eigenvalues, dtype=complex)
    usable = np.isfinite(values) & np.isfinite(functions).all(axis=0)
    values, functions = values[usable], functions[:, usable]
    exact = np.hstack([np.ones((len(case.test), 1)), case.test])
    verdicts = []
    known = np.ptp(abs(functions), axis=0) < 1e-6  # the constant
    for target in wanted:
        m = len(target.values)
        centre = target.values.mean()
        spread = abs(target.values - centre).max()
        # A constant is no function at zero.
        usable = ~(np.ptp(abs(functions), axis=0) < 1e-6)
        order = [j for j in np.argsort(abs(values - centre)) if usable[j]]
        basis, _ = np.linalg.qr(exact @ target.functions)
        allowed = max(LEAST, WITHIN * target.deviation)
        sine_allowed = max(LEAST, WITHIN * target.sine)
        best = Verdict(False, np.inf, np.inf)
        for count in range(target.functions.shape[1], m + 1):
            chosen = order[:count]
            if len(chosen) < count:
                continue
            span = np.linalg.svd(functions[:, chosen], full_matrices=False)
            kept = span[0][:, span[1] > 1e-9 * span[1][0]]
            if abs(centre) < 1e-9:
                # With any constant added, a conserved function is one as well.
                kept = np.linalg.qr(np.hstack([kept, np.ones((len(kept), 1))]))[0]
            sine = np.linalg.norm(basis - kept @ (kept.conj().T @ basis), 2)
            error = abs(values[chosen].mean() - centre)
            verdict = Verdict(
                bool(error <= allowed and sine <= sine_allowed),
                float(error / allowed),
                float(sine / sine_allowed),
            )
            if verdict.recalled or max(verdict.value, verdict.function) < max(
                best.value, best.function
            ):
                best = verdict
        verdicts.append(best)
        # Whatever lies near this target in value and in function is not spurious.
        for conjugate in (False, True):
            about = centre.conjugate() if conjugate else centre
            span = basis.conj() if conjugate else basis
            if m > target.functions.shape[1]:
                span = np.linalg.qr(exact[:, 1:] @ _invariant(case.generator, target.values))[0]
            if abs(about) < 1e-9:
                span = np.linalg.qr(np.hstack([span, np.ones((len(span), 1))]))[0]
            sines = np.linalg.norm(functions - span @ (span.conj().T @ functions), axis=0)
            sines = sines / np.linalg.norm(functions, axis=0)
            slack = spread + max(1e-3, 3 * allowed) + (np.sqrt(allowed) if m > 1 else 0.0)
            known |= (abs(values - about) <= slack) & (sines <= max(1e-3, 3 * sine_allowed))
    return verdicts, int(np.sum(~known))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", nargs="?", type=int, default=len(KINDS) * 10)
    parser.add_argument("--first", type=int, default=100_000, help="the first seed")
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--method", action="append")
    chosen = parser.parse_args()
    methods = chosen.method or [
        "koopmark.varpro_edmd", "koopmark.qr_edmd", "koopmark.tls_edmd", "pydmd.dmd"
    ]  # fmt: skip
    rows: dict[tuple[str, str], list] = {}
    lost: list[tuple[float, str]] = []
    seconds = dict.fromkeys(methods, 0.0)
    for seed in range(chosen.first, chosen.first + chosen.count):
        case = draw(seed, chosen.kind)
        wanted = targets(case)
        for name in methods:
            options = {"dictionary": {"kind": "identity"}} if name.endswith("qr_edmd") else {}
            start = time.perf_counter()
            try:
                model = koopmark.fit(name, case.data, **options)
            except Exception as error:  # noqa: BLE001 a fit that fails recalls nothing
                if name == methods[0]:
                    lost.append((np.inf, f"{case}: {error}"))
                model = None
                verdicts, spurious = [Verdict(False, np.inf, np.inf)] * len(wanted), 0
            else:
                verdicts, spurious = judge(case, wanted, model)
            seconds[name] += time.perf_counter() - start
            judged = [v for v, target in zip(verdicts, wanted, strict=True) if target.judged]
            for kind in (case.kind, "all"):
                rows.setdefault((name, kind), []).append((judged, spurious))
            if name == methods[0]:
                for verdict, target in zip(verdicts, wanted, strict=True):
                    if target.judged and not verdict.recalled:
                        shown = ", ".join(f"{v:.4g}" for v in target.values)
                        lost.append(
                            (
                                max(verdict.value, verdict.function),
                                f"{case}: lost {shown}: value {verdict.value:.2g}, function "
                                f"{verdict.function:.2g} of what is allowed; got "
                                f"{model and np.round(model.eigenvalues, 4)}",
                            )
                        )
        if sys.stderr.isatty():
            print(f"\r{seed - chosen.first + 1} of {chosen.count}", end="", file=sys.stderr)
    kinds = [kind for kind in (*KINDS, "all") if (methods[0], kind) in rows]
    width = max(map(len, methods))
    print(f"{'kind':<18}" + "".join(f"{name:>{width + 14}}" for name in methods))
    for kind in kinds:
        line = f"{kind:<18}"
        for name in methods:
            every = [v for judged, _ in rows[name, kind] for v in judged]
            recall = np.mean([v.recalled for v in every]) if every else np.nan
            spurious = sum(s for _, s in rows[name, kind])
            good = [v.value * WITHIN for v in every if v.recalled and v.value * WITHIN > 1e-6]
            ratio = np.sqrt(np.mean(np.square(good))) if good else np.nan
            line += f"{recall:>{width - 6}.3f} ({len(every)}) +{spurious:<4} {ratio:5.2f}"
        print(line)
    print("seconds: " + ", ".join(f"{name} {value:.1f}" for name, value in seconds.items()))
    print("\nThe worst losses of", methods[0])
    for _, text in sorted(lost, key=lambda item: -item[0])[:10]:
        print(" ", text)


if __name__ == "__main__":
    main()
