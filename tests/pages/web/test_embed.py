"""Data inside a page: what goes in comes out, to the last bit."""

import base64
import gzip
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.pages.web._render import island, when


def decoded(markup):
    packed = re.fullmatch(
        r'<script type="application/gzip" id="data-[^"<>]*">([A-Za-z0-9+/=]*)</script>', markup
    )
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def as_the_page_has_it(value):
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, list):
        return [as_the_page_has_it(inner) for inner in value]
    if isinstance(value, dict):
        return {key: as_the_page_has_it(inner) for key, inner in value.items()}
    return value


@given(VALUES)
def test_a_value_comes_back_as_it_was(value):
    assert decoded(island("x", value)) == as_the_page_has_it(value)


@given(st.lists(st.floats()))
def test_an_array_is_its_list(numbers):
    assert decoded(island("x", np.array(numbers, dtype=float))) == as_the_page_has_it(numbers)


def test_a_table_is_a_list_for_each_column():
    table = pd.DataFrame({"a": [1.5, math.nan], "b": ["</script>", ""]})
    table["c"] = pd.array([1, None], dtype="Int64")
    assert decoded(island("x", {"table": table})) == {
        "table": {"a": [1.5, None], "b": ["</script>", ""], "c": [1, None]}
    }


def test_the_same_value_is_the_same_text():
    assert island("x", [1, 2]) == island("x", [1, 2])


def test_what_json_has_no_word_for_is_refused():
    with pytest.raises(TypeError, match="complex has no place"):
        island("x", [1j])


def test_a_hostile_choice_stays_inside_its_attribute():
    attribute = when(True, dataset='"><script>')
    assert "<" not in attribute
    assert attribute.endswith(" hidden")
