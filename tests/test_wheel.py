"""What is installed is all that is needed: suites and recipes travel in the wheel."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from koopmark import methods

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds the contents of a freshly built wheel, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def run(installed, folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(installed), "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)


COMMANDS = """
import runpy, sys
import koopmark
from koopmark.systems import network_rnn
print(koopmark.__file__)
print(network_rnn("karate_club").size)
for words in (sys.argv[1], "list methods"):
    sys.argv = ["koopmark", *words.split()]
    try:
        runpy.run_module("koopmark", run_name="__main__")
    except SystemExit as left:
        print("exit code", left.code or 0, flush=True)
"""


@pytest.mark.slow
def test_the_installed_package_runs_a_suite_from_another_folder(installed, tmp_path):
    # On all datasets of the suite; the other methods are there if they can be listed.
    words = "run smoke --strict --only pydmd.dmd --jobs 1"
    result = run(installed, tmp_path, "-c", COMMANDS, words)
    where, size, *said = result.stdout.splitlines()
    assert where == str(installed / "koopmark" / "__init__.py")
    assert size == "34"
    ended = said.index("exit code 0")
    assert said[-1] == "exit code 0", result.stderr
    assert (tmp_path / "reports" / "smoke-part" / "index.html").stat().st_size > 700_000
    assert {line.partition(" ")[0] for line in said[ended + 1 : -1]} >= set(methods.names())


@pytest.mark.slow
def test_the_wheel_holds_every_suite_and_recipe_and_no_trajectory(installed):
    for kind, folder in (("suites", ROOT / "bench" / "suites"), ("datasets", ROOT / "datasets")):
        data = (installed / "koopmark" / "_data" / kind).iterdir()
        shipped = {path.name for path in data if path.is_file()}
        assert shipped == {path.name for path in folder.glob("*.toml")}


@pytest.mark.slow
def test_the_wheel_holds_every_real_network_with_its_licence(installed):
    data = installed / "koopmark" / "_data" / "datasets" / "networks"
    shipped = {path.name for path in data.iterdir()}
    assert shipped == {path.name for path in (ROOT / "datasets" / "networks").iterdir()}
    assert "LICENSES.txt" in shipped


@pytest.mark.slow
def test_the_wheel_holds_what_describe_quotes(installed):
    held = installed / "koopmark" / "_data" / "docs"
    shipped = {path.relative_to(held).as_posix() for path in held.rglob("*.md")}
    notes = (ROOT / "docs" / "reference" / "library-notes").rglob("*.md")
    assert shipped == {
        "glossary.md",
        *(path.relative_to(ROOT / "docs").as_posix() for path in notes),
    }
    assert "reference/library-notes/pydmd/ranks.md" in shipped


def test_importing_the_package_loads_no_heavy_library():
    heavy = ["pandas", "scipy", "sklearn", "torch", "pydmd", "pykoopman", "jinja2", "matplotlib"]
    code = f"import sys, koopmark, koopmark.cli; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, check=True
    )
    assert result.stdout.strip() == "[]"
