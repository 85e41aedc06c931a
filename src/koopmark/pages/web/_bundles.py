"""Plotly's bundles as hatch_build.py fetched them: the script for a page, and its licence."""

import tarfile
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from koopmark._errors import ConfigError

VENDOR = Path(__file__).parent / "vendor"


@dataclass(frozen=True)
class Bundle:
    """A package of the npm registry that pages embed."""

    package: str
    version: str
    licence: str
    script: str


@cache
def bundle(name: str) -> Bundle:
    """The bundle called `name` in vendor/bundles.toml: `cartesian`, or `gl3d` for figures in space.

    Raises
    ------
    ConfigError
        If it was not fetched when koopmark was installed.
    """
    pinned = tomllib.loads((VENDOR / "bundles.toml").read_text(encoding="utf-8"))[name]
    package, version = pinned["package"], pinned["version"]
    path = VENDOR / f"{package}-{version}.tgz"
    if not path.is_file():
        raise ConfigError(
            f"{path} is missing, which the figures of pages need: run `make setup` in the clone, "
            "or install koopmark again"
        )
    with tarfile.open(path) as archive:
        licence, script = (_text(archive, member) for member in ("LICENSE", pinned["script"]))
    return Bundle(package, version, licence, script)


def _text(archive: tarfile.TarFile, member: str) -> str:
    file = archive.extractfile(f"package/{member}")
    assert file is not None  # hatch_build.py checked the archive's bytes
    return file.read().decode("utf-8")
