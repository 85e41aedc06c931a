"""The worked example of docs/how-to/add_a_system.md: file, contract, recipe, suite and run."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer

from koopmark import datasets
from koopmark._errors import ConfigError
from koopmark.cli import app
from koopmark.plan import load_suite
from koopmark.run import run
from koopmark.store import read

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs/how-to/add_a_system.md").read_text("utf-8")


def typed(capsys, *words):
    """What a command prints, and its exit code."""
    with pytest.raises(SystemExit) as ended:
        typer.main.get_command(app)(list(words))
    return capsys.readouterr().out, ended.value.code or 0


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the files of the example and the suite of the page."""
    for name in ("parabola.py", "parabola.toml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    (suite,) = re.findall(r"^```toml\n(title.*?)^```$", PAGE, re.M | re.S)
    (tmp_path / "my_suite.toml").write_text(suite)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_shows_the_file_and_the_recipe_as_they_are():
    blocks = re.findall(r"^```\w+\n(.*?)^```$", PAGE, re.M | re.S)
    assert (EXAMPLES / "parabola.py").read_text("utf-8") in blocks
    (section,) = (block for block in blocks if block.startswith("[system]"))
    assert section in (EXAMPLES / "parabola.toml").read_text("utf-8")


@pytest.mark.parametrize("name", ["parabola.py:Parabola", "parabola.toml"])
def test_it_keeps_to_the_contract(here, capsys, verified_in_process, name):
    said, code = typed(capsys, "verify", name)
    assert code == 0
    assert "passed   holds all products" in said
    assert "broken" not in said


def test_a_false_claim_is_a_line_and_exit_code_1(here, capsys, verified_in_process):
    text = (here / "parabola.py").read_text()
    (here / "parabola.py").write_text(text.replace("self.fast])", "1.1 * self.fast])"))
    said, code = typed(capsys, "verify", "parabola.py:Parabola")
    assert code == 1
    assert re.search(
        r"^broken   obeys its eigenvalues along .*: it changes at -1$", said, re.MULTILINE
    )


def test_methods_find_its_functions_in_a_run(here, in_process):
    done = run(load_suite(here / "my_suite.toml"), here / "out", jobs=1, cache_dir=here / "cache")
    assert done.counts == {"ok": 4}
    found = read(here / "out", ["fits"])["fits"]
    assert set(found["dataset"]) == {"parabola"}
    # Not at a resonance, where the eigenspace of `fast` holds a power of x too.
    targets = read(here / "out", ["targets"])["targets"]
    own = targets[targets["target"].isin(["-0.35", "-1"])]
    assert (own["target_dimension"] == 1).all()
    error = own.groupby("method")["eigenfunction_error"].max()
    assert error["koopmark.qr_edmd"] < 1e-6
    assert error["pydmd.dmd"] > 0.1
    about = json.loads((here / "out" / "provenance.json").read_text())
    assert about["recipes"]["parabola"]["system"]["kind"] == "parabola.py:Parabola"
    assert str(here) not in json.dumps(about["recipes"])


def test_it_is_exported_with_its_file(here, capsys):
    _, code = typed(capsys, "export", "parabola.toml", "--out", "out")
    assert code == 0
    assert (here / "out" / "parabola.py").read_bytes() == (here / "parabola.py").read_bytes()
    assert json.loads((here / "out" / "recipe.json").read_text())["system"] == {
        "kind": "parabola.py:Parabola",
        "slow": -0.35,
        "fast": -1.0,
    }
    data = np.load(here / "out" / "data.npz")
    decay = np.exp(data["eigenvalues_re"][0] * data["times"])
    np.testing.assert_allclose(
        data["test_states"][..., 0], data["test_states"][:, :1, 0] * decay, rtol=1e-8
    )


def test_the_catalogue_takes_its_recipe(here, capsys):
    _, code = typed(capsys, "catalogue", "parabola.toml", "--markdown", "it.md")
    assert code == 0
    assert "| [parabola](#parabola) | Parabola | 2 |" in (here / "it.md").read_text("utf-8")


def test_a_class_without_defaults_is_verified_by_a_recipe(here, capsys):
    text = (here / "parabola.py").read_text()
    (here / "parabola.py").write_text(text.replace("slow: float = -0.3", "slow: float"))
    with pytest.raises(ConfigError, match=r"'slow'; verify the \.toml file of a recipe with its"):
        typer.main.get_command(app).commands["verify"](["parabola.py:Parabola"])
    assert datasets.load_recipe("parabola.toml").system.build(0).slow == -0.35
