"""The application, and what all commands share: output, pages and exit codes."""

import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
import typer.core

import koopmark
from koopmark._errors import ConfigError, suggest
from koopmark._streams import lasting

INTERRUPTED = 130

RUNS = "Runs"
DATA = "Your data"
REGRESSION = "Comparing and CI"
PAPER = "Publishing"
THINGS = "Methods, datasets and systems"
INSTALLATION = "This installation"


BRACES = {ord("{"): None, ord("}"): None}


class Command(typer.core.TyperCommand):
    """A command whose flags and arguments are shown without a type."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind `Usage:`, without the braces that Typer puts around arguments."""
        return [piece.translate(BRACES) for piece in super().collect_usage_pieces(ctx)]

    def get_params(self, ctx: Any) -> Any:
        """All parameters, with that of `--help`."""
        return _without_type(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what was typed; a value that cannot be read is a sentence."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _in_plain_words(error)
            raise


class Commands(typer.core.TyperGroup):
    """The commands. One that is interrupted says so; Typer would end it in silence."""

    def get_params(self, ctx: Any) -> Any:
        """All parameters, with that of `--help`."""
        return _without_type(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that was typed."""
        if args[:1] == ["fit"]:
            raise ConfigError(
                "there is no command fit: fit from Python with koopmark.fit, or analyse a file "
                "with koopmark analyse"
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Do what was typed."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("\nInterrupted.", err=True)
            raise typer.Exit(INTERRUPTED) from None


NUMBERS = {"int_parsing": "a whole number", "float_parsing": "a number"}


def _in_plain_words(error: typer.BadParameter) -> str:
    """The message of a value that is refused, without the words of the validator."""
    from pydantic import ValidationError

    cause = error.__cause__
    details = cause.errors() if isinstance(cause, ValidationError) else []
    if details and details[0]["type"] in NUMBERS:
        return f"{details[0]['input']!r} is not {NUMBERS[details[0]['type']]}."
    said = error.message.removeprefix("Value error, ")
    typed, found, known = said.partition(" is not one of ")
    if not found:
        return said
    hint = suggest(typed.strip("'"), known.split("'")[1::2])
    return f"{typed} is not one of {known.rstrip('.')}{f': {hint.strip()}' if hint else '.'}"


def _without_type(parameters: Any) -> Any:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        elif parameter.param_type_name == "argument":
            # Its name says what it is, and `<str>` nothing.
            parameter.display_type_rich = lambda ctx: ""  # noqa: ARG005
    return parameters


app = typer.Typer(
    name="koopmark",
    cls=Commands,
    help="Benchmark of data-driven Koopman methods on systems with known eigenvalues.",
    epilog="Start with: koopmark example --open, or koopmark run smoke --open",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

Function = TypeVar("Function", bound=Callable[..., Any])


def command(panel: str, example: str, name: str | None = None) -> Callable[[Function], Function]:
    """Add a function as a command, shown in this panel of `koopmark --help`, with an example."""
    return app.command(
        name, cls=Command, rich_help_panel=panel, epilog=f"Example: koopmark {example}"
    )


def main() -> None:
    """Run the command; what a user can put right is one sentence and exit code 2."""
    with lasting(), _stopped_as_by_ctrl_c():
        try:
            try:
                app()
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()
        except ConfigError as error:
            sentence = str(error)
        except OSError as error:
            # Whichever file it was and whoever used it: the system says what is wrong with it.
            where = f"{error.filename}: " if error.filename else ""
            sentence = f"{where}{error.strerror or error}"
        console(err=True).print(f"Error: {sentence}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)


@contextmanager
def _stopped_as_by_ctrl_c() -> Iterator[None]:
    """In the block `kill`, and a terminal that closes, stop a command in the way Ctrl-C does.

    Once it is on its way out, whoever stops it again changes nothing of how it ends.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # Ignored it stays ignored: that is what nohup is for.
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            before = dict.fromkeys(before, signal.SIG_IGN)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if version:
        say(f"koopmark {koopmark.__version__}")
        raise typer.Exit


def console(err: bool = False) -> Any:
    """A console of Rich, which takes its time to import."""
    from rich.console import Console

    return Console(stderr=err, highlight=False)


def say(text: str, err: bool = False) -> None:
    """Print a line at once; `typer.echo` would write UTF-8 where the terminal is ASCII."""
    print(text, file=sys.stderr if err else sys.stdout, flush=True)


def show(sheet: Any) -> None:
    """Print what lays itself out for the terminal, or without one breaks no line."""
    console().print(sheet, soft_wrap=True)


def say_page(what: str, page: Path, in_browser: bool) -> None:
    """Say where a page is, and open it in the browser if that was asked for."""
    say(f"{what}: {page}")
    if not in_browser:
        return
    import webbrowser

    address = page.absolute().as_uri()
    try:
        opened = webbrowser.open(address)
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        say(f"No browser was found. Open this address in one: {address}", err=True)


def say_written(text: str, what: str, out: Path | None) -> None:
    """Print a text, or write it to a file and say where."""
    from koopmark._files import write_text

    if out is None:
        say(text.rstrip("\n"))
        return
    write_text(out, text)
    say(f"{what}: {out}")


def say_interrupted(
    interrupted: BaseException, folder: Path, words: list[str], options: dict[str, Any]
) -> NoReturn:
    """Say how to resume what was interrupted, and write the page of what is done."""
    from koopmark import pages
    from koopmark.store import FILE

    if not (folder / FILE).exists():
        raise KeyboardInterrupt from None
    why = f": {interrupted}" if str(interrupted) else ""
    say(f"\nInterrupted{why}.", err=True)
    again = ["koopmark", *words]
    for option, given in options.items():
        values = given if isinstance(given, list) else [given]
        again += [
            word
            for value in values
            if value is not None and value is not False
            for word in ([option] if value is True else [option, str(value)])
        ]
    say(f"Resume with: {shlex.join(again)}", err=True)
    seen = shlex.join(["koopmark", "report", str(folder)])
    say(f"View partial results with: {seen}", err=True)
    # All has been said: who is impatient and stops it once more loses no word.
    with suppress(ConfigError, KeyboardInterrupt):
        say(f"Report: {pages.write(folder)}")
    raise typer.Exit(INTERRUPTED) from None
