"""koopmark: a benchmark with an answer key for data-driven Koopman methods."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koopmark._version import __version__ as __version__

if TYPE_CHECKING:
    # The only list of the public names: the lines below are read when koopmark is imported.
    from koopmark import analysis as analysis
    from koopmark import datasets as datasets
    from koopmark import methods as methods
    from koopmark import models as models
    from koopmark import pages as pages
    from koopmark import plan as plan
    from koopmark import plot as plot
    from koopmark import regression as regression
    from koopmark import run as run
    from koopmark import scoring as scoring
    from koopmark import simulation as simulation
    from koopmark import spectrum as spectrum
    from koopmark import store as store
    from koopmark import systems as systems
    from koopmark import truth as truth
    from koopmark import workers as workers
    from koopmark.analysis.recording import analyse as analyse
    from koopmark.analysis.results import results as results
    from koopmark.datasets import AnswerKey as AnswerKey
    from koopmark.estimator import Estimator as Estimator
    from koopmark.methods import fit as fit
    from koopmark.scoring import infer_structure as infer_structure
    from koopmark.scoring import residuals as residuals
    from koopmark.scoring import score as score
    from koopmark.simulation import Trajectories as Trajectories
    from koopmark.simulation import simulate as simulate

_LINES = [line.split() for line in Path(__file__).read_text(encoding="utf-8").splitlines()]
_HOMES = {line[-1]: line[1] for line in _LINES if line[:1] == ["from"] and line[-2] == "as"}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Packages and their main functions load when first used, so that the import stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'koopmark' has no attribute {name!r}")
    home = _HOMES[name]
    if home == "koopmark":
        return import_module(f"koopmark.{name}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
