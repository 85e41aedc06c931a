"""Datasets with their exact eigenpairs in files, for people who do not use Python."""

from koopmark.export._export import FORMATS, export_dataset

__all__ = ["FORMATS", "export_dataset"]
