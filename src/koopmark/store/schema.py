"""The tables of a store: made, checked, and rescued from a damaged file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from koopmark._errors import ConfigError
from koopmark.store.seals import broken_fits, plan_is_broken, seal_plan
from koopmark.store.tables import PLANNED, TABLES

SCHEMA = 8
"""Raised when the tables change; a store of another version is left alone."""

_ELSEWHERE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
)
"""Errors that say nothing of the file's contents."""


class Damaged(Exception):
    """A store whose tables are not what was written."""


def is_damage(error: Exception) -> bool:
    """Whether an error comes from what is in the file, not from where it is.

    SQLite's messages quote damaged names, which may be no text at all.
    """
    return (
        not isinstance(error, sqlite3.Error)
        or getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _ELSEWHERE
    )


def connect(path: Path | str, **options: bool) -> sqlite3.Connection:
    """A connection without transactions of its own, which reads damaged text as it is."""
    db = sqlite3.connect(path, isolation_level=None, **options)
    # The file may be anyone's: its own views and triggers get no function with side effects.
    db.execute("PRAGMA trusted_schema = OFF")
    db.text_factory = lambda text: text.decode(errors="replace")
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # SQLite itself may have rolled back, on a full disk for one.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def version(db: sqlite3.Connection) -> int:
    """The schema of a store, 0 for a file without one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def refuse_others(db: sqlite3.Connection, path: Path) -> None:
    """Leave alone what a koopmark with other tables wrote.

    Raises
    ------
    ConfigError
    """
    found = version(db)
    if found not in (0, SCHEMA):
        raise ConfigError(
            f"{path}: its tables are of version {found} and this koopmark knows version {SCHEMA}: "
            f"use the koopmark that wrote it, choose another --out, or forget it with --fresh"
        )


def create(db: sqlite3.Connection) -> None:
    """Make the tables, inside a transaction of the caller's."""
    for name, columns in TABLES.items():
        typed = [f'"{column}" {kind}' for column, kind in columns.items()]
        typed += ["limits TEXT", "seal TEXT"] if name == "fits" else []
        db.execute(f"CREATE TABLE {name} ({', '.join(typed)})")
        unique = "UNIQUE" if name == "fits" else ""
        db.execute(f"CREATE {unique} INDEX {name}_fit ON {name} (fit_id)")
    planned = ", ".join(f"{column} {kind}" for column, kind in PLANNED.items())
    db.execute(f"CREATE TABLE plan (fit_id TEXT UNIQUE, place INTEGER, {planned})")
    db.execute("CREATE TABLE frames (name TEXT UNIQUE, frame BLOB)")
    db.execute("CREATE TABLE plan_seal (seal TEXT)")
    seal_plan(db)
    db.execute(f"PRAGMA user_version = {SCHEMA}")


def check(db: sqlite3.Connection) -> None:
    """Refuse a store of this schema whose pages, indices or tables do not hold together.

    Raises
    ------
    Damaged
    """
    (answer,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if answer != "ok":
        raise Damaged(" ".join(answer.split()))
    if version(db) == SCHEMA and _schema(db) != _wanted():
        raise Damaged("its tables are not those of koopmark")


def check_contents(db: sqlite3.Connection) -> None:
    """Refuse a store in which a number, a name or a row is not what was written.

    Raises
    ------
    Damaged
    """
    if plan_is_broken(db):
        raise Damaged("its plan is not what was written")
    broken = broken_fits(db)
    if broken:
        raise Damaged(f"{len(broken)} of its fits are not what was written")


def rescue(damaged: Path, db: sqlite3.Connection) -> int:
    """Copy the fits whose seals hold from a damaged file into a new store; how many there are."""
    with closing(connect(damaged)) as old, transaction(db):
        for table in (*TABLES, "frames"):
            columns = _columns(db, table)
            names = ", ".join(f'"{column}"' for column in columns)
            places = ", ".join("?" for _ in columns)
            # In both directions: a page in the middle that cannot be read ends each of them.
            rows: dict[int, tuple[object, ...]] = {}
            for order in ("ASC", "DESC"):
                with suppress(sqlite3.Error, UnicodeDecodeError):
                    query = f"SELECT rowid, {names} FROM {table} NOT INDEXED ORDER BY rowid {order}"
                    for rowid, *row in old.execute(query):
                        rows.setdefault(rowid, tuple(row))
            ordered = [row for _, row in sorted(rows.items())]
            db.executemany(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({places})", ordered)
        drop_fits(db, broken_fits(db))
    return int(db.execute("SELECT COUNT(*) FROM fits").fetchone()[0])


def drop_fits(db: sqlite3.Connection, fit_ids: set[str]) -> None:
    """Remove all rows of some fits."""
    for table in TABLES:
        db.executemany(f"DELETE FROM {table} WHERE fit_id IS ?", [(name,) for name in fit_ids])


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def _schema(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    return db.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
    ).fetchall()


def _wanted() -> list[tuple[str, ...]]:
    with closing(connect(":memory:")) as db:
        create(db)
        return _schema(db)
