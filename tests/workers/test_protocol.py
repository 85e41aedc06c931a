"""A model that is asked over a pipe gives what it gives in the process, bit for bit."""

import io
import math
import subprocess
import sys
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from cells import MEASURED

from koopmark import methods
from koopmark.datasets import load_recipe, varied
from koopmark.simulation import Trajectories
from koopmark.workers._cell import run_cell
from koopmark.workers._protocol import Piped, receive, send

TRIALS = {
    "trials.gaps": 0.2,
    "trials.shortest": 0.5,
    "trials.jitter": 0.1,
    "sampling.trajectories": 40,
    "sampling.test_trajectories": 20,
}


@pytest.fixture(scope="module")
def piped():
    """A process that fits, beside this one."""
    command = [sys.executable, "-m", "koopmark.workers._protocol"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Piped(process.stdin, process.stdout)
        process.stdin.close()


def cell_of(make_cell, name, **options):
    return make_cell(methods.get(name, **options), label=name)


def scores(rows):
    """All that a fit writes, what it cost apart; NaN equal to itself."""
    fit = {k: v for k, v in rows.fit.items() if k not in MEASURED}
    return repr(asdict(rows) | {"fit": fit})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("koopmark.qr_edmd", {"dictionary": {"kind": "monomials", "degree": 2}}),
        ("koopmark.qr_edmd", {}),
        ("koopmark.kernel_edmd", {}),
        ("koopmark.resdmd", {}),
        ("pydmd.dmd", {}),
        ("pydmd.hankeldmd", {}),
    ],
)
def test_scores_over_a_pipe_are_those_of_the_process_to_the_bit(
    piped, make_cell, cache_dir, tmp_path, name, options
):
    cell = cell_of(make_cell, name, **options)
    here = run_cell(cell, tmp_path, cache_dir)
    there = run_cell(cell, tmp_path, cache_dir, fitter=piped)
    assert here.status == "ok", here.fit["reason"]
    assert len(here.eigenpairs) > 0
    assert not math.isnan(here.targets[0]["eigenfunction_error"])
    assert scores(there) == scores(here)


def test_trials_arrive_over_a_pipe_with_their_gaps_and_times(piped, make_cell, cache_dir, tmp_path):
    recipe = varied(load_recipe("rnn_5_2"), TRIALS, "trials", "here")
    cell = make_cell(methods.get("koopmark.qr_edmd"), label="koopmark.qr_edmd", recipe=recipe)
    here = run_cell(cell, tmp_path, cache_dir)
    there = run_cell(cell, tmp_path, cache_dir, fitter=piped)
    assert here.status == "ok", here.fit["reason"]
    assert 0 < here.fit["pairs_used"] < here.fit["pairs"]
    assert scores(there) == scores(here)


def test_inputs_and_divergence_arrive_over_a_pipe():
    rng, asks = np.random.default_rng(0), io.BytesIO()
    states, inputs = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 1))
    times = np.sort(rng.random((2, 5)), axis=1)
    train = Trajectories(states, times, [np.nan, 2.0], inputs=inputs)
    cell = SimpleNamespace(use="pydmd.dmd", method=methods.get("pydmd.dmd"))
    with pytest.raises(EOFError):
        Piped(asks, io.BytesIO()).fit(cell, SimpleNamespace(train=train))
    asks.seek(0)
    _, arrays = receive(asks)
    assert arrays.keys() == {"states", "times", "diverged_at", "inputs"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, getattr(train, name))


def test_what_a_fit_raises_over_a_pipe_becomes_the_same_row(piped, make_cell, cache_dir, tmp_path):
    cell = cell_of(make_cell, "pydmd.hankeldmd", delays=1000)
    here = run_cell(cell, tmp_path, cache_dir)
    there = run_cell(cell, tmp_path, cache_dir, fitter=piped)
    assert here.status != "ok"
    assert there.status == here.status
    assert there.fit["reason"].endswith(here.fit["reason"])
    # And the process is as good as before.
    cell = cell_of(make_cell, "pydmd.dmd")
    assert run_cell(cell, tmp_path, cache_dir, fitter=piped).status == "ok"


def test_a_process_that_is_gone_is_a_failed_fit(make_cell, cache_dir, tmp_path):
    ended = Piped(io.BytesIO(), io.BytesIO(b"\0\0"))
    rows = run_cell(cell_of(make_cell, "pydmd.dmd"), tmp_path, cache_dir, fitter=ended)
    assert (rows.status, rows.fit["reason"]) == (
        "failed",
        "EOFError: the other end of the pipe is closed",
    )


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.0, np.nan, -0.0], [np.inf, 5e-324, 0.1 + 0.2]]),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)) * 1j,
        np.arange(24.0).reshape(2, 3, 4)[:, ::2],
        np.zeros((0, 3)),
        np.float32([1.5]),
        np.array(2.0),
    ],
)
def test_an_array_comes_back_bit_for_bit_and_in_its_order(array):
    stream = io.BytesIO()
    send(stream, {"ask": "values"}, {"x": array, "y": np.arange(3)})
    stream.seek(0)
    head, arrays = receive(stream)
    back = arrays["x"]
    assert head == {"ask": "values"}
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    assert back.flags.c_contiguous == (array.flags.c_contiguous or not array.flags.f_contiguous)
    assert arrays["y"].tolist() == [0, 1, 2]
    with pytest.raises(EOFError):
        receive(stream)
