"""Write the tables of methods in docs/reference/methods from the code.

`python docs/_extensions/method_tables.py` brings them up to date; tests/methods/test_papers.py
checks that they are. A page keeps everything outside of its markers:

    <!-- generated: pydmd -->
    ...
    <!-- end of generated -->
"""

import re
from collections.abc import Iterator
from pathlib import Path

from koopmark import methods
from koopmark.methods import Description, Paper, contract

PAGES = Path(__file__).parents[1] / "reference" / "methods"
MARKED = re.compile(
    r"(?P<start><!-- generated: (?P<table>[\w ]+) -->\n).*?(?P<end><!-- end of generated -->)",
    re.DOTALL,
)
USES = {
    "any": ("used", "used"),
    "segments": ("used", "steps of Δt are used"),
    "regular": ("cut to one length", "steps of Δt are used"),
}
"""What becomes of gaps and unequal lengths, and of uneven times, by `sampling`."""


def library(name: str) -> str:
    """Return one row for each class of a library, then one for each preset of other options."""
    described = [it for it in _described() if it.library == name and it.role != "anchor"]
    presets = [it for it in described if it.options]
    rows = [
        [
            f"`{it.name}`",
            it.summary,
            "yes" if it.takes_dictionary else "",
            "yes" if it.inputs else "",
            "one" if it.one_trajectory else "all",
            "; ".join(map(_cited, it.papers)),
        ]
        for it in described
        if not it.options
    ]
    head = ["name", "what it computes", "dictionary", "inputs", "trajectories", "papers"]
    text = _table(head, rows)
    if presets:
        changed = [
            [f"`{it.name}`", ", ".join(f"`{key} = {value!r}`" for key, value in it.options.items())]
            for it in presets
        ]
        text += "\n" + _table(["preset", "options that differ"], changed)
    return text


def anchors() -> str:
    """Return the two anchors, one row each."""
    return _table(
        ["name", "what it computes"],
        [[f"`{it.name}`", it.summary] for it in _described() if it.role == "anchor"],
    )


def recorded_data() -> str:
    """Return one row for each kind of data that methods can use, with their names."""
    groups: dict[tuple[str, bool, bool], list[str]] = {}
    for it in _described():
        if it.role != "anchor" and not it.name.endswith("_default"):
            uses = (it.sampling, it.one_trajectory, it.inputs)
            groups.setdefault(uses, []).append(f"`{it.name}`")
    rows = []
    for sampling, alone, inputs in sorted(groups, key=lambda uses: ([*USES].index(uses[0]), uses)):
        gaps, uneven = USES[sampling]
        if alone and sampling != "any":
            gaps = "the longest stretch without a gap is used"
        listed = ", ".join(groups[sampling, alone, inputs])
        row = [gaps, uneven, "one" if alone else "all", "used" if inputs else "left out", listed]
        rows.append(row)
    return _table(
        ["gaps, unequal trials", "uneven times", "trajectories", "inputs", "methods"], rows
    )


def checks() -> str:
    """Return one row for each check of the method contract, in the order in which they run."""
    told = [(check.__name__.replace("_", " "), check.__doc__ or "") for check in contract.CHECKS]
    return _table(["check", "what must hold"], [[name, doc.split("\n\n")[0]] for name, doc in told])


def written(page: str) -> str:
    """Return the text of a page with its tables as the code has them now."""
    return MARKED.sub(lambda found: f"{found['start']}{_made(found['table'])}{found['end']}", page)


OTHERS = {"anchors": anchors, "recorded data": recorded_data, "contract": checks}


def _made(table: str) -> str:
    return OTHERS[table]() if table in OTHERS else library(table)


def _cited(paper: Paper) -> str:
    return f"[{paper.text}]({paper.url})" if paper.url else paper.text


def _described() -> Iterator[Description]:
    return map(methods.described, methods.names())


def _table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown, with a newline at its end."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *cells]
    return "".join(f"| {' | '.join(line)} |\n".replace("  |", " |") for line in lines)


def main() -> None:
    """Bring the tables of all pages up to date."""
    for path in sorted(PAGES.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        path.write_text(written(page), encoding="utf-8")


if __name__ == "__main__":
    main()
