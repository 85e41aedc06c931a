"""Methods from files, modules and installed packages."""

import pickle
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from koopmark import methods
from koopmark._errors import ConfigError
from koopmark.methods import Method, plugins

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "ridge_edmd.py"
NAME = f"{EXAMPLE}:RidgeEDMD"


def test_a_method_in_a_file_is_fitted_by_its_path(three):
    model = methods.fit(NAME, three)
    assert abs(model.eigenvalues + 1.0).min() < 1e-6


def test_it_is_counted_under_its_file_and_not_as_one_of_ours():
    assert methods.get(NAME).library == "ridge_edmd.py"
    assert methods.library_version(methods.get(NAME)) == ""


def test_its_options_are_checked_like_those_of_any_method():
    assert methods.get(NAME, alpha=0.5).alpha == 0.5
    with pytest.raises(ConfigError, match=r"has no option 'beta': its options are alpha$"):
        methods.get(NAME, beta=1.0)


def test_the_page_shows_the_file_as_it_is():
    page = (ROOT / "docs" / "methods.md").read_text("utf-8")
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
        ("Y = 1", "X", "cannot be imported: AttributeError: .*has no attribute 'X'$"),
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


class Point:
    """An entry point as importlib.metadata has it."""

    name = "theirs.method"

    def __init__(self, load):
        self.load = load


@pytest.fixture
def installed(monkeypatch):
    def offer(load):
        monkeypatch.setattr(metadata, "entry_points", lambda group: [Point(load)])
        plugins.entry_points.cache_clear()

    yield offer
    plugins.entry_points.cache_clear()


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
