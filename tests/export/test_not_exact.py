"""What is not exact along every trajectory is not handed on as an answer key."""

import pytest

from koopmark import datasets
from koopmark._errors import ConfigError
from koopmark.export._contents import contents


@pytest.mark.parametrize(
    ("name", "how"),
    [("nearly_low_rank", "only up to a bound"), ("ornstein_uhlenbeck", "on average over noisy")],
)
def test_functions_that_are_not_exact_are_refused_in_a_sentence(name, how, tmp_path):
    dataset = datasets.build(datasets.load_recipe(name), 0, tmp_path)
    with pytest.raises(ConfigError, match=f"{name}: its functions obey their eigenvalue {how}"):
        contents(dataset)


def test_without_a_weak_part_they_are_exact_and_handed_on(tmp_path):
    exact = datasets.varied(
        datasets.load_recipe("nearly_low_rank"), {"system.epsilon": 0.0}, "exact", "here"
    )
    assert len(contents(datasets.build(exact, 0, tmp_path)).targets) == 1
