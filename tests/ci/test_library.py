"""The script of the reusable workflow, on a library of two commits."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from recipes import small_recipe

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "bench" / "ci" / "library.sh"

INSTALL = """
# As pip would, from a wheel of this folder.
set -e
site=$(python -c "import sysconfig; print(sysconfig.get_path('purelib'))")
about="$site/toydmd-1.0.dist-info"
mkdir -p "$about"
cp toydmd.py "$site"
printf 'Metadata-Version: 2.1\\nName: toydmd\\nVersion: 1.0\\n' > "$about/METADATA"
cat > "$about/entry_points.txt" <<END
[koopmark.methods]
toydmd.dmd = toydmd:ToyDMD
toydmd.other = toydmd:OtherDMD
END
printf 'toydmd.py,,\\n' > "$about/RECORD"
"""
LIBRARY = '''
"""DMD by least squares."""
from dataclasses import dataclass

import numpy as np

from koopmark.methods import Method
from koopmark.models import LinearModel


def operator(x, y):
    return np.linalg.lstsq(x, y)[0]


def other(x, y):
    return np.linalg.pinv(x) @ y


@dataclass(frozen=True)
class ToyDMD(Method):
    """Least squares."""

    def _fit(self, trajectories):
        found = operator(*trajectories.pairs())
        return LinearModel.from_operator(found, trajectories.dt, lift=lambda states: states)


@dataclass(frozen=True)
class OtherDMD(Method):
    """Least squares by another way."""

    def _fit(self, trajectories):
        found = other(*trajectories.pairs())
        return LinearModel.from_operator(found, trajectories.dt, lift=lambda states: states)
'''
FILE_METHOD = '''
from dataclasses import dataclass

import toydmd

from koopmark.methods import Method
from koopmark.models import LinearModel


@dataclass(frozen=True)
class Adapted(Method):
    """What toydmd computes."""

    def _fit(self, trajectories):
        found = toydmd.operator(*trajectories.pairs())
        return LinearModel.from_operator(found, trajectories.dt, lift=lambda states: states)


@dataclass(frozen=True)
class Other(Method):
    """What toydmd computes by another way."""

    def _fit(self, trajectories):
        found = toydmd.other(*trajectories.pairs())
        return LinearModel.from_operator(found, trajectories.dt, lift=lambda states: states)
'''
SUITE = """
title = "Toy"
question = "Does the toy recover what it did?"
datasets = ["tiny.toml"]
seeds = 1
[[methods]]
use = "anchor.exact"
"""
WORSE = LIBRARY.replace("[0]\n", "[0] * (1 + 1e-4)\n", 1)
WORSE_AND_BROKEN = WORSE.replace("return np.linalg.pinv(x) @ y", 'raise ValueError("injected")')


def git(folder, *arguments):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def library(tmp_path):
    """A clone with one commit, and a function that adds another."""
    folder = tmp_path / "toy library"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "install.sh").write_text(INSTALL)
    (folder / "toydmd.py").write_text(LIBRARY)
    (folder / "adapter.py").write_text(FILE_METHOD)
    (folder / "toy.toml").write_text(SUITE)
    (folder / "tiny.toml").write_text(small_recipe())
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "good")

    def change(text):
        (folder / "toydmd.py").write_text(text)
        git(folder, "commit", "--quiet", "--all", "--message", "changed", "--allow-empty")

    return folder, change


@pytest.fixture
def compare(library, tmp_path):
    """Run the script in environments that see what is installed here; koopmark is there."""
    folder, _ = library
    out = tmp_path / "out"
    out.mkdir()
    for side in ("base", "head"):
        command = [sys.executable, "-m", "venv", "--without-pip", str(out / f"venv-{side}")]
        subprocess.run(command, check=True)
        (site,) = (out / f"venv-{side}").glob("lib/python*/site-packages")
        here = f"{ROOT / 'src'}\n{sysconfig.get_paths()['purelib']}\n"
        (site / "here.pth").write_text(here)

    def compare(**settings):
        known = {
            "LIBRARY": str(folder),
            "BASE": "HEAD~1",
            "INSTALL": "sh install.sh",
            "KOOPMARK": "",
            "SUITE": "toy.toml",
            "METHODS": "toydmd.dmd adapter.py:Adapted toydmd.other adapter.py:Other",
            "OUT": str(out),
            "PYTHON": sys.executable,
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }
        env = {**os.environ, **known, **settings}
        return subprocess.run(["bash", str(SCRIPT)], env=env, capture_output=True, text=True), out

    return compare


SEEN = {
    "| 3.0 digits |": {"toydmd.dmd", "adapter.py:Adapted"},
    "ValueError: injected": {"toydmd.other", "adapter.py:Other"},
}
"""What is said of the worse commit, of its digits first, and of which methods: one of an
entry point and one of a file, which both see the library of the commit."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(LIBRARY + "\n# Faster.\n", 0, marks=pytest.mark.nightly, id="unchanged"),
        pytest.param(WORSE_AND_BROKEN, 1, id="worse and broken"),
    ],
)
def test_a_commit_that_recovers_less_is_told_from_one_that_does_not(
    library, compare, tmp_path, text, code
):
    library[1](text)
    done, out = compare()
    assert done.returncode == code, done.stderr
    summary = (tmp_path / "summary.md").read_text()
    assert ("No regression" in summary) == (code == 0)
    assert (out / "check.md").read_text() in summary
    for side in ("base", "head"):
        assert (out / side / "index.html").is_file()
    for words, methods in SEEN.items():
        lines = [line for line in summary.splitlines() if words in line]
        cells = {cell.strip() for line in lines for cell in line.split("|")}
        assert cells & set.union(*SEEN.values()) == (methods if code else set())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"BASE": "1" * 40}, "is no commit of"),
        ({"INSTALL": "exit 3"}, "the base commit cannot be installed by: exit 3"),
        ({"SUITE": "absent.toml", "INSTALL": "true"}, "cannot be run with the base commit"),
    ],
)
def test_what_cannot_be_compared_is_exit_code_2_and_a_sentence(
    library, compare, settings, sentence
):
    library[1](LIBRARY)
    done, _ = compare(**settings)
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr


def test_the_base_has_to_be_named(tmp_path):
    env = {**os.environ, "LIBRARY": str(tmp_path)}
    done = subprocess.run(["bash", str(SCRIPT)], env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert "BASE: names the commit" in done.stderr
