"""The answer key of a dataset: all eigenvalues where trajectories end at one point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import datasets, fit
from koopmark.datasets import AnswerKey
from koopmark.datasets.answer_key import expected_targets, where_it_ends, with_spectrum
from koopmark.scoring import evaluate
from koopmark.spectrum import NoSpectrum, attractor, closed_form_fixed_point, fixed_points
from koopmark.systems import (
    HopfNormalForm,
    LinearSystem,
    LowRank,
    NoKey,
    Sensors,
    example,
    random_drift,
    random_rnn,
    rnn,
    three_populations,
)


def dataset(name, cache_dir, seed=0, **changes):
    recipe = datasets.load_recipe(name)
    small = {"sampling.trajectories": 60, "sampling.test_trajectories": 40, **changes}
    return datasets.build(datasets.varied(recipe, small, name, "test"), seed, cache_dir)


def scores(method, data, **options):
    model = fit(method, data.train, data.key, **options)
    return evaluate(model, data.key, data.test)


@pytest.fixture(scope="module")
def stable(tmp_path_factory):
    return dataset("rnn_6_2_stable", tmp_path_factory.mktemp("cache"))


def test_targets_are_the_whole_lattice(stable):
    assert stable.note == ""
    assert [target.eigenvalue for target in stable.key.targets] == [
        point.eigenvalue for point in stable.key.spectrum.points
    ]
    assert sum(target.dimension for target in stable.key.targets) == stable.key.spectrum.count
    listed = datasets.target_list(stable.recipe, 0)
    assert [t.eigenvalue for t in listed] == [t.eigenvalue for t in stable.key.targets]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_targets_are_the_listed_ones_to_the_bit_wherever_newton_began(seed):
    system = random_rnn(6, 3, 0.9, theta_scale=0.5, seed=seed)
    listed = [space.eigenvalue for space in expected_targets(system, (), 2.0, 0.1)]
    began = 2.0 * np.random.default_rng(seed).standard_normal(6)
    ended = {"fixed_point": began, "no_fixed_point": np.empty(0, dtype=np.uint8)}
    key = with_spectrum(AnswerKey((), 6), system, ended, 2.0, True, 0.1)
    assert [target.eigenvalue for target in key.targets] == listed
    # Some may have no function that is known well enough to be a target.
    assert set(listed) <= {point.eigenvalue for point in key.spectrum.points}


def test_the_answer_key_entered_as_a_method_scores_one_and_one(stable):
    found = scores("anchor.exact", stable)
    assert (found.fit.precision, found.fit.recall) == (1.0, 1.0)
    for row in found.targets:
        assert row.eigenvalue_error < 1e-12
        assert row.eigenfunction_error < 1e-9
    assert {pair.kind for pair in found.eigenpairs} == {"exact", "known"}
    # The functions by the path integral obey the dynamics of the simulated trajectories.
    assert max(pair.residual for pair in found.eigenpairs) < 1e-9


def test_random_pairs_score_about_zero(stable):
    found = scores("anchor.random", stable)
    assert found.fit.precision < 0.1
    assert found.fit.recall < 0.1


def test_a_method_with_polynomials_finds_principal_eigenvalues_near_the_fixed_point(tmp_path):
    near = dataset(
        "rnn_6_2_stable", tmp_path, **{"initial_states.scale": 0.05, "system.theta_scale": 0}
    )
    found = scores("koopmark.qr_edmd", near, dictionary={"kind": "monomials", "degree": 3})
    assert found.fit.recall == 1.0
    for row in found.targets:
        assert row.eigenvalue_error < 1e-3


def test_without_principal_targets_the_spectrum_is_known_all_the_same(tmp_path):
    data = dataset("rnn_10_2", tmp_path)
    assert [target.eigenvalue for target in data.key.targets] == [-1, -2]
    found = scores("anchor.exact", data)
    assert found.fit.precision == 1.0
    exact = sum(target.dimension for target in data.key.targets)
    assert found.fit.recall == pytest.approx(exact / data.key.spectrum.count)


def test_several_attractors_are_a_note_and_no_score(tmp_path):
    found = scores("anchor.exact", dataset("three_populations", tmp_path))
    assert np.isnan([found.fit.precision, found.fit.recall]).all()
    assert "the test trajectories end at 2 different fixed points" in found.fit.notes


def test_principal_targets_that_cannot_be_had_leave_those_in_closed_form(tmp_path):
    data = dataset("three_populations", tmp_path, **{"truth.principal": True})
    assert [target.eigenvalue for target in data.key.targets] == [-1, -2, -3]
    assert data.note.startswith("principal targets: the test trajectories end at 2")


def test_the_drift_family_has_no_lattice(tmp_path):
    data = dataset("lotka_volterra", tmp_path)
    assert data.key.spectrum is None
    assert "drift" in data.key.no_spectrum


def test_a_target_that_is_not_known_is_left_out_with_a_note(tmp_path):
    changes = {"system.n": 6, "system.rank": 3, "system.gain": 0.9368, "system.theta_scale": 0.3}
    data = dataset("rnn_6_2_stable", tmp_path, seed=9, **changes)
    assert "left out are those with the eigenvalue of real part -1.13543: close to" in data.note
    left_out = [
        p.eigenvalue for p in data.key.spectrum.points if abs(p.eigenvalue + 1.13543) < 1e-5
    ]
    assert len(left_out) == 1
    assert left_out[0] not in [target.eigenvalue for target in data.key.targets]
    listed = datasets.target_list(data.recipe, 9)
    assert [t.eigenvalue for t in listed] == [t.eigenvalue for t in data.key.targets]


@pytest.mark.parametrize(
    "name",
    [
        "slow_manifold",
        "hopf_focus",
        "linear_normal",
        "linear_non_normal",
        "linear_defective",
        "linear_sensors",
        "coupling_10",
    ],
)
def test_of_systems_that_are_linear_in_other_coordinates_all_eigenvalues_are_known(name, tmp_path):
    data = dataset(name, tmp_path)
    known = {point.eigenvalue for point in data.key.spectrum.points}
    bound = data.key.spectrum.bound
    for target in data.key.targets:
        apart = min(abs(target.eigenvalue - value) for value in known)
        assert apart < 1e-9 or abs(target.eigenvalue.real) > bound
    assert all(point.exact for point in data.key.spectrum.points)
    found = scores("anchor.exact", data)
    assert found.fit.precision == 1.0
    within = sum(t.dimension for t in data.key.targets if abs(t.eigenvalue.real) <= bound)
    assert found.fit.recall == pytest.approx(within / data.key.spectrum.count)
    assert scores("anchor.random", data).fit.recall < 0.1


def test_the_closed_form_of_the_point_agrees_with_the_search():
    shipped = ("coupling_10", "coupling_oscillators", "coupling_polynomial")
    for system in (
        *(example(name) for name in ("slow_manifold", "hopf_focus", "linear_normal")),
        *(datasets.load_recipe(name).system.build(0) for name in shipped),
    ):
        exact = closed_form_fixed_point(system)
        (found,) = fixed_points(system).points
        np.testing.assert_allclose(found.state, exact.state, atol=1e-9)
        far = np.abs(found.eigenvalues[:, None] - exact.eigenvalues).min(axis=0)
        assert far.max() < 1e-8
        assert found.index == exact.index


def test_a_lattice_that_is_not_known_is_a_note(tmp_path):
    for name, why in [("kuramoto", "not known for a"), ("hopf_limit_cycle", "not known for a")]:
        data = dataset(name, tmp_path)
        assert data.key.spectrum is None
        assert why in data.key.no_spectrum
        assert np.isnan(scores("anchor.exact", data).fit.precision)
    assert closed_form_fixed_point(HopfNormalForm(0.5, 2.0)) is None
    with pytest.raises(NoSpectrum, match="not stable"):
        closed_form_fixed_point(LinearSystem(np.eye(2), np.eye(2), np.ones(2)))


def test_a_target_on_which_the_square_of_a_principal_function_falls_is_a_part_and_said_so():
    """W = mnᵀ/2 with nᵀm = 1 has -1/2 at the origin, whose function squared is at -1."""
    m = np.eye(4)[:, :1]
    system = rnn(LowRank(0.5 * m, m + np.eye(4)[:, 1:2]))
    ended = where_it_ends(system, 0.1 * np.ones((3, 4)))
    key = with_spectrum(AnswerKey.of(system), system, ended, 1.0, False, 0.1)
    (target,) = key.targets
    assert (target.eigenvalue, target.dimension, target.whole) == (-1, 3, False)
    assert "the target at -1 is a part of an eigenspace: 3 of its 4 functions" in key.note
    whole = with_spectrum(AnswerKey.of(system), system, ended, 1.0, True, 0.1)
    assert {t.eigenvalue: t.dimension for t in whole.targets} == {-0.5: 1, -1.0: 4}
    assert all(t.whole for t in whole.targets)
    # Off resonance nothing is said.
    other = rnn(LowRank(0.45 * m, m + np.eye(4)[:, 1:2]))
    ended = where_it_ends(other, 0.1 * np.ones((3, 4)))
    key = with_spectrum(AnswerKey.of(other), other, ended, 1.0, False, 0.1)
    assert (key.note, key.targets[0].whole) == ("", True)


@pytest.mark.parametrize(
    "name", ["c_elegans_motor", "c_elegans_pharynx", "rnn_dale", "rnn_mixture"]
)
def test_the_known_spectrum_has_as_many_functions_at_a_target_as_the_target(name, tmp_path):
    data = dataset(name, tmp_path)
    for target in data.key.targets:
        (point,) = [
            p for p in data.key.spectrum.points if abs(p.eigenvalue - target.eigenvalue) < 1e-6
        ]
        assert point.multiplicity == target.dimension
        assert target.whole


def test_principal_targets_change_no_trajectory(tmp_path, stable):
    plain = dataset("rnn_6_2_stable", tmp_path, **{"truth.principal": False})
    assert np.array_equal(plain.train.states, stable.train.states)


def test_the_attractor_is_where_the_trajectories_end():
    system = three_populations()
    here, there = fixed_points(system).stable
    found = attractor(system, here.state + 0.1 * np.eye(3))
    np.testing.assert_allclose(found.state, here.state, atol=1e-9)
    with pytest.raises(NoSpectrum, match="2 different fixed points"):
        attractor(system, np.array([here.state, there.state]))
    with pytest.raises(NoSpectrum, match="not known for a Prescribed: it is for relaxation"):
        attractor(example("prescribed_quadratic"), np.zeros((1, 2)))


def test_trajectories_that_end_nowhere_are_told():
    # A strong skew part makes a limit cycle around an unstable fixed point.
    left = np.array([[3.0, -4.0], [4.0, 3.0], [0.5, 0.5]])
    system = rnn(LowRank(left, np.eye(3)[:, :2]))
    with pytest.raises(NoSpectrum, match="no stable fixed point"):
        attractor(system, np.ones((2, 3)))
    assert attractor(random_rnn(5, 2, 0.5), np.ones((2, 5))).stable


def test_principal_targets_too_fast_for_the_sampling_are_left_out_with_the_interval(tmp_path):
    # The network rests in a focus: -0.71 ± 1.54i.
    changes = {"system.gain": 1.9, "system.angle": 80.0, "truth.principal": True, "max_degree": 1}
    often = dataset("rnn_overlap_oscillating", tmp_path, **changes)
    assert max(abs(target.eigenvalue.imag) for target in often.key.targets) > 1.0
    changes |= {"sampling.dt": 4.0, "sampling.horizon": 40.0}
    seldom = dataset("rnn_overlap_oscillating", tmp_path, **changes)
    assert [target.eigenvalue for target in seldom.key.targets] == [-1]
    assert "cannot be told from a slower one with dt 4: dt must be at most" in seldom.note
    assert [target.eigenvalue for target in datasets.target_list(seldom.recipe, 0)] == [-1]


def test_a_map_has_the_lattice_of_its_multipliers_down_to_that_of_its_targets(tmp_path):
    found = dataset("leaky_rnn_10_2", tmp_path)
    known, flow = found.key.spectrum, dataset("rnn_10_2", tmp_path).key.spectrum
    assert (known.discrete, known.bound) == (True, pytest.approx(0.49))
    assert {round(point.eigenvalue.real, 9) for point in known.points} >= {0.7, 0.49}
    principal = [p.eigenvalue for p in flow.points if p.multiplicity == 1]
    stepped = [p.eigenvalue for p in known.points if p.multiplicity == 1]
    np.testing.assert_allclose(
        np.sort_complex(stepped), np.sort_complex(1 + 0.3 * np.array(principal)), atol=1e-9
    )
    right = scores("koopmark.qr_edmd", found).fit
    assert right.precision > 0.85
    assert right.recall > 0.9


def test_of_a_map_whose_functions_are_gone_after_a_step_no_lattice_is_listed(tmp_path):
    key = dataset("leaky_rnn_10_2_reset", tmp_path).key
    assert key.spectrum is None
    assert "with μ = 0 the functions of the weights are gone after a step" in key.no_spectrum


def test_without_a_function_that_inputs_leave_alone_a_drift_network_has_no_key():
    driven = random_drift(5, 3, "sinh").with_inputs(np.eye(5)[:, :2])
    with pytest.raises(NoKey, match=r"inputs reach every eigenfunction .* as in units = \[0\]"):
        AnswerKey.of(driven)


def test_exponents_that_inputs_reach_give_way_to_the_nearest_that_none_does():
    system = random_drift(8, 3, "sinh").with_inputs(np.eye(8)[:, :1])
    spaces = system.eigenspaces(1)
    assert len(spaces) == system.exponents.shape[1]
    for space in spaces:
        assert abs(space.exponents[0]).max() < 1e-12
        assert np.linalg.norm(space.exponents) == pytest.approx(1.0)
        assert space.eigenvalue.real < 0


def test_sensors_in_the_range_of_the_weights_have_no_key():
    """Nothing that they show, and no function that they are near to, escapes the weights."""
    network = random_rnn(6, 2)
    with pytest.raises(NoKey, match=r"no eigenfunction that is known .* 1 sensors show"):
        AnswerKey.of(network, 1, Sensors(network.weights.left[:, :1].T))
