"""Channels may outnumber the dynamics: methods work in the directions that hold a signal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag, expm

from koopmark import methods
from koopmark.methods._diagnosis import remark_edges
from koopmark.methods._signal import signal_basis
from koopmark.methods.remarks import at_most, collected, numerical_rank
from koopmark.simulation import Trajectories, data_rank

DT = 0.1
IDENTITY = {"dictionary": {"kind": "identity"}}
LINEAR = {"kernel": {"kind": "polynomial", "degree": 1}}

EXACT = {
    "koopmark.qr_edmd": IDENTITY,
    "koopmark.resdmd": IDENTITY,
    "koopmark.kernel_edmd": LINEAR,
    "koopmark.kronic": IDENTITY,
    "koopmark.ssd": IDENTITY,
    "koopmark.t_ssd": IDENTITY,
    "koopmark.tls_edmd": {},
    "koopmark.fb_edmd": {},
    "koopmark.iv_edmd": {},
    "koopmark.optimised_dmd": {},
}
"""Our methods, on functions in which linear dynamics are exact."""

COPES = ("tls_edmd", "fb_edmd", "iv_edmd", "optimised_dmd", "resdmd", "t_ssd")
"""Those that leave directions of noise out."""


def linear(seed):
    """Eigenvalues and trajectories of a random linear system of 2 to 4 states, and a generator."""
    rng = np.random.default_rng(seed)
    pairs = int(rng.integers(0, 3))
    size = int(rng.integers(max(2, 2 * pairs), 5))
    blocks = [np.diag(-rng.uniform(0.1, 2.5, size - 2 * pairs))]
    for _ in range(pairs):
        rate, frequency = -rng.uniform(0.1, 2.0), rng.uniform(0.3, 8.0)
        blocks.append(np.array([[rate, frequency], [-frequency, rate]]))
    left, right = (np.linalg.qr(rng.standard_normal((size, size)))[0] for _ in range(2))
    mixed = left @ np.diag(rng.uniform(0.5, 2.0, size)) @ right
    generator = mixed @ block_diag(*blocks) @ np.linalg.inv(mixed)
    step, states = expm(generator * DT), [rng.standard_normal((30, size))]
    for _ in range(50):
        states.append(states[-1] @ step.T)
    return np.linalg.eigvals(generator), np.stack(states, axis=1), rng


def more(states, rng):
    size = states.shape[2]
    return states @ np.linalg.qr(rng.standard_normal((size + 3, size)))[0].T


def repeated(states, rng):
    return np.concatenate([states, states[:, :, rng.integers(states.shape[2])][..., None]], axis=2)


def constant(states, rng):
    return np.concatenate([states, np.full((*states.shape[:2], 1), rng.uniform(1, 5))], axis=2)


SEEN = st.sampled_from([more, repeated, constant])


def trajectories(seed, seen, noise):
    exact, states, rng = linear(seed)
    observed = seen(states, rng)
    observed = observed + noise * states.std() * rng.standard_normal(observed.shape)
    return exact, Trajectories(observed, DT * np.arange(51))


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), seen=SEEN)
def test_dependent_channels_change_no_eigenvalue_and_add_none(name, seed, seen):
    exact, data = trajectories(seed, seen, 0.0)
    found = methods.fit(name, data, **EXACT[name]).eigenvalues
    near = np.append(exact, 0.0)
    assert abs(found[:, None] - exact).min(axis=0).max() < 1e-6
    assert abs(found[:, None] - near).min(axis=1).max() < 1e-6


@pytest.mark.parametrize("name", COPES)
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    seen=SEEN,
    noise=st.sampled_from([1e-12, 1e-9, 1e-6, 1e-4, 1e-2]),
)
def test_channels_of_noise_add_no_eigenvalue(name, seed, seen, noise):
    exact, data = trajectories(seed, seen, noise)
    found = methods.fit(f"koopmark.{name}", data, **EXACT[f"koopmark.{name}"]).eigenvalues
    assert len(found) <= len(exact) + 1
    assert found.real.max() < 0.1
    assert abs(found).max() < 2.0 * abs(exact).max() + 1.0
    # Close eigenvalues repel, and several free exponentials that are real are nearly dependent.
    if name != "optimised_dmd" or noise <= 1e-6:
        limit = max(1e-6, 5.0 * np.sqrt(noise))
        assert abs(found[:, None] - exact).min(axis=0).max() < limit


@pytest.mark.parametrize("order", [2, 6])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), seen=SEEN)
def test_differences_shift_eigenvalues_of_dependent_channels_as_they_shift_all(order, seed, seen):
    exact, data = trajectories(seed, seen, 0.0)
    weights = {2: (1 / 2,), 6: (3 / 4, -3 / 20, 1 / 60)}[order]
    shifted = sum(2 * c * np.sinh(k * exact * DT) / DT for k, c in enumerate(weights, start=1))
    found = methods.fit(f"koopmark.generator_edmd_fd{order}", data, **IDENTITY).eigenvalues
    assert abs(found[:, None] - shifted).min(axis=0).max() < 1e-6
    assert abs(found[:, None] - np.append(shifted, 0.0)).min(axis=1).max() < 1e-6


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    seen=SEEN,
    noise=st.sampled_from([1e-12, 1e-9, 1e-6, 1e-4, 1e-2, 0.1]),
)
def test_the_rank_above_noise_is_that_of_the_dynamics(seed, seen, noise):
    exact, data = trajectories(seed, seen, noise)
    assert data_rank(data.states)[:2] == (data.states.shape[2], len(exact))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), seen=SEEN, units=st.floats(-8, 8))
def test_the_rank_without_noise_is_that_of_the_dynamics_in_any_units(seed, seen, units):
    exact, data = trajectories(seed, seen, 0.0)
    assert data_rank(10.0**units * data.states)[:2] == (len(exact), len(exact))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), noise=st.sampled_from([0.0, 1e-6, 1e-2]))
def test_dynamics_in_every_direction_have_full_rank(seed, noise):
    exact, data = trajectories(seed, lambda states, rng: states, noise)
    assert data_rank(data.states)[:2] == (len(exact), len(exact))


def test_single_precision_and_offsets_do_not_count_as_rank():
    exact, data = trajectories(3, more, 0.0)
    assert data_rank((data.states + 1e3).astype(np.float32)).rank == len(exact)
    assert data_rank(data.states + 1e6).rank == len(exact)


def test_a_memory_map_is_read_in_blocks_to_the_same_rank(tmp_path):
    exact, data = trajectories(5, more, 0.0)
    many = np.tile(data.states, (100, 1, 1))
    many += 1e-3 * np.random.default_rng(0).standard_normal(many.shape)
    np.save(tmp_path / "states.npy", many)
    mapped = np.load(tmp_path / "states.npy", mmap_mode="r")
    assert data_rank(mapped)[:2] == (many.shape[2], len(exact))


@pytest.mark.parametrize(
    "name", ["pydmd.dmd", "pydmd.bopdmd", "deeptime.edmd", "pykoopman.edmd_identity"]
)
def test_the_note_of_a_librarys_model_says_the_rank(name):
    exact, data = trajectories(1, more, 0.0)
    assert f"numerical rank {len(exact)} of {data.states.shape[2]} channels" in (
        methods.fit(name, data).note
    )
    exact, data = trajectories(1, more, 1e-3)
    assert (
        f"rank {len(exact)} of {data.states.shape[2]} above noise" in methods.fit(name, data).note
    )


def test_nothing_is_said_of_data_of_full_rank():
    _, data = trajectories(1, lambda states, rng: states, 1e-3)
    assert "rank" not in methods.fit("koopmark.qr_edmd", data, **IDENTITY).note


@pytest.mark.parametrize(("frequency", "said"), [(0.85, False), (0.95, True)])
def test_frequencies_near_nyquists_are_doubted(frequency, said):
    angle = frequency * np.pi
    turn = 0.99 * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    states = [np.random.default_rng(0).standard_normal((20, 2))]
    for _ in range(20):
        states.append(states[-1] @ turn.T)
    data = Trajectories(np.stack(states, axis=1), np.arange(21.0))
    note = methods.fit("pydmd.dmd", data).note
    assert ("2 of 2 eigenvalues may be aliased" in note) == said


def test_what_is_gone_after_a_step_is_not_called_aliased():
    states = np.random.default_rng(0).standard_normal((20, 2, 1))
    states[:, 1] = -1e-3 * states[:, 0]
    note = methods.fit("pydmd.dmd", Trajectories(states, np.arange(2.0))).note
    assert "aliased" not in note


def test_decisions_that_hang_on_rounding_are_remarked():
    with collected() as said:
        assert numerical_rank(np.array([1.0, 3e-10, 1e-15]), 1e-10, "the dictionary") == 2
        assert at_most(
            np.array([0.1, 0.2]), 0.2 * (1 - 1e-12), "which pairs are kept"
        ).tolist() == [
            True,
            False,
        ]
    first, second = said.remarks
    assert "the dictionary hangs on rounding" in first
    assert "which pairs are kept hangs on rounding: 1 of 2" in second


def test_clear_decisions_are_not_remarked():
    with collected() as said:
        assert numerical_rank(np.array([1.0, 1e-3, 1e-15]), 1e-10, "the dictionary") == 2
        assert at_most(np.array([0.1, 0.2]), 0.15, "which pairs are kept").tolist() == [True, False]
    assert said.remarks == []


def test_a_rank_that_hangs_on_rounding_is_in_the_note():
    states = linear(2)[1]
    close = states[:, :, :1] + 1e-9 * np.cos(37.0 * states[:, :, :1])
    data = Trajectories(np.concatenate([states, close], axis=2), DT * np.arange(51))
    note = methods.fit("koopmark.qr_edmd", data, **IDENTITY).note
    assert "the rank of the dictionary hangs on rounding" in note


def test_the_signal_basis_is_orthogonal_to_noise_in_the_data():
    exact, data = trajectories(7, more, 1e-2)
    x, y = data.pairs()
    basis = signal_basis(x, y, len(x), 1e-10)
    assert basis.shape[1] == len(exact)


def said_of(eigenvalues, span=5.0):
    with collected() as said:
        remark_edges(np.array(eigenvalues, dtype=complex), span)
    return " ".join(said.remarks)


@pytest.mark.parametrize(
    ("eigenvalues", "said"),
    [
        ([-1.0, -30.0], "1 of 2 eigenvalues may be beyond what a span T = 5 shows: 1 with |Re λ|T"),
        ([-1.0, 2.5], "above 10 and no sum of others"),
        ([-1.0, 0.01 + 3j, 0.01 - 3j], "2 of 3 eigenvalues may be beyond"),
        ([-1.0, -0.001], "1 with |Re λ|T below 0.1"),
        ([-30.0], "1 of 1 eigenvalues"),
    ],
)
def test_eigenvalues_at_the_edge_of_the_span_are_counted(eigenvalues, said):
    assert said in said_of(eigenvalues)


@pytest.mark.parametrize(
    "eigenvalues",
    [
        [-1.0, -0.5 + 40j, -0.5 - 40j],
        [0.0, -1.0, -2.0, -3.0, -4.0],
        [-0.7 + 2j, -0.7 - 2j, -1.4 + 4j, -1.4, -2.1 + 6j, -2.1 + 2j, -2.8],
        [3j, -3j, -1.0],
        [-1.0, -np.inf, np.nan],
        [],
    ],
    ids=["fast but seen", "products", "products of a pair", "turning", "gone", "none"],
)
def test_what_the_span_shows_stands_still_or_is_a_sum_is_not_remarked(eigenvalues):
    assert said_of(eigenvalues) == ""


def test_an_exact_fit_with_products_has_no_remark(three):
    model = methods.fit("koopmark.varpro_edmd", three, products=4)
    assert model.eigenvalues.real.min() < -3.9
    assert model.note == ""


def test_dynamics_slower_than_the_data_last_are_remarked():
    _, states, _ = linear(0)
    slow = np.exp(-1e-3 * DT * np.arange(51))[:, None] * states[:, :1, :1]
    data = Trajectories(np.concatenate([states, slow], axis=2), DT * np.arange(51))
    assert "1 with |Re λ|T below 0.1" in methods.fit("koopmark.qr_edmd", data, **IDENTITY).note


def test_rank_and_signal_are_those_of_data_with_gaps():
    exact, data = trajectories(1, more, 1e-3)
    missing = np.random.default_rng(0).random(data.states.shape[:2]) < 0.3
    gappy = Trajectories(np.where(missing[..., None], np.nan, data.states), data.times)
    size = data.states.shape[2]
    note = methods.fit("koopmark.tls_edmd", gappy).note
    assert f"rank {len(exact)} of {size} above noise" in note


def test_a_sample_of_smooth_data_tells_what_all_pairs_tell(three, monkeypatch):
    from_sample = data_rank(three.states)
    monkeypatch.setattr("koopmark.simulation._signal.SAMPLED", (10**6, 10**6))
    assert from_sample == data_rank(three.states) == (3, 3, False)


def test_a_channel_of_noise_is_not_smooth(three):
    noise = np.random.default_rng(0).standard_normal((*three.states.shape[:2], 1))
    assert data_rank(np.concatenate([three.states, noise], axis=2))[:2] == (4, 3)
