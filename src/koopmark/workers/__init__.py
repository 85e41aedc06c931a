"""Fits in processes with limits of time and memory."""

from koopmark.workers.pool import cores
from koopmark.workers.verification import verify

__all__ = ["cores", "verify"]
