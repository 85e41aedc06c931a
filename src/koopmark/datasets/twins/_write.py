"""Write a recipe as a readable TOML file."""

import json
from typing import Any

from koopmark.datasets.twins._families import SPREAD

MEANING = {
    "system": "The system behind the sensors; seeds draw another of the kind.",
    "initial_states": "Where trials begin, in the system's own variables.",
    "sampling": (
        "dt is the sampling interval of the data in units of the system's time, horizon that of\n"
        "# test trajectories; noise is relative to the signal in each channel, as measured."
    ),
    "inputs": "The inputs that the data were recorded under; scale is the unit of each channel.",
    "observation": (
        "What sensors show of the system of each seed: its matrix times the variables, times\n"
        "# scale, plus offset: so that channels have the means and the covariances of the data."
    ),
    "trials": "When and what was recorded, and the share that no method is fitted to.",
}
"""What each section says, for its comment."""


def recipe_text(contents: dict[str, Any], about: str) -> str:
    """The text of a recipe file; `about` describes the system in words."""
    lines = [
        f"# {about[:1].upper()}{about[1:]}, observed as the data of a twin were.",
        f"# Rates that the family leaves open are within {100 * SPREAD:.0f} % of those measured.",
    ]
    lines += [f"{key} = {_value(value)}" for key, value in contents.items() if _plain(value)]
    for key, section in contents.items():
        if _plain(section):
            continue
        lines += ["", f"# {MEANING[key]}", f"[{key}]"]
        lines += [f"{name} = {_value(value)}" for name, value in section.items()]
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> bool:
    return not isinstance(value, dict)


def _value(value: Any) -> str:
    """As TOML has it: a row of a matrix in each line."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "[\n" + "".join(f"    {_value(row)},\n" for row in value) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
