"""Nothing that is read from disk can run code: no pickle, no eval, wherever it stands."""

import ast
from pathlib import Path

import pytest

import koopmark

PACKAGE = Path(koopmark.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

FORBIDDEN = {"eval", "exec", "compile", "__import__", "execfile"}
"""Built in functions that make code of text; `re.compile` is another."""

LOADERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
LOADERS |= {"yaml", "torch.load", "read_pickle", "literal_eval"}
"""What would make objects of a file's bytes."""

REMOTE = {"pickle.dump", "pickle.load", "pickle.loads", "pickle.UnpicklingError"}
IN_MEMORY = {
    "simulation/workers.py": {"pickle.dumps", "pickle.PicklingError"},
    "methods/plugins.py": {"copyreg.pickle"},
    # Through pipes between a run and the processes that it started itself.
    "workers/pool.py": {"pickle.dumps", "pickle.loads"},
    "workers/worker.py": {"pickle.dumps", "pickle.loads"},
    "cluster/host.py": {"pickle.dump", "pickle.dumps", "pickle.load"},
    # Through Dask, whose users trust each other (docs/scaling.md).
    "cluster/parcel.py": {"pickle.Pickler", "pickle.Unpickler"},
    "cluster/remote.py": REMOTE,
    "cluster/client.py": {"pickle.loads"},
}
"""The only uses of pickle, none of them on a file."""


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

    from koopmark import methods
    from koopmark.methods import plugins

    loaded = []

    class Point:
        name = "foreign.method"

        def load(self):
            loaded.append(self.name)
            raise ImportError("it is code")

    monkeypatch.setattr(metadata, "entry_points", lambda group: [Point()])
    plugins.entry_points.cache_clear()
    try:
        assert methods.offered() == ["foreign.method"]
        methods.get("koopmark.qr_edmd")
        assert loaded == []
        with pytest.raises(koopmark._errors.ConfigError, match="it is code"):
            methods.get("foreign.method")
        assert loaded == ["foreign.method"]
    finally:
        plugins.entry_points.cache_clear()
