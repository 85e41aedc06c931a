"""Runs of one method, of one dataset, of none that finished, of 300: each makes a page."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from planted import Planted, planted

from koopmark.pages import write
from koopmark.store._tables import EIGENPAIRS

LIBRARIES = ("koopmark", "pydmd", "pykoop", "deeptime", "kooplearn", "pykoopman")


def many(count, seed=0):
    """Methods of which no two need agree, the first ones better."""
    rng = np.random.default_rng(seed)
    able = {}
    for number in range(count):
        errors = 10.0 ** -rng.uniform(0, 9 * (1 - number / count), (8, 3))
        blind = rng.random((8, 3)) < 0.3

        def error(dataset, seed, index, errors=errors, blind=blind):
            place = int(dataset[1:].split("/")[0])
            return 0.9 if blind[place, index] else float(errors[place, index])

        def floor(dataset, seed, index, blind=blind):
            return 0.5 if blind[int(dataset[1:].split("/")[0]), index] else 0.0

        library = LIBRARIES[number % len(LIBRARIES)]
        status = {("d3", s): "timeout" for s in (0, 1)} if number % 9 == 4 else {}
        able[f"{library}.method_{number}"] = Planted(
            error, library=library, floor=floor, status=status
        )
    return {
        **able,
        "anchor.random": Planted(1.0, role="anchor"),
        "anchor.exact": Planted(1e-12, role="anchor"),
    }


def of_many(count, problems=8, seeds=2):
    names = [f"d{place}" for place in range(problems)]
    names += [f"{name}/noise=0.1" for name in names[: problems // 2]]
    noise = {name: 0.1 for name in names if "/" in name}
    return planted(
        many(count),
        names,
        seeds=seeds,
        degrees=(1, 1, 2),
        noise=noise,
        statistical_floor=dict.fromkeys(noise, 0.01),
    )


def failed():
    fits = {(dataset, seed): "crashed" for dataset in "ab" for seed in range(2)}
    return planted({f"m{i}": Planted(1.0, status=fits) for i in range(3)}, seeds=2)


def unfinished():
    fits, targets = planted({"pydmd.only": Planted(1e-6)})
    return fits.iloc[:0], targets.iloc[:0]


RUNS = {
    "no finished fit": unfinished,
    "every fit failed": failed,
    "one method": lambda: planted({"pydmd.only": Planted(1e-6, library="pydmd")}),
    "one dataset": lambda: planted({f"m{i}": Planted(10.0**-i) for i in range(1, 5)}, ("a",)),
    "10 methods": lambda: of_many(10, 4, 1),
    "300 methods": lambda: of_many(300, 2, 1),
}


def page_of(folder, tables):
    """The page of a run folder with these tables."""
    fits, targets = tables
    empty = pd.DataFrame(columns=list(EIGENPAIRS))
    for name, table in (("fits", fits), ("targets", targets), ("eigenpairs", empty)):
        table.to_csv(folder / f"{name}.csv", index=False)
    told = {"suite": "planted", "title": "A planted run", "question": "Does it read?"}
    (folder / "provenance.json").write_text(json.dumps(told | {"fits": len(fits)}))
    return write(folder).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of each run, made once."""
    known = {}

    def find(which):
        if which not in known:
            known[which] = page_of(tmp_path_factory.mktemp("odd"), RUNS[which]())
        return known[which]

    return find


@pytest.mark.parametrize("which", [which for which in RUNS if which != "no finished fit"])
def test_every_run_has_a_card_of_answers_and_a_map(pages, which):
    html = pages(which)
    card = html.partition('class="card"')[2].partition("</dl>")[0]
    # What is best with noise is asked only if a dataset has noise.
    noisy = bool((RUNS[which]()[0]["noise"] > 0).any())
    assert len(re.findall("<dt>", card)) == 4 + noisy
    assert '<section id="map">' in html


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("every fit failed", "All <strong>12 fits</strong> failed"),
        ("one method", "the only method"),
    ],
)
def test_the_card_says_what_is_odd_about_a_run(pages, which, said):
    card = pages(which).partition('class="card"')[2].partition("</dl>")[0]
    assert said in card


def test_before_the_first_fit_a_page_says_that_and_nothing_else(pages):
    html = pages("no finished fit")
    assert re.search("None of the [0-9]+ planned fits is done yet", html)
    assert 'class="card"' not in html


def test_a_run_of_one_method_has_its_profile(pages, island):
    shown = island(pages("one method"), "profiles")
    assert [curve["methods"] for curve in shown["Principal eigenfunctions"]["curves"]] == [
        ["pydmd.only"]
    ]


def test_the_page_of_300_methods_stays_small(pages):
    assert len(pages("300 methods")) < 5e6
