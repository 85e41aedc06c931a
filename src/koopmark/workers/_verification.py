"""Run the checks of methods and systems in a process that may hang or die."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from koopmark import _plugins, datasets, methods, systems
from koopmark._errors import ConfigError, suggest
from koopmark._spawn import in_words
from koopmark._verdicts import Verdict, described, verdict
from koopmark.methods import contract as method_contract
from koopmark.methods.plugins import METHOD
from koopmark.systems import System
from koopmark.systems import contract as system_contract
from koopmark.systems.contract import Trial
from koopmark.systems.plugins import SYSTEM, load, make
from koopmark.workers import _nursery as nursery

SECONDS = 120.0
"""How long one check may take, and a process to start."""

Checks = tuple[Callable[[Any], None], ...]


def verify(name: str, seconds: float = SECONDS) -> Iterator[Verdict]:
    """Run every check on a method or a system, in a separate process with a time limit.

    Parameters
    ----------
    name : str
        A method as in `koopmark.methods.get`, run with the options in `Tags.trial`; a class of
        systems, named in the same way, with its defaults; a name in `koopmark list systems`; or a
        recipe, by its name or path, whose systems start from the recipe's initial states.
    seconds : float
        Time limit of a check.

    Yields
    ------
    Verdict
        One for each check, as soon as it is known. It is also `broken` if the code hangs or kills
        its process; the remaining checks then continue in another process.

    Raises
    ------
    ConfigError
        If the name is unknown, or the method or system cannot run or cannot be made.
    """
    checks, _ = held_to(name)
    done = 0
    while done < len(checks):
        process, ours = nursery.start(_check, name, done)
        broken = ""
        try:
            if ours.poll(SECONDS):
                with suppress(EOFError):
                    ours.recv()
            while not broken and done < len(checks):
                if not ours.poll(seconds):
                    broken = f"it ran into {seconds:g} s"
                else:
                    try:
                        one = Verdict(*ours.recv())
                    except EOFError:
                        process.join()
                        broken = f"its process {in_words(process.exitcode or 0)}"
                if broken:
                    one = Verdict(*described(checks[done]), "broken", broken)
                done += 1
                yield one
        finally:
            process.kill()
            process.join()
            process.close()
            ours.close()


def _check(results: Connection, name: str, first: int) -> None:
    checks, thing = held_to(name)
    # From here on the time is that of the checks.
    results.send("ready")
    for check in checks[first:]:
        one = verdict(check, thing)
        results.send((one.check, one.claim, one.status, one.reason))


def held_to(name: str) -> tuple[Checks, Any]:
    """The checks for the method or system of this name, and which of the two it is."""
    if name.endswith(".toml") or name in datasets.names():
        return system_contract.CHECKS, _of_recipe(datasets.load_recipe(name))
    if name in systems.CATALOGUE or name in systems.INEXACT:
        return system_contract.CHECKS, Trial.of(systems.example(name))
    known = [*methods.names(), *methods.offered()]
    if name not in methods.names():
        if _plugins.names_code(name, SYSTEM.group):
            kind, _ = _plugins.load(name, METHOD, SYSTEM)
            if issubclass(kind, System):
                return system_contract.CHECKS, _of_class(name)
        elif name not in known and not name.endswith(".py"):
            others = [*systems.CATALOGUE, *systems.INEXACT, *datasets.names()]
            raise ConfigError(
                f"{name!r} is no method, system or dataset: {suggest(name, [*known, *others])}"
                "`koopmark list` shows them all, and path/to/file.py:Class names one of your own"
            )
    chosen = methods.get(name)
    missing = methods.availability(chosen)
    if missing:
        raise ConfigError(f"{name} cannot run: {missing}")
    return method_contract.CHECKS, methods.get(name, **chosen.promises().trial)


def _of_class(name: str) -> Trial:
    made = partial(make, load(name), {})
    try:
        return Trial.of(made(0), made)
    except ConfigError as error:
        raise ConfigError(
            f"{error}; verify the .toml file of a recipe with its parameters, or give them defaults"
        ) from None


def _of_recipe(recipe: datasets.Recipe) -> Trial:
    system = recipe.build(0)
    return Trial(
        system,
        lambda count, rng: recipe.initial_states.draw(count, system.size, rng),
        max(2, recipe.max_degree),
        recipe.sampling.horizon,
        "the initial states of the recipe",
        recipe.system.build,
    )
