"""Hostile names, reasons and outputs in a run: the page and the tables show them as text."""

import base64
import gzip
import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from koopmark._errors import ConfigError
from koopmark.analysis import tables
from koopmark.pages import write
from koopmark.pages.terminal import answers
from koopmark.plan import Level, Limits
from koopmark.regression import check
from koopmark.store import EIGENPAIRS, FILE, FITS, TARGETS, Rows, Store, sanitise, write_tables
from koopmark.store._store import _sealed

PIECES = ["<script>alert(1)</script>", "</script>", "<!--", "]]>", "<img src=x onerror=alert(1)>"]
PIECES += ['"', "'", "&lt;", "&#60;", "&", "{{ 7 * 7 }}", "{% raw %}", "<svg/onload=x>", "</td>"]
PIECES += ["javascript:alert(1)", "\\u003c", "\u2028", "\u202e", "%{x}", "${x}", "=1+1", "@x", "-1"]
PIECES += ["\x00", "\r", "\n", "\r\n", "\x1b[2J", "\ud800", "\ufffe", "\x85", "a,b", '""', "nan"]
PIECES += ["None", "1e999", "\\", "`", "<wbr>", "<sup>x</sup>", "<b>", '" onclick="x', "\t", "|"]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), min_size=1, max_size=4).map("".join)
KINDS = ("method", "dataset", "reason", "output", "notes", "options", "title", "axis", "library")


few = settings(max_examples=max(5, settings().max_examples // 10))
"""A page takes a second of a processor."""


class Case:
    """What a store asks of a cell."""

    suite = "s"
    limits = Limits()

    def __init__(self, number, words):
        self.fit_id = f"{number:016x}"
        self.dataset = f"{words['dataset']} {number // 2}"
        self.label = f"{words['method']} {number % 2}"
        at = number // 2
        self.level = Level(words["title"], words["axis"], float(at), f"{words['axis']}{at}")


def row(case, status, words):
    """A row of fits whose every text is hostile."""
    numbers = {name: 1 for name, kind in FITS.items() if kind is not str}
    texts = {
        "fit_id": case.fit_id,
        "suite": "s",
        "dataset": case.dataset,
        "method": case.label,
        "role": "method",
        "library": words["library"],
        "library_version": words["library"],
        "status": status,
        "reason": "" if status == "ok" else words["reason"],
        "options": words["options"],
        "notes": words["notes"],
        "output": words["output"],
        "family": case.level.family,
        "axis": case.level.axis,
        "level_text": case.level.level_text,
    }
    return {**numbers, **texts, "seed": 0, "level": case.level.level}


def target(case, status, words):
    numbers = {name: 1.0 for name, kind in TARGETS.items() if kind is float}
    texts = {"fit_id": case.fit_id, "suite": "s", "dataset": case.dataset, "method": case.label}
    more = {"seed": 0, "target_dimension": 1, "scored_dimension": 1, "cluster_excess": 0}
    return {
        **numbers,
        **texts,
        **more,
        "status": status,
        "target_index": 0,
        "target": "-1",
        "role": "method",
        "notes": words["notes"],
    }


def pair(case):
    texts = {"fit_id": case.fit_id, "suite": "s", "dataset": case.dataset, "method": case.label}
    numbers = {name: 0.5 for name, kind in EIGENPAIRS.items() if kind is float}
    return {**texts, **numbers, "seed": 0, "index": 0}


def made(folder, words):
    """A run folder with four fits, half of them failed."""
    cases = [Case(number, words) for number in range(4)]
    fits = []
    with Store(folder, fresh=True) as database:
        database.follow(cases)
        for number, case in enumerate(cases):
            status = "failed" if number % 2 else "ok"
            fits.append(row(case, status, words))
            rows = Rows(fits[-1], [target(case, status, words)], [pair(case)])
            database.record(rows, case)
    write_tables(folder)
    about = {"title": words["title"], "question": words["notes"], "x": {words["method"]: words}}
    (folder / "provenance.json").write_text(json.dumps(about))
    return fits


class Page(HTMLParser):
    """Elements with the names of their attributes, text, and the data."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.values, self.text, self.data = Counter(), [], [], []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        # Names may be broken where they have dots and underscores.
        if tag != "wbr":
            self.elements[tag, tuple(name for name, _ in attributes)] += 1
        if tag == "a":
            self.values += [address(value) for name, value in attributes if name == "href"]
        is_data = tag == "script" and ("type", "application/gzip") in attributes
        self._inside = "data" if is_data else tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "data":
            self.data.append(data)
        elif self._inside not in ("script", "style"):
            self.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


def address(href):
    """Where a link leads; of a card only of which kind, once its name is known to be quoted."""
    kind, _, name = href.partition("=")
    if kind not in ("#method", "#dataset"):
        return href
    assert re.fullmatch(r"[\w.~/%-]+", name, re.ASCII), href
    return kind


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


BENIGN = {kind: kind for kind in KINDS}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    made(folder, BENIGN)
    return Page(write(folder).read_text(encoding="utf-8"))


WORDS = st.fixed_dictionaries(dict.fromkeys(KINDS, TEXTS))


@few
@given(WORDS)
@example(dict.fromkeys(KINDS, "".join(piece for piece in PIECES if piece != "\ud800")))
def test_whatever_a_run_holds_is_text_in_its_page_and_its_tables(tmp_path_factory, plain, words):
    words = {kind: _x(sanitise(word)) for kind, word in words.items()}
    folder = tmp_path_factory.mktemp("hostile")
    fits = made(folder, words)
    page = Page(write(folder).read_text(encoding="utf-8"))
    assert page.elements == plain.elements
    assert page.values == plain.values
    shown = _squeezed("".join(page.text))
    for kind in ("method", "dataset", "reason", "output", "notes", "title"):
        assert _squeezed(words[kind]) in shown
    in_data = [set(strings(json.loads(gzip.decompress(base64.b64decode(d))))) for d in page.data]
    for kind in ("method", "reason", "output", "notes", "options"):
        assert any(words[kind] in word for some in in_data for word in some), kind
    read = tables.read_fits(folder)
    pd.testing.assert_frame_equal(read, pd.DataFrame(fits)[list(read)], check_dtype=False)


def _x(word):
    """No name is empty."""
    return f"x{word}x"


def _squeezed(word):
    return re.sub(r"\s+", "", word)


@given(TEXTS)
@example("\ud800\x00\r\x1b[2J")
def test_what_a_fit_says_becomes_text_that_every_file_can_hold(word):
    clean = sanitise(word)
    assert sanitise(clean) == clean
    assert len(clean) == len(word)
    assert clean.encode("utf-8").decode("utf-8") == clean


ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@settings(max_examples=settings().max_examples // 4)
@given(st.sampled_from(list(FITS)), ODD)
def test_a_store_of_anyone_is_tables_or_a_sentence(tmp_path_factory, column, value):
    folder = tmp_path_factory.mktemp("store")
    case = Case(0, BENIGN)
    with Store(folder) as database:
        database.follow([case])
        rows = Rows(row(case, "ok", BENIGN), [target(case, "ok", BENIGN)], [pair(case)])
        database.record(rows, case)
    *lines, line = (folder / FILE).read_bytes().splitlines(keepends=True)
    _, record = json.loads(line)
    record["fit"][column] = value
    (folder / FILE).write_bytes(b"".join([*lines, _sealed(record)]))
    try:
        write_tables(folder)
        (folder / "provenance.json").write_text("{}")
        write(folder)
    except ConfigError:
        event("a sentence")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@few
@given(JSON.map(json.dumps) | st.text(max_size=20))
@example("[" * 100_000)
@example('{"title": ["<b>"], "question": {"a": 1}}')
def test_a_provenance_of_anyone_is_a_page_or_a_sentence(tmp_path_factory, written):
    folder = tmp_path_factory.mktemp("provenance")
    made(folder, BENIGN)
    (folder / "provenance.json").write_text(written, encoding="utf-8")
    try:
        write(folder)
    except ConfigError:
        event("a sentence")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    made(folder, BENIGN)
    write(folder)
    return folder


CELLS = st.sampled_from(["", "nan", "1.5", "-1", "inf", "1e300", "9" * 30, "x", " ", "ok", "None"])


@given(st.sampled_from(["fits", "targets", "eigenpairs"]), st.integers(0, 40), CELLS)
@example("fits", 3, "")
@example("targets", 3, "")
@example("targets", 3, "1.5")
@few
def test_a_damaged_cell_is_a_result_or_a_sentence(tmp_path_factory, sound, name, column, cell):
    folder = tmp_path_factory.mktemp("cell")
    shutil.copytree(sound, folder, dirs_exist_ok=True)
    table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
    table.iloc[-1, column % len(table.columns)] = cell
    table.to_csv(folder / f"{name}.csv", index=False)
    for use in (write, answers, lambda one: check(one, sound), lambda one: check(sound, one)):
        try:
            use(folder)
        except ConfigError:
            event("a sentence")


@pytest.mark.parametrize("key", ["seed", "target_index"])
@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("", "is empty"),
        ("nan", "is empty"),
        ("0.5", "is 0.5: it must be a whole number"),
        ("inf", "is inf: it must be a whole number"),
    ],
)
def test_a_key_that_is_none_is_a_sentence(tmp_path, sound, key, cell, sentence):
    shutil.copytree(sound, tmp_path, dirs_exist_ok=True)
    table = pd.read_csv(tmp_path / "targets.csv", dtype=str, keep_default_na=False)
    table.loc[1, key] = cell
    table.to_csv(tmp_path / "targets.csv", index=False)
    with pytest.raises(ConfigError, match=re.escape(f"targets.csv, row 2: {key} {sentence}")):
        tables.read_targets(tmp_path)
