"""Settling: landing becomes tail by the hour, the tail of closed months becomes readings at night.

Each step rewrites only the partitions it touches, and sets the marker of what it has taken in the
same commit; rows leave the table they came from afterwards. Killed in between, rows lie in both and
markers tell readers and the next run which copy counts. Convention: docs/design/lake.md §3.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanma.lake import sql, tables
from tanma.lake.delta import EPOCH, NewFile, Sheet, Stored, Table, marker, sole_writer, stored
from tanma.lake.landing import now_us
from tanma.lake.storage import attach
from tanma.lake.tables import CHANNELS_PER_BUCKET, REVISED, SETTLED, VERSION

GRACE_DAYS = 3
"""A month is closed so many days after its end: most late readings come within them."""
_BATCH_ROWS = 122_880
_COLUMNS = ", ".join(VERSION.names)
_ORDER = "ORDER BY channel, start_utc, receipt, row"
_NO_RECEIPTS = "(SELECT 0 AS receipt, 0 AS stamp, '' AS writer, 0 AS batch WHERE false)"


@dataclass(frozen=True)
class Settled:
    """What one step did: rows taken, partitions rewritten, and the stamp up to which it took."""

    rows: int
    partitions: int
    upto: int


class Settler:
    """The one writer of receipts, tail and readings. `clock` gives µs since 1970 UTC."""

    def __init__(
        self,
        root: Path,
        clock: Callable[[], int] = now_us,
        *,
        memory: str = "600MB",
    ) -> None:
        self._root = root
        self._clock = clock
        self._memory = memory
        self._lock = root / "settle.lock"
        self._landing_lock = root / "landing.lock"
        self.landing = tables.landing(root)
        self.receipts = tables.receipts(root)
        self.tail = tables.tail(root)
        self.readings = tables.readings(root)

    def settle(self) -> Settled:
        """Lay what was sealed into the tail, up to the landing's watermark."""
        with sole_writer(self._lock):
            landing, tail = self.landing.open(), self.tail.create()
            after = marker(tail, tables.TAIL_STAMP)
            upto = max(after, marker(landing, tables.WATERMARK))
            files = [f for f in stored(landing) if f.least.get("stamp", upto) <= upto]
            done = Settled(0, 0, upto)
            if files:
                done = self._settle(files, after, upto)
            elif upto > after:
                self.tail.commit([], {tables.TAIL_STAMP: upto})
            self._leave_landing(files, upto)
            return done

    def _settle(self, files: list[Stored], after: int, upto: int) -> Settled:
        receipt = self.tail.marker(tables.TAIL_RECEIPT)
        with self._connection() as con:
            last = self._number_batches(con, files, receipt, after, upto)
            rows = _stage(con, files)
            written, dropped, partitions = self._rewrite_days(con)
        if rows or upto > after:
            markers = {tables.TAIL_STAMP: upto, tables.TAIL_RECEIPT: last}
            self.tail.commit(written, markers, drop=dropped)
        return Settled(rows, partitions, upto)

    def _number_batches(
        self, con: duckdb.DuckDBPyConnection, files: list[Stored], last: int, after: int, upto: int
    ) -> int:
        """Table `numbered`: the batches to settle, with receipt numbers above `last`; the greatest.

        Batches that an earlier run had numbered before it died keep their numbers. A batch that
        came below the watermark against all rules gets a new number: it counts from now on.
        """
        landed = sql.scan([f.uri for f in files], union_by_name=True)
        low = min(f.least.get("stamp", 0) for f in files)
        noted = [f.uri for f in self.receipts.files() if f.most["stamp"] >= low]
        held = sql.scan(noted) if noted else _NO_RECEIPTS
        con.execute(
            f"""CREATE TEMP TABLE waiting AS
            SELECT stamp, writer, batch, count(*) AS rows FROM {landed}
            WHERE stamp <= {upto} GROUP BY stamp, writer, batch"""
        )
        con.execute(
            f"""CREATE TEMP TABLE numbered AS
            SELECT r.receipt, w.* FROM waiting w JOIN {held} r USING (stamp, writer, batch)
            WHERE r.receipt > {last}"""
        )
        top = max(last, self.receipts.marker(tables.RECEIPTS_UPTO))
        con.execute(
            f"""CREATE TEMP TABLE new AS
            SELECT {top} + row_number() OVER (ORDER BY stamp, writer, batch) AS receipt, w.*
            FROM waiting w ANTI JOIN {held} r USING (stamp, writer, batch)"""
        )
        con.execute("INSERT INTO numbered FROM new")
        new = con.sql("FROM new ORDER BY receipt").to_arrow_table().cast(tables.RECEIPT)
        if new.num_rows:
            file = self.receipts.write(new.to_batches())
            marks = {tables.RECEIPTS_UPTO: new["receipt"][-1].as_py()}
            self.receipts.commit([file] if file else [], marks)
        return con.execute(f"SELECT coalesce(max(receipt), {last}) FROM numbered").fetchall()[0][0]

    def _rewrite_days(
        self, con: duckdb.DuckDBPyConnection
    ) -> tuple[list[NewFile], list[Stored], int]:
        """Write the touched partitions anew: files to add, files to drop, how many partitions."""
        held = _by_partition(self.tail.files(), "day")
        moved = self._moved()
        written: list[NewFile] = []
        dropped: list[Stored] = []
        touched = con.execute("SELECT DISTINCT day, bucket FROM staged ORDER BY ALL").fetchall()
        for day, bucket in touched:
            old = held.get((day, bucket), [])
            where = f"day = '{day}' AND bucket = {bucket}"
            query = f"SELECT {_COLUMNS} FROM staged WHERE {where}"
            if old:
                query += f" UNION ALL {_rows_after(old, moved(day))}"
            partition = {"day": str(day), "bucket": str(bucket)}
            written += _write(con, f"{query} {_ORDER}", self.tail, partition)
            dropped += old
        return written, dropped, len(touched)

    def _moved(self) -> Callable[[dt.date], int]:
        """Up to which receipt rows of a day lie in `readings`."""
        opened = self.readings.open()
        month = marker(opened, tables.MOVED_MONTH)
        receipt = marker(opened, tables.MOVED_RECEIPT)
        return lambda day: receipt if tables.month_number(f"{day:%Y-%m}") < month else 0

    def _leave_landing(self, files: Iterable[Stored], upto: int) -> None:
        """Take files out of the landing that the tail holds whole."""
        whole = {f.name for f in files if f.most.get("stamp", upto + 1) <= upto}
        with sole_writer(self._landing_lock):
            gone = [f for f in self.landing.files() if f.name in whole]
            if gone:
                self.landing.commit([], {}, drop=gone)

    def night(self) -> Settled:
        """Lay the tail of closed months into `readings`, late corrections of older ones too."""
        with sole_writer(self._lock):
            tail, readings = self.tail.create(), self.readings.create()
            month = max(self._closed_before(), marker(readings, tables.MOVED_MONTH))
            receipt = marker(tail, tables.TAIL_RECEIPT)
            closed = [f for f in stored(tail) if _month_of(f) < month]
            moved = self._moved()
            fresh = [f for f in closed if f.most["receipt"] > moved(f.partition["day"])]
            done = Settled(0, 0, marker(tail, tables.TAIL_STAMP))
            if fresh:
                done = self._move(fresh, month, receipt, done.upto)
            if closed:
                self.tail.commit([], {}, drop=closed)
            return done

    def join_receipts(self, files: int = 64) -> bool:
        """Join small files of receipts when there are so many; whether it did."""
        with sole_writer(self._lock):
            small = [f for f in self.receipts.files() if f.kind != SETTLED]
            if len(small) < files:
                return False
            with self._connection() as con:
                query = f"FROM {sql.scan([f.uri for f in small])} ORDER BY receipt"
                reader = con.sql(query).to_arrow_reader(_BATCH_ROWS)
                rows = (batch.cast(tables.RECEIPT) for batch in reader)
                file = self.receipts.write(rows, kind=SETTLED)
            self.receipts.commit([file] if file else [], {}, drop=small, same_rows=True)
            return True

    def _closed_before(self) -> int:
        """The first month that is still open, as a number."""
        now = EPOCH + dt.timedelta(microseconds=self._clock()) - dt.timedelta(days=GRACE_DAYS)
        return tables.month_number(f"{now:%Y-%m}")

    def _move(self, fresh: list[Stored], month: int, receipt: int, upto: int) -> Settled:
        moved = self._moved()
        held = _by_partition(self.readings.files(), "month")
        written: list[NewFile] = []
        dropped: list[Stored] = []
        rows = 0
        with self._connection() as con:
            for (name, bucket), files in sorted(_by_month(fresh).items()):
                old = held.get((name, bucket), [])
                after = moved(files[0].partition["day"])
                parts = [_rows_after(files, after), *([_rows_after(old, 0)] if old else [])]
                partition = {"month": name, "bucket": str(bucket)}
                new = _write(con, f"{' UNION ALL '.join(parts)} {_ORDER}", self.readings, partition)
                rows += sum(f.rows for f in new) - sum(f.rows for f in old)
                written += new
                dropped += old
        markers = {tables.MOVED_MONTH: month, tables.MOVED_RECEIPT: receipt}
        self.readings.commit(written, markers, drop=dropped)
        return Settled(rows, len(_by_month(fresh)), upto)

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        spill = self._root / "settle.sort"
        try:
            with duckdb.connect(config={"memory_limit": self._memory}) as con:
                con.execute(f"SET temp_directory = {sql.text(str(spill))}")
                con.execute("SET TimeZone = 'UTC'")
                attach(con, self.tail.folder)
                yield con
        finally:
            shutil.rmtree(spill, ignore_errors=True)


def _month_of(file: Stored) -> int:
    return tables.month_number(f"{file.partition['day']:%Y-%m}")


def _stage(con: duckdb.DuckDBPyConnection, files: list[Stored]) -> int:
    """Numbered rows with their partition, in order; how many."""
    landed = sql.scan([f.uri for f in files], union_by_name=True)
    con.execute(
        f"""CREATE TEMP TABLE staged AS
        SELECT {_COLUMNS}, timezone('UTC', start_utc)::DATE AS day,
            channel // {CHANNELS_PER_BUCKET} AS bucket
        FROM {landed} JOIN numbered USING (stamp, writer, batch)
        ORDER BY day, bucket, channel, start_utc, receipt, row"""
    )
    return con.execute("SELECT count(*) FROM staged").fetchall()[0][0]


def _rows_after(files: Iterable[Stored], receipt: int) -> str:
    where = f" WHERE receipt > {receipt}" if receipt else ""
    return f"SELECT {_COLUMNS} FROM {sql.scan([f.uri for f in files])}{where}"


def _by_partition(
    files: Iterable[Stored], first: str
) -> dict[tuple[str | dt.date, int], list[Stored]]:
    held: dict[tuple[str | dt.date, int], list[Stored]] = {}
    for file in files:
        held.setdefault((file.partition[first], file.partition["bucket"]), []).append(file)
    return held


def _by_month(files: Iterable[Stored]) -> dict[tuple[str, int], list[Stored]]:
    months: dict[tuple[str, int], list[Stored]] = {}
    for file in files:
        key = (f"{file.partition['day']:%Y-%m}", file.partition["bucket"])
        months.setdefault(key, []).append(file)
    return months


def _write(
    con: duckdb.DuckDBPyConnection, query: str, table: Table, partition: dict[str, str]
) -> list[NewFile]:
    """Write sorted rows into a file of keys that have one version and one of all other keys."""
    reader = con.sql(query).to_arrow_reader(_BATCH_ROWS)
    sheets = {kind: Sheet(table, partition, kind) for kind in (SETTLED, REVISED)}
    try:
        for batch, contested in _contested(b.cast(VERSION) for b in reader):
            sheets[SETTLED].add(batch.filter(pc.invert(contested)))
            sheets[REVISED].add(batch.filter(contested))
        return [file for sheet in sheets.values() if (file := sheet.close())]
    except BaseException:
        for sheet in sheets.values():
            sheet.discard()
        raise


def _contested(
    batches: Iterable[pa.RecordBatch],
) -> Iterator[tuple[pa.RecordBatch, pa.BooleanArray]]:
    """Each sorted row with whether its key has other versions or no value.

    A row is compared with its neighbours, so the last row of a batch waits for the next batch.
    """
    held: pa.RecordBatch | None = None
    again = False
    for incoming in batches:
        if incoming.num_rows == 0:
            continue
        batch = incoming if held is None else pa.concat_batches([held, incoming])
        same = _same_as_next(batch)
        marks = np.concatenate(([again], same)) | np.concatenate((same, [False]))
        count = batch.num_rows - 1
        if count:
            yield batch.slice(0, count), _with_withdrawn(batch.slice(0, count), marks[:count])
        held, again = batch.slice(count), bool(marks[count])
    if held is not None:
        yield held, _with_withdrawn(held, np.array([again]))


def _same_as_next(batch: pa.RecordBatch) -> np.ndarray:
    """For all but the last row: whether the next one has its key."""
    channel = batch["channel"].to_numpy()
    start = batch["start_utc"].cast(pa.int64()).to_numpy()
    return (channel[1:] == channel[:-1]) & (start[1:] == start[:-1])


def _with_withdrawn(batch: pa.RecordBatch, marks: np.ndarray) -> pa.BooleanArray:
    return pc.or_(pa.array(marks), batch["value"].is_null())
