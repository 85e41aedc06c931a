"""The `[system]` section of a recipe: which equations, with which parameters."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from koopmark import systems
from koopmark.datasets.ensemble_sections import EnsembleSections
from koopmark.datasets.network_section import NetworkSections
from koopmark.datasets.random_network import ActivationName, RandomNetwork
from koopmark.datasets.system_base import SystemBase
from koopmark.datasets.textbook_sections import TextbookSections
from koopmark.systems import Network
from koopmark.systems.sections import PrescribedSections

MapName = Literal["log", "sinh", "cubic"]


class ThreePopulations(SystemBase):
    """The three-population example of the source; it has no parameters."""

    kind: Literal["three_populations"]

    @property
    def drawn_anew(self) -> bool:
        """The same for every seed."""
        return False

    def build(self, seed: int) -> Network:  # noqa: ARG002  the same network for every seed
        return systems.three_populations()


class RandomRNN(RandomNetwork):
    """A random recurrent network; a new one for each seed."""

    kind: Literal["random_rnn"]
    activation: ActivationName = "tanh"
    theta_scale: float = Field(default=0.0, ge=0.0)
    singular_values: tuple[PositiveFloat, ...] | None = None

    @model_validator(mode="after")
    def _one_singular_value_a_rank(self) -> "RandomRNN":
        if self.singular_values is not None and len(self.singular_values) != self.rank:
            count = len(self.singular_values)
            raise ValueError(f"singular_values has {count} numbers: rank {self.rank} needs as many")
        return self

    def build(self, seed: int) -> Network:
        parameters = self.model_dump(exclude={"kind"})
        return systems.random_rnn(**parameters, seed=seed)


class RandomRelaxation(RandomNetwork):
    """A random relaxation network with a map ζ of the state; a new one for each seed."""

    kind: Literal["random_relaxation"]
    zeta: MapName

    def build(self, seed: int) -> Network:
        zeta = systems.MAPS[self.zeta]
        return systems.random_relaxation(self.n, self.rank, zeta, self.gain, seed)


class RandomDrift(RandomNetwork):
    """A random drift network with a map ζ of the state; a new one for each seed."""

    kind: Literal["random_drift"]
    zeta: MapName
    chosen: PositiveInt = 2

    def build(self, seed: int) -> Network:
        zeta = systems.MAPS[self.zeta]
        return systems.random_drift(self.n, self.rank, zeta, self.gain, seed, self.chosen)


class RandomLotkaVolterra(SystemBase):
    """A random bounded Lotka-Volterra system; a new one for each seed."""

    kind: Literal["random_lotka_volterra"]
    n: PositiveInt
    groups: PositiveInt
    skew: float = Field(default=1.0, ge=0.0)

    @model_validator(mode="after")
    def _two_species_a_group(self) -> "RandomLotkaVolterra":
        if 2 * self.groups > self.n:
            allowed = f"between 1 and n / 2 = {self.n // 2}"
            raise ValueError(f"groups {self.groups} with n {self.n}: groups must be {allowed}")
        return self

    def build(self, seed: int) -> Network:
        return systems.random_lotka_volterra(self.n, self.groups, seed, skew=self.skew)


SystemSection = Annotated[
    ThreePopulations
    | RandomRNN
    | RandomRelaxation
    | RandomDrift
    | RandomLotkaVolterra
    | PrescribedSections
    | EnsembleSections
    | NetworkSections
    | TextbookSections,
    Field(discriminator="kind"),
]
