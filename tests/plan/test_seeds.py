from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from koopmark.plan._cells import seeded


@dataclass(frozen=True)
class Inner:
    count: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    seed: int = 0


def test_a_seed_that_was_given_stays():
    drawn = seeded(Outer(seed=7, inner=Inner(seed=8)), {"seed": 7, "inner": {"seed": 8}}, "key")
    assert (drawn.seed, drawn.inner.seed) == (7, 8)


def test_a_seed_that_was_not_given_is_drawn_in_nested_options_too():
    drawn = seeded(Outer(), {"inner": {"count": 3}}, "key")
    assert drawn.seed != 0
    assert drawn.inner.seed != 0
    assert drawn.seed != drawn.inner.seed


@given(st.lists(st.integers(), max_size=3), st.lists(st.integers(), max_size=3))
def test_seeds_are_equal_exactly_where_what_they_depend_on_is(one, other):
    same = seeded(Outer(), {}, one) == seeded(Outer(), {}, other)
    assert same == (one == other)


def test_options_without_a_seed_are_left_alone():
    @dataclass(frozen=True)
    class Plain:
        rank: int = 3

    plain = Plain()
    assert seeded(plain, {}, "key") is plain


def test_nested_seeds_depend_on_the_data_too():
    one, other = (seeded(Outer(), {}, key).inner.seed for key in ("one", "other"))
    assert one != other
