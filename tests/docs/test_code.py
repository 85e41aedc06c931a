"""The code in README.md and docs/ runs, and returns what the comments beside it say.

Every fenced block belongs to one of the languages below. Python blocks run each on its own, unless
an HTML comment in the line above, `<!-- compiled only: why -->`, says that one cannot run here; of
a value followed by a comment (in its line, or alone in the next one) the comment is what it prints.
docs/reference/library-notes has its own tests (tests/methods/adapters/test_library_notes.py).
"""

import ast
import pkgutil
import re
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
import yaml
from texts import assert_alike

from koopmark import methods
from koopmark.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))),
]
FENCED = re.compile(
    r"^(?:<!-- compiled only: (?P<reason>[^\n]+) -->\n)?"
    r"```(?P<language>\w*|\{[\w:-]+\}[^\n]*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LANGUAGES = {"python", "console", "sh", "toml", "yaml", "text", "dockerfile"}


class Block(NamedTuple):
    """A block of code, and where it is; `then` is the block that follows it at once."""

    where: str
    language: str
    code: str
    reason: str | None
    then: str | None


def blocks():
    for name in sorted(PAGES):
        text = (ROOT / name).read_text(encoding="utf-8")
        for match in FENCED.finditer(text):
            line = text.count("\n", 0, match.start("language")) + 1
            follows = FENCED.match(text, match.end() + 2)
            yield Block(
                f"{name}:{line}",
                match["language"],
                match["code"],
                match["reason"],
                follows["code"] if follows and follows["language"] == "text" else None,
            )


BLOCKS = list(blocks())
PYTHON = [
    block
    for block in BLOCKS
    if block.language == "python" and not block.where.startswith("docs/reference/library-notes")
]


def of(block):
    return block.where


def noted_values(block):
    """The block's statements, and of each the value that a comment says it has, or None."""
    lines = block.code.splitlines()
    for node in ast.parse(block.code).body:
        noted = None
        if isinstance(node, ast.Expr):
            rest = lines[node.end_lineno - 1][node.end_col_offset :]
            below = "".join(lines[node.end_lineno : node.end_lineno + 1])
            (noted,) = re.findall(r"^  # (.+)", rest) or re.findall(r"^# (.+)", below) or [None]
        yield node, noted


def test_every_block_is_of_a_language_that_is_tested():
    """Directives of the site, ```{name}, aside."""
    assert {it.language for it in BLOCKS if not it.language.startswith("{")} == LANGUAGES
    fences = sum((ROOT / name).read_text("utf-8").count("\n```") for name in PAGES)
    assert 2 * len(BLOCKS) == fences


@pytest.mark.parametrize("block", PYTHON, ids=of)
def test_python_runs_and_returns_what_is_noted(block, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    if block.reason:
        compile(block.code, block.where, "exec")
        return
    names = {"__name__": "docs"}
    for node, noted in noted_values(block):
        if noted is None:
            exec(compile(ast.Module([node], []), block.where, "exec"), names)
        else:
            value = eval(compile(ast.Expression(node.value), block.where, "eval"), names)
            assert_alike(str(value), noted)
    if block.then:
        assert_alike(capsys.readouterr().out.strip(), block.then.strip())


def test_the_method_of_the_how_to_is_the_example_file_and_keeps_the_contract(verified_in_process):
    (code,) = (block.code for block in PYTHON if "class RidgeEDMD" in block.code)
    path = ROOT / "docs/examples/ridge_edmd.py"
    assert path.read_text(encoding="utf-8") == code
    verify = typer.main.get_command(app).commands["verify"]
    with pytest.raises(SystemExit) as ended:
        verify([f"{path}:RidgeEDMD"])
    assert ended.value.code == 0


def commands(program):
    """Every call of `program`: in blocks, and in the prose between backticks."""
    shells = [block for block in BLOCKS if block.language in ("console", "sh", "yaml")]
    found = {
        call
        for block in shells
        for call in re.findall(rf"^(?:\$ |- run: )?({program} [^\n|&]*)", block.code, re.MULTILINE)
    }
    for name in PAGES:
        text = (ROOT / name).read_text(encoding="utf-8")
        found.update(re.findall(rf"`({program} [^`|\\]*)", text))
    return sorted(call for call in found if "..." not in call)


@pytest.mark.parametrize("call", commands("koopmark"))
def test_a_call_of_koopmark_names_a_command_and_options_that_there_are(call):
    group = typer.main.get_command(app)
    name, *arguments = shlex.split(call, comments=True)[1:]
    if name.startswith("--"):
        assert any(name in parameter.opts for parameter in group.params)
        return
    command = group.commands[name]
    parser = command.make_parser(command.context_class(command))
    _, left, _ = parser.parse_args(args=arguments)
    assert not left


@pytest.mark.parametrize("call", commands("make"))
def test_a_call_of_make_names_targets_that_there_are(call):
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = [word for word in shlex.split(call, comments=True)[1:] if "=" not in word]
    assert named
    assert set(named) <= set(targets)


@pytest.mark.parametrize("block", [it for it in BLOCKS if it.language in ("toml", "yaml")], ids=of)
def test_toml_and_yaml_can_be_read(block):
    read = tomllib.loads if block.language == "toml" else lambda text: [*yaml.safe_load_all(text)]
    assert read(block.code)


def named(pattern):
    """(page, what stands between backticks and looks like this), each once."""
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}
    return sorted(
        {(name, found) for name, text in texts.items() for found in re.findall(pattern, text)}
    )


@pytest.mark.parametrize(("page", "path"), named(r"`((?:src|tests|bench|docs|datasets)/[\w./-]+)`"))
def test_a_path_that_a_page_names_is_there(page, path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("page", "name"), named(r"`(koopmark(?:\.\w+)+)"))
def test_a_name_that_a_page_mentions_is_that_of_a_method_or_can_be_imported(page, name):
    if name not in methods.names():
        pkgutil.resolve_name(name)
