import pandas as pd
import pytest
from hostile_methods import Good

from koopmark._files import write_text
from koopmark.store.export import export
from koopmark.store.portraits import POINTS
from koopmark.store.rows import Outcome, make_rows
from koopmark.store.store import Store
from koopmark.store.tables import TABLES, Rows


def test_every_table_is_written_with_its_columns(tmp_path, make_cell):
    cell = make_cell(Good())
    with Store(tmp_path) as store:
        store.follow([cell])
        store.record(make_rows(cell, Outcome("failed", "no")), cell)
    export(tmp_path)
    written = {**TABLES, "eigenfunctions": POINTS}
    del written["portraits"]
    for name, columns in written.items():
        assert pd.read_csv(tmp_path / f"{name}.csv").columns.tolist() == list(columns)


def test_csv_holds_every_digit_and_infinity(tmp_path, make_cell):
    cell = make_cell(Good())
    values = [0.1 + 0.2, 1 / 3, float("inf")]
    pairs = [{"fit_id": cell.fit_id, "residual": value} for value in values]
    with Store(tmp_path) as store:
        store.follow([cell])
        store.record(Rows(make_rows(cell, Outcome("ok")).fit, [], pairs), cell)
    export(tmp_path)
    text = pd.read_csv(tmp_path / "eigenpairs.csv", dtype=str)
    assert [float(value) for value in text["residual"]] == values


def test_whole_numbers_stay_whole_beside_missing_ones(tmp_path, make_cell):
    cells = [make_cell(Good(), seed=seed) for seed in range(2)]
    with Store(tmp_path) as store:
        store.follow(cells)
        done = make_rows(cells[0], Outcome("ok"))
        store.record(Rows({**done.fit, "recovered": 3}), cells[0])
        store.record(make_rows(cells[1], Outcome("failed")), cells[1])
    export(tmp_path)
    text = pd.read_csv(tmp_path / "fits.csv", dtype=str, keep_default_na=False)
    assert text["recovered"].tolist() == ["3", ""]


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \udc80")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
