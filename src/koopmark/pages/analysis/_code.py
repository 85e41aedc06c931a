"""The Python that does an analysis again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from koopmark.analysis.recording import every_method

OWN = ("file", "name", "held_out", "resampled")


def code_of(provenance: Mapping[str, Any], folder: Path) -> str:
    """Lines that make the tables of the page again, and fit one of its methods alone."""
    configuration = provenance["configuration"]
    (recording,) = configuration["recordings"]
    entries = configuration["methods"]
    options = {
        name: value
        for name, value in recording.items()
        if name not in OWN and value not in (None, False)
    }
    given = ", ".join(f"{name}={value!r}" for name, value in options.items())
    arguments = [repr(recording["file"]), *([given] if given else [])]
    names = [entry["use"] for entry in entries]
    if names == every_method():
        arguments.append("everything=True")
    elif not any(entry["options"] for entry in entries):
        arguments.append(f"methods={names!r}")
    arguments += [
        f"holdout={recording['held_out']}",
        f"draws={configuration['seeds'] - 1}",
        f"out={str(folder)!r}",
    ]
    first = next(
        (entry for entry in entries if ":" not in entry["use"]), {"use": names[0], "options": {}}
    )
    chosen = "".join(f", {name}={value!r}" for name, value in first["options"].items())
    return "\n".join(
        [
            "import koopmark",
            "",
            "# Fits that the folder holds are not done again.",
            f"analysis = koopmark.analyse({', '.join(arguments)})",
            "analysis.clusters, analysis.pairs, analysis.forecasts, analysis.structure",
            "",
            "# One method alone, and what the held-out trials say of its pairs.",
            f"data = koopmark.Trajectories.from_file({', '.join(arguments[: 1 + bool(given)])})",
            f"train, held_out = data.split({recording['held_out']}, 0)",
            f"model = koopmark.fit({first['use']!r}, train{chosen})",
            "koopmark.residuals(model, held_out)",
        ]
    )
