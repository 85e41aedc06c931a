"""Every sentence that an analysis makes is well formed, whatever the run."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from form import faults
from planted import Planted, planted, run_of

from koopmark import datasets
from koopmark.analysis import columns
from koopmark.analysis.cards import Cards
from koopmark.analysis.columns import Column
from koopmark.analysis.map import SAYINGS
from koopmark.analysis.measure import MEANINGS
from koopmark.analysis.sentences import (
    along,
    anchored,
    extent,
    left_out,
    misses,
    use_of_inputs,
    verdict,
)
from koopmark.analysis.sentences._conditions import of_maps, use_of_sensors
from koopmark.analysis.sentences._recordings import forecasts, supported
from koopmark.plan import load_suite

LIBRARIES = ("koopmark", "pydmd", "deeptime", "pykoopman")
STATUSES = ("failed", "timeout", "out_of_memory", "crashed", "diverged", "skipped", "unavailable")
SUITES = Path(__file__).parents[3] / "bench" / "suites"
COLUMNS = [one for one in vars(columns).values() if isinstance(one, Column)]


def drawn(rng):
    """A random run: few or many methods, datasets and seeds, some of whose fits failed."""
    names = [f"m{k}" for k in range(int(rng.integers(1, 8)))]
    places = [f"d{k}" for k in range(int(rng.choice([1, 2, 3, 12])))]
    seeds, degrees = int(rng.integers(1, 4)), [(1,), (1, 1), (1, 2)][rng.integers(3)]

    def method(role="method"):
        errors = 10.0 ** -rng.uniform(0, 9, (len(places), seeds, len(degrees)))
        errors = errors if rng.random() < 0.7 else np.full(errors.shape, rng.choice([1.0, 1e-9]))
        lost = rng.choice([0.0, 0.2, 1.0], p=[0.6, 0.3, 0.1])
        return Planted(
            lambda dataset, seed, index: float(errors[places.index(dataset), seed, index]),
            library=str(rng.choice(LIBRARIES)),
            role=role,
            default=bool(rng.integers(2)),
            status={
                (place, seed): str(rng.choice(STATUSES))
                for place in places
                for seed in range(seeds)
                if rng.random() < lost
            },
            floor=float(rng.choice([0.0, 0.5, np.nan])),
            seconds=float(10.0 ** rng.uniform(-5, 2)),
            datasets=None if rng.random() < 0.8 else tuple(places[:1]),
        )

    methods = {name: method() for name in names}
    if rng.random() < 0.5:
        methods |= {"exact": Planted(1e-12, role="anchor"), "random": Planted(0.9, role="anchor")}
    noise = dict.fromkeys(places, 0.0) | {
        place: float(rng.choice([0.001, 0.01, 0.1])) for place in places if rng.random() < 0.5
    }
    floor = {place: float(10.0 ** -rng.uniform(1, 5)) for place in places if rng.random() < 0.7}
    fits, targets = planted(methods, places, seeds, degrees, noise, floor)
    if rng.random() < 0.5 and len(places) > 1:
        level = fits["dataset"].map({place: 0.1 * k for k, place in enumerate(places)})
        texts = level.map("{:g}".format)
        fits = fits.assign(family="Sweep", axis="noise", level=level, level_text=texts)
    return fits, targets, tuple(methods)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_run_its_sentences_are_well_formed(seed):
    fits, targets, names = drawn(np.random.default_rng(seed))
    run = run_of(fits, targets)
    said = [text for one in run.card for text in (one.question, one.sentence)]
    said += [verdict(board) for board in run.boards.values()]
    said += [left_out(board) for board in run.boards.values()]
    said += [misses(run.judged), anchored(run.summary), run.extent, extent(fits, 10_000)]
    said += [along(*one) for one in run.swept]
    cards = Cards(run)
    for name in names:
        card = cards.method(name)
        said += [case.sentence for case in (card.best, card.worst) if case]
    for name in fits["dataset"].unique():
        said += cards.dataset(name).hard
    assert [fault for text in said if text for fault in faults(text, names)] == []


@pytest.mark.parametrize("seed", range(3))
def test_sentences_on_inputs_sensors_maps_and_recordings_are_well_formed(seed):
    rng = np.random.default_rng(seed)
    fits, targets, names = drawn(rng)
    rows = len(fits)
    uses = fits["method"].map(dict(zip(names, rng.integers(2, size=len(names)), strict=True)))
    fits = fits.assign(
        inputs=2.0,
        uses_inputs=uses.astype(float),
        discrete=1.0,
        alpha=rng.choice([0.5, 1.0, 1.5], rows),
        channels=rng.choice([1.0, 6.0], rows),
        n=10.0,
        rank_error=rng.choice([0.0, 1.0, np.nan], rows),
        verified=rng.integers(0, 9, rows),
        recovered=10,
        forecast_error=rng.uniform(size=rows),
    )
    targets = targets.assign(gain_error=rng.choice([0.1, np.nan], len(targets)))
    run = run_of(fits, targets)
    libraries = dict(zip(fits["method"], fits["library"], strict=True))
    said = [use_of_inputs(fits, run.judged), use_of_sensors(fits, run.judged)]
    said.append(of_maps(fits, run.judged))
    if ((fits["status"] == "ok") & (fits["role"] == "method")).any():
        said += [supported(fits, libraries), forecasts(fits, libraries)]
    assert [fault for text in said if text for fault in faults(text, names)] == []


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.key)
def test_the_meaning_of_a_column_is_well_formed(column):
    assert faults(column.meaning) == []


def test_each_score_has_one_column():
    keys = [column.key for column in COLUMNS]
    assert len(set(keys)) == len(keys)


def test_no_column_is_defined_twice():
    """A second definition would silently replace the first."""
    tree = ast.parse(Path(columns.__file__).read_text(encoding="utf-8"))
    names = [
        one.id
        for it in tree.body
        if isinstance(it, ast.Assign)
        for one in it.targets
        if isinstance(one, ast.Name)
    ]
    assert pd.Series(names).duplicated().sum() == 0


@pytest.mark.parametrize("text", [*MEANINGS.values(), *SAYINGS.values()])
def test_what_became_of_a_target_is_well_formed(text):
    assert faults(text, stop=False) == []


@pytest.mark.parametrize("name", datasets.names())
def test_the_description_of_a_dataset_is_well_formed(name):
    assert faults(datasets.load_recipe(name).description) == []


@pytest.mark.parametrize("file", sorted(SUITES.glob("*.toml")), ids=lambda file: file.stem)
def test_the_question_of_a_suite_is_well_formed(file):
    assert faults(load_suite(file).question) == []
