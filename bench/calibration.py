"""How often pairs that a twin lets trust are true, on recordings of other families than its own.

    python bench/calibration.py --recordings 63

Each recording is one of a family that no twin has, or whose own family is left out of its twin:
Hopf's normal form on both sides, prescribed functions (a ring, a bump, a wave; random ones),
coupling layers, a linear system in more channels, a slow manifold. Trials, lengths, gaps, noise
(0.2 to 5 %) and intervals are drawn. All fits are made in this process, those of a recording and
its twin in half a minute.
"""

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from koopmark import datasets, fit
from koopmark.analysis.recording import Calibration, calibrated
from koopmark.datasets import Dataset, Recipe
from koopmark.datasets.twins import twin
from koopmark.scoring import residuals, truth_of
from koopmark.simulation import Trajectories

METHODS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(
        (f"koopmark.{name}_edmd", {"dictionary": {"kind": "monomials", "degree": 1}})
        for name in ("qr", "tls", "iv")
    ),
    *(
        (f"koopmark.{name}_edmd", {"dictionary": {"kind": "monomials", "degree": 2}})
        for name in ("qr", "tls")
    ),
    ("kooplearn.ridge", {}),
    ("pydmd.subspacedmd", {}),
    ("pykoop.dmd_delays", {}),
)
OWN = {"conjugate": "coupling", "linear": "linear"}
"""How the names of those families of a twin begin that are the recording's own."""
TWIN_SEEDS = 2

System = dict[str, Any]


def hopf_cycle(rng: np.random.Generator, n: int) -> tuple[System, System]:
    growth, frequency = float(rng.uniform(0.3, 1)), float(rng.uniform(1, 3))
    system = {"growth": growth, "frequency": frequency, "shear": float(rng.choice([0, 0.5]))}
    return {"kind": "hopf", **system}, {"kind": "polar", "low": 0.4, "high": 1.2}


def hopf_focus(rng: np.random.Generator, n: int) -> tuple[System, System]:
    growth, frequency = -float(rng.uniform(0.2, 0.8)), float(rng.uniform(1, 3))
    system = {"growth": growth, "frequency": frequency, "shear": float(rng.choice([0, 0.5]))}
    return {"kind": "hopf", **system}, _box(1.5)


def ring(rng: np.random.Generator, n: int) -> tuple[System, System]:
    target = str(rng.choice(["ring", "bump", "wave"]))
    rate = float(rng.uniform(0.3, 1))
    return {"kind": "random_prescribed_target", "target": target, "n": n, "rate": rate}, _box(1.5)


def features(rng: np.random.Generator, n: int) -> tuple[System, System]:
    system: System = {"kind": "random_prescribed", "n": n, "strength": 0.5}
    if rng.random() < 0.5:
        system["real"] = (-float(rng.uniform(0.3, 1)),)
        system["features"] = str(rng.choice(["tanh", "polynomial"]))
    else:
        system["oscillations"] = ((-float(rng.uniform(0.1, 0.5)), float(rng.uniform(1, 3))),)
    return system, _box(1.5)


def conjugate(rng: np.random.Generator, n: int) -> tuple[System, System]:
    size = int(rng.choice([4, 6]))
    turning = tuple(
        (-float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.5, 3))) for _ in range(size // 2)
    )
    strength = float(rng.uniform(0.2, 1))
    system = {"n": size, "oscillations": turning, "strength": strength, "stretch": 0.3}
    return {"kind": "random_coupling", **system}, {"kind": "normal", "scale": 1.0}


def linear(rng: np.random.Generator, n: int) -> tuple[System, System]:
    condition, frequency = float(rng.uniform(2, 20)), float(rng.uniform(0.8, 3))
    system = {"n": 3, "matrix": "non_normal", "pairs": 1, "condition": condition}
    system |= {"frequency": frequency, "channels": n}
    return {"kind": "linear", **system}, {"kind": "normal", "scale": 1.0}


def slow_manifold(rng: np.random.Generator, n: int) -> tuple[System, System]:
    slow, fast = -float(rng.uniform(0.1, 0.3)), -float(rng.uniform(0.8, 2))
    return {"kind": "slow_manifold", "slow": slow, "fast": fast}, _box(1.0)


FAMILIES = (hopf_cycle, hopf_focus, ring, features, conjugate, linear, slow_manifold)
SPECTRUM_TO = {"hopf_focus": 4, "linear": 4, "slow_manifold": 4}
"""Degree of the products up to which all eigenvalues are known; 1 for the others."""


def _box(size: float) -> System:
    return {"kind": "uniform", "low": -size, "high": size}


def recording(seed: int, number: int) -> tuple[str, Dataset]:
    """The recipe of this number, and its data."""
    rng = np.random.default_rng([seed, number])
    family = FAMILIES[number % len(FAMILIES)]
    name = family.__name__
    trials, total = int(rng.integers(10, 61)), rng.uniform(1000, 3000)
    horizon, steps = float(rng.uniform(3, 8)), int(np.clip(total / trials, 20, 150))
    # Frequencies reach 3, and products of degree 4 must not be aliased.
    dt = min(horizon / steps, 0.26)
    noise = float(np.exp(rng.uniform(np.log(0.002), np.log(0.05))))
    gaps, shortest = float(rng.choice([0, 0, 0.05, 0.1])), float(rng.choice([1, 1, 0.6]))
    n, drawn = int(rng.integers(3, 7)), int(rng.integers(1_000_000))
    system, starts = family(rng, n)
    sampling = {"trajectories": trials, "test_trajectories": 40, "noise": noise}
    recorded = {"held_out": 0.3, "gaps": gaps, "shortest": shortest, "gap": 3.0 if gaps else 5.0}
    recipe = Recipe.model_validate(
        {
            **dict.fromkeys(("name", "title", "description"), f"{name} {number}"),
            "system": system,
            "initial_states": starts,
            "sampling": {**sampling, "dt": dt, "horizon": steps * dt},
            "trials": recorded,
            "max_degree": SPECTRUM_TO.get(name, 1),
        }
    )
    return name, datasets.build(recipe, drawn)


def judged(data: Dataset, name: str, seed: int = 0) -> pd.DataFrame:
    """The verdicts of every method, and what is true."""
    assert data.held_out is not None
    tables = []
    for use, options in METHODS:
        degree = options["dictionary"]["degree"] if options else ""
        try:
            model = fit(use, data.train, **options)
            table = residuals(model, data.held_out)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            print(f"{use} on {name}: {error}")
            continue
        truth = truth_of(model, data.key, data.test, table.attrs["horizon"])
        values = table["eigenvalue"].to_numpy(complex)
        tables.append(
            table.assign(
                dataset=name,
                seed=seed,
                method=f"{use} {degree}".strip(),
                eigenvalue_re=values.real,
                eigenvalue_im=values.imag,
                eigenvalue_defect=truth.eigenvalue_defect,
                function_defect=truth.function_defect,
                exact_error=truth.exact_error,
                true=truth.true,
            )
        )
    return pd.concat(tables, ignore_index=True)


def twin_of(data: Dataset, family: str) -> pd.DataFrame:
    """The verdicts of the twin's systems, but those of the recording's own family."""
    assert data.held_out is not None
    states = np.concatenate([data.train.states, data.held_out.states])
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        made = twin(Trajectories(states, data.train.times), folder)
        for recipe in made.recipes:
            if family in OWN and recipe.name.startswith(OWN[family]):
                continue
            tables += [
                judged(datasets.build(recipe, seed), recipe.name, seed)
                for seed in range(TWIN_SEEDS)
            ]
    return pd.concat(tables, ignore_index=True)


def experiment(seed: int, count: int) -> Iterator[pd.DataFrame]:
    """The pairs of each recording whose truth is known, one of two conjugates."""
    for number in range(count):
        family, data = recording(seed, number)
        verdicts = twin_of(data, family)
        pairs = calibrated(judged(data, family), {"verdicts": verdicts})
        print(f"{number + 1} of {count}: {family}", flush=True)
        known = pairs["true"].notna() & (pairs["eigenvalue_im"] >= 0.0)
        achieved = Calibration.of(verdicts).achieved().set_index("nominal")["share"]
        yield pairs[known].assign(
            recording=number, noise=data.recipe.sampling.noise, within=achieved.get(0.9, np.nan)
        )


def shares(pairs: pd.DataFrame, by: str) -> pd.DataFrame:
    """How many pairs there are, and how many of the supported and of the trusted ones are true."""
    groups = pairs.groupby(by, observed=True)
    table = groups.agg(recordings=("recording", "nunique"), pairs=("true", "size"))
    table["true"] = groups["true"].mean()
    for name, chosen in (
        ("supported", pairs["verdict"] == "supported"),
        ("trusted", pairs["trusted"]),
    ):
        of = pairs[chosen].groupby(by, observed=True)["true"]
        table[name], table[f"{name} true"] = of.size(), of.mean()
    return table.round(3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recordings", type=int, default=63)
    parser.add_argument("--seed", type=int, default=2027)
    parser.add_argument("--out", type=Path, help="CSV of all pairs")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    pairs = pd.concat(experiment(options.seed, options.recordings), ignore_index=True)
    if options.out:
        pairs.to_csv(options.out, index=False)
    pairs["noise"] = pd.cut(pairs["noise"], [0.0, 0.005, 0.015, 0.05])
    pairs["chance"] = pd.cut(pairs["share_true"], [0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0])
    for by in ("dataset", "noise", "verdict", "method", "chance"):
        print(f"\n{shares(pairs, by).to_string()}")
    print(f"\n{shares(pairs.assign(all='all'), 'all').to_string()}")


if __name__ == "__main__":
    main()
