"""Bounds stand in the signatures of factories, and hold for calls and for recipes alike."""

import subprocess
import sys
from typing import Annotated, get_args

import numpy as np
import pytest
from annotated_types import Ge, Gt, Interval, Le, Lt
from pydantic import ValidationError

from koopmark import systems
from koopmark.systems.registry import FACTORIES, check_bounds
from koopmark.systems.sections import SECTIONS

NEEDED = {
    "n": 6,
    "rank": 2,
    "units": 6,
    "groups": 2,
    "zeta": "sinh",
    "network": "karate_club",
    "target": "bump",
    "rates": (0.5, 1.3),
    "real": (-0.5, -0.7, -0.9, -1.1, -1.3, -1.5),
    "matrix": np.diag([-0.5, -0.7, -0.9, -1.1, -1.3, -1.5]),
}


def beyond(annotation):
    """A number beyond each bound of an annotation."""
    whole = get_args(annotation)[0] is int
    for entry in get_args(annotation)[1:]:
        for bound in entry if isinstance(entry, Interval) else [entry]:
            match bound:
                case Gt(low):
                    yield low
                case Ge(low):
                    yield low - (1 if whole else 0.5)
                case Lt(high):
                    yield high
                case Le(high):
                    yield high + (1 if whole else 0.5)


CASES = [
    (kind, name, value)
    for kind, factory in FACTORIES.items()
    for name, parameter in factory.parameters.items()
    if get_args(parameter.annotation)
    for value in beyond(parameter.annotation)
]


def test_there_are_bounds_of_many_factories():
    assert len(CASES) > 70
    assert len({kind for kind, _, _ in CASES}) > 15


def needed(names, kind):
    given = {name: NEEDED[name] for name in names if name in NEEDED}
    # The only other system whose `matrix` is a name; all others have defaults.
    return {**given, "matrix": "normal"} if kind == "linear" else given


@pytest.mark.parametrize(("kind", "name", "value"), CASES)
def test_a_number_out_of_bounds_is_refused_by_the_call_and_by_the_recipe(kind, name, value):
    factory, section = FACTORIES[kind], SECTIONS[kind]
    if kind != "prescribed":
        with pytest.raises(ValueError, match=rf"{name} {value}: it must be"):
            factory.make(**{**needed(factory.parameters, kind), name: value})
    given = {**needed(section.model_fields, kind), "kind": kind, name: value}
    with pytest.raises(ValidationError) as caught:
        section.model_validate(given)
    assert name in {error["loc"][0] for error in caught.value.errors() if error["loc"]}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bounded_numbers_are_finite(bad):
    with pytest.raises(ValueError, match=r"gain .*: it must be positive and finite"):
        check_bounds("gain", bad, Annotated[float, Gt(0.0)])


def test_systems_are_there_without_pydantic():
    code = "import sys, koopmark.systems; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_factory_is_offered_by_the_package():
    assert {factory.make.__name__ for factory in FACTORIES.values()} <= set(systems.__all__)
