"""One range of channels and one span of days, derived from the lake: the unit of all work.

Whole runs map it over buckets, here or on a cluster; a refresh calls it for the channels it must
derive again. Whatever calls it, the same facts and readings give the same rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tanma.engine.metering import (
    calendar,
    channels,
    computed,
    counted,
    days,
    doubts,
    intervals,
    parameters,
    virtual,
)
from tanma.lake import known as lake
from tanma.lake.days import midnight_utc
from tanma.lake.facts import FactsMirror

MARGIN = dt.timedelta(days=2)
"""Readings this far before and after the span are read along; most find their neighbours there."""
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
FAR_AHEAD = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
TABLES = ("channels", "spans", "events", "under")


@dataclass(frozen=True)
class Meters:
    """What is known of channels at a time, as tables that can be sent about."""

    channels: pa.Table
    spans: pa.Table
    events: pa.Table
    under: pa.Table
    ids: pa.Table

    def of(self, low: int, high: int) -> Meters:
        """Those of the channels numbered [low, high)."""
        return self._kept(lambda c: pc.and_(pc.greater_equal(c, low), pc.less(c, high)))

    def only(self, numbers: list[int]) -> Meters:
        """Those of some channels."""
        wanted = pa.array(numbers, pa.int64())
        return self._kept(lambda c: pc.is_in(c, wanted))

    def _kept(self, inside: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> Meters:
        def kept(table: pa.Table, column: str) -> pa.Table:
            return table.filter(inside(table[column]))

        return Meters(
            kept(self.channels, "channel"), kept(self.spans, "subject"),
            kept(self.events, "channel"), kept(self.under, "channel"), self.ids.slice(0, 0),
        )  # fmt: skip

    def install(self, con: duckdb.DuckDBPyConnection, name: str = "metering") -> None:
        """The tables `<name>_…` of a connection, as `channels.channels` makes them."""
        for part in TABLES:
            con.register("given", getattr(self, part))
            con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_{part} AS FROM given")
            con.unregister("given")

    def names(self) -> dict[str, str]:
        """Name of a meter → its id text, as formulas of virtual meters need it."""
        return dict(zip(*(self.ids[c].to_pylist() for c in ("name", "meter")), strict=True))

    def virtual(self) -> list[int]:
        """The channels that have a formula."""
        some = self.channels.filter(pc.is_valid(self.channels["formula"]))
        numbers: list[int] = some["channel"].to_pylist()
        return numbers

    def buckets(self) -> list[int]:
        """The buckets that hold a channel with readings of its own."""
        real = self.channels.filter(pc.is_null(self.channels["formula"]))
        numbers = pc.divide(real["channel"], channels.BUCKET)
        return sorted(pc.unique(numbers).to_pylist())


def meters(root: Path, facts_at: int | None = None, memory: str = "1GB") -> Meters:
    """What the mirror of facts says of channels, as known at a time (None: its watermark)."""
    mirror = FactsMirror(root)
    with connection(memory) as con:
        mirror.relation(con, mirror.watermark if facts_at is None else facts_at, "facts_known")
        return of_facts(con, "facts_known")


def of_facts(con: duckdb.DuckDBPyConnection, facts: str) -> Meters:
    """The same from a relation of facts. Spans are kept for channels only."""
    table = channels.channels(con, facts)
    ids = _ids(con, facts)
    names = dict(zip(*(ids[c].to_pylist() for c in ("name", "meter")), strict=True))
    counted.leave_out(con, table, names)
    table = virtual.numbered(con, table, names)
    queries = {
        "spans": """FROM metering_spans WHERE starts_with(item, 'channel.')
            ORDER BY subject, item, valid_from""",
        "events": "FROM metering_events ORDER BY ALL",
        "under": "FROM metering_under ORDER BY ALL",
    }
    tables = {k: con.sql(q).to_arrow_table() for k, q in queries.items()}
    return Meters(table, **tables, ids=ids)


def _ids(con: duckdb.DuckDBPyConnection, facts: str) -> pa.Table:
    """Names of meters, which are needed where a formula may speak of them."""
    return con.sql(
        f"""SELECT text AS name, {channels.id_text("subject")} AS meter FROM {facts}
            WHERE item = 'id.meter' AND text IS NOT NULL
            AND EXISTS (SELECT 1 FROM metering_channels WHERE formula IS NOT NULL)"""
    ).to_arrow_table()


def connection(memory: str = "1GB", threads: int = 2) -> duckdb.DuckDBPyConnection:
    """An engine whose memory is bounded and whose session lies in UTC."""
    con = duckdb.connect(config={"memory_limit": memory, "threads": threads})
    con.execute("SET TimeZone = 'UTC'")
    return con


def beside(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another session of the same engine: tables of its own, and one bound of memory for both."""
    own = con.cursor()
    own.execute("SET TimeZone = 'UTC'")
    return own


@dataclass(frozen=True)
class Span:
    """Local days [first, end) as known at a stamp."""

    first: dt.date
    end: dt.date
    known_at: int

    def utc(self, zones: Iterable[str]) -> tuple[dt.datetime, dt.datetime]:
        """The instants that enclose these days in every zone."""
        named = sorted(set(zones)) or [calendar.DEFAULT_ZONE]
        first = min(midnight_utc(self.first, z) for z in named)
        end = max(midnight_utc(self.end, z) for z in named)
        return first.replace(tzinfo=dt.UTC), end.replace(tzinfo=dt.UTC)


def derive(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, some: Meters, span: Span,
    beside_utc: tuple[dt.datetime, dt.datetime] | None = None, checks: bool = True,
    calls: bool = False,
) -> None:  # fmt: skip
    """Tables `intervals` and `days` of some channels and days; `checks` as in intervals.sql_of.

    `beside_utc`: a span of UTC whose intervals are wanted too (a month of `validated`).
    `calls`: computed channels whose parts are among `some` are derived with them.
    """
    some.install(con)
    computes = bool(calls and computed.prepare(con, some.channels))
    parameters.build(con, span.first, span.end)
    begin, end = span.utc(some.channels["zone"].to_pylist())
    if beside_utc:
        begin, end = min(begin, beside_utc[0]), max(end, beside_utc[1])
    numbers = some.channels.filter(pc.is_null(some.channels["problem"]))["channel"].to_pylist()
    _readings(con, snapshot, numbers, begin, end, span.known_at)
    query = intervals.sql_of(con, "readings_here", ordered=True, checks=checks)
    con.execute(f"CREATE OR REPLACE TEMP TABLE intervals AS {query}")
    if computes:
        computed.extend(con)
    days.build(con, "intervals", span.first, span.end, span.known_at)
    if checks:
        doubts.unit(con, "days")


def _readings(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, numbers: list[int],
    begin: dt.datetime, end: dt.datetime, known_at: int,
) -> None:  # fmt: skip
    """Table `readings_here`, sorted: those of the span and the next one on either side."""
    span = lake.Span(begin - MARGIN, end + MARGIN, numbers)
    lake.known(con, snapshot, span, known_at, "known_readings")
    columns = "channel, start_utc, end_utc, value, stamp, contested AND revision IS NULL"
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE readings_here AS
        SELECT {columns} AS contested FROM known_readings ORDER BY channel, start_utc"""
    )
    if _edges(con, snapshot, begin, end, known_at):
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE readings_here AS
            FROM (FROM readings_here UNION ALL SELECT {columns} FROM edge_readings)
            ORDER BY channel, start_utc"""
        )


def _edges(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, begin: dt.datetime,
    end: dt.datetime, known_at: int,
) -> int:  # fmt: skip
    """Table `edge_readings`: the last reading before the margin and the first after it; how many.

    Only of channels whose amounts reach from reading to reading, and that have none in the margin.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE edge_readings AS SELECT * FROM known_readings WHERE false"
    )
    sides = (
        (begin - MARGIN, begin, LONG_AGO, begin - MARGIN, "max"),
        (end, end + MARGIN, end + MARGIN, FAR_AHEAD, "min"),
    )
    for near_from, near_to, far_from, far_to, last in sides:
        lacking = con.execute(
            f"""SELECT DISTINCT channel FROM metering_params WHERE kind <> 'interval'
                AND channel NOT IN (SELECT channel FROM readings_here
                    WHERE start_utc >= {_naive(near_from)} AND start_utc < {_naive(near_to)})"""
        ).fetchall()
        if not lacking:
            continue
        span = lake.Span(far_from, far_to, [c for (c,) in lacking])
        lake.known(con, snapshot, span, known_at, "far_readings")
        con.execute(
            f"""INSERT INTO edge_readings BY NAME SELECT * FROM far_readings
            SEMI JOIN (SELECT channel, {last}(start_utc) AS start_utc FROM far_readings
                       GROUP BY channel) USING (channel, start_utc)"""
        )
    return int(con.execute("SELECT count(*) FROM edge_readings").fetchall()[0][0])


def _naive(moment: dt.datetime) -> str:
    return f"TIMESTAMP '{moment.astimezone(dt.UTC).replace(tzinfo=None)}'"
