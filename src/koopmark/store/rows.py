"""The rows of a fit, whether it went well or not."""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import nan
from typing import Any

from koopmark import datasets
from koopmark.datasets import Recipe
from koopmark.plan.cells import Cell
from koopmark.scoring import Scores, labels
from koopmark.store import text
from koopmark.store.portraits import portrait_row
from koopmark.store.tables import Row, Rows


@dataclass(frozen=True)
class Outcome:
    """How a fit ended, in the words of the tables."""

    status: str
    reason: str = ""
    fit_seconds: float = nan
    peak_memory_mb: float = nan
    scores: Scores | None = None
    notes: str = ""
    """What else there is to say of the fit or its data."""


def make_rows(cell: Cell, outcome: Outcome, output: str = "") -> Rows:
    """The rows of one fit. A fit without scores has its targets all the same, without scores."""
    key = {
        "fit_id": cell.fit_id,
        "suite": cell.suite,
        "dataset": cell.dataset,
        "seed": cell.seed,
        "method": cell.label,
    }
    facts, targets = _known(cell.recipe, cell.seed)
    scores = outcome.scores
    scored = [asdict(target) for target in scores.targets] if scores else targets
    fit: Row = {
        **key,
        "role": cell.method.tags.role,
        "library": cell.method.tags.library,
        "library_version": cell.library_version,
        "status": outcome.status,
        "reason": outcome.reason,
        "options": json.dumps(cell.method.to_options(), sort_keys=True),
        **asdict(cell.level),
        **facts,
        "targets": len(scored),
        **(asdict(scores.fit) if scores else {}),
        "notes": "; ".join(filter(None, [outcome.notes, scores.fit.notes if scores else ""])),
        "fit_seconds": outcome.fit_seconds,
        "peak_memory_mb": outcome.peak_memory_mb,
        "output": output,
    }
    of_fit = {**key, "role": cell.method.tags.role, "status": outcome.status}
    pairs = [asdict(pair) for pair in scores.eigenpairs] if scores else []
    drawn = [portrait_row(portrait) for portrait in scores.portraits] if scores else []
    return Rows(
        _fit_for_tables(fit),
        [_fit_for_tables({**of_fit, **target}) for target in scored],
        [{**key, **pair} for pair in pairs],
        [{**key, **row} for row in drawn],
    )


def _fit_for_tables(row: Row) -> Row:
    """What a fit prints and raises may be any text."""
    return {
        name: text.fit(value) if isinstance(value, str) else value for name, value in row.items()
    }


@lru_cache(maxsize=16)
def _known(recipe: Recipe, seed: int) -> tuple[dict[str, Any], list[Row]]:
    """What the tables say of a dataset and its targets without any fit."""
    try:
        facts = recipe.facts(seed)
        targets = datasets.target_list(recipe, seed)
    except (ValueError, ArithmeticError, MemoryError):
        # A system that cannot be made has neither; the fit's row says why.
        return {}, []
    return facts, [
        {
            "target_index": index,
            "target": name,
            "target_eigenvalue_re": space.eigenvalue.real,
            "target_eigenvalue_im": space.eigenvalue.imag,
            "target_dimension": space.dimension,
            "notes": "",
        }
        for index, (space, name) in enumerate(zip(targets, labels(targets), strict=True))
    ]
