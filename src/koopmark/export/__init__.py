"""Export of datasets with exact eigenpairs to files for other languages."""

from koopmark.export._export import FORMATS, export_dataset

__all__ = ["FORMATS", "export_dataset"]
