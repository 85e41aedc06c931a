"""The page of a run of a recording, of which no exact eigenvalue is known, in a browser."""

import numpy as np
import pytest

from koopmark import Trajectories, pages
from koopmark.plan import load_suite
from koopmark.run import run as run_suite

pytestmark = pytest.mark.slow

SUITE = """
title = "Mine"
question = "What is in it?"
seeds = 1
datasets = ["recording.npz"]
methods = ["koopmark.qr_edmd", "pydmd.dmd"]
"""


@pytest.fixture
def home(tmp_path):
    rng = np.random.default_rng(0)
    decay = np.exp(-0.1 * np.arange(30)[:, None] * [0.5, 2.0])
    states = rng.normal(size=(12, 1, 2)) * decay + 1e-3 * rng.normal(size=(12, 30, 2))
    Trajectories(states, dt=0.1).to_file(tmp_path / "recording.npz")
    (tmp_path / "mine.toml").write_text(SUITE)
    run_suite(load_suite(tmp_path / "mine.toml"), tmp_path / "run", 1, cache_dir=tmp_path / "cache")
    pages.write(tmp_path / "run")
    return tmp_path / "run"


def test_its_eigenvalues_are_drawn_where_they_are(tab, home):
    opened = tab(home / "index.html")
    page = opened.open()
    figure = opened.drawn("datasets")
    drawn = {trace["name"] for trace in figure["data"]}
    assert {"koopmark.qr_edmd", "pydmd.dmd"} <= drawn
    assert "exact (× multiplicity)" not in drawn
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < -2.0 < -0.5 < high
    said = page.locator("#datasets figcaption.spectrum").inner_text()
    assert said.startswith("8 eigenvalues recovered from recording.npz")
    assert said.endswith("No exact eigenvalue is known.")
