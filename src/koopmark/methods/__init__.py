"""Methods that recover eigenpairs from trajectories: own methods, library adapters, anchors.

koopmark's own methods are imported from here, as in `from koopmark.methods import SSD`. Methods of
libraries are in modules with the library's name, since they share class names: use
`from koopmark.methods import pydmd` for `pydmd.DMD`.
"""

from koopmark.methods import anchors
from koopmark.methods._method import (
    InformedMethod,
    Method,
    Role,
    Skip,
    Tags,
    availability,
    check_data,
    library_version,
)
from koopmark.methods._paper import Paper
from koopmark.methods._registry import (
    REGISTRY,
    Description,
    about,
    described,
    fit,
    get,
    names,
    offered,
)
from koopmark.methods.adapters import deeptime, kooplearn, pydmd, pykoop, pykoopman
from koopmark.methods.dictionaries import Identity, Monomials, Nystroem, RadialBasis, RandomFourier
from koopmark.methods.own import (
    KRONIC,
    QREDMD,
    SSD,
    DifferenceGeneratorEDMD,
    ForwardBackwardEDMD,
    GeneratorEDMD,
    InstrumentalEDMD,
    KernelEDMD,
    OptimisedDMD,
    ResDMD,
    TotalLeastSquaresEDMD,
    TunableSSD,
    VarProEDMD,
)
from koopmark.models import LinearModel, Model

__all__ = [
    "KRONIC",
    "QREDMD",
    "REGISTRY",
    "SSD",
    "Description",
    "DifferenceGeneratorEDMD",
    "ForwardBackwardEDMD",
    "GeneratorEDMD",
    "Identity",
    "InformedMethod",
    "InstrumentalEDMD",
    "KernelEDMD",
    "LinearModel",
    "Method",
    "Model",
    "Monomials",
    "Nystroem",
    "OptimisedDMD",
    "Paper",
    "RadialBasis",
    "RandomFourier",
    "ResDMD",
    "Role",
    "Skip",
    "Tags",
    "TotalLeastSquaresEDMD",
    "TunableSSD",
    "VarProEDMD",
    "about",
    "anchors",
    "availability",
    "check_data",
    "deeptime",
    "described",
    "fit",
    "get",
    "kooplearn",
    "library_version",
    "names",
    "offered",
    "pydmd",
    "pykoop",
    "pykoopman",
]
