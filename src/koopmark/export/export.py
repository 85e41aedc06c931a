"""From a recipe to a folder that explains itself."""

import json
from pathlib import Path

from koopmark import datasets
from koopmark._errors import ConfigError, suggest
from koopmark._files import make_folder, write_bytes, write_text
from koopmark._version import __version__
from koopmark.datasets import Recipe
from koopmark.export.citation import citation
from koopmark.export.contents import contents
from koopmark.export.formats import FORMATS
from koopmark.export.texts import readme


def export(recipe: Recipe, seed: int, file_format: str, folder: Path) -> Path:
    """Write a dataset with its exact eigenfunctions evaluated; returns the folder.

    Parameters
    ----------
    recipe : Recipe
    seed : int
        Draws the network, the initial states and the noise, as in a run of a suite.
    file_format : str
        One of `FORMATS`.
    folder : Path
        Made where it is not there; files of the same name in it are replaced.

    Raises
    ------
    ConfigError
        Where the format is unknown or needs what is not installed, the trajectories diverge, or
        the folder cannot be written to.
    """
    if file_format not in FORMATS:
        known = ", ".join(FORMATS)
        hint = suggest(file_format, FORMATS)
        raise ConfigError(f"unknown format {file_format!r}: {hint}choose one of {known}")
    make_folder(folder)
    try:
        made = contents(datasets.build(recipe, seed))
    except datasets.Diverged as error:
        raise ConfigError(f"{recipe.name}, seed {seed}: {error}") from None
    files = FORMATS[file_format](made)
    texts = {
        "README.md": readme(made, file_format, list(files)),
        "CITATION.cff": citation(made),
        "recipe.json": json.dumps(
            {
                "koopmark": __version__,
                "seed": seed,
                **recipe.model_dump(mode="json", exclude_none=True),
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n",
    }
    for name, values in files.items():
        write_bytes(folder / name, values)
    for name, text in texts.items():
        write_text(folder / name, text)
    return folder
