"""What there is to say of a recipe without simulating it, and all recipes as Markdown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from koopmark import datasets
from koopmark.analysis.conditions import MAP, Conditions, told
from koopmark.datasets import Recipe
from koopmark.scoring import labels
from koopmark.systems import System
from koopmark.truth import Eigenspace

SEED = 0
"""Of random systems this one is shown."""

CONDITIONS = ("inputs", "sensors", "maps")
"""What data may be recorded under that is not an autonomous flow, seen whole."""

TARGETS = 8
"""Exact eigenvalues listed; how many more there are is said."""

INTRODUCTION = f"""# Datasets

Each `.toml` file here is a recipe: a system whose exact Koopman eigenpairs are known, how its
trajectories are sampled, and where it comes from. `koopmark list datasets` names them, a suite in
`bench/suites` runs them, `koopmark export NAME` writes one with its exact eigenfunctions evaluated,
and `koopmark catalogue` draws them all. Real networks lie in `networks/`, with their sources.

Exact eigenvalues, λ of flows and μ of one step of maps, are those that a recipe asks for, with the
dimension of the eigenspace, and ≈ if its functions are eigenfunctions only up to a bound; of
systems that differ from seed to seed, seed {SEED} is described. A target is undriven if no input
reaches it. A regime has an entry for each of the seeds 0, 1, 2, or one where they agree.
This file is generated: `make catalogue`.
"""


@dataclass(frozen=True)
class Entry:
    """One recipe, in texts; `kinds` of regimes that its seeds have, `values` of its targets."""

    name: str
    title: str
    short_title: str
    description: str
    system: str
    drawn_anew: bool
    n: int
    rank: str
    parameters: str
    sampling: str
    eigenvalues: str
    values: tuple[complex, ...]
    exact: bool
    symbol: str
    """What its eigenvalues are called, λ or μ."""
    conditions: tuple[str, ...]
    """Words of `CONDITIONS` that it is recorded under."""
    seen: str
    """What is seen of how many units, and by how many inputs it is driven, in a few words."""
    told: tuple[tuple[str, str], ...]
    kinds: tuple[str, ...]
    regime: str
    citation: str

    @property
    def called(self) -> str:
        """The eigenvalues, those of a map as `μ = 0.7 (x8)`."""
        return f"{MAP} = {self.eigenvalues}" if self.symbol == MAP else self.eigenvalues


def entry(recipe: Recipe, system: System | None = None) -> Entry:
    """The texts of a recipe; `system` is its own for seed 0, made here if it is not given."""
    system = system or recipe.build(SEED)
    sampling = recipe.sampling
    parameters = recipe.system.model_dump(exclude={"kind"}, exclude_none=True)
    initial = recipe.initial_states.model_dump(exclude_none=True)
    facts = recipe.facts(SEED)
    targets = datasets.target_list(recipe, SEED)
    # What the seeds do; said once if all do the same.
    regime = recipe.regime.model_dump(exclude_none=True) if recipe.regime else {}
    if set(regime.get("kind", ())) & {"driven", "stochastic"}:
        # Where nothing was measured both are 0.
        regime = {"kind": regime["kind"]}
    sensors = recipe.sensors(SEED)
    mixed = sensors is not None and sensors.units is None
    where = Conditions(
        system.discrete,
        system.inputs,
        system.size,
        recipe.size,
        "mixture" if mixed else "sensor",
    )
    hidden = sensors is not None and not system.observed(sensors, recipe.max_degree)
    under = (system.inputs > 0, sensors is not None, system.discrete)
    for name, values in regime.items():
        if isinstance(values, list | tuple) and len(set(values)) == 1:
            regime[name] = values[0]
    return Entry(
        name=recipe.name,
        title=recipe.title,
        short_title=short_title(recipe.title, [system.size, facts["rank"]]),
        description=recipe.description,
        system=repr(system).strip("<>"),
        drawn_anew=recipe.system.drawn_per_seed,
        n=system.size,
        rank="" if facts["rank"] is None else str(facts["rank"]),
        parameters=_pairs(parameters) or "none",
        sampling=(
            f"{sampling.trajectories} trajectories to fit to and {sampling.test_trajectories} to "
            f"test on, {where.interval(sampling.dt)}, "
            f"{where.length('t = 0 to', sampling.horizon)}, "
            f"noise {sampling.noise_in_words}; "
            + (f"trials to fit to: {recipe.trials.in_words}; " if recipe.trials.in_words else "")
            + f"initial states: {initial.pop('kind').replace('_', ' ')}"
            + (f", {_pairs(initial)}" if initial else "")
        ),
        eigenvalues=_eigenvalues(recipe, system, targets) + ", hidden: of the whole state" * hidden,
        values=tuple(complex(space.eigenvalue) for space in targets),
        exact=all(space.exact for space in targets),
        symbol=where.symbol,
        conditions=tuple(word for word, holds in zip(CONDITIONS, under, strict=True) if holds),
        seen=" · ".join(where.facts),
        told=told(recipe, system, sensors),
        kinds=tuple(dict.fromkeys(recipe.regime.kind)) if recipe.regime else (),
        regime=_pairs(regime),
        citation=recipe.citation,
    )


def as_markdown(recipes: Sequence[Recipe]) -> str:
    """A table of all recipes, and a paragraph on each."""
    entries = [entry(recipe) for recipe in recipes]
    rows = [
        " | ".join([f"| [{item.name}](#{item.name})", title, str(item.n), item.rank, values]) + " |"
        for item in entries
        for title, values in [[t.replace("|", "\\|") for t in (item.title, item.called)]]
    ]
    return "\n".join(
        [
            INTRODUCTION,
            "| recipe | system | N | rank | exact eigenvalues |",
            "|---|---|---|---|---|",
            *rows,
            "",
            *(_paragraph(item) for item in entries),
        ]
    )


def _paragraph(item: Entry) -> str:
    lines = [
        f"## {item.name}",
        "",
        f"{item.title}. {item.description}",
        "",
        f"* System: `{item.system}`" + (", drawn anew for each seed" if item.drawn_anew else ""),
        f"* Parameters: {item.parameters}",
        *(f"* {word.capitalize()}: {text}" for word, text in item.told),
        f"* Exact eigenvalues: {item.called}",
        *([f"* Regime: {item.regime}"] if item.regime else []),
        f"* Sampling: {item.sampling}",
        f"* Source: {item.citation}",
        "",
    ]
    return "\n".join(lines)


def short_title(title: str, numbers: Sequence[float | int | None]) -> str:
    """A title without the parts that say no more than a size or a rank given beside it."""
    kept = [
        part
        for part in title.split(", ")
        if not any(re.fullmatch(rf"rank {n}|{n} \w+", part) for n in numbers)
    ]
    return ", ".join(kept)


def _eigenvalues(recipe: Recipe, system: System, targets: Sequence[Eigenspace]) -> str:
    known = labels(targets)
    beyond = recipe.truth.principal and known != labels(system.targets(recipe.max_degree))
    which = f" (principal eigenvalues and their sums, seed {SEED})" if beyond else ""
    more = f" and {len(known) - TARGETS} more" if len(known) > TARGETS else ""
    return ", ".join(known[:TARGETS]) + more + which


def _pairs(values: dict[str, Any]) -> str:
    given = {name: value for name, value in values.items() if value not in ((), [], {})}
    return ", ".join(f"{name} = {_written(value)}" for name, value in given.items())


def _written(value: Any, inside: bool = False) -> str:
    """Plain text: `yes`, `0.5`, `-0.4; -1.1`, and `(-0.3, 1.5)` inside a list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        items = [_written(item, inside=True) for item in value]
        return f"({', '.join(items)})" if inside else "; ".join(items)
    if isinstance(value, dict):
        return f"{{{_pairs(value)}}}"
    return str(value)
