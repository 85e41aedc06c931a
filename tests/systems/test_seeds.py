"""Seeds and sizes are integers, Python's or NumPy's, in every constructor that draws."""

import inspect

import numpy as np
import pytest

from koopmark import systems

# What they need besides their defaults.
ARGUMENTS = {
    "fitted_target": {"target": "bump", "n": 3},
    "linear_of_spectrum": {"n": 2, "matrix": np.diag([-1.0, -2.0])},
    "nearly_low_rank_rnn": {"n": 6, "rank": 2},
    "network_rnn": {"network": systems.graph_names()[0]},
    "ornstein_uhlenbeck": {"rates": [1.0, 2.0]},
    "prescribed_target": {"target": "bump", "n": 3},
    "random_coupling": {"n": 4, "matrix": np.diag([-1.0, -2.0, -3.0, -4.0])},
    "random_drift": {"n": 6, "rank": 2, "zeta": systems.SINH},
    "random_linear": {"n": 4},
    "random_lotka_volterra": {"n": 6, "groups": 2},
    "random_prescribed": {"n": 4, "matrix": [[-1.0]]},
    "random_relaxation": {"n": 6, "rank": 2, "zeta": systems.SINH},
}
SIZES = ("n", "units", "rank", "groups", "populations", "chosen")
DRAWN = [
    name
    for name in systems.__all__
    if inspect.isfunction(getattr(systems, name))
    and "seed" in inspect.signature(getattr(systems, name)).parameters
]


def made(name, **changes):
    make = getattr(systems, name)
    needed = [
        parameter.name
        for parameter in inspect.signature(make).parameters.values()
        if parameter.default is inspect.Parameter.empty
    ]
    defaults = {"n": 12, "units": 12, "rank": 2}
    arguments = ARGUMENTS.get(name, {key: defaults[key] for key in needed if key in defaults})
    return make(**{**arguments, **changes}), arguments


def values(drawn):
    if isinstance(drawn, systems.FunctionFit):
        return drawn.functions(np.full(drawn.functions.size, 0.5))
    return drawn.rhs(np.full(drawn.size, 0.5))


@pytest.mark.parametrize("name", DRAWN)
def test_integers_of_numpy_draw_what_integers_draw(name):
    plain, arguments = made(name, seed=3)
    sizes = {key: np.int32(arguments[key]) for key in SIZES if key in arguments}
    of_numpy, _ = made(name, seed=np.int64(3), **sizes)
    np.testing.assert_array_equal(values(of_numpy), values(plain))


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("seed", [True, np.True_, 3.0, np.float32(3)])
def test_a_seed_is_neither_true_nor_a_number_with_a_point(name, seed):
    with pytest.raises(TypeError, match=r"seed is .*: it must be an integer"):
        made(name, seed=seed)
