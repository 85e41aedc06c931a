"""The catalogue as one HTML page, with the spectrum and a phase portrait of each dataset."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from koopmark import datasets
from koopmark._files import make_folder, write_text
from koopmark.datasets import Recipe
from koopmark.pages.catalogue._entries import CONDITIONS, SEED, entry
from koopmark.pages.catalogue._groups import group_of, grouped
from koopmark.pages.catalogue._pictures import driven, portrait, spectrum
from koopmark.pages.web import render

SIZES = {"1-5": "up to 5", "6-20": "6 to 20", "21-": "more than 20"}
"""Ranges of N to choose from, as the page's script reads them."""


def write(
    recipes: Sequence[Recipe], out_dir: str | Path, done: Callable[[], object] = lambda: None
) -> Path:
    """Write index.html; returns its path. `done` is called after each recipe.

    Raises
    ------
    ConfigError
        If the folder cannot be made or written to.
    """
    out_dir = make_folder(Path(out_dir))
    found = []
    for recipe in recipes:
        shown = _shown(recipe)
        found.append((group_of(recipe, shown["entry"].conditions), shown))
        done()
    groups = grouped(found)
    html = render(
        "catalogue/page.html.j2",
        {},
        figures=None,
        title="Datasets: systems whose Koopman eigenfunctions are known",
        groups=groups,
        count=len(recipes),
        sizes=SIZES,
        regimes=sorted({kind for _, some in groups for one in some for kind in one["entry"].kinds}),
        conditions=CONDITIONS,
        seed=SEED,
    )
    page = out_dir / "index.html"
    write_text(page, html)
    return page


def _shown(recipe: Recipe) -> dict[str, Any]:
    """What the page shows of a recipe."""
    try:
        data = datasets.build(recipe, SEED)
    except datasets.Diverged as error:
        said = entry(recipe)
        drawn = {"portrait": "", "inputs": "", "reason": str(error)}
    else:
        said = entry(recipe, data.system)
        shown, which = (data.test, "test") if data.train.full else (data.train, "training")
        seen = "s" if "sensors" in said.conditions else "x"
        states = portrait(shown.states, recipe.name, f"{which} trajectories", seen)
        below = "" if data.train.inputs is None else driven(data.train.inputs[0], recipe.name)
        drawn = {"portrait": states, "inputs": below}
    discrete = "maps" in said.conditions
    return {"entry": said, "spectrum": spectrum(said.values, recipe.name, discrete), **drawn}
