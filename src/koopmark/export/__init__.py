"""Trajectories with their exact eigenpairs in files, for people who do not use Python."""

from koopmark.export.export import export
from koopmark.export.formats import FORMATS

__all__ = ["FORMATS", "export"]
