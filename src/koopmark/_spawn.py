"""What all processes need that are started anew: no script, no Ctrl-C, and how they ended."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_main() -> Iterator[None]:
    """In the block processes start without the script that starts them.

    They need nothing of it, and would run it again: it need not ask for its own name then.
    """
    main = sys.modules["__main__"]
    kept: dict[str, Any] = {
        name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)
    }
    main.__spec__ = None
    vars(main).pop("__file__", None)
    try:
        yield
    finally:
        vars(main).update(kept)


@contextmanager
def without_sigint() -> Iterator[None]:
    """Processes started in the block never see Ctrl-C, not even before they can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def in_words(exit_code: int) -> str:
    """Exit code as text: `was killed by SIGSEGV (Segmentation fault)`, `ended with exit code 3`."""
    if exit_code < 0:
        try:
            name = signal.Signals(-exit_code).name
        except ValueError:
            return f"was killed by signal {-exit_code}"
        return f"was killed by {name} ({signal.strsignal(-exit_code)})"
    return f"ended with exit code {exit_code}"
