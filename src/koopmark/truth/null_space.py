"""The left null space of low-rank weights, held by its small orthogonal complement."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark._repr import ReprMixin


@dataclass(frozen=True, eq=False)
class NullSpace(ReprMixin):
    """All u with Wᵀ u = 0, for W = L Rᵀ with thin QR L = Q S.

    Only `complement` = Q, of shape (N, r), is stored: the null space is its orthogonal
    complement, and vectors are drawn from it as u = (I - Q Qᵀ) v.
    """

    complement: NDArray[np.float64]

    @property
    def size(self) -> int:
        """N, the number of units."""
        return self.complement.shape[0]

    @property
    def dimension(self) -> int:
        """d = N - r."""
        return self.size - self.complement.shape[1]

    def project(self, vectors: NDArray) -> NDArray:
        """Orthogonal projection P v = v - Q (Qᵀ v) of each row of `vectors`, shape (..., N)."""
        q = self.complement
        return vectors - (vectors @ q) @ q.T

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """`count` random null vectors of unit norm as columns, shape (N, count).

        They are independent with probability one while `count` <= d.
        """
        # Projecting twice removes what rounding left of the first projection.
        vectors = self.project(self.project(rng.standard_normal((count, self.size))))
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).T

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """An orthonormal basis as columns, shape (N, d). Costs O(N²) memory: small N only."""
        full, _ = np.linalg.qr(self.complement, mode="complete")
        return full[:, self.complement.shape[1] :]

    def _facts(self) -> list[str]:
        return [f"N = {self.size:,}", f"dimension {self.dimension:,}"]
