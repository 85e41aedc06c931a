"""Other people's EDMD on dictionary values: X, Y (P, D) as rows in, discrete eigenvalues out.

All are called so that nothing is truncated or regularised (docs/reference/library-notes).
"""

import numpy as np
from numpy.typing import NDArray


def numpy_lstsq(x: NDArray, y: NDArray) -> NDArray:
    return np.linalg.eig(np.linalg.lstsq(x, y)[0])[0]


def pydmd_dmd(x: NDArray, y: NDArray) -> NDArray:
    import pydmd

    return pydmd.DMD(svd_rank=-1).fit(x.T, y.T).eigs


def pykoopman_edmd(x: NDArray, y: NDArray) -> NDArray:
    import pykoopman

    regressor = pykoopman.regression.EDMD()
    model = pykoopman.Koopman(
        observables=pykoopman.observables.Identity(), regressor=regressor, quiet=True
    )
    model.fit(x, y=y, dt=1.0)
    return np.diag(model.lamda)


def deeptime_edmd(x: NDArray, y: NDArray) -> NDArray:
    from deeptime.decomposition import EDMD

    return EDMD(lambda values: values).fit((x, y)).fetch_model().eigenvalues


def kooplearn_ridge(x: NDArray, y: NDArray) -> NDArray:
    from kooplearn.linear_model import Ridge

    model = Ridge(lag_time=len(x), alpha=0.0, reduced_rank=False).fit(np.vstack([x, y]))
    return model.eig()


def pykoop_edmd(x: NDArray, y: NDArray) -> NDArray:
    import pykoop

    model = pykoop.Edmd(alpha=0).fit(x, y, n_inputs=0, episode_feature=False)
    return np.linalg.eig(model.coef_)[0]


PEERS = {
    "numpy lstsq and eig": ("numpy", numpy_lstsq),
    "PyDMD DMD": ("pydmd", pydmd_dmd),
    "PyKoopman EDMD": ("pykoopman", pykoopman_edmd),
    "deeptime EDMD": ("deeptime", deeptime_edmd),
    "kooplearn Ridge": ("kooplearn", kooplearn_ridge),
    "pykoop Edmd": ("pykoop", pykoop_edmd),
}
