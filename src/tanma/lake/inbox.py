"""The durable inbox of one writer: an accepted batch is on the disk before it is acknowledged.

One SQLite file per writer (WAL, synchronous FULL), so that writers share no lock. A batch is one
row: Arrow IPC, compressed, with its stamp, and the bytes it was received as. What was received
stays known after the batch has moved on, so the same message or content is never taken twice.
SQLite keeps no checksums, so each batch has one. SQLite files must lie on a local disk.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.lake.delta import fsync_path, make_folder

_WRITER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
# AUTOINCREMENT: ids are never used again, since the lake's marker is the last one it took.
_TABLES = """
    CREATE TABLE IF NOT EXISTS received (
        id INTEGER PRIMARY KEY AUTOINCREMENT, stamp INTEGER NOT NULL, message_id TEXT UNIQUE,
        digest BLOB NOT NULL UNIQUE, rows INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS batch (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS clock (last INTEGER NOT NULL);
"""
_SECOND = """
    ALTER TABLE received ADD COLUMN source TEXT NOT NULL DEFAULT '';
    ALTER TABLE received ADD COLUMN body_digest BLOB NOT NULL DEFAULT x'';
    ALTER TABLE received ADD COLUMN note BLOB NOT NULL DEFAULT x'';
    ALTER TABLE batch ADD COLUMN raw BLOB;
    ALTER TABLE batch ADD COLUMN form TEXT NOT NULL DEFAULT '';
    ALTER TABLE batch ADD COLUMN crc INTEGER;
    PRAGMA user_version = 2;
"""
_THIRD = """
    ALTER TABLE batch ADD COLUMN signature TEXT NOT NULL DEFAULT '';
    PRAGMA user_version = 3;
"""
HEARD_SUMS = """SELECT source, max(stamp), count(*), sum(rows) FROM received
    WHERE source <> '' GROUP BY source"""
"""Who was heard, by receipts alone."""
# Who was heard, kept in the commit of the batches: receipts are too many to be added up for a page.
_FOURTH = f"""
    CREATE TABLE heard (
        source TEXT PRIMARY KEY, last INTEGER NOT NULL, batches INTEGER NOT NULL,
        rows INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO heard {HEARD_SUMS};
    PRAGMA user_version = 4;
"""
_LATER = {2: _SECOND, 3: _THIRD, 4: _FOURTH}
"""What each version of the file has more than the one before."""
_LOG_PAGES = 8192
"""Pages of the log before it is written back: 64 MiB, so that sealed batches rarely are."""
_PAGE_BYTES = 8192
_UNPACKED = pa.ipc.IpcReadOptions(use_threads=False)
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_RECEIPT = "id, stamp, rows, body_digest, note"
_Found = tuple[int, int, int, bytes, bytes]
_HEARD = """INSERT INTO heard VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET
    last = max(last, excluded.last), batches = batches + excluded.batches,
    rows = rows + excluded.rows"""


@dataclass(frozen=True)
class Entry:
    """A batch ready to be taken in; `digest` of its content, `body_digest` of what was sent."""

    body: bytes
    rows: int
    digest: bytes
    message_id: str | None = None
    source: str = ""
    raw: bytes | None = None
    """The bytes received, zstd; None where they are kept elsewhere."""
    form: str = ""
    body_digest: bytes = b""
    note: bytes = b""
    signature: str = ""
    """By which the sender can be held to `raw`, as the adapter writes it; most have none."""

    @property
    def crc(self) -> int:
        return _crc(self.body, self.raw, self.signature)


@dataclass(frozen=True)
class Receipt:
    """The answer to an accepted batch; `duplicate` when it had been received before."""

    writer: str
    inbox_id: int
    stamp: int
    rows: int
    duplicate: bool
    body_digest: bytes = b""
    note: bytes = b""
    same_message: bool = False
    """A duplicate by its message id, not by its content alone."""


@dataclass(frozen=True)
class Batch:
    """A batch that waits to be sealed."""

    inbox_id: int
    stamp: int
    rows: int
    source: str
    body_digest: bytes
    body: bytes
    raw: bytes | None
    form: str
    signature: str = ""

    @property
    def readings(self) -> pa.Table:
        """What was accepted, in the columns of READING."""
        rows = pa.ipc.open_stream(self.body, options=_UNPACKED).read_all()
        if "revision" not in rows.column_names:  # accepted by an earlier version of this program
            rows = rows.append_column("revision", pa.nulls(len(rows), pa.int64()))
        return rows


class Inbox:
    """One writer's inbox, `<root>/inbox/<writer>.sqlite3`. `clock` gives µs since 1970 UTC.

    `durable=False` leaves the flush out: for measurements of what it costs, never for readings.
    """

    def __init__(
        self,
        root: Path,
        writer: str,
        clock: Callable[[], int],
        floor: int = 0,
        last_id: int = 0,
        *,
        durable: bool = True,
    ) -> None:
        if not _WRITER.fullmatch(writer):
            raise Problem("readings_writer_name", writer=writer)
        self.writer = writer
        self._clock = clock
        self._durable = durable
        self._path = root / "inbox" / f"{writer}.sqlite3"
        self._aside = aside_note(root, writer)
        self._held = threading.local()
        if not self._path.exists():
            self._refuse_aside()
            with disk_told(writer):
                self._create(floor, last_id)

    def _create(self, floor: int, last_id: int) -> None:
        """Stamps of a new writer start after `floor`, the watermark that was published.

        Its ids start after `last_id`, the last that the lake took from a writer of this name.

        The file gets its name when it is complete: an inbox is there whole or not at all. Callers
        hold the lock under which watermarks are published.
        """
        make_folder(self._path.parent)
        new = self._path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with closing(sqlite3.connect(new)) as con:
            con.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            con.execute("PRAGMA journal_mode = WAL")
            con.executescript(_TABLES + "".join(_LATER.values()))
            con.execute("INSERT INTO clock VALUES (?)", (floor,))
            con.execute("INSERT INTO sqlite_sequence VALUES ('received', ?)", (last_id,))
            con.commit()
        fsync_path(new)
        new.rename(self._path)
        fsync_path(self._path.parent)

    def _open(self) -> sqlite3.Connection:
        """This thread's connection, kept open: closing the last one writes the whole log back."""
        held = getattr(self._held, "connection", None)
        if held is None or self._held.process != os.getpid():
            held = sqlite3.connect(self._path, timeout=60, isolation_level=None)
            held.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'OFF'}")
            held.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
            held.execute("PRAGMA secure_delete = OFF")
            _widen(held)
            self._held.connection, self._held.process = held, os.getpid()
        return held

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with disk_told(self.writer):
            con = self._open()
            con.execute("BEGIN IMMEDIATE")
            try:
                yield con
                con.execute("COMMIT")
            except BaseException:
                if con.in_transaction:
                    con.execute("ROLLBACK")
                raise

    def _refuse_aside(self) -> None:
        if self._aside.exists():
            raise Problem("readings_writer_aside", writer=self.writer, note=self._aside)

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Take batches in with one flush, or find the receipts they got the first time."""
        with self._transaction() as con:
            self._refuse_aside()
            before = last = con.execute("SELECT last FROM clock").fetchone()[0]
            receipts = []
            heard: dict[str, tuple[int, int, int]] = {}
            for entry in entries:
                receipt = self._known(con, entry)
                if receipt is None:
                    last = max(self._clock(), last + 1)
                    receipt = self._insert(con, entry, last)
                    _, batches, rows = heard.get(entry.source, (0, 0, 0))
                    heard[entry.source] = (last, batches + 1, rows + entry.rows)
                receipts.append(receipt)
            if last > before:
                con.execute("UPDATE clock SET last = ?", (last,))
                con.executemany(_HEARD, [(s, *told) for s, told in heard.items() if s])
            return receipts

    def _known(self, con: sqlite3.Connection, entry: Entry) -> Receipt | None:
        if found := _of_message(con, entry.message_id):
            return self._receipt(found, same_message=True)
        query = f"SELECT {_RECEIPT} FROM received WHERE digest = ?"
        found = con.execute(query, (entry.digest,)).fetchone()
        return self._receipt(found, same_message=False) if found else None

    def find(self, message_id: str) -> Receipt | None:
        """The receipt of a message, when this writer took it."""
        with disk_told(self.writer):
            found = _of_message(self._open(), message_id)
        return self._receipt(found, same_message=True) if found else None

    def digest_of(self, inbox_id: int) -> bytes | None:
        """The digest of a batch's content, while that it was received is known."""
        query = "SELECT digest FROM received WHERE id = ?"
        found = self._open().execute(query, (inbox_id,)).fetchone()
        return bytes(found[0]) if found else None

    def received(self, low: int, high: int) -> list[tuple[int, int, int]]:
        """(stamp, id, rows) of what is known to have been received with stamps in [low, high]."""
        query = "SELECT stamp, id, rows FROM received WHERE stamp BETWEEN ? AND ? ORDER BY id"
        return self._open().execute(query, (low, high)).fetchall()

    def _receipt(self, found: _Found, *, same_message: bool) -> Receipt:
        place, stamp, rows, body_digest, note = found
        return Receipt(self.writer, place, stamp, rows, True, body_digest, note, same_message)

    def _insert(self, con: sqlite3.Connection, entry: Entry, stamp: int) -> Receipt:
        place = con.execute(
            "INSERT INTO received (stamp, message_id, digest, rows, source, body_digest, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (stamp, entry.message_id, entry.digest, entry.rows, entry.source, entry.body_digest,
             entry.note),
        ).lastrowid  # fmt: skip
        assert place is not None  # an INSERT into a table with an integer key sets it
        con.execute(
            "INSERT INTO batch (id, body, raw, form, signature, crc) VALUES (?, ?, ?, ?, ?, ?)",
            (place, entry.body, entry.raw, entry.form, entry.signature, entry.crc),
        )
        digest, note = entry.body_digest, entry.note
        return Receipt(self.writer, place, stamp, entry.rows, False, digest, note)

    def close_stamps(self, floor: int = 0) -> int:
        """A stamp ≥ floor that every later batch of this writer exceeds, however clocks move."""
        with self._transaction() as con:
            (last,) = con.execute("SELECT last FROM clock").fetchone()
            stamp: int = max(self._clock(), last, floor)
            con.execute("UPDATE clock SET last = ?", (stamp,))
            return stamp

    def pending(self, after: int, limit_rows: int, limit_bytes: int = 2**27) -> list[Batch]:
        """Batches beyond an id, the oldest first, of about so many rows or bytes."""
        taken, size, batches = 0, 0, []
        with closing(self._waiting("id > ? ORDER BY id", after)) as rows:
            for row in rows:
                batches.append(self._checked(row))
                taken += row[2]
                size += len(row[5]) + len(row[6] or b"")
                if taken >= limit_rows or size >= limit_bytes:
                    break
        return batches

    def _waiting(self, where: str, value: int) -> sqlite3.Cursor:
        return self._open().execute(
            "SELECT id, stamp, rows, source, body_digest, body, raw, form, signature, crc"
            f" FROM batch JOIN received USING (id) WHERE {where}",
            (value,),
        )

    def _checked(self, row: tuple[Any, ...]) -> Batch:
        *values, crc = row
        batch = Batch(*values)
        if crc is not None and crc != _crc(batch.body, batch.raw, batch.signature):
            raise Problem("readings_batch_damaged", writer=self.writer, batch=batch.inbox_id)
        return batch

    def salvage(self, after: int) -> tuple[list[Batch], list[int]]:
        """Batches beyond an id that can still be read, and the ids of those that cannot.

        Call after the writer was set aside: whoever appends meanwhile has either committed before
        or finds it set aside.
        """
        whole, lost = [], []
        with suppressed_damage(), suppressed_damage(), self._transaction():
            pass  # an append that is under way ends before this
        for place in self._ids(after):
            try:
                found = self._waiting("id = ?", place).fetchone()
                whole.append(self._checked(found))
            except (sqlite3.DatabaseError, Problem, TypeError):
                lost.append(place)
        return whole, lost

    def _ids(self, after: int) -> list[int]:
        """Ids beyond one, as far as either table can tell."""
        ids: set[int] = set()
        for table in ("batch", "received"):
            query = f"SELECT id FROM {table} WHERE id > ? ORDER BY id"
            with suppressed_damage(), closing(self._open().execute(query, (after,))) as rows:
                ids.update(place for (place,) in rows)
        return sorted(ids)

    def forget(self, upto: int) -> None:
        """Delete the bodies that the lake holds; that they were received stays known."""
        with self._transaction() as con:
            con.execute("DELETE FROM batch WHERE id <= ?", (upto,))

    def forget_receipts(self, before: int) -> int:
        """Forget that batches stamped before were received; those that wait to be sealed stay."""
        with self._transaction() as con:
            gone = con.execute(
                "DELETE FROM received WHERE stamp < ? AND id NOT IN (SELECT id FROM batch)",
                (before,),
            )
            return gone.rowcount

    def take_again(self) -> None:
        """Take what was received once more when it comes; that it was heard stays known."""
        with self._transaction() as con:
            con.execute(
                """UPDATE received SET digest = randomblob(32),
                   message_id = 'once' || id || char(31) || message_id
                   WHERE id NOT IN (SELECT id FROM batch)"""
            )

    def backlog(self) -> int:
        """Rows that wait to be sealed."""
        query = "SELECT coalesce(sum(rows), 0) FROM batch JOIN received USING (id)"
        return int(self._open().execute(query).fetchone()[0])

    def set_aside(self, reason: str) -> Path:
        """No more is appended; the note says why. The file stays for whoever repairs it."""
        self._aside.write_text(reason, encoding="utf-8")
        fsync_path(self._aside)
        fsync_path(self._aside.parent)
        return self._aside

    def retire(self) -> Path:
        """Give the damaged file another name, so that sealing passes it by."""
        kept = self._path.with_suffix(f".damaged-{time.time_ns() // 1000}")
        for suffix in ("", "-wal", "-shm"):
            path = Path(f"{self._path}{suffix}")
            if path.exists():
                path.rename(f"{kept}{suffix}")
        fsync_path(kept.parent)
        return kept


def _of_message(con: sqlite3.Connection, message_id: str | None) -> _Found | None:
    if message_id is None:
        return None
    found: _Found | None = con.execute(
        f"SELECT {_RECEIPT} FROM received WHERE message_id = ?", (message_id,)
    ).fetchone()
    return found


def _widen(con: sqlite3.Connection) -> None:
    """Add the columns that came later to an inbox of an earlier version of this program."""
    newest = max(_LATER)
    if _version(con) < newest:
        con.execute("BEGIN IMMEDIATE")
        for version in range(_version(con) + 1, newest + 1):
            for statement in filter(None, map(str.strip, _LATER.get(version, "").split(";"))):
                con.execute(statement)
        con.execute("COMMIT")


def _version(con: sqlite3.Connection) -> int:
    return int(con.execute("PRAGMA user_version").fetchone()[0])


def _crc(body: bytes, raw: bytes | None, signature: str) -> int:
    return zlib.crc32(signature.encode(), zlib.crc32(raw or b"", zlib.crc32(body)))


def is_damage(error: BaseException) -> bool:
    """Whether an inbox cannot be read: a malformed file, or a batch that fails its checksum."""
    if isinstance(error, Problem):
        return error.code in {"readings_batch_damaged", "readings_inbox_damaged"}
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by Python: a text whose bytes are none any more
        return "decode to UTF-8" in str(error)
    return code & 255 in _DAMAGED


@contextmanager
def suppressed_damage() -> Iterator[None]:
    """Go on after reading as far as a damaged file can be read."""
    try:
        yield
    except (sqlite3.DatabaseError, Problem) as error:
        if not is_damage(error):
            raise


@contextmanager
def disk_told(writer: str) -> Iterator[None]:
    """What the disk refuses, as a Problem: nothing was taken."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        code = "readings_inbox_damaged" if is_damage(error) else "readings_not_durable"
        raise Problem(code, writer=writer, reason=str(error)) from error


def aside_note(root: Path, writer: str) -> Path:
    """Where it stands why a writer was set aside."""
    return root / "inbox" / f"{writer}.aside"


def writers(root: Path) -> list[str]:
    """Names of the writers that have an inbox."""
    return sorted(p.name.removesuffix(".sqlite3") for p in (root / "inbox").glob("*.sqlite3"))


class Claim:
    """The first writer name `<prefix>-<n>` that no living process holds and none set aside."""

    def __init__(self, root: Path, prefix: str) -> None:
        with disk_told(prefix):
            make_folder(root / "inbox")
        for number in itertools.count(1):
            self.writer = f"{prefix}-{number}"
            if not aside_note(root, self.writer).exists() and self._taken(root):
                return

    def _taken(self, root: Path) -> bool:
        with disk_told(self.writer):
            self._handle = (root / "inbox" / f"{self.writer}.claim").open("a")
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._handle.close()
            return False
        return True

    def release(self) -> None:
        """Let another process have the name; the operating system does when this one dies."""
        self._handle.close()
