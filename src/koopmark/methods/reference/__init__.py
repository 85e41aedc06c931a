"""Our own methods: published algorithms that no library has, or has with fewer digits."""

from koopmark.methods.method import Method
from koopmark.methods.reference.factor import SnapshotFactor, factorise
from koopmark.methods.reference.qr_edmd import QREDMD, linear_model

METHODS: dict[str, Method] = {
    "reference.qr_edmd": QREDMD(),
}

__all__ = ["METHODS", "QREDMD", "SnapshotFactor", "factorise", "linear_model"]
