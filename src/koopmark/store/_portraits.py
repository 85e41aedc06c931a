"""Portraits as rows of the store, and as one table with a column for each method."""

import base64
import json
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koopmark.scoring import Portrait

if TYPE_CHECKING:
    import pandas as pd

EXACT_DIGITS, DIFFERENCE_DIGITS, TIME_DIGITS = 6, 4, 12
"""Significant digits that are kept: of a difference four say all that a picture can show."""

PREFIX = "difference: "
"""Prefix of the columns of methods, so that no name of a method equals another column."""

POINTS = {
    "dataset": str,
    "seed": int,
    "target_index": int,
    "target": str,
    "target_eigenvalue_re": float,
    "target_eigenvalue_im": float,
    "part": str,
    "trajectory": int,
    "time": float,
    "i": int,
    "j": int,
    "x_i": float,
    "x_j": float,
    "component": str,
    "exact": float,
}
"""Columns of `eigenfunctions.csv` before those of the methods. `part` is `trajectory` for points
along one, `state` for single test states, `map` for points of the slice, and `angle` for the row
with the sine of the angle from the exact function to the recovered ones over all test states."""


PORTRAIT = {
    **{name: POINTS[name] for name in ("target_index", "target", *list(POINTS)[4:6])},
    "portrait_error": float,
    "frame": str,
    "difference": str,
}
"""Columns of a portrait's row: a frame holds what all methods share that were shown its points."""


def portrait_row(portrait: Portrait) -> dict[str, Any]:
    """The row that the store keeps of a portrait."""
    seen = portrait.frame
    frame = {
        "trajectories": seen.trajectories.tolist(),
        "times": rounded(seen.times, TIME_DIGITS),
        "others": [
            [trajectory, *rounded(seen.times[seen.steps == step], TIME_DIGITS)]
            for trajectory, step in seen.others.tolist()
        ],
        # Counted from 1, as in the equations.
        "coordinates": (seen.coordinates + 1).tolist(),
        "axes": [rounded(axis, EXACT_DIGITS) for axis in seen.axes],
        **_components(seen.exact, EXACT_DIGITS),
    }
    return {
        "target_index": seen.index,
        "target": seen.target,
        "target_eigenvalue_re": seen.eigenvalue.real,
        "target_eigenvalue_im": seen.eigenvalue.imag,
        "portrait_error": portrait.error,
        "frame": _packed(frame),
        "difference": _packed(_components(portrait.difference, DIFFERENCE_DIGITS)),
    }


def eigenfunctions(portraits: "pd.DataFrame") -> "pd.DataFrame":
    """Table of portraits: a row per point and component, a column per method with its deviation.

    Methods that were shown the same points share their rows.
    """
    import pandas as pd

    frames: dict[tuple[Any, ...], dict[str, Any]] = {}
    keys = list(POINTS)[: list(POINTS).index("part")]
    names = (*keys, "frame", "method", "portrait_error", "difference")
    columns = [portraits[name].tolist() for name in names]
    for *key, method, error, packed in zip(*columns, strict=True):
        frames.setdefault(tuple(key), {})[method] = (error, _unpacked(packed))
    tables = [_table(key, own) for key, own in frames.items()]
    methods = [PREFIX + name for name in portraits["method"].unique()]
    if not tables:
        return pd.DataFrame(columns=[*POINTS, *methods])
    whole = pd.concat(tables, ignore_index=True)[[*POINTS, *methods]]
    return whole.astype({name: "Int64" for name, kind in POINTS.items() if kind is int})


def rounded(values: NDArray, digits: int) -> list[float | None]:
    """The number to so many significant digits; None if it is not finite."""
    return [
        float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in values.tolist()
    ]


def _table(key: Sequence[Any], own: dict[str, tuple[float, dict[str, Any]]]) -> "pd.DataFrame":
    """The rows of one exact function: its points, component by component, and the angles."""
    import pandas as pd

    *names, text = key
    frame = _unpacked(text)
    named = dict(zip(POINTS, names, strict=False))
    places = _places(frame)
    complex_valued = "im" in frame or any("im" in difference for _, difference in own.values())
    count = len(places["part"])
    rows = [
        {
            **named,
            **places,
            "component": component,
            "exact": _values(frame, component, count),
            **{
                PREFIX + method: _values(difference, component, count)
                for method, (_, difference) in own.items()
            },
        }
        for component in (("re", "im") if complex_valued else ("re",))
    ]
    angles = {PREFIX + method: [error] for method, (error, _) in own.items()}
    rows.append({**named, "part": ["angle"], "component": "", **angles})
    return pd.concat([pd.DataFrame(row) for row in rows], ignore_index=True)


def _places(frame: dict[str, Any]) -> dict[str, list[Any]]:
    """Positions of the points of a frame, in the order of its values."""
    times, others = frame["times"], frame["others"]
    along = [(trajectory, time) for trajectory in frame["trajectories"] for time in times]
    grid: list[tuple[float, float]] = []
    if frame["coordinates"]:
        grid = [(x, y) for y in frame["axes"][1] for x in frame["axes"][0]]
    i, j = frame["coordinates"] or (None, None)
    visited, none = [*along, *others], [None] * len(grid)
    blank = [None] * len(visited)
    return {
        "part": ["trajectory"] * len(along) + ["state"] * len(others) + ["map"] * len(grid),
        "trajectory": [place[0] for place in visited] + none,
        "time": [place[1] for place in visited] + none,
        "i": blank + [i] * len(grid),
        "j": blank + [j] * len(grid),
        "x_i": blank + [place[0] for place in grid],
        "x_j": blank + [place[1] for place in grid],
    }


def _components(values: NDArray, digits: int) -> dict[str, list[float | None]]:
    """Real and, where there is one, imaginary part."""
    parts = {"re": rounded(values.real, digits)}
    return parts | ({"im": rounded(values.imag, digits)} if np.iscomplexobj(values) else {})


def _values(parts: dict[str, Any], component: str, count: int) -> NDArray[np.float64]:
    """A component, NaN where missing; the imaginary part of what is real is 0."""
    if component in parts:
        return np.array(parts[component], dtype=float)
    real = np.array(parts["re"], dtype=float)
    return np.where(np.isnan(real), np.nan, np.zeros(count))


def _packed(value: dict[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(text, 9)).decode()


def _unpacked(packed: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(packed)))
