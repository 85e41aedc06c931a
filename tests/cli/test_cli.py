"""The command as a user types it."""

import json
import os
import re
import shutil
import subprocess
import sys
import webbrowser
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recipes import small_recipe

import koopmark
from koopmark import methods
from koopmark.analysis import columns
from koopmark.cli import main
from koopmark.pages import terminal
from koopmark.pages.terminal import _describe

COMMANDS = (
    "run",
    "analyse",
    "report",
    "show",
    "check",
    "compare",
    "baseline",
    "history",
    "figure",
    "table",
    "cite",
    "list",
    "example",
    "export",
    "catalogue",
    "describe",
    "doctor",
    "regime",
    "twin",
    "verify",
)
SUITE = """
title = "Tiny"
question = "Does the command run?"
datasets = ["tiny.toml"]
seeds = 1
[[methods]]
use = "{method}"
"""
RECIPE = small_recipe()


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys, in_process):
    """Run the command in `tmp_path` with these arguments; fits are done in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def typed(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["koopmark", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return Done(int(left.value.code or 0), said.out, said.err)

    return typed


def written(folder: Path) -> Path:
    (folder / "tiny.toml").write_text(RECIPE)
    path = folder / "mine.toml"
    path.write_text(SUITE.format(method="pydmd.dmd"))
    return path


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture(scope="module")
def run_of_all(warm, tmp_path_factory) -> tuple[Path, Done]:
    """A folder in which the suite was run, and what the command came to."""
    folder = tmp_path_factory.mktemp("finished")
    command = ["-m", "koopmark", "run", written(folder).name, "--jobs", "1", "--strict"]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    done = warm.run(*command, cwd=folder, env=environment)
    return folder, Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def ran(run_of_all, tmp_path) -> Path:
    """Its run, in a copy that a test may change."""
    shutil.copytree(run_of_all[0], tmp_path, dirs_exist_ok=True)
    return tmp_path / "reports" / "mine"


def test_version_is_the_packages(typed):
    assert typed("--version").stdout == f"koopmark {koopmark.__version__}\n"


def test_help_shows_every_command_and_an_example(typed):
    text = typed("--help").stdout
    for command in COMMANDS:
        assert f" {command} " in text
    assert "koopmark run smoke" in text


def test_help_is_one_line_a_command_and_names_no_types_of_flags(typed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = typed("--help").stdout.splitlines()
    # In panels a line that goes on begins with spaces.
    of_commands = lines[next(n for n, line in enumerate(lines) if " Runs " in line) :]
    assert not [line for line in of_commands if line.startswith("│  ")]
    for command in ("", *COMMANDS):
        said = typed(*command.split(), "--help").stdout
        assert "<" not in said, command
        assert "(None)" not in said
        assert "[default: (" not in said


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_in_its_help(typed, command):
    assert f"Example: koopmark {command}" in typed(command, "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "smoek"), "Error: unknown suite 'smoek': did you mean 'smoke'? "),
        (("run", "absent.toml"), "Error: absent.toml: no such suite file"),
        (("run", "wrong.toml"), "unknown key 'titel': did you mean 'title'? "),
        (("run", "unknown.toml"), "Error: unknown.toml: methods.0: "),
        (("run", "smoke", "--jobs", "0"), "--jobs"),
        (("run", "smoke", "--seed", "7"), "--seed: no seed of this suite is 7: there are 0"),
        (
            ("run", "smoke", "--only", "pydmd.dm"),
            "did you mean 'pydmd.dmd[degree=1]', ",
        ),
        (("run",), "Missing argument 'SUITE'"),
        (("analyse", "nowhere.npz"), "Error: nowhere.npz: no such file"),
        (("analyse", "mine.toml"), "Error: mine.toml: the suffix '.toml' is that of no format"),
        (("analyse", "two.npy"), "Error: two.npy: there are no times: pass dt="),
        (("analyse", "two.npy", "--dt", "0"), "two.npy: dt must be a positive number, got 0.0"),
        (
            ("analyse", "two.npy", "--dt", "1", "--holdout", "2"),
            "must lie between 0 and 1, got 2",
        ),
        (
            ("analyse", "two.npy", "--dt", "1", "--draws", "-2"),
            "the draws must be 0 or at least 2, got -2",
        ),
        (
            ("analyse", "two.npy", "--dt", "1", "--method", "pydmd.dm"),
            "unknown method 'pydmd.dm': did you mean 'pydmd.dmd', ",
        ),
        (
            ("analyse", "two.npy", "--all", "--method", "pydmd.dmd"),
            "--all fits every method already: leave",
        ),
        (("analyse", "two.npy", "--twin-folder", "twin"), "--twin-folder needs --twin: add --twin"),
        (("report", "nowhere"), "Error: nowhere: not a run folder, it has no run.jsonl"),
        (("check", "nowhere", "--against", "baseline"), "Error: nowhere"),
        (("check", "nowhere"), "Missing option '--against'"),
        (("compare", "nowhere"), "Error: a comparison takes at least two run folders: nowhere is"),
        (("compare", "nowhere", "elsewhere"), "Error: nowhere is not a run folder: it does not"),
        (("baseline", "nowhere"), "Error: nowhere"),
        (("show", "nowhere"), "Error: nowhere"),
        (("show",), "Error: there is no run folder in reports: make one with `koopmark run smoke`"),
        (("figure", "nowhere", "profile"), "Error: nowhere"),
        (("figure", "x", "board", "--format", "docx"), "--format has 'docx': it must be one of"),
        (("figure", "x", "board", "--width", "3.4"), "--width is '3.4': it must be a number with"),
        (("figure", "nowhere"), "Missing argument 'FIGURE'"),
        (("table", "nowhere"), "Error: nowhere"),
        (("cite", "nowhere"), "Error: nowhere"),
        (("show", "x", "--grid", "--board", "cost"), "--board and --grid are different views"),
        (("show", "x", "--method", "y", "--score", "z"), "--score is for --grid and --dataset"),
        (
            ("export", "rnn_10"),
            "Error: unknown dataset 'rnn_10': did you mean 'rnn_10_2'? ",
        ),
        (("export", "rnn_10_2", "--format", "hdf"), "did you mean 'hdf5'? choose one of"),
        (("run", "smoke", "--dataset", "rnn_10"), "did you mean 'rnn_10_2', 'rnn_10_2_trials', "),
        (("export", "rnn_10_2", "--format", "xls"), "Error: unknown format 'xls': choose one of"),
        (("list", "sutes"), "'sutes' is not one of 'systems', 'methods', 'datasets', 'suites'"),
        (("list", "datasetss"), "'datasetss' is not one of"),
        (("list", "datasetss"), "did you mean 'datasets'?"),
        (("analyse", "two.npy", "--dt", "abc"), "Invalid value for '--dt': 'abc' is not a number."),
        (("run", "smoke", "--jobs", "two"), "'--jobs': 'two' is not a whole number."),
        (("fit",), "fit from Python with koopmark.fit, or analyse a file with koopmark analyse"),
        (("list", "methods", "--format", "yaml"), "'table', 'names', 'csv', 'json'"),
        (("describe", "smoek"), "Error: nothing is called 'smoek': did you mean 'smoke'? "),
        (("describe", "spurious pears"), "did you mean 'spurious pair'"),
        (("describe", "dmd"), "did you mean 'pydmd.dmd', 'deeptime.dmd' or 'pykoop.dmd'? "),
        (("catalogue", "--open", "--markdown", "x.md"), "--open opens a page, and --markdown"),
        (("rum", "smoke"), "No such command 'rum'"),
    ],
)
def test_a_mistake_is_a_sentence_and_exit_code_2(typed, suite, arguments, sentence):
    folder = suite.parent
    (folder / "wrong.toml").write_text(suite.read_text().replace("title =", "titel ="))
    (folder / "unknown.toml").write_text(SUITE.format(method="pydmd.dmmd"))
    np.save(folder / "two.npy", np.ones((2, 8, 3)))
    done = typed(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


LISTED = {
    "systems": "lotka_volterra",
    "methods": "koopmark.qr_edmd",
    "datasets": "three_populations",
    "suites": "smoke",
}


@pytest.mark.parametrize(("kind", "name"), LISTED.items())
def test_a_list_has_the_same_names_in_every_format(typed, kind, name):
    names = typed("list", kind, "--format", "names").stdout.split()
    assert name in names
    assert len(set(names)) == len(names)
    first = [line.split()[:1] for line in typed("list", kind).stdout.splitlines()]
    assert [name] in first
    rows = json.loads(typed("list", kind, "--format", "json").stdout)
    assert sorted(row["name"] for row in rows) == sorted(names)
    table = pd.read_csv(StringIO(typed("list", kind, "--format", "csv").stdout))
    assert list(table["name"]) == [row["name"] for row in rows]
    assert list(table.columns) == list(rows[0])


def test_methods_are_listed_by_library_with_what_differs_from_the_defaults_of_their_class(typed):
    lines = typed("list", "methods").stdout.splitlines()
    heads = [line for line in lines if re.match(r"pydmd \S+: \d+ methods$", line)]
    assert len(heads) == 1
    below = lines[lines.index(heads[0]) :]
    assert next(line for line in below if line.startswith("pydmd.dmd_default")).endswith(
        "; svd_rank=0"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pydmd.fbdmd_default", "Method pydmd.fbdmd_default: Forward-backward DMD"),
        ("pydmd.fbdmd_default", "0 (class default: -1)"),
        ("pydmd.fbdmd_default", "Options: those that pydmd sets by default"),
        ("pydmd.fbdmd_default", ", in docs/reference/library-notes:\n- "),
        (
            "pydmd.fbdmd_default",
            "\n- The default rank keeps one of three directions (pydmd/ranks.md)\n",
        ),
        ("pydmd.fbdmd", "The defaults of pydmd itself: pydmd.fbdmd_default"),
        ("PyDMD", "\npydmd.fbdmd_default "),
        ("pydmd.fbdmd", "doi:10.1007/s00348-016-2127-7"),
        ("koopmark.qr_edmd", "Functions of the state that the method combines"),
        ("rnn_10_2", "Exact eigenvalues: -1 (x8)"),
        ("rnn_10_2", "Suites: "),
        ("tiny.toml", "Dataset tiny:"),
        ("mine.toml", "Suite mine: Does the command run?"),
        ("smoke", "Methods: koopmark.qr_edmd, pydmd.dmd,"),
        ("noise", "Sweep: sampling.noise of rnn_10_2 at 1e-06,"),
        ("dale", "Eigenspaces: λ = -1, dimension 7"),
        ("random_rnn", "Kind of system random_rnn"),
        ("eigenfunction_error", "Range: 0 to 1. Lower is better."),
        ("Eigenfunction Error", "Column: eigenfunction_error of targets.csv"),
        ("lost to noise", "neither eigenvalue nor eigenfunction was recovered"),
        ("oracle floor", "has"),
        ("multiplier", "Term continuous-time eigenvalue, multiplier:"),
        ("reach", "reach has 2 meanings: a score and a term."),
        ("dictionary", "Suite dictionary: "),
        ("dictionary", "Term dictionary: "),
    ],
)
def test_a_name_is_described_whatever_it_is(typed, suite, name, said):
    del suite
    done = typed("describe", name)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


GLOSSARY = Path(__file__).parents[2] / "docs/glossary.md"
TERMS = re.findall(r"^### (.+)$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", [name for term in TERMS for name in term.split(", ")])
@pytest.mark.parametrize("case", [str, str.upper])
def test_every_term_of_the_glossary_is_described_in_plain_text(name, case):
    lines = [line.plain for line in terminal.description(case(name)).lines(10**6)]
    (said,) = [line for line in lines if line.startswith("Term ")]
    assert name in said.partition(": ")[0]
    assert len(said.partition(": ")[2]) > 20
    assert not re.search(r"[*`]|\]\(", said)


@pytest.mark.parametrize("name", methods.names())
def test_every_option_of_a_method_is_described_with_its_value_and_meaning(name):
    lines = [line.plain for line in terminal.description(name).lines(10**6)]
    told = methods.get(name).to_options()
    for option in told:
        row = next(line for line in lines if re.match(rf"{option}  ", line))
        assert len(re.split(r"\s{2,}", row)) >= 3


def test_a_method_of_ones_own_is_described_and_said_to_be_executed(typed, mine):
    done = typed("describe", f"{mine}:Mine")
    assert "shift" in done.stdout
    assert done.stderr.startswith("executes code from outside koopmark: ")


def test_every_score_says_how_far_it_ranges():
    shown = [*columns.SUMMARY, *columns.TARGETS]
    assert {one.key for one in shown} >= set(_describe.RANGES)


def test_a_page_is_opened_in_the_browser_if_asked(typed, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    assert typed("example", "--out", "pictures").returncode == 0
    assert opened == []
    done = typed("example", "--out", "pictures", "--open")
    assert opened == [(tmp_path / "pictures" / "index.html").as_uri()]
    assert done.stderr == ""


@pytest.mark.parametrize("fails", [lambda _: False, lambda _: 1 / 0])
def test_without_a_browser_the_address_is_said(typed, monkeypatch, tmp_path, fails):
    def without(address):
        try:
            return fails(address)
        except ZeroDivisionError:
            raise webbrowser.Error("none") from None

    monkeypatch.setattr(webbrowser, "open", without)
    done = typed("example", "--out", "pictures", "--open")
    assert done.returncode == 0
    assert "No browser was found. Open this address in one: file://" in done.stderr


@pytest.mark.parametrize(
    "command", ["run", "analyse", "report", "compare", "history", "example", "catalogue"]
)
def test_every_command_that_writes_a_page_can_open_it(typed, command):
    assert "--open" in typed(command, "--help").stdout


def test_the_doctor_finds_this_installation_in_order(typed):
    done = typed("doctor")
    assert done.returncode == 0
    assert done.stderr == ""
    assert f"koopmark {koopmark.__version__} in " in done.stdout
    assert "passed: λ = -1 (x8) of a network of 10 units was recovered" in done.stdout
    lines = done.stdout.splitlines()
    missing = re.search(r"  missing[:,]", done.stdout)
    assert ("Nothing is missing." in lines) == (missing is None)
    assert re.search(r"BLAS +\w+ .*, kernel \w+, \d+ threads?", done.stdout)


def test_the_doctor_says_what_is_missing_and_how_to_add_it(typed, monkeypatch):
    monkeypatch.setattr(
        "koopmark.methods.availability",
        lambda method: f"{method.tags.library} is not installed: {method.tags.install}",
    )
    monkeypatch.setattr("koopmark.methods.library_version", lambda _: "")
    done = typed("doctor")
    assert done.returncode == 0
    assert 'deeptime      missing: pip install "deeptime>=0.4.4"' in done.stdout
    assert "Nothing is missing." not in done.stdout


def test_the_doctor_is_exit_code_1_where_fits_do_not_work(typed, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no BLAS")

    monkeypatch.setattr(koopmark, "fit", broken, raising=False)
    done = typed("doctor")
    assert (done.returncode, "failed: RuntimeError: no BLAS" in done.stdout) == (1, True)


def test_the_doctor_is_exit_code_1_where_a_core_package_is_missing(typed, monkeypatch):
    monkeypatch.setattr("koopmark.cli._doctor.CORE", ("numpy", "numpyy"))
    done = typed("doctor")
    assert done.returncode == 1
    assert 'numpyy        missing: pip install "numpyy"' in done.stdout


def completed(words: str, monkeypatch, capsys) -> list[str]:
    """What bash proposes for the last word."""
    monkeypatch.setattr(sys, "argv", ["koopmark"])
    monkeypatch.setenv("_KOOPMARK_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        ("koopmark des", ["describe"]),
        ("koopmark run smo", ["smoke"]),
        ("koopmark run smoke --method pydmd.fb", ["pydmd.fbdmd", "pydmd.fbdmd_default"]),
        ("koopmark export rnn_hop", ["rnn_hopfield", "rnn_hopfield_sequence"]),
        ("koopmark describe lotka", ["lotka_volterra", "lotka_volterra_inputs"]),
        ("koopmark list sy", ["systems"]),
        ("koopmark figure reports/x bo", ["board"]),
    ],
)
def test_a_shell_completes_names(tmp_path, monkeypatch, capsys, words, proposed):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for _ in range(2):
        assert completed(words, monkeypatch, capsys) == proposed


def test_completing_the_names_of_methods_imports_none_the_second_time(tmp_path):
    code = (
        "import sys; from koopmark.cli import _completion; print(len(_completion.methods())); "
        "print('numpy' in sys.modules)"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert said[0][0] == said[1][0] == str(len(methods.names()) + len(methods.offered()))
    assert [loaded for _, loaded in said] == ["True", "False"]


@pytest.mark.slow
def test_a_run_leaves_a_report_and_its_tables_in_the_default_folder(run_of_all, typed, monkeypatch):
    folder, done = run_of_all
    monkeypatch.chdir(folder)
    assert done.returncode == 0, done.stderr
    out = folder / "reports" / "mine"
    *card, last = done.stdout.splitlines()
    assert card[0].startswith("Which method is best without noise? pydmd.dmd")
    assert last == f"Report: {Path('reports', 'mine', 'index.html')}"
    # Of the newest run the same, below a line that says which it is.
    seen = typed("show")
    assert seen.stdout.splitlines()[1 : len(card) + 1] == card
    assert "Showing reports/mine, the newest run" in seen.stderr
    assert {path.name for path in out.iterdir()} == {
        "run.jsonl",
        "run.lock",
        "fits.csv",
        "targets.csv",
        "eigenpairs.csv",
        "eigenfunctions.csv",
        "summary.csv",
        "outcomes.csv",
        "profiles.csv",
        "index.html",
        "provenance.json",
    }
    assert json.loads((out / "provenance.json").read_text())["command"].startswith("koopmark run")


def test_strict_is_exit_code_1_where_a_fit_failed(typed, suite):
    limit = "[limits]\nseconds = 1e-6\n[[methods]]"
    suite.write_text(suite.read_text().replace("[[methods]]", limit))
    done = typed("run", "mine.toml", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    strict = typed("run", "mine.toml", "--jobs", "1", "--strict")
    assert strict.returncode == 1
    assert "--strict: 3 of 3 fits failed" in strict.stderr


def test_an_analysis_leaves_a_summary_its_tables_and_a_page(typed, analysis, tmp_path):
    shutil.copy(analysis.folder.parent / "spirals.npz", tmp_path)
    done = typed("analyse", "spirals.npz", "--method", "koopmark.qr_edmd", "--draws", "0")
    assert done.returncode == 0, done.stderr
    folder = Path("reports", "analysis-spirals")
    *said, last = done.stdout.splitlines()
    assert said[0].startswith("Held-out data support 1 eigenvalue: ")
    assert " = -0.303 ± 2i (supported in 1 of 1 method)" in said[0]
    assert last == f"Report: {folder / 'index.html'}"
    assert {"pairs.csv", "clusters.csv", "skill.csv", "methods.csv"} <= {
        path.name for path in (tmp_path / folder).iterdir()
    }
    assert typed("show", str(folder)).stdout.splitlines()[1 : 1 + len(said)] == said
    assert typed("report", str(folder)).stdout == f"{last}\n"
    refused = typed("show", str(folder), "--board", "cost")
    assert refused.returncode == 2
    assert "and --board needs a run with an answer key" in refused.stderr


@pytest.mark.slow
def test_report_builds_the_tables_again_from_the_store(typed, ran):
    before = (ran / "fits.csv").read_text()
    for name in ("fits.csv", "summary.csv", "index.html"):
        (ran / name).unlink()
    assert typed("report", str(ran)).returncode == 0
    assert (ran / "fits.csv").read_text() == before
    assert (ran / "index.html").is_file()


@pytest.mark.slow
def test_fits_that_a_store_cut_short_has_lost_are_counted_by_all_that_read_it(typed, ran, tmp_path):
    whole, lacking = tmp_path / "whole", "is not finished, 2 of 3 fits are done: resume with "
    shutil.copytree(ran, whole)
    assert typed("report", str(ran)).stderr == ""
    store = ran / "run.jsonl"
    *kept, last = store.read_bytes().splitlines(keepends=True)
    assert b'{"fit":' in last[:50]
    store.write_bytes(b"".join([*kept, last[: len(last) // 2]]))
    assert f"{ran} {lacking}koopmark run mine.toml" in typed("report", str(ran)).stderr
    assert "2 of 3 fits are done" in (ran / "index.html").read_text(encoding="utf-8")
    assert f"{ran} {lacking}" in typed("show", str(ran)).stdout.replace("\n", "")
    assert lacking[:15] not in typed("show", str(whole)).stdout
    for folder, against in ((ran, whole), (whole, ran)):
        done = typed("check", str(folder), "--against", str(against))
        assert (done.returncode, f"{ran} {lacking}" in done.stdout) == (1, True)


@pytest.mark.slow
def test_check_is_exit_code_1_where_an_error_grew_and_0_where_none_did(typed, ran, tmp_path):
    out, worse = ran, tmp_path / "worse"
    same = typed("check", str(out), "--against", str(out))
    assert same.returncode == 0, same.stdout
    shutil.copytree(out, worse)
    targets = pd.read_csv(worse / "targets.csv")
    targets["eigenfunction_error"] = 0.5
    targets.to_csv(worse / "targets.csv", index=False)
    grew = typed("check", str(worse), "--against", str(out))
    assert grew.returncode == 1, grew.stdout
    assert "pydmd.dmd" in grew.stdout
    filed = typed("check", str(worse), "--against", str(out), "--markdown", "check.md")
    assert (tmp_path / "check.md").read_text().startswith("# Regression\n\n3 fits compared, ")
    assert filed.stdout.startswith("Regression: 3 fits compared, ")
    compared = typed("compare", str(out), str(worse), "--page", "side", "--markdown", "side.md")
    assert compared.returncode == 0, compared.stderr
    changes = [line for line in grew.stdout.splitlines() if " target lost " in line]
    assert changes
    assert all(line in compared.stdout for line in changes)
    assert (tmp_path / "side" / "index.html").is_file()


@pytest.mark.slow
def test_a_run_becomes_the_baseline_that_it_is_checked_against(typed, ran):
    done = typed("baseline", str(ran), "--to", "kept", "--allow-dirty")
    assert (done.returncode, done.stdout) == (0, "Baseline: kept\n")
    assert typed("check", str(ran), "--against", "kept").returncode == 0


@pytest.mark.slow
def test_a_part_is_no_baseline_and_is_compared_only_on_purpose(typed, ran):
    assert typed("run", "mine.toml", "--jobs", "1", "--only", "pydmd.dmd").returncode == 0
    whole, part = "reports/mine", "reports/mine-part"
    compared = typed("check", part, "--against", whole)
    assert (compared.returncode, "(--only pydmd.dmd)" in compared.stdout) == (1, True)
    assert typed("check", part, "--against", whole, "--partial").returncode == 0
    refused = typed("baseline", part, "--to", "kept", "--allow-dirty")
    assert (refused.returncode, "part of its suite" in refused.stderr) == (2, True)


def test_the_package_runs_as_a_module(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "koopmark", "run", "absent.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (2, "Error: absent.toml: no such suite file\n")


MINE = """
from dataclasses import dataclass

import numpy as np

from koopmark.methods import Method
from koopmark.models import LinearModel


@dataclass(frozen=True)
class Mine(Method):
    shift: float = 0.0

    def _fit(self, trajectories):
        x, y = trajectories.pairs()
        operator = np.linalg.lstsq(x, y, rcond=None)[0] + self.shift
        return LinearModel.from_operator(operator, trajectories.dt, lambda states: states)


@dataclass(frozen=True)
class Wrong(Mine):
    shift: float = 0.1
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path / "mine.py"


INFORMED = """
from dataclasses import dataclass

from koopmark.methods import InformedMethod, get


@dataclass(frozen=True)
class Told(InformedMethod):
    def _fit(self, trajectories, key):
        return get("anchor.exact").fit(trajectories, key)
"""


def test_a_method_that_is_given_the_system_is_run_and_takes_part_in_no_ranking(
    typed, ran, tmp_path
):
    (tmp_path / "told.py").write_text(INFORMED)
    others = ("--method", "pydmd.fbdmd", "--method", "told.py:Told")
    done = typed("run", "mine.toml", "--jobs", "1", *others)
    assert done.returncode == 0, done.stderr
    out = Path("reports", "mine")
    told = pd.read_csv(out / "fits.csv").set_index("method").loc["told.py:Told"]
    assert (told["status"], told["role"]) == ("ok", "informed")
    summary = pd.read_csv(out / "summary.csv").set_index("method").loc["told.py:Told"]
    assert summary["found"] == 1.0
    assert pd.isna(summary["place"])
    assert "told.py" not in (out / "leaderboard.csv").read_text()
    # Neither an answer nor a row of the best.
    assert "told.py" not in done.stdout
    shown = typed("show", "--method", "told.py").stdout
    assert "Not ranked: it is an informed method" in shown


def test_a_method_in_a_file_runs_beside_those_of_the_suite(typed, ran, mine):
    done = typed(
        "run", "mine.toml", "--jobs", "1", "--method", "mine.py:Mine", "--method", "mine.py:Wrong"
    )
    assert done.returncode == 0, done.stderr
    fits = pd.read_csv("reports/mine/fits.csv").set_index("method")
    assert list(fits.loc[["mine.py:Mine", "mine.py:Wrong"], "status"]) == ["ok", "ok"]
    errors = pd.read_csv("reports/mine/targets.csv").set_index("method")["eigenvalue_error"]
    assert errors["mine.py:Mine"] < 1e-8 < errors["mine.py:Wrong"]


def test_a_suite_names_a_method_by_a_file_beside_it(typed, suite, mine, tmp_path, monkeypatch):
    suite.write_text(SUITE.format(method="mine.py:Mine"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = typed("run", str(suite), "--out", str(tmp_path / "out"), "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert "mine.py:Mine" in list(pd.read_csv(tmp_path / "out" / "fits.csv")["method"])


def test_a_changed_file_is_fitted_again(typed, ran, mine, tmp_path):
    def fit_ids() -> pd.Series:
        done = typed("run", "mine.toml", "--jobs", "1", "--method", "mine.py:Mine")
        assert done.returncode == 0, done.stderr
        return pd.read_csv(tmp_path / "reports/mine/fits.csv").set_index("method")["fit_id"]

    before = fit_ids()
    mine.write_text(MINE + "\n# changed\n")
    after = fit_ids()
    assert list(before.index[before != after]) == ["mine.py:Mine"]


def test_a_sound_method_is_verified(typed, mine, verified_in_process):
    done = typed("verify", "mine.py:Mine")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    # What is asked of methods that use inputs does not apply to others.
    assert {line.split()[0] for line in lines} <= {"passed", "skipped"}
    assert done.stdout.count("passed") > 20


def test_a_wrong_method_is_told_what_is_wrong(typed, tmp_path, verified_in_process):
    (tmp_path / "modes.py").write_text(MINE.replace("(operator,", "(operator.T,"))
    done = typed("verify", "modes.py:Mine")
    assert done.returncode == 1
    assert "broken   is exact where it must be: an eigenfunction breaks" in done.stdout
    assert "checks are broken" in done.stderr


DIES_ONCE = """        import os
        from pathlib import Path

        once = Path(__file__).with_suffix(".died")
        if not once.exists():
            once.touch()
            os._exit(3)
        x, y ="""


def test_a_method_that_dies_is_told_so(typed, tmp_path):
    (tmp_path / "dying.py").write_text(MINE.replace("        x, y =", DIES_ONCE))
    done = typed("verify", "dying.py:Mine")
    assert done.returncode == 1
    assert "broken   gives a model: its process ended with exit code 3" in done.stdout
    assert done.stdout.count("broken") == 1
    assert "passed   survives json" in done.stdout


def test_a_misspelt_method_is_a_mistake_of_the_option_and_not_of_the_suite(typed, suite):
    done = typed("run", str(suite), "--method", "pydmd.dmdd")
    assert done.returncode == 2
    assert "--method: unknown method 'pydmd.dmdd': did you mean 'pydmd.dmd'?" in done.stderr


def test_a_method_that_is_not_there_cannot_be_verified(typed):
    done = typed("verify", "pydmd.dmdd")
    assert done.returncode == 2
    assert "did you mean 'pydmd.dmd'?" in done.stderr


def test_export_writes_a_folder_and_says_where(typed, tmp_path):
    done = typed("export", "three_populations", "--format", "csv", "--seed", "1")
    assert done.returncode == 0
    assert done.stdout == "Exported: reports/export/three_populations-1-csv\n"
    assert (tmp_path / "reports/export/three_populations-1-csv/test.csv").is_file()


def test_one_fit_of_a_suite_is_done_in_a_folder_of_its_own(typed, suite):
    asked = (
        str(suite),
        "--jobs",
        "1",
        "--only",
        "anchor.exact",
        "--dataset",
        "tiny",
        "--seed",
        "0",
    )
    done = typed("run", *asked)
    assert done.returncode == 0, done.stderr
    folder = Path("reports") / "mine-part"
    methods = list(pd.read_csv(folder / "fits.csv")["method"])
    assert methods == ["anchor.exact", "anchor.random"]
    assert (folder / "index.html").is_file()


def test_a_part_of_a_suite_is_refused_where_a_whole_run_is(typed, suite):
    (suite.parent / "whole").mkdir()
    (suite.parent / "whole" / "provenance.json").write_text('{"suite": "mine"}')
    refused = typed("run", str(suite), "--out", "whole", "--seed", "0")
    assert refused.returncode == 2
    assert "--out must be another folder" in refused.stderr


def test_a_run_goes_into_a_paper(typed, ran, tmp_path):
    folder = str(ran)
    figure = typed("figure", folder, "board", "--method", "pydmd.dmd", "--width", "240pt")
    assert figure.stdout == f"Figure: {ran / 'figures' / 'board.pdf'}\n", figure.stderr
    assert (ran / "figures" / "board.pdf").read_bytes().startswith(b"%PDF")
    unknown = typed("figure", folder, "bord")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "Error: unknown figure 'bord': did you mean 'board'? " in unknown.stderr
    assert "it takes two methods" in typed("table", folder).stderr
    assert "@article{tu2014dynamic," in typed("cite", folder).stdout
    assert typed("cite", folder, "--out", "a.bib").stdout == "References: a.bib\n"
    assert (tmp_path / "a.bib").read_text(encoding="utf-8").startswith("% koopmark, the benchmark")
    lost = typed("cite", folder, "--out", "nowhere/a.bib")
    assert (lost.returncode, lost.stdout) == (2, "")
    assert "nowhere/a.bib: cannot be written" in lost.stderr
