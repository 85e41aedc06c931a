"""The cards in a page's data: small, shared where they can be, there for whatever a run holds."""

from planted import Planted, planted, run_of

from koopmark import datasets
from koopmark.analysis.measure import Outcome
from koopmark.pages.run._cards import LOOKS, TRAJECTORIES, cards_data
from koopmark.pages.web import _render

EACH = 30
"""Characters that a method may take for each dataset: 80 kB for 110 methods and 24 datasets."""


def test_the_cards_of_many_methods_and_datasets_stay_small():
    methods = {
        f"library.method_{k}[degree={k % 3}]": Planted(
            lambda dataset, seed, index, k=k: (1e-6, 0.3)[(int(dataset[1:]) * k + index) % 5 % 2],
            status={(f"d{k % 12}", 0): "failed"},
        )
        for k in range(40)
    }
    names = [f"d{k}" for k in range(12)]
    run = run_of(*planted(methods, datasets=names, seeds=1, degrees=(1, 2)))
    # Phase portraits add at most 6 kB for each dataset, less than half of it after packing.
    assert len(_render.island("cards", cards_data(run))) < EACH * len(methods) * len(names)


def test_datasets_that_differ_in_noise_alone_share_a_portrait():
    plain = datasets.load_recipe("three_populations").depends_on()
    noisy = {**plain, "max_degree": 1, "sampling": {**plain["sampling"], "noise": 0.1}}
    longer = {**plain, "sampling": {**plain["sampling"], "horizon": 1.0}}
    ran = {"a": plain, "a/noise=0.1": noisy, "b": longer, "c": {"system": {"kind": "unknown"}}}
    data = cards_data(run_of(*planted({"x": Planted(1e-6)}, datasets=list(ran)), {"recipes": ran}))
    assert [one["picture"] for one in data["datasets"].values()] == [0, 0, 1, None]
    assert all(picture.count("<path") >= TRAJECTORIES for picture in data["pictures"])
    assert max(map(len, data["pictures"])) < 7000


def test_data_under_inputs_and_through_sensors_have_portraits_of_their_own():
    names = ["rnn_10_2_inputs", "rnn_10_2_feedback", "rnn_10_2_sensors", "leaky_rnn_10_2"]
    ran = {name: datasets.load_recipe(name).depends_on() for name in names}
    data = cards_data(run_of(*planted({"x": Planted(1e-6)}, datasets=names), {"recipes": ran}))
    assert [one["picture"] for one in data["datasets"].values()] == [0, 1, 2, 3]
    assert len(set(data["pictures"])) == 4


def test_every_outcome_has_a_look():
    assert set(LOOKS) == set(Outcome)


def test_a_run_of_one_method_without_a_result_has_its_cards():
    lost = Planted(1.0, status={("a", 0): "crashed"})
    data = cards_data(run_of(*planted({"x": lost}, datasets=("a",), seeds=1)))
    assert data["methods"]["x"]["cases"] == []
    assert data["methods"]["x"]["places"] == []
    assert data["datasets"]["a"]["targets"][0]["found"] == [0, 1]
