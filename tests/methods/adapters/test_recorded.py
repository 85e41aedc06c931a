"""What the libraries are handed of data with gaps, unequal trials and uneven times."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from koopmark import Trajectories, methods
from koopmark.methods import Skip
from koopmark.methods.adapters.kooplearn import lagged

GENERATOR = np.array([[-0.6, 3.0, 0.0], [-2.0, -1.5, 0.5], [0.0, 0.5, -1.0]])
TRUE = np.sort_complex(np.linalg.eigvals(GENERATOR))
STEP = 0.1


def flowing(times, seed=0):
    """One trajectory ẋ = G x at these times."""
    start = np.random.default_rng(seed).standard_normal(3)
    return np.stack([expm(GENERATOR * t) @ start for t in times])


def recorded(gaps=(4, 9, 17, 23), count=4, length=31, uneven=0.0):
    """Trajectories of which all but every fourth end early, with these gaps, at uneven times."""
    rng = np.random.default_rng(1)
    times = STEP * (np.arange(length) + uneven * rng.uniform(-1.0, 1.0, (count, length)))
    states = np.stack([flowing(row, seed) for seed, row in enumerate(times)])
    for k in range(count):
        states[k, length - 5 * (k % 4) :] = np.nan
    states[:, list(gaps), 1] = np.nan
    return Trajectories(states, times)


def error(model):
    """Largest distance of a true eigenvalue from the nearest one found."""
    return abs(model.eigenvalues[:, None] - TRUE).min(axis=0).max()


# SciPy's least squares stops at seven digits, on even data as well.
@pytest.mark.parametrize(("name", "limit"), [("pydmd.bopdmd", 1e-9), ("pydmd.varprodmd", 1e-5)])
@given(st.integers(0, 10**6), st.floats(0.0, 0.45), st.floats(0.0, 0.5))
@settings(max_examples=5, deadline=None)
def test_variable_projection_is_as_exact_at_uneven_times_and_beside_gaps(
    name, limit, seed, uneven, lost
):
    rng = np.random.default_rng(seed)
    times = STEP * (np.arange(41) + uneven * rng.uniform(-1.0, 1.0, 41))
    states = flowing(times, seed)
    states[rng.permutation(41)[: int(41 * lost)]] = np.nan
    data = Trajectories(states, times)
    model = methods.fit(name, data)
    assert error(model) < limit
    assert model.pairs_used is None
    assert model.pairs == len(data.recorded.rows) - 1


@pytest.mark.parametrize("name", ["pydmd.bopdmd", "pydmd.varprodmd"])
def test_variable_projection_takes_the_trajectory_with_the_most_states(name):
    data = recorded(uneven=0.3)
    model = methods.fit(name, data)
    assert error(model) < 1e-8
    assert (model.pairs_used, model.pairs) == (26, data.neighbours)
    assert "in one trajectory of 27" in model.note


@pytest.mark.parametrize("name", ["pydmd.dmd", "pydmd.optdmd"])
def test_methods_of_pairs_use_those_at_one_sampling_interval_alone(name):
    data = recorded()
    model = methods.fit(name, data)
    assert error(model) < 1e-9
    assert (model.pairs_used, model.pairs) == (len(data.pairs()[0]), data.neighbours)


@pytest.mark.parametrize(
    "name", ["pydmd.spdmd", "pydmd.hankeldmd", "pydmd.rdmd", "pykoopman.edmd_time_delay"]
)
def test_methods_of_one_sequence_take_the_longest_segment(name):
    data = recorded()
    longest = data.longest()
    model, alone = methods.fit(name, data), methods.fit(name, longest)
    np.testing.assert_allclose(model.eigenvalues, alone.eigenvalues)
    assert (model.pairs_used, model.pairs) == (len(longest.times) - 1, data.neighbours)
    assert f"in one trajectory of {len(longest.times)}" in model.note


@pytest.mark.parametrize(("name", "least"), [("pydmd.hankeldmd", 8), ("pykoopman.havok", 15)])
def test_delay_methods_skip_data_of_which_no_segment_is_long_enough(name, least):
    options = {"delays": least - 1} if name == "pydmd.hankeldmd" else {}
    data = recorded(gaps=range(0, 31, 8))
    with pytest.raises(Skip, match=f"no {least} recorded states in a row are 0.1 apart"):
        methods.fit(name, data, **options)


def test_kooplearn_is_handed_exactly_the_snapshot_pairs():
    data = recorded()
    rows, lag = lagged(data)
    assert lag == len(rows) // 2
    handed = np.hstack([rows[:-lag], rows[lag:]])
    known = np.hstack(data.pairs())
    np.testing.assert_array_equal(handed[np.lexsort(handed.T)], known[np.lexsort(known.T)])


def test_nystroem_draws_its_centres_from_all_pairs_of_however_short_segments():
    data = recorded(count=12)
    model = methods.fit("kooplearn.nystroem", data, n_centers=40)
    assert error(model) < 1e-6
    assert model.pairs_used == len(data.pairs()[0])
    # Of trajectories of two states kooplearn by itself has none to draw from.
    short = np.stack([flowing([0.0, STEP], seed) for seed in range(60)])
    assert error(methods.fit("kooplearn.nystroem", Trajectories(short, dt=STEP))) < 1e-6


def test_nystroem_measures_the_states_of_uneven_data_as_those_of_even_data():
    states = recorded(gaps=()).states[:, :16]
    times = STEP * np.tile(np.arange(16.0), (4, 1))
    even, uneven = (
        Trajectories(states, one) for one in (times, np.vstack([times[:3], 2 * times[3]]))
    )
    lengths = [methods.fit("kooplearn.nystroem", data).lift.length for data in (even, uneven)]
    assert lengths[0] == pytest.approx(lengths[1])


def test_pykoop_makes_an_episode_of_each_segment():
    data = recorded()
    x, y = data.pairs()
    model = methods.fit("pykoop.edmd_polynomial", data, degree=1)
    values, ahead = (model.eigenfunctions(part[:, None]) for part in (x, y))
    np.testing.assert_allclose(ahead, values * np.exp(model.eigenvalues * STEP), atol=1e-9)
    assert error(model) < 1e-9


@pytest.mark.parametrize("name", ["pydmd.kernel_edmd", "deeptime.kernel_edmd", "pykoopman.kdmd"])
def test_a_random_part_is_counted_out_of_the_pairs_that_can_be_used(name):
    data = recorded()
    usable = len(data.pairs()[0])
    model = methods.fit(name, data, max_pairs=30)
    assert (model.pairs_used, model.pairs) == (30, data.neighbours)
    assert f"30 of {usable} snapshot pairs, drawn at random" in model.note


@pytest.mark.parametrize("name", ["pykoopman.edmd_rbf", "pykoopman.edmd_rff", "kooplearn.ridge"])
def test_dictionaries_are_made_for_the_states_that_were_recorded(name):
    data = recorded()
    kept = data.recorded.mask
    apart = Trajectories.from_arrays(
        [states[known] for states, known in zip(data.states, kept, strict=True)],
        times=[
            times[known] for times, known in zip(np.tile(data.times, (4, 1)), kept, strict=True)
        ],
    )
    options = {"dictionary": {"kind": "radial_basis"}} if name == "kooplearn.ridge" else {}
    first, second = (methods.fit(name, one, **options) for one in (data, apart))
    windows = data.windows(1)
    assert np.isfinite(first.dictionary(windows)).all()
    np.testing.assert_array_equal(first.dictionary(windows), second.dictionary(windows))
