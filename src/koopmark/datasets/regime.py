"""The `[regime]` section of a recipe: what its systems do in the long run, computed and kept."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, model_validator

from koopmark._config import Section

Kind = Literal[
    "fixed point",
    "multistable",
    "limit cycle",
    "limit cycles",
    "mixed",
    "chaotic",
    "transient chaos",
    "continuum",
    "unbounded",
    "stochastic",
]


class RegimeSection(Section):
    """One entry for each seed; no number of the dataset depends on it.

    `kind` and `attractors` as in `koopmark.simulation.attractors.Regime`, `lyapunov` the largest
    exponent. Stochastic systems have neither attractors nor exponents here: both are 0.
    """

    kind: tuple[Kind, ...]
    attractors: tuple[NonNegativeInt, ...]
    lyapunov: tuple[Annotated[float, Field(ge=-1e6, le=1e6)], ...]

    @model_validator(mode="after")
    def _one_entry_a_seed(self) -> "RegimeSection":
        lengths = {len(self.kind), len(self.attractors), len(self.lyapunov)}
        if len(lengths) > 1:
            raise ValueError("kind, attractors and lyapunov need one entry for each seed")
        return self


def in_words(section: RegimeSection | None) -> str:
    """What a list of datasets says of it: `multistable`, or `fixed point or multistable`."""
    return " or ".join(dict.fromkeys(section.kind)) if section else "regime not computed"
