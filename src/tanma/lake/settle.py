"""Settling: landing becomes tail by the hour, the tail of closed months becomes readings at night.

Each step rewrites only the partitions it touches, and sets the marker of what it has taken in the
same commit; rows leave the table they came from afterwards. Killed in between, rows lie in both and
markers tell readers and the next run which copy counts. Convention: docs/design/lake.md §3.
"""

from __future__ import annotations

import datetime as dt
import math
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanma.domain.messages import Problem
from tanma.lake import held, sql, tables
from tanma.lake.delta import EPOCH, NewFile, Sheet, Stored, Table, marker, sole_writer, stored
from tanma.lake.landing import now_us
from tanma.lake.storage import attach
from tanma.lake.tables import (
    BESIDE,
    CHANNELS_PER_BUCKET,
    LANDING,
    REVISED,
    SETTLED,
    VERSION,
    Moved,
)

GRACE_DAYS = 3
"""A month is closed so many days after its end: most late readings come within them."""
_BATCH_ROWS = 122_880
_COLUMNS = ", ".join(VERSION.names)
ORDER = "ORDER BY channel, start_utc, receipt, row"
_NO_RECEIPTS = (
    "(SELECT 0::BIGINT AS receipt, 0::BIGINT AS stamp, '' AS writer, 0::BIGINT AS batch,"
    " 0::BIGINT AS rows WHERE false)"
)


@dataclass(frozen=True)
class Settled:
    """What one step did: rows taken, partitions rewritten, and the stamp up to which it took.

    `left`: files that could not be read, and those of their partition that had to stay with them.
    """

    rows: int
    partitions: int
    upto: int
    left: int = 0


@dataclass(frozen=True)
class _Due:
    """Files of the landing: those read, those read that had been left out, those left out now.

    `returned` names the stamp beyond which the tail lacks the rows of a file.
    """

    plain: list[Stored]
    returned: dict[str, int]
    left: list[Stored]
    after: int
    upto: int

    @property
    def read(self) -> list[Stored]:
        return [f for f in self.plain if f.name not in self.returned]


@dataclass
class _Written:
    """Partitions written anew: files to add, files to drop."""

    files: list[NewFile] = field(default_factory=list)
    drop: list[Stored] = field(default_factory=list)
    partitions: int = 0
    rows: int = 0


class Settler:
    """The one writer of receipts, tail and readings. `clock` gives µs since 1970 UTC.

    A file that cannot be read stays where it lies, and everything else moves. The commit that
    passes it by says so; it comes in whole when it can be read again.
    """

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
            return held.around(self._root, self._settle)

    def _settle(self, damaged: Collection[str]) -> Settled:
        landing, tail = self.landing.open(), self.tail.create()
        after = marker(tail, tables.TAIL_STAMP)
        upto = max(after, marker(landing, tables.WATERMARK))
        files = [f for f in stored(landing) if f.least.get("stamp", upto) <= upto]
        marks = {f.name: marker(tail, tables.left_out(f.name)) for f in files}
        plain = [f for f in files if f.name not in damaged]
        returned = {f.name: marks[f.name] - 1 for f in plain if marks[f.name]}
        left = [f for f in files if f.name in damaged]
        due = _Due(plain, returned, left, after, upto)
        done = Settled(0, 0, upto, len(left))
        if files and (plain or upto > after):
            done = self._take(due, damaged)
        elif upto > after:
            self.tail.commit([], {tables.TAIL_STAMP: upto})
        self._leave_landing(plain, upto)
        return done

    def _take(self, due: _Due, damaged: Collection[str]) -> Settled:
        _compare(self.landing, due.plain)
        with self._connection() as con:
            _view_landed(con, due)
            last = self._number_batches(con, due)
            rows = self._stage(con, damaged)
            written = self._rewrite_days(con, damaged)
        marks = {tables.left_out(f.name): 0 for f in due.plain if f.name in due.returned}
        if due.upto > due.after:
            tail = self.tail.open()
            new = [f for f in due.left if not marker(tail, tables.left_out(f.name))]
            marks |= {
                tables.left_out(f.name): due.after + 1
                for f in new if f.most.get("stamp", due.upto) > due.after
            }  # fmt: skip
        if rows or marks or due.upto > due.after:
            marks |= {tables.TAIL_STAMP: due.upto, tables.TAIL_RECEIPT: last}
            self._lie_in_the_tail(written.files)
            self.tail.commit(written.files, marks, drop=written.drop)
        return Settled(rows, written.partitions, due.upto, len(due.left))

    def _lie_in_the_tail(self, files: Iterable[NewFile]) -> None:
        """Note in `readings`, before the tail names them, files with rows numbered so low that
        they would pass for laid down: what comes back late takes its place in the order.
        """
        moved = Moved(self.readings.open())
        low = [
            f for f in files
            if tables.month_number(f.partition["day"][:7]) < moved.month
            and int(f.least["receipt"]) <= moved.receipt
        ]  # fmt: skip
        if low:
            self.readings.commit([], {tables.lies_upto(f.name): 1 for f in low})

    def _number_batches(self, con: duckdb.DuckDBPyConnection, due: _Due) -> int:
        """Table `numbered`: the batches to settle with their receipt numbers; the greatest so far.

        Batches that an earlier run had numbered before it died keep their numbers. Numbers ascend
        with (stamp, writer, batch): where files were left out room stays for their batches, which
        take it when they come. A batch that came below the watermark against all rules gets a new
        number: it counts from now on.
        """
        last = self.tail.marker(tables.TAIL_RECEIPT)
        low = min((f.least.get("stamp", 0) for f in due.plain), default=due.upto)
        files = self.receipts.files()
        noted = [f.uri for f in files if f.most["stamp"] >= low]
        below = max((f.most["receipt"] for f in files if f.most["stamp"] < low), default=0)
        top = max(last, self.receipts.marker(tables.RECEIPTS_UPTO))
        con.execute(f"CREATE TEMP TABLE noted AS FROM {sql.scan(noted) if noted else _NO_RECEIPTS}")
        con.execute(
            f"""CREATE TEMP TABLE waiting AS
            SELECT stamp, writer, batch, count(*) AS rows, bool_or(returned) AS returned
            FROM landed WHERE stamp <= {due.upto} GROUP BY stamp, writer, batch"""
        )
        con.execute(
            f"""CREATE TEMP TABLE numbered AS
            SELECT r.receipt, w.* EXCLUDE (returned) FROM waiting w
            JOIN noted r USING (stamp, writer, batch) WHERE r.receipt > {last} OR w.returned"""
        )
        con.execute(f"CREATE TEMP TABLE new AS {_placed(due, below, top)}")
        con.execute("INSERT INTO numbered FROM new")
        self._note_receipts(con, due, top)
        query = f"SELECT greatest(coalesce(max(receipt), 0), {last}) FROM numbered"
        return int(con.execute(query).fetchall()[0][0])

    def _note_receipts(self, con: duckdb.DuckDBPyConnection, due: _Due, top: int) -> None:
        """Commit the new numbers; the next ones begin beyond the room that is left at the end."""
        new = con.sql("FROM new ORDER BY receipt").to_arrow_table().cast(tables.RECEIPT)
        greatest, last_stamp = con.execute(
            f"SELECT coalesce(max(receipt), 0), coalesce(max(stamp), {due.after}) FROM new"
        ).fetchall()[0]
        room = math.prod(n + 1 for n, low, high in _rooms(due) if high >= last_stamp) - 1
        upto = max(top, greatest) + room
        if upto > tables.MOST_RECEIPTS:  # no room for them: better to wait than to lose the order
            raise Problem("lake_no_room", files=", ".join(f.uri for f in due.left))
        if new.num_rows or room:
            file = self.receipts.write(new.to_batches())
            self.receipts.commit([file] if file else [], {tables.RECEIPTS_UPTO: upto})

    def _stage(self, con: duckdb.DuckDBPyConnection, damaged: Collection[str]) -> int:
        """Table `staged`: numbered rows with their partition, in order; how many.

        What lies in `readings` already stays out: a copy made while rows moved holds the landing
        of before and the readings of after.
        """
        con.execute(
            f"""CREATE TEMP TABLE staged AS
            SELECT {_COLUMNS}, returned, timezone('UTC', start_utc)::DATE AS day,
                channel // {CHANNELS_PER_BUCKET} AS bucket
            FROM landed JOIN numbered USING (stamp, writer, batch)
            ORDER BY day, bucket, channel, start_utc, receipt, row"""
        )
        moved = Moved(self.readings.open())
        low = f"receipt <= {moved.receipt} AND strftime(day, '%Y%m')::INTEGER < {moved.month}"
        con.execute(f"DELETE FROM staged WHERE NOT returned AND {low}")
        query = f"SELECT DISTINCT strftime(day, '%Y-%m'), bucket FROM staged WHERE {low}"
        places = set(con.execute(query).fetchall())
        for file in self.readings.files() if places else ():
            if tables.month_place(file) in places and file.name not in damaged:
                con.execute(
                    f"""DELETE FROM staged WHERE {low} AND (receipt, row) IN (
                        SELECT (receipt, row) FROM {sql.scan([file.uri])})"""
                )
        return int(con.execute("SELECT count(*) FROM staged").fetchall()[0][0])

    def _rewrite_days(self, con: duckdb.DuckDBPyConnection, damaged: Collection[str]) -> _Written:
        """Write the touched partitions anew; where one cannot be read, lay rows beside it."""
        lying = _by_partition(self.tail.files(), "day")
        moved = Moved(self.readings.open())
        done = _Written()
        touched = con.execute("SELECT DISTINCT day, bucket FROM staged ORDER BY ALL").fetchall()
        mended = {
            key for key, files in lying.items()
            if any(f.kind == BESIDE for f in files) and not any(f.name in damaged for f in files)
        }  # fmt: skip
        for day, bucket in sorted({*touched, *mended}):
            old = lying.get((day, bucket), [])
            beside = any(f.name in damaged for f in old)
            read = [f for f in old if f.kind == BESIDE and f.name not in damaged] if beside else old
            _compare(self.tail, read)
            staged = f"SELECT {_COLUMNS} FROM staged WHERE day = '{day}' AND bucket = {bucket}"
            parts = [staged, *(_rows_after([f], moved.of(f)) for f in read)]
            partition = {"day": str(day), "bucket": str(bucket)}
            write = _write_beside if beside else _write
            done.files += write(con, f"{' UNION ALL '.join(parts)} {ORDER}", self.tail, partition)
            done.drop += read
        done.partitions = len(touched)
        return done

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
            return held.around(self._root, self._night)

    def _night(self, damaged: Collection[str]) -> Settled:
        tail, readings = self.tail.create(), self.readings.create()
        moved = Moved(readings)
        month = max(self._closed_before(), moved.month)
        closed = [f for f in stored(tail) if _month_of(f) < month]
        fresh = [f for f in closed if f.most["receipt"] > moved.of(f)]
        broken = {tables.month_place(f) for f in stored(readings) if f.name in damaged}
        stay = [f for f in fresh if f.name in damaged or tables.month_place(f) in broken]
        moving = [f for f in fresh if f not in stay]
        done = _Written()
        if moving:
            done = self._lay_down(moving, moved)
            marks = {tables.lies_upto(f.name): moved.of(f) + 1 for f in stay}
            marks |= {m: 0 for m in map(tables.lies_upto, _names(moving)) if marker(readings, m)}
            marks |= {
                tables.MOVED_MONTH: month,
                tables.MOVED_RECEIPT: marker(tail, tables.TAIL_RECEIPT),
            }
            self.readings.commit(done.files, marks, drop=done.drop)
        if gone := [f for f in closed if f not in stay]:
            self.tail.commit([], {}, drop=gone)
        return Settled(done.rows, done.partitions, marker(tail, tables.TAIL_STAMP), len(stay))

    def join_receipts(self, files: int = 64) -> bool:
        """Join small files of receipts when there are so many; whether it did."""
        with sole_writer(self._lock):
            small = [f for f in self.receipts.files() if f.kind != SETTLED]
            if len(small) < files or any(self.receipts.fault(f) for f in small):
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

    def _lay_down(self, moving: list[Stored], moved: Moved) -> _Written:
        """Write the touched months of `readings` anew, with these files of the tail."""
        old = _by_partition(self.readings.files(), "month")
        done = _Written()
        with self._connection() as con:
            for (name, bucket), files in sorted(_by_month(moving).items()):
                before = old.get((name, bucket), [])
                _compare(self.readings, before)
                _compare(self.tail, files)
                parts = [_rows_after([f], moved.of(f)) for f in files]
                parts += [_rows_after(before, 0)] if before else []
                partition = {"month": name, "bucket": str(bucket)}
                new = _write(con, f"{' UNION ALL '.join(parts)} {ORDER}", self.readings, partition)
                done.rows += sum(f.rows for f in new) - sum(f.rows for f in before)
                done.files += new
                done.drop += before
                done.partitions += 1
        return done

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


def _compare(table: Table, files: Iterable[Stored]) -> None:
    """Refuse files whose checksums do not agree: written anew they would pass for whole."""
    for file in files:
        if reason := table.fault(file):
            raise OSError(f"{file.uri}: {reason}")


def _names(files: Iterable[Stored]) -> list[str]:
    return [f.name for f in files]


def _view_landed(con: duckdb.DuckDBPyConnection, due: _Due) -> None:
    """View `landed`: rows of the landing; `returned` are those that an earlier run left out."""
    con.register("no_landing", LANDING.empty_table().drop_columns(["arrival_day"]))
    parts = ["SELECT *, false AS returned FROM no_landing"]
    if due.read:
        scan = sql.scan([f.uri for f in due.read], union_by_name=True)
        parts.append(f"SELECT *, false AS returned FROM {scan}")
    for file in due.plain:
        if file.name in due.returned:
            later = f"stamp > {due.returned[file.name]}"
            parts.append(f"SELECT *, {later} AS returned FROM {sql.scan([file.uri])}")
    con.execute(f"CREATE TEMP VIEW landed AS {' UNION ALL BY NAME '.join(parts)}")


def _rooms(due: _Due) -> list[tuple[int, int, int]]:
    """Of each file left out: most batches that it can hold, its least and its greatest stamp."""
    return [
        (
            min(f.rows, f.most["batch"] - f.least["batch"] + 1),
            f.least["stamp"],
            min(f.most["stamp"], due.upto),
        )
        for f in due.left
    ]


def _placed(due: _Due, below: int, top: int) -> str:
    """SQL of new batches with numbers: between those of their neighbours, or beyond all.

    Room between two neighbours for the batches of files left out whose stamps may lie there: with
    n₁, n₂, … batches at most it is (n₁ + 1)(n₂ + 1)… − 1, so that one file after another fits.
    """
    key = "ORDER BY stamp, writer, batch"
    rooms = [
        f"(1 + CASE WHEN {low} <= stamp AND {high} >= before THEN {n}::HUGEINT ELSE 0 END)"
        for n, low, high in _rooms(due)
    ]
    space = " * ".join(rooms) or "1::HUGEINT"
    return f"""
        WITH line AS (
            SELECT receipt, stamp, writer, batch, rows, false AS fresh FROM noted
            UNION ALL
            SELECT NULL, stamp, writer, batch, rows, true
            FROM waiting ANTI JOIN noted USING (stamp, writer, batch)
        ),
        placed AS (
            SELECT *, greatest(coalesce(max(receipt) OVER ({key}), 0), {below}) AS under,
                min(receipt) OVER (
                    {key} ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS over,
                coalesce(lag(stamp) OVER ({key}),
                    CASE WHEN stamp > {due.after} THEN {due.after} ELSE 0 END) AS before
            FROM line
        ),
        spaced AS (
            SELECT *, sum({space}) OVER (PARTITION BY under {key}) AS step FROM placed WHERE fresh
        ),
        fitting AS (
            SELECT *, CASE WHEN over IS NULL THEN greatest({top}, under) + step
                WHEN under + step < over THEN under + step END AS receipt_found
            FROM spaced
        ),
        ended AS (SELECT greatest({top}, coalesce(max(receipt_found), 0)) AS last FROM fitting)
        SELECT coalesce(receipt_found,
            last + row_number() OVER (PARTITION BY receipt_found IS NULL {key})
        )::BIGINT AS receipt, stamp, writer, batch, rows FROM fitting, ended"""


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
        months.setdefault(tables.month_place(file), []).append(file)
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


def _write_beside(
    con: duckdb.DuckDBPyConnection, query: str, table: Table, partition: dict[str, str]
) -> list[NewFile]:
    """Write sorted rows into one file, whatever other files say of their keys."""
    reader = con.sql(query).to_arrow_reader(_BATCH_ROWS)
    file = table.write((b.cast(VERSION) for b in reader), partition, BESIDE)
    return [file] if file else []


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
