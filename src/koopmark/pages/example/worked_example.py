"""The three-population example: pictures and numbers of a system whose answer is known."""

from pathlib import Path

from koopmark._files import make_folder, write_text
from koopmark.pages.example.attraction import attraction
from koopmark.pages.example.geometry import Geometry
from koopmark.pages.example.page import example_page
from koopmark.pages.example.recovery import pairs_table, recover, scores_table
from koopmark.systems import three_populations


def example(out_dir: Path) -> Path:
    """Write the page index.html and its numbers as CSV; returns the path of the page.

    trajectories.csv holds what falls onto the plane, recovered.csv the scores of the fits, and
    eigenpairs.csv what they recovered.

    Raises
    ------
    ConfigError
        If the folder cannot be made or written to.
    """
    make_folder(out_dir)
    system = three_populations()
    weights = system.weights.dense().round(12) + 0.0
    falls = attraction(system, Geometry.of(weights))
    fits = recover(system)
    for name, table in (
        ("trajectories", falls.table()),
        ("recovered", scores_table(fits)),
        ("eigenpairs", pairs_table(fits)),
    ):
        write_text(out_dir / f"{name}.csv", table.to_csv(index=False))
    page = out_dir / "index.html"
    write_text(page, example_page(weights, falls, fits))
    return page
