"""The Python that does an analysis again."""

from pathlib import Path

from koopmark.analysis.recording import every_method
from koopmark.plan import Suite


def code_of(suite: Suite, folder: Path) -> str:
    """Lines that make the tables of the page again, and fit one of its methods alone.

    Parameters
    ----------
    suite : Suite
        Of the analysis: one recording.
    folder : Path
    """
    (recording,) = suite.recordings
    names = [entry.use for entry in suite.methods]
    file = [
        repr(recording.file),
        *(f"{name}={value!r}" for name, value in recording.options.items()),
    ]
    arguments = [*file]
    if names == every_method():
        arguments.append("everything=True")
    elif not any(entry.options for entry in suite.methods):
        arguments.append(f"methods={names!r}")
    arguments += [
        f"holdout={recording.held_out}",
        f"draws={suite.seeds - 1}",
        f"out={str(folder)!r}",
    ]
    chosen = "".join(f", {name}={value!r}" for name, value in suite.methods[0].options.items())
    return "\n".join(
        [
            "import koopmark",
            "",
            "# Fits that the folder holds are not done again.",
            f"analysis = koopmark.analyse({', '.join(arguments)})",
            "analysis.clusters, analysis.pairs, analysis.forecasts, analysis.structure",
            "",
            "# One method alone, and what the held-out trials say of its pairs.",
            f"data = koopmark.Trajectories.from_file({', '.join(file)})",
            f"train, held_out = data.split({recording.held_out}, 0)",
            f"model = koopmark.fit({names[0]!r}, train{chosen})",
            "koopmark.residuals(model, held_out)",
        ]
    )
