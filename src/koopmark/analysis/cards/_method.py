"""What a run knows of a method: what it is, where it finds and where not, its best and worst."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from koopmark import methods
from koopmark._config import shortened
from koopmark.analysis import numbers
from koopmark.analysis.cards._shared import Place, Row, Shared, extent, outcomes
from koopmark.analysis.measure import SUCCESS, Outcome
from koopmark.analysis.numbers import listed, percent, plural
from koopmark.analysis.results import Results
from koopmark.analysis.sentences import AUTHORS, OURS
from koopmark.analysis.tables import flat
from koopmark.methods import Paper
from koopmark.scoring import MOST_TARGETS

LONGEST_REASON = 200
"""Characters of a reason that is quoted."""

REASONS = 3
"""Reasons of failures that are quoted."""

NOT_RANKED = {
    "anchor": "it is an anchor, which marks an end of the scale",
    "informed": "it is an informed method, which is given the equations of the system",
}
"""Why a method is not ranked, by its role."""


@dataclass(frozen=True)
class DatasetRow:
    """What became of a dataset's targets, all seeds together."""

    dataset: str
    digits: float
    outcomes: Mapping[str, int]
    fit: str
    """The `fit_id` of the first fit that failed, or else of the first."""

    @property
    def asked(self) -> int:
        """Targets, counted for each seed."""
        return sum(self.outcomes.values())

    @property
    def found(self) -> int:
        """Of those the ones found."""
        return sum(self.outcomes.get(str(one), 0) for one in SUCCESS)

    @property
    def missed(self) -> dict[str, int]:
        """The others by what became of them, the commonest first."""
        missed = {name: n for name, n in self.outcomes.items() if name not in SUCCESS}
        return dict(sorted(missed.items(), key=lambda one: -one[1]))


@dataclass(frozen=True)
class Case:
    """One target of one fit, picked because it shows a method at its best or at its worst."""

    dataset: str
    seed: int
    target: str
    target_index: int
    symbol: str
    """What its eigenvalue is called, λ or μ."""
    fit: str
    digits: float
    outcome: str
    found_by: int
    """Methods that find the target, of `of` that were asked for it."""
    of: int

    @property
    def sentence(self) -> str:
        """`λ = -2 (x6) of rnn_5_2, seed 0: found to 9.0 digits; 3 of 104 methods find it`."""
        said = (
            f"found to {self.digits:.1f} digits"
            if self.found
            else f"missed ({self.outcome}), {self.digits:.1f} digits"
        )
        find = "finds" if self.found_by == 1 else "find"
        others = f"; {self.found_by} of {plural(self.of, 'method')} {find} it" if self.of else ""
        return f"{self.symbol} = {self.target} of {self.dataset}, seed {self.seed}: {said}{others}."

    @property
    def found(self) -> bool:
        """Whether the method found the target."""
        return self.outcome in SUCCESS


@dataclass(frozen=True)
class Failure:
    """A reason why fits have no result, and how many it ended."""

    count: int
    reason: str
    fit: str
    """The first of them."""


@dataclass(frozen=True)
class MethodCard:
    """A method as a run knows it. Texts are empty where nothing is known."""

    name: str
    role: str
    summary: str
    """What it computes, in two sentences."""
    papers: tuple[Paper, ...]
    library: str
    """With its version, and by whom if it is our own."""
    options: str
    """And whether they are the library's default."""
    fitted_to: str
    """What part of the data it used."""
    fits: str
    """How its fits ended, and how long one took."""
    not_ranked: str
    """Why it is on no board; empty if it takes part."""
    places: tuple[Place, ...]
    datasets: tuple[DatasetRow, ...]
    extent: str
    """How many targets and seeds `outcomes` counts."""
    outcomes: Mapping[str, int]
    best: Case | None
    worst: Case | None
    """None if no fit has a result, or the run asks for a single target."""
    failed: int
    """Fits without a result."""
    failures: tuple[Failure, ...]


def method_card(run: Results, name: str, fits: Sequence[Row], shared: Shared) -> MethodCard:
    """The card of a method, from its rows of fits.csv."""
    first, use = fits[0], _use(run.provenance, name)
    # Others would have to be loaded, and are code of whoever made the run.
    known = methods.described(use) if use in methods.names() else None
    judged = shared.judged.get(name, [])
    best, worst = _cases(judged, fits, shared)
    bad = [fit for fit in fits if fit["status"] != "ok"]
    return MethodCard(
        name=name,
        role=first["role"],
        summary=known.summary if known else "",
        papers=known.papers if known else (),
        library=_library(first),
        options=_options(fits) + _default(first, known),
        fitted_to=_fitted_to(fits, known),
        fits=_fits(fits),
        not_ranked=NOT_RANKED.get(first["role"], ""),
        places=shared.of_method(name) if first["role"] == "method" else (),
        datasets=_datasets(shared.digits.get(name, {}), judged, fits),
        extent=extent(judged),
        outcomes=outcomes(judged),
        best=best,
        worst=worst,
        failed=len(bad),
        failures=_failures(bad),
    )


def _use(provenance: Mapping[str, Any], name: str) -> str:
    """What a suite calls the method by, as provenance.json has it; without it the name itself."""
    listed_methods = provenance.get("methods")
    for one in listed_methods if isinstance(listed_methods, list) else []:
        if isinstance(one, dict) and one.get("name") == name and isinstance(one.get("use"), str):
            return str(one["use"])
    return name


def _library(first: Row) -> str:
    own = f" ({AUTHORS})" if first["library"] == OURS else ""
    return f"{first['library']} {first['library_version']}".strip() + own


def _options(fits: Sequence[Row]) -> str:
    """`count = 20, dictionary.degree = 2`; what differs between the fits is said to be drawn."""
    found: dict[str, set[str]] = {}
    for text in dict.fromkeys(fit["options"] for fit in fits):
        try:
            options = dict(flat(given)) if (given := json.loads(text)) else {}
        except (ValueError, RecursionError):
            options = {"": str(text)}
        for key, value in options.items():
            found.setdefault(key, set()).add(value)
    written = [
        f"{key} = {min(values) or 'none'}" if len(values) == 1 else f"{key} varies"
        for key, values in found.items()
    ]
    return ", ".join(written) or "none"


def _default(first: Row, known: methods.Description | None) -> str:
    if first["default"]:
        return " (the library's defaults)"
    if known and known.default_name:
        return f" (the library's defaults: see {known.default_name})"
    return ""


def _fitted_to(fits: Sequence[Row], known: methods.Description | None) -> str:
    both = [(fit["pairs_used"], fit["pairs"]) for fit in fits if fit["pairs"] > 0]
    used, pairs = (sum(some) for some in zip(*both, strict=True)) if both else (0, 0)
    if not pairs:
        return ""
    alone = " (it takes only one trajectory)" if known and known.one_trajectory else ""
    share = "all" if used >= pairs else f"{percent(used / pairs)} of the"
    driven = [fit for fit in fits if fit["inputs"] > 0]
    beside = f", {'with' if driven[0]['uses_inputs'] else 'without'} their inputs" if driven else ""
    return f"{share} snapshot pairs of the training data{alone}{beside}"


def _fits(fits: Sequence[Row]) -> str:
    seconds = [fit["fit_seconds"] for fit in fits if fit["status"] == "ok"]
    statuses = Counter(fit["status"] for fit in fits if fit["status"] != "ok")
    counts = [f"{count:,} {name.replace('_', ' ')}" for name, count in statuses.most_common()]
    time = f"; median time {numbers.seconds(median(seconds))}" if seconds else ""
    ended = f"of which {listed(counts, most=8)}" if counts else "all with a result"
    ended = "with a result" if len(fits) == 1 and not counts else ended
    return f"{plural(len(fits), 'fit')}, {ended}{time}"


def _datasets(
    digits: Mapping[str, float], judged: Sequence[Row], fits: Sequence[Row]
) -> tuple[DatasetRow, ...]:
    first: dict[str, str] = {}
    for fit in sorted(fits, key=lambda fit: fit["status"] == "ok"):
        first.setdefault(fit["dataset"], fit["fit_id"])
    rows: dict[str, list[Row]] = {dataset: [] for dataset in digits}
    for row in judged:
        rows[row["dataset"]].append(row)
    return tuple(
        DatasetRow(dataset, float(digits[dataset]), outcomes(some), first[dataset])
        for dataset, some in rows.items()
    )


def _cases(
    judged: Sequence[Row], fits: Sequence[Row], shared: Shared
) -> tuple[Case | None, Case | None]:
    """The targets of its fits with the most and with the fewest digits.

    Of several alike, to a tenth of a digit, the best is one that was found, and the worst one that
    was missed. Of these those come first of which portraits are made, as pages keep them; of these
    the best is the one that the fewest methods find; the worst is one that the dictionary can
    express, and that the most methods find.
    """
    ids = {(fit["dataset"], fit["seed"]): fit["fit_id"] for fit in fits}
    cases = []
    for row in judged:
        if row["status"] == "ok":
            found_by, of = shared.found_by.get((row["dataset"], row["target"]), (0, 0))
            case = Case(
                dataset=row["dataset"],
                seed=int(row["seed"]),
                target=str(row["target"]),
                target_index=int(row["target_index"]),
                symbol=shared.where[row["dataset"]].symbol,
                fit=ids[row["dataset"], row["seed"]],
                digits=float(row["digits"]),
                outcome=str(row["outcome"]),
                found_by=found_by,
                of=of,
            )
            cases.append(case)
    if not cases:
        return None, None

    def undrawn(case: Case) -> int:
        return shared.drawn.get((case.dataset, case.seed, case.target_index), MOST_TARGETS)

    best = min(
        cases,
        key=lambda case: (
            -round(case.digits, 1),
            case.outcome not in SUCCESS,
            undrawn(case),
            case.found_by,
        ),
    )
    worst = min(
        cases,
        key=lambda case: (
            round(case.digits, 1),
            case.outcome in SUCCESS,
            case.outcome == Outcome.NOT_EXPRESSIBLE,
            undrawn(case),
            -case.found_by,
        ),
    )
    return best, worst if worst != best else None


def _failures(bad: Sequence[Row]) -> tuple[Failure, ...]:
    """The commonest reasons of the fits without a result."""
    counts = Counter(fit["reason"] for fit in bad if fit["reason"])
    first: dict[str, str] = {}
    for fit in bad:
        first.setdefault(fit["reason"], fit["fit_id"])
    return tuple(
        Failure(count, shortened(reason, LONGEST_REASON), first[reason])
        for reason, count in counts.most_common(REASONS)
    )
