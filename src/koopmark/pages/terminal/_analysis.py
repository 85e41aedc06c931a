"""An analysis on one screen: what the data support, what methods agree on, forecasts."""

from collections.abc import Iterator

import pandas as pd

from koopmark.analysis.numbers import MISSING, eigenvalue, interval, plural, share
from koopmark.analysis.recording import CONSTANT, Analysis, without_intervals
from koopmark.analysis.tables import read_provenance, unfinished
from koopmark.pages.terminal._layout import Block, Column, Paragraph, Sheet, Table

TOP = 10
"""Eigenvalues that are shown; the page has all."""


def sheet(analysis: Analysis, brief: bool) -> Sheet:
    """The summary of an analysis, and how to do the fits that it lacks, if any."""
    provenance = read_provenance(analysis.folder)
    left = unfinished(analysis.folder, len(analysis.tables["fits"]), provenance)
    blocks: list[Block | None] = []
    if not brief:
        blocks.append(Paragraph(_extent(analysis), f"{provenance.get('title', 'An analysis')}:"))
    return Sheet([*blocks, *_blocks(analysis), *([Paragraph(left)] if left else [])])


def _extent(analysis: Analysis) -> str:
    methods = analysis.methods
    done = int((methods["status"] == "ok").sum())
    pairs = plural(len(analysis.pairs), "eigenpair")
    return f"{done} of {plural(len(methods), 'method')} fitted, {pairs} recovered."


def _blocks(analysis: Analysis) -> Iterator[Block | None]:
    yield from (Paragraph(sentence) for sentence in analysis.sentences)
    if missing := without_intervals(analysis.tables):
        yield Paragraph(missing)
    clusters = analysis.clusters[analysis.clusters["name"] != CONSTANT]
    if not clusters.empty:
        yield None
        yield _table(clusters.head(TOP))
        if len(clusters) > TOP:
            more = f"{len(clusters) - TOP:,} more eigenvalue{'s' * (len(clusters) > TOP + 1)}"
            yield Paragraph(f"{more}: see {analysis.folder / 'clusters.csv'}")


def _table(clusters: pd.DataFrame) -> Table:
    twin = "share_true" in clusters and bool(clusters["share_true"].notna().any())
    rows = [
        [
            one["name"],
            eigenvalue(one["eigenvalue_re"], one["eigenvalue_im"], conjugates=True),
            interval(one["low_re"], one["high_re"]),
            interval(one["low_im"], one["high_im"]) if one["eigenvalue_im"] else MISSING,
            f"{one['methods']} of {one['of']}",
            str(one["supported"]),
            *([share(one["share_true"], one["share_low"], one["share_high"])] if twin else []),
            one["product"],
        ]
        for one in clusters.to_dict("records")
    ]
    columns = [
        Column("name", right=False),
        Column("eigenvalue", right=False),
        Column("90 % interval Re", spare=True),
        Column("90 % interval Im", spare=True),
        Column("methods"),
        Column("supported in"),
        *([Column("true on the twin")] if twin else []),
        Column("sum of", right=False, spare=True),
    ]
    return Table(columns, rows)
