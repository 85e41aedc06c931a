"""What PyDMD's methods recover of the three-population example, and what they must not."""

import numpy as np
import pytest

from koopmark import Trajectories, methods, score, systems

# Eigenvalue and eigenfunction error at λ = -1. One step ahead, uᵀx is linear: least squares with
# the state among its functions is exact, from pairs or along one trajectory.
EXACT = {
    "pydmd.dmd": {},
    "pydmd.dmd_tlsq": {},
    "pydmd.optdmd": {},
    "pydmd.pidmd": {},
    "pydmd.kernel_edmd": {"max_pairs": 300},
    "pydmd.kernel_edmd_default": {"max_pairs": 300},
    "pydmd.dmdc": {},
    "pydmd.lando_linear": {"max_pairs": 100},
    "pydmd.lando_cubic": {"max_pairs": 100},
    "pydmd.spdmd": {},
    "pydmd.cdmd": {},
    "pydmd.cdmd_default": {},
    "pydmd.rdmd": {},
    "pydmd.subspacedmd": {},
    "pydmd.subspacedmd_default": {},
    "pydmd.hankeldmd": {},
    "pydmd.hodmd": {},
}
# Defaults that keep one direction of three: it is the one that grows, at 0.1.
ONE_DIRECTION = [
    "pydmd.dmd_default",
    "pydmd.fbdmd_default",
    "pydmd.optdmd_default",
    "pydmd.dmdc_default",
    "pydmd.lando_linear_default",
    "pydmd.spdmd_default",
    "pydmd.rdmd_default",
    "pydmd.hankeldmd_default",
    "pydmd.hodmd_default",
    "pydmd.varprodmd_default",
    "pydmd.bopdmd_default",
]
# A whole nonlinear trajectory is no sum of three exponentials: the best one misses -1.
WHOLE_TRAJECTORY = ["pydmd.varprodmd", "pydmd.bopdmd", "pydmd.bopdmd_bagged"]
SEQUENCES = [
    name
    for name in methods.names()
    if name.startswith("pydmd.")
    and any(kind in name for kind in ("spdmd", "cdmd", "rdmd", "spacedmd", "hankel", "hodmd"))
] + [*WHOLE_TRAJECTORY, "pydmd.varprodmd_default", "pydmd.bopdmd_default"]


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


def at_minus_one(model, data):
    table = score(model, data.system, data)
    return table["eigenvalue_error"][0], table["eigenfunction_error"][0]


def test_every_method_is_judged_here():
    named = {*EXACT, *ONE_DIRECTION, *WHOLE_TRAJECTORY, "pydmd.fbdmd", "pydmd.pidmd_unitary"}
    assert named == {name for name in methods.names() if name.startswith("pydmd.")}


@pytest.mark.parametrize("name", EXACT)
def test_one_step_least_squares_finds_the_decay_exactly(name, three, fresh):
    eigenvalue, eigenfunction = at_minus_one(methods.fit(name, three, **EXACT[name]), fresh)
    assert eigenvalue < 1e-9
    assert eigenfunction < 1e-8


@pytest.mark.parametrize("name", ONE_DIRECTION)
def test_a_default_that_keeps_one_direction_finds_another_eigenvalue(name, three, fresh):
    model = methods.fit(name, three, **({"max_pairs": 100} if "lando" in name else {}))
    eigenvalue, eigenfunction = at_minus_one(model, fresh)
    assert len(model.eigenvalues) == 1
    assert 1.05 < eigenvalue < 1.15
    assert eigenfunction > 0.95


@pytest.mark.parametrize("name", WHOLE_TRAJECTORY)
def test_exponentials_fitted_to_a_nonlinear_trajectory_miss_the_decay(name, three, fresh):
    options = {"num_trials": 20} if name == "pydmd.bopdmd_bagged" else {}
    eigenvalue, eigenfunction = at_minus_one(methods.fit(name, three, **options), fresh)
    assert 0.05 < eigenvalue < 0.15
    assert 0.01 < eigenfunction < 0.05


def test_both_optimisers_find_the_same_exponentials(three, ordered):
    first, second = (
        ordered(methods.fit(name, three).eigenvalues)
        for name in ("pydmd.varprodmd", "pydmd.bopdmd")
    )
    np.testing.assert_allclose(first, second, atol=1e-4)


def test_forward_backward_dmd_is_near_and_not_exact(three, fresh):
    eigenvalue, eigenfunction = at_minus_one(methods.fit("pydmd.fbdmd", three), fresh)
    assert 1e-4 < eigenvalue < 1e-2
    assert 1e-3 < eigenfunction < 1e-1


def test_unitary_operators_are_skipped_for_their_eigenvalues(three):
    with pytest.raises(methods.Skip, match="modulus one"):
        methods.fit("pydmd.pidmd_unitary", three)


@pytest.mark.parametrize(
    "options",
    [{"band": 1}, {"manifold": "symmetric"}, {"manifold": "uppertriangular"}],
    ids=["diagonal", "symmetric", "triangular"],
)
def test_a_set_of_matrices_without_the_operator_costs_the_decay(options, three, fresh):
    eigenvalue, _ = at_minus_one(methods.fit("pydmd.pidmd", three, **options), fresh)
    assert 0.3 < eigenvalue < 1.0


@pytest.mark.parametrize("name", ["pydmd.dmd_tlsq", "pydmd.pidmd", "pydmd.lando_linear"])
def test_a_degenerate_eigenspace_keeps_its_multiplicity(name, simulated):
    system = systems.random_rnn(10, 2, seed=0)
    options = {"max_pairs": 200} if name == "pydmd.lando_linear" else {}
    model = methods.fit(name, simulated(system, 20), **options)
    table = score(model, system, simulated(system, 20, seed=1))
    assert table["target_dimension"][0] == 8
    assert table["eigenvalue_error"][0] < 1e-9
    assert table["eigenfunction_error"][0] < 1e-8


@pytest.mark.parametrize("name", ["pydmd.cdmd", "pydmd.rdmd", "pydmd.spdmd", "pydmd.subspacedmd"])
def test_one_trajectory_shows_one_direction_of_a_degenerate_eigenspace(name, simulated):
    model = methods.fit(name, simulated(systems.random_rnn(10, 2, seed=0), 20))
    assert np.sum(abs(model.eigenvalues + 1) < 1e-9) == 1
    assert len(model.eigenvalues) == 3


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("pydmd.dmd_tlsq", {"dictionary": {"kind": "identity"}}),
        ("pydmd.pidmd", {"dictionary": {"kind": "identity"}}),
        ("pydmd.lando_linear", {"kernel": {"kind": "polynomial", "degree": 1}, "max_pairs": 200}),
        ("pydmd.lando_cubic", {"max_pairs": 500}),
        ("pydmd.lando_cubic", {"max_pairs": 500, "base": "mean"}),
    ],
)
def test_an_offset_is_recovered_with_the_constant(name, options, simulated):
    system = systems.random_rnn(5, 2, theta_scale=1.0)
    model = methods.fit(name, simulated(system, 60), **options)
    table = score(model, system, simulated(system, 20, seed=1))
    assert table["eigenvalue_error"][0] < 1e-9
    assert table["eigenfunction_error"][0] < 1e-8


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_method_without_pairs_says_that_it_saw_one_trajectory(name, three):
    note = "fitted to one trajectory, the longest of 100: 31 states"
    data = Trajectories(three.states[:, :31], three.times[:31])
    assert methods.fit(name, data, **methods.get(name).promises().trial).note.split("; ")[0] == note
    alone = data.longest()
    assert (
        "one trajectory" not in methods.fit(name, alone, **methods.get(name).promises().trial).note
    )


@pytest.mark.parametrize("name", ["pydmd.hankeldmd", "pydmd.hodmd"])
@pytest.mark.parametrize("delays", [1, 2, 4])
def test_values_on_a_window_belong_to_its_last_state(name, delays, linear):
    data = linear(np.diag([0.9, 0.6]), [[1.0, 2.0]], steps=20)
    model = methods.fit(name, data, delays=delays)
    assert model.window == delays
    windows = data.rolling(delays)[0]
    predicted = model.predict(windows[:-1], [data.dt])[:, 0]
    np.testing.assert_allclose(predicted, data.states[0, delays:], atol=1e-10)


def test_hodmd_truncates_the_states_where_it_is_told_to(three):
    model = methods.fit("pydmd.hodmd", three, svd_rank_extra=1)
    whole = methods.fit("pydmd.hodmd", three)
    windows = three.rolling(5)[0, :4]
    assert np.linalg.matrix_rank(model.predict(windows, [three.dt])[:, 0].T) == 1
    assert np.linalg.matrix_rank(whole.predict(windows, [three.dt])[:, 0].T) == 3


def test_sparsity_drops_pairs_and_leaves_the_others(linear):
    data = linear([[0.9, 0.3, 0.0], [-0.2, 0.7, 0.1], [0.0, 0.1, 0.5]], [[1.0, 2.0, 3.0]], steps=30)
    every = methods.fit("pydmd.spdmd", data)
    fewer = methods.fit("pydmd.spdmd", data, gamma=10.0)
    assert (len(every.eigenvalues), len(fewer.eigenvalues)) == (3, 2)
    np.testing.assert_array_equal(fewer.eigenvalues, every.eigenvalues[:2])
    windows = data.states[0][:, None]
    np.testing.assert_allclose(
        fewer.eigenfunctions(windows), every.eigenfunctions(windows)[:, :2], atol=1e-12
    )


def test_lando_forecasts_with_its_kernel_model(three):
    start = three.states[:5, :1]
    errors = {}
    for name in ("pydmd.lando_linear", "pydmd.lando_cubic"):
        predicted = methods.fit(name, three, max_pairs=500).predict(start, three.times[1:6])
        errors[name] = abs(predicted - three.states[:5, 1:6]).max()
    assert errors["pydmd.lando_cubic"] < 0.5 * errors["pydmd.lando_linear"]


def test_a_map_predicts_at_multiples_of_its_step_and_at_no_other_time(three):
    model = methods.fit("pydmd.lando_cubic", three, max_pairs=100)
    start, dt = three.states[:5, :1], three.dt
    every, chosen = model.predict(start, dt * np.arange(1, 5)), model.predict(start, [4 * dt, dt])
    np.testing.assert_array_equal(chosen, every[:, [3, 0]])
    assert model.predict(start, [dt, 1.5 * dt]) is None


def test_a_forecast_that_runs_away_is_not_finite_and_leaves_the_others_alone(three):
    model = methods.fit("pydmd.lando_cubic", three, max_pairs=300)
    start = np.array([[[0.5, 0.2, 0.1]], [[1e6, 1e6, -1e6]]])
    times = three.dt * np.arange(1, 31)
    predicted = model.predict(start, times)
    assert np.isfinite(predicted[0]).all()
    assert not np.isfinite(predicted[1]).any(axis=1)[-1]
    np.testing.assert_allclose(predicted[:1], model.predict(start[:1], times), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("pydmd.hankeldmd", "delays", 0),
        ("pydmd.dmd_tlsq", "tlsq_rank", 0),
        ("pydmd.dmd_tlsq", "max_pairs", 0),
        ("pydmd.pidmd", "band", 0),
        ("pydmd.lando_linear", "max_pairs", 0),
        ("pydmd.bopdmd_bagged", "num_trials", -1),
        ("pydmd.bopdmd_bagged", "trial_size", 1.5),
    ],
)
def test_what_means_nothing_is_refused(name, option, value):
    with pytest.raises(ValueError, match=option):
        methods.get(name, **{option: value})


@pytest.mark.parametrize(("name", "states"), [("pydmd.hankeldmd", 5), ("pydmd.subspacedmd", 3)])
def test_too_few_states_are_refused_with_the_number_needed(name, states, linear):
    data = linear(np.diag([0.9, 0.6]), [[1.0, 2.0]], steps=states - 1)
    with pytest.raises(ValueError, match=f"need.* {states + 1} states in a row"):
        methods.fit(name, data)
