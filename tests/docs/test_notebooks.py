import json
import os
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import nbformat
import pytest
import yaml
from texts import assert_alike

DOCS = Path(__file__).parents[2] / "docs"
TUTORIALS = DOCS / "tutorials"
NOTEBOOKS = sorted(TUTORIALS.glob("*.ipynb"))
NIGHTLY = {"ci_for_your_library", "inputs_and_sensors", "your_own_data"}
"""Those that run suites or an analysis: minutes each on a busy machine."""


@pytest.fixture(scope="module")
def execute():
    spec = spec_from_file_location("execute", TUTORIALS / "execute.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(path):
    return nbformat.read(path, as_version=4)


def texts(notebook):
    """What each cell says in plain text: printed, and shown as its last value."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            text = output.text if output.output_type == "stream" else output.data["text/plain"]
            yield "".join(text)


def test_there_are_six_notebooks():
    assert [path.stem for path in NOTEBOOKS] == [
        "ci_for_your_library",
        "first_steps",
        "inputs_and_sensors",
        "three_populations",
        "your_own_data",
        "your_own_method",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_says_what_it_said(path, execute):
    if path.stem in NIGHTLY and os.environ.get("PAGES") != "all":
        pytest.skip("takes minutes: PAGES=all executes it")
    kept = read(path)
    fresh = execute.executed(kept)
    assert [cell.source for cell in fresh.cells] == [cell.source for cell in kept.cells]
    said, before = list(texts(fresh)), list(texts(kept))
    assert len(said) == len(before)
    for one, other in zip(said, before, strict=True):
        assert_alike(one, other)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_says_nothing_of_the_machine(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) < 400_000
    assert not re.search(r"/tmp/|/home/|/root/|/usr/|site-packages| at 0x[0-9a-f]", text)
    notebook = json.loads(text)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert not any("execution" in cell["metadata"] for cell in notebook["cells"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_of_a_notebook_was_executed_and_none_complained(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_of_a_notebook_lead_to_files(path):
    prose = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)#]+)\)", prose)
    assert links
    assert [link for link in links if not (TUTORIALS / link).exists()] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_how_long_it_takes_and_where_to_read_on(path):
    first, *_, last = read(path).cells
    assert first.source.startswith("# ")
    assert re.search(r"takes about \w+ minutes", first.source)
    assert "## Where next" in last.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_of_a_notebook_has_an_alternative_text(path):
    """The site takes it from the metadata of the cell."""
    for cell in read(path).cells:
        figures = [o for o in cell.get("outputs", ()) if "image/png" in o.get("data", {})]
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        assert bool(figures) == (len(alt) > 40), cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lines_of_a_notebook_are_short(path):
    lines = [line for cell in read(path).cells for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


def test_the_workflow_of_the_notebook_has_inputs_that_ours_takes():
    prose = "\n".join(cell.source for cell in read(TUTORIALS / "ci_for_your_library.ipynb").cells)
    _, calling = (yaml.safe_load(it) for it in re.findall(r"```yaml\n(.*?)```", prose, re.DOTALL))
    job = calling["jobs"]["accuracy"]
    path = job["uses"].removeprefix("OWNER/koopmark/").removesuffix("@main")
    called = yaml.safe_load((DOCS.parent / path).read_text(encoding="utf-8"))
    # YAML 1.1 reads the key "on" as true.
    assert set(job["with"]) <= set(called[True]["workflow_call"]["inputs"])


def test_the_method_of_the_notebook_is_the_example_file():
    sources = [cell.source for cell in read(TUTORIALS / "your_own_method.ipynb").cells]
    (written,) = [source for source in sources if source.startswith("%%writefile ridge_edmd.py\n")]
    method = (DOCS / "examples/ridge_edmd.py").read_text(encoding="utf-8")
    assert written.partition("\n")[2].strip() == method.strip()


def test_the_comparison_forgives_rounding_and_nothing_else():
    assert_alike("error 3.1e-14, 45 pairs, -2.97", "error 8.0e-15,  45 pairs,\n-2.98")
    for now, before in [
        ("45 pairs", "35 pairs"),
        ("45 pairs", "45 rows"),
        ("error 3e-14", "error 3e-6"),
        ("error inf", "error 1"),
        ("-1 and 2", "1 and 2"),
    ]:
        with pytest.raises(AssertionError):
            assert_alike(now, before)


def test_what_a_new_machine_says_of_its_fonts_is_left_out(execute):
    said = ["a result\n", "Matplotlib is building the font cache; this may take a moment.\n"]
    cell = nbformat.v4.new_code_cell("1")
    cell.outputs = [nbformat.v4.new_output("stream", text=text) for text in said]
    kept = execute.stripped(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert [output.text for output in kept] == said[:1]
