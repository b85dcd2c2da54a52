"""The door by which meter readings enter, and readings as known at a time.

What a reading is stands in `tanma.domain.readings`. `append` is durable when it returns; `seal`
moves batches into the open Delta table `landing/` with the writer's marker in the same commit, so
that a kill at any moment loses nothing and doubles nothing.

Versions of a reading (channel, start) are ordered by the source's revision, then by when that
content was first received: a batch delivered again after a correction changes nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tanma.domain.messages import Problem
from tanma.domain.readings import READING
from tanma.lake import sql, tables
from tanma.lake.delta import NewFile, sole_writer
from tanma.lake.inbox import Batch, Inbox, Receipt, writers
from tanma.lake.known import Snapshot, Span, dirty, known
from tanma.lake.tables import LANDING, WATERMARK

SEAL_ROWS = 2_000_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_UTC = pa.timestamp("us")
_DAYS = pa.schema([("day", pa.date32()), ("from_utc", _UTC), ("to_utc", _UTC)])


@dataclass(frozen=True)
class Sealed:
    """What one seal did: rows moved, and the watermark after it."""

    rows: int
    watermark: int
    version: int


def now_us() -> int:
    """µs since 1970 UTC by the wall clock."""
    return time.time_ns() // 1_000


class Readings:
    """Readings under `<root>/inbox` and `<root>/landing`. Any process may append; one seals."""

    def __init__(self, root: Path, clock: Callable[[], int] = now_us) -> None:
        self._root = root
        self._clock = clock
        self._inboxes: dict[str, Inbox] = {}
        self._lock = root / "landing.lock"
        self._table = tables.landing(root)

    @property
    def watermark(self) -> int:
        """µs since 1970 UTC: every reading stamped at or before it can be read; 0 at first."""
        table = self._table.open()
        return 0 if table is None else table.transaction_version(WATERMARK) or 0

    @property
    def backlog(self) -> int:
        """Rows accepted and not yet sealed."""
        return sum(self._inbox(writer).backlog() for writer in writers(self._root))

    def append(self, readings: pa.Table, *, writer: str, message_id: str | None = None) -> Receipt:
        """Take readings in; durable on return. The same message or content again is no entry."""
        batch = _checked(readings)
        digest = hashlib.sha256()
        for column in batch.columns:
            digest.update(_content(column))
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, READING, options=options) as stream:
            stream.write_batch(batch)
        body = sink.getvalue().to_pybytes()
        return self._inbox(writer).append(body, batch.num_rows, digest.digest(), message_id)

    def _inbox(self, writer: str) -> Inbox:
        if writer not in self._inboxes:
            # A new writer must not stamp below a watermark that a seal publishes at this moment.
            with sole_writer(self._lock):
                return self._held_inbox(writer)
        return self._inboxes[writer]

    def _held_inbox(self, writer: str) -> Inbox:
        if writer not in self._inboxes:
            self._inboxes[writer] = Inbox(self._root, writer, self._clock, self.watermark)
        return self._inboxes[writer]

    def seal(self, limit_rows: int = SEAL_ROWS) -> Sealed:
        """Move what the inboxes hold into the landing table; raise the watermark.

        Batches leave an inbox only after their commit is flushed. Killed in between, the next seal
        finds the writer's marker in the table and only deletes.
        """
        with sole_writer(self._lock):
            table = self._table.create()
            before = table.transaction_version(WATERMARK) or 0
            inboxes = [self._held_inbox(name) for name in writers(self._root)]
            watermark = self._closed(inboxes, before)
            rows = sum(self._drain(inbox, before, limit_rows) for inbox in inboxes)
            if watermark > before:
                self._table.commit([], {WATERMARK: watermark})
            return Sealed(rows, watermark, self._table.create().version())

    def _closed(self, inboxes: list[Inbox], before: int) -> int:
        """The watermark that holds once these inboxes are drained.

        The second round lifts every writer to the highest stamp of the first, so that whatever was
        accepted before the seal can be read after it, even when the writers' clocks disagree.
        """
        if not inboxes:
            return max(before, self._clock())
        highest = max(before, *(inbox.close_stamps() for inbox in inboxes))
        return min(inbox.close_stamps(highest) for inbox in inboxes)

    def _drain(self, inbox: Inbox, watermark: int, limit_rows: int) -> int:
        """Seal one inbox in commits of about so many rows, leaving the watermark as it is."""
        rows = 0
        marker = self._table.create().transaction_version(_marker(inbox.writer)) or 0
        inbox.forget(marker)
        while batches := inbox.pending(marker, limit_rows):
            files = list(self._files(inbox.writer, batches))
            marker = batches[-1].inbox_id
            self._table.commit(files, {_marker(inbox.writer): marker, WATERMARK: watermark})
            inbox.forget(marker)
            rows += sum(batch.rows for batch in batches)
        return rows

    def _files(self, writer: str, batches: list[Batch]) -> Iterable[NewFile]:
        days: dict[str, list[Batch]] = {}
        for batch in batches:
            days.setdefault(_day_of(batch.stamp), []).append(batch)
        for day, of_day in days.items():
            rows = (_landed(writer, batch) for batch in of_day)
            file = self._table.write(rows, {"arrival_day": day})
            if file:
                yield file

    def known(
        self,
        con: duckdb.DuckDBPyConnection,
        channels: Sequence[int] | None,
        start_utc: dt.datetime,
        end_utc: dt.datetime,
        known_at: int,
        name: str = "readings",
        *,
        bucket: int | None = None,
        stamps: bool = True,
    ) -> None:
        """Create the view `name` (the columns of READING and the stamp): one row a reading.

        Times in it are UTC without a zone. Readings that start in [start_utc, end_utc) of some
        channels or of one bucket (None: all), as known at `known_at`, µs since 1970 UTC, without
        the withdrawn. Only files of that span and bucket are read; without `stamps` it is quicker.
        """
        span = Span(start_utc, end_utc, channels, bucket)
        known(con, Snapshot(self._root), span, known_at, name, stamps=stamps)

    def dirty(
        self, con: duckdb.DuckDBPyConnection, after_stamp: int, upto: int, name: str = "dirty"
    ) -> None:
        """Create the table `name`: channels and UTC days of readings stamped in (after, upto].

        Columns: channel, day_utc, first_utc, last_utc (starts), end_utc (latest), rows.
        """
        dirty(con, Snapshot(self._root), after_stamp, upto, name)

    def daily(
        self,
        con: duckdb.DuckDBPyConnection,
        channels: Sequence[int] | None,
        first_day: dt.date,
        end_day: dt.date,
        zone: str,
        known_at: int,
        name: str = "daily",
    ) -> None:
        """Create the view `name`: sums per channel and day of `zone`, from first to before end.

        Columns: channel, day, value (sum of counts), readings, crossing. A reading belongs to the
        day in which it starts; `crossing` counts those that end after that day's end.
        """
        bounds = _day_bounds(first_day, end_day, ZoneInfo(zone))
        con.register(f"{sql.checked_name(name)}_days", bounds)
        first, last = (
            moment.as_py().replace(tzinfo=dt.UTC)
            for moment in (bounds["from_utc"][0], bounds["to_utc"][-1])
        )
        self.known(con, channels, first, last, known_at, f"{name}_readings")
        con.execute(
            f"""CREATE OR REPLACE TEMP VIEW {name} AS
            SELECT channel, day, sum(value) AS value, count(*) AS readings,
                count(*) FILTER (end_utc > to_utc) AS crossing
            FROM {name}_readings ASOF JOIN {name}_days ON start_utc >= from_utc
            GROUP BY channel, day"""
        )


def _marker(writer: str) -> str:
    return f"landing.{writer}"


def _day_of(stamp: int) -> str:
    return (_EPOCH + dt.timedelta(microseconds=stamp)).date().isoformat()


def _day_bounds(first_day: dt.date, end_day: dt.date, zone: ZoneInfo) -> pa.Table:
    """Each local day with the instants at which it begins and ends: 23, 24 or 25 hours apart."""
    if first_day >= end_day:
        raise Problem("readings_no_day", first_day=first_day, end_day=end_day)
    days = [first_day + dt.timedelta(days=n) for n in range((end_day - first_day).days + 1)]
    edges = [
        dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC).replace(tzinfo=None)
        for day in days
    ]
    columns = {"day": days[:-1], "from_utc": edges[:-1], "to_utc": edges[1:]}
    return pa.table(columns, schema=_DAYS)


def _checked(readings: pa.Table) -> pa.RecordBatch:
    """One batch in the columns of READING; times without a zone are UTC."""
    missing = [n for n in READING.names if n not in (*readings.column_names, "revision")]
    if missing:
        raise Problem("readings_columns_missing", missing=", ".join(missing))
    if "revision" not in readings.column_names:
        readings = readings.append_column("revision", pa.nulls(len(readings), pa.int64()))
    table = readings.select(READING.names).cast(READING).combine_chunks()
    for name in ("channel", "start_utc", "end_utc"):
        if table[name].null_count:
            raise Problem("readings_value_missing", column=name, rows=table[name].null_count)
    backwards = pc.sum(pc.less(table["end_utc"], table["start_utc"])).as_py() or 0
    if backwards:
        raise Problem("readings_backwards", rows=backwards)
    if table.num_rows == 0:
        return pa.RecordBatch.from_pylist([], schema=READING)
    return table.to_batches()[0]


def _content(column: pa.Array) -> bytes:
    """Bytes that say what a column holds, whatever buffers it lies in."""
    integers = column.cast(pa.int64())
    return (
        pc.is_valid(integers).cast(pa.uint8()).to_numpy().tobytes()
        + pc.fill_null(integers, 0).to_numpy().tobytes()
    )


def _landed(writer: str, batch: Batch) -> pa.RecordBatch:
    """The rows of an inbox batch with where they came from."""
    rows = pa.ipc.open_stream(batch.body).read_all().combine_chunks()
    if "revision" not in rows.column_names:  # accepted by an earlier version of this program
        rows = rows.append_column("revision", pa.nulls(len(rows), pa.int64()))
    count = rows.num_rows
    columns = [rows[n].combine_chunks() for n in READING.names]
    columns += [
        pa.repeat(pa.scalar(batch.stamp, pa.int64()), count),
        pa.repeat(writer, count),
        pa.repeat(pa.scalar(batch.inbox_id, pa.int64()), count),
        pa.array(range(count), pa.int32()),
    ]
    return pa.RecordBatch.from_arrays(columns, names=LANDING.names[:-1])
