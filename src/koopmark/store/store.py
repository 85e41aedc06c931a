"""The run's database: one writer, one transaction per fit, read back in the order of the plan."""

import errno
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from koopmark._errors import ConfigError
from koopmark.plan.cells import Cell
from koopmark.store import schema, text
from koopmark.store.lock import Lock
from koopmark.store.schema import Damaged, connect, transaction
from koopmark.store.seals import PLAN, name_of, seal_fit, seal_plan
from koopmark.store.tables import PLANNED, TABLES, Row, Rows

if TYPE_CHECKING:
    import pandas as pd

FILE = "run.sqlite"

LIMITED = ("timeout", "out_of_memory")
"""How a fit ends at a limit: it is done again where the limits have changed."""

SIDE_FILES = ("-wal", "-shm")
"""What SQLite keeps beside a database that is written to."""


class Store:
    """The database of one run folder. Use as a context manager; only one can write at a time.

    Of one that is damaged the fits that are intact are kept, and the file is set aside: `note` then
    says so.

    Parameters
    ----------
    folder : Path
        The run folder; made where it is not there.
    fresh : bool
        Forget what was stored.

    Raises
    ------
    ConfigError
        Where it cannot be written to, another process is writing to it, or a koopmark with
        other tables wrote it.
    """

    def __init__(self, folder: Path, fresh: bool = False) -> None:
        self.path = folder / FILE
        self.note = ""
        with _told(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(folder)
            try:
                if fresh:
                    _remove(self.path)
                self._db, self.note = _opened(self.path)
            except BaseException:
                self._lock.release()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
        self._lock.release()

    def follow(self, cells: Sequence[Cell]) -> None:
        """Take on a plan: exports hold its fits and no others, under the names it gives them."""
        with _told(self.path), transaction(self._db):
            self._db.execute("DELETE FROM plan")
            self._db.executemany(
                f"INSERT INTO plan ({', '.join(PLAN)}) VALUES ({', '.join('?' for _ in PLAN)})",
                [
                    (cell.fit_id, place, cell.suite, cell.dataset, cell.label, *astuple(cell.level))
                    for place, cell in enumerate(cells)
                ],
            )
            seal_plan(self._db)

    def unfinished(self, cells: Iterable[Cell]) -> list[Cell]:
        """The cells that have no result.

        However a fit ended, that is its result; but one that ended at a limit is to be done
        again where the limits have changed since, and one that found the disk full in any case.
        """
        with _told(self.path):
            rows = self._db.execute("SELECT fit_id, status, reason, limits FROM fits").fetchall()
        stored = {fit_id: result for fit_id, *result in rows}
        return [cell for cell in cells if not _stands(stored.get(cell.fit_id), cell)]

    def counts(self) -> Counter[str]:
        """How many fits of the plan ended how."""
        with _told(self.path):
            return _counts(self._db)

    def record(self, rows: Rows, cell: Cell) -> None:
        """Store a fit, with its rows of all tables: all of it, or nothing."""
        with _told(self.path), transaction(self._db):
            for table in TABLES:
                self._db.execute(f"DELETE FROM {table} WHERE fit_id = ?", (rows.fit_id,))
            self._insert("fits", [{**rows.fit, "limits": _limits(cell)}], ["limits"])
            self._insert("targets", rows.targets)
            self._insert("eigenpairs", rows.eigenpairs)
            self._insert("portraits", [self._with_frame(row) for row in rows.portraits])
            seal_fit(self._db, rows.fit_id)

    def _with_frame(self, portrait: Row) -> Row:
        """A portrait that names its frame, which is stored once for all that have the same."""
        name = name_of(portrait["frame"])
        self._db.execute("INSERT OR REPLACE INTO frames VALUES (?, ?)", (name, portrait["frame"]))
        return {**portrait, "frame": name}

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


def read(folder: Path, names: Iterable[str] = tuple(TABLES)) -> dict[str, "pd.DataFrame"]:
    """Tables of a run folder, by default all (`TABLES`), in the order of its plan.

    Raises
    ------
    ConfigError
        Where there is no store, it is damaged, or a koopmark with other tables wrote it.
    """
    import pandas as pd

    with _reading(folder) as db:
        tables = {}
        for name in names:
            columns = TABLES[name]
            rows = db.execute(
                f"SELECT {_exported(columns)} FROM {name} AS t JOIN plan USING (fit_id) "
                f"ORDER BY plan.place, t.rowid"
            ).fetchall()
            table = pd.DataFrame(rows, columns=list(columns))
            try:
                tables[name] = table.astype(dict(_dtypes(columns))).assign(**_texts(table, columns))
            except (TypeError, ValueError, OverflowError) as error:
                # SQLite stores anything anywhere.
                raise Damaged(
                    f"the table {name} holds what does not belong there: {error}"
                ) from None
        if "portraits" in tables:
            frames = dict(db.execute("SELECT name, frame FROM frames").fetchall())
            tables["portraits"]["frame"] = tables["portraits"]["frame"].map(frames)
        return tables


def counts(folder: Path) -> Counter[str]:
    """How many fits of the plan ended how.

    Raises
    ------
    ConfigError
        As `read` does.
    """
    with _reading(folder) as db:
        return _counts(db)


def _counts(db: sqlite3.Connection) -> Counter[str]:
    pairs: list[Any] = db.execute(
        "SELECT status, COUNT(*) FROM fits JOIN plan USING (fit_id) GROUP BY status"
    ).fetchall()
    return Counter(dict(pairs))


@contextmanager
def _reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """The store of a run folder at one moment, intact; the file is left as it is."""
    path = folder / FILE
    if not path.is_file():
        raise ConfigError(f"{folder}: not a run folder, it has no {FILE}")
    with _told(path), closing(connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as db:
        schema.refuse_others(db, path)
        schema.check(db)
        if schema.version(db) == 0:
            raise ConfigError(f"{folder}: not a run folder yet, its {FILE} holds nothing")
        db.execute("BEGIN")
        schema.check_contents(db)
        yield db


def _opened(path: Path) -> tuple[sqlite3.Connection, str]:
    """A store to write to, and what had to be done for it."""
    try:
        db = _connected(path)
        try:
            schema.check_contents(db)
        except BaseException:
            db.close()
            raise
        return db, ""
    except (Damaged, sqlite3.Error, UnicodeDecodeError) as error:
        if not schema.is_damage(error):
            raise
        aside, kept = _rescued(path)
        return _connected(path), (
            f"{path} was damaged ({error}): {kept} fits in it are intact and kept, the others are "
            f"done again; the damaged file is now {aside.name}"
        )


def _connected(path: Path) -> sqlite3.Connection:
    db = connect(path)
    try:
        schema.refuse_others(db, path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        schema.check(db)
        if schema.version(db) == 0:
            with transaction(db):
                schema.create(db)
    except BaseException:
        db.close()
        raise
    return db


def _rescued(path: Path) -> tuple[Path, int]:
    """Put a store with the intact fits in the place of a damaged one, of which a copy is kept."""
    taken = len(list(path.parent.glob("damaged-*.sqlite")))
    aside = path.with_name(f"damaged-{taken + 1}.sqlite")
    for end in ("", *SIDE_FILES):
        if (beside := Path(f"{path}{end}")).exists():
            shutil.copy2(beside, f"{aside}{end}")
    new = path.with_name("rescued.sqlite")
    _remove(new)
    with closing(connect(new)) as db:
        with transaction(db):
            schema.create(db)
        kept = schema.rescue(aside, db)
    for end in SIDE_FILES:
        Path(f"{path}{end}").unlink(missing_ok=True)
    os.replace(new, path)
    return aside, kept


def _remove(path: Path) -> None:
    for end in (*SIDE_FILES, ""):
        Path(f"{path}{end}").unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What goes wrong with a store, in a sentence that says how to go on."""
    folder = path.parent
    try:
        yield
    except (Damaged, sqlite3.Error, UnicodeDecodeError) as error:
        if schema.is_damage(error):
            raise ConfigError(_damaged(path, error)) from None
        raise ConfigError(
            f"{folder}: cannot be written to ({error}): what is stored is kept, and the same "
            f"command goes on from there"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be written to ({error.strerror}): what is stored is kept, and the "
            f"same command goes on from there"
        ) from None


def _damaged(path: Path, error: Exception) -> str:
    out = quote(str(path.parent))
    return (
        f"{path}: damaged ({error}): run its suite again with --out {out}, which keeps what is "
        f"intact and does the rest anew"
    )


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


def _texts(table: "pd.DataFrame", columns: dict[str, str]) -> dict[str, "pd.Series[Any]"]:
    """Columns of text that hold what is fit for no file: a store may come from anywhere."""
    names = [name for name, kind in columns.items() if kind == "TEXT"]
    return {
        name: table[name].map(text.fit, na_action="ignore")
        for name in names
        if not text.is_fit("".join(table[name].dropna().unique()))
    }


def _stands(stored: list[str] | None, cell: Cell) -> bool:
    if stored is None:
        return False
    status, reason, limits = stored
    if status == "failed" and os.strerror(errno.ENOSPC) in (reason or ""):
        return False
    return status not in LIMITED or limits == _limits(cell)


def _limits(cell: Cell) -> str:
    return json.dumps(cell.limits.model_dump(), sort_keys=True)
