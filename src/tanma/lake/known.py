"""Readings as known at a time: landing, tail and readings as one relation.

A snapshot opens the tables in the order in which rows move through them, so it meets each row at
least once; markers tell which copy counts, so it counts it once. Settled files hold keys of one
version and are read as they lie; only keys that are contested are put in order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.lake import sql, tables
from tanma.lake.delta import Stored, marker, stored
from tanma.lake.storage import Root, attach, settled_root
from tanma.lake.tables import BESIDE, CHANNELS_PER_BUCKET, SETTLED

_UTC = pa.timestamp("us")
VIEW = pa.schema(
    [
        ("channel", pa.int64()),
        ("start_utc", _UTC),
        ("end_utc", _UTC),
        ("value", pa.int64()),
        ("revision", pa.int64()),
        ("contested", pa.bool_()),
        ("stamp", pa.int64()),
    ]
)
"""`contested`: another value was received for the same channel and start."""
DIRTY = pa.schema(
    [
        ("channel", pa.int64()),
        ("day_utc", pa.date32()),
        ("first_utc", _UTC),
        ("last_utc", _UTC),
        ("end_utc", _UTC),
        ("rows", pa.int64()),
    ]
)
_CONTENT = "channel, start_utc, end_utc, value, revision"
_ROWS = f"{_CONTENT}, receipt, stamp, writer, batch, row"
_UNSETTLED_RECEIPT = 2**62
"""Rows that are not settled yet were received after all that are."""
# `timezone` would do the same, at twenty times the work
_NAIVE = (
    "channel, make_timestamp(epoch_us(start_utc)) AS start_utc,"
    " make_timestamp(epoch_us(end_utc)) AS end_utc,"
    " value, revision"
)


@dataclass(frozen=True)
class Span:
    """Which readings: of some channels or of one bucket (None: all), starting in [start, end)."""

    start_utc: dt.datetime
    end_utc: dt.datetime
    channels: Sequence[int] | None = None
    bucket: int | None = None

    def buckets(self) -> set[int] | None:
        if self.bucket is not None:
            return {self.bucket}
        if self.channels is not None:
            return {channel // CHANNELS_PER_BUCKET for channel in self.channels}
        return None

    def where(self, channels: str) -> str:
        """SQL condition; `channels` names the relation of channels asked for."""
        conditions = [
            f"start_utc >= {instant(self.start_utc)} AND start_utc < {instant(self.end_utc)}"
        ]
        if self.bucket is not None:
            low = self.bucket * CHANNELS_PER_BUCKET
            conditions.append(f"channel BETWEEN {low} AND {low + CHANNELS_PER_BUCKET - 1}")
        if self.channels is not None:
            # the bounds let row groups be passed over, which the list alone does not
            low, high = min(self.channels, default=0), max(self.channels, default=0)
            conditions.append(f"channel BETWEEN {low} AND {high}")
            if len(set(self.channels)) <= high - low:  # otherwise it is all between the bounds
                conditions.append(f"channel IN (SELECT channel FROM {channels})")
        return " AND ".join(conditions)

    def covers(self, file: Stored) -> bool:
        """Whether a file of tail or readings may hold such readings, by its partition."""
        buckets = self.buckets()
        if buckets is not None and file.partition["bucket"] not in buckets:
            return False
        first, last = self.start_utc.astimezone(dt.UTC), self.end_utc.astimezone(dt.UTC)
        if "day" in file.partition:
            return first.date() <= file.partition["day"] <= last.date()
        return f"{first:%Y-%m}" <= file.partition["month"] <= f"{last:%Y-%m}"

    def meets(self, file: Stored) -> bool:
        """Whether a file of landing may hold such channels, by its bounds."""
        buckets = self.buckets()
        low, high = file.least.get("channel"), file.most.get("channel")
        if buckets is None or low is None or high is None:
            return True
        return any(low // CHANNELS_PER_BUCKET <= b <= high // CHANNELS_PER_BUCKET for b in buckets)


@dataclass(frozen=True)
class Parts:
    """Files by how they are read; late ones by the receipt up to which they were moved."""

    settled: list[str] = field(default_factory=list)
    revised: list[str] = field(default_factory=list)
    late: dict[int, list[str]] = field(default_factory=dict)
    landing: list[str] = field(default_factory=list)


class Snapshot:
    """The tables at one moment; their files stay until a sweep of hours later."""

    def __init__(self, root: Root) -> None:
        """A bucket is what workers have: settled readings alone, known up to the last settle."""
        # The order matters: rows move from landing to tail to readings.
        self.root = settled_root(root)
        landing = tables.landing(root).open() if isinstance(root, Path) else None
        tail, readings, receipts = (
            table(root).open() for table in (tables.tail, tables.readings, tables.receipts)
        )
        self.settled_stamp = marker(tail, tables.TAIL_STAMP)
        self.watermark = marker(landing, tables.WATERMARK) if landing else self.settled_stamp
        moved = tables.Moved(readings)
        self.landing = [
            f
            for f in stored(landing)
            if f.most.get("stamp", _UNSETTLED_RECEIPT) > self.settled_stamp
        ]
        self.tail, self.readings = stored(tail), stored(readings)
        self._moved = {f.name: moved.of(f) for f in self.tail}
        self._receipts = stored(receipts)
        self.receipts = [f.uri for f in self._receipts]

    def leave_out(self, names: Collection[str]) -> Snapshot:
        """The same without some files of readings, damaged ones say."""
        for files in (self.landing, self.tail, self.readings):
            files[:] = [f for f in files if f.name not in names]
        return self

    def moved_receipt(self, file: Stored) -> int:
        """Rows of a tail file up to this receipt count where they lie in `readings`."""
        return self._moved[file.name]

    def lying_tail(self) -> list[Stored]:
        """Tail files that hold rows of their own."""
        return [f for f in self.tail if f.most["receipt"] > self.moved_receipt(f)]

    def receipt_at(self, con: duckdb.DuckDBPyConnection, stamp: int) -> int:
        """The last receipt stamped at or before a stamp.

        Numbers ascend with stamps, so only the file around the stamp has to be opened.
        """
        if stamp >= self.settled_stamp or not self.receipts:
            return _UNSETTLED_RECEIPT
        whole = [f.most["receipt"] for f in self._receipts if f.most["stamp"] <= stamp]
        around = [f.uri for f in self._receipts if f.least["stamp"] <= stamp < f.most["stamp"]]
        last = max(whole, default=0)
        if not around:
            return last
        query = f"SELECT max(receipt) FROM {sql.scan(around)} WHERE stamp <= {int(stamp)}"
        return max(last, con.execute(query).fetchall()[0][0] or 0)

    def parts(self, span: Span) -> Parts:
        """The files that may hold readings of a span."""
        parts = Parts(landing=[f.uri for f in self.landing if span.meets(f)])
        closed = set()
        for file in sorted(filter(span.covers, self.readings), key=_place):
            closed.add((file.partition["month"], file.partition["bucket"]))
            (parts.settled if file.kind == SETTLED else parts.revised).append(file.uri)
        for file in sorted(filter(span.covers, self.lying_tail()), key=_place):
            month = f"{file.partition['day']:%Y-%m}"
            if (month, file.partition["bucket"]) in closed or file.kind == BESIDE:
                parts.late.setdefault(self.moved_receipt(file), []).append(file.uri)
            else:
                (parts.settled if file.kind == SETTLED else parts.revised).append(file.uri)
        return parts


def _place(file: Stored) -> tuple[str, int]:
    """Files in order of month or day, then bucket: channels and times come in long runs."""
    return str(file.partition.get("day") or file.partition["month"]), file.partition["bucket"]


def instant(moment: dt.datetime) -> str:
    """A literal of DuckDB for a moment with a zone."""
    if moment.tzinfo is None:
        raise Problem("readings_naive_time", moment=moment.isoformat())
    return f"TIMESTAMPTZ '{moment.astimezone(dt.UTC).isoformat()}'"


def known(
    con: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    span: Span,
    known_at: int,
    name: str,
    *,
    stamps: bool = True,
) -> None:
    """Create the view `name` with the columns of VIEW; without `stamps` it has no stamp."""
    sql.checked_name(name)
    attach(con, snapshot.root)
    if known_at > snapshot.watermark:
        raise Problem("readings_known_too_late", known_at=known_at, watermark=snapshot.watermark)
    if span.channels is not None:
        channels = pa.array(span.channels, pa.int64())
        con.register(f"{name}_channels", pa.table({"channel": channels}))
    query = _known(con, snapshot, span, known_at, name)
    if query is None:
        columns = VIEW if stamps else pa.schema([f for f in VIEW if f.name != "stamp"])
        return sql.empty_view(con, name, columns)
    if stamps and snapshot.receipts:
        query = (
            f"SELECT k.* EXCLUDE (receipt, stamp), coalesce(k.stamp, r.stamp) AS stamp"
            f" FROM ({query}) k LEFT JOIN {sql.scan(snapshot.receipts)} r USING (receipt)"
        )
    else:
        query = f"SELECT * EXCLUDE (receipt{'' if stamps else ', stamp'}) FROM ({query})"
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")
    return None


def apart(
    con: duckdb.DuckDBPyConnection, snapshot: Snapshot, span: Span, known_at: int, name: str
) -> tuple[bool, bool]:
    """Views `<name>_lying` and `<name>_newest` (channel, at_us, value): the same readings in two.

    What lies has one version and comes as it lies in its files: per file in order of channel and
    start. The newest of contested keys are few. Says which of the two there are.
    """
    sql.checked_name(name)
    attach(con, snapshot.root)
    fresh, lying, contested = _sides(con, snapshot, span, known_at, name)
    if fresh:
        keys = f"SELECT DISTINCT channel, start_utc FROM ({fresh})"
        con.execute(f"CREATE OR REPLACE TEMP TABLE fresh_keys AS {keys}")
    columns = "channel, epoch_us(start_utc) AS at_us, value"
    sides = {"lying": lying, "newest": _newest(contested) if contested else None}
    for side, query in sides.items():
        if query:
            view = f"SELECT {columns} FROM ({query})"
            con.execute(f"CREATE OR REPLACE TEMP VIEW {name}_{side} AS {view}")
    return lying is not None, contested is not None


def _known(
    con: duckdb.DuckDBPyConnection, snapshot: Snapshot, span: Span, known_at: int, name: str
) -> str | None:
    """SQL of the readings with the receipt and, for unsettled ones, the stamp; None: no files."""
    fresh, lying, contested = _sides(con, snapshot, span, known_at, name)
    if lying:
        columns = f"{_NAIVE}, false AS contested, receipt, stamp"
        lying = f"SELECT {columns} FROM ({lying})"
    query = _together(lying, _newest(contested) if contested else None)
    if fresh is None:
        return query
    keys = f"SELECT DISTINCT channel, start_utc FROM ({fresh})"
    return f"WITH fresh_keys AS MATERIALIZED ({keys}) {query}"


def _sides(
    con: duckdb.DuckDBPyConnection, snapshot: Snapshot, span: Span, known_at: int, name: str
) -> tuple[str | None, str | None, str | None]:
    """SQL of fresh rows, of those that lie alone, and of the versions of contested keys.

    With fresh rows the other two speak of their keys as `fresh_keys`.
    """
    where = span.where(f"{name}_channels")
    receipt = snapshot.receipt_at(con, known_at)
    parts = snapshot.parts(span)
    settled = _settled(parts.settled, where, receipt)
    revised = _settled(parts.revised, where, receipt)
    fresh = _fresh(snapshot, parts, where, receipt, known_at)
    if fresh is None:
        return None, settled, revised
    keyed = "JOIN fresh_keys USING (channel, start_utc)"
    before = f"SELECT * FROM ({settled}) SEMI {keyed}" if settled else None
    lying = f"SELECT * FROM ({settled}) ANTI {keyed}" if settled else None
    return fresh, lying, _together(fresh, revised, before)


def _together(*queries: str | None) -> str | None:
    return " UNION ALL ".join(f"({q})" for q in queries if q) or None


def _settled(files: Sequence[str], where: str, upto: int) -> str | None:
    if not files:
        return None
    known = f" AND receipt <= {upto}" if upto < _UNSETTLED_RECEIPT else ""
    return f"SELECT {_settled_columns()} FROM {sql.scan(files)} WHERE {where}{known}"


def _settled_columns() -> str:
    return f"{_CONTENT}, receipt, NULL::BIGINT AS stamp, '' AS writer, 0::BIGINT AS batch, row"


def _fresh(snapshot: Snapshot, parts: Parts, where: str, receipt: int, known_at: int) -> str | None:
    """Rows that may supersede settled ones: late ones in the tail, and the landing."""
    late = [
        f"SELECT {_settled_columns()} FROM {sql.scan(files)}"
        f" WHERE {where} AND receipt > {moved} AND receipt <= {receipt}"
        for moved, files in sorted(parts.late.items())
    ]
    landing = (
        f"SELECT {_CONTENT}, {_UNSETTLED_RECEIPT}::BIGINT AS receipt, stamp, writer, batch, row"
        f" FROM {sql.scan(parts.landing, union_by_name=True)} WHERE {where}"
        f" AND stamp > {snapshot.settled_stamp} AND stamp <= {int(known_at)}"
    )
    return _together(*late, landing if parts.landing else None)


def _newest(rows: str) -> str:
    """SQL: of each (channel, start) the greatest (revision or 0, first receipt of the content).

    Most readings have one version and are read as they lie; only the others are ordered.
    """
    place = "struct_pack(n := receipt, s := coalesce(stamp, 0), w := writer, b := batch, r := row)"
    return f"""
        SELECT {_NAIVE}, contested, receipt, stamp FROM (
        WITH versions AS MATERIALIZED ({rows}),
        twice AS MATERIALIZED (
            SELECT channel, start_utc FROM versions GROUP BY ALL HAVING count(*) > 1
        ),
        first_received AS (
            SELECT {_CONTENT}, min({place}) AS received
            FROM versions SEMI JOIN twice USING (channel, start_utc) GROUP BY {_CONTENT}
        )
        SELECT {_CONTENT}, min(value) OVER key < max(value) OVER key AS contested,
            received.n AS receipt, nullif(received.s, 0) AS stamp
        FROM first_received
        WINDOW key AS (PARTITION BY channel, start_utc)
        QUALIFY row_number() OVER (
            PARTITION BY channel, start_utc ORDER BY coalesce(revision, 0) DESC, received DESC
        ) = 1
        UNION ALL
        SELECT {_CONTENT}, false AS contested, receipt, stamp
        FROM versions ANTI JOIN twice USING (channel, start_utc)
        ) WHERE value IS NOT NULL"""


def dirty(
    con: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    after_stamp: int,
    upto: int,
    name: str = "dirty",
) -> None:
    """Create the table `name` with the columns of DIRTY, from readings stamped in (after, upto].

    One row per channel and UTC day in which such readings start: the first and last start, the
    latest end, how many. Files are chosen by the stamps and receipts that they hold.
    """
    sql.checked_name(name)
    attach(con, snapshot.root)
    if upto > snapshot.watermark:
        raise Problem("readings_known_too_late", known_at=upto, watermark=snapshot.watermark)
    rows = _together(*_stamped(con, snapshot, after_stamp, upto))
    if rows is None:
        con.register(f"{name}_none", DIRTY.empty_table())
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {name}_none")
        return
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name} AS
        SELECT channel, start_utc::DATE AS day_utc, min(start_utc) AS first_utc,
            max(start_utc) AS last_utc, max(end_utc) AS end_utc, count(*) AS rows
        FROM (SELECT channel, timezone('UTC', start_utc) AS start_utc,
            timezone('UTC', end_utc) AS end_utc FROM ({rows})) GROUP BY ALL"""
    )


def _stamped(
    con: duckdb.DuckDBPyConnection, snapshot: Snapshot, after: int, upto: int
) -> Iterable[str | None]:
    """Queries of the rows stamped in (after, upto]."""
    columns = "channel, start_utc, end_utc"
    first, last = snapshot.receipt_at(con, after), snapshot.receipt_at(con, upto)
    for file in [*snapshot.lying_tail(), *snapshot.readings]:
        moved = snapshot.moved_receipt(file) if "day" in file.partition else 0
        low = max(first, moved)
        if file.most["receipt"] > low and file.least["receipt"] <= last:
            yield (
                f"SELECT {columns} FROM {sql.scan([file.uri])}"
                f" WHERE receipt > {low} AND receipt <= {last}"
            )
    low = max(after, snapshot.settled_stamp)
    landing = [f for f in snapshot.landing if f.least.get("stamp", 0) <= upto]
    if landing and upto > low:
        yield (
            f"SELECT {columns} FROM {sql.scan([f.uri for f in landing])}"
            f" WHERE stamp > {low} AND stamp <= {int(upto)}"
        )
