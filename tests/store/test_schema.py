"""Stores of other versions, and damaged ones."""

import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hostile_methods import Good

from koopmark._errors import ConfigError
from koopmark.store.schema import SCHEMA
from koopmark.store.store import FILE, Store, counts, read
from koopmark.workers.cell import run_cell


@pytest.fixture
def cells(make_cell):
    return [make_cell(Good(), seed=seed) for seed in range(3)]


@pytest.mark.parametrize("version", [SCHEMA - 1, SCHEMA + 1])
def test_a_store_with_other_tables_is_left_alone_and_says_how_to_go_on(tmp_path, version):
    with Store(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute(f"PRAGMA user_version = {version}")
    before = (tmp_path / FILE).read_bytes()
    for use in (Store, read, counts):
        with pytest.raises(ConfigError, match=f"of version {version} .*--out.*--fresh"):
            use(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    with Store(tmp_path, fresh=True):
        pass


@pytest.fixture(scope="module")
def intact(tmp_path_factory, make_cell, cache_dir):
    """A store with some fits, what is in it, and its cells."""
    folder = tmp_path_factory.mktemp("intact")
    cells = [make_cell(Good(), f"method {k}", seed=k % 3) for k in range(12)]
    with Store(folder) as store:
        store.follow(cells)
        for cell in cells:
            store.record(run_cell(cell, folder, cache_dir), cell)
    return folder, read(folder), cells


def texts(tables, fit_ids=None):
    """The tables as they are exported, those of some fits only."""
    kept = {
        name: table if fit_ids is None else table[table["fit_id"].isin(fit_ids)]
        for name, table in tables.items()
    }
    return {name: table.to_csv(index=False) for name, table in kept.items()}


def damage(path, source, number):
    """Flip, blank or cut the file, in a way that depends on the number alone."""
    draw = random.Random(number)
    data = bytearray(source.read_bytes())
    kind = number % 4
    place = draw.randrange(len(data))
    if kind == 0:
        data[place] ^= 1 << draw.randrange(8)
    elif kind == 1:
        for _ in range(20):
            data[draw.randrange(len(data))] = draw.randrange(256)
    elif kind == 2:
        data[place : place + 512] = bytes(len(data[place : place + 512]))
    else:
        del data[place:]
    path.write_bytes(data)


def refusal(use, folder):
    """What `use` gives, and what it says where it refuses."""
    try:
        return use(folder), ""
    except ConfigError as error:
        return None, str(error)


def check_survival(folder, tables, cells):
    """Damage is told or harmless, and a run goes on to the same numbers."""
    found, said = refusal(read, folder)
    if found is None:
        assert "run its suite again" in said or "of version" in said
    else:
        assert texts(found) == texts(tables), "other numbers without a word"
    store, said = refusal(Store, folder)
    if store is None:
        assert "--fresh" in said
        store = Store(folder, fresh=True)
    with store:
        store.follow(cells)
        missing = store.unfinished(cells)
    kept = [cell.fit_id for cell in cells if cell not in missing]
    assert texts(read(folder)) == texts(tables, kept)
    return len(kept)


@pytest.mark.parametrize("first", [0, pytest.param(40, marks=pytest.mark.slow)])
def test_damage_is_told_and_never_gives_other_numbers(intact, tmp_path, first):
    folder, tables, cells = intact
    for number in range(first, first + (40 if first == 0 else 100)):
        broken = tmp_path / str(number)
        broken.mkdir()
        damage(broken / FILE, folder / FILE, number)
        check_survival(broken, tables, cells)
        shutil.rmtree(broken)


def test_a_changed_number_is_found_and_its_fit_alone_done_again(intact, tmp_path):
    folder, _, cells = intact
    shutil.copy(folder / FILE, tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute(
            "UPDATE targets SET eigenvalue_error = 1e-9 WHERE fit_id = ?", (cells[4].fit_id,)
        )
    with pytest.raises(ConfigError, match=r"damaged \(1 of its fits are not what was written\)"):
        read(tmp_path)
    with Store(tmp_path) as store:
        assert store.unfinished(cells) == [cells[4]]
        assert "11 fits in it are intact and kept" in store.note
    assert (tmp_path / "damaged-1.sqlite").is_file()


@pytest.mark.parametrize("column", ["frame", "difference", "portrait_error"])
def test_a_portrait_that_was_changed_is_found_and_its_fit_alone_done_again(
    intact, tmp_path, column
):
    folder, _, cells = intact
    shutil.copy(folder / FILE, tmp_path)
    changed = {"frame": "0" * 32, "difference": b"?", "portrait_error": 1e-9}[column]
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute(
            f"UPDATE portraits SET {column} = ? WHERE fit_id = ?", (changed, cells[4].fit_id)
        )
    with pytest.raises(ConfigError, match=r"damaged \(1 of its fits are not what was written\)"):
        read(tmp_path)
    with Store(tmp_path) as store:
        assert store.unfinished(cells) == [cells[4]]


@pytest.mark.parametrize("change", ["UPDATE frames SET frame = X'00'", "DELETE FROM frames"])
def test_a_frame_that_was_changed_takes_the_fits_with_it_that_were_shown_in_it(
    intact, tmp_path, change
):
    folder, tables, cells = intact
    shutil.copy(folder / FILE, tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        frames = db.execute("SELECT name FROM frames").fetchall()
        assert len(frames) == 3  # of three seeds, for twelve methods
        (lost,) = frames[1]
        db.execute(f"{change} WHERE name = ?", (lost,))
        shown = {
            name for (name,) in db.execute("SELECT fit_id FROM portraits WHERE frame = ?", (lost,))
        }
    assert len(shown) == 4
    with pytest.raises(ConfigError, match=r"damaged \(4 of its fits are not what was written\)"):
        read(tmp_path)
    with Store(tmp_path) as store:
        assert {cell.fit_id for cell in store.unfinished(cells)} == shown
        kept = [cell.fit_id for cell in cells if cell.fit_id not in shown]
        store.follow(cells)
    assert texts(read(tmp_path)) == texts(tables, kept)


def test_a_plan_that_was_changed_is_not_read(intact, tmp_path):
    folder, _, _ = intact
    shutil.copy(folder / FILE, tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute("UPDATE plan SET method = 'another' WHERE place = 3")
    with pytest.raises(ConfigError, match="its plan is not what was written"):
        read(tmp_path)


def test_a_file_that_is_no_database_is_set_aside(tmp_path, cells):
    text = "not a database, but long enough to be looked at" * 100
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match=r"run\.sqlite: damaged .*--out"):
        read(tmp_path)
    with Store(tmp_path) as store:
        assert "was damaged" in store.note
        assert store.unfinished(cells) == cells
    assert (tmp_path / "damaged-1.sqlite").read_text() == text


def test_a_folder_in_the_place_of_a_file_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / FILE).mkdir()
    for folder in (tmp_path / "file", tmp_path, Path(os.devnull)):
        with pytest.raises(ConfigError, match="cannot be written to"):
            Store(folder)
