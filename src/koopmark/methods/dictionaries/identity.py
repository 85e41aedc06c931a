"""The state itself."""

from dataclasses import dataclass, field
from typing import Literal

from numpy.typing import NDArray

from koopmark.methods.dictionaries.dictionary import Dictionary, Observables


@dataclass(frozen=True)
class Identity(Dictionary):
    """ψ(x) = [1, x]: with the constant, what dynamics with an offset θ ≠ 0 need."""

    state: bool = True
    constant: bool = True
    kind: Literal["identity"] = field(default="identity", kw_only=True, repr=False)

    def fitted(self, states: NDArray) -> Observables:
        return Observables(states.shape[-1], self.constant, self.state)
