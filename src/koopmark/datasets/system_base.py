"""What all `[system]` sections share."""

from pydantic import model_validator

from koopmark._config import Section
from koopmark.systems import System
from koopmark.truth import too_close


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

    def check_targets(self, max_degree: int) -> None:
        """Refuse rates of which products of up to `max_degree` cannot be told from others.

        A product at exactly the eigenvalue of another belongs to its eigenspace; one that is off by
        more than rounding and less than data show makes two eigenspaces that are one to any fit.

        Raises
        ------
        ValueError
            If there is such a product.
        """


class CheckedSystem(SystemBase):
    """Makes its system once while it is read, so that a mistake is said there.

    Its eigenvalues in closed form are the same for every seed, and may be complex.
    """

    @model_validator(mode="after")
    def _can_be_built(self) -> "CheckedSystem":
        self.build(0)
        return self

    def check_targets(self, max_degree: int) -> None:
        case = too_close(self.build(0).generators, max_degree)
        if case is not None:
            target, factors = case
            named = ", ".join(f"{_plain(value):.9g}" for value in factors)
            what = "product of eigenfunctions at" if len(factors) > 1 else "eigenfunction at"
            if len(factors) > 1:
                named += f", which is at {_plain(sum(factors)):.9g},"
            raise ValueError(
                f"the target at {_plain(target):.9g} and the {what} {named} are too close to be "
                "told apart: make the two eigenvalues equal, or change a rate so that they differ "
                "by 0.05 or more"
            )

    @property
    def highest_frequency(self) -> float:
        """From the system of one seed, which stands for those of all."""
        eigenvalues = [value for value, _ in self.build(0)._spectrum(1)]
        return max((abs(value.imag) for value in eigenvalues), default=0.0)


def _plain(value: complex) -> complex | float:
    """A real number where it is one."""
    return value if value.imag else value.real
