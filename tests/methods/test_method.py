"""What `Method.fit` does around every fit."""

import random
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import pytest

import koopmark
from koopmark import methods, systems
from koopmark.datasets import AnswerKey
from koopmark.methods import InformedMethod, Method, Skip, Tags
from koopmark.models import LinearModel, Model, continuous, propagate
from koopmark.simulation import Trajectories
from koopmark.systems import System
from koopmark.truth import Eigenspace


@dataclass(frozen=True)
class Careless(Method):
    """Draws from the global generators, as libraries do."""

    seed: int = 0

    def _fit(self, trajectories: Trajectories) -> Model:
        drawn = np.array([[np.random.random(), random.random()]])  # noqa: NPY002
        if drawn[0, 0] < 0 or self.seed == 13:
            raise RuntimeError("failed in the middle")
        return LinearModel(lambda x: x, drawn.T, np.zeros(1, complex), trajectories.dt)


DATA = Trajectories(np.random.default_rng(0).standard_normal((3, 5, 2)), np.arange(5.0))


def test_global_generators_are_seeded_from_the_seed_of_the_method():
    first, again, other = (Careless(seed).fit(DATA).coefficients for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_global_generators_are_put_back_even_where_the_fit_fails():
    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    with pytest.raises(RuntimeError, match="failed in the middle"):
        Careless(13).fit(DATA)
    np.testing.assert_equal(np.random.get_state(), before[0])  # noqa: NPY002
    assert random.getstate() == before[1]


def test_a_seed_of_more_than_32_bits_is_allowed():
    assert Careless(2**40 + 1).fit(DATA).coefficients.shape == (2, 1)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((0, 5, 2), "0 trajectories of 5 states"), ((3, 1, 2), "3 trajectories of 1 states")],
)
def test_data_without_pairs_are_refused(shape, message):
    with pytest.raises(ValueError, match=f"no snapshot pairs: {message}"):
        Careless().fit(Trajectories(np.zeros(shape), np.arange(float(shape[1]))))


def test_times_that_run_backwards_are_refused():
    with pytest.raises(ValueError, match="times must increase"):
        Careless().fit(Trajectories(DATA.states, -np.arange(5.0)))


def test_a_zero_eigenvalue_is_gone_at_once_and_others_are_continued_between_steps():
    rates = continuous(np.array([0.0, 0.5]), 0.1)
    assert np.isneginf(rates[0].real)
    predicted = propagate(np.ones((1, 2)), rates, np.eye(2), np.array([0.1, 0.2, 0.05]))
    np.testing.assert_allclose(predicted, [[[0.0, 0.5], [0.0, 0.25], [0.0, np.sqrt(0.5)]]])


def test_an_unstable_pair_predicts_infinity_without_a_warning():
    times = np.arange(1.0, 21.0)
    predicted = propagate(np.ones((1, 1)), np.array([100.0 + 0j]), np.ones((1, 1)), times)
    assert not np.isfinite(predicted[0, -1, 0])


def test_eigenfunctions_from_modes_and_from_the_operator_agree():
    rng = np.random.default_rng(0)
    operator = rng.standard_normal((4, 4)) / 3
    discrete, modes = np.linalg.eig(operator.T)
    states = rng.standard_normal((30, 4))
    by_modes = LinearModel.from_modes(discrete, modes, 0.1, lambda x: x)
    by_operator = LinearModel.from_operator(operator, 0.1, lambda x: x)
    for model in (by_modes, by_operator):
        values = model.eigenfunctions(states[:, None])
        ahead = model.eigenfunctions((states @ operator)[:, None])
        np.testing.assert_allclose(ahead, values * np.exp(0.1 * model.eigenvalues), atol=1e-12)


@dataclass(frozen=True)
class Cheat(Method):
    """Looks for what the data came from wherever an attribute or a method leads."""

    def _fit(self, trajectories: Trajectories) -> Model:
        for found in reachable(trajectories):
            if isinstance(found, System | Eigenspace):
                raise AssertionError(f"the data lead to a {type(found).__name__}")
        x, y = trajectories.pairs()
        return LinearModel.from_operator(np.linalg.lstsq(x, y)[0], trajectories.dt, lambda x: x)


@dataclass(frozen=True)
class LeastSquares(Method):
    def _fit(self, trajectories: Trajectories) -> Model:
        x, y = trajectories.pairs()
        return LinearModel.from_operator(np.linalg.lstsq(x, y)[0], trajectories.dt, lambda x: x)


@dataclass(frozen=True)
class Informed(InformedMethod):
    """Looks for the answer in what it is given."""

    def _fit(self, trajectories: Trajectories, key: AnswerKey) -> Model:
        assert trajectories.system is None
        return LinearModel(
            lambda x: x, np.eye(2), np.array([key.targets[0].eigenvalue] * 2), trajectories.dt
        )


def reachable(trajectories: Trajectories) -> list[object]:
    """What an object holds, itself and behind its methods, and what that holds."""
    views = [trajectories, trajectories.delayed(2), trajectories.longest()]
    views.append(trajectories.without_origin())
    found: list[object] = []
    for view in views:
        found += [getattr(view, name) for name in dir(view) if not name.startswith("__")]
        found += [getattr(view, field.name) for field in fields(view)]
        found += vars(view).values()
    for item in list(found):
        if isinstance(item, tuple | list):
            found += item
        if isinstance(item, np.ndarray):
            found += [item.base, *vars(item).values()] if hasattr(item, "__dict__") else [item.base]
    return found


def carrying(states: np.ndarray = DATA.states) -> Trajectories:
    system = systems.random_linear(2)
    data = Trajectories(states, DATA.times, system=system)
    _ = data.dt, data.diverged, repr(data), data._repr_html_()
    return data


def test_a_method_that_does_not_declare_it_finds_no_system():
    assert len(Cheat().fit(carrying()).eigenvalues) == 2


def test_a_subclass_of_an_array_or_of_trajectories_smuggles_nothing_in():
    class Labelled(np.ndarray):
        pass

    class Extended(Trajectories):
        pass

    states = DATA.states.view(Labelled)
    states.origin = systems.random_linear(2)
    data = Extended(states, DATA.times, system=states.origin)
    object.__setattr__(data, "origin", states.origin)
    assert len(Cheat().fit(data).eigenvalues) == 2


def test_an_informed_method_is_given_the_key_and_the_data_alone():
    data = carrying()
    key = AnswerKey.of(data.system)
    for model in (Informed().fit(data, key), Informed().fit_with(data, key)):
        assert model.eigenvalues[0] == key.targets[0].eigenvalue
    with pytest.raises(TypeError, match="key"):
        Informed().fit(data)


def test_any_other_method_ignores_the_key():
    data = carrying()
    first, second = Cheat().fit(data), Cheat().fit_with(data, AnswerKey.of(data.system))
    np.testing.assert_array_equal(first.eigenvalues, second.eigenvalues)


def test_the_key_of_an_informed_method_is_that_of_the_data_unless_one_is_given():
    data = carrying()
    exact = koopmark.fit("anchor.exact", data)
    assert set(exact.eigenvalues) == {space.eigenvalue for space in data.system.eigenspaces(1)}
    second = AnswerKey.of(data.system, 2)
    assert len(koopmark.fit("anchor.exact", data, second).eigenvalues) > len(exact.eigenvalues)
    with pytest.raises(ValueError, match=r"carry no system .*koopmark.fit\('anchor.exact', train"):
        koopmark.fit("anchor.exact", data.without_origin())


def test_the_data_keep_their_system_for_whoever_fitted():
    data = carrying()
    Cheat().fit(data)
    assert data.system is not None


@pytest.mark.parametrize("annotations", [{}, {"library": ClassVar[str]}], ids=["plain", "ClassVar"])
def test_what_belongs_into_tags_is_refused_outside_of_them(annotations):
    said = r"Lost defines library: say it as tags = Tags\(library=...\)"
    with pytest.raises(TypeError, match=said):
        type("Lost", (Cheat,), {"library": "mine", "__annotations__": annotations})


def test_a_hyperparameter_may_have_the_name_of_a_tag():
    fields_of = {"trial": 3, "__annotations__": {"trial": int}}
    assert dataclass(frozen=True)(type("Counts", (Cheat,), fields_of))(trial=4).trial == 4


def test_a_method_cannot_put_itself_around_the_fit():
    with pytest.raises(TypeError, match="Around defines fit: a method writes _fit"):

        class Around(Cheat):
            def fit(self, trajectories: Trajectories) -> Model:
                return self._fit(trajectories)

    with pytest.raises(TypeError, match="a method writes _fit"):

        class Field(Cheat):
            fit: object


def test_a_method_that_is_given_the_key_cannot_pass_for_one_that_is_not():
    with pytest.raises(TypeError, match="Named has the role 'method': that of an InformedMethod"):
        type("Named", (Informed,), {"tags": Tags()})
    for role in ("informed", "anchor"):
        with pytest.raises(TypeError, match=f"Other has the role '{role}'"):
            type("Other", (Cheat,), {"tags": Tags(role=role)})
    with pytest.raises(TypeError, match=r"Computed.tags must be koopmark.methods.Tags, got <prop"):
        type("Computed", (Informed,), {"tags": property(lambda self: Tags())})


def test_tags_that_recover_nothing_say_why():
    for wrong in ({"recovers": None}, {"unrecoverable": "it is a network"}):
        with pytest.raises(ValueError, match="says in `unrecoverable` why"):
            Tags(**wrong)


def test_a_method_of_one_trajectory_is_given_the_longest_and_its_note_says_so():
    @dataclass(frozen=True)
    class Single(Cheat):
        tags = Tags(one_trajectory=True)

        def _fit(self, trajectories: Trajectories) -> Model:
            np.testing.assert_array_equal(trajectories.states, DATA.states[1:2])
            return super()._fit(trajectories)

    data = Trajectories(DATA.states, DATA.times, np.array([3.0, np.nan, np.nan]))
    assert (
        Single().fit(data).note.startswith("fitted to one trajectory, the longest of 3: 5 states")
    )
    alone = Trajectories(DATA.states[1:2], DATA.times)
    assert "one trajectory" not in Single().fit(alone).note


@pytest.mark.parametrize("data", [DATA.states, DATA.states.tolist(), None, [DATA]])
def test_a_methods_fit_to_anything_but_trajectories_says_how_to_make_them(data):
    with pytest.raises(TypeError, match=r"fit takes Trajectories, got .*Trajectories\(states"):
        Careless().fit(data)


@pytest.mark.parametrize("data", [None, [DATA], {"states": DATA.states}, "states.csv"])
def test_a_fit_to_what_is_no_data_says_how_to_make_them(data):
    with pytest.raises(TypeError, match=r"fit takes Trajectories, got .*Trajectories\(states"):
        koopmark.fit("pydmd.dmd", data, dt=1.0)


def test_what_a_method_cannot_use_is_left_out_and_counted():
    states = np.random.default_rng(0).normal(size=(2, 9, 2))
    states[0, 4] = np.nan
    gaps = Trajectories(states, dt=1.0)
    for sampling, shape, used in (("regular", (3, 4), 9), ("segments", (2, 9), 14)):

        @dataclass(frozen=True)
        class Careful(LeastSquares):
            tags = Tags(sampling=sampling)
            expected: ClassVar = shape

            def _fit(self, trajectories: Trajectories) -> Model:
                assert trajectories.states.shape[:2] == self.expected
                return super()._fit(trajectories)

        model = Careful().fit(gaps)
        assert (model.pairs, model.pairs_used) == (15, used)
        assert f"fitted to {used} of 15 pairs of recorded neighbours" in model.note


def test_a_method_of_any_times_is_given_all_and_one_of_even_times_nothing_of_uneven_ones():
    uneven = Trajectories(np.random.default_rng(0).normal(size=(2, 6, 2)), [0, 1, 3, 6, 10, 15])

    @dataclass(frozen=True)
    class AtAnyTimes(LeastSquares):
        tags = Tags(sampling="any")

    @dataclass(frozen=True)
    class Three(LeastSquares):
        tags = Tags(min_states=3)

    assert AtAnyTimes().fit(uneven).pairs_used is None
    assert Careless().fit(uneven).pairs_used == 2
    with pytest.raises(Skip, match="no 3 recorded states in a row are 1 apart"):
        Three().fit(uneven)


def test_infinite_values_are_counted_and_the_first_trajectory_with_one_is_named():
    states = DATA.states.copy()
    states[1, 2, 0], states[2, 0, 1] = np.inf, -np.inf
    message = r"2 of 3 trajectories contain infinite values \(first: index 1\)"
    with pytest.raises(ValueError, match=message):
        Careless().fit(Trajectories(states, DATA.times))


def test_a_channel_that_was_never_recorded_is_named():
    states = DATA.states.copy()
    states[:, :, 1] = np.nan
    with pytest.raises(ValueError, match="channel 1 was never recorded"):
        Careless().fit(Trajectories(states, DATA.times))
    with pytest.raises(ValueError, match="nothing was recorded"):
        Careless().fit(Trajectories(np.full_like(states, np.nan), DATA.times))


def test_seeds_and_sizes_may_be_integers_of_numpy():
    for seed in np.arange(3):
        given, plain = (Careless(s).fit(DATA).coefficients for s in (seed, int(seed)))
        np.testing.assert_array_equal(given, plain)


def some_linear_states() -> np.ndarray:
    matrix = np.array([[0.9, 0.2, 0.0], [-0.2, 0.8, 0.1], [0.0, 0.0, 0.7]])
    states = [np.random.default_rng(0).standard_normal((12, 3))]
    for _ in range(15):
        states.append(states[-1] @ matrix.T)
    return np.round(8 * np.stack(states, axis=1))


@pytest.mark.parametrize("name", methods.names())
def test_every_method_gives_of_stored_data_what_it_gives_of_their_float64_copy(name, tmp_path):
    method = methods.get(name)
    method = methods.get(name, **method.promises().trial)
    plain = some_linear_states()
    np.save(tmp_path / "states.npy", plain.astype(np.int16))
    single, mapped = plain.astype(np.float32), np.load(tmp_path / "states.npy", mmap_mode="r")
    single.flags.writeable = False
    # Strides are negative: torch takes none of these.
    backwards = np.ascontiguousarray(plain[::-1, ::-1, ::-1])[::-1, ::-1, ::-1]
    system = systems.random_linear(3)

    def fitted(states: np.ndarray) -> np.ndarray:
        data = Trajectories(states, 0.1 * np.arange(16))
        model = method.fit_with(data, AnswerKey.of(system))
        windows = data.rolling(model.window)[:, 0]
        values = [model.eigenfunctions(seen) for seen in (windows, windows.astype(float))]
        np.testing.assert_allclose(*values, rtol=1e-12)
        return model.eigenvalues

    try:
        expected = fitted(backwards)
    except ValueError as error:
        for states in (single, mapped, plain):
            with pytest.raises(type(error)):
                fitted(states)
        return
    for states in (single, mapped):
        found = fitted(states)
        assert len(found) == len(expected)
        apart = abs(found[:, None] - expected)[:, np.isfinite(expected)]
        assert (apart.min(axis=0) <= 1e-6 * abs(expected[np.isfinite(expected)])).all()
    assert len(expected)
    np.testing.assert_array_equal(backwards, some_linear_states())


@pytest.mark.parametrize(
    ("name", "options", "used"),
    [
        ("koopmark.qr_edmd", {}, None),
        ("koopmark.kernel_edmd", {"landmarks": 20}, None),
        ("kooplearn.nystroem", {"n_centers": 20}, None),
        ("pydmd.hankeldmd", {}, 15),
        ("pykoopman.edmd_time_delay", {}, 15),
        ("pydmd.dmd_tlsq", {"max_pairs": 40}, 40),
        ("pydmd.dmd_tlsq", {"max_pairs": 180}, None),
        ("pykoopman.kdmd", {"max_pairs": 40}, 40),
        ("kooplearn.kernel_ridge", {"max_pairs": 40}, 40),
    ],
)
def test_a_model_says_how_many_snapshot_pairs_were_used(name, options, used):
    model = methods.fit(name, Trajectories(some_linear_states(), 0.1 * np.arange(16)), **options)
    assert (model.pairs_used, model.pairs) == (used, 180)
    assert ("fitted to" in model.note) == (used is not None)
