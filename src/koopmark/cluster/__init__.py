"""Run the fits of a suite on a Dask cluster."""

from koopmark.cluster._client import Cluster, Stopped, connect

__all__ = ["Cluster", "Stopped", "connect"]
