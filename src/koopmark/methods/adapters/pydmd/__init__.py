"""Methods of PyDMD. Without `_default` they are at full rank; PyDMD's own rank is a threshold."""

from koopmark.methods._method import Method
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
from koopmark.methods.kernels import Linear, Polynomial

METHODS: dict[str, Method] = {
    "pydmd.dmd": DMD(),
    "pydmd.dmd_default": DMD(svd_rank=0),
    "pydmd.dmd_tlsq": TotalDMD(),
    "pydmd.fbdmd": FbDMD(),
    "pydmd.fbdmd_default": FbDMD(svd_rank=0),
    "pydmd.optdmd": OptDMD(),
    "pydmd.optdmd_default": OptDMD(svd_rank=0, factorization="evd"),
    "pydmd.pidmd": PiDMD(),
    "pydmd.pidmd_unitary": PiDMD(manifold="unitary"),
    "pydmd.kernel_edmd": KernelEDMD(),
    "pydmd.kernel_edmd_default": KernelEDMD(kernel=Linear(), svd_rank=-1),
    "pydmd.lando_linear": LANDO(),
    "pydmd.lando_cubic": LANDO(kernel=Polynomial(degree=3)),
    "pydmd.lando_default": LANDO(kernel=Linear(), svd_rank=0),
    "pydmd.spdmd": SpDMD(),
    "pydmd.spdmd_default": SpDMD(svd_rank=0, gamma=10.0),
    "pydmd.cdmd": CDMD(),
    "pydmd.cdmd_default": CDMD(svd_rank=0),
    "pydmd.rdmd": RDMD(),
    "pydmd.rdmd_default": RDMD(svd_rank=0),
    "pydmd.subspacedmd": SubspaceDMD(),
    "pydmd.subspacedmd_default": SubspaceDMD(svd_rank=-1),
    "pydmd.hankeldmd": HankelDMD(),
    "pydmd.hankeldmd_default": HankelDMD(svd_rank=0, delays=1),
    "pydmd.hodmd": HODMD(),
    "pydmd.hodmd_default": HODMD(svd_rank=0, delays=1, svd_rank_extra=0),
    "pydmd.varprodmd": VarProDMD(),
    "pydmd.varprodmd_default": VarProDMD(svd_rank=0),
    "pydmd.bopdmd": BOPDMD(),
    "pydmd.bopdmd_default": BOPDMD(svd_rank=0, tolerance=1e-6),
    "pydmd.bopdmd_bagged": BOPDMD(num_trials=100),
}
