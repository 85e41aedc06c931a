"""The suite of a twin: its recipes, and the methods that the data would be given."""

import json
from pathlib import Path
from typing import Any

from koopmark._files import write_text
from koopmark.analysis.recording._suite import chosen, toml_of
from koopmark.datasets import Twin, twin
from koopmark.datasets.twins import SEEDS
from koopmark.simulation import Trajectories

TWIN = "twin.toml"


def twin_suite(
    data: Trajectories,
    out: str | Path,
    *,
    methods: list[dict[str, Any]] | None = None,
    **options: Any,
) -> tuple[Twin, Path]:
    """A twin of these data with the suite that runs it: the folder, and its file `twin.toml`.

    Parameters
    ----------
    data : Trajectories
    out : str or Path
        Its folder.
    methods : list of dict, optional
        Entries of methods; by default those that `analyse` chooses for the data.
    **options
        As for `koopmark.datasets.twin`.

    Raises
    ------
    ValueError
        As `koopmark.datasets.twin`, and if there is none of its families.
    """
    made = twin(data, out, **options)
    if not made.families:
        why = "; ".join(f"{name}: {reason}" for name, reason in made.left_out.items())
        raise ValueError(f"there is no twin of these data: {why}")
    lines = [
        "# What methods find in systems with an answer key that are observed as the data were,",
        "# and how often their verdicts on held-out trials are true. `koopmark run` runs it.",
        'title = "A twin: systems with an answer key, observed as the data were"',
        'question = "Which methods can be trusted on data like these?"',
        f"seeds = {SEEDS}",
        "datasets = [",
        *(f"    {json.dumps(path.name)}," for path in made.paths),
        "]",
        "methods = [",
        *(f"    {toml_of(entry)}," for entry in methods or chosen(data).entries),
        "]",
    ]
    path = made.folder / TWIN
    write_text(path, "\n".join(lines) + "\n")
    return made, path
