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
        "Every left null vector of the weights gives an exact eigenfunction, however strong the "
        "nonlinearity is.",
    ),
    Group(
        "ensembles",
        "low_rank.ensembles",
        "Ensembles from the literature",
        "Networks whose structure makes them low-rank: overlaps, populations, stored patterns, "
        "blocks, Dale's law, sparse factors.",
    ),
    Group(
        "networks",
        "low_rank.graphs",
        "Real networks",
        "Measured social and neural networks whose adjacency matrix does not have full rank.",
    ),
    Group(
        "linear_units",
        "low_rank.linear_units",
        "Units with linear dynamics inside",
        "Low-rank coupling between units that adapt or have inertia. Eigenvalues need not be "
        "integers.",
    ),
    Group(
        "nearly_low_rank",
        "low_rank.nearly_low_rank",
        "Nearly of low rank",
        "Weights of full rank with small singular values. The eigenfunctions are approximate, "
        "with a proved bound.",
    ),
    Group(
        "prescribed",
        "prescribed",
        "Prescribed eigenfunctions",
        "The eigenfunctions were chosen first, and the system was built from them.",
    ),
    Group(
        "textbook",
        "textbook",
        "Textbook systems",
        "Systems from the literature whose spectra are known.",
    ),
)
OTHER = Group("other", "", "Other systems", "Systems of other families.")
UNDER: Mapping[tuple[str, ...], Group] = {
    ("inputs",): Group(
        "inputs",
        "",
        "With inputs",
        "Networks driven by inputs that are held from each sample to the next. Eigenfunctions that "
        "the inputs do not act on stay exact; for the others, the gains of the inputs are exact.",
    ),
    ("sensors",): Group(
        "sensors",
        "",
        "Through sensors",
        "Only some units of a network, or mixtures of them, are observed. It is known which "
        "eigenfunctions depend only on what is observed.",
    ),
    ("maps",): Group(
        "maps",
        "",
        "Maps",
        "Networks in discrete time. The eigenvalues are the multipliers μ of one step.",
    ),
}
"""By what data are recorded under; several at once are `COMBINED`."""
COMBINED = Group(
    "combined",
    "",
    "Several conditions at once",
    "Inputs, sensors and maps in combination. One formula gives the answer key of all of them.",
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
