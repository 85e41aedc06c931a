"""Methods of PyDMD."""

from koopmark.methods.adapters.pydmd.dmd import DMD, DefaultDMD, FbDMD
from koopmark.methods.adapters.pydmd.kernel_edmd import KernelEDMD
from koopmark.methods.adapters.pydmd.optdmd import OptDMD
from koopmark.methods.method import Method

METHODS: dict[str, Method] = {
    "pydmd.dmd": DMD(),
    "pydmd.dmd_default": DefaultDMD(),
    "pydmd.fbdmd": FbDMD(),
    "pydmd.optdmd": OptDMD(),
    "pydmd.kernel_edmd": KernelEDMD(),
}
