"""The contract of methods, checked in a process that may hang or die."""

from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection

from koopmark import methods
from koopmark.methods.contract import CHECKS, Verdict, described, verdict
from koopmark.workers import _nursery as nursery
from koopmark.workers._pool import in_words

SECONDS = 120.0
"""How long one check may take, and a process to start."""


def verify(name: str, seconds: float = SECONDS) -> Iterator[Verdict]:
    """Hold the method of this name to every check, with the options it names for trials.

    Yields
    ------
    Verdict
        One for each check, as soon as it is known; `broken` too where the method hangs or takes
        its process along. The checks that are left then go on in another process.
    """
    done = 0
    while done < len(CHECKS):
        process, ours = nursery.start(_check, name, done)
        broken = ""
        try:
            if ours.poll(SECONDS):
                with suppress(EOFError):
                    ours.recv()
            while not broken and done < len(CHECKS):
                if not ours.poll(seconds):
                    broken = f"it ran into {seconds:g} s"
                else:
                    try:
                        one = Verdict(*ours.recv())
                    except EOFError:
                        process.join()
                        broken = f"its process {in_words(process.exitcode or 0)}"
                if broken:
                    one = Verdict(*described(CHECKS[done]), "broken", broken)
                done += 1
                yield one
        finally:
            process.kill()
            process.join()
            process.close()
            ours.close()


def _check(results: Connection, name: str, first: int) -> None:
    chosen = methods.get(name)
    method = methods.get(name, **chosen.promises().trial)
    # From here on the time is that of the checks.
    results.send("ready")
    for check in CHECKS[first:]:
        one = verdict(check, method)
        results.send((one.check, one.claim, one.status, one.reason))
