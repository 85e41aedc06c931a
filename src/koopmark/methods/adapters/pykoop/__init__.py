"""Methods of pykoop."""

from koopmark.methods.adapters.pykoop.edmd import DMD, EDMD, LassoEDMD, TikhonovEDMD
from koopmark.methods.adapters.pykoop.lmi import (
    HinfLmiEDMD,
    LmiEDMD,
    NuclearLmiEDMD,
    SpectralRadiusLmiEDMD,
    TwoNormLmiEDMD,
)
from koopmark.methods.adapters.pykoop.pipeline import PolynomialEDMD
from koopmark.methods.method import Method

METHODS: dict[str, Method] = {
    "pykoop.dmd": DMD(),
    "pykoop.edmd": EDMD(),
    "pykoop.edmd_polynomial": PolynomialEDMD(),
    "pykoop.edmd_tikhonov": TikhonovEDMD(),
    "pykoop.edmd_lasso": LassoEDMD(),
    "pykoop.lmi_edmd": LmiEDMD(),
    "pykoop.lmi_edmd_twonorm": TwoNormLmiEDMD(),
    "pykoop.lmi_edmd_nuclear": NuclearLmiEDMD(),
    "pykoop.lmi_edmd_spectral_radius": SpectralRadiusLmiEDMD(),
    "pykoop.lmi_edmd_hinf": HinfLmiEDMD(),
}
