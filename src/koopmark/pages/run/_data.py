"""What the page's scripts draw from: the tables of the run as they are, and how methods look."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.analysis import columns
from koopmark.analysis.conditions import Conditions, conditions
from koopmark.analysis.leaderboard import Leaderboard
from koopmark.analysis.map import CELLS, SAYINGS, Cell, OutcomeMap
from koopmark.analysis.measure import MEANINGS, Outcome
from koopmark.analysis.pareto import fronts
from koopmark.analysis.results import Results
from koopmark.analysis.summary import roles_of
from koopmark.analysis.sweeps import Sweep, sweep_table
from koopmark.pages.run._cards import cards_data
from koopmark.pages.run._curves import curves_data
from koopmark.pages.web import method_styles
from koopmark.scoring import FitScores
from koopmark.store import POINTS, PREFIX

AXES = {
    "noise": "noise (standard deviation, relative to the signal)",
    "dt": "sampling interval Δt (units of the decay time)",
    "horizon": "length of each trajectory (units of the decay time)",
    "trajectories": "number of training trajectories",
    "gaps": "share of states that are missing in gaps",
    "shortest": "shortest trial (share of the horizon)",
    "missing": "share of single values that are missing",
    "jitter": "largest distance of times from an even grid (share of Δt)",
    "sensors": "number of sensors p",
    "mixtures": "number of mixtures p of all units",
    "channels": "number of inputs q",
    "amplitude": "amplitude of the inputs (standard deviation)",
    "hold": "mean number of intervals for which inputs are held",
    "feedback": "norm of the feedback",
    "dither": "dither (share of the amplitude)",
    "alpha": "step α (multiplier μ = 1 − α)",
    "n": "number of units N",
    "rank": "rank of the weights",
    "n, rank": "number of units N, rank of the weights",
    "gain": "gain (spectral norm of the weights)",
}
"""Titles of the axes of sweeps whose key does not say enough."""

MOST_PAIRS = 250_000
"""Recovered eigenvalues in a page, for its size: beyond, those with the smallest residuals."""

PAIRS = ["eigenvalue_re", "eigenvalue_im", "residual", "training_residual"]
SCORES_OF_FIT = [
    *(field.name for field in fields(FitScores) if field.type is not str),
    *(column.key for column in columns.COSTS),
]
"""What the panel of a fit lists."""

KEYS_OF_FIT = ["suite", "dataset", "seed", "method"]

MOST_NUMBERS = 600_000
"""Numbers of eigenfunctions in a page, for its size: about four bytes each."""

PLACES = ("part", "trajectory", "time", "i", "j", "x_i", "x_j")
"""Columns that locate a point."""

KEYS = list(POINTS)[: list(POINTS).index("part")]
"""What an exact eigenfunction is known by."""


def page_data(run: Results) -> dict[str, Any]:
    """The data of a run's page, by the names its scripts ask for them."""
    fits, targets = run.fits, run.targets
    sized = fits.drop_duplicates("dataset").set_index("dataset")["n"]
    return {
        "methods": methods_data(fits, run.order),
        "fits": fits,
        "targets": targets.drop(columns=KEYS_OF_FIT),
        "eigenpairs": pairs_data(fits, run.eigenpairs),
        "summary": run.summary.assign(n=run.summary["dataset"].map(sized)),
        "sweeps": sweeps_data(run.swept, targets),
        "curves": curves_data(run),
        "columns": {
            column.key: {
                "title": column.title,
                "meaning": column.meaning,
                "best": column.best,
                "shaded": column.shaded,
            }
            for column in (
                *columns.SUMMARY,
                *columns.TARGETS,
                *columns.UNDER_NOISE,
                *columns.UNDER_INPUTS,
            )
        },
        "fronts": fronts(run.summary),
        "map": map_data(run.map, run.boards, conditions(fits)),
        "profiles": profiles_data(run),
        "run": {
            **run_data(run.provenance),
            "maps": [name for name, one in conditions(fits).items() if one.discrete],
            "order": run.order,
            "summary": [column.key for column in columns.SUMMARY],
        },
        "eigenfunctions": eigenfunctions_data(run.portraits),
        "cards": cards_data(run),
    }


def map_data(
    drawn: OutcomeMap, boards: Mapping[str, Leaderboard], where: Mapping[str, Conditions]
) -> dict[str, Any]:
    """The map of outcomes: what its rows and columns are, and each cell, row after row."""
    words, outcomes = list(Cell), list(Outcome)
    return {
        "words": [{"word": word, "meaning": SAYINGS[word]} for word in words],
        "outcomes": [
            {"name": one, "meaning": MEANINGS[one], "word": words.index(CELLS[one])}
            for one in outcomes
        ],
        "methods": drawn.methods.assign(rank=_ranks(drawn.methods, boards)),
        "targets": drawn.targets,
        "symbols": {name: where[name].symbol for name in drawn.targets["dataset"].unique()},
        "outcome": [outcomes.index(one) for one in drawn.outcomes.ravel()],
        "k": drawn.exponents.ravel(),
        "digits": drawn.digits.ravel(),
        "found": drawn.found.ravel(),
        "seeds": drawn.seeds.ravel(),
        "seed": drawn.seed.ravel(),
    }


def _ranks(methods: pd.DataFrame, boards: Mapping[str, Leaderboard]) -> "pd.Series[float]":
    """The best place of each method on any board among the methods of its library; from 0."""
    ranks = {"": pd.Series(len(methods) + np.arange(len(methods)), methods.index)}
    for name, board in boards.items():
        place = dict(zip(board.rows["method"], range(len(board.rows)), strict=True))
        ranks[name] = methods["method"].map(place).groupby(methods["group"]).rank() - 1
    return pd.DataFrame(ranks).min(axis=1)


def profiles_data(run: Results) -> dict[str, Any]:
    """By question the profiles, equal ones once with all of their methods, and by what a reader may
    choose (`best`, `all`, `=LIBRARY`) the methods that are drawn as one curve."""
    libraries = dict(zip(run.fits["method"], run.fits["library"], strict=True))
    found = {}
    for question, drawn in run.profiles.items():
        curves: dict[bytes, dict[str, Any]] = {}
        for method in drawn.methods:
            mine = drawn.bands.loc[method].sort_index()
            # A missing number is one here, whatever its bits are.
            key = np.nan_to_num([*mine.to_numpy().ravel(), drawn.reach[method]], nan=-1.0)
            curve: dict[str, Any] = {
                "methods": [],
                "shares": mine["share"].to_numpy(),
                "low": mine["low"].to_numpy(),
                "high": mine["high"].to_numpy(),
                "reach": float(drawn.reach[method]),
            }
            curves.setdefault(key.tobytes(), curve)["methods"].append(method)
        of_library: dict[str, list[str]] = {}
        for method in drawn.methods:
            of_library.setdefault(f"={libraries[method]}", []).append(method)
        chosen = {
            "best": run.best_of_each(drawn.methods, question),
            "all": drawn.methods,
            **of_library,
        }
        found[question] = {
            "tau": drawn.shares.columns.to_numpy(),
            "curves": list(curves.values()),
            "groups": {choice: drawn.alike(names) for choice, names in chosen.items()},
        }
    return found


def run_data(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What it takes to do one fit again: the suite, and what it is that a name in it stands for."""
    given = provenance.get("methods")
    entries = [entry for entry in given if isinstance(entry, dict)] if type(given) is list else []
    return {
        "suite": str(provenance.get("suite_argument", provenance.get("suite", ""))),
        "scores": SCORES_OF_FIT,
        "uses": {str(entry.get("name", "")): str(entry.get("use", "")) for entry in entries},
    }


def methods_data(fits: pd.DataFrame, order: Sequence[str]) -> dict[str, Any]:
    """How each method looks, its library and its role; in the one order of methods."""
    libraries = dict(zip(fits["method"], fits["library"], strict=True))
    roles = roles_of(fits)
    styles = method_styles(roles)
    return {
        name: {**asdict(styles[name]), "library": libraries[name], "role": roles[name]}
        for name in order
    }


def pairs_data(fits: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """The recovered eigenpairs fit by fit: columns, and where in them each row of fits has its own.

    `left_out` counts those that are not in the page.
    """
    place = pd.Series(np.arange(len(fits)), index=fits["fit_id"].to_numpy())
    place = place[~place.index.duplicated()]
    at = pairs["fit_id"].map(place)
    kept = pairs.assign(fit=at)[at.notna()]
    if len(kept) > MOST_PAIRS:
        kept = kept.sort_values("residual", kind="stable").head(MOST_PAIRS)
    kept = kept.sort_values(["fit", "index"], kind="stable")
    counts = np.bincount(kept["fit"].to_numpy(dtype=int), minlength=len(fits))
    return {
        "start": np.concatenate([[0], np.cumsum(counts)]),
        "left_out": len(pairs) - len(kept),
        **{name: kept[name].to_numpy(dtype=float) for name in PAIRS},
    }


def sweeps_data(swept: list[tuple[Sweep, pd.DataFrame]], targets: pd.DataFrame) -> dict[str, Any]:
    """sweeps.csv, and how each sweep's axis is drawn."""
    if not swept:
        return {"axes": {}, "rows": {}}
    axes = {
        sweep.name: {
            "title": AXES.get(sweep.axis, sweep.axis),
            "log": sweep.scale == "log",
            "positions": sweep.positions,
            "texts": sweep.texts,
            "datasets": sweep.datasets,
            **_bounds(sweep, rows, targets),
        }
        for sweep, rows in swept
    }
    return {"axes": axes, "rows": sweep_table(swept)}


def _bounds(
    sweep: Sweep, rows: pd.DataFrame, targets: pd.DataFrame
) -> dict[str, list[float | None]]:
    """By level the residual of the targets themselves and its bound, unless all are exact; the
    digits that the noise allows, unless nothing is known of them."""
    levels = list(sweep.datasets)
    own = targets.groupby("dataset")[["target_residual", "residual_bound"]].median().reindex(levels)
    # A fit that failed has no floor of its own.
    possible = rows.groupby("dataset")[["possible"]].max().reindex(levels)
    return {
        **(_lines(own.where(own > 0)) if (own["residual_bound"] > 0).any() else {}),
        **(_lines(possible) if possible.notna().to_numpy().any() else {}),
    }


def _lines(levels: pd.DataFrame) -> dict[str, list[float | None]]:
    """Each column as numbers, None where there is none or it is not finite."""
    drawn = levels.where(np.isfinite(levels)).astype(object)
    return {
        str(key): [None if pd.isna(value) else float(value) for value in drawn[key]]
        for key in drawn
    }


@dataclass(frozen=True)
class Choices:
    """What there is to choose from in the page, and how much more the file has."""

    datasets: list[str]
    targets: list[str]
    methods: list[str]
    seeds: list[str]
    drawn: int
    in_all: int


def eigenfunctions_data(points: pd.DataFrame, most: int = MOST_NUMBERS) -> list[dict[str, Any]]:
    """The exact functions of a run, each with its methods, as many as a page may hold.

    Whole seeds as long as they fit, the first seed first, and of a seed the first targets of all
    datasets before the second ones.
    """
    frames = list(_frames(points))
    seeds = sorted({frame["seed"] for frame in frames})
    rank: dict[tuple[str, float], dict[float, int]] = {}
    for frame in frames:
        of_dataset = rank.setdefault((frame["dataset"], frame["seed"]), {})
        of_dataset.setdefault(frame["target_index"], len(of_dataset))

    def level(frame: dict[str, Any]) -> tuple[int, int]:
        mine = rank[frame["dataset"], frame["seed"]]
        return seeds.index(frame["seed"]), mine[frame["target_index"]]

    kept: list[dict[str, Any]] = []
    for step in sorted({level(frame) for frame in frames}):
        wanted = [frame for frame in frames if level(frame) == step]
        cost = sum(map(_numbers, wanted))
        if cost > most:
            # Not even the first targets of all datasets: as many datasets as there is room for.
            kept += _leading(wanted, most) if not kept else []
            break
        kept += wanted
        most -= cost
    return kept


def choices(points: pd.DataFrame, drawn: Sequence[dict[str, Any]], order: list[str]) -> Choices:
    """The options of the pickers; methods in the given order, others after them."""
    found = dict.fromkeys(name for frame in drawn for name in frame["methods"])
    angles = points.loc[points["part"] == "angle", _columns(points)]
    return Choices(
        list(dict.fromkeys(frame["dataset"] for frame in drawn)),
        list(dict.fromkeys(frame["target"] for frame in drawn)),
        [name for name in dict.fromkeys([*order, *found]) if name in found],
        [f"{seed:g}" for seed in sorted({frame["seed"] for frame in drawn})],
        sum(len(frame["methods"]) for frame in drawn),
        int(angles.notna().to_numpy().sum()),
    )


def _leading(frames: list[dict[str, Any]], most: int) -> Iterator[dict[str, Any]]:
    for frame in frames:
        most -= _numbers(frame)
        if most < 0:
            return
        yield frame


def _numbers(frame: dict[str, Any]) -> int:
    values = [frame, *frame["methods"].values()]
    return len(frame["re"]) * sum(1 + ("im" in value) for value in values)


def _columns(points: pd.DataFrame) -> list[str]:
    return [str(name) for name in points.columns if str(name).startswith(PREFIX)]


def _frames(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One after another: each ends with the row of its angles."""
    columns = _columns(points)
    values = points[["exact", *columns]].to_numpy(dtype=float)
    places = {name: points[name].to_numpy() for name in (*KEYS, *PLACES)}
    component = points["component"].to_numpy()
    start = 0
    for end in np.flatnonzero(places["part"] == "angle"):
        rows = np.arange(start, end)
        real, imaginary = (rows[component[rows] == name] for name in ("re", "im"))
        if len(real):
            there = np.flatnonzero(~np.isnan(values[end, 1:])) + 1
            yield {
                **{name: places[name][real[0]] for name in KEYS},
                **{name: places[name][real] for name in PLACES},
                **_parts(values[:, 0], real, imaginary),
                "methods": {
                    columns[k - 1].removeprefix(PREFIX): {
                        "angle": values[end, k],
                        **_parts(values[:, k], real, imaginary),
                    }
                    for k in there
                },
            }
        start = int(end) + 1


def _parts(column: NDArray, real: NDArray, imaginary: NDArray) -> dict[str, NDArray]:
    """Real and, unless it is 0, imaginary part of a column."""
    im = column[imaginary]
    return {"re": column[real], **({"im": im} if np.nan_to_num(im).any() else {})}
