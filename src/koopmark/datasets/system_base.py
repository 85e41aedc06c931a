"""What all `[system]` sections share."""

from pydantic import model_validator

from koopmark._config import Section
from koopmark.systems import System


class SystemBase(Section):
    """Makes a system for each seed."""

    @property
    def drawn_anew(self) -> bool:
        """Whether another seed makes another system."""
        return True

    @property
    def highest_frequency(self) -> float:
        """Largest |Im λ| of its principal eigenvalues, whatever the seed: 0, all being real.

        Products of k eigenfunctions have up to k times that.
        """
        return 0.0

    def build(self, seed: int) -> System:
        """The system of this seed."""
        raise NotImplementedError


class CheckedSystem(SystemBase):
    """Makes its system once while it is read, so that a mistake is said there.

    Its eigenvalues in closed form are the same for every seed, and may be complex.
    """

    @model_validator(mode="after")
    def _can_be_built(self) -> "CheckedSystem":
        self.build(0)
        return self

    @property
    def highest_frequency(self) -> float:
        """From the system of one seed, which stands for those of all."""
        eigenvalues = [value for value, _ in self.build(0)._spectrum(1)]
        return max((abs(value.imag) for value in eigenvalues), default=0.0)
