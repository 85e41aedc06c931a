"""The map of a run: methods against targets, each cell in one of six words."""

import numpy as np
import pytest
from planted import Planted, planted, run_of

from koopmark.analysis.map import CELLS, SAYINGS, Cell
from koopmark.analysis.measure import Outcome

MISSES = {"functions_found": 0, "eigenvalues_found": 0}


@pytest.fixture(scope="module")
def mapped():
    methods = {
        "pydmd.good": Planted(1e-6, library="pydmd"),
        "pydmd.twin": Planted(1e-7, library="pydmd"),
        "pykoop.twin": Planted(1e-6, library="pykoop"),
        "own.best": Planted(1e-9),
        "own.blind": Planted(0.5, floor=0.5),
        "own.lost": Planted(0.5, floor=0.0, more=lambda *_: MISSES),
        "own.half": Planted(lambda dataset, seed, index: 1e-5 if seed == 0 else 0.5),
        "own.ill": Planted(1e-6, status={("a", s): "crashed" for s in (0, 1)}),
        "own.away": Planted(1e-6, datasets=("a", "b/noise=0.1")),
        "informed": Planted(1e-9, role="informed"),
        "anchor.exact": Planted(1e-12, role="anchor"),
    }
    names = ("a", "b", "b/noise=0.1")
    noise, floor = {"b/noise=0.1": 0.1}, {"b/noise=0.1": 0.01}
    tables = planted(methods, names, degrees=(1, 2), noise=noise, statistical_floor=floor)
    return run_of(*tables).map


def cell(mapped, method, column=0):
    return mapped.cells[list(mapped.methods["method"]).index(method), column]


def test_every_outcome_has_a_word_and_every_word_is_explained():
    assert set(CELLS) == set(Outcome)
    assert set(CELLS.values()) == set(SAYINGS) == set(Cell)


def test_columns_are_targets_by_problem(mapped):
    assert list(mapped.targets["dataset"]) == ["a", "a", "b", "b", "b/noise=0.1", "b/noise=0.1"]
    assert list(mapped.targets["problem"]) == ["a"] * 2 + ["b"] * 4
    assert list(mapped.targets["principal"]) == [True, False] * 3
    assert list(mapped.targets["noise"]) == [0.0] * 4 + [0.1] * 2


def test_groups_come_by_their_best_method_and_what_is_not_ranked_comes_last(mapped):
    groups = list(dict.fromkeys(mapped.methods["group"]))
    assert groups == ["koopmark", "pydmd", "pykoop", "informed", "anchor"]
    assert mapped.methods["method"].iloc[0] == "own.best"


def test_methods_of_a_library_that_agree_everywhere_share_a_row(mapped):
    rows = mapped.rows()
    assert ["pydmd.twin", "pydmd.good"] in rows
    assert ["pykoop.twin"] in rows


@pytest.mark.parametrize(
    ("method", "word"),
    [
        ("own.best", Cell.FOUND),
        ("own.blind", Cell.NOT_EXPRESSIBLE),
        ("own.lost", Cell.MISSED),
        ("own.half", Cell.MISSED),
        ("own.ill", Cell.FAILED),
    ],
)
def test_a_cell_says_what_most_seeds_came_to(mapped, method, word):
    assert cell(mapped, method) == word


def test_a_method_that_was_not_asked_has_an_empty_cell(mapped):
    assert cell(mapped, "own.away", 2) == Cell.NOT_RUN
    i = list(mapped.methods["method"]).index("own.away")
    assert mapped.seeds[i, 2] == 0
    assert np.isnan(mapped.digits[i, 2])


def test_errors_that_noise_explains_are_within_the_possible():
    methods = {"near": Planted(0.02), "far": Planted(0.5)}
    tables = planted(methods, ("a",), noise=0.1, statistical_floor=0.01)
    mapped = run_of(*tables).map
    assert cell(mapped, "near") == Cell.WITHIN
    assert cell(mapped, "far") == Cell.MISSED


def test_the_exponent_is_that_of_the_error(mapped):
    k = dict(zip(mapped.methods["method"], mapped.exponents[:, 0], strict=True))
    assert (k["own.best"], k["pydmd.twin"], k["pydmd.good"], k["own.lost"]) == (9, 7, 6, 0)


def test_methods_whose_digits_differ_by_more_than_one_have_rows_of_their_own():
    """A row is drawn with the digits of its first."""
    methods = {"a": Planted(1e-9), "b": Planted(3e-9), "c": Planted(1e-6)}
    assert run_of(*planted(methods, ("a",))).map.rows() == [["a", "b"], ["c"]]


def test_found_is_never_found_to_fewer_digits_than_that_takes():
    """Of the seeds one is found outright, one owes it to noise, one is missed."""
    errors = (1e-5, 5e-3, 0.9)
    some = Planted(lambda dataset, seed, index: errors[seed])
    mapped = run_of(*planted({"x": some}, ("a",), noise=0.1, statistical_floor=2e-3)).map
    assert (mapped.cells[0, 0], mapped.outcomes[0, 0]) == (Cell.WITHIN, Outcome.WITHIN)
    assert (mapped.seed[0, 0], mapped.found[0, 0]) == (1, 2)


def test_a_cell_names_the_first_seed_that_ended_so(mapped):
    i = list(mapped.methods["method"]).index("own.half")
    assert mapped.seed[i, 0] == 1
    assert (mapped.found[i, 0], mapped.seeds[i, 0]) == (1, 3)


def test_a_run_without_targets_has_an_empty_map():
    fits, targets = planted({"only": Planted(1e-6)})
    mapped = run_of(fits, targets.iloc[:0]).map
    assert mapped.cells.shape == (0, 0)
    assert mapped.rows() == []
