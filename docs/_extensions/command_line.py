"""The directive `command-line`: every command with its arguments and options, as `--help` says.

It writes Markdown, as the help texts are, so it stands in a Markdown page.
"""

import re

import typer
from sphinx.util.docutils import SphinxDirective

from koopmark import cli

PATH = re.compile(r"\bdocs(/[\w/-]+\.md)")


class CommandLine(SphinxDirective):
    """A section for each command of `koopmark`."""

    def run(self):
        self.env.note_dependency(cli.__file__)
        return self.parse_text_to_nodes(markdown(), allow_section_headings=True)


def markdown():
    """All commands, in the order of `koopmark --help`."""
    group = typer.main.get_command(cli.app)
    rows = [f"| [`{name}`](#{_anchor(name)}) | {_cell(_summary(it))} |" for name, it in commands()]
    return "\n\n".join(
        [
            "## Commands",
            "\n".join(["| Command | What it does |", "|---|---|", *rows]),
            "## Options of `koopmark` itself",
            _table(group, "koopmark"),
            *(_section(name, command) for name, command in commands()),
        ]
    )


def commands():
    """Names and commands."""
    return list(typer.main.get_command(cli.app).commands.items())


def _anchor(name):
    return f"koopmark-{name}"


def _summary(command):
    return " ".join(command.help.split("\n\n")[0].split())


def _section(name, command):
    context = command.context_class(command, info_name=f"koopmark {name}")
    arguments = [_named(p, context) for p in command.params if p.param_type_name == "argument"]
    usage = " ".join(["koopmark", name, *arguments, "[OPTIONS]"])
    example = command.epilog or ""
    calls = example.removeprefix("Example: ").replace(", then ", "\n$ ")
    parts = [
        f"({_anchor(name)})=\n## koopmark {name}",
        _linked(command.help),
        f"```console\n$ {usage}\n```",
        _table(command, f"koopmark {name}"),
    ]
    if example:
        parts.append(f"Example:\n\n```console\n$ {calls}\n```")
    return "\n\n".join(parts)


def _table(command, name):
    context = command.context_class(command, info_name=name)
    rows = [
        "| " + " | ".join(_cell(text) for text in row(parameter, context)) + " |"
        for parameter in command.params
    ]
    head = ["| Argument or option | Meaning | Default |", "|---|---|---|"]
    return "\n".join([*head, *rows, "| `--help` | Show the help of this command. | |"])


def row(parameter, context):
    """What it is called, what it means, and what holds without it."""
    _, said = parameter.get_help_record(context)
    text, _, extra = said.partition("  [")
    facts = extra.removesuffix("]").split("; ") if extra else []
    defaults = [fact for fact in facts if fact.startswith("default: ")]
    if defaults and defaults[0].startswith("default: ("):
        # Such a default is a description and may have a semicolon in it.
        default = extra[len("default: (") : extra.rindex(")")]
        rest = extra[extra.rindex(")") + 1 :].removesuffix("]").strip("; ")
        facts = [rest] if rest else []
    else:
        default = f"`{defaults[0].removeprefix('default: ')}`" if defaults else ""
        facts = [fact for fact in facts if fact not in defaults]
    if "required" in facts:
        facts.remove("required")
        default = "required"
    text = f"{text} ({'; '.join(facts)})" if facts else text
    return f"`{_named(parameter, context)}`", _linked(text), default


def _named(parameter, context):
    """`--jobs N`, or the name of an argument."""
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        return name if parameter.required or name.startswith("[") else f"[{name}]"
    left, _ = parameter.get_help_record(context)
    option, _, value = left.partition(" ")
    kinds = {"<int range>": "N", "<int>": "N", "<float>": "X", "<path>": "PATH", "<str>": "TEXT"}
    value = kinds.get(value, value)
    return f"{option} {value}".strip()


def _cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def _linked(text):
    """Paths of pages become links to them."""
    return PATH.sub(r"[docs\1](\1)", text)


def setup(app):
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
