"""What there is to say of a recipe, without simulating it."""

from dataclasses import dataclass
from typing import Any

from koopmark.datasets import Recipe
from koopmark.scoring.targets import label
from koopmark.systems import System

SEED = 0
"""Of random systems this one is shown."""

TARGETS = 8
"""Exact eigenvalues listed; how many more there are is said."""


@dataclass(frozen=True)
class Entry:
    """One recipe, in texts."""

    name: str
    title: str
    description: str
    system: str
    random: bool
    n: int
    rank: str
    parameters: str
    sampling: str
    eigenvalues: str
    regime: str
    citation: str


def entry(recipe: Recipe, system: System | None = None) -> Entry:
    """The texts of a recipe; `system` is its own for seed 0, made here where it is not given."""
    system = system or recipe.system.build(SEED)
    sampling = recipe.sampling
    parameters = recipe.system.model_dump(exclude={"kind"}, exclude_none=True)
    initial = recipe.initial_states.model_dump(exclude_none=True)
    facts = recipe.facts(SEED)
    return Entry(
        name=recipe.name,
        title=recipe.title,
        description=recipe.description,
        system=repr(system).strip("<>"),
        random=_differs(recipe),
        n=system.size,
        rank="" if facts["rank"] is None else str(facts["rank"]),
        parameters=_pairs(parameters) or "none",
        sampling=(
            f"{sampling.trajectories} trajectories to fit to and {sampling.test_trajectories} to "
            f"test on, Δt = {sampling.dt:g}, t = 0 to {sampling.horizon:g}, "
            f"noise {sampling.noise:g}; initial states: {initial.pop('kind').replace('_', ' ')}"
            + (f", {_pairs(initial)}" if initial else "")
        ),
        eigenvalues=_eigenvalues(system, recipe.max_degree),
        regime=_regime(recipe),
        citation=recipe.citation,
    )


def _differs(recipe: Recipe) -> bool:
    """Whether another seed makes another system."""
    return recipe.system.kind.startswith("random")


def _eigenvalues(system: System, max_degree: int) -> str:
    spaces = system.eigenspaces(max_degree)
    known = [label(space.eigenvalue, space.dimension) for space in spaces]
    more = f" and {len(known) - TARGETS} more" if len(known) > TARGETS else ""
    return ", ".join(known[:TARGETS]) + more


def _regime(recipe: Recipe) -> str:
    found = getattr(recipe, "regime", None)
    return "" if found is None else _pairs(found.model_dump(exclude_none=True))


def _pairs(values: dict[str, Any]) -> str:
    given = {name: value for name, value in values.items() if value not in ((), [], {})}
    return ", ".join(f"{name} = {_text(value)}" for name, value in given.items())


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return f"({', '.join(_text(item) for item in value)})"
    if isinstance(value, dict):
        return f"{{{_pairs(value)}}}"
    return str(value)
