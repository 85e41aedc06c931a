"""The cards of a dataset and of a method in the terminal."""

from collections.abc import Iterator, Mapping

import pandas as pd

from koopmark._repr import eigenvalue
from koopmark.analysis import columns, numbers
from koopmark.analysis.cards import Cards, DatasetCard, DatasetRow, MethodCard
from koopmark.analysis.leaderboard import given_inputs, share_of_data
from koopmark.analysis.measure import MEANINGS, Outcome
from koopmark.analysis.numbers import MISSING, plural
from koopmark.analysis.results import Results, known
from koopmark.pages.terminal._layout import Block, Column, Paragraph, Table
from koopmark.pages.terminal._overview import TOP, legend, marks, place, score


def dataset(run: Results, typed: str, ranking: str | None = None) -> Iterator[Block | None]:
    """What a dataset is, what there is to find in it, who finds it, and how the others miss it.

    With `ranking`, a score of the summary, all methods by that score follow instead of the best.
    """
    name = known(typed, run.summary["dataset"].unique(), f"dataset of {run.folder}")
    fits = run.fits[run.fits["dataset"] == name]
    card = Cards(run).dataset(name)
    yield Paragraph(card.text, f"{name}:")
    for lead, text in (
        ("System:", card.system or MISSING),
        ("Data:", card.data),
        *((f"{word.capitalize()}:", text) for word, text in card.told),
        ("Source:", card.source),
    ):
        if text:
            yield Paragraph(text, lead)
    if ranking:
        column = score(ranking)
        yield None
        yield Paragraph(column.meaning, f"{column.title}:")
        rows = run.summary[run.summary["dataset"] == name]
        ranked = _with_marks(rows, fits)
        yield _ranking(ranked, column)
        yield from legend(ranked[ranked["role"] == "method"])
        return
    yield None
    yield _targets(card)
    for sentence in card.hard:
        yield Paragraph(sentence)
    if card.methods.empty:
        return
    best = _with_marks(card.methods.head(TOP), fits)
    yield None
    yield Paragraph(
        f"{len(best)} of {plural(len(card.methods), 'method')}.", "Best methods on this dataset:"
    )
    yield _best(best, card.methods)
    yield from legend(best)
    yield None
    yield from _outcomes(card.extent, card.outcomes)


def _targets(card: DatasetCard) -> Table:
    """What there is to find, and how many methods find it."""
    rows = [
        [
            target.name,
            eigenvalue(target.value),
            numbers.plain(target.dimension),
            target.kind,
            f"{target.found_by} of {target.of}" if target.of else "not scored",
            columns.DIGITS.write(target.best_digits) if target.of else MISSING,
        ]
        for target in card.targets
    ]
    heads = [Column("target", right=False), Column(card.where.symbol), Column("multiplicity")]
    heads += [Column("kind", right=False), Column("found by"), Column("best digits", spare=True)]
    return Table(heads, rows)


def _best(best: pd.DataFrame, methods: pd.DataFrame) -> Table:
    tied = set(methods.loc[methods["place"].duplicated(keep=False), "place"])
    shown = [columns.DIGITS, columns.FOUND, columns.REACH, columns.SECONDS]
    if methods["gain_error"].notna().any():
        shown.insert(3, columns.GAIN)
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
    return rows.assign(
        pairs=rows["method"].map(share_of_data(fits)),
        inputs=rows["method"].map(given_inputs(fits)),
        fits=rows["ok"] + rows["failed"],
    )


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


def _outcomes(extent: str, outcomes: Mapping[str, int]) -> Iterator[Block]:
    """How many targets were found, how the others were missed, by class, counted."""
    if not outcomes:
        return
    yield Paragraph(extent, "Outcomes:")
    yield Table(
        [Column("count"), Column("outcome", right=False), Column("meaning", right=False)],
        [
            [f"{count:,}", outcome, MEANINGS[Outcome(outcome)]]
            for outcome, count in outcomes.items()
        ],
    )


def method(run: Results, typed: str) -> Iterator[Block | None]:
    """What a method is, its place on each board, and what became of each dataset's targets."""
    card = Cards(run).method(known(typed, run.roles, f"method of {run.folder}"))
    yield Paragraph(card.summary, f"{card.name}:")
    for lead, text in (
        ("Paper:", "; ".join(map(str, card.papers))),
        ("Library:", card.library),
        ("Options:", card.options),
        ("Fitted to:", card.fitted_to),
        ("Fits:", card.fits),
    ):
        if text:
            yield Paragraph(text, lead)
    yield None
    if card.not_ranked:
        yield Paragraph(card.not_ranked, "Not ranked:")
    else:
        yield _places(card)
    yield None
    yield _by_dataset(card.datasets)
    best = "Best:" if card.best and card.best.found else "Nearest miss:"
    cases = {best: card.best, "Worst:": card.worst}
    if any(cases.values()):
        yield None
        for lead, case in cases.items():
            if case:
                yield Paragraph(case.sentence, lead)
    yield None
    yield from _outcomes(card.extent, card.outcomes)
    yield from _failures(card)


def _places(card: MethodCard) -> Table:
    scores = [columns.DIGITS, columns.FOUND, columns.REACH, columns.YIELD]
    heads = [Column("board", right=False), Column("place"), Column("digits")]
    heads += [Column(column.title, spare=True) for column in scores[1:]]
    return Table(
        heads,
        [
            [
                one.board,
                one.text,
                *(column.write(one.scores[column.key]) if one.scores else "" for column in scores),
            ]
            for one in card.places
        ],
    )


def _by_dataset(rows: tuple[DatasetRow, ...]) -> Table:
    """Of each dataset: digits, how many targets were found at all seeds together, the misses."""
    heads = [Column("dataset", right=False), Column("digits"), Column("found")]
    return Table(
        [*heads, Column("missed", right=False)],
        [
            [
                row.dataset,
                columns.DIGITS.write(row.digits),
                f"{row.found} of {row.asked}",
                ", ".join(f"{count} {outcome}" for outcome, count in row.missed.items()),
            ]
            for row in rows
        ],
    )


def _failures(card: MethodCard) -> Iterator[Block | None]:
    """The commonest reasons of the fits without a result."""
    if not card.failures:
        return
    yield None
    lead = f"{plural(card.failed, 'fit')} without a result. Most frequent reasons:"
    yield Paragraph(lead, "Failures:")
    for one in card.failures:
        yield Paragraph(f"“{one.reason}”", f"{one.count} ×")
