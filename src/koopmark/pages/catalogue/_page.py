"""The catalogue as one HTML page, with a phase portrait of each dataset."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from koopmark import datasets
from koopmark._files import make_folder, write_text
from koopmark.datasets import Recipe
from koopmark.pages.catalogue._entries import SEED, entry
from koopmark.pages.web import render

WIDTH, HEIGHT, MARGIN = 320.0, 240.0, 10.0
TRAJECTORIES = 40
"""Most trajectories of a portrait."""


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
        try:
            data = datasets.build(recipe, SEED)
        except datasets.Diverged as error:
            shown = {"entry": entry(recipe), "portrait": "", "reason": str(error)}
        else:
            picture = portrait(data.test.states, recipe.name)
            shown = {"entry": entry(recipe, data.system), "portrait": picture}
        drawn.append(shown)
        done()
    title = "Datasets: systems whose Koopman eigenfunctions are known"
    page = out_dir / "index.html"
    html = render("catalogue/page.html.j2", {}, figures=None, title=title, drawn=drawn, seed=SEED)
    write_text(page, html)
    return page


def plane(states: NDArray) -> tuple[NDArray, tuple[str, str]]:
    """States (M, T, N) in the plane they vary most in, (M, T, 2), and what its axes are."""
    if states.shape[-1] == 1:
        states = np.concatenate([np.zeros_like(states), states], axis=-1)
        return states, ("", "x₁")
    if states.shape[-1] == 2:
        return states, ("x₁", "x₂")
    flat = states.reshape(-1, states.shape[-1])
    centred = flat - flat.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    # An axis has no sign of its own: its largest entry is positive, on every machine.
    leading = axes[:2] * np.sign(axes[:2][[0, 1], np.abs(axes[:2]).argmax(axis=1)])[:, None]
    return (states - flat.mean(axis=0)) @ leading.T, (
        "first principal component",
        "second principal component",
    )


def portrait(states: NDArray, name: str) -> Markup:
    """Some of the trajectories (M, T, N) as SVG in the page's colours; a dot where each ends."""
    points, titles = plane(states[:TRAJECTORIES])
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    span = np.where(high > low, high - low, 1.0)
    scaled = (points - low) / span
    x = MARGIN + scaled[..., 0] * (WIDTH - 2 * MARGIN)
    y = HEIGHT - MARGIN - scaled[..., 1] * (HEIGHT - 2 * MARGIN)
    lines = "".join(f'<path d="{_path(*line)}"/>' for line in zip(x, y, strict=True))
    ends = "".join(
        f'<circle cx="{end_x:.1f}" cy="{end_y:.1f}" r="2"/>'
        for end_x, end_y in zip(x[:, -1], y[:, -1], strict=True)
    )
    across = f"{titles[0]} across, " if titles[0] else "at rest across, "
    text = f"{len(points)} test trajectories of {name}: {across}{titles[1]} upwards"
    return Markup(
        f'<svg class="portrait" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(text)}"><g class="paths">{lines}</g><g class="ends">{ends}</g></svg>'
    )


def _path(x: NDArray, y: NDArray) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
