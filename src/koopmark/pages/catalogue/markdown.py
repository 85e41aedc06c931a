"""The catalogue as a Markdown file, for readers of the repository."""

from collections.abc import Sequence

from koopmark.datasets import Recipe
from koopmark.pages.catalogue.entry import SEED, Entry, entry

INTRODUCTION = f"""# Datasets

Each `.toml` file here is a recipe: a system whose exact Koopman eigenpairs are known, how its
trajectories are sampled, and where it comes from. `koopmark list datasets` names them, a suite in
`bench/suites` runs them, `koopmark export NAME` writes one with its exact eigenfunctions evaluated,
and `koopmark catalogue` draws them all. Real networks lie in `networks/`, with their sources.

Exact eigenvalues are those that a recipe asks for, with the dimension of the eigenspace; of systems
that differ from seed to seed, seed {SEED} is described. A regime has an entry for each of the seeds
0, 1, 2, or one where they agree. This file is generated: `make catalogue`.
"""


def as_markdown(recipes: Sequence[Recipe]) -> str:
    """A table of all recipes, and a paragraph on each."""
    entries = [entry(recipe) for recipe in recipes]
    rows = [
        f"| [{item.name}](#{item.name}) | {_cell(item.title)} | {item.n} | {item.rank} "
        f"| {_cell(item.eigenvalues)} |"
        for item in entries
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
        f"* Exact eigenvalues: {item.eigenvalues}",
        *([f"* Regime: {item.regime}"] if item.regime else []),
        f"* Sampling: {item.sampling}",
        f"* Source: {item.citation}",
        "",
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
