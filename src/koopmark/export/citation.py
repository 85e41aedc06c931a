"""How to cite an exported dataset and its system."""

import json

from koopmark._version import __version__
from koopmark.datasets import Reference
from koopmark.export._contents import Contents


def citation(contents: Contents) -> str:
    """CITATION.cff of the dataset, with strings written as JSON (valid YAML)."""
    recipe = contents.dataset.recipe
    title = f"{recipe.title}: trajectories with exact Koopman eigenfunctions"
    references = [line for reference in recipe.references for line in _entry(reference)]
    return "\n".join(
        [
            "cff-version: 1.2.0",
            'message: "If you use these data, please cite them and where the system comes from."',
            "type: dataset",
            f"title: {_yaml(title)}",
            f"version: {_yaml(f'koopmark {__version__}, {recipe.name}, {contents.dataset.seed}')}",
            "authors:",
            '  - name: "The koopmark developers"',
            *(["references:", *references] if references else []),
            "",
        ]
    )


def _entry(reference: Reference) -> list[str]:
    """A reference of the format must have a type, a title and authors."""
    kind = "article" if reference.journal else "book" if reference.publisher else "generic"
    lines = [f"  - type: {kind}", f"    title: {_yaml(reference.title or reference.text)}"]
    lines.append("    authors:")
    for author in reference.authors:
        family, _, given = (part.strip() for part in author.partition(","))
        lines.append(f"      - family-names: {_yaml(family)}")
        lines += [f"        given-names: {_yaml(given)}"] if given else []
    facts = {
        "journal": reference.journal,
        "volume": reference.volume,
        "start": reference.pages,
        "doi": reference.doi,
        "url": reference.url,
        "notes": "; ".join(filter(None, [reference.use, reference.note])),
    }
    lines += [f"    {key}: {_yaml(value)}" for key, value in facts.items() if value]
    if reference.publisher:
        lines += ["    publisher:", f"      name: {_yaml(reference.publisher)}"]
    return lines + ([f"    year: {reference.year}"] if reference.year is not None else [])


def _yaml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
