"""Tables derived from readings: `validated`, `activity_day`, `restatements`.

The engine writes them; anybody reads them. Each has one writer at a time and carries what it is
true to as markers in the commit that adds its rows. Deleting all of them loses nothing.
Convention: docs/design/readings.md §3 and §4, docs/design/lake.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tanma.domain.messages import Problem
from tanma.lake import sql
from tanma.lake.delta import NewFile, Stored, Table, marker, sole_writer, stored
from tanma.lake.storage import Root, attach, lock_path, settled_root

INSTANT = pa.timestamp("us", "UTC")
INTERVAL = pa.schema(
    [
        ("channel", pa.int64()),
        ("start_utc", INSTANT),
        ("end_utc", INSTANT),
        ("count", pa.int64()),
        ("flags", pa.int32()),
    ]
)
"""One row per (channel, interval): a count at the channel's scale, null where it is unknown."""

VALIDATED = pa.schema([*INTERVAL, ("month", pa.string()), ("bucket", pa.int32())])
"""`month` is the UTC month in which the interval starts, `2026-09`."""

DAY = pa.schema(
    [
        ("channel", pa.int64()),
        ("day", pa.date32()),
        ("item", pa.string()),
        ("count", pa.int64()),
        ("milli", pa.int64()),
        ("n", pa.int32()),
        ("expected", pa.int32()),
        ("flagged", pa.int32()),
        ("flags", pa.int32()),
        ("substituted_milli", pa.int64()),
        ("spread_milli", pa.int64()),
        ("covered_s", pa.int32()),
        ("last_utc", INSTANT),
        ("last_value", pa.int64()),
        ("minimum", pa.int64()),
        ("maximum", pa.int64()),
        ("mean_milli", pa.int64()),
        ("derived", pa.int64()),
    ]
)
"""One row per (channel, local day) and derivation; `flags` are the bits set in the day, together;
`covered_s`: how many of its seconds the readings speak of; `derived` is the stamp up to which the
readings behind it were known."""

ACTIVITY_DAY = pa.schema([*DAY, ("month", pa.string())])

RESTATEMENT = pa.schema(
    [
        ("channel", pa.int64()),
        ("day", pa.date32()),
        ("before_milli", pa.int64()),
        ("after_milli", pa.int64()),
        ("flags_before", pa.int32()),
        ("flags_after", pa.int32()),
        ("cause", pa.string()),
        ("stamp", pa.int64()),
    ]
)
"""`cause`: late · correction · event · parameter. Before is null where the day had no row."""

RESTATEMENTS = pa.schema([*RESTATEMENT, ("month", pa.string())])

FRESH, BASE = "fresh", "base"
Rows: TypeAlias = pa.Table | pa.RecordBatchReader | Iterable[pa.RecordBatch]
_BATCH_ROWS = 122_880


@dataclass(frozen=True)
class Part:
    """A partition of `validated`, written and not yet published; small enough to send about."""

    month: str
    bucket: int
    files: tuple[NewFile, ...]
    true_to: int


class Validated:
    """Intervals with flags under `<root>/validated`, a copy kept for speed.

    Workers `write` partitions anywhere; one process `publish`es them.
    """

    def __init__(self, root: Root) -> None:
        self._lock = lock_path(root, "validated.lock")
        self.table = Table(
            settled_root(root) / "validated",
            VALIDATED,
            delta_encoded=("channel", "start_utc", "end_utc", "count"),
            partition_by=("month", "bucket"),
        )

    def write(self, month: str, bucket: int, rows: Rows, true_to: int) -> Part:
        """Write a partition's rows, durable and not yet visible. Sort by channel and start."""
        place = {"month": _checked_month(month), "bucket": str(bucket)}
        file = self.table.write(_cast(rows, INTERVAL), place, kind=BASE)
        return Part(month, bucket, (file,) if file else (), true_to)

    def publish(self, parts: Iterable[Part]) -> int:
        """Replace these partitions by what was written, in one commit; how many were replaced.

        A part that is true to an earlier stamp than the partition there is left out: two engines
        that work on one bucket cannot set it back.
        """
        with sole_writer(self._lock):
            table = self.table.create()
            newest = {(p.month, p.bucket): p for p in parts}
            current = {
                key: part
                for key, part in newest.items()
                if part.true_to >= marker(table, _mark(*key))
            }
            drop = [f for f in stored(table) if _place(f) in current]
            files = [f for p in current.values() for f in p.files]
            marks = {_mark(p.month, p.bucket): p.true_to for p in current.values()}
            if marks:
                self.table.commit(files, marks, drop=drop)
            return len(current)

    def replace(self, month: str, bucket: int, rows: Rows, true_to: int) -> bool:
        """Write and publish one partition; False when a later derivation is there already."""
        return self.publish([self.write(month, bucket, rows, true_to)]) == 1

    def true_to(self, month: str, bucket: int) -> int:
        """The stamp up to which a partition is true, µs since 1970 UTC; 0: it was never derived."""
        return self.table.marker(_mark(month, bucket))

    def files(self, month: str, bucket: int | None = None) -> list[str]:
        """The Parquet files of a month, or of one of its buckets."""
        return [
            f.uri
            for f in self.table.files()
            if f.partition["month"] == month and bucket in (None, f.partition["bucket"])
        ]


def _mark(month: str, bucket: int) -> str:
    return f"validated.{month}.{bucket}"


def _place(file: Stored) -> tuple[str, int]:
    return file.partition["month"], file.partition["bucket"]


class ActivityDays:
    """Days per channel under `<root>/activity_day`; of each (channel, day) the newest derivation.

    `put` adds small fresh files; `compact` lays them into the base, which holds each key once.
    """

    def __init__(self, root: Root) -> None:
        self._lock = lock_path(root, "activity_day.lock")
        integers = tuple(f.name for f in DAY if pa.types.is_integer(f.type))
        self.table = Table(
            settled_root(root) / "activity_day",
            ACTIVITY_DAY,
            delta_encoded=("day", "last_utc", *integers),
            partition_by=("month",),
        )

    def put(self, rows: pa.Table, marks: Mapping[str, int] | None = None) -> int:
        """Add derivations, in one commit with the marks (a cursor, say). Returns the version."""
        with sole_writer(self._lock):
            version = self.table.create().version()
            kind = f"{FRESH}-{version + 1:012d}"
            parts = _by_month(_cast_table(rows, DAY, "activity_day"))
            files = [self.table.write(p.to_batches(), {"month": m}, kind) for m, p in parts]
            if not files and not marks:
                return version
            return self.table.commit([f for f in files if f], marks or {})

    def mark(self, name: str) -> int:
        """A mark that came with a `put`, 0 where there is none."""
        return self.table.marker(name)

    def view(
        self, con: duckdb.DuckDBPyConnection, months: Sequence[str] | None, name: str = "days"
    ) -> None:
        """Create the view `name` with the columns of DAY: one row a (channel, day).

        `months` are those of the local days, `2026-09`; None: all.
        """
        attach(con, self.table.folder)
        files = [
            f for f in self.table.files() if months is None or f.partition["month"] in set(months)
        ]
        if not files:
            return sql.empty_view(con, sql.checked_name(name), DAY)
        query = _newest_days(files)
        con.execute(f"CREATE OR REPLACE TEMP VIEW {sql.checked_name(name)} AS {query}")
        return None

    def compact(self, fresh_files: int = 2) -> int:
        """Lay the fresh files of months that have so many into the base; how many months.

        A month with a damaged file waits: written anew it would pass for whole.
        """
        with sole_writer(self._lock):
            months = _months(self.table.files(), FRESH)
            chosen = [m for m, files in months.items() if len(files) >= fresh_files]
            return sum(map(self._compact_month, sorted(chosen)))

    def _compact_month(self, month: str) -> bool:
        files = [f for f in self.table.files() if f.partition["month"] == month]
        if any(map(self.table.fault, files)):
            return False
        query = f"{_newest_days(files)} ORDER BY item, channel, day"
        file = _rewritten(self.table, query, month)
        self.table.commit([file] if file else [], {}, drop=files, same_rows=True)
        return True

    def give_up(self, names: Collection[str]) -> None:
        """Go on without damaged files, whose days are to be derived again; they lie apart."""
        with sole_writer(self._lock):
            gone = [f for f in self.table.files() if f.name in names]
            if gone:
                self.table.commit([], {}, drop=gone)
        for file in gone:
            self.table.lay_apart(file)


_SAME_DAY = "USING (channel, day)"


def _newest_days(files: Sequence[Stored]) -> str:
    """SQL: of each (channel, day) the row derived last; of equals the one put last.

    Base files hold a key once, so they are read as they lie where no fresh row has the key.
    """
    columns = ", ".join(DAY.names)
    base = [f.uri for f in files if f.kind == BASE]
    fresh = [f.uri for f in files if f.kind != BASE]
    settled = f"SELECT {columns} FROM {sql.scan(base)}" if base else ""
    if not fresh:
        return settled
    versions = f"SELECT *, parse_filename(filename) AS put FROM {sql.scan(fresh)}"
    if base:
        versions += f" UNION ALL SELECT *, '' AS put FROM ({settled}) SEMI JOIN keys {_SAME_DAY}"
    return f"""
        WITH keys AS MATERIALIZED (SELECT DISTINCT channel, day FROM {sql.scan(fresh)})
        {f"{settled} ANTI JOIN keys {_SAME_DAY} UNION ALL" if base else ""}
        SELECT {columns} FROM ({versions})
        QUALIFY row_number() OVER (PARTITION BY channel, day ORDER BY derived DESC, put DESC) = 1
    """


class Restatements:
    """What late facts changed, under `<root>/restatements`: a row per day that came out otherwise.

    Nothing is ever taken away; `compact` only joins small files.
    """

    def __init__(self, root: Root) -> None:
        self._lock = lock_path(root, "restatements.lock")
        integers = tuple(f.name for f in RESTATEMENT if pa.types.is_integer(f.type))
        self.table = Table(
            settled_root(root) / "restatements",
            RESTATEMENTS,
            delta_encoded=("day", *integers),
            partition_by=("month",),
        )

    def append(self, rows: pa.Table, marks: Mapping[str, int] | None = None) -> int:
        """Add notes, in one commit with the marks. Returns the version."""
        with sole_writer(self._lock):
            parts = _by_month(_cast_table(rows, RESTATEMENT, "restatements"))
            files = [
                self.table.write(part.to_batches(), {"month": month}, FRESH)
                for month, part in parts
            ]
            if not files and not marks:
                return self.table.create().version()
            return self.table.commit([f for f in files if f], marks or {})

    def mark(self, name: str) -> int:
        """A mark that came with an `append`, 0 where there is none."""
        return self.table.marker(name)

    def view(
        self,
        con: duckdb.DuckDBPyConnection,
        months: Sequence[str] | None = None,
        after_stamp: int = -1,
        name: str = "restated",
    ) -> None:
        """Create the view `name` with the columns of RESTATEMENT: notes stamped after a stamp."""
        attach(con, self.table.folder)
        files = [
            f.uri
            for f in self.table.files()
            if (months is None or f.partition["month"] in set(months))
            and f.most.get("stamp", after_stamp + 1) > after_stamp
        ]
        if not files:
            return sql.empty_view(con, sql.checked_name(name), RESTATEMENT)
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {sql.checked_name(name)} AS"
            f" SELECT {', '.join(RESTATEMENT.names)} FROM {sql.scan(files)}"
            f" WHERE stamp > {int(after_stamp)}"
        )
        return None

    def compact(self, fresh_files: int = 16) -> int:
        """Join the files of months that have so many small ones, all whole; how many months."""
        with sole_writer(self._lock):
            months = _months(self.table.files(), FRESH)
            chosen = {
                m: files
                for m, files in months.items()
                if len(files) >= fresh_files and not any(map(self.table.fault, files))
            }
            for month, files in sorted(chosen.items()):
                columns = ", ".join(RESTATEMENT.names)
                scan = sql.scan([f.uri for f in files])
                query = f"SELECT {columns} FROM {scan} ORDER BY stamp, channel, day"
                file = _rewritten(self.table, query, month)
                self.table.commit([file] if file else [], {}, drop=files, same_rows=True)
            return len(chosen)


def _rewritten(table: Table, query: str, month: str) -> NewFile | None:
    with duckdb.connect(config={"memory_limit": "1GB"}) as con:
        if isinstance(table.folder, Path):
            con.execute(f"SET temp_directory = {sql.text(f'{table.folder}.sort')}")
        attach(con, table.folder)
        con.execute("SET TimeZone = 'UTC'")
        reader = con.sql(query).to_arrow_reader(_BATCH_ROWS)
        return table.write(_cast(reader, table.file_schema), {"month": month}, BASE)


def _months(files: Iterable[Stored], kind: str) -> dict[str, list[Stored]]:
    months: dict[str, list[Stored]] = {}
    for file in files:
        if file.kind == kind:
            months.setdefault(file.partition["month"], []).append(file)
    return months


def _by_month(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    months = pc.strftime(rows["day"], "%Y-%m")
    for month in sorted(pc.unique(months).to_pylist()):
        yield month, rows.filter(pc.equal(months, month)).combine_chunks()


def _cast(rows: Rows, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    batches = rows.to_batches() if isinstance(rows, pa.Table) else rows
    return (batch.select(schema.names).cast(schema) for batch in batches)


def _cast_table(rows: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    missing = [n for n in schema.names if n not in rows.column_names]
    if missing:
        raise Problem("derived_columns_missing", table=name, missing=", ".join(missing))
    try:
        return rows.select(schema.names).cast(schema).combine_chunks()
    except pa.ArrowInvalid as error:
        raise Problem("derived_range", table=name, detail=str(error)) from error


def _checked_month(month: str) -> str:
    try:
        dt.date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise Problem("derived_month", month=month) from error
    return month
