"""A part of a suite: some of its methods, datasets and seeds, with the anchors."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from koopmark._config import shortened
from koopmark._errors import ConfigError, suggest
from koopmark.plan._cells import Cell

SHOWN = 20
"""Names that an error lists."""


@dataclass(frozen=True)
class Selection:
    """The selected methods, datasets and seeds of a plan; by default all.

    Anchors run on all data of the selected cells.
    """

    methods: tuple[str, ...] = ()
    """Names as in the tables; a name in the suite's file that means several rows selects all of
    them."""
    datasets: tuple[str, ...] = ()
    """Names as in the tables; the name of a sweep selects all of its levels."""
    seeds: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.methods or self.datasets or self.seeds)

    def of(self, cells: Sequence[Cell]) -> list[Cell]:
        """The selected cells and their anchors, in the order of the plan.

        Raises
        ------
        ConfigError
            If no cell has one of the names, or no cell matches all of the selection.
        """
        labels = dict.fromkeys(cell.label for cell in cells)
        methods = [*labels, *(cell.asked for cell in cells if cell.asked)]
        _refuse_unknown("--only", "method", self.methods, methods)
        datasets = [name for cell in cells for name in cell.data_names]
        _refuse_unknown("--dataset", "dataset", self.datasets, datasets)
        _refuse_unknown("--seed", "seed", self.seeds, [cell.seed for cell in cells])
        # What is the name of one row means no other.
        groups = {name for name in self.methods if name not in labels}
        chosen = {
            id(cell)
            for cell in cells
            if (not self.methods or cell.label in self.methods or cell.asked in groups)
            and (not self.datasets or not set(self.datasets).isdisjoint(cell.data_names))
            and (not self.seeds or cell.seed in self.seeds)
        }
        data = {(cell.dataset, cell.seed) for cell in cells if id(cell) in chosen}
        if not data:
            raise ConfigError(
                "--only, --dataset, --seed: no fit has all of these: the suite keeps these methods "
                "from these datasets"
            )
        return [
            cell
            for cell in cells
            if id(cell) in chosen
            or (cell.method.tags.role == "anchor" and (cell.dataset, cell.seed) in data)
        ]

    def provenance(self) -> dict[str, Any]:
        """The selection as recorded in provenance.json; empty for a whole suite."""
        return {"part": asdict(self)} if self else {}


def refuse_whole_run(folder: Path) -> None:
    """Raise ConfigError if a partial run would overwrite the tables of a whole run.

    Raises
    ------
    ConfigError
        If the folder holds a run of a whole suite.
    """
    try:
        about = json.loads((folder / "provenance.json").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return
    if not (isinstance(about, dict) and "part" in about):
        raise ConfigError(
            f"{folder}: holds the run of a whole suite, and a partial run would replace its tables "
            f"and report: --out must be another folder"
        )


def _refuse_unknown(option: str, noun: str, asked: Sequence[Any], known: Sequence[Any]) -> None:
    names = list(dict.fromkeys(known))
    for name in asked:
        if name not in names:
            hint = suggest(name, names) if isinstance(name, str) else ""
            listed = ", ".join(str(one) for one in names[:SHOWN])
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            raise ConfigError(
                f"{option}: no {noun} of this suite is {shortened(repr(name))}: {hint}"
                f"there are {listed}{more}"
            )
