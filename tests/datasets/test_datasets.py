"""Recipes become trajectories: reproducible, independent, clean where they should be."""

import os

import numpy as np
import pytest

from koopmark import datasets
from koopmark._config import parse
from koopmark._errors import ConfigError
from koopmark.datasets import cache, dataset
from koopmark.datasets.recipe import Contents, Recipe
from koopmark.simulation import simulate
from koopmark.systems import graph, graph_file


def recipe(name="tiny", **changes):
    data = {
        "title": "Tiny",
        "description": "A small network.",
        "max_degree": 1,
        "system": {"kind": "random_rnn", "n": 4, "rank": 2},
        "initial_states": {"kind": "normal", "scale": 1.0},
        "sampling": {"trajectories": 5, "test_trajectories": 4, "dt": 0.1, "horizon": 1.0},
    }
    for key, value in changes.items():
        data[key] = {**data[key], **value} if isinstance(value, dict) else value
    return Recipe.model_construct(name=name, **dict(parse(data, Contents, "tiny.toml")))


@pytest.fixture
def build(tmp_path):
    return lambda recipe, seed=0: datasets.build(recipe, seed, tmp_path)


@pytest.mark.parametrize("name", datasets.names())
def test_every_shipped_recipe_gives_complete_trajectories(name, tmp_path):
    loaded = datasets.load_recipe(name)
    dataset = datasets.build(loaded, 0, tmp_path)
    for part in (dataset.train, dataset.test):
        assert not part.diverged.any()
        assert part.dt == pytest.approx(loaded.sampling.dt, rel=2 * loaded.trials.jitter + 1e-9)
    assert dataset.test.regular
    assert dataset.train.regular == (loaded.trials == type(loaded.trials)())
    made, known = (
        [(space.eigenvalue, space.dimension) for space in spaces]
        for spaces in (dataset.key.targets, datasets.target_list(loaded, 0))
    )
    assert made == known


def test_same_recipe_and_seed_give_the_same_bits(tmp_path):
    first = datasets.build(recipe(), 3, tmp_path / "a")
    second = datasets.build(recipe(), 3, tmp_path / "b")
    np.testing.assert_array_equal(first.train.states, second.train.states)
    np.testing.assert_array_equal(first.test.states, second.test.states)


def test_seeds_draw_other_systems_and_other_states(build):
    first, second = build(recipe(), 0), build(recipe(), 1)
    assert np.abs(first.system.weights.left - second.system.weights.left).max() > 1e-3
    assert np.abs(first.train.states - second.train.states).max() > 1e-3


def test_train_and_test_share_no_initial_state(build):
    dataset = build(recipe())
    train, test = dataset.train.states[:, 0], dataset.test.states[:, 0]
    distances = np.linalg.norm(train[:, None] - test[None], axis=2)
    assert distances.min() > 1e-6


def test_fresh_trajectories_start_where_no_other_does(build):
    dataset = build(recipe())
    parts = [dataset.train, dataset.test, dataset.fresh.block(0), dataset.fresh.block(1)]
    starts = np.concatenate([part.states[:, 0] for part in parts])
    distances = np.linalg.norm(starts[:, None] - starts[None], axis=2)
    assert distances[~np.eye(len(starts), dtype=bool)].min() > 1e-6
    np.testing.assert_array_equal(parts[2].times, dataset.test.times)


def test_a_fresh_block_does_not_depend_on_how_many_others_are_asked_for(tmp_path):
    first, second = (datasets.build(recipe(), 0, tmp_path / name).fresh for name in "ab")
    upwards = [first.block(index).states for index in range(3)]
    downwards = [second.block(index).states for index in (2, 1, 0)][::-1]
    np.testing.assert_array_equal(upwards, downwards)


@pytest.mark.parametrize(
    "sampling", [{"trajectories": 9}, {"test_trajectories": 7}, {"noise": 0.1}]
)
def test_levels_with_one_system_share_their_fresh_trajectories(build, monkeypatch, sampling):
    made = build(recipe()).fresh.block(1).states
    other = build(recipe(sampling=sampling))
    monkeypatch.setattr("koopmark.datasets.dataset.simulate", None)
    np.testing.assert_array_equal(other.fresh.block(1).states, made)


def test_fresh_trajectories_are_those_of_the_recipe_and_its_seed(build):
    plain = build(recipe()).fresh.block(0).states
    others = [
        build(recipe(), 1),
        build(recipe(system={"rank": 1})),
        build(recipe(initial_states={"scale": 2.0})),
    ]
    for other in others:
        assert np.abs(other.fresh.block(0).states - plain).max() > 1e-3
    assert plain[:, 0].std() == pytest.approx(1.0, abs=0.2)
    assert others[-1].fresh.block(0).states[:, 0].std() == pytest.approx(2.0, abs=0.4)


def test_name_and_texts_change_no_number(build):
    plain, renamed = (
        recipe(),
        recipe("other", title="Another title", references=[{"authors": ["Someone"]}]),
    )
    np.testing.assert_array_equal(build(plain).train.states, build(renamed).train.states)


def test_noise_is_added_to_training_states_alone(build):
    clean, noisy = build(recipe()), build(recipe(sampling={"noise": 0.1}))
    np.testing.assert_array_equal(clean.test.states, noisy.test.states)
    noise = noisy.train.states - clean.train.states
    assert noise.std() == pytest.approx(0.1 * clean.train.states.std(), rel=0.2)


def test_each_level_and_each_seed_has_noise_of_its_own_on_the_same_clean_trajectories(build):
    """200 trajectories of 11 states in 4 units: correlations of independent draws are 0.011."""

    def noises(seed):
        clean = build(recipe(sampling={"trajectories": 200}), seed)
        noisy = [
            build(recipe(sampling={"trajectories": 200, "noise": level}), seed)
            for level in (1e-3, 0.1, 0.2)
        ]
        for one in noisy:
            np.testing.assert_array_equal(one.test.states, clean.test.states)
            np.testing.assert_array_equal(one.system.weights.left, clean.system.weights.left)
        return [(one.train.states - clean.train.states).ravel() for one in noisy]

    draws = np.array([*noises(0), *noises(1)])
    between = np.corrcoef(draws)[np.triu_indices(6, 1)]
    assert np.abs(between).max() < 0.06
    # What is left of a draw once its level is divided out is normal noise of the same size.
    assert draws.std(axis=1)[1] / draws.std(axis=1)[0] == pytest.approx(100.0, rel=0.05)


def test_noise_of_the_same_recipe_and_seed_is_the_same_noise(build):
    first, again = (build(recipe(sampling={"noise": 0.1}), 2).train.states for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_the_clean_training_states_and_the_noise_in_them_are_kept_from_methods(build):
    dataset = build(recipe(sampling={"noise": 0.1}))
    np.testing.assert_array_equal(dataset.clean.states, build(recipe()).train.states)
    assert dataset.noise == pytest.approx(0.1 * dataset.clean.states.std())
    assert not any(value is dataset.clean for value in vars(dataset.train).values())


def test_a_trajectory_that_blows_up_is_said_with_its_time(build):
    growing = recipe(
        system={"kind": "random_rnn", "n": 3, "rank": 2, "gain": 100.0, "activation": "identity"},
        sampling={"horizon": 30.0},
    )
    with pytest.raises(datasets.Diverged, match=r"trajectories diverged, the first at time"):
        build(growing, seed=1)


def test_cached_trajectories_are_read_back_bit_for_bit(tmp_path, monkeypatch):
    first = datasets.build(recipe(), 0, tmp_path)
    monkeypatch.setattr("koopmark.datasets.dataset.simulate", None)
    again = datasets.build(recipe(), 0, tmp_path)
    np.testing.assert_array_equal(first.train.states, again.train.states)


def test_trajectories_of_other_source_are_not_those_of_this(tmp_path, monkeypatch):
    first = datasets.build(recipe(), 0, tmp_path)
    real = dataset._simulate

    def scaled(*arguments):
        return {**real(*arguments), "train": 2.0 * first.train.states}

    monkeypatch.setattr(dataset, "_simulate", scaled)
    same_source = datasets.build(recipe(), 0, tmp_path)
    np.testing.assert_array_equal(first.train.states, same_source.train.states)
    monkeypatch.setattr(dataset, "source_of", lambda _: "other")
    other_source = datasets.build(recipe(), 0, tmp_path)
    np.testing.assert_array_equal(2.0 * first.train.states, other_source.train.states)


def test_the_links_of_a_measured_network_are_in_the_key_by_their_content(tmp_path, monkeypatch):
    shipped = datasets.load_recipe("karate_club")
    changed = tmp_path / "karate_club.csv"
    changed.write_text(graph_file("karate_club").read_text())
    before = datasets.source_of(shipped)
    links = graph("karate_club").adjacency
    monkeypatch.setattr("koopmark.systems.graph_file", lambda _: changed)
    monkeypatch.setattr("koopmark.systems.low_rank.graphs.graph_file", lambda _: changed)
    assert datasets.source_of(shipped) == before
    np.testing.assert_array_equal(graph("karate_club").adjacency, links)
    changed.write_text(changed.read_text().replace(",4\n", ",5\n", 1))
    assert datasets.source_of(shipped) != before
    # The process has read the file before, and reads it again.
    assert np.abs(graph("karate_club").adjacency - links).max() == 1.0


def test_checkouts_that_share_a_cache_do_not_make_their_trajectories_again(tmp_path):
    made = []

    def ask(source):
        key = cache.Key("asked", source)
        cache.remember(tmp_path, key, lambda: made.append(source) or {"a": np.ones(3)})

    for source in "ABABAB":
        ask(source)
    assert made == ["A", "B"]


def test_of_what_other_source_made_only_the_last_used_stay(tmp_path):
    def ask(asked, source):
        key = cache.Key(asked, source)
        new = not key.file(tmp_path).exists()
        cache.remember(tmp_path, key, lambda: {"a": np.ones(3)})
        if new:
            # Made long ago, one after another, on a file system that tells seconds apart.
            ask.time += 1
            os.utime(key.file(tmp_path), (ask.time, ask.time))

    ask.time = 0
    ask("another", "old")
    for source in ["a", "b", "c", "a", "d", "e", "f"]:
        ask("asked", source)
    kept = sorted(path.stem for path in tmp_path.glob("*.npz"))
    assert kept == ["another-old", "asked-a", "asked-d", "asked-e", "asked-f"]


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "other", "one number"])
def test_a_damaged_cache_file_is_reported_and_made_again(tmp_path, damage):
    first = datasets.build(recipe(), 0, tmp_path)
    (path,) = tmp_path.glob("*.npz")
    content = bytearray(path.read_bytes())
    if damage == "truncate":
        content = content[: len(content) // 2]
    elif damage == "flip":
        content[len(content) // 3] ^= 0xFF
    elif damage == "empty":
        content = bytearray()
    elif damage == "other":
        content = bytearray(b"not an archive at all")
    path.write_bytes(content)
    if damage == "one number":
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        arrays["train"][0, 0, 0] += 1e-9
        np.savez(path, **arrays)
    again = datasets.build(recipe(), 0, tmp_path)
    np.testing.assert_array_equal(first.train.states, again.train.states)
    assert "damaged" in again.note
    assert datasets.build(recipe(), 0, tmp_path).note == ""


def test_no_damage_to_a_cache_file_is_an_error_or_gives_other_numbers(tmp_path):
    path = tmp_path / "x.npz"
    arrays = {"a": np.arange(40.0).reshape(8, 5), "b": np.array([1, 2])}
    cache.write(path, arrays)
    intact = path.read_bytes()
    for place in range(0, len(intact), 3):
        for damaged in (
            intact[:place],
            intact[:place] + bytes([intact[place] ^ 0x11]) + intact[place + 1 :],
            intact[:place] + bytes(16) + intact[place + 16 :],
        ):
            path.write_bytes(damaged)
            try:
                found = cache.read(path)
            except cache.Damaged:
                continue
            assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
            assert found.keys() == arrays.keys()


def test_a_pickled_array_in_the_cache_is_never_loaded(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, states=np.array([{"a": 1}], dtype=object))
    with pytest.raises(cache.Damaged):
        cache.read(path)


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(OSError, match="No space left"):
        cache.write(tmp_path / "x.npz", {"a": np.ones(3)})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    key = cache.Key("asked", "made by")
    arrays, note = cache.remember(blocked / "inside", key, lambda: {"a": np.ones(3)})
    np.testing.assert_array_equal(arrays["a"], 1.0)
    assert "not written" in note


def test_facts_describe_the_dataset():
    plain = datasets.load_recipe("three_populations")
    facts = datasets.varied(plain, {"sampling.noise": 0.01}, "noisy", "here").facts(0)
    assert facts["n"] == 3
    assert facts["rank"] == 2
    assert facts["noise"] == 0.01


@pytest.mark.parametrize("name", datasets.names())
def test_what_a_recipe_does_without_is_not_in_the_key_of_its_numbers(name):
    """A section or an optional key that is new moves no number of the recipes without it."""
    known = datasets.load_recipe(name)
    optional = {name: type(getattr(known, name))() for name in ("truth", "trials")}
    absent = known.model_copy(update=optional)
    assert not optional.keys() & absent.depends_on().keys()
    assert None not in absent.depends_on()["system"].values()
    assert known.depends_on().get("truth") == (
        {"principal": True} if known.truth.principal else None
    )


def test_a_varied_recipe_differs_in_what_was_varied_alone():
    noisy = datasets.varied(recipe(), {"sampling.noise": 0.1, "system.n": 5}, "noisy", "here")
    assert noisy.depends_on() == recipe(sampling={"noise": 0.1}, system={"n": 5}).depends_on()
    assert noisy.name == "noisy"


def test_a_varied_recipe_leaves_the_first_as_it_was():
    plain = recipe()
    datasets.varied(plain, {"sampling.noise": 0.1}, "noisy", "here")
    assert plain.sampling.noise == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_the_multistable_network_has_two_attractors_that_mirror_each_other(seed):
    loaded = datasets.load_recipe("rnn_10_3_multistable")
    system = loaded.system.build(seed)
    start = loaded.initial_states.draw(60, system.size, np.random.default_rng(seed))
    ends = simulate(system, start, np.array([0.0, 40.0]), rtol=1e-9).states[:, -1]
    assert np.abs(system.rhs(ends)).max() < 1e-4
    one = np.linalg.norm(ends - ends[0], axis=1) < 1e-3
    other = np.linalg.norm(ends + ends[0], axis=1) < 1e-3
    assert (one | other).all()
    assert one.sum() > 5
    assert other.sum() > 5


MISTAKES = {
    "rank above n": ({"system": {"rank": 4}}, "system: rank 4 with n 4: rank must be between 1"),
    "misspelt key": ({"system": {"rnak": 2}}, "unknown key 'system.rnak': did you mean 'rank'?"),
    "unknown section": ({"sampels": 1}, "unknown key 'sampels'"),
    "unknown kind": ({"system": {"kind": "ising"}}, "system.kind = 'ising': it must be one of"),
    "uneven horizon": ({"sampling": {"horizon": 1.05}}, "must be a whole multiple of dt"),
    "no trajectories": ({"sampling": {"trajectories": 0}}, "sampling.trajectories = 0: it must be"),
    "negative noise": ({"sampling": {"noise": -1.0}}, "sampling.noise = -1.0"),
    "text for a number": ({"sampling": {"dt": "often"}}, "sampling.dt = 'often'"),
    "unknown activation": ({"system": {"activation": "sgn"}}, "system.activation = 'sgn'"),
    "infinite gain": ({"system": {"gain": float("inf")}}, "system.gain = inf"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_in_a_recipe_gets_a_sentence(mistake):
    changes, sentence = MISTAKES[mistake]
    with pytest.raises(ConfigError) as caught:
        recipe(**changes)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("tiny.toml: ")
    assert "\n" not in str(caught.value)


def test_files_that_are_missing_or_not_toml_get_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        datasets.load_recipe(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("title = ")
    with pytest.raises(ConfigError, match="not valid TOML"):
        datasets.load_recipe("bad.toml", tmp_path)
    with pytest.raises(ConfigError, match="unknown dataset 'nope': `koopmark list datasets`"):
        datasets.load_recipe("nope")


@pytest.mark.parametrize("name", ["../secret", "a/b", "/etc/passwd", "", ".hidden", "x\n"])
def test_names_cannot_leave_their_folder(name):
    with pytest.raises(ConfigError):
        datasets.load_recipe(name)


TURNING = [
    {"kind": "linear", "n": 4, "pairs": 2},
    {"kind": "linear", "n": 5, "matrix": "non_normal", "pairs": 1},
    {"kind": "hopf", "growth": 1.0, "frequency": 2.0, "shear": 0.5},
    {"kind": "hopf", "growth": -0.5, "frequency": 3.0},
    {"kind": "kuramoto", "oscillators": 4, "frequency": 0.5},
    {"kind": "random_inertial", "units": 4, "rank": 2, "frequency": 2.0},
    {"kind": "random_adapting", "units": 4, "rank": 2, "strength": 2.0},
    {"kind": "random_prescribed", "n": 4, "real": [-0.5], "oscillations": [[-0.2, 4.0]]},
    {"kind": "random_coupling", "n": 3, "real": [-0.5], "oscillations": [[-0.2, 4.0]]},
]


def turning(system, degree, dt):
    sampling = {"trajectories": 5, "test_trajectories": 4, "dt": dt, "horizon": 4 * dt}
    polar = system["kind"] in ("hopf", "kuramoto")
    states = {"kind": "polar"} if polar else {"kind": "normal", "scale": 1.0}
    texts = {"title": "T", "description": "D"}
    sections = {"system": system, "initial_states": states, "sampling": sampling}
    contents = parse({**texts, **sections, "max_degree": degree}, Contents, "turning.toml")
    return Recipe.model_construct(name="turning", **dict(contents))


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("system", TURNING, ids=lambda system: system["kind"])
def test_a_sampling_interval_in_which_a_target_turns_by_more_than_pi_is_refused(system, degree):
    slow = turning(system, degree, 1e-3)
    for seed in range(2):
        fastest = max(abs(t.eigenvalue.imag) for t in datasets.target_list(slow, seed))
        longest = np.pi / fastest
        turning(system, degree, 0.95 * longest)
        turning(system, degree, longest)
        with pytest.raises(ConfigError, match=f"dt must be at most .* = {longest:.4g}"):
            turning(system, degree, 1.001 * longest)


def test_a_network_with_real_eigenvalues_may_be_sampled_as_seldom_as_one_likes():
    assert recipe(sampling={"dt": 50.0, "horizon": 100.0}).sampling.dt == 50.0


@pytest.mark.parametrize("name", datasets.names())
def test_no_shipped_recipe_comes_near_its_longest_interval(name):
    loaded = datasets.load_recipe(name)
    fastest = max((abs(t.eigenvalue.imag) for t in datasets.target_list(loaded, 0)), default=0.0)
    assert fastest * loaded.sampling.dt < 0.9 * np.pi


def test_a_name_in_place_of_a_recipe_gets_the_function_that_takes_it():
    with pytest.raises(TypeError, match=r"got 'rnn_10_2': datasets\.load takes its name"):
        datasets.build("rnn_10_2", 0)
