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

    def build(self, seed: int) -> System:
        """The system of this seed."""
        raise NotImplementedError


class CheckedSystem(SystemBase):
    """Makes its system once while it is read, so that a mistake is said there."""

    @model_validator(mode="after")
    def _can_be_built(self) -> "CheckedSystem":
        self.build(0)
        return self
