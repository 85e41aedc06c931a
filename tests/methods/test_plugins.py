"""Methods from files, modules and installed packages."""

import os
import pickle
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from koopmark import _plugins, methods
from koopmark._errors import ConfigError
from koopmark.methods import Method

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "ridge_edmd.py"
NAME = f"{EXAMPLE}:RidgeEDMD"


def test_a_method_in_a_file_is_fitted_by_its_path(three):
    model = methods.fit(NAME, three)
    assert abs(model.eigenvalues + 1.0).min() < 1e-6


def test_it_is_counted_under_its_file_and_not_as_one_of_ours():
    assert methods.get(NAME).tags.library == "ridge_edmd.py"
    assert methods.library_version(methods.get(NAME)) == ""


def test_its_options_are_checked_like_those_of_any_method():
    assert methods.get(NAME, alpha=0.5).alpha == 0.5
    with pytest.raises(ConfigError, match=r"has no option 'beta': its options are alpha$"):
        methods.get(NAME, beta=1.0)


def test_the_page_shows_the_file_as_it_is():
    page = (ROOT / "docs/how-to/add_a_method.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    assert EXAMPLE.read_text("utf-8") in blocks


def test_it_travels_to_another_process_with_its_options(tmp_path):
    (tmp_path / "method").write_bytes(pickle.dumps(methods.get(NAME, alpha=0.25)))
    code = "import pickle, sys; print(pickle.loads(open(sys.argv[1], 'rb').read()))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "method")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "RidgeEDMD(alpha=0.25)"


def test_a_file_is_loaded_once_whatever_its_path_is_called(monkeypatch):
    monkeypatch.chdir(ROOT)
    relative = methods.get("docs/examples/ridge_edmd.py:RidgeEDMD")
    assert type(relative) is type(methods.get(NAME))


@pytest.mark.parametrize(
    ("content", "attribute", "message"),
    [
        (None, "X", "no such file$"),
        ("1 / 0", "X", "cannot be imported: ZeroDivisionError: division by zero$"),
        ("def broken(:", "X", "cannot be imported: SyntaxError: "),
        ("Y = 1", "X", "has no class 'X': it holds no method$"),
        (
            "from koopmark.methods import Method\n\n\nclass X(Method):\n    pass\n",
            "X",
            "has no `_fit`$",
        ),
        ("X = 1", "X", "is not a class derived from koopmark.methods.Method$"),
        ("import sys; sys.modules.pop('nothing')", "X", "cannot be imported: KeyError"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_a_sentence(tmp_path, content, attribute, message):
    path = tmp_path / "mine.py"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        methods.get(f"{path}:{attribute}")
    assert str(path) in str(caught.value)


METHOD = """
from dataclasses import dataclass
from koopmark.methods import Method
from koopmark.models import LinearModel
{top}

@dataclass(frozen=True)
class Scaled(Method):
    def _fit(self, trajectories):
        {inside}
        x, _ = trajectories.pairs()
        operator = {value} * __import__("numpy").eye(x.shape[1])
        return LinearModel.from_operator(operator, trajectories.dt, lift=lambda states: states)
"""


def factor(path, three):
    """The number that a method of METHOD fits: exp(λΔt)."""
    model = methods.fit(f"{path}:Scaled", three)
    return round(float(np.exp(model.eigenvalues[0] * three.dt).real), 6)


def written(path, top="", inside="", value="0.1"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(METHOD.format(top=top, inside=inside, value=value))
    return path


def test_a_class_that_a_file_does_not_hold_is_named_with_those_it_does(tmp_path):
    path = written(tmp_path / "mine.py")
    with pytest.raises(ConfigError) as caught:
        methods.get(f"{path}:Scald")
    assert str(caught.value) == (
        f"{path} has no class 'Scald': did you mean 'Scaled'? its methods are Scaled"
    )


def test_an_edited_file_is_loaded_anew(tmp_path, three, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = written(tmp_path / "mine.py", value="0.1")
    os.utime(path, ns=(10**18, 10**18))
    assert factor(path, three) == 0.1
    # Of the same size, and within a second: no bytecode file tells the two apart.
    written(path, value="0.2")
    os.utime(path, ns=(10**18, 10**18 + 10**6))
    assert factor(path, three) == 0.2


@pytest.mark.parametrize(
    ("how", "place"),
    [
        ({"top": "import helper", "value": "helper.VALUE"}, "helper.py"),
        ({"top": "from helper import VALUE", "value": "VALUE"}, "helper.py"),
        ({"top": "from .helper import VALUE", "value": "VALUE"}, "helper.py"),
        ({"top": "import parts.helper", "value": "parts.helper.VALUE"}, "parts/helper.py"),
        ({"inside": "from helper import VALUE", "value": "VALUE"}, "helper.py"),
        ({"top": "from between import VALUE", "value": "VALUE"}, "helper.py"),
        ({"inside": "import helper, between", "value": "between.VALUE"}, "helper.py"),
        ({"top": "from far import VALUE", "value": "VALUE"}, "elsewhere/far.py"),
        ({"top": "import importlib as i", "value": "i.import_module('helper').VALUE"}, "helper.py"),
        (
            {
                "top": "from importlib import import_module\nh = import_module('parts.helper')",
                "value": "h.VALUE",
            },
            "parts/helper.py",
        ),
        (
            {
                "inside": "import importlib.util",
                "value": "importlib.import_module('.helper', __package__).VALUE",
            },
            "helper.py",
        ),
    ],
    ids=str,
)
def test_an_edit_of_what_a_file_imports_is_seen(tmp_path, three, how, place, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path / "here" / "elsewhere"))
    path = written(tmp_path / "here" / "mine.py", **how)
    (path.parent / "between.py").write_text("from helper import VALUE\n")
    helper = path.parent / place
    helper.parent.mkdir(exist_ok=True)
    helper.write_text("VALUE = 0.1\n")
    assert factor(path, three) == 0.1
    helper.write_text("VALUE = 0.2\n")
    assert factor(path, three) == 0.2


def test_nothing_else_in_the_process_changes_when_a_file_is_loaded_anew(
    tmp_path, three, monkeypatch
):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "shared_helper.py").write_text("VALUE, calls = 0.1, []\n")
    import shared_helper

    shared_helper.calls.append("mine")
    path = written(tmp_path / "mine.py", top="from shared_helper import VALUE", value="VALUE")
    other = written(tmp_path / "other.py")
    known = type(methods.get(f"{other}:Scaled"))
    before = list(sys.path)
    factor(path, three)
    (tmp_path / "shared_helper.py").write_text("VALUE, calls = 0.2, []\n")
    assert factor(path, three) == 0.2
    assert (sys.modules["shared_helper"], sys.path) == (shared_helper, before)
    assert (shared_helper.VALUE, shared_helper.calls) == (0.1, ["mine"])
    assert type(methods.get(f"{other}:Scaled")) is known
    del sys.modules["shared_helper"]


def test_files_of_one_name_do_not_share_what_they_import(tmp_path, three):
    paths = []
    for folder, value in (("a", 0.1), ("b", 0.2)):
        inside = "from helper import VALUE"
        paths.append(written(tmp_path / folder / "mine.py", inside=inside, value="VALUE"))
        (tmp_path / folder / "helper.py").write_text(f"VALUE = {value}\n")
    assert [factor(path, three) for path in (*paths, paths[0])] == [0.1, 0.2, 0.1]


def test_a_file_that_was_broken_is_loaded_when_it_is_mended(tmp_path, three):
    path = written(tmp_path / "mine.py", top="import helper", value="helper.VALUE")
    with pytest.raises(ConfigError, match="No module named 'helper'"):
        factor(path, three)
    (tmp_path / "helper.py").write_text("VALUE = 0.1\n")
    assert factor(path, three) == 0.1


def test_a_method_of_an_edited_file_does_not_travel_as_another(tmp_path):
    path = written(tmp_path / "mine.py")
    travelling = pickle.dumps(methods.get(f"{path}:Scaled"))
    assert pickle.loads(travelling) == methods.get(f"{path}:Scaled")
    written(path, value="0.2")
    # This process still has what it loaded.
    pickle.loads(travelling)
    methods.get(f"{path}:Scaled")
    with pytest.raises(_plugins.Edited, match=r"mine\.py, or what it imports, was edited after"):
        pickle.loads(travelling)


class Point:
    """An entry point as importlib.metadata has it."""

    name = "theirs.method"

    def __init__(self, load):
        self.load = load


@pytest.fixture
def installed(monkeypatch):
    def offer(load):
        monkeypatch.setattr(metadata, "entry_points", lambda group: [Point(load)])
        _plugins.entry_points.cache_clear()

    yield offer
    _plugins.entry_points.cache_clear()


def test_an_installed_package_offers_methods_that_load_when_named(installed):
    loaded = []

    def load():
        loaded.append(True)
        return type(methods.get(NAME))

    installed(load)
    assert methods.offered() == ["theirs.method"]
    assert not loaded
    assert isinstance(methods.get("theirs.method", alpha=0.1), Method)
    assert loaded


def test_an_entry_point_that_does_not_load_says_so(installed):
    def load():
        raise ImportError("no module named 'gone'")

    installed(load)
    with pytest.raises(ConfigError, match=r"'theirs.method' cannot be loaded: ImportError: no mod"):
        methods.get("theirs.method")


def test_a_misspelt_name_is_compared_with_what_is_installed_too(installed):
    installed(lambda: None)
    with pytest.raises(ConfigError, match=r"did you mean 'theirs.method'"):
        methods.get("theirs.metod")
