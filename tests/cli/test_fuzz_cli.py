"""Every command with every kind of wrong argument: exit code 2 and a sentence."""

import errno
import os
import signal
import sys
import time
from contextlib import ExitStack
from itertools import product

import pytest
from cells import execute_in_process
from recipes import small_recipe

from koopmark import _files, pages, regression
from koopmark.cli import main
from koopmark.plan import load_suite
from koopmark.run import run

RECIPE = small_recipe()
SUITE = """
title = "Tiny"
question = "Does the command run?"
datasets = ["tiny.toml"]
seeds = 1
[[methods]]
use = "koopmark.qr_edmd"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a finished run and all that can be mistaken for what a command wants."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "tiny.toml").write_text(RECIPE)
    (folder / "mine.toml").write_text(SUITE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("koopmark.run._run.execute", execute_in_process)
        run(load_suite(folder / "mine.toml"), folder / "done", jobs=1, cache_dir=folder / "cache")
    pages.write(folder / "done")
    regression.promote(folder / "done", folder / "kept", allow_dirty=True)
    for name in ("", ".toml", ".jsonl"):
        (folder / f"empty{name}").write_bytes(b"")
        (folder / f"binary{name}").write_bytes(bytes(range(256)))
        (folder / f"text{name}").write_text("some text\n")
        (folder / f"folder{name}").mkdir()
    (folder / "key.toml").write_text(RECIPE.replace("dt =", "dtt ="))
    (folder / "section.toml").write_text(RECIPE.replace("[sampling]", "[samplin]"))
    (folder / "loop").symlink_to("loop")
    return folder


@pytest.fixture
def typed(place, monkeypatch, capfd):
    monkeypatch.chdir(place)

    def typed(*words):
        monkeypatch.setattr(sys, "argv", ["koopmark", *words])
        with pytest.raises(SystemExit) as left:
            main()
        said = capfd.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return typed


THINGS = (
    "missing",
    "empty",
    "binary",
    "text",
    "folder",
    "loop",
    "text/below",
    "",
    "\udcff",
    "a" * 300,
)
TOMLS = [f"{name}.toml" for name in ("missing", "empty", "binary", "text", "folder", "key")]
TOMLS += ["section.toml", "text/below.toml", "tiny.tomll", "λ.toml"]
READS = [
    "run {}",
    "run smoke --method {}",
    "run smoke --method {}:Class",
    "report {}",
    "show {}",
    "show done --dataset {}",
    "show done --score {}",
    "show done --method {}",
    "show done --board {}",
    "figure {} board",
    "figure done {}",
    "figure done board --method {}",
    "figure done board --dataset {}",
    "figure done board --width {}",
    "table {}",
    "table done --format {}",
    "cite {}",
    "check {} --against done",
    "check done --against {}",
    "baseline {} --to new --allow-dirty",
    "baseline done --to new --allow-dirty --speed {}",
    "history {}",
    "history kept/history.jsonl --suite {}",
    "verify {}",
    "list {}",
    "list methods --format {}",
    "describe {}",
    "describe {}:Class",
    "export {}",
    "export tiny.toml --format {}",
    "export tiny.toml --seed {}",
]
WRITES = [
    "run mine.toml --out {}",
    "check done --against done --markdown {}",
    "baseline done --allow-dirty --to {}",
    "history kept/history.jsonl --out {}",
    "example --out {}",
    "catalogue --out {}",
    "catalogue --markdown {}",
    "export tiny.toml --out {}",
]
HINDERED = {"text": "--out", "text/below": "", "loop": "--out", "folder": "--markdown"}
"""What cannot be written to: a file in place of a folder, and a folder in place of a file."""


def words(command, value):
    return [word.replace("{}", value) for word in command.split()]


EXECUTES = "executes code from outside koopmark: "
"""What a command says of code that is not koopmark's before it loads it."""


def is_a_sentence(ended):
    code, _, said = ended
    assert code == 2, ended
    assert "Traceback" not in said
    lines = [line for line in said.strip().splitlines() if not line.startswith(EXECUTES)]
    # What typer itself refuses stands in a box below the usage.
    assert lines[0].startswith("Usage: ") or (lines[-1].startswith("Error: ") and len(lines) == 1)
    return True


@pytest.mark.parametrize("command", READS)
def test_what_is_not_what_a_command_reads_is_a_sentence(typed, command):
    for thing in THINGS:
        # A setting that is empty is one that was not given.
        if thing or not command.endswith(("--dataset {}", "--score {}", "--suite {}")):
            assert is_a_sentence(typed(*words(command, thing)))


@pytest.mark.parametrize(
    "command", ["run {}", "export {}", "regime {}", "regime {} --write", "describe {}"]
)
def test_a_file_that_is_no_suite_or_recipe_is_a_sentence(typed, command):
    for thing in TOMLS:
        assert is_a_sentence(typed(*words(command, thing)))


@pytest.mark.parametrize(
    ("command", "thing"),
    [
        (command, thing)
        for command, (thing, option) in product(WRITES, HINDERED.items())
        if option in command or (option == "--out" and "--to" in command)
    ],
)
def test_where_nothing_can_be_written_is_a_sentence(typed, command, thing):
    if "--markdown" in command and thing in ("text", "loop"):
        pytest.skip("a file that is replaced")
    assert is_a_sentence(typed(*words(command, thing)))


@pytest.mark.parametrize(
    "command",
    [
        "report done",
        "check done --against done --markdown new.md",
        "baseline done --allow-dirty --to full",
        "history kept/history.jsonl --out full",
        "catalogue --markdown full.md",
        "export tiny.toml --out full",
        "figure done board --out full.pdf",
        "cite done --out full.bib",
        "regime tiny.toml --write",
        "run mine.toml --out full",
    ],
)
def test_a_full_disk_is_a_sentence(typed, monkeypatch, command):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_files, "replace", full)
    code, _, said = typed(*command.split())
    assert code == 2
    assert "(No space left on device)" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "x/y"), OSError("odd")])
def test_whatever_the_system_refuses_is_a_sentence(typed, monkeypatch, error):
    def refused(*_):
        raise error

    monkeypatch.setattr(regression, "check", refused)
    ended = typed("check", "done", "--against", "done")
    assert is_a_sentence(ended)
    assert ended[2] in ("Error: x/y: Permission denied\n", "Error: odd\n")


@pytest.fixture
def started(warm):
    """Starts commands in processes of their own."""

    def started(place, *arguments):
        environment = {**os.environ, "XDG_CACHE_HOME": str(place / "cache")}
        return warm.start("-m", "koopmark", *arguments, cwd=place, env=environment)

    return started


COMMANDS = {
    "list methods": 0,
    "list systems": 0,
    "list datasets": 0,
    "list suites --format csv": 0,
    "describe koopmark.qr_edmd": 0,
    "describe rnn_10_2": 0,
    "doctor": 0,
    "show done": 0,
    "check done --against done": 0,
    "run --help": 0,
    "verify koopmark.qr_edmd": 0,
    "history kept/history.jsonl": 0,
    "regime tiny.toml": 0,
    "export ẋ=λ": 2,
    "show \udcff": 2,
}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_no_command_dies_of_what_a_terminal_cannot_show(
    place, tmp_path, monkeypatch, verified_in_process, encoding
):
    monkeypatch.chdir(place)
    # As a process has them: Python itself writes what an encoding lacks to standard error alone.
    handlers, codes = {"stdout": "strict", "stderr": "backslashreplace"}, []
    with ExitStack() as stack:
        for name, errors in handlers.items():
            stream = (tmp_path / name).open("w", encoding=encoding, errors=errors)
            monkeypatch.setattr(sys, name, stack.enter_context(stream))
        for command in COMMANDS:
            monkeypatch.setattr(sys, "argv", ["koopmark", *command.split()])
            with pytest.raises(SystemExit) as left:
                main()
            codes.append(int(left.value.code or 0))
        monkeypatch.undo()
    complained = (tmp_path / "stderr").read_bytes()
    assert codes == list(COMMANDS.values()), complained
    assert "lambda" in (tmp_path / "stdout").read_text(encoding=encoding)
    assert b"x'=lambda" in complained


@pytest.mark.parametrize(
    ("command", "code"),
    [("list methods", 0), ("show done", 0), ("check done --against done", 0), ("show nope", 2)],
)
def test_a_reader_that_goes_away_changes_no_exit_code(started, place, command, code):
    process = started(place, *command.split())
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=120) == code
    assert (said == b"") == (code == 0)


def test_a_run_goes_on_when_nobody_reads_how_it_goes(started, place, tmp_path):
    process = started(place, "run", "mine.toml", "--out", str(tmp_path / "out"), "--jobs", "1")
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=120) == 0
    assert (tmp_path / "out" / "index.html").is_file()


STOPPED = """
import atexit, os, signal
stop = lambda: os.kill(os.getpid(), signal.{number})
atexit.register(stop)
stop()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    "command", ["verify stopped.py:Any", "run mine.toml --method stopped.py:Any"]
)
def test_a_command_that_is_stopped_early_and_again_says_so(started, tmp_path, number, command):
    (tmp_path / "mine.toml").write_text(SUITE)
    (tmp_path / "tiny.toml").write_text(RECIPE)
    (tmp_path / "stopped.py").write_text(STOPPED.format(number=number))
    process = started(tmp_path, *command.split())
    _, said = process.communicate(timeout=60)
    lines = [line for line in said.decode().splitlines() if not line.startswith(EXECUTES)]
    assert [line for line in lines if line] == ["Interrupted."]
    assert process.returncode == 130


SLEEPS = """
import time
from dataclasses import dataclass
from pathlib import Path
from koopmark.methods import Method

@dataclass(frozen=True)
class Sleeps(Method):
    def _fit(self, trajectories):
        Path("asleep").touch()
        time.sleep(1000)
"""


@pytest.fixture
def sleeping(started, tmp_path):
    """A run that is at a fit without end, after others that are done."""
    (tmp_path / "sleeps.py").write_text(SLEEPS)
    (tmp_path / "tiny.toml").write_text(RECIPE)
    (tmp_path / "long.toml").write_text(SUITE + '[[methods]]\nuse = "sleeps.py:Sleeps"\n')
    process = started(tmp_path, "run", "long.toml", "--out", "out", "--jobs", "1")
    while process.poll() is None and not (tmp_path / "asleep").exists():
        time.sleep(0.05)
    yield process, tmp_path / "out"
    process.kill()
    process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_that_is_stopped_writes_what_there_is_and_says_how_to_resume(sleeping, number):
    process, out = sleeping
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Resume with: koopmark run long.toml --out out --jobs 1" in said
    assert (out / "index.html").is_file()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_a_run_that_is_stopped_twice_says_how_to_resume(sleeping):
    process, _ = sleeping
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Resume with: koopmark run" in said
    assert b"Traceback" not in said


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_what_a_killed_run_left_is_told_with_the_command_that_writes_its_tables(sleeping, typed):
    process, out = sleeping
    process.kill()
    process.communicate()
    code, _, said = typed("show", str(out))
    assert code == 2
    assert f"koopmark report {out} writes it" in said
    assert typed("report", str(out))[0] == 0
    assert typed("show", str(out))[0] == 0
