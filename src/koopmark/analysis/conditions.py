"""Under which conditions data were recorded, as the tables of a run have them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from koopmark.analysis.numbers import listed, plain, plural
from koopmark.datasets import Recipe
from koopmark.systems import Sensors, System

FLOW, MAP = "λ", "μ"
"""What the eigenvalues of a flow, per unit of time, and of one step of a map are called."""


@dataclass(frozen=True)
class Conditions:
    """Whether a dataset is of a map, how many inputs it has, and how much of it is seen."""

    discrete: bool = False
    inputs: int = 0
    size: float = float("nan")
    """N, the variables of the system; NaN if nobody knows."""
    channels: float = float("nan")
    """p, how many of them, or mixtures of them, the data have."""
    channel: str = "sensor"
    """What each of them is called."""

    @classmethod
    def of(cls, row: "pd.Series[Any]") -> "Conditions":
        """Of a row of fits.csv."""

        def number(name: str) -> float:
            given = row.get(name)
            return float("nan") if given is None or pd.isna(given) else float(given)

        inputs = number("inputs")
        return cls(
            number("discrete") == 1.0,
            int(inputs) if inputs == inputs else 0,
            number("n"),
            number("channels"),
        )

    @property
    def symbol(self) -> str:
        """λ, or μ of a map."""
        return MAP if self.discrete else FLOW

    def named(self, label: str) -> str:
        """`λ = -1 (x8)`, of the label of a target."""
        return f"{self.symbol} = {label}"

    def interval(self, dt: float) -> str:
        """How often there is a sample: `Δt = 0.1`, or `a sample every step` of a map."""
        if not self.discrete:
            return f"Δt = {plain(dt)}"
        return f"a sample every {'step' if dt == 1.0 else f'{plain(dt)} steps'}"

    def length(self, word: str, horizon: float) -> str:
        """How long trajectories are: `word` and the horizon, or `30 steps` of a map."""
        return f"{plain(horizon)} steps" if self.discrete else f"{word} {plain(horizon)}"

    @property
    def partial(self) -> bool:
        """Whether sensors show less than the whole state."""
        return self.channels < self.size

    @property
    def facts(self) -> tuple[str, ...]:
        """In a few words each: `a map`, `2 inputs`, `6 of 10 units seen`."""
        seen = ""
        if self.partial:
            seen = f"{plural(int(self.channels), self.channel)} of {plain(self.size)} units"
        driven = plural(self.inputs, "input") if self.inputs else ""
        return tuple(filter(None, ["map" if self.discrete else "", driven, seen]))


def conditions(fits: pd.DataFrame) -> dict[str, Conditions]:
    """By dataset, from fits.csv."""
    once = fits.drop_duplicates("dataset")
    return {str(row["dataset"]): Conditions.of(row) for _, row in once.iterrows()}


KINDS: Mapping[str, str] = {
    "white": "independent normal values in each interval",
    "steps": "normal values, each kept for {hold} intervals on average",
    "multisine": "sums of sines with random phases",
    "feedback": "v = -Kx with KB = {feedback}, plus white dither of {dither} times the amplitude",
    "constant": "the same values in every interval of every trajectory, which excite nothing",
}
"""What inputs of each kind are, by the options of the section."""

NOT_USED = (
    "A method that does not use inputs is fitted as if there were none; its note then says: the "
    "inputs are not used. It can find eigenfunctions that no input acts on. To such a method, the "
    "effect of inputs on the others looks like noise."
)
"""Said once where results under inputs are shown."""


def told(recipe: Recipe, system: System, sensors: Sensors | None) -> tuple[tuple[str, str], ...]:
    """What there is to say of a recipe's inputs and sensors, and of what is exact under them.

    Pairs of a word and a text; none of an autonomous flow that is seen whole.

    Parameters
    ----------
    recipe : Recipe
    system, sensors : System, Sensors
        Those of the recipe for some seed.
    """
    texts = {
        "map": _step(system),
        "inputs": _inputs(recipe, system),
        "sensors": _sensors(sensors, system),
        "exact": _exact(system, sensors, recipe.inputs.recorded, recipe.inputs.kind != "constant"),
    }
    return tuple((word, text) for word, text in texts.items() if text)


def _step(system: System) -> str:
    if not system.discrete:
        return ""
    return (
        "the eigenvalues are the multipliers μ of one step, φ(x⁺) = μ φ(x), and their errors are "
        "|μ̂ - μ|; the unit of time is a step"
    )


def _inputs(recipe: Recipe, system: System) -> str:
    given = recipe.inputs
    if not system.inputs:
        return ""
    kind = KINDS[given.kind].format(
        **{name: plain(getattr(given, name)) for name in ("hold", "feedback", "dither")}
    )
    kept = "" if given.recorded else "; not recorded: methods are given only the states"
    test = "" if given.kind == "white" else "; the test set has white inputs of this amplitude"
    return (
        f"{plural(system.inputs, 'channel')}, {given.kind}: {kind}; standard deviation "
        f"{plain(given.amplitude)}; held from each sample to the next{test}{kept}"
    )


def _sensors(sensors: Sensors | None, system: System) -> str:
    if sensors is None:
        return ""
    if sensors.units is None:
        return f"{plural(sensors.channels, 'mixture')} of all {system.size} units"
    units = listed([str(unit) for unit in sensors.units], most=12)
    many = "units" if sensors.channels > 1 else "unit"
    return f"{sensors.channels} of {system.size} units are observed: {many} {units}, counted from 0"


def _exact(system: System, sensors: Sensors | None, recorded: bool, excites: bool) -> str:
    """How many functions are exact, and who can find them."""
    if sensors is not None and sensors.channels > system.size:
        # What they show is as good as the whole state.
        sensors = None
    functions = system.null_functions
    if functions is None:
        return "functions that an input acts on are not targets" if system.inputs else ""
    sentences = []
    known = functions.dimension
    name = "uᵀζ(x)" if getattr(functions.zeta, "theta", None) is None else "uᵀ(x - θ)"
    if sensors is not None:
        seen = system.null_functions_seen(sensors)
        known = seen.dimension if seen else 0
        rank = sensors.channels - known
        sentences.append(
            f"of the {functions.dimension} functions {name} of the whole state, p - rank(CL) = "
            f"{sensors.channels} - {rank} = {known} are functions of what the sensors show"
        )
    if not known:
        sentences.append(
            "the target is the eigenfunction of the whole state that is nearest to the sensors: "
            "no affine function of what they show, with any number of delays, is an "
            "eigenfunction, and only nonlinear functions of many delays might express it"
        )
        return "; ".join(sentences)
    if system.inputs:
        spaces = system.observed(sensors, 1)
        free = sum(space.dimension for space in spaces if space.gains(1.0) is None)
        which = f"{name} that the sensors show" if sensors else name
        sentences.append(_reach(known, free, which, recorded, excites))
    return "; ".join(sentences)


def _reach(known: int, free: int, which: str, recorded: bool, excites: bool) -> str:
    """What inputs do to `known` functions, of which they do not reach `free`."""
    who = "every method can find them"
    if not excites:
        who += ", except those that fit a constant function next to inputs that never change"
    if free == known:
        return f"no input acts on any of the {known} functions {which}: {who}"
    driven = (
        "only methods that use the inputs can find them; the gains of the inputs on them are "
        "known exactly too"
        if recorded
        else "no method can find them without the inputs"
    )
    if not free:
        return f"inputs act on all {known} functions {which}: {driven}"
    return (
        f"no input acts on {free} of the {known} functions {which}, which obey their eigenvalue "
        f"whatever the inputs do: {who}; inputs act on the others: {driven}"
    )
