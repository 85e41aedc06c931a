"""The run's database: one writer, one transaction per fit, read back in the order of the plan."""

import json
import os
import platform
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import psutil

from koopmark._errors import ConfigError
from koopmark.suite.plan import Cell
from koopmark.suite.tables import PLANNED, TABLES, Row, Rows

if TYPE_CHECKING:
    import pandas as pd

FILE = "run.sqlite"

SCHEMA = 2
"""Raised when the tables change; a store of another schema is not read."""

LIMITED = ("timeout", "out_of_memory")
"""How a fit ends at a limit: it is done again where the limits have changed."""


class Store:
    """The database of one run folder. Use as a context manager; only one can write at a time.

    Parameters
    ----------
    folder : Path
        The run folder; made where it is not there.
    fresh : bool
        Forget what was stored.

    Raises
    ------
    ConfigError
        Where another process is writing to it, or another version of koopmark wrote it.
    """

    def __init__(self, folder: Path, fresh: bool = False) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = _connect(self.path)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"{folder}: cannot be written to ({error})") from None
        try:
            self._claim()
            if fresh:
                _drop_everything(self._db)
            _check_schema(self._db, self.path, create=True)
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._db:
            self._db.execute("DELETE FROM writer")
        self._db.close()

    def follow(self, cells: Sequence[Cell]) -> None:
        """Take on a plan: exports hold its fits and no others, under the names it gives them."""
        with _transaction(self._db):
            self._db.execute("DELETE FROM plan")
            self._db.executemany(
                f"INSERT INTO plan VALUES ({', '.join('?' * (2 + len(PLANNED)))})",
                [
                    (cell.fit_id, place, cell.suite, cell.dataset, cell.label, *astuple(cell.level))
                    for place, cell in enumerate(cells)
                ],
            )

    def unfinished(self, cells: Iterable[Cell]) -> list[Cell]:
        """The cells that have no result.

        However a fit ended, that is its result; but one that ended at a limit is to be done
        again where the limits have changed since.
        """
        rows = self._db.execute("SELECT fit_id, status, limits FROM fits")
        stored = {fit_id: (status, limits) for fit_id, status, limits in rows}
        return [cell for cell in cells if not _stands(stored.get(cell.fit_id), cell)]

    def record(self, rows: Rows, cell: Cell) -> None:
        """Store a fit, with its targets and eigenpairs: all of it, or nothing."""
        with _transaction(self._db):
            for table in TABLES:
                self._db.execute(f"DELETE FROM {table} WHERE fit_id = ?", (rows.fit_id,))
            self._insert("fits", [{**rows.fit, "limits": _limits(cell)}], ["limits"])
            self._insert("targets", rows.targets)
            self._insert("eigenpairs", rows.eigenpairs)

    def _insert(self, table: str, rows: list[Row], hidden: Sequence[str] = ()) -> None:
        columns = [*TABLES[table], *hidden]
        for row in rows:
            if unknown := row.keys() - set(columns):
                raise KeyError(f"table {table} has no column {', '.join(sorted(unknown))}")
        names = ", ".join(f'"{column}"' for column in columns)
        places = ", ".join("?" for _ in columns)
        self._db.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({places})",
            [[row.get(column) for column in columns] for row in rows],
        )

    def _claim(self) -> None:
        """Be the one that writes."""
        with _transaction(self._db):
            self._db.execute("CREATE TABLE IF NOT EXISTS writer (host, pid, started)")
            for host, pid, started in self._db.execute("SELECT * FROM writer"):
                if _is_alive(host, pid, started):
                    raise ConfigError(
                        f"{self.path}: another run (process {pid} on {host}) is writing to it: "
                        f"wait for its end, or choose another --out"
                    )
            self._db.execute("DELETE FROM writer")
            me = psutil.Process()
            self._db.execute(
                "INSERT INTO writer VALUES (?, ?, ?)", (platform.node(), me.pid, me.create_time())
            )


def read(folder: Path) -> dict[str, "pd.DataFrame"]:
    """The tables `fits`, `targets` and `eigenpairs` of a run folder, in the order of its plan.

    Raises
    ------
    ConfigError
        Where there is no store, or another version of koopmark wrote it.
    """
    import pandas as pd

    path = folder / FILE
    if not path.is_file():
        raise ConfigError(f"{folder}: not a run folder, it has no {FILE}")
    with closing(_existing(path)) as db:
        _check_schema(db, path)
        return {
            name: pd.read_sql_query(
                f"SELECT {_exported(columns)} FROM {name} AS t JOIN plan USING (fit_id) "
                f"ORDER BY plan.place, t.rowid",
                db,
            ).astype(dict(_dtypes(columns)))
            for name, columns in TABLES.items()
        }


def _exported(columns: dict[str, str]) -> str:
    """Names come from the plan: a method that was given another name is still the same fit."""
    return ", ".join(f'plan."{name}"' if name in PLANNED else f't."{name}"' for name in columns)


def _dtypes(columns: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Columns that may be empty, typed by what they hold and not by whether they are."""
    for name, kind in columns.items():
        if kind == "REAL":
            yield name, "float64"
        elif kind == "INTEGER":
            yield name, "Int64"


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    return db


def _existing(path: Path) -> sqlite3.Connection:
    """A connection that makes no file where there is none."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _check_schema(db: sqlite3.Connection, path: Path, create: bool = False) -> None:
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{path}: not a database of koopmark ({error})") from None
    if version == 0 and create:
        _create(db)
    elif version != SCHEMA:
        raise ConfigError(
            f"{path}: its tables are of version {version} and this koopmark has version {SCHEMA}: "
            f"run with --fresh, or choose another --out"
        )


def _create(db: sqlite3.Connection) -> None:
    with _transaction(db):
        for name, columns in TABLES.items():
            typed = [f'"{column}" {kind}' for column, kind in columns.items()]
            typed += ["limits TEXT"] if name == "fits" else []
            db.execute(f"CREATE TABLE {name} ({', '.join(typed)})")
            unique = "UNIQUE" if name == "fits" else ""
            db.execute(f"CREATE {unique} INDEX {name}_fit ON {name} (fit_id)")
        planned = ", ".join(f"{column} {kind}" for column, kind in PLANNED.items())
        db.execute(f"CREATE TABLE plan (fit_id TEXT UNIQUE, place INTEGER, {planned})")
        db.execute(f"PRAGMA user_version = {SCHEMA}")


def _drop_everything(db: sqlite3.Connection) -> None:
    with _transaction(db):
        for name in (*TABLES, "plan"):
            db.execute(f"DROP TABLE IF EXISTS {name}")
        db.execute("PRAGMA user_version = 0")


def _stands(stored: tuple[str, str] | None, cell: Cell) -> bool:
    if stored is None:
        return False
    status, limits = stored
    return status not in LIMITED or limits == _limits(cell)


def _limits(cell: Cell) -> str:
    return json.dumps(cell.limits.model_dump(), sort_keys=True)


def _is_alive(host: str, pid: int, started: float) -> bool:
    """Whether a writer still runs; one on another machine is taken to be dead with its lock."""
    if host != platform.node() or pid == os.getpid():
        return False
    try:
        return bool(abs(psutil.Process(pid).create_time() - started) < 1.0)
    except psutil.NoSuchProcess:
        return False


def counts(folder: Path) -> Counter[str]:
    """How many fits of the plan ended how."""
    with closing(_existing(folder / FILE)) as db:
        pairs: list[Any] = db.execute(
            "SELECT status, COUNT(*) FROM fits JOIN plan USING (fit_id) GROUP BY status"
        ).fetchall()
    return Counter(dict(pairs))
