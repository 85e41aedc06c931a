"""The contract of methods, checked in a process that may hang or die."""

from collections.abc import Iterator
from concurrent.futures import TimeoutError
from multiprocessing import get_context

from pebble import ProcessExpired, ProcessPool

from koopmark import methods
from koopmark.methods.contract import CHECKS, Verdict, described, verdict
from koopmark.suite.executor import in_words

SECONDS = 120.0
"""How long one check may take."""


def verify(name: str, seconds: float = SECONDS) -> Iterator[Verdict]:
    """Hold the method of this name to every check, with the options it names for trials.

    Yields
    ------
    Verdict
        One for each check, as soon as it is known; `broken` too where the method hangs or takes
        its process along.
    """
    with ProcessPool(1, context=get_context("spawn")) as pool:
        for index in range(len(CHECKS)):
            future = pool.schedule(_checked, (name, index), timeout=seconds)
            try:
                yield future.result()
            except TimeoutError:
                yield _broken(index, f"it ran into the limit of {seconds:g} s")
            except ProcessExpired as error:
                yield _broken(index, f"its process {in_words(error.exitcode)}")
        pool.close()


def _checked(name: str, index: int) -> Verdict:
    chosen = methods.get(name)
    return verdict(CHECKS[index], methods.get(name, **chosen.trial))


def _broken(index: int, reason: str) -> Verdict:
    return Verdict(*described(CHECKS[index]), "broken", reason)
