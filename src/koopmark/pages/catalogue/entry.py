"""What there is to say of a recipe, without simulating it."""

from dataclasses import dataclass
from typing import Any

from koopmark.datasets import Recipe, target_list
from koopmark.scoring import labels
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
    drawn_anew: bool
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
        drawn_anew=recipe.system.drawn_per_seed,
        n=system.size,
        rank="" if facts["rank"] is None else str(facts["rank"]),
        parameters=_pairs(parameters) or "none",
        sampling=(
            f"{sampling.trajectories} trajectories to fit to and {sampling.test_trajectories} to "
            f"test on, Δt = {sampling.dt:g}, t = 0 to {sampling.horizon:g}, "
            f"noise {sampling.noise:g}; initial states: {initial.pop('kind').replace('_', ' ')}"
            + (f", {_pairs(initial)}" if initial else "")
        ),
        eigenvalues=_eigenvalues(recipe, system),
        regime=_regime(recipe),
        citation=recipe.citation,
    )


def _eigenvalues(recipe: Recipe, system: System) -> str:
    known = labels(system.eigenspaces(recipe.max_degree))
    which = ""
    if recipe.truth.principal:
        closed, known = known, labels(target_list(recipe, SEED))
        if known != closed:
            which = f" (principal eigenvalues and their sums, seed {SEED})"
    more = f" and {len(known) - TARGETS} more" if len(known) > TARGETS else ""
    return ", ".join(known[:TARGETS]) + more + which


def _regime(recipe: Recipe) -> str:
    """What the seeds do; said once where all do the same."""
    found = getattr(recipe, "regime", None)
    if found is None:
        return ""
    facts = found.model_dump(exclude_none=True).items()
    return _pairs({name: _once(values) for name, values in facts})


def _once(values: Any) -> Any:
    alike = isinstance(values, list | tuple) and len(set(values)) == 1
    return values[0] if alike else values


def _pairs(values: dict[str, Any]) -> str:
    given = {name: value for name, value in values.items() if value not in ((), [], {})}
    return ", ".join(f"{name} = {_text(value)}" for name, value in given.items())


def _text(value: Any, inside: bool = False) -> str:
    """Plain text: `yes`, `0.5`, `-0.4; -1.1`, and `(-0.3, 1.5)` inside a list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        items = [_text(item, inside=True) for item in value]
        return f"({', '.join(items)})" if inside else "; ".join(items)
    if isinstance(value, dict):
        return f"{{{_pairs(value)}}}"
    return str(value)
