"""How to cite an exported dataset, and where its system comes from."""

import json
import re

from koopmark._version import __version__
from koopmark.export._contents import Contents

_NAME = r"[^\W\d_a-z][\w'’-]+"
_SURNAMES = re.compile(
    # One of them at the start, or several wherever the words before say whose work it is.
    rf"(?:^|: |\bof |\bafter )((?:{_NAME}, )*{_NAME} and {_NAME})(?=,| \(|$)"
    rf"|(?:^|: )({_NAME})(?=,| \(|$)"
)


def citation(contents: Contents) -> str:
    """CITATION.cff of the dataset; JSON strings are YAML strings."""
    recipe = contents.dataset.recipe
    title = f"{recipe.title}: trajectories with exact Koopman eigenfunctions"
    sources = recipe.citation.split("; ")
    # A reference of the format must have authors: a source without is told in the abstract.
    named = {source: surnames(source) for source in sources}
    unnamed = [source for source, authors in named.items() if not authors]
    references = [_reference(source, authors) for source, authors in named.items() if authors]
    return "\n".join(
        [
            "cff-version: 1.2.0",
            'message: "If you use these data, please cite them and where the system comes from."',
            "type: dataset",
            f"title: {_yaml(title)}",
            f"version: {_yaml(f'koopmark {__version__}, {recipe.name}, {contents.dataset.seed}')}",
            *(["abstract: " + _yaml("Source: " + "; ".join(unnamed))] if unnamed else []),
            "authors:",
            '  - name: "The koopmark developers"',
            *(["references:", *references] if references else []),
            "",
        ]
    )


def surnames(source: str) -> list[str]:
    """Of its authors, as in `Mastrogiuseppe and Ostojic, Neuron 99, 609 (2018)`; none if unsure."""
    found = _SURNAMES.search(source)
    return re.split(", | and ", found[1] or found[2]) if found else []


def _reference(source: str, authors: list[str]) -> str:
    return "\n".join(
        [
            "  - type: generic",
            f"    title: {_yaml(source)}",
            "    authors:",
            *(f"      - family-names: {_yaml(name)}" for name in authors),
        ]
    )


def _yaml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
