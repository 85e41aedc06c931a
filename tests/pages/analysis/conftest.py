"""A small analysis, made once in this process."""

from pathlib import Path

import numpy as np
import pytest
from cells import execute_in_process

import koopmark
from koopmark.analysis.recording import Analysis
from koopmark.simulation import Trajectories

METHODS = ("koopmark.qr_edmd", "koopmark.optimised_dmd")
BROKEN = '''
from dataclasses import dataclass
from koopmark.methods import Method


@dataclass(frozen=True)
class Broken(Method):
    """Never fits."""

    def _fit(self, trajectories):
        raise ValueError("this <method> is broken")
'''


def spirals(seed: int = 0) -> Trajectories:
    """Trials of a decaying rotation, λ = -0.3 ± 2i, in two channels with noise."""
    rng = np.random.default_rng(seed)
    turn = np.array([[np.cos(0.2), np.sin(0.2)], [-np.sin(0.2), np.cos(0.2)]])
    trials = []
    for extra in range(12):
        states = [rng.normal(size=2)]
        while len(states) < 30 + extra:
            states.append(np.exp(-0.03) * states[-1] @ turn)
        trials.append(np.array(states) + 0.01 * rng.normal(size=(30 + extra, 2)))
    return Trajectories.from_arrays(trials, dt=0.1)


@pytest.fixture(scope="session")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Of two methods, and of one that fails."""
    folder = tmp_path_factory.mktemp("of spirals")
    (folder / "broken.py").write_text(BROKEN)
    methods = [*METHODS, f"{folder / 'broken.py'}:Broken"]
    spirals().to_file(folder / "spirals.npz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("koopmark.run._run.execute", execute_in_process)
        return koopmark.analyse(
            folder / "spirals.npz", methods=methods, draws=5, out=folder / "out", jobs=1
        )


@pytest.fixture(scope="session")
def page(analysis: Analysis) -> Path:
    return koopmark.pages.write(analysis.folder)
