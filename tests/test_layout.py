"""What the contracts of import-linter (pyproject.toml) cannot say of the layout."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
MODULES = sorted((SOURCE / "koopmark").rglob("*.py"))
PACKAGES = sorted(path.parent for path in (SOURCE / "koopmark").glob("*/__init__.py"))
NO_PACKAGE = {"browser", "ci", "docs", "fixtures", "speed"}
"""Folders of tests/: of the pages in a browser, bench/ci, docs, shared, bench/speed."""


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported(path):
    """Every name that a module imports, with its modules: `koopmark.systems.random_rnn`."""
    names = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def offered(package):
    """The names in a package's `__all__`, and None if it has none."""
    for node in parsed(package / "__init__.py").body:
        target = getattr(node, "target", None) or getattr(node, "targets", [None])[0]
        if isinstance(target, ast.Name) and target.id == "__all__":
            return {item.value for item in node.value.elts if isinstance(item, ast.Constant)}
    return None


def test_a_private_module_is_imported_only_inside_its_package():
    past = []
    for path in MODULES:
        inside = path.relative_to(SOURCE).with_suffix("").parts
        for name in imported(path):
            parts = name.split(".")
            private = [i for i, part in enumerate(parts) if re.match("_(?!_)", part)]
            if parts[0] == "koopmark" and any(parts[:i] != list(inside[:i]) for i in private):
                past.append(f"{'.'.join(inside)} imports {name}")
    assert past == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_says_what_it_offers(package):
    assert offered(package) is not None


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_other_packages_import_what_a_package_offers_or_its_public_modules(package):
    names = offered(package) or set()
    public = {path.stem for path in package.iterdir() if not path.stem.startswith("_")}
    past = [
        f"{path.relative_to(SOURCE)}: {name}"
        for path in MODULES
        if package not in path.parents
        for name in imported(path)
        if name.split(".")[:2] == ["koopmark", package.name]
        and len(name.split(".")) > 2
        and name.split(".")[2] not in names | public
    ]
    assert past == []


def test_every_package_has_tests_and_every_folder_of_tests_a_package():
    folders = {
        path.parent.relative_to(ROOT / "tests") for path in ROOT.glob("tests/*/**/test_*.py")
    }
    assert {path.name for path in PACKAGES} <= {folder.parts[0] for folder in folders}
    without = [
        str(folder)
        for folder in folders
        if folder.parts[0] not in NO_PACKAGE and not (SOURCE / "koopmark" / folder).is_dir()
    ]
    assert without == []


def test_analysis_has_no_html():
    html = {"jinja2", "koopmark.pages", "html"}
    found = [
        f"{path.name}: {name}"
        for path in (SOURCE / "koopmark" / "analysis").rglob("*.py")
        for name in imported(path)
        if {name.split(".")[0], ".".join(name.split(".")[:2])} & html
    ]
    assert found == []


def test_the_hooks_of_a_commit_run_what_make_lint_runs():
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    of_make = re.findall(r"\$\(BIN\)/(ruff \w+|[\w-]+)", recipe[1])
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    entries = [re.match(r"\.venv/bin/(ruff \w+|[\w-]+)", hook["entry"]) for hook in local["hooks"]]
    assert [entry[1] for entry in entries] == of_make
    assert local["repo"] == "local"


def test_what_is_mutated_and_its_tests_exist():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    patterns = [*settings["only_mutate"], *settings["pytest_add_cli_args_test_selection"]]
    assert [pattern for pattern in patterns if not [*ROOT.glob(pattern)]] == []
