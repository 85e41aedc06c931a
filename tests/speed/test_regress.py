"""`make regress` on repositories of few lines, and once on this source."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

import regress
import turns
from injections import LOSSES, slowdowns
from kernels import KERNELS
from slowdown import slowdown
from sources import NoBase, base_commit, committed, same, working

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path):
    """Two commits of a source; what the baseline says is the first of them."""
    root = tmp_path / "repository"
    package = root / "src" / "koopmark"
    package.mkdir(parents=True)

    def git(*arguments):
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(root), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    (package / "__init__.py").write_text("one = 1\n")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    first = git("rev-parse", "HEAD")
    (package / "__init__.py").write_text("one = 2\n")
    git("commit", "--quiet", "--all", "--message", "second")
    (root / "reports" / "baseline").mkdir(parents=True)
    provenance = root / "reports" / "baseline" / "provenance.json"
    provenance.write_text(json.dumps({"git": {"commit": first}}))
    return root, first


def test_the_base_is_the_commit_that_made_the_baseline_unless_one_is_named(repository):
    root, first = repository
    assert base_commit(None, root) == first
    assert base_commit("HEAD", root) != first
    assert base_commit("HEAD~1", root) == first


def test_a_commit_that_is_not_in_the_clone_is_a_sentence(repository):
    root, _ = repository
    with pytest.raises(NoBase, match=r"commit 0{40} is not in this clone; a shallow one gets it"):
        base_commit("0" * 40, root)


def test_a_shallow_clone_says_so(repository, tmp_path):
    root, _ = repository
    shallow = tmp_path / "shallow"
    command = ["git", "clone", "--quiet", "--depth", "1", f"file://{root}", str(shallow)]
    subprocess.run(command, check=True)
    (shallow / "reports").symlink_to(root / "reports")
    with pytest.raises(NoBase, match="--unshallow"):
        base_commit(None, shallow)


def test_a_folder_that_is_no_repository_is_a_sentence(tmp_path):
    with pytest.raises(NoBase, match="names no commit"):
        base_commit(None, tmp_path)


def test_copies_are_of_the_commit_and_of_the_files_as_they_are(repository, tmp_path):
    root, first = repository
    (root / "src" / "koopmark" / "new.py").write_text("")
    base = committed(first, tmp_path / "base", root)
    head = working(tmp_path / "head", root)
    assert (base / "koopmark" / "__init__.py").read_text() == "one = 1\n"
    assert (head / "koopmark" / "__init__.py").read_text() == "one = 2\n"
    assert (head / "koopmark" / "new.py").is_file()
    assert not same(head, base)
    assert same(head, working(tmp_path / "again", root))


def test_content_alone_tells_sources_apart(repository, tmp_path):
    root, first = repository
    old, new = (committed(name, tmp_path / name, root) for name in (first, "HEAD"))
    os.utime(old / "koopmark" / "__init__.py", (0, 0))
    os.utime(new / "koopmark" / "__init__.py", (0, 0))
    assert not same(old, new)


@pytest.mark.parametrize("injection", [*slowdowns(1.3), *LOSSES], ids=lambda it: it.name)
def test_an_injection_is_a_program_that_names_what_is_there(tmp_path, injection):
    file = Path("koopmark", injection.file)
    (tmp_path / file).parent.mkdir(parents=True)
    shutil.copy(ROOT / "src" / file, tmp_path / file)
    injection.into(tmp_path)
    # Beside the module itself, whose own classes it leaves alone.
    name = f"{file.with_suffix('')}".replace("/", ".")
    spec = spec_from_file_location(name, tmp_path / file)
    spec.loader.exec_module(module_from_spec(spec))


def test_without_a_base_there_is_a_sentence_and_no_failure(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["regress.py", "--base", "0" * 40])
    assert regress.main() == 0
    assert capsys.readouterr().out.startswith("Speed: not compared: commit 000")


def test_the_source_of_the_base_itself_is_not_timed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["regress.py", "--base", "HEAD", "--head", "HEAD"])
    monkeypatch.setattr(regress, "measure", None)
    assert regress.main() == 0
    assert "the source is that of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "second", "code"), [(1.3, 1.3, 1), (1.3, 1.0, 0), (1.0, None, 0)]
)
def test_an_alarm_needs_two_measurements(monkeypatch, tmp_path, capsys, first, second, code):
    measured = iter([first, second])

    def measure(head, base):
        seconds = np.ones((5, 8, 2, 2))
        seconds[:, :, 0, 0] = next(measured)
        return [slowdown("simulation", seconds)], {"scoring": "ImportError: no such thing"}

    monkeypatch.setattr(regress, "measure", measure)
    monkeypatch.setattr(regress, "same", lambda *_: False)
    monkeypatch.setattr(regress.record, "__defaults__", (tmp_path / "core.json",))
    monkeypatch.setattr(sys, "argv", ["regress.py", "--base", "HEAD", "--head", "HEAD"])
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert regress.main() == code
    said = capsys.readouterr().out
    assert said.startswith("# Slower" if code else "# Not slower")
    assert "scoring cannot be run by the base: ImportError: no such thing" in said
    assert ("slower at first" in said) == (second == 1.0)
    assert said.strip() in (tmp_path / "summary.md").read_text()
    kept = json.loads((tmp_path / "core.json").read_text())
    assert kept["kernels"]["simulation"]["head_ratio"] == (second or first)


@pytest.mark.slow
def test_every_kernel_runs_on_this_source_and_its_base_may_lack_one(monkeypatch, tmp_path):
    monkeypatch.setattr(turns, "PAIRS", 1)
    monkeypatch.setattr(turns, "ROUNDS", 1)
    head, base = (working(tmp_path / name) for name in ("head", "base"))
    (base / "koopmark" / "scoring" / "_evaluate.py").write_text("raise ImportError('gone')\n")
    found, missing = turns.measure(head, base)
    assert [it.kernel for it in found] + list(missing) == [kernel.name for kernel in KERNELS]
    assert missing == {"scoring": "ImportError: gone"}
    assert all(it.head_ms > 0 for it in found)
    with pytest.raises(turns.CannotRun, match="gone"):
        turns.measure(base, head)


def test_a_source_without_koopmark_is_a_sentence(tmp_path):
    (tmp_path / "koopmark").mkdir()
    (tmp_path / "koopmark" / "__init__.py").write_text("raise SystemExit\n")
    with turns.Side(tmp_path) as side, pytest.raises(turns.CannotRun, match="can be imported"):
        side.missing()
