"""koopmark: a benchmark with an answer key for data-driven Koopman methods."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from koopmark._version import __version__ as __version__

if TYPE_CHECKING:
    from koopmark import (
        analysis,
        datasets,
        methods,
        models,
        pages,
        plan,
        plot,
        regression,
        run,
        scoring,
        simulation,
        spectrum,
        store,
        systems,
        truth,
        workers,
    )
    from koopmark.analysis.results import results
    from koopmark.datasets import AnswerKey
    from koopmark.methods import fit
    from koopmark.scoring import infer_structure, residuals, score
    from koopmark.simulation import Trajectories, simulate

_WHERE = {
    "AnswerKey": "koopmark.datasets",
    "Trajectories": "koopmark.simulation",
    "fit": "koopmark.methods",
    "infer_structure": "koopmark.scoring",
    "residuals": "koopmark.scoring",
    "results": "koopmark.analysis.results",
    "score": "koopmark.scoring",
    "simulate": "koopmark.simulation",
}
__all__ = [
    "AnswerKey",
    "Trajectories",
    "analysis",
    "datasets",
    "fit",
    "infer_structure",
    "methods",
    "models",
    "pages",
    "plan",
    "plot",
    "regression",
    "residuals",
    "results",
    "run",
    "score",
    "scoring",
    "simulate",
    "simulation",
    "spectrum",
    "store",
    "systems",
    "truth",
    "workers",
]


def __getattr__(name: str) -> Any:
    """Packages and their main functions load when first used, so that the import stays light."""
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    if name in __all__:
        return import_module(f"koopmark.{name}")
    raise AttributeError(f"module 'koopmark' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
