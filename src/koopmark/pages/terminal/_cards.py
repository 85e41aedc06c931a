"""What a run says of one dataset, and of one method: what it is, where it finds and where not."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from koopmark import datasets, methods
from koopmark._config import shortened
from koopmark._repr import eigenvalue
from koopmark.analysis import columns, numbers
from koopmark.analysis.measure import (
    MEANINGS,
    SUCCESS,
    Outcome,
    by_target,
    classes,
    competing,
)
from koopmark.analysis.numbers import MISSING, listed, percent, plural
from koopmark.analysis.results import Results, known
from koopmark.analysis.sentences import AUTHORS, OURS
from koopmark.analysis.summary import roles_of
from koopmark.analysis.tables import flat
from koopmark.analysis.targets import target_names
from koopmark.datasets import Recipe
from koopmark.pages.terminal._layout import Block, Column, Paragraph, Table
from koopmark.pages.terminal._overview import TOP, legend, marks, place, score

LONGEST_REASON = 200
"""Characters of a reason that is quoted."""

REASONS = 3
"""Reasons of failures that are quoted."""

HALF = 0.5
"""A target is found by a method that finds it at this share of the seeds or more."""

ROLE = {
    "anchor": "an anchor, which marks an end of the scores",
    "informed": "it is given the answer key of the system",
}
"""Why a method is not ranked."""


def dataset(run: Results, typed: str, ranking: str | None = None) -> Iterator[Block | None]:
    """What a dataset is, what there is to find in it, who finds it, and how the others miss it.

    With `ranking`, a score of the summary, all methods by that score follow instead of the best.
    """
    name = known(typed, run.summary["dataset"].unique(), f"dataset of {run.folder}")
    fits = run.fits[run.fits["dataset"] == name]
    judged = run.judged[run.judged["dataset"] == name]
    rows = run.summary[run.summary["dataset"] == name]
    yield from _what_it_is(run, name, fits)
    if ranking:
        column = score(ranking)
        yield None
        yield Paragraph(column.meaning, f"{column.title}:")
        ranked = _with_marks(rows, fits)
        yield _ranking(ranked, column)
        yield from legend(ranked[ranked["role"] == "method"])
        return
    ours = competing(judged)
    yield None
    yield _targets(run.targets[run.targets["dataset"] == name], ours)
    methods = rows[rows["role"] == "method"]
    if methods.empty:
        return
    best = _with_marks(methods.head(TOP), fits)
    yield None
    yield Paragraph(f"{len(best)} of {plural(len(methods), 'method')}", "Best here:")
    yield _best(best, methods)
    yield from legend(best)
    yield None
    yield from _misses(ours)


def _what_it_is(run: Results, name: str, fits: pd.DataFrame) -> Iterator[Block]:
    recipe = _recipe(run.provenance, name)
    yield Paragraph(f"{recipe.title}. {recipe.description}" if recipe else "", f"{name}:")
    first = fits.iloc[0]
    facts = [f"N = {numbers.plain(first['n'])}" if pd.notna(first["n"]) else ""]
    facts += [f"rank {numbers.plain(first['rank'])}" if pd.notna(first["rank"]) else ""]
    if recipe:
        equation = repr(recipe.system.build(0)).strip("<>").partition("N = ")[0].strip(" ,")
        facts = [equation, *facts, recipe.in_the_long_run if recipe.name == name else ""]
    yield Paragraph(", ".join(filter(None, facts)) or MISSING, "System:")
    seeds = plural(int(fits["seed"].nunique()), "seed")
    noise = percent(first["noise"]) if 0 < first["noise"] < 1 else numbers.plain(first["noise"])
    if pd.notna(first["dt"]):
        yield Paragraph(
            f"{numbers.plain(first['train_trajectories'])} trajectories to fit to, "
            f"Δt = {numbers.plain(first['dt'])}, t = 0 to {numbers.plain(first['horizon'])}, "
            f"{f'noise {noise}' if first['noise'] else 'no noise'}; {seeds}",
            "Data:",
        )
    if recipe:
        yield Paragraph(recipe.citation, "Source:")


def _recipe(provenance: Mapping[str, Any], dataset: str) -> Recipe | None:
    """The shipped recipe that a dataset was made from; None if it was another of this name."""
    name = dataset.partition("/")[0]
    if name not in datasets.names():
        return None
    recipe = datasets.load_recipe(name)
    ran = provenance.get("recipes")
    ran = ran.get(dataset) if isinstance(ran, dict) else None
    system = ran.get("system") if isinstance(ran, dict) else None
    kind = system.get("kind") if isinstance(system, dict) else None
    return recipe if kind == recipe.system.kind else None


def _targets(targets: pd.DataFrame, judged: pd.DataFrame) -> Table:
    """What there is to find, and how many methods find it."""
    per_target = by_target(judged).groupby(level=["target", "method"])
    share, digits = per_target["found"].mean(), per_target["digits"].mean()
    once = targets.assign(name=target_names(targets)).drop_duplicates("name")
    rows = []
    for _, row in once.sort_values("target_index", kind="stable").iterrows():
        scored = row["name"] in share.index
        found = share[row["name"]] if scored else share[:0]
        degree = row["target_degree"]
        rows.append(
            [
                row["name"],
                eigenvalue(complex(row["target_eigenvalue_re"], row["target_eigenvalue_im"])),
                numbers.plain(row["target_dimension"]),
                "principal" if degree <= 1 else f"product of {numbers.plain(degree)}",
                f"{int((found >= HALF).sum())} of {len(found)}" if scored else "not scored",
                columns.DIGITS.write(digits[row["name"]].max()) if scored else MISSING,
            ]
        )
    heads = [Column("target", right=False), Column("eigenvalue"), Column("multiplicity")]
    heads += [Column("kind", right=False), Column("found by"), Column("best digits", spare=True)]
    return Table(heads, rows)


def _best(best: pd.DataFrame, methods: pd.DataFrame) -> Table:
    tied = set(methods.loc[methods["place"].duplicated(keep=False), "place"])
    shown = [columns.DIGITS, columns.FOUND, columns.REACH, columns.SECONDS]
    heads = [Column("place"), Column("method", right=False)]
    heads += [Column(column.title, spare=column is not columns.DIGITS) for column in shown]
    return Table(
        [*heads, Column("marks", right=False)],
        [
            [
                place(row["place"], tied),
                row["method"],
                *(column.write(row[column.key]) for column in shown),
                " ".join(marks(row)),
            ]
            for _, row in best.iterrows()
        ],
    )


def _with_marks(rows: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """Rows of the summary with what `marks` asks of them."""
    used = rows["method"].map(_pairs(fits))
    return rows.assign(pairs=used, fits=rows["ok"] + rows["failed"])


def _ranking(rows: pd.DataFrame, column: columns.Column) -> Table:
    """All methods by a score, missing last; what does not compete stands on top.

    Scores that are written alike, to two digits, share a place.
    """
    values = rows[column.key].astype(float).map(lambda value: float(f"{value:.2g}"))
    values = {"low": values, "high": -values, "zero": values.abs()}[column.best]
    compete = rows["role"] == "method"
    places = values.where(compete).rank(method="min").astype("Int64")
    ordered = rows.assign(place=places, apart=compete)
    ordered = ordered.sort_values(["apart", "place"], kind="stable", na_position="last")
    tied = set(places[places.duplicated(keep=False)].dropna())
    heads = [Column("place"), Column("method", right=False), Column("status", right=False)]
    return Table(
        [*heads, Column(column.title), Column("marks", right=False)],
        [
            [
                place(row["place"], tied),
                row["method"],
                row["status"].replace("_", " "),
                column.write(row[column.key]),
                " ".join(marks(row)) if row["apart"] else "",
            ]
            for _, row in ordered.iterrows()
        ],
    )


def _misses(judged: pd.DataFrame) -> Iterator[Block]:
    """How many targets were found, how the others were missed, by class, counted."""
    counts = classes(judged.assign(all="all"), ["all"]).iloc[0] if len(judged) else None
    if counts is None:
        return
    count, targets = judged["method"].nunique(), judged.groupby(["dataset", "target"]).ngroups
    which = f"{plural(count, 'method')}, " if count > 1 else ""
    yield Paragraph(
        f"{which}{plural(targets, 'target')}, {plural(int(judged['seed'].nunique()), 'seed')}: "
        f"{plural(len(judged), 'result')}",
        "Outcomes:",
    )
    yield Table(
        [Column("count"), Column("outcome", right=False), Column("meaning", right=False)],
        [
            [f"{counts[outcome]:,}", str(outcome), MEANINGS[outcome]]
            for outcome in Outcome
            if counts[outcome]
        ],
    )


def method(run: Results, typed: str) -> Iterator[Block | None]:
    """What a method is, its place on each board, and what became of each dataset's targets."""
    name = known(typed, roles_of(run.fits), f"method of {run.folder}")
    fits = run.fits[run.fits["method"] == name]
    judged = run.judged[run.judged["method"] == name]
    first = fits.iloc[0]
    yield from _who_it_is(run, name, fits)
    yield None
    if first["role"] == "method":
        yield _places(run, name)
    else:
        yield Paragraph(ROLE[first["role"]], "Not ranked:")
    yield None
    yield _by_dataset(run, judged, name)
    yield None
    yield from _misses(judged)
    yield from _failures(fits)


def _who_it_is(run: Results, name: str, fits: pd.DataFrame) -> Iterator[Block]:
    first, use = fits.iloc[0], _use(run.provenance, name)
    # Others would have to be loaded, and are code of whoever made the run.
    known_as = methods.described(use) if use in methods.names() else None
    yield Paragraph(known_as.summary if known_as else "", f"{name}:")
    if known_as and known_as.papers:
        yield Paragraph("; ".join(map(str, known_as.papers)), "Paper:")
    own = f" ({AUTHORS})" if first["library"] == OURS else ""
    yield Paragraph(f"{first['library']} {first['library_version']}{own}", "Library:")
    default = ""
    if first["default"]:
        default = "; the library's own if its user sets nothing"
    elif known_as and known_as.default_name:
        default = f"; the library's own are those of {known_as.default_name}"
    yield Paragraph(f"{_options(fits)}{default}", "Options:")
    share = _pairs(fits)[name]
    if share < 1:
        alone = "one trajectory alone, " if known_as and known_as.one_trajectory else ""
        yield Paragraph(f"{alone}{percent(share)} of the snapshot pairs of the data", "Fitted to:")
    seconds = fits.loc[fits["status"] == "ok", "fit_seconds"].median()
    statuses = fits["status"].value_counts().drop("ok", errors="ignore")
    counts = [f"{count:,} {str(name).replace('_', ' ')}" for name, count in statuses.items()]
    time = f"; median time {numbers.seconds(seconds)}" if seconds == seconds else ""
    ended = listed(counts, most=8) if counts else "all with a result"
    yield Paragraph(f"{plural(len(fits), 'fit')}, {ended}{time}", "Fits:")


def _use(provenance: Mapping[str, Any], name: str) -> str:
    """What a suite calls the method by, as provenance.json has it; without it the name itself."""
    listed_methods = provenance.get("methods")
    for one in listed_methods if isinstance(listed_methods, list) else []:
        if isinstance(one, dict) and one.get("name") == name and isinstance(one.get("use"), str):
            return str(one["use"])
    return name


def _options(fits: pd.DataFrame) -> str:
    """`count = 20, dictionary.degree = 2`; what differs between the fits is said to be drawn."""
    found: dict[str, set[str]] = {}
    for text in fits["options"].unique():
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


def _places(run: Results, name: str) -> Table:
    scores = [columns.DIGITS, columns.FOUND, columns.REACH, columns.YIELD]
    rows = []
    for question, board in run.boards.items():
        mine = board.rows[board.rows["method"] == name]
        if mine.empty:
            asked = name in {*board.partly_run, *board.unavailable}
            rows.append([question, "not ranked" if asked else MISSING, *[""] * 4])
            continue
        row = mine.iloc[0]
        alike = int((board.rows["place"] == row["place"]).sum()) > 1
        at = f"{row['place']}{'=' * alike} of {len(board.rows)}"
        written = [column.write(row[column.key]) for column in scores]
        rows.append([question, at, *written])
    heads = [Column("board", right=False), Column("place"), Column("digits")]
    heads += [Column(column.title, spare=True) for column in scores[1:]]
    return Table(heads, rows)


def _by_dataset(run: Results, judged: pd.DataFrame, name: str) -> Table:
    """Of each dataset: digits, how many targets were found at all seeds together, the misses."""
    summary = run.summary[run.summary["method"] == name]
    counts = classes(judged, ["dataset"]).reindex(summary["dataset"], fill_value=0)
    rows = []
    for (_, row), (_, count) in zip(summary.iterrows(), counts.iterrows(), strict=True):
        missed = count.drop([str(outcome) for outcome in SUCCESS])
        missed = missed[missed > 0].sort_values(ascending=False, kind="stable")
        rows.append(
            [
                row["dataset"],
                columns.DIGITS.write(row["digits"]),
                f"{count.sum() - missed.sum()} of {count.sum()}",
                ", ".join(f"{number} {outcome}" for outcome, number in missed.items()),
            ]
        )
    heads = [Column("dataset", right=False), Column("digits"), Column("found")]
    return Table([*heads, Column("missed", right=False)], rows)


def _failures(fits: pd.DataFrame) -> Iterator[Block | None]:
    """The commonest reasons of the fits without a result."""
    bad = fits[fits["status"] != "ok"]
    reasons = bad.loc[bad["reason"] != "", "reason"].value_counts()
    if reasons.empty:
        return
    yield None
    yield Paragraph(f"{plural(len(bad), 'fit')} without a result, most often because", "Failures:")
    for reason, count in reasons.head(REASONS).items():
        yield Paragraph(f"“{shortened(str(reason), LONGEST_REASON)}”", f"{count} ×")


def _pairs(fits: pd.DataFrame) -> "pd.Series[float]":
    """Share of the training pairs that the fits of each method used."""
    sums = fits.groupby("method")[["pairs_used", "pairs"]].sum()
    return sums["pairs_used"] / sums["pairs"].where(sums["pairs"] > 0)
