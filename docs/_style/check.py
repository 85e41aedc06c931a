"""Check the project's prose: `make lint` runs it; arguments are files, by default all of them.

The phrases of phrases.toml are looked for in Markdown, notebooks, comments and strings of the
sources, templates of pages and TOML files. proselint, with the checks of proselint.json, reads the
Markdown and the notebooks. Both leave out code blocks and `inline code`.
"""

import itertools
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from proselint.checks import __register__
from proselint.config import load_from
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROSE = {".md", ".ipynb"}
SOURCES = {".py", ".j2", ".js", ".toml", ".yml"}
LEFT_OUT = ("docs/_style/", "docs/choosing.md", "tests/", "reports/", "CHANGELOG.md")
"""Folders and files whose words are data: the style itself, tables, texts of tests, results."""

CODE = re.compile(
    r"^( *)```.*?^\1```|`[^`\n]+`|^ {4,}\S.*?$|\]\([^)]+\)|\$\$.*?\$\$|\$[^$\n]+\$|^:.*?$",
    re.MULTILINE | re.DOTALL,
)
"""What is not prose: blocks of code, code in a line, addresses of links, formulas, directives."""


def files(arguments: list[str]) -> list[Path]:
    """Return the files to read: those named, or all that git knows and that hold prose."""
    listed = arguments or subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split()
    return [
        ROOT / name
        for name in listed
        if Path(name).suffix in PROSE | SOURCES and not name.startswith(LEFT_OUT)
    ]


def prose(path: Path) -> str:
    """Return what is to be read of a file, line by line where it stands in the file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in SOURCES:
        return text
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(it["source"]) for it in cells if it["cell_type"] == "markdown")
    # Each piece of code becomes a word of its own, and a heading a sentence: nothing is repeated.
    words = map("x{}".format, itertools.count())
    text = CODE.sub(lambda code: "\n" * code[0].count("\n") or next(words), text)
    return re.sub(r"(?m)^#.*$", r"\g<0>.", text)


def phrases(text: str, style: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Yield the line of each phrase that the style rules out, and what it says instead."""
    for pattern, instead in style.items():
        for found in re.finditer(pattern, text):
            said = " ".join(found[0].split())
            yield text.count("\n", 0, found.start()) + 1, f"“{said}”: {instead}"


def main() -> int:
    """Print every finding as path:line: what; return how many there are, at most 1."""
    style = tomllib.loads((HERE / "phrases.toml").read_text(encoding="utf-8"))["instead"]
    checks = load_from(HERE / "proselint.json")
    CheckRegistry().register_many(__register__)
    count = 0
    for path in files(sys.argv[1:]):
        text = prose(path)
        found = [*phrases(text, style)]
        if path.suffix in PROSE and text.strip():
            results = LintFile(str(path), text).lint(checks)
            found += [(it.pos[0] - 1, it.check_result.message) for it in results]
        for line, message in sorted(found):
            print(f"{path.relative_to(ROOT)}:{line}: {message}")
        count += len(found)
    return min(count, 1)


if __name__ == "__main__":
    sys.exit(main())
