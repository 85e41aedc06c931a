"""Stores of other versions, and damaged ones."""

import json
import os
import random
import shutil
from pathlib import Path

import pytest
from hostile_methods import Good

from koopmark._errors import ConfigError
from koopmark.store._store import FILE, SCHEMA, Store, _sealed, read
from koopmark.workers._cell import run_cell


@pytest.fixture
def cells(make_cell):
    return [make_cell(Good(), seed=seed) for seed in range(3)]


def change(path, which, how=None, seal=True):
    """Rewrite the records that `which` picks, or leave them out; their number.

    Without a `seal` of its own what is changed is what damage makes of it.
    """
    lines = []
    changed = 0
    for line in path.read_bytes().splitlines(keepends=True):
        if which(json.loads(line)[1]):
            changed += 1
            new = b"" if how is None else _sealed(how(json.loads(line)[1]))
            line = new if seal else line[:36] + new[36:]
        lines.append(line)
    path.write_bytes(b"".join(lines))
    return changed


@pytest.mark.parametrize("version", [SCHEMA - 1, SCHEMA + 1])
def test_a_store_with_other_tables_is_left_alone_and_says_how_to_go_on(tmp_path, version):
    with Store(tmp_path):
        pass
    change(tmp_path / FILE, lambda record: record.get("schema"), lambda old: {"schema": version})
    before = (tmp_path / FILE).read_bytes()
    for use in (Store, read):
        with pytest.raises(ConfigError, match=f"of version {version} .*--out.*--fresh"):
            use(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    with Store(tmp_path, fresh=True):
        pass


class Known(dict):
    """Tables that nobody changes: their texts are made once."""

    def __init__(self, tables):
        super().__init__(tables)
        self.texts = {}


@pytest.fixture(scope="module")
def intact(tmp_path_factory, make_cell, cache_dir):
    """A store with some fits, what is in it, and its cells."""
    folder = tmp_path_factory.mktemp("intact")
    cells = [make_cell(Good(), f"method {k}", seed=k % 3) for k in range(12)]
    with Store(folder) as store:
        store.follow(cells)
        for cell in cells:
            store.record(run_cell(cell, folder, cache_dir), cell)
    return folder, Known(read(folder)), cells


def fit_of(cell):
    return lambda record: record.get("fit", {}).get("fit_id") == cell.fit_id


def texts(tables, fit_ids=None):
    """The tables as they are exported, those of some fits only."""
    known, which = getattr(tables, "texts", {}), None if fit_ids is None else frozenset(fit_ids)
    if which not in known:
        kept = {
            name: table if fit_ids is None else table[table["fit_id"].isin(fit_ids)]
            for name, table in tables.items()
        }
        known[which] = {name: table.to_csv(index=False) for name, table in kept.items()}
    return known[which]


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


def check_survival(folder, tables, cells, cut=False):
    """Damage is told or harmless, and a run goes on to the same numbers."""
    found, said = refusal(read, folder)
    if found is None:
        assert "run its suite again" in said or "holds nothing" in said
    elif cut:
        # Of what is missing behind the end of a file nobody can know.
        there = set(found["fits"]["fit_id"])
        assert texts(found) == texts(tables, there)
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


@pytest.mark.parametrize("first", [0, pytest.param(40, marks=pytest.mark.nightly)])
def test_damage_is_told_and_never_gives_other_numbers(intact, tmp_path, first):
    folder, tables, cells = intact
    for number in range(first, first + (40 if first == 0 else 100)):
        broken = tmp_path / str(number)
        broken.mkdir()
        damage(broken / FILE, folder / FILE, number)
        # Its last line end is all that says where a file ends.
        whole = (broken / FILE).read_bytes().endswith(b"\n")
        check_survival(broken, tables, cells, cut=number % 4 == 3 or not whole)
        shutil.rmtree(broken)


def test_a_changed_number_is_found_and_its_fit_alone_done_again(intact, tmp_path):
    folder, _, cells = intact
    shutil.copy(folder / FILE, tmp_path)

    def another(record):
        record["targets"]["eigenvalue_error"] = [1e-9]
        return record

    assert change(tmp_path / FILE, fit_of(cells[4]), another, seal=False) == 1
    with pytest.raises(ConfigError, match=r"damaged \(1 of its lines is not what was written\)"):
        read(tmp_path)
    with Store(tmp_path) as store:
        assert store.unfinished(cells) == [cells[4]]
        assert "11 fits in it are intact and kept" in store.note
    assert (tmp_path / "damaged-1.jsonl").is_file()


@pytest.mark.parametrize("column", ["frame", "difference", "portrait_error"])
def test_a_portrait_that_was_changed_is_found_and_its_fit_alone_done_again(
    intact, tmp_path, column
):
    folder, _, cells = intact
    shutil.copy(folder / FILE, tmp_path)
    value = {"frame": "0" * 32, "difference": "?", "portrait_error": 1e-9}[column]

    def another(record):
        record["portraits"][column] = [value]
        return record

    change(tmp_path / FILE, fit_of(cells[4]), another, seal=False)
    with pytest.raises(ConfigError, match=r"damaged \(1 of its lines is not what was written\)"):
        read(tmp_path)
    with Store(tmp_path) as store:
        assert store.unfinished(cells) == [cells[4]]


@pytest.mark.parametrize("how", [lambda record: {"frame": "another"}, None])
def test_a_frame_that_was_changed_takes_the_fits_with_it_that_were_shown_in_it(
    intact, tmp_path, how
):
    folder, tables, cells = intact
    shutil.copy(folder / FILE, tmp_path)
    records = dict(map(json.loads, (tmp_path / FILE).read_text().splitlines()))
    frames = [seal for seal, record in records.items() if "frame" in record]
    assert len(frames) == 3  # of three seeds, for twelve methods
    shown = {
        record["fit"]["fit_id"]
        for record in records.values()
        if "fit" in record and frames[1] in record["portraits"]["frame"]
    }
    assert len(shown) == 4
    lost = records[frames[1]]
    assert change(tmp_path / FILE, lambda record: record == lost, how, seal=False) == 1
    with pytest.raises(ConfigError, match=r"damaged \([45] of its lines are not"):
        read(tmp_path)
    with Store(tmp_path) as store:
        assert {cell.fit_id for cell in store.unfinished(cells)} == shown
        kept = [cell.fit_id for cell in cells if cell.fit_id not in shown]
        store.follow(cells)
    assert texts(read(tmp_path)) == texts(tables, kept)


def test_a_plan_that_was_changed_is_not_read(intact, tmp_path):
    folder, _, _ = intact
    shutil.copy(folder / FILE, tmp_path)

    def another(record):
        record["plan"][3][3] = "another"
        return record

    change(tmp_path / FILE, lambda record: "plan" in record, another, seal=False)
    with pytest.raises(ConfigError, match="1 of its lines is not what was written"):
        read(tmp_path)


def test_a_file_that_never_was_a_store_is_set_aside(tmp_path, cells):
    text = "not a store, but long enough to be looked at" * 100
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match=r"run\.jsonl: damaged .*--out"):
        read(tmp_path)
    with Store(tmp_path) as store:
        assert "was damaged" in store.note
        assert store.unfinished(cells) == cells
    assert (tmp_path / "damaged-1.jsonl").read_text() == text


def test_a_folder_in_the_place_of_a_file_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / FILE).mkdir()
    for folder in (tmp_path / "file", tmp_path, Path(os.devnull)):
        with pytest.raises(ConfigError, match="cannot be written to"):
            Store(folder)


def test_what_does_not_belong_into_a_table_is_damage_whoever_sealed_it(intact, tmp_path):
    folder, _, cells = intact
    for column, values in {
        "eigenvalue_error": ["text"],
        "target": [3],
        "notes": [["list"]],
        "target_index": [1, 2],
    }.items():
        shutil.copy(folder / FILE, tmp_path)

        def another(record, column=column, values=values):
            record["targets"][column] = values
            return record

        change(tmp_path / FILE, fit_of(cells[4]), another)
        with pytest.raises(ConfigError, match=r"damaged .*it has invalid contents"):
            read(tmp_path)


def test_a_sealed_line_that_is_no_record_is_damage(intact, tmp_path):
    folder, tables, cells = intact
    for record in (3, [], {"fit": 3}, {"fit": {}}, {"unknown": 1}):
        shutil.copy(folder / FILE, tmp_path)
        with (tmp_path / FILE).open("ab") as file:
            file.write(_sealed(record))
        with pytest.raises(ConfigError, match="1 of its lines is not what was written"):
            read(tmp_path)
        with Store(tmp_path) as store:
            assert store.unfinished(cells) == []
        assert texts(read(tmp_path)) == texts(tables)
