"""From a recipe and a seed to trajectories for training and for testing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import digest, generator
from koopmark._source import HERE, file_digest
from koopmark.datasets import cache
from koopmark.datasets.answer_key import answer_key, expected_targets, where_it_ends
from koopmark.datasets.recipe import Recipe
from koopmark.simulation import FreshTrajectories, Trajectories, sample_paths, simulate
from koopmark.simulation.fresh import BLOCK
from koopmark.spectrum import KnownSpectrum
from koopmark.systems import System
from koopmark.truth import Eigenspace

RTOL = 1e-11
"""Relative accuracy of every dataset's trajectories, far below what any fit is asked to reach."""

SIMULATION = ((__name__, "_simulate"), (__name__, "_clean_key"), (__name__, "_fresh"))
"""What all trajectories are made by; the rest hangs on the sections of the recipe."""


class Diverged(ValueError):
    """A trajectory of the dataset blew up; the text says which and when."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a method is fitted to and scored on.

    `train` is noisy where the recipe says so; `test` is clean and starts elsewhere. The system
    and the targets ride along on `train` for the anchors. `clean` is `train` before noise of the
    standard deviation `noise`, in units of the states, was added: for the scorer, and no method is
    given it. `note` says what was wrong with the
    cache, and what targets could not be had; empty where nothing was. `spectrum` are all Koopman
    eigenvalues on the basin of the test trajectories. `fresh` are more clean trajectories of the
    same law, which belong to the system and its seed: they are the same whatever the numbers of
    training and test trajectories, the noise and the targets.
    """

    recipe: Recipe
    seed: int
    system: System
    targets: tuple[Eigenspace, ...]
    train: Trajectories
    clean: Trajectories
    noise: float
    test: Trajectories
    note: str = ""
    spectrum: KnownSpectrum | None = None
    fresh: FreshTrajectories | None = None


def build(recipe: Recipe, seed: int, cache_dir: Path | None = None) -> Dataset:
    """Simulate the recipe with this seed, or read the trajectories from the cache.

    Parameters
    ----------
    recipe : Recipe
    seed : int
        Draws the system (where it is random), the initial states and the noise, each
        independently: a recipe with more noise has the same system and clean trajectories, and
        noise of its own, not that of another level scaled.
    cache_dir : Path, optional
        `cache.default_folder()` by default.

    Raises
    ------
    Diverged
        Where a trajectory blew up.
    """
    system = recipe.system.build(seed)
    times = recipe.sampling.times
    clean = _clean_key(recipe, seed)
    folder, source = cache_dir or cache.default_folder(), source_of(recipe)
    arrays, note = cache.remember(
        folder,
        cache.Key(digest(clean, 32), source),
        lambda: _simulate(recipe, clean, system),
    )
    for part in ("train", "test"):
        _check_complete(part, arrays[f"{part}_diverged_at"])
    key = answer_key(
        system,
        system.targets(recipe.max_degree),
        float(recipe.max_degree),
        recipe.truth.principal,
        arrays,
        recipe.sampling.dt,
    )
    noisy = _add_noise(arrays["train"], recipe.sampling.noise, clean)
    train = Trajectories(noisy, times, system=system, targets=key.targets)
    unspoilt = Trajectories(arrays["train"], times)
    deviation = recipe.sampling.noise * float(arrays["train"].std())
    test = Trajectories(arrays["test"], times)
    notes = "; ".join(filter(None, [note, key.note]))
    fresh = _fresh(recipe, clean, system, folder, source)
    return Dataset(
        recipe,
        seed,
        system,
        key.targets,
        train,
        unspoilt,
        deviation,
        test,
        notes,
        key.spectrum,
        fresh,
    )


def source_of(recipe: Recipe) -> str:
    """Digest of the source that makes the trajectories of `recipe`, and of the data it reads.

    Trajectories of other source are not those of this one, though recipe and seed be equal. The
    digest covers what `koopmark._source` finds from the simulation and the recipe's sections.
    """
    sections = recipe.sections()
    files = {path for section in sections for path in section.reads()}
    source = HERE.digest([*SIMULATION, *map(type, sections)])
    return digest([source, sorted(map(file_digest, files))])


def target_list(recipe: Recipe, seed: int) -> tuple[Eigenspace, ...]:
    """The targets, without simulating anything."""
    system = recipe.system.build(seed)
    closed = system.targets(recipe.max_degree)
    if not recipe.truth.principal:
        return closed
    return expected_targets(system, closed, float(recipe.max_degree), recipe.sampling.dt)


def _clean_key(recipe: Recipe, seed: int) -> dict:
    """What the clean trajectories depend on: neither the noise nor the targets' degree."""
    key = recipe.depends_on()
    key["sampling"].pop("noise")
    key.pop("max_degree")
    key.pop("truth", None)
    return {**key, "seed": seed}


def _simulate(recipe: Recipe, key: dict, system: System) -> cache.Arrays:
    counts = {
        "train": recipe.sampling.trajectories,
        "test": recipe.sampling.test_trajectories,
    }
    arrays: cache.Arrays = {}
    for part, count in counts.items():
        result = _part(recipe, key, system, part, count)
        arrays[part] = result.states
        arrays[f"{part}_diverged_at"] = result.diverged_at
    if not np.isfinite(arrays["test_diverged_at"]).any():
        arrays |= where_it_ends(system, arrays["test"][:, -1])
    return arrays


def _part(recipe: Recipe, key: dict, system: System, part: str, count: int) -> Trajectories:
    """So many trajectories; no two parts share an initial state, their generators differ."""
    rng = generator(key, f"initial states, {part}")
    initial = system.reachable(recipe.initial_states.draw(count, system.size, rng))
    if system.process is not None:
        noise = generator(key, f"noise of the process, {part}")
        return sample_paths(system.process, initial, recipe.sampling.times, noise)
    return simulate(system, initial, recipe.sampling.times, rtol=RTOL)


def _fresh(
    recipe: Recipe, clean: dict, system: System, folder: Path, source: str
) -> FreshTrajectories:
    counts = ("trajectories", "test_trajectories")
    sampling = {name: value for name, value in clean["sampling"].items() if name not in counts}
    key = {**clean, "sampling": sampling}

    def make(index: int) -> Trajectories:
        part = f"fresh {index}"
        arrays, note = cache.remember(
            folder,
            cache.Key(digest([key, part], 32), source),
            lambda: {"states": _part(recipe, key, system, part, BLOCK).states},
        )
        fresh.notes.extend([note] * bool(note))
        return Trajectories(arrays["states"], recipe.sampling.times)

    fresh = FreshTrajectories(make)
    return fresh


def _check_complete(part: str, diverged_at: NDArray) -> None:
    bad = np.isfinite(diverged_at)
    if bad.any():
        raise Diverged(
            f"{int(bad.sum())} of {len(bad)} {part} trajectories diverged, "
            f"the first at time {np.nanmin(diverged_at):.3g}"
        )


def _add_noise(states: NDArray, level: float, key: dict) -> NDArray[np.float64]:
    if level == 0.0:
        return states
    # A draw scaled to several levels would be one experiment, reported as several.
    rng = generator(key, f"noise at level {float(level)!r}")
    return states + level * states.std() * rng.standard_normal(states.shape)
