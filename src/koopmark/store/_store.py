"""The store of a run: an append-only file with a sealed line for each fit.

Each line is JSON, `["seal", record]`, the seal a digest of the record's bytes. A record is one of

- `{"schema": 1}`, the first;
- `{"plan": [...]}`: the names of the suite's fits in order; the last plan counts;
- `{"frame": "..."}`: points of portraits, which refer to it by the seal of this line;
- `{"fit": {...}, "limits": "...", "targets": {...}, ...}`: the row of a fit, and its rows of each
  other table column by column; of several lines for one fit the last one counts.

An incomplete last line was being written when a process was killed, and is ignored. A line with a
wrong seal is damaged.
"""

import errno
import hashlib
import json
import os
import platform
import shutil
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from shlex import quote
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from filelock import FileLock, Timeout

from koopmark._errors import ConfigError, one_line
from koopmark._files import PART, lock, replace, write_text
from koopmark.plan import Cell
from koopmark.store._portraits import eigenfunctions
from koopmark.store._tables import HELD_OUT, PLANNED, SHARED, TABLES, Row, Rows, sanitise

if TYPE_CHECKING:
    import pandas as pd

FILE, LOCK = "run.jsonl", "run.lock"

SCHEMA = 1
"""Version of the store's format; a store with another version is not read."""

PATIENCE = 1.0
"""Seconds in which a process that holds a store has written whose it is."""

LIMITED = ("timeout", "out_of_memory")
"""Statuses of fits that ended at a limit; these are repeated if the limits have changed."""


class Damaged(Exception):
    """A store file does not contain what was written to it."""


class Store:
    """The results in a run folder, as a context manager that one process at a time can write to.

    If the file is damaged, intact fits are kept, the damaged file is set aside, and `note` says so.

    Parameters
    ----------
    folder : str or Path
        The run folder, which is created if needed.
    fresh : bool
        Whether to discard stored results.

    Raises
    ------
    ConfigError
        If the folder cannot be written to, another process is writing to it, or it was written by a
        koopmark with other tables.
    """

    def __init__(self, folder: str | Path, fresh: bool = False) -> None:
        folder = Path(folder)
        self.path, self.note = folder / FILE, ""
        with _explained(self.path, "written to"):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder)
            try:
                if fresh:
                    self.path.unlink(missing_ok=True)
                self._contents = _Contents(self.path)
                if self._contents.damage:
                    self._rescue()
                self._file = self.path.open("ab", buffering=0)
                self._file.truncate(self._contents.size)
                if not self._contents.size:
                    self._append([_HEAD])
            except BaseException:
                self._lock.release()
                raise
        # What processes left that were killed while they wrote a file; only its writer may.
        for path in folder.glob(f"*{PART}"):
            path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._lock.release()

    def follow(self, cells: Sequence[Cell]) -> None:
        """Set the plan of the run: tables will have its fits, in its order and with its names."""
        plan = [
            # NaN, which JSON cannot say, is None.
            [cell.fit_id, cell.suite, cell.dataset, cell.label]
            + [value if value == value else None for value in astuple(cell.level)]
            for cell in cells
        ]
        if plan != self._contents.plan:
            self._append([_sealed({"plan": plan})])
            self._contents.plan = plan

    def unfinished(self, cells: Iterable[Cell]) -> list[Cell]:
        """The cells that have no result yet, or whose fit must be repeated.

        Failed fits count as done. Fits that ended at a limit are repeated if the limits have
        changed, and fits that found the disk full are always repeated.
        """
        left = []
        for cell in cells:
            end = self._contents.ends.get(cell.fit_id)
            limited = end is not None and end.status in LIMITED and end.limits != _limits(cell)
            if end is None or end.disk_was_full or limited:
                left.append(cell)
        return left

    def counts(self) -> Counter[str]:
        """Number of fits of the plan by status."""
        ends = self._contents.ends
        return Counter(ends[name].status for name, *_ in self._contents.plan if name in ends)

    def record(self, rows: Rows, cell: Cell) -> None:
        """Store the rows of a fit in all tables, completely or not at all."""
        frames = [_sealed({"frame": portrait["frame"]}) for portrait in rows.portraits]
        portraits = [
            {**portrait, "frame": _seal_of(frame)}
            for portrait, frame in zip(rows.portraits, frames, strict=True)
        ]
        _refuse_unknown("fits", [rows.fit])
        record = {
            # Without what is empty: None and NaN.
            "fit": {k: v for k, v in rows.fit.items() if v is not None and v == v},
            "limits": _limits(cell),
            "targets": _by_column("targets", rows.targets),
            "eigenpairs": _by_column("eigenpairs", rows.eigenpairs),
            "portraits": _by_column("portraits", portraits),
            **{name: _by_column(name, held) for name, held in rows.held_out.items() if held},
        }
        new = [frame for frame in frames if _seal_of(frame) not in self._contents.frames]
        self._append([*dict.fromkeys(new), _sealed(record)])
        self._contents.frames.update(map(_seal_of, new))
        self._contents.take_fit(record)

    def _append(self, lines: Collection[bytes]) -> None:
        """Write lines and wait for the disk; where that fails, none of them is there."""
        with _explained(self.path, "written to"):
            text = memoryview(b"".join(lines))
            try:
                while text:
                    text = text[self._file.write(text) :]
                os.fsync(self._file.fileno())
            except BaseException:
                self._file.truncate(self._contents.size)
                raise
        self._contents.size += sum(map(len, lines))

    def _rescue(self) -> None:
        """Put the intact lines in the place of a damaged store, of which a copy is kept."""
        taken = len(list(self.path.parent.glob("damaged-*.jsonl")))
        aside = self.path.with_name(f"damaged-{taken + 1}.jsonl")
        shutil.copy2(self.path, aside)
        damaged = self._contents
        replace(self.path, b"".join([_HEAD, *damaged.intact()]))
        self._contents = _Contents(self.path)
        self.note = (
            f"{self.path} was damaged ({damaged.damage}): {len(self._contents.ends)} fits in it "
            f"are intact and kept, the others are done again; the damaged file is now {aside.name}"
        )


def read(folder: str | Path, names: Iterable[str] = tuple(TABLES)) -> dict[str, "pd.DataFrame"]:
    """Read tables of a run folder, by default all of them (`TABLES`), in the order of the plan.

    Raises
    ------
    ConfigError
        If there is no store, it is damaged, or it was written by a koopmark with other tables.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        raise ConfigError(f"{folder}: not a run folder, it has no {FILE}")
    with _explained(path, "read"):
        contents = _Contents(path, keep=True)
        if contents.damage:
            raise Damaged(contents.damage)
        if not contents.size:
            raise ConfigError(f"{folder}: not a run folder yet, its {FILE} holds nothing")
        try:
            return {name: contents.table(name) for name in names}
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            # It may be anyone's, and any seal can be computed.
            raise Damaged(f"it has invalid contents: {one_line(error)}") from None


def write_tables(folder: str | Path) -> None:
    """Write fits.csv, targets.csv, eigenpairs.csv and eigenfunctions.csv, at full precision.

    If data were held out, also verdicts.csv, forecasts.csv, structures.csv and courses.csv.

    Files are written atomically. Errors are those of `read`.
    """
    tables = read(folder)
    tables["eigenfunctions"] = eigenfunctions(tables.pop("portraits"))
    for name, table in tables.items():
        if name in HELD_OUT and table.empty:
            continue
        write_text(Path(folder) / f"{name}.csv", table.to_csv(index=False))


class _End(NamedTuple):
    """How a fit ended, as far as it matters to whether it is done again."""

    status: str
    disk_was_full: bool
    limits: str


class _Contents:
    """What is in a store's file, with the rows of its fits if they are to be kept."""

    def __init__(self, path: Path, keep: bool = False) -> None:
        self.path = path
        self.size = 0
        """Of all whole lines, in bytes."""
        self.plan: list[list[Any]] = []
        self.ends: dict[str, _End] = {}
        self.frames: set[str] = set()
        self._records: dict[str, Row] | None = {} if keep else None
        self._texts: dict[str, str] = {}
        self._shown: dict[str, set[str]] = {}
        self._broken: set[int] = set()
        """Numbers of the lines that do not hold."""
        for number, (line, record) in enumerate(_lines(path)):
            if not number and record.get("schema", SCHEMA) != SCHEMA:
                raise ConfigError(
                    f"{path}: its tables are of version {record['schema']} and this koopmark knows "
                    f"version {SCHEMA}: use the koopmark that wrote it, choose another --out, or "
                    f"forget it with --fresh"
                )
            if not self._take(record, line):
                self._broken.add(number)
            self.size += len(line)
        lost = [name for name, shown in self._shown.items() if not shown <= self.frames]
        for name in lost:
            del self.ends[name]
        broken = len(self._broken) + len(lost)
        are = "is" if broken == 1 else "are"
        self.damage = f"{broken} of its lines {are} not what was written" if broken else ""

    def _take(self, record: Row, line: bytes) -> bool:
        """Whether a line holds."""
        try:
            if "fit" in record:
                self.take_fit(record)
            elif "plan" in record:
                self.plan = record["plan"]
            elif "frame" in record:
                self.frames.add(_seal_of(line))
                if self._records is not None:
                    self._texts[_seal_of(line)] = record["frame"]
            return not record.keys().isdisjoint(("schema", "plan", "frame", "fit"))
        except (AttributeError, KeyError, TypeError):
            return False

    def take_fit(self, record: Row) -> None:
        fit, shown = record["fit"], set(record["portraits"].get("frame", ()))
        name = fit["fit_id"]
        full = fit["status"] == "failed" and os.strerror(errno.ENOSPC) in str(fit.get("reason"))
        self.ends[name] = _End(intern(fit["status"]), full, intern(record["limits"]))
        if not shown <= self.frames:
            self._shown[name] = shown
        if self._records is not None:
            self._records[name] = record

    def intact(self) -> Iterator[bytes]:
        """The lines that hold, without the first."""
        for number, (line, record) in enumerate(_lines(self.path)):
            if number in self._broken or "schema" in record:
                continue
            if "fit" not in record or record["fit"]["fit_id"] in self.ends:
                yield line

    def table(self, name: str) -> "pd.DataFrame":
        """One of `TABLES`, of the fits of the plan."""
        import pandas as pd

        columns = TABLES[name]
        values: dict[str, list[Any]] = {column: [] for column in columns}
        assert self._records is not None
        for fit_id, *names in self.plan:
            if fit_id not in self._records:
                continue
            record = self._records[fit_id]
            fit = {**record["fit"], **dict(zip(PLANNED, names, strict=True))}
            rows = {column: [value] for column, value in fit.items()}
            count = 1
            if name != "fits":
                rows = record.get(name, {})
                count = len(next(iter(rows.values()), ()))
                rows = rows | {column: [fit.get(column)] * count for column in SHARED}
            for column, held in values.items():
                held += rows.get(column) or [None] * count
        if "frame" in values:
            values["frame"] = [self._texts[name] for name in values["frame"]]
        table = pd.DataFrame(values, columns=list(columns))
        for column in [name for name, kind in columns.items() if kind is str]:
            # A store may come from anywhere, and hold text that no file can.
            text = "".join(table[column].dropna().unique())
            if sanitise(text) != text:
                table[column] = table[column].map(sanitise, na_action="ignore")
        # Columns that may be empty, typed by what they are to hold.
        kinds = {float: "float64", int: "Int64"}
        return table.astype({name: kinds[kind] for name, kind in columns.items() if kind in kinds})


def _lines(path: Path) -> Iterator[tuple[bytes, Row]]:
    """The whole lines of a store with their records, empty where the seal does not hold."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if line.endswith(b"\n"):
                record, text = None, line[36:-2]
                if line == _with_seal(text):
                    with suppress(ValueError, RecursionError):
                        record = json.loads(text)
                yield line, record if isinstance(record, dict) else {}
            elif not number and not _HEAD.startswith(line):
                # What never was a store is not one that was only begun.
                yield line, {}


def _sealed(record: Any) -> bytes:
    return _with_seal(json.dumps(record, separators=(",", ":")).encode())


def _with_seal(text: bytes) -> bytes:
    return b'["%b",%b]\n' % (hashlib.sha256(text).hexdigest()[:32].encode(), text)


def _seal_of(line: bytes) -> str:
    return line[2:34].decode()


_HEAD = _sealed({"schema": SCHEMA})


def _by_column(table: str, rows: list[Row]) -> dict[str, list[Any]]:
    """Rows of a table without the columns that it shares with the fits, or that are empty."""
    _refuse_unknown(table, rows)
    names = [
        name for name in TABLES[table] if name not in SHARED and any(name in row for row in rows)
    ]
    return {name: [row.get(name) for row in rows] for name in names}


def _refuse_unknown(table: str, rows: list[Row]) -> None:
    for row in rows:
        if unknown := row.keys() - TABLES[table].keys():
            raise KeyError(f"table {table} has no column {', '.join(sorted(unknown))}")


def _limits(cell: Cell) -> str:
    return json.dumps(cell.limits.model_dump(), sort_keys=True)


def _locked(folder: Path) -> FileLock:
    """The right to write to a run folder, of one process on all machines that share it.

    Neither process numbers nor times play a part in it. The file says whose it is, for a reader.
    """
    path = folder / LOCK
    held = lock(path)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise ConfigError(
            f"{folder}: another run ({_holder(path)}) is writing to it: "
            f"wait for its end, or choose another --out"
        ) from None
    # A full disk is the store's to complain about.
    with suppress(OSError):
        path.write_text(f"process {os.getpid()} on {platform.node()}\n", encoding="utf-8")
    return held


def _holder(path: Path) -> str:
    """Whose a lock is. A process that has just taken it may not have written that yet."""
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        with suppress(OSError):
            if holder := path.read_text(encoding="utf-8").strip():
                return holder
        time.sleep(0.01)
    return "another process"


@contextmanager
def _explained(path: Path, doing: str) -> Iterator[None]:
    """What goes wrong with a store, in a sentence that says how to go on."""
    folder = path.parent
    try:
        yield
    except Damaged as error:
        raise ConfigError(
            f"{path}: damaged ({error}): run its suite again with --out {quote(str(folder))}, "
            f"which keeps intact results and repeats the rest"
        ) from None
    except OSError as error:
        kept = ": stored results are kept, and the same command resumes from there"
        raise ConfigError(
            f"{folder}: cannot be {doing} ({error.strerror}){kept if folder.is_dir() else ''}"
        ) from None
