"""Names, options and libraries: what a user can ask for, and what a mistake says."""

import json
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from koopmark import methods
from koopmark._errors import ConfigError
from koopmark.methods import Identity, Method, Monomials
from koopmark.methods.adapters.pydmd import DMD
from koopmark.methods.own.qr_edmd import QREDMD

EVERY = methods.names()


@dataclass(frozen=True)
class Demanding(Method):
    """Has a field without a default."""

    rank: int

    def _fit(self, trajectories):
        raise NotImplementedError


@pytest.mark.parametrize("name", EVERY)
def test_options_of_every_method_survive_json(name):
    method = methods.get(name)
    options = json.loads(json.dumps(method.to_options()))
    assert methods.get(name, **options) == method


def test_options_replace_fields_and_leave_the_others():
    assert methods.get("pydmd.dmd", svd_rank=4) == DMD(svd_rank=4)


@pytest.mark.parametrize("given", [Monomials(3), {"kind": "monomials", "degree": 3}])
def test_a_dictionary_is_given_as_an_instance_or_as_a_mapping(given):
    assert methods.get("koopmark.qr_edmd", dictionary=given) == QREDMD(Monomials(3))


def test_a_method_is_told_in_a_line_with_the_options_that_make_it_another():
    plain, default = (methods.about(name) for name in ("pydmd.dmd", "pydmd.dmd_default"))
    assert plain == "Least-squares DMD (Tu et al. 2014) as PyDMD computes it."
    assert default == f"{plain[:-1]}; svd_rank=0."


def test_a_whole_number_is_a_number():
    assert methods.get("koopmark.qr_edmd", tolerance=0) == QREDMD(tolerance=0.0)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("pydmd.dmdd", {}, r"unknown method 'pydmd.dmdd': did you mean 'pydmd.dmd'\?"),
        ("mine.py", {}, "names a file and no method in it: write mine.py:Class$"),
        ("nothing", {}, "`koopmark list methods` shows them all$"),
        (
            "pydmd.dmd",
            {"rank": 1},
            r"no option 'rank': did you mean 'svd_rank'\? its options are svd_rank, dictionary$",
        ),
        ("deeptime.tica", {"epsilon": 1}, "has no option 'epsilon': it has no options$"),
        ("pydmd.dmd", {"svd_rank": "3"}, "svd_rank = '3': it must be a valid integer$"),
        ("pydmd.dmd", {"svd_rank": True}, "svd_rank = True: it must be a valid integer$"),
        ("pykoopman.kdmd", {"max_pairs": 0}, "max_pairs must be at least 1, got 0$"),
        ("pydmd.kernel_edmd", {"svd_rank": 0}, "svd_rank 0 "),
        ("anchor.random", {"limit": 0}, "limit must be at least 1, got 0$"),
        ("koopmark.qr_edmd", {"tolerance": 2}, "tolerance must be at least 0 and below 1"),
        ("koopmark.qr_edmd", {"tolerance": float("nan")}, "an option is not a plain value"),
        ("koopmark.qr_edmd", {"dictionary": 3}, "dictionary = 3: it must be an object$"),
        (
            "koopmark.qr_edmd",
            {"dictionary": {"degree": 3}},
            "the key 'dictionary.kind' is missing: it must be one of 'identity', 'monomials', "
            "'random_fourier', 'radial_basis', 'nystroem'$",
        ),
        (
            "koopmark.qr_edmd",
            {"dictionary": {"kind": "polynomials"}},
            r"kind = 'polynomials': did you mean 'monomials'\? it must be one of 'identity', ",
        ),
        (
            "koopmark.qr_edmd",
            {"dictionary": {"kind": "monomials", "order": 3}},
            "unknown key 'dictionary.order': the keys here are constant, degree, kind, state$",
        ),
        (
            "koopmark.qr_edmd",
            {"dictionary": {"kind": "monomials", "degree": 0}},
            "dictionary: degree must be at least 1, got 0$",
        ),
        (
            "pykoopman.kdmd",
            {"kernel": {"kind": "gaussian", "bandwidth": "wide"}},
            "kernel.bandwidth = 'wide': it must be a valid number$",
        ),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_is_allowed(name, options, message):
    with pytest.raises(ConfigError, match=message) as caught:
        methods.get(name, **options)
    assert "\n" not in str(caught.value)


def test_a_method_of_ones_own_is_named_by_module_and_class():
    own = "koopmark.methods.own.qr_edmd:QREDMD"
    assert methods.get(own, dictionary=Identity()) == QREDMD(Identity())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_module:DMD", "cannot be imported: ModuleNotFoundError: "),
        ("json:DMD", "json has no class 'DMD': it holds no method"),
        ("json:loads", "is not a class derived from koopmark.methods.Method"),
        (f"{__name__}:Demanding", "needs a default for every field"),
    ],
)
def test_a_method_of_ones_own_that_is_none_is_refused(name, message, monkeypatch):
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _this_module())
    with pytest.raises(ConfigError, match=message):
        methods.get(name)


def _this_module():
    import types

    module = types.ModuleType(__name__)
    module.Demanding = Demanding
    return module


ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYKOOPMAN = methods.get("pykoopman.default").tags.install


@pytest.mark.parametrize("library", ["deeptime", "kooplearn", "pykoop", "pykoopman"])
def test_a_missing_library_is_installed_by_what_its_extra_holds(library):
    needed = EXTRAS["optional-dependencies"][library]
    first = methods.get(next(name for name in EVERY if name.startswith(f"{library}.")))
    words = shlex.split(first.tags.install.partition(" && ")[0])
    assert words == ["pip", "install", *needed]


def test_what_is_installed_last_and_alone_is_what_the_project_pins():
    pinned = (ROOT / "requirements-nodeps.txt").read_text(encoding="utf-8").split()
    assert f"&& pip install --no-deps {' '.join(pinned)}" in PYKOOPMAN


@pytest.mark.parametrize("name", EVERY)
def test_every_method_is_available_here_and_names_its_version(name):
    method = methods.get(name)
    assert methods.availability(method) is None
    assert methods.library_version(method)[0].isdigit()


@pytest.mark.parametrize(
    ("name", "missing", "reason"),
    [
        ("pydmd.dmd", "pydmd", 'pydmd is not installed: pip install "pydmd>=2025.8"'),
        (
            "pykoopman.default",
            "pykoopman",
            f"pykoopman is not installed: {PYKOOPMAN}",
        ),
        (
            "pykoopman.default",
            "torch",
            f"pykoopman is not installed (it needs torch): {PYKOOPMAN}",
        ),
    ],
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    name, missing, reason, monkeypatch
):
    monkeypatch.setitem(sys.modules, missing, None)
    assert methods.availability(methods.get(name)) == reason


def test_methods_of_our_own_need_no_library(monkeypatch):
    for module in ("pydmd", "pykoopman", "torch", "sklearn"):
        monkeypatch.setitem(sys.modules, module, None)
    assert methods.availability(methods.get("koopmark.qr_edmd")) is None


def test_listing_the_methods_imports_no_library():
    heavy = "{'pydmd', 'pykoopman', 'pykoop', 'deeptime', 'kooplearn', 'torch', 'sklearn'}"
    heavy += " | {'pandas', 'matplotlib', 'scipy.stats'}"
    code = "import sys, koopmark.methods as m; m.names(); "
    code += f"print(sorted(({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_options_may_be_numbers_and_arrays_of_numpy():
    given = methods.get(
        "koopmark.qr_edmd",
        near=np.array([-1.0, -2.0]),
        count=np.int64(3),
        dictionary={"kind": "monomials", "degree": np.int16(3), "constant": np.True_},
    )
    assert given == methods.get(
        "koopmark.qr_edmd",
        near=[-1.0, -2.0],
        count=3,
        dictionary={"kind": "monomials", "degree": 3, "constant": True},
    )
    assert methods.get("pydmd.bopdmd_bagged", seed=np.uint32(7)).seed == 7


@pytest.mark.parametrize("seed", [True, np.True_, 3.0, np.float64(3), "3", None])
def test_an_integer_is_neither_true_nor_a_number_with_a_point(seed):
    with pytest.raises(ConfigError, match="seed"):
        methods.get("pydmd.bopdmd_bagged", seed=seed)


def test_a_method_is_asked_for_by_its_name():
    with pytest.raises(ConfigError, match="is its name or an instance of Method, got ndarray"):
        methods.get(np.ones(3))


def test_a_default_of_a_library_is_offered_where_the_method_without_options_is_another():
    for name in EVERY:
        method = methods.get(name)
        default = type(method).library_default()
        if name.endswith("_default"):
            assert method == default != type(method)() == methods.get(name.removesuffix("_default"))
        elif method == type(method)() and default is not None:
            assert methods.get(name if method == default else f"{name}_default") == default


def test_the_default_of_a_method_of_ones_own_is_the_method_without_options():
    assert QREDMD.library_default() == QREDMD()
    assert QREDMD().is_library_default
    assert not QREDMD(tolerance=1e-3).is_library_default


def test_an_anchor_and_a_method_whose_user_must_choose_have_no_default_of_the_library():
    for name in ("anchor.exact", "anchor.random", "deeptime.edmd", "pydmd.pidmd"):
        assert methods.get(name).library_default() is None
        assert not methods.get(name).is_library_default


def test_a_default_of_a_library_is_one_with_any_seed_and_however_its_dictionary_is_written():
    assert methods.get("pydmd.cdmd_default", seed=7).is_library_default
    state = {"kind": "monomials", "degree": 1, "constant": False}
    assert methods.get("pykoop.edmd", dictionary=state).is_library_default
    assert not methods.get("pykoop.edmd").is_library_default


CUBIC = {"kind": "monomials", "degree": 3}
AFFINE = {"kind": "identity"}
LINEAR = {"kind": "identity", "constant": False}
WAVES = {"kind": "random_fourier", "count": 7}


@pytest.mark.parametrize("dictionary", [CUBIC, AFFINE, LINEAR, WAVES])
def test_a_method_has_the_functions_of_the_dictionary_that_it_says_it_takes(dictionary):
    constant, taken = dictionary.get("constant", True), 0
    for name in EVERY:
        options = methods.get(name).options_with(dictionary)
        if options is None:
            continue
        taken += 1
        given = methods.get(name, **json.loads(json.dumps(options)))
        assert given.options_with(dictionary) == options
        if "dictionary" in options:
            assert given.dictionary.kind == dictionary["kind"]
            # VAMP adds the constant itself.
            assert given.dictionary.constant == (constant and not name.startswith("deeptime.vamp"))
        else:
            polynomial = given.kernel if "kernel" in options else given
            assert polynomial.degree == {"monomials": 3, "identity": 1}[dictionary["kind"]]
            assert constant
    assert taken > len(EVERY) / 3


@pytest.mark.parametrize(
    "name", ["pykoopman.edmd_rbf", "pydmd.lando_cubic", "pydmd.hankeldmd", "anchor.exact"]
)
def test_a_method_whose_functions_are_its_own_takes_no_dictionary(name):
    assert methods.get(name).options_with(CUBIC) is None


@pytest.mark.parametrize("name", ["pykoopman.edmd_polynomial", "pykoop.edmd_polynomial"])
def test_polynomials_of_a_library_are_monomials_up_to_a_degree_and_nothing_else(name):
    method = methods.get(name)
    assert method.options_with(CUBIC) == {"degree": 3}
    assert method.options_with(AFFINE) == {"degree": 1}
    assert method.options_with(LINEAR) is None
    assert method.options_with(WAVES) is None


def test_a_dictionary_that_does_not_exist_is_refused_in_a_sentence():
    with pytest.raises(ConfigError, match=r"monomials: degree must be at least 1, got 0$"):
        QREDMD.options_with({"kind": "monomials", "degree": 0})
