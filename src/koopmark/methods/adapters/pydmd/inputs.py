"""PyDMD's method for data with inputs."""

from dataclasses import dataclass, replace

import numpy as np

from koopmark.methods import papers
from koopmark.methods.adapters._pairs import data_rank, output_rank, under_inputs
from koopmark.methods.adapters.pydmd.pairs import PYDMD, STATE, AtRank
from koopmark.methods.dictionaries import AnyDictionary
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class DMDc(AtRank):
    """DMD with control (Proctor, Brunton and Kutz 2016) as PyDMD computes it.

    Least squares from each snapshot and the input held after it to the next snapshot.

    PyDMD takes one sequence, whose pairs are `lag` states apart. All first snapshots of P pairs
    followed by all second ones are a sequence whose pairs at the lag P are these P pairs, and no
    others (docs/reference/library-notes).

    Parameters
    ----------
    svd_rank : int, optional
        Leading directions of the next snapshots kept: -1 for all. By default their numerical rank,
        or all if snapshots have directions beside these.
    svd_rank_omega : int, optional
        Directions of snapshots beside inputs kept, likewise: -1, PyDMD's own, divides by rounding
        if the data are of lower rank, as one trajectory of a network with a null space is.
    dictionary : AnyDictionary
        As for `DMD`.
    """

    svd_rank_omega: int | None = None
    dictionary: AnyDictionary = STATE

    tags = replace(
        PYDMD,
        inputs=True,
        by_default={"svd_rank": 0, "svd_rank_omega": -1},
        papers=(papers.PROCTOR_2016,),
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = trajectories.pairs()
        lift, held = self.dictionary.fitted(x), trajectories.held()
        now, ahead = lift(x), lift(y)
        both = np.vstack([now, ahead])
        rank = output_rank(now, ahead) if self.svd_rank is None else self.svd_rank
        omega = self.svd_rank_omega
        if omega is None:
            omega = data_rank(np.hstack([now, held]))
        dmd = pydmd.DMDc(svd_rank=rank, svd_rank_omega=omega, lag=len(now)).fit(both.T, held.T)
        # With A ≈ U Ã Uᴴ and Ã = W μ W⁻¹. PyDMD's modes A U W vanish if μ = 0, and a
        # pseudo-inverse of the others is none of W⁻¹ Uᴴ then.
        basis, vectors = dmd.basis, dmd.operator.eigenvectors
        functions = np.linalg.solve(vectors, basis.conj().T.astype(vectors.dtype))
        readout = None if lift.state is None else (basis @ vectors)[lift.state].T
        dt, discrete = trajectories.dt, dmd.eigs
        model = LinearModel(
            lift, functions.T, continuous(discrete, dt), dt, readout, discrete=discrete
        )
        return under_inputs(model, dmd.B.T)
