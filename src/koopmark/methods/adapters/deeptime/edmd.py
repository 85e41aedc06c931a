"""deeptime: extended DMD."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from koopmark.methods.adapters.deeptime.library import DeeptimeMethod
from koopmark.methods.dictionaries import AnyDictionary, Monomials
from koopmark.methods.readout import state_readout
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class EDMD(DeeptimeMethod):
    """`deeptime.decomposition.EDMD` (Williams, Kevrekidis and Rowley 2015).

    Parameters
    ----------
    dictionary : AnyDictionary
        deeptime has no default: its `basis` is this.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)

    loses: ClassVar[Mapping[str, str]] = {
        "units": "it cuts off in the units of the data",
    }

    def _fit(self, trajectories: Trajectories) -> Model:
        from deeptime.decomposition import EDMD as Estimator

        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        fitted = Estimator(lift).fit((x, y)).fetch_model()
        # What deeptime calls modes are coefficients of eigenfunctions, as rows.
        coefficients = fitted.modes.T
        dt = trajectories.dt
        rates = continuous(fitted.eigenvalues, dt)
        return LinearModel(lift, coefficients, rates, dt, state_readout(coefficients, lift))
