"""Suites and recipes from anyone: a plan or a sentence, never a traceback."""

import os
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from koopmark import methods
from koopmark._config import Section
from koopmark._errors import ConfigError
from koopmark.datasets import load_recipe
from koopmark.plan import load_suite
from koopmark.plan._cells import plan
from koopmark.run import run

RECIPE = {
    "title": "Tiny",
    "description": "Two trajectories.",
    "max_degree": 1,
    "seeds": 2,
    "system": {"kind": "random_rnn", "n": 4, "rank": 2, "gain": 1.5, "activation": "tanh"},
    "initial_states": {"kind": "uniform", "low": -1.0, "high": 1.0},
    "sampling": {
        "trajectories": 2,
        "test_trajectories": 2,
        "dt": 0.1,
        "horizon": 1.0,
        "noise": 0.0,
    },
}
SUITE = {
    "title": "Small",
    "question": "Is it a plan?",
    "seeds": 2,
    "datasets": ["tiny.toml"],
    "limits": {"seconds": 10.0, "memory_mb": 100.0},
    "sweeps": [
        {
            "dataset": "tiny.toml",
            "vary": ["sampling.noise"],
            "values": [0.0, 0.1],
            "title": "Noise",
            "name": "noisy",
            "set": {"sampling.dt": 0.2},
        }
    ],
    "methods": [
        {"use": "koopmark.qr_edmd", "name": "mine"},
        {
            "use": "koopmark.qr_edmd",
            "options": {"dictionary": {"kind": "monomials", "degree": 3}},
            "without": ["Noise"],
        },
    ],
}

HOSTILE = ["", ".", "..", "../x.toml", "/etc/passwd", "a\x00/x.toml", "a" * 5000, "a/" * 3000]
HOSTILE += ["\x1b[2J", "tiny.toml", "x.py:Y", "os:system", ":", "x:", ":y", "name", "\ud7ff", "nan"]
HOSTILE += ["system", "system.n", "sampling..dt", "koopmark.qr_edmd", "kind", "\u202e", "=1+1"]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(HOSTILE)
NUMBERS = st.integers() | st.floats()
NUMBERS |= st.sampled_from([0, -1, 2**31, 2**63 - 1, 2**63, 10**400, 1e308, 5e-324, 10**9])
LEAVES = TEXTS | NUMBERS | st.booleans() | st.datetimes() | st.dates() | st.times()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS | st.sampled_from(["kind", "degree"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def mutated(draw, whole):
    """`whole` with one to three values replaced, removed, repeated or put under another key."""
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(whole))
        if not places:
            break
        path = draw(st.sampled_from(places))
        kind = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        whole = _changed(whole, path, kind, draw(VALUES), draw(TEXTS))
    return whole


def _places(value, path=()):
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from _places(value[key], (*path, key))


def _changed(value, path, kind, new, name):
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = _changed(value[key], rest, kind, new, name)
    elif kind == "remove":
        del copy[key]
    elif kind == "add" and isinstance(copy, dict):
        copy[name] = new
    elif kind == "add":
        copy.append(copy[key])
    else:
        copy[key] = new
    return copy


def toml(value):
    """A value as TOML, all tables inline below the first level."""
    return "".join(f"{_text(key)} = {_inline(inner)}\n" for key, inner in value.items())


def _inline(value):
    if isinstance(value, dict):
        return (
            f"{{{', '.join(f'{_text(key)} = {_inline(inner)}' for key, inner in value.items())}}}"
        )
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else value.isoformat()


def _text(text):
    escaped = "".join(c if c.isalnum() else f"\\U{ord(c):08X}" for c in text)
    return f'"{escaped}"'


def test_what_is_written_here_is_toml():
    assert tomllib.loads(toml(SUITE)) == SUITE
    assert tomllib.loads(toml(RECIPE)) == RECIPE


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("suites")
    (place / "tiny.toml").write_text(toml(RECIPE))
    return place


def planned(path):
    """The plan of a suite, or the sentence why there is none."""
    try:
        return plan(load_suite(path))
    except ConfigError as error:
        sentence(str(error))
        return None


def sentence(text):
    assert text
    assert "Traceback" not in text
    assert len(text) < 40_000
    return text


def test_what_is_mutated_is_a_plan(folder):
    path = folder / "suite.toml"
    path.write_text(toml(SUITE))
    assert len(planned(path)) == 20


@given(mutated(SUITE))
@example({**SUITE, "methods": [{"use": "koopmark.qr_edmd", "options": {"name": "x"}}]})
@example({**SUITE, "datasets": ["a\x00/x.toml"]})
@example({**SUITE, "datasets": ["a" * 5000]})
@example({**SUITE, "datasets": ["a" * 5000 + ".toml"]})
@example({**SUITE, "seeds": 2**62})
@example({**SUITE, "limits": {"seconds": 1e300}})
@example({**SUITE, "sweeps": [{**SUITE["sweeps"][0], "values": [10**400]}]})
def test_a_mutated_suite_is_a_plan_or_a_sentence(folder, content):
    path = folder / "mutated.toml"
    path.write_text(toml(content), encoding="utf-8")
    planned(path)


@given(mutated(RECIPE))
@example({**RECIPE, "sampling": {**RECIPE["sampling"], "horizon": 1e308, "dt": 5e-324}})
@example({**RECIPE, "max_degree": 10**9})
@example({**RECIPE, "system": {**RECIPE["system"], "n": 10**12}})
def test_a_mutated_recipe_is_a_plan_or_a_sentence(folder, content):
    path = folder / "recipe.toml"
    path.write_text(toml(content), encoding="utf-8")
    suite = folder / "of_recipe.toml"
    suite.write_text(toml({**SUITE, "datasets": ["recipe.toml"], "sweeps": []}))
    planned(suite)


def sections(section=Section):
    for inner in section.__subclasses__():
        yield inner
        yield from sections(inner)


def instead_of_numbers(annotation, value):
    """`value` in the lists that `annotation` has around numbers; nothing if it has no numbers."""
    if annotation in (int, float):
        yield value
    elif get_origin(annotation) is tuple:
        yield from ((inner,) for inner in instead_of_numbers(get_args(annotation)[0], value))
    elif get_origin(annotation) in (Annotated, Union, UnionType):
        for argument in get_args(annotation):
            yield from instead_of_numbers(argument, value)


NUMERIC = [
    (section, name)
    for section in dict.fromkeys(sections())
    for name, field in section.model_fields.items()
    if list(instead_of_numbers(field.annotation, 1))
]


def test_there_are_numbers_in_many_sections():
    assert len(NUMERIC) > 60
    assert len({section for section, _ in NUMERIC}) > 20


@pytest.mark.spread(467)
@pytest.mark.parametrize(("section", "name"), NUMERIC)
@pytest.mark.parametrize("value", [True, False, "3", "", float("nan"), float("inf"), 1j, None])
def test_what_is_no_number_is_not_taken_for_one(section, name, value):
    annotation = section.model_fields[name].annotation
    if value is None and type(None) in get_args(annotation):
        return
    for bad in instead_of_numbers(annotation, value):
        with pytest.raises(ValidationError) as caught:
            section.model_validate({name: bad})
        assert name in {error["loc"][0] for error in caught.value.errors() if error["loc"]}


@pytest.mark.parametrize("key", ["dt", "noise", "seeds", "max_degree", "n"])
@pytest.mark.parametrize("value", ["true", "false", '"1"', "nan", "inf", "-inf", "1979-05-27"])
def test_a_recipe_takes_numbers_alone_for_numbers(folder, key, value):
    name = _text(key)
    written = re.sub(rf"{re.escape(name)} = [^,}}\n]+", lambda _: f"{name} = {value}", toml(RECIPE))
    path = folder / "no_number.toml"
    path.write_text(written)
    with pytest.raises(ConfigError, match=rf"{key} = .*: it must be"):
        load_recipe(path)


def test_a_byte_order_mark_is_read_and_utf_16_is_a_sentence(folder):
    path = folder / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbf" + toml(RECIPE).encode())
    assert load_recipe(path).title == RECIPE["title"]
    path.write_bytes(toml(RECIPE).encode("utf-16"))
    with pytest.raises(ConfigError, match=r"marked.toml: it is in UTF-16: save it as UTF-8"):
        load_recipe(path)
    path.write_bytes(toml(RECIPE).encode() + b"# caf\xe9")
    with pytest.raises(ConfigError, match=r"marked.toml: not UTF-8 \(line 8\)"):
        load_recipe(path)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_any_table_is_a_sentence(folder, content):
    path = folder / "any.toml"
    path.write_text(toml(content), encoding="utf-8")
    assert planned(path) is None
    with pytest.raises(ConfigError):
        load_recipe(path)


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbftitle = 'x'")
@example(b"\xff\xfet\x00")
@example(b"x = " + b"[" * 100_000)
@example(b"x = " + b"{a = " * 100_000)
@example(b"methods" + b".a" * 1000 + b" = 1")
@example(b"x = 1" + b"0" * 5000)
@example(b"x = 1\nx = 2")
@example(b"title = '" + b"a" * 1_000_000 + b"'")
@example(b"\x00")
def test_any_bytes_are_a_sentence(folder, content):
    path = folder / "bytes.toml"
    path.write_bytes(content)
    assert planned(path) is None
    with pytest.raises(ConfigError) as caught:
        load_recipe(path)
    sentence(str(caught.value))


@given(TEXTS | TEXTS.map(lambda text: f"{text}.toml"))
def test_any_name_is_a_sentence_or_stays_where_it_belongs(text):
    for load in (load_suite, load_recipe):
        try:
            found = load(text)
        except ConfigError as error:
            sentence(str(error))
        else:
            assert Path(found.name).name == found.name
            assert found.name.strip(".")


def places(folder):
    """What may stand where a file is expected."""
    (folder / "folder.toml").mkdir()
    (folder / "loop.toml").symlink_to("loop.toml")
    (folder / "nowhere.toml").symlink_to("missing.toml")
    (folder / "zero.toml").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.toml")
    (folder / "...toml").write_text(toml(SUITE))
    names = ("folder", "loop", "nowhere", "zero", "pipe", "..", "missing", "a" * 5000)
    return [folder / f"{name}.toml" for name in names]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file_is_a_sentence(tmp_path):
    for path in places(tmp_path):
        assert planned(path) is None
        with pytest.raises(ConfigError) as caught:
            load_recipe(path)
        sentence(str(caught.value))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_the_command_says_it_in_a_sentence(warm, tmp_path):
    # One process for all: importing koopmark takes longer than refusing a file.
    bad = {"deep": "x = " + "[" * 5000, "nul": toml({**SUITE, "datasets": ["\x00/x.toml"]})}
    bad |= {
        "option": toml({**SUITE, "methods": [{"use": "koopmark.qr_edmd", "options": {"name": 1}}]})
    }
    bad |= {"exits": toml({**SUITE, "methods": [{"use": "leaves.py:Method"}]})}
    (tmp_path / "tiny.toml").write_text(toml(RECIPE))
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)")
    for name, text in bad.items():
        (tmp_path / f"{name}.toml").write_text(text)
    paths = [*places(tmp_path), *(tmp_path / f"{name}.toml" for name in bad)]
    done = warm.run("-c", COMMANDS, *map(str, paths), cwd=tmp_path)
    assert done.stdout.split() == ["2"] * len(paths), done.stderr
    assert done.stderr.count("Error: ") == len(paths)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports").exists()


COMMANDS = """
import sys
from koopmark.cli import main
for path in sys.argv[1:]:
    sys.argv = ["koopmark", "run", path]
    try:
        main()
    except SystemExit as end:
        print(end.code)
"""


def options_of(name):
    """Options of a method, by their own names and kinds as well as by others."""
    method = methods.get(name)
    own = [field.name for field in fields(method)]
    inner = st.sampled_from(["kind", "degree", "size", "seed", "scale", "centres", *own])
    kinds = st.sampled_from(["identity", "monomials", "radial_basis", "random_fourier", "nystroem"])
    tables = st.fixed_dictionaries(
        {"kind": kinds | VALUES}, optional={"degree": VALUES, "seed": VALUES, "size": VALUES}
    )
    values = VALUES | tables | st.dictionaries(inner, VALUES, max_size=3)
    known = st.sampled_from(own) if own else st.nothing()
    return st.tuples(st.just(name), st.dictionaries(known | TEXTS, values, min_size=1, max_size=2))


@given(st.sampled_from(methods.names()).flatmap(options_of))
@example(("koopmark.qr_edmd", {"dictionary": {"kind": "monomials", "kin": 1}}))
@example(("koopmark.qr_edmd", {"dictionary": {"kind": ["monomials"]}}))
@example(("koopmark.qr_edmd", {"dictionary": []}))
@example(("koopmark.qr_edmd", {"self": 1}))
def test_any_options_of_any_method_are_a_method_or_a_sentence(asked):
    name, options = asked
    try:
        methods.get(name, **options)
    except ConfigError as error:
        sentence(str(error))


@pytest.mark.parametrize("name", methods.names())
def test_an_option_takes_numbers_alone_for_numbers(name):
    method = methods.get(name)
    hints = get_type_hints(type(method), include_extras=True)
    for field in fields(method):
        for value in (True, "3", float("nan"), float("inf")):
            for bad in instead_of_numbers(hints[field.name], value):
                with pytest.raises(ConfigError, match=rf"{field.name}(\.0)? = |plain value"):
                    methods.get(name, **{field.name: bad})


PLUGIN = """
from dataclasses import dataclass, field
from koopmark.methods import Method, Tags

class Base(Method):
    def _fit(self, trajectories):
        raise ValueError("\\ud800\\x00\\x1b[2J</script>")

@dataclass(frozen=True)
class Says(Base):
    pass

@dataclass(frozen=True)
class Nan(Base):
    number: float = float("nan")

@dataclass(frozen=True)
class Thing(Base):
    thing: object = field(default_factory=object)

@dataclass(frozen=True)
class Deep(Base):
    def to_options(self):
        raise RecursionError("deep")

@dataclass(frozen=True)
class Nameless(Base):
    tags = Tags(library="")
"""


@pytest.mark.parametrize("name", ["Nan", "Thing", "Deep", "Nameless"])
def test_a_method_that_cannot_be_planned_is_a_sentence(folder, name):
    (folder / "plugin.py").write_text(PLUGIN)
    path = folder / "plugin.toml"
    path.write_text(toml({**SUITE, "sweeps": [], "methods": [{"use": f"plugin.py:{name}"}]}))
    assert planned(path) is None


def test_a_fit_may_say_anything(folder, tmp_path):
    (folder / "plugin.py").write_text(PLUGIN)
    path = folder / "says.toml"
    path.write_text(toml({**SUITE, "sweeps": [], "methods": [{"use": "plugin.py:Says"}]}))
    done = run(load_suite(path), tmp_path / "out", jobs=1, cache_dir=tmp_path / "cache")
    assert done.counts["failed"] == 2
    assert "\ufffd" in (tmp_path / "out" / "fits.csv").read_text(encoding="utf-8")
