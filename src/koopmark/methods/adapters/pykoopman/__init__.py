"""Methods of PyKoopman."""

from koopmark.methods.adapters.pykoopman.continuous import ContinuousKoopman
from koopmark.methods.adapters.pykoopman.delays import HAVOK, DelayEDMD
from koopmark.methods.adapters.pykoopman.edmd import DefaultKoopman, IdentityEDMD, PolynomialEDMD
from koopmark.methods.adapters.pykoopman.kdmd import KDMD, DefaultKDMD
from koopmark.methods.adapters.pykoopman.nndmd import NNDMD, DefaultNNDMD
from koopmark.methods.adapters.pykoopman.observables import CustomEDMD, FourierEDMD, RadialEDMD
from koopmark.methods.method import Method

METHODS: dict[str, Method] = {
    "pykoopman.edmd_identity": IdentityEDMD(),
    "pykoopman.edmd_polynomial": PolynomialEDMD(),
    "pykoopman.edmd_rbf": RadialEDMD(),
    "pykoopman.edmd_rff": FourierEDMD(),
    "pykoopman.edmd_custom": CustomEDMD(),
    "pykoopman.edmd_time_delay": DelayEDMD(),
    "pykoopman.kdmd": KDMD(),
    "pykoopman.kdmd_default": DefaultKDMD(),
    "pykoopman.nndmd": NNDMD(),
    "pykoopman.nndmd_default": DefaultNNDMD(),
    "pykoopman.havok": HAVOK(),
    "pykoopman.continuous": ContinuousKoopman(),
    "pykoopman.default": DefaultKoopman(),
}
