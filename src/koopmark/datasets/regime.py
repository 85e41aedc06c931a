"""Compute the `[regime]` section of a recipe and write it into its file."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark._config import loads, parse, read
from koopmark._errors import ConfigError
from koopmark._files import write_text
from koopmark._keys import generator
from koopmark._plugins import short
from koopmark.datasets.recipe import Contents, Recipe
from koopmark.spectrum import (
    FixedPoint,
    NoSpectrum,
    Regime,
    closed_form_fixed_point,
    fixed_points,
    regime,
)
from koopmark.systems import System

STARTS = 40
"""Initial states from which attractors are counted."""


def regime_of(recipe: Recipe, seed: int) -> Regime:
    """The regime of the system of a recipe and seed."""
    system = recipe.build(seed)
    if system.stochastic:
        return Regime("stochastic", 0, 0.0)
    if system.inputs:
        # What it does without them is another fact.
        return Regime("driven", 0, 0.0)
    said = recipe.system.model_dump(mode="json")
    said["kind"] = short(said["kind"])
    key = {"system": said, "seed": seed}
    rng = generator(key, "starts of the regime")
    drawn = system.reachable(recipe.initial_states.draw(STARTS, system.size, rng))
    # Few trajectories end in a small basin: what stays where it starts is an attractor as well.
    starts = np.vstack([drawn, stable_points(system)])
    return regime(system, starts, generator(key, "perturbations"))


def stable_points(system: System) -> NDArray[np.float64]:
    """Stable fixed points (k, N) from the equations; none if these cannot be solved.

    If the fixed point at which all trajectories end is known in closed form, there is no search.
    """
    found = _known(system)
    if not found:
        try:
            found = fixed_points(system).stable
        except NoSpectrum:
            found = ()
    return np.array([point.state for point in found]).reshape(-1, system.size)


def _known(system: System) -> tuple[FixedPoint, ...]:
    try:
        point = closed_form_fixed_point(system)
    except NoSpectrum:
        return ()
    return () if point is None else (point,)


def regime_section(recipe: Recipe) -> str:
    """The text of the section, with an entry for each seed of the recipe."""
    found = [regime_of(recipe, seed) for seed in range(recipe.seeds)]
    kinds = ", ".join(f'"{one.kind}"' for one in found)
    counts = ", ".join(str(one.attractors) for one in found)
    exponents = ", ".join(f"{one.lyapunov:.2f}" for one in found)
    section = f"[regime]\nkind = [{kinds}]\nattractors = [{counts}]\nlyapunov = [{exponents}]\n"
    if any(one.lyapunov_error for one in found):
        errors = ", ".join(f"{one.lyapunov_error:.3f}" for one in found)
        section += f"lyapunov_error = [{errors}]\n"
    return section


def write_regime(path: str | Path, section: str) -> None:
    """Write the section into a recipe's file, replacing an existing one.

    Everything else stays as it is: comments, order, line ends, a byte order mark.

    Raises
    ------
    ConfigError
        If the file cannot be read or written, or would not be this recipe with this section.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    path = Path(path)
    mark, text = read(path)
    before = loads(text, str(path))
    end = "\r\n" if text.count("\r\n") == text.count("\n") > 0 else "\n"
    try:
        document: Any = tomlkit.parse(text.replace(end, "\n"))
        wanted: Any = tomlkit.parse(section)["regime"]
        if "regime" in document:
            _replace(document["regime"], wanted)
        else:
            document.add(tomlkit.nl())
            document.add("regime", wanted)
        new = tomlkit.dumps(document).replace("\n", end)
        after = loads(new, f"{path} with its new [regime]")
    except (TOMLKitError, ConfigError, ValueError, TypeError, AttributeError, LookupError):
        # Such as TOML that it does not read though Python does.
        after = {}
    if after != {**before, **loads(section, "the new [regime]")}:
        raise ConfigError(
            f"{path}: its [regime] cannot be written without touching the rest: delete what it has "
            "of one and try again, or copy the section that `koopmark regime` prints"
        )
    parse(after, Contents, str(path), path.parent)
    write_text(path, mark + new)


def _replace(table: Any, wanted: Any) -> None:
    """Other values in a table of lists, which keep their line breaks and comments."""
    for key in [key for key in table if key not in wanted]:
        del table[key]
    for key, values in wanted.items():
        if key not in table:
            table[key] = values
            continue
        array = table[key]
        for index, value in enumerate(values):
            if index < len(array):
                array[index] = value
            else:
                array.append(value)
        while len(array) > len(values):
            array.pop()
