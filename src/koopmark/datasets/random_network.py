"""What the sections of all random networks share: their size, rank and gain."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt, model_validator

from koopmark.datasets.system_base import SystemBase

ActivationName = Literal["tanh", "logistic", "erf", "relu", "softplus", "identity"]


class RandomNetwork(SystemBase):
    """`n` units with weights of this rank, whose spectral norm is `gain`."""

    n: PositiveInt
    rank: PositiveInt
    gain: PositiveFloat = 1.5

    @model_validator(mode="after")
    def _rank_below_n(self) -> "RandomNetwork":
        if self.rank >= self.n:
            allowed = f"between 1 and {self.n - 1}"
            raise ValueError(f"rank {self.rank} with n {self.n}: rank must be {allowed}")
        return self
