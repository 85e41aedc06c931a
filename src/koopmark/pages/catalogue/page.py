"""The catalogue as one HTML page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from koopmark import datasets
from koopmark._files import make_folder, write_text
from koopmark.datasets import Recipe
from koopmark.pages.catalogue.entry import SEED, Entry, entry
from koopmark.pages.catalogue.portrait import portrait
from koopmark.pages.web.render import render


@dataclass(frozen=True)
class Drawn:
    """An entry with its phase portrait, or why there is none."""

    entry: Entry
    portrait: Markup
    reason: str = ""


def write(
    recipes: Sequence[Recipe], out_dir: Path, done: Callable[[], object] = lambda: None
) -> Path:
    """Write index.html; returns its path. `done` is called after each recipe.

    Raises
    ------
    ConfigError
        If the folder cannot be made or written to.
    """
    make_folder(out_dir)
    drawn = []
    for recipe in recipes:
        drawn.append(_drawn(recipe))
        done()
    page = out_dir / "index.html"
    title = "Datasets: systems whose Koopman eigenfunctions are known"
    write_text(page, render("catalogue/page.html.j2", {}, title=title, drawn=drawn, seed=SEED))
    return page


def _drawn(recipe: Recipe) -> Drawn:
    try:
        data = datasets.build(recipe, SEED)
    except datasets.Diverged as error:
        return Drawn(entry(recipe), Markup(), str(error))
    return Drawn(entry(recipe, data.system), portrait(data.test.states, recipe.name))
