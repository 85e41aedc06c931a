"""The examples of docs/explanation/families.md give what is written below them."""

import ast
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/explanation/families.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


def shown(block):
    """(expression, what the comment below it says) for each that has one."""
    lines = block.splitlines()
    for node in ast.parse(block).body:
        if isinstance(node, ast.Expr):
            after = lines[node.end_lineno : node.end_lineno + 1]
            if after and after[0].startswith("# "):
                yield ast.unparse(node.value), after[0].removeprefix("# ")


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_an_example_runs_and_gives_what_is_written(block):
    names: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), names)
    for expression, expected in shown(block):
        assert str(eval(expression, names)) == expected


def test_examples_with_results_are_there():
    assert sum(len(list(shown(block))) for block in BLOCKS) == 3
