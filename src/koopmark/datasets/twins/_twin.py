"""Recipes of twins: systems with an answer key, sampled as the data were."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark._config import parse
from koopmark._errors import ConfigError, one_line
from koopmark._files import make_folder, write_text
from koopmark._keys import generator
from koopmark._repr import ReprMixin
from koopmark.datasets.dataset import Diverged, build
from koopmark.datasets.measured import Measured
from koopmark.datasets.pattern import Pattern
from koopmark.datasets.recipe import Contents, Recipe, load_recipe
from koopmark.datasets.twins._families import DEGREE, Family, families_of
from koopmark.datasets.twins._readme import readme
from koopmark.datasets.twins._seen import MOST_NUMBERS, Seen, seen_of, variables_of
from koopmark.datasets.twins._write import recipe_text
from koopmark.simulation import Trajectories
from koopmark.systems import System

PATTERN = "pattern.npz"
MOST_STATES = 20_000
"""Of the trials of the data that the twin repeats."""
MOST_VALUES = 2_000_000
"""Of their channels together."""
MOST_TESTED = 4000
"""Clean states that fits are tested on."""
MOST_DEGREE_TWO = 8
"""Variables up to which products of two functions are targets."""
SEEDS = 2
"""Systems of each family."""
UNSEEN = 1e-10
"""Variance of a direction, relative to the largest, that counts as none."""
TURNS = 50
"""Choices of what few sensors see, of which one is taken."""
STRENGTH = 0.5
"""Root mean square of what inputs add to a unit, where its own leak is 1."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Twin(ReprMixin):
    """A folder with recipes of twins of a recording.

    Parameters
    ----------
    folder : Path
    measured : Measured
        Measured properties of the data.
    families : tuple of Family
        Families of systems, each with a recipe of its name in `folder`.
    left_out : dict of str to str
        Families without a recipe, and why.
    notes : tuple of str
        Remarks, such as on data that were left out.
    """

    folder: Path
    measured: Measured
    families: tuple[Family, ...]
    left_out: dict[str, str]
    notes: tuple[str, ...]

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """Recipes of the families, read from the folder."""
        return tuple(load_recipe(path) for path in self.paths)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Files of the recipes."""
        return tuple(self.folder / f"{family.name}.toml" for family in self.families)

    def _facts(self) -> list[str]:
        return [str(self.folder), f"{len(self.families)} families", f"{SEEDS} systems of each"]


def twin(
    data: Trajectories,
    out: str | Path,
    *,
    measured: Measured | None = None,
    holdout: float = 0.3,
    cache_dir: Path | None = None,
) -> Twin:
    """Write recipes of systems with an answer key that are sampled as these data were.

    Lengths, gaps, uneven times and inputs are those of the data. The number of variables, noise,
    units, covariances and time scales match the measured ones. Twins do not model the system behind
    the data, and have no noise in their dynamics.

    Parameters
    ----------
    data : Trajectories
    out : str or Path
        Folder for the recipes, the sampling pattern and a README.md.
    measured : Measured, optional
        Properties of these data; measured if not given.
    holdout : float
        Share of held-out trials, or of held-out times of a single trial.
    cache_dir : Path, optional
        Cache folder, as for `koopmark.datasets.build`.

    Raises
    ------
    ValueError
        If the data are constant, or no two states are successive.
    """
    data = Trajectories.expected(data, "twin").without_origin()
    measured = Measured.of(data) if measured is None else measured
    if measured.constant.all() or not np.isfinite(measured.dt):
        raise ValueError(
            "there is no twin of data in which nothing varies, or no two states follow one another"
        )
    if measured.channels > MOST_NUMBERS:
        raise ValueError(
            f"there is no twin of {measured.channels:,} channels, more than {MOST_NUMBERS:,}: take "
            "some of them, or their principal components"
        )
    folder, notes = make_folder(Path(out).absolute()), list[str]()
    seen = seen_of(data, measured)
    used = _thinned(data, notes)
    pattern = Pattern.of(used, measured.dt)
    pattern.write(folder / PATTERN)
    if not pattern.recorded.any(axis=1).all():
        notes.append("in some trials nothing was recorded: nor is it in the twin's")
    if not np.isfinite(measured.noise[~measured.constant]).all():
        notes.append(
            "the noise of some channels could not be measured, and the twin has none there"
        )
    if not measured.signal:
        notes.append(
            "no direction of the data has to do with the next sample: they may be noise alone, and "
            "sizes and rates of the systems are guesses"
        )
    size = variables_of(measured, seen)
    families, left = families_of(measured, used, size, seen.size)
    made = []
    with TemporaryDirectory() as kept:
        # Of the whole state: which channels were missing says nothing of the variables.
        whole = replace(pattern, recorded=pattern.states)
        path = folder / PATTERN
        if pattern.recorded.ndim == 3:
            path = Path(kept) / PATTERN
            whole.write(path)
        for family in families:
            try:
                text = _recipe(family, seen, pattern, measured, holdout, path, folder, cache_dir)
            except (Diverged, ConfigError) as error:
                left[family.name] = one_line(error)
                continue
            write_text(folder / f"{family.name}.toml", text)
            made.append(family)
    found = Twin(folder, measured, tuple(made), left, tuple(notes))
    write_text(folder / "README.md", readme(found.measured, made, left, notes, seen, size))
    return found


def _thinned(data: Trajectories, notes: list[str]) -> Trajectories:
    """Some of the trials, or of their times, if there are more than a twin needs."""
    count, length, channels = data.states.shape
    most = max(200, min(MOST_STATES, MOST_VALUES // channels))
    if count * length <= most:
        return data
    kept = max(min(count, 10), most // length)
    if kept < count:
        chosen = np.unique(np.linspace(0, count - 1, kept).astype(int))
        data = data[chosen]
        notes.append(f"the twin repeats {len(chosen):,} of {count:,} trials, evenly chosen")
    if len(data) * length > most:
        data = data[:, : most // len(data)]
        notes.append(f"the twin repeats the first {data.shape[1]:,} of {length:,} times")
    return data


def _recipe(
    family: Family,
    seen: Seen,
    pattern: Pattern,
    measured: Measured,
    holdout: float,
    whole: Path,
    folder: Path,
    cache_dir: Path | None,
) -> str:
    """The text of the recipe: simulated without sensors first, which are then made to fit."""
    draft = _draft(family, pattern, measured) | {"trials": {"pattern": str(whole)}}
    moments = _moments(draft, folder, cache_dir)
    n = len(moments[0][0])
    systems = [_parsed(draft, folder).build(seed) for seed in range(SEEDS)]
    turn = _turn(family.name, seen, systems, [root for _, root in moments])
    if not family.positive:
        # Trials begin where those of the data do, in units of their spread, as large as before.
        root = np.mean([around for _, around in moments], axis=0)
        middle, around = (root @ one for one in seen.began(turn))
        size = np.sqrt(np.sum(middle**2) + np.sum(around**2))
        factor = draft["initial_states"]["scale"] * np.sqrt(n) / size
        draft["initial_states"] = {
            "kind": "gaussian",
            "mean": _rounded(factor * middle),
            "root": _rounded(factor * around),
        }
        moments = _moments(draft, folder, cache_dir)
    # Each system is seen so that its channels vary as those of the data do.
    matrices = [_rounded(seen.mixing @ turn @ np.linalg.inv(root), 6) for _, root in moments]
    offsets = [
        (seen.mean - seen.scale * (np.array(matrix) @ mean)).tolist()
        for matrix, (mean, _) in zip(matrices, moments, strict=True)
    ]
    contents = draft | {
        "observation": {"scale": seen.scale.tolist(), "matrices": matrices, "offsets": offsets}
    }
    contents["sampling"] = draft["sampling"] | {"noise": _rounded(seen.noise)}
    contents["trials"] = {"pattern": PATTERN, "held_out": holdout}
    text = recipe_text(contents, family.about)
    recipe = _parsed(contents, folder)
    for seed in range(SEEDS):
        build(recipe, seed, cache_dir)
    return text


def _draft(family: Family, pattern: Pattern, measured: Measured) -> dict[str, Any]:
    """The recipe of the whole state, without noise."""
    count, _ = pattern.shape
    steps = int(np.clip(measured.lengths[1] - 1, 5, 200))
    contents: dict[str, Any] = {
        "title": family.title,
        "description": f"One of the systems of a twin: {family.about}, observed as the data were.",
        "seeds": SEEDS,
        "system": family.system,
        "initial_states": dict(family.initial),
        "sampling": {
            "trajectories": count,
            "test_trajectories": int(np.clip(MOST_TESTED // (steps + 1), 10, 100)),
            "dt": float(f"{family.dt:.6g}"),
            "horizon": float(f"{family.dt:.6g}") * steps,
        },
    }
    if pattern.inputs is not None and measured.inputs is not None:
        amplitude = np.sqrt(np.mean(pattern.inputs**2, axis=(0, 1)))
        scale = np.where(amplitude > 0.0, amplitude, 1.0) / STRENGTH
        contents["inputs"] = {
            "channels": len(scale),
            "kind": "given",
            "amplitude": STRENGTH,
            "scale": scale.tolist(),
        }
    return contents


def _parsed(contents: dict[str, Any], folder: Path) -> Recipe:
    """A recipe of these contents, to the degree up to which its products can be told."""
    try:
        found = parse({**contents, "max_degree": DEGREE}, Contents, "twin", folder)
        if found.system.size > MOST_DEGREE_TWO:
            raise ConfigError("products of so many functions are too many")
        contents["max_degree"] = DEGREE
    except ConfigError:
        contents["max_degree"] = 1
        found = parse(contents, Contents, "twin", folder)
    return Recipe.model_construct(name="twin", **dict(found))


def _moments(
    draft: dict[str, Any], folder: Path, cache_dir: Path | None
) -> list[tuple[Array, Array]]:
    """Of each seed the mean (n,) and a root of the covariance (n, n) of recorded states."""
    recipe, found = _parsed(draft, folder), []
    for seed in range(SEEDS):
        states = build(recipe, seed, cache_dir).train.snapshots()
        flat = np.asarray(states, dtype=float).reshape(-1, states.shape[-1])
        sizes, turn = np.linalg.eigh(np.cov(flat.T).reshape(flat.shape[1], -1))
        if not sizes[-1] > 0.0:
            raise ConfigError("its states do not vary")
        if sizes[0] < UNSEEN * sizes[-1]:
            raise ConfigError("its states leave some directions out, and the data do not")
        root: Array = (turn * np.sqrt(sizes)) @ turn.T
        found.append((flat.mean(axis=0), root))
    return found


def _turn(name: str, seen: Seen, systems: Sequence[System], roots: Sequence[Array]) -> Array:
    """Orthonormal rows (n, m): which of m variables of unit variance the n that are seen are.

    A random rotation, so that each variable takes part in each direction of the data. If m > n, of
    several the one in which the mode that the channels show least is shown most.
    """
    m = len(roots[0])
    rng = generator({"twin": name, "size": m}, "directions")
    turns = [
        np.asarray(np.linalg.qr(rng.standard_normal((m, m)))[0][: seen.size])
        for _ in range(1 if m == seen.size else TURNS)
    ]
    if len(turns) == 1:
        return turns[0]

    def least(turn: Array) -> float:
        sensors = [seen.mixing @ turn @ np.linalg.inv(root) for root in roots]
        return min(
            _least_shown(system, root, matrix)
            for system, root, matrix in zip(systems, roots, sensors, strict=True)
        )

    return max(turns, key=least)


def _least_shown(system: System, root: Array, matrix: Array) -> float:
    """Least root mean square of a mode v wᵀx of a linear system in channels `matrix` times x."""
    principal = system.principal
    if principal is None:
        return 0.0
    left = principal.vectors
    sizes = np.linalg.norm(root @ left, axis=0)
    return float(np.min(np.linalg.norm(matrix @ np.linalg.inv(left.T), axis=0) * sizes))


def _rounded(values: Array, digits: int = 4) -> Any:
    """Nested lists of numbers with so many digits."""
    if np.ndim(values):
        return [_rounded(one, digits) for one in values]
    return float(f"{float(values):.{digits}g}")
