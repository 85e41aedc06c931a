"""Our own methods: published algorithms that no library has, or has with fewer digits."""

from koopmark.methods.reference.factor import SnapshotFactor, factorise
from koopmark.methods.reference.qr_edmd import QREDMD, linear_model

__all__ = ["QREDMD", "SnapshotFactor", "factorise", "linear_model"]
