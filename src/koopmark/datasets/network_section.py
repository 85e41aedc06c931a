"""`[system]` sections of real networks, and of networks of nearly low rank (docs/ensembles.md)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, field_validator

from koopmark import systems
from koopmark._config import shortened
from koopmark._errors import suggest
from koopmark.datasets.random_network import ActivationName, RandomNetwork
from koopmark.datasets.system_base import SystemBase
from koopmark.systems import Network, System


class RealNetwork(SystemBase):
    """A recurrent network on a measured graph; seeds draw its offsets and nothing else."""

    kind: Literal["real_network"]
    network: str
    gain: PositiveFloat = 1.5
    weighted: bool = True
    theta_scale: float = Field(default=0.0, ge=0.0)
    activation: ActivationName = "tanh"

    @field_validator("network")
    @classmethod
    def _is_shipped(cls, name: str) -> str:
        # A path among the names is no name.
        if name not in systems.graph_names():
            known = systems.graph_names()
            hint = suggest(name, known)
            raise ValueError(f"{shortened(name)!r}: {hint}it must be one of {', '.join(known)}")
        return name

    def reads(self) -> list[Path]:
        return [systems.graph_file(self.network)]

    @property
    def n(self) -> int:
        """Units: the nodes of the graph."""
        return len(systems.graph(self.network).nodes)

    @property
    def drawn_anew(self) -> bool:
        """Only if there are offsets to draw."""
        return self.theta_scale > 0

    def build(self, seed: int) -> Network:
        return systems.network_rnn(**self.model_dump(exclude={"kind"}), seed=seed)


class NearlyLowRankRNN(RandomNetwork):
    """Full rank with decaying singular values; other singular vectors for each seed."""

    kind: Literal["nearly_low_rank_rnn"]
    spectrum: Literal["step", "exponential", "power"] = "step"
    epsilon: float = Field(default=0.01, ge=0.0, le=1.0)
    decay: PositiveFloat = 1.0
    theta_scale: float = Field(default=0.0, ge=0.0)
    activation: ActivationName = "tanh"

    def build(self, seed: int) -> System:
        return systems.nearly_low_rank_rnn(**self.model_dump(exclude={"kind"}), seed=seed)


NetworkSections = RealNetwork | NearlyLowRankRNN
