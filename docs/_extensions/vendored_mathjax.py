"""MathJax from the archive in docs/_vendor: one script beside the pages, and no network."""

import tarfile
import tomllib
from pathlib import Path

from sphinx.errors import ExtensionError

VENDOR = Path(__file__).parents[1] / "_vendor"


def setup(app):
    app.setup_extension("sphinx.ext.mathjax")
    pinned = tomllib.loads((VENDOR / "bundles.toml").read_text(encoding="utf-8"))["mathjax"]
    script = Path(pinned["script"])
    app.connect("config-inited", lambda _, config: setattr(config, "mathjax_path", script.name))
    app.connect("builder-inited", lambda app: _unpack(app, pinned))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _unpack(app, pinned):
    """Put the script and its licence into the static files of the site."""
    archive = VENDOR / f"{pinned['package']}-{pinned['version']}.tgz"
    if not archive.is_file():
        raise ExtensionError(f"{archive} is missing: run `python hatch_build.py docs/_vendor`")
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as files:
        for member in (pinned["script"], "LICENSE"):
            name = "mathjax-licence.txt" if member == "LICENSE" else Path(member).name
            content = files.extractfile(f"package/{member}").read()
            # Written only once: the pages carry a digest of it, and times tell what is new.
            if not (static / name).is_file() or (static / name).read_bytes() != content:
                (static / name).write_bytes(content)
