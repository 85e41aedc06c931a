"""Which datasets stand together: those whose systems one family of factories makes."""

from collections.abc import Sequence
from dataclasses import dataclass

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


def group_of(recipe: Recipe) -> Group:
    """The group of a recipe, by the factory of its systems."""
    module = recipe.system.factory.make.__module__.removeprefix(PACKAGE)
    for group in GROUPS:
        if module == group.module or module.startswith(f"{group.module}."):
            return group
    return OTHER


def grouped(recipes: Sequence[Recipe]) -> list[tuple[Group, list[Recipe]]]:
    """The recipes by group, in the order of `GROUPS`; groups without any are left out."""
    found = [
        (group, [recipe for recipe in recipes if group_of(recipe) == group])
        for group in (*GROUPS, OTHER)
    ]
    return [(group, some) for group, some in found if some]
