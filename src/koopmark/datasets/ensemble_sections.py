"""`[system]` sections of the ensembles of recurrent networks (docs/ensembles.md)."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from koopmark.datasets.random_network import ActivationName, RandomNetwork
from koopmark.systems import Network, ensembles


class _Loadings(RandomNetwork):
    overlap: float = Field(default=0.8, ge=-1.0, le=1.0)
    input_scale: float = Field(default=0.0, ge=0.0)
    input_overlap: float = Field(default=0.0, ge=-1.0, le=1.0)
    activation: ActivationName = "tanh"


class OverlapRNN(_Loadings):
    """Overlapping connectivity and input vectors; a new network for each seed."""

    kind: Literal["overlap_rnn"]
    angle: float = Field(default=0.0, ge=-180.0, le=180.0)

    @model_validator(mode="after")
    def _pairs_to_turn(self) -> "OverlapRNN":
        if self.angle and self.rank % 2:
            raise ValueError(
                f"rank {self.rank} with angle {self.angle:g}: turning pairs needs an even rank"
            )
        return self

    def build(self, seed: int) -> Network:
        return ensembles.overlap_rnn(**self.model_dump(exclude={"kind"}), seed=seed)


class MixtureRNN(_Loadings):
    """Gaussian populations with overlaps of their own; a new network for each seed."""

    kind: Literal["mixture_rnn"]
    populations: PositiveInt = 2

    @model_validator(mode="after")
    def _a_unit_a_population(self) -> "MixtureRNN":
        if self.populations > self.n:
            raise ValueError(
                f"populations {self.populations} with n {self.n}: populations must be between 1 "
                f"and {self.n}"
            )
        return self

    def build(self, seed: int) -> Network:
        return ensembles.mixture_rnn(**self.model_dump(exclude={"kind"}), seed=seed)


class _Offsets(RandomNetwork):
    theta_scale: float = Field(default=0.0, ge=0.0)
    activation: ActivationName = "tanh"


class HopfieldRNN(_Offsets):
    """Hebbian weights of `rank` random patterns; new ones for each seed."""

    kind: Literal["hopfield_rnn"]
    sequence: float = Field(default=0.0, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _patterns_stay_apart(self) -> "HopfieldRNN":
        if self.rank % 2 and abs(self.sequence - 0.5) < 1e-6:
            raise ValueError(
                f"sequence {self.sequence:g} with an odd rank {self.rank}: patterns and "
                "successors cancel, and the rank is lower than asked for"
            )
        return self

    def build(self, seed: int) -> Network:
        return ensembles.hopfield_rnn(**self.model_dump(exclude={"kind"}), seed=seed)


class BlockRNN(_Offsets):
    """Expected weights of a degree-corrected block model of `rank` groups."""

    kind: Literal["block_rnn"]
    between: float = Field(default=0.2, lt=1.0)
    spread: float = Field(default=0.3, ge=0.0, le=10.0)

    @model_validator(mode="after")
    def _blocks_of_full_rank(self) -> "BlockRNN":
        if self.rank > 1 and self.between <= -1.0 / (self.rank - 1):
            raise ValueError(
                f"between {self.between:g} with rank {self.rank}: between must be above "
                f"{-1.0 / (self.rank - 1):g}"
            )
        return self

    def build(self, seed: int) -> Network:
        return ensembles.block_rnn(**self.model_dump(exclude={"kind"}), seed=seed)


class DaleRNN(_Offsets):
    """Units that only excite or only inhibit; a new network for each seed."""

    kind: Literal["dale_rnn"]
    excitatory: float = Field(default=0.8, ge=0.0, le=1.0)

    def build(self, seed: int) -> Network:
        return ensembles.dale_rnn(**self.model_dump(exclude={"kind"}), seed=seed)


class SparseRNN(_Offsets):
    """Sparse factors; a new network for each seed."""

    kind: Literal["sparse_rnn"]
    density: float = Field(default=0.3, gt=0.0, le=1.0)

    def build(self, seed: int) -> Network:
        return ensembles.sparse_rnn(**self.model_dump(exclude={"kind"}), seed=seed)


EnsembleSections = OverlapRNN | MixtureRNN | HopfieldRNN | BlockRNN | DaleRNN | SparseRNN
