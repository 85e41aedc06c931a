"""Kernel EDMD with residuals, for any number of snapshot pairs."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.linalg import lstsq

from koopmark.methods._bounds import Count, Tolerance
from koopmark.methods.dictionaries import Nystroem
from koopmark.methods.kernels import AnyKernel, Polynomial
from koopmark.methods.method import Method, Tags
from koopmark.methods.own._factor import SnapshotFactor, factorise
from koopmark.methods.own._linalg import real_product
from koopmark.methods.own.qr_edmd import eigenpairs
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class KernelEDMD(Method):
    """Kernel EDMD (Williams, Rowley and Kevrekidis 2015) with the residuals of kernelised ResDMD.

    The functions k(x, z) of the landmarks z, made orthonormal in the kernel's inner product and
    cut where rounding begins, are the dictionary, and all pairs are fitted through one triangular
    factor (Colbrook and Townsend 2024, section 6). With every state x of a pair as a landmark
    this is kernel EDMD to the letter; with fewer it is its Nyström approximation (Williams and
    Seeger 2001), whose memory grows with the square of their number and not with that of the pairs.

    Parameters
    ----------
    kernel : AnyKernel
        The bandwidth of a Gaussian one is in units of the spread of the landmarks.
    landmarks : int
        How many, drawn from the data; every state of a pair where there are fewer. A polynomial
        kernel loses nothing where they are more than its monomials.
    tolerance : float
        As for `QREDMD`.
    seed : int
        Which landmarks.

    The model's residuals tell eigenfunctions from the rest where the pairs far outnumber the
    functions. Where they do not any function is fitted well, and the model's note says so.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    landmarks: Count = 500
    tolerance: Tolerance = 1e-10
    seed: int = 0

    tags = Tags(trial={"landmarks": 100})

    def _fit(self, trajectories: Trajectories) -> Model:
        states = trajectories.states
        features = Nystroem(self.kernel, self.landmarks, self.seed, constant=False)
        lift = features.fitted(states[:, :-1])
        n, size = states.shape[2], lift.size
        factor = factorise(replace(lift, with_state=True), states)
        now, ahead = np.split(factor.triangle, 2, axis=1)
        triangle = np.linalg.qr(np.hstack([now[:, n:], ahead[:, n:]]))[1]
        pairs = eigenpairs(SnapshotFactor(triangle, factor.pairs), self.tolerance)
        values = real_product(now[:, n:], pairs.coefficients)
        return LinearModel(
            lift=lift,
            coefficients=pairs.coefficients,
            rates=continuous(pairs.discrete, trajectories.dt),
            dt=trajectories.dt,
            modes=lstsq(values, now[:, :n], lapack_driver="gelsy", check_finite=False)[0],
            training_residuals=pairs.residuals,
            note=self._note(size, factor.pairs),
        )

    def _note(self, size: int, pairs: int) -> str:
        used = min(self.landmarks, pairs)
        note = f"{size} directions of {used} landmarks, {pairs} pairs"
        if 2 * size > pairs:
            note += ": residuals are those of an interpolation"
        return note
