"""Taking readings in and sealing them: acknowledged is durable, durable is stored exactly once.

`take` commits many batches with one flush; `seal` moves what the inboxes hold into `landing/` and
the bodies into `raw/`, with the writer's marker in the same commit as the rows, so that a kill at
any moment loses nothing and doubles nothing. Convention: docs/design/lake.md §3.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanma.domain.messages import Problem
from tanma.domain.readings import READING
from tanma.lake import raw, tables
from tanma.lake.delta import EPOCH, NewFile, Table, sole_writer
from tanma.lake.inbox import (
    Batch,
    Entry,
    Inbox,
    Receipt,
    aside_note,
    disk_told,
    is_damage,
    suppressed_damage,
    writers,
)
from tanma.lake.tables import LANDING, WATERMARK

SEAL_ROWS = 2_000_000
_LISTING_S = 5.0
"""Writers that appear are noticed within so many seconds."""
# It waits for seconds only: quick to pack matters more than small. To hand columns of a thousand
# rows to other threads takes more time than to pack them.
_PACKED = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Sealed:
    """What one seal did: rows moved, the watermark after it, and writers it had to set aside."""

    rows: int
    watermark: int
    version: int
    aside: tuple[str, ...] = ()


def now_us() -> int:
    """µs since 1970 UTC by the wall clock."""
    return time.time_ns() // 1_000


def entry(
    readings: pa.Table,
    *,
    body: bytes | None = None,
    form: str = "",
    source: str = "",
    message_id: str | None = None,
    note: bytes = b"",
    signature: str = "",
) -> Entry:
    """Readings ready to be taken in. `body` is kept as received; messages belong to a source."""
    batch = _checked(readings)
    digest = hashlib.sha256(source.encode())
    for column in batch.columns:
        for part in _content(column):
            digest.update(part)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, READING, options=_PACKED) as stream:
        stream.write_batch(batch)
    return Entry(
        sink.getvalue().to_pybytes(),
        batch.num_rows,
        digest.digest(),
        message_name(source, message_id),
        source,
        None if body is None else raw.compress(body),
        form,
        b"" if body is None else hashlib.sha256(body).digest(),
        note,
        signature,
    )


def message_name(source: str, message_id: str | None) -> str | None:
    """The name under which a message is remembered: ids of one source never meet another's."""
    return f"{source}\x1f{message_id}" if source and message_id is not None else message_id


class Landing:
    """Inboxes under `<root>/inbox`, the tables `landing/` and `raw/`. Any process takes, one seals.

    `durable=False` leaves the flush out: for measurements of what it costs, never for readings.
    """

    def __init__(
        self, root: Path, clock: Callable[[], int] = now_us, *, durable: bool = True
    ) -> None:
        self.root = root
        self._clock = clock
        self._durable = durable
        self._inboxes: dict[str, Inbox] = {}
        self._listed: tuple[float, list[str]] = (-_LISTING_S, [])
        self._lock = root / "landing.lock"
        self.table = tables.landing(root)
        self.raw = raw.table(root)

    @property
    def watermark(self) -> int:
        """µs since 1970 UTC: every reading stamped at or before it can be read; 0 at first."""
        table = self.table.open()
        return 0 if table is None else table.transaction_version(WATERMARK) or 0

    @property
    def backlog(self) -> int:
        """Rows accepted and not yet sealed."""
        return sum(self.inbox(writer).backlog() for writer in self._sound())

    def _sound(self) -> list[str]:
        return [w for w in writers(self.root) if not aside_note(self.root, w).exists()]

    def take(self, entries: Sequence[Entry], *, writer: str) -> list[Receipt]:
        """Take batches in with one flush, durable on return; known ones get their first receipt."""
        receipts: dict[int, Receipt] = {}
        for place, one in enumerate(entries):
            if found := self._elsewhere(one, writer):
                receipts[place] = found
        new = [e for place, e in enumerate(entries) if place not in receipts]
        taken = iter(self.inbox(writer).append(new) if new else ())
        return [receipts[p] if p in receipts else next(taken) for p in range(len(entries))]

    def _elsewhere(self, one: Entry, writer: str) -> Receipt | None:
        """The receipt of a message of a gateway that another process took.

        An inbox that cannot be read is its writer's and the sealer's affair, and no reason to
        refuse: its content is no new reading when it comes twice.
        """
        if not one.source or one.message_id is None:
            return None
        for other in self._writers():
            if other != writer:
                with suppressed_damage():
                    if found := self.inbox(other).find(one.message_id):
                        return found
        return None

    def _writers(self) -> list[str]:
        listed_s, names = self._listed
        if time.monotonic() - listed_s >= _LISTING_S:
            names = self._sound()
            self._listed = (time.monotonic(), names)
        return names

    def inbox(self, writer: str) -> Inbox:
        """The inbox of a writer, made where it is missing."""
        if writer in self._inboxes:
            return self._inboxes[writer]
        with disk_told(writer):
            if (self.root / "inbox" / f"{writer}.sqlite3").exists():
                return self._held_inbox(writer)
            # A new writer must not stamp below a watermark that a seal publishes at this moment.
            with sole_writer(self._lock):
                return self._held_inbox(writer)

    def _held_inbox(self, writer: str) -> Inbox:
        if writer not in self._inboxes:
            table = self.table.open()
            floor, last_id = (
                (0 if table is None else table.transaction_version(marker) or 0)
                for marker in (WATERMARK, _marker(writer))
            )
            self._inboxes[writer] = Inbox(
                self.root, writer, self._clock, floor, last_id, durable=self._durable
            )
        return self._inboxes[writer]

    def seal(self, limit_rows: int = SEAL_ROWS) -> Sealed:
        """Move what the inboxes hold into the tables; raise the watermark.

        Batches leave an inbox only after their commits are flushed. Killed in between, the next
        seal finds the writer's marker in the table and only deletes. An inbox that is damaged is
        set aside, what can be read of it is sealed, and the others go on.
        """
        with sole_writer(self._lock):
            table = self.table.create()
            self.raw.create()
            before = table.transaction_version(WATERMARK) or 0
            aside = [self._salvage(w, before) for w in self._noted()]
            inboxes, damaged = self._opened(before)
            aside += damaged
            watermark = self._closed(inboxes, before)
            rows = 0
            for inbox in inboxes:
                moved = self._guarded(inbox, before, lambda i: self._drain(i, before, limit_rows))
                if isinstance(moved, str):
                    aside.append(moved)
                else:
                    rows += moved
            if watermark > before:
                self.table.commit([], {WATERMARK: watermark})
            return Sealed(rows, watermark, self.table.create().version(), tuple(aside))

    def _noted(self) -> list[str]:
        """Writers that were set aside by whoever appends, and are not yet salvaged."""
        return [w for w in writers(self.root) if aside_note(self.root, w).exists()]

    def _opened(self, before: int) -> tuple[list[Inbox], list[str]]:
        """Every inbox that can be read, and what became of the others."""
        sound: list[Inbox] = []
        damaged: list[str] = []
        for writer in self._sound():
            inbox = self._held_inbox(writer)
            state = self._guarded(inbox, before, Inbox.close_stamps)
            if isinstance(state, str):
                damaged.append(state)
            else:
                sound.append(inbox)
        return sound, damaged

    def _guarded(self, inbox: Inbox, before: int, work: Callable[[Inbox], _T]) -> _T | str:
        """The answer of some work on an inbox, or the note of its being set aside."""
        try:
            return work(inbox)
        except (sqlite3.DatabaseError, Problem) as error:
            if not is_damage(error):
                raise
            inbox.set_aside(str(error))
            return self._salvage(inbox.writer, before, inbox)

    def _salvage(self, writer: str, watermark: int, inbox: Inbox | None = None) -> str:
        """Seal what can be read of a damaged inbox, keep the file, and say what was lost."""
        note = aside_note(self.root, writer)
        reason = note.read_text(encoding="utf-8")
        inbox = inbox or self._held_inbox(writer)
        whole, lost = inbox.salvage(self._marker_of(writer))
        self._move(inbox.writer, whole, watermark)
        kept = inbox.retire()
        self._inboxes.pop(writer, None)
        problem = Problem(
            "readings_set_aside", writer=writer, reason=reason, whole=len(whole),
            lost=", ".join(map(str, lost)) or "–", kept=kept.name,
        )  # fmt: skip
        inbox.set_aside(f"{problem.text('zh')}\n{problem.text('en')}\n")
        return problem.text("en")

    def _closed(self, inboxes: list[Inbox], before: int) -> int:
        """The watermark that holds once these inboxes are drained.

        The second round lifts every writer to the highest stamp of the first, so that whatever was
        accepted before the seal can be read after it, even when the writers' clocks disagree.
        """
        if not inboxes:
            return max(before, self._clock())
        highest = max(before, *(inbox.close_stamps() for inbox in inboxes))
        return min(inbox.close_stamps(highest) for inbox in inboxes)

    def _marker_of(self, writer: str) -> int:
        return self.table.create().transaction_version(_marker(writer)) or 0

    def _drain(self, inbox: Inbox, watermark: int, limit_rows: int) -> int:
        """Seal one inbox in commits of about so many rows, leaving the watermark as it is."""
        rows = 0
        marker = self._marker_of(inbox.writer)
        inbox.forget(marker)
        while batches := inbox.pending(marker, limit_rows):
            self._move(inbox.writer, batches, watermark)
            marker = batches[-1].inbox_id
            inbox.forget(marker)
            rows += sum(batch.rows for batch in batches)
        return rows

    def _move(self, writer: str, batches: list[Batch], watermark: int) -> None:
        """Bodies first: a batch in `landing` has its body in `raw`, never the other way round."""
        if not batches:
            return
        name, last = f"raw.{writer}", batches[-1].inbox_id
        held = self.raw.create().transaction_version(name) or 0
        new = [b for b in batches if b.inbox_id > held and b.raw is not None]
        if new:
            self.raw.commit(list(_body_files(self.raw, writer, new)), {name: last})
        files = list(_files(self.table, writer, batches))
        self.table.commit(files, {_marker(writer): last, WATERMARK: watermark})


def _marker(writer: str) -> str:
    return f"landing.{writer}"


def _by_day(batches: Iterable[Batch]) -> Iterator[tuple[str, list[Batch]]]:
    days: dict[str, list[Batch]] = {}
    for batch in batches:
        day = (EPOCH + dt.timedelta(microseconds=batch.stamp)).date().isoformat()
        days.setdefault(day, []).append(batch)
    yield from days.items()


def _files(table: Table, writer: str, batches: list[Batch]) -> Iterator[NewFile]:
    for day, of_day in _by_day(batches):
        rows = landed(writer, [(b.stamp, b.inbox_id, b.readings) for b in of_day])
        if file := table.write([rows], {"arrival_day": day}):
            yield file


def _body_files(table: Table, writer: str, batches: list[Batch]) -> Iterator[NewFile]:
    for day, of_day in _by_day(batches):
        if file := table.write([raw.sheet(writer, of_day)], {"arrival_day": day}, raw.BODIES):
            yield file


def landed(writer: str, batches: Sequence[tuple[int, int, pa.Table]]) -> pa.RecordBatch:
    """Readings of batches (stamp, id, readings) with where they came from."""
    parts = [readings for _, _, readings in batches]
    rows = pa.concat_tables(parts).combine_chunks()
    counts = np.array([part.num_rows for part in parts])
    row = np.arange(rows.num_rows) - np.repeat(np.cumsum(counts) - counts, counts)
    columns = [rows[n].combine_chunks() for n in READING.names]
    columns += [
        pa.array(np.repeat([stamp for stamp, _, _ in batches], counts), pa.int64()),
        pa.repeat(writer, rows.num_rows),
        pa.array(np.repeat([inbox_id for _, inbox_id, _ in batches], counts), pa.int64()),
        pa.array(row, pa.int32()),
    ]
    return pa.RecordBatch.from_arrays(columns, names=LANDING.names[:-1])


def _checked(readings: pa.Table) -> pa.RecordBatch:
    """One batch in the columns of READING; times without a zone are UTC."""
    missing = [n for n in READING.names if n not in (*readings.column_names, "revision")]
    if missing:
        raise Problem("readings_columns_missing", missing=", ".join(missing))
    if "revision" not in readings.column_names:
        readings = readings.append_column("revision", pa.nulls(len(readings), pa.int64()))
    table = readings
    if not readings.schema.equals(READING):
        table = readings.select(READING.names).cast(READING)
    table = table.combine_chunks()
    for name in ("channel", "start_utc", "end_utc"):
        if table[name].null_count:
            raise Problem("readings_value_missing", column=name, rows=table[name].null_count)
    backwards = pc.sum(pc.less(table["end_utc"], table["start_utc"])).as_py() or 0
    if backwards:
        raise Problem("readings_backwards", rows=backwards)
    if table.num_rows == 0:
        return pa.RecordBatch.from_pylist([], schema=READING)
    return table.to_batches()[0]


def _content(column: pa.Array) -> tuple[Any, Any]:
    """Bytes that say what a column holds, whatever buffers it lies in."""
    integers = column if pa.types.is_int64(column.type) else column.view(pa.int64())
    if not column.null_count:
        return b"\1" * len(column), integers.to_numpy()
    if column.null_count == len(column):  # revisions, mostly
        return bytes(len(column)), bytes(8 * len(column))
    valid = pc.is_valid(integers).cast(pa.uint8()).to_numpy()
    return valid, pc.fill_null(integers, 0).to_numpy()
