"""The durable inbox of one writer: an accepted batch is on the disk before it is acknowledged.

One SQLite file per writer (WAL, synchronous FULL), so that writers share no lock. A batch is one
row: Arrow IPC, compressed, with its stamp. What was received stays known after the batch has moved
on, so the same message or content is never taken twice. SQLite files must lie on a local disk.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Receipt:
    """The answer to an accepted batch; `duplicate` when it had been received before."""

    writer: str
    inbox_id: int
    stamp: int
    rows: int
    duplicate: bool


@dataclass(frozen=True)
class Batch:
    """A batch that waits to be sealed."""

    inbox_id: int
    stamp: int
    rows: int
    body: bytes


class Inbox:
    """One writer's inbox, `<root>/inbox/<writer>.sqlite3`. `clock` gives µs since 1970 UTC."""

    def __init__(self, root: Path, writer: str, clock: Callable[[], int], floor: int = 0) -> None:
        if not _WRITER.fullmatch(writer):
            raise Problem("readings_writer_name", writer=writer)
        self.writer = writer
        self._clock = clock
        self._path = root / "inbox" / f"{writer}.sqlite3"
        self._held = threading.local()
        if not self._path.exists():
            self._create(floor)

    def _create(self, floor: int) -> None:
        """Stamps of a new writer start after `floor`, the watermark that was published.

        The file gets its name when it is complete: an inbox is there whole or not at all. Callers
        hold the lock under which watermarks are published.
        """
        make_folder(self._path.parent)
        new = self._path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with closing(sqlite3.connect(new)) as con:
            con.execute("PRAGMA journal_mode = WAL")
            con.executescript(_TABLES)
            con.execute("INSERT INTO clock VALUES (?)", (floor,))
            con.commit()
        fsync_path(new)
        new.rename(self._path)
        fsync_path(self._path.parent)

    def _open(self) -> sqlite3.Connection:
        """This thread's connection, kept open: closing the last one writes the whole log back."""
        held = getattr(self._held, "connection", None)
        if held is None or self._held.process != os.getpid():
            held = sqlite3.connect(self._path, timeout=60, isolation_level=None)
            held.execute("PRAGMA synchronous = FULL")
            self._held.connection, self._held.process = held, os.getpid()
        return held

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        con = self._open()
        con.execute("BEGIN IMMEDIATE")
        try:
            yield con
        except BaseException:
            con.execute("ROLLBACK")
            raise
        con.execute("COMMIT")

    def append(self, body: bytes, rows: int, digest: bytes, message_id: str | None) -> Receipt:
        """Take a batch in, or find the receipt it got the first time."""
        with self._transaction() as con:
            known = con.execute(
                "SELECT id, stamp, rows FROM received WHERE message_id = ? OR digest = ?"
                " ORDER BY id LIMIT 1",
                (message_id, digest),
            ).fetchone()
            if known:
                place, stamp, rows = known
                return Receipt(self.writer, place, stamp, rows, duplicate=True)
            stamp = self._tick(con, after=1)
            place = con.execute(
                "INSERT INTO received (stamp, message_id, digest, rows) VALUES (?, ?, ?, ?)",
                (stamp, message_id, digest, rows),
            ).lastrowid
            assert place is not None  # an INSERT into a table with an integer key sets it
            con.execute("INSERT INTO batch VALUES (?, ?)", (place, body))
            return Receipt(self.writer, place, stamp, rows, duplicate=False)

    def _tick(self, con: sqlite3.Connection, *, after: int = 0, floor: int = 0) -> int:
        """max(clock, last + after, floor), kept as the new last stamp."""
        (last,) = con.execute("SELECT last FROM clock").fetchone()
        stamp = max(self._clock(), last + after, floor)
        con.execute("UPDATE clock SET last = ?", (stamp,))
        return stamp

    def close_stamps(self, floor: int = 0) -> int:
        """A stamp ≥ floor that every later batch of this writer exceeds, however clocks move."""
        with self._transaction() as con:
            return self._tick(con, floor=floor)

    def pending(self, after: int, limit_rows: int) -> list[Batch]:
        """Batches beyond an id, the oldest first, of about so many rows."""
        taken, batches = 0, []
        rows = self._open().execute(
            "SELECT id, stamp, rows, body FROM batch JOIN received USING (id)"
            " WHERE id > ? ORDER BY id",
            (after,),
        )
        with closing(rows):
            for row in rows:
                batches.append(Batch(*row))
                taken += row[2]
                if taken >= limit_rows:
                    break
        return batches

    def forget(self, upto: int) -> None:
        """Delete the bodies that the lake holds; that they were received stays known."""
        with self._transaction() as con:
            con.execute("DELETE FROM batch WHERE id <= ?", (upto,))

    def backlog(self) -> int:
        """Rows that wait to be sealed."""
        query = "SELECT coalesce(sum(rows), 0) FROM batch JOIN received USING (id)"
        return int(self._open().execute(query).fetchone()[0])


def writers(root: Path) -> list[str]:
    """Names of the writers that have an inbox."""
    return sorted(p.name.removesuffix(".sqlite3") for p in (root / "inbox").glob("*.sqlite3"))
