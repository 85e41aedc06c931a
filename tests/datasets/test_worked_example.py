"""The worked example of docs/how-to/add_a_dataset.md: recipe, regime, suite, run and catalogue."""

import re
import shutil
from pathlib import Path

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
PAGE = (ROOT / "docs/how-to/add_a_dataset.md").read_text("utf-8")
BLOCKS = re.findall(r"^```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def typed(capsys, *words):
    """What a command prints, and its exit code."""
    with pytest.raises(SystemExit) as ended:
        typer.main.get_command(app)(list(words))
    return capsys.readouterr().out, ended.value.code or 0


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the recipe and the suite of the page."""
    for name in ("my_network.toml", "my_suite.toml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["my_network.toml", "my_suite.toml"])
def test_the_page_shows_the_files_as_they_are(name):
    assert (EXAMPLES / name).read_text("utf-8") in BLOCKS


def test_the_data_are_those_of_the_page(here):
    (code,) = (block for block in BLOCKS if block.startswith("from koopmark import datasets"))
    data = datasets.load("my_network.toml", seed=1, noise=0.01)
    targets = [(target.eigenvalue, target.dimension) for target in data.key.targets]
    assert f"# {targets}\n" in code
    assert f"# {data.train.states.shape}\n" in code


def test_it_keeps_to_the_contract(here, capsys, verified_in_process):
    _, code = typed(capsys, "verify", "my_network.toml")
    assert code == 0


def test_its_regime_is_that_of_the_page_and_is_written_to_the_file(here, capsys):
    _, code = typed(capsys, "regime", "my_network.toml", "--write")
    assert code == 0
    (section,) = (block for block in BLOCKS if block.startswith("[regime]"))
    assert section in (here / "my_network.toml").read_text("utf-8")
    assert datasets.load_recipe("my_network.toml").regime is not None


def test_methods_find_its_eigenfunctions_in_a_run(here, in_process):
    done = run(load_suite(here / "my_suite.toml"), here / "out", jobs=1, cache_dir=here / "cache")
    assert done.counts == {"ok": 12}
    targets = read(here / "out", ["targets"])["targets"]
    ranked = targets[~targets["method"].str.startswith("anchor")]
    slow = ranked[ranked["target"] == "-1 (x6)"]
    assert len(slow) == 8
    assert (slow["target_dimension"] == 6).all()
    assert slow["eigenfunction_error"].max() < 1e-9
    assert slow["eigenvalue_error"].max() < 1e-9


def test_one_dataset_and_one_seed_of_the_suite_can_be_run(here, in_process, capsys):
    (part,) = re.findall(r"^koopmark (run my_suite.toml --dataset .*)$", PAGE, re.MULTILINE)
    _, code = typed(capsys, *part.split(), "--out", "part", "--jobs", "1")
    assert code == 0
    assert set(read(here / "part", ["fits"])["fits"]["seed"]) == {0}


def test_it_is_in_the_list_once_it_lies_with_the_others(here, monkeypatch, capsys):
    monkeypatch.setattr("koopmark.datasets.recipe.shipped", lambda _: here)
    (here / "my_suite.toml").unlink()
    said, code = typed(capsys, "list", "datasets")
    assert code == 0
    assert re.search(r"^my_network +8 +My network, 8 units, rank 2", said, re.MULTILINE)


def test_the_catalogue_takes_it(here, capsys):
    _, code = typed(capsys, "catalogue", "my_network.toml", "--markdown", "it.md")
    assert code == 0
    row = "| [my_network](#my_network) | My network, 8 units, rank 2 | 8 | 2 | -1 (x6), -2 (x21) |"
    assert row in (here / "it.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("rank = 2", "rank = 9"), ("horizon = 5.0", "horizon = 5.05"), ("gain = 1.5", "gian = 1.5")],
)
def test_a_mistake_is_reported_as_the_page_says(here, right, wrong):
    (message,) = re.findall(rf"^\| `{wrong}` \| `([^`]+)` \|$", PAGE, re.MULTILINE)
    text = (here / "my_network.toml").read_text("utf-8")
    (here / "my_network.toml").write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        datasets.load_recipe("my_network.toml")
    assert message in str(caught.value)
