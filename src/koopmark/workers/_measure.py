"""Time and memory of a fit, and a limit on its memory."""

import ctypes
import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_MB = 1_000_000

ENFORCED = sys.platform == "linux"
"""Whether `memory_limit` holds here; elsewhere an excess is found afterwards."""


class Meter:
    """Wall-clock time and peak resident memory since it was created.

    The peak is what came on top of what was resident at the start. Where the system keeps no
    peak that can be reset, it is how much the peak of the process's whole life grew, and NaN
    where there is none.
    """

    def __init__(self) -> None:
        # What earlier fits left would hide what this one takes.
        gc.collect()
        # What is alive now, libraries above all, need not be looked through before the next fit:
        # with torch imported that takes ten times as long as a small fit.
        gc.freeze()
        if sys.platform == "linux":
            # Only glibc has it.
            with suppress(AttributeError):
                ctypes.CDLL(None).malloc_trim(0)
        self._resettable = False
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
            self._resettable = True
        self._base = _status("VmRSS") if self._resettable else _lifetime_peak()
        self._start = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self._start

    def peak_mb(self) -> float:
        peak = _status("VmHWM") if self._resettable else _lifetime_peak()
        return max(0.0, peak - self._base) / _MB


@contextmanager
def memory_limit(megabytes: float) -> Iterator[None]:
    """Limit the memory of this process to so much more than it has now (Linux only).

    An allocation beyond it raises MemoryError in Python; native code may do what it likes.
    """
    if not ENFORCED:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = int(_status("VmData") + megabytes * _MB)
    finite = [value for value in (limit, soft, hard) if value != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(finite), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def kernel_kills() -> int:
    """Number of processes that the kernel has killed for lack of memory (Linux only)."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means lack of memory; torch reports that as a RuntimeError."""
    words = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)
    )


def _status(field: str) -> int:
    """Bytes of a field of /proc/self/status."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"{_STATUS} has no field {field}")


def _lifetime_peak() -> float:
    if os.name == "posix":
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else peak * 1024)
    import psutil

    return float(getattr(psutil.Process().memory_info(), "peak_wset", "nan"))
