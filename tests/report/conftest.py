"""A small run folder with real fits: least squares on the three-population example."""

import base64
import gzip
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from koopmark import scoring, simulate, systems
from koopmark.methods.model import LinearModel
from koopmark.suite.portraits import eigenfunctions, portrait_row
from koopmark.suite.tables import EIGENPAIRS, FITS, PORTRAITS, TARGETS

HOSTILE = '<script>alert("method")</script>'
HOSTILE_REASON = '"><img src="http://example.org/x.png" onerror=alert(1)> & more'
TIMES = np.linspace(0.0, 3.0, 31)
SYSTEM = systems.three_populations()
SPACES = SYSTEM.eigenspaces(2)


def squares(x: NDArray) -> NDArray:
    i, j = np.triu_indices(3)
    return np.hstack([np.ones((len(x), 1)), x, x[:, i] * x[:, j]])


def least_squares(lift: Callable[[NDArray], NDArray]) -> Callable:
    def fit(train):
        x, y = train.pairs()
        operator = np.linalg.lstsq(lift(x), lift(y), rcond=None)[0]
        return LinearModel.from_operator(operator, train.dt, lift)

    return fit


@dataclass(frozen=True)
class Known:
    """A model whose eigenfunctions are given."""

    eigenvalues: NDArray
    functions: Callable[[NDArray], NDArray]
    window: int = 1
    note: str = ""
    residuals: None = None

    def eigenfunctions(self, windows: NDArray) -> NDArray:
        return self.functions(windows[:, -1]).astype(complex)

    def dictionary(self, windows: NDArray) -> NDArray:
        return self.functions(windows[:, -1])

    def predict(self, windows: NDArray, times: NDArray) -> None:
        return None


def exact(train):
    values = np.concatenate([np.full(s.dimension, s.eigenvalue) for s in SPACES])
    return Known(values, lambda x: np.hstack([s.evaluate(x) for s in SPACES]))


def random(train):
    rng = np.random.default_rng(5)
    directions = rng.standard_normal((3, 4))
    return Known(-rng.uniform(0, 3, 4) + 0j, lambda x: np.cos(x @ directions))


def raises(train):
    raise RuntimeError(HOSTILE_REASON)


METHODS: dict[str, Callable] = {
    "linear": least_squares(lambda x: x),
    "broken": raises,
    "quadratic[degree=2]": least_squares(squares),
    HOSTILE: least_squares(np.tanh),
    "anchor.exact": exact,
    "anchor.random": random,
}
LIBRARIES = {"linear": "pydmd", HOSTILE: "pydmd"}
FAMILY = "How noise hurts"
DATASETS = {"three_populations": 0.0, "three_populations_noise_0.01": 0.01}
MADE_OF = {
    "configuration": {"title": "A small run", "seeds": 2, "limits": {"seconds": 30.0}},
    "recipes": {
        name: {"system": "three_populations", "noise": DATASETS[name]} for name in DATASETS
    },
    "methods": [{"name": name, "use": name.partition("[")[0]} for name in METHODS],
}
"""What provenance.json says of the things that were run."""


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder nobody may write to: a sweep of two noise levels, two seeds, six methods."""
    rows: dict[str, list[dict]] = {"fits": [], "targets": [], "eigenpairs": [], "portraits": []}
    for dataset, noise in DATASETS.items():
        for method, fit in METHODS.items():
            for seed in range(2):
                _add(rows, dataset, noise, method, fit, seed)
    folder = tmp_path_factory.mktemp("run")
    for name, columns in (("fits", FITS), ("targets", TARGETS), ("eigenpairs", EIGENPAIRS)):
        pd.DataFrame(rows[name], columns=list(columns)).to_csv(folder / f"{name}.csv", index=False)
    portraits = eigenfunctions(pd.DataFrame(rows["portraits"], columns=list(PORTRAITS)))
    portraits.to_csv(folder / "eigenfunctions.csv", index=False)
    provenance = {
        "suite": "small",
        "title": "A small run",
        "question": "Does <least squares> recover -1 & -2?",
        **MADE_OF,
        "libraries": {"numpy": np.__version__},
        "fits": len(rows["fits"]),
        "ended": "2026-01-01T00:00:00+00:00",
    }
    (folder / "provenance.json").write_text(json.dumps(provenance))
    return folder


@pytest.fixture
def run_dir(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of the run to write to."""
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


@pytest.fixture(scope="session")
def island() -> Callable[[str, str], Any]:
    """From a page and the name of an island its value, as the browser decodes it."""

    def read(html: str, name: str) -> Any:
        packed = re.search(f'id="data-{re.escape(name)}">([^<]*)<', html)
        assert packed is not None, name
        return json.loads(gzip.decompress(base64.b64decode(packed[1])))

    return read


def _add(rows, dataset, noise, method, fit, seed):
    rng = np.random.default_rng([seed, len(dataset)])
    train, test = (simulate(SYSTEM, rng.uniform(-3, 3, (count, 3)), TIMES) for count in (20, 10))
    train.states[:] += (
        noise * train.states.std(axis=(0, 1)) * rng.standard_normal(train.states.shape)
    )
    key = {"suite": "small", "dataset": dataset, "seed": seed, "method": method}
    role = "anchor" if fit in (exact, random) else "method"
    key["fit_id"] = f"{len(rows['fits']):016x}"
    facts = {"n": 3, "rank": 2, "noise": noise, "dt": 0.1, "train_trajectories": 20, "horizon": 3.0}
    level = {"family": FAMILY, "axis": "noise", "level": noise, "level_text": f"{noise:g}"}
    row = {
        **key,
        **level,
        **facts,
        "role": role,
        "targets": len(SPACES),
        "library": LIBRARIES.get(method, "koopmark"),
        "library_version": "0",
        "options": "{}",
    }
    try:
        scores = scoring.evaluate(fit(train), SYSTEM, SPACES, test)
    except RuntimeError as problem:
        rows["fits"].append({**row, "status": "failed", "reason": str(problem), "output": "last"})
        rows["targets"] += [
            {
                **key,
                "role": role,
                "status": "failed",
                "target_index": index,
                "target": label,
                "target_eigenvalue_re": space.eigenvalue.real,
                "target_eigenvalue_im": space.eigenvalue.imag,
                "target_dimension": space.dimension,
            }
            for index, (space, label) in enumerate(zip(SPACES, scoring.labels(SPACES), strict=True))
        ]
        return
    cost = {"fit_seconds": 1e-3 * (seed + 1), "peak_memory_mb": 2.0}
    rows["fits"].append({**row, "status": "ok", **asdict(scores.fit), **cost})
    rows["targets"] += [
        {**key, "role": role, "status": "ok", **asdict(target)} for target in scores.targets
    ]
    rows["eigenpairs"] += [{**key, **asdict(pair)} for pair in scores.eigenpairs]
    rows["portraits"] += [{**key, **portrait_row(portrait)} for portrait in scores.portraits]
