"""Methods of deeptime."""

from koopmark.methods.adapters.deeptime.dmd import DMD
from koopmark.methods.adapters.deeptime.edmd import EDMD
from koopmark.methods.adapters.deeptime.kernel_edmd import DefaultKernelEDMD, KernelEDMD
from koopmark.methods.adapters.deeptime.vamp import TICA, VAMP
from koopmark.methods.method import Method

METHODS: dict[str, Method] = {
    "deeptime.dmd": DMD(),
    "deeptime.edmd": EDMD(),
    "deeptime.kernel_edmd": KernelEDMD(),
    "deeptime.kernel_edmd_default": DefaultKernelEDMD(),
    "deeptime.vamp": VAMP(),
    "deeptime.tica": TICA(),
}
