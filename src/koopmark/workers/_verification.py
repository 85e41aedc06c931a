"""The contract of methods, checked in a process that may hang or die."""

from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

from koopmark import methods
from koopmark.methods.contract import CHECKS, Verdict, described, verdict
from koopmark.workers._pool import in_words

SECONDS = 120.0
"""How long one check may take."""


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
        for one in _until_it_ends(name, done, seconds):
            done += 1
            yield one


def _until_it_ends(name: str, first: int, seconds: float) -> Iterator[Verdict]:
    """Verdicts from the check of this number on, up to one that hangs or dies."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_check, args=(name, first, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        for check in CHECKS[first:]:
            if not ours.poll(seconds):
                yield Verdict(*described(check), "broken", f"it ran into {seconds:g} s")
                return
            try:
                yield Verdict(*ours.recv())
            except EOFError:
                process.join()
                reason = f"its process {in_words(process.exitcode or 0)}"
                yield Verdict(*described(check), "broken", reason)
                return
    finally:
        process.kill()
        process.join()
        ours.close()


def _check(name: str, first: int, results: Connection) -> None:
    chosen = methods.get(name)
    method = methods.get(name, **chosen.promises().trial)
    for check in CHECKS[first:]:
        one = verdict(check, method)
        results.send((one.check, one.claim, one.status, one.reason))
