"""The contract of systems: all that ship keep to it, and each wrong claim breaks its check."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from koopmark import datasets, systems
from koopmark.systems import System, contract
from koopmark.systems.contract import Trial
from koopmark.truth import PrincipalFunctions
from koopmark.workers._verification import _of_recipe


@dataclass(frozen=True)
class Sound(System):
    """x₁ at -0.3 and x₂ - c x₁² at -1, as `SlowManifold`, in the words of a user."""

    slow: float = -0.3
    fast: float = -1.0

    size = 2

    def rhs(self, states):
        x, y = states[..., 0], states[..., 1]
        return np.stack([self.slow * x, self.fast * (y - x**2)], axis=-1)

    @property
    def eigenvalues(self):
        return np.array([self.slow, self.fast])

    def eigenfunctions(self, states):
        x, y = states[..., 0], states[..., 1]
        return np.stack([x, y - self.fast / (self.fast - 2 * self.slow) * x**2], axis=-1)


def verdicts(system, **options):
    return list(contract.verify(replace(Trial.of(system), **options)))


def broken(system, **options):
    found = verdicts(system, **options)
    return {one.check: one.reason for one in found if one.status == "broken"}


def test_a_sound_system_passes_all_that_applies_to_it():
    found = {one.check: one.status for one in verdicts(Sound())}
    skipped = {check for check, status in found.items() if status == "skipped"}
    assert skipped == {
        "flows as its vector field says",
        "responds to inputs as it says",
        "keeps its functions of sensors",
        "is drawn from its seed",
    }
    assert set(found.values()) == {"passed", "skipped"}


# One of each family, those that are special, and not those that take seconds.
SAMPLE = [
    *("three_populations", "rnn_6_2_limit_cycle", "c_elegans_pharynx", "lotka_volterra"),
    *("inertial_5_2", "nearly_low_rank", "slow_manifold", "hopf_limit_cycle", "kuramoto"),
    *("linear_sensors", "linear_defective", "ornstein_uhlenbeck"),
]


@pytest.mark.parametrize("name", SAMPLE)
def test_shipped_recipes_keep_to_it(name):
    trial = _of_recipe(datasets.load_recipe(name))
    assert [one for one in contract.verify(trial) if one.status == "broken"] == []


class WrongEigenvalue(Sound):
    @property
    def eigenvalues(self):
        return np.array([self.slow, 1.001 * self.fast])


def test_a_wrong_eigenvalue_is_named_with_the_right_one():
    found = broken(WrongEigenvalue())
    assert {check.split(" its")[0] for check in found} == {"obeys"}
    along = found["obeys its eigenvalues along trajectories"]
    assert along.startswith("function 1 at λ = -1.001 is off by ")
    assert along.endswith(": it changes at -1")
    assert "∇φ·F that is off by" in found["obeys its eigenvalues at every state"]


class WrongFunction(Sound):
    def eigenfunctions(self, states):
        return states


def test_what_is_no_eigenfunction_is_said_to_be_none():
    found = broken(WrongFunction())
    assert found["obeys its eigenvalues along trajectories"].endswith("and it is no eigenfunction")
    assert "obeys its eigenvalues at every state" in found


class Repeated(Sound):
    @property
    def eigenvalues(self):
        return np.array([self.slow, self.slow])

    def eigenfunctions(self, states):
        return np.stack([states[..., 0], -2.0 * states[..., 0]], axis=-1)


def test_a_function_that_is_listed_twice_is_no_second_direction():
    found = broken(Repeated())
    assert set(found) >= {"has the dimension that it says"}
    assert found["has the dimension that it says"] == (
        "the eigenspace at λ = -0.3 has dimension 2, and its functions have rank 1 at 24 states: "
        "some are combinations of others"
    )


class OneOfTwo(System):
    """ẋ = -x in the plane, of which only x₁ is claimed."""

    size = 2
    eigenvalues = (-1.0,)

    def rhs(self, states):
        return -states

    def eigenfunctions(self, states):
        return states[..., :1]


def test_a_missing_direction_is_seen_at_the_fixed_point():
    found = broken(OneOfTwo())
    assert list(found) == ["misses nothing at its fixed point"]
    assert "at λ = -1 has dimension 1, and the linearisation" in found.popitem()[1]


def test_a_part_of_an_eigenspace_may_say_that_it_is_one():
    class Part(OneOfTwo):
        complete = False

    assert broken(Part()) == {}


class NoProducts(Sound):
    def eigenspaces(self, max_degree=1):
        return super().eigenspaces(1)


def test_a_missing_product_is_named_by_its_factors():
    assert broken(NoProducts())["holds all products"] == (
        "there are products of functions at λ = -0.3 and λ = -0.3, of degree 2, but "
        "eigenspaces(2) has none at -0.6"
    )


class MissesAProduct(Sound):
    """At slow = -0.5 the square of the first function is at -1, beside the second."""

    def eigenspaces(self, max_degree=1):
        spaces = super().eigenspaces(max_degree)
        return tuple(
            replace(space, factors=space.factors[:1]) if space.eigenvalue == -1 else space
            for space in spaces
        )

    def rhs(self, states):
        return np.stack([-0.5 * states[..., 0], -states[..., 1]], axis=-1)

    def eigenfunctions(self, states):
        return states


def test_a_product_that_an_eigenspace_misses_is_named():
    found = broken(MissesAProduct(slow=-0.5))
    assert found["holds all products"].startswith(
        "the eigenspace at λ = -1 misses products of functions at λ = -0.5 and λ = -0.5"
    )


class NoConjugate(System):
    """ẋ = -x/2 + y, ẏ = -y/2 - x, of which x + iy is claimed and x - iy is not."""

    size = 2
    eigenvalues = (-0.5 - 1j,)

    def rhs(self, states):
        x, y = states[..., 0], states[..., 1]
        return np.stack([-0.5 * x + y, -0.5 * y - x], axis=-1)

    def eigenfunctions(self, states):
        return states[..., :1] + 1j * states[..., 1:]


def test_a_missing_conjugate_is_asked_for():
    assert (
        "none of the same dimension at the conjugate"
        in broken(NoConjugate())["lists its eigenspaces"]
    )


class OneAtATime(Sound):
    def rhs(self, states):
        return np.array([self.slow * states[0], self.fast * (states[1] - states[0] ** 2)])


class MixesStates(Sound):
    def rhs(self, states):
        return super().rhs(states) * (1.0 + 1e-6 * states.max())


class Single(Sound):
    def rhs(self, states):
        return super().rhs(states).astype(np.float32)


class IgnoresOut(Sound):
    def rhs(self, states, out=None):
        return super().rhs(states)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (
            OneAtATime,
            r"of shape (12, 2), has shape (2, 2): it must take any number of states at once",
        ),
        (MixesStates, "from rhs at many: it must not depend on others"),
        (Single, "rhs of float64 states is float32"),
        (IgnoresOut, "rhs does not write into `out`"),
    ],
)
def test_a_vector_field_that_is_not_vectorised_breaks_that_check(kind, reason):
    assert reason in broken(kind())["takes many states at once"]


def test_a_vector_field_of_one_state_at_a_time_breaks_no_other_check():
    assert list(broken(OneAtATime())) == ["takes many states at once"]


class Mutates(Sound):
    def rhs(self, states):
        velocity = super().rhs(states)
        states[..., 0] = 0.0
        return velocity


class MutatingFunction(Sound):
    def eigenfunctions(self, states):
        values = super().eigenfunctions(states)
        states[..., 0] = 0.0
        return values


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Mutates, "rhs changes the states"), (MutatingFunction, "change the states that they are")],
)
def test_what_changes_its_argument_breaks_that_check_alone(kind, reason):
    found = broken(kind())
    assert list(found) == ["leaves its argument alone"]
    assert reason in found["leaves its argument alone"]


@dataclass(frozen=True)
class Grows(System):
    """ẋ = x - x³ beside ẏ = y, or ẏ = y²: away from all bounds, in finite time for the latter."""

    power: int = 1
    bounded: bool | None = None

    size = 2
    complete = False
    eigenvalues = (-2.0,)

    def rhs(self, states):
        x, y = states[..., 0], states[..., 1]
        return np.stack([x - x**3, np.abs(y) ** self.power], axis=-1)

    def eigenfunctions(self, states):
        return 1.0 - states[..., :1] ** -2.0


@pytest.mark.parametrize("power", [1, 2])
def test_unbounded_trajectories_are_found_unless_it_says_so(power):
    found = broken(Grows(power))
    assert list(found) == ["stays bounded or says so"]
    assert "say bounded = False if that is meant" in found["stays bounded or says so"]
    assert broken(Grows(power, bounded=False)) == {}
    assert "`bounded` is True, and is wrong" in broken(Grows(power, True)).popitem()[1]


class WrongFlow(Sound):
    def flow(self, states, elapsed):
        return states[:, None] * np.exp(-elapsed)[:, None]


def test_a_wrong_flow_is_found():
    assert list(broken(WrongFlow())) == ["flows as its vector field says"]


def test_a_draw_that_takes_no_notice_of_its_seed_is_found():
    rng = np.random.default_rng(0)
    found = broken(Sound(), make=lambda seed: Sound(-0.3 - 0.1 * rng.random()))
    assert list(found) == ["is drawn from its seed"]


class Raises(Sound):
    def rhs(self, states):
        raise RuntimeError("not here")


class Shapeless(Sound):
    def eigenfunctions(self, states):
        return states[..., 0]


class AtZero(Sound):
    @property
    def principal(self):
        return PrincipalFunctions(lambda states: states, np.eye(2), np.array([0.0, -1.0 + 0j]))

    def eigenspaces(self, max_degree=1):
        return self.principal.eigenspaces(max_degree)


@pytest.mark.parametrize(
    ("kind", "check", "reason"),
    [
        (Raises, "takes many states at once", "RuntimeError: not here"),
        (Shapeless, "lists its eigenspaces", "ValueError"),
        (AtZero, "lists its eigenspaces", "constants of motion belong in `conserved`"),
    ],
)
def test_what_cannot_be_computed_with_breaks_one_check_and_skips_what_needs_it(kind, check, reason):
    found = broken(kind())
    assert check in found
    assert reason in found[check]
    assert len(found) <= 2


def test_a_class_on_positive_states_starts_from_such():
    trial = Trial.of(systems.example("lotka_volterra"))
    assert trial.start == "log-normal states"
    assert (trial.initial > 0).all()
