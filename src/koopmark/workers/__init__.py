"""Worker processes that run fits with limits on time and memory."""

from koopmark.workers._guard import guarded
from koopmark.workers._pool import Pool, cores, execute
from koopmark.workers._verification import verify
from koopmark.workers._worker import WorkerFailure

__all__ = ["Pool", "WorkerFailure", "cores", "execute", "guarded", "verify"]
