import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hostile_methods import Good

import koopmark
from koopmark.methods.dictionaries import Monomials
from koopmark.suite import source

PACKAGE = Path(koopmark.__file__).parent


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of our source that a test may change."""
    package = tmp_path / "koopmark"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "_data"))
    monkeypatch.setattr(source, "_PACKAGE", package)
    monkeypatch.setattr(source.inspect, "getfile", lambda cls: _moved(cls, package))
    _forget()
    yield package
    _forget()


def _moved(cls: type, package: Path) -> str:
    parts = cls.__module__.split(".")
    if parts[0] != "koopmark":
        return str(Path(__file__).with_name("hostile_methods.py"))
    return str(package.joinpath(*parts[1:]).with_suffix(".py"))


def _forget() -> None:
    for function in (
        source._common,
        source._digest_of,
        source._imported,
        source._file_digest,
    ):
        function.cache_clear()


@pytest.mark.parametrize(
    "name",
    [
        "scoring/evaluate.py",
        "datasets/dataset.py",
        "simulation/trajectories.py",
        "systems/network.py",
        "truth/eigenspace.py",
        "methods/model.py",
        "methods/dictionaries/monomials.py",
        "_keys.py",
    ],
)
def test_a_change_of_what_makes_or_scores_the_data_changes_every_digest(copy, name):
    before = source.source_digest(Good())
    path = copy / name
    path.write_text(path.read_text() + "\nCHANGED = 1\n")
    _forget()
    assert source.source_digest(Good()) != before


@pytest.mark.parametrize("name", ["suite/store.py", "cli.py", "report/write.py"])
def test_a_change_of_what_no_number_depends_on_changes_no_digest(copy, name):
    before = source.source_digest(Good())
    (copy / name).write_text("CHANGED = 1\n")
    _forget()
    assert source.source_digest(Good()) == before


def test_a_new_method_changes_no_digest(copy):
    before = source.source_digest(Good())
    (copy / "methods" / "adapters" / "brand_new.py").write_text("NEW = 1\n")
    (copy / "methods" / "registry.py").write_text("REGISTRY = {}\n")
    _forget()
    assert source.source_digest(Good()) == before


def test_what_a_methods_file_imports_from_our_methods_belongs_to_it(copy):
    helper = copy / "methods" / "adapters" / "helper.py"
    helper.write_text("VALUE = 1\n")
    method = copy / "methods" / "adapters" / "mine.py"
    method.write_text("def fit():\n    from koopmark.methods.adapters.helper import VALUE\n")
    assert source._closure([method]) == {method, helper}


def test_line_ends_do_not_matter(tmp_path):
    unix, windows = tmp_path / "unix", tmp_path / "windows"
    unix.write_bytes(b"a = 1\nb = 2\n")
    windows.write_bytes(b"a = 1\r\nb = 2\r\n")
    assert source._file_digest(unix) == source._file_digest(windows)


def test_files_of_what_the_options_hold_belong_to_the_method():
    @dataclass(frozen=True)
    class WithDictionary(Good):
        dictionary: Monomials = Monomials()  # noqa: RUF009 frozen

    assert Monomials in source._classes(WithDictionary())
    assert source.source_digest(WithDictionary()) != source.source_digest(Good())
