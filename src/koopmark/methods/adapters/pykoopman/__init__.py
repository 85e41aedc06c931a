"""Methods of PyKoopman."""

from koopmark.methods.adapters.pykoopman.edmd import DefaultKoopman, IdentityEDMD, PolynomialEDMD
from koopmark.methods.adapters.pykoopman.kdmd import KDMD
from koopmark.methods.method import Method

METHODS: dict[str, Method] = {
    "pykoopman.edmd_identity": IdentityEDMD(),
    "pykoopman.edmd_polynomial": PolynomialEDMD(),
    "pykoopman.kdmd": KDMD(),
    "pykoopman.default": DefaultKoopman(),
}
