"""Build training and test trajectories from a recipe and a seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark._config import shortened
from koopmark._keys import digest, generator
from koopmark._repr import ReprMixin
from koopmark._source import HERE, file_digest
from koopmark.datasets import cache
from koopmark.datasets.answer_key import AnswerKey, expected_targets, where_it_ends, with_spectrum
from koopmark.datasets.conditions import CONDITIONS
from koopmark.datasets.recipe import Recipe, key_of, load_recipe, varied
from koopmark.datasets.recording import Recording
from koopmark.simulation import BLOCK, FreshTrajectories, Trajectories, sample_paths, simulate
from koopmark.systems import Sensors, System
from koopmark.truth import Eigenspace

RTOL = 1e-11
"""Relative accuracy of every dataset's trajectories, far below what any fit is asked to reach."""
SIMULATION = ((__name__, "_simulate"), (__name__, "_clean_key"), (__name__, "_fresh"))
"""What all trajectories are made by; the rest hangs on the sections of the recipe."""


class Diverged(ValueError):
    """A trajectory of a dataset diverged; the message says which and when."""


@dataclass(frozen=True, eq=False)
class Dataset(ReprMixin):
    """Training and test trajectories with their answer key.

    `train` has noise and gaps if the recipe says so, and no reference to its system. `test` is
    without noise and gaps, at even times, from other initial states. `key` is the answer key of
    both, and `system` generated them. `clean` is `train` before noise was added, with the same
    gaps; methods do not see it. `noise` is the standard deviation of that noise in units of the
    states, one number or one for each channel. `fresh` are more clean trajectories of the same
    system, which do not depend on the numbers of trajectories, the noise, the trials or the
    targets. `note` reports problems with the cache and targets that could not be computed.
    """

    recipe: Recipe
    seed: int
    system: System
    key: AnswerKey
    train: Trajectories
    clean: Trajectories
    noise: float | NDArray[np.float64]
    test: Trajectories
    fresh: FreshTrajectories
    note: str = ""
    held_out: Trajectories | None = None
    """Held-out data, recorded as `train` is, if the recipe holds some out; for a recording
    always."""

    def _facts(self) -> list[str]:
        parts = [f"{len(self.train):,} trajectories to fit to", f"{len(self.test):,} to test on"]
        size, seen = f"N = {self.system.size:,}", self.train.states.shape[2]
        if seen < self.system.size or self.recipe.observation.matrix:
            size = f"p = {seen:,} channels of {size}"
        driven = f"{self.system.inputs:,} inputs" if self.system.inputs else ""
        return [self.recipe.name, f"seed {self.seed}", *filter(None, [size, driven]), *parts]


def load(
    name: str | Path, seed: int = 0, *, cache_dir: Path | None = None, **changes: Any
) -> Dataset:
    """Build a dataset from a recipe, with some of its values changed.

    For example, `load("rnn_10_2", seed=1, noise=0.1, gaps=0.2)` has noisy training trials with
    gaps.

    Parameters
    ----------
    name : str or Path
        Name of a recipe, one of `names()`, or the path of its `.toml` file.
    seed : int
        Seed of the system (if it is random), the initial states, the noise and the gaps.
    cache_dir : Path, optional
        Cache folder, as for `build`.
    **changes
        New values of keys in the recipe, such as `dt`, `trajectories`, `noise`, `gaps` or
        `max_degree`. If several sections have a key, use the dotted form, as in
        `**{"system.scale": 2.0}`.

    Raises
    ------
    ConfigError
        If there is no such recipe or key, or a value is not allowed.
    Diverged
        If a trajectory diverged.
    """
    recipe = load_recipe(name)
    if changes:
        given = {
            key: value.tolist() if isinstance(value, np.generic | np.ndarray) else value
            for key, value in changes.items()
        }
        words = ",".join(f"{key}={shortened(str(value), 40)}" for key, value in given.items())
        dotted = {key_of(recipe, key): value for key, value in given.items()}
        recipe = varied(recipe, dotted, f"{recipe.name}/{words}", f"{recipe.name}, changed")
    return build(recipe, seed, cache_dir)


def build(recipe: Recipe, seed: int, cache_dir: Path | None = None) -> Dataset:
    """Build the dataset of a recipe and a seed, from the cache if it is there.

    Parameters
    ----------
    recipe : Recipe
    seed : int
        Seed of the system (if it is random), the initial states, the noise and the gaps, which are
        drawn independently. A recipe with more noise has the same system and clean trajectories,
        but independent noise. A recipe with more gaps has the same noise, and its gaps include
        those of fewer.
    cache_dir : Path, optional
        Cache folder; by default `cache.default_folder()`.

    Raises
    ------
    Diverged
        If a trajectory diverged.
    TypeError
        If `recipe` is not a Recipe, but for example its name.
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(f"build takes a Recipe, got {recipe!r:.80}: datasets.load takes its name")
    system = recipe.build(seed)
    times = recipe.sampling.times
    clean = _clean_key(recipe, seed)
    folder, source = cache_dir or cache.default_folder(), source_of(recipe)
    # Uneven times make other states; what is not recorded is left out of the same ones.
    jitter, pattern = recipe.trials.jitter, recipe.trials.given()
    asked = {**clean, "trials": {"jitter": jitter}} if jitter else clean
    if pattern is not None:
        asked = {**clean, "trials": {"pattern": recipe.depends_on()["trials"]["pattern"]}}
    arrays, note = cache.remember(
        folder, cache.Key(digest(asked, 32), source), lambda: _simulate(recipe, clean, system)
    )
    for part in ("train", "test"):
        ended = arrays[f"{part}_diverged_at"]
        bad = np.isfinite(ended)
        if bad.any():
            raise Diverged(
                f"{int(bad.sum())} of {len(bad)} {part} trajectories diverged, "
                f"the first at time {np.nanmin(ended):.3g}{_what_drives_out(recipe)}"
            )
    sensors = recipe.sensors(seed)
    closed, bound = AnswerKey.of(system, recipe.max_degree, sensors), float(recipe.max_degree)
    key = with_spectrum(closed, system, arrays, bound, recipe.truth.principal, recipe.sampling.dt)
    whole, level = arrays["train"], recipe.sampling.noise
    states = whole if sensors is None else sensors.observe(whole)
    noisy = states
    beside = _beside(clean)
    recorded = None if recipe.trials.full else recipe.trials.recorded(states.shape, beside)
    noise: float | NDArray[np.float64]
    if isinstance(level, tuple):
        # Of what was recorded: trials of a pattern may go on unseen.
        noise = np.array(level) * _deviations(states, recorded)
        rng = generator(beside, f"noise at levels {[float(one) for one in level]!r}")
        noisy = states + noise * rng.standard_normal(states.shape)
    else:
        noise = level * float(np.nanstd(states) if pattern is not None else states.std())
        if level:
            # A draw scaled to several levels would be one experiment, reported as several.
            rng = generator(beside, f"noise at level {float(level)!r}")
            noisy = states + noise * rng.standard_normal(states.shape)
    if recorded is not None:
        noisy, states = (np.where(recorded, made, np.nan) for made in (noisy, states))
    at = recipe.trials.times(times, len(states), beside)
    held = arrays.get("train_inputs") if recipe.inputs.recorded else None
    test = Trajectories(arrays["test"], times, inputs=arrays.get("test_inputs"), system=system)
    train, quiet = (Trajectories(made, at, inputs=held) for made in (noisy, states))
    held_out, share = None, recipe.trials.held_out
    if share is not None:
        # What was recorded is split as it was.
        by = seed if pattern is None else 0
        (train, held_out), (quiet, _) = (one.split(share, by) for one in (train, quiet))
    return Dataset(
        recipe,
        seed,
        system,
        key,
        train=train,
        clean=quiet,
        noise=noise,
        test=test if sensors is None else test.observed(sensors),
        fresh=_fresh(recipe, clean, system, sensors, folder, source),
        note="; ".join(filter(None, [note, key.note])),
        held_out=held_out,
    )


def _deviations(states: NDArray, recorded: NDArray | None) -> NDArray[np.float64]:
    """Standard deviation (p,) of each channel where it was recorded; 0 of one that never was."""
    there = np.isfinite(states) if recorded is None else recorded & np.isfinite(states)
    count = np.maximum(there.sum(axis=(0, 1)), 1)
    mean = np.where(there, states, 0.0).sum(axis=(0, 1)) / count
    squares = np.where(there, states - mean, 0.0) ** 2
    return np.asarray(np.sqrt(squares.sum(axis=(0, 1)) / count))


def _what_drives_out(recipe: Recipe) -> str:
    """What to change if trajectories diverge under inputs."""
    inputs = recipe.inputs
    if not inputs.channels:
        return ""
    fed = inputs.kind == "feedback"
    said = f", inputs.feedback {inputs.feedback:g}" if fed else ""
    return (
        f", under inputs.amplitude {inputs.amplitude:g}{said}: "
        f"{'smaller ones' if fed else 'a smaller one'}, or a shorter horizon, may do"
    )


def source_of(recipe: Recipe | Recording) -> str:
    """Digest of the code and data files that the trajectories of `recipe` depend on.

    The code is what `koopmark._source` finds from the simulation and the recipe's sections.
    """
    sections = recipe.sections()
    files = {path for section in sections for path in section.reads()}
    code = [root for section in sections for root in section.code()]
    source = HERE.digest([*SIMULATION, *code])
    return digest([source, sorted(map(file_digest, files))])


def target_list(recipe: Recipe | Recording, seed: int) -> tuple[Eigenspace, ...]:
    """The targets of a recipe, without simulating it; empty for a recording."""
    if isinstance(recipe, Recording):
        return ()
    system, sensors = recipe.build(seed), recipe.sensors(seed)
    closed = AnswerKey.of(system, recipe.max_degree, sensors).targets
    if not recipe.truth.principal or sensors is not None or system.inputs:
        return closed
    return expected_targets(system, closed, float(recipe.max_degree), recipe.sampling.dt)


def _clean_key(recipe: Recipe, seed: int) -> dict:
    """What the clean, even trajectories depend on: neither the noise nor the targets' degree."""
    key = recipe.depends_on()
    key["sampling"].pop("noise")
    key.pop("max_degree")
    key.pop("truth", None)
    key.pop("trials", None)
    key.pop("observation", None)
    key.get("inputs", {}).pop("recorded", None)
    return {**key, "seed": seed}


def _beside(key: dict) -> dict:
    """What initial states, noise and gaps depend on: neither the inputs nor α of a map."""
    return {name: value for name, value in key.items() if name not in CONDITIONS}


def _simulate(recipe: Recipe, key: dict, system: System) -> cache.Arrays:
    counts = {"train": recipe.sampling.trajectories, "test": recipe.sampling.test_trajectories}
    arrays: cache.Arrays = {}
    even = recipe.sampling.times
    times = {
        "train": recipe.trials.times(even, counts["train"], _beside(key)),
        "test": even,
    }
    for part, count in counts.items():
        result = _part(recipe, key, system, part, count, times[part])
        arrays[part] = result.states
        arrays[f"{part}_diverged_at"] = result.diverged_at
        if result.inputs is not None:
            arrays[f"{part}_inputs"] = result.inputs
    if not (system.inputs or np.isfinite(arrays["test_diverged_at"]).any()):
        arrays |= where_it_ends(system, arrays["test"][:, -1])
    return arrays


def _part(
    recipe: Recipe, key: dict, system: System, part: str, count: int, times: NDArray
) -> Trajectories:
    """So many trajectories; no two parts share an initial state, their generators differ."""
    rng = generator(_beside(key), f"initial states, {part}")
    initial = system.reachable(recipe.initial_states.draw(count, system.size, rng))
    if system.process is not None:
        noise = generator(key, f"noise of the process, {part}")
        return sample_paths(system.process, initial, times, noise)
    given = recipe.trials.given()
    inputs = recipe.inputs.draw(
        *(system, count, times.shape[-1], key, part), given=None if given is None else given.inputs
    )
    return simulate(system, initial, times, rtol=RTOL, inputs=inputs)


def _arrays(made: Trajectories) -> cache.Arrays:
    inputs = {} if made.inputs is None else {"inputs": made.inputs}
    return {"states": made.states, **inputs}


def _fresh(
    recipe: Recipe,
    clean: dict,
    system: System,
    sensors: Sensors | None,
    folder: Path,
    source: str,
) -> FreshTrajectories:
    counts = ("trajectories", "test_trajectories")
    sampling = {name: value for name, value in clean["sampling"].items() if name not in counts}
    key, times = {**clean, "sampling": sampling}, recipe.sampling.times

    def make(index: int) -> Trajectories:
        part = f"fresh {index}"
        arrays, note = cache.remember(
            folder,
            cache.Key(digest([key, part], 32), source),
            lambda: _arrays(_part(recipe, key, system, part, BLOCK, times)),
        )
        fresh.notes.extend([note] * bool(note))
        made = Trajectories(arrays["states"], times, inputs=arrays.get("inputs"))
        return made if sensors is None else made.observed(sensors)

    fresh = FreshTrajectories(make)
    return fresh
