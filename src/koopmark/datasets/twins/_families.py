"""Which systems a twin has: families with exact keys, of the size and the rates of the data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark._config import Section, parse
from koopmark._errors import ConfigError
from koopmark._keys import generator
from koopmark.datasets.measured import Measured
from koopmark.simulation import Trajectories
from koopmark.systems.own_sections import AnySystem

DEGREE = 2
"""Factors of the products that are targets."""
LASTING = 0.25
"""Share of the variance of the first tenth of trials that the last has, from which on data last."""
NEUTRAL = 0.5
"""Decay over the median trial below which a rate counts as neutral, if the data last."""
LEAST_DECAY, MOST_DECAY = 0.5, 30.0
"""Decay over the median trial within which rates of the twin lie."""
FASTEST = 0.7
"""Largest decay per sampling interval, and largest frequency relative to π, of a product of two."""
TRIES = 40
"""Draws of the rates until no two products of eigenfunctions are too close to be told apart."""
SPREAD = 0.15
"""Share by which rates of the twin differ from those measured."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Family:
    """One kind of system of a twin, before it is seen through sensors.

    Parameters
    ----------
    name, title, about : str
        What the recipe's file, its title and a sentence call it.
    system : dict
        The `[system]` section.
    dt : float
        The sampling interval of the data in its unit of time.
    initial : dict
        The `[initial_states]` section of the draft, which says how large states are.
    positive : bool
        Whether states are, so that they are drawn by their logarithms.
    """

    name: str
    title: str
    about: str
    system: dict[str, Any]
    dt: float
    initial: dict[str, Any]
    positive: bool = False


class _Probe(Section):
    """A recipe that is a system alone."""

    system: AnySystem


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates of the data per sampling interval, as the twin has them.

    Parameters
    ----------
    real : (k,) array
        Negative.
    pairs : (m, 2) array
        Real part and positive frequency.
    lasting : bool
        Whether the states vary as much at the end of trials as at their start.
    told : bool
        Whether they were measured; if not they are guessed from the correlation time.
    """

    real: Array
    pairs: Array
    lasting: bool
    told: bool

    @property
    def decays(self) -> Array:
        """(k + m,) how fast each decays, per interval."""
        return np.sort(-np.concatenate([self.real, self.pairs[:, 0]]))

    @property
    def neutral(self) -> bool:
        """Whether none decays."""
        return bool((self.decays <= 0.0).any())


def lasts(data: Trajectories) -> bool:
    """Whether states vary as much at the end of trials as at their start."""
    recorded = np.isfinite(data.states).all(axis=2)
    flat = data.states[recorded]
    spread = flat.std(axis=0)
    used = spread > 0.0
    off = ((data.states[..., used] - flat[:, used].mean(axis=0)) / spread[used]) ** 2
    first, last = [], []
    for own, there in zip(off, recorded, strict=True):
        values = own[there]
        part = max(1, len(values) // 10)
        if len(values) > 1:
            first.append(values[:part].mean())
            last.append(values[-part:].mean())
    return bool(np.mean(last) > LASTING * np.mean(first)) if first else True


def rates_of(measured: Measured, data: Trajectories, size: int) -> Rates:
    """As many rates as there are variables, those measured first."""
    lasting = lasts(data)
    dt = measured.dt if np.isfinite(measured.dt) else 1.0
    length = max(2.0, float(measured.lengths[1]))
    fastest = np.pi * FASTEST / 2.0
    found = np.asarray(measured.rates, dtype=complex) * dt
    told = bool(len(found))
    if not told:
        known = measured.correlation_time[np.isfinite(measured.correlation_time)] / dt
        guess = 1.0 / float(np.median(known)) if len(known) else 3.0 / length
        # Of oscillations the autocorrelation is at 1/e after a fifth of a period.
        found = np.array([1.2j * guess, -1.2j * guess] if lasting else [-guess], dtype=complex)
    low, high = LEAST_DECAY / length, min(MOST_DECAY / length, FASTEST)
    turning = found[found.imag > 1e-6]
    turning = turning[turning.imag < fastest]
    straight = found[np.abs(found.imag) <= 1e-6].real
    still = lasting and bool(
        (len(turning) and -turning.real.max() * length < NEUTRAL)
        or (len(data) == 1 and length * -found.real.max() > MOST_DECAY)
    )
    pairs = np.column_stack([np.clip(turning.real, -high, -low), turning.imag])
    real = np.clip(straight, -high, -low)
    if still:
        pairs[:, 0] = 0.0
        real = np.zeros(0)
    # Each pair takes two variables; what is left over gets rates within the range of the others.
    pairs = pairs[: size // 2]
    if still:
        base = pairs[0, 1] if len(pairs) else min(2.0 * np.pi * 5.0 / length, fastest)
        while 2 * (len(pairs) + 1) <= size:
            slower = base / 1.618 ** (len(pairs)) if len(pairs) else base
            pairs = np.vstack([pairs, [[0.0, slower]]])
        real = np.full(size - 2 * len(pairs), -1.0 / length)
        return Rates(real, pairs, lasting, told)
    real = real[: size - 2 * len(pairs)]
    missing = size - 2 * len(pairs) - len(real)
    known = -np.concatenate([real, pairs[:, 0]])
    least, most = (known.min(), known.max()) if len(known) else (low, high)
    if missing:
        more = np.geomspace(least, max(most, 2.0 * least), missing + 2)[1:-1]
        real = np.concatenate([real, -np.minimum(more, high)])
    return Rates(real, pairs, lasting, told)


def families_of(
    measured: Measured, data: Trajectories, size: int
) -> tuple[list[Family], dict[str, str]]:
    """The families for data like these, and why others are left out, by name."""
    rates = rates_of(measured, data, size)
    inputs = measured.inputs.channels if measured.inputs is not None else 0
    left: dict[str, str] = {}
    if inputs:
        return _driven(rates, size, inputs, left), left
    if rates.neutral:
        gone = (
            "its functions decay, and of data that last this long nothing would be left of them "
            "after the first samples"
        )
        left |= {"random network": gone, "Lotka-Volterra": gone}
        return _neutral(rates, size, left), left
    return _decaying(rates, size, left), left


def _normal(scale: float) -> dict[str, Any]:
    return {"kind": "normal", "scale": scale}


def _network(name: str, size: int, rank: int, gain: float, dt: float, kind: str) -> Family:
    said = {"random_rnn": "random recurrent network", "overlap_rnn": "rotating recurrent network"}
    return Family(
        name,
        f"Twin: {said[kind]}, N = {size}, rank {rank}, gain {gain:g}",
        f"a {said[kind]} of {size} units with weights of rank {rank} and gain {gain:g}",
        {"kind": kind, "n": size, "rank": rank, "gain": gain}
        | ({"theta_scale": 0.3} if kind == "random_rnn" else {"angle": 90.0}),
        dt,
        _normal(1.5),
    )


def _decaying(rates: Rates, size: int, left: dict[str, str]) -> list[Family]:
    slow, fast = float(rates.decays[0]), float(rates.decays[-1])
    middle = float(np.sqrt(slow * fast))
    made = []
    if size >= 2:
        ranks = max(1, size // 3), max(1, size // 2)
        made += [
            _network("rnn_mild", size, ranks[0], 0.9, middle, "random_rnn"),
            _network("rnn_strong", size, ranks[1], 2.0, slow, "random_rnn"),
            Family(
                "lotka_volterra",
                f"Twin: Lotka-Volterra system, N = {size}",
                f"a bounded Lotka-Volterra system of {size} species",
                {
                    "kind": "random_lotka_volterra",
                    "n": size,
                    "groups": max(1, min(size // 2, 4)),
                    "skew": 2.0,
                },
                # Its rates are 0.4 to 1.
                middle / 0.65,
                {"kind": "log_uniform", "low": 0.3, "high": 3.0},
                positive=True,
            ),
        ]
        made += [*_coupling(rates, size, "coupling", 1.0, 0.0, left)]
    else:
        left |= dict.fromkeys(
            ("random network", "Lotka-Volterra", "coupling layers"),
            "the data have one channel, and it takes two variables",
        )
    return [*made, *_linear(rates, size, left)]


def _neutral(rates: Rates, size: int, left: dict[str, str]) -> list[Family]:
    made = [*_linear(rates, size, left)]
    if size >= 2:
        made += _coupling(rates, size, "coupling_mild", 0.5, 0.0, left)
        made += _coupling(rates, size, "coupling_strong", 2.0, 0.0, left)
        made += _coupling(rates, size, "coupling_stretched", 1.0, 0.5, left)
    return made


def _driven(rates: Rates, size: int, inputs: int, left: dict[str, str]) -> list[Family]:
    slow, fast = float(rates.decays[0]), float(rates.decays[-1])
    if rates.neutral or slow <= 0.0:
        slow, fast = (max(float(rates.decays[-1]), 1e-3),) * 2
    middle = float(np.sqrt(slow * fast))
    if size < 2:
        left["random network"] = "the data have one channel, and it takes two variables"
        return []
    left |= dict.fromkeys(
        ("Lotka-Volterra", "coupling layers", "linear"),
        "it has no key under inputs that reach all of its variables",
    )
    few, more = max(1, size // 3), max(1, size // 2)
    return [
        _network("rnn_mild", size, few, 0.9, middle, "random_rnn"),
        _network("rnn_strong", size, more, 2.0, slow, "random_rnn"),
        _network("rnn_fast", size, few, 1.4, fast, "random_rnn"),
        _network("rnn_rotating", size, more, 1.5, middle, "overlap_rnn"),
    ]


def _spectra(rates: Rates, name: str) -> list[tuple[dict[str, Any], float]]:
    """Keys `real` and `oscillations` and the interval, a few draws about the rates measured."""
    sizes = np.concatenate([np.abs(rates.real), np.hypot(*rates.pairs.T)])
    unit = float(np.exp(np.mean(np.log(sizes[sizes > 0.0])))) if (sizes > 0.0).any() else 1.0
    drawn = []
    for number in range(TRIES):
        rng = generator({"twin": name, "number": number}, "rates")
        share = 1.0 + SPREAD * rng.uniform(-1.0, 1.0, len(rates.real) + len(rates.pairs))
        real = rates.real * share[: len(rates.real)] / unit
        pairs = rates.pairs * share[len(rates.real) :, None] / unit
        keys: dict[str, Any] = {}
        if len(real):
            keys["real"] = [_short(value) for value in real]
        if len(pairs):
            keys["oscillations"] = [[_short(a), _short(b)] for a, b in pairs]
        drawn.append((keys, unit))
    return drawn


def _short(value: float) -> float:
    """Three digits, as a reader would write a rate."""
    return float(f"{value:.3g}")


def _first(rates: Rates, name: str, section: dict[str, Any], left: dict[str, str]) -> Any:
    """The section with the first draw of rates of which there is a system with targets."""
    why = ""
    for keys, unit in _spectra(rates, name):
        try:
            parse({"system": {**section, **keys}}, _Probe, name).system.check_targets(DEGREE)
        except (ConfigError, ValueError) as error:
            why = str(error)
            continue
        return {**section, **keys}, unit
    left[name] = f"no rates near those of the data have a key: {why}"
    return None


def _linear(rates: Rates, size: int, left: dict[str, str]) -> list[Family]:
    section = {"kind": "linear_spectrum", "n": size, "condition": 3.0}
    found = _first(rates, "linear", section, left)
    if found is None:
        return []
    title = f"Twin: linear system, N = {size}"
    return [Family("linear", title, f"a linear system of {size} variables", *found, _normal(1.0))]


def _coupling(
    rates: Rates, size: int, name: str, strength: float, stretch: float, left: dict[str, str]
) -> list[Family]:
    section = {"kind": "random_coupling", "n": size, "strength": strength}
    if stretch:
        section["stretch"] = stretch
    found = _first(rates, name, section, left)
    if found is None:
        return []
    about = f"a linear system of {size} variables behind coupling layers of strength {strength:g}"
    title = f"Twin: coupling layers, N = {size}, strength {strength:g}"
    return [Family(name, title, about, *found, _normal(1.0))]
