"""Methods of kooplearn."""

from koopmark.methods.adapters.kooplearn.kernel_ridge import (
    DefaultKernelRidge,
    KernelRidge,
    RandomisedKernelRidge,
    ReducedRankKernelRidge,
)
from koopmark.methods.adapters.kooplearn.nystroem import (
    DefaultNystroem,
    Nystroem,
    ReducedRankNystroem,
)
from koopmark.methods.adapters.kooplearn.ridge import (
    DefaultRidge,
    RandomisedRidge,
    ReducedRankRidge,
    Ridge,
)
from koopmark.methods.method import Method

METHODS: dict[str, Method] = {
    "kooplearn.ridge": Ridge(),
    "kooplearn.ridge_default": DefaultRidge(),
    "kooplearn.ridge_reduced_rank": ReducedRankRidge(),
    "kooplearn.ridge_randomised": RandomisedRidge(),
    "kooplearn.kernel_ridge": KernelRidge(),
    "kooplearn.kernel_ridge_default": DefaultKernelRidge(),
    "kooplearn.kernel_ridge_reduced_rank": ReducedRankKernelRidge(),
    "kooplearn.kernel_ridge_randomised": RandomisedKernelRidge(),
    "kooplearn.nystroem": Nystroem(),
    "kooplearn.nystroem_default": DefaultNystroem(),
    "kooplearn.nystroem_reduced_rank": ReducedRankNystroem(),
}
