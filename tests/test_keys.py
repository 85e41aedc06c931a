"""Digests and random numbers are those that committed results were made with."""

import numpy as np
import pytest

from koopmark._keys import canonical_json, digest, generator

VALUE = {"b": [1, 2.5, None, True, "é"], "a": {"x": np.float64(0.1), "n": np.int64(3)}}


def test_json_is_sorted_and_compact_and_takes_numbers_of_numpy_for_numbers():
    assert canonical_json(VALUE) == r'{"a":{"n":3,"x":0.1},"b":[1,2.5,null,true,"\u00e9"]}'


@pytest.mark.parametrize("value", [np.nan, [np.inf], {"a": {1, 2}}, np.zeros(2)])
def test_what_json_cannot_say_has_no_key(value):
    with pytest.raises((TypeError, ValueError), match=r"JSON|Out of range"):
        digest(value)


def test_a_digest_is_the_beginning_of_the_sha_256_of_the_json():
    assert digest(VALUE) == "bf6c3e473bf59bdb"
    assert digest(VALUE, 8) == "bf6c3e47"


def test_the_random_numbers_of_a_key_are_the_same_for_ever():
    drawn = generator({"seed": 3}, "noise").integers(2**63, size=3)
    assert drawn.tolist() == [6056194933571357330, 8183526566258725376, 4504628249775727797]


def test_what_numbers_are_for_draws_others():
    one, other = (generator({"seed": 3}, purpose).random() for purpose in ("noise", "states"))
    assert one != other


@pytest.mark.parametrize("value", [True, np.True_, 3.0, np.float32(3)])
def test_a_named_number_that_is_no_integer_draws_nothing(value):
    with pytest.raises(TypeError, match=r"rank is .*: it must be an integer"):
        generator({"seed": 1, "rank": value}, "weights")


def test_what_has_no_names_may_hold_any_number():
    assert generator([1, 0.5], "noise").random() != generator([1, 0.25], "noise").random()
