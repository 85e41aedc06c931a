"""Nothing that is read from disk can run code: no pickle, no eval, wherever it stands."""

import ast
import io
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

import koopmark
from koopmark._config import parse
from koopmark._errors import ConfigError
from koopmark.analysis.cards import recipe_of
from koopmark.datasets.recipe import Contents
from koopmark.plan import foreign_code, load_suite, with_methods
from koopmark.run import run

PACKAGE = Path(koopmark.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

FORBIDDEN = {"eval", "exec", "compile", "__import__", "execfile"}
"""Built in functions that make code of text; `re.compile` is another."""

LOADERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
LOADERS |= {"yaml", "torch.load", "read_pickle", "literal_eval"}
"""What would make objects of a file's bytes."""

REMOTE = {"pickle.dump", "pickle.load", "pickle.loads", "pickle.UnpicklingError"}
IN_MEMORY = {
    "_plugins.py": {"copyreg.pickle"},
    # Through pipes between a process and those that it started itself.
    "simulation/_processes.py": {
        "pickle.dumps",
        "pickle.loads",
        "pickle.PickleBuffer",
        "pickle.PicklingError",
    },
    "workers/_pool.py": {"pickle.dumps", "pickle.loads"},
    "workers/_worker.py": {"pickle.dumps", "pickle.loads"},
    "cluster/_host.py": {"pickle.dump", "pickle.dumps", "pickle.load"},
    # Through Dask, whose users trust each other (docs/how-to/use_a_cluster.md).
    "cluster/_parcel.py": {"pickle.Pickler", "pickle.Unpickler"},
    "cluster/_remote.py": REMOTE,
    "cluster/_client.py": {"pickle.loads"},
}
"""The only uses of pickle, none of them on a file."""


def test_every_exception_is_for_a_file_that_is_there():
    assert all((PACKAGE / name).is_file() for name in IN_MEMORY)


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def uses(tree):
    """Names and attributes, as they are written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield dotted(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_code_comes_from_data(path):
    where = path.relative_to(PACKAGE).as_posix()
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = dotted(node.func)
            assert called not in FORBIDDEN, f"{where}:{node.lineno}"
            if called.endswith(("np.load", "numpy.load")):
                kept = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
                assert kept.get("allow_pickle") is False, f"{where}:{node.lineno}"
        if isinstance(node, ast.ImportFrom):
            # `from pickle import loads` would hide from what follows.
            assert (node.module or "").partition(".")[0] not in LOADERS, f"{where}:{node.lineno}"
    for name in uses(tree):
        first, _, last = name.partition(".")
        if last and (first in LOADERS or name in LOADERS or name.split(".")[-1] in LOADERS):
            assert name in IN_MEMORY.get(where, set()), f"{where}: {name}"


def test_methods_elsewhere_are_not_loaded_before_they_are_named(tmp_path, monkeypatch):
    from importlib import metadata

    from koopmark import _plugins, methods

    loaded = []

    class Point:
        name = "foreign.method"

        def load(self):
            loaded.append(self.name)
            raise ImportError("it is code")

    monkeypatch.setattr(metadata, "entry_points", lambda group: [Point()])
    _plugins.entry_points.cache_clear()
    try:
        assert methods.offered() == ["foreign.method"]
        methods.get("koopmark.qr_edmd")
        assert loaded == []
        with pytest.raises(ConfigError, match="it is code"):
            methods.get("foreign.method")
        assert loaded == ["foreign.method"]
    finally:
        _plugins.entry_points.cache_clear()


SUITE = """
title = "Foreign code"
question = "What is executed?"
datasets = ["three_populations"]
seeds = 1
[[methods]]
use = "pydmd.dmd"
[[methods]]
use = "mine.py:Mine"
[[methods]]
use = "mine.py:Mine"
options = {degree = 2}
"""


@pytest.mark.parametrize("where", ["in the suite", "on the command line"])
def test_a_run_says_what_it_executes_before_it_executes_any_of_it(tmp_path, where):
    (tmp_path / "mine.py").write_text("raise RuntimeError('it was executed')")
    (tmp_path / "other.py").write_text("raise RuntimeError('it was executed')")
    (tmp_path / "mine.toml").write_text(SUITE)
    suite, called = load_suite(tmp_path / "mine.toml"), f"{tmp_path / 'mine.py'}:Mine"
    if where == "on the command line":
        called = f"{tmp_path / 'other.py'}:Other"
        suite = with_methods(load_suite("smoke"), [called])
    said = io.StringIO()
    with pytest.raises(ConfigError, match="it was executed"):
        run(suite, tmp_path / "out", jobs=1, console=Console(file=said, width=20))
    assert said.getvalue().splitlines() == [f"executes code from outside koopmark: {called}"]
    assert not (tmp_path / "out").exists()


def test_a_suite_of_our_own_methods_executes_nothing_else():
    assert foreign_code(load_suite("standard")) == []


@pytest.fixture
def own(tmp_path):
    """A recipe whose systems are made by a file that says so if it is executed."""
    recipe = koopmark._resources.shipped("datasets") / "three_populations.toml"
    text = recipe.read_text().replace('"three_populations"', '"mine.py:Mine"', 1)
    (tmp_path / "recipe.toml").write_text(text)
    (tmp_path / "mine.py").write_text("raise RuntimeError('it was executed')")
    return tmp_path / "recipe.toml"


@pytest.mark.parametrize("named", ["datasets = [{}]", "sweeps = [{{dataset={}, {}}}]"])
def test_a_run_says_that_a_recipe_names_code_before_it_executes_any(own, named):
    sweep = 'vary = "sampling.noise", values = [0.1]'
    lines = ['title = "T"', 'question = "Q?"', 'methods = ["pydmd.dmd"]']
    suite = own.with_name("suite.toml")
    suite.write_text("\n".join([*lines, named.format('"recipe.toml"', sweep)]))
    assert foreign_code(load_suite(suite)) == [f"{own.with_name('mine.py')}:Mine"]
    said = io.StringIO()
    with pytest.raises(ConfigError, match="it was executed"):
        run(load_suite(suite), own.parent / "out", jobs=1, console=Console(file=said, width=20))
    assert said.getvalue().startswith("executes code from outside koopmark: ")


def test_what_a_run_wrote_of_its_recipes_names_no_code(own, monkeypatch):
    monkeypatch.chdir(own.parent)
    written = tomllib.loads(own.read_text())
    with pytest.raises(ConfigError, match=r"'mine.py:Mine' names code, which must not be run here"):
        parse(written, Contents, "provenance.json")
    assert recipe_of({"recipes": {"recipe": written}}, "recipe") is None
