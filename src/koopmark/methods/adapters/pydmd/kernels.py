"""Kernels as PyDMD takes them."""

from typing import Any

from numpy.typing import NDArray

from koopmark.methods.kernels import AnyKernel, Polynomial


def spelled(kernel: AnyKernel, states: NDArray) -> tuple[str, dict[str, Any]]:
    """Metric and parameters of scikit-learn's `pairwise_kernels`, for data `states` (P, N)."""
    if isinstance(kernel, Polynomial):
        return "poly", {
            "degree": kernel.degree,
            "gamma": kernel.length(states) ** -2,
            "coef0": kernel.offset,
        }
    return "rbf", {"gamma": 0.5 / kernel.length(states) ** 2}
