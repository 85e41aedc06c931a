"""What the digests of fits and of trajectories cover."""

import json
import shutil
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import hostile_methods
import pytest
from hostile_methods import Good
from hypothesis import given, settings
from hypothesis import strategies as st

import koopmark
from koopmark import _source, datasets, methods, systems
from koopmark._source import HERE, Source
from koopmark.datasets.dataset import SIMULATION
from koopmark.plan._source import EVERY_FIT, _classes, source_digest

PACKAGE = Path(koopmark.__file__).parent


def file_of(definition):
    return Path(sys.modules[definition.__module__].__file__)


@pytest.fixture(scope="module", autouse=True)
def _each_text_is_read_once():
    """What a text names depends on nothing else; copies of our source have it many times."""
    original = _source._outlined
    outlined = cache(lambda name, text: original(Path(name), text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_source, "_outlined", lambda path, text: outlined(path.name, text))
        yield


@pytest.fixture
def copy(tmp_path):
    """A copy of our source that a test may change."""
    package = tmp_path / "koopmark"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "_data"))
    return package


def roots_of_fit(method):
    return [*EVERY_FIT, *_classes(methods.get(method))]


def roots_of_data(recipe):
    return [*SIMULATION, *(root for section in recipe.sections() for root in section.code())]


# Every class of methods that can run here on one dataset, and one method on every kind of system.
# Written to standard output: for each fit the files of which a function was called, other than by
# an import. Functions of koopmark are compiled to say so: to trace every call of every library
# takes as long again as the fits.
EXECUTED = """
import ast, builtins, json, shutil, sys, tempfile
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path

called = set()

def calls(file):
    if file not in called and not imports(sys._getframe(1)):
        called.add(file)

def imports(frame):
    while frame is not None and frame.f_code.co_filename != "<frozen importlib._bootstrap>":
        frame = frame.f_back
    return frame is not None

builtins.calls_of_functions = calls

class Telling(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.body.insert(ast.get_docstring(node, clean=False) is not None, self.word())
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        self.generic_visit(node)
        both = ast.Tuple([self.word().value, node.body], ast.Load())
        node.body = ast.Subscript(both, ast.Constant(1), ast.Load())
        return node

    def word(self):
        return ast.parse(f"calls_of_functions({self.path!r})").body[0]

class Loader(SourceFileLoader):
    def get_code(self, fullname):
        telling = Telling()
        telling.path = self.path
        tree = telling.visit(ast.parse(self.get_data(self.path)))
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)

class Finder(MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname.partition(".")[0] != "koopmark":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(fullname, spec.loader.path)
        return spec

sys.meta_path.insert(0, Finder())

from koopmark import datasets, methods
from koopmark.workers._cell import run_cell, _dataset
from koopmark.plan import Cell, Limits
from koopmark.plan._cells import seeded
from koopmark.store._tables import _known
from koopmark.plan._source import _classes

def fit(name, method, recipe, folder):
    cell = Cell("id", "suite", recipe, 0, name, name, seeded(method, {}, ["test"]), "1", "", "",
                Limits(seconds=100, memory_mb=1e5))
    (folder / "notes").mkdir(exist_ok=True)
    return run_cell(cell, folder / "notes", folder / "cache").status

def small(name):
    recipe = datasets.load_recipe(name)
    sampling = recipe.sampling.model_copy(update={"trajectories": 12, "test_trajectories": 8,
                                                  "horizon": 10 * recipe.sampling.dt})
    return recipe.model_copy(update={"sampling": sampling})

recipes, kinds = [], set()
for name in datasets.names():
    recipe = small(name)
    about = (recipe.system.kind, recipe.initial_states.kind, recipe.truth.principal)
    # Of c_elegans the motor neurons are a recipe of the same kind.
    large = name == "c_elegans" or getattr(recipe.system, "n", 3) > 60
    if about not in kinds and not large:
        kinds.add(about)
        recipes.append(recipe)
fits = [("anchor.exact", methods.get("anchor.exact"), recipe) for recipe in recipes]
classes, three = set(), small("three_populations")
for name in methods.names():
    method = methods.get(name)
    depends_on = tuple(_classes(method))
    if methods.availability(method) is None and depends_on not in classes:
        classes.add(depends_on)
        method = methods.get(name, **method.promises().trial)
        fits.append((name, method, three))
found, made = [], None
with tempfile.TemporaryDirectory() as folder:
    for name, method, recipe in fits:
        method.prepare()
        # What makes data depends on the recipe alone: once for all methods.
        if name == "anchor.exact" or made != recipe:
            _dataset.cache_clear()
            _known.cache_clear()
            shutil.rmtree(Path(folder) / "cache", ignore_errors=True)
            made = recipe
        called.clear()
        status = fit(name, method, recipe, Path(folder))
        found.append((name, recipe.name, status, sorted(called)))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def executed():
    done = subprocess.run(
        [sys.executable, "-c", EXECUTED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def covered(source, method, recipe):
    """Files in the digests of a fit of `method` and of the trajectories of `recipe`."""
    data = roots_of_data(datasets.load_recipe(recipe))
    return source.closure(roots_of_fit(method)).files | source.closure(data).files


@pytest.mark.slow
def test_all_that_a_fit_executes_is_in_its_digest(executed):
    assert {status for _, _, status, _ in executed} <= {"ok", "skipped", "diverged", "failed"}
    assert sum(status == "ok" for _, _, status, _ in executed) > 60
    for method, recipe, _, files in executed:
        missing = set(map(Path, files)) - covered(HERE, method, recipe)
        assert not missing, (method, recipe, missing)


@pytest.mark.slow
def test_an_edit_in_any_package_changes_the_digest_of_the_fits_that_execute_it(executed, copy):
    places = {}
    for method, recipe, _, files in executed:
        for file in map(Path, files):
            places.setdefault(file.parent, {})[file] = (method, recipe)
    assert len(places) > 15

    @cache
    def roots(method, recipe):
        return roots_of_fit(method), roots_of_data(datasets.load_recipe(recipe))

    before = cache(lambda *pair: [HERE.digest(each) for each in roots(*pair)])
    for there in places.values():
        for file in there:
            (copy / file.relative_to(PACKAGE)).write_text(file.read_text() + "\nCHANGED = True\n")
        after = Source(copy)
        for method, recipe in set(there.values()):
            now = [after.digest(each) for each in roots(method, recipe)]
            assert before(method, recipe) != now, (method, recipe, there)
        for file in there:
            shutil.copyfile(file, copy / file.relative_to(PACKAGE))


def test_what_only_shows_numbers_is_in_no_digest():
    files = frozenset().union(*(HERE.closure(roots_of_fit(name)).files for name in methods.names()))
    reached = {path.relative_to(PACKAGE).parts[0] for path in files}
    shown = {"cli", "pages", "regression", "export", "analysis", "run", "cluster"}
    assert all((PACKAGE / name).is_dir() for name in shown)
    assert not reached & {*shown, "__main__.py"}
    inside = {path.relative_to(PACKAGE).as_posix() for path in files}
    parts = {"store/_store.py", "workers/_pool.py", "workers/_protocol.py"}
    assert all((PACKAGE / part).is_file() for part in parts)
    assert not inside & parts


def test_a_system_that_a_recipe_does_not_use_is_not_in_its_digest():
    files = HERE.closure(roots_of_data(datasets.load_recipe("rnn_10_2"))).files
    assert file_of(systems.random_rnn) in files
    assert file_of(systems.random_linear) not in files


def test_adding_a_method_changes_no_other_digest(copy):
    folder = copy / "methods" / "adapters" / "pydmd"
    (folder / "brand_new.py").write_text("class New:\n    pass\n")
    for table in (folder / "__init__.py", copy / "methods" / "_registry.py"):
        line = "from koopmark.methods.adapters.pydmd.brand_new import New\n"
        table.write_text(f'{table.read_text()}\n{line}\nMORE = {{"pydmd.new": New()}}\n')
    after = Source(copy)
    for name in methods.names():
        assert HERE.digest(roots_of_fit(name)) == after.digest(roots_of_fit(name)), name


def test_a_table_of_contents_that_names_another_definition_changes_the_digest(copy):
    # Both files are in the digest before and after: only what leads to them differs.
    table = copy / "spectrum" / "__init__.py"
    text = table.read_text()
    assert "    attractor,\n" in text
    before = HERE.digest(roots_of_fit("anchor.exact"))
    other = "from koopmark.spectrum._newton import newton as attractor\n\n__all__"
    table.write_text(text.replace("    attractor,\n", "", 1).replace("__all__", other, 1))
    assert Source(copy).digest(roots_of_fit("anchor.exact")) != before


def test_the_digest_is_that_of_the_source_when_it_was_imported(copy):
    before = HERE.digest(roots_of_fit("pydmd.dmd"))
    imported = Source(copy)
    (copy / "scoring" / "_evaluate.py").write_text("CHANGED = True\n")
    assert Source(copy).digest_of_package() != imported.digest_of_package()
    assert imported.digest(roots_of_fit("pydmd.dmd")) == before


def test_line_ends_do_not_matter(copy):
    for path in copy.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    after = Source(copy)
    assert after.digest_of_package() == HERE.digest_of_package()
    assert after.digest(roots_of_fit("pydmd.dmd")) == HERE.digest(roots_of_fit("pydmd.dmd"))


# What a fit uses, what its library is, and what that requires in turn.
@pytest.mark.parametrize("name", ["numpy", "kooplearn", "scikit-learn"])
def test_a_distribution_of_another_version_changes_the_digest(monkeypatch, name):
    def at(version):
        real = metadata.distribution(name).metadata
        real.replace_header("Version", version)
        there = SimpleNamespace(metadata=real)
        found = metadata.distribution
        monkeypatch.setattr(
            metadata, "distribution", lambda asked: there if asked == name else found(asked)
        )
        _source._versions.cache_clear()
        _source._about.cache_clear()
        digest = Source(PACKAGE).digest(roots_of_fit("kooplearn.ridge"))
        monkeypatch.undo()
        return digest

    try:
        assert at("2.0.0") != at("2.0.1")
    finally:
        _source._versions.cache_clear()
        _source._about.cache_clear()


def test_a_library_that_its_user_edits_is_in_the_digest_by_its_files(copy, tmp_path, monkeypatch):
    library = tmp_path / "elsewhere" / "editable_library"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("from editable_library.inner import f\n")
    (library / "inner.py").write_text("def f(): return 1\n")
    monkeypatch.syspath_prepend(str(library.parent))
    adapter = copy / "methods" / "adapter.py"
    adapter.write_text("def fit():\n    import editable_library\n    editable_library.f()\n")
    root = [("koopmark.methods.adapter", "fit")]
    before = Source(copy).digest(root)
    (library / "inner.py").write_text("def f(): return 2\n")
    assert Source(copy).digest(root) != before


HELPED = {
    "beside": ("import helper\n", "helper.py"),
    "a name of it": ("from helper import value\n", "helper.py"),
    "all names": ("from helper import *\n", "helper.py"),
    "relative": ("from .helper import value\n", "helper.py"),
    "relative, as a module": ("from . import helper\n", "helper.py"),
    "when called": ("def f():\n    import helper\n", "helper.py"),
    "by a call": (
        'from importlib import import_module\nh = import_module("helper")\n',
        "helper.py",
    ),
    "a package": ("import helper\n", "helper/__init__.py"),
    "a part of a package": ("import helper.part\n", "helper/part.py"),
    "a folder": ("import helper.part\n", "helper/part.py"),
    "by another": ("import between\n", "helper.py"),
    "if it is there": ("try:\n    import helper\nexcept ImportError:\n    pass\n", "helper.py"),
}
"""An import, and the file that it leads to."""


class TestFilesOfOthers:
    """A method's file and what it imports of files that have no version."""

    @pytest.mark.parametrize("how", HELPED)
    def test_an_edit_of_what_it_imports_changes_the_digest(self, tmp_path, how):
        line, name = HELPED[how]
        if name.startswith("helper/") and how != "a folder":
            (tmp_path / "helper").mkdir()
            (tmp_path / "helper" / "__init__.py").write_text("")
        (tmp_path / "between.py").write_text("import helper\nimport mine\n")
        helper = tmp_path / name
        helper.parent.mkdir(exist_ok=True)
        helper.write_text("value = 1\n")
        mine = tmp_path / "mine.py"
        mine.write_text(line)
        (tmp_path / "unused.py").write_text("value = 1\n")
        before = HERE.digest([mine])
        (tmp_path / "unused.py").write_text("value = 2\n")
        assert HERE.digest([mine]) == before
        helper.write_text("value = 22\n")
        assert HERE.digest([mine]) != before

    def test_one_on_the_path_counts_and_one_that_is_installed_does_not(self, tmp_path, monkeypatch):
        (tmp_path / "path").mkdir()
        (tmp_path / "path" / "far_helper.py").write_text("value = 1\n")
        monkeypatch.syspath_prepend(str(tmp_path / "path"))
        mine = tmp_path / "mine.py"
        mine.write_text("import numpy, json, far_helper\n")
        assert HERE.files_of_others([mine]) == {
            mine,
            tmp_path / "path" / "far_helper.py",
        }

    def test_what_it_uses_of_koopmark_counts(self, tmp_path):
        mine = tmp_path / "mine.py"
        mine.write_text("import koopmark\nfrom koopmark.methods import Monomials\n")
        files = HERE.closure([mine]).files
        assert file_of(methods.Monomials) in files
        assert file_of(type(methods.get("koopmark.ssd"))) not in files

    def test_a_method_that_fits_another_by_name_depends_on_all(self, tmp_path):
        mine = tmp_path / "mine.py"
        mine.write_text('import koopmark\n\ndef f(data):\n    koopmark.fit("pydmd.dmd", data)\n')
        files = HERE.closure([mine]).files
        assert file_of(type(methods.get("pydmd.dmd"))) in files

    def test_a_method_of_a_test_module_counts_with_its_file(self):
        assert Path(hostile_methods.__file__) in HERE.closure(list(_classes(Good()))).files
        assert source_digest(Good()) != source_digest(methods.get("pydmd.dmd"))


FORMS = {
    "name": ("from pack.{m} import f as g{i}\n", "g{i}()"),
    "module": ("import pack.{m}\n", "pack.{m}.f()"),
    "module as": ("import pack.{m} as m{i}\n", "m{i}.f()"),
    "from package": ("from pack import {m}\n", "{m}.f()"),
    "relative": ("from .{m} import f as g{i}\n", "g{i}()"),
    "relative module": ("from . import {m} as m{i}\n", "m{i}.f()"),
    "re-exported": ("from pack import f_{m}\n", "f_{m}()"),
    "re-exported attribute": ("import pack\n", "pack.f_{m}()"),
    "passed as a value": ("from pack import {m}\n", "getattr({m}, 'f')()"),
}
"""Ways to call the function of another module: the import, and the call."""


@settings(max_examples=60)
@given(data=st.data())
def test_what_an_import_of_any_form_leads_to_is_found_and_nothing_else(data, tmp_path_factory):
    count = data.draw(st.integers(2, 6), "modules")
    edges = data.draw(
        st.lists(
            st.tuples(
                st.integers(0, count - 1),
                st.integers(0, count - 1),
                st.sampled_from(sorted(FORMS)),
                st.booleans(),
            ),
            max_size=8,
        ),
        "calls",
    )
    package = tmp_path_factory.mktemp("graph") / "pack"
    package.mkdir()
    (package / "__init__.py").write_text(
        "".join(f"from pack.m{i} import f as f_m{i}\n" for i in range(count))
    )
    for i in range(count):
        top, inside, calls = "", "", "    pass\n"
        for origin, target, form, lazy in edges:
            if origin == i:
                line, call = (part.format(m=f"m{target}", i=target) for part in FORMS[form])
                if lazy:
                    inside += f"    {line}"
                else:
                    top += line
                calls += f"    {call}\n"
        (package / f"m{i}.py").write_text(f"{top}def f():\n{inside}{calls}")
    reached, waiting = {0}, [0]
    while waiting:
        at = waiting.pop()
        new = {target for origin, target, *_ in edges if origin == at} - reached
        reached |= new
        waiting += new
    found = Source(package).closure([("pack.m0", "f")]).files
    assert found == {package / f"m{i}.py" for i in reached}
