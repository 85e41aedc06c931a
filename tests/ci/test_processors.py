"""`make test-kernels`: what cannot be tried is skipped with a reason, what fails says where."""

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from koopmark.plan.provenance import in_words, kernels

ROOT = Path(__file__).parents[2]


def script_of_processors():
    path = ROOT / "bench" / "ci" / "processors.py"
    spec = importlib.util.spec_from_file_location("processors", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.fixture
def processors(monkeypatch):
    """The script, on a processor that has everything and does as it is told."""
    script = script_of_processors()
    has = dict.fromkeys(["AVX512F", "AVX512VL", "AVX512DQ", "AVX2", "FMA3", "SSE42"], True)
    monkeypatch.setattr(script, "__cpu_features__", has)
    monkeypatch.setattr(script, "run", obeying)
    monkeypatch.setattr(script, "own", lambda: "")
    return script


def obeying(kernels, command, **_):
    taken = f"openblas {kernels.environment['OPENBLAS_CORETYPE']}, NumPy X86_V3\n"
    return subprocess.CompletedProcess(command, 0, taken)


def test_every_choice_runs_the_tests_and_checks_the_smoke_suite(processors, monkeypatch, capsys):
    ran = []

    def run(kernels, command, **options):
        ran.append((kernels.name, command[2]))
        return obeying(kernels, command)

    monkeypatch.setattr(processors, "run", run)
    assert processors.main() == 0
    said = capsys.readouterr().out
    assert all((ROOT / file).is_file() for file in processors.ONLY_WORDS + processors.SAMPLE)
    for choice in processors.CHOICES:
        mine = [module for name, module in ran if name == choice.name]
        assert mine[1:] == ["pytest", "koopmark", "koopmark"]
        assert f"\n{choice.name}: passed in " in said


def test_a_sample_of_the_tests_is_run_unless_all_are_asked_for(processors, monkeypatch):
    monkeypatch.delenv("TESTS", raising=False)
    assert set(processors.SAMPLE) < set(processors.tests())
    folders = {f"tests/{folder}" for folder in processors.FOLDERS}
    assert all(file.startswith(tuple(folders)) for file in processors.SAMPLE)
    monkeypatch.setenv("TESTS", "all")
    assert folders < set(processors.tests())


def test_a_processor_without_the_instructions_is_skipped_with_a_word(
    processors, monkeypatch, capsys
):
    monkeypatch.setattr(processors, "__cpu_features__", {"AVX2": True, "FMA3": True})
    assert processors.main() == 0
    said = capsys.readouterr().out
    assert f"SkylakeX: skipped, this processor ({platform.machine()}) has no AVX512F" in said
    assert "Nehalem: skipped, this processor" in said
    assert "Haswell: passed in" in said


def test_the_kernels_of_this_machine_are_left_to_make_test(processors, monkeypatch, capsys):
    monkeypatch.setattr(processors, "run", obeying)
    haswell = processors.CHOICES[1]
    monkeypatch.setattr(
        processors, "own", lambda: obeying(haswell, [sys.executable]).stdout.strip()
    )
    assert processors.main() == 0
    said = capsys.readouterr().out
    assert "Haswell: skipped, these are this machine's own" in said
    assert "Nehalem: passed in" in said


def test_kernels_that_are_not_taken_are_skipped(processors, monkeypatch, capsys):
    def other(kernels, command, **_):
        return subprocess.CompletedProcess(command, 0, "openblas Haswell, NumPy X86_V3\n")

    monkeypatch.setattr(processors, "run", other)
    assert processors.main() == 0
    said = capsys.readouterr().out
    assert "Nehalem: skipped, the kernels here are openblas Haswell, NumPy X86_V3" in said
    assert "Haswell: passed in" in said


@pytest.mark.parametrize("failing", ["pytest", "run", "check"])
def test_a_failure_says_under_which_kernels_and_how_to_repeat_it(
    processors, monkeypatch, capsys, failing
):
    def run(kernels, command, **options):
        bad = kernels.name == "Nehalem" and failing in command[2:4]
        return subprocess.CompletedProcess(command, int(bad), obeying(kernels, command).stdout)

    monkeypatch.setattr(processors, "run", run)
    assert processors.main() == 1
    said = capsys.readouterr().out
    assert "Nehalem: FAILED in" in said
    assert "Haswell: passed in" in said
    again = [line for line in said.splitlines() if line.startswith("Again with: ")]
    assert len(again) == 1
    assert again[0].startswith("Again with: env OPENBLAS_CORETYPE=Nehalem ")
    assert f" {sys.executable} -m " in again[0]
    assert failing in again[0]


GENERATIONS = {"SkylakeX": "", "Haswell": "NumPy X86_V3", "Nehalem": "NumPy X86_V2"}
"""NumPy's loops on each; with AVX-512 they are several."""


def test_blas_and_numpy_compute_as_on_one_generation_of_processors():
    script = script_of_processors()
    code = "from koopmark.plan import provenance as p; print(p.in_words(p.kernels()))"
    for choice in script.CHOICES:
        if script.why_not(choice):
            continue
        taken = script.run(choice, [sys.executable, "-c", code], stdout=subprocess.PIPE).stdout
        assert taken.startswith(f"openblas {choice.name}, ")
        assert taken.strip().endswith(GENERATIONS[choice.name])


def test_the_folders_with_numbers_and_the_packages_without_exist(processors):
    assert all((ROOT / "tests" / folder).is_dir() for folder in processors.FOLDERS)
    assert {"scoring", "methods", "truth"} <= set(processors.FOLDERS)
    packages = ROOT / "src" / "koopmark"
    assert all((packages / name / "__init__.py").is_file() for name in processors.NO_NUMBERS)


def test_the_kernels_in_use_are_those_that_the_environment_chose():
    if not in_words(kernels()).startswith("openblas") or platform.machine() != "x86_64":
        pytest.skip("no OpenBLAS with kernels of several x86 processors")
    code = "from koopmark.plan import provenance as p; print(p.in_words(p.kernels()))"
    for core in ("Nehalem", "Sandybridge"):
        said = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"OPENBLAS_CORETYPE": core},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert said.startswith(f"openblas {core}, NumPy ")


def test_what_says_nothing_of_its_kernels_has_no_words_for_them():
    assert in_words({}) == ""
    assert in_words({"blas": [], "simd": ["X86_V2", "X86_V3"]}) == "NumPy X86_V3"
