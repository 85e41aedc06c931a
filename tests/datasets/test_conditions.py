"""Recipes with inputs, through sensors and in steps: what is drawn, what goes together."""

import pickle
from itertools import product

import numpy as np
import pytest
from typer.testing import CliRunner

from koopmark import datasets
from koopmark._config import parse
from koopmark._errors import ConfigError
from koopmark._keys import digest
from koopmark._resources import shipped
from koopmark.cli import app
from koopmark.datasets import Recipe, cache
from koopmark.datasets.dataset import _clean_key
from koopmark.datasets.inputs_section import InputsSection
from koopmark.datasets.observation_section import ObservationSection
from koopmark.datasets.preview import preview
from koopmark.datasets.recipe import Contents
from koopmark.simulation import Trajectories

SMALL = {"trajectories": 6, "test_trajectories": 3, "dt": 0.1, "horizon": 2.0}
STEPS = {**SMALL, "dt": 1.0, "horizon": 12.0}
NETWORK = {"kind": "random_rnn", "n": 6, "rank": 2, "theta_scale": 0.3}
SPECIES = {"kind": "random_lotka_volterra", "n": 6, "groups": 2}
POSITIVE = {"kind": "log_uniform", "low": 0.5, "high": 2.0}


def recipe(**sections):
    data = {
        "title": "Tiny",
        "description": "A small network.",
        "max_degree": 2,
        "system": NETWORK,
        "initial_states": {"kind": "normal", "scale": 1.0},
        "sampling": STEPS if "map" in sections else SMALL,
        **sections,
    }
    return Recipe.model_construct(name="tiny", **dict(parse(data, Contents, "tiny.toml")))


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    return lambda seed=0, **sections: datasets.build(recipe(**sections), seed, folder)


MISTAKES = [
    ({"inputs": {"amplitude": 2.0}}, "inputs: amplitude: there are no inputs: channels"),
    ({"inputs": {"channels": 0, "kind": "steps"}}, "inputs: kind: there are no inputs: channels"),
    ({"inputs": {"channels": 1, "hold": 3.0}}, "hold: only kind = 'steps' has it"),
    (
        {"inputs": {"channels": 1, "kind": "steps", "dither": 0.0}},
        "dither: only kind = 'feedback' has it, and the kind is 'steps'",
    ),
    ({"inputs": {"channels": 1, "kind": "step"}}, "did you mean 'steps'?"),
    ({"inputs": {"channels": -1}}, "inputs.channels = -1"),
    ({"inputs": {"channels": 1, "units": [6]}}, "unit 6 does not exist: the system has 6 units"),
    ({"inputs": {"channels": 1, "units": []}}, "inputs: units is empty"),
    ({"inputs": {"channels": 1, "units": [2, 2]}}, "inputs: units has a unit twice"),
    ({"inputs": {"channels": 8, "kind": "multisine"}}, "so at least 24 steps"),
    (
        {"inputs": {"channels": 1}, "system": {"kind": "random_adapting", "units": 4, "rank": 2}},
        "inputs: they are for networks with low-rank weights, and a LinearUnits takes none",
    ),
    (
        {
            "inputs": {"channels": 1},
            "system": {**SPECIES, "groups": 1},
            "initial_states": POSITIVE,
        },
        "inputs: inputs reach every eigenfunction that is known of this Drift",
    ),
    ({"observation": {"sensors": 0}}, "sensors = 0: there must be at least one sensor"),
    ({"observation": {"units": []}}, "there must be at least one sensor"),
    ({"observation": {"sensors": 7}}, "observation: 7 sensors of 6 units"),
    ({"observation": {"units": [1, 9]}}, "observation: sensor 9 does not exist"),
    ({"observation": {"units": [1, 1]}}, "observation: unit 1 is chosen twice"),
    ({"observation": {"sensors": 2, "units": [1]}}, "sensors and units: each says what is seen"),
    ({"observation": {"matrix": [[1.0, 2.0]]}}, "its rows have 2 weights, and need 6"),
    ({"observation": {"matrix": [[1.0], [1.0, 2.0]]}}, "must be equally long"),
    ({"observation": {"matrix": [[1.0] * 6, [2.0] * 6]}}, "the 2 mixtures have rank 1"),
    (
        {"observation": {"sensors": 1}, "system": SPECIES, "initial_states": POSITIVE},
        "observation: no eigenfunction that is known of this Drift",
    ),
    (
        {
            "observation": {"mixtures": 3},
            "system": {"kind": "random_relaxation", "n": 6, "rank": 2, "zeta": "cubic"},
        },
        "observation: mixtures of units do not determine cubic of each unit",
    ),
    ({"map": {"alpha": 0.0}}, "map.alpha = 0.0"),
    ({"map": {"alpha": 0.3}, "sampling": SMALL}, "sampling: dt 0.1 of a map"),
    ({"map": {"alpha": 0.3}, "trials": {"jitter": 0.1}}, "trials: jitter 0.1 of a map"),
    (
        {"map": {"alpha": 0.3}, "system": SPECIES, "initial_states": POSITIVE},
        "map: a Drift has no map",
    ),
    *(
        (
            {section: keys, "truth": {"principal": True}},
            rf"truth: principal = true with \[{section}\]",
        )
        for section, keys in (
            ("map", {"alpha": 0.3}),
            ("inputs", {"channels": 1}),
            ("observation", {"sensors": 3}),
        )
    ),
]


@pytest.mark.parametrize(("sections", "said"), MISTAKES)
def test_what_does_not_go_together_or_has_no_key_is_told_when_the_recipe_is_read(sections, said):
    with pytest.raises(ConfigError, match=said) as told:
        recipe(**sections)
    assert str(told.value).startswith("tiny.toml: ")


def test_a_mistake_in_a_file_is_told_by_commands_with_its_place(tmp_path):
    path = tmp_path / "mine.toml"
    shown = (shipped("datasets") / "rnn_10_2_sensors.toml").read_text()
    path.write_text(shown.replace("sensors = 6", "sensors = 11"))
    ended = CliRunner().invoke(app, ["export", str(path), "--out", str(tmp_path / "out")])
    assert isinstance(ended.exception, ConfigError)
    assert f"{path}: observation: 11 sensors of 10 units" in str(ended.exception)


def test_sections_that_are_absent_change_no_digest():
    found = {}
    for name in BEFORE.split():
        one = datasets.load_recipe(name)
        found[name] = [digest(one.depends_on()), digest(_clean_key(one, 0), 32)]
    assert digest(found) == DIGEST


CONDITIONS = {
    "inputs": {"inputs": {"channels": 2}},
    "feedback": {"inputs": {"channels": 2, "kind": "feedback"}},
    "some units": {"inputs": {"channels": 1, "kind": "steps", "units": [0, 1]}},
    "sensors": {"observation": {"sensors": 4}},
    "electrodes": {"observation": {"mixtures": 3}},
    "few sensors": {"observation": {"sensors": 2}},
    "map": {"map": {"alpha": 1.3}},
    "all": {
        "map": {"alpha": 0.4},
        "inputs": {"channels": 2, "kind": "multisine"},
        "observation": {"units": [0, 2, 3, 5]},
        "trials": {"shortest": 0.5, "gaps": 0.2},
    },
    "uneven": {
        "inputs": {"channels": 2, "kind": "feedback"},
        "observation": {"mixtures": 4},
        "trials": {"shortest": 0.5, "gaps": 0.2, "jitter": 0.3},
    },
    "cubic": {
        "system": {"kind": "random_relaxation", "n": 4, "rank": 2, "zeta": "cubic"},
        "inputs": {"channels": 1, "kind": "steps"},
        "observation": {"sensors": 3},
    },
    "species": {
        "system": SPECIES,
        "initial_states": POSITIVE,
        "inputs": {"channels": 1, "amplitude": 0.3, "units": [0, 2, 4]},
    },
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_targets_obey_their_law_along_training_and_test_trajectories(build, name):
    made = build(**CONDITIONS[name])
    assert made.key.targets
    whole = Trajectories(made.clean.states, made.clean.times, inputs=made.clean.inputs)
    for part in (whole, made.test):
        if made.key.latent and part is whole:
            continue
        states = part.latent if made.key.latent else part.states
        elapsed = np.diff(np.broadcast_to(part.times, states.shape[:2]))
        for space, m in product(made.key.targets, range(len(states))):
            found = space.evaluate(states[m, 1:])
            expected = np.array(
                [
                    space.advanced(x, None if part.inputs is None else part.inputs[m, k], dt)
                    for k, (x, dt) in enumerate(zip(states[m, :-1], elapsed[m], strict=True))
                ]
            )
            known = np.isfinite(expected + found)
            # A short trial with gaps may hold no pair.
            assert known.any() or not part.full
            error = np.abs(found - expected)[known].max(initial=0.0)
            assert error <= 1e-9 * np.nanmax(np.abs(space.evaluate(states[m]))) + 1e-12


def drawn(count, depends_on=None, **section):
    given = {"sampling": {"dt": 0.1, "trajectories": count}, "seed": 0, **(depends_on or {})}
    return InputsSection(**section).draw(recipe().build(0), count, 41, given, "train")


def test_inputs_are_of_the_kind_and_the_amplitude_asked_for():
    def inputs(kind, **keys):
        return drawn(200, channels=2, amplitude=0.5, kind=kind, **keys)

    white, steps, waves = inputs("white"), inputs("steps", hold=8.0), inputs("multisine")
    for v in (white, steps, waves):
        assert v.shape == (200, 41, 2)
        assert np.sqrt(np.mean(v**2)) == pytest.approx(0.5, rel=0.05)
    changes = (np.diff(steps, axis=1) != 0).any(axis=2)
    assert changes.mean() == pytest.approx(1 / 8, rel=0.1)
    assert (np.diff(white, axis=1) != 0).all()
    # Over a period, the horizon, channels of a multisine are uncorrelated in every trajectory.
    np.testing.assert_allclose((waves[:, :-1, 0] * waves[:, :-1, 1]).sum(axis=1), 0.0, atol=1e-9)
    assert np.abs(waves).max() / 0.5 <= np.sqrt(2 * 8) + 1e-9
    same = inputs("constant")
    assert (same == same[0, 0]).all()
    np.testing.assert_array_equal(np.abs(same), 0.5)


def test_feedback_without_dither_is_a_function_of_the_states(build):
    made = build(inputs={"channels": 2, "kind": "feedback", "dither": 0.0})
    weights = made.system.input_weights
    expected = -0.5 * made.clean.states @ np.linalg.pinv(weights).T
    np.testing.assert_allclose(made.train.inputs[:, :-1], expected[:, :-1], atol=1e-12)


def test_the_test_set_is_the_same_under_any_kind_of_training_inputs(build):
    kinds = ("white", "steps", "multisine", "feedback", "constant")
    made = [build(inputs={"channels": 2, "kind": kind}) for kind in kinds]
    for other in made[1:]:
        np.testing.assert_array_equal(other.test.states, made[0].test.states)
        np.testing.assert_array_equal(other.test.inputs, made[0].test.inputs)
        np.testing.assert_array_equal(other.train.states[:, 0], made[0].train.states[:, 0])
        assert np.abs(other.train.inputs - made[0].train.inputs).max() > 0.1
    np.testing.assert_array_equal(made[0].train.states[:, 0], build().train.states[:, 0])


@pytest.mark.parametrize("kind", ["white", "steps", "multisine", "constant"])
def test_inputs_do_not_depend_on_how_many_trajectories_there_are(kind):
    sampling = {"sampling": {"dt": 0.1, "trajectories": 9, "test_trajectories": 5}}
    few, more = (drawn(n, sampling if n == 9 else None, channels=2, kind=kind) for n in (6, 9))
    np.testing.assert_array_equal(more[:6], few)


def test_other_amplitudes_are_other_draws():
    one, other = (drawn(6, channels=1, amplitude=size) for size in (1.0, 2.0))
    assert np.abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.3


def test_more_channels_and_sensors_keep_the_first_ones():
    for n in (5, 12):
        few, many = (InputsSection(channels=q).weights(n, 3) for q in (2, 4))
        np.testing.assert_array_equal(many[:, :2], few)
        for p in range(1, n):
            some, more = (ObservationSection(sensors=k).sees(n, 3) for k in (p, p + 1))
            assert {*some.units} < {*more.units}
            some, more = (ObservationSection(mixtures=k).sees(n, 3) for k in (p, p + 1))
            np.testing.assert_array_equal(more.matrix[:p], some.matrix)


def test_inputs_reach_the_units_asked_for_alone(build):
    made = build(inputs={"channels": 2, "units": [1, 4]})
    reached = np.flatnonzero(np.abs(made.system.input_weights).max(axis=1))
    np.testing.assert_array_equal(reached, [1, 4])


def test_inputs_stay_known_in_gaps_and_those_not_recorded_are_kept_from_methods(build):
    gaps = {"gaps": 0.3}
    made = build(inputs={"channels": 2}, trials=gaps)
    assert np.isnan(made.train.states).any()
    assert np.isfinite(made.train.inputs).all()
    hidden = build(inputs={"channels": 2, "recorded": False}, trials=gaps)
    np.testing.assert_array_equal(hidden.train.states, made.train.states)
    assert hidden.train.inputs is None
    np.testing.assert_array_equal(hidden.test.inputs, made.test.inputs)


def test_noise_is_on_the_channels_in_units_of_what_they_show(build):
    many = {**SMALL, "trajectories": 100}
    made = build(observation={"mixtures": 3}, sampling={**many, "noise": 0.1})
    assert made.noise == pytest.approx(0.1 * made.clean.states.std())
    assert (made.train.states - made.clean.states).std() == pytest.approx(made.noise, rel=0.05)
    assert made.train.latent is None


def test_a_matrix_of_mixtures_is_what_the_sensors_see(build):
    rows = [[1.0, 0.5, 0.0, 0.0, 0.0, -1.0], [0.0, 0.0, 2.0, 1.0, 0.0, 0.0]]
    made = build(observation={"matrix": rows})
    np.testing.assert_allclose(made.train.states, build().train.states @ np.transpose(rows))
    assert "p = 2 channels of N = 6" in repr(made)


def test_short_names_set_keys_of_sections_and_ambiguous_ones_say_which(tmp_path):
    made = datasets.load(
        "rnn_5_2",
        cache_dir=tmp_path,
        trajectories=4,
        test_trajectories=2,
        sensors=np.int64(4),
        channels=2,
    )
    assert made.train.states.shape == (4, 51, 4)
    assert made.train.inputs.shape == (4, 51, 2)
    with pytest.raises(ConfigError, match=r"initial_states\.kind.*inputs\.kind"):
        datasets.load("rnn_5_2", cache_dir=tmp_path, kind="steps")


VARIED = [
    ("rnn_block_sensors", {"observation.sensors": 3}, "observation", {"sensors": 3}),
    ("rnn_30_3_mixtures", {"observation.units": (0, 1)}, "observation", {"units": (0, 1)}),
    (
        "rnn_10_3_multistable_inputs",
        {"inputs.kind": "feedback"},
        "inputs",
        {"channels": 1, "kind": "feedback", "amplitude": 5.0},
    ),
    ("rnn_10_3_multistable_inputs", {"inputs.channels": 0}, "inputs", {"channels": 0}),
    (
        "rnn_30_3_recorded",
        {"sampling.noise": 0.1},
        "inputs",
        {"channels": 2, "kind": "steps"},
    ),
]


@pytest.mark.parametrize(("name", "changes", "section", "left"), VARIED)
def test_a_varied_recipe_keeps_no_key_that_only_what_was_there_before_had(
    name, changes, section, left
):
    base = datasets.load_recipe(name)
    other = datasets.varied(base, changes, "other", "here")
    assert other.name == "other"
    made = getattr(other, section)
    assert made.model_dump(exclude_unset=True) == left


def test_a_map_is_made_a_map_once():
    with pytest.raises(ValueError, match=r"it is a map already, with μ = 0\.7"):
        recipe(map={"alpha": 0.3}).build(0).as_map(0.5)


def test_recipes_with_sections_travel_to_other_processes():
    asked = datasets.load_recipe("rnn_30_3_recorded")
    again = pickle.loads(pickle.dumps(asked))
    assert again.depends_on() == asked.depends_on()
    np.testing.assert_array_equal(again.sensors(1).units, asked.sensors(1).units)
    np.testing.assert_array_equal(again.build(1).input_weights, asked.build(1).input_weights)


def test_cached_inputs_are_read_back_and_damaged_ones_made_again(tmp_path, monkeypatch):
    asked = recipe(inputs={"channels": 2}, observation={"sensors": 3})
    first = datasets.build(asked, 0, tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr("koopmark.datasets.dataset.simulate", None)
        again = datasets.build(asked, 0, tmp_path)
    np.testing.assert_array_equal(first.train.inputs, again.train.inputs)
    np.testing.assert_array_equal(first.test.latent, again.test.latent)
    (path,) = tmp_path.glob("*.npz")
    arrays = cache.read(path)
    cache.write(path, arrays)
    path.write_bytes(path.read_bytes()[:-2000])
    repaired = datasets.build(asked, 0, tmp_path)
    assert "made again" in repaired.note
    np.testing.assert_array_equal(first.train.inputs, repaired.train.inputs)


def test_fresh_trajectories_and_previews_are_driven_as_the_recipe_says(build):
    asked = recipe(inputs={"channels": 1, "kind": "steps"}, observation={"sensors": 3})
    fresh = build(inputs={"channels": 1, "kind": "steps"}, observation={"sensors": 3}).fresh
    block = fresh.block(0)
    assert block.states.shape[2] == 3
    assert (np.diff(block.inputs, axis=1) != 0).all()
    still = preview(recipe(), 0, 2)
    np.testing.assert_array_equal(preview(asked, 0, 2)[:, 0], still[:, 0])
    assert np.abs(preview(asked, 0, 2) - still).max() > 1e-2


def test_facts_of_a_dataset_say_what_is_seen_and_what_drives_it():
    sections = {"map": {"alpha": 0.25}, "inputs": {"channels": 2}, "observation": {"sensors": 4}}
    found, flow = recipe(**sections).facts(0), recipe().facts(0)
    assert (found["n"], found["channels"], found["inputs"], found["alpha"]) == (6, 4, 2, 0.25)
    assert (flow["n"], flow["channels"], flow["inputs"], flow["alpha"]) == (6, 6, 0, None)


BEFORE = """
adapting_5_2 c_elegans c_elegans_motor c_elegans_pharynx coupling_10 coupling_oscillators
coupling_polynomial drift_sinh hopf_focus hopf_limit_cycle inertial_5_2 karate_club kuramoto
les_miserables linear_defective linear_fast linear_non_normal linear_normal linear_sensors
linear_sensors_trials lotka_volterra nearly_low_rank nearly_low_rank_exponential
nearly_low_rank_power ornstein_uhlenbeck prescribed_50 prescribed_bump prescribed_fourier
prescribed_oscillator prescribed_quadratic prescribed_strong_tanh prescribed_weak_tanh
relaxation_cubic relaxation_sinh rnn_100_5 rnn_100_60_chaotic rnn_10_2 rnn_10_2_trials
rnn_10_3_multistable rnn_5_2 rnn_6_2_hopfield rnn_6_2_limit_cycle rnn_6_2_sparse rnn_6_2_stable
rnn_6_2_theta rnn_block rnn_dale rnn_hopfield rnn_hopfield_sequence rnn_mixture rnn_overlap_input
rnn_overlap_oscillating rnn_sparse slow_manifold southern_women three_populations
three_populations_uneven
"""
"""All recipes from before there were these sections, and the digest of their keys then."""
DIGEST = "ae80a4b6f604b779"
