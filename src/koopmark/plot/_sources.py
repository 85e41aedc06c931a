"""Data for spectra and eigenfunction plots, from models, scores or runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark._errors import ConfigError
from koopmark.analysis.conditions import conditions
from koopmark.analysis.numbers import listed
from koopmark.analysis.results import Results, known
from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.plot._choice import chosen, dataset_of, run_of
from koopmark.scoring import Portrait, Scores, evaluate
from koopmark.simulation import Trajectories
from koopmark.store import PREFIX

Fitted = Model | Scores
What = Results | str | Path | Fitted | Mapping[str, Fitted]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues (s,) that a method recovered, with their residuals (s,)."""

    name: str
    eigenvalues: NDArray[np.complex128]
    residuals: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spectra:
    """Recovered eigenvalues beside the exact ones and the multiplicities of the targets."""

    exact: Mapping[complex, tuple[int, ...]]
    recovered: tuple[Spectrum, ...]
    discrete: bool
    """Whether the eigenvalues are μ of one step of a map."""


@dataclass(frozen=True, eq=False)
class View:
    """An exact eigenfunction at points (p,) and its recovered counterpart there.

    `part` says for each point whether it is on a `trajectory`, another `state`, or on the `map`, a
    slice with the coordinates i and j (counted from 1; `across` and `up` are its grid).
    """

    name: str
    target: str
    eigenvalue: complex
    discrete: bool
    """Whether that is μ of one step of a map."""
    error: float
    part: NDArray[np.str_]
    trajectory: NDArray[np.float64]
    time: NDArray[np.float64]
    across: NDArray[np.float64]
    up: NDArray[np.float64]
    coordinates: tuple[int, ...]
    exact: NDArray[np.complex128]
    recovered: NDArray[np.complex128]


def spectra(
    what: What,
    test: Trajectories | str | Iterable[str] | None = None,
    dataset: str | None = None,
    seed: int | None = None,
    key: AnswerKey | None = None,
) -> Spectra:
    """The spectra of models or scores, or of fits of a run."""
    if isinstance(what, Results | str | Path):
        return _spectra_of_run(run_of(what), _names(test), dataset, seed)
    scores = _scored(what, test, key, portrayed=False)
    exact = _exact(
        (complex(row.target_eigenvalue_re, row.target_eigenvalue_im), row.target_dimension)
        for row in next(iter(scores.values())).targets
    )
    recovered = tuple(
        Spectrum(
            name,
            np.array([complex(p.eigenvalue_re, p.eigenvalue_im) for p in one.eigenpairs], complex),
            np.array([p.residual for p in one.eigenpairs], dtype=float),
        )
        for name, one in scores.items()
    )
    return Spectra(exact, recovered, _discrete(test, key))


def _exact(targets: Iterable[tuple[complex, int]]) -> dict[complex, tuple[int, ...]]:
    """Under inputs, and at μ = 0, several targets have one eigenvalue."""
    found: dict[complex, tuple[int, ...]] = {}
    for value, multiplicity in targets:
        found[value] = (*found.get(value, ()), multiplicity)
    return found


def views(
    what: What,
    test: Trajectories | str | Iterable[str] | None = None,
    dataset: str | None = None,
    target: str | None = None,
    seed: int | None = None,
    key: AnswerKey | None = None,
) -> list[View]:
    """One eigenfunction of models or scores, or of fits of a run."""
    if isinstance(what, Results | str | Path):
        return _views_of_run(run_of(what), _names(test), dataset, target, seed)
    scores = _scored(what, test, key, portrayed=True)
    frames = [portrait.frame for one in scores.values() for portrait in one.portraits]
    discrete = _discrete(test, key)
    # What lasts longest first.
    frames.sort(
        key=lambda frame: -abs(frame.eigenvalue) if discrete else abs(frame.eigenvalue.real)
    )
    chosen_target = _target(target, list(dict.fromkeys(frame.target for frame in frames)))
    return [
        _view_of(name, portrait, discrete)
        for name, one in scores.items()
        for portrait in one.portraits
        if portrait.frame.target == chosen_target
    ]


def _names(test: object) -> list[str]:
    if test is None:
        return []
    if isinstance(test, str):
        return [test]
    if isinstance(test, Trajectories):
        raise ConfigError("a run has its own test data: name methods, a dataset and a seed")
    if isinstance(test, Iterable):
        return [str(name) for name in test]
    raise ConfigError(f"methods of a run are named by text, not by {type(test).__name__}")


def _scored(
    what: Fitted | Mapping[str, Fitted], test: object, key: AnswerKey | None, portrayed: bool
) -> dict[str, Scores]:
    """Scores by name; of one model the name is empty."""
    given = dict(what) if isinstance(what, Mapping) else {"": what}
    if not given:
        raise ConfigError("there is no model to draw: the mapping is empty")
    return {name: _scores(one, test, key, portrayed) for name, one in given.items()}


def _scores(one: object, test: object, key: AnswerKey | None, portrayed: bool) -> Scores:
    if isinstance(one, Scores):
        return one
    if not isinstance(one, Model):
        raise ConfigError(
            f"{type(one).__name__} cannot be drawn: give a model with its test data, the scores "
            "of koopmark.scoring.evaluate, a run, or its folder"
        )
    if not isinstance(test, Trajectories):
        raise ConfigError("a model is drawn beside the exact answers: give its test trajectories")
    if key is None:
        if test.system is None:
            raise ConfigError(
                "nothing says which system these test data come from: give key=, such as "
                "koopmark.datasets.AnswerKey.of(system)"
            )
        key = AnswerKey.of(test.system)
    return evaluate(one, key, test, portrayed=portrayed)


def _discrete(test: object, key: AnswerKey | None) -> bool:
    """Whether models or scores are of a map, as their key says, or the system of the test data."""
    if key is not None:
        return key.discrete
    system = test.system if isinstance(test, Trajectories) else None
    return system is not None and system.discrete


def _target(typed: str | None, labels: list[str]) -> str:
    if not labels:
        raise ConfigError("there is no eigenfunction to draw: no target has a portrait")
    return labels[0] if typed is None else known(str(typed), labels, "target")


def _seed(seed: int | None, there: "pd.Series[float]") -> float:
    seeds = sorted(there.unique())
    if seed is None:
        return float(seeds[0])
    if seed not in seeds:
        names = listed([f"{one:g}" for one in seeds], most=12)
        raise ConfigError(f"unknown seed {seed}: there are {names}")
    return float(seed)


def _spectra_of_run(
    run: Results, methods: list[str], dataset: str | None, seed: int | None
) -> Spectra:
    name = dataset_of(run, dataset)
    fits = run.fits[(run.fits["dataset"] == name) & (run.fits["status"] == "ok")]
    if fits.empty:
        raise ConfigError(f"no fit on {name} has a result")
    fits = fits[fits["seed"] == _seed(seed, fits["seed"])]
    top = None if methods else 1
    names = chosen(run, methods, fits["method"], f"this spectrum of {name}", top)
    fits = fits.set_index("method").loc[names]
    targets = run.targets[run.targets["fit_id"].isin(fits["fit_id"])]
    once = targets.drop_duplicates("target_index")
    exact = _exact(
        (complex(re, im), int(m))
        for re, im, m in zip(
            once["target_eigenvalue_re"],
            once["target_eigenvalue_im"],
            once["target_dimension"],
            strict=True,
        )
    )
    pairs = run.eigenpairs[run.eigenpairs["fit_id"].isin(fits["fit_id"])]
    recovered = []
    for method, fit in fits["fit_id"].items():
        mine = pairs[pairs["fit_id"] == fit]
        values = mine["eigenvalue_re"].to_numpy(float) + 1j * mine["eigenvalue_im"].to_numpy(float)
        recovered.append(Spectrum(str(method), values, mine["residual"].to_numpy(float)))
    return Spectra(exact, tuple(recovered), conditions(run.fits)[name].discrete)


def _views_of_run(
    run: Results,
    methods: list[str],
    dataset: str | None,
    target: str | None,
    seed: int | None,
) -> list[View]:
    points = run.portraits
    if points.empty:
        raise ConfigError(f"{run.folder} has no portraits in eigenfunctions.csv to draw")
    name = dataset_of(run, dataset, list(dict.fromkeys(points["dataset"])))
    points = points[points["dataset"] == name]
    points = points[points["seed"] == _seed(seed, points["seed"])]
    label = _target(target, list(dict.fromkeys(points["target"])))
    points = points[points["target"] == label]
    # A frame of points ends with the row of its angles; methods with other windows have their own.
    frame = (points["part"] == "angle").shift(fill_value=False).cumsum()
    angles = points[points["part"] == "angle"]
    columns = [str(one) for one in points if str(one).startswith(PREFIX)]
    there = [one.removeprefix(PREFIX) for one in columns if angles[one].notna().any()]
    names = chosen(run, methods, there, f"this eigenfunction of {name}")
    discrete = conditions(run.fits)[name].discrete
    return [_view_in(points, frame, angles, method, discrete) for method in names]


def _view_in(
    points: pd.DataFrame,
    frame: "pd.Series[int]",
    angles: pd.DataFrame,
    method: str,
    discrete: bool,
) -> View:
    column = PREFIX + method
    end = angles.index[angles[column].notna()][0]
    rows = points[(frame == frame[end]) & (points["part"] != "angle")]
    real, imaginary = (rows[rows["component"] == part] for part in ("re", "im"))
    exact = real["exact"].to_numpy(complex)
    difference = real[column].to_numpy(complex)
    if len(imaginary):
        exact = exact + 1j * imaginary["exact"].to_numpy(float)
        difference = difference + 1j * imaginary[column].to_numpy(float)
    first = real.iloc[0]
    slices = real[["i", "j"]].dropna()
    return View(
        method,
        str(first["target"]),
        complex(first["target_eigenvalue_re"], first["target_eigenvalue_im"]),
        discrete,
        float(angles.loc[end, column]),
        real["part"].to_numpy(str),
        real["trajectory"].to_numpy(float),
        real["time"].to_numpy(float),
        real["x_i"].to_numpy(float),
        real["x_j"].to_numpy(float),
        tuple(int(k) for k in slices.iloc[0]) if len(slices) else (),
        exact,
        exact + difference,
    )


def _view_of(name: str, portrait: Portrait, discrete: bool) -> View:
    seen = portrait.frame
    along, step = seen.visited
    at_step = dict(zip(seen.steps.tolist(), seen.times.tolist(), strict=True))
    on_lines = len(seen.trajectories) * len(seen.steps)
    grid = len(seen.exact) - len(along)
    across, up = seen.axes
    blank = np.full(len(along), np.nan)
    none = np.full(grid, np.nan)
    return View(
        name,
        seen.target,
        seen.eigenvalue,
        discrete,
        portrait.error,
        np.array(["trajectory"] * on_lines + ["state"] * (len(along) - on_lines) + ["map"] * grid),
        np.concatenate([along, none]),
        np.concatenate([[at_step[one] for one in step.tolist()], none]),
        np.concatenate([blank, np.tile(across, len(up))]),
        np.concatenate([blank, np.repeat(up, len(across))]),
        tuple(int(k) + 1 for k in seen.coordinates),
        seen.exact.astype(complex),
        portrait.recovered.astype(complex),
    )
