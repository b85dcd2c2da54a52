"""A province of meters, made up: facts of channels and month files of readings, as a lake has them.

Enterprises with one or more meters, quarter-hour registers with eight digits; 0.5 % of the readings
never arrive, 0.05 % are one to five days late, 0.07 % are sent again, 50 in a million are spikes of
which half are corrected later. Bytes are written by the lake's own code, sorted as it sorts them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from tanma.lake import tables
from tanma.lake.facts import SCHEMA, FactsMirror
from tanma.lake.settle import _write

ENTERPRISES, METERS, BUCKET = 42_226, 52_782, 4096
FIRST = dt.datetime(2026, 9, 1)  # noqa: DTZ001 (UTC, naive columns)
STAMP = 1_790_000_000_000_000
MEMORY = "1GB"


@dataclass(frozen=True)
class Size:
    """How many meters and days, and of how many enterprises (None: as many as in a province)."""

    meters: int
    days: int = 30
    interval_s: int = 900
    owners: int | None = None

    @property
    def enterprises(self) -> int:
        return self.owners or max(1, self.meters * ENTERPRISES // METERS)

    @property
    def steps(self) -> int:
        return self.days * 86_400 // self.interval_s


READINGS = """
    WITH steps AS (
        SELECT c AS channel, s, hash(c * 100003 + s) AS h
        FROM range({low}, {high}) a(c), range(-{before}, {steps}) b(s)
    ),
    sent AS (
        SELECT channel, s, h,
               TIMESTAMP '{first}' + to_seconds(s * {interval_s}) AS instant,
               -- about 100 counts a step, more by day; the register has eight digits
               (99000000 + channel * 977 % 2000000 + (s + {before}) * (90 + channel % 40)
                + h % 30) % 100000000
               + CASE WHEN h % 20000 = 11 THEN 40000 ELSE 0 END AS value
        FROM steps WHERE h % 1000 NOT BETWEEN 1 AND 5
    ),
    versions AS (
        SELECT channel, instant, value, h, s + {before} + CASE WHEN h % 2000 = 6 THEN 96 + h % 384
               ELSE 0 END AS receipt FROM sent
        UNION ALL
        SELECT channel, instant, value - 40000, h, s + {before} + 480 FROM sent
        WHERE h % 20000 = 11 AND h % 2 = 1
        UNION ALL
        SELECT channel, instant, value, h, s + {before} + 3 FROM sent
        WHERE h % 10000 BETWEEN 7 AND 13
    )
    SELECT channel::BIGINT AS channel, timezone('UTC', instant) AS start_utc,
           timezone('UTC', instant) AS end_utc, value::BIGINT AS value, NULL::BIGINT AS revision,
           (receipt + 1)::BIGINT AS receipt, (channel % {high})::INTEGER AS row
    FROM versions ORDER BY channel, start_utc, receipt, row
"""


def lake(root: Path, size: Size, profiles: bool = True) -> None:
    """The mirror of facts and a month of readings, settled, with markers as the lake sets them."""
    facts(root, size, profiles)
    readings(root, size)


def readings(root: Path, size: Size) -> None:
    """The month files and the markers without which nobody would read them."""
    _markers(root, size)
    files = []
    with duckdb.connect(config={"memory_limit": MEMORY}) as con:
        con.execute(f"SET temp_directory = '{root / 'made.sort'}'")
        con.execute("SET TimeZone = 'UTC'")
        for low in range(0, size.meters, BUCKET):
            query = READINGS.format(
                low=low, high=min(size.meters, low + BUCKET), steps=size.steps, first=FIRST,
                interval_s=size.interval_s, before=0,
            )  # fmt: skip
            place = {"month": f"{FIRST:%Y-%m}", "bucket": str(low // BUCKET)}
            files += _write(con, query, tables.readings(root), place)
    markers = {tables.MOVED_MONTH: 202610, tables.MOVED_RECEIPT: size.steps + 1000}
    tables.readings(root).commit(files, markers)


def _markers(root: Path, size: Size) -> None:
    last = STAMP + (size.steps + 1000) * 900_000_000
    tables.landing(root).commit([], {tables.WATERMARK: last})
    tables.tail(root).commit([], {tables.TAIL_STAMP: last, tables.TAIL_RECEIPT: size.steps + 1000})
    numbers = pa.table(
        {
            "receipt": pa.array(range(1, size.steps + 1001), pa.int64()),
            "stamp": pa.array([_stamp(n, size) for n in range(size.steps + 1000)], pa.int64()),
            "writer": pa.array(["a"] * (size.steps + 1000)),
            "batch": pa.array(range(1, size.steps + 1001), pa.int64()),
            "rows": pa.array([size.meters] * (size.steps + 1000), pa.int64()),
        },
        schema=tables.RECEIPT,
    )
    file = tables.receipts(root).write(numbers.to_batches())
    tables.receipts(root).commit([file] if file else [], {tables.RECEIPTS_UPTO: size.steps + 1000})


def _stamp(step: int, size: Size) -> int:
    """A batch a step, received half a minute after the readings in it."""
    begins = int(FIRST.replace(tzinfo=dt.UTC).timestamp() * 1e6)
    return begins + step * size.interval_s * 1_000_000 + 30_000_000


FACTS = """
    WITH meters AS (SELECT m, 1000000 + m AS meter_id, 1 + m * {enterprises} // {meters} AS owner
                    FROM range({meters}) t(m)),
    said AS (
        SELECT owner AS subject, 'id.uscc' AS item, 'U' || owner AS text FROM meters GROUP BY owner
        UNION ALL SELECT owner, 'industry', '30' || (owner % 100)::VARCHAR
                  FROM meters GROUP BY owner
        UNION ALL SELECT owner, 'area.statutory', '33' || lpad((owner % 90)::VARCHAR, 2, '0')
                  FROM meters GROUP BY owner
        UNION ALL SELECT meter_id, 'meter.enterprise', 'U' || owner FROM meters
        UNION ALL SELECT m, 'channel.meter', {id_text} FROM meters
        UNION ALL SELECT m, 'channel.item', 'electricity.purchased' FROM meters
        UNION ALL SELECT m, 'channel.kind', 'register' FROM meters
        UNION ALL SELECT m, 'channel.unit', 'kWh' FROM meters
        UNION ALL SELECT m, 'channel.scale', '2' FROM meters
        UNION ALL SELECT m, 'channel.interval_s', '{interval_s}' FROM meters
        UNION ALL SELECT m, 'channel.digits', '8' FROM meters
        UNION ALL SELECT m, 'channel.multiplier', CASE WHEN m % 3 = 0 THEN '60' ELSE '1' END
                  FROM meters
        UNION ALL SELECT m, 'channel.rated', '40' FROM meters
        UNION ALL SELECT m, 'channel.profile', {profile} FROM meters WHERE {profiles}
    )
    SELECT row_number() OVER ()::BIGINT AS seq, {stamp}::BIGINT AS stamp,
           subject::BIGINT AS subject, item, 'attribute' AS kind,
           DATE '2000-01-01' AS valid_from, DATE '9999-12-31' AS valid_to,
           NULL::BIGINT AS value, text, '' AS reported, 'registry' AS source,
           NULL::BIGINT AS revision, 'internal' AS data_class, 'bench' AS author, '' AS evidence,
           1::INTEGER AS version, ''::BLOB AS digest
    FROM said ORDER BY seq
"""
LIMITS = "list_transform(range(48), lambda h: 700 + (h % 24) * 10 + m % 50)"
MEDIANS = "list_transform(range(48), lambda h: 400 + (h % 24) * 3 + m % 50)"
PROFILE = f"""'{{"limit":[' || array_to_string({LIMITS}, ',') || '],"median":['
    || array_to_string({MEDIANS}, ',') || ']}}'"""


def facts(root: Path, size: Size, profiles: bool = True) -> None:
    """The facts of the meters, in a mirror."""
    from tanma.engine.metering.channels import id_text

    with duckdb.connect() as con:
        query = FACTS.format(
            meters=size.meters, enterprises=size.enterprises, interval_s=size.interval_s,
            id_text=id_text("meter_id"), profile=PROFILE, profiles=str(profiles).lower(),
            stamp=STAMP,
        )  # fmt: skip
        con.execute(f"CREATE TABLE facts AS {query}")

        def fetch(after: int, limit: int) -> pa.Table:
            found = con.sql(
                f"FROM facts WHERE seq > {after} AND seq <= {after + limit} ORDER BY seq"
            )
            return found.to_arrow_table().cast(SCHEMA)

        FactsMirror(root).sync(fetch, STAMP)


def raw_files(root: Path) -> list[str]:
    return [f.uri for f in tables.readings(root).files()]


def buckets(size: Size) -> Iterator[tuple[int, int]]:
    for low in range(0, size.meters, BUCKET):
        yield low, min(size.meters, low + BUCKET)


def register(channel: int, at: dt.datetime) -> int:
    """About what the register of a channel shows at an instant, for readings that come later."""
    step = int((at - FIRST).total_seconds()) // 900
    return (99_000_000 + channel * 977 % 2_000_000 + step * (90 + channel % 40) + 15) % 100_000_000
