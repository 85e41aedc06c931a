"""Trajectories with their exact eigenpairs in files, for people who do not use Python."""

from koopmark.answer_key.export import export
from koopmark.answer_key.formats import FORMATS

__all__ = ["FORMATS", "export"]
