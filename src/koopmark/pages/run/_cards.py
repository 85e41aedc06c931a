"""The cards of methods and datasets as the page's scripts lay them out."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from koopmark import datasets
from koopmark._errors import ConfigError
from koopmark.analysis.cards import Cards, Case, DatasetCard, MethodCard, recipe_of
from koopmark.analysis.measure import MEANINGS, Outcome
from koopmark.analysis.results import Results
from koopmark.datasets.preview import preview
from koopmark.pages.catalogue import portrait

LOOKS = {
    Outcome.FOUND: "found",
    Outcome.WITHIN: "within",
    Outcome.NOT_RUN: "absent",
    Outcome.FAILED: "failed",
    Outcome.NOT_EXPRESSIBLE: "inexpressible",
    Outcome.WRONG_EIGENVALUE: "partly",
    Outcome.MULTIPLICITY: "partly",
    Outcome.WRONG_FUNCTION: "partly",
    Outcome.NOISE: "drowned",
    Outcome.NEITHER: "missed",
}
"""The pattern and colour of each outcome in a bar (cards.css)."""

TRAJECTORIES, TIMES = 10, 40
"""Most of a phase portrait: about 4 kB."""

UNSEEN = ("max_degree", "truth", "trials")
"""Of a recipe what trajectories do not depend on, beside the noise."""

MOST_NUMBERS = 10**7
"""Numbers that are simulated for a phase portrait at most."""

Data = dict[str, Any]


def cards_data(run: Results) -> Data:
    """The cards of all methods, in the order of the run, and of all datasets.

    Names of datasets, outcomes and boards are there once, and elsewhere by their places.
    """
    cards, names = Cards(run), list(run.fits["dataset"].unique())
    at = {name: place for place, name in enumerate(names)}
    pictures = Portraits(run)
    return {
        "names": names,
        "boards": list(run.boards),
        "outcomes": [[str(one), MEANINGS[one], LOOKS[one]] for one in Outcome],
        "methods": {name: _method(cards.method(name), at) for name in run.order},
        "datasets": {name: _dataset(cards.dataset(name), pictures.of(name)) for name in names},
        "pictures": pictures.drawn,
    }


def _method(card: MethodCard, at: Mapping[str, int]) -> Data:
    return {
        "role": card.role,
        "summary": card.summary,
        "papers": [[str(paper), paper.url] for paper in card.papers],
        "library": card.library,
        "options": card.options,
        "fitted": card.fitted_to,
        "fits": card.fits,
        "apart": card.not_ranked,
        "places": [[one.text, *one.scores.values()] for one in card.places],
        "rows": [[at[row.dataset], row.digits, _counts(row.outcomes)] for row in card.datasets],
        "extent": card.extent,
        "outcomes": _counts(card.outcomes),
        "cases": [_case(case) for case in (card.best, card.worst) if case],
        "best": "Best" if card.best and card.best.found else "Nearest miss",
        "failed": card.failed,
        "failures": [[one.count, one.reason, one.fit] for one in card.failures],
    }


def _case(case: Case) -> Data:
    return {
        "dataset": case.dataset,
        "seed": case.seed,
        "index": case.target_index,
        "fit": case.fit,
        "sentence": case.sentence,
    }


def _dataset(card: DatasetCard, picture: int | None) -> Data:
    return {
        "text": card.text,
        "system": card.system,
        "data": card.data,
        "told": card.told,
        "symbol": card.where.symbol,
        "sources": card.sources,
        "hard": card.hard,
        "picture": picture,
        "targets": [
            {
                "name": one.name,
                "value": [one.value.real, one.value.imag],
                "dimension": one.dimension,
                "kind": one.kind,
                "found": [one.found_by, one.of],
                "expressed": [one.expressed_by, one.known],
                "digits": one.best_digits,
                "finders": [[finder.method, finder.digits] for finder in one.finders],
            }
            for one in card.targets
        ],
        "extent": card.extent,
        "outcomes": _counts(card.outcomes),
    }


def _counts(outcomes: Mapping[str, int]) -> list[list[int]]:
    """Pairs of the place of an outcome among all, and its count."""
    return [
        [place, outcomes[str(one)]] for place, one in enumerate(Outcome) if str(one) in outcomes
    ]


class Portraits:
    """Phase portraits of a run's datasets, one for all that differ in `UNSEEN` alone."""

    def __init__(self, run: Results) -> None:
        self.drawn: list[str] = []
        self._run = run
        self._places: dict[str, int | None] = {}

    def of(self, dataset: str) -> int | None:
        """The place of a dataset's portrait in `drawn`; None if there is none."""
        recipe = recipe_of(self._run.provenance, dataset)
        if recipe is None:
            return None
        facts = recipe.depends_on()
        facts["sampling"].pop("noise")
        key = json.dumps({name: one for name, one in facts.items() if name not in UNSEEN})
        if key not in self._places:
            seeds = self._run.fits.loc[self._run.fits["dataset"] == dataset, "seed"]
            picture = _portrait(recipe, int(seeds.min()), dataset)
            self._places[key] = len(self.drawn) if picture else None
            self.drawn += [picture] if picture else []
        return self._places[key]


def _portrait(recipe: datasets.Recipe, seed: int, name: str) -> str:
    """Some trajectories in the plane in which they vary most; empty if they cannot be had."""
    size = TRAJECTORIES * (recipe.sampling.steps + 1) * recipe.system.size
    if size > MOST_NUMBERS:
        return ""
    try:
        states = preview(recipe, seed, TRAJECTORIES)
        sensors = recipe.sensors(seed)
    except (ConfigError, ValueError):
        # The table has the reason: no fit has a result on such data.
        return ""
    kept = np.unique(np.linspace(0, states.shape[1] - 1, TIMES).astype(int))
    if not np.isfinite(states).all():
        return ""
    # They are others than the test trajectories, which the catalogue draws.
    if sensors is None:
        return portrait(states[:, kept], name, "trajectories")
    return portrait(sensors.observe(states[:, kept]), name, "trajectories", "s")
