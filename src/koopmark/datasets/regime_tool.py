"""Computes the `[regime]` section of a recipe, and writes it into its file."""

import re
from pathlib import Path

from koopmark._files import write_text
from koopmark._keys import generator
from koopmark.datasets.recipe import Recipe
from koopmark.simulation.attractors import Regime, regime
from koopmark.systems import StochasticSystem

STARTS = 40
"""Initial states from which attractors are counted."""

SECTION = re.compile(r"^\[regime\]\n(?:(?!\[).*\n?)*", re.MULTILINE)


def regime_of(recipe: Recipe, seed: int) -> Regime:
    """The regime of the system that a recipe makes with this seed."""
    system = recipe.system.build(seed)
    if isinstance(system, StochasticSystem):
        return Regime("stochastic", 0, 0.0)
    key = {"system": recipe.system.model_dump(mode="json"), "seed": seed}
    rng = generator(key, "starts of the regime")
    starts = recipe.initial_states.draw(STARTS, system.size, rng)
    return regime(system, starts, generator(key, "perturbations"))


def regime_section(recipe: Recipe) -> str:
    """The section as a recipe file has it, with an entry for each of the recipe's seeds."""
    found = [regime_of(recipe, seed) for seed in range(recipe.seeds)]
    kinds = ", ".join(f'"{one.kind}"' for one in found)
    counts = ", ".join(str(one.attractors) for one in found)
    exponents = ", ".join(f"{one.lyapunov:.2f}" for one in found)
    return f"[regime]\nkind = [{kinds}]\nattractors = [{counts}]\nlyapunov = [{exponents}]\n"


def write_regime(path: Path, section: str) -> None:
    """Put the section at the end of the file, in place of the one that it has."""
    text = SECTION.sub("", path.read_text(encoding="utf-8")).rstrip("\n")
    write_text(path, f"{text}\n\n{section}")
