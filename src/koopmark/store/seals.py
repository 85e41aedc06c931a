"""Seals: a digest of all the rows of a fit, by which damage is told from what was written."""

import hashlib
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from koopmark.store.tables import PLANNED, TABLES

PLAN = ("fit_id", "place", *PLANNED)
"""Columns of the plan."""


def seal_fit(db: sqlite3.Connection, fit_id: str) -> None:
    """Seal the rows of a fit as they are stored now."""
    (seal,) = dict(_seals(db, fit_id)).values()
    db.execute("UPDATE fits SET seal = ? WHERE fit_id = ?", (seal, fit_id))


def seal_plan(db: sqlite3.Connection) -> None:
    """Seal the plan as it is stored now."""
    db.execute("DELETE FROM plan_seal")
    db.execute("INSERT INTO plan_seal VALUES (?)", (_plan_seal(db),))


def name_of(frame: bytes) -> str:
    """What a frame is called, by which portraits share it: damage takes its name away."""
    return hashlib.sha256(frame).hexdigest()[:32]


def broken_fits(db: sqlite3.Connection) -> set[str]:
    """Fits whose rows are not those that were stored."""
    stored = dict(db.execute("SELECT fit_id, seal FROM fits"))
    broken = {fit_id for fit_id, seal in _seals(db) if stored.get(fit_id) != seal}
    return broken | set(_without_frame(db))


def plan_is_broken(db: sqlite3.Connection) -> bool:
    """Whether the plan is not the one that was stored."""
    return db.execute("SELECT seal FROM plan_seal").fetchall() != [(_plan_seal(db),)]


def _seals(db: sqlite3.Connection, fit_id: str | None = None) -> Iterator[tuple[str, str]]:
    """The seal of each fit of which there is any row, or of one."""
    digests: dict[str, Any] = {}
    for table in TABLES:
        hidden = ["limits"] if table == "fits" else []
        names = ", ".join(f'"{name}"' for name in [*TABLES[table], *hidden])
        where = "" if fit_id is None else "WHERE fit_id = :fit_id"
        rows = db.execute(
            f"SELECT fit_id, {names} FROM {table} {where} ORDER BY fit_id, rowid",
            {"fit_id": fit_id} if fit_id is not None else {},
        )
        for found, group in groupby(rows, key=lambda row: row[0]):
            digest = digests.setdefault(found, hashlib.sha256())
            digest.update(f"{table}{list(group)!r}".encode())
    for found, digest in digests.items():
        yield found, digest.hexdigest()


def _without_frame(db: sqlite3.Connection) -> Iterator[str]:
    """Fits with a portrait whose frame is not what was stored."""
    intact = {
        name
        for name, frame in db.execute("SELECT name, frame FROM frames")
        if isinstance(frame, bytes) and name_of(frame) == name
    }
    for fit_id, name in db.execute("SELECT fit_id, frame FROM portraits"):
        if name not in intact:
            yield fit_id


def _plan_seal(db: sqlite3.Connection) -> str:
    rows = db.execute(f"SELECT {', '.join(PLAN)} FROM plan ORDER BY rowid").fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()
