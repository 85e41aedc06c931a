"""Which datasets stand together: by what they are recorded under, and by how systems are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from koopmark.datasets import Recipe

PACKAGE = "koopmark.systems."


@dataclass(frozen=True)
class Group:
    """Datasets under one heading; `module` is where the factories of their systems are."""

    name: str
    module: str
    title: str
    meaning: str


GROUPS = (
    Group(
        "low_rank",
        "low_rank.rnn",
        "Random networks of low rank",
        "Every left null vector of the weights gives an eigenfunction, however nonlinear the rest.",
    ),
    Group(
        "ensembles",
        "low_rank.ensembles",
        "Ensembles from the literature",
        "Low rank for a reason: overlaps, populations, stored patterns, blocks, Dale's law, "
        "sparse factors.",
    ),
    Group(
        "networks",
        "low_rank.graphs",
        "Real networks",
        "Measured graphs, social and neural, whose adjacency is rank-deficient.",
    ),
    Group(
        "linear_units",
        "low_rank.linear_units",
        "Units with linear dynamics inside",
        "Low rank between units that adapt or have inertia: eigenvalues other than integers.",
    ),
    Group(
        "nearly_low_rank",
        "low_rank.nearly_low_rank",
        "Nearly of low rank",
        "Full rank with small singular values: eigenfunctions up to a proved bound.",
    ),
    Group(
        "prescribed",
        "prescribed",
        "Made for given eigenfunctions",
        "The eigenfunctions were chosen first, from polynomial to far from it.",
    ),
    Group(
        "textbook",
        "textbook",
        "Textbook systems",
        "Systems whose spectra have been known all along.",
    ),
)
OTHER = Group("other", "", "Other systems", "Systems of other families.")
UNDER: Mapping[tuple[str, ...], Group] = {
    ("inputs",): Group(
        "inputs",
        "",
        "Under inputs",
        "Networks that inputs drive, held from each sample to the next: what they do not reach "
        "stays exact, and so are their gains on the rest.",
    ),
    ("sensors",): Group(
        "sensors",
        "",
        "Through sensors",
        "Some units of a network, or mixtures of them: which functions are functions of what is "
        "seen is known.",
    ),
    ("maps",): Group(
        "maps",
        "",
        "Maps",
        "Networks in discrete time: eigenvalues are the factors μ of one step.",
    ),
}
"""By what data are recorded under; several at once are `COMBINED`."""
COMBINED = Group(
    "combined",
    "",
    "Several conditions at once",
    "Inputs, sensors and maps together: one formula is the key of every combination.",
)


def group_of(recipe: Recipe, conditions: tuple[str, ...] = ()) -> Group:
    """The group of a recipe, by what it is recorded under, or the factory of its systems."""
    if conditions:
        return UNDER.get(conditions, COMBINED)
    module = recipe.system.factory.make.__module__.removeprefix(PACKAGE)
    for group in GROUPS:
        if module == group.module or module.startswith(f"{group.module}."):
            return group
    return OTHER


Shown = TypeVar("Shown")


def grouped(found: Sequence[tuple[Group, Shown]]) -> list[tuple[Group, list[Shown]]]:
    """What there is by group, in the order of the groups; those without any are left out."""
    order = (*GROUPS, OTHER, *UNDER.values(), COMBINED)
    kept = [(group, [one for its, one in found if its == group]) for group in order]
    return [(group, some) for group, some in kept if some]
