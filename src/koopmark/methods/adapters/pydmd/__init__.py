"""Methods of PyDMD."""

from koopmark.methods.adapters.pydmd.dmd import DMD, DefaultDMD, DefaultFbDMD, FbDMD, TotalDMD
from koopmark.methods.adapters.pydmd.hankel import (
    HODMD,
    DefaultHankelDMD,
    DefaultHODMD,
    HankelDMD,
)
from koopmark.methods.adapters.pydmd.kernel_edmd import DefaultKernelEDMD, KernelEDMD
from koopmark.methods.adapters.pydmd.lando import LANDO, CubicLANDO, DefaultLANDO
from koopmark.methods.adapters.pydmd.optdmd import DefaultOptDMD, OptDMD
from koopmark.methods.adapters.pydmd.pidmd import PiDMD, UnitaryPiDMD
from koopmark.methods.adapters.pydmd.sequences import (
    CDMD,
    RDMD,
    DefaultCDMD,
    DefaultRDMD,
    DefaultSubspaceDMD,
    SubspaceDMD,
)
from koopmark.methods.adapters.pydmd.spdmd import DefaultSpDMD, SpDMD
from koopmark.methods.adapters.pydmd.varpro import (
    BOPDMD,
    BaggedBOPDMD,
    DefaultBOPDMD,
    DefaultVarProDMD,
    VarProDMD,
)
from koopmark.methods.method import Method

METHODS: dict[str, Method] = {
    "pydmd.dmd": DMD(),
    "pydmd.dmd_default": DefaultDMD(),
    "pydmd.dmd_tlsq": TotalDMD(),
    "pydmd.fbdmd": FbDMD(),
    "pydmd.fbdmd_default": DefaultFbDMD(),
    "pydmd.optdmd": OptDMD(),
    "pydmd.optdmd_default": DefaultOptDMD(),
    "pydmd.pidmd": PiDMD(),
    "pydmd.pidmd_unitary": UnitaryPiDMD(),
    "pydmd.kernel_edmd": KernelEDMD(),
    "pydmd.kernel_edmd_default": DefaultKernelEDMD(),
    "pydmd.lando_linear": LANDO(),
    "pydmd.lando_cubic": CubicLANDO(),
    "pydmd.lando_default": DefaultLANDO(),
    "pydmd.spdmd": SpDMD(),
    "pydmd.spdmd_default": DefaultSpDMD(),
    "pydmd.cdmd": CDMD(),
    "pydmd.cdmd_default": DefaultCDMD(),
    "pydmd.rdmd": RDMD(),
    "pydmd.rdmd_default": DefaultRDMD(),
    "pydmd.subspacedmd": SubspaceDMD(),
    "pydmd.subspacedmd_default": DefaultSubspaceDMD(),
    "pydmd.hankeldmd": HankelDMD(),
    "pydmd.hankeldmd_default": DefaultHankelDMD(),
    "pydmd.hodmd": HODMD(),
    "pydmd.hodmd_default": DefaultHODMD(),
    "pydmd.varprodmd": VarProDMD(),
    "pydmd.varprodmd_default": DefaultVarProDMD(),
    "pydmd.bopdmd": BOPDMD(),
    "pydmd.bopdmd_default": DefaultBOPDMD(),
    "pydmd.bopdmd_bagged": BaggedBOPDMD(),
}
