"""Computes the `[regime]` section of a recipe, and writes it into its file."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from koopmark._files import write_text
from koopmark._keys import generator
from koopmark.datasets.recipe import Recipe
from koopmark.simulation.attractors import Regime, regime
from koopmark.spectrum import NoSpectrum, fixed_points
from koopmark.systems import StochasticSystem, System

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
    drawn = recipe.initial_states.draw(STARTS, system.size, rng)
    # Few trajectories end in a small basin: what stays where it starts is an attractor as well.
    starts = np.vstack([drawn, stable_points(system)])
    return regime(system, starts, generator(key, "perturbations"))


def stable_points(system: System) -> NDArray[np.float64]:
    """(k, N) stable fixed points that equations give; none where they cannot be solved."""
    try:
        found = fixed_points(system).stable
    except NoSpectrum:
        found = ()
    return np.array([point.state for point in found]).reshape(-1, system.size)


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
