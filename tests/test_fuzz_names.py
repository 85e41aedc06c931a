"""Names lead nowhere: a run writes into its folder and its cache, whatever things are called."""

import json
import os

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st
from recipes import small_recipe

from koopmark._errors import ConfigError, suggest
from koopmark.analysis.tables import read_table
from koopmark.pages import write
from koopmark.plan import load_suite
from koopmark.run import run
from koopmark.store._tables import FITS

RECIPE = small_recipe(title="</script><b>", trajectories=3)

NAMES = [
    "../up",
    "../../../../tmp/koopmark-escaped",
    "/tmp/koopmark-escaped",
    "..",
    "a/b/c",
    "C:\\x",
]
NAMES += [
    "~/x",
    "$HOME",
    "`id`",
    "-rf",
    "con",
    "ünï",
    "é" * 900,
    "%2e%2e%2f",
    "</script><b>",
    "a\\..\\b",
]


def hostile(folder):
    """A suite whose every name is hostile."""
    (folder / "tiny.toml").write_text(RECIPE)
    quoted = [json.dumps(name) for name in NAMES]
    swept = ", ".join(quoted)
    sweeps = "".join(
        f'[[sweeps]]\ndataset = "tiny.toml"\nvary = "sampling.noise"\nvalues = [{index + 1}e-3]\n'
        f"title = {name}\nname = {name}\n"
        for index, name in enumerate(quoted)
    )
    methods = "".join(
        f'[[methods]]\nuse = "koopmark.qr_edmd"\nname = {name}\nwithout = [{swept}]\n'
        f'options = {{dictionary = {{kind = "monomials", degree = {index + 1}}}}}\n'
        for index, name in enumerate(quoted[:4])
    )
    path = folder / "suite.toml"
    path.write_text(f'title = "t"\nquestion = "q"\nseeds = 1\ndatasets = ["tiny.toml"]\n{sweeps}')
    path.write_text(path.read_text() + methods)
    return path


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_run_writes_into_its_folder_and_its_cache_and_nowhere_else(tmp_path, monkeypatch):
    home = tmp_path / "deep" / "er" / "home"
    home.mkdir(parents=True)
    monkeypatch.chdir(home)
    suite = load_suite(hostile(home))
    before = listing(tmp_path)
    done = run(suite, home / "out", jobs=1, cache_dir=home / "cache")
    write(home / "out")
    assert done.failures == 0
    new = set(listing(tmp_path)) - set(before)
    inside = ("deep/er/home/out", "deep/er/home/cache")
    assert {path for path in new if not path.startswith(inside)} == set()
    known = {"run.jsonl", "run.lock", "provenance.json", "index.html"}
    assert all(path.name in known or path.suffix == ".csv" for path in (home / "out").iterdir()), (
        listing(home / "out")
    )
    assert not os.path.exists("/tmp/koopmark-escaped")


@given(st.text(min_size=1, max_size=40), st.sampled_from(["", "..", "../..", "/"]))
@example("\x00", "")
@example("..", "")
@example("a" * 4000, "")
def test_a_run_folder_is_never_above_where_the_command_is(tmp_path_factory, name, before):
    place = tmp_path_factory.getbasetemp() / f"{before}{name}.toml"
    try:
        suite = load_suite(place)
    except ConfigError:
        event("a sentence")
        return
    raise AssertionError(f"a suite that is not there: {suite.name!r}")


@pytest.mark.parametrize("name", ["...toml", "....toml", "a\nb.toml", "a\x1b[2J.toml"])
def test_a_suite_whose_name_is_no_name_is_refused(tmp_path, name):
    (tmp_path / name).write_text(hostile(tmp_path).read_text())
    with pytest.raises(ConfigError, match="name"):
        load_suite(tmp_path / name)


HEADER = ",".join(FITS)
CELLS = st.sampled_from(
    ["", "1", "nan", "inf", "-1e999", "x", '"', "a,b", "\r", "\n", "\x00", "=1"]
)


@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
    | st.lists(CELLS, max_size=80).map(lambda cells: f"{HEADER}\n{','.join(cells)}".encode())
)
@example(b"")
@example(HEADER.encode() + b"\n" + b"," * 10_000)
@example(HEADER.encode() + b'\n"')
def test_a_table_of_anyone_is_a_table_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fits.csv"
    path.write_bytes(content)
    try:
        table = read_table(path, FITS)
    except ConfigError:
        event("a sentence")
    else:
        assert set(FITS) <= set(table)


@pytest.mark.parametrize("typed", ["PyDMD.dmd", "PYDMD.DMD", "Pydmd.Dmd"])
def test_a_name_in_other_letters_is_proposed(typed):
    assert suggest(typed, ["mat", "pydmd.dmd"]).startswith("did you mean 'pydmd.dmd'")
