from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hostile_methods import Good, Raises

from koopmark.scoring._portraits import GRID, Frame, Portrait
from koopmark.store import Store, write_tables
from koopmark.store._portraits import (
    DIFFERENCE_DIGITS,
    EXACT_DIGITS,
    POINTS,
    PREFIX,
    eigenfunctions,
    portrait_row,
    rounded,
)
from koopmark.store._tables import PORTRAITS
from koopmark.workers._cell import run_cell

SHOWN = 2 * 3 + 2 + GRID * GRID


def portrait(seed=0, exact=None, imaginary=False):
    """Two trajectories of three times, two other states, a slice."""
    rng = np.random.default_rng(5)
    axes = np.array([np.linspace(0.0, 1.0, GRID), np.linspace(2.0, 3.0, GRID)])
    frame = Frame(
        0,
        "-1",
        -1 + 0j,
        np.array([4, 1]),
        np.array([0, 5, 10]),
        np.array([0.0, 0.1 + 0.2, 1.0]),
        np.array([[2, 5], [3, 10]]),
        np.array([0, 7]),
        axes,
        np.zeros(8),
        rng.standard_normal(SHOWN) if exact is None else exact,
    )
    own = np.random.default_rng(seed)
    difference = own.standard_normal(SHOWN) * 10.0 ** own.integers(-300, 300, SHOWN)
    if imaginary:
        difference = difference + 1j * own.standard_normal(SHOWN)
    difference[3] = np.nan
    return Portrait(frame, difference, 0.1 + 0.2)


def table(**portraits):
    rows = [
        {"dataset": "d", "seed": 0, "method": method, **portrait_row(one)}
        for method, one in portraits.items()
    ]
    return pd.DataFrame(rows, columns=list(PORTRAITS))


def test_numbers_keep_their_leading_digits_and_what_is_not_finite_is_missing():
    values = np.array([1 / 3, -1234567.0, 5e-324, np.nan, np.inf])
    assert rounded(values, 4) == [0.3333, -1235000.0, 5e-324, None, None]


def test_every_point_of_every_method_is_in_the_table():
    one, other = portrait(seed=1), portrait(seed=2)
    points = eigenfunctions(table(one=one, other=other))
    assert len(points) == SHOWN + 1
    assert points["exact"][:-1].tolist() == rounded(one.frame.exact, EXACT_DIGITS)
    for name, whole in (("one", one), ("other", other)):
        *differences, angle = points[PREFIX + name]
        expected = np.array(rounded(whole.difference, DIFFERENCE_DIGITS), float)
        np.testing.assert_array_equal(differences, expected)
        assert angle == whole.error
        assert np.isnan(differences[3])
    assert points["part"].value_counts().to_dict() == {
        "map": GRID * GRID,
        "trajectory": 6,
        "state": 2,
        "angle": 1,
    }


def test_two_targets_of_one_label_have_rows_of_their_own():
    one = portrait(seed=1)
    frame = replace(one.frame, index=1)
    points = eigenfunctions(
        pd.concat([table(one=one), table(one=replace(portrait(seed=2), frame=frame))])
    )
    assert len(points) == 2 * (SHOWN + 1)
    assert points.groupby("target_index").size().to_dict() == {0: SHOWN + 1, 1: SHOWN + 1}


def test_points_say_where_they_are():
    one = portrait()
    points = eigenfunctions(table(one=one))
    along = points[points["part"] == "trajectory"]
    assert along["trajectory"].tolist() == [4, 4, 4, 1, 1, 1]
    assert along["time"].tolist() == [0.0, 0.3, 1.0] * 2
    states = points[points["part"] == "state"]
    assert states[["trajectory", "time"]].to_numpy().tolist() == [[2, 0.3], [3, 1.0]]
    grid = points[points["part"] == "map"]
    assert set(grid["i"]) == {1}
    assert set(grid["j"]) == {8}
    assert grid["x_i"].tolist() == rounded(one.frame.axes[0], EXACT_DIGITS) * GRID
    assert grid["x_j"].iloc[GRID] == rounded(one.frame.axes[1], EXACT_DIGITS)[1]


def test_complex_values_have_a_row_for_each_component():
    real, other = portrait(seed=1), portrait(seed=2, imaginary=True)
    points = eigenfunctions(table(real=real, other=other))
    imaginary = points[points["component"] == "im"]
    assert len(imaginary) == SHOWN
    assert set(imaginary["exact"]) == {0.0}
    assert imaginary[PREFIX + "real"].dropna().eq(0.0).all()
    expected = np.array(rounded(other.difference.imag, DIFFERENCE_DIGITS), float)
    np.testing.assert_array_equal(imaginary[PREFIX + "other"], expected)


def test_methods_that_were_shown_other_points_have_rows_of_their_own():
    points = eigenfunctions(table(one=portrait(), other=portrait(exact=np.ones(SHOWN))))
    assert len(points) == 2 * (SHOWN + 1)
    assert points[PREFIX + "one"].notna().sum() == points[PREFIX + "other"].notna().sum() == SHOWN


@pytest.mark.parametrize("name", ["exact", "part", 'a "quoted", one', "<script>"])
def test_a_method_may_be_called_as_a_column_is(name, tmp_path):
    eigenfunctions(table(**{name: portrait()})).to_csv(tmp_path / "points.csv", index=False)
    read = pd.read_csv(tmp_path / "points.csv")
    assert read.columns.tolist() == [*POINTS, PREFIX + name]


def test_portraits_of_a_run_are_stored_and_exported(tmp_path, make_cell, cache_dir):
    cells = [make_cell(Good(), seed=0), make_cell(Raises(), seed=0), make_cell(Good(), seed=1)]
    with Store(tmp_path) as store:
        store.follow(cells)
        for cell in cells:
            store.record(run_cell(cell, tmp_path, cache_dir), cell)
    write_tables(tmp_path)
    points = pd.read_csv(tmp_path / "eigenfunctions.csv")
    assert points.columns.tolist() == [*POINTS, PREFIX + "Good"]
    assert set(points["seed"]) == {0, 1}
    exact = points["exact"].abs().max()
    assert points[PREFIX + "Good"].abs().max() < 1e-6 * exact
    angles = points[points["part"] == "angle"][PREFIX + "Good"]
    errors = pd.read_csv(tmp_path / "targets.csv").query("status == 'ok'")["eigenfunction_error"]
    np.testing.assert_allclose(angles, errors, rtol=1e-2, atol=1e-13)
