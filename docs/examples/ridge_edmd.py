"""EDMD with ridge regression: a method of one's own, in a file of one's own."""

from dataclasses import dataclass

import numpy as np

from koopmark.methods import Identity, Method, Tags
from koopmark.models import LinearModel, Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class RidgeEDMD(Method):
    """Least squares with a penalty `alpha` on the size of the operator."""

    alpha: float = 1e-12

    tags = Tags(
        loses={"units": "the penalty is in the units of the data: beside small ones it is large"}
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        x, y = trajectories.pairs()
        lift = Identity().fitted(x)
        psi, ahead = lift(x), lift(y)
        gram = psi.T @ psi + self.alpha * len(psi) * np.eye(lift.size)
        operator = np.linalg.solve(gram, psi.T @ ahead)
        return LinearModel.from_operator(operator, trajectories.dt, lift)
