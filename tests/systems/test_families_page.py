"""The examples of docs/explanation/families/ give what is written below them."""

import ast
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "docs/explanation/families").glob("*.md"))
BLOCKS = {
    f"{page.stem}-{index}": block
    for page in PAGES
    for index, block in enumerate(
        re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    )
}


def shown(block):
    """(expression, what the comment below it says) for each that has one."""
    lines = block.splitlines()
    for node in ast.parse(block).body:
        if isinstance(node, ast.Expr):
            after = lines[node.end_lineno : node.end_lineno + 1]
            if after and after[0].startswith("# "):
                yield ast.unparse(node.value), after[0].removeprefix("# ")


@pytest.mark.parametrize("name", BLOCKS)
def test_an_example_runs_and_gives_what_is_written(name):
    block, names = BLOCKS[name], {}
    exec(compile(block, name, "exec"), names)
    for expression, expected in shown(block):
        assert str(eval(expression, names)) == expected


def test_examples_with_results_are_there():
    assert sum(len(list(shown(block))) for block in BLOCKS.values()) == 3
