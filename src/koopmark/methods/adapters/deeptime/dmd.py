"""deeptime: exact DMD."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from koopmark.methods.adapters.deeptime.library import DeeptimeMethod
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.models import LinearModel, Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class DMD(DeeptimeMethod):
    """`deeptime.decomposition.DMD` (Tu et al. 2014), at full rank by default.

    Parameters
    ----------
    dictionary : AnyDictionary
        The state with a constant: deeptime adds none.
    rank : int, optional
        Singular directions kept; all by default, as in deeptime.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    rank: int | None = None

    loses: ClassVar[Mapping[str, str]] = {
        "low rank": "at full rank it divides by the rounding of directions without data",
        "constant": "at full rank it divides by the rounding of directions without data",
    }

    def __post_init__(self) -> None:
        if self.rank is not None and self.rank < 1:
            raise ValueError(f"rank must be at least 1, got {self.rank}")

    def _fit(self, trajectories: Trajectories) -> Model:
        from deeptime.decomposition import DMD as Estimator

        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        fitted = Estimator(rank=self.rank).fit((lift(x), lift(y))).fetch_model()
        # deeptime keeps its modes as rows.
        modes = fitted.modes.T
        return LinearModel.from_modes(fitted.eigenvalues, modes, trajectories.dt, lift, lift.state)
