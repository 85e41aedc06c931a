"""Trials drawn again: what intervals of an analysis are made of."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark.datasets.recording import BLOCKS, Recording, RecordingSection, resample
from koopmark.simulation import Trajectories


def numbered(trials, length, inputs=False):
    """Trials whose states say which trial and time they are of."""
    trial, time = np.meshgrid(np.arange(trials), np.arange(length), indexing="ij")
    held = time[..., None] + 0.5 if inputs else None
    return Trajectories(np.stack([trial, time], axis=2).astype(float), dt=0.1, inputs=held)


@settings(max_examples=25)
@given(st.integers(2, 40), st.integers(2, 30), st.integers(0, 1000), st.booleans())
def test_a_draw_has_as_many_trials_each_one_of_those_that_there_are(trials, length, seed, inputs):
    data = numbered(trials, length, inputs)
    drawn = resample(data, seed)
    assert drawn.shape == data.shape
    whose = drawn.states[:, 0, 0].astype(int)
    np.testing.assert_array_equal(drawn.states, data.states[whose])
    if inputs:
        np.testing.assert_array_equal(drawn.inputs, data.inputs[whose])
    np.testing.assert_array_equal(resample(data, seed).states, drawn.states)


@settings(max_examples=25)
@given(st.integers(4, 400), st.integers(0, 1000), st.booleans())
def test_of_one_trial_blocks_of_time_are_drawn_and_states_follow_as_they_did(length, seed, inputs):
    drawn = resample(numbered(1, length, inputs), seed)
    assert len(drawn) <= BLOCKS
    before, after = drawn.pairs()
    np.testing.assert_array_equal(after[:, 1] - before[:, 1], 1.0)
    assert before[:, 1].min() >= 0
    assert after[:, 1].max() < length
    if inputs:
        np.testing.assert_array_equal(drawn.held()[:, 0], before[:, 1] + 0.5)


def test_draws_of_other_seeds_differ():
    data = numbered(20, 3)
    draws = {resample(data, seed).states[:, 0, 0].tobytes() for seed in range(1, 21)}
    assert len(draws) == 20


@pytest.fixture
def recording(tmp_path):
    numbered(20, 5).to_file(tmp_path / "data.npz")
    return Recording.of(RecordingSection(file="data.npz", resampled=True), tmp_path)


def test_held_out_trials_stay_and_none_of_them_is_drawn(recording):
    first = recording.parts(0)
    held = set(first.test.states[:, 0, 0])
    assert not first.resampled
    for seed in range(1, 6):
        drawn = recording.parts(seed)
        assert drawn.resampled
        np.testing.assert_array_equal(drawn.test.states, first.test.states)
        assert not held & set(drawn.train.states[:, 0, 0])
        assert set(drawn.train.states[:, 0, 0]) <= set(first.train.states[:, 0, 0])


def test_results_of_draws_are_not_those_of_splits(recording):
    split = replace(recording, asked=recording.asked.model_copy(update={"resampled": False}))
    assert split.depends_on() != recording.depends_on()
    assert (
        split.depends_on()["recording"]["sha256"] == recording.depends_on()["recording"]["sha256"]
    )
    assert not split.parts(1).resampled
