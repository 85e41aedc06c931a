"""Our own methods: published algorithms that no library has, or has with fewer digits."""

from koopmark.methods.method import Method
from koopmark.methods.reference.factor import SnapshotFactor, factorise
from koopmark.methods.reference.fb_edmd import ForwardBackwardEDMD
from koopmark.methods.reference.generator_edmd import DifferenceGeneratorEDMD, GeneratorEDMD
from koopmark.methods.reference.iv_edmd import InstrumentalEDMD
from koopmark.methods.reference.kernel_edmd import KernelEDMD
from koopmark.methods.reference.kronic import KRONIC
from koopmark.methods.reference.optimised_dmd import OptimisedDMD
from koopmark.methods.reference.pseudospectrum import pseudospectrum
from koopmark.methods.reference.qr_edmd import QREDMD, linear_model
from koopmark.methods.reference.resdmd import ResDMD
from koopmark.methods.reference.ssd import SSD, TunableSSD
from koopmark.methods.reference.tls_edmd import TotalLeastSquaresEDMD
from koopmark.methods.reference.varpro_edmd import VarProEDMD

METHODS: dict[str, Method] = {
    "reference.qr_edmd": QREDMD(),
    "reference.resdmd": ResDMD(),
    "reference.kernel_edmd": KernelEDMD(),
    "reference.kronic": KRONIC(),
    "reference.ssd": SSD(),
    "reference.t_ssd": TunableSSD(),
    "reference.generator_edmd": GeneratorEDMD(),
    "reference.generator_edmd_fd2": DifferenceGeneratorEDMD(order=2),
    "reference.generator_edmd_fd4": DifferenceGeneratorEDMD(order=4),
    "reference.generator_edmd_fd6": DifferenceGeneratorEDMD(order=6),
    "reference.varpro_edmd": VarProEDMD(),
    "reference.tls_edmd": TotalLeastSquaresEDMD(),
    "reference.fb_edmd": ForwardBackwardEDMD(),
    "reference.iv_edmd": InstrumentalEDMD(),
    "reference.optimised_dmd": OptimisedDMD(),
}

__all__ = ["METHODS", "QREDMD", "SnapshotFactor", "factorise", "linear_model", "pseudospectrum"]
