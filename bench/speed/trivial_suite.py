"""A suite of fits that fit nothing: one dataset with a sweep of noise, and as many methods."""

from pathlib import Path

from recipes import FOUR_UNITS, small_recipe

from koopmark.plan import Suite, load_suite

METHOD = Path(__file__).with_name("trivial_methods.py")

SUITE = """
title = "Fits of nothing"
question = "What does a fit cost beside the fit?"
datasets = ["tiny.toml"]
seeds = {seeds}
[[sweeps]]
dataset = "tiny.toml"
vary = "sampling.noise"
title = "noise"
values = {levels}
"""

ENTRY = """
[[methods]]
use = "{method}:Nothing"
datasets = ["noise"]
options = {{number = {number}, seconds = {seconds}}}
"""

ANCHORS = """
[[methods]]
use = "anchor.exact"
without = ["noise"]
[[methods]]
use = "anchor.random"
without = ["noise"]
"""


def trivial_suite(
    folder: Path, methods: int, levels: int, seeds: int = 1, seconds: float = 0.0, extra: str = ""
) -> Suite:
    """The suite in a folder, with so many methods, levels of noise and seeds.

    `seconds` is what each fit spends; `extra` are further tables of methods.
    """
    folder.mkdir(exist_ok=True)
    (folder / "tiny.toml").write_text(small_recipe(FOUR_UNITS, trajectories=3))
    values = [level / 1000 for level in range(1, levels + 1)]
    entries = [
        ENTRY.format(method=METHOD, number=number, seconds=seconds) for number in range(methods)
    ]
    text = SUITE.format(seeds=seeds, levels=values) + extra + "".join(entries)
    (folder / "trivial.toml").write_text(text)
    return load_suite(folder / "trivial.toml")


class Watch:
    """Stands for the progress bar; `last` is the one of the last run."""

    last: "Watch"

    def __init__(self, _console: object, total: int) -> None:
        self.total = total
        Watch.last = self

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        return None
