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

    `kind` and `attractors` as in `koopmark.spectrum._attractors.Regime`, `lyapunov` the largest
    exponent and `lyapunov_error` its standard error, left out where no system is chaotic: only
    there is the exponent an average. Stochastic systems have neither attractors nor exponents here:
    both are 0.
    """

    kind: tuple[Kind, ...]
    attractors: tuple[NonNegativeInt, ...]
    lyapunov: tuple[Annotated[float, Field(ge=-1e6, le=1e6)], ...]
    lyapunov_error: tuple[Annotated[float, Field(ge=0, le=1e6)], ...] | None = None

    @model_validator(mode="after")
    def _one_entry_a_seed(self) -> "RegimeSection":
        given = self.model_dump(exclude_none=True)
        if len({len(entries) for entries in given.values()}) > 1:
            raise ValueError(f"{', '.join(given)} need one entry for each seed")
        return self


def in_words(section: RegimeSection | None) -> str:
    """What a list of datasets says of it: `multistable`, or `fixed point or multistable`."""
    return " or ".join(dict.fromkeys(section.kind)) if section else "regime not computed"
