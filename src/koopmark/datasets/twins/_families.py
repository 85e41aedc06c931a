"""Families of twins: systems with an answer key, with the size and rates of the data."""

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
NEUTRAL, KEPT_UP = 0.5, 3.0
"""Decay over the median trial below which a rate counts as neutral, and above which something keeps
up what would decay, if the data last."""
LEAST_DECAY, MOST_DECAY = 0.5, 30.0
"""Decay over the median trial within which rates of the twin lie."""
FASTEST, QUICKEST = 0.7, 0.8
"""Largest decay per sampling interval, and largest frequency relative to π, which is aliased."""
TRIES = 40
"""Draws of the rates until no two products of eigenfunctions are too close to be told apart."""
SPREAD = 0.15
"""Share by which rates of the twin differ from those measured."""
OVERLAP, GOLDEN = 0.8, 1.618
"""Of the vectors of networks that oscillate; ratio of frequencies that share no harmonics."""
NO_INPUTS = "there is no key under inputs that reach all variables"
SHOWN_IN_TIME = (
    "the data show more variables in time than they have channels, and it is known of linear "
    "systems alone which functions so few sensors show"
)
GONE = (
    "they decay, and the data vary to the end of trials that last much longer: nothing would be "
    "left of what is known of them"
)

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Family:
    """One kind of twin system, before sensors.

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
    """Rates of the data per sampling interval for the twin systems.

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
        """Decay rates (k + m,) per interval."""
        return np.sort(-np.concatenate([self.real, self.pairs[:, 0]]))

    @property
    def ratio(self) -> float:
        """Ratio of frequency to decay of the oscillations; 1.5 if none of them decays."""
        decaying = self.pairs[self.pairs[:, 0] < 0.0]
        if not len(decaying):
            return 1.5
        return float(np.exp(np.mean(np.log(decaying[:, 1] / -decaying[:, 0]))))

    @property
    def neutral(self) -> bool:
        """Whether no rate decays."""
        return bool((self.decays <= 0.0).any())


def lasts(data: Trajectories, channels: NDArray[np.bool_]) -> bool:
    """Whether these channels vary as much at the end of trials as at their start."""
    values = data.states[..., channels]
    mean, spread = np.nanmean(values, axis=(0, 1)), np.nanstd(values, axis=(0, 1))
    recorded: NDArray[np.bool_] = np.all(np.isfinite(values), axis=2)
    first, last = [], []
    for trial, there in zip(values, recorded, strict=True):
        off = ((trial[there] - mean) / spread) ** 2
        part = max(1, len(off) // 10)
        if len(off) > 1:
            first.append(off[:part].mean())
            last.append(off[-part:].mean())
    return bool(np.mean(last) > LASTING * np.mean(first)) if first else True


def rates_of(measured: Measured, data: Trajectories, size: int) -> Rates:
    """As many rates as variables, the measured ones first."""
    lasting, dt = lasts(data, ~measured.constant), measured.dt
    length = max(2.0, float(measured.lengths[1]))
    found = np.asarray(measured.rates, dtype=complex) * dt
    told = bool(len(found))
    # One that is not told is long.
    known = np.nan_to_num(measured.correlation_time[~measured.constant] / dt, nan=length)
    quick = max(1.0 / float(np.median(known)), 2.0 * LEAST_DECAY / length)
    if not told:
        found = np.array([complex(-quick)])
    fastest = np.pi * QUICKEST
    low = LEAST_DECAY / length
    high = max(min(MOST_DECAY / length, FASTEST), 2.0 * low)
    turning = found[found.imag > 1e-6]
    pairs = np.column_stack([turning.real, np.minimum(turning.imag, fastest)])[: size // 2]
    # What decays is gone at the end of a trial unless something keeps it up.
    alone = lasting and measured.inputs is None
    kept = -found.real.max() * length > KEPT_UP
    if alone and (kept or (len(turning) and -turning.real.max() * length < NEUTRAL)):
        return _turning(pairs, size, quick, length, fastest, told)
    pairs[:, 0] = np.clip(pairs[:, 0], -high, -low)
    real = np.clip(found[np.abs(found.imag) <= 1e-6].real, -high, -low)[: size - 2 * len(pairs)]
    missing = size - 2 * len(pairs) - len(real)
    if missing:
        # Between the others, or about the only one.
        decays = -np.concatenate([real, pairs[:, 0]])
        first, last = (decays.min(), decays.max()) if len(decays) else (low, high)
        more = np.geomspace(first, max(last, 2.0 * first), missing + 2)[1:-1]
        real = np.append(real, -np.minimum(more, high))
    return Rates(real, pairs, lasting, told)


def _turning(
    pairs: Array, size: int, quick: float, length: float, fastest: float, told: bool
) -> Rates:
    """Oscillations that do not decay: the measured ones, and slower ones for other variables.

    If the number of variables is odd, one of them decays over the trial.
    """
    slowest = 4.0 * np.pi / length
    # The autocorrelation of a sine is at 1/e after 1.2 / ω.
    frequencies = list(pairs[:, 1]) or [float(np.clip(1.2 * quick, slowest, fastest))]
    while len(frequencies) < size // 2:
        slower, faster = min(frequencies) / GOLDEN, max(frequencies) * GOLDEN
        frequencies.append(slower if slower > slowest or faster > fastest else faster)
    still = np.column_stack([np.zeros(size // 2), frequencies[: size // 2]])
    return Rates(np.full(size % 2, -1.0 / length), still, True, told)


def families_of(
    measured: Measured, data: Trajectories, size: int, seen: int
) -> tuple[list[Family], dict[str, str]]:
    """Families with `size` variables for such data, and why others are left out, by name.

    `seen` is how many variables the sensors see.
    """
    rates, left, trials = rates_of(measured, data, size), dict[str, str](), len(data)
    if seen < size:
        left |= dict.fromkeys(
            ("random networks", "Lotka-Volterra", "coupling layers"), SHOWN_IN_TIME
        )
        found = _linear(rates, size, left)
        for other, name in ((size + 2, "linear_more"), (size - 2, "linear_fewer")):
            if other > seen:
                found += _linear(rates_of(measured, data, other), other, left, name)
        return found, left
    if size < 2:
        left |= dict.fromkeys(
            ("random networks", "Lotka-Volterra", "coupling layers"),
            "they take two variables, and one channel shows one",
        )
        if measured.inputs is not None:
            left["linear"] = NO_INPUTS
            return [], left
        return _linear(rates, size, left), left
    if measured.inputs is not None:
        left |= dict.fromkeys(("Lotka-Volterra", "coupling layers", "linear"), NO_INPUTS)
        return _driven(rates, size, trials), left
    if rates.neutral:
        left |= dict.fromkeys(("random networks", "Lotka-Volterra"), GONE)
        return _neutral(rates, size, left), left
    return _decaying(rates, size, trials, left), left


def _normal(scale: float) -> dict[str, Any]:
    return {"kind": "normal", "scale": scale}


def _network(name: str, size: int, rank: int, gain: float, dt: float) -> Family:
    return Family(
        name,
        f"Twin: random recurrent network, N = {size}, rank {rank}, gain {gain:g}",
        f"a random recurrent network of {size} units with weights of rank {rank} and gain {gain:g}",
        {"kind": "random_rnn", "n": size, "rank": rank, "gain": gain, "theta_scale": 0.3},
        dt,
        _normal(1.5),
    )


def _ranks(size: int, trials: int) -> tuple[int, int]:
    """A low rank and a higher one: so many trials show half as many null vectors, and no more."""
    least = max(1, min(size - trials // 2, size - 1))
    return max(least, size // 3), max(least, size // 2)


def _rotating(size: int, ratio: float, dt: float) -> Family:
    """A network that oscillates `ratio` times as fast as it decays, at small amplitudes."""
    rank, gain = 2 * max(1, size // 4), _short(float(np.clip(ratio / OVERLAP, 1.0, 6.0)), 2)
    return Family(
        "rnn_rotating",
        f"Twin: oscillating recurrent network, N = {size}, rank {rank}, gain {gain:g}",
        f"a recurrent network of {size} units that oscillates, with weights of rank {rank} and "
        f"gain {gain:g}",
        {
            "kind": "overlap_rnn",
            "n": size,
            "rank": rank,
            "gain": gain,
            "overlap": OVERLAP,
            "angle": 90.0,
        },
        dt,
        _normal(1.5),
    )


def _decaying(rates: Rates, size: int, trials: int, left: dict[str, str]) -> list[Family]:
    slow, fast = float(rates.decays[0]), float(rates.decays[-1])
    middle, (few, more) = float(np.sqrt(slow * fast)), _ranks(size, trials)
    strong = _network("rnn_strong", size, more, 2.0, middle)
    if len(rates.pairs) and size > 2:
        strong = _rotating(size, rates.ratio, middle)
    species = {"kind": "random_lotka_volterra", "n": size, "groups": max(1, min(size // 2, 4))}
    return [
        _network("rnn_mild", size, few, 0.9, middle),
        strong,
        Family(
            "lotka_volterra",
            f"Twin: Lotka-Volterra system, N = {size}",
            f"a bounded Lotka-Volterra system of {size} species",
            {**species, "skew": 2.0},
            # Its rates are 0.4 to 1.
            middle / 0.65,
            {"kind": "log_uniform", "low": 0.3, "high": 3.0},
            positive=True,
        ),
        *_coupling(rates, size, "coupling", 1.0, 0.0, left),
        *_linear(rates, size, left),
    ]


def _neutral(rates: Rates, size: int, left: dict[str, str]) -> list[Family]:
    return [
        *_linear(rates, size, left),
        *_coupling(rates, size, "coupling_mild", 0.5, 0.0, left),
        *_coupling(rates, size, "coupling_strong", 2.0, 0.0, left),
        *_coupling(rates, size, "coupling_stretched", 1.0, 0.5, left),
    ]


def _driven(rates: Rates, size: int, trials: int) -> list[Family]:
    slow, fast = float(rates.decays[0]), float(rates.decays[-1])
    middle, (few, more) = float(np.sqrt(slow * fast)), _ranks(size, trials)
    last = (
        _rotating(size, rates.ratio, middle)
        if size > 2
        else _network("rnn_weak", size, few, 0.4, middle)
    )
    return [
        _network("rnn_mild", size, few, 0.9, middle),
        _network("rnn_strong", size, more, 2.0, slow),
        _network("rnn_fast", size, few, 1.4, fast),
        last,
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


def _short(value: float, digits: int = 3) -> float:
    """As a reader would write a rate."""
    return float(f"{value:.{digits}g}")


def _first(
    rates: Rates, name: str, section: dict[str, Any], left: dict[str, str]
) -> tuple[dict[str, Any], float] | None:
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


def _linear(rates: Rates, size: int, left: dict[str, str], name: str = "linear") -> list[Family]:
    section = {"kind": "linear_spectrum", "n": size, "condition": 3.0}
    found = _first(rates, name, section, left)
    if found is None:
        return []
    title = f"Twin: linear system, N = {size}"
    about = f"a linear system of {size} variables"
    return [Family(name, title, about, found[0], found[1], _normal(1.0))]


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
    return [Family(name, title, about, found[0], found[1], _normal(1.0))]
