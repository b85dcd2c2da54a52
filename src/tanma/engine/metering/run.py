"""The whole derivation, bucket by bucket: here, or mapped over the workers of a cluster.

A task is one bucket and one month. It reads the lake, writes its partition of `validated`, and
gives back the days; one process publishes both. Every task is a pure function of its arguments and
of tables that only grow, so a worker that dies costs its time and nothing else.

Days that a damaged file of readings could touch stay as they stand until it is back, and so does
`validated` where it holds them; everything else is derived.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tanma.domain.messages import Problem
from tanma.engine.metering import bucket as buckets
from tanma.engine.metering import dirty, virtual
from tanma.engine.metering.bucket import Meters, Span
from tanma.engine.metering.channels import BUCKET
from tanma.engine.metering.refresh import FACTS, STAMP
from tanma.lake import held
from tanma.lake.derived import DAY, INTERVAL, ActivityDays, Part, Validated
from tanma.lake.facts import FactsMirror
from tanma.lake.held import Held
from tanma.lake.known import Snapshot
from tanma.lake.sql import scan

SLICE = 1024
"""Channels whose readings are held at a time: about 3 million rows of quarter-hours and a month."""
GROUP = 16
"""Buckets whose days are held together and made visible at once: two million rows of a month."""
_BATCH_ROWS = 122_880


@dataclass(frozen=True)
class Task:
    """A bucket and a month to derive; small enough to send about."""

    root: Path
    month: str
    bucket: int
    known_at: int
    meters: Meters
    memory: str = "1GB"
    threads: int = 2
    validated: bool = True
    without: frozenset[str] = frozenset()
    """Files that cannot be read."""


@dataclass(frozen=True)
class Done:
    """What came of a task: its partition of `validated`, not yet visible, and its days."""

    month: str
    bucket: int
    part: Part | None
    days: pa.Table
    intervals: int


@dataclass(frozen=True)
class Ran:
    """What a run derived, and what it is true to.

    `held`: damaged files of readings, `held_days`: how many days wait for them.
    """

    tasks: int
    intervals: int
    days: int
    known_at: int
    facts_at: int
    held: tuple[Held, ...] = ()
    held_days: int = 0


Progress = Callable[[int, int, Done], None]
"""(tasks done, tasks, the last one)"""


def span_of(month: str, known_at: int) -> tuple[Span, tuple[dt.datetime, dt.datetime]]:
    """The local days of a month, and the same month of UTC."""
    try:
        first = dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Problem("metering_months", month=month) from None
    end = (first + dt.timedelta(days=31)).replace(day=1)
    utc = tuple(dt.datetime.combine(day, dt.time(), dt.UTC) for day in (first, end))
    return Span(first, end, known_at), (utc[0], utc[1])


def derive(task: Task) -> Done:
    """Derive one bucket and month, a slice of channels at a time so that memory stays bounded."""
    snapshot = Snapshot(task.root).leave_out(task.without)
    days: list[pa.Table] = []
    counted = 0

    def rows() -> Iterator[pa.RecordBatch]:
        nonlocal counted
        for batch, of_days in _slices(task, snapshot):
            if of_days is not None:
                days.append(of_days)
            if batch is not None:
                counted += batch.num_rows
                yield batch

    part = None
    if task.validated:
        part = Validated(task.root).write(task.month, task.bucket, rows(), task.known_at)
    else:
        for _ in rows():
            pass
    table = pa.concat_tables(days) if days else DAY.empty_table()
    return Done(task.month, task.bucket, part, table, counted)


def _slices(
    task: Task, snapshot: Snapshot
) -> Iterator[tuple[pa.RecordBatch | None, pa.Table | None]]:
    """Batches of intervals in order of channel and start, and the days of each slice."""
    span, utc = span_of(task.month, task.known_at)
    low = task.bucket * BUCKET
    inside = " AND ".join(
        f"start_utc {sign} TIMESTAMP '{edge:%Y-%m-%d}'"
        for sign, edge in zip((">=", "<"), utc, strict=True)
    )
    for start in range(low, low + BUCKET, SLICE):
        some = task.meters.of(start, start + SLICE)
        if not some.channels.num_rows:
            continue
        with buckets.connection(task.memory, task.threads) as con:
            buckets.derive(con, snapshot, some, span, utc)
            if task.validated:
                query = f"""SELECT channel, start_utc, end_utc, count, flags FROM intervals
                    WHERE {inside} {"" if _in_order(con) else _ORDER}"""
                for batch in con.sql(query).to_arrow_reader(_BATCH_ROWS):
                    yield batch.cast(INTERVAL), None
            yield None, _days(con)


_ORDER = "ORDER BY channel, start_utc, end_utc"


def _in_order(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the intervals lie as `validated` wants them: mostly, and to look costs little."""
    keys = ("channel", "start_utc", "end_utc")
    lags = ", ".join(f"lag({key}) OVER () AS {key}_before" for key in keys)
    later = """channel_before > channel OR (channel_before = channel AND (
        start_utc_before > start_utc
        OR (start_utc_before = start_utc AND end_utc_before > end_utc)))"""
    query = f"SELECT count(*) FROM (SELECT {', '.join(keys)}, {lags} FROM intervals) WHERE {later}"
    return con.execute(query).fetchall()[0][0] == 0


def _days(con: object, name: str = "days") -> pa.Table:
    columns = ", ".join(
        f"timezone('UTC', {f.name}) AS {f.name}" if f.name == "last_utc" else f.name for f in DAY
    )
    query = f"SELECT {columns} FROM {name} ORDER BY channel, day"
    return con.sql(query).to_arrow_table().cast(DAY)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Work:
    """What all tasks of a run share; `held` are the days (channel, day) that stay as they stand."""

    root: Path
    snapshot: Snapshot
    known: Meters
    at: int
    facts_at: int
    memory: str
    cluster: str | None
    validated: bool
    without: frozenset[str]
    held: pa.Table

    def task(self, month: str, bucket: int, waits: set[tuple[str, int]]) -> Task:
        some = self.known.of(bucket * BUCKET, (bucket + 1) * BUCKET)
        kept = self.validated and (month, bucket) not in waits
        return Task(
            self.root, month, bucket, self.at, some, self.memory, validated=kept,
            without=self.without,
        )  # fmt: skip

    def waits(self) -> set[tuple[str, int]]:
        """Partitions of `validated` that hold intervals of such days; days are local."""
        beside = [dt.timedelta(days=n) for n in (-1, 0, 1)]
        rows = zip(*(self.held[name].to_pylist() for name in _HELD.names), strict=True)
        places = {(channel // BUCKET, day) for channel, day in rows}
        return {(f"{day + near:%Y-%m}", bucket) for bucket, day in places for near in beside}


_HELD = pa.schema([("channel", pa.int64()), ("day", pa.date32())])


def run(
    root: Path, months: Iterable[str] | None = None, *, known_at: int | None = None,
    memory: str = "1GB", cluster: str | None = None, progress: Progress | None = None,
    validated: bool = True,
) -> Ran:  # fmt: skip
    """Derive whole months of all channels and publish them; without months all that have readings.

    After all of them the days are true to the stamps that the run names, and a refresh goes on from
    there. A run tells no restatements.
    `cluster`: address of a Dask scheduler; the lake must lie at the same path for all workers.
    """
    wanted = None if months is None else sorted(set(months))

    def whole(_: object) -> Ran:
        work, waiting = _work(root, known_at, memory, cluster, validated)
        return _run(work, waiting, wanted, progress)

    return held.around(root, whole)


def _work(
    root: Path, known_at: int | None, memory: str, cluster: str | None, validated: bool
) -> tuple[_Work, tuple[Held, ...]]:
    held.give_up_days(root)
    looked = held.look(root)
    snapshot, facts_at = Snapshot(root), FactsMirror(root).watermark
    waiting = tuple(one for one in held.since(root, looked) if one.damaged)
    without = frozenset(one.file for one in waiting)
    at = snapshot.watermark if known_at is None else known_at
    if at > snapshot.watermark:
        raise Problem("metering_known_too_late", asked=at, watermark=snapshot.watermark)
    known = buckets.meters(root, facts_at, memory)
    snapshot.leave_out(without)
    days = _held_days(snapshot, known, waiting, at, memory)
    work = _Work(
        root, snapshot, known, at, facts_at, memory, cluster, validated, without, days
    )  # fmt: skip
    return work, waiting


def _held_days(
    snapshot: Snapshot, known: Meters, waiting: tuple[Held, ...], at: int, memory: str
) -> pa.Table:
    if not waiting:
        return _HELD.empty_table()
    with buckets.connection(memory) as con:
        known.install(con)
        virtual.call_parts(con, known.channels)
        dirty.held_days(con, snapshot, waiting, at)
        return con.sql("SELECT channel, day FROM held_days").to_arrow_table().cast(_HELD)


def _run(
    work: _Work, waiting: tuple[Held, ...], months: list[str] | None, progress: Progress | None
) -> Ran:
    root, known, at = work.root, work.known, work.at
    wanted = months_of(work.snapshot) if months is None else months
    total, done_n, intervals, rows = len(wanted) * len(known.buckets()), 0, 0, 0
    sums, _ = virtual.of_meters(known.channels, known.names())
    needed = pa.array(sorted({c for parts in sums.values() for c in parts}), pa.int64())
    waits = work.waits()
    for month in wanted:
        kept = [_standing(work, month)]
        for group in (groups := _groups(known)):
            done = []
            for one in _mapped([work.task(month, b, waits) for b in group], work.cluster):
                done.append(one)
                done_n, intervals = done_n + 1, intervals + one.intervals
                if progress:
                    progress(done_n, total, one)
            found = [_apart(work, _days_of(done))]
            kept.append(found[0].filter(pc.is_in(found[0]["channel"], needed)))
            if group is groups[-1]:  # parts of other meters may lie in any bucket
                found.append(_apart(work, computed_of(work, month)))
                parts = pa.concat_tables([*kept, found[-1]])
                found.append(virtual_of(parts, known, sums, at, work.memory))
            rows += publish(root, done, pa.concat_tables(found))
    if months is None:
        ActivityDays(root).put(DAY.empty_table(), {STAMP: at, FACTS: work.facts_at})
    return Ran(total, intervals, rows, at, work.facts_at, waiting, work.held.num_rows)


def _apart(work: _Work, days: pa.Table) -> pa.Table:
    """Days without those that stay as they stand."""
    if not work.held.num_rows:
        return days
    keys = list(_HELD.names)
    return days.join(work.held, keys, join_type="left anti").sort_by(
        [(k, "ascending") for k in keys]
    )


def _standing(work: _Work, month: str) -> pa.Table:
    """The days of a month that stay as they stand: sums over them go on with them."""
    if not work.held.num_rows:
        return DAY.empty_table()
    with buckets.connection(work.memory) as con:
        ActivityDays(work.root).view(con, [month], "standing")
        con.register("held_days", work.held)
        query = "SELECT * FROM standing SEMI JOIN held_days USING (channel, day)"
        return con.sql(query).to_arrow_table().select(DAY.names).cast(DAY)


def months_of(snapshot: Snapshot) -> list[str]:
    """Every month from the first reading to the last, and the one after: days are local."""
    edges = [f"{f.partition['day']:%Y-%m}" for f in snapshot.tail]
    edges += [f.partition["month"] for f in snapshot.readings]
    if snapshot.landing:
        edge = "strftime(timezone('UTC', {}), '%Y-%m')"
        files = scan([f.uri for f in snapshot.landing])
        query = f"""SELECT {edge.format("min(start_utc)")}, {edge.format("max(end_utc)")}
                    FROM {files}"""
        with buckets.connection() as con:
            edges += [month for month in con.execute(query).fetchall()[0] if month]
    if not edges:
        return []
    first, last = dt.date.fromisoformat(f"{min(edges)}-01"), max(edges)
    months = [f"{first:%Y-%m}"]
    while months[-1] <= last:
        first = (first + dt.timedelta(days=31)).replace(day=1)
        months.append(f"{first:%Y-%m}")
    return months


def _mapped(tasks: list[Task], cluster: str | None) -> Iterator[Done]:
    if cluster is None:
        yield from map(derive, tasks)
        return
    from tanma.engine.metering.cluster import mapped

    yield from mapped(cluster, derive, tasks)


def _groups(known: Meters) -> list[list[int]]:
    every = sorted(known.buckets())
    return [every[n : n + GROUP] for n in range(0, len(every), GROUP)]


def _days_of(done: list[Done]) -> pa.Table:
    ordered = sorted(done, key=lambda d: d.bucket)
    return pa.concat_tables([DAY.empty_table(), *(d.days for d in ordered)])


def publish(root: Path, done: list[Done], days: pa.Table) -> int:
    """Make partitions and days visible; how many days."""
    Validated(root).publish([d.part for d in done if d.part is not None])
    ActivityDays(root).put(days)
    return days.num_rows


def computed_of(work: _Work, month: str) -> pa.Table:
    """The days of computed channels; their parts may lie in any bucket."""
    known = work.known
    span, _ = span_of(month, work.at)
    found, numbers = [DAY.empty_table()], sorted(virtual.calls(known.channels))
    for start in range(0, len(numbers), SLICE // 4):
        computed = numbers[start : start + SLICE // 4]
        wanted = virtual.with_parts(known.channels, computed)
        with buckets.connection(work.memory) as con:
            some = known.only(sorted(wanted))
            buckets.derive(con, work.snapshot, some, span, calls=True)
            days = _days(con)
        found.append(days.filter(pc.is_in(days["channel"], pa.array(computed, pa.int64()))))
    return pa.concat_tables(found)


def virtual_of(
    real: pa.Table, known: Meters, sums: Mapping[int, Mapping[int, Fraction]], known_at: int,
    memory: str = "1GB",
) -> pa.Table:  # fmt: skip
    """The days of virtual meters, by the parts that they add up, over some days of real ones."""
    if not sums:
        return DAY.empty_table()
    with buckets.connection(memory) as con:
        known.install(con)
        con.register("real_days", real)
        virtual.terms(con, sums)
        virtual.days(con, "real_days", known_at)
        return _days(con, "virtual_days")
