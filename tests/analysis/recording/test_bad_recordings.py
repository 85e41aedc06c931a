"""Recordings of which nothing can be learnt get a sentence before anything starts; others a result.

No process is started: `run` is replaced, and what its workers do to a recording is done here.
"""

import re

import numpy as np
import pytest

import koopmark
from koopmark import Trajectories
from koopmark._errors import ConfigError
from koopmark.analysis.recording import _analyse
from koopmark.analysis.recording._suite import chosen
from koopmark.datasets import Measured, Recording
from koopmark.datasets.statements import statements
from koopmark.plan import load_suite
from koopmark.scoring import assess

RNG = np.random.default_rng(0)
AFFINE = {"kind": "monomials", "degree": 1}


def turning(count=8, length=40, noise=0.01):
    """Trials (count, length, 2) of a decaying rotation."""
    turn = np.array([[np.cos(0.2), np.sin(0.2)], [-np.sin(0.2), np.cos(0.2)]])
    steps = [np.exp(-0.02 * k) * np.linalg.matrix_power(turn, k) for k in range(length)]
    states = np.einsum("mi,tij->mtj", RNG.normal(size=(count, 2)), np.array(steps))
    return states + noise * RNG.normal(size=states.shape)


WALK = turning()
INFINITE = np.where(np.arange(8)[:, None, None] == 3, np.inf, WALK)
BACKWARDS = "time,a\n0,1\n2,2\n1,3\n"
ARRAYS = {
    "a single sample": (WALK[0, :1], "empty; an analysis needs trials of several states"),
    "two samples": (WALK[0, :2], "training part: no snapshot pairs"),
    "three samples": (WALK[0, :3], "held-out part: no snapshot pairs"),
    "trials of one sample": (WALK[:, :1], "no snapshot pairs"),
    "nothing recorded": (np.full((8, 30, 2), np.nan), "nothing was recorded: at every time some"),
    "an empty channel": (WALK * [1.0, np.nan], "channel 1 was never recorded"),
    "constants": (np.ones((8, 30, 2)), "the data are constant"),
    "infinite values": (INFINITE, "contain infinite values .first: index 3.; drop those"),
    "no channels": (np.zeros((3, 5, 0)), "0 channels"),
    "complex states": (WALK + 1j, "must be real, not complex; take the real part"),
    "one trial, held out": (WALK[:1, :, :1] * [[np.nan]], "nothing was recorded"),
}
TEXTS = {
    "no times": ("a,b\n1,2\n3,4\n", "there are no times: pass dt="),
    "prose": ("Dear Sir\nplease find enclosed\n", "there are no times"),
    "prose with commas": (
        "Dear Sir,\nfind,enclosed\n",
        "the first line must name every column, and column 2 has no name",
    ),
    "no rows": ("time,a\n", "the table has no rows"),
    "nothing": ("", "the file is empty"),
    "a word among numbers": ("time,a\n0,1\n1,two\n", "row 3, column 'a': 'two' is no number"),
    "a time twice": ("time,a\n0,1\n0,2\n1,3\n", "row 3: time 0 appears twice: sort the rows, or"),
    "times that go back": (BACKWARDS, "sort the rows, or"),
    "binary": ("\0\1\2,\0\n", "F.csv: "),
}


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """What is said of a file, before a fit is started or a folder made."""

    def started(*args):
        raise AssertionError("the analysis began")

    monkeypatch.setattr(_analyse, "run", started)

    def ask(path, **options):
        with pytest.raises(ConfigError) as said:
            koopmark.analyse(path, out=tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()
        assert str(path) in str(said.value)
        assert "\n" not in str(said.value)
        return str(said.value)

    return ask


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_which_nothing_can_be_learnt_get_a_sentence(name, refused, tmp_path):
    states, said = ARRAYS[name]
    np.savez(tmp_path / "F.npz", states=states, dt=0.1)
    assert re.search(said, refused(tmp_path / "F.npz"))


@pytest.mark.parametrize("name", TEXTS)
def test_tables_of_which_nothing_can_be_learnt_get_a_sentence(name, refused, tmp_path):
    text, said = TEXTS[name]
    (tmp_path / "F.csv").write_text(text)
    assert said in refused(tmp_path / "F.csv")


def test_what_is_no_file_of_arrays_gets_a_sentence(refused, tmp_path):
    assert "it is a folder, not a file" in refused(tmp_path)
    assert "no such file" in refused(tmp_path / "none.npz")
    (tmp_path / "letter.npz").write_text("Dear Sir")
    said = refused(tmp_path / "letter.npz")
    assert "it is no archive of arrays, which numpy.savez writes" in said
    np.save(tmp_path / "bare.npy", WALK)
    assert "pass dt=" in refused(tmp_path / "bare.npy")
    np.savez(tmp_path / "back.npz", states=WALK, dt=-0.1)
    assert "dt must be a positive number" in refused(tmp_path / "back.npz")
    np.savez(tmp_path / "good.npz", states=WALK, dt=0.1)
    assert "an analysis needs trials" in refused(tmp_path / "good.npz", holdout=0.01)


def test_a_method_that_needs_the_key_is_refused(refused, tmp_path):
    np.savez(tmp_path / "F.npz", states=WALK, dt=0.1)
    with pytest.raises(ConfigError, match="needs the answer key, and a recording has none"):
        koopmark.analyse(tmp_path / "F.npz", methods=["anchor.exact"], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_analysis_of_another_file_is_not_replaced(analysis, tmp_path):
    np.savez(tmp_path / "other.npz", states=np.tile(WALK, (10, 1)), dt=0.1)
    before = (analysis.folder / "analysis.toml").read_text()
    with pytest.raises(ConfigError, match=r"it holds an analysis of .*spirals.npz: choose another"):
        koopmark.analyse(tmp_path / "other.npz", out=analysis.folder)
    assert (analysis.folder / "analysis.toml").read_text() == before


def analysed(states, folder, method="koopmark.qr_edmd", draws=(0, 1)):
    """What workers do: fit to the training part and to a draw of it, and assess the first."""
    np.savez(folder / "F.npz", states=states, dt=0.1)
    text = '[[recordings]]\nfile = "F.npz"\nheld_out = 0.3\nresampled = true\n'
    head = f'title = "t"\nquestion = "q?"\nseeds = 2\nmethods = ["{method}"]\n'
    (folder / "suite.toml").write_text(head + text)
    (asked,) = load_suite(folder / "suite.toml").recordings
    recording = Recording.of(asked, folder)
    parts = [recording.parts(seed) for seed in draws]
    models = [koopmark.fit(method, part.train, dictionary=AFFINE) for part in parts]
    said = assess(models[0], parts[0].test, parts[0].train)
    assert statements(Measured.of(parts[0].train))
    return said


def test_a_short_trial_is_fitted_and_the_page_says_why_it_has_no_verdicts(tmp_path):
    said = analysed(WALK[0, :12], tmp_path)
    assert not said.verdicts
    assert "fewer than 20" in said.fit.notes


def test_two_trials_are_one_to_fit_to_and_one_to_hold_out(tmp_path):
    said = analysed(WALK[:2], tmp_path)
    assert len(said.verdicts) == 3


def test_a_constant_channel_costs_no_other_its_verdicts(tmp_path):
    beside = np.concatenate([WALK, np.full((8, 40, 1), 7.0)], axis=2)
    alone, both = (analysed(states, tmp_path) for states in (WALK, beside))
    for said in (alone, both):
        assert [row.verdict for row in said.verdicts].count("supported") == 3
    assert "numerical rank 2 of 3 channels" in both.fit.notes


def test_units_that_differ_by_a_trillion_are_no_obstacle(tmp_path):
    plain, scaled = (analysed(WALK * [1.0, unit], tmp_path) for unit in (1.0, 1e12))
    one, other = (
        sorted((row.eigenvalue_im, row.eigenvalue_re, row.verdict) for row in said.verdicts)
        for said in (plain, scaled)
    )
    for mine, same in zip(one, other, strict=True):
        assert mine[:2] == pytest.approx(same[:2], abs=1e-6)
        assert mine[2] == same[2]


def test_noise_alone_is_no_signal_and_the_fit_says_so():
    noise = Trajectories(RNG.normal(size=(8, 60, 2)), dt=0.1)
    with pytest.raises(ValueError, match="the data are noise in all directions"):
        koopmark.fit("koopmark.tls_edmd", noise, dictionary=AFFINE)


def test_many_channels_get_no_dictionary_of_products():
    wide = Trajectories(np.ones((2, 3, 1000)), dt=0.1)
    entries = chosen(wide).entries
    degrees = [one.get("options", {}).get("dictionary", {}).get("degree") for one in entries]
    assert 1 in degrees
    assert 2 not in degrees
