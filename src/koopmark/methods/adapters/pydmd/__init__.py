"""Methods of PyDMD at full rank, since PyDMD's default rank is a threshold."""

from koopmark.methods._method import Method
from koopmark.methods.adapters.pydmd.inputs import DMDc
from koopmark.methods.adapters.pydmd.pairs import (
    DMD,
    LANDO,
    FbDMD,
    KernelEDMD,
    OptDMD,
    PiDMD,
    TotalDMD,
)
from koopmark.methods.adapters.pydmd.sequences import (
    BOPDMD,
    CDMD,
    HODMD,
    RDMD,
    HankelDMD,
    SpDMD,
    SubspaceDMD,
    VarProDMD,
)
from koopmark.methods.kernels import Polynomial

METHODS: dict[str, Method] = {
    "pydmd.dmd": DMD(),
    "pydmd.dmd_tlsq": TotalDMD(),
    "pydmd.fbdmd": FbDMD(),
    "pydmd.optdmd": OptDMD(),
    "pydmd.pidmd": PiDMD(),
    "pydmd.pidmd_unitary": PiDMD(manifold="unitary"),
    "pydmd.kernel_edmd": KernelEDMD(),
    "pydmd.dmdc": DMDc(),
    "pydmd.lando_linear": LANDO(),
    "pydmd.lando_cubic": LANDO(kernel=Polynomial(degree=3)),
    "pydmd.spdmd": SpDMD(),
    "pydmd.cdmd": CDMD(),
    "pydmd.rdmd": RDMD(),
    "pydmd.subspacedmd": SubspaceDMD(),
    "pydmd.hankeldmd": HankelDMD(),
    "pydmd.hodmd": HODMD(),
    "pydmd.varprodmd": VarProDMD(),
    "pydmd.bopdmd": BOPDMD(),
    "pydmd.bopdmd_bagged": BOPDMD(num_trials=100),
}
