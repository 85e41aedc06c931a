"""What is wrong with inputs, sensors and maps is said in a sentence."""

import numpy as np
import pytest

from koopmark import datasets, simulate
from koopmark._errors import ConfigError
from koopmark.cli._runs import show
from koopmark.systems import Sensors, random_rnn

NET = random_rnn(10, 2)


@pytest.mark.parametrize("alpha", ["x", None, [0.3], True])
def test_a_step_that_is_no_number_is_refused_by_its_name(alpha):
    with pytest.raises(TypeError, match=r"^alpha is .*: it must be a number"):
        NET.as_map(alpha)


def test_sensors_that_are_none_or_of_another_system_are_refused():
    seen = simulate(NET, np.ones((1, 10)), np.arange(3.0))
    with pytest.raises(TypeError, match=r"Sensors\.of_units"):
        seen.observed([0, 1])
    with pytest.raises(ValueError, match=r"sensors see a system of 12 units, .* have 10 units"):
        seen.observed(Sensors.of_units([0], 12))


def test_a_feedback_law_of_other_arguments_and_inputs_that_reach_nothing_are_refused():
    driven = NET.with_inputs(np.ones((10, 1)))
    with pytest.raises(TypeError, match=r"called as inputs\(step, states\)"):
        simulate(driven, np.ones((1, 10)), np.arange(3.0), inputs=lambda x: x)
    with pytest.raises(ValueError, match="reach nothing"):
        NET.with_inputs(np.zeros((10, 1)))
    with pytest.raises(ValueError, match="input weights B"):
        NET.with_inputs(np.full((10, 1), np.nan))


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("rnn_10_2_feedback", {"inputs.feedback": -1.0}, "inputs.feedback = -1.0: "),
        ("rnn_10_2", {"sensors": -1}, "at least one sensor"),
        ("rnn_10_2", {"matrix": "x"}, "rows of numbers"),
        ("ornstein_uhlenbeck", {"channels": 1}, "an OrnsteinUhlenbeck takes none"),
        ("inertial_5_2", {"alpha": 0.5}, "map: a LinearUnits has no map"),
        ("lotka_volterra", {"channels": 1, "sensors": 3}, "inputs: they reach every function"),
        ("leaky_rnn_10_2", {"alpha": 3.0}, "a horizon of at most 19 steps"),
    ],
)
def test_a_value_that_a_recipe_may_not_have_is_named(name, changes, said):
    with pytest.raises(ConfigError) as caught:
        datasets.load(name, **changes)
    assert said in str(caught.value)


def test_trajectories_that_inputs_drive_out_name_the_inputs():
    with pytest.raises(datasets.Diverged, match=r"under inputs.amplitude 1e\+200: a smaller one"):
        datasets.load("leaky_rnn_10_2_inputs", trajectories=2, test_trajectories=1, amplitude=1e200)


def test_a_file_is_no_run_to_show(tmp_path):
    (tmp_path / "file.toml").touch()
    with pytest.raises(ConfigError, match=r"file.toml is a file: name the folder of a run"):
        show(tmp_path / "file.toml", None, None, None, False, None)


def test_constant_inputs_do_not_let_every_method_find_what_they_do_not_reach():
    from koopmark.analysis.conditions import told
    from koopmark.datasets import load_recipe, varied

    def exact(kind):
        recipe = varied(load_recipe("rnn_10_2_inputs"), {"inputs.kind": kind}, "one", "test")
        return dict(told(recipe, recipe.build(0), None))["exact"]

    assert "every method can find them; inputs" in exact("white")
    assert "every method can find them, except those that fit a constant" in exact("constant")
