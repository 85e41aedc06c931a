"""The docs tell of every estimator of the libraries what it is here, or why it is not."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from koopmark import methods

PAGES = Path(__file__).parents[3] / "docs/reference/methods"
LIBRARIES = {
    "pydmd": "PyDMD",
    "pykoopman": "PyKoopman",
    "deeptime": "deeptime",
    "kooplearn": "kooplearn",
    "pykoop": "pykoop",
}
PARTS = {"Identity", "Polynomial", "RadialBasisFunction", "RandomFourierFeatures"}
PARTS |= {"CustomObservables", "TimeDelay"}
"""PyKoopman's observables stand beside the class that takes them."""


def rows(library):
    """First and second cells of a library's table."""
    text = (PAGES / f"{library}.md").read_text(encoding="utf-8")
    head = f"\n| {LIBRARIES[library]} | here as, or why it is not here |\n"
    table = text.partition(head)[2]
    lines = table.partition("\n\n")[0].splitlines()[1:]
    return [tuple(re.findall(r"`([^`]+)`", cell) for cell in row.split(" | ")) for row in lines]


def estimators(library):
    """Names of the public classes that can be fitted, in all modules that can be imported."""
    package = pytest.importorskip(library)
    found = set()
    for info in pkgutil.walk_packages(package.__path__, f"{library}.", onerror=lambda _: None):
        try:
            module = importlib.import_module(info.name)
        except ImportError:
            # What an optional dependency is missing for.
            continue
        found |= {
            name
            for name, value in vars(module).items()
            if inspect.isclass(value)
            and value.__module__.split(".")[0] == library
            and callable(getattr(value, "fit", None))
            and not name.startswith("_")
        }
    return found


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_table_of_a_library_has_every_estimator_once_and_none_that_is_not_there(library):
    named = [name for first, *_ in rows(library) for name in first]
    assert sorted(named) == sorted(estimators(library) - PARTS)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_table_of_a_library_names_methods_that_are_here(library):
    mentioned = {name for _, second in rows(library) for name in second}
    ours = {name for name in mentioned if re.fullmatch(rf"{library}\.[a-z_]+", name)}
    assert ours
    assert ours <= set(methods.names()) | {"kooplearn.torch", "kooplearn.jax"}
