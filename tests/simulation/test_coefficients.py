"""The integrator's coefficients are those of SciPy, to the bit."""

import numpy as np
from scipy.integrate import DOP853

from koopmark.simulation import _dop853 as ours


def test_nodes_are_those_of_scipy():
    assert ours.C.tolist() == [*DOP853.C, 1.0, *DOP853.C_EXTRA]


def test_weights_are_those_of_scipy():
    theirs = np.vstack([np.pad(DOP853.A, ((0, 0), (0, 4))), np.pad(DOP853.B, (0, 4))])
    theirs = np.vstack([theirs, DOP853.A_EXTRA])
    assert [len(row) for row in ours.A] == list(range(16))
    assert [row.tolist() for row in ours.A] == [row[:i].tolist() for i, row in enumerate(theirs)]
    assert not np.triu(theirs).any()


def test_error_estimates_and_interpolant_are_those_of_scipy():
    for mine, theirs in ((ours.E5, DOP853.E5), (ours.E3, DOP853.E3)):
        assert [*mine, 0.0] == theirs.tolist()
    assert np.array(ours.D).tolist() == DOP853.D.tolist()
