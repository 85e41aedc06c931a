"""Published algorithms that no library has, or has with lower accuracy.

The option `dictionary` of a method is ψ, and `tolerance` is as in `QREDMD`.
"""

from koopmark.methods._method import Method
from koopmark.methods.own._factor import SnapshotFactor, factorise
from koopmark.methods.own._pseudospectrum import pseudospectrum
from koopmark.methods.own.generator_edmd import DifferenceGeneratorEDMD, GeneratorEDMD
from koopmark.methods.own.kronic import KRONIC
from koopmark.methods.own.noise_edmd import (
    ForwardBackwardEDMD,
    InstrumentalEDMD,
    TotalLeastSquaresEDMD,
)
from koopmark.methods.own.optimised_dmd import OptimisedDMD
from koopmark.methods.own.qr_edmd import QREDMD, KernelEDMD, ResDMD, linear_model
from koopmark.methods.own.ssd import SSD, TunableSSD
from koopmark.methods.own.varpro_edmd import VarProEDMD

METHODS: dict[str, Method] = {
    "koopmark.qr_edmd": QREDMD(),
    "koopmark.resdmd": ResDMD(),
    "koopmark.kernel_edmd": KernelEDMD(),
    "koopmark.kronic": KRONIC(),
    "koopmark.ssd": SSD(),
    "koopmark.t_ssd": TunableSSD(),
    "koopmark.generator_edmd": GeneratorEDMD(),
    "koopmark.generator_edmd_fd2": DifferenceGeneratorEDMD(order=2),
    "koopmark.generator_edmd_fd4": DifferenceGeneratorEDMD(order=4),
    "koopmark.generator_edmd_fd6": DifferenceGeneratorEDMD(order=6),
    "koopmark.varpro_edmd": VarProEDMD(),
    "koopmark.tls_edmd": TotalLeastSquaresEDMD(),
    "koopmark.fb_edmd": ForwardBackwardEDMD(),
    "koopmark.iv_edmd": InstrumentalEDMD(),
    "koopmark.optimised_dmd": OptimisedDMD(),
}

__all__ = [
    "KRONIC",
    "METHODS",
    "QREDMD",
    "SSD",
    "DifferenceGeneratorEDMD",
    "ForwardBackwardEDMD",
    "GeneratorEDMD",
    "InstrumentalEDMD",
    "KernelEDMD",
    "OptimisedDMD",
    "ResDMD",
    "SnapshotFactor",
    "TotalLeastSquaresEDMD",
    "TunableSSD",
    "VarProEDMD",
    "factorise",
    "linear_model",
    "pseudospectrum",
]
