import os
import pickle
import signal
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hostile_methods import Good, Raises

from koopmark._errors import ConfigError
from koopmark._files import lock
from koopmark.plan import Level
from koopmark.store import FITS, POINTS, Outcome, Rows, Store, make_rows, read, write_tables
from koopmark.store._tables import HELD_OUT, SHARED, TABLES


def failed(cell):
    return make_rows(cell, Outcome("failed", "ValueError: no"))


def test_a_recorded_fit_is_read_back_with_its_targets(tmp_path, make_cell):
    cell = make_cell(Good())
    with Store(tmp_path) as store:
        store.follow([cell])
        store.record(failed(cell), cell)
    tables = read(tmp_path)
    assert list(tables["fits"].columns) == list(FITS)
    assert tables["fits"]["fit_id"].tolist() == [cell.fit_id]
    assert tables["targets"]["target"].tolist() == ["-1"]
    assert tables["targets"]["eigenvalue_error"].isna().all()


def test_a_fit_that_was_recorded_is_not_unfinished(tmp_path, make_cell):
    done, new = make_cell(Good(), seed=0), make_cell(Good(), seed=1)
    with Store(tmp_path) as store:
        store.record(failed(done), done)
    with Store(tmp_path) as store:
        assert store.unfinished([done, new]) == [new]


@pytest.mark.parametrize("status", ["timeout", "out_of_memory"])
def test_a_fit_that_ended_at_a_limit_is_done_again_where_the_limit_is_another(
    tmp_path, make_cell, status
):
    cell = make_cell(Good(), seconds=1.0)
    longer = replace(cell, limits=make_cell(Good(), seconds=2.0).limits)
    with Store(tmp_path) as store:
        store.record(make_rows(cell, Outcome(status)), cell)
        assert store.unfinished([cell]) == []
        assert store.unfinished([longer]) == [longer]


def test_a_failed_fit_is_kept_whatever_the_limits(tmp_path, make_cell):
    cell = make_cell(Raises(), seconds=1.0)
    longer = replace(cell, limits=make_cell(Raises(), seconds=2.0).limits)
    with Store(tmp_path) as store:
        store.record(failed(cell), cell)
        assert store.unfinished([longer]) == []


def test_recording_a_fit_again_replaces_its_rows(tmp_path, make_cell):
    cell = make_cell(Good())
    with Store(tmp_path) as store:
        store.follow([cell])
        store.record(failed(cell), cell)
        store.record(make_rows(cell, Outcome("skipped", "why not")), cell)
    tables = read(tmp_path)
    assert tables["fits"]["status"].tolist() == ["skipped"]
    assert tables["targets"]["status"].tolist() == ["skipped"]


def test_fits_that_left_the_plan_are_kept_but_not_exported(tmp_path, make_cell):
    old, new = make_cell(Good(), "old"), make_cell(Good(), "new")
    with Store(tmp_path) as store:
        for cell in (old, new):
            store.record(failed(cell), cell)
        store.follow([new])
        assert store.unfinished([old, new]) == []
    assert read(tmp_path)["fits"]["method"].tolist() == ["new"]
    assert read(tmp_path)["targets"]["method"].tolist() == ["new"]


def test_a_method_that_was_given_another_name_keeps_its_fits(tmp_path, make_cell):
    cell = make_cell(Good(), "before")
    with Store(tmp_path) as store:
        store.record(failed(cell), cell)
        store.follow([replace(cell, label="after")])
    assert read(tmp_path)["fits"]["method"].tolist() == ["after"]


def test_a_dataset_that_takes_another_place_in_a_sweep_keeps_its_fits(tmp_path, make_cell):
    cell = make_cell(Good())
    with Store(tmp_path) as store:
        store.record(failed(cell), cell)
        store.follow([replace(cell, level=Level("How noise hurts", "noise", 0.1, "0.1"))])
    row = read(tmp_path)["fits"].iloc[0]
    assert (row["family"], row["axis"], row["level"]) == ("How noise hurts", "noise", 0.1)


def test_a_dataset_in_no_sweep_has_no_level(tmp_path, make_cell):
    cell = make_cell(Good())
    with Store(tmp_path) as store:
        store.follow([cell])
        store.record(failed(cell), cell)
    row = read(tmp_path)["fits"].iloc[0]
    assert (row["family"], row["axis"], row["level_text"]) == ("", "", "")
    assert row["level"] != row["level"]


def test_rows_are_read_in_the_order_of_the_plan(tmp_path, make_cell):
    cells = [make_cell(Good(), seed=seed) for seed in range(4)]
    with Store(tmp_path) as store:
        store.follow(cells)
        for cell in reversed(cells):
            store.record(failed(cell), cell)
    assert read(tmp_path)["fits"]["seed"].tolist() == [0, 1, 2, 3]
    assert read(tmp_path)["targets"]["seed"].tolist() == [0, 1, 2, 3]


def test_floats_survive_the_store_to_the_last_bit(tmp_path, make_cell):
    cell = make_cell(Good())
    numbers = [0.1 + 0.2, 5e-324, float("inf"), -float("inf"), 1.7976931348623157e308]
    pairs = [
        {"fit_id": cell.fit_id, "index": i, "residual": value} for i, value in enumerate(numbers)
    ]
    with Store(tmp_path) as store:
        store.follow([cell])
        store.record(Rows(failed(cell).fit, [], pairs), cell)
    assert read(tmp_path)["eigenpairs"]["residual"].tolist() == numbers


def test_a_score_without_a_column_is_refused(tmp_path, make_cell):
    cell = make_cell(Good())
    rows = failed(cell)
    with Store(tmp_path) as store, pytest.raises(KeyError, match="fits has no column speed"):
        store.record(Rows({**rows.fit, "speed": 1.0}), cell)


def test_a_fit_whose_rows_cannot_all_be_stored_leaves_nothing(tmp_path, make_cell):
    cell = make_cell(Good())
    rows = failed(cell)
    with Store(tmp_path) as store:
        with pytest.raises(KeyError):
            store.record(Rows(rows.fit, rows.targets, [{"no such column": 1}]), cell)
        assert store.unfinished([cell]) == [cell]


def test_fresh_forgets_everything(tmp_path, make_cell):
    cell = make_cell(Good())
    with Store(tmp_path) as store:
        store.record(failed(cell), cell)
    with Store(tmp_path, fresh=True) as store:
        assert store.unfinished([cell]) == [cell]


def test_a_folder_without_a_run_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"not a run folder, it has no run\.jsonl"):
        read(tmp_path)


WRITER = """
import pickle, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from koopmark.store import Store
cells, rows = pickle.loads(Path({data!r}).read_bytes())
store = Store(Path({folder!r}))
store.follow(cells)
store.record(rows[0], cells[0])
class Slow:
    def __init__(self, file):
        self.file = file
    def write(self, text):
        self.file.write(text[:len(text) // 2])
        print("half way", flush=True)
        time.sleep(600)
store._file = Slow(store._file)
store.record(rows[1], cells[1])
"""


@pytest.fixture
def writer(warm, tmp_path, make_cell):
    """A process that has stored one fit and is in the middle of storing another."""
    cells = [make_cell(Good(), seed=seed) for seed in range(2)]
    data = tmp_path / "data"
    data.write_bytes(pickle.dumps((cells, [failed(cell) for cell in cells])))
    script = WRITER.format(
        tests=str(Path(__file__).parents[1] / "fixtures"),
        data=str(data),
        folder=str(tmp_path / "run"),
    )
    with warm.start("-c", textwrap.dedent(script), text=True) as process:
        try:
            assert process.stdout.readline() == "half way\n"
            yield process, tmp_path / "run", cells
        finally:
            process.kill()


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX systems")
def test_kill_9_in_the_middle_of_a_write_loses_that_fit_only(writer):
    process, folder, cells = writer
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert read(folder)["targets"]["fit_id"].tolist() == [cells[0].fit_id]
    with Store(folder) as store:
        assert store.unfinished(cells) == [cells[1]]


def test_a_second_writer_is_refused_while_the_first_lives(warm, tmp_path):
    folder = tmp_path / "run"
    hold = (
        "import time; from pathlib import Path; from koopmark.store import Store\n"
        f"store = Store(Path({str(folder)!r})); print('open', flush=True); time.sleep(600)"
    )
    with warm.start("-c", hold) as process:
        try:
            process.stdout.readline()
            with pytest.raises(ConfigError, match=f"another run \\(process {process.pid} on"):
                Store(folder)
        finally:
            process.kill()
    with Store(folder):
        pass


def test_a_writer_that_has_just_begun_is_waited_for_until_it_has_a_name(tmp_path):
    named = tmp_path / "run.lock"
    with ThreadPoolExecutor() as pool, lock(named).acquire():
        refused = pool.submit(Store, tmp_path)
        time.sleep(0.1)
        named.write_text("process 7 on there\n")
        with pytest.raises(ConfigError, match=r"another run \(process 7 on there\)"):
            refused.result()


def test_a_store_that_was_only_begun_is_no_run_folder(tmp_path):
    (tmp_path / "run.jsonl").touch()
    with pytest.raises(ConfigError, match=r"not a run folder yet, its run\.jsonl holds nothing"):
        read(tmp_path)


def test_every_table_is_written_with_its_columns(tmp_path, make_cell):
    cell = make_cell(Good())
    with Store(tmp_path) as store:
        store.follow([cell])
        store.record(make_rows(cell, Outcome("failed", "no")), cell)
    write_tables(tmp_path)
    written = {**TABLES, "eigenfunctions": POINTS}
    for name in ("portraits", *HELD_OUT):
        del written[name]
    for name, columns in written.items():
        assert pd.read_csv(tmp_path / f"{name}.csv").columns.tolist() == list(columns)
    assert {path.stem for path in tmp_path.glob("*.csv")} == set(written)


@pytest.mark.parametrize("name", HELD_OUT)
def test_a_table_of_held_out_data_is_written_with_its_columns_if_it_has_rows(
    name, tmp_path, make_cell
):
    cell = make_cell(Good())
    row = dict.fromkeys([column for column in TABLES[name] if column not in SHARED])
    rows = Rows(make_rows(cell, Outcome("ok")).fit, held_out={name: [row]})
    with Store(tmp_path) as store:
        store.follow([cell])
        store.record(rows, cell)
    write_tables(tmp_path)
    assert {path.stem for path in tmp_path.glob("*.csv")} & HELD_OUT.keys() == {name}
    assert pd.read_csv(tmp_path / f"{name}.csv").columns.tolist() == list(TABLES[name])


def test_csv_holds_every_digit_and_infinity(tmp_path, make_cell):
    cell = make_cell(Good())
    values = [0.1 + 0.2, 1 / 3, float("inf")]
    pairs = [{"fit_id": cell.fit_id, "residual": value} for value in values]
    with Store(tmp_path) as store:
        store.follow([cell])
        store.record(Rows(make_rows(cell, Outcome("ok")).fit, [], pairs), cell)
    write_tables(tmp_path)
    text = pd.read_csv(tmp_path / "eigenpairs.csv", dtype=str)
    assert [float(value) for value in text["residual"]] == values


def test_whole_numbers_stay_whole_beside_missing_ones(tmp_path, make_cell):
    cells = [make_cell(Good(), seed=seed) for seed in range(2)]
    with Store(tmp_path) as store:
        store.follow(cells)
        done = make_rows(cells[0], Outcome("ok"))
        store.record(Rows({**done.fit, "recovered": 3}), cells[0])
        store.record(make_rows(cells[1], Outcome("failed")), cells[1])
    write_tables(tmp_path)
    text = pd.read_csv(tmp_path / "fits.csv", dtype=str, keep_default_na=False)
    assert text["recovered"].tolist() == ["3", ""]
