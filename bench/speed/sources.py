"""The two sources of a comparison, as copies that nobody edits meanwhile."""

import filecmp
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


class NoBase(Exception):
    """Why there is nothing to compare with."""


def base_commit(asked: str | None, root: Path = ROOT) -> str:
    """The commit to compare with: the one asked for, else the one that made the baseline.

    The baseline's, so that many small slowdowns add up until someone accepts them.

    Raises
    ------
    NoBase
    """
    name = asked or _of_baseline(root / "reports" / "baseline" / "provenance.json")
    done = _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if done.returncode:
        raise NoBase(
            f"commit {name} is not in this clone; a shallow one gets it by "
            "`git fetch --unshallow`, and `make regress BASE=COMMIT` compares with another"
        )
    return done.stdout.decode().strip()


def _of_baseline(provenance: Path) -> str:
    try:
        commit = json.loads(provenance.read_text(encoding="utf-8"))["git"]["commit"]
    except (OSError, ValueError, TypeError, KeyError):
        raise NoBase(f"{provenance} names no commit") from None
    return str(commit)


def committed(commit: str, folder: Path, root: Path = ROOT) -> Path:
    """`src` of a commit, copied into `folder`."""
    done = _git(root, "archive", commit, "src")
    if done.returncode:
        raise NoBase(f"commit {commit} has no src: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        # Python 3.11.0 to 3.11.3 have no filters.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    return folder / "src"


def working(folder: Path, root: Path = ROOT) -> Path:
    """`src` as it lies there now, copied into `folder`."""
    ignore = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(root / "src", folder / "src", ignore=ignore))


def same(head: Path, base: Path) -> bool:
    """Whether two sources have the same files with the same content."""
    names = [sorted(it.relative_to(top) for it in top.rglob("*.py")) for top in (head, base)]
    if names[0] != names[1]:
        return False
    return not any(filecmp.cmpfiles(head, base, map(str, names[0]), shallow=False)[1:])


def _git(root: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True)
    except OSError as problem:
        raise NoBase(f"git cannot be run ({problem.strerror})") from None
