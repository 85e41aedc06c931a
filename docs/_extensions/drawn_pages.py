"""The pages that koopmark draws for the site: python docs/_extensions/drawn_pages.py FOLDER.

They are the catalogue of all datasets and the history of the baseline. To draw all datasets takes
minutes, so what is there is kept until a recipe or the code that draws changes.
"""

import hashlib
import sys
from pathlib import Path

from koopmark import datasets, pages
from koopmark.pages.catalogue import write

ROOT = Path(__file__).parents[2]
SOURCES = ("datasets/*.toml", "src/koopmark/pages/catalogue/*", "src/koopmark/pages/web/*")


def draw(folder):
    """Write both pages, the catalogue only if something of it is new."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    mark = folder.parent / f".{folder.name}.sha256"
    known = mark.read_text() if mark.is_file() else ""
    if known != digest.hexdigest() or not (folder / "catalogue" / "index.html").is_file():
        write([datasets.load_recipe(name) for name in datasets.names()], folder / "catalogue")
        mark.write_text(digest.hexdigest())
    pages.write_history(ROOT / "reports/baseline/history.jsonl", folder / "history")


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
