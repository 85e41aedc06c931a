"""From the methods of a suite to its rows: dictionaries, defaults, and that they are fair."""

import json

import pytest

from koopmark._errors import ConfigError
from koopmark.plan import load_suite, names
from koopmark.plan._cells import plan
from koopmark.plan._data import sources
from koopmark.plan._rows import ANCHORS, rows

DEGREES = 'dictionaries = [{ kind = "monomials", degree = 1 }, { kind = "monomials", degree = 3 }]'
MINE = """
from dataclasses import dataclass, field
from koopmark.methods import Method
from koopmark.methods.dictionaries import AnyDictionary, Monomials

@dataclass(frozen=True)
class Mine(Method):
    dictionary: AnyDictionary = field(default_factory=Monomials)
    shift: float = 1.0

    def _fit(self, trajectories): ...
"""


@pytest.fixture
def suite(tmp_path):
    """A suite of methods, such as `"pydmd.dmd"` or a table in TOML, with further keys."""

    def suite(*entries, keys="", datasets=("three_populations",), tables=""):
        path = tmp_path / "mine.toml"
        path.write_text(
            f'title = "T"\nquestion = "Q?"\nseeds = 1\ndatasets = {json.dumps(datasets)}\n{keys}\n'
            f"methods = [{', '.join(entries)}]\n{tables}"
        )
        return load_suite(path)

    return suite


def listed(suite):
    cells = plan(suite)
    return [cell.label for cell in cells if cell.label not in ANCHORS]


def test_a_method_may_be_a_name_alone(suite):
    assert listed(suite('"pydmd.dmd"', '{ use = "koopmark.ssd" }')) == ["pydmd.dmd", "koopmark.ssd"]


def test_a_method_that_takes_a_dictionary_appears_once_with_each(suite):
    assert listed(suite('"koopmark.qr_edmd"', '"pykoopman.edmd_polynomial"', keys=DEGREES)) == [
        "koopmark.qr_edmd[degree=1]",
        "koopmark.qr_edmd[degree=3]",
        "pykoopman.edmd_polynomial[degree=1]",
        "pykoopman.edmd_polynomial[degree=3]",
    ]


def test_a_method_is_given_the_dictionary_in_its_own_words(suite):
    degree = {"degree": 3}
    monomials = {"kind": "monomials", "state": True, "constant": True, **degree}
    planned = plan(suite('"koopmark.qr_edmd"', '"pykoopman.edmd_polynomial"', keys=DEGREES))
    options = {cell.label: cell.method.to_options() for cell in planned}
    assert options["koopmark.qr_edmd[degree=3]"]["dictionary"] == monomials
    assert options["pykoopman.edmd_polynomial[degree=3]"] == degree


def test_other_options_and_a_name_stay(suite):
    entries = (
        '{ use = "koopmark.varpro_edmd", options = { products = 3 } }',
        '{ use = "koopmark.ssd", name = "spaces" }',
        '{ use = "koopmark.qr_edmd" }',
    )
    fourier = 'dictionaries = [{ kind = "random_fourier", count = 9 }]'
    assert listed(suite(*entries, keys=fourier)) == [
        "koopmark.varpro_edmd[products=3, random_fourier, count=9]",
        "spaces[random_fourier, count=9]",
        "koopmark.qr_edmd[random_fourier, count=9]",
    ]


def test_a_method_that_takes_no_dictionary_or_has_its_own_stays_as_it_is(suite):
    own = '{ use = "koopmark.ssd", options = { dictionary = { kind = "monomials", degree = 4 } } }'
    assert listed(suite('"pykoopman.default"', own, '"koopmark.qr_edmd"', keys=DEGREES))[:2] == [
        "pykoopman.default",
        "koopmark.ssd[degree=4]",
    ]


def test_the_datasets_of_an_entry_hold_for_all_its_rows(suite):
    entry = '{ use = "koopmark.qr_edmd", without = ["rnn_10_2"] }'
    kept = suite(entry, '"pydmd.dmd"', keys=DEGREES, datasets=("three_populations", "rnn_10_2"))
    ran = {cell.label for cell in plan(kept) if cell.dataset == "rnn_10_2"}
    assert ran == {"pydmd.dmd[degree=1]", "pydmd.dmd[degree=3]", *ANCHORS}


def test_a_dictionary_with_too_many_functions_on_a_dataset_is_left_out_there(suite):
    # C(13, 3) = 286 functions in ten variables, 20 in three.
    for most, expected in ((285, {"three_populations"}), (286, {"three_populations", "rnn_10_2"})):
        kept = suite(
            '"koopmark.qr_edmd"',
            keys=f"{DEGREES}\nmax_functions = {most}",
            datasets=("three_populations", "rnn_10_2"),
        )
        ran = {(cell.label, cell.dataset) for cell in plan(kept)}
        assert {data for label, data in ran if label == "koopmark.qr_edmd[degree=3]"} == expected
        assert ("koopmark.qr_edmd[degree=1]", "rnn_10_2") in ran


def test_with_defaults_each_method_is_there_as_its_library_has_it(suite):
    assert listed(suite('"pydmd.dmd"', '"deeptime.dmd"', keys=f"{DEGREES}\ndefaults = true")) == [
        "pydmd.dmd[degree=1]",
        "pydmd.dmd[degree=3]",
        "pydmd.dmd_default",
        "deeptime.dmd[degree=1]",
        "deeptime.dmd[degree=3]",
        "deeptime.dmd_default",
    ]


def test_a_default_that_another_row_is_already_is_not_there_twice(suite):
    degrees = DEGREES.replace("3", "2")
    planned = plan(suite('"koopmark.qr_edmd"', keys=f"{degrees}\ndefaults = true"))
    is_default = {cell.label: cell.method.is_library_default for cell in planned[:-2]}
    assert is_default == {"koopmark.qr_edmd[degree=1]": False, "koopmark.qr_edmd[degree=2]": True}


def test_two_entries_of_one_class_share_its_default(suite):
    found = listed(suite('"pydmd.lando_linear"', '"pydmd.lando_cubic"', keys="defaults = true"))
    assert [name for name in found if "default" in name] == ["pydmd.lando_linear_default"]


def test_a_method_without_a_default_is_there_as_it_is_listed(suite):
    assert listed(suite('"deeptime.kernel_edmd"', keys="defaults = true")) == [
        "deeptime.kernel_edmd"
    ]


def test_a_method_of_ones_own_has_dictionaries_and_a_default_too(suite, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    entry = '{ use = "mine.py:Mine", options = { shift = 2.0 } }'
    assert listed(suite(entry, keys=f"{DEGREES}\ndefaults = true")) == [
        "mine.py:Mine[shift=2.0, degree=1]",
        "mine.py:Mine[shift=2.0, degree=3]",
        "mine.py:Mine",
    ]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            'dictionaries = [{ kind = "monomial", degree = 1 }]',
            "dictionaries.0: .*kind.* = 'monomial': did you mean 'monomials'",
        ),
        (
            'dictionaries = [{ kind = "monomials", degree = 0 }]',
            "degree must be at least 1, got 0",
        ),
        ("budget = 0", "budget = 0: it must be greater than 0"),
        ("max_functions = 0", "max_functions = 0: it must be greater than or equal to 1"),
        ("defaults = 1", "defaults = 1: it must be a valid boolean"),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(suite, keys, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        suite('"koopmark.qr_edmd"', keys=keys)
    assert "\n" not in str(caught.value)


def test_a_dictionary_that_no_method_takes_is_a_mistake(suite):
    given = suite('"pykoopman.edmd_polynomial"', keys='dictionaries = [{ kind = "nystroem" }]')
    with pytest.raises(ConfigError, match=r"dictionaries\.0: no method of this suite takes it"):
        plan(given)


def as_monomials(options):
    """Options with the constant and the state as what they are, monomials of degree 1."""
    table = options.get("dictionary")
    if not table or table["kind"] != "identity":
        return options
    return {**options, "dictionary": {**table, "kind": "monomials", "degree": 1}}


def having(method, dictionary):
    """Its options with this dictionary, and what stays of them with another; None if it cannot."""
    taken = method.options_with(dictionary)
    if taken is None:
        return None
    options = method.to_options()
    rest = {key: value for key, value in options.items() if key not in taken}
    return as_monomials({**options, **taken}), json.dumps([type(method).__name__, rest])


def unequal(suite):
    """Methods that can take a dictionary that another one is given, and are not given it."""
    data = sources(suite)
    known = {name for source in data for name in source.names}
    # What a library has by default is no choice of the suite's.
    listed = rows(suite.model_copy(update={"defaults": False}), known)
    listed = [row for row in listed if row.entry.use not in ANCHORS]
    runs = {
        row.entry.label: {one.names for one in data if row.runs_on(one, suite.max_functions)}
        for row in listed
    }
    dictionaries = [{"kind": "monomials", "degree": degree} for degree in range(1, 6)]
    dictionaries += [dict(table) for table in suite.dictionaries]
    dictionaries += [
        row.method.to_options()["dictionary"] for row in listed if hasattr(row.method, "dictionary")
    ]
    found = set()
    for dictionary in dictionaries:
        could = {row.entry.label: having(row.method, dictionary) for row in listed}
        has = {
            row.entry.label
            for row in listed
            if could[row.entry.label]
            and could[row.entry.label][0] == as_monomials(row.method.to_options())
        }
        somewhere = set().union(*(runs[label] for label in has))
        for row in listed:
            if could[row.entry.label] is None:
                continue
            kin = [other for other in has if could[other][1] == could[row.entry.label][1]]
            there = set().union(*(runs[label] for label in kin))
            if runs[row.entry.label] & somewhere - there:
                found.add((row.entry.label, json.dumps(dictionary)))
    return found


@pytest.mark.parametrize("name", names())
def test_no_shipped_suite_keeps_a_dictionary_from_a_method_that_could_take_it(name):
    suite = load_suite(name)
    kept = {label.partition("[")[0] for label, _ in unequal(suite)}
    reasons = [word.strip(".,:") for word in (suite.unequal or "").split()]
    assert [use for use in kept if not use.startswith(tuple(reasons) or (" ",))] == []
    assert bool(kept) == bool(suite.unequal)


def test_a_dictionary_that_one_method_alone_is_given_is_found(suite):
    own = 'options = { dictionary = { kind = "monomials", degree = 3 } }'
    mine = f'{{ use = "koopmark.qr_edmd", {own} }}'
    theirs = '{ use = "pykoopman.edmd_polynomial" }'
    found = unequal(suite(mine, theirs))
    assert {label for label, _ in found} == {"koopmark.qr_edmd[degree=3]", theirs.split('"')[1]}
    assert unequal(suite(mine, theirs.replace(" }", ", options = { degree = 3 } }"))) == set()


@pytest.mark.parametrize("name", names())
def test_a_shipped_suite_has_a_budget(name):
    assert load_suite(name).budget
